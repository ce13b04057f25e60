package sasl

// What a login costs. A client by SCRAM derives its keys anew each time; a
// server has them.

import "testing"

func BenchmarkLogin(b *testing.B) {
	for _, m := range Mechanisms {
		b.Run(m.Name, func(b *testing.B) {
			a := NewAccounts([]Account{{User: "alice", Password: "wonderland", Token: "t0ken"}})
			b.ReportAllocs()
			for b.Loop() {
				l, x := pair(b, m.Name, a, Credentials{User: "alice", Password: "wonderland", Token: "t0ken"})
				if o := talk(b, l, x, nil); !o.in() {
					b.Fatalf("%v, %v", o.server, o.client)
				}
			}
		})
	}
}

// BenchmarkScramServer is the server's side alone: what a host pays for a
// login.
func BenchmarkScramServer(b *testing.B) {
	a := NewAccounts([]Account{{User: "alice", Password: "wonderland"}})
	l, x := pair(b, nameScram, a, Credentials{User: "alice", Password: "wonderland"})
	initial, _ := l.Initial()
	challenge, _, err := x.Clone().Next(initial)
	if err != nil {
		b.Fatal(err)
	}
	response, err := l.Next(challenge)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		x := x.Clone()
		if _, _, err := x.Next(initial); err != nil {
			b.Fatal(err)
		}
		if _, _, err := x.Next(response); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKeys is what a user costs when the first one logs in by SCRAM.
func BenchmarkKeys(b *testing.B) {
	for b.Loop() {
		deriveKeys("alice", "wonderland")
	}
}
