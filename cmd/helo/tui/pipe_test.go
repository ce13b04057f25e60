package tui

// TLS on the screen: the pipe, and what is seen of it by whom.

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"helo/lessons"
	"helo/sim/explain"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// lockedOptions show one lesson on the run with TLS: all of it to watch, or
// lines to type. A fault may come in.
func lockedOptions(t testing.TB, typing bool, faults ...string) Options {
	t.Helper()
	o := options(t)
	step := lessons.Step{Kind: lessons.Watch, Title: "The pipe", Prose: "Watch where the line is locked, and where it opens again."}
	if typing {
		goal, err := trace.ParsePattern("mx decided at=QUIT")
		if err != nil {
			t.Fatal(err)
		}
		step = lessons.Step{
			Kind: lessons.Type, Title: "Lock it", Prose: "Lock the line.", Question: "Lock the line.", As: "msa", To: "mx",
			Goals: []*trace.Pattern{goal}, Solution: []string{"EHLO mail.sender.example", "STARTTLS", "EHLO mail.sender.example", "QUIT"},
		}
	}
	o.Course = &lessons.Course{Lessons: []*lessons.Lesson{{ID: "locked", Title: "The locked line", Scenario: "direct", Steps: []lessons.Step{step}}}}
	o.Load = func(name string) (*scenario.Scenario, error) {
		sc, err := load(name)
		for _, words := range faults {
			f, err := host.ParseFault(words)
			if err != nil {
				return nil, err
			}
			sc.Faults = append(sc.Faults, f)
		}
		return sc, err
	}
	return o
}

// pressUntil steps forward to the row that says text.
func pressUntil(s *screen, text string) {
	s.t.Helper()
	for range 100 {
		in := s.m.lesson.in(s.m.th)
		if in.cursor >= 0 && strings.Contains(explain.Line(in.t, in.rows.At(in.cursor).Pos), text) {
			return
		}
		s.press("right")
	}
	s.t.Fatalf("no row says %q", text)
}

func TestPipeScreens(t *testing.T) {
	scenes := []struct {
		name   string
		typing bool
		faults []string
		play   func(s *screen)
	}{
		{"handshake", false, nil, func(s *screen) { pressUntil(s, "ServerHello") }},
		{"begins", false, nil, func(s *screen) { pressUntil(s, "verified") }},
		{"masked", false, nil, func(s *screen) { pressUntil(s, "AUTH PLAIN") }},
		{"eavesdropper", false, nil, func(s *screen) { pressUntil(s, "354"); s.press("e") }},
		{"ends", false, nil, func(s *screen) { pressUntil(s, "AUTH PLAIN"); s.press("o") }},
		{"ends-part", false, nil, func(s *screen) {
			pressUntil(s, "AUTH PLAIN")
			s.press("o", "tab", "tab", "tab", "tab", "tab", "tab", "tab")
		}},
		{"transcript", false, nil, func(s *screen) { pressUntil(s, "logged in"); s.press("v") }},
		{"transcript-eavesdropper", false, nil, func(s *screen) { pressUntil(s, "logged in"); s.press("v", "e") }},
		{"over", false, nil, func(s *screen) { s.press("a", "y") }},
		{"stripped", false, []string{"msa>mx tls=strip"}, func(s *screen) { s.press("a", "y"); leftTo(s, "7 lines"); s.press("e") }},
		{"whomever", false, []string{"mx tls=expired"}, func(s *screen) { pressUntil(s, "not verified") }},
		{"refused", false, []string{"msa tls=unknownca"}, func(s *screen) { s.press("a", "y"); leftTo(s, "no TLS") }},
		{"thrown-away", false, []string{"msa tls=inject"}, func(s *screen) { pressUntil(s, "thrown away") }},
		{"typing", true, nil, func(s *screen) {
			s.typeLine("EHLO mail.sender.example")
			s.typeLine("STARTTLS")
			s.typeLine("EHLO mail.sender.example")
		}},
		{"typing-eavesdropper", true, nil, func(s *screen) {
			s.typeLine("EHLO mail.sender.example")
			s.typeLine("STARTTLS")
			s.typeLine("EHLO mail.sender.example")
			s.press("esc", "e")
		}},
	}
	for _, size := range sizes {
		for _, scene := range scenes {
			t.Run(fmt.Sprintf("%s-%dx%d", scene.name, size[0], size[1]), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := start(t, lockedOptions(t, scene.typing, scene.faults...), size[0], size[1])
					s.press("1")
					scene.play(s)
					golden.RequireEqual(t, []byte(s.text()))
				})
			})
		}
	}
}

// everyRow goes through a run with those keys pressed first, and gives all that
// the screen has shown.
func everyRow(t *testing.T, o Options, keys ...string) string {
	t.Helper()
	d := newDrive(t, o, 120, 36)
	d.press("1", "a", "y", "home")
	d.press(keys...)
	var b strings.Builder
	for range d.m.lesson.rows() {
		b.WriteString(d.text())
		in := d.m.lesson.in(d.m.th)
		for range len(in.x.Parts) {
			if d.press("tab"); in.t.IsSecret(in.t.At(in.xPos).Octets) {
				b.WriteString(d.text())
			}
		}
		d.press("right")
	}
	return b.String()
}

// What is seen of a password and of what travels inside TLS depends on who
// looks: nobody reads a password over a shoulder, the two ends do, and an
// eavesdropper reads nothing at all inside TLS.
func TestWhoSeesWhat(t *testing.T) {
	const base64, password = "AGFsaWNlAHdvbmRlcmxhbmQ=", "wonderland"
	for _, view := range []string{"ladder", "transcript"} {
		keys := func(more string) []string {
			if view == "ladder" {
				return []string{more}
			}
			return []string{more, "v"}
		}
		check := func(who, shown string, has bool, texts ...string) {
			for _, text := range texts {
				if strings.Contains(shown, text) != has {
					t.Errorf("%s, %s: %q is shown: %v", view, who, text, !has)
				}
			}
		}
		shown := everyRow(t, lockedOptions(t, false), keys("home")...)
		check("over a shoulder", shown, false, base64, password)
		check("over a shoulder", shown, true, "AUTH PLAIN ****", "MAIL FROM:<alice@sender.example>", "verified")
		shown = everyRow(t, lockedOptions(t, false), keys("o")...)
		check("at both ends", shown, true, base64, password, "as both ends see it", "MAIL FROM:<alice@sender.example>")
		shown = everyRow(t, lockedOptions(t, false), keys("e")...)
		check("on the line", shown, false, base64, password, "AUTH PLAIN", "MAIL FROM", "250 2.1.5", "Lunch", "verified", "queued", "certificate for", "✗", "┃")
		check("on the line", shown, true, "as an eavesdropper sees it", "41 octets", "for mail.sender.example", "? MX receiver.example", "EHLO [192.0.2.77]")
	}
}

// An eavesdropper reads a password that is said in clear.
func TestAPasswordInClear(t *testing.T) {
	o := lockedOptions(t, false)
	loadOne := o.Load
	o.Load = func(name string) (*scenario.Scenario, error) {
		sc, err := loadOne(name)
		for i := range sc.Hosts {
			if h := &sc.Hosts[i]; h.Client != nil {
				h.TLS, h.Client.Login.InClear = host.TLSNone, true
			}
			if h := &sc.Hosts[i]; h.Server != nil {
				h.Server.PlainInClear = true
			}
		}
		return sc, err
	}
	if shown := everyRow(t, o, "e"); !strings.Contains(shown, "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=") || !strings.Contains(shown, "wonderland") {
		t.Error("the password is not to be read on a line without TLS")
	}
	if shown := everyRow(t, o, "home"); strings.Contains(shown, "AGFsaWNlAHdvbmRlcmxhbmQ=") || strings.Contains(shown, "wonderland") {
		t.Error("the password can be read over a shoulder")
	}
}

// The ladder gives nothing away: it is the same if what is not known yet has not
// happened.
func TestPipesGiveNothingAway(t *testing.T) {
	for _, faults := range [][]string{nil, {"mx at=RCPT drop"}, {"msa tls=expired"}, {"mx tls=garbage"}} {
		d := newDrive(t, lockedOptions(t, false, faults...), 200, 60)
		d.press("1", "a", "y")
		l := d.m.lesson
		full := l.in(d.m.th)
		for n := 1; n <= full.n; n++ {
			known, end := full.rows.At(n-1).Pos+1, full.t.End()
			if n < full.n {
				end = full.rows.At(n).Pos // what a row brings to its end is drawn with it
			}
			cut := new(trace.Rows)
			for p := trace.Pos(0); p < end; p++ {
				cut.Add(full.t, p)
			}
			for _, asked := range []bool{false, true} {
				with, without := *full, *full
				with.n, with.known, with.cursor = n, known, n-1
				without.n, without.known, without.cursor, without.rows = n, known, n-1, cut
				if asked {
					if n < 2 {
						continue
					}
					with.asked, with.known = true, full.rows.At(n-2).Pos+1
					without.asked, without.known = true, with.known
				}
				for _, by := range []explain.Eyes{explain.Masked, explain.Wire} {
					with.by, without.by = by, by
					a, b := strings.Join(ladder(&with, 100, 20, true), "\n"), strings.Join(ladder(&without, 100, 20, true), "\n")
					if a != b {
						t.Fatalf("%v, %d rows, asked %v: what comes later shows:\n%s\nwithout it:\n%s", faults, n, asked, ansi.Strip(a), ansi.Strip(b))
					}
				}
			}
		}
	}
}

// A row that is asked for does not say by its walls what comes.
func TestAskedRowInAPipe(t *testing.T) {
	d := newDrive(t, lockedOptions(t, false), 120, 36)
	d.press("1", "a", "y")
	in := *d.m.lesson.in(d.m.th)
	for i := 1; i < in.n; i++ {
		in.n, in.cursor, in.asked, in.known = i+1, i, true, in.rows.At(i-1).Pos+1
		row := ansi.Strip(ladder(&in, 100, 20, true)[2:][min(i+1, 17)])
		e := in.t.At(in.rows.At(i).Pos)
		if strings.ContainsAny(row, "╔╚") {
			t.Errorf("row %d, %s: %s", i, e.Kind, row)
		}
	}
}

// With pipes, every screen has rows of exactly its width, whoever looks.
func TestPipesAreExact(t *testing.T) {
	for _, faults := range [][]string{nil, {"mx tls=garbage", "msa tls=inject"}} {
		o := lockedOptions(t, false, faults...)
		o.NoColor = faults != nil
		d := newDrive(t, o, 80, 24)
		d.press("1", "a", "y", "home")
		n := 0
		for range d.m.lesson.rows() {
			for _, k := range []string{"e", "v", "o", "v", "o"} {
				size := sizes[n%len(sizes)]
				n++
				d.msg(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				d.press(k)
				checkRows(t, d.rows(), size[0], size[1])
				if t.Failed() {
					t.Fatalf("at row %d, after %s:\n%s", d.m.lesson.cursor, k, d.text())
				}
			}
			d.press("right")
		}
	}
}

// Each press of tab says something new: what has been explained on one line of a
// reply is not gone through again on the next.
func TestTabSaysSomethingNew(t *testing.T) {
	d := newDrive(t, lockedOptions(t, false), 80, 24)
	d.press("1", "a", "y", "home")
	for !strings.Contains(d.text(), "line 1 of 8") {
		d.press("right")
	}
	n := 0
	for d.press("tab"); d.m.lesson.part >= 0; d.press("tab") {
		in := d.m.lesson.in(d.m.th)
		if n++; in.x.Parts[in.part].Meaning == "" {
			t.Errorf("part %d, %s, says nothing", in.part, in.x.Parts[in.part].Name)
		}
		if in.x.Parts[in.part].Name == "encryption" && n > 10 {
			t.Errorf("the offer of TLS is %d keys away", n)
		}
	}
	if n < 10 {
		t.Errorf("only %d parts", n)
	}
	if d.press("shift+tab"); !strings.Contains(d.text(), "line 8 of 8") {
		t.Errorf("not the last line:\n%s", d.text())
	}
}
