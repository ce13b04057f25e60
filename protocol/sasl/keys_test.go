package sasl

// What a server keeps, and that it tells no one who its users are.

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/xdg-go/scram"
)

// counted counts how often keys are derived, which is what costs time.
func counted(list []Account) (*Accounts, *int) {
	a, n := NewAccounts(list), new(int)
	derive := a.derive
	a.derive = func(user, password string) scram.StoredCredentials {
		*n++
		return derive(user, password)
	}
	return a, n
}

// Time is not measured here: the dear thing is to derive keys, and it is seen to
// be done as often whoever is named.
func TestKeysAreDerivedAsOftenForUnknownUsers(t *testing.T) {
	list := []Account{{User: "alice", Password: "wonderland"}, {User: "bob", Password: "builder"}, {User: "tom", Token: "t0ken"}}
	for _, first := range []string{"alice", "eve", "tom"} {
		a, n := counted(list)
		for _, mechanism := range []string{namePlain, nameLogin, nameCramMD5, nameXOAuth2, nameOAuthBearer} {
			l, x := pair(t, mechanism, a, Credentials{User: first, Password: "wrong", Token: "wrong"})
			talk(t, l, x, nil)
		}
		if *n != 0 {
			t.Errorf("%s: derived %d times before anyone wanted SCRAM", first, *n)
		}
		for i, user := range []string{first, "alice", "eve", "bob", "tom", "alice"} {
			l, x := pair(t, nameScram, a, Credentials{User: user, Password: "wrong"})
			if o := talk(t, l, x, nil); o.server != ErrWrong || len(o.lines) != 3 {
				t.Errorf("%s: %v after %q", user, o.server, o.lines)
			}
			if *n != 2 {
				t.Errorf("login %d, after %s: derived %d times, want once for each of 2 passwords", i, user, *n)
			}
		}
	}
}

// RFC 5802 §7: a server may hide why it refuses. Nothing it says before tells
// whether there is such a user, or whether it has a password.
func TestRFC5802_7_UnknownUsersAreAnsweredAlike(t *testing.T) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland"}, {User: "tom", Token: "t0ken"}})
	b := NewAccounts([]Account{{User: "eve", Password: "apple"}})
	seen := map[string]string{}
	for _, user := range []string{"alice", "eve", "tom", "bob", "al\u00adice"} {
		var said []string
		for _, accounts := range []*Accounts{a, b, a} {
			_, x := pair(t, nameScram, accounts, Credentials{User: "x", Password: "x"})
			challenge, _, err := x.Next([]byte("n,,n=" + user + ",r=client"))
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, string(challenge))
		}
		if said[0] != said[1] || said[0] != said[2] {
			t.Errorf("%s: %q", user, said)
		}
		if !strings.HasSuffix(said[0], ",i=4096") || len(said[0]) != len("r=clientserver,s=AAECAwQFBgcICQoLDA0ODw==,i=4096") {
			t.Errorf("%s: %s", user, said[0])
		}
		if other := seen[said[0]]; other != "" && user != "al\u00adice" {
			t.Errorf("%s and %s have the same salt", user, other)
		}
		seen[said[0]] = user
	}
}

func TestKeysAreTheSameInEveryRun(t *testing.T) {
	a, b := deriveKeys("alice", "wonderland"), deriveKeys("alice", "wonderland")
	if a.Salt != b.Salt || !bytes.Equal(a.StoredKey, b.StoredKey) || !bytes.Equal(a.ServerKey, b.ServerKey) {
		t.Error("keys differ")
	}
	// Written down, so that another machine or release has the same.
	if got, want := fmt.Sprintf("%x", a.Salt), "de535e638eb32906a2d4c09eeb8ed722"; got != want {
		t.Errorf("the salt is %s, was %s", got, want)
	}
}

func TestAccounts(t *testing.T) {
	a := NewAccounts([]Account{
		{User: "alice", Password: "old", Token: "old"},
		{User: "", Password: "x", Token: "nobody's"},
		{User: "nothing"},
		{User: "bob", Token: "shared"},
		{User: "carol", Token: "shared"},
		{User: "al\u00adice", Password: "new", Token: "new"},
		{User: "odd", Password: "\ufffd", Token: "a b"},
	})
	for user, want := range map[string]bool{"alice": true, "ALICE": false, "": false, "nothing": true, "odd": true, "eve": false, "\ufffd": false} {
		if a.Has(user) != want {
			t.Errorf("Has(%q) is %v", user, !want)
		}
	}
	for _, tt := range []struct{ user, password, token, want string }{
		{user: "alice", password: "new", want: "al\u00adice"}, // the later one
		{user: "alice", password: "old"},
		{user: "alice", token: "old"},
		{token: "old"},
		{token: "new", want: "al\u00adice"},
		{token: "nobody's"},
		{token: "shared", want: "carol"},
		{user: "bob", token: "shared", want: "bob"},
		{user: "nothing", password: ""},
		{user: "nothing", token: ""},
		{token: ""},
		{user: "", password: ""},
		{user: "", password: "x"},
		{user: "odd", password: "\ufffd"},
		{user: "odd", token: "a b"},
	} {
		got := a.withPassword(tt.user, tt.password)
		if tt.token != "" || tt.password == "" && got == nil {
			got = a.withToken(tt.user, tt.token)
		}
		if (got == nil) != (tt.want == "") || got != nil && got.user != tt.want {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

func TestAccountCheck(t *testing.T) {
	for _, tt := range []struct {
		account Account
		want    string
	}{
		{Account{"alice", "wonderland", ""}, ""},
		{Account{"alice", "", "t0ken"}, ""},
		{Account{"alice", "", ""}, "a password or a token"},
		{Account{"", "x", ""}, "the user's name must not be empty"},
		{Account{"a\x00", "x", ""}, "the user's name has characters"},
		{Account{"alice", "x\ufffd", ""}, "the password has characters"},
		{Account{"alice", "\u00ad", ""}, "the password must not be empty"},
		{Account{"alice", "", "a b"}, "the token must be"},
	} {
		err := tt.account.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v; want %q", tt.account, err, tt.want)
		}
	}
}

func TestAccountsAreSafeForManyAtOnce(t *testing.T) {
	a, n := counted([]Account{{User: "alice", Password: "wonderland"}, {User: "bob", Password: "builder"}})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			c := Credentials{User: "alice", Password: "wonderland"}
			if i%2 > 0 {
				c = Credentials{User: "bob", Password: "builder"}
			}
			l, x := pair(t, nameScram, a, c)
			if o := talk(t, l, x, nil); !o.in() {
				t.Errorf("%v, %v", o.server, o.client)
			}
		})
	}
	all.Wait()
	if *n != 2 {
		t.Errorf("keys were derived %d times", *n)
	}
}

// Keys make logins faster and change nothing: they are those of the password
// that was given last, and many logins may use them at the same time.
func TestKeysOfAClient(t *testing.T) {
	accounts := NewAccounts([]Account{{User: "alice", Password: "wonderland"}, {User: "bob", Password: "builder"}})
	try := func(keys *Keys, c Credentials, nonce string) (user string, err error) {
		login, err := NewLogin(nameScram, ClientOptions{Credentials: c, Nonce: nonce, Keys: keys})
		if err != nil {
			return "", err
		}
		x, err := NewExchange(nameScram, ServerOptions{Accounts: accounts, Nonce: "server"})
		if err != nil {
			return "", err
		}
		response, _ := login.Initial()
		for {
			challenge, done, err := x.Next(response)
			if err != nil {
				return "", err
			}
			if done {
				return x.User(), login.Finish()
			}
			if response, err = login.Next(challenge); err != nil {
				return "", err
			}
		}
	}
	var keys Keys
	for i, c := range []Credentials{
		{User: "alice", Password: "wonderland"}, {User: "alice", Password: "wonderland"}, {User: "alice", Password: "looking-glass"},
		{User: "bob", Password: "builder"}, {User: "bob", Password: "wonderland"}, {User: "alice", Password: "wonderland"},
	} {
		got, err := try(&keys, c, "client")
		want, wantErr := try(nil, c, "client")
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("login %d: %q, %v; without keys %q, %v", i, got, err, want, wantErr)
		}
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				if user, err := try(&keys, Credentials{User: "alice", Password: "wonderland"}, fmt.Sprintf("client-%d-%d", i, n)); user != "alice" {
					t.Errorf("%q, %v", user, err)
				}
			}
		})
	}
	all.Wait()
}
