package tui

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/lessons"
)

// allKeys are the bindings of the help overlay.
func allKeys() []key.Binding {
	var out []key.Binding
	for _, g := range helpGroups {
		for _, r := range g.rows {
			out = append(out, r.keys...)
		}
	}
	return out
}

// situations are states of the UI among which every key has something to do.
func situations(t *testing.T) map[string]func() *drive {
	at := func(keys ...string) func() *drive {
		return func() *drive {
			d := newDrive(t, options(t), 80, 24)
			d.press(keys...)
			return d
		}
	}
	to := func(lesson string, kind lessons.Kind, keys ...string) func() *drive {
		return func() *drive {
			d := at(lesson)()
			for d.m.lesson.s.Step().Kind != kind {
				d.press("s", "y")
			}
			d.press(keys...)
			return d
		}
	}
	typed := func(keys ...string) func() *drive {
		return func() *drive {
			d := at("2", "enter")()
			d.typeLine("NOOP")
			d.typeLine("EHLO")
			d.press(keys...)
			return d
		}
	}
	long := func(keys ...string) func() *drive {
		return func() *drive {
			d := at("1")()
			// Longer than the screen: it can be scrolled.
			d.m.lesson.s.Step().Prose = strings.Repeat("A paragraph.\n\n", 30)
			d.msg(nil)
			d.press(keys...)
			return d
		}
	}
	return map[string]func() *drive{
		"home":         at(),
		"home, second": at("down"),
		"watching":     at("1", "right", "right", "right", "right", "left"),
		"a part":       at("1", "right", "right", "right", "right", "tab"),
		"w pressed":    at("1", "right", "right", "right", "right", "w"),
		"asked":        to("1", lessons.Predict, "t"),
		"answered":     to("1", lessons.Predict, "t", "a", "y"),
		"quiz":         to("1", lessons.Quiz),
		"typing":       typed(),
		"recalling":    typed("up", "up"),
		"looking":      typed("esc", "left"),
		"long":         long(),
		"long, below":  long("down", "down"),
	}
}

// Every key that help lists does something somewhere.
func TestEveryKeyOfHelpWorks(t *testing.T) {
	list := situations(t)
	for _, b := range allKeys() {
		for _, name := range b.Keys() {
			works := slices.Contains(b.Keys(), "ctrl+z") // suspends the program: no screen shows it
			if len(name) == 1 && name[0] > '3' && name[0] <= '9' {
				works = true // there are not so many options or lessons
			}
			for _, make := range list {
				if works {
					break
				}
				d := make()
				before := d.m.View().Content
				_, cmd := d.m.Update(keyMsg(name))
				works = d.m.View().Content != before || quits(cmd)
			}
			if !works {
				t.Errorf("%s (%s) does nothing anywhere", name, b.Help().Desc)
			}
		}
	}
}

// quits says whether a command ends the program.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	switch msg := cmd().(type) {
	case tea.QuitMsg:
		return true
	case tea.BatchMsg:
		return slices.ContainsFunc(msg, quits)
	}
	return false
}

// ctrl+c quits from everywhere, overlays and a window too small included.
func TestCtrlCAlwaysQuits(t *testing.T) {
	for name, make := range situations(t) {
		for _, prepare := range []func(d *drive){
			func(*drive) {},
			func(d *drive) { d.press("?") },
			func(d *drive) { d.press("f1") },
			func(d *drive) { d.press("R") },
			func(d *drive) { d.msg(tea.WindowSizeMsg{Width: 10, Height: 3}) },
		} {
			d := make()
			prepare(d)
			if _, cmd := d.m.Update(keyMsg("ctrl+c")); !quits(cmd) {
				t.Errorf("ctrl+c does not quit at %s", name)
			}
		}
	}
}

// No row of help is cut at the smallest size, and the box fits without
// scrolling.
func TestHelpFits(t *testing.T) {
	d := newDrive(t, options(t), minWidth, minHeight)
	d.press("?")
	text := d.text()
	if strings.Contains(text, "…") || strings.Contains(text, "more") {
		t.Errorf("help is cut:\n%s", text)
	}
	for _, g := range helpGroups {
		for _, r := range g.rows {
			if !strings.Contains(text, r.does) {
				t.Errorf("help does not say %q", r.does)
			}
		}
	}
}

// Keys that the bar names do what it says where it says so.
func TestKeyBarNamesWhatWorks(t *testing.T) {
	for name, make := range situations(t) {
		d := make()
		if d.m.lesson == nil {
			continue
		}
		l := d.m.lesson
		bar := l.bar(l.in(d.m.th), newLayout(80, 24, l, l.text(d.m.th, d.m.pages)))
		for _, k := range bar {
			if slices.Contains(k.key.Keys(), "right") || slices.Contains(k.key.Keys(), "up") {
				continue // at an end of the run, or of the lines, there is nowhere to go
			}
			if l.typing && k.does == "send" && l.saysNothing() {
				continue // as soon as there is a line
			}
			d := make()
			before := d.m.View().Content
			_, cmd := d.m.Update(keyMsg(k.key.Keys()[0]))
			if d.m.View().Content == before && !quits(cmd) {
				t.Errorf("%s: the bar says %q, and %q changes nothing", name, k.does, k.key.Keys()[0])
			}
		}
	}
}

// The bar shows the way out and help at the smallest size, whatever else there
// is room for, and cuts no word.
func TestKeyBarShowsTheWayOut(t *testing.T) {
	list := situations(t)
	list["asked, w pressed"] = func() *drive { d := list["asked"](); d.press("left", "w"); return d }
	list["looking, w pressed"] = func() *drive { d := list["looking"](); d.press("w"); return d }
	for name, make := range list {
		text := strings.TrimRight(make().text(), " \n")
		bar := text[strings.LastIndex(text, "\n")+1:]
		if strings.Contains(bar, "…") || !strings.HasSuffix(bar, " help") ||
			!strings.Contains(bar, "esc leave") && !strings.Contains(bar, "esc look around") && !strings.Contains(bar, "q quit") {
			t.Errorf("%s: the bar is %q", name, bar)
		}
	}
}

// The views never write octets but through package explain: this file's
// package has no other way to a trace's octets than these calls.
func TestOctetsAreShownThroughExplain(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range strings.Split(string(src), "\n") {
			if strings.Contains(row, "string(in.t.Octets") || strings.Contains(row, "string(x.Octets") {
				t.Errorf("%s:%d makes text of octets by itself", f.Name(), i+1)
			}
		}
	}
}

// Times are as wide as they need to be.
func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.000", 232 * time.Millisecond: "0.232", 30*time.Minute + 204*time.Millisecond: "30:00.204",
		5*time.Hour + 2*time.Second: "5:00:02", 28 * time.Hour: "1d 04:00:00",
	} {
		if got := clock(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
