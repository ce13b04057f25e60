package scenario

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
)

var update = flag.Bool("update", false, "write the messages of broken scenarios anew")

const inClear = "../../content/scenarios/clear.yaml"

func TestParseClear(t *testing.T) {
	src, err := os.ReadFile(inClear)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := Parse(src, inClear)
	if err != nil {
		t.Fatal(err)
	}
	letters, zones := sc.Letters, sc.Zones
	sc.Letters, sc.Zones = nil, nil
	want := &Scenario{
		Name: "clear", Title: "One letter in clear text, without TLS and login", About: sc.About,
		Start: time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC), Latency: 15 * time.Millisecond,
		MaxEvents: DefaultMaxEvents, MaxTime: DefaultMaxTime, MaxOctets: DefaultMaxOctets,
		Hosts: []host.Config{{
			ID: "laptop", Title: "Alice's laptop", Role: "mail client", Addrs: addrs("192.0.2.77"),
			Client: &host.ClientConfig{User: "alice@sender.example", Server: "mail.sender.example"},
		}, {
			ID: "msa", Name: "mail.sender.example", Role: "sending server", Addrs: addrs("192.0.2.10"),
			Server: &host.ServerConfig{
				Domains: []string{"sender.example"}, Mailboxes: []string{"alice"},
				Submission: []netip.Prefix{netip.MustParsePrefix("192.0.2.77/32")},
				Extensions: smtp.BasicExtensions, MaxSize: 10 << 20, MaxRcpts: 100,
				Retry:    []time.Duration{30 * time.Minute, 30 * time.Minute, 2 * time.Hour},
				Lifetime: 5 * 24 * time.Hour,
			},
		}, {
			ID: "mx", Name: "mx.receiver.example", Role: "receiving server", Addrs: addrs("198.51.100.25"),
			Server: &host.ServerConfig{
				Domains: []string{"receiver.example"}, Mailboxes: []string{"bob"},
				Extensions: smtp.BasicExtensions, MaxSize: 10 << 20, MaxRcpts: 100,
				Retry: host.DefaultRetry, Lifetime: host.DefaultLifetime,
			},
		}},
	}
	if diff := cmp.Diff(want, sc, cmpopts.IgnoreUnexported(Scenario{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("clear (-want +got):\n%s", diff)
	}
	if len(letters) != 1 {
		t.Fatalf("%d letters, want 1", len(letters))
	}
	l := letters[0]
	if l.Host != 0 || l.At != 0 || l.From.Mailbox() != "alice@sender.example" || len(l.To) != 1 || l.To[0].Mailbox() != "bob@receiver.example" {
		t.Errorf("the letter's envelope: %+v", l)
	}
	text := string(l.Octets)
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") || !strings.HasSuffix(text, "Alice\r\n") {
		t.Errorf("RFC 5321 §2.3.8: every line ends in CRLF, the last one too: %q", text)
	}
	if !strings.Contains(text, "\r\n.") {
		t.Error("RFC 5321 §4.5.2: no line of the letter begins with a dot, so dot-stuffing does not show")
	}
	if _, ok := zones.Zone("mx.receiver.example"); !ok {
		t.Errorf("no zone for mx.receiver.example; the zones are %v", zones.Apexes())
	}
	for _, want := range []string{"MX receiver.example", "PTR 25.100.51.198.in-addr.arpa", "A mail.sender.example"} {
		found := false
		for r := range zones.All() {
			found = found || dns.Question{Name: r.Name, Type: r.Type}.String() == want
		}
		if !found {
			t.Errorf("no record %s", want)
		}
	}
}

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// TestMistakes reads testdata/broken.txt: scenarios, each below a line of
// === and its name, each followed by --- and the message expected. A scenario
// may begin with an edit instead: `s/OLD/NEW/` in good.yaml.
func TestMistakes(t *testing.T) {
	good, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(good, "good.yaml"); err != nil {
		t.Fatalf("the scenario that the mistakes are made in: %v", err)
	}
	const table = "testdata/broken.txt"
	cases, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, part := range strings.Split(string(cases), "=== ") {
		if i == 0 {
			out.WriteString(part)
			continue
		}
		name, rest, _ := strings.Cut(part, "\n")
		src, want, ok := strings.Cut(rest, "\n---\n")
		if !ok {
			t.Fatalf("%s: %q has no --- with a message below it", table, name)
		}
		text := src + "\n"
		if edit, ok := strings.CutPrefix(src, "s/"); ok {
			from, to, ok := strings.Cut(strings.TrimSuffix(edit, "/"), "/")
			unescape := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\s`, "/", `\e`, "\x1b", `\8`, "\xff")
			from, to = unescape.Replace(from), unescape.Replace(to)
			if !ok || !strings.Contains(string(good), from) {
				t.Errorf("%s: %s: %q is not in good.yaml", table, name, from)
			}
			text = strings.Replace(string(good), from, to, 1)
		}
		t.Run(name, func(t *testing.T) {
			sc, err := Parse([]byte(text), "good.yaml")
			var where *Error
			if err == nil || !errors.As(err, &where) {
				t.Fatalf("got %v and error %v, want a mistake with its place", sc, err)
			}
			if got := err.Error(); got != strings.TrimRight(want, "\n") && !*update {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if strings.Contains(err.Error(), "wonder") || strings.Contains(err.Error(), "gryphon") {
				t.Errorf("the message repeats a secret: %v", err)
			}
			out.WriteString("=== " + name + "\n" + src + "\n---\n" + err.Error() + "\n\n")
		})
	}
	if *update {
		if err := os.WriteFile(table, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"0", 0, true}, {"15ms", 15 * time.Millisecond, true}, {"5d", 120 * time.Hour, true},
		{"1d12h30m", 36*time.Hour + 30*time.Minute, true}, {"3us", 3 * time.Microsecond, true},
		{"106751d", 106751 * 24 * time.Hour, true},
		{"", 0, false}, {"5", 0, false}, {"d", 0, false}, {"-5m", 0, false}, {"1.5h", 0, false}, {"5 m", 0, false},
		{"106752d", 0, false}, {"99999999999999999999s", 0, false}, {"106751d24h", 0, false}, {"5w", 0, false},
	} {
		if got, ok := ParseDuration(tt.text); got != tt.want && tt.ok || ok != tt.ok {
			t.Errorf("%q: got %v, %v; want %v, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

func TestNearestKey(t *testing.T) {
	words := serverKeys.all()
	for _, tt := range []struct{ word, want string }{
		{"domain", "domains"}, {"Domains", "domains"}, {"maiboxes", "mailboxes"}, {"retyr", "retry"},
		{"submit", ""}, {"x", ""}, {strings.Repeat("size", 100), ""},
	} {
		if got := nearest(tt.word, words); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.word, got, tt.want)
		}
	}
}

// A lone CR ends a line in YAML, but in no editor.
func TestCarriageReturns(t *testing.T) {
	good, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), "crlf.yaml"); err != nil {
		t.Errorf("a scenario with CRLF: %v", err)
	}
	const want = "cr.yaml:2:4: a carriage return stands alone here; expected lines that end in LF or CRLF"
	if _, err := Parse([]byte("# é\r\n# é\ralone\n"), "cr.yaml"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../content/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no scenarios to start from", err)
	}
	for _, name := range append(files, "testdata/good.yaml") {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte("dns: |\n"))
	f.Add([]byte(strings.Repeat("[", 5000)))
	f.Add([]byte("? - ? - ? &a [*a]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		sc, err := Parse(src, "fuzz.yaml")
		if err == nil {
			if sc.Zones == nil || len(sc.Hosts) == 0 {
				t.Fatalf("a scenario without zones or hosts: %+v", sc)
			}
			return
		}
		var where *Error
		if !errors.As(err, &where) {
			t.Fatalf("error %v is a %T", err, err)
		}
		lines := strings.Count(string(src), "\n") + 1
		if where.Line < 1 || where.Line > lines+1 || where.Column < 1 || where.Msg == "" {
			t.Fatalf("%d lines: %v", lines, err)
		}
	})
}
