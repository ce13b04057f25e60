package sasl

// The rules that a server keeps, each by its section.

import (
	"errors"
	"strings"
	"testing"
)

// step is one response and what it gets: the start of a challenge, "done", or
// an error that has these words in it.
type step struct{ response, want string }

const noResponse = "(none)"

// serverRule is one rule. In a want, "wrong" is ErrWrong.
type serverRule struct {
	name      string
	mechanism string
	options   func(*ServerOptions)
	steps     []step
}

const (
	clientFirst = "n,,n=alice,r=client"
	serverFirst = "r=clientserver,s="
)

var testBinding = &Binding{Type: TLSExporter, Data: []byte("0123456789abcdef0123456789abcdef")}

func bound(o *ServerOptions)   { o.Binding, o.BindingOffered = testBinding, true }
func offered(o *ServerOptions) { o.BindingOffered = true }

var serverRules = []serverRule{
	{"RFC 4422 §3.4: nothing follows the end", "PLAIN", nil, []step{{"\x00alice\x00wonderland", "done"}, {"", "nothing after the end"}}},
	{"RFC 4422 §3.4: nothing follows a failure", "PLAIN", nil, []step{{"\x00alice\x00wrong", "wrong"}, {"\x00alice\x00wonderland", "nothing after the end"}}},
	{"RFC 4954 §4: without an initial response the challenge is empty", "PLAIN", nil, []step{{noResponse, ""}, {"\x00alice\x00wonderland", "done"}}},
	{"RFC 4954 §4: an initial response of no octets is one", "PLAIN", nil, []step{{"", "an identity, NUL"}}},
	{"RFC 4954 §4: no second empty challenge", "PLAIN", nil, []step{{noResponse, ""}, {noResponse, "an identity, NUL"}}},
	{"RFC 4954 §4: no initial response where the server speaks first", "CRAM-MD5", nil, []step{{"alice x", "the server speaks first"}}},
	{"RFC 4954 §4: not even an empty one", "CRAM-MD5", nil, []step{{"", "the server speaks first"}}},

	{"RFC 4616 §2: two NULs", "PLAIN", nil, []step{{"alice\x00wonderland", "an identity, NUL, a user name, NUL and a password"}}},
	{"RFC 4616 §2: no third NUL", "PLAIN", nil, []step{{"\x00alice\x00wonderland\x00", "an identity, NUL"}}},
	{"RFC 4616 §2: no NUL within the password", "PLAIN", nil, []step{{"\x00alice\x00wonder\x00land", "an identity, NUL"}}},
	{"RFC 4616 §2: an empty user", "PLAIN", nil, []step{{"\x00\x00wonderland", "neither of them empty"}}},
	{"RFC 4616 §2: an empty password", "PLAIN", nil, []step{{"\x00alice\x00", "neither of them empty"}}},
	{"RFC 4616 §2: an empty password is not that of a user who has none", "PLAIN", nil, []step{{"\x00tom\x00", "neither of them empty"}}},
	{"RFC 4616 §2: UTF-8", "PLAIN", nil, []step{{"\x00alice\x00wonderl\xe4nd", "UTF-8"}}},
	{"RFC 4616 §2: a wrong password", "PLAIN", nil, []step{{"\x00alice\x00Wonderland", "wrong"}}},
	{"RFC 4616 §2: an unknown user", "PLAIN", nil, []step{{"\x00eve\x00wonderland", "wrong"}}},
	{"RFC 4616 §2: another's password", "PLAIN", nil, []step{{"\x00bob\x00wonderland", "wrong"}}},
	{"RFC 4616 §2: a user's case counts", "PLAIN", nil, []step{{"\x00Alice\x00wonderland", "wrong"}}},
	{"RFC 4616 §2: an identity that is the user", "PLAIN", nil, []step{{"alice\x00alice\x00wonderland", "done"}}},
	{"RFC 4616 §2: an identity that is another user", "PLAIN", nil, []step{{"bob\x00alice\x00wonderland", "wrong"}}},
	{"RFC 4616 §2: names and passwords are prepared: full width letters, soft hyphens", "PLAIN", nil, []step{{"al\u00adice\x00\uff41lice\x00wonder\u00adland", "done"}}},
	{"RFC 4013 §2.2: a letter and its accent are one or two characters", "PLAIN", nil, []step{{"\x00bob\x00cafe\u0301", "done"}}},
	{"RFC 4013 §2.3: what cannot be prepared is no one's", "PLAIN", nil, []step{{"\x00alice\x00wonderland\u200f\ufffd", "wrong"}}},

	{"LOGIN: the user may come first, though the server asks", "LOGIN", nil, []step{{"alice", "Password:"}, {"wonderland", "done"}}},
	{"LOGIN: an unknown user is asked for the password", "LOGIN", nil, []step{{noResponse, "Username:"}, {"eve", "Password:"}, {"wonderland", "wrong"}}},
	{"LOGIN: an empty user", "LOGIN", nil, []step{{"", "Password:"}, {"wonderland", "wrong"}}},
	{"LOGIN: an empty password", "LOGIN", nil, []step{{"tom", "Password:"}, {"", "wrong"}}},
	{"LOGIN: a wrong password", "LOGIN", nil, []step{{"alice", "Password:"}, {"alice", "wrong"}}},

	{"RFC 2195 §2: a digest, and a user who has spaces", "CRAM-MD5", nil, []step{{noResponse, "<server@mx.receiver.example>"}, {"a b " + string(cramDigest("x y", "<server@mx.receiver.example>")), "done"}}},
	{"RFC 2195 §2: a wrong digest", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"alice " + string(cramDigest("wrong", "<server@mx.receiver.example>")), "wrong"}}},
	{"RFC 2195 §2: a digest of another challenge", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"alice " + string(cramDigest("wonderland", "<server2@mx.receiver.example>")), "wrong"}}},
	{"RFC 2195 §2: an unknown user, by the empty password", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"eve " + string(cramDigest("", "<server@mx.receiver.example>")), "wrong"}}},
	{"RFC 2195 §2: a user who has no password, by the empty one", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"tom " + string(cramDigest("", "<server@mx.receiver.example>")), "wrong"}}},
	{"RFC 2195 §2: a digest in upper case", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"alice A775268B38F6C285C0276EB5FF0B5E33", "32 lower-case hexadecimal digits"}}},
	{"RFC 2195 §2: a digest too short", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"alice a775268b38f6c285c0276eb5ff0b5e3", "32 lower-case"}}},
	{"RFC 2195 §2: no user", "CRAM-MD5", nil, []step{{noResponse, "<"}, {" a775268b38f6c285c0276eb5ff0b5e33", "a user name, a space"}}},
	{"RFC 2195 §2: no space", "CRAM-MD5", nil, []step{{noResponse, "<"}, {"alice", "a user name, a space"}}},

	{"XOAUTH2: any case of Bearer", "XOAUTH2", nil, []step{{"user=tom\x01auth=bearer t0ken\x01\x01", "done"}}},
	{"XOAUTH2: a wrong token; the answer does not matter", "XOAUTH2", nil, []step{{"user=tom\x01auth=Bearer t0ken2\x01\x01", `{"status":"401"`}, {"\x01", "wrong"}}},
	{"XOAUTH2: another's token", "XOAUTH2", nil, []step{{"user=alice\x01auth=Bearer t0ken\x01\x01", `{"status":"401"`}, {"", "wrong"}}},
	{"XOAUTH2: an unknown user", "XOAUTH2", nil, []step{{"user=eve\x01auth=Bearer t0ken\x01\x01", `{"status":"401"`}, {"", "wrong"}}},
	{"XOAUTH2: a user is needed", "XOAUTH2", nil, []step{{"user=\x01auth=Bearer t0ken\x01\x01", `"user="`}}},
	{"XOAUTH2: an empty token", "XOAUTH2", nil, []step{{"user=alice\x01auth=Bearer \x01\x01", `{"status":"401","schemes":"bearer"}`}, {"", "wrong"}}},
	{"XOAUTH2: another scheme", "XOAUTH2", nil, []step{{"user=tom\x01auth=Basic t0ken\x01\x01", `{"status":"401","schemes":"bearer"}`}, {"", "wrong"}}},
	{"RFC 6750 §2.1: a token has no spaces", "XOAUTH2", nil, []step{{"user=tom\x01auth=Bearer t0ken t0ken\x01\x01", `{"status":"401","schemes":"bearer"}`}, {"", "wrong"}}},
	{"RFC 6750 §2.1: more spaces before a token", "XOAUTH2", nil, []step{{"user=tom\x01auth=Bearer  t0ken\x01\x01", "done"}}},
	{"XOAUTH2: its end", "XOAUTH2", nil, []step{{"user=tom\x01auth=Bearer t0ken\x01", `"user="`}}},
	{"XOAUTH2: nothing more", "XOAUTH2", nil, []step{{"user=tom\x01auth=Bearer t0ken\x01host=x\x01\x01", `"user="`}}},

	{"RFC 7628 §3.1: without a user the token says who it is", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken\x01\x01", "done"}}},
	{"RFC 7628 §3.1: the client could bind", "OAUTHBEARER", nil, []step{{"y,a=tom,\x01auth=Bearer t0ken\x01\x01", "done"}}},
	{"RFC 7628 §3.1: keys the server does not know", "OAUTHBEARER", nil, []step{{"n,a=tom,\x01host=x\x01mthd=POST\x01auth=BEARER t0ken\x01qs=a=b\x01\x01", "done"}}},
	{"RFC 7628 §3.1: a wrong token without a user", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken2\x01\x01", `{"status":"invalid_token"}`}, {"\x01", "wrong"}}},
	{"RFC 7628 §3.1: another's token", "OAUTHBEARER", nil, []step{{"n,a=alice,\x01auth=Bearer t0ken\x01\x01", `{"status":"invalid_token"}`}, {"\x01", "wrong"}}},
	{"RFC 7628 §3.2.3: an empty answer to a failure", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken2\x01\x01", `{"status":"invalid_token"}`}, {"", "wrong"}}},
	{"RFC 7628 §3.2.3: no second try", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken2\x01\x01", `{"status"`}, {"n,,\x01auth=Bearer t0ken\x01\x01", "wrong"}}},
	{"RFC 7628 §3.2.2: no token", "OAUTHBEARER", nil, []step{{"n,,\x01host=x\x01\x01", `{"status":"invalid_token"}`}, {"\x01", "wrong"}}},
	{"RFC 7628 §4.3: an empty token, to ask what is wanted", "OAUTHBEARER", nil, []step{{"n,,\x01auth=\x01\x01", `{"status":"invalid_token"}`}, {"\x01", "wrong"}}},
	{"RFC 7628 §3.1: two tokens", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken\x01auth=Bearer t0ken\x01\x01", `"auth" once`}}},
	{"RFC 7628 §3.1: an empty token is not that of a user who has none", "OAUTHBEARER", nil, []step{{"n,a=alice,\x01auth=Bearer \x01\x01", `{"status":"invalid_token"}`}, {"\x01", "wrong"}}},
	{"RFC 7628 §3.1: keys are letters", "OAUTHBEARER", nil, []step{{"n,,\x01a1=x\x01auth=Bearer t0ken\x01\x01", "^Akey=value"}}},
	{"RFC 6750 §2.1: more spaces before a token of a key", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer   t0ken\x01\x01", "done"}}},
	{"RFC 7628 §3.1: values have no control characters", "OAUTHBEARER", nil, []step{{"n,,\x01foo=b\x02r\x01auth=Bearer t0ken\x01\x01", "^Akey=value"}}},
	{"RFC 7628 §3.1: its end", "OAUTHBEARER", nil, []step{{"n,,\x01auth=Bearer t0ken\x01", "^A^A"}}},
	{"RFC 7628 §3.1: its header", "OAUTHBEARER", nil, []step{{"\x01auth=Bearer t0ken\x01\x01", `"n,a="`}}},
	{"RFC 7628 §3.1: only a failure is answered with ^A", "OAUTHBEARER", nil, []step{{"\x01", `"n,a="`}}},
	{"RFC 5801 §4: =2C and =3D in a name", "OAUTHBEARER", nil, []step{{"n,a=o=2Cd=3Dd,\x01auth=Bearer odd-t0ken\x01\x01", "done"}}},
	{"RFC 5801 §4: no other =", "OAUTHBEARER", nil, []step{{"n,a=o=2cdd,\x01auth=Bearer odd-t0ken\x01\x01", `"=2C"`}}},
	{"RFC 5801 §4: an empty name", "OAUTHBEARER", nil, []step{{"n,a=,\x01auth=Bearer t0ken\x01\x01", `"=2C"`}}},
	{"RFC 5801 §4: no binding", "OAUTHBEARER", nil, []step{{"p=tls-exporter,,\x01auth=Bearer t0ken\x01\x01", "no channel binding"}}},
	{"RFC 4422 §3.4.1: UTF-8", "OAUTHBEARER", nil, []step{{"n,a=\xff,\x01auth=Bearer t0ken\x01\x01", "UTF-8"}}},

	{"RFC 5802 §5: an unknown user's first message is answered like a known one's", "SCRAM-SHA-256", nil, []step{{"n,,n=eve,r=client", serverFirst}}},
	{"RFC 5802 §5: and fails at the proof", "SCRAM-SHA-256", nil, []step{{"n,,n=eve,r=client", serverFirst}, {"c=biws,r=clientserver,p=" + zeros, "wrong"}}},
	{"RFC 5802 §5: so does a user who has no password", "SCRAM-SHA-256", nil, []step{{"n,,n=tom,r=client", serverFirst}, {"c=biws,r=clientserver,p=" + zeros, "wrong"}}},
	{"RFC 5802 §5: a wrong proof", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=clientserver,p=" + zeros, "wrong"}}},
	{"RFC 5802 §5.1: m= is not known, wherever it stands", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=client,m=x", `no "m="`}}},
	{"RFC 5802 §5.1: nor in the second message", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=clientserver,m=x,p=" + zeros, `no "m="`}}},
	{"RFC 5802 §5.1: m= is not known", "SCRAM-SHA-256", nil, []step{{"n,,m=x,n=alice,r=client", `no "m="`}}},
	{"RFC 5802 §5.1: other extensions are read over", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=client,x=y", serverFirst}, {"c=biws,r=clientserver,x=y,p=" + zeros, "wrong"}}},
	{"RFC 5802 §7: an extension is a letter and a value", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=client,1=x", "a letter"}}},
	{"RFC 5802 §7: with \"=\" between", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=client,x", "a letter"}}},
	{"RFC 5802 §7: and none is empty", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=client,", "a letter"}}},
	{"RFC 5802 §7: an identity is not empty", "SCRAM-SHA-256", nil, []step{{"n,a=,n=alice,r=client", `a name after "a="`}}},
	{"RFC 5802 §5.1: =2C and =3D in a name", "SCRAM-SHA-256", nil, []step{{"n,,n=o=2Cd=3Dd,r=client", serverFirst}}},
	{"RFC 5802 §5.1: no other = in a name", "SCRAM-SHA-256", nil, []step{{"n,,n=o=2cd,r=client", `"=2C" for a comma`}}},
	{"RFC 5802 §5.1: no other = in an identity", "SCRAM-SHA-256", nil, []step{{"n,a=x=,n=alice,r=client", `"=2C" for a comma`}}},
	{"RFC 5802 §5.1: the server's nonce", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=client,p=" + zeros, "the whole nonce"}}},
	{"RFC 5802 §5.1: no other nonce", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=clientserver2,p=" + zeros, "the whole nonce"}}},
	{"RFC 5802 §5.1: c= is the header", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=eSws,r=clientserver,p=" + zeros, `the header of the first message in "c="`}}},
	{"RFC 5802 §5.1: a proof too short", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=clientserver,p=AAAA", "a proof of 32 octets"}}},
	{"RFC 5802 §5.1: a proof that is not base64", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=biws,r=clientserver,p=?", `"c=", ",r=" and ",p="`}}},
	{"RFC 5802 §7: no control characters in base64", "SCRAM-SHA-256", nil, []step{{clientFirst, serverFirst}, {"c=bi\nws,r=clientserver,p=" + zeros, "without control characters"}}},
	{"RFC 5802 §7: an empty user", "SCRAM-SHA-256", nil, []step{{"n,,n=,r=client", "not empty"}}},
	{"RFC 5802 §7: an empty nonce", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=", "a nonce"}}},
	{"RFC 5802 §7: a nonce with a space", "SCRAM-SHA-256", nil, []step{{"n,,n=alice,r=cl ient", "a nonce"}}},
	{"RFC 5802 §7: no nonce", "SCRAM-SHA-256", nil, []step{{"n,,n=alice", "a nonce"}}},
	{"RFC 5802 §7: the order is fixed", "SCRAM-SHA-256", nil, []step{{"n,,r=client,n=alice", "a header such as"}}},
	{"RFC 5802 §7: no header", "SCRAM-SHA-256", nil, []step{{"n=alice,r=client", "a header such as"}}},
	{"RFC 5802 §7: no other flag", "SCRAM-SHA-256", nil, []step{{"x,,n=alice,r=client", "a header such as"}}},
	{"RFC 5802 §7: UTF-8", "SCRAM-SHA-256", nil, []step{{"n,,n=al\xffice,r=client", "UTF-8"}}},
	{"RFC 5802 §7: nothing at all", "SCRAM-SHA-256", nil, []step{{noResponse, ""}, {"", "a header such as"}}},
	{"RFC 5802 §6: y if there was nothing to bind with", "SCRAM-SHA-256", nil, []step{{"y,,n=alice,r=client", serverFirst}}},
	{"RFC 5802 §6: y though -PLUS was offered", "SCRAM-SHA-256", offered, []step{{"y,,n=alice,r=client", "someone may be in between"}}},
	{"RFC 5802 §6: n though -PLUS was offered", "SCRAM-SHA-256", bound, []step{{clientFirst, serverFirst}}},
	{"RFC 5802 §6: p without -PLUS", "SCRAM-SHA-256", bound, []step{{"p=tls-exporter,,n=alice,r=client", "SCRAM-SHA-256-PLUS"}}},
	{"RFC 5802 §6: n with -PLUS", "SCRAM-SHA-256-PLUS", bound, []step{{clientFirst, `"p=tls-exporter"`}}},
	{"RFC 5802 §6: y with -PLUS", "SCRAM-SHA-256-PLUS", bound, []step{{"y,,n=alice,r=client", `"p=tls-exporter"`}}},
	{"RFC 5802 §6: another type of binding", "SCRAM-SHA-256-PLUS", bound, []step{{"p=tls-unique,,n=alice,r=client", `"p=tls-exporter"`}}},
	{"RFC 5802 §6: another connection's binding", "SCRAM-SHA-256-PLUS", bound, []step{{"p=tls-exporter,,n=alice,r=client", serverFirst},
		{"c=cD10bHMtZXhwb3J0ZXIsLA==,r=clientserver,p=" + zeros, "someone may be in between"}}},
}

// zeros is a proof of 32 octets that no password has.
var zeros = strings.Repeat("A", 43) + "="

var testAccounts = NewAccounts([]Account{
	{User: "alice", Password: "wonderland"},
	{User: "bob", Password: "caf\u00e9"},
	{User: "tom", Token: "t0ken"},
	{User: "a b", Password: "x y"},
	{User: "o,d=d", Password: "odd", Token: "odd-t0ken"},
})

func TestServerRules(t *testing.T) {
	for _, rule := range serverRules {
		t.Run(rule.name, func(t *testing.T) {
			o := ServerOptions{Accounts: testAccounts, Host: "mx.receiver.example", Nonce: "server"}
			if rule.options != nil {
				rule.options(&o)
			}
			x, err := NewExchange(rule.mechanism, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range rule.steps {
				response := []byte(s.response)
				if s.response == noResponse {
					response = nil
				}
				challenge, done, err := x.Next(response)
				var mistake *ProtocolError
				switch {
				case done:
					if s.want != "done" || err != nil || challenge != nil {
						t.Fatalf("%q: done, %q, %v; want %s", s.response, challenge, err, s.want)
					}
				case s.want == "wrong":
					if err != ErrWrong {
						t.Fatalf("%q: %q, %v; want ErrWrong", s.response, challenge, err)
					}
				case err != nil:
					if s.want == "" || !strings.Contains(err.Error(), s.want) {
						t.Fatalf("%q: %v; want %s", s.response, err, s.want)
					}
					if errors.As(err, &mistake) == errors.Is(err, ErrWrong) {
						t.Errorf("%v is not of one kind", err)
					}
				case !strings.HasPrefix(string(challenge), s.want) || challenge == nil:
					t.Fatalf("%q: %q; want %s", s.response, challenge, s.want)
				}
			}
		})
	}
}

func TestExchangeNeeds(t *testing.T) {
	for _, tt := range []struct {
		mechanism string
		options   ServerOptions
		want      string // of the error; empty if there is none
	}{
		{"PLAIN", ServerOptions{}, ""},
		{"plain", ServerOptions{}, ""},
		{"DIGEST-MD5", ServerOptions{}, "unknown mechanism; expected one of SCRAM-SHA-256-PLUS, SCRAM-SHA-256, "},
		{"", ServerOptions{}, "unknown mechanism"},
		{"CRAM-MD5", ServerOptions{}, "needs a nonce"},
		{"SCRAM-SHA-256", ServerOptions{}, "needs a nonce"},
		{"SCRAM-SHA-256", ServerOptions{Nonce: "a,b"}, "needs a nonce"},
		{"SCRAM-SHA-256", ServerOptions{Nonce: "a b"}, "needs a nonce"},
		{"SCRAM-SHA-256", ServerOptions{Nonce: "a"}, ""},
		{"SCRAM-SHA-256-PLUS", ServerOptions{Nonce: "a"}, "needs a channel binding"},
		{"SCRAM-SHA-256-PLUS", ServerOptions{Nonce: "a", Binding: &Binding{Data: []byte("x")}}, "needs a channel binding"},
		{"SCRAM-SHA-256-PLUS", ServerOptions{Nonce: "a", Binding: &Binding{Type: TLSExporter}}, "needs a channel binding"},
		{"SCRAM-SHA-256-PLUS", ServerOptions{Nonce: "a", Binding: testBinding}, ""},
	} {
		x, err := NewExchange(tt.mechanism, tt.options)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || (x == nil) != (err != nil) {
			t.Errorf("%s %+v: %v; want %q", tt.mechanism, tt.options, err, tt.want)
		}
	}
}

func TestFindIsForASCIIOnly(t *testing.T) {
	for _, m := range Mechanisms {
		if got, ok := Find(strings.ToLower(m.Name)); !ok || got != m {
			t.Errorf("%s: %+v", m.Name, got)
		}
	}
	if m, ok := Find("\u017fcram-sha-256"); ok { // a long s
		t.Errorf("found %+v", m)
	}
}
