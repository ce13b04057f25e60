package message

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var at = time.Date(2026, 11, 23, 10, 15, 2, 0, time.UTC)

func TestReceived(t *testing.T) {
	v4 := netip.MustParseAddr("192.0.2.10")
	full := Received{
		FromName: "mail.sender.example", FromAddr: v4, By: "mx.receiver.example",
		With: "ESMTP", ID: "4fQ1", For: "bob@receiver.example", At: at,
	}
	with := func(f func(r *Received)) Received { r := full; f(&r); return r }
	tests := []struct {
		rule string
		r    Received
		want string
	}{
		{"RFC 5321 §4.4: the whole field", full,
			"Received: from mail.sender.example ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5321 §4.4: more recipients, no for clause", with(func(r *Received) { r.For = "" }),
			"Received: from mail.sender.example ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1;\n Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 8314 §4.3: the cipher suite of TLS", with(func(r *Received) { r.TLS = "TLS_AES_128_GCM_SHA256" }),
			"Received: from mail.sender.example ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>\n tls TLS_AES_128_GCM_SHA256; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5321 §4.4: TCP-info with the looked up name", with(func(r *Received) { r.FromReverse = "out.sender.example" }),
			"Received: from mail.sender.example (out.sender.example [192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5321 §4.1.3: IPv6 has its tag; a client may name itself by its address",
			with(func(r *Received) {
				r.FromName = "[IPv6:2001:db8::25]"
				r.FromAddr = netip.MustParseAddr("2001:db8::25")
			}),
			"Received: from [IPv6:2001:db8::25] ([IPv6:2001:db8::25])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5322 §3.3: another zone's time is told in UTC",
			with(func(r *Received) {
				r.For = "<bob@receiver.example>"
				r.At = at.In(time.FixedZone("", 5*3600+45*60))
			}),
			"Received: from mail.sender.example ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5322 §2.1.1: a long first line is folded", with(func(r *Received) { r.FromName = "a-host-with-a-very-long-name.in-a-department.sender.example" }),
			"Received: from a-host-with-a-very-long-name.in-a-department.sender.example\n ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"a peer cannot add lines, comments or clauses",
			with(func(r *Received) { r.FromName = "x (evil)\r\nBcc: me; by y\x1b[2J"; r.For = "a\r\nX: <b> c@d" }),
			"Received: from x-evil-Bcc-me-by-y-2J ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <a??X:??b??c@d>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"nothing known", Received{At: at}, "Received: from unknown\n by unknown;\n Mon, 23 Nov 2026 10:15:02 +0000\n"},
		{"RFC 5321 §4.1.2: a quoted local-part stays", with(func(r *Received) { r.For = `"a b>\"c"@receiver.example` }),
			"Received: from mail.sender.example ([192.0.2.10])\n by mx.receiver.example with ESMTP id 4fQ1\n for <\"a b>\\\"c\"@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000\n"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got := string(tt.r.AppendTo([]byte("before ")))
			if want := "before " + strings.ReplaceAll(tt.want, "\n", "\r\n"); got != want {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
}

// receivedForm is the grammar of RFC 5321 §4.4 as far as we write it.
var receivedForm = func() *regexp.Regexp {
	const (
		domain  = `(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)`
		literal = `\[[A-Za-z0-9.:-]+\]`
		fws     = `(?: |\r\n )`
		atom    = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
		path    = `<(?:"(?:[ !#-\[\]-~]|\\[ -~])*"|[!#-;=?-~])*>`
	)
	return regexp.MustCompile(`^Received: from (?:` + domain + `|` + literal + `)` +
		`(?:` + fws + `\((?:` + domain + ` )?` + literal + `\))?` +
		`\r\n by ` + domain + `(?: with ` + atom + `)?(?: id ` + atom + `)?` +
		`(?:\r\n for ` + path + `)?(?:\r\n tls ` + atom + `)?;` + fws + `[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000\r\n$`)
}()

// RFC 5321 §4.4: whatever a peer says, the field keeps its form.
func TestReceivedKeepsItsForm(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z<>"\\ .\-\[\]\r\n:@]{0,30}`),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		r := Received{
			FromName:    text.Draw(t, "name"),
			FromReverse: text.Draw(t, "reverse"),
			FromAddr:    netip.MustParseAddr("2001:db8::1"),
			By:          text.Draw(t, "by"),
			With:        text.Draw(t, "with"),
			ID:          text.Draw(t, "id"),
			For:         text.Draw(t, "for"),
			TLS:         text.Draw(t, "tls"),
			At:          at,
		}
		if got := string(r.AppendTo(nil)); !receivedForm.MatchString(got) {
			t.Fatalf("%q", got)
		}
	})
}

func TestReturnPath(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "<>",
		"<>":                        "<>",
		"alice@sender.example":      "<alice@sender.example>",
		"<alice@sender.example>":    "<alice@sender.example>",
		`"a b"@sender.example`:      `<"a b"@sender.example>`,
		"a\r\nBcc: x":               "<a??Bcc:?x>",
		`"never closed@x`:           "<?never?closed@x>",
		"gr\xc3\xbc@sender.example": "<gr??@sender.example>",
	} {
		if got := string(AppendReturnPath(nil, in)); got != "Return-Path: "+want+"\r\n" {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// RFC 5322 §3.3, and a day of one digit has one.
func TestDate(t *testing.T) {
	if got := string(AppendDate(nil, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))); got != "Sun, 1 Mar 2026 00:00:00 +0000" {
		t.Error(got)
	}
}

func TestTraceAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1024)
	r := Received{
		FromName: "mail.sender.example", FromReverse: "mail.sender.example", FromAddr: netip.MustParseAddr("2001:db8::1"),
		By: "mx.receiver.example", With: "ESMTP", ID: "4fQ1", For: "bob@receiver.example", At: at,
	}
	if n := testing.AllocsPerRun(100, func() {
		buf = r.AppendTo(buf[:0])
		buf = AppendReturnPath(buf, "alice@sender.example")
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReceived(b *testing.B) {
	buf := make([]byte, 0, 1024)
	r := Received{FromName: "mail.sender.example", FromAddr: netip.MustParseAddr("192.0.2.10"),
		By: "mx.receiver.example", With: "ESMTP", ID: "4fQ1", For: "bob@receiver.example", At: at}
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendTo(buf[:0])
	}
}

// RFC 5322 §3.3: the date is what the standard library's layout gives.
func TestAppendDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<36, 1<<38).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).In(time.FixedZone("", 3600*rapid.IntRange(-12, 12).Draw(t, "zone")))
		if got, want := string(AppendDate(nil, at)), at.UTC().Format("Mon, 2 Jan 2006 15:04:05 +0000"); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// RFC 6531 §3.3: a letter that came by SMTPUTF8 keeps its reverse-path whole.
func TestReturnPathUTF8(t *testing.T) {
	for path, want := range map[string]string{
		"jos\u00e9@receiver.example":      "<jos\u00e9@receiver.example>",
		"<jos\u00e9@b\u00fccher.example>": "<jos\u00e9@b\u00fccher.example>",
		"<>":                              "<>",
		"jos\xe9@receiver.example":        "<jos?@receiver.example>",
		"a\r\nX: \u00e9@b.example":        "<a??X:?\u00e9@b.example>",
	} {
		if got := string(AppendReturnPathUTF8(nil, path)); got != "Return-Path: "+want+"\r\n" {
			t.Errorf("%q: %q", path, got)
		}
	}
}
