package smtp

// The rules a client keeps about extensions, each by its section.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	chunks     = "250-mx.receiver.example\n250 CHUNKING"
	chunksPipe = "250-mx.receiver.example\n250-PIPELINING\n250 CHUNKING"
	allOffers  = "250-mx.receiver.example\n250-PIPELINING\n250-SIZE\n250-8BITMIME\n250-CHUNKING\n250-BINARYMIME\n250-SMTPUTF8\n250-DSN\n250 LIMITS RCPTMAX=2 MAILMAX=3"
)

// inFours makes chunks of four octets.
func inFours(c *ClientConfig) { c.ChunkSize = 4 }

// binary makes the letter one without lines.
func binary(e *Envelope) { e.Binary = true }

var clientExtensionRules = []clientRule{
	{name: "RFC 3030 §2: a letter goes by BDAT where CHUNKING is offered", replies: []string{greeting, chunks, "250 ok", "250 ok", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §2: not if the client may not use it", replies: []string{greeting, chunks, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: func(c *ClientConfig) { c.Use = BasicExtensions },
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3030 §2: without PIPELINING each chunk waits for its reply", replies: []string{greeting, chunks, "250 ok", "250 ok", "250 1", "250 2", "250 done", "221 bye"}, config: inFours, letter: "one\r\ntwo\r\n",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §2: with PIPELINING chunks need not wait", replies: []string{greeting, chunksPipe, "250 ok", "250 ok", "250 1", "250 2", "250 done", "221 bye"}, config: inFours, letter: "one\r\ntwo\r\n",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §2: no dot is doubled, line ends are CRLF", replies: []string{greeting, chunks, "250 ok", "250 ok", "250 done", "221 bye"}, letter: ".\n..\rx\r\n.",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 13 LAST\r\n.\r\n..\r\nx\r\n.\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "lax client: SendBareLineEnds leaves CR and LF alone in chunks, too", replies: []string{greeting, chunks, "250 ok", "250 ok", "250 done", "221 bye"}, config: func(c *ClientConfig) { c.SendBareLineEnds = true }, letter: ".a\nb\rc",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 8 LAST\r\n.a\nb\rc\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §2: a letter that fills its chunks", replies: []string{greeting, chunks, "250 ok", "250 ok", "250 1", "250 done", "221 bye"}, config: inFours, letter: "abcdef\r\n",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\nabcd", "BDAT 4 LAST\r\nef\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §3: a binary letter goes as it is", replies: []string{greeting, "250-x\n250-CHUNKING\n250 BINARYMIME", "250 ok", "250 ok", "250 done", "221 bye"}, adjust: binary, letter: "\n.\r\x00",
		heard: []string{sayEHLO, sayMAIL + " BODY=BINARYMIME", sayR0, "BDAT 4 LAST\r\n\n.\r\x00", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3030 §3: a binary letter nobody takes is not sent", replies: []string{greeting, chunks, "221 bye"}, adjust: binary, heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 554 5.6.3 local"}},
	{name: "RFC 3030 §3: BINARYMIME without CHUNKING is nothing", replies: []string{greeting, "250-x\n250-8BITMIME\n250 BINARYMIME", "221 bye"}, adjust: binary, heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 554 5.6.3 local"}},
	{name: "RFC 3030 §2: a refused chunk stops the sending, RSET comes before the next letter", replies: []string{greeting, chunks, "250 ok", "250 ok", "552 too big", "250 reset", "250 ok", "250 ok", "250 1", "250 2", "250 done", "221 bye"},
		config: inFours, letter: "one\r\ntwo\r\n", letters: 2,
		heard:   []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r", "RSET", sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "QUIT"},
		results: []string{"refused BDAT 552", "delivered BDAT 250"}},
	{name: "RFC 3030 §2: what was sent ahead is answered before the next letter", replies: []string{greeting, chunksPipe, "250 ok", "250 ok", "451 disk", "503 no", "503 no", "250 reset", "250 ok", "250 ok", "250 1", "250 2", "250 done", "221 bye"},
		config: inFours, letter: "one\r\ntwo\r\n", letters: 2,
		heard:   []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "RSET", sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "QUIT"},
		results: []string{"deferred BDAT 451", "delivered BDAT 250"}},
	{name: "RFC 3030 §2: a 250 to LAST after a refused chunk delivers nothing", replies: []string{greeting, chunksPipe, "250 ok", "250 ok", "250 1", "552 no", "250 done", "221 bye"}, config: inFours, letter: "one\r\ntwo\r\n",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r", "BDAT 4\r\n\ntwo", "BDAT 2 LAST\r\n\r\n", "QUIT"}, results: []string{"refused BDAT 552"}},
	{name: "RFC 3030 §2: LAST refused, then RSET", replies: []string{greeting, chunks, "250 ok", "250 ok", "554 spam", "250 reset", "250 ok", "250 ok", "452 full", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n", "RSET", sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n", "QUIT"}, results: []string{"refused BDAT 554", "deferred BDAT 452"}},
	{name: "RFC 5321 §4.2: a 354 to a chunk delivers nothing", replies: []string{greeting, chunks, "250 ok", "250 ok", "354 go on", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n", "QUIT"}, results: []string{"deferred BDAT 354"}},
	{name: "RFC 5321 §4.5.3.2.6: dropped after LAST is deferred, not delivered", replies: []string{greeting, chunks, "250 ok", "250 ok", "drop"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n"}, results: []string{"deferred BDAT 451 local"}, failure: "deferred BDAT 451 local"},
	{name: "RFC 5321 §3.8: 421 to a chunk", replies: []string{greeting, chunks, "250 ok", "250 ok", "421 bye"}, config: inFours, letter: "one\r\ntwo\r\n",
		heard: []string{sayEHLO, sayMAIL, sayR0, "BDAT 4\r\none\r"}, results: []string{"deferred BDAT 421"}, failure: "deferred BDAT 421"},
	{name: "RFC 3030 §2: all replies to RCPT come before the letter; nobody is left, so no BDAT, then RSET", replies: []string{greeting, chunksPipe, "250 ok", "550 who", "450 busy", "250 reset", "250 ok", "250 ok", "550 who", "250 done", "221 bye"}, to: 2, letters: 2,
		heard:   []string{sayEHLO, sayMAIL, sayR0, sayR1, "RSET", sayMAIL, sayR0, sayR1, "BDAT 4 LAST\r\nhi\r\n", "QUIT"},
		results: []string{"refused RCPT 550", "deferred RCPT 450", "delivered BDAT 250", "refused RCPT 550"}},
	{name: "RFC 2920 §3.1: MAIL refused in a group before BDAT", replies: []string{greeting, chunksPipe, "451 later", "503 no", "503 no", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "QUIT"}, results: []string{"deferred MAIL 451", "deferred MAIL 451"}},

	{name: "RFC 6531 §3.4: SMTPUTF8 where it is needed and offered", replies: []string{greeting, "250-x\n250-8BITMIME\n250 SMTPUTF8", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, adjust: toAddresses("böb@bücher.example"),
		heard: []string{sayEHLO, sayMAIL + " SMTPUTF8", "RCPT TO:<böb@bücher.example>", "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 6531 §3.4: not where it is not needed", replies: []string{greeting, "250-x\n250-8BITMIME\n250 SMTPUTF8", "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 6531 §3.4: a header in UTF-8 needs it", replies: []string{greeting, "250-x\n250-8BITMIME\n250 SMTPUTF8", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, adjust: func(e *Envelope) { e.UTF8, e.EightBit = true, true },
		heard: []string{sayEHLO, sayMAIL + " BODY=8BITMIME SMTPUTF8", sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 6531 §3.1: SMTPUTF8 without 8BITMIME is nothing", replies: []string{greeting, "250-x\n250 SMTPUTF8", "221 bye"}, adjust: func(e *Envelope) { e.UTF8 = true },
		heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.6.7 local"}},
	{name: "RFC 6531 §3.2: a sender outside ASCII has no other form", replies: []string{greeting, plain, "221 bye"}, adjust: func(e *Envelope) { e.From = Path{"älice", "sender.example"} },
		heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.6.7 local"}},
	{name: "RFC 6531 §3.2: a domain goes as its A-label, a local-part does not go, others do", replies: []string{greeting, plain, "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		adjust: toAddresses("bob@bücher.example", "böb@receiver.example", "carol@receiver.example"),
		heard:  []string{sayEHLO, sayMAIL, "RCPT TO:<bob@xn--bcher-kva.example>", "RCPT TO:<carol@receiver.example>", "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "refused RCPT 550 5.6.7 local", "delivered dot 250"}},
	{name: "RFC 6531 §3.2: the same in a group, the last one refused", replies: []string{greeting, chunksPipe, "250 ok", "250 ok", "250 done", "221 bye"}, adjust: toAddresses("bob@bücher.example", "böb@receiver.example"),
		heard: []string{sayEHLO, sayMAIL, "RCPT TO:<bob@xn--bcher-kva.example>", "BDAT 4 LAST\r\nhi\r\n", "QUIT"}, results: []string{"delivered BDAT 250", "refused RCPT 550 5.6.7 local"}},
	{name: "RFC 6531 §3.2: nobody can be written to", replies: []string{greeting, plain, "221 bye"}, adjust: toAddresses("böb@receiver.example"), heard: []string{sayEHLO, "QUIT"}, results: []string{"refused RCPT 550 5.6.7 local"}},

	{name: "RFC 3461 §5.2.1: what is asked about reports is passed on", replies: []string{greeting, "250-x\n250 DSN", "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, to: 2, adjust: asking,
		heard: []string{sayEHLO, sayMAIL + " RET=HDRS ENVID=QQ+2B1", sayR0 + " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@x.example", sayR1, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "delivered dot 250"}},
	{name: "RFC 3461 §5.2.2: not to a server without DSN", replies: []string{greeting, everybody, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, adjust: asking,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},

	{name: "RFC 9422 §4: no RCPT beyond RCPTMAX", replies: []string{greeting, "250-x\n250 LIMITS RCPTMAX=2", "250 ok", "250 ok", "550 who", "354 go", "250 done", "221 bye"}, to: 4,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "refused RCPT 550", "deferred RCPT 452 4.5.3 local not tried", "deferred RCPT 452 4.5.3 local not tried"}},
	{name: "RFC 9422 §4: nor in a group", replies: []string{greeting, "250-x\n250-PIPELINING\n250 LIMITS RCPTMAX=1", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "deferred RCPT 452 4.5.3 local not tried"}},
	{name: "RFC 9422 §4.3: no domain beyond RCPTDOMAINMAX; more recipients of those named are", replies: []string{greeting, "250-x\n250 LIMITS RCPTDOMAINMAX=2", "250 ok", "250 ok", "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		adjust:  toAddresses("a@one.example", "b@two.example", "c@three.example", "d@ONE.example", "e@b\u00fccher.example", "f@two.example"),
		heard:   []string{sayEHLO, sayMAIL, "RCPT TO:<a@one.example>", "RCPT TO:<b@two.example>", "RCPT TO:<d@ONE.example>", "RCPT TO:<f@two.example>", "DATA", body, "QUIT"},
		results: []string{"delivered dot 250", "delivered dot 250", "deferred RCPT 452 4.5.3 local not tried", "delivered dot 250", "deferred RCPT 452 4.5.3 local not tried", "delivered dot 250"}},
	{name: "RFC 9422 §4.3: beside RCPTMAX, in a group; those left out count for neither", replies: []string{greeting, "250-x\n250-PIPELINING\n250 LIMITS RCPTMAX=2 RCPTDOMAINMAX=1", "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		adjust:  toAddresses("a@b\u00fccher.example", "b@two.example", "c@xn--Bcher-kva.example", "d@b\u00fccher.example"),
		heard:   []string{sayEHLO, sayMAIL, "RCPT TO:<a@xn--bcher-kva.example>", "RCPT TO:<c@xn--Bcher-kva.example>", "DATA", body, "QUIT"},
		results: []string{"delivered dot 250", "deferred RCPT 452 4.5.3 local not tried", "delivered dot 250", "deferred RCPT 452 4.5.3 local not tried"}},
	{name: "RFC 9422 §4: no MAIL beyond MAILMAX", replies: []string{greeting, "250-x\n250 LIMITS MAILMAX=1", "550 no", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550", "deferred MAIL 452 4.5.3 local not tried"}},
	{name: "RFC 9422 §4: limits that the client may not use", replies: []string{greeting, "250-x\n250 LIMITS RCPTMAX=1", "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, to: 2, config: func(c *ClientConfig) { c.Use = 0 },
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "delivered dot 250"}},
}

// toAddresses sets the recipients.
func toAddresses(mailboxes ...string) func(*Envelope) {
	return func(e *Envelope) {
		e.To = nil
		for _, m := range mailboxes {
			p, err := ParseMailbox(m)
			if err != nil {
				panic(err)
			}
			e.To = append(e.To, p)
		}
	}
}

func asking(e *Envelope) {
	e.DSN = DSNMail{ReturnHeaders, "QQ+2B1"}
	e.ToDSNs = []DSNRcpt{{NotifySuccess | NotifyDelay, OriginalOf(Path{"b+c", "x.example"})}}
}

// hearing feeds a client, and lets it go on.
func hearing(t *testing.T, c *Client, replies ...string) {
	t.Helper()
	for _, r := range append(replies, "") {
		if n := c.Feed([]byte(r)); n != len(r) {
			t.Fatalf("took %d octets of %q", n, r)
		}
		for c.Next() == Heard {
		}
	}
}

// A client waits for each chunk, as long as its phase asks, and for LAST as for
// the dot; the config may say otherwise.
func TestRFC5321_4_5_3_2_WaitsForChunks(t *testing.T) {
	c := NewClient(&ClientConfig{Use: AllExtensions, ChunkSize: 2, Waits: Waits{PhaseDot: time.Hour, PhaseMAIL: time.Second}})
	want := func(phase Phase, wait time.Duration, state State) {
		t.Helper()
		if p, d := c.Waiting(); p != phase || d != wait || c.State() != state {
			t.Errorf("waiting %v %v, state %v; want %v %v, %v", p, d, c.State(), phase, wait, state)
		}
	}
	want(PhaseGreeting, 5*time.Minute, StateAwaitingGreeting)
	hearing(t, c, "220 x\r\n", "250-x\r\n250 CHUNKING\r\n")
	if err := c.Send(Envelope{To: []Path{{"bob", "receiver.example"}}}); err != nil {
		t.Fatal(err)
	}
	want(PhaseMAIL, time.Second, StateMAILSent)
	hearing(t, c, "250 x\r\n", "250 x\r\n")
	want(PhaseDataBlock, 3*time.Minute, StateSendingLetter)
	c.Write([]byte("abc"))
	want(PhaseDataBlock, 3*time.Minute, StateBDATSent)
	if c.Next() != NeedInput {
		t.Errorf("step %v", c.Next())
	}
	c.Write([]byte("d")) // kept, though a chunk is on its way
	hearing(t, c, "250 x\r\n")
	want(PhaseDataBlock, 3*time.Minute, StateSendingLetter)
	d := c.Clone()
	c.EndLetter()
	want(PhaseDataBlock, 3*time.Minute, StateBDATSent) // "cd" and a line end are two chunks
	hearing(t, c, "250 x\r\n")
	want(PhaseDot, time.Hour, StateLastSent)
	c.Write([]byte("too late"))
	c.EndLetter()
	c.TimedOut()
	if r := c.Results()[0]; c.Next() != Done || r.Outcome != Deferred || r.Verb != BDAT || !r.Local {
		t.Errorf("%v %+v", c.Next(), r)
	}
	// The clone is where its original was.
	d.Write([]byte("!"))
	d.EndLetter()
	hearing(t, d, "250 x\r\n", "250 x\r\n", "250 x\r\n")
	if r := d.Results()[0]; d.Next() != Ready || r.Outcome != Delivered {
		t.Errorf("the clone: %v %+v", d.Next(), r)
	}
	if got := string(d.Output()); !strings.HasSuffix(got, "BDAT 2\r\ncdBDAT 2\r\n!\rBDAT 1 LAST\r\n\n") {
		t.Errorf("the clone said %q", got)
	}
}

// A driver that asks between pieces gets the same chunks as one that does not,
// and the client keeps little more than a chunk.
func TestRFC3030_2_PieceByPiece(t *testing.T) {
	for _, offer := range []string{"250-x\r\n250 CHUNKING\r\n", "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"} {
		c := NewClient(&ClientConfig{Use: AllExtensions, ChunkSize: 1000})
		hearing(t, c, "220 x\r\n", offer)
		if err := c.Send(Envelope{To: []Path{{"bob", "receiver.example"}}}); err != nil {
			t.Fatal(err)
		}
		hearing(t, c, "250 x\r\n", "250 x\r\n")
		c.Output()
		line := []byte(strings.Repeat("x", 98) + "\r\n")
		written, out := 0, ""
		for c.Next() != Ready {
			if c.Next() == Letter {
				if written == 100 {
					c.EndLetter()
				} else {
					c.Write(line)
					written++
				}
			} else {
				hearing(t, c, "250 x\r\n")
			}
			out += string(c.Output())
			if kept := len(c.chunk.buf); kept > 3000 {
				t.Fatalf("keeps %d octets", kept)
			}
		}
		if got, want := strings.Count(out, "BDAT 1000\r\n"), 9; got != want || strings.Count(out, "BDAT 1000 LAST\r\n") != 1 || len(out) != 10*1000+9*11+16 {
			t.Errorf("%d chunks, %d octets", got, len(out))
		}
		if c.Results()[0].Outcome != Delivered {
			t.Error(c.Results())
		}
	}
}

// An early reply while chunks are gathered is heard at once; if none is due it
// ends the session.
func TestRFC3030_2_EarlyReply(t *testing.T) {
	ready := func() *Client {
		c := NewClient(&ClientConfig{Use: AllExtensions, ChunkSize: 2})
		hearing(t, c, "220 x\r\n", "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
		if err := c.Send(Envelope{To: []Path{{"bob", "receiver.example"}}}); err != nil {
			t.Fatal(err)
		}
		hearing(t, c, "250 x\r\n", "250 x\r\n")
		return c
	}
	c := ready()
	c.Write([]byte("abc"))
	c.Feed([]byte("552 no\r\n"))
	if c.Next() != Heard || c.Next() != Ready || resultText(c.Results()[0]) != "refused BDAT 552" {
		t.Errorf("%v %v", c.Next(), c.Results())
	}
	c.Write([]byte("more"))
	c.EndLetter()
	if got := string(c.Output()); !strings.HasSuffix(got, "BDAT 2\r\nab") || c.Next() != Ready {
		t.Errorf("after the refusal: %q", got)
	}
	c = ready() // with PIPELINING nothing waits
	c.Output()
	c.Write([]byte("abcdefg"))
	if got := string(c.Output()); got != "BDAT 2\r\nabBDAT 2\r\ncdBDAT 2\r\nef" || c.Next() != Letter {
		t.Errorf("sent ahead: %q", got)
	}
	c = ready()
	c.Feed([]byte("552 no\r\n")) // before any chunk was sent
	if c.Next() != Heard || c.Next() != Done || c.Results()[0].Outcome != Refused {
		t.Errorf("%v %v", c.Next(), c.Results())
	}
	c = ready()
	c.Feed([]byte("421 bye\r\n"))
	if c.Next() != Heard || c.Next() != Done || resultText(c.Results()[0]) != "deferred BDAT 421" {
		t.Errorf("%v %v", c.Next(), c.Results())
	}
	c = ready()
	c.PeerClosed()
	if c.Next() != Done || resultText(c.Results()[0]) != "deferred BDAT 451 local" {
		t.Errorf("%v %v", c.Next(), c.Results())
	}
}

// RFC 9422 §4: a driver sends the rest in further transactions of the session.
func TestRFC9422_4_TheRest(t *testing.T) {
	config := fullConfig()
	config.MaxRecipients, config.MaxMails = 2, 3
	s := NewServer(config)
	c := NewClient(&ClientConfig{Use: AllExtensions})
	e := Envelope{From: Path{"älice", "sender.example"}, DSN: DSNMail{ReturnFull, "1"}}
	for i := range 7 {
		e.To = append(e.To, Path{fmt.Sprint("r", i), "receiver.example"})
		e.ToDSNs = append(e.ToDSNs, DSNRcpt{NotifyNever, OriginalOf(e.To[i])})
	}
	var got []string
	rest, more := e, true
	var last []Result
	for more {
		_, results := talk(t, c, s, whole, []Envelope{rest}, []string{"hi"}, func(s *Server) {
			for i, to := range s.Recipients() {
				got = append(got, to.Local+" "+s.RecipientDSNs()[i].Original+" "+s.DSN().EnvID)
			}
		})
		last = results[0]
		rest, more = c.NotTried()
	}
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprintf("r%d rfc822;r%d@receiver.example 1", i, i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(last) != 3 || resultText(last[2]) != "deferred RCPT 452 4.5.3 local not tried" {
		t.Error(last)
	}
	if err := c.Send(e); err != nil || c.Next() != Ready || len(c.Results()) != 7 || resultText(c.Results()[0]) != "deferred MAIL 452 4.5.3 local not tried" {
		t.Error(err, c.Results())
	}
	if o := c.Offer(); o.RcptMax != 2 || o.MailMax != 3 {
		t.Errorf("%+v", o)
	}
}

// Envelopes that cannot be written are errors, not octets on the wire.
func TestRFC3461_4_ClientRefusesEnvelope(t *testing.T) {
	bob := []Path{mustMailbox(t, "bob@receiver.example")}
	for name, e := range map[string]Envelope{
		"line end in ENVID": {To: bob, DSN: DSNMail{EnvID: "1\r\nDATA"}},
		"long ENVID":        {To: bob, DSN: DSNMail{EnvID: strings.Repeat("x", 101)}},
		"RET":               {To: bob, DSN: DSNMail{Return: 7}},
		"NOTIFY":            {To: bob, ToDSNs: []DSNRcpt{{Notify: NotifyNever | NotifyDelay}}},
		"more NOTIFY":       {To: bob, ToDSNs: []DSNRcpt{{Notify: 64}}},
		"space in ORCPT":    {To: bob, ToDSNs: []DSNRcpt{{Original: "rfc822;a b"}}},
		"bad UTF-8":         {To: []Path{{"b\xff", "receiver.example"}}},
		"bad name":          {To: []Path{{"bob", "\u0327x.example"}}},
	} {
		c := NewClient(&ClientConfig{Use: AllExtensions})
		hearing(t, c, "220 x\r\n", strings.ReplaceAll(allOffers, "\n", "\r\n")+"\r\n")
		c.Output()
		if err := c.Send(e); err == nil || c.Next() != Ready || len(c.Output()) > 0 {
			t.Errorf("%s: error %v, step %v", name, err, c.Next())
		}
	}
}
