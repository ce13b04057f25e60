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
	"sync"
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
	if err := export.JSON(&b, tr, export.JSONOptions{}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// deterministicRuns are runs whose digests are kept in testdata: they have to
// come out the same on every machine, processor and time zone.
var deterministicRuns = []struct {
	name    string // the scenario, and what happens in it
	seed    uint64
	faults  []string
	changes []string // of testdata/secure.yaml
}{
	{"clear", 1, nil, nil},
	{"clear, seed 2", 2, nil, nil},
	{"clear, deferred twice", 1, []string{"mx at=RCPT n=1-2 reply=451"}, nil},
	{"clear, refused for days", 1, []string{"mx refuse"}, nil},
	{"clear, dropped after the dot", 1, []string{"mx at=dot n=1 drop"}, nil},
	{"clear, no such domain", 1, []string{"msa dns=nxdomain"}, nil},
	{"direct", 1, nil, nil},
	{"direct, seed 2", 2, nil, nil},
	{"direct, deferred twice", 1, []string{"mx at=RCPT n=1-2 reply=451"}, nil},
	{"direct, offer stripped at the laptop", 1, []string{"laptop>msa tls=strip"}, nil},
	{"direct, offer stripped between the servers", 1, []string{"msa>mx tls=strip"}, nil},
	{"direct, certificate expired", 1, []string{"msa tls=expired"}, nil},
	{"secure", 1, nil, nil},
	{"secure, seed 2", 2, nil, nil},
	{"secure, TLS first", 1, nil, []string{"tls: insist", "tls: implicit"}},
	{"secure, each mechanism: CRAM-MD5", 1, nil, []string{theLogin, "login: {user: alice, password: wonderland, mechanism: CRAM-MD5}"}},
	{"secure, each mechanism: LOGIN", 1, nil, []string{theLogin, "login: {user: alice, password: wonderland, mechanism: LOGIN}"}},
	{"secure, a wrong password", 1, nil, []string{theLogin, "login: {user: alice, password: looking-glass}"}},
	{"secure, demanding TLS", 1, nil, []string{"to: [bob@receiver.example]", "to: [bob@receiver.example]\n    require-tls: yes"}},
	{"secure, demanding TLS in vain", 1, []string{"msa>mx tls=wrongname"}, []string{"to: [bob@receiver.example]", "to: [bob@receiver.example]\n    require-tls: yes"}},
	{"secure, no TLS record", 1, []string{"msa>mx tls=garbage"}, nil},
	{"secure, commands injected", 1, []string{"msa>mx tls=inject", "laptop>msa tls=inject"}, nil},
	{"secure, certificate of nobody for hours", 1, []string{"msa>mx tls=unknownca"}, []string{"tls: may", "tls: insist"}},
	{"secure, dropped after the dot", 1, []string{"mx at=dot n=1 drop"}, nil},
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

// deterministic is the scenario that the first word of a run's name is about.
func deterministic(t *testing.T, name string, changes []string) *scenario.Scenario {
	t.Helper()
	if name, _, _ = strings.Cut(name, ","); name == "secure" {
		return secured(t, changes...)
	}
	return builtIn(t, name)
}

func TestDeterminismSameDigestOnEveryMachine(t *testing.T) {
	const golden = "testdata/digests.txt"
	var got strings.Builder
	for _, r := range deterministicRuns {
		sum := sha256.Sum256(json(t, deterministic(t, r.name, r.changes), sim.Options{Seed: r.seed, Faults: faults(t, r.faults)}))
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
	}{{"clear", 800}, {"direct", 100}, {"secure", 200}} {
		sc := deterministic(t, c.name, nil)
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

// Runs of one scenario may go on side by side (run with -race): what they share,
// its certificates among it, is the same whoever asks first.
func TestDeterminismSideBySide(t *testing.T) {
	want := json(t, secured(t), sim.Options{Seed: 7})
	sc := secured(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			o := sim.Options{Seed: 7, Faults: faults(t, []string{"mx tls=expired n=100"})}
			for n := range 5 {
				if (i+n)%2 == 1 { // another one in between
					json(t, sc, sim.Options{Seed: uint64(n), Faults: faults(t, []string{"mx tls=wrongname"})})
				}
				if got := json(t, sc, o); !bytes.Equal(got, want) {
					t.Error("runs side by side differ")
				}
			}
		})
	}
	all.Wait()
}
