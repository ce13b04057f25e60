package explain

// What is seen of TLS and of logins, by whom.

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// locked are runs with TLS and logins.
func locked(t testing.TB) map[string]*trace.Trace {
	t.Helper()
	login := func(words string) func(string) string {
		return func(s string) string {
			return strings.Replace(s, "{user: alice, password: wonderland, mechanism: PLAIN}", words, 1)
		}
	}
	byHand := func(lines ...string) []string {
		inputs := []string{"laptop hand to=msa port=587"}
		for _, l := range lines {
			inputs = append(inputs, fmt.Sprintf("laptop says %q", l))
		}
		return inputs
	}
	runs := map[string]*trace.Trace{
		"locked":   runDirect(t, nil, nil),
		"plus":     runDirect(t, login("{user: alice, password: wonderland}"), nil),
		"scram":    runDirect(t, login("{user: alice, password: wonderland, mechanism: SCRAM-SHA-256}"), nil),
		"cram":     runDirect(t, login("{user: alice, password: wonderland, mechanism: CRAM-MD5}"), nil),
		"login":    runDirect(t, login("{user: alice, password: wonderland, mechanism: LOGIN}"), nil),
		"wrong":    runDirect(t, login("{user: alice, password: looking-glass, mechanism: PLAIN}"), nil),
		"implicit": runDirect(t, func(s string) string { return strings.Replace(s, "tls: insist", "tls: implicit", 1) }, nil),
		"in clear": runDirect(t, func(s string) string {
			s = login("{user: alice, password: wonderland, mechanism: PLAIN, in-clear: yes}")(s)
			s = strings.Replace(s, "users: [", "plain-in-clear: yes\n      users: [", 1)
			return strings.Replace(s, "tls: insist", "tls: none", 1)
		}, nil),
		"logins by hand": runDirect(t, nil, byHand("EHLO [192.0.2.77]", "AUTH", "AUTH PLAIN", "AUTH FOO", "AUTH CRAM-MD5", "no base64", "AUTH CRAM-MD5 =",
			"AUTH CRAM-MD5", "*", "AUTH CRAM-MD5", "", "AUTH SCRAM-SHA-256", "biwsbj1hbGljZSxyPWZ5a28rZDJsYmJGZ09OUnY5cWt4ZGF3TA==", "*", "STARTTLS",
			"EHLO [192.0.2.77]", "STARTTLS", "AUTH PLAIN !!!", "AUTH PLAIN =", "AUTH PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ=", "AUTH PLAIN", "QUIT")),
	}
	runs["mistakes by hand"] = runDirect(t, nil, byHand("EHLO [192.0.2.77]", "NOOP AUTH PLAIN wonderland", "MAIL FROM:<alice@sender.example> AUTH PLAIN wonderland",
		"MAIL FROM:<alice@sender.example> AUTH=AGFsaWNlAHdvbmRlcmxhbmQ=", "AUTH AGFsaWNlAHdv", "AUTH d29uZGVybGFuZA==", "AUTH=LOGIN wonderland", "AUTHPLAIN wonderland",
		"AUTH CRAM-MD5", "alice", "wonderland", "VRFY auth login wonderland", "QUIT"))
	for _, spec := range []string{
		"msa>mx tls=strip", "msa tls=expired", "mx tls=expired", "mx tls=wrongname", "mx tls=unknownca", "mx tls=garbage", "msa tls=garbage",
		"msa tls=inject", "laptop>msa tls=strip", "mx at=STARTTLS reply=454", "msa at=AUTH reply=454", "msa at=AUTH reply=535", "msa at=AUTH reply=534",
		"msa at=AUTH reply=432", "msa at=STARTTLS drop", "mx at=RCPT drop",
	} {
		runs[spec] = runDirect(t, nil, nil, spec)
	}
	return runs
}

// everythingSaid is all that is shown of a trace to those eyes.
func everythingSaid(t *testing.T, tr *trace.Trace, by Eyes) string {
	r := reference(t)
	var b strings.Builder
	for p := trace.Pos(0); p < tr.End(); p++ {
		x := r.Seen(tr, p, tr.End(), by)
		fmt.Fprintf(&b, "%d %s %s\n%s\n%s\n%s\n", p, tr.At(p).Kind, by.Line(tr, p), x.Title, x.Means, x.Because)
		octetLines(&b, x)
		for _, part := range x.Parts {
			fmt.Fprintln(&b, part.Name, part.Meaning)
		}
	}
	return b.String()
}

// TestPasswordsAreMasked holds that no password shows, in whatever form, unless
// it is asked for.
func TestPasswordsAreMasked(t *testing.T) {
	secrets := []string{"wonderland", "looking-glass"}
	for _, s := range []string{"\x00alice\x00wonderland", "\x00alice\x00looking-glass", "wonderland", "alice"} {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	secrets = append(secrets, "AGFsaWNlAHdv")
	for name, tr := range locked(t) {
		said := everythingSaid(t, tr, Masked)
		for _, s := range secrets {
			if strings.Contains(said, s) {
				t.Errorf("%s: %q is shown", name, s)
			}
		}
		if why := "may have been meant for the login"; strings.Contains(said, why) != (name == "mistakes by hand") {
			t.Errorf("%s: wrong about %q", name, why)
		}
	}
}

// TestEndsSeeThePassword holds that those who ask see what was said, with its
// base64 undone.
func TestEndsSeeThePassword(t *testing.T) {
	for name, want := range map[string][]string{
		"locked":   {"AGFsaWNlAHdvbmRlcmxhbmQ=", "“wonderland”: the password", "“alice”: the user's name", "nothing before it"},
		"login":    {"“wonderland”: the password", "“Password:”: what the server asks for"},
		"cram":     {"a digest of the server's text", "never used before"},
		"scram":    {"the proof that it knows the password", "the server's proof", "the salt", "times the password is digested", "not bound"},
		"plus":     {"“p=tls-exporter,”: the login is bound to this TLS connection", "the proof that it knows the password"},
		"in clear": {"AGFsaWNlAHdvbmRlcmxhbmQ=", "“wonderland”: the password"},
	} {
		said := everythingSaid(t, locked(t)[name], Ends)
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is not shown", name, w)
			}
		}
	}
}

// TestWhatAnEavesdropperSees holds that inside TLS nobody on the line reads a
// word, and that in clear all can be read, a password too.
func TestWhatAnEavesdropperSees(t *testing.T) {
	runs := locked(t)
	said := everythingSaid(t, runs["locked"], Wire)
	for _, hidden := range []string{"MAIL", "alice@", "Lunch", "AUTH PLAIN", "queued as", "logged in", "certificate for", "2027-11-23", "the certificate is right", "wonderland"} {
		if strings.Contains(said, hidden) {
			t.Errorf("inside TLS: %q is shown", hidden)
		}
	}
	for _, seen := range []string{"EHLO [192.0.2.77]", "250-STARTTLS", "mail.sender.example", "ClientHello: TLS 1.3", "41 octets", "in the same record"} {
		if !strings.Contains(said, seen) {
			t.Errorf("in clear: %q is not shown", seen)
		}
	}
	said = everythingSaid(t, runs["in clear"], Wire)
	for _, seen := range []string{"AGFsaWNlAHdvbmRlcmxhbmQ=", "“wonderland”: the password", "MAIL FROM:<alice@sender.example>"} {
		if !strings.Contains(said, seen) {
			t.Errorf("without TLS: %q is not shown", seen)
		}
	}
}

// TestRecords holds how many octets carry what is said inside TLS 1.3
// (RFC 8446 §5.2).
func TestRecords(t *testing.T) {
	for n, want := range map[int]record{
		1: {octets: 23, n: 1}, 19: {octets: 41, n: 1}, 16384: {octets: 16406, n: 1}, 16385: {octets: 16429, n: 2}, 40000: {octets: 40066, n: 3},
	} {
		if got := recordsFor(n); got != want {
			t.Errorf("%d octets are carried by %+v, want %+v", n, got, want)
		}
	}
	tr := runDirect(t, nil, nil)
	together := 0 // MAIL, RCPT and DATA leave in one piece
	for p := trace.Pos(0); p < tr.End(); p++ {
		e := tr.At(p)
		if e.Kind != trace.Command || e.Conn != 1 || e.Flags&trace.Inside == 0 {
			continue
		}
		switch r := recordOf(tr, p); e.Verb {
		case smtp.MAIL:
			together = r.octets
		case smtp.RCPT, smtp.DATA:
			if !r.shared {
				t.Errorf("%s has a record of its own", e.Verb)
			}
		}
	}
	if want := len("MAIL FROM:<alice@sender.example> SIZE=308\r\nRCPT TO:<bob@receiver.example>\r\nDATA\r\n") + 22; together != want {
		t.Errorf("the envelope takes %d octets, want %d", together, want)
	}
}

// TestGoldenLocked holds explanations of TLS and logins, as [TestGolden] does of
// the rest: of one connection each, up to the letter.
func TestGoldenLocked(t *testing.T) {
	runs := locked(t)
	r := reference(t)
	for _, tt := range []struct {
		name, run string
		by        Eyes
		conn      trace.ConnID
	}{
		{"locked", "locked", Masked, 1},
		{"locked-ends", "locked", Ends, 1},
		{"locked-wire", "locked", Wire, 1},
		{"clear-wire", "in clear", Wire, 1},
		{"scram-ends", "plus", Ends, 1},
		{"cram-ends", "cram", Ends, 1},
		{"whomever", "mx tls=expired", Masked, 2},
		{"expired", "msa tls=expired", Masked, 1},
		{"garbage", "mx tls=garbage", Masked, 2},
		{"strip", "msa>mx tls=strip", Masked, 2},
		{"inject", "msa tls=inject", Masked, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := runs[tt.run]
			var b strings.Builder
			for p := trace.Pos(0); p < tr.End(); p++ {
				e := tr.At(p)
				if e.Conn != tt.conn || !e.Kind.IsRow() {
					continue
				}
				onPaper(&b, tr, p, r.Seen(tr, p, tr.End(), tt.by), tt.by)
				if e.Verb == smtp.MAIL {
					break
				}
			}
			golden(t, tt.name, b.String())
		})
	}
}

// TestRecordsOfALiveServer holds the same of a server that records what it says
// itself: there octets leave behind the line, and never arrive.
func TestRecordsOfALiveServer(t *testing.T) {
	tr := trace.New("test", 1, time.Unix(0, 0), []trace.Host{{ID: "client"}, {ID: "mx"}})
	add := func(k trace.Kind, from, to trace.HostID, octets string) trace.Pos {
		return tr.Append(trace.Event{Kind: k, Conn: 1, Host: from, Peer: to, Flags: trace.Inside, Cause: trace.NoPos, Octets: tr.Store([]byte(octets))})
	}
	add(trace.Secured, 2, 1, "TLS 1.3, TLS_AES_128_GCM_SHA256")
	add(trace.Arrived, 2, 1, "NOOP\r\nRSET\r\n")
	command := add(trace.Command, 1, 2, "NOOP\r\n")
	reply := add(trace.Reply, 2, 1, "250 ok\r\n")
	command2 := add(trace.Command, 1, 2, "RSET\r\n")
	reply2 := add(trace.Reply, 2, 1, "250 ok\r\n")
	add(trace.Sent, 2, 1, "250 ok\r\n250 ok\r\n")
	add(trace.Arrived, 2, 1, "QUIT\r\n")
	command3 := add(trace.Command, 1, 2, "QUIT\r\n")
	reply3 := add(trace.Reply, 2, 1, "221 bye\r\n")
	add(trace.Sent, 2, 1, "221 bye\r\n")
	for pos, want := range map[trace.Pos]record{
		command: {octets: 34, n: 1}, command2: {n: 1, shared: true}, command3: {octets: 28, n: 1},
		reply: {octets: 38, n: 1}, reply2: {n: 1, shared: true}, reply3: {octets: 31, n: 1},
	} {
		if got := recordOf(tr, pos); got != want {
			t.Errorf("%s is carried by %+v, want %+v", Line(tr, pos), got, want)
		}
	}
	old := trace.New("test", 1, time.Unix(0, 0), tr.Hosts[1:])
	old.Append(trace.Event{Kind: trace.Secured, Conn: 1, Host: 2, Peer: 1, Flags: trace.Inside, Octets: old.Store([]byte("TLS 1.2"))})
	pos := old.Append(trace.Event{Kind: trace.Command, Conn: 1, Host: 1, Peer: 2, Flags: trace.Inside, Octets: old.Store([]byte("QUIT\r\n"))})
	if got := Wire.Line(old, pos); got != "sealed" {
		t.Errorf("of TLS 1.2 it is said %q", got)
	}
}

// Before TLS 1.3 the certificate is not encrypted, and the ServerHello has no
// half of a key (RFC 8446 §1.2, RFC 5246 §7.4.2).
func TestCertificatesBeforeTLS13(t *testing.T) {
	tr := trace.New("test", 1, time.Unix(0, 0), []trace.Host{{ID: "client"}, {ID: "mx"}})
	add := func(from, to trace.HostID, octets string) trace.Pos {
		return tr.Append(trace.Event{Kind: trace.Handshake, Conn: 1, Host: from, Peer: to, Cause: trace.NoPos, Octets: tr.Store([]byte(octets))})
	}
	for pos, want := range map[trace.Pos][2]string{
		add(1, 2, "ClientHello: TLS 1.3, for mx.receiver.example"): {"its half of a key exchange", "its half of a key exchange"},
		add(2, 1, "ServerHello: TLS 1.3, TLS_AES_128_GCM_SHA256"):  {"comes in secret", "comes encrypted"},
		add(1, 2, "ClientHello: TLS 1.2, for mx.receiver.example"): {"TLS 1.3 is not among them", "TLS 1.3 is not among them"},
		add(2, 1, "ServerHello: TLS 1.2, TLS_AES_128_GCM_SHA256"):  {"comes in clear", "comes in clear"},
	} {
		for i, by := range []Eyes{Masked, Wire} {
			if x := reference(t).Seen(tr, pos, tr.End(), by); !strings.Contains(x.Means, want[i]) {
				t.Errorf("%s: %q, want %q", tr.OctetsAt(pos), x.Means, want[i])
			}
		}
	}
}
