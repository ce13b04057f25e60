package smtp

// The rules of STARTTLS and REQUIRETLS on the client's side (RFC 3207,
// RFC 8689), each by its section.

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	offerTLS    = "250-mx.receiver.example\n250-STARTTLS\n250 SIZE 5"
	offerInside = "250-mx.receiver.example\n250-REQUIRETLS\n250 AUTH PLAIN X-TOY"
)

// careful uses all that makes a session secure, and insists on nothing.
func careful(c *ClientConfig) { c.Use = AllExtensions | Security }

// insist wants TLS or nothing.
func insist(c *ClientConfig) { c.Use, c.TLS = AllExtensions, Insist }

// demanding marks a letter that demands TLS on its whole way.
func demanding(e *Envelope) { e.RequireTLS = true }

var clientTLSRules = []clientRule{
	{name: "RFC 3207 §4: STARTTLS where it is offered and may be used, then EHLO again", replies: []string{greeting, offerTLS, "220 go", plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4: not if the client may not use it", replies: []string{greeting, offerTLS, "250 ok", "250 ok", "354 go", "250 done", "221 bye"},
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §2.2.1: nor where it is not offered", replies: []string{greeting, everybody, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4.2: nor inside TLS, even if it is offered there", replies: []string{greeting, offerTLS, "220 go", offerTLS, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4.2: what was offered outside is forgotten: the size", replies: []string{greeting, offerTLS, "220 go", plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful, size: 9,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4.2: and the rest", replies: []string{greeting, strings.Replace(allOffers, "250 LIMITS", "250-STARTTLS\n250 LIMITS", 1), "220 go", plain, "221 bye"}, config: careful, eight: true, adjust: binary,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, "QUIT"}, results: []string{"refused MAIL 554 5.6.3 local"}},
	{name: "RFC 3207 §4.2: what is offered inside counts", replies: []string{greeting, offerTLS, "220 go", chunksPipe, "250 ok", "250 ok", "250 done", "221 bye"}, config: careful, size: 9,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "BDAT 4 LAST\r\nhi\r\n", "QUIT"}, results: []string{"delivered BDAT 250"}},
	{name: "RFC 3207 §4: a 454 to STARTTLS, and the session goes on in clear, with what was offered there", replies: []string{greeting, offerTLS, "454 not now", "250 ok", "250 ok", "354 go", "250 done", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful, size: 5, letters: 2,
		heard: []string{sayEHLO, "STARTTLS", sayMAIL + " SIZE=5", sayR0, "DATA", body, sayMAIL + " SIZE=5", sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250", "delivered dot 250"}},
	{name: "RFC 3207 §4: if TLS comes first there, it may be had another time", replies: []string{greeting, offerTLS, "454 not now", "530 STARTTLS first", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayMAIL, "QUIT"}, results: []string{"deferred MAIL 451 4.7.4 local"}},
	{name: "RFC 3207 §4: likewise after a handshake that has failed", replies: []string{greeting, offerTLS, "530 STARTTLS first", "221 bye"}, config: func(c *ClientConfig) { careful(c); c.TLS = GivenUp },
		heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"deferred MAIL 451 4.7.4 local"}},
	{name: "RFC 3207 §6: and where nobody has offered it, or somebody has cut the offer", replies: []string{greeting, plain, "530 STARTTLS first", "221 bye"}, config: careful,
		heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"deferred MAIL 451 4.7.4 local"}},
	{name: "RFC 4954 §6: unless it is a login that is wanted", replies: []string{greeting, offerLogin, "530 log in first", "221 bye"}, config: careful,
		heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 530"}},
	{name: "RFC 3207 §4: but not where the client wants none", replies: []string{greeting, offerTLS, "530 STARTTLS first", "221 bye"}, heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 530"}},
	{name: "RFC 3207 §4: nor inside", replies: []string{greeting, offerTLS, "220 go", plain, "530 log in first", "221 bye"}, config: careful, heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 530"}},
	{name: "RFC 3207 §4: a 502 likewise", replies: []string{greeting, offerTLS, "502 what", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4: only 220 begins TLS", replies: []string{greeting, offerTLS, "250 ok", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 5321 §3.8: a 421 to STARTTLS", replies: []string{greeting, offerTLS, "421 bye"}, config: careful, heard: []string{sayEHLO, "STARTTLS"}, failure: "deferred STARTTLS 421"},
	{name: "RFC 5321 §3.8: dropped instead of a reply to STARTTLS", replies: []string{greeting, offerTLS, "drop"}, config: careful, heard: []string{sayEHLO, "STARTTLS"}, failure: "deferred STARTTLS 451 local"},
	{name: "RFC 5321 §3.8: dropped after the handshake", replies: []string{greeting, offerTLS, "220 go", "drop"}, config: careful, heard: []string{sayEHLO, "STARTTLS", sayEHLO}, failure: "deferred EHLO 451 local"},
	{name: "RFC 3207 §4.2: inside TLS, EHLO may be refused like any other", replies: []string{greeting, offerTLS, "220 go", "554 not you", "221 bye"}, config: careful, heard: []string{sayEHLO, "STARTTLS", sayEHLO, "QUIT"}, failure: "refused EHLO 554"},
	{name: "RFC 5321 §3.2: inside TLS, HELO after 502", replies: []string{greeting, offerTLS, "220 go", "502 what", plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: insist,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayHELO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 3207 §4.2: what waits in clear behind the 220 is thrown away", replies: []string{greeting, offerTLS, "220 go\n250-evil\n250 CHUNKING\n250 ok\n250 ok\n250 done", plain, "250 ok", "550 who", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "QUIT"}, results: []string{"refused RCPT 550"}},
	{name: "RFC 3207 §4.2: whatever it is", replies: []string{greeting, offerTLS, "220 go\n421 bye\n\ngarbage\n" + strings.Repeat("250-x\n", 500) + "2", plain, "250 ok", "550 who", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "QUIT"}, results: []string{"refused RCPT 550"}},

	{name: "RFC 3207 §6: a client that insists says nothing in clear where STARTTLS is not offered", replies: []string{greeting, everybody, "221 bye"}, config: insist, logins: []credentials{{"PLAIN", []byte("x"), nil}},
		heard: []string{sayEHLO, "QUIT"}, failure: "deferred STARTTLS 451 4.7.4 local"},
	{name: "RFC 3207 §6: nor where it was taken out of the offer", replies: []string{greeting, "250-mx.receiver.example\n250-XXXXXXXA\n250 AUTH PLAIN", "221 bye"}, config: insist, logins: []credentials{{"PLAIN", []byte("x"), nil}},
		heard: []string{sayEHLO, "QUIT"}, failure: "deferred STARTTLS 451 4.7.4 local"},
	{name: "RFC 3207 §6: nor where EHLO is not known", replies: []string{greeting, "502 what", plain, "221 bye"}, config: insist, logins: []credentials{{"PLAIN", []byte("x"), nil}},
		heard: []string{sayEHLO, sayHELO, "QUIT"}, failure: "deferred STARTTLS 451 4.7.4 local"},
	{name: "RFC 3207 §6: nor where it is refused for now", replies: []string{greeting, offerTLS, "454 not now", "221 bye"}, config: insist, logins: []credentials{{"PLAIN", []byte("x"), nil}},
		heard: []string{sayEHLO, "STARTTLS", "QUIT"}, failure: "deferred STARTTLS 454"},
	{name: "RFC 3207 §6: or, as it says, for good: another time it may have TLS", replies: []string{greeting, offerTLS, "554 never", "221 bye"}, config: insist, heard: []string{sayEHLO, "STARTTLS", "QUIT"}, failure: "deferred STARTTLS 451 4.7.4 local"},
	{name: "RFC 3207 §6: or with a reply that makes no sense", replies: []string{greeting, offerTLS, "250 ok", "221 bye"}, config: insist, heard: []string{sayEHLO, "STARTTLS", "QUIT"}, failure: "deferred STARTTLS 451 4.7.4 local"},
	{name: "RFC 3207 §6: one that insists uses it, whatever else it may use", replies: []string{greeting, offerTLS, "220 go", plain, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: func(c *ClientConfig) { c.Use, c.TLS = 0, Insist },
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},

	{name: "RFC 8689 §4.2.1: REQUIRETLS with MAIL, where it is offered inside TLS", replies: []string{greeting, offerTLS, "220 go", offerInside, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful, adjust: demanding,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL + " REQUIRETLS", sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 8689 §2: not with a letter that does not demand it", replies: []string{greeting, offerTLS, "220 go", offerInside, "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, config: careful,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}},
	{name: "RFC 8689 §4.2.1: without TLS the letter is not sent: 5.7.10", replies: []string{greeting, plain, "221 bye"}, config: careful, adjust: demanding, letters: 2,
		heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.7.10 local", "refused MAIL 550 5.7.10 local"}},
	{name: "RFC 8689 §4.2.1: even if it is offered in clear", replies: []string{greeting, offerInside, "221 bye"}, config: careful, adjust: demanding, heard: []string{sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.7.10 local"}},
	{name: "RFC 8689 §4.2.1: nor after a 454", replies: []string{greeting, "250-x\n250-STARTTLS\n250 REQUIRETLS", "454 no", "221 bye"}, config: careful, adjust: demanding, heard: []string{sayEHLO, "STARTTLS", "QUIT"}, results: []string{"refused MAIL 550 5.7.10 local"}},
	{name: "RFC 8689 §4.2.1: where REQUIRETLS is not offered inside, it is not sent: 5.7.30", replies: []string{greeting, "250-x\n250-STARTTLS\n250 REQUIRETLS", "220 go", plain, "221 bye"}, config: careful, adjust: demanding,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.7.30 local"}},
	{name: "RFC 8689 §4.2.1: nor by a client that may not use it", replies: []string{greeting, offerTLS, "220 go", offerInside, "221 bye"}, config: func(c *ClientConfig) { c.Use = StartTLS }, adjust: demanding,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, "QUIT"}, results: []string{"refused MAIL 550 5.7.30 local"}},
	{name: "RFC 8689 §4.2.1: inside TLS, after HELO", replies: []string{greeting, offerTLS, "220 go", "502 what", plain, "221 bye"}, config: careful, adjust: demanding,
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, sayHELO, "QUIT"}, results: []string{"refused MAIL 550 5.7.30 local"}},
}

// clientShaking returns a client at its handshake; plain octets arrive behind
// the 220, cut at that place.
func clientShaking(t *testing.T, config *ClientConfig, behind string, cut int) *Client {
	t.Helper()
	c := NewClient(config)
	hearing(t, c, "220 x\r\n", "250-x\r\n250 STARTTLS\r\n")
	if c.State() != StateSTARTTLSSent || !strings.HasSuffix(string(c.Output()), starttls) {
		t.Fatalf("%v", c.State())
	}
	octets := "220 go\r\n" + behind
	for _, piece := range []string{octets[:cut], octets[cut:]} {
		for piece != "" {
			n := c.Feed([]byte(piece))
			piece = piece[n:]
			for c.Next() == Heard {
				if r, _ := c.Reply(); r.Code != 220 {
					t.Fatalf("heard %v", r)
				}
			}
			if n == 0 && c.Next() != Handshake {
				t.Fatalf("%v", c.Next())
			}
		}
	}
	if c.Next() != Handshake || c.State() != StateShaking || c.Secure() {
		t.Fatalf("%v, %v", c.Next(), c.State())
	}
	return c
}

// RFC 3207 §4.2: what the server says in clear behind its 220 is never heard, at
// every split of the octets, and it is counted.
func TestRFC3207_4_2_ClientThrowsPlaintextAway(t *testing.T) {
	for _, behind := range []string{"", "250 x\r\n", "250-x\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n250 ok\r\n", "2", "\r\n", "hm?\r\n", "421 bye\r\n", strings.Repeat("250-x\r\n", 400)} {
		for cut := range min(len("220 go\r\n"+behind), 200) {
			c := clientShaking(t, &ClientConfig{Use: AllExtensions | Security}, behind, cut)
			if c.Discarded() != len(behind) {
				t.Errorf("%.40q cut at %d: %d thrown away, want %d", behind, cut, c.Discarded(), len(behind))
			}
			c.Secured()
			if c.Next() != NeedInput || c.State() != StateEHLOSent || string(c.Output()) != "EHLO localhost\r\n" || !c.Secure() {
				t.Errorf("%.40q cut at %d: %v, %v", behind, cut, c.Next(), c.State())
			}
			if o := c.Offer(); o.Extensions != 0 || o.Domain != "" {
				t.Errorf("%.40q: offered %+v", behind, o)
			}
			hearing(t, c, "250-y\r\n250 DSN\r\n")
			if o := c.Offer(); c.Next() != Ready || o.Extensions != DSN || o.Domain != "y" {
				t.Errorf("%.40q: %v, offered %+v", behind, c.Next(), o)
			}
		}
	}
}

// RFC 3207 §6: a reply to STARTTLS that was there before it was asked for is
// none: somebody in the middle may have put it there.
func TestRFC3207_6_ReplyBeforeSTARTTLS(t *testing.T) {
	for _, early := range []string{"220 go\r\n", "454 no\r\n", "220 go\r\n250 x\r\n", "22"} {
		c := NewClient(&ClientConfig{Use: StartTLS, TLS: Insist})
		hearing(t, c, "220 x\r\n", "250-x\r\n250 STARTTLS\r\n"+early)
		if c.Next() == NeedInput { // half a reply
			hearing(t, c, "0 go\r\n")
		}
		f, failed := c.Failure()
		if c.Next() != Done || !failed || resultText(f) != "deferred STARTTLS 451 4.5.0 local" || c.Secure() {
			t.Errorf("%q: %v, %s", early, c.Next(), resultText(f))
		}
	}
}

// RFC 3207 §4: if TLS does not come about, the session is over, and it is known
// where.
func TestRFC3207_4_HandshakeFails(t *testing.T) {
	for _, test := range []struct {
		name string
		stop func(*Client)
		want string
	}{
		{"the handshake fails", func(c *Client) { c.TLSFailed("wrong name") }, "deferred STARTTLS 451 4.7.5 local no TLS: wrong name"},
		{"the server closes", (*Client).PeerClosed, "deferred STARTTLS 451 local the connection was closed"},
		{"it takes too long", (*Client).TimedOut, "deferred STARTTLS 451 local no answer in time: command"},
	} {
		for _, behind := range []string{"", "250 ok\r\n", "421 bye\r\n"} {
			for _, config := range []*ClientConfig{{Use: StartTLS}, {TLS: Insist}} {
				c := clientShaking(t, config, behind, len("220 go\r\n"))
				if p, d := c.Waiting(); p != PhaseCommand || d != 5*time.Minute {
					t.Errorf("waiting %v %v", p, d)
				}
				test.stop(c)
				step := c.Next()
				f, _ := c.Failure()
				if got := resultText(f) + " " + f.Reply.Text(); step != Done || got != test.want || len(c.Output()) > 0 || c.Secure() {
					t.Errorf("%s behind %q: %v, %s, want %s", test.name, behind, c.Next(), got, test.want)
				}
				c.TLSFailed("again")
				if again, _ := c.Failure(); resultText(again) != resultText(f) {
					t.Errorf("%s: %v", test.name, again)
				}
			}
		}
	}
	// On a connection that begins with TLS nothing was said yet.
	c := NewClient(&ClientConfig{})
	c.TLSFailed("expired")
	if f, _ := c.Failure(); c.Next() != Done || resultText(f) != "deferred connect 451 4.7.5 local" {
		t.Errorf("%v, %s", c.Next(), resultText(f))
	}
	// Inside, TLS that fails is a line that breaks (RFC 8446 §6.2).
	c = clientShaking(t, &ClientConfig{TLS: Insist}, "", len("220 go\r\n"))
	c.Secured()
	c.TLSFailed("what came cannot be decrypted")
	if f, _ := c.Failure(); c.Next() != Done || resultText(f) != "deferred EHLO 451 local" || f.Reply.Enhanced != (Enhanced{4, 4, 2}) || f.Reply.Text() != "TLS failed: what came cannot be decrypted" {
		t.Errorf("%v, %s %s", c.Next(), resultText(f), f.Reply.Text())
	}
	// After a session that went well there is nothing to fail.
	c = clientAt(t, Ready, "")
	c.Quit()
	hearing(t, c, "221 bye\r\n")
	c.TLSFailed("late")
	if f, failed := c.Failure(); failed {
		t.Errorf("%v", f)
	}
}

// What was fed with the 220 is thrown away, even if the server closes before the
// client looks.
func TestRFC3207_4_2_PlaintextThenClosed(t *testing.T) {
	c := NewClient(&ClientConfig{Use: StartTLS})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 STARTTLS\r\n")
	c.Feed([]byte("220 go\r\n250 evil\r\n"))
	if c.Next() != Heard {
		t.Fatal(c.Next())
	}
	c.PeerClosed()
	step := c.Next()
	if f, _ := c.Failure(); step != Done || c.Discarded() != len("250 evil\r\n") {
		t.Errorf("%v, %d thrown away, %v", c.Next(), c.Discarded(), f)
	}
	if f, _ := c.Failure(); f.Reply.Enhanced != (Enhanced{4, 4, 2}) {
		t.Error(resultText(f))
	}
}

// RFC 8314 §3.3: TLS from the first octet on; a client that insists is content,
// and says no STARTTLS.
func TestRFC8314_3_3_ClientInsideFromTheBeginning(t *testing.T) {
	for _, config := range []*ClientConfig{{Use: AllExtensions | Security}, {TLS: Insist}} {
		c := NewClient(config)
		c.Secured()
		if c.Next() != NeedInput || !c.Secure() || c.State() != StateAwaitingGreeting {
			t.Fatalf("%v %v", c.Next(), c.State())
		}
		hearing(t, c, "220 x\r\n", "250-x\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n")
		if c.Next() != Ready || strings.Contains(string(c.Output()), "STARTTLS") {
			t.Errorf("%v %v", c.Next(), c.State())
		}
		if c.Reset(); c.Secure() {
			t.Error("another connection is not inside TLS")
		}
	}
}

// Only where a handshake can have been, Secured says anything: else a letter
// that demands TLS would go in clear.
func TestRFC8314_3_3_ClientSecuredOnlyWhereTLSBegins(t *testing.T) {
	for name, octets := range map[string][]string{"greeting begun": {"220-x\r\n"}, "greeted": {"220 x\r\n"}, "ready": {"220 x\r\n", "250 x\r\n"}, "refused": {"554 no\r\n"}} {
		c := NewClient(&ClientConfig{})
		hearing(t, c, octets...)
		before, said := c.State(), string(c.Output())
		c.Secured()
		if c.Secure() || c.State() != before || len(c.Output()) > 0 {
			t.Errorf("%s: secure %v, %v after %q", name, c.Secure(), c.State(), said)
		}
	}
	c := clientShaking(t, &ClientConfig{Use: StartTLS}, "", 3)
	c.TimedOut()
	if c.Secured(); c.Secure() || c.Next() != Done {
		t.Errorf("%v", c.Next())
	}
}

// A clone at the handshake goes its own way.
func TestClientCloneAtHandshake(t *testing.T) {
	c := clientShaking(t, &ClientConfig{Use: AllExtensions | Security}, "250", 5)
	d := c.Clone()
	c.Secured()
	hearing(t, c, "250-x\r\n250 REQUIRETLS\r\n")
	if err := c.Send(Envelope{RequireTLS: true, To: []Path{{"bob", "receiver.example"}}}); err != nil || !strings.HasSuffix(string(c.Output()), "MAIL FROM:<> REQUIRETLS\r\n") {
		t.Errorf("%v, %v", err, c.State())
	}
	d.Feed([]byte("22"))
	if d.Next() != Handshake || d.Secure() || d.Discarded() != 5 || c.Discarded() != 3 {
		t.Errorf("the clone: %v, %d thrown away, %d", d.Next(), d.Discarded(), c.Discarded())
	}
	d.TLSFailed("no")
	if fmt.Sprint(d.Next(), c.Next()) != "done need input" {
		t.Errorf("%v %v", d.Next(), c.Next())
	}
}
