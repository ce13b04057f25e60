package smtp

// The rules a server keeps, each by its section.

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serverRule is one rule: what is sent after the greeting, and the start of
// each reply. Lines of a reply are joined by CRLF.
type serverRule struct {
	name   string
	config func(*Config)
	send   string
	want   []string
	letter []string // the letters, if they matter
}

const (
	ehlo = "EHLO mail.sender.example\r\n"
	mail = "MAIL FROM:<alice@sender.example>\r\n"
	rcpt = "RCPT TO:<bob@receiver.example>\r\n"
	data = "DATA\r\n"
)

// basic is a server without the later extensions.
func basic(c *Config) { c.Extensions = BasicExtensions }

var serverRules = []serverRule{
	{name: "RFC 5321 §4.1.4: MAIL before EHLO is 503", send: mail, want: []string{"503 5.5.1"}},
	{name: "RFC 5321 §4.1.4: the wrong order counts before parameters not offered, mistakes before both",
		send: lines("MAIL FROM:<a@b.example> SIZE=1", "RCPT TO:<a@b.example> X=1", "MAIL FROM:a@b.example SIZE=1", "MAIL FROM:<a@b.example> SIZE=1 SIZE=1"), want: []string{"503", "503", "501", "503"}},
	{name: "RFC 5321 §4.1.4: NOOP, HELP, VRFY and RSET work before EHLO",
		send: lines("NOOP", "HELP", "VRFY bob", "RSET", "EXPN list"), want: []string{"250", "214", "252", "250", "502"}},
	{name: "RFC 5321 §4.1.4: a second MAIL is 503", send: ehlo + mail + mail + rcpt, want: []string{"250", "250 2.1.0", "503 5.5.1", "250 2.1.5"}},
	{name: "RFC 5321 §4.1.1.3: RCPT without MAIL is 503", send: ehlo + rcpt, want: []string{"250", "503 5.5.1"}},
	{name: "RFC 5321 §3.3: DATA without MAIL is 503", send: ehlo + data, want: []string{"250", "503 5.5.1"}},
	{name: "RFC 5321 §3.3: DATA without RCPT is 503", send: ehlo + mail + data, want: []string{"250", "250", "503 5.5.1"}},
	{name: "RFC 5321 §4.1.4: EHLO acts as RSET",
		send: ehlo + mail + rcpt + ehlo + data, want: []string{"250", "250", "250", "250", "503 5.5.1"}},
	{name: "RFC 5321 §4.1.4: HELO acts as RSET",
		send: ehlo + mail + rcpt + "HELO mail.sender.example\r\n" + data, want: []string{"250", "250", "250", "250", "503 5.5.1"}},
	{name: "RFC 5321 §4.1.4: a refused EHLO changes nothing",
		send: ehlo + mail + rcpt + "EHLO bad_name\r\n" + data, want: []string{"250", "250", "250", "501", "354"}},
	{name: "RFC 5321 §4.1.1.5: RSET ends the transaction and keeps the session",
		send: ehlo + mail + rcpt + "RSET\r\n" + data + mail, want: []string{"250", "250", "250", "250 2.0.0", "503", "250"}},
	{name: "RFC 5321 §4.1.1.9: NOOP changes nothing, its argument is ignored",
		send: ehlo + mail + "NOOP now then\r\n" + rcpt + "NOOP\r\n" + data, want: []string{"250", "250", "250", "250", "250", "354"}},
	{name: "RFC 5321 §4.1.1.10: QUIT closes, what follows is not served",
		send: ehlo + "QUIT\r\nNOOP\r\n", want: []string{"250", "221 2.0.0 mx.receiver.example"}},
	{name: "RFC 5321 §4.1.1: no argument where none is allowed",
		send: ehlo + lines("DATA now", "RSET all", "QUIT please"),
		want: []string{"250", "501 5.5.4 expected nothing after DATA", "501 5.5.4 expected nothing after RSET", "501 5.5.4 expected nothing after QUIT"}},
	{name: "RFC 5321 §4.1.1: white space before the line end is tolerated",
		send: "EHLO mail.sender.example \t\r\n" + mail[:len(mail)-2] + "  \r\nRSET \r\n", want: []string{"250", "250", "250"}},
	{name: "RFC 5321 §2.4: verbs and keywords in any case",
		send: lines("ehlo mail.sender.example", "mail from:<a@sender.example> size=5", "RcPt To:<b@receiver.example>", "data"), want: []string{"250", "250", "250", "354"}},
	{name: "RFC 5321 §3.3: no space after the colon",
		send: ehlo + lines("MAIL FROM: <alice@sender.example>", "MAIL FROM:alice@sender.example", "MAIL FROM <a@b.example>", "MAIL TO:<a@b.example>", "MAIL"),
		want: []string{"250", `501 5.5.4 expected "<" with no space before it`, `501 5.5.4 expected "<" before the address`,
			`501 5.5.4 expected "FROM:" after the verb`, `501 5.5.4 expected "FROM:" after the verb`, `501 5.5.4 expected "FROM:" after the verb`}},
	{name: "RFC 5321 §4.1.5: an unknown verb is 500", send: lines("RESET", "HELLO x", "", " NOOP", "XYZZY"),
		want: []string{"500 5.5.2", "500 5.5.2", "500 5.5.2", "500 5.5.2", "500 5.5.2"}},
	{name: "RFC 5321 §4.2.4: known but not implemented is 502", config: basic, send: ehlo + lines("EXPN list", "STARTTLS", "AUTH PLAIN", "BDAT 3 LAST", "ETRN x", "TURN"),
		want: []string{"250", "502 5.5.1", "502 5.5.1", "502 5.5.1", "502 5.5.1", "502 5.5.1", "502 5.5.1"}},
	{name: "RFC 5321 §3.5.3: VRFY is 252, never a 250 nobody checked; without an argument 501",
		send: lines("VRFY bob", "VRFY", "VRFY "), want: []string{"252 2.0.0", "501 5.5.4", "501 5.5.4"}},
	{name: "RFC 5321 §4.1.1.1: EHLO wants a domain or an address literal",
		send: lines("EHLO", "EHLO ", "EHLO bad_name.example", "EHLO -x.example", "EHLO a..b", "EHLO a b", "EHLO [192.0.2.300]", "EHLO [192.0.2.7]", "EHLO [IPv6:2001:db8::25]", "HELO x.example", "HELO"),
		want: []string{"501 expected a domain or an address literal", "501 expected a domain", "501 expected only letters, digits and hyphens", "501 ", "501 ", "501 expected nothing after the domain", "501 ", "250", "250", "250 mx.receiver.example", "501"}},
	{name: "RFC 5321 §4.1.1.3: a source route is accepted and ignored",
		send: ehlo + "MAIL FROM:<@a.example,@b.example:alice@sender.example>\r\nRCPT TO:<@x.example:bob@receiver.example>\r\n", want: []string{"250", "250", "250"}},
	{name: "RFC 5321 §4.5.1: <Postmaster> without a domain, in RCPT only",
		send: ehlo + lines("MAIL FROM:<Postmaster>", "MAIL FROM:<>", "RCPT TO:<Postmaster>", "RCPT TO:<pOSTMASTER>", "RCPT TO:<bob>"),
		want: []string{"250", "501 5.1.7", "250", "250", "250", `501 5.1.3 expected "@" after the local-part`}},
	{name: "RFC 5321 §4.1.1.2: <> in MAIL only",
		send: ehlo + lines("MAIL FROM:<>", "RCPT TO:<>"), want: []string{"250", "250", `501 5.1.3 expected an address between "<" and ">"`}},
	{name: "RFC 5321 §4.1.2: quoted local-parts and address literals",
		send: ehlo + mail + lines(`RCPT TO:<"bob smith"@receiver.example>`, `RCPT TO:<"a\"b\\c>d"@[192.0.2.1]>`, `RCPT TO:<bob@[IPv6:2001:db8::1]>`, `RCPT TO:<"open@receiver.example>`, `RCPT TO:<bob@[IPv6:zz]>`, `RCPT TO:<bob@[x-tag:abc]>`),
		want: []string{"250", "250", "250", "250", "250", "501 5.1.3", "501 5.1.3", "501 5.1.3"}},
	{name: "RFC 5321 §4.1.1.11: an unknown parameter is 555",
		send: ehlo + lines("MAIL FROM:<a@b.example> FOO=1", "MAIL FROM:<a@b.example> FOO") + mail + "RCPT TO:<a@b.example> FOO=NEVER\r\n",
		want: []string{"250", "555 5.5.4", "555 5.5.4", "250", "555 5.5.4"}},
	{name: "RFC 5321 §4.1.1.11: a parameter that was not offered is 555", config: func(c *Config) { c.Extensions = 0 },
		send: ehlo + lines("MAIL FROM:<a@b.example> SIZE=10", "MAIL FROM:<a@b.example> SIZE=x", "MAIL FROM:<a@b.example> BODY=7BIT"),
		want: []string{"250", "555", "555", "555"}},
	{name: "RFC 5321 §4.1.1.1: after HELO nothing is offered",
		send: "HELO mail.sender.example\r\nMAIL FROM:<a@b.example> SIZE=10\r\n", want: []string{"250 mx.receiver.example", "555"}},
	{name: "RFC 1870 §6.1: SIZE", send: ehlo + lines("MAIL FROM:<a@b.example> SIZE=10001", "MAIL FROM:<a@b.example> SIZE=", "MAIL FROM:<a@b.example> SIZE=12x",
		"MAIL FROM:<a@b.example> SIZE=123456789012345678901", "MAIL FROM:<a@b.example> SIZE=99999999999999999999", "MAIL FROM:<a@b.example> SIZE", "MAIL FROM:<a@b.example> SIZE=10000"),
		want: []string{"250", "552 5.3.4", "501 5.5.4", "501 5.5.4 expected SIZE= and 1 to 20 digits", "501", "552", "501", "250"}},
	{name: "RFC 5321 §4.1.1.11: a parameter twice is 501", send: ehlo + "MAIL FROM:<a@b.example> SIZE=1 size=2\r\n", want: []string{"250", "501 5.5.4 expected each parameter only once"}},
	{name: "RFC 6152 §3: BODY", send: ehlo + lines("MAIL FROM:<a@b.example> BODY=9BIT", "MAIL FROM:<a@b.example> BODY", "MAIL FROM:<a@b.example> body=8bitmime"), want: []string{"250", "501", "501", "250"}},
	{name: "RFC 5321 §4.1.2: parameters stand behind one space", send: ehlo + lines("MAIL FROM:<a@b.example>SIZE=1", "MAIL FROM:<a@b.example>  SIZE=1", "MAIL FROM:<a@b.example> SIZE=1=2", "MAIL FROM:<a@b.example> =2"),
		want: []string{"250", "501 5.5.4", "501", "501", "501"}},
	{name: "RFC 5321 §4.5.3.1.10: too many recipients is 452", config: func(c *Config) { c.MaxRecipients = 2 },
		send: ehlo + mail + rcpt + rcpt + rcpt + data, want: []string{"250", "250", "250", "250", "452 4.5.3", "354"}},
	{name: "RFC 5321 §4.5.3.1.8: 100 recipients are taken", send: ehlo + mail + strings.Repeat(rcpt, 101),
		want: append(append([]string{"250", "250"}, strings.Split(strings.Repeat("250 2.1.5 ", 100), " 2.1.5 ")[:100]...), "452")},
	{name: "RFC 5321 §4.5.3.1.1: a local-part of 64 octets is taken, of 65 not",
		send: ehlo + mail + "RCPT TO:<" + strings.Repeat("a", 64) + "@b.example>\r\nRCPT TO:<" + strings.Repeat("a", 65) + "@b.example>\r\n",
		want: []string{"250", "250", "250", "501 5.1.3 expected a local-part of at most 64 octets"}},
	{name: "RFC 5321 §4.5.3.1.2: a domain of 255 octets is taken in EHLO, of 256 not",
		send: "EHLO " + strings.Repeat("abc.", 63) + "abc\r\nEHLO " + strings.Repeat("abc.", 63) + "abcd\r\n",
		want: []string{"250", "501 expected a domain of at most 255 octets"}},
	{name: "RFC 5321 §4.5.3.1.3: a path of 256 octets is taken, of 257 not",
		send: ehlo + mail + "RCPT TO:<ab@" + strings.Repeat("abc.", 62) + "abc>\r\nRCPT TO:<abc@" + strings.Repeat("abc.", 62) + "abc>\r\n",
		want: []string{"250", "250", "250", "501 5.1.3 expected a path of at most 256 octets"}},
	{name: "RFC 5321 §4.5.3.1.4: a line of 512 octets is taken, of 513 is 500 once",
		send: "NOOP " + strings.Repeat("x", 505) + "\r\nNOOP " + strings.Repeat("x", 506) + "\r\nNOOP " + strings.Repeat("x", 9000) + "\r\nNOOP\r\n",
		want: []string{"250", "500 5.5.2 line too long", "500 5.5.2 line too long", "250"}},
	{name: "RFC 1870 §3, RFC 6152 §2: what was offered lengthens MAIL", config: basic,
		send: "HELO x.example\r\nMAIL FROM:<a@b.example>" + strings.Repeat(" ", 512-23+1-2) + "\r\n" +
			ehlo + "MAIL FROM:<a@b.example>" + strings.Repeat(" ", 555-23-2) + "\r\nRSET\r\n" +
			"MAIL FROM:<a@b.example>" + strings.Repeat(" ", 556-23-2) + "\r\n",
		want: []string{"250", "500", "250", "250", "250", "500"}},
	{name: "RFC 5321 §2.3.8: only CRLF ends a command line",
		send: "NOOP\nNOOP\rNOOP\r\nNOOP\r\r\nNOOP\n\r\n", want: []string{"500", "500", "500"}},
	{name: "RFC 5321 §4.1.2: no control characters and no 8-bit octets in addresses and arguments", config: basic,
		send: ehlo + lines("MAIL FROM:<a\nb@b.example>", "MAIL FROM:<a\x00@b.example>", "MAIL FROM:<\xc3\xa4@b.example>", "MAIL FROM:<\"\xc3\xa4\"@b.example>", "NOOP \x1b[31m", "VRFY \x00"),
		want: []string{"250", "501 5.1.7", "501", "501", "501", "501", "501"}},

	{name: "RFC 5321 §4.5.2: a leading dot is removed", send: ehlo + mail + rcpt + data + lines("first", "..", "...", "..hidden", ".x", "last", "."),
		want: []string{"250", "250", "250", "354", "250 2.0.0"}, letter: []string{lines("first", ".", "..", ".hidden", "x", "last")}},
	{name: "RFC 5321 §4.1.1.4: an empty letter", send: ehlo + mail + rcpt + data + ".\r\nNOOP\r\n",
		want: []string{"250", "250", "250", "354", "250", "250"}, letter: []string{""}},
	{name: "RFC 5321 §4.1.1.4: the dot ends the transaction, the session goes on",
		send: ehlo + mail + rcpt + data + "x\r\n.\r\n" + data + mail + rcpt + data + "y\r\n.\r\n",
		want: []string{"250", "250", "250", "354", "250", "503", "250", "250", "354", "250"}, letter: []string{"x\r\n", "y\r\n"}},
	{name: "RFC 1870 §6.3: an oversize letter is read to its end before 552", config: func(c *Config) { c.MaxSize = 10 },
		send: ehlo + mail + rcpt + data + strings.Repeat("12345678\r\n", 2000) + ".\r\nNOOP\r\n",
		want: []string{"250", "250", "250", "354", "552 5.3.4", "250"}, letter: []string{strings.Repeat("12345678\r\n", 2000)}},
	{name: "RFC 1870 §5: neither doubled dots nor the last one count", config: func(c *Config) { c.MaxSize = 5 },
		send: ehlo + mail + rcpt + data + "....\r\n.\r\n", want: []string{"250", "250", "250", "354", "250"}, letter: []string{"...\r\n"}},
	{name: "RFC 5321 §4.5.3.1.6: a text line of 1000 octets is taken, its doubled dot not counted",
		send: ehlo + mail + rcpt + data + ".." + strings.Repeat("x", 997) + "\r\n.\r\n", want: []string{"250", "250", "250", "354", "250"}},
	{name: "RFC 5321 §4.5.3.1.6: a text line of 1001 octets is refused",
		send: ehlo + mail + rcpt + data + strings.Repeat("x", 999) + "\r\n.\r\n", want: []string{"250", "250", "250", "354", "554 5.6.0"}},
	{name: "RFC 2920 §3.1: a pipelined group is answered in order",
		send: ehlo + mail + "RCPT TO:<>\r\n" + rcpt + data + "x\r\n.\r\n" + mail + "QUIT\r\n", want: []string{"250", "250", "501", "250", "354", "250", "250", "221"}},
	{name: "RFC 2034 §4: no enhanced codes unless offered", config: func(c *Config) { c.Extensions = Size },
		send: ehlo + mail + rcpt + data + ".\r\nFOO\r\nMAIL\r\n", want: []string{"250", "250 ok", "250 ok", "354", "250 letter accepted", "500 unknown command", "501 expected"}},
	{name: "lax server: AcceptBareLF ends lines and letters at a LF", config: func(c *Config) { c.AcceptBareLF = true },
		send: ehlo + mail + "RCPT TO:<bob@receiver.example>\nDATA\nx\n..y\n.\nNOOP\n", want: []string{"250", "250", "250", "354", "250", "250"}, letter: []string{"x\n.y\n"}},
	{name: "lax server: SkipDotUnstuffing leaves doubled dots", config: func(c *Config) { c.SkipDotUnstuffing = true },
		send: ehlo + mail + rcpt + data + "x\r\n..y\r\n..\r\n.\r\n", want: []string{"250", "250", "250", "354", "250"}, letter: []string{"x\r\n..y\r\n..\r\n"}},
}

// allServerRules are those of RFC 5321 and those of the extensions.
func allServerRules() []serverRule {
	return slices.Concat(serverRules, bdatRules, extensionRules, starttlsRules, loginRules)
}

func TestServerRules(t *testing.T) {
	for _, rule := range allServerRules() {
		t.Run(rule.name, func(t *testing.T) {
			config := fullConfig()
			if rule.config != nil {
				rule.config(config)
			}
			for _, cut := range []cutter{whole, single} {
				log := runServer(t, NewServer(config), rule.send, cut, toy)
				got := log.after()
				if len(got) != len(rule.want) {
					t.Fatalf("%d replies, want %d:\n%s", len(got), len(rule.want), strings.Join(got, "\n"))
				}
				for i, want := range rule.want {
					if !strings.HasPrefix(got[i], want) {
						t.Errorf("reply %d is %q, want %q", i+1, got[i], want)
					}
				}
				if rule.letter != nil {
					if diff := cmp.Diff(rule.letter, log.letters); diff != "" {
						t.Error(diff)
					}
				}
			}
		})
	}
}

// Only CRLF.CRLF ends a letter (RFC 5321 §4.1.1.4), at every split of the octets.
func TestRFC5321_4_1_1_4_EndOfData(t *testing.T) {
	for _, test := range []struct {
		octets string
		letter string // what was read when the dot came
		ends   bool
	}{
		{"a\r\n.\r\n", "a\r\n", true},
		{"a\n.\n", "", false},
		{"a\n.\r\n", "", false},
		{"a\r\n.\n", "", false},
		{"a\r.\r", "", false},
		{"a\r\n.\r", "", false},
		{"a\r\n.\r\r\n", "", false},
		{"a\r.\r\n", "", false},
		{"a\r\n.\x00\r\n", "", false},
		{"a\r\n. \r\n", "", false},
		{"a\r\r\n.\r\n", "a\r\r\n", true},
		{"\n.\r\n\r\n.\r\n", "\n.\r\n\r\n", true},
		{"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", true},
		{"a\r\n.\n.\r\n\r\n.\r\n", "a\r\n\n.\r\n\r\n", true},
	} {
		for cut := range len(test.octets) + 1 {
			s := NewServer(fullConfig())
			envelope := ehlo + mail + rcpt + data
			first := true
			log := runServer(t, s, envelope+test.octets, func(left int) int {
				if n := len(envelope) + cut; first && n < left {
					first = false
					return n
				}
				return left
			}, proposal)
			ended := len(log.letters) > 0
			if ended != test.ends {
				t.Errorf("%q cut at %d: ended is %v", test.octets, cut, ended)
			} else if ended && log.letters[0] != test.letter {
				t.Errorf("%q cut at %d: letter %q, want %q", test.octets, cut, log.letters[0], test.letter)
			}
		}
	}
}

// given answers some verbs with replies of the driver's own.
func given(own map[Verb]Reply) func(*Server) Reply {
	return func(s *Server) Reply {
		if r, ok := own[s.Command().Verb]; ok {
			return r
		}
		return toy(s)
	}
}

// The state follows the reply given, not the one proposed.
func TestStateFollowsReply(t *testing.T) {
	for _, test := range []struct {
		name  string
		own   map[Verb]Reply
		send  string
		want  []string // the replies, greeting included
		state State    // before the connection was closed
	}{
		{"RFC 5321 §3.1: after a 554 greeting only QUIT is served", map[Verb]Reply{Connect: {Code: 554}}, ehlo + "NOOP\r\n", []string{"554 transaction failed", "503", "503"}, StateServiceRefused},
		{"RFC 5321 §3.1: QUIT after a 554 greeting", map[Verb]Reply{Connect: {Code: 450}}, "RSET\r\nQUIT\r\n", []string{"450", "503", "221"}, StateClosed},
		{"a refused MAIL opens no transaction", map[Verb]Reply{MAIL: {Code: 550}}, ehlo + mail + rcpt, []string{"220", "250", "550", "503"}, StateGreeted},
		{"a 354 to MAIL opens no transaction", map[Verb]Reply{MAIL: {Code: 354}}, ehlo + mail + rcpt, []string{"220", "250", "354", "503"}, StateGreeted},
		{"RFC 5321 §3.3: all recipients refused, DATA is 554", map[Verb]Reply{RCPT: {Code: 550}}, ehlo + mail + rcpt + data, []string{"220", "250", "250", "550", "554 5.5.1"}, StateTransaction},
		{"a 250 to DATA starts no letter", map[Verb]Reply{DATA: {Code: 250}}, ehlo + mail + rcpt + data + "NOOP\r\n", []string{"220", "250", "250", "250", "250", "250"}, StateRecipients},
		{"a 451 to DATA leaves the transaction open", map[Verb]Reply{DATA: {Code: 451}}, ehlo + mail + rcpt + data + mail, []string{"220", "250", "250", "250", "451", "503"}, StateRecipients},
		{"a 354 to DATA out of order starts a letter", map[Verb]Reply{DATA: {Code: 354}}, data + "x\r\n.\r\nNOOP\r\n", []string{"220", "354", "250", "250"}, StateWelcomed},
		{"RFC 5321 §4.1.1.4: a refused dot clears the buffers", map[Verb]Reply{EndOfData: {Code: 550}}, ehlo + mail + rcpt + data + ".\r\n" + data, []string{"220", "250", "250", "250", "354", "550", "503"}, StateGreeted},
		{"a 421 closes", map[Verb]Reply{RCPT: {Code: 421}}, ehlo + mail + rcpt + data, []string{"220", "250", "250", "421"}, StateClosed},
		{"Close sends and closes", map[Verb]Reply{RCPT: {Code: 550, Then: Close}}, ehlo + mail + rcpt + data, []string{"220", "250", "250", "550"}, StateClosed},
		{"Reset sends nothing and closes", map[Verb]Reply{RCPT: {Code: 550, Then: Reset}}, ehlo + mail + rcpt + data, []string{"220", "250", "250", ""}, StateClosed},
		{"Silent sends nothing, the state stays", map[Verb]Reply{MAIL: {Code: 250, Then: Silent}}, ehlo + mail + rcpt, []string{"220", "250", "", "503"}, StateGreeted},
		{"a 250 to QUIT does not close", map[Verb]Reply{QUIT: {Code: 250}}, "QUIT\r\nNOOP\r\n", []string{"220", "250", "250"}, StateWelcomed},
		{"a 250 to a broken RCPT names nobody", map[Verb]Reply{RCPT: {Code: 250}}, ehlo + mail + "RCPT TO:bob\r\n" + data, []string{"220", "250", "250", "250", "503"}, StateTransaction},
		{"Raw is sent as it is, its code counts", map[Verb]Reply{MAIL: {Raw: []byte("250-mixed\r\n251 up\r\n")}}, ehlo + mail + rcpt, []string{"220", "250", "250-mixed\r\n251 up", "250"}, StateRecipients},
		{"Raw that is no reply changes nothing", map[Verb]Reply{MAIL: {Raw: []byte("hm?\r\n")}}, ehlo + mail + rcpt, []string{"220", "250", "hm?", "503"}, StateGreeted},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := NewServer(fullConfig())
			log := runServer(t, s, test.send, whole, given(test.own))
			if len(log.replies) != len(test.want) {
				t.Fatalf("replies %q, want %q", log.replies, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(log.replies[i], want) || want == "" && log.replies[i] != "" {
					t.Errorf("reply %d is %q, want %q", i, log.replies[i], want)
				}
			}
			last := log.events[len(log.events)-1]
			if !strings.HasSuffix(last, test.state.String()) {
				t.Errorf("ended with %q, want state %v", last, test.state)
			}
		})
	}
}

// What a policy sees of a transaction.
func TestServerEnvelope(t *testing.T) {
	s := NewServer(fullConfig())
	seen := false
	runServer(t, s, ehlo+"MAIL FROM:<Alice@sender.example> SIZE=120 BODY=8BITMIME\r\n"+rcpt+"RCPT TO:<Postmaster>\r\n"+data+"..x\r\n.\r\nMAIL FROM:<>\r\n", single, func(s *Server) Reply {
		if s.Command().Verb == EndOfData {
			seen = true
			name, esmtp := s.Hello()
			if name != "mail.sender.example" || !esmtp {
				t.Errorf("hello %q %v", name, esmtp)
			}
			if got := s.From(); got != (Path{"Alice", "sender.example"}) {
				t.Errorf("from %v", got)
			}
			if diff := cmp.Diff([]Path{{"bob", "receiver.example"}, {"Postmaster", ""}}, s.Recipients()); diff != "" {
				t.Error(diff)
			}
			if s.DeclaredSize() != 120 || !s.EightBit() || s.LetterSize() != 4 || s.State() != StateLetterReceived {
				t.Errorf("size %d, eight bit %v, letter %d, state %v", s.DeclaredSize(), s.EightBit(), s.LetterSize(), s.State())
			}
		}
		if s.Command().Verb == MAIL && seen && (len(s.Recipients()) > 0 || s.DeclaredSize() != 0 || s.EightBit() || !s.From().IsNull()) {
			t.Error("the envelope outlived its transaction")
		}
		return s.Proposal()
	})
	if !seen {
		t.Error("no dot")
	}
	runServer(t, NewServer(fullConfig()), ehlo+mail+rcpt+ehlo+"NOOP\r\n", whole, func(s *Server) Reply {
		if s.Command().Verb == NOOP && (len(s.Recipients()) > 0 || !s.From().IsNull()) {
			t.Error("RFC 5321 §4.1.4: the envelope outlived EHLO")
		}
		return s.Proposal()
	})
}

// While a decision is open no octets are taken.
func TestServerBackPressure(t *testing.T) {
	s := NewServer(fullConfig())
	if n := s.Feed([]byte("EHLO x\r\n")); n != 0 || s.Next() != Decide {
		t.Fatalf("took %d octets before the greeting", n)
	}
	s.Reply(s.Proposal())
	big := []byte(strings.Repeat("NOOP\r\n", 2000))
	if n := s.Feed(big); n <= 0 || n >= len(big) {
		t.Fatalf("took %d of %d octets", n, len(big))
	}
	if s.Next() != Decide || s.Feed(big) != 0 {
		t.Fatal("took octets while a decision was open")
	}
	if s.Reply(Reply{Code: 250}); s.Reply(Reply{Code: 250}) != nil {
		t.Error("a reply without a decision")
	}
}

// RFC 5321 §3.8: a server that gives up says 421.
func TestRFC5321_3_8_TimeoutAndShutdown(t *testing.T) {
	for name, stop := range map[string]func(*Server){"timed out": (*Server).TimedOut, "shutdown": (*Server).Shutdown} {
		s := NewServer(fullConfig())
		s.Next()
		s.Reply(s.Proposal())
		s.Output()
		stop(s)
		out := string(s.Output())
		if s.Next() != Closed || !strings.HasPrefix(out, "421 4.") {
			t.Errorf("%s: %v, %q", name, s.Next(), out)
		}
		early := NewServer(fullConfig())
		stop(early)
		if out := string(early.Output()); !strings.HasPrefix(out, "421 mx.receiver.example ") {
			t.Errorf("%s before the greeting: %q (RFC 2034 §4: no enhanced code there)", name, out)
		}
		stop(s)
		if len(s.Output()) > 0 {
			t.Errorf("%s: said twice", name)
		}
	}
}

// A clone goes its own way.
func TestServerClone(t *testing.T) {
	s := NewServer(fullConfig())
	s.Next()
	s.Reply(s.Proposal())
	s.Feed([]byte(ehlo + mail + rcpt + data))
	for s.Next() == Decide && s.Command().Verb != RCPT {
		s.Reply(s.Proposal())
	}
	c := s.Clone()
	c.Reply(Reply{Code: 550})
	s.Reply(s.Proposal())
	if len(c.Recipients()) != 0 || len(s.Recipients()) != 1 || s.State() != StateRecipients || c.State() != StateTransaction {
		t.Errorf("%v %v, clone %v %v", s.State(), s.Recipients(), c.State(), c.Recipients())
	}
	// Where one goes on, the other keeps what it has.
	many := NewServer(fullConfig())
	many.Next()
	many.Reply(many.Proposal())
	many.Feed([]byte(ehlo + mail + rcpt + rcpt + rcpt + "RCPT TO:<carol@receiver.example>\r\n"))
	for many.Next() == Decide && many.Command().Path.Local != "carol" {
		many.Reply(many.Proposal())
	}
	twin := many.Clone()
	many.Reply(many.Proposal())
	twin.Reply(Reply{Code: 550})
	twin.Feed([]byte("RCPT TO:<dave@receiver.example>\r\n"))
	twin.Next()
	twin.Reply(twin.Proposal())
	if got := many.Recipients()[3].Local; got != "carol" {
		t.Errorf("the clone made carol %s", got)
	}
	if c.Next() != Decide || c.Proposal().Code != 554 || s.Next() != Decide || s.Proposal().Code != 354 {
		t.Errorf("%v, clone %v", s.Proposal(), c.Proposal())
	}
}
