package smtp

// A client logs in (RFC 4954). What is in a response is the driver's to say.

import (
	"encoding/base64"
	"errors"
)

// login is a login under way, or the last one.
type login struct {
	challenge []byte
	initial   []byte // a response that waits for an empty challenge
	held      bool   // there is one
	over      bool   // the client has given it up
	foul      bool   // since a challenge was no base64
	reply     Reply  // what ended it
	done      bool   // it succeeded
}

// ErrNoLogin is the error of [Client.Login] where none is possible: at another
// step than [Ready], or after one that succeeded.
var ErrNoLogin = errors.New("the session is not ready for a login")

// ErrMechanism is the error of [Client.Login] for a mechanism that the server has
// not offered, or that is none (RFC 4422 §3.1).
var ErrMechanism = errors.New("the server does not offer this mechanism")

// Login begins a login, at [Ready]. initial is the response that goes with the
// command, nil if the mechanism has none; one that would make the line too long
// waits for the server's empty challenge (RFC 4954 §4). The session comes back
// to [Ready] when it is over: see [Client.LoggedIn].
func (c *Client) Login(mechanism string, initial []byte) error {
	if c.step != Ready || c.login.done {
		return ErrNoLogin
	}
	if !validMechanism(mechanism) || !has(c.offer.Mechanisms, mechanism) {
		return ErrMechanism
	}
	c.login = login{}
	arg := mechanism
	if initial != nil {
		text := base64.StdEncoding.EncodeToString(initial)
		if text == "" {
			text = "="
		}
		if len("AUTH ")+len(arg)+1+len(text)+2 > MaxCommandLine {
			c.login.initial, c.login.held = append([]byte(nil), initial...), true
		} else {
			arg += " " + text
			c.tell([]byte(text))
		}
	}
	c.say(AUTH, arg)
	return nil
}

// takeLogin acts on the reply to AUTH or to a response.
func (c *Client) takeLogin(r Reply) {
	l := &c.login
	if !r.Intermediate() {
		l.reply, l.done = r, r.Positive() && !l.over && !l.held
		c.step = Ready
		return
	}
	if l.over { // and the server should have said 501 (RFC 4954 §4)
		c.end(Deferred, c.about.verb, Reply{Code: 451, Enhanced: Enhanced{4, 5, 0},
			Lines: []string{"the server goes on with a login that was given up"}}, true)
		return
	}
	challenge, ok := decodeSASL([]byte(r.Text()))
	c.step = Challenge
	switch {
	case !ok:
		l.foul = true
		c.CancelLogin()
	case l.held && len(challenge) == 0:
		initial := l.initial
		l.initial, l.held = nil, false
		c.Respond(initial)
	default:
		l.challenge, l.held = challenge, false
	}
}

// Challenge returns what the server asks, at the step [Challenge].
func (c *Client) Challenge() []byte { return c.login.challenge }

// Respond answers a challenge. At another step than [Challenge] it does nothing.
func (c *Client) Respond(response []byte) {
	if c.step == Challenge {
		text := base64.StdEncoding.EncodeToString(response)
		c.tell([]byte(text))
		c.sayLine(text)
	}
}

// CancelLogin gives a login up: the server says 501 (RFC 4954 §4). At another
// step than [Challenge] it does nothing.
func (c *Client) CancelLogin() {
	if c.step == Challenge {
		c.login.over = true
		c.sayLine("*")
	}
}

func (c *Client) sayLine(line string) {
	c.reuse()
	c.out = append(append(c.out, line...), '\r', '\n')
	c.expect(Response, -1)
	c.step = NeedInput
}

// LoggedIn says whether the server has accepted a login, and what it said to
// the last one.
func (c *Client) LoggedIn() (bool, Reply) { return c.login.done, c.login.reply }

// BadChallenge says whether the last login was given up because a challenge was
// no base64 (RFC 4954 §4).
func (c *Client) BadChallenge() bool { return c.login.foul }

// InLogin says whether what the client says next, or has just said, may be
// a response of a login.
func (c *Client) InLogin() bool {
	about := c.awaited().verb
	return about == Response || about == AUTH
}
