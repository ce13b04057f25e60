package smtp

// The rules a client keeps, each by its section.

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	greeting  = "220 mx.receiver.example ESMTP"
	plain     = "250 mx.receiver.example"
	pipe      = "250-mx.receiver.example\n250 PIPELINING"
	everybody = "250-mx.receiver.example\n250-PIPELINING\n250-SIZE 1000\n250-8BITMIME\n250 ENHANCEDSTATUSCODES"
)

// clientRule is one rule: what a server says, what the client said, and its
// verdicts.
type clientRule struct {
	name    string
	replies []string // a reply a string; its lines are joined by LF
	to      int      // recipients, 1 if 0
	size    int64
	eight   bool
	letters int    // letters sent, 1 if 0
	letter  string // "hi" and a line end if empty
	config  func(*ClientConfig)
	adjust  func(*Envelope)
	logins  []credentials
	heard   []string
	results []string // a recipient each, of all letters
	login   []string // whether each succeeded, and the code of what ended it
	failure string
}

const (
	sayEHLO = "EHLO mail.sender.example"
	sayHELO = "HELO mail.sender.example"
	sayMAIL = "MAIL FROM:<alice@sender.example>"
	sayR0   = "RCPT TO:<r0@receiver.example>"
	sayR1   = "RCPT TO:<r1@receiver.example>"
	body    = "hi\r\n"
)

var clientRules = []clientRule{
	{name: "RFC 5321 §3.3: one command at a time", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §3.2: HELO after 500", replies: []string{greeting, "500 what", plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayHELO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §3.2: HELO after 502, and then nothing is offered", replies: []string{greeting, "502 no", everybody, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, size: 3,
		heard: []string{sayEHLO, sayHELO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §4.1.1.1: no HELO after 550", replies: []string{greeting, "550 bad name", "221 bye"},
		heard: []string{sayEHLO, "QUIT"}, failure: "refused EHLO 550"},
	{name: "RFC 5321 §4.1.1.1: a transient refusal of EHLO", replies: []string{greeting, "450 later", "221 bye"},
		heard: []string{sayEHLO, "QUIT"}, failure: "deferred EHLO 450"},
	{name: "RFC 5321 §3.1: a 554 greeting is answered with QUIT", replies: []string{"554 no", "221 bye"}, heard: []string{"QUIT"}, failure: "refused connect 554"},
	{name: "RFC 5321 §3.1: a 4yz greeting", replies: []string{"450 busy", "221 bye"}, heard: []string{"QUIT"}, failure: "deferred connect 450"},
	{name: "RFC 5321 §3.8: a 421 greeting", replies: []string{"421 busy"}, heard: nil, failure: "deferred connect 421"},
	{name: "RFC 5321 §3.8: no greeting at all", replies: []string{"drop"}, heard: nil, failure: "deferred connect 451 local"},
	{name: "RFC 2920 §3.1: MAIL, RCPT and DATA in one group", replies: []string{greeting, pipe, "250 ok", "250 ok", "550 who", "354 go", "250 done", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "refused RCPT 550"}},
	{name: "RFC 2920 §3.1: all recipients refused, DATA refused", replies: []string{greeting, pipe, "250 ok", "550 who", "450 later", "554 nobody", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA", "QUIT"}, results: []string{"refused RCPT 550", "deferred RCPT 450"}},
	{name: "RFC 2920 §3.1: all recipients refused, a surprising 354 gets a lone dot", replies: []string{greeting, pipe, "250 ok", "550 who", "354 go", "554 nobody", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", "", "QUIT"}, results: []string{"refused RCPT 550"}},
	{name: "RFC 2920 §3.1: a 250 to that dot delivers nothing", replies: []string{greeting, pipe, "250 ok", "550 who", "354 go", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", "", "QUIT"}, results: []string{"refused RCPT 550"}},
	{name: "RFC 2920 §3.1: MAIL refused in a group, each reply is paired", replies: []string{greeting, pipe, "451 later", "503 no", "503 no", "503 no", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA", "QUIT"}, results: []string{"deferred MAIL 451", "deferred MAIL 451"}},
	{name: "RFC 5321 §3.3: all recipients refused, no DATA, then RSET", replies: []string{greeting, plain, "250 ok", "550 who", "250 reset", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, "RSET", sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"refused RCPT 550", "delivered dot 250"}},
	{name: "RFC 2920 §3.1: RSET in the next group", replies: []string{greeting, pipe, "250 ok", "550 who", "554 no", "250 reset", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", "RSET", sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"refused RCPT 550", "delivered dot 250"}},
	{name: "RFC 5321 §4.1.1.5: no RSET where no transaction is open", replies: []string{greeting, plain, "550 no", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"refused MAIL 550", "delivered dot 250"}},
	{name: "RFC 5321 §4.1.1.4: a refused dot ends the transaction", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "554 spam", "250 ok", "250 ok", "354 go", "452 full", "221 bye"}, letters: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"refused dot 554", "deferred dot 452"}},
	{name: "RFC 5321 §4.2.1: the first digit of unknown codes decides", replies: []string{greeting, plain, "259 fine", "299 fine", "399 go", "277 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 277"}},
	{name: "RFC 5321 §4.2.1: 459 defers, 599 refuses", replies: []string{greeting, plain, "250 ok", "459 hm", "599 hm", "221 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "QUIT"}, results: []string{"deferred RCPT 459", "refused RCPT 599"}},
	{name: "RFC 5321 §4.5.3.1.10: 552 to RCPT means 452", replies: []string{greeting, plain, "250 ok", "552 many", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "QUIT"}, results: []string{"deferred RCPT 552"}},
	{name: "RFC 5321 §4.2: a 3yz where none belongs delivers nothing", replies: []string{greeting, plain, "250 ok", "354 hm", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "QUIT"}, results: []string{"deferred RCPT 354"}},
	{name: "RFC 5321 §3.3: a 250 to DATA gets no letter", replies: []string{greeting, plain, "250 ok", "250 ok", "250 hm", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", "QUIT"}, results: []string{"deferred DATA 250"}},
	{name: "RFC 5321 §3.8: 421 to MAIL", replies: []string{greeting, plain, "421 bye"}, heard: []string{sayEHLO, sayMAIL}, results: []string{"deferred MAIL 421"}, failure: "deferred MAIL 421"},
	{name: "RFC 5321 §3.8: 421 within a group, accepted recipients are not delivered", replies: []string{greeting, pipe, "250 ok", "250 ok", "421 bye"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1, "DATA"}, results: []string{"deferred RCPT 421", "deferred RCPT 421"}, failure: "deferred RCPT 421"},
	{name: "RFC 5321 §3.8: dropped after RCPT", replies: []string{greeting, plain, "250 ok", "550 who", "drop"}, to: 2,
		heard: []string{sayEHLO, sayMAIL, sayR0, sayR1}, results: []string{"refused RCPT 550", "deferred RCPT 451 local"}, failure: "deferred RCPT 451 local"},
	{name: "RFC 5321 §4.5.3.2.6: dropped after the dot is deferred, not delivered", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "drop"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body}, results: []string{"deferred dot 451 local"}, failure: "deferred dot 451 local"},
	{name: "RFC 5321 §4.1.1.10: dropped after QUIT is no failure", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "250 done", "drop"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §3.8: 421 to QUIT is no failure", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "250 done", "421 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 1870 §3, RFC 6152 §2: SIZE= and BODY= when offered", replies: []string{greeting, everybody, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, size: 999, eight: true,
		heard: []string{sayEHLO, sayMAIL + " SIZE=999 BODY=8BITMIME", sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §4.1.1.1: neither when not offered", replies: []string{greeting, plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, size: 999,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 6152 §3: an 8-bit letter nobody takes is not sent", replies: []string{greeting, plain, "221 bye"}, eight: true,
		heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 554 5.6.3 local"}},
	{name: "RFC 1870 §6: a letter over the size offered is not sent", replies: []string{greeting, everybody, "221 bye"}, size: 1001,
		heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 552 5.3.4 local"}},
	{name: "RFC 1870 §4: SIZE 0 is no limit", replies: []string{greeting, "250-x\n250 SIZE 0", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, size: 1001,
		heard: []string{sayEHLO, sayMAIL + " SIZE=1001", sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §4.2: a code without text", replies: []string{"220", "250", "250", "250 ", "354", "250", "221"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §4.2.1: codes that differ within a reply end the session", replies: []string{greeting, plain, "250-ok\n550 no"},
		heard: []string{sayEHLO, sayMAIL}, results: []string{"deferred MAIL 451 4.5.0 local"}, failure: "deferred MAIL 451 4.5.0 local"},
	{name: "RFC 5321 §4.2: octets that are no reply end the session", replies: []string{greeting, plain, "250 ok", "hello there"},
		heard: []string{sayEHLO, sayMAIL, sayR0}, results: []string{"deferred RCPT 451 4.5.0 local"}, failure: "deferred RCPT 451 4.5.0 local"},
	{name: "RFC 5321 §4.5.3.1.5: a reply line over 512 octets", replies: []string{"220 " + strings.Repeat("x", 507)}, failure: "deferred connect 451 4.5.0 local"},
	{name: "RFC 5321 §4.5.3.1.5: a reply line of 512 octets", replies: []string{"220 " + strings.Repeat("x", 506), "550 no", "221 bye"}, heard: []string{sayEHLO, "QUIT"}, failure: "refused EHLO 550"},
	{name: "an endless reply", replies: []string{strings.Repeat("220-more\n", 5000)}, failure: "deferred connect 451 4.5.0 local"},
	{name: "a reply line without end", replies: []string{strings.Repeat("2", 5000)}, failure: "deferred connect 451 4.5.0 local"},
}

func resultText(r Result) string {
	s := fmt.Sprintf("%v %v %d", r.Outcome, r.Verb, r.Reply.Code)
	if r.Local {
		if e := r.Reply.Enhanced; e != (Enhanced{4, 4, 2}) {
			s += " " + e.String()
		}
		s += " local"
	}
	if r.NotTried {
		s += " not tried"
	}
	return s
}

// allClientRules are those of RFC 5321 and those of the extensions.
func allClientRules() []clientRule {
	return slices.Concat(clientRules, clientExtensionRules, clientTLSRules, clientLoginRules)
}

func TestClientRules(t *testing.T) {
	for _, rule := range allClientRules() {
		t.Run(rule.name, func(t *testing.T) {
			var first []string
			for _, cut := range []cutter{whole, single} {
				config := &ClientConfig{Hostname: "mail.sender.example", Use: AllExtensions}
				if rule.config != nil {
					rule.config(config)
				}
				c := NewClient(config)
				server := &scripted{replies: append([]string(nil), rule.replies...)}
				e := Envelope{From: mustMailbox(t, "alice@sender.example"), Size: rule.size, EightBit: rule.eight}
				for i := range max(rule.to, 1) {
					e.To = append(e.To, mustMailbox(t, fmt.Sprintf("r%d@receiver.example", i)))
				}
				if rule.adjust != nil {
					rule.adjust(&e)
				}
				var envelopes []Envelope
				for range max(rule.letters, 1) {
					envelopes = append(envelopes, e)
				}
				letter := rule.letter
				if letter == "" {
					letter = body
				}
				log := runClient(t, c, server, cut, envelopes, letter, rule.logins...)
				if diff := cmp.Diff(rule.heard, server.heard); diff != "" {
					t.Errorf("the server heard (-want +got):\n%s", diff)
				}
				var got []string
				for _, rs := range log.results {
					for _, r := range rs {
						got = append(got, resultText(r))
					}
				}
				if diff := cmp.Diff(rule.results, got); diff != "" {
					t.Errorf("results (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(rule.login, log.logins); diff != "" {
					t.Errorf("logins (-want +got):\n%s", diff)
				}
				failure := ""
				if f, failed := c.Failure(); failed {
					failure = resultText(f)
				}
				if failure != rule.failure {
					t.Errorf("failure %q, want %q", failure, rule.failure)
				}
				if first == nil {
					first = log.events
				} else if diff := cmp.Diff(first, log.events); diff != "" {
					t.Errorf("one octet at a time differs:\n%s", diff)
				}
			}
		})
	}
}

// The client waits as long as each phase asks, and names it.
func TestRFC5321_4_5_3_2_Waits(t *testing.T) {
	c := NewClient(&ClientConfig{})
	bob := mustMailbox(t, "bob@receiver.example")
	want := func(phase Phase, minutes int, state State) {
		t.Helper()
		for c.Next() == Heard {
		}
		if p, d := c.Waiting(); p != phase || d != time.Duration(minutes)*time.Minute || c.State() != state {
			t.Errorf("waiting %v %v, state %v; want %v %d, %v", p, d, c.State(), phase, minutes, state)
		}
	}
	want(PhaseGreeting, 5, StateAwaitingGreeting)
	c.Feed([]byte("220 x\r\n"))
	want(PhaseCommand, 5, StateEHLOSent)
	c.Feed([]byte("250 x\r\n"))
	want(PhaseNone, 0, StateReady)
	if err := c.Send(Envelope{To: []Path{bob}}); err != nil {
		t.Fatal(err)
	}
	want(PhaseMAIL, 5, StateMAILSent)
	c.Feed([]byte("250 x\r\n"))
	want(PhaseRCPT, 5, StateRCPTSent)
	c.Feed([]byte("250 x\r\n"))
	want(PhaseDATA, 2, StateDATASent)
	c.Feed([]byte("354 x\r\n"))
	want(PhaseDataBlock, 3, StateSendingLetter)
	c.EndLetter()
	want(PhaseDot, 10, StateDotSent)
	d := c.Clone()
	c.TimedOut()
	want(PhaseNone, 0, StateClosed)
	if r := c.Results()[0]; c.Next() != Done || r.Outcome != Deferred || r.Verb != EndOfData || !r.Local {
		t.Errorf("after the wait: %v %+v", c.Next(), r)
	}
	c = d // the clone still waits
	c.Feed([]byte("250 x\r\n"))
	want(PhaseNone, 0, StateReady)
	if r := c.Results()[0]; r.Outcome != Delivered {
		t.Errorf("the clone's result: %+v", r)
	}
	c.Quit()
	want(PhaseCommand, 5, StateQUITSent)
}

// RFC 5321 §2.3.8: a LF alone ends no reply.
func TestClientBareLF(t *testing.T) {
	c := NewClient(&ClientConfig{})
	c.Feed([]byte("220 x\n"))
	if step := c.Next(); step != NeedInput {
		t.Fatalf("a LF ended the greeting: %v", step)
	}
	c.Feed([]byte("220 y\r\n"))
	if step := c.Next(); step != Heard || c.Next() != Done {
		t.Errorf("%v, then %v", step, c.State())
	}
}

// Envelopes that cannot be written are errors, not octets on the wire.
func TestClientRefusesEnvelope(t *testing.T) {
	bob := mustMailbox(t, "bob@receiver.example")
	for name, e := range map[string]Envelope{
		"no recipient":      {},
		"null recipient":    {To: []Path{{}}},
		"line end in local": {To: []Path{{"bob\r\nDATA", "receiver.example"}}},
		"bracket in domain": {To: []Path{{"bob", "receiver.example>"}}},
		"bad sender":        {From: Path{"a b", "sender.example"}, To: []Path{bob}},
		"sender postmaster": {From: Path{"Postmaster", ""}, To: []Path{bob}},
	} {
		c := NewClient(&ClientConfig{})
		if c.Send(e) != ErrNotReady {
			t.Error("sent before the greeting")
		}
		hearing(t, c, "220 x\r\n", "250 x\r\n")
		c.Output()
		if err := c.Send(e); err == nil || c.Next() != Ready || len(c.Output()) > 0 {
			t.Errorf("%s: error %v, step %v", name, err, c.Next())
		}
	}
}

// RFC 5321 §2.3.8 and RFC 5321 §4.5.2: what the letter becomes on the wire.
func TestLetterOnTheWire(t *testing.T) {
	for _, test := range []struct{ letter, wire string }{
		{"", ".\r\n"},
		{"a\r\n", "a\r\n.\r\n"},
		{"a", "a\r\n.\r\n"},
		{".\r\n..\r\n.a\r\n", "..\r\n...\r\n..a\r\n.\r\n"},
		{".", "..\r\n.\r\n"},
		{"a\nb\n", "a\r\nb\r\n.\r\n"},
		{"a\rb\r", "a\r\nb\r\n.\r\n"},
		{"a\r\r\n.\n", "a\r\n\r\n..\r\n.\r\n"},
		{"\n\n", "\r\n\r\n.\r\n"},
		{"\r\n.\r.\r\n", "\r\n..\r\n..\r\n.\r\n"},
	} {
		for _, cut := range []cutter{whole, single} {
			c := &Client{config: &ClientConfig{}, step: Letter}
			for rest := test.letter; rest != ""; {
				n := cut(len(rest))
				c.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			c.EndLetter()
			if got := string(c.Output()); got != test.wire {
				t.Errorf("%q: %q, want %q", test.letter, got, test.wire)
			}
		}
	}
}

// What a client puts on the wire that is told to leave bare CR and LF alone:
// nothing but dots at the start of lines, and the end, is added.
func TestLetterAsItStands(t *testing.T) {
	for letter, wire := range map[string]string{
		"":                 ".\r\n",
		"a\nb\n":           "a\nb\n\r\n.\r\n",
		"a\n.\nb\r\n":      "a\n.\nb\r\n.\r\n",
		"a\r\n.\nb\rc\r\n": "a\r\n..\nb\rc\r\n.\r\n",
		"a\r":              "a\r\r\n.\r\n",
		"\r\r\n.\r\n":      "\r\r\n..\r\n.\r\n",
	} {
		for _, cut := range []cutter{whole, single} {
			c := &Client{config: &ClientConfig{SendBareLineEnds: true}, step: Letter}
			for rest := letter; rest != ""; {
				n := cut(len(rest))
				c.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			c.EndLetter()
			if got := string(c.Output()); got != wire {
				t.Errorf("%q: %q, want %q", letter, got, wire)
			}
		}
	}
}
