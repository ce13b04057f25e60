package tui

// The place in a lesson is kept, or the learner is told that it is not.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"helo/lessons"
)

// TestThePlaceIsKeptThoughTheWriteIsUnderWay leaves a lesson and quits before
// any command has run.
func TestThePlaceIsKeptThoughTheWriteIsUnderWay(t *testing.T) {
	o := options(t)
	o.StateFolder = t.TempDir()
	d := newDrive(t, o, 80, 24)
	d.press("1", "right", "right")
	held := []tea.Cmd{d.m.leave()} // esc, with its command still to run
	want := d.m.keep.newest
	if told := d.m.finish(); told != "" {
		t.Error(told)
	}
	p, err := lessons.LoadProgress(o.StateFolder)
	if err != nil {
		t.Fatal(err)
	}
	if m := p.Lesson(want.mark.Lesson).Mark; m == nil || m.Step != want.mark.Step || m.Known != want.mark.Known || m.Known == 0 {
		t.Errorf("kept %+v, want %+v", m, want.mark)
	}
	for _, c := range held { // too late, and harmless
		d.run(c)
	}
}

// TestThatProgressIsNotKeptIsSaid holds that it is said in a lesson, once, and
// at the end.
func TestThatProgressIsNotKeptIsSaid(t *testing.T) {
	o := options(t)
	o.StateFolder = filepath.Join(t.TempDir(), "a file\x1b[2J")
	if err := os.WriteFile(o.StateFolder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const note = "cannot be written down"
	d := newDrive(t, o, 80, 24)
	d.press("1")
	if !strings.Contains(d.text(), note) {
		t.Errorf("the lesson does not say so:\n%s", d.text())
	}
	d.m.lesson.note = ""
	d.press("right", "left", "h", "a", "y")
	if strings.Contains(d.text(), note) {
		t.Errorf("the lesson says so twice:\n%s", d.text())
	}
	for _, leave := range []bool{false, true} {
		if leave {
			d.press("esc")
		}
		if told := d.m.finish(); !strings.Contains(told, "not kept") || strings.Contains(told, "\x1b") {
			t.Errorf("told at the end: %q", told)
		}
	}
	// Without a folder nothing is to be kept.
	d = newDrive(t, options(t), 80, 24)
	d.press("1")
	if told := d.m.finish(); told != "" || strings.Contains(d.text(), note) {
		t.Errorf("told %q", told)
	}
}

// What home tells comes from files and arguments.
func TestWhatHomeTellsIsMadeSafe(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	for _, set := range []func(string){
		func(s string) { d.m.wrong = s },
		func(s string) { d.m.wrong, d.m.progress.told = "", s },
	} {
		set("broken\x1b[2J\u202e")
		if text := d.text(); !strings.Contains(text, `broken\x1b[2J`) || strings.ContainsAny(text, "\x1b\u202e") {
			t.Errorf("%q", text)
		}
		checkRows(t, d.rows(), 80, 24)
	}
}
