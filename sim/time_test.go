package sim_test

import (
	"context"
	"math"
	"testing"
	"time"

	"helo/sim"
	"helo/sim/host"
)

// TestTimeNeverRunsBackwards holds that virtual time stops at its end rather
// than wrap, whatever a scenario that no file made asks for.
func TestTimeNeverRunsBackwards(t *testing.T) {
	for i, latency := range []time.Duration{time.Hour, math.MaxInt64 / 4, math.MaxInt64 / 2, math.MaxInt64, time.Hour, math.MaxInt64 / 4, math.MaxInt64 / 2, math.MaxInt64} {
		sc := *inClear(t)
		if i >= 4 {
			sc = *direct(t)
		}
		sc.Latency, sc.MaxTime, sc.MaxEvents = latency, 0, 5000
		hosts := append([]host.Config(nil), sc.Hosts...)
		server := *hosts[1].Server
		server.Retry = []time.Duration{math.MaxInt64 / 3}
		hosts[1].Server = &server
		sc.Hosts = hosts
		tr, _, err := sim.Run(context.Background(), &sc, sim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for pos := range tr.End() {
			at := tr.At(pos).At
			if at < last {
				t.Fatalf("latency %v: event %d is at %v, after one at %v", latency, pos, at, last)
			}
			last = at
		}
	}
}
