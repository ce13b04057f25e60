package sasl

// Both sides against those of others: go-sasl and xdg-go/scram, driven as their
// own users drive them.

import (
	"bytes"
	"errors"
	"testing"

	gosasl "github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

var peerAccounts = NewAccounts([]Account{{User: "alice", Password: "wonderland", Token: "t0ken"}})

func exchangeForPeer(t *testing.T, mechanism string) Exchange {
	t.Helper()
	x, err := NewExchange(mechanism, ServerOptions{Accounts: peerAccounts, Nonce: "server", Binding: testBinding, BindingOffered: true})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func loginForPeer(t *testing.T, mechanism, password, token string) Login {
	t.Helper()
	l, err := NewLogin(mechanism, ClientOptions{
		Credentials: Credentials{User: "alice", Password: password, Token: token, Host: "mx.receiver.example", Port: 587},
		Nonce:       "client", Binding: testBinding, ServerOffersPlus: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestClientsOfGoSASLLogIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		client gosasl.Client
		in     bool
	}{
		{"PLAIN", gosasl.NewPlainClient("", "alice", "wonderland"), true},
		{"PLAIN with an identity", gosasl.NewPlainClient("alice", "alice", "wonderland"), true},
		{"PLAIN for another", gosasl.NewPlainClient("bob", "alice", "wonderland"), false},
		{"PLAIN, wrong", gosasl.NewPlainClient("", "alice", "wrong"), false},
		{"LOGIN", gosasl.NewLoginClient("alice", "wonderland"), true},
		{"LOGIN, wrong", gosasl.NewLoginClient("alice", "wrong"), false},
		{"OAUTHBEARER", gosasl.NewOAuthBearerClient(&gosasl.OAuthBearerOptions{Username: "alice", Token: "t0ken", Host: "mx.receiver.example", Port: 587}), true},
		{"OAUTHBEARER without a user", gosasl.NewOAuthBearerClient(&gosasl.OAuthBearerOptions{Token: "t0ken"}), true},
		{"OAUTHBEARER, wrong", gosasl.NewOAuthBearerClient(&gosasl.OAuthBearerOptions{Username: "alice", Token: "wrong"}), false},
	} {
		mechanism, response, err := tt.client.Start()
		if err != nil {
			t.Fatal(err)
		}
		x := exchangeForPeer(t, mechanism)
		done := false
		for !done && err == nil {
			var challenge []byte
			if challenge, done, err = x.Next(response); err == nil && !done {
				if response, err = tt.client.Next(challenge); err != nil {
					var failure *gosasl.OAuthBearerError // its client hangs up at that
					if !errors.As(err, &failure) || failure.Status != "invalid_token" {
						t.Errorf("%s: the client says %v", tt.name, err)
					}
				}
			}
		}
		if done != tt.in || done && x.User() != "alice" {
			t.Errorf("%s: %v, %v", tt.name, done, err)
		}
	}
}

func TestServersOfGoSASLTakeLogins(t *testing.T) {
	errNo := errors.New("no")
	servers := map[string]func() gosasl.Server{
		"PLAIN": func() gosasl.Server {
			return gosasl.NewPlainServer(func(identity, user, password string) error {
				if identity == "" && user == "alice" && password == "wonderland" {
					return nil
				}
				return errNo
			})
		},
		"OAUTHBEARER": func() gosasl.Server {
			return gosasl.NewOAuthBearerServer(func(o gosasl.OAuthBearerOptions) *gosasl.OAuthBearerError {
				if o == (gosasl.OAuthBearerOptions{Username: "alice", Token: "t0ken", Host: "mx.receiver.example", Port: 587}) {
					return nil
				}
				return &gosasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer"}
			})
		},
	}
	for mechanism, server := range servers {
		for _, in := range []bool{true, false} {
			password, token := "wonderland", "t0ken"
			if !in {
				password, token = "wrong", "wrong"
			}
			l, s := loginForPeer(t, mechanism, password, token), server()
			response, _ := l.Initial()
			challenge, done, err := s.Next(response)
			if err == nil && !done {
				if response, err = l.Next(challenge); err != nil {
					t.Fatalf("%s: %v to %q", mechanism, err, challenge)
				}
				_, _, err = s.Next(response)
			}
			if (err == nil) != in || in && l.Finish() != nil {
				t.Errorf("%s: in is %v, but %v, %v", mechanism, in, err, l.Finish())
			}
		}
	}
}

func TestClientsOfXdgLogInBySCRAM(t *testing.T) {
	theirs := scram.ChannelBinding{Type: scram.ChannelBindingTLSExporter, Data: testBinding.Data}
	for _, tt := range []struct {
		name, mechanism, password string
		talk                      func(*scram.Client) *scram.ClientConversation
		in                        bool
	}{
		{"n", nameScram, "wonderland", (*scram.Client).NewConversation, true},
		{"n, wrong", nameScram, "wrong", (*scram.Client).NewConversation, false},
		{"y, though we offered", nameScram, "wonderland", (*scram.Client).NewConversationAdvertisingChannelBinding, false},
		{"p", nameScramPlus, "wonderland", func(c *scram.Client) *scram.ClientConversation { return c.NewConversationWithChannelBinding(theirs) }, true},
		{"p, wrong", nameScramPlus, "wrong", func(c *scram.Client) *scram.ClientConversation { return c.NewConversationWithChannelBinding(theirs) }, false},
	} {
		client, err := scram.SHA256.NewClient("alice", tt.password, "")
		if err != nil {
			t.Fatal(err)
		}
		c, x := tt.talk(client), exchangeForPeer(t, tt.mechanism)
		var challenge []byte
		done := false
		for !done && err == nil {
			var response string
			if response, err = c.Step(string(challenge)); err == nil {
				challenge, done, err = x.Next([]byte(response))
			}
		}
		if done != tt.in || done && (!c.Valid() || x.User() != "alice") {
			t.Errorf("%s: %v, %v", tt.name, done, err)
		}
	}
}

func TestServersOfXdgTakeLoginsBySCRAM(t *testing.T) {
	keys := keysOf("wonderland", scram.KeyFactors{Salt: "a salt of theirs", Iters: 10_000})
	for _, mechanism := range []string{nameScram, nameScramPlus} {
		for password, in := range map[string]bool{"wonderland": true, "wrong": false} {
			server, err := scram.SHA256.NewServer(func(user string) (scram.StoredCredentials, error) {
				if user != "alice" {
					return keys, errors.New("unknown user")
				}
				return keys, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			s := server.NewConversationWithChannelBinding(scram.ChannelBinding{Type: scram.ChannelBindingTLSExporter, Data: testBinding.Data})
			l := loginForPeer(t, mechanism, password, "t0ken")
			response, _ := l.Initial()
			for err == nil && !s.Done() {
				var challenge string
				challenge, err = s.Step(string(response))
				var said error
				if response, said = l.Next([]byte(challenge)); said != nil && !errors.Is(said, ErrServer) {
					t.Fatalf("%s: %v to %q", mechanism, said, challenge)
				}
			}
			if s.Valid() != in || (l.Finish() == nil) != in || in && !bytes.Equal(response, []byte{}) {
				t.Errorf("%s, %s: %v, %v, %v", mechanism, password, s.Valid(), err, l.Finish())
			}
		}
	}
}
