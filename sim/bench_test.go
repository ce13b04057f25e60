package sim_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// manyLetters is the three-host scenario with n letters, one every 20 ms.
func manyLetters(tb testing.TB, n int) *scenario.Scenario {
	tb.Helper()
	sc := *inClear(tb)
	letter := sc.Letters[0]
	sc.Letters = nil
	for i := range n {
		l := letter
		l.At = time.Duration(i) * 20 * time.Millisecond
		l.To = []smtp.Path{letter.To[0]}
		sc.Letters = append(sc.Letters, l)
	}
	sc.MaxEvents = 1 << 30
	return &sc
}

// BenchmarkDelivery measures deliveries a second of the three-host scenario
// with the full trace on: from the mail client's outbox over two SMTP sessions
// and four DNS questions into the mailbox. One run delivers 1,000 letters.
func BenchmarkDelivery(b *testing.B) { benchmarkDelivery(b, manyLetters(b, 1000)) }

// BenchmarkDeliveryTLS measures the same with TLS on both hops and a login: by
// the strongest mechanism, which hashes the password 4096 times, and by PLAIN.
func BenchmarkDeliveryTLS(b *testing.B) {
	for _, mechanism := range []string{"SCRAM-SHA-256-PLUS", "PLAIN"} {
		b.Run(mechanism, func(b *testing.B) {
			sc := manySecured(b, 1000)
			sc.Hosts[0].Client.Login.Mechanism = mechanism
			benchmarkDelivery(b, sc)
		})
	}
}

func benchmarkDelivery(b *testing.B, sc *scenario.Scenario) {
	letters := float64(len(sc.Letters))
	b.ReportAllocs()
	var events int
	for b.Loop() {
		t, stop, err := sim.Run(context.Background(), sc, sim.Options{Seed: 1})
		if err != nil || stop != sim.Ended {
			b.Fatalf("stop %v, error %v", stop, err)
		}
		events = t.Len()
	}
	b.ReportMetric(float64(b.N)*letters/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(events)/letters, "events/delivery")
}

// BenchmarkWorld measures a whole run of one letter: a new world each time.
func BenchmarkWorld(b *testing.B) { benchmarkWorld(b, inClear(b)) }

// BenchmarkWorldTLS measures the same with two TLS handshakes and a login.
func BenchmarkWorldTLS(b *testing.B) { benchmarkWorld(b, direct(b)) }

func benchmarkWorld(b *testing.B, sc *scenario.Scenario) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := sim.Run(context.Background(), sc, sim.Options{Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTraceMemory measures what a trace of 1,000,000 events keeps alive,
// with the octets of every letter in it.
func BenchmarkTraceMemory(b *testing.B) {
	sc := manyLetters(b, 12000)
	sc.MaxEvents = 1_000_000
	for b.Loop() {
		before := heap()
		t, stop, err := sim.Run(context.Background(), sc, sim.Options{Seed: 1})
		if err != nil || stop != sim.Limited {
			b.Fatalf("stop %v, error %v, %d events", stop, err, t.Len())
		}
		after := heap()
		b.ReportMetric(float64(after-before)/1e6, "MB")
		b.ReportMetric(float64(t.Len()), "events")
		runtime.KeepAlive(t)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestManyLettersArrive keeps the benchmark honest: what it counts did happen.
func TestManyLettersArrive(t *testing.T) {
	const letters = 200
	tr, stop, err := sim.Run(context.Background(), manyLetters(t, letters), sim.Options{Seed: 1})
	if err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	outcomes := check.Outcomes(tr)
	if len(outcomes) != letters {
		t.Fatalf("%d outcomes, want %d", len(outcomes), letters)
	}
	for _, o := range outcomes {
		if o.Fate != check.Delivered || o.Copies != 1 {
			t.Fatalf("letter %d: %v, %d copies", o.Letter, o.Fate, o.Copies)
		}
	}
}

// dump writes a trace for a failed test, of a long one the beginning.
func dump(t *trace.Trace) string {
	var s strings.Builder
	for pos := range min(t.End(), 2000) {
		e := t.At(pos)
		fmt.Fprintf(&s, "%4d %12v %-9v %-8s>%-8s conn=%d letter=%d arg=%d %v %d %v>%v cause=%d %.80q\n", pos, e.At, e.Kind,
			t.Host(e.Host).ID, t.Host(e.Peer).ID, e.Conn, e.Letter, e.Arg, e.Verb, e.Code, e.From, e.To, int32(e.Cause), t.Octets(e.Octets))
	}
	return s.String()
}
