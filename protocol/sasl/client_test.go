package sasl

// The rules that a client keeps, each by its section.

import (
	"errors"
	"strings"
	"testing"
)

// clientRule is one rule: the challenges and the start of each response, or
// words of an error; then words of what Finish says, empty if it is content.
type clientRule struct {
	name      string
	mechanism string
	options   func(*ClientOptions)
	steps     []step // response stands for a challenge here
	finish    string
}

func boundClient(o *ClientOptions) { o.Binding = testBinding }
func seesPlus(o *ClientOptions)    { o.Binding, o.ServerOffersPlus = testBinding, true }

const (
	saltAnd = "r=clientserver,s=AAECAwQFBgcICQoLDA0ODw==,i="
	unseen  = "it has not shown its signature"
)

var clientRules = []clientRule{
	{"RFC 4616 §2: no challenge", "PLAIN", nil, []step{{"x", "no challenge"}}, ""},
	{"LOGIN: the words of the challenges do not matter", "LOGIN", nil, []step{{"User Name\x00", "alice"}, {"", "wonderland"}}, ""},
	{"LOGIN: no third question", "LOGIN", nil, []step{{"", "alice"}, {"", "wonderland"}, {"", "no more than two"}}, "two challenges"},
	{"LOGIN: no success before the password", "LOGIN", nil, []step{{"", "alice"}}, "two challenges"},
	{"RFC 2195 §2: a challenge reads like a message id", "CRAM-MD5", nil, []step{{"please digest this", `reads like a message id`}}, "a challenge before success"},
	{"RFC 2195 §2: an empty challenge", "CRAM-MD5", nil, []step{{"", `reads like a message id`}}, "a challenge before success"},
	{"RFC 2195 §2: one challenge", "CRAM-MD5", nil, []step{{"<a@b>", "alice "}, {"<a@b>", "no more than one"}}, ""},
	{"RFC 2195 §2: no success without a challenge", "CRAM-MD5", nil, nil, "a challenge before success"},
	{"XOAUTH2: an empty answer to a failure, and no success after it", "XOAUTH2", nil, []step{{`{"status":"401"}`, ""}}, "no success after a failure"},
	{"XOAUTH2: no second failure", "XOAUTH2", nil, []step{{"{}", ""}, {"{}", "no more than one"}}, "no success"},
	{"RFC 7628 §3.2.3: ^A in answer to a failure, and no success after it", "OAUTHBEARER", nil, []step{{`{"status":"invalid_token"}`, "\x01"}}, "no success after a failure"},
	{"RFC 7628 §3.1: success at once", "OAUTHBEARER", nil, nil, ""},

	{"RFC 5802 §5: no success without the signature", "SCRAM-SHA-256", nil, nil, unseen},
	{"RFC 5802 §5: nor after the proof alone", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096", "c=biws,r=clientserver,p="}}, unseen},
	{"RFC 5802 §5: a wrong signature", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096", "c="}, {"v=" + zeros, "its signature is wrong"}}, unseen},
	{"RFC 5802 §5: no second try to sign", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096", "c="}, {"v=" + zeros, "its signature is wrong"}, {"v=" + zeros, "no challenge after"}}, unseen},
	{"RFC 5802 §5.1: the nonce begins with the client's", "SCRAM-SHA-256", nil, []step{{"r=clienserver,s=AAEC,i=4096", "its nonce is not the client's"}}, unseen},
	{"RFC 5802 §5.1: and has more", "SCRAM-SHA-256", nil, []step{{"r=client,s=AAEC,i=4096", "its nonce is not the client's"}}, unseen},
	{"RFC 5802 §5.1: a failed step cannot be repeated", "SCRAM-SHA-256", nil, []step{{"r=client,s=AAEC,i=4096", "its nonce"}, {saltAnd + "4096", "no challenge after"}}, unseen},
	{"RFC 5802 §5.1: m= is not known, wherever it stands", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096,m=x", `no "m="`}}, unseen},
	{"RFC 5802 §5.1: m= is not known", "SCRAM-SHA-256", nil, []step{{"m=x," + saltAnd + "4096", `no "m="`}}, unseen},
	{"RFC 5802 §5.1: other extensions are read over", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096,x=y", "c="}}, unseen},
	{"RFC 7677 §4: at least 4096 iterations", "SCRAM-SHA-256", nil, []step{{saltAnd + "4095", "fewer than 4096"}}, unseen},
	{"RFC 5802 §5.1: not more iterations than a client can bear", "SCRAM-SHA-256", nil, []step{{saltAnd + "1000001", "more than 1000000"}}, unseen},
	{"RFC 5802 §5.1: nor a number that does not fit", "SCRAM-SHA-256", nil, []step{{saltAnd + "99999999999999999999999", "more than 1000000"}}, unseen},
	{"RFC 5802 §7: a number has no sign", "SCRAM-SHA-256", nil, []step{{saltAnd + "+4096", "a number"}}, unseen},
	{"RFC 5802 §7: a number has no zero before it", "SCRAM-SHA-256", nil, []step{{saltAnd + "04096", "a number"}}, unseen},
	{"RFC 5802 §7: no number", "SCRAM-SHA-256", nil, []step{{saltAnd, "a number"}}, unseen},
	{"RFC 5802 §7: no salt", "SCRAM-SHA-256", nil, []step{{"r=clientserver,s=,i=4096", "a salt"}}, unseen},
	{"RFC 5802 §7: a salt in base64", "SCRAM-SHA-256", nil, []step{{"r=clientserver,s=?,i=4096", "a salt in base64"}}, unseen},
	{"RFC 5802 §7: three parts", "SCRAM-SHA-256", nil, []step{{"r=clientserver,s=AAEC", "a salt"}}, unseen},
	{"RFC 5802 §7: no control characters", "SCRAM-SHA-256", nil, []step{{"r=clientserver,s=AA\nEC,i=4096", "without control characters"}}, unseen},
	{"RFC 5802 §7: an error of the server's", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096", "c="}, {"e=invalid-proof,x=y", "invalid-proof"}}, unseen},
	{"RFC 5802 §7: an error at once", "SCRAM-SHA-256", nil, []step{{"e=unknown-user", "unknown-user"}}, unseen},
	{"RFC 5802 §7: an error of another name is not repeated", "SCRAM-SHA-256", nil, []step{{"e=send money", "other-error"}}, unseen},
	{"RFC 5802 §7: neither error nor signature", "SCRAM-SHA-256", nil, []step{{saltAnd + "4096", "c="}, {"", `"v="`}}, unseen},
	{"RFC 5802 §6: n without TLS", "SCRAM-SHA-256", nil, []step{{initially, clientFirst}}, unseen},
	{"RFC 5802 §6: y if the client could bind", "SCRAM-SHA-256", boundClient, []step{{initially, "y,,n=alice,r=client"}, {saltAnd + "4096", "c=eSws,"}}, unseen},
	{"RFC 5802 §6: n if it could and the server too", "SCRAM-SHA-256", seesPlus, []step{{initially, clientFirst}}, unseen},
	{"RFC 5802 §6: p", "SCRAM-SHA-256-PLUS", seesPlus, []step{{initially, "p=tls-exporter,,n=alice,r=client"}, {saltAnd + "4096", "c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm,r="}}, unseen},
	{"RFC 5802 §5.1: =2C and =3D in names", "SCRAM-SHA-256", func(o *ClientOptions) { o.Credentials.User, o.Credentials.Authz = "a,b=c", "d=,e" },
		[]step{{initially, "n,a=d=3D=2Ce,n=a=2Cb=3Dc,r=client"}}, unseen},
	{"RFC 4013 §2.2: names are prepared", "SCRAM-SHA-256", func(o *ClientOptions) { o.Credentials.User = "\uff41lic\u00ade" }, []step{{initially, clientFirst}}, unseen},
	{"RFC 5801 §4: =2C and =3D in names", "OAUTHBEARER", func(o *ClientOptions) { o.Credentials.User = "a,b=c" }, []step{{initially, "n,a=a=2Cb=3Dc,\x01auth=Bearer t0ken\x01\x01"}}, ""},
	{"RFC 7628 §3.1: no user, the token says who it is", "OAUTHBEARER", func(o *ClientOptions) { o.Credentials.User = "" }, []step{{initially, "n,,\x01auth=Bearer t0ken\x01\x01"}}, ""},
	{"RFC 7628 §3.1: an identity to act as", "OAUTHBEARER", func(o *ClientOptions) { o.Credentials.Authz = "bob" }, []step{{initially, "n,a=bob,\x01auth=Bearer t0ken\x01\x01"}}, ""},
	{"RFC 4616 §2: an identity to act as", "PLAIN", func(o *ClientOptions) { o.Credentials.Authz = "bob" }, []step{{initially, "bob\x00alice\x00wonderland"}}, ""},
}

// initially stands for the initial response in a step.
const initially = "(initially)"

func TestClientRules(t *testing.T) {
	for _, rule := range clientRules {
		t.Run(rule.name, func(t *testing.T) {
			o := ClientOptions{Credentials: Credentials{User: "alice", Password: "wonderland", Token: "t0ken"}, Nonce: "client"}
			if rule.options != nil {
				rule.options(&o)
			}
			l, err := NewLogin(rule.mechanism, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range rule.steps {
				var response []byte
				var err error
				if s.response == initially {
					response, _ = l.Initial()
				} else {
					response, err = l.Next([]byte(s.response))
				}
				var mistake *ProtocolError
				switch {
				case err != nil:
					if s.want == "" || !strings.Contains(err.Error(), s.want) {
						t.Fatalf("%q: %v; want %s", s.response, err, s.want)
					}
					if errors.As(err, &mistake) == errors.Is(err, ErrServer) {
						t.Errorf("%v is not of one kind", err)
					}
				case response == nil || !strings.HasPrefix(string(response), s.want):
					t.Fatalf("%q: %q; want %s", s.response, response, s.want)
				}
			}
			err = l.Finish()
			if rule.finish == "" && err != nil || rule.finish != "" && (err == nil || !strings.Contains(err.Error(), rule.finish)) {
				t.Errorf("Finish: %v; want %q", err, rule.finish)
			}
		})
	}
}

func TestLoginNeeds(t *testing.T) {
	whole := Credentials{User: "alice", Password: "wonderland", Token: "t0ken"}
	for _, tt := range []struct {
		what   string
		change func(*ClientOptions)
		want   map[string]string // by mechanism; "*" for those not listed
	}{
		{"all there", func(*ClientOptions) {}, map[string]string{nameScramPlus: "needs a channel binding"}},
		{"no user", func(o *ClientOptions) { o.Credentials.User = "" }, map[string]string{nameOAuthBearer: "", "*": "expected a user name"}},
		{"no password", func(o *ClientOptions) { o.Credentials.Password = "" }, map[string]string{nameOAuthBearer: "", nameXOAuth2: "", "*": "expected a password"}},
		{"no token", func(o *ClientOptions) { o.Credentials.Token = "" }, map[string]string{nameOAuthBearer: "expected a token", nameXOAuth2: "expected a token", nameScramPlus: "channel binding"}},
		{"a token with a space", func(o *ClientOptions) { o.Credentials.Token = "a b" }, map[string]string{nameOAuthBearer: "expected a token", nameXOAuth2: "expected a token", nameScramPlus: "channel binding"}},
		{"RFC 4616 §2: NUL in the password", func(o *ClientOptions) { o.Credentials.Password = "a\x00b" }, map[string]string{"*": "without control characters"}},
		{"^A in the host", func(o *ClientOptions) { o.Credentials.Host = "a\x01b" }, map[string]string{"*": "without control characters"}},
		{"no UTF-8", func(o *ClientOptions) { o.Credentials.User = "\xff" }, map[string]string{"*": "expected UTF-8"}},
		{"an identity to act as", func(o *ClientOptions) { o.Credentials.Authz = "bob" },
			map[string]string{nameCramMD5: "no identity", nameLogin: "no identity", nameXOAuth2: "no identity", nameScramPlus: "channel binding"}},
		{"the identity that the user has", func(o *ClientOptions) { o.Credentials.Authz = "alice" }, map[string]string{nameScramPlus: "channel binding"}},
		{"no nonce", func(o *ClientOptions) { o.Nonce = "" }, map[string]string{nameScram: "needs a nonce", nameScramPlus: "needs a nonce"}},
		{"a nonce with a comma", func(o *ClientOptions) { o.Nonce = "a,b" }, map[string]string{nameScram: "needs a nonce", nameScramPlus: "needs a nonce"}},
		{"RFC 4013 §2.3: a password that cannot be prepared", func(o *ClientOptions) { o.Credentials.Password = "\ufffd" },
			map[string]string{nameScram: "the password has characters", nameScramPlus: "the password has characters"}},
		{"RFC 4013 §2.3: a name that cannot be prepared", func(o *ClientOptions) { o.Credentials.User = "\ufffd" },
			map[string]string{nameScram: "the user's name has characters", nameScramPlus: "the user's name has characters"}},
		{"RFC 4013 §2.3: an identity that cannot be prepared", func(o *ClientOptions) { o.Credentials.Authz = "\ufffd" },
			map[string]string{nameScram: "the identity has characters", nameScramPlus: "the identity has characters",
				nameCramMD5: "no identity", nameLogin: "no identity", nameXOAuth2: "no identity"}},
		{"RFC 4013 §2.1: a password of which nothing is left", func(o *ClientOptions) { o.Credentials.Password = "\u00ad" },
			map[string]string{nameScram: "the password must not be empty", nameScramPlus: "the password must not be empty"}},
	} {
		for _, m := range Mechanisms {
			o := ClientOptions{Credentials: whole, Nonce: "client"}
			tt.change(&o)
			want, ok := tt.want[m.Name]
			if !ok {
				want = tt.want["*"]
			}
			l, err := NewLogin(m.Name, o)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || (l == nil) != (err != nil) {
				t.Errorf("%s, %s: %v; want %q", m.Name, tt.what, err, want)
			}
			if err != nil && (strings.Contains(err.Error(), "\x00") || strings.Contains(err.Error(), "wonderland")) {
				t.Errorf("%s, %s: repeats secrets: %v", m.Name, tt.what, err)
			}
		}
	}
	if _, err := NewLogin("NTLM", ClientOptions{Credentials: whole}); err == nil {
		t.Error("NTLM is known")
	}
}
