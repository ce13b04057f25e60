package smtp

// The rules of AUTH on the client's side (RFC 4954), each by its section.

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

const (
	offerLogin = "250-mx.receiver.example\n250 AUTH PLAIN X-TOY"
	saidPlain  = "AUTH PLAIN " + both
)

var (
	plainLogin = credentials{"PLAIN", []byte("\x00alice\x00wonderland"), nil}
	toyLogin   = credentials{"X-TOY", nil, []string{"alice", "wonderland"}}
)

// longInitial is an initial response with which an AUTH PLAIN has 512 octets, and
// more of them.
func longInitial(more int) []byte {
	return bytes.Repeat([]byte("x"), (512-len("AUTH PLAIN \r\n"))/4*3+more)
}

func coded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

var clientLoginRules = []clientRule{
	{name: "RFC 4954 §4: the initial response goes with AUTH", replies: []string{greeting, offerLogin, "235 welcome", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, logins: []credentials{plainLogin},
		heard: []string{sayEHLO, saidPlain, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}, login: []string{"true 235"}},
	{name: "RFC 4954 §4: challenges and responses", replies: []string{greeting, offerLogin, "334 ", password, "235 welcome", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", alice, wonderland, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}, login: []string{"true 235"}},
	{name: "RFC 4954 §4: an empty initial response is =, an empty response an empty line", replies: []string{greeting, offerLogin, "334 ", "235 welcome", "drop"}, logins: []credentials{{"PLAIN", []byte{}, []string{""}}},
		heard: []string{sayEHLO, "AUTH PLAIN =", "", sayMAIL}, results: []string{"deferred MAIL 451 local"}, login: []string{"true 235"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: an AUTH line has at most 512 octets", replies: []string{greeting, offerLogin, "235 welcome", "drop"}, logins: []credentials{{"PLAIN", longInitial(0), nil}},
		heard: []string{sayEHLO, "AUTH PLAIN " + coded(longInitial(0)), sayMAIL}, login: []string{"true 235"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: else the initial response waits for an empty challenge", replies: []string{greeting, offerLogin, "334 ", "235 welcome", "drop"}, logins: []credentials{{"PLAIN", longInitial(1), nil}},
		heard: []string{sayEHLO, "AUTH PLAIN", coded(longInitial(1)), sayMAIL}, login: []string{"true 235"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 5321 §4.2: a 334 without a space is an empty challenge, too", replies: []string{greeting, offerLogin, "334", "235 welcome", "drop"}, logins: []credentials{{"PLAIN", longInitial(9000), nil}},
		heard: []string{sayEHLO, "AUTH PLAIN", coded(longInitial(9000)), sayMAIL}, login: []string{"true 235"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: at another challenge it is the driver's to say", replies: []string{greeting, offerLogin, password, "235 welcome", "drop"}, logins: []credentials{{"PLAIN", longInitial(1), []string{"wonderland"}}},
		heard: []string{sayEHLO, "AUTH PLAIN", wonderland, sayMAIL}, login: []string{"true 235"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: a challenge that is no base64 cancels the login", replies: []string{greeting, offerLogin, "334 go on", "501 cancelled", "334 Zm9v=", "501 ok", "250 ok", "550 who", "221 bye"}, logins: []credentials{toyLogin, plainLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", "*", saidPlain, "*", sayMAIL, sayR0, "QUIT"}, results: []string{"refused RCPT 550"}, login: []string{"false 501", "false 501"}},
	{name: "RFC 4954 §4: foreign characters in it are not skipped", replies: []string{greeting, offerLogin, "334 Zm 9v", "501 no", "334 Zm9v ", "501 no", "334-Zm9v\n334 Zm9v", "501 no", "334-\n334 ", "501 no", "334 2.0.0 Zm9v", "501 no", "334 =AAA", "501 no", "550 who", "221 bye"},
		logins: []credentials{toyLogin, toyLogin, toyLogin, toyLogin, toyLogin, toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY", "*", "AUTH X-TOY", "*", "AUTH X-TOY", "*", "AUTH X-TOY", "*", "AUTH X-TOY", "*", "AUTH X-TOY", "*", sayMAIL, "QUIT"},
		results: []string{"refused MAIL 550"}, login: []string{"false 501", "false 501", "false 501", "false 501", "false 501", "false 501"}},
	{name: "RFC 4954 §4: the driver may cancel it", replies: []string{greeting, offerLogin, password, "501 ok", "550 who", "221 bye"}, logins: []credentials{{"X-TOY", nil, nil}},
		heard: []string{sayEHLO, "AUTH X-TOY", "*", sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{"false 501"}},
	{name: "RFC 4954 §4: a server that goes on after that is not talked to any more", replies: []string{greeting, offerLogin, "334 go on", password, "235 welcome", "221 bye"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", "*"}, failure: "deferred response 451 4.5.0 local"},
	{name: "RFC 4954 §4: nor one that does so when the driver has cancelled", replies: []string{greeting, offerLogin, "334 ", "334 ", "334 ", "334 ", "221 bye"}, logins: []credentials{{"X-TOY", nil, nil}},
		heard: []string{sayEHLO, "AUTH X-TOY", "*"}, failure: "deferred response 451 4.5.0 local"},
	{name: "RFC 4954 §4: a 235 to that * is no login: nobody wanted it any more", replies: []string{greeting, offerLogin, "334 go on", "235 welcome", "550 who", "221 bye"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", "*", sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{"false 235"}},
	{name: "RFC 4954 §4: a challenge of 12288 octets is taken", replies: []string{greeting, offerLogin, "334 " + strings.Repeat("AAAA", 3070), "235 welcome", "drop"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", alice, sayMAIL}, login: []string{"true 235"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: a line of 12288 octets that is no base64, too", replies: []string{greeting, offerLogin, "334 " + strings.Repeat("A", 12282), "501 ok", "drop"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", "*", sayMAIL}, login: []string{"false 501"}, results: []string{"deferred MAIL 451 local"}, failure: "deferred MAIL 451 local"},
	{name: "RFC 4954 §4: one of 12289 is not", replies: []string{greeting, offerLogin, "334 " + strings.Repeat("A", 12283)}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY"}, failure: "deferred AUTH 451 4.5.0 local"},
	{name: "RFC 5321 §4.5.3.1.5: nor is any other reply longer than ever", replies: []string{greeting, offerLogin, "235 " + strings.Repeat("A", 507)}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY"}, failure: "deferred AUTH 451 4.5.0 local"},
	{name: "RFC 4954 §4: a login that failed leaves the session as it was; there may be another", replies: []string{greeting, offerLogin, "535 wrong", "334 ", "454 later", "235 welcome", "250 ok", "550 who", "221 bye"}, logins: []credentials{plainLogin, toyLogin, plainLogin},
		heard: []string{sayEHLO, saidPlain, "AUTH X-TOY", alice, saidPlain, sayMAIL, sayR0, "QUIT"}, results: []string{"refused RCPT 550"}, login: []string{"false 535", "false 454", "true 235"}},
	{name: "RFC 4954 §4: after one that succeeded there is none", replies: []string{greeting, offerLogin, "235 welcome", "550 no", "221 bye"}, logins: []credentials{plainLogin, plainLogin},
		heard: []string{sayEHLO, saidPlain, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{"true 235", ErrNoLogin.Error()}},
	{name: "RFC 5321 §4.2.1: the first digit of unknown codes decides", replies: []string{greeting, offerLogin, "399 ", "299 ok", "550 no", "221 bye"}, logins: []credentials{toyLogin},
		heard: []string{sayEHLO, "AUTH X-TOY", alice, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{"true 299"}},
	{name: "RFC 5321 §3.8: 421 to AUTH", replies: []string{greeting, offerLogin, "421 bye"}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY"}, failure: "deferred AUTH 421"},
	{name: "RFC 5321 §3.8: 421 in the middle", replies: []string{greeting, offerLogin, "334 ", "421 bye"}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY", alice}, failure: "deferred response 421"},
	{name: "RFC 5321 §3.8: dropped in the middle", replies: []string{greeting, offerLogin, "334 ", "drop"}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY", alice}, failure: "deferred response 451 local"},
	{name: "RFC 5321 §4.2: what is no reply in the middle", replies: []string{greeting, offerLogin, "334 ", "hm"}, logins: []credentials{toyLogin}, heard: []string{sayEHLO, "AUTH X-TOY", alice}, failure: "deferred response 451 4.5.0 local"},
	{name: "RFC 5321 §2.2.1: no AUTH where it was not offered", replies: []string{greeting, plain, "550 no", "221 bye"}, logins: []credentials{plainLogin}, heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{ErrMechanism.Error()}},
	{name: "RFC 4954 §3: nor with a mechanism that was not", replies: []string{greeting, offerLogin, "550 no", "221 bye"}, logins: []credentials{{"GSSAPI", nil, nil}, {"X-TO", nil, nil}, {"", nil, nil}}, heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"},
		login: []string{ErrMechanism.Error(), ErrMechanism.Error(), ErrMechanism.Error()}},
	{name: "RFC 5321 §4.1.1.1: nor after HELO", replies: []string{greeting, "502 what", offerLogin, "550 no", "221 bye"}, logins: []credentials{plainLogin}, heard: []string{sayEHLO, sayHELO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{ErrMechanism.Error()}},
	{name: "RFC 4422 §3.1: nor with one that is none, though a server has said it", replies: []string{greeting, "250-x\n250 AUTH P\x01AIN A-MECHANISM_OF_21CHRS pl@in", "550 no", "221 bye"}, logins: []credentials{{"P\x01AIN", nil, nil}, {"A-MECHANISM_OF_21CHRS", nil, nil}, {"pl@in", nil, nil}},
		heard: []string{sayEHLO, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{ErrMechanism.Error(), ErrMechanism.Error(), ErrMechanism.Error()}},
	{name: "RFC 4954 §8: mechanisms in any case", replies: []string{greeting, "250-x\n250-auth plain\n250 AUTH X-Toy", "235 hi", "550 no", "221 bye"}, logins: []credentials{{"x-toy", []byte("wonderland"), nil}},
		heard: []string{sayEHLO, "AUTH x-toy " + wonderland, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{"true 235"}},
	{name: "RFC 4954 §3: what is offered inside TLS counts", replies: []string{greeting, "250-x\n250-STARTTLS\n250 AUTH X-TOY", "220 go", "250-x\n250 AUTH PLAIN", "235 hi", "550 no", "221 bye"}, config: careful, logins: []credentials{toyLogin, plainLogin},
		heard: []string{sayEHLO, "STARTTLS", sayEHLO, saidPlain, sayMAIL, "QUIT"}, results: []string{"refused MAIL 550"}, login: []string{ErrMechanism.Error(), "true 235"}},
	{name: "RFC 4954 §3: a login, and then the letter in one group", replies: []string{greeting, "250-x\n250-PIPELINING\n250 AUTH PLAIN", "235 hi", "250 ok", "250 ok", "354 go", "250 done", "221 bye"}, logins: []credentials{plainLogin},
		heard: []string{sayEHLO, saidPlain, sayMAIL, sayR0, "DATA", body, "QUIT"}, results: []string{"delivered dot 250"}, login: []string{"true 235"}},
}

// clientChallenged returns a client that has to answer a challenge.
func clientChallenged(t *testing.T, last string) *Client {
	t.Helper()
	c := NewClient(&ClientConfig{})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 AUTH X-TOY\r\n")
	if err := c.Login("X-TOY", nil); err != nil {
		t.Fatal(err)
	}
	c.Output()
	hearing(t, c, "334 Zm9v\r\n"+last)
	return c
}

// RFC 4954 §4: how a client names where it stands in a login, and how long it
// waits.
func TestRFC4954_4_StatesOfALogin(t *testing.T) {
	c := NewClient(&ClientConfig{})
	want := func(phase Phase, state State, step ClientStep, inLogin bool) {
		t.Helper()
		if p, _ := c.Waiting(); p != phase || c.State() != state || c.Next() != step || c.InLogin() != inLogin {
			t.Errorf("waiting for %v, %v, %v, in a login %v; want %v, %v, %v", p, c.State(), c.Next(), c.InLogin(), phase, state, step)
		}
	}
	hearing(t, c, "220 x\r\n")
	want(PhaseCommand, StateEHLOSent, NeedInput, false)
	hearing(t, c, "250-x\r\n250 AUTH X-TOY\r\n")
	want(PhaseNone, StateReady, Ready, false)
	if err := c.Login("X-TOY", nil); err != nil {
		t.Fatal(err)
	}
	want(PhaseCommand, StateAUTHSent, NeedInput, true)
	if c.Login("X-TOY", nil) != ErrNoLogin || c.Send(Envelope{To: []Path{{"bob", "x.example"}}}) != ErrNotReady {
		t.Error("two things at once")
	}
	hearing(t, c, "334 Zm9v\r\n")
	want(PhaseNone, StateChallenged, Challenge, true)
	if string(c.Challenge()) != "foo" {
		t.Errorf("asked %q", c.Challenge())
	}
	c.Respond([]byte("bar"))
	want(PhaseCommand, StateResponseSent, NeedInput, true)
	c.Respond([]byte("again"))
	c.CancelLogin()
	if out := string(c.Output()); out != "EHLO localhost\r\nAUTH X-TOY\r\nYmFy\r\n" {
		t.Errorf("said %q", out)
	}
	hearing(t, c, "334 \r\n")
	want(PhaseNone, StateChallenged, Challenge, true)
	if c.Challenge() == nil || len(c.Challenge()) > 0 {
		t.Errorf("asked %q", c.Challenge())
	}
	c.CancelLogin()
	want(PhaseCommand, StateResponseSent, NeedInput, true)
	hearing(t, c, "501 5.7.0 ok\r\n")
	want(PhaseNone, StateReady, Ready, false)
	if done, r := c.LoggedIn(); done || r.Code != 501 || r.Enhanced != (Enhanced{5, 7, 0}) {
		t.Errorf("%v %v", done, r)
	}
	// Where there is no challenge nothing is said.
	c.Output()
	c.CancelLogin()
	c.Respond([]byte("x"))
	want(PhaseNone, StateReady, Ready, false)
	if len(c.Output()) > 0 {
		t.Error("said something")
	}
	if done, _ := c.Clone().LoggedIn(); done {
		t.Error("a clone has logged in")
	}
	if c.Reset(); c.Login("X-TOY", nil) != ErrNoLogin {
		t.Error("a login before the greeting")
	}
}

// RFC 4954 §4, RFC 5321 §3.8: what a server says while it waits for a response is
// an answer to nothing. Only a 421 is taken at its word.
func TestRFC4954_4_UnaskedReplyAtAChallenge(t *testing.T) {
	for _, test := range []struct{ early, late, failure string }{
		{"235 welcome\r\n", "", "deferred response 451 4.5.0 local"},
		{"535 wrong\r\n", "", "deferred response 451 4.5.0 local"},
		{"334 \r\n", "", "deferred response 451 4.5.0 local"},
		{"hm?\r\n", "", "deferred response 451 4.5.0 local"},
		{"421 bye\r\n", "", "deferred response 421"},
		{"23", "5 welcome\r\n", "deferred response 451 4.5.0 local"},
		{"334-Zm9v\r\n", "334 Zm9v\r\n", "deferred response 451 4.5.0 local"},
		{"42", "1 bye\r\n", "deferred response 421"},
	} {
		for _, together := range []bool{true, false} {
			c, late := clientChallenged(t, map[bool]string{true: test.early}[together]), test.late
			if !together {
				c.Feed([]byte(test.early))
			}
			for step := c.Next(); step != Done; step = c.Next() {
				switch step {
				case Challenge:
					if late == "" {
						t.Fatalf("%q: the login goes on", test.early)
					}
					c.Respond([]byte("bar"))
				case NeedInput:
					if c.Feed([]byte(late)) == 0 {
						t.Fatalf("%q: still waiting, state %v", test.early, c.State())
					}
					late = ""
				}
			}
			f, _ := c.Failure()
			if done, _ := c.LoggedIn(); resultText(f) != test.failure || done {
				t.Errorf("%q: %s, logged in %v, want %s", test.early, resultText(f), done, test.failure)
			}
		}
	}
	for name, stop := range map[string]func(*Client){"closed": (*Client).PeerClosed, "timed out": (*Client).TimedOut} {
		c := clientChallenged(t, "")
		stop(c)
		step := c.Next()
		if f, _ := c.Failure(); step != Done || f.Verb != Response || f.Outcome != Deferred {
			t.Errorf("%s: %v, %v", name, step, f)
		}
		c.Respond([]byte("bar"))
		c.CancelLogin()
		if len(c.Output()) > 0 {
			t.Errorf("%s: said something", name)
		}
	}
}

// RFC 4954 §4: before AUTH is said there is no answer to it.
func TestRFC4954_4_ReplyBeforeAUTH(t *testing.T) {
	c := NewClient(&ClientConfig{})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 AUTH X-TOY\r\n")
	c.Feed([]byte("23"))
	if err := c.Login("X-TOY", nil); err != nil {
		t.Fatal(err)
	}
	hearing(t, c, "5 welcome\r\n")
	f, _ := c.Failure()
	if done, _ := c.LoggedIn(); done || c.Next() != Done || resultText(f) != "deferred AUTH 451 4.5.0 local" {
		t.Errorf("%v, %s, logged in %v", c.Next(), resultText(f), done)
	}
}

// RFC 4954 §4, RFC 4616 §2: a server that lets a client in before it was told who
// that is has taken no login.
func TestRFC4954_4_235BeforeTheResponse(t *testing.T) {
	c := NewClient(&ClientConfig{})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n")
	if err := c.Login("PLAIN", longInitial(3)); err != nil {
		t.Fatal(err)
	}
	hearing(t, c, "235 welcome\r\n")
	if done, r := c.LoggedIn(); done || r.Code != 235 || c.Next() != Ready {
		t.Errorf("logged in %v, %v; %v", done, r, c.Next())
	}
}

// A clone inside a login goes its own way.
func TestClientCloneInLogin(t *testing.T) {
	c := clientChallenged(t, "")
	d := c.Clone()
	c.Respond([]byte("bar"))
	hearing(t, c, "334 eHh4\r\n")
	if string(d.Challenge()) != "foo" || d.Next() != Challenge || string(c.Challenge()) != "xxx" {
		t.Errorf("%q, clone %v %q", c.Challenge(), d.Next(), d.Challenge())
	}
	d.Respond([]byte("wonderland"))
	hearing(t, d, "235 welcome\r\n")
	if done, _ := d.LoggedIn(); !done || c.Next() != Challenge || d.Next() != Ready {
		t.Errorf("%v %v", c.Next(), d.Next())
	}
	// Each knows what it has said, and not what the other has (RFC 4954 §9).
	c = clientChallenged(t, "")
	d = c.Clone()
	c.Respond([]byte("wonderland"))
	d.Respond([]byte("looking-glass"))
	for _, c := range []*Client{c, d} {
		hearing(t, c, "535 "+wonderland+" "+coded([]byte("looking-glass"))+"\r\n")
	}
	_, r1 := c.LoggedIn()
	_, r2 := d.LoggedIn()
	if got := r1.Lines[0] + r2.Lines[0]; got != unread(wonderland)+" "+coded([]byte("looking-glass"))+wonderland+" "+unread(coded([]byte("looking-glass"))) {
		t.Errorf("said %q", got)
	}
	// A response that waits is the clone's, too.
	c = NewClient(&ClientConfig{})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n")
	initial := longInitial(3)
	if err := c.Login("PLAIN", initial); err != nil {
		t.Fatal(err)
	}
	d = c.Clone()
	clear(initial) // the driver's, not the session's
	for _, c := range []*Client{c, d} {
		hearing(t, c, "334 \r\n")
		if out := string(c.Output()); !strings.HasSuffix(out, "AUTH PLAIN\r\n"+coded(longInitial(3))+"\r\n") {
			t.Errorf("said %q", out)
		}
	}
}

// RFC 4954 §3: what a client makes of AUTH lines.
func TestRFC4954_3_ParseOffer(t *testing.T) {
	for line, want := range map[string]string{
		"AUTH PLAIN LOGIN": "[PLAIN LOGIN]", "auth  plain ": "[plain]", "AUTH": "[]", "AUTH=PLAIN LOGIN": "[]", "AUTHPLAIN": "[]", "STARTTLS": "[]", "REQUIRETLS": "[]",
	} {
		o := ParseOffer(Reply{Code: 250, Lines: []string{"x", line}})
		if fmt.Sprint(o.Mechanisms) != want {
			t.Errorf("%q: %+v", line, o)
		}
	}
	o := ParseOffer(Reply{Code: 250, Lines: []string{"x", "AUTH A", "STARTTLS", "REQUIRETLS", "AUTH B C"}})
	if o.Extensions != Security || fmt.Sprint(o.Mechanisms) != "[A B C]" {
		t.Errorf("%+v", o)
	}
}
