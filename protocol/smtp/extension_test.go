package smtp

// The rules of the other extensions on the server's side, each by its section.

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	utf8Mail = "MAIL FROM:<älice@bücher.example> SMTPUTF8\r\n"
	utf8Rcpt = "RCPT TO:<böb@receiver.example>\r\n"
)

func only(x Extensions) func(*Config) { return func(c *Config) { c.Extensions = x } }

var extensionRules = []serverRule{
	{name: "RFC 6531 §3.4: addresses in UTF-8 in a transaction with SMTPUTF8", send: ehlo + utf8Mail + utf8Rcpt + "RCPT TO:<\"b ö b\"@παράδειγμα.example>\r\n", want: []string{"250", "250", "250", "250"}},
	{name: "RFC 6531 §3.5: without it an address outside ASCII is 553", send: ehlo + strings.Replace(utf8Mail, " SMTPUTF8", "", 1) + mail + utf8Rcpt + "RCPT TO:<bob@bücher.example>\r\n" + rcpt,
		want: []string{"250", "553 5.6.7", "250", "553 5.6.7", "553 5.6.7", "250"}},
	{name: "RFC 6531 §3.1: where SMTPUTF8 is not offered, an address outside ASCII is 501", config: basic, send: ehlo + strings.Replace(utf8Mail, " SMTPUTF8", "", 1) + utf8Mail + mail + utf8Rcpt + "RCPT TO:<bob@bücher.example>\r\n",
		want: []string{"250", "501 5.1.7", "501 5.1.7", "250", "501 5.1.3", "501 5.1.3"}},
	{name: "RFC 6531 §3.1: nor is its parameter known there", config: basic, send: ehlo + "MAIL FROM:<a@b.example> SMTPUTF8\r\n", want: []string{"250", "555"}},
	{name: "RFC 5321 §4.1.1.1: after HELO UTF-8 is 501", send: "HELO x.example\r\n" + mail + utf8Rcpt, want: []string{"250", "250", "501"}},
	{name: "RFC 6531 §3.1: SMTPUTF8 needs 8BITMIME", config: only(SMTPUTF8), send: ehlo + "MAIL FROM:<a@b.example> SMTPUTF8\r\n", want: []string{"250-mx.receiver.example\r\n250 HELP", "555"}},
	{name: "RFC 6531 §3.4: SMTPUTF8 has no value, and stands once", send: ehlo + lines("MAIL FROM:<a@b.example> SMTPUTF8=1", "MAIL FROM:<a@b.example> SMTPUTF8 smtputf8", "MAIL FROM:<a@b.example> smtputf8"), want: []string{"250", "501", "501", "250"}},
	{name: "RFC 6531 §3.3: what is no UTF-8 is 501, and so is what is no name", send: ehlo + utf8Mail + lines("RCPT TO:<b\xff@x.example>", "RCPT TO:<b\xc3@x.example>", "RCPT TO:<\"\xc3\x28\"@x.example>", "RCPT TO:<b@\xffx.example>",
		"RCPT TO:<b@\xed\xa0\x80.example>", "RCPT TO:<b@a\u3002example>", "RCPT TO:<b@\u0327x.example>", "RCPT TO:<b@ab\u200dc.example>"),
		want: []string{"250", "250", "501 5.1.3 expected valid UTF-8", "501 5.1.3 expected valid UTF-8", "501 5.1.3 expected valid UTF-8", "501 5.1.3 expected valid UTF-8",
			"501 5.1.3 expected valid UTF-8", "501 5.1.3 expected an internationalised domain name", "501 5.1.3", "501 5.1.3"}},
	{name: "RFC 6531 §3.7.1: EHLO names hosts in ASCII", send: ehlo + "EHLO bücher.example\r\nEHLO xn--bcher-kva.example\r\n", want: []string{"250", "501", "250"}},
	{name: "RFC 6531 §3.7.4.2: VRFY and EXPN with SMTPUTF8", config: func(c *Config) { c.Expn = true },
		send: ehlo + lines("VRFY bob SMTPUTF8", "EXPN list smtputf8", "VRFY böb SMTPUTF8", "VRFY böb", "VRFY b\xff SMTPUTF8", "VRFY SMTPUTF8", "EXPN"),
		want: []string{"250", "252", "252", "252", "553 5.6.7", "501", "252", "501"}},
	{name: "RFC 5321 §4.3.2: VRFY with a parameter that was not offered is 504", config: basic, send: ehlo + "VRFY bob SMTPUTF8\r\nVRFY böb\r\n", want: []string{"250", "504 5.5.4", "501"}},
	{name: "RFC 6531 §3.1: SMTPUTF8 lengthens MAIL and VRFY by 10, with what 8BITMIME adds", config: only(SMTPUTF8 | EightBitMIME),
		send: ehlo + "MAIL FROM:<a@b.example>" + strings.Repeat(" ", 539-23-2) + "\r\nRSET\r\n" + "MAIL FROM:<a@b.example>" + strings.Repeat(" ", 540-23-2) + "\r\n" +
			"VRFY " + strings.Repeat("x", 522-7) + "\r\nVRFY " + strings.Repeat("x", 523-7) + "\r\nRCPT TO:<a@b.example>" + strings.Repeat(" ", 513-21-2) + "\r\n",
		want: []string{"250", "250", "250", "500", "252", "500", "500"}},

	{name: "RFC 3461 §4: reports are asked for with MAIL and RCPT", send: ehlo + lines("MAIL FROM:<a@b.example> RET=hdrs ENVID=QQ+2B314", "RCPT TO:<a@b.example> NOTIFY=success,FAILURE,Delay ORCPT=rfc822;Bob+2Bx@receiver.example",
		"RCPT TO:<b@b.example> notify=never", "RCPT TO:<c@b.example> ORCPT=x-y;"), want: []string{"250", "250", "250", "250", "250"}},
	{name: "RFC 3461 §5.1: values that are not valid are 501", send: ehlo + lines("MAIL FROM:<a@b.example> RET=ALL", "MAIL FROM:<a@b.example> RET", "MAIL FROM:<a@b.example> ENVID", "MAIL FROM:<a@b.example> ENVID=a+2b", "MAIL FROM:<a@b.example> ENVID=a+2",
		"MAIL FROM:<a@b.example> ENVID=a+0D+0A", "MAIL FROM:<a@b.example> ENVID="+strings.Repeat("x", 101), "MAIL FROM:<a@b.example> ENVID="+strings.Repeat("x", 100)),
		want: []string{"250", "501 5.5.4", "501", "501", "501", "501", "501", "501 5.5.4", "250"}},
	{name: "RFC 3461 §4.1, §4.2: NOTIFY and ORCPT", send: ehlo + mail + lines("RCPT TO:<a@b.example> NOTIFY=NEVER,DELAY", "RCPT TO:<a@b.example> NOTIFY=SOMETIMES", "RCPT TO:<a@b.example> NOTIFY=SUCCESS,", "RCPT TO:<a@b.example> NOTIFY",
		"RCPT TO:<a@b.example> ORCPT=bob@receiver.example", "RCPT TO:<a@b.example> ORCPT=;bob", "RCPT TO:<a@b.example> ORCPT=rfc822;b+zz", "RCPT TO:<a@b.example> ORCPT=rfc822;b+FF",
		"RCPT TO:<a@b.example> ORCPT=rfc822;"+strings.Repeat("x", 494), "RCPT TO:<a@b.example> ORCPT=rfc822;"+strings.Repeat("x", 493)),
		want: []string{"250", "250", "501 5.5.4", "501", "501", "501", "501", "501", "501", "501", "501", "250"}},
	{name: "RFC 3461 §4.5: each of them once", send: ehlo + lines("MAIL FROM:<a@b.example> RET=FULL RET=FULL", "MAIL FROM:<a@b.example> ENVID=1 envid=2") + mail + lines("RCPT TO:<a@b.example> NOTIFY=DELAY NOTIFY=DELAY", "RCPT TO:<a@b.example> ORCPT=a;b ORCPT=a;b"),
		want: []string{"250", "501 5.5.4", "501 5.5.4", "250", "501 5.5.4", "501 5.5.4"}},
	{name: "RFC 3461 §4: RET belongs to MAIL, NOTIFY to RCPT", send: ehlo + "MAIL FROM:<a@b.example> NOTIFY=NEVER\r\n" + mail + "RCPT TO:<a@b.example> RET=FULL\r\n", want: []string{"250", "555", "250", "555"}},
	{name: "RFC 5321 §4.1.1.11: parameters of an extension not offered are 555, whatever their values", config: basic,
		send: ehlo + lines("MAIL FROM:<a@b.example> RET=FULL", "MAIL FROM:<a@b.example> RET=x", "MAIL FROM:<a@b.example> ENVID=1", "MAIL FROM:<a@b.example> BODY=BINARYMIME") + mail + lines("RCPT TO:<a@b.example> NOTIFY=x", "RCPT TO:<a@b.example> ORCPT=rfc822;x"),
		want: []string{"250", "555", "555", "555", "555", "250", "555", "555"}},
	{name: "RFC 3461 §4: the longest of them fit the lines", config: only(DSN),
		send: ehlo + "MAIL FROM:<a@" + strings.Repeat("abc.", 62) + "abc> RET=FULL ENVID=" + strings.Repeat("x", 100) + "\r\n" +
			"RCPT TO:<a@" + strings.Repeat("abc.", 62) + "abc> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" + strings.Repeat("x", 493) + "\r\n" +
			"RCPT TO:<a@b.example>" + strings.Repeat(" ", 512+536-21-2) + "\r\nRCPT TO:<a@b.example>" + strings.Repeat(" ", 513+536-21-2) + "\r\n",
		want: []string{"250", "250", "250", "250", "500"}},

	{name: "RFC 9422 §4: limits are said in EHLO", config: func(c *Config) { c.Extensions, c.MaxMails, c.MaxRecipients = Limits, 3, 50 },
		send: ehlo, want: []string{"250-mx.receiver.example\r\n250-LIMITS RCPTMAX=50 MAILMAX=3\r\n250 HELP"}},
	{name: "RFC 9422 §4: a limit that is none is not said", config: only(Limits), send: ehlo, want: []string{"250-mx.receiver.example\r\n250-LIMITS RCPTMAX=100\r\n250 HELP"}},
	{name: "RFC 9422 §4: a limit has at most six digits", config: func(c *Config) { c.Extensions, c.MaxMails, c.MaxRecipients = Limits, 5_000_000, 1_000_000 },
		send: ehlo, want: []string{"250-mx.receiver.example\r\n250-LIMITS RCPTMAX=999999 MAILMAX=999999\r\n250 HELP"}},
	{name: "RFC 9422 §4: MAILMAX counts each MAIL of the session, refused or not", config: func(c *Config) { c.MaxMails = 3 },
		send: ehlo + mail + rcpt + data + ".\r\n" + "MAIL FROM:<x>\r\n" + ehlo + mail + "RSET\r\n" + mail + "RSET\r\n" + mail + "QUIT\r\n",
		want: []string{"250", "250", "250", "354", "250", "501", "250", "250", "250", "452 4.5.3", "250", "452 4.5.3", "221"}},
	{name: "RFC 9422 §4: the limit holds where it is not said, too", config: func(c *Config) { c.Extensions, c.MaxMails = 0, 1 },
		send: ehlo + mail + "RSET\r\n" + mail, want: []string{"250", "250", "250", "452"}},

	{name: "RFC 5321 §4.1.1.7: EXPN where it is served, before EHLO too", config: func(c *Config) { c.Expn, c.Extensions = true, 0 },
		send: "EXPN list\r\n" + ehlo + "EXPN list\r\nEXPN\r\n", want: []string{"252", "250-mx.receiver.example\r\n250-EXPN\r\n250 HELP", "252 cannot expand", "501"}},
	{name: "RFC 5321 §4.2.4: EXPN where it is not served is 502, whatever its argument", send: ehlo + "EXPN list\r\nEXPN\r\nEXPN \x01\r\n", want: []string{"250", "502", "502", "502"}},
	{name: "RFC 5321 §4.1.1.8: HELP lists what is served", config: func(c *Config) { c.Expn = true },
		send: "HELP\r\n", want: []string{"214 2.0.0 commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT"}},
	{name: "RFC 5321 §4.1.1.8: HELP lists no more", config: basic, send: "HELP\r\n", want: []string{"214 2.0.0 commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"}},
	{name: "RFC 5321 §4.1.1.8: HELP on a command", config: basic, send: "HELP MAIL\r\nHELP quit\r\nhelp rcpt\r\n",
		want: []string{"214-2.0.0 MAIL FROM:<address>\r\n214-2.0.0 parameters after EHLO: SIZE BODY\r\n214 2.0.0 opens", "214-2.0.0 QUIT\r\n214 2.0.0 says goodbye", "214-2.0.0 RCPT TO:<address>\r\n214 2.0.0 names"}},
	{name: "RFC 5321 §4.3.2: HELP on anything else is 504", config: basic, send: lines("HELP BDAT", "HELP EXPN", "HELP STARTTLS", "HELP dot", "HELP connect", "HELP unknown", "HELP me please", "HELP MAIL FROM"),
		want: []string{"504", "504", "504", "504", "504", "504", "504", "504"}},
	{name: "RFC 5321 §4.2.4: HELP can be left out", config: func(c *Config) { c.NoHelp, c.Extensions = true, 0 },
		send: "HELP\r\nHELP \x01\r\n" + ehlo, want: []string{"502", "502", "250 mx.receiver.example"}},

	{name: "RFC 5321 §3.8: too many mistakes in a row end with 421", config: func(c *Config) { c.MaxErrors = 2 },
		send: ehlo + lines("FOO", "DATA", "NOOP", "FOO", "NOOP"), want: []string{"250", "500", "503", "250", "421 4.7.0 mx.receiver.example heard too many mistakes"}},
	{name: "RFC 5321 §3.8: MAIL, RCPT and DATA make up for mistakes", config: func(c *Config) { c.MaxErrors = 1 },
		send: ehlo + "FOO\r\n" + mail + "FOO\r\n" + rcpt + "FOO\r\n" + data + ".\r\nFOO\r\nRSET\r\nFOO\r\n", want: []string{"250", "500", "250", "500", "250", "500", "354", "250", "500", "250", "421"}},
	{name: "RFC 5321 §3.8: a chunk makes up for mistakes", config: func(c *Config) { c.MaxErrors = 1 },
		send: to + "FOO\r\nBDAT 1\r\nxFOO\r\nFOO\r\n", want: []string{"250", "250", "250", "500", "250", "500", "421"}},
	{name: "RFC 5321 §3.8: twenty if nothing is said", send: ehlo + strings.Repeat("FOO\r\n", 25), want: append(strings.Split("250"+strings.Repeat(" 500", 20), " "), "421")},
	{name: "RFC 5321 §3.8: no limit if so configured", config: func(c *Config) { c.MaxErrors = -1 }, send: strings.Repeat("FOO\r\n", 50), want: strings.Split(strings.Repeat("500 ", 49)+"500", " ")},
	{name: "RFC 2920 §3.1: what is refused only because MAIL was, in the same group, is no mistake", config: func(c *Config) { c.MaxSize = 1000 },
		send: ehlo + mail[:len(mail)-2] + " SIZE=2000\r\n" + strings.Repeat(rcpt, 30) + data + "NOOP\r\n", want: append(append([]string{"250", "552"}, slices.Repeat([]string{"503"}, 31)...), "250")},
	{name: "RFC 2920 §3.1: nor is a BDAT", config: func(c *Config) { c.MaxSize, c.MaxErrors = 1000, 1 },
		send: ehlo + mail[:len(mail)-2] + " SIZE=2000\r\n" + rcpt + "BDAT 1\r\nxBDAT 1 LAST\r\nx" + rcpt + data + "NOOP\r\n", want: []string{"250", "552", "503", "503", "503", "503", "503", "250"}},
	{name: "RFC 2920 §3.1: it is after RSET, and without any MAIL", config: func(c *Config) { c.MaxErrors = 1 },
		send: ehlo + mail[:len(mail)-2] + " SIZE=20000\r\n" + rcpt + rcpt + "RSET\r\n" + rcpt + rcpt, want: []string{"250", "552", "503", "503", "250", "503", "421"}},
	{name: "RFC 5321 §3.8: 4yz, 550 and the like are no mistakes", config: func(c *Config) { c.MaxErrors, c.MaxRecipients = 1, 1 },
		send: ehlo + utf8Rcpt + mail + rcpt + rcpt + utf8Rcpt + utf8Rcpt + rcpt, want: []string{"250", "503", "250", "250", "452", "553", "553", "452"}},
}

// What a driver sees of what was asked about reports, and how.
func TestRFC3461_4_EnvelopeOfReports(t *testing.T) {
	seen := 0
	send := ehlo + "MAIL FROM:<a@b.example> RET=hdrs ENVID=QQ+2B314 SMTPUTF8 BODY=BINARYMIME\r\n" + rcpt +
		"RCPT TO:<a@b.example> NOTIFY=delay,success ORCPT=rfc822;Bob+2Bx@receiver.example\r\n" + "RCPT TO:<x@b.example> NOTIFY=FOO\r\n" + "RCPT TO:<b@b.example>\r\n" + "RCPT TO:<c@b.example> NOTIFY=NEVER\r\n"
	runServer(t, NewServer(fullConfig()), send+"BDAT 0 LAST\r\n"+mail+rcpt+data, single, func(s *Server) Reply {
		switch s.Command().Verb {
		case BDAT:
			seen++
			if !s.UTF8() || !s.Binary() || s.EightBit() || s.DSN() != (DSNMail{ReturnHeaders, "QQ+2B314"}) {
				t.Errorf("UTF-8 %v, binary %v, 8 bit %v, %v", s.UTF8(), s.Binary(), s.EightBit(), s.DSN())
			}
			want := []DSNRcpt{{}, {NotifySuccess | NotifyDelay, "rfc822;Bob+2Bx@receiver.example"}, {}, {NotifyNever, ""}}
			if diff := cmp.Diff(want, s.RecipientDSNs()); diff != "" || len(s.Recipients()) != 4 {
				t.Error(diff, s.Recipients())
			}
			if kind, address := s.RecipientDSNs()[1].Address(); kind != "rfc822" || address != "Bob+x@receiver.example" {
				t.Error(kind, address)
			}
			if s.RecipientDSNs()[1].Notify.String() != "SUCCESS,DELAY" || s.DSN().Return.String() != "HDRS" {
				t.Error(s.RecipientDSNs()[1].Notify, s.DSN().Return)
			}
		case DATA:
			seen++
			if s.UTF8() || s.Binary() || s.DSN() != (DSNMail{}) || len(s.RecipientDSNs()) != 0 {
				t.Error("the envelope outlived its transaction")
			}
		}
		return s.Proposal()
	})
	if seen != 2 {
		t.Error("not seen")
	}
	// A driver that takes what the engine refuses does not make it valid.
	runServer(t, NewServer(fullConfig()), ehlo+"MAIL FROM:<a@b.example> ENVID=+zz\r\nRCPT TO:<a@b.example> ORCPT=x\r\nNOOP\r\n", whole, func(s *Server) Reply {
		if s.Command().Verb == NOOP && (s.DSN() != (DSNMail{}) || len(s.RecipientDSNs()) != 0) {
			t.Error(s.DSN(), s.RecipientDSNs())
		}
		return Reply{Code: 250}
	})
}

// RFC 3461 §4: xtext.
func TestRFC3461_4_Xtext(t *testing.T) {
	for plain, coded := range map[string]string{"": "", "abc": "abc", "a+b=c": "a+2Bb+3Dc", "a b": "a+20b", "\r\n\x00\xff": "+0D+0A+00+FF", "~!": "~!"} {
		if got := EncodeXtext(plain); got != coded {
			t.Errorf("%q is coded %q, want %q", plain, got, coded)
		}
		if got, err := DecodeXtext(coded); err != nil || got != plain {
			t.Errorf("%q means %q, %v, want %q", coded, got, err, plain)
		}
	}
	for coded, pos := range map[string]int{"a b": 1, "a=": 1, "ab+": 2, "+4": 0, "+4g": 0, "+2b": 0, "x\x7f": 1, "\xc3\xa4": 0} {
		_, err := DecodeXtext(coded)
		if mistake, ok := err.(*SyntaxError); !ok || mistake.Pos != pos {
			t.Errorf("%q: %v", coded, err)
		}
	}
	if got, _ := DecodeXtext("+41b"); got != "Ab" {
		t.Errorf("more coded than needed: %q", got)
	}
	if got := OriginalOf(Path{"josé", "x.example"}); got != "" {
		t.Errorf("ORCPT of an address outside ASCII: %q", got)
	}
	for name, ok := range map[string]bool{"lunch 1": true, "": false, "é": false, strings.Repeat("x", 101): false} {
		if id, got := EnvIDOf(name); got != ok {
			t.Errorf("ENVID of %q: %q, %v", name, id, got)
		}
	}
	if got := OriginalOf(Path{"a+b", "x.example"}); got != "rfc822;a+2Bb@x.example" {
		t.Error(got)
	}
	if kind, address := (DSNRcpt{}).Address(); kind != "" || address != "" {
		t.Error(kind, address)
	}
}

// RFC 3461 §4.1: NOTIFY and RET as values.
func TestRFC3461_4_1_Notify(t *testing.T) {
	for text, want := range map[string]Notify{"never": NotifyNever, "SUCCESS": NotifySuccess, "delay,Failure": NotifyFailure | NotifyDelay, "SUCCESS,SUCCESS": NotifySuccess} {
		n, ok := ParseNotify(text)
		if again, ok2 := ParseNotify(n.String()); !ok || !ok2 || n != want || again != want {
			t.Errorf("%s: %v", text, n)
		}
	}
	for _, text := range []string{"", ",", "NEVER,SUCCESS", "SUCCESS NEVER", "SUCCESS, DELAY"} {
		if n, ok := ParseNotify(text); ok {
			t.Errorf("%q: %v", text, n)
		}
	}
	if r, ok := ParseReturn("full"); !ok || r != ReturnFull || ReturnUnsaid.String() != "" || Return(9).String() != "" || Notify(0).String() != "" {
		t.Error(r)
	}
}

// RFC 6531 §3.3 and RFC 5890 §2.3.2.1: addresses and names outside ASCII.
func TestRFC6531_3_3_Paths(t *testing.T) {
	for mailbox, ascii := range map[string]string{
		"bob@bücher.example":       "bob@xn--bcher-kva.example",
		"bob@BÜCHER.example":       "bob@xn--bcher-kva.example",
		"bob@παράδειγμα.example":   "bob@xn--hxajbheg2az3al.example",
		"bob@例え.example":           "bob@xn--r8jz45g.example",
		"bob@receiver.example":     "bob@receiver.example",
		"bob@[192.0.2.1]":          "bob@[192.0.2.1]",
		"böb@bücher.example":       "",
		"\"b ö\"@receiver.example": "",
	} {
		p, err := ParseMailbox(mailbox)
		if err != nil || !p.Valid() || p.Mailbox() != mailbox {
			t.Errorf("%s: %v, %v", mailbox, p, err)
			continue
		}
		a, ok := p.ToASCII()
		if ok != (ascii != "") || ok && (a.Mailbox() != ascii || !a.IsASCII()) || p.IsASCII() != (mailbox == ascii) {
			t.Errorf("%s: %v, %v", mailbox, a, ok)
		}
	}
	// 63 octets are the limit of an A-label; what it stands for may be longer.
	if _, err := ParseMailbox("a@" + strings.Repeat("例", 30) + ".example"); err != nil {
		t.Error(err)
	}
	for _, mailbox := range []string{"bob@b\xffcher.example", "b\xffb@receiver.example", "bob@-ü.example", "bob@ü-.example", "bob@a。example", "bob@\u0327x.example", "bob@" + strings.Repeat("ü", 64) + ".example", "bob@xn--ü.example"} {
		if p, err := ParseMailbox(mailbox); err == nil {
			t.Errorf("%q: %v", mailbox, p)
		}
	}
	if _, err := ASCIIDomain("a。example"); err == nil {
		t.Error("a dot that is none")
	}
	c := ParseCommandUTF8([]byte(utf8Rcpt))
	want := []string{"verb RCPT TO:", `forward-path <b\u00f6b@receiver.example>`, `local-part b\u00f6b`, "mailbox domain receiver.example", `line end \r\n`}
	if diff := cmp.Diff(want, named(c.Line, c.Parts)); diff != "" || c.Err != nil {
		t.Error(diff, c.Err)
	}
	if c := ParseCommand([]byte(utf8Rcpt)); c.Err == nil || c.Err.Pos != len("RCPT TO:<b") {
		t.Errorf("%+v", c.Err)
	}
}

// RFC 3030 §2, RFC 6531 §3.7.4.2: every part of the new commands is named.
func TestExtensionCommandParts(t *testing.T) {
	for line, want := range map[string][]string{
		"BDAT 86 LAST\r\n":      {"verb BDAT", "separator  ", "chunk size 86", "separator  ", "last marker LAST", `line end \r\n`},
		"bdat 0 \r\n":           {"verb bdat", "separator  ", "chunk size 0", "separator  ", `line end \r\n`},
		"BDAT 1 LATS\r\n":       {"verb BDAT", "separator  ", "chunk size 1", "separator  ", `line end \r\n`},
		"BDAT x\r\n":            {"verb BDAT", "separator  ", `line end \r\n`},
		"VRFY bob SMTPUTF8\r\n": {"verb VRFY", "separator  ", "argument bob", "separator  ", "parameter keyword SMTPUTF8", `line end \r\n`},
		"EXPN list\r\n":         {"verb EXPN", "separator  ", "argument list", `line end \r\n`},
	} {
		c := ParseCommand([]byte(line))
		if diff := cmp.Diff(want, named(c.Line, c.Parts)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
		checkParts(t, c.Parts, len(line))
	}
}

// RFC 9422 §3: what a client makes of a LIMITS line.
func TestRFC9422_3_ParseOffer(t *testing.T) {
	for line, want := range map[string][3]int{
		"LIMITS RCPTMAX=20 MAILMAX=5":                        {20, 5, 0},
		"limits mailmax=5  RCPTDOMAINMAX=1 X rcptmax=999999": {999999, 5, 1},
		"LIMITS":                     {0, 0, 0},
		"LIMITS RCPTMAX=0 MAILMAX=":  {0, 0, 0},
		"LIMITS RCPTMAX=1000000":     {0, 0, 0},
		"LIMITS RCPTMAX=05 MAILMAX5": {0, 0, 0},
		"LIMITS RCPTMAX=-1":          {0, 0, 0},
	} {
		o := ParseOffer(Reply{Code: 250, Lines: []string{"x", line}})
		if o.RcptMax != want[0] || o.MailMax != want[1] || o.RcptDomainMax != want[2] || o.Extensions != Limits {
			t.Errorf("%q: %+v", line, o)
		}
	}
}
