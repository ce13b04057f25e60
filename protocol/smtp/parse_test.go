package smtp

// What the parsers make of octets: every part named, every mistake with its
// place.

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named writes the parts of octets as "kind octets".
func named(octets []byte, parts []Part) []string {
	var s []string
	for _, p := range parts {
		s = append(s, fmt.Sprintf("%v %s", p.Kind, escape(string(octets[p.Start:p.End]))))
	}
	return s
}

// Every parsed command knows which octets are which part.
func TestCommandParts(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"EHLO mail.sender.example\r\n", []string{"verb EHLO", "separator  ", "domain mail.sender.example", `line end \r\n`}},
		{"helo [192.0.2.1]  \r\n", []string{"verb helo", "separator  ", "address literal [192.0.2.1]", "separator   ", `line end \r\n`}},
		{"MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME\r\n", []string{"verb MAIL FROM:", "reverse-path <a@b.example>", "local-part a", "mailbox domain b.example",
			"separator  ", "parameter keyword SIZE", "separator =", "parameter value 5", "separator  ", "parameter keyword BODY", "separator =", "parameter value 8BITMIME", `line end \r\n`}},
		{"MAIL FROM:<>\r\n", []string{"verb MAIL FROM:", "reverse-path <>", `line end \r\n`}},
		{"RCPT TO:<@x.example,@y.example:\"a b\"@[IPv6:::1]>\r\n", []string{"verb RCPT TO:", `forward-path <@x.example,@y.example:"a b"@[IPv6:::1]>`,
			"source route @x.example,@y.example:", `local-part "a b"`, "mailbox domain [IPv6:::1]", `line end \r\n`}},
		{"RCPT TO:<Postmaster>\r\n", []string{"verb RCPT TO:", "forward-path <Postmaster>", "local-part Postmaster", `line end \r\n`}},
		{"VRFY bob smith\r\n", []string{"verb VRFY", "separator  ", "argument bob smith", `line end \r\n`}},
		{"DATA\r\n", []string{"verb DATA", `line end \r\n`}},
		{"DATA", []string{"verb DATA"}},
		{"\r\n", []string{`line end \r\n`}},
		{"HELLO there\r\n", []string{"verb HELLO", `line end \r\n`}},
		// As far as it was understood.
		{"MAIL FROM: <a@b.example>\r\n", []string{"verb MAIL FROM:", `line end \r\n`}},
		{"MAIL FROM:<a@b_c>\r\n", []string{"verb MAIL FROM:", "reverse-path <a@b", "local-part a", `line end \r\n`}},
		{"MAIL FROM:<a@b.example> SIZE=x\r\n", []string{"verb MAIL FROM:", "reverse-path <a@b.example>", "local-part a", "mailbox domain b.example",
			"separator  ", "parameter keyword SIZE", "separator =", "parameter value x", `line end \r\n`}},
		{"RCPT TO:<@x.example bob@y.example>\r\n", []string{"verb RCPT TO:", "forward-path <@x.example", "source route @x.example", `line end \r\n`}},
	} {
		c := ParseCommand([]byte(test.line))
		if diff := cmp.Diff(test.want, named(c.Line, c.Parts)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.line, diff)
		}
		checkParts(t, c.Parts, len(test.line))
	}
}

// A mistake knows its octet.
func TestCommandMistakes(t *testing.T) {
	for _, test := range []struct {
		line string // "^" stands before the octet of the mistake
		want string
	}{
		{"MAIL FROM:^ <alice@sender.example>", `"<" with no space before it`},
		{"MAIL FROM:<alice@sender.example^", `">" after the address`},
		{"MAIL FROM:<alice^>", `"@" after the local-part`},
		{"MAIL FROM:<alice@^>", `a domain after "@"`},
		{"MAIL FROM:<alice@sender.^.example>", "a letter or digit after the dot in the domain"},
		{"MAIL FROM:<alice@[192.0.2.1>^", `"]" after the address literal`},
		{"MAIL FROM:<alice@[^192.0.2]>", "an IPv4 address such as 192.0.2.1, or IPv6: and an address"},
		{"MAIL FROM:<alice@[IPv6:^1.2.3.4]>", "an IPv6 address"},
		{"RCPT TO:<bob@[^foo:bar]>", "an IPv4 address such as 192.0.2.1, or IPv6: and an address"},
		{"RCPT TO:<bob@[IPv6:^1:2:3:4:5:6:7::]>", `an IPv6 address in which "::" stands for two groups or more`},
		{"RCPT TO:<@a,@b:postmaster^>", `"@" after the local-part`},
		{"MAIL^", `"FROM:" after the verb`},
		{"MAIL F^ORM:<a@b.example>", `"FROM:" after the verb`},
		{"MAIL FROM:<a@b.example> ^=1", "a parameter keyword"},
		{"MAIL FROM:<a@b.example> X=^", `a value after "="`},
		{"MAIL FROM:<a@b.example> SIZE=1 ^SIZE=1", "each parameter only once"},
		{"MAIL FROM:<a@b.example> BODY=^9BIT", "BODY=7BIT, BODY=8BITMIME or BODY=BINARYMIME"},
		{"RCPT TO:<^>", `an address between "<" and ">"`},
		{"RCPT TO:<a.^@b.example>", "more of the local-part after its dot"},
		{`RCPT TO:<"a^`, "a closing quote after the local-part"},
		{"EHLO a_b", "only letters, digits and hyphens in the domain"},
		{"DATA^ now", "nothing after DATA"},
		{"^RESET", "a command"},
		{"NOOP a^\x00", "printable ASCII characters"},
	} {
		pos := strings.IndexByte(test.line, '^')
		if pos < 0 {
			pos = strings.IndexByte(test.line, '_')
		}
		c := ParseCommand([]byte(strings.Replace(test.line, "^", "", 1) + "\r\n"))
		if c.Err == nil || c.Err.Pos != pos-strings.Count(test.line[:pos], "^") && c.Err.Pos != pos || c.Err.Want != test.want {
			t.Errorf("%q: %+v", test.line, c.Err)
		}
	}
}

// RFC 5321 §4.1.2, RFC 5321 §4.1.3.
func TestPaths(t *testing.T) {
	for _, test := range []struct {
		path, user string
		ok         bool
	}{
		{"<>", "", true},
		{"<a@b>", "a", true},
		{"<Postmaster>", "Postmaster", true},
		{"<A.b+c@D.example>", "A.b+c", true},
		{`<"a b"@c.example>`, "a b", true},
		{`<"a\"\\"@c.example>`, `a"\`, true},
		{`<""@c.example>`, "", true},
		{"<a@[192.0.2.1]>", "a", true},
		{"<a@[1.2.3.256]>", "", false},
		{"<a@[1.2.3]>", "", false},
		{"<a@[1.2.3.4.5]>", "", false},
		{"<a@[0192.0.2.1]>", "", false},
		{"<a@[IPv6:2001:db8::1]>", "a", true},
		{"<a@[ipv6:::ffff:192.0.2.1]>", "a", true},
		{"<a@[IPv6:fe80::1%eth0]>", "", false},
		{"<a@[198.51.100.025]>", "a", true},             // Snum is one to three digits
		{"<a@[IPv6:1:2:3:4:5:6::]>", "a", true},         // "::" is two groups or more
		{"<a@[IPv6:1:2:3:4:5:6:7::]>", "", false},       // here it would be one
		{"<a@[IPv6:::2:3:4:5:6:7:8]>", "", false},       // and here
		{"<a@[IPv6:1:2:3:4::192.0.2.1]>", "a", true},    // an IPv4 address is two groups
		{"<a@[IPv6:1:2:3:4:5::192.0.2.1]>", "", false},  // so here it would be one
		{"<a@[IPv6:1:2:3:4:5:6:192.0.2.1]>", "a", true}, // nothing is left out
		{"<a@[IPv6:1:2:3:4:5:6:7:8]>", "a", true},       // nor here
		{"<a@[foo:bar]>", "", false},                    // no such tag is registered
		{"<a@[x400:]>", "", false},
		{"<@x,@y:Postmaster>", "", false}, // without a domain only as <Postmaster> (RFC 5321 §4.1.1.3)
		{"<@x,@y:Postmaster@b>", "Postmaster", true},
		{"<a@[]>", "", false},
		{"<a@b-c.d9>", "a", true},
		{"<a@b->", "", false},
		{"<a@b.>", "", false},
		{"<a@" + strings.Repeat("x", 63) + ">", "a", true},
		{"<a@" + strings.Repeat("x", 64) + ">", "", false},
		{"<a@@b>", "", false},
		{"<a@b>x", "", false},
		{"<a b@c>", "", false},
		{"<a..b@c>", "", false},
		{"a@b", "", false},
		{"<a>", "", false},
		{"<@b>", "", false},
	} {
		p, err := ParsePath(test.path)
		if (err == nil) != test.ok || p.User() != test.user {
			t.Errorf("%s: %v, user %q, %v", test.path, p, p.User(), err)
		}
		if err == nil && p.String() != test.path && !strings.HasPrefix(test.path, "<@") {
			t.Errorf("%s comes back as %s", test.path, p)
		}
	}
	p, err := ParsePath("<@a.example,@b.example:c@d.example>")
	if err != nil || p != (Path{"c", "d.example"}) {
		t.Errorf("source route: %v, %v", p, err)
	}
	if !(Path{`"PostMaster"`, "x.example"}).IsPostmaster() || (Path{"bob", "x.example"}).IsPostmaster() {
		t.Error("postmaster not told from bob")
	}
	for mailbox, ok := range map[string]bool{"bob@receiver.example": true, "<bob@receiver.example>": false, "bob": false, "": false, "bob@receiver.example ": false, "Postmaster": false} {
		if p, err := ParseMailbox(mailbox); (err == nil) != ok || ok && p.Mailbox() != mailbox {
			t.Errorf("%q: %v, %v", mailbox, p, err)
		}
	}
	if (Path{}).Mailbox() != "" || !(Path{}).IsNull() || (Path{"Postmaster", ""}).String() != "<Postmaster>" {
		t.Error("null or postmaster")
	}
}

// Every parsed reply knows which octets are which part.
func TestReplyParts(t *testing.T) {
	octets := []byte("550-5.1.1 no such\r\n550 5.1.1 mailbox\r\n")
	r, parts, err := ParseReply(octets)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"code 550", "separator -", "enhanced code 5.1.1", "separator  ", "text no such", `line end \r\n`,
		"code 550", "separator  ", "enhanced code 5.1.1", "separator  ", "text mailbox", `line end \r\n`}
	if diff := cmp.Diff(want, named(octets, parts)); diff != "" {
		t.Error(diff)
	}
	if r.String() != "550 5.1.1 no such mailbox" || len(r.Lines) != 2 {
		t.Errorf("%v", r)
	}
}

// RFC 5321 §4.2: what is a reply, and where it stops being one.
func TestParseReply(t *testing.T) {
	for _, test := range []struct {
		octets string
		want   string // of the reply, or of the mistake
		pos    int    // of the mistake, -1 for none
	}{
		{"250 ok\r\n", "250 ok", -1},
		{"250\r\n", "250 ", -1},
		{"250 \r\n", "250 ", -1},
		{"250-a\r\n250 b\r\n", "250 a b", -1},
		{"250 2.1.0 ok\r\n", "250 2.1.0 ok", -1},
		{"250 4.1.0 ok\r\n", "250 4.1.0 ok", -1}, // text: the classes differ
		{"250 2.1 ok\r\n", "250 2.1 ok", -1},
		{"250 2.1.0\r\n", "250 2.1.0 ", -1},
		{"250-a\r\n251 b\r\n", "the same code on each line of the reply", 7},
		{"250-a\r\n", "another line of the reply", 7},
		{"250 a\r\n250 b\r\n", "nothing after the last line of the reply", 7},
		{"25 ok\r\n", "a reply code, 200 to 599", 0},
		{"999 ok\r\n", "a reply code, 200 to 599", 0},
		{"150 ok\r\n", "a reply code, 200 to 599", 0},
		{"250ok\r\n", `a space or "-" after the code`, 3},
		{"250 ok\n", "CRLF at the end of the line", 6},
		{"250 o\rk\r\n", "CRLF at the end of the line", 5},
		{"250 ok", "CRLF at the end of the line", 6},
		{"", "a reply code, 200 to 599", 0},
		{"250 " + strings.Repeat("x", 507) + "\r\n", "a line of at most 512 octets", 512},
	} {
		r, _, err := ParseReply([]byte(test.octets))
		var mistake *SyntaxError
		switch {
		case test.pos < 0 && (err != nil || strings.TrimSpace(r.String()) != strings.TrimSpace(test.want)):
			t.Errorf("%q: %v, %v", test.octets, r, err)
		case test.pos >= 0 && (!errors.As(err, &mistake) || mistake.Pos != test.pos || mistake.Want != test.want):
			t.Errorf("%q: %v, %+v", test.octets, err, mistake)
		}
	}
}

// RFC 2034 §4 and RFC 5321 §4.5.3.1.5: how replies are written.
func TestReplyAppend(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 300))
	for _, test := range []struct {
		name     string
		reply    Reply
		enhanced bool
		want     string
	}{
		{"one line", Reply{Code: 250, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"ok"}}, true, "250 2.0.0 ok\r\n"},
		{"not offered", Reply{Code: 250, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"ok"}}, false, "250 ok\r\n"},
		{"on each line", Reply{Code: 550, Enhanced: Enhanced{5, 1, 1}, Lines: []string{"a", "b"}}, true, "550-5.1.1 a\r\n550 5.1.1 b\r\n"},
		{"never on 3yz", Reply{Code: 354, Enhanced: Enhanced{3, 0, 0}, Lines: []string{"go"}}, true, "354 go\r\n"},
		{"class differs", Reply{Code: 450, Enhanced: Enhanced{5, 0, 0}, Lines: []string{"no"}}, true, "450 no\r\n"},
		{"default text", Reply{Code: 452}, true, "452 no room now, try again later\r\n"},
		{"unknown code", Reply{Code: 459}, true, "459 not now, try again later\r\n"},
		{"raw", Reply{Code: 250, Raw: []byte("what?\n")}, true, "what?\n"},
		{"raw nothing", Reply{Code: 250, Raw: []byte{}}, true, ""},
		{"zero", Reply{}, true, ""},
		{"made safe", Reply{Code: 550, Lines: []string{"a\r\n250 b\x1b[2J\xff"}}, true, "550 a??250 b?[2J?\r\n"},
		{"empty text", Reply{Code: 250, Lines: []string{""}}, true, "250 \r\n"},
	} {
		if got := string(test.reply.Append(nil, test.enhanced)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	got := Reply{Code: 550, Enhanced: Enhanced{5, 1, 1}, Lines: []string{long}}.Append(nil, true)
	checkLines(t, string(got), MaxReplyLine)
	if r, _, err := ParseReply(got); err != nil || r.Text() != long || len(r.Lines) < 3 || r.Enhanced != (Enhanced{5, 1, 1}) {
		t.Errorf("a long text comes back as %v, %v", r, err)
	}
	got = Reply{Code: 550, Lines: []string{strings.Repeat("x", 2000)}}.Append(nil, true)
	checkLines(t, string(got), MaxReplyLine)
}

// Replies as people write them in faults.
func TestParseReplySpec(t *testing.T) {
	for spec, want := range map[string]string{
		"451":                           "451 4.3.0 error in processing, try again later",
		"451 4.3.5 try again later":     "451 4.3.5 try again later",
		"450 mailbox is busy":           "450 4.2.0 mailbox is busy",
		"550 5.1.1":                     "550 5.1.1 no such mailbox",
		"459":                           "459 4.0.0 not now, try again later",
		"354":                           "354 send the letter, end it with a lone dot",
		"250 2nd try":                   "250 2.0.0 2nd try",
		"599 5.7.1.2 is no code, is it": "599 5.0.0 5.7.1.2 is no code, is it",
	} {
		r, err := ParseReplySpec(spec)
		if err != nil || r.String() != want {
			t.Errorf("%q: %v, %v", spec, r, err)
		}
	}
	for spec, pos := range map[string]int{"": 0, "45": 0, "4511": 0, "abc": 0, "151": 0, "600 x": 0, "451 5.1.1 no": 4, "354 5.1.1 go": 4, "451 caf\xc3\xa9": 7, "451 4.3.0 a\tb": 11} {
		_, err := ParseReplySpec(spec)
		var mistake *SyntaxError
		if !errors.As(err, &mistake) || mistake.Pos != pos {
			t.Errorf("%q: %+v", spec, mistake)
		}
	}
	if r, _ := ParseReplySpec("421"); r.Then != Close {
		t.Error("421 does not close")
	}
}

// RFC 5321 §4.3.2, RFC 3463 §3: a bare code says something else of each command.
func TestBareCodesFitTheirCommand(t *testing.T) {
	for _, test := range []struct {
		verb Verb
		spec string
		want string
	}{
		{Connect, "554", "554 5.3.2 no SMTP service here"},
		{Connect, "550", "550 5.7.1 no SMTP service here for your address"},
		{Connect, "451", "451 4.3.0 no service now, try again later"},
		{Connect, "421", "421 4.3.2 closing the connection, try again later"},
		{EHLO, "550", "550 5.7.1 this name is not welcome here"},
		{EHLO, "450", "450 4.7.1 not by this name now, try again later"},
		{EHLO, "502", "502 5.5.1 command not implemented"},
		{MAIL, "550", "550 5.7.1 no letters from this sender"},
		{MAIL, "450", "450 4.7.1 no letter from this sender now, try again later"},
		{MAIL, "552", "552 5.3.4 the letter is too large"},
		{MAIL, "553", "553 5.1.7 sender address not allowed"},
		{RCPT, "550", "550 5.1.1 no such mailbox"},
		{RCPT, "450", "450 4.2.0 mailbox busy, try again later"},
		{RCPT, "551", "551 5.7.1 not local, and not passed on from here"}, // 5.1.6 leaves no address behind
		{RCPT, "552", "552 5.2.2 mailbox full"},
		{RCPT, "553", "553 5.1.3 mailbox name not allowed"},
		{RCPT, "451 4.7.1", "451 4.7.1 error in processing, try again later"},
		{DATA, "554", "554 5.5.1 no valid recipients"},
		{DATA, "450", "450 4.0.0 not now, try again later"},
		{EndOfData, "550", "550 5.7.1 a rule of this server refuses the letter"},
		{EndOfData, "554", "554 5.6.0 letter refused for its content"},
		{EndOfData, "552", "552 5.3.4 the letter is too large"},
		{EndOfData, "500", "500 5.5.2 a line of the letter was not understood"},
		{EndOfData, "450", "450 4.7.1 letter not taken now, try again later"},
		{EndOfData, "554 5.7.1 spam", "554 5.7.1 spam"},
		{QUIT, "550", "550 5.0.0 refused"},
		{VRFY, "550", "550 5.1.1 no such mailbox"},
	} {
		r, err := ParseReplySpecTo(test.verb, test.spec)
		if err != nil || r.String() != test.want {
			t.Errorf("%v %s: %v, %v; want %s", test.verb, test.spec, r, err, test.want)
		}
	}
}

// The words for verbs, states, extensions and parts can be read back.
func TestWords(t *testing.T) {
	for v := Connect; v < verbs; v++ {
		for _, word := range []string{v.String(), strings.ToLower(v.String()), strings.ToUpper(v.String())} {
			if got, ok := ParseVerb(word); !ok || got != v {
				t.Errorf("%s: %v", word, got)
			}
		}
	}
	for _, word := range []string{"none", "", "HELLO", "data "} {
		if v, ok := ParseVerb(word); ok {
			t.Errorf("%q is %v", word, v)
		}
	}
	seen := map[string]bool{}
	for s := StateNone + 1; s < states; s++ {
		if w := s.String(); w == "" || seen[w] || !IsState(w) {
			t.Errorf("state %d: %q", s, w)
		}
		seen[s.String()] = true
	}
	if IsState("none") || IsState("") || len(StateWords()) != len(seen) {
		t.Error("words of states")
	}
	for k := PartKind(0); k < partKinds; k++ {
		if k.String() == "" {
			t.Errorf("part %d has no name", k)
		}
	}
	if got := AllExtensions.String(); got != "pipelining size 8bitmime enhancedstatuscodes chunking binarymime smtputf8 dsn limits" || Extensions(0).String() != "none" {
		t.Error(got)
	}
	if x, ok := ParseExtension("8BitMime"); !ok || x != EightBitMIME {
		t.Error(x)
	}
	o := ParseOffer(Reply{Code: 250, Lines: []string{"mx.receiver.example hi", "size 1000", "8BITMIME", "XFOO", "SIZEABLE 3"}})
	if want := (Offer{Domain: "mx.receiver.example", Extensions: Size | EightBitMIME, MaxSize: 1000}); !cmp.Equal(o, want) {
		t.Errorf("%+v", o)
	}
}
