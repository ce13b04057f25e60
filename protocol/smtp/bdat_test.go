package smtp

// The rules of BDAT on the server's side (RFC 3030), each by its section.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// to is everything up to the letter.
const to = ehlo + mail + rcpt

// afterTo are the replies to what to says, and more.
func afterTo(more ...string) []string { return append([]string{"250", "250", "250"}, more...) }

var bdatRules = []serverRule{
	{name: "RFC 3030 §2: chunks are the letter, octets as they are",
		send: to + "BDAT 6\r\nab\r\n..BDAT 10\r\n\r\n.\r\nhi\r\n.BDAT 4 LAST\r\n.\r\n\nNOOP\r\n",
		want: afterTo("250 2.0.0 chunk accepted", "250 2.0.0 chunk accepted", "250 2.0.0 letter accepted", "250"), letter: []string{"ab\r\n..\r\n.\r\nhi\r\n..\r\n\n"}},
	{name: "RFC 3030 §2: one chunk that is the last", send: to + "bdat 4 last\r\nhi\r\n" + mail, want: afterTo("250 2.0.0 letter accepted", "250"), letter: []string{"hi\r\n"}},
	{name: "RFC 3030 §2: BDAT 0 LAST ends a letter", send: to + "BDAT 4\r\nhi\r\nBDAT 0 LAST\r\n" + mail, want: afterTo("250", "250", "250"), letter: []string{"hi\r\n"}},
	{name: "RFC 3030 §2: BDAT 0 LAST alone is an empty letter", send: to + "BDAT 0 LAST\r\n", want: afterTo("250"), letter: []string{""}},
	{name: "RFC 3030 §2: BDAT 0 is a chunk like any other", send: to + "BDAT 0\r\nBDAT 00002 LAST\r\nhi", want: afterTo("250", "250"), letter: []string{"hi"}},
	{name: "RFC 3030 §2: CR, LF, NUL and octets above 127 are content", send: to + "BDAT 9 LAST\r\n\x00\r\n\n\r\xff.\r\n", want: afterTo("250"), letter: []string{"\x00\r\n\n\r\xff.\r\n"}},
	{name: "RFC 3030 §2: before EHLO a BDAT is 503, its octets are thrown away", send: "BDAT 6\r\nNOOP\r\nNOOP\r\n", want: []string{"503 5.5.1", "250"}},
	{name: "RFC 5321 §4.1.1.1: after HELO nothing is offered, yet the octets are thrown away",
		send: "HELO x.example\r\n" + mail + rcpt + "BDAT 6\r\nRSET\r\nNOOP\r\n", want: []string{"250", "250", "250", "502", "250"}},
	{name: "RFC 3030 §2: BDAT before MAIL is 503, its octets are thrown away",
		send: ehlo + "BDAT 6 LAST\r\nNOOP\r\n" + mail, want: []string{"250", "503 5.5.1 MAIL comes first", "250"}},
	{name: "RFC 3030 §2: BDAT without RCPT is 503, and RSET comes next",
		send: ehlo + mail + "BDAT 6 LAST\r\nNOOP\r\n" + rcpt + "RSET\r\n" + mail, want: []string{"250", "250", "503 5.5.1 RCPT", "503 5.5.1 the transaction has failed", "250", "250"}},
	{name: "RFC 5321 §3.3: all recipients refused, BDAT is 554, and so are its octets thrown away",
		send: ehlo + mail + "RCPT TO:<>\r\nBDAT 6 LAST\r\nNOOP\r\nRSET\r\n", want: []string{"250", "250", "501", "554 5.5.1", "250"}},
	{name: "RFC 3030 §2: BDAT after LAST is 503",
		send: to + "BDAT 4 LAST\r\nhi\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", want: afterTo("250", "503 5.5.1", "250"), letter: []string{"hi\r\n"}},
	{name: "RFC 3030 §2: DATA after BDAT is 503, and the letter goes on",
		send: to + "BDAT 4\r\nhi\r\n" + data + "BDAT 5 LAST\r\nyou\r\n", want: afterTo("250", "503 5.5.1", "250"), letter: []string{"hi\r\nyou\r\n"}},
	{name: "RFC 3030 §2: MAIL and RCPT after BDAT are 503",
		send: to + "BDAT 4\r\nhi\r\n" + mail + rcpt + "NOOP\r\nBDAT 0 LAST\r\n", want: afterTo("250", "503", "503", "250", "250"), letter: []string{"hi\r\n"}},
	{name: "RFC 3030 §2: BDAT within DATA is text of the letter", send: to + data + "BDAT 3\r\nabc\r\n.\r\n", want: afterTo("354", "250"), letter: []string{"BDAT 3\r\nabc\r\n"}},
	{name: "RFC 3030 §2: DATA and BDAT in one session", send: to + data + "x\r\n.\r\n" + mail + rcpt + "BDAT 1 LAST\r\ny" + mail + rcpt + data + "z\r\n.\r\n",
		want: afterTo("354", "250", "250", "250", "250", "250", "250", "354", "250"), letter: []string{"x\r\n", "y", "z\r\n"}},
	{name: "RFC 3030 §2: RSET clears the chunks", send: to + "BDAT 4\r\nhi\r\nRSET\r\nBDAT 1 LAST\r\nx" + mail + rcpt + "BDAT 1 LAST\r\ny",
		want: afterTo("250", "250", "503", "250", "250", "250"), letter: []string{"y"}},
	{name: "RFC 5321 §4.1.4: EHLO clears the chunks", send: to + "BDAT 4\r\nhi\r\n" + ehlo + mail + rcpt + "BDAT 1 LAST\r\ny",
		want: afterTo("250", "250", "250", "250", "250"), letter: []string{"y"}},
	{name: "RFC 3030 §2: a BDAT with a mistake behind its count is skipped all the same, and fails",
		send: to + "BDAT 6 LATS\r\nNOOP\r\nBDAT 6 LAST NOW\r\nNOOP\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", want: afterTo("501 5.5.4 expected LAST", "501 5.5.4", "503 5.5.1", "250")},
	{name: "RFC 3030 §2: after a failure any number of BDATs are thrown away, and none of them is one too many", config: func(c *Config) { c.MaxErrors = 3 },
		send: to + "BDAT 2 X\r\nhi" + strings.Repeat("BDAT 6\r\nNOOP\r\n", 9) + "RSET\r\n", want: afterTo("501", "503", "503", "503", "503", "503", "503", "503", "503", "503", "250")},
	{name: "RFC 1870 §6.3: a chunk over the size limit is read to its end before 552, and breaks the transaction", config: func(c *Config) { c.MaxSize = 10 },
		send: to + "BDAT 9\r\n1234567\r\nBDAT 2\r\nab" + "BDAT 6 LAST\r\nNOOP\r\n" + mail + "RSET\r\n" + mail + rcpt + "BDAT 10 LAST\r\n12345678\r\n",
		want: afterTo("250", "552 5.3.4", "503", "503", "250", "250", "250", "250"), letter: []string{"12345678\r\n"}},
	{name: "RFC 1870 §6.3: a last chunk over the size limit", config: func(c *Config) { c.MaxSize = 10 },
		send: to + "BDAT 20000 LAST\r\n" + strings.Repeat("NOOP\r\n", 3333) + "xxNOOP\r\n", want: afterTo("552 5.3.4", "250")},
	{name: "RFC 5321 §4.5.3.1.6: a text line of 1001 octets is refused at LAST, though no framing needs it",
		send: to + "BDAT 500\r\n" + strings.Repeat("x", 500) + "BDAT 501 LAST\r\n" + strings.Repeat("x", 499) + "\r\n", want: afterTo("250", "554 5.6.0")},
	{name: "RFC 5321 §4.5.3.1.6: a text line of 1000 octets by BDAT is taken",
		send: to + "BDAT 999\r\n" + strings.Repeat("x", 998) + "\rBDAT 3 LAST\r\n\nx\n", want: afterTo("250", "250"), letter: []string{strings.Repeat("x", 998) + "\r\nx\n"}},
	{name: "RFC 3030 §3: a binary letter has no lines",
		send: ehlo + "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n" + rcpt + "BDAT 5000 LAST\r\n" + strings.Repeat("\n\x00\r\r.", 1000) + "NOOP\r\n",
		want: afterTo("250", "250"), letter: []string{strings.Repeat("\n\x00\r\r.", 1000)}},
	{name: "RFC 3030 §3: DATA for a binary letter is 503, BDAT is still good",
		send: ehlo + "MAIL FROM:<a@b.example> body=binarymime\r\n" + rcpt + data + "BDAT 2 LAST\r\nhi", want: afterTo("503 5.5.1", "250"), letter: []string{"hi"}},
	{name: "RFC 3030 §3: BINARYMIME needs CHUNKING", config: func(c *Config) { c.Extensions = BinaryMIME | EightBitMIME },
		send: ehlo + lines("MAIL FROM:<a@b.example> BODY=BINARYMIME", "MAIL FROM:<a@b.example> BODY=8BITMIME"), want: []string{"250-mx.receiver.example\r\n250-8BITMIME\r\n250 HELP", "555", "250"}},
	{name: "RFC 3030 §3: BODY without 8BITMIME", config: func(c *Config) { c.Extensions = BinaryMIME | Chunking },
		send: ehlo + lines("MAIL FROM:<a@b.example> BODY=8BITMIME", "MAIL FROM:<a@b.example> BODY=9BIT", "MAIL FROM:<a@b.example> BODY=7BIT"), want: []string{"250", "555", "501", "250"}},
	{name: "RFC 3030 §3: BINARYMIME lengthens MAIL by 16", config: func(c *Config) { c.Extensions = BinaryMIME | Chunking },
		send: ehlo + "MAIL FROM:<a@b.example>" + strings.Repeat(" ", 528-23-2) + "\r\nRSET\r\n" + "MAIL FROM:<a@b.example>" + strings.Repeat(" ", 529-23-2) + "\r\n", want: []string{"250", "250", "250", "500"}},
	{name: "RFC 5321 §4.5.3.1.4: lines too long beside a BDAT are 500 once, its octets are its own",
		send: to + "NOOP " + strings.Repeat("x", 900) + "\r\nBDAT 906\r\nNOOP " + strings.Repeat("y", 900) + "\nNOOP " + strings.Repeat("z", 5000) + "\r\nBDAT 0 LAST\r\nNOOP\r\n",
		want: afterTo("500 5.5.2", "250", "500 5.5.2", "250", "250"), letter: []string{"NOOP " + strings.Repeat("y", 900) + "\n"}},
	{name: "RFC 5321 §4.5.3.1.4: a BDAT line too long is 500, its octets are thrown away",
		send: to + "BDAT 6 LAST" + strings.Repeat(" ", 600) + "\r\nNOOP\r\nNOOP\r\n", want: afterTo("500 5.5.2", "250")},
	{name: "RFC 3030 §2: where CHUNKING is not offered, octets behind a BDAT are taken for commands", config: basic,
		send: to + "BDAT 6\r\nNOOP\r\nBDAT x\r\nBDAT\r\n" + data, want: afterTo("502", "250", "502", "502", "354")},
	{name: "lax server: AcceptBareLF ends a BDAT line, not what is in the chunk", config: func(c *Config) { c.AcceptBareLF = true },
		send: to + "BDAT 3 LAST\n\n\n\nNOOP\n", want: afterTo("250", "250"), letter: []string{"\n\n\n"}},
}

// A count that cannot be read closes the connection: what follows cannot be
// told from commands (RFC 3030 §2).
func TestRFC3030_2_CountThatCannotBeRead(t *testing.T) {
	for _, line := range []string{"BDAT", "BDAT ", "BDAT  5", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 5x LAST", "BDAT LAST", "BDAT 5,LAST", "BDAT 5\n", "BDAT 1.0",
		"BDAT 9223372036854775808", "BDAT 18446744073709551617", "BDAT 99999999999999999999", "BDAT 000000000000000000005", "BDAT " + strings.Repeat("0", 600) + "1"} {
		for _, answer := range []func(*Server) Reply{proposal, given(map[Verb]Reply{BDAT: {Code: 250}}), given(map[Verb]Reply{BDAT: {Then: Silent}})} {
			for _, before := range []string{"", to, to + "BDAT 1\r\nx"} {
				s := NewServer(fullConfig())
				log := runServer(t, s, before+line+"\r\nRSET\r\nNOOP\r\n", single, answer)
				last := log.replies[len(log.replies)-1]
				if s.State() != StateClosed || log.decided != strings.Count(before, "\r\n")+2 || strings.HasPrefix(last, "250 2.0.0 ok") {
					t.Errorf("%q after %q: state %v, replies %q", line, before, s.State(), log.replies)
				}
			}
		}
		log := runServer(t, NewServer(fullConfig()), to+line+"\r\n", whole, proposal)
		if got := log.replies[4]; !strings.HasPrefix(got, "50") {
			t.Errorf("%q is answered %q", line, got)
		}
	}
	// The largest count that can be read is one: the octets are awaited.
	s := NewServer(fullConfig())
	log := runServer(t, s, to+"BDAT 9223372036854775807\r\nNOOP\r\n", whole, proposal)
	if log.decided != 4 {
		t.Errorf("replies %q", log.replies)
	}
}

// What a driver sees of BDATs: counts, and which octets are whose.
func TestRFC3030_2_ChunksOneByOne(t *testing.T) {
	for _, cut := range []cutter{whole, single} {
		send := "BDAT 2\r\nxx" + to + "BDAT 5\r\nhelloBDAT 0\r\nBDAT 3 LAST\r\nyouBDAT 1 LAST\r\nx"
		log := runServer(t, NewServer(fullConfig()), send, cut, proposal)
		want := []chunkSeen{{2, false, true, 0}, {5, false, false, 5}, {0, false, false, 0}, {3, true, false, 3}, {1, true, true, 0}}
		if diff := cmp.Diff(want, log.chunks, cmp.AllowUnexported(chunkSeen{})); diff != "" {
			t.Error(diff)
		}
	}
}

// The state follows the reply given to a BDAT.
func TestRFC3030_2_StateFollowsReply(t *testing.T) {
	chunk, last := "BDAT 6\r\nNOOP\r\n", "BDAT 6 LAST\r\nRSET\r\n"
	for _, test := range []struct {
		name  string
		own   map[Verb]Reply
		send  string // after to
		want  []string
		state State
	}{
		{"a refused chunk breaks the transaction", map[Verb]Reply{BDAT: {Code: 550}}, chunk + mail + rcpt + data, []string{"550", "503", "503", "503"}, StateBroken},
		{"a deferred chunk breaks the transaction", map[Verb]Reply{BDAT: {Code: 452}}, chunk, []string{"452"}, StateBroken},
		{"a refused last chunk breaks the transaction", map[Verb]Reply{BDAT: {Code: 554}}, last + mail, []string{"554", "503"}, StateBroken},
		{"a 354 to a chunk breaks the transaction", map[Verb]Reply{BDAT: {Code: 354}}, chunk, []string{"354"}, StateBroken},
		{"garbage to a chunk breaks the transaction", map[Verb]Reply{BDAT: {Raw: []byte("hm?\r\n")}}, chunk, []string{"hm?"}, StateBroken},
		{"RSET mends it", map[Verb]Reply{BDAT: {Code: 550}}, chunk + "RSET\r\n" + mail, []string{"550", "250", "250"}, StateTransaction},
		{"EHLO mends it", map[Verb]Reply{BDAT: {Code: 550}}, chunk + ehlo + mail, []string{"550", "250", "250"}, StateTransaction},
		{"NOOP, VRFY and HELP are served meanwhile", map[Verb]Reply{BDAT: {Code: 550}}, chunk + "NOOP\r\nVRFY bob\r\nHELP\r\n", []string{"550", "250", "252", "214"}, StateBroken},
		{"250 to the last one ends the transaction", nil, chunk + last, []string{"250", "250"}, StateGreeted},
		{"251 is as good", map[Verb]Reply{BDAT: {Code: 251}}, chunk + last, []string{"251", "251"}, StateGreeted},
		{"a chunk keeps it open", nil, chunk, []string{"250"}, StateChunks},
		{"250 to a BDAT out of order: nothing was there", map[Verb]Reply{BDAT: {Code: 250}}, "RSET\r\n" + chunk + mail, []string{"250", "250", "250"}, StateTransaction},
		{"250 to a last BDAT in a broken transaction ends it", map[Verb]Reply{RCPT: {Code: 550}, BDAT: {Code: 250}}, "RSET\r\n" + mail + rcpt + last, []string{"250", "250", "550", "250"}, StateGreeted},
		{"Silent keeps the reply back, the next chunk follows", map[Verb]Reply{BDAT: {Then: Silent}}, chunk + chunk, []string{"", ""}, StateChunks},
		{"421 closes", map[Verb]Reply{BDAT: {Code: 421}}, chunk + last, []string{"421"}, StateClosed},
		{"Reset closes", map[Verb]Reply{BDAT: {Then: Reset}}, chunk + last, []string{""}, StateClosed},
		{"a 354 to DATA between chunks: the letter goes on", map[Verb]Reply{DATA: {Code: 354}}, chunk + data + "x\r\n.\r\n", []string{"250", "354", "250"}, StateGreeted},
		{"a 250 to RCPT between chunks: one more, and chunks go on", map[Verb]Reply{RCPT: {Code: 250}}, chunk + rcpt + last, []string{"250", "250", "250"}, StateGreeted},
		{"a 250 to MAIL between chunks: a new transaction", map[Verb]Reply{MAIL: {Code: 250}}, chunk + mail, []string{"250", "250"}, StateTransaction},
		{"a 250 to RCPT where all is broken mends nothing", map[Verb]Reply{BDAT: {Code: 550}, RCPT: {Code: 250}}, chunk + rcpt + mail, []string{"550", "250", "503"}, StateBroken},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := runServer(t, NewServer(fullConfig()), to+test.send, single, given(test.own))
			got := log.replies[4:]
			if len(got) != len(test.want) {
				t.Fatalf("replies %q, want %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("reply %d is %q, want %q", i, got[i], want)
				}
			}
			if last := log.events[len(log.events)-1]; !strings.HasSuffix(last, test.state.String()) {
				t.Errorf("ended with %q, want state %v", last, test.state)
			}
		})
	}
}

// A driver that overrules the engine gets the whole letter, even one too large.
func TestRFC3030_2_OverruledSize(t *testing.T) {
	config := fullConfig()
	config.MaxSize = 3
	log := runServer(t, NewServer(config), to+"BDAT 4\r\nabcdBDAT 2 LAST\r\nef", single, given(map[Verb]Reply{BDAT: {Code: 250}}))
	if diff := cmp.Diff([]string{"abcdef"}, log.letters); diff != "" {
		t.Error(diff)
	}
}

// A chunk half read: what a driver sees, and that a clone goes its own way.
func TestRFC3030_2_CloneWithinChunk(t *testing.T) {
	s := NewServer(fullConfig())
	feed := func(s *Server, octets string) (letter string) {
		for {
			switch s.Next() {
			case Decide:
				s.Reply(s.Proposal())
			case Body:
				piece, _ := s.Chunk()
				letter += string(piece)
			default:
				if octets == "" {
					return letter
				}
				octets = octets[s.Feed([]byte(octets)):]
			}
		}
	}
	if got := feed(s, to+"BDAT 10 LAST\r\nabc"); got != "abc" || s.State() != StateChunk {
		t.Fatalf("%q, %v", got, s.State())
	}
	if c := s.Command(); c.Verb != BDAT || c.Count != 10 || !c.Last || string(c.Line) != "BDAT 10 LAST\r\n" {
		t.Errorf("%+v", c)
	}
	twin := s.Clone()
	if got := feed(twin, "1234567"); got != "1234567" || twin.State() != StateGreeted {
		t.Errorf("clone: %q, %v", got, twin.State())
	}
	feed(twin, "RSET\r\n"+mail+"RCPT TO:<carol@receiver.example> NOTIFY=DELAY\r\n")
	if string(s.Command().Line) != "BDAT 10 LAST\r\n" || s.Recipients()[0].Local != "bob" || len(s.RecipientDSNs()) != 0 {
		t.Errorf("the clone changed its original: %q, %v", s.Command().Line, s.Recipients())
	}
	if got := feed(s, "defghij"); got != "defghij" || s.State() != StateGreeted {
		t.Errorf("%q, %v", got, s.State())
	}
	// Silence within a chunk ends the session like any other silence.
	feed(s, mail+rcpt+"BDAT 10\r\nabc")
	s.Output()
	s.TimedOut()
	if out := string(s.Output()); s.Next() != Closed || !strings.HasPrefix(out, "421 4.4.2") {
		t.Errorf("%v, %q", s.Next(), out)
	}
}

// BDAT sessions are the same for every place at which the octets are cut once,
// and for every size of pieces.
func TestRFC3030_2_EverySplit(t *testing.T) {
	for _, rule := range bdatRules {
		if len(rule.send) > 1500 {
			continue
		}
		config := fullConfig()
		if rule.config != nil {
			rule.config(config)
		}
		want := runServer(t, NewServer(config), rule.send, whole, proposal)
		for cut := 1; cut < len(rule.send); cut++ {
			left := len(rule.send)
			once := func(n int) int {
				if n == left {
					return cut
				}
				return n
			}
			pieces := func(n int) int { return min(n, cut) }
			for kind, c := range map[string]cutter{"once at": once, "into pieces of": pieces} {
				got := runServer(t, NewServer(config), rule.send, c, proposal)
				if diff := cmp.Diff(fmt.Sprint(want.events, want.output, want.chunks), fmt.Sprint(got.events, got.output, got.chunks)); diff != "" {
					t.Fatalf("%s, cut %s %d:\n%s", rule.name, kind, cut, diff)
				}
			}
		}
	}
}
