package sasl

// Exchanges as documents and other programs have them, octet for octet, through
// both sides.

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/xdg-go/scram"
)

// vector is a whole exchange. Its lines are in turn the client's and the
// server's; the first is the server's where the client has no initial response.
type vector struct {
	name        string
	mechanism   string
	credentials Credentials
	account     Account // if it is not the credentials'
	host        string  // the server's
	clientNonce string
	serverNonce string
	salt        string // in base64; empty for our own
	clientFirst bool
	lines       []string
	base64      []string // the same as they travel in SMTP, where the document has them
	wrong       bool     // the exchange ends with ErrWrong
}

var alice = Credentials{User: "alice", Password: "wonderland"}

var bearerAlice = Credentials{User: "alice@sender.example", Token: "ya29.example-token", Host: "smtp.sender.example", Port: 587}

var vectors = []vector{
	{
		name: "RFC 4616 §2: PLAIN", mechanism: "PLAIN", credentials: alice, clientFirst: true,
		lines:  []string{"\x00alice\x00wonderland"},
		base64: []string{"AGFsaWNlAHdvbmRlcmxhbmQ="},
	}, {
		name: "RFC 4954 §4.1: its sample of PLAIN", mechanism: "PLAIN", credentials: Credentials{User: "test", Authz: "test", Password: "1234"}, clientFirst: true,
		lines:  []string{"test\x00test\x001234"},
		base64: []string{"dGVzdAB0ZXN0ADEyMzQ="},
	}, {
		name: "LOGIN", mechanism: "LOGIN", credentials: alice,
		lines:  []string{"Username:", "alice", "Password:", "wonderland"},
		base64: []string{"VXNlcm5hbWU6", "YWxpY2U=", "UGFzc3dvcmQ6", "d29uZGVybGFuZA=="},
	}, {
		name: "CRAM-MD5", mechanism: "CRAM-MD5", credentials: alice, host: "mx.receiver.example", serverNonce: "4242.1790000000",
		lines:  []string{"<4242.1790000000@mx.receiver.example>", "alice a775268b38f6c285c0276eb5ff0b5e33"},
		base64: []string{"PDQyNDIuMTc5MDAwMDAwMEBteC5yZWNlaXZlci5leGFtcGxlPg==", "YWxpY2UgYTc3NTI2OGIzOGY2YzI4NWMwMjc2ZWI1ZmYwYjVlMzM="},
	}, {
		name: "RFC 2195 §2: its example of CRAM-MD5", mechanism: "CRAM-MD5", credentials: Credentials{User: "tim", Password: "tanstaaftanstaaf"},
		host: "postoffice.reston.mci.net", serverNonce: "1896.697170952",
		lines:  []string{"<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890"},
		base64: []string{"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"},
	}, {
		name: "XOAUTH2", mechanism: "XOAUTH2", credentials: bearerAlice, clientFirst: true,
		lines:  []string{"user=alice@sender.example\x01auth=Bearer ya29.example-token\x01\x01"},
		base64: []string{"dXNlcj1hbGljZUBzZW5kZXIuZXhhbXBsZQFhdXRoPUJlYXJlciB5YTI5LmV4YW1wbGUtdG9rZW4BAQ=="},
	}, {
		name: "XOAUTH2: failure", mechanism: "XOAUTH2", credentials: bearerAlice, account: Account{User: "alice@sender.example", Token: "another"}, clientFirst: true, wrong: true,
		lines: []string{"user=alice@sender.example\x01auth=Bearer ya29.example-token\x01\x01", `{"status":"401","schemes":"bearer"}`, ""},
	}, {
		name: "RFC 7628 §3.1: OAUTHBEARER", mechanism: "OAUTHBEARER", credentials: bearerAlice, clientFirst: true,
		lines:  []string{"n,a=alice@sender.example,\x01host=smtp.sender.example\x01port=587\x01auth=Bearer ya29.example-token\x01\x01"},
		base64: []string{"bixhPWFsaWNlQHNlbmRlci5leGFtcGxlLAFob3N0PXNtdHAuc2VuZGVyLmV4YW1wbGUBcG9ydD01ODcBYXV0aD1CZWFyZXIgeWEyOS5leGFtcGxlLXRva2VuAQE="},
	}, {
		name: "RFC 7628 §3.2.3: failure of OAUTHBEARER", mechanism: "OAUTHBEARER", credentials: bearerAlice, account: Account{User: "alice@sender.example", Token: "another"}, clientFirst: true, wrong: true,
		lines:  []string{"n,a=alice@sender.example,\x01host=smtp.sender.example\x01port=587\x01auth=Bearer ya29.example-token\x01\x01", `{"status":"invalid_token"}`, "\x01"},
		base64: []string{"bixhPWFsaWNlQHNlbmRlci5leGFtcGxlLAFob3N0PXNtdHAuc2VuZGVyLmV4YW1wbGUBcG9ydD01ODcBYXV0aD1CZWFyZXIgeWEyOS5leGFtcGxlLXRva2VuAQE=", "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "AQ=="},
	}, {
		name: "SCRAM-SHA-256", mechanism: "SCRAM-SHA-256", credentials: alice, clientFirst: true,
		clientNonce: "fyko+d2lbbFgONRv9qkxdawL", serverNonce: "3rfcNHYJY1ZVvWVs7j", salt: "AAECAwQFBgcICQoLDA0ODw==",
		lines: []string{
			"n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL",
			"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=AAECAwQFBgcICQoLDA0ODw==,i=4096",
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=GXLNJRqo7cA7rJalWlF9V8dBZie/PmE9S10fBvA/AU4=",
			"v=OKG9ELI4zRIcCuehISxyGdthlWnE92ovHYxcU0byrA0=",
			"",
		},
		base64: []string{
			"biwsbj1hbGljZSxyPWZ5a28rZDJsYmJGZ09OUnY5cWt4ZGF3TA==",
			"cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1BQUVDQXdRRkJnY0lDUW9MREEwT0R3PT0saT00MDk2",
			"Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9R1hMTkpScW83Y0E3ckphbFdsRjlWOGRCWmllL1BtRTlTMTBmQnZBL0FVND0=",
			"dj1PS0c5RUxJNHpSSWNDdWVoSVN4eUdkdGhsV25FOTJvdkhZeGNVMGJ5ckEwPQ==",
			"",
		},
	}, {
		name: "RFC 7677 §3: its example of SCRAM-SHA-256", mechanism: "SCRAM-SHA-256", credentials: Credentials{User: "user", Password: "pencil"}, clientFirst: true,
		clientNonce: "rOprNGfwEbeRWgbNEkqO", serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
		lines: []string{
			"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
			"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
			"",
		},
	},
}

func (v vector) accounts(t *testing.T) *Accounts {
	t.Helper()
	account := v.account
	if account.User == "" {
		account = Account{User: v.credentials.User, Password: v.credentials.Password, Token: v.credentials.Token}
	}
	accounts := NewAccounts([]Account{{User: "mallory", Password: "guess", Token: "guess"}, account})
	if v.salt != "" {
		salt, err := base64.StdEncoding.DecodeString(v.salt)
		if err != nil {
			t.Fatal(err)
		}
		accounts.derive = func(_, password string) scram.StoredCredentials {
			return keysOf(password, scram.KeyFactors{Salt: string(salt), Iters: minIterations})
		}
	}
	return accounts
}

func TestVectorsOfTheServer(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			x, err := NewExchange(v.mechanism, ServerOptions{Accounts: v.accounts(t), Host: v.host, Nonce: v.serverNonce})
			if err != nil {
				t.Fatal(err)
			}
			var done bool
			var challenge []byte
			lines := v.lines
			if !v.clientFirst {
				if challenge, done, err = x.Next(nil); string(challenge) != lines[0] || done || err != nil {
					t.Fatalf("opens with %q, %v, %v; want %q", challenge, done, err, lines[0])
				}
				lines = lines[1:]
			}
			for len(lines) > 0 {
				if done || err != nil {
					t.Fatalf("over before %q: %v, %v", lines[0], done, err)
				}
				challenge, done, err = x.Next([]byte(lines[0]))
				if len(lines) > 1 && string(challenge) != lines[1] {
					t.Fatalf("to %q: %q, %v, %v; want %q", lines[0], challenge, done, err, lines[1])
				}
				lines = lines[min(2, len(lines)):]
			}
			if v.wrong {
				if done || err != ErrWrong || x.User() != "" {
					t.Errorf("ends with %v, %v, user %q", done, err, x.User())
				}
				return
			}
			if !done || err != nil || challenge != nil || x.User() != v.credentials.User {
				t.Errorf("ends with %q, %v, %v, user %q", challenge, done, err, x.User())
			}
			if _, done, err := x.Next([]byte{}); done || err == nil {
				t.Error("goes on after the end")
			}
		})
	}
}

func TestVectorsOfTheClient(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			l, err := NewLogin(v.mechanism, ClientOptions{Credentials: v.credentials, Nonce: v.clientNonce})
			if err != nil {
				t.Fatal(err)
			}
			lines := v.lines
			initial, ok := l.Initial()
			if ok != v.clientFirst {
				t.Fatalf("initial response %v", ok)
			}
			if ok {
				if string(initial) != lines[0] {
					t.Fatalf("opens with %q, want %q", initial, lines[0])
				}
				lines = lines[1:]
			}
			for ; len(lines) > 0; lines = lines[2:] {
				response, err := l.Next([]byte(lines[0]))
				if err != nil || string(response) != lines[1] {
					t.Fatalf("to %q: %q, %v; want %q", lines[0], response, err, lines[1])
				}
			}
			if err := l.Finish(); (err != nil) != v.wrong {
				t.Errorf("Finish: %v", err)
			}
		})
	}
}

func TestVectorsAreTheSameInBase64(t *testing.T) {
	for _, v := range vectors {
		for i, want := range v.base64 {
			if got := base64.StdEncoding.EncodeToString([]byte(v.lines[i])); got != want {
				t.Errorf("%s: line %d is %s, want %s", v.name, i, got, want)
			}
		}
	}
}

// RFC 5802 §3: the salted password, from which all keys of the exchange above come.
func TestSaltedPasswordIsPBKDF2(t *testing.T) {
	got, err := pbkdf2.Key(sha256.New, "wonderland", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, minIterations, 32)
	if want := "eaab004c8fba82022a5563c3ca588c7a67379f70147e9742d05269294db6da25"; err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v; want %s", got, err, want)
	}
}
