package tui

import (
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/scenario"
)

// Every state of every step fills the screen exactly, at any size, with and
// without colour, on dark and light, and holds nothing but text and styles.
func TestEveryScreenIsExact(t *testing.T) {
	for _, id := range []string{"1", "2"} {
		for _, colour := range []bool{true, false} {
			o := options(t)
			o.NoColor = !colour
			d := newDrive(t, o, 80, 24)
			d.press(id)
			check := func() {
				t.Helper()
				for _, size := range [][2]int{{80, 24}, {81, 25}, {103, 60}, {104, 28}, {120, 36}, {200, 60}, {300, 90}, {79, 24}, {10, 3}} {
					d.msg(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
					checkRows(t, d.rows(), size[0], size[1])
				}
				if t.Failed() {
					t.Fatalf("step %d, cursor %d:\n%s", d.m.lesson.s.Index()+1, d.m.lesson.cursor, d.text())
				}
				d.msg(tea.WindowSizeMsg{Width: 120, Height: 36})
			}
			for {
				check()
				if d.m.lesson.typing {
					d.typeLine("NOOP \x1b]0;x\a é 漢字")
					d.typeLine(strings.Repeat("x", 700))
					check()
					d.press("tab", "f1")
					check()
					d.press("esc", "esc")
				}
				for _, k := range []string{"h", "v", "tab", "w", "?", "esc", "v", "home", "end", "t", "a"} {
					d.press(k)
					if d.m.lesson == nil {
						t.Fatalf("%q left the lesson", k)
					}
					check()
				}
				if d.m.lesson.s.LessonDone() {
					break
				}
				if d.m.lesson.s.Solved() {
					d.press("enter")
				} else {
					d.press("y") // the box that a has opened
				}
			}
		}
	}
}

// Whatever a letter and its names hold, the terminal gets it as text.
func TestNothingFromOutsideReachesTheTerminalRaw(t *testing.T) {
	const evil = "\x1b]0;owned\a\x1b[2J\x1b[31mred\u202etxt\u200b\x9b31m\r\x00\u0085"
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.Course = &lessons.Course{Lessons: []*lessons.Lesson{{ID: "evil", Title: "T" + evil, Goal: "G" + evil, Scenario: "evil", Steps: []lessons.Step{{Kind: lessons.Watch, Title: "S" + evil, Prose: "Plain prose."}}}}}
		o.Load = func(string) (*scenario.Scenario, error) {
			sc, err := load("clear")
			if err == nil {
				sc.Letters[0].Octets = []byte("Subject: " + evil + "\r\nFrom: " + evil + "\r\n\r\n" + evil + "\r\n")
				for i := range sc.Hosts {
					sc.Hosts[i].Title = "H" + evil
				}
			}
			return sc, err
		}
		s := start(t, o, 200, 60)
		s.press("1", "a")
		for _, view := range []string{"ladder", "transcript"} {
			s.press("home")
			for range s.m.lesson.rows() {
				for range 4 {
					s.press("tab")
				}
				s.press("right")
			}
			_ = view
			s.press("v")
		}
		s.shows(`\x1b`)
		out := s.output()
		for _, bad := range []string{"\x1b]0;owned", "\x1b]2;owned", "\x1b[2J\x1b[31mred", "\u202e", "\u200b", "\x9b", "\u0085", "\x00", "owned\a"} {
			if strings.Contains(out, bad) {
				t.Errorf("%q reached the terminal", bad)
			}
		}
	})
}

// Without colour the screen is told apart by other means, and no colour is set.
func TestNoColor(t *testing.T) {
	t.Setenv("NO_COLOR", "yes") // any value that is not empty
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.FromEnvironment()
		if !o.NoColor {
			t.Fatal("NO_COLOR=yes is not obeyed")
		}
		s := start(t, o, 120, 36)
		handover(s)
		s.press("1", "tab")
		out := s.output()
		for _, sgr := range styleOnly.FindAllString(out, -1) {
			for _, p := range strings.FieldsFunc(sgr[2:len(sgr)-1], func(r rune) bool { return r == ';' || r == ':' }) {
				if n := len(p); n >= 2 && strings.ContainsRune("349", rune(p[0])) && p != "39" && p != "49" || n == 3 {
					t.Fatalf("a colour is set: %q", sgr)
				}
			}
		}
		if strings.Contains(out, "\x1b]1") {
			t.Error("a colour of the terminal is set")
		}
		if !strings.Contains(out, "\x1b[7m") && !strings.Contains(out, ";7m") {
			t.Error("the row under the cursor is not reversed")
		}
		s.shows("✗ 1", "▸ Predict", "┃")
	})
}

// A light background is followed when the terminal says so, and nobody waits
// for its answer.
func TestBackground(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	dark := d.m.View().Content
	d.msg(tea.BackgroundColorMsg{Color: white{}})
	if d.m.View().Content == dark {
		t.Error("a light background changes nothing")
	}
	d.press("1")
	d.msg(tea.BackgroundColorMsg{Color: black{}})
	if !strings.Contains(d.text(), "Alice's mail program") {
		t.Errorf("the text is lost with the theme:\n%s", d.text())
	}
}

type white struct{}

func (white) RGBA() (r, g, b, a uint32) { return 0xffff, 0xffff, 0xffff, 0xffff }

type black struct{}

func (black) RGBA() (r, g, b, a uint32) { return 0, 0, 0, 0xffff }
