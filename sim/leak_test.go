package sim_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"helo/sim"
	"helo/sim/scenario"
)

// manySecured is testdata/secure.yaml with n letters, one every 20 ms.
func manySecured(tb testing.TB, n int) *scenario.Scenario {
	tb.Helper()
	sc := secured(tb)
	letter := sc.Letters[0]
	sc.Letters = nil
	for i := range n {
		l := letter
		l.At = time.Duration(i) * 20 * time.Millisecond
		sc.Letters = append(sc.Letters, l)
	}
	sc.MaxEvents = 1 << 30
	return sc
}

// underRace says whether the race detector looks on: with it TLS takes ten times
// as long.
func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Each end of TLS is a coroutine, which holds memory until it is stopped. None
// is left when a connection is over, nor when a world is closed, wherever it
// stands.
func TestNothingIsLeftOfTLS(t *testing.T) {
	worlds := 10_000
	if testing.Short() || underRace() {
		worlds = 1000
	}
	sc := secured(t)
	sc.Faults = faults(t, []string{"msa>mx at=dot n=1 drop", "msa>mx tls=garbage n=2", "msa>mx tls=inject n=3"})
	whole, _, err := sim.Run(context.Background(), sc, sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	run := func(n int) {
		for i := range n {
			sc.MaxEvents = uint32(1 + i%100) // most of them in the first connection
			if i%8 == 0 {
				sc.MaxEvents = uint32(1 + i/8%whole.Len())
			}
			w, err := sim.New(sc, sim.Options{Seed: uint64(i)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			w.Close()
		}
	}
	run(8 * 50) // what is made once is made
	goroutines, before := runtime.NumGoroutine(), heap()
	run(worlds)
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after %d worlds, %d before", n, worlds, goroutines)
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d octets of memory after %d worlds, %d before", after, worlds, before)
	}
}

// A world that goes on lets go of connections that are over.
func TestConnectionsThatAreOverHoldNothing(t *testing.T) {
	for _, list := range [][]string{nil, {"msa>mx at=dot n=1- drop"}, {"msa>mx tls=expired", "laptop>msa tls=inject"}} {
		goroutines := runtime.NumGoroutine()
		sc := manySecured(t, 300)
		sc.MaxTime = time.Hour
		w, err := sim.New(sc, sim.Options{Seed: 1, Faults: faults(t, list)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%v: %d goroutines when all connections are over, %d before", list, n, goroutines)
		}
		tr := w.Trace()
		with := heap()
		runtime.KeepAlive(w)
		w.Close()
		w = nil
		without := heap()
		runtime.KeepAlive(tr)
		conns := 0
		for pos := range tr.End() {
			conns = max(conns, int(tr.At(pos).Conn))
		}
		t.Logf("%v: %d octets a connection", list, int64(with-without)/int64(conns))
		if each := int64(with-without) / int64(conns); each > 4<<10 {
			t.Errorf("%v: %d octets are held for each of %d connections that are over", list, each, conns)
		}
	}
}
