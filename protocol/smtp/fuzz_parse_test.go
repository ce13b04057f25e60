package smtp

// Fuzz targets of the parsers.

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte("MAIL FROM:<a@b> SIZE=1 BODY=7BIT\r\n"))
	f.Add([]byte("RCPT TO:<@a,@b:\"c d\"@[IPv6:::1]> X\r\n"))
	f.Add([]byte("EHLO [192.0.2.1]\n"))
	f.Add([]byte("BDAT 86 LAST\r\n"))
	f.Add([]byte("MAIL FROM:<ä@ü.example> SMTPUTF8 RET=FULL ENVID=+41\r\n"))
	f.Add([]byte("RCPT TO:<\"ö\"@ü.example> NOTIFY=DELAY,SUCCESS ORCPT=rfc822;+41\r\n"))
	for _, rule := range allServerRules() {
		for l := range strings.SplitSeq(rule.send, "\r\n") {
			f.Add([]byte(l + "\r\n"))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c := ParseCommandUTF8(line)
		if ascii := ParseCommand(line); ascii.Err == nil && c.Err != nil || ascii.Verb != c.Verb || isASCII(line) && (ascii.Err == nil) != (c.Err == nil) {
			t.Fatalf("%v in ASCII, %v in UTF-8", ascii.Err, c.Err)
		}
		if c.countOK && (c.Verb != BDAT || c.Count < 0) || c.Verb == BDAT && c.Err == nil && !c.countOK {
			t.Fatalf("count %d", c.Count)
		}
		checkParts(t, c.Parts, len(line))
		if c.Err != nil {
			if c.Err.Pos < 0 || c.Err.Pos > len(line) || c.Err.Want == "" {
				t.Fatalf("mistake %+v in %d octets", c.Err, len(line))
			}
			if out := answer(c.Err.Code, c.Err.Enhanced, c.Err.Error()).Append(nil, true); len(out) > 100 {
				t.Fatalf("long-winded: %q", out)
			}
			return
		}
		for i := range c.Params {
			p := &c.Params[i]
			if string(line[p.Start:p.Start+len(p.Keyword)]) != p.Keyword || !bytes.HasSuffix(line[p.Start:p.End], []byte(p.Value)) {
				t.Fatalf("parameter %+v", p)
			}
			if text, err := DecodeXtext(p.Value); strings.EqualFold(p.Keyword, "ENVID") && (err != nil || strings.ContainsAny(text, "\r\n\x00")) {
				t.Fatalf("ENVID is %q, %v", text, err)
			}
		}
		if c.Verb == MAIL || c.Verb == RCPT {
			if !c.Path.Valid() {
				t.Fatalf("path %q of %q is not valid", c.Path, line)
			}
		}
		// Without mistakes, every octet is part of something.
		covered := 0
		for _, p := range c.Parts {
			if p.Start > covered {
				t.Fatalf("nothing names octet %d of %q: %v", covered, line, c.Parts)
			}
			covered = max(covered, p.End)
		}
		if covered != len(line) {
			t.Fatalf("nothing names octet %d of %q: %v", covered, line, c.Parts)
		}
	})
}

// checkParts fails if parts are out of order, out of bounds, or overlap
// without one lying in the other.
func checkParts(t *testing.T, parts []Part, size int) {
	t.Helper()
	var open []Part
	last := 0
	for _, p := range parts {
		if p.Start < last || p.End < p.Start || p.End > size {
			t.Fatalf("part %v after octet %d of %d: %v", p, last, size, parts)
		}
		last = p.Start
		for len(open) > 0 && open[len(open)-1].End <= p.Start {
			open = open[:len(open)-1]
		}
		if len(open) > 0 && open[len(open)-1].End < p.End {
			t.Fatalf("part %v sticks out of %v", p, open[len(open)-1])
		}
		open = append(open, p)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"<>", "<a@b>", "<Postmaster>", `<"a\"b"@c>`, "<@a,@b:c@d>", "<a@[192.0.2.1]>", "<a@[IPv6:2001:db8::1]>", "<a@[x-y:z]>",
		"<ö@ü.example>", "bob@παράδειγμα.example", "a@例え.xn--zckzah", `"ö"@ab.example`, "a@\u0327x.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil {
			if p != (Path{}) {
				t.Fatalf("%q: %v with %v", s, p, err)
			}
		} else if again, err := ParsePath(p.String()); err != nil || again != p || string(p.Append(nil)) != p.String() {
			t.Fatalf("%q is %q, and that is %v, %v", s, p, again, err)
		}
		if m, err := ParseMailbox(s); err == nil {
			if m.Mailbox() != s || !m.Valid() {
				t.Fatalf("%q is %v", s, m)
			}
			if a, ok := m.ToASCII(); ok && (!a.IsASCII() || !a.Valid() || m.IsASCII() && a != m) {
				t.Fatalf("%q in ASCII is %v", s, a)
			}
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte("250 ok\r\n"))
	f.Add([]byte("550-5.1.1 no\r\n550 5.1.1 such\r\n"))
	f.Add([]byte("250-a\r\n251 b\r\n"))
	f.Add([]byte("354\r\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		r, parts, err := ParseReply(octets)
		checkParts(t, parts, len(octets))
		if err != nil {
			return
		}
		sent := r.Append(nil, true)
		checkLines(t, string(sent), MaxReplyLine)
		again, _, err := ParseReply(sent)
		if err != nil || again.Code != r.Code || again.Enhanced != r.Enhanced {
			t.Fatalf("%q is %v, sent as %q, read as %v, %v", octets, r, sent, again, err)
		}
		if bytes.Count(octets, []byte("\r\n")) != len(r.Lines) {
			t.Fatalf("%q has %d lines", octets, len(r.Lines))
		}
	})
}

func FuzzParseReplySpec(f *testing.F) {
	f.Add("451")
	f.Add("451 4.3.0 try again later")
	f.Add("354 5.1.1 go")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReplySpec(s)
		if err != nil {
			return
		}
		sent := r.Append(nil, true)
		checkLines(t, string(sent), MaxReplyLine)
		if again, _, err := ParseReply(sent); err != nil || again.Code != r.Code || again.Enhanced != r.Enhanced {
			t.Fatalf("%q is sent as %q, read as %v, %v", s, sent, again, err)
		}
	})
}

func FuzzXtext(f *testing.F) {
	f.Add("a+b=c \r\n\xff")
	f.Add("+41+2b+zz")
	f.Fuzz(func(t *testing.T, s string) {
		coded := EncodeXtext(s)
		for i := range len(coded) {
			if octets[coded[i]]&value == 0 {
				t.Fatalf("%q is coded %q", s, coded)
			}
		}
		if plain, err := DecodeXtext(coded); err != nil || plain != s {
			t.Fatalf("%q is coded %q, and that is %q, %v", s, coded, plain, err)
		}
		if plain, err := DecodeXtext(s); err == nil {
			if again, err := DecodeXtext(EncodeXtext(plain)); err != nil || again != plain {
				t.Fatalf("%q means %q, coded again %q, %v", s, plain, again, err)
			}
		}
	})
}
