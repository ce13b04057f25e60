package sasl

// Both sides talking to each other.

import (
	"errors"
	"testing"
)

// outcome is how a login ended on either side.
type outcome struct {
	user   string // for the server
	server error  // ErrWrong or another; nil if done
	client error  // of Next, or of Finish if the server was content
	lines  []string
}

func (o outcome) in() bool { return o.server == nil && o.client == nil && o.user != "" }

var errCancelled = errors.New("the client cancelled")

// change is what someone in the middle makes of line n, counted from 0.
type change func(n int, line []byte) []byte

// talk has them log in.
func talk(t testing.TB, l Login, x Exchange, meddle change) (o outcome) {
	t.Helper()
	carry := func(line []byte) []byte {
		if meddle != nil {
			line = meddle(len(o.lines), line)
		}
		o.lines = append(o.lines, string(line))
		return line
	}
	var response []byte
	if initial, ok := l.Initial(); ok {
		response = carry(initial)
	}
	for range 10 {
		challenge, done, err := x.Next(response)
		if err != nil {
			o.server = err
			return o
		}
		if done {
			o.user, o.client = x.User(), l.Finish()
			return o
		}
		if response, err = l.Next(carry(challenge)); err != nil {
			o.client, o.server = err, errCancelled
			return o
		}
		if response == nil {
			t.Fatalf("the client's response is nil")
		}
		response = carry(response)
	}
	t.Fatalf("no end: %q", o.lines)
	return o
}

// pair makes both sides, the client with these credentials.
func pair(t testing.TB, mechanism string, a *Accounts, c Credentials) (Login, Exchange) {
	t.Helper()
	x, err := NewExchange(mechanism, ServerOptions{Accounts: a, Host: "mx.receiver.example", Nonce: "server", Binding: testBinding, BindingOffered: true})
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLogin(mechanism, ClientOptions{Credentials: c, Nonce: "client", Binding: testBinding, ServerOffersPlus: true})
	if err != nil {
		t.Fatal(err)
	}
	return l, x
}
