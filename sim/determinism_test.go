package sim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helo/sim"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/scenario"
)

var update = flag.Bool("update", false, "write the golden files anew")

// source is the file of a built-in scenario.
func source(tb testing.TB, name string) string {
	tb.Helper()
	src, err := os.ReadFile(filepath.Join("..", "content", "scenarios", name+".yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(src)
}

func builtIn(tb testing.TB, name string) *scenario.Scenario {
	tb.Helper()
	sc, err := scenario.Parse([]byte(source(tb, name)), name+".yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return sc
}

// direct is the built-in scenario of that name, with TLS and a login.
func direct(tb testing.TB) *scenario.Scenario { return builtIn(tb, "direct") }

// inClear is the built-in scenario clear: the same letter without them, for
// tests that are about something else.
func inClear(tb testing.TB) *scenario.Scenario { return builtIn(tb, "clear") }

// json runs a scenario and returns its trace as JSON.
func json(tb testing.TB, sc *scenario.Scenario, o sim.Options) []byte {
	tb.Helper()
	tr, _, err := sim.Run(context.Background(), sc, o)
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := export.JSON(&b, tr); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// deterministicRuns are runs whose digests are kept in testdata: they have to
// come out the same on every machine, processor and time zone.
var deterministicRuns = []struct {
	name   string // the scenario, and what happens in it
	seed   uint64
	faults []string
}{
	{"clear", 1, nil},
	{"clear, seed 2", 2, nil},
	{"clear, deferred twice", 1, []string{"mx at=RCPT n=1-2 reply=451"}},
	{"clear, refused for days", 1, []string{"mx refuse"}},
	{"clear, dropped after the dot", 1, []string{"mx at=dot n=1 drop"}},
	{"clear, no such domain", 1, []string{"msa dns=nxdomain"}},
	{"direct", 1, nil},
	{"direct, seed 2", 2, nil},
	{"direct, deferred twice", 1, []string{"mx at=RCPT n=1-2 reply=451"}},
	{"direct, offer stripped at the laptop", 1, []string{"laptop>msa tls=strip"}},
	{"direct, offer stripped between the servers", 1, []string{"msa>mx tls=strip"}},
	{"direct, certificate expired", 1, []string{"msa tls=expired"}},
}

func faults(tb testing.TB, specs []string) []*host.Fault {
	tb.Helper()
	var list []*host.Fault
	for _, s := range specs {
		f, err := host.ParseFault(s)
		if err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
		list = append(list, f)
	}
	return list
}

func TestDeterminismSameDigestOnEveryMachine(t *testing.T) {
	const golden = "testdata/digests.txt"
	var got strings.Builder
	for _, r := range deterministicRuns {
		name, _, _ := strings.Cut(r.name, ",")
		sum := sha256.Sum256(json(t, builtIn(t, name), sim.Options{Seed: r.seed, Faults: faults(t, r.faults)}))
		got.WriteString(hex.EncodeToString(sum[:8]) + "  " + r.name + "\n")
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("digests have changed; if the change is meant, run with -update\ngot:\n%swant:\n%s", got.String(), want)
	}
}

func TestDeterminismThousandRunsOneSeed(t *testing.T) {
	for _, c := range []struct {
		name string
		runs int
	}{{"clear", 900}, {"direct", 100}} {
		sc := builtIn(t, c.name)
		first := json(t, sc, sim.Options{Seed: 7})
		for range c.runs - 1 {
			if again := json(t, sc, sim.Options{Seed: 7}); !bytes.Equal(first, again) {
				t.Fatalf("%s: two runs with one seed differ", c.name)
			}
		}
		if other := json(t, sc, sim.Options{Seed: 8}); bytes.Equal(first, other) {
			t.Errorf("%s: another seed gives the same octets: nothing is drawn from it", c.name)
		}
	}
}
