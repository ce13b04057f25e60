package live_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// cipher is what only a socket's trace tells of TLS.
var cipher = regexp.MustCompile(`, TLS_\w+`)

// alike are words that differ between the two, or between the sides of one: who
// hides an offer stands between them, and a socket's server that answers with
// garbage knows that itself.
var alike = strings.NewReplacer(
	"250-XXXXXXXX", "250-STARTTLS",
	"the fault answered with octets that are no TLS", "the connection ended before TLS did",
)

// inside is what was said on the connections of a trace, as spoken has it, and
// whether it was said inside TLS.
func inside(t *trace.Trace) (out []string) {
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		wall := map[bool]string{true: "|"}[t.At(pos).Flags&trace.Inside != 0]
		switch e := t.At(pos); e.Kind {
		case trace.Command, trace.Letter:
			out = append(out, fmt.Sprintf(">%s %q", wall, t.OctetsAt(pos)))
		case trace.Reply:
			text := ""
			if e.Verb == smtp.EHLO || e.Verb == smtp.AUTH { // the others name letters and sessions
				text = fmt.Sprintf(" %q", alike.Replace(string(t.OctetsAt(pos))))
			}
			out = append(out, fmt.Sprintf("<%s %d%s", wall, e.Code, text))
		}
	}
	return out
}

// knows is what one host of a trace learns about TLS and logins, and what
// becomes of the letter there.
func knows(t *trace.Trace, host string) (out []string) {
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		e := t.At(pos)
		if t.Host(e.Host).ID != host {
			continue
		}
		switch e.Kind {
		case trace.Secured, trace.Unsecured, trace.LoggedIn, trace.Told, trace.Stored, trace.Refused:
			out = append(out, fmt.Sprintf("%v %s", e.Kind, alike.Replace(cipher.ReplaceAllString(string(t.OctetsAt(pos)), ""))))
		case trace.Discarded:
			out = append(out, fmt.Sprintf("%v %d", e.Kind, e.Arg))
		}
	}
	return out
}

// RFC 3207 §4, RFC 8314 §3.3, RFC 4954 §4: so is it inside TLS and with a login. The
// lines of a login have stars in both.
func TestSimulationAndSocketsSayTheSameInsideTLS(t *testing.T) {
	path := func(s string) smtp.Path {
		p, err := smtp.ParseMailbox(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const (
		none = iota
		right
		wrong
	)
	for _, test := range []struct {
		name      string
		tls       host.TLSMode
		login     int
		mechanism string
		fault     string
		done      bool
	}{
		{"STARTTLS and the strongest login", host.TLSInsist, right, "", "", true},
		{"STARTTLS and PLAIN", host.TLSInsist, right, "PLAIN", "", true},
		{"STARTTLS and LOGIN", host.TLSInsist, right, "LOGIN", "", true},
		{"STARTTLS and CRAM-MD5", host.TLSInsist, right, "CRAM-MD5", "", true},
		{"STARTTLS and SCRAM", host.TLSInsist, right, "SCRAM-SHA-256", "", true},
		{"STARTTLS and SCRAM bound to TLS", host.TLSInsist, right, "SCRAM-SHA-256-PLUS", "", true},
		{"TLS first and the strongest login", host.TLSImplicit, right, "", "", true},
		{"TLS first and PLAIN", host.TLSImplicit, right, "PLAIN", "", true},
		{"TLS first and SCRAM", host.TLSImplicit, right, "SCRAM-SHA-256", "", true},
		{"a wrong password for PLAIN", host.TLSInsist, wrong, "PLAIN", "", false},
		{"a wrong password for SCRAM", host.TLSImplicit, wrong, "SCRAM-SHA-256", "", false},
		{"no login", host.TLSInsist, none, "", "", false},
		{"no login, TLS first", host.TLSImplicit, none, "", "", false},
		{"PLAIN in clear", host.TLSNone, right, "PLAIN", "", false},
		{"SCRAM in clear", host.TLSNone, right, "SCRAM-SHA-256", "", true},
		{"STARTTLS not now", host.TLSInsist, right, "", "mx at=STARTTLS reply=454", false},
		{"STARTTLS not now, and PLAIN", host.TLSMay, right, "PLAIN", "mx at=STARTTLS reply=454", false},
		{"an offer without STARTTLS", host.TLSInsist, right, "", "mx tls=strip", false},
		{"an offer without STARTTLS, and SCRAM", host.TLSMay, right, "SCRAM-SHA-256", "mx tls=strip", true},
		{"an old certificate", host.TLSInsist, right, "", "mx tls=expired", false},
		{"an old certificate, TLS first", host.TLSImplicit, right, "", "mx tls=expired", false},
		{"an old certificate, with whomever", host.TLSMay, right, "SCRAM-SHA-256", "mx tls=expired", true},
		{"an old certificate, with whomever, and PLAIN", host.TLSMay, right, "PLAIN", "mx tls=expired", false},
		{"another's certificate", host.TLSInsist, right, "", "mx tls=wrongname", false},
		{"a certificate of nobody known", host.TLSImplicit, right, "", "mx tls=unknownca", false},
		{"no TLS after the 220", host.TLSInsist, right, "", "mx tls=garbage", false},
		{"no TLS after the 220, and SCRAM in clear", host.TLSMay, right, "SCRAM-SHA-256", "mx tls=garbage", true},
		{"a login refused for now", host.TLSInsist, right, "PLAIN", "mx at=AUTH reply=454", false},
		{"dropped inside", host.TLSInsist, right, "PLAIN", "mx at=AUTH drop", false},
		{"dropped after the dot", host.TLSImplicit, right, "", "mx at=dot drop", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pair{client: host.Config{
				ID: "laptop", Name: "laptop.sender.example", TLS: test.tls,
				Client: &host.ClientConfig{Port: host.PortSubmission},
			}, server: &host.ServerConfig{
				Mailboxes: []string{"bob"}, Extensions: smtp.BasicExtensions | smtp.StartTLS | smtp.Auth, MaxSize: 1 << 20,
				Accounts: sasl.NewAccounts([]sasl.Account{{User: "alice", Password: "wonderland"}}),
			}, letter: host.Submission{From: path("alice@receiver.example"), To: []smtp.Path{path("bob@receiver.example")}, Octets: []byte("Subject: hi\r\n\r\n.hi\r\n")}}
			if test.tls == host.TLSImplicit {
				p.client.Client.Port = host.PortSubmissions
			}
			if test.login != none {
				p.client.Client.Login = &host.Login{User: "alice", Mechanism: test.mechanism, Password: map[int]string{right: "wonderland", wrong: "looking-glass"}[test.login]}
			}
			simulated, atClient, atServer := p.run(t, test.fault)
			if stored := slices.ContainsFunc(knows(simulated, "mx"), func(s string) bool { return strings.HasPrefix(s, "stored") }); stored != (test.done || test.name == "dropped after the dot") {
				t.Errorf("in the simulation: the letter is in the mailbox: %v", stored)
			}
			want := inside(simulated)
			for side, got := range map[string][]string{"the client": inside(atClient), "the server": inside(atServer)} {
				if sortReplies(got) != sortReplies(want) {
					t.Errorf("%s on the socket\n%s\nthe simulation\n%s", side, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			for who, got := range map[string][]string{"laptop": knows(atClient, "laptop"), "mx": knows(atServer, "mx")} {
				if want := knows(simulated, who); !slices.Equal(got, want) {
					t.Errorf("%s on the socket knows\n%s\nin the simulation\n%s", who, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}
