package explain

// What a client meets that is no SMTP, or no whole line of it.

import (
	"strings"
	"testing"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// stranger is a server that says something to a client that waits for the
// greeting.
type stranger struct {
	name, says string
	as         trace.Kind // the event that says what the client makes of it
	want       string
}

var strange = []stranger{
	{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", trace.Reply, "No SMTP server greets like this, but an SSH server does. The client closes the connection and keeps the letter."},
	{"HTTP", "HTTP/1.1 400 Bad Request\r\n", trace.Reply, "a web server does"},
	{"POP3", "+OK ready\r\n", trace.Reply, "a POP3 server does"},
	{"IMAP", "* OK [CAPABILITY IMAP4rev1] ready\r\n", trace.Reply, "an IMAP server does"},
	{"something", "\x1b[2Jwelcome\r\n", trace.Reply, "No SMTP server greets like this: expected a reply code, 200 to 599. The client closes the connection"},
	{"another separator", "220_mx\r\n", trace.Reply, `expected a space or "-" after the code`},
	{"bare LF within", "220 mx.receiver.example\n220 ready\r\n", trace.Reply, "The server has ended a line in a bare LF. Only CR LF ends a line, so this is no reply. The client closes"},
	{"unasked", "250 ok\r\n", trace.Reply, "The server has answered what nobody had asked"},
	{"bare LF, then nothing", "220 mx.receiver.example\n", trace.TimedOut, "The server said “220 mx.receiver.example” and ended it in a bare LF. Only CR LF ends a line, so the client has waited"},
	{"bare LF on the last line", "220-mx\r\n220 \x1b[2J\n", trace.TimedOut, `said “220 \x1b[2J” and ended it in a bare LF`},
	{"bare LF and the end", "220 mx\n", trace.Closed, "It had said “220 mx” and ended that in a bare LF"},
	{"bare LF and a cut", "220 mx\n", trace.Reset, "had said “220 mx” and ended that in a bare LF"},
	{"half a line", "220 mx", trace.TimedOut, "has waited long enough"},
	{"half a line end", "220 mx\r", trace.Closed, "has closed the connection. What was not accepted"},
	{"nothing", "", trace.Reset, "breaks without a goodbye"},
}

// trace is what sim/live records of it, without its sockets.
func (s *stranger) trace() *trace.Trace {
	tr := trace.New("send", 0, trace.Trace{}.Start, []trace.Host{{ID: "client", Title: "the client"}, {ID: "server", Title: "the server"}})
	cause := tr.Append(trace.Event{Kind: trace.Connect, Host: 1, Peer: 2, Conn: 1, Code: 25, Octets: tr.Store([]byte("127.0.0.1")), Cause: trace.NoPos})
	cause = tr.Append(trace.Event{Kind: trace.Connected, Host: 1, Peer: 2, Conn: 1, Cause: cause})
	if s.says != "" {
		cause = tr.Append(trace.Event{Kind: trace.Arrived, Host: 1, Peer: 2, Conn: 1, Octets: tr.Store([]byte(s.says)), Cause: cause})
	}
	e := trace.Event{Kind: s.as, Host: 1, Peer: 2, Conn: 1, From: smtp.StateAwaitingGreeting, Cause: cause}
	if s.as == trace.Reply {
		e.Host, e.Peer, e.Verb, e.To = 2, 1, smtp.Connect, smtp.StateClosed
		e.Octets = tr.Store([]byte(s.says))
	}
	tr.Append(e)
	return tr
}

// TestStrangeServer holds that what is no reply is told as what it is, with
// what the client does about it (RFC 5321 §4.2, §2.3.8).
func TestStrangeServer(t *testing.T) {
	r := reference(t)
	for _, s := range strange {
		tr := s.trace()
		if x := r.Event(tr, tr.End()-1, tr.End()); !strings.Contains(x.Means, s.want) {
			t.Errorf("%s: %s\nwant %s", s.name, x.Means, s.want)
		}
	}
}
