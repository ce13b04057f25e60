package export_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run runs the scenario clear.
func run(t *testing.T, seed uint64, faults ...string) *trace.Trace {
	t.Helper()
	return runScenario(t, "clear", seed, nil, faults...)
}

// runDirect runs the scenario with a login and TLS on both hops.
func runDirect(t *testing.T, faults ...string) *trace.Trace {
	t.Helper()
	return runScenario(t, "direct", 1, nil, faults...)
}

func runScenario(t *testing.T, name string, seed uint64, change func(string) string, faults ...string) *trace.Trace {
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
	o := sim.Options{Seed: seed}
	for _, s := range faults {
		f, err := host.ParseFault(s)
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

func text(t *testing.T, tr *trace.Trace, o export.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := export.Text(&b, tr, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("%s has changed; if the change is meant, run with -update. Now:\n%s", file, got)
	}
}

func TestTextOfRuns(t *testing.T) {
	for _, tt := range []struct {
		file   string
		faults []string
	}{
		{"clear.txt", nil},
		{"deferred.txt", []string{"mx at=RCPT n=1-2 reply=451"}},
		{"refused.txt", []string{"msa>mx refuse n=1"}},
		{"nxdomain.txt", []string{"msa dns=nxdomain"}},
		{"dropped.txt", []string{"mx at=dot n=1 drop"}},
		{"no-such-user.txt", []string{`mx at=RCPT reply="550 5.1.1 no such mailbox here"`}},
		{"not-submitted.txt", []string{`msa at=MAIL reply="550 5.7.1 not from here"`}},
		{"silence.txt", []string{"msa dns=timeout n=1"}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			golden(t, tt.file, text(t, run(t, 1, tt.faults...), export.TextOptions{}))
		})
	}
}

func TestTextInsideTLS(t *testing.T) {
	for _, tt := range []struct {
		file   string
		faults []string
	}{
		{"direct.txt", nil},
		{"stripped.txt", []string{"msa>mx tls=strip"}},
		{"expired.txt", []string{"msa tls=expired"}},
		{"whomever.txt", []string{"mx tls=wrongname"}},
		{"garbage.txt", []string{"mx tls=garbage"}},
		{"injected.txt", []string{"msa tls=inject"}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			got := text(t, runDirect(t, tt.faults...), export.TextOptions{LetterLines: 3})
			golden(t, tt.file, got)
			for line := range strings.SplitSeq(got, "\n") {
				if (strings.Contains(line, "Hello") || strings.Contains(line, "TLS 1.3") || strings.Contains(line, "certificate")) && !strings.Contains(line, "tells its user") && utf8.RuneCountInString(line) > 80 {
					t.Errorf("longer than 80 characters: %s", line)
				}
			}
		})
	}
}

// TestSecretsAreMasked holds that what a login says is stars in every form, and
// there for those who ask.
func TestSecretsAreMasked(t *testing.T) {
	for _, tt := range []struct{ words, secret string }{
		{"mechanism: PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ="},
		{"mechanism: LOGIN", "d29uZGVybGFuZA=="},
		{"mechanism: CRAM-MD5", "YWxpY2Ug"},
		{"mechanism: SCRAM-SHA-256", "biwsbj1hbGljZ"},
	} {
		tr := runScenario(t, "direct", 1, func(s string) string { return strings.Replace(s, "mechanism: PLAIN", tt.words, 1) })
		if tr.At(tr.End()-1).Kind != trace.Stored {
			t.Fatalf("%s: the letter does not arrive", tt.words)
		}
		outputs := map[string]func(secrets bool) string{
			"text": func(secrets bool) string { return text(t, tr, export.TextOptions{Secrets: secrets}) },
			"json": func(secrets bool) string {
				var b bytes.Buffer
				if err := export.JSON(&b, tr, export.JSONOptions{Secrets: secrets}); err != nil {
					t.Fatal(err)
				}
				return b.String()
			},
		}
		for name, of := range outputs {
			if strings.Contains(of(false), tt.secret) {
				t.Errorf("%s, %s: the secret is shown", tt.words, name)
			}
			if !strings.Contains(of(true), tt.secret) {
				t.Errorf("%s, %s: the secret is not shown when asked for", tt.words, name)
			}
		}
	}
}

// every is a trace with an event of every kind and octets that a terminal must
// not see.
func every() *trace.Trace {
	tr := trace.New("every \x1b]0;kind\a", 3, time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC), []trace.Host{
		{ID: "laptop", Title: "Alice's \u202elaptop", Role: "mail client"},
		{ID: "mx", Name: "mx.receiver.example", Title: "mx.receiver.example", Role: "receiving server"},
	})
	for k := trace.NoKind + 1; k.String() != "none"; k++ {
		e := trace.Event{
			At: time.Duration(k) * 1500 * time.Millisecond, Kind: k, Host: 1, Peer: 2, Conn: 1, Letter: 1, Arg: 2,
			Cause: tr.End() - 1, Octets: tr.Store([]byte("bob\x1b[2J\u200b@receiver.example\r\n")),
		}
		switch k {
		case trace.Connect:
			e.Code, e.Octets = 25, tr.Store([]byte("198.51.100.25"))
		case trace.Reply:
			e.Code, e.Verb, e.Host, e.Peer = 250, smtp.EHLO, 2, 1
			e.From, e.To = smtp.StateEHLOSent, smtp.StateReady
			e.Octets = tr.Store([]byte("250-\x1b[31mred\r\n250 HELP\r\n"))
		case trace.Command, trace.Decided:
			e.Verb = smtp.RCPT
		case trace.Fired, trace.Attempt:
			e.Flags = trace.Faulty | trace.Implicit
		case trace.Queued:
			e.Code, e.Arg = 451, 5400
		case trace.Secured, trace.LoggedIn:
			e.Flags = trace.Inside
		case trace.Handshake:
			e.Octets = tr.Store([]byte("ServerHello: TLS 1.3, certificate for \x1b[2J by a\u200bb, from 1 to 2"))
		case trace.Returned, trace.Kept, trace.Parked:
			e.Code, e.Flags = 550, trace.Notice
		}
		tr.Append(e)
	}
	return tr
}

func TestEveryKindAsText(t *testing.T) {
	got := text(t, every(), export.TextOptions{})
	for _, r := range got {
		if r < ' ' && r != '\n' || r == 0x7f || r == 0x202e || r == 0x200b {
			t.Fatalf("%U reached the transcript: %q", r, got)
		}
	}
	golden(t, "every.txt", got)
}

func TestEveryKindAsJSON(t *testing.T) {
	var b bytes.Buffer
	if err := export.JSON(&b, every(), export.JSONOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "every.json", b.String())
}

// TestJSONKeepsItsWord reads the JSON of a run with the standard library and
// holds it against the trace and against the documented fields.
func TestJSONKeepsItsWord(t *testing.T) {
	for _, tr := range []*trace.Trace{every(), runDirect(t), run(t, 1), run(t, 1, "mx at=RCPT n=1-2 reply=451")} {
		var b bytes.Buffer
		if err := export.JSON(&b, tr, export.JSONOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Bytes() {
			if c < ' ' && c != '\n' || c > '~' {
				t.Fatalf("octet %#x is not printable ASCII", c)
			}
		}
		lines := bufio.NewScanner(&b)
		lines.Buffer(nil, 1<<20)
		for n := -1; lines.Scan(); n++ {
			var fields map[string]any
			if err := json.Unmarshal(lines.Bytes(), &fields); err != nil {
				t.Fatalf("line %d: %v", n+2, err)
			}
			checkOrder(t, lines.Text(), fields)
			if fields["schema"] != float64(export.Schema) {
				t.Fatalf("line %d has no schema: %s", n+2, lines.Text())
			}
			if n < 0 {
				if fields["kind"] != "run" || fields["scenario"] != tr.Scenario || len(fields["hosts"].([]any)) != len(tr.Hosts)-1 {
					t.Errorf("the first line: %s", lines.Text())
				}
				continue
			}
			e := tr.At(trace.Pos(n))
			if fields["kind"] != e.Kind.String() || fields["pos"] != float64(n) || fields["at_ns"] != float64(e.At) || fields["host"] != tr.Host(e.Host).ID {
				t.Fatalf("line %d is not event %d: %s", n+2, n, lines.Text())
			}
			octets := []byte("")
			if s, ok := fields["text"].(string); ok {
				octets = []byte(s)
			} else if s, ok := fields["base64"].(string); ok {
				octets, _ = base64.StdEncoding.DecodeString(s)
			}
			if !bytes.Equal(octets, tr.Octets(e.Octets)) {
				t.Fatalf("line %d: octets %q, want %q", n+2, octets, tr.Octets(e.Octets))
			}
		}
	}
}

// checkOrder holds that all fields of a line are documented and stand in the
// documented order.
func checkOrder(t *testing.T, line string, fields map[string]any) {
	t.Helper()
	known, last := 0, -1
	for _, f := range export.Fields {
		if _, ok := fields[f.Name]; !ok {
			continue
		}
		known++
		at := strings.Index(line, `"`+f.Name+`":`)
		if at < last {
			t.Fatalf("%s stands too early: %s", f.Name, line)
		}
		last = at
	}
	if known != len(fields) {
		t.Fatalf("fields without documentation: %s", line)
	}
}

func TestFieldsNameKinds(t *testing.T) {
	for _, f := range export.Fields {
		for kind := range strings.FieldsSeq(f.On) {
			if _, ok := trace.ParseKind(kind); !ok && kind != "run" {
				t.Errorf("%s: %q is no kind of event", f.Name, kind)
			}
		}
	}
}

func TestTextShowsAsManyLinesAsAsked(t *testing.T) {
	tr := run(t, 1)
	short := text(t, tr, export.TextOptions{LetterLines: 3})
	if !strings.Contains(short, "… and 9 more lines") || strings.Contains(short, "Subject:") {
		t.Errorf("a letter of 12 lines, cut to 3:\n%s", short)
	}
}

func TestTextUpToAnEventTellsNothingLater(t *testing.T) {
	tr := run(t, 1)
	whole := strings.Split(text(t, tr, export.TextOptions{}), "\n")
	for end := trace.Pos(1); end < tr.End(); end++ {
		part := strings.Split(strings.TrimRight(text(t, tr, export.TextOptions{End: end}), "\n"), "\n")
		for i, line := range part {
			if i < len(part)-1 && !slices.Contains(whole, line) {
				t.Fatalf("up to event %d: line %q is not in the whole transcript", end, line)
			}
			if strings.Contains(line, "What became") {
				t.Fatalf("up to event %d: the end is told", end)
			}
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("broken pipe")

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	tr := run(t, 1)
	if err := export.Text(brokenPipe{}, tr, export.TextOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("Text: %v", err)
	}
	if err := export.JSON(brokenPipe{}, tr, export.JSONOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("JSON: %v", err)
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "no time"}, {30 * time.Minute, "30 min"}, {90 * time.Minute, "1 h 30 min"}, {5 * 24 * time.Hour, "5 d"},
		{time.Second, "1 s"},
	} {
		if got := export.Words(tt.d); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.d, got, tt.want)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	tr := every()
	for b.Loop() {
		var out bytes.Buffer
		_ = export.JSON(&out, tr, export.JSONOptions{})
	}
}
