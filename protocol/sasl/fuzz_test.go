package sasl

// Fuzz targets: nothing a peer says makes either side panic, or lets anyone in
// who does not know the password.

import (
	"bytes"
	"errors"
	"regexp"
	"testing"
)

// Lines of a fuzzed talk are parted by an octet that none of them needs.
const between = "\xfe"

func seedOf(lines []string) []byte {
	var seed []byte
	for i, line := range lines {
		if i > 0 {
			seed = append(seed, between...)
		}
		seed = append(seed, line...)
	}
	return seed
}

func FuzzServers(f *testing.F) {
	for i, m := range Mechanisms {
		for _, rule := range serverRules {
			if rule.mechanism == m.Name {
				var lines []string
				for _, s := range rule.steps {
					lines = append(lines, s.response)
				}
				f.Add(byte(i), seedOf(lines))
			}
		}
		for _, v := range vectors {
			if v.mechanism == m.Name {
				var lines []string
				for n := len(v.lines) % 2; n < len(v.lines); n += 2 {
					lines = append(lines, v.lines[n])
				}
				f.Add(byte(i), seedOf(lines))
			}
		}
	}
	// No seed has these passwords.
	accounts := NewAccounts([]Account{{User: "alice", Password: "Lqx7-unheard", Token: "kv83-unheard"}, {User: "tom", Token: "zz9p-unheard"}})
	f.Fuzz(func(t *testing.T, which byte, input []byte) {
		m := Mechanisms[int(which)%len(Mechanisms)]
		x, err := NewExchange(m.Name, ServerOptions{Accounts: accounts, Host: "mx.receiver.example", Nonce: "server", Binding: testBinding, BindingOffered: which&128 != 0})
		if err != nil {
			t.Fatal(err)
		}
		ended := false
		for response := range bytes.SplitSeq(input, []byte(between)) {
			if string(response) == noResponse {
				response = nil
			}
			challenge, done, err := x.Next(response)
			var mistake *ProtocolError
			switch {
			case done || x.User() != "":
				t.Fatalf("%s: %q is in", m.Name, x.User())
			case err == nil && (challenge == nil || ended):
				t.Fatalf("%s: goes on with %q", m.Name, challenge)
			case err != nil && !errors.Is(err, ErrWrong) && !errors.As(err, &mistake):
				t.Fatalf("%s: an error of another kind: %v", m.Name, err)
			case err != nil && !isPrintableText(err.Error()):
				t.Fatalf("%s: an error that repeats what came: %q", m.Name, err)
			}
			ended = ended || err != nil
		}
	})
}

// dear is a count of iterations that a client would go along with, if not in no
// time.
var dear = regexp.MustCompile(`i=[1-9][0-9]{4,6}\b`)

func FuzzClients(f *testing.F) {
	for i, m := range Mechanisms {
		for _, rule := range clientRules {
			if rule.mechanism == m.Name {
				var lines []string
				for _, s := range rule.steps {
					lines = append(lines, s.response)
				}
				f.Add(byte(i), seedOf(lines))
			}
		}
		for _, v := range vectors {
			if v.mechanism == m.Name {
				var lines []string
				for n := 1 - len(v.lines)%2; n < len(v.lines); n += 2 {
					lines = append(lines, v.lines[n])
				}
				f.Add(byte(i), seedOf(lines))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, input []byte) {
		if dear.Match(input) {
			t.Skip("to hash that often only takes time; the bounds are rules of their own")
		}
		m := Mechanisms[int(which)%len(Mechanisms)]
		l, err := NewLogin(m.Name, ClientOptions{Credentials: Credentials{User: "alice", Password: "Lqx7-unheard", Token: "kv83-unheard"}, Nonce: "client", Binding: testBinding, ServerOffersPlus: which&128 != 0})
		if err != nil {
			t.Fatal(err)
		}
		for challenge := range bytes.SplitSeq(input, []byte(between)) {
			response, err := l.Next(challenge)
			var mistake *ProtocolError
			switch {
			case (err == nil) == (response == nil):
				t.Fatalf("%s: %q and %v", m.Name, response, err)
			case err != nil && !errors.Is(err, ErrServer) && !errors.As(err, &mistake):
				t.Fatalf("%s: an error of another kind: %v", m.Name, err)
			case err != nil && !isPrintableText(err.Error()):
				t.Fatalf("%s: an error that repeats what came: %q", m.Name, err)
			case !m.ClearText && bytes.Contains(response, []byte("Lqx7-unheard")):
				t.Fatalf("%s: shows the password: %q", m.Name, response)
			}
		}
		if err := l.Finish(); err == nil && (m.Binds || m.Name == nameScram) {
			t.Fatalf("%s: content with a server that does not know the password", m.Name)
		}
	})
}

// FuzzBetween has someone in the middle who changes one line of a login that
// would succeed. They must not get in as anyone else.
func FuzzBetween(f *testing.F) {
	for i := range Mechanisms {
		f.Add(byte(i), byte(0), byte(3), []byte("x"), true)
		f.Add(byte(i), byte(2), byte(5), []byte(",m="), false)
	}
	accounts := NewAccounts([]Account{{"alice", "wonderland", "t0ken"}, {"alicf", "Lqx7-unheard", "kv83-unheard"}})
	f.Fuzz(func(t *testing.T, which, line, at byte, with []byte, insert bool) {
		m := Mechanisms[int(which)%len(Mechanisms)]
		l, x := pair(t, m.Name, accounts, Credentials{User: "alice", Password: "wonderland", Token: "t0ken"})
		o := talk(t, l, x, func(n int, s []byte) []byte {
			if n != int(line)%8 || len(s) == 0 {
				return s
			}
			i := int(at) % len(s)
			out := append(bytes.Clone(s[:i]), with...)
			if insert {
				return append(out, s[i:]...)
			}
			return append(out, s[min(len(s), i+len(with)):]...)
		})
		if o.in() != (o.server == nil && o.client == nil) || o.user != "" && o.user != "alice" {
			t.Fatalf("%s: %+v", m.Name, o)
		}
	})
}

// isPrintableText says whether an error can be ours: printable, and with the mark
// of sections.
func isPrintableText(s string) bool {
	for _, r := range s {
		if (r < ' ' || r > '~') && r != '§' {
			return false
		}
	}
	return true
}
