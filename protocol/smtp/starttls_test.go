package smtp

// The rules of STARTTLS and REQUIRETLS on the server's side (RFC 3207,
// RFC 8689), each by its section.

import (
	"fmt"
	"strings"
	"testing"
)

const starttls = "STARTTLS\r\n"

// bare is a server that offers little else than what RFC 3207, RFC 4954 and
// RFC 8689 are about.
func bare(c *Config) {
	c.Extensions = EnhancedStatusCodes
	guarded(c)
}

// needTLS is a MAIL that demands TLS on the letter's whole way.
const needTLS = "MAIL FROM:<alice@sender.example> REQUIRETLS\r\n"

var starttlsRules = []serverRule{
	{name: "RFC 3207 §4: STARTTLS is answered with 220, and TLS begins", config: guarded, send: ehlo + starttls + tlsHere + ehlo, want: []string{"250", "220 2.0.0", "250"}},
	{name: "RFC 3207 §4: in any case of letters, white space behind it", config: guarded, send: ehlo + "StartTLS  \r\n" + tlsHere, want: []string{"250", "220"}},
	{name: "RFC 3207 §4: STARTTLS before EHLO is 503", config: guarded, send: starttls + "STARTTLS now\r\n" + ehlo, want: []string{"503 5.5.1 EHLO", "503 5.5.1", "250"}},
	{name: "RFC 5321 §4.1.1.1: after HELO nothing is offered, so STARTTLS is 503", config: guarded, send: "HELO x.example\r\n" + starttls + "AUTH X-TOY\r\n" + mail, want: []string{"250", "503 5.5.1 EHLO comes first", "503 5.5.1 EHLO comes first", "250"}},
	{name: "RFC 3207 §4: a parameter is 501", config: guarded, send: ehlo + "STARTTLS now\r\n" + mail, want: []string{"250", "501 5.5.4 expected nothing after STARTTLS", "250"}},
	{name: "RFC 5321 §4.2.4: where STARTTLS is not offered it is 502", send: ehlo + starttls + "STARTTLS now\r\n" + mail, want: []string{"250", "502 5.5.1", "502 5.5.1", "250"}},
	{name: "RFC 3207 §4.2: inside TLS it is 503", config: guarded, send: ehlo + starttls + tlsHere + ehlo + starttls + "STARTTLS now\r\n" + mail, want: []string{"250", "220", "250", "503 5.5.1 this is inside TLS already", "503", "250"}},
	{name: "RFC 3207 §4.2: and before EHLO, too", config: guarded, send: ehlo + starttls + tlsHere + starttls + ehlo, want: []string{"250", "220", "503", "250"}},
	{name: "RFC 3207 §4.2: after the handshake EHLO is needed again, and what needs none works", config: guarded,
		send: ehlo + starttls + tlsHere + mail + "AUTH PLAIN\r\n" + rcpt + data + "NOOP\r\nRSET\r\nVRFY bob\r\nHELP STARTTLS\r\n" + ehlo + mail,
		want: []string{"250", "220", "503 5.5.1 EHLO or HELO", "503 5.5.1 EHLO", "503", "503", "250", "250", "252", "214", "250", "250"}},
	{name: "RFC 3207 §4.2: HELO will do, too", config: guarded, send: ehlo + starttls + tlsHere + "HELO x.example\r\n" + mail, want: []string{"250", "220", "250", "250"}},
	{name: "RFC 3207 §4.2: the transaction is forgotten", config: guarded, send: ehlo + mail + rcpt + starttls + tlsHere + ehlo + data + rcpt + mail, want: []string{"250", "250", "250", "220", "250", "503 5.5.1 MAIL", "503", "250"}},
	{name: "RFC 3207 §4.2: and so is a letter half given in chunks", config: guarded, send: to + "BDAT 2\r\nhi" + starttls + tlsHere + ehlo + mail + rcpt + "BDAT 3 LAST\r\nyou",
		want: afterTo("250", "220", "250", "250", "250", "250"), letter: []string{"you"}},
	{name: "RFC 3207 §4.2: and one that has failed", config: guarded, send: ehlo + mail + "BDAT 2\r\nhi" + starttls + tlsHere + ehlo + mail, want: []string{"250", "250", "503", "220", "250", "250"}},
	{name: "RFC 3207 §4.2: the login is forgotten, another one is possible", config: guarded, send: ehlo + fullLogin + fullLogin + starttls + tlsHere + ehlo + "AUTH PLAIN " + both + "\r\n" + fullLogin,
		want: []string{"250", "235", "503", "220", "250", "235", "503"}},
	{name: "RFC 3207 §4.2: and needed again", config: func(c *Config) { guarded(c); c.MustLogin = true }, send: ehlo + fullLogin + mail + starttls + tlsHere + ehlo + mail, want: []string{"250", "235", "250", "220", "250", "530 5.7.0"}},
	{name: "RFC 3207 §4.2: what was counted is forgotten: letters", config: func(c *Config) { guarded(c); c.MaxMails = 1 }, send: ehlo + mail + "RSET\r\n" + mail + starttls + tlsHere + ehlo + mail + "RSET\r\n" + mail,
		want: []string{"250", "250", "250", "452", "220", "250", "250", "250", "452"}},
	{name: "RFC 3207 §4.2: mistakes", config: func(c *Config) { guarded(c); c.MaxErrors = 2 }, send: ehlo + "FOO\r\nFOO\r\n" + starttls + tlsHere + "FOO\r\nFOO\r\nFOO\r\n", want: []string{"250", "500", "500", "220", "500", "500", "421"}},
	{name: "RFC 4954 §9: but not that logins have failed, or there would be twice as many tries", config: func(c *Config) { guarded(c); c.MaxLogins = 2 }, send: ehlo + "AUTH X-TOY eA==\r\n" + starttls + tlsHere + ehlo + "AUTH X-TOY eA==\r\n" + fullLogin,
		want: []string{"250", "535", "220", "250", "535", "421"}},
	{name: "RFC 3207 §4.2, RFC 4954 §3: what is offered inside differs: no STARTTLS, other mechanisms", config: bare, send: ehlo + starttls + tlsHere + ehlo, want: []string{
		"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250-AUTH X-TOY\r\n250 HELP", "220",
		"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN X-TOY\r\n250-REQUIRETLS\r\n250 HELP"}},
	{name: "RFC 4954 §4: a server may offer no login outside", config: func(c *Config) { bare(c); c.ClearMechanisms = nil }, send: ehlo + "AUTH PLAIN\r\n" + starttls + tlsHere + ehlo, want: []string{
		"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250 HELP", "538", "220",
		"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN X-TOY\r\n250-REQUIRETLS\r\n250 HELP"}},
	{name: "RFC 8314 §3.3: TLS from the first octet on", config: bare, send: tlsHere + ehlo + starttls + needTLS, want: []string{
		"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN X-TOY\r\n250-REQUIRETLS\r\n250 HELP", "503 5.5.1 this is inside TLS already", "250"}},
	{name: "RFC 3207 §4: STARTTLS last in a group", config: guarded, send: ehlo + "NOOP\r\n" + starttls + tlsHere + ehlo + "QUIT\r\n", want: []string{"250", "250", "220", "250", "221"}},
	{name: "RFC 3207 §4: if it is refused, what stands behind it is served", config: guarded, send: ehlo + "STARTTLS x\r\nNOOP\r\n", want: []string{"250", "501", "250"}},
	{name: "RFC 5321 §4.1.1.8: HELP lists STARTTLS and AUTH where they are served", config: guarded, send: "HELP\r\nHELP starttls\r\nHELP AUTH\r\nHELP response\r\n", want: []string{
		"214 2.0.0 commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS AUTH QUIT", "214-2.0.0 STARTTLS", "214-2.0.0 AUTH", "504"}},
	{name: "lax server: AcceptBareLF ends STARTTLS, and what waits behind it is thrown away all the same", config: func(c *Config) { guarded(c); c.AcceptBareLF = true },
		send: ehlo + "STARTTLS\nNOOP\n" + tlsHere + "NOOP\n", want: []string{"250", "220", "250"}},

	{name: "RFC 8689 §2: REQUIRETLS is a parameter of MAIL inside TLS", config: guarded, send: tlsHere + ehlo + needTLS + "RSET\r\n" + "MAIL FROM:<> requiretls\r\n", want: []string{"250", "250", "250", "250"}},
	{name: "RFC 8689 §2: outside it is not known", config: guarded, send: ehlo + needTLS + "MAIL FROM:<> REQUIRETLS=x\r\n" + mail, want: []string{"250", "555 5.5.4", "555", "250"}},
	{name: "RFC 8689 §2: nor where it is not offered, nor after HELO", config: func(c *Config) { guarded(c); c.Extensions &^= RequireTLS },
		send: tlsHere + ehlo + needTLS + "HELO x.example\r\n" + needTLS, want: []string{"250", "555", "250", "555"}},
	{name: "RFC 8689 §2: it has no value, stands once, and belongs to MAIL", config: guarded, send: tlsHere + ehlo + "MAIL FROM:<> REQUIRETLS=yes\r\nMAIL FROM:<> REQUIRETLS REQUIRETLS\r\n" + needTLS + rcpt[:len(rcpt)-2] + " REQUIRETLS\r\n",
		want: []string{"250", "501 5.5.4 expected REQUIRETLS without a value", "501", "250", "555"}},
	{name: "RFC 8689 §2: it lengthens MAIL by 11", config: func(c *Config) { c.Extensions = RequireTLS },
		send: ehlo + mailOf(512) + "RSET\r\n" + mailOf(513) + "HELO x.example\r\n", want: []string{"250", "250", "250", "500", "250"}},
	{name: "RFC 8689 §2: inside TLS", config: func(c *Config) { c.Extensions = RequireTLS },
		send: tlsHere + ehlo + mailOf(523) + "RSET\r\n" + mailOf(524), want: []string{"250", "250", "250", "500"}},
}

// mailOf returns a MAIL line of that many octets.
func mailOf(n int) string {
	const line = "MAIL FROM:<a@b.example>"
	return line + strings.Repeat(" ", n-len(line)-2) + "\r\n"
}

// RFC 3207 §4.2: whatever waits in clear behind STARTTLS is never acted on, at
// every split of the octets, and it is counted.
func TestRFC3207_4_2_PlaintextBehindSTARTTLS(t *testing.T) {
	for _, injected := range []string{
		"RSET\r\n" + mail + rcpt + data + "x\r\n.\r\nQUIT\r\n", "NOOP", "\r\n", "EHLO evil.example\r\n" + mail, starttls + starttls, "AUTH PLAIN " + both + "\r\n",
		"BDAT 6\r\nNOOP\r\n", "BDAT x\r\n", strings.Repeat("x", 700), strings.Repeat("NOOP\r\n", 2000), "NOOP\r", "\n",
	} {
		before, after := ehlo+starttls, "RSET\r\n"+ehlo+"QUIT\r\n"
		for split := range min(len(before+injected), len(before)+2*len(mail)) {
			config := fullConfig()
			guarded(config)
			first := true
			s := NewServer(config)
			log := runServer(t, s, before+injected+tlsHere+after, func(left int) int {
				if first && split > 0 {
					first = false
					return split
				}
				return left
			}, func(s *Server) Reply {
				if s.Command().Verb == RSET && !s.Secure() {
					t.Error("not secure")
				}
				return s.Proposal()
			})
			var codes []string
			for _, r := range log.replies {
				codes = append(codes, r[:3])
			}
			if got := strings.Join(codes, " "); got != "220 250 220 250 250 221" {
				t.Fatalf("%.40q, split at %d: replies %s", injected, split, got)
			}
			if s.Discarded() != len(injected) {
				t.Fatalf("%.40q, split at %d: %d thrown away, want %d", injected, split, s.Discarded(), len(injected))
			}
		}
	}
}

// RFC 3207 §4.2: the engine tells its driver no more of what was said outside.
func TestRFC3207_4_2_NothingIsKnown(t *testing.T) {
	config := fullConfig()
	guarded(config)
	s := NewServer(config)
	seen := false
	runServer(t, s, ehlo+fullLogin+"MAIL FROM:<a@b.example> SIZE=9 BODY=8BITMIME RET=FULL SMTPUTF8\r\n"+rcpt+starttls+tlsHere+"NOOP\r\n", whole, func(s *Server) Reply {
		if s.Command().Verb == NOOP {
			seen = true
			name, esmtp := s.Hello()
			if name != "" || esmtp || s.LoggedIn() || !s.Secure() || s.State() != StateWelcomed || !s.From().IsNull() || len(s.Recipients()) > 0 || s.DeclaredSize() != 0 || s.EightBit() || s.UTF8() || s.DSN() != (DSNMail{}) {
				t.Errorf("%q %v, logged in %v, secure %v, %v, from %v", name, esmtp, s.LoggedIn(), s.Secure(), s.State(), s.From())
			}
		}
		return toy(s)
	})
	if !seen {
		t.Error("no NOOP")
	}
}

// serverAt returns a guarded server that has heard that much.
func serverAt(t *testing.T, heard string) *Server {
	t.Helper()
	config := fullConfig()
	guarded(config)
	s := NewServer(config)
	converse(t, s, heard)
	return s
}

// converse feeds a server and lets it answer until it wants more or something
// else than input; it returns what the server says.
func converse(t *testing.T, s *Server, octets string) (said string) {
	t.Helper()
	for {
		switch s.Next() {
		case Decide:
			s.Reply(toy(s))
		case Body:
			s.Chunk()
		case NeedInput:
			if octets == "" {
				return said + string(s.Output())
			}
			said += string(s.Output())
			octets = octets[s.Feed([]byte(octets)):]
		default:
			return said + string(s.Output())
		}
	}
}

// RFC 3207 §4: while TLS begins nothing is said in clear, whatever ends the
// session. The 220 was said before.
func TestRFC3207_4_NothingIsSaidDuringTheHandshake(t *testing.T) {
	for name, stop := range map[string]func(*Server){"timed out": (*Server).TimedOut, "shutdown": (*Server).Shutdown, "closed": (*Server).PeerClosed} {
		s := serverAt(t, ehlo+mail+rcpt+starttls)
		if s.Next() != Handshake || s.State() != StateHandshake || s.Secure() {
			t.Fatalf("%v %v", s.Next(), s.State())
		}
		s.Feed([]byte("NOOP\r\n"))
		stop(s)
		if out := s.Output(); s.Next() != Closed || s.State() != StateClosed || len(out) > 0 || len(s.Recipients()) > 0 || s.Feed([]byte("NOOP\r\n")) != 0 {
			t.Errorf("%s: %v, said %q", name, s.Next(), out)
		}
		if s.Secured(); s.Next() != Closed || s.Secure() {
			t.Errorf("%s: went on in TLS: %v", name, s.Next())
		}
	}
}

// Only where a handshake can have been, Secured says anything.
func TestRFC8314_3_3_SecuredOnlyWhereTLSBegins(t *testing.T) {
	for _, heard := range []string{ehlo, ehlo + mail, ehlo + mail + rcpt + data, ehlo + mail + rcpt + "BDAT 9\r\nhi", ehlo + "AUTH X-TOY\r\n", "QUIT\r\n", ""} {
		s := serverAt(t, heard)
		if before := s.State(); s.State() != StateConnected {
			s.Secured()
			if s.Secure() || s.State() != before {
				t.Errorf("after %q: secure %v, %v", heard, s.Secure(), s.State())
			}
		}
	}
	s := NewServer(fullConfig())
	s.Secured()
	if !s.Secure() || s.Next() != Decide || s.Command().Verb != Connect {
		t.Errorf("TLS first: %v, %v", s.Secure(), s.Next())
	}
	if s.Reset(); s.Secure() || s.Discarded() != 0 {
		t.Error("another connection is not inside TLS")
	}
}

// The state follows the reply given to STARTTLS: only a 220 begins TLS, as it
// does for the client.
func TestRFC3207_4_StateFollowsReply(t *testing.T) {
	for _, test := range []struct {
		reply Reply
		send  string
		want  string
		state State
	}{
		{Reply{Code: 454}, "NOOP\r\n", "454 250", StateGreeted},
		{Reply{Code: 250}, "NOOP\r\n", "250 250", StateGreeted},
		{Reply{Code: 334}, "NOOP\r\n", "334 250", StateGreeted},
		{Reply{Code: 235}, fullLogin, "235 235", StateGreeted},
		{Reply{Raw: []byte("220 go\r\n")}, "NOOP\r\n" + tlsHere + "NOOP\r\n", "220 250", StateWelcomed},
		{Reply{Raw: []byte("hm?\r\n")}, "NOOP\r\n", "hm? 250", StateGreeted},
		{Reply{Code: 220, Then: Silent}, "NOOP\r\n", " 250", StateGreeted},
		{Reply{Code: 220, Then: Close}, "NOOP\r\n", "220", StateClosed},
		{Reply{Code: 220, Then: Reset}, "NOOP\r\n", "", StateClosed},
		{Reply{Code: 421}, "NOOP\r\n", "421", StateClosed},
		{Reply{Code: 220}, "NOOP\r\n" + tlsHere + mail, "220 503", StateWelcomed},
	} {
		config := fullConfig()
		guarded(config)
		log := runServer(t, NewServer(config), ehlo+starttls+test.send, single, given(map[Verb]Reply{STARTTLS: test.reply}))
		var got []string
		for _, r := range log.replies[2:] {
			got = append(got, r[:min(len(r), 3)])
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: %q, want %q", test.reply, got, test.want)
		}
		if last := log.events[len(log.events)-1]; !strings.HasSuffix(last, test.state.String()) {
			t.Errorf("%v: ended with %q, want state %v", test.reply, last, test.state)
		}
	}
	// A fault may say 220 where TLS was not offered, or is there already: then it
	// begins (again).
	for _, before := range []string{starttls, "HELO x.example\r\n" + starttls, ehlo + "STARTTLS x\r\n", tlsHere + ehlo + starttls} {
		log := runServer(t, NewServer(fullConfig()), before+tlsHere+mail+ehlo+mail, single, given(map[Verb]Reply{STARTTLS: {Code: 220}}))
		if got := fmt.Sprint(log.replies[len(log.replies)-3:]); !strings.HasPrefix(got, "[503 ") || !strings.Contains(got, "250 2.1.0") {
			t.Errorf("%q: %s", before, got)
		}
	}
}

// RFC 8689 §4.1: what MAIL says of TLS is known as long as its transaction.
func TestRFC8689_4_1_RequireTLS(t *testing.T) {
	config := fullConfig()
	guarded(config)
	var got []bool
	runServer(t, NewServer(config), tlsHere+ehlo+needTLS+rcpt+data+"x\r\n.\r\n"+mail+rcpt+data+".\r\n"+needTLS+"RSET\r\nNOOP\r\n", whole, func(s *Server) Reply {
		switch s.Command().Verb {
		case EndOfData, NOOP, RSET:
			got = append(got, s.RequireTLS())
		}
		return s.Proposal()
	})
	if fmt.Sprint(got) != "[true false true false]" {
		t.Error(got)
	}
}

// A clone of a session inside a login, or at a handshake, goes its own way, at
// every octet, and so does its original.
func TestServerCloneInLoginAndTLS(t *testing.T) {
	config := fullConfig()
	guarded(config)
	config.MaxErrors = -1
	input := ehlo + authOf(1500) + "AUTH X-TOY\r\n" + responseOf(5000) + "AUTH X-TOY " + alice + "\r\n" + wonderland + "\r\n" + mail + rcpt + "BDAT 3\r\nhi\n" + starttls
	noise := "*\r\nRSET\r\n" + ehlo + fullLogin + authOf(700) + "AUTH X-TOY\r\n" + responseOf(900)
	open := func() *Server {
		s := NewServer(config)
		converse(t, s, "")
		return s
	}
	whole := open()
	want := converse(t, whole, input)
	if whole.Next() != Handshake {
		t.Fatalf("%v after %q", whole.Next(), want)
	}
	for cut := 0; cut < len(input); cut += 1 + cut%7*(cut&1) {
		s := open()
		said := converse(t, s, input[:cut])
		c, twin := s.Clone(), s.Clone()
		converse(t, c, noise)
		if got := said + converse(t, s, input[cut:]); got != want {
			t.Fatalf("cut at %d: %q, want %q", cut, got, want)
		}
		if got := said + converse(t, twin, input[cut:]); got != want || twin.State() != s.State() || twin.LoggedIn() != s.LoggedIn() {
			t.Fatalf("the clone at %d: %q, want %q", cut, got, want)
		}
	}
	c := whole.Clone()
	c.Feed([]byte("NOOP\r\n"))
	c.Secured()
	converse(t, c, ehlo+mail)
	if whole.Next() != Handshake || whole.Secure() || whole.Discarded() != 0 || c.Discarded() != 6 || c.State() != StateTransaction {
		t.Errorf("%v, %d thrown away; clone %v, %d", whole.State(), whole.Discarded(), c.State(), c.Discarded())
	}
	// While a decision is open.
	for _, line := range []string{authOf(1500), "AUTH X-TOY\r\n" + responseOf(5000), authOf(13000), fullLogin} {
		s := open()
		for octets := ehlo + line; ; {
			if s.Next() != Decide {
				octets = octets[s.Feed([]byte(octets)):]
				continue
			}
			c := s.Clone()
			before := fmt.Sprintf("%q %v", s.Command().Line, *s.Command())
			if got := fmt.Sprintf("%q %v", c.Command().Line, *c.Command()); got != before {
				t.Fatalf("clone of %.40q: %.200s, want %.200s", line, got, before)
			}
			c.Reply(Reply{Code: 334})
			converse(t, c, noise)
			if got := fmt.Sprintf("%q %v", s.Command().Line, *s.Command()); got != before {
				t.Fatalf("%.40q: %.200s, want %.200s", line, got, before)
			}
			if s.Reply(toy(s)); octets == "" {
				break
			}
		}
	}
}

// RFC 9266 §1, RFC 4954 §3: what a login cannot be bound to is no reason to offer
// binding; the next connection may have it again.
func TestRFC4954_3_NoBindingNoPlus(t *testing.T) {
	config := &Config{Extensions: StartTLS | Auth, Mechanisms: []string{"SCRAM-SHA-256-PLUS", "PLAIN"}}
	s := NewServer(config)
	for _, unbound := range []bool{true, false, true} {
		s.Reset()
		if unbound {
			s.Unbound()
		}
		s.Secured()
		s.Next()
		s.Reply(s.Proposal())
		s.Feed([]byte("EHLO x.example\r\n"))
		s.Next()
		if offer := strings.Join(s.Proposal().Lines, "\n"); strings.Contains(offer, "SCRAM-SHA-256-PLUS") == unbound || !strings.Contains(offer, "PLAIN") {
			t.Errorf("unbound %v: %q", unbound, offer)
		}
		s.Reply(s.Proposal())
		s.Feed([]byte("AUTH SCRAM-SHA-256-PLUS\r\n"))
		s.Next()
		if code := s.Proposal().Code; (code == 504) != unbound {
			t.Errorf("unbound %v: %d", unbound, code)
		}
	}
	if len(config.Mechanisms) != 2 {
		t.Error(config.Mechanisms)
	}
}
