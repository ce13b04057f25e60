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

// directSource is the scenario's file.
func directSource(tb testing.TB) string {
	tb.Helper()
	src, err := os.ReadFile(filepath.Join("..", "content", "scenarios", "direct.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(src)
}

// direct is the built-in scenario of that name.
func direct(tb testing.TB) *scenario.Scenario {
	tb.Helper()
	sc, err := scenario.Parse([]byte(directSource(tb)), "direct.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return sc
}

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
	name   string
	seed   uint64
	faults []string
}{
	{"direct", 1, nil},
	{"direct, seed 2", 2, nil},
	{"direct, deferred twice", 1, []string{"mx at=RCPT n=1-2 reply=451"}},
	{"direct, refused for days", 1, []string{"mx refuse"}},
	{"direct, dropped after the dot", 1, []string{"mx at=dot n=1 drop"}},
	{"direct, no such domain", 1, []string{"msa dns=nxdomain"}},
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
		sum := sha256.Sum256(json(t, direct(t), sim.Options{Seed: r.seed, Faults: faults(t, r.faults)}))
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
	sc := direct(t)
	first := json(t, sc, sim.Options{Seed: 7})
	for range 999 {
		if again := json(t, sc, sim.Options{Seed: 7}); !bytes.Equal(first, again) {
			t.Fatal("two runs with one seed differ")
		}
	}
	if other := json(t, sc, sim.Options{Seed: 8}); bytes.Equal(first, other) {
		t.Error("another seed gives the same octets: nothing is drawn from it")
	}
}
