package main

import (
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/secure"
	"helo/sim/trace"
)

// What helps goes by what has happened, and by whose words a failure is told in:
// the same in a server's mouth is no reason for advice about this side.
func TestHints(t *testing.T) {
	untrusted := trace.Event{Kind: trace.Unsecured, Arg: uint32(secure.Untrusted)}
	opportunistic := trace.Event{Kind: trace.Secured, Arg: uint32(secure.Untrusted)}
	connected, refused := trace.Event{Kind: trace.Connected}, trace.Event{Kind: trace.Refused}
	startTLS := trace.Event{Kind: trace.Reply, Verb: smtp.STARTTLS}
	loggingIn := sendOptions{user: "alice"}
	for _, test := range []struct {
		name   string
		events []trace.Event
		said   string // by the server
		told   string // by this side
		o      sendOptions
		want   string
	}{
		{"an authority nobody trusts", []trace.Event{connected, untrusted}, "", "451 4.7.5 no TLS: x", sendOptions{}, "--ca FILE"},
		{"one that is none of the file's", []trace.Event{connected, untrusted}, "", "451 4.7.5 no TLS: x", sendOptions{ca: "a\x1b.pem"}, `none of the authorities in a\x1b.pem`},
		{"a letter that demands TLS", []trace.Event{connected, untrusted}, "", "550 5.7.10 x", sendOptions{}, "--ca FILE"},
		{"a password withheld", []trace.Event{connected, opportunistic}, "", "451 4.7.5 x", sendOptions{}, "--ca FILE"},
		{"another failure of TLS", []trace.Event{connected, {Kind: trace.Unsecured, Arg: uint32(secure.Otherwise)}}, "", "451 4.7.5 x", sendOptions{}, ""},
		{"a certificate that did not matter", []trace.Event{connected, opportunistic}, "550 5.1.1 x", "", sendOptions{}, ""},
		{"a server that talks of TLS itself", []trace.Event{connected, opportunistic}, "451 4.7.5 x", "", sendOptions{}, ""},
		{"no login to use", []trace.Event{connected}, "", "550 5.7.4 x", loggingIn, "ports 587 and 465"},
		{"TLS that is not offered", []trace.Event{connected}, "", "451 4.7.4 x", loggingIn, "with --user TLS is demanded"},
		{"which was asked for", []trace.Event{connected}, "", "451 4.7.4 x", sendOptions{user: "alice", tls: "starttls"}, ""},
		{"a login is wanted", []trace.Event{connected}, "530 5.7.0 x", "", sendOptions{}, "--user with"},
		{"inside TLS", []trace.Event{connected, startTLS, opportunistic}, "530 5.7.0 x", "", sendOptions{}, "--user with"},
		{"another one", []trace.Event{connected}, "530 5.7.0 x", "", loggingIn, ""},
		{"TLS is wanted, and could not be had", []trace.Event{connected, startTLS}, "530 5.7.0 x", "", sendOptions{}, ""},
		{"nor begun", []trace.Event{connected, untrusted}, "530 5.7.0 x", "", sendOptions{}, ""},
		{"or was not wanted here", []trace.Event{connected}, "530 5.7.0 x", "", sendOptions{tls: "none"}, "logs in; the server may want TLS first, which --tls none forbids"},
		{"with a login", []trace.Event{connected}, "530 5.7.0 x", "", sendOptions{tls: "none", user: "alice"}, "the server may want TLS first, which --tls none forbids"},
		{"nobody listens", []trace.Event{refused}, "", "451 4.4.1 x", sendOptions{}, "nobody listens"},
		{"nobody at the first address", []trace.Event{refused, connected}, "530 5.7.0 x", "", sendOptions{}, "--user with"},
		{"nor at the second", []trace.Event{connected, refused}, "", "451 4.4.2 x", sendOptions{}, ""},
		{"no TLS where it comes first", []trace.Event{connected, {Kind: trace.Unsecured, Arg: uint32(secure.NoRecord)}}, "", "451 4.7.5 x", sendOptions{tls: "implicit"}, hintClear},
		{"which is not so elsewhere", []trace.Event{connected, {Kind: trace.Unsecured, Arg: uint32(secure.NoRecord)}}, "", "451 4.7.5 x", sendOptions{tls: "starttls"}, ""},
		{"a silent server", []trace.Event{connected, {Kind: trace.TimedOut}}, "", "451 4.4.2 x", sendOptions{}, hintSilent},
	} {
		tr := trace.New("send", 0, time.Now(), []trace.Host{{ID: "client"}, {ID: "server"}})
		add := func(e trace.Event, octets string) trace.Pos {
			e.Conn, e.Host, e.Peer, e.Cause = 1, 1, 2, trace.NoPos
			if octets != "" {
				e.Octets = tr.Store([]byte(octets))
			}
			return tr.Append(e)
		}
		for _, e := range test.events {
			add(e, "")
		}
		v := check.Verdict{Recipient: "bob@receiver.example", Said: trace.NoPos, Told: trace.NoPos}
		if test.said != "" {
			v.Said = add(trace.Event{Kind: trace.Reply, Verb: smtp.MAIL}, test.said+"\r\n")
		} else {
			v.Told = add(trace.Event{Kind: trace.Told}, trace.NotSent+test.told)
		}
		got := hints(tr, []check.Verdict{v, v}, test.o)
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
