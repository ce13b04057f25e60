package explain

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helo/sim"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reference loads the tables of this repository.
func reference(t testing.TB) *Reference {
	t.Helper()
	r, err := Load(os.DirFS("../../content"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runClear runs the scenario "clear", or a variant of it.
func runClear(t testing.TB, change func(string) string, seed uint64, inputs []string, faults ...string) *trace.Trace {
	t.Helper()
	return runScenario(t, "clear", change, seed, inputs, faults...)
}

// runDirect likewise, with a login and TLS on both hops.
func runDirect(t testing.TB, change func(string) string, inputs []string, faults ...string) *trace.Trace {
	t.Helper()
	return runScenario(t, "direct", change, 1, inputs, faults...)
}

func runScenario(t testing.TB, name string, change func(string) string, seed uint64, inputs []string, faults ...string) *trace.Trace {
	t.Helper()
	src, err := os.ReadFile("../../content/scenarios/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		src = []byte(change(string(src)))
	}
	sc, err := scenario.Parse(src, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := sim.Options{Seed: seed, Inputs: inputs}
	for _, spec := range faults {
		f, err := host.ParseFault(spec)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, f)
	}
	tr, _, err := sim.Run(context.Background(), sc, o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// onPaper writes an explanation as a person would on paper.
func onPaper(b *strings.Builder, t *trace.Trace, pos trace.Pos, x Explanation, by Eyes) {
	e := t.At(pos)
	fmt.Fprintf(b, "%s  %s  %s\n", clock(e.At), t.Host(e.Host).ID, Visible([]byte(by.Line(t, pos))))
	fmt.Fprintf(b, "── %s ── %s\n", x.Title, strings.Join(x.RFC, ", "))
	octetLines(b, x)
	for _, p := range x.Parts {
		mark, indent := " ", ""
		if p.Broken {
			mark = "✗"
		}
		if p.Inside {
			indent = "  "
		}
		fmt.Fprintf(b, "  %s %s%-16s  %s", mark, indent, p.Name, p.Meaning)
		if p.RFC != "" {
			fmt.Fprintf(b, "   %s", p.RFC)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "  %s\n", x.Means)
	for _, c := range x.States {
		fmt.Fprintf(b, "  %s: %s → %s", t.Host(c.Host).Title, c.From, c.To)
		if c.Note != "" {
			fmt.Fprintf(b, "   %s", c.Note)
		}
		b.WriteString("\n")
	}
	if x.Cause != trace.NoPos {
		fmt.Fprintf(b, "  because %s\n", x.Because)
	}
	b.WriteString("\n")
}

// octetLines writes the octets with a bracket and a name under each part.
func octetLines(b *strings.Builder, x Explanation) {
	start := 0
	for start < len(x.Octets) {
		end := len(x.Octets)
		if i := bytes.IndexByte(x.Octets[start:], '\n'); i >= 0 && !x.Binary {
			end = start + i + 1
		}
		line := Show(x.Octets[start:end])
		if x.Binary {
			end = min(start+24, len(x.Octets))
			line = Hex(x.Octets[start:end])
		}
		fmt.Fprintf(b, "    %s\n", line.Text)
		var under strings.Builder
		at := 0
		for _, p := range x.Parts {
			if p.Inside || p.Start < start || p.Start >= end || p.End > end {
				continue
			}
			from, to := line.Cells(p.Start-start, p.End-start)
			if to-from < 3 || from < at {
				continue
			}
			under.WriteString(strings.Repeat(" ", from-at))
			name := clip(p.Name, to-from-2)
			under.WriteString("└" + name + strings.Repeat("─", to-from-2-len([]rune(name))) + "┘")
			at = to
		}
		if u := under.String(); u != "" {
			fmt.Fprintf(b, "    %s\n", u)
		}
		start = end
	}
}

// explainAll explains every event that is a row, or all events.
func explainAll(r *Reference, t *trace.Trace, known trace.Pos, all bool) string {
	var b strings.Builder
	for p := trace.Pos(0); p < t.End() && p < known; p++ {
		if all || t.At(p).Kind.IsRow() {
			onPaper(&b, t, p, r.Event(t, p, known), Masked)
		}
	}
	return b.String()
}

// TestGolden holds explanations of whole runs to what a person has read and
// found right. Run with -update to write them anew, then read them.
func TestGolden(t *testing.T) {
	r := reference(t)
	tests := []struct {
		name   string
		change func(string) string
		inputs []string
		faults []string
	}{
		{name: "delivery"},
		{name: "one-at-a-time", inputs: []string{"mx set pipelining=off"}},
		{name: "deferred", faults: []string{"mx at=RCPT n=1 reply=451"}},
		{name: "refused", faults: []string{`mx at=RCPT reply="550 5.1.1 no such mailbox here"`}},
		{name: "cut", faults: []string{"mx at=dot drop n=1"}},
		{name: "nobody", faults: []string{"msa>mx refuse n=1"}},
		{name: "nxdomain", faults: []string{"msa dns=nxdomain"}},
		{name: "by-hand", inputs: []string{
			"msa hand to=mx",
			`msa says "HELLO there"`,
			`msa says "EHLO mail.sender.example"`,
			`msa says "RCPT TO:<bob@receiver.example>"`,
			`msa says "MAIL FROM: alice@sender.example"`,
			`msa says "MAIL FROM:<alice@sender.example> SIZE=308 FOO=1"`,
			`msa says "MAIL FROM:<alice@sender.example> BODY=8BITMIME"`,
			`msa says "DATA"`,
			`msa says "RCPT TO:<bob@receiver.example"`,
			`msa says "RCPT TO:<@relay.example:bob@receiver.example>"`,
			`msa says "DATA now"`,
			`msa says "DATA"`,
			`msa says "Subject: hello"`,
			`msa says "X-Mood: fine"`,
			`msa says ""`,
			`msa says "..hidden"`,
			`msa says "."`,
			`msa says "QUIT"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := runClear(t, tt.change, 1, tt.inputs, tt.faults...)
			golden(t, tt.name, explainAll(r, tr, tr.End(), false))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("explanations differ (-want +got), run with -update and read them:\n%s", diff)
	}
}
