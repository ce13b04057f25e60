package explain

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// lines draws octets that are often nearly commands, replies, letters or DNS
// messages, and sometimes nothing of the kind.
func lines() *rapid.Generator[[]byte] {
	piece := rapid.SampledFrom([]string{
		"MAIL FROM:", "RCPT TO:", "EHLO ", "HELO ", "DATA", "QUIT", "RSET", "VRFY ", "<", ">", "@", "a", "b.example", "\"a b\"", "[IPv6:::1]",
		" SIZE=1", " SIZE=", " BODY=8BITMIME", " FOO", " =", "250", "250-", "250 ", "5.1.1 ", "2.0.0 ", "550 ", "99", "\r\n", "\r\n", "\r\n", "\n",
		"\r", " ", "\t", ".", ".\r\n", "..", ":", "Subject: x", "To:", "X-\xff: y", " folded", "\r\n\r\n", "\x1b[2J", "\u202e", "ü", "\x00\x01",
		"AUTH PLAIN ", "AUTH SCRAM-SHA-256 ", "AUTH LOGIN", "334 ", "AGFsaWNlAHdvbmRlcmxhbmQ=", "biwsbj1hLHI9Yg==", "=", "*", "ClientHello: ", "ServerHello: ",
		"TLS 1.3", ", for ", ", certificate for ", " by ", ", from ", ", ciphers ", "; with whomever: ", "; the certificate is right", "Finished",
		"\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00", "\x01a\x00\x00\x0f\x00\x01", "\xc0\x0c",
	})
	return rapid.Custom(func(t *rapid.T) []byte {
		var b []byte
		for range rapid.IntRange(0, 14).Draw(t, "pieces") {
			if rapid.IntRange(0, 9).Draw(t, "any") == 0 {
				b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "octets")...)
			}
			b = append(b, piece.Draw(t, "piece")...)
		}
		return b
	})
}

// TestAnyOctets holds that whatever octets an event has, each is named, nothing
// is shown that should not be, and nothing panics.
func TestAnyOctets(t *testing.T) {
	r := reference(t)
	hosts := []trace.Host{{ID: "a", Name: "a.example", Title: "\x1b[31mA's laptop"}, {ID: "b", Name: "b.example", Title: "b.example"}}
	rapid.Check(t, func(t *rapid.T) {
		tr := trace.New("", 0, time.Time{}, hosts)
		store := func(b []byte) trace.Span { return tr.Store(b) }
		tr.Append(trace.Event{Kind: trace.Connect, Conn: 1, Host: 1, Peer: 2, Code: 25, Cause: trace.NoPos, Octets: store(lines().Draw(t, "address"))})
		for i := range rapid.IntRange(1, 6).Draw(t, "events") {
			e := trace.Event{
				Kind: trace.Kind(rapid.IntRange(1, int(trace.LoggedIn)).Draw(t, "kind")),
				Conn: trace.ConnID(rapid.IntRange(0, 1).Draw(t, "conn")), Host: 1, Peer: 2,
				Code: uint16(rapid.IntRange(0, 700).Draw(t, "code")), Arg: uint32(rapid.IntRange(0, 1<<20).Draw(t, "arg")),
				Verb:  smtp.Verb(rapid.IntRange(0, int(smtp.Response)).Draw(t, "verb")),
				From:  smtp.State(rapid.IntRange(0, int(smtp.StateResponseSent)).Draw(t, "from")),
				To:    smtp.State(rapid.IntRange(0, int(smtp.StateResponseSent)).Draw(t, "to")),
				Flags: trace.Flags(rapid.IntRange(0, 63).Draw(t, "flags")),
				Cause: trace.Pos(rapid.IntRange(0, i).Draw(t, "cause")),
			}
			if octets := lines().Draw(t, "octets"); rapid.IntRange(0, 3).Draw(t, "secret") == 0 {
				e.Octets = tr.StoreSecret(octets, bytes.Repeat([]byte("*"), len(octets)))
			} else {
				e.Octets = store(octets)
			}
			pos := tr.Append(e)
			by := Eyes(rapid.IntRange(0, int(Wire)).Draw(t, "eyes"))
			x := r.Seen(tr, pos, tr.End(), by)
			if e.Kind == trace.Reply && x.Means == "" && (e.Code < 200 || e.Code >= 600) {
				x.Means = "no such code"
			}
			if msg := wrong(tr, pos, x); msg != "" && !strings.HasPrefix(msg, "a word in braces") && !strings.HasPrefix(msg, "a hole") {
				t.Fatalf("%s %q: %s\n%+v", e.Kind, tr.OctetsAt(pos), msg, x)
			}
			_ = by.Line(tr, pos)
			_ = fmt.Sprint(Show(x.Octets), Hex(x.Octets))
		}
	})
}
