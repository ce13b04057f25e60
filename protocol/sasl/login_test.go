package sasl

// What holds of any login, whoever logs in.

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// secrets draws what SASLprep leaves something of and can be typed.
func secrets(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ019 ,=\"'\\@.+/<>\u00e9\u00df\u0301\u00ad\u00a0\u3000\uff21\u4e2d\u6587\u05d0\u0627\U0001d400")), 1, 20, -1).
		Filter(func(s string) bool { _, err := prepare(s); return err == nil }).Draw(t, label)
}

func tokens(t *rapid.T, label string) string {
	return rapid.StringMatching(`[!-~]{1,20}`).Draw(t, label)
}

func mechanisms(t *rapid.T) Mechanism { return rapid.SampledFrom(Mechanisms).Draw(t, "mechanism") }

func TestWhoKnowsThePasswordGetsIn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := mechanisms(rt)
		account := Account{User: secrets(rt, "user"), Password: secrets(rt, "password"), Token: tokens(rt, "token")}
		if err := account.Check(); err != nil {
			rt.Fatal(err)
		}
		a := NewAccounts([]Account{{User: "mallory", Password: "guess", Token: "guess"}, account})
		l, x := pair(t, m.Name, a, Credentials{User: account.User, Password: account.Password, Token: account.Token})
		o := talk(t, l, x, nil)
		if !o.in() || o.user != account.User {
			rt.Fatalf("%s: %v, %v, %q in %q", m.Name, o.server, o.client, o.user, o.lines)
		}
	})
}

func TestWhoDoesNotKnowThePasswordDoesNotGetIn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := mechanisms(rt)
		account := Account{User: secrets(rt, "user"), Password: secrets(rt, "password"), Token: tokens(rt, "token")}
		a := NewAccounts([]Account{{User: "mallory", Password: "guess", Token: "guess"}, account})
		c := Credentials{User: account.User, Password: secrets(rt, "wrong password"), Token: tokens(rt, "wrong token")}
		if sameUser(c.Password, account.Password) || c.Token == account.Token {
			rt.Skip("the same by chance")
		}
		if rapid.Bool().Draw(rt, "unknown user") {
			if c.User = secrets(rt, "wrong user"); a.Has(c.User) {
				rt.Skip("the same by chance")
			}
			c.Password, c.Token = account.Password, account.Token
		}
		l, x := pair(t, m.Name, a, c)
		o := talk(t, l, x, nil)
		if o.server != ErrWrong || o.user != "" || l.Finish() == nil && strings.HasPrefix(m.Name, nameScram) {
			rt.Fatalf("%s: %v, %v, %q in %q", m.Name, o.server, o.client, o.user, o.lines)
		}
	})
}

func TestNoOneActsForAnother(t *testing.T) {
	a := NewAccounts([]Account{{"alice", "wonderland", "alice-token"}, {"bob", "builder", "bob-token"}})
	for _, m := range Mechanisms {
		for authz, in := range map[string]bool{"": true, "alice": true, "ali\u00adce": true, "bob": false, "eve": false} {
			if !m.authz() && !in {
				continue
			}
			l, x := pair(t, m.Name, a, Credentials{User: "alice", Authz: authz, Password: "wonderland", Token: "alice-token"})
			if o := talk(t, l, x, nil); o.in() != in || !in && o.server != ErrWrong {
				t.Errorf("%s as %q: %v, %v, %q", m.Name, authz, o.server, o.client, o.user)
			}
		}
	}
}

// RFC 4422 §6.1: whoever is in the middle and changes a word of SCRAM is found
// out. Only the last bits of base64 can be changed without a change of what it
// says, so of proof and signature the first character is.
func TestRFC5802_9_WhoMeddlesIsFoundOut(t *testing.T) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland"}, {User: "alicf", Password: "wonderland"}})
	c := Credentials{User: "alice", Password: "wonderland"}
	for _, mechanism := range []string{nameScram, nameScramPlus} {
		l, x := pair(t, mechanism, a, c)
		honest := talk(t, l, x, nil)
		if !honest.in() || len(honest.lines) != 5 {
			t.Fatalf("%+v", honest)
		}
		for n, line := range honest.lines[:4] {
			end := len(line)
			if i := max(strings.Index(line, ",p="), strings.Index(line, "v=")); i >= 0 {
				end = i + len(",p=") + 1
			}
			for at := range line[:end] {
				for _, with := range []byte{line[at] ^ 1, ','} {
					if with == line[at] {
						continue
					}
					l, x := pair(t, mechanism, a, c)
					o := talk(t, l, x, func(i int, s []byte) []byte {
						if i != n {
							return s
						}
						s = []byte(string(s))
						s[at] = with
						return s
					})
					if o.in() {
						t.Errorf("%s: line %d %q was changed at %d to %q, and no one saw it", mechanism, n, line, at, with)
					}
				}
			}
		}
	}
}

// RFC 5802 §6: someone in the middle has a TLS connection with each of the two.
func TestRFC5802_6_ALoginIsBoundToItsConnection(t *testing.T) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland"}})
	_, x := pair(t, nameScramPlus, a, Credentials{User: "alice", Password: "wonderland"})
	for _, other := range []*Binding{
		{Type: TLSExporter, Data: []byte("another connection's, of 32 octet")},
		{Type: "tls-server-end-point", Data: testBinding.Data},
	} {
		l, err := NewLogin(nameScramPlus, ClientOptions{Credentials: Credentials{User: "alice", Password: "wonderland"}, Nonce: "client", Binding: other})
		if err != nil {
			t.Fatal(err)
		}
		o := talk(t, l, x.Clone(), nil)
		var mistake *ProtocolError
		if o.in() || other.Type == TLSExporter && !errors.Is(o.server, ErrIntercepted) || other.Type != TLSExporter && !errors.As(o.server, &mistake) {
			t.Errorf("%s %q: %v, %v", other.Type, other.Data, o.server, o.client)
		}
	}
}

// RFC 5802 §6: someone in the middle takes the offer of -PLUS away.
func TestRFC5802_6_AnOfferTakenAwayIsNoticed(t *testing.T) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland"}})
	for _, offered := range []bool{false, true} {
		x, err := NewExchange(nameScram, ServerOptions{Accounts: a, Nonce: "server", BindingOffered: offered})
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLogin(nameScram, ClientOptions{Credentials: Credentials{User: "alice", Password: "wonderland"}, Nonce: "client", Binding: testBinding})
		if err != nil {
			t.Fatal(err)
		}
		if o := talk(t, l, x, nil); o.in() == offered || offered && !errors.Is(o.server, ErrIntercepted) {
			t.Errorf("offered %v: %v, %v", offered, o.server, o.client)
		}
	}
}

// A server that does not know the password cannot pass itself off as one that
// does: RFC 5802 §5 has the client look at its signature.
func TestRFC5802_5_AnImpostorIsFoundOut(t *testing.T) {
	c := Credentials{User: "alice", Password: "wonderland"}
	l, x := pair(t, nameScram, NewAccounts([]Account{{User: "alice", Password: "looking-glass"}}), c)
	initial, _ := l.Initial()
	challenge, _, err := x.Next(initial)
	if err != nil {
		t.Fatal(err)
	}
	response, err := l.Next(challenge)
	if err != nil {
		t.Fatal(err)
	}
	// It takes the proof for right, and signs with what keys it has.
	said, _, _ := strings.Cut(string(response), ",p=")
	mac := hmac.New(sha256.New, deriveKeys("alice", "looking-glass").ServerKey)
	mac.Write([]byte(strings.TrimPrefix(string(initial), "n,,") + "," + string(challenge) + "," + said))
	signature := "v=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if l.Finish() == nil {
		t.Error("content without a signature")
	}
	if _, err := l.Next([]byte(signature)); !errors.Is(err, ErrServer) || l.Finish() == nil {
		t.Errorf("content with a false one: %v", err)
	}
}

// RFC 4954 §4: the server's signature travels as a challenge, and the client has
// nothing more to say.
func TestRFC4954_4_NothingAnswersTheSignature(t *testing.T) {
	l, x := pair(t, nameScram, NewAccounts([]Account{{User: "alice", Password: "wonderland"}}), Credentials{User: "alice", Password: "wonderland"})
	o := talk(t, l, x, func(n int, line []byte) []byte {
		if n == 4 {
			return []byte("x")
		}
		return line
	})
	var mistake *ProtocolError
	if len(o.lines) != 5 || o.user != "" || !errors.As(o.server, &mistake) {
		t.Errorf("%+v", o)
	}
}

func TestClonesGoTheirOwnWay(t *testing.T) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland", Token: "t0ken"}})
	c := Credentials{User: "alice", Password: "wonderland", Token: "t0ken"}
	for _, m := range Mechanisms {
		l, x := pair(t, m.Name, a, c)
		if o := talk(t, l.Clone(), x.Clone(), nil); !o.in() {
			t.Errorf("%s: copies: %+v", m.Name, o)
		}
		// A copy of the server meets someone who does not know the password; before
		// each challenge, copies of both are led astray.
		wrong, _ := pair(t, m.Name, a, Credentials{User: "alice", Password: "wrong", Token: "wrong"})
		if o := talk(t, wrong, x.Clone(), nil); o.server != ErrWrong {
			t.Errorf("%s: a copy: %+v", m.Name, o)
		}
		response, _ := l.Initial()
		for {
			astray := x.Clone()
			_, _, _ = astray.Next([]byte("user=alice\x01auth=Bearer wrong\x01\x01"))
			_, _, _ = astray.Next([]byte("n,,\x01auth=Bearer wrong\x01\x01"))
			_, _ = l.Clone().Next([]byte("<astray>"))
			challenge, done, err := x.Next(response)
			if err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
			if done {
				break
			}
			_, _, _ = x.Clone().Next([]byte("astray"))
			if response, err = l.Next(challenge); err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
		}
		if err := l.Finish(); err != nil || x.User() != "alice" || x.Clone().User() != "alice" {
			t.Errorf("%s: %v, %q", m.Name, err, x.User())
		}
	}
}
