package tui

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"helo/lessons"
)

// A window that changes its size, below the smallest one too, shows the same
// row, step and line afterwards.
func TestResizeKeepsThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		handover(s)
		s.press("2")
		leftTo(s, "MAIL FROM")
		s.press("tab", "tab")
		cursor, part := s.m.lesson.cursor, s.m.lesson.part
		for _, size := range [][2]int{{80, 24}, {200, 60}, {30, 8}, {250, 70}, {1, 1}, {80, 60}, {200, 24}, {120, 36}} {
			s.resize(size[0], size[1])
			if size[0] < minWidth || size[1] < minHeight {
				if size[0] > 20 {
					s.shows("your place is kept")
				}
				continue
			}
			s.shows("step 4 of", "MAIL FROM:<alice@", "reverse-path", "Alice's laptop says")
			if l := s.m.lesson; l.cursor != cursor || l.part != part {
				t.Fatalf("at %v the cursor is on row %d, part %d, want %d, %d", size, l.cursor, l.part, cursor, part)
			}
		}
	})
}

// What is typed half is kept as well.
func TestResizeKeepsTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 80, 24)
		s.press("2", "enter")
		s.send("EHLO mail")
		s.resize(50, 10)
		s.send("x") // nobody sees it, but it was typed
		s.resize(120, 36)
		s.shows("▶ EHLO mail")
	})
}

// The whole of a mistake: the server's own reply, the feedback, the mark in the
// line; then earlier lines, the hint, looking around, taking back, and the way
// on.
func TestTypingALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 80, 24)
		s.press("2", "enter")
		s.typeLine("EHLO")
		s.shows("▶ EHLO", "✗ 501", "✗ Not yet", "your line", "↑")
		s.press("up")
		s.shows("▶ EHLO")
		s.send(" mail.sender.example")
		s.press("down", "up") // an edited line is a new one
		s.press("tab")
		s.shows("hint 1 of 3")
		s.press("tab", "tab", "tab")
		s.shows("hint 3 of 3", "EHLO mail.sender.example")
		s.press("esc")
		s.shows("take back")
		s.press("u")
		s.lacks("✗ 501")
		s.press("enter")
		s.typeLine("EHLO mail.sender.example")
		s.shows("✓ Done", "250-mx.receiver.example", "⏎ next step")
		s.press("enter")
		s.shows("step 2 of")
	})
}

// While a line is typed every letter belongs to it.
func TestLettersBelongToTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		s.press("2")
		s.send("q?hlvwtbsaRu 123 gG")
		s.shows("▶ q?hlvwtbsaRu 123 gG", "step 1 of")
		s.press("f1")
		s.shows("Typing a line")
		s.press("esc")
		s.shows("▶ q?hlvwtbsaRu 123 gG")
	})
}

// Pasted text is typed text: nothing is sent by itself, further lines wait, and
// what cannot be seen does not get in.
func TestPaste(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		s.press("2")
		s.send("\x1b[200~EHLO mail.sender.example\r\nNOOP\x1b[31m\u202e\r\nMAIL\tFROM:<>\r\n\x1b[201~")
		s.shows("▶ EHLO mail.sender.example", "2 more pasted lines wait", "cannot be seen")
		s.lacks("250-")
		s.press("enter")
		s.shows("✓ Done")
		s.press("enter")
		s.m.lesson.paste("NOOP\x1b[31m\u202e\nNOOP a\tb")
		s.press("end")
		s.shows("▶ NOOP?[31m?", "1 more pasted line waits")
		s.press("enter")
		s.shows("▶ NOOP a b")
		if out := s.output(); strings.Contains(out, "\u202e") {
			t.Error("a bidirectional control reached the terminal")
		}
	})
}

// What is pasted has a bound: it is kept with the progress.
func TestALongPasteIsCut(t *testing.T) {
	d := newDrive(t, options(t), 120, 36)
	d.press("2")
	l := d.m.lesson
	d.msg(tea.PasteMsg{Content: strings.Repeat("é", 5000)})
	if n := len([]rune(l.input.Value())); n != mostTyped || !strings.Contains(d.text(), "A line has room for 2000") {
		t.Errorf("%d characters, note %q", n, l.note)
	}
	l.input.SetValue("ab")
	l.input.SetCursor(1)
	d.msg(tea.PasteMsg{Content: strings.Repeat("x", 5000)})
	if v := l.input.Value(); len(v) != mostTyped || v[0] != 'a' || v[len(v)-1] != 'b' {
		t.Errorf("%d characters, from %c to %c", len(v), v[0], v[len(v)-1])
	}
	d.msg(tea.PasteMsg{Content: strings.Repeat("x", 5000) + "\n" + strings.Repeat("y", 5000) + "\n" + strings.Repeat("z", 5000)})
	for _, line := range append(l.wait, l.input.Value()) {
		if len(line) > mostTyped {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if len(l.wait) != 2 {
		t.Errorf("%d lines wait", len(l.wait))
	}
}

// A prediction gives nothing away: the row that is asked for is a question
// mark, and nothing behind it is shown.
func TestTheAskedRowIsAQuestionMark(t *testing.T) {
	for _, size := range sizes {
		d := newDrive(t, options(t), size[0], size[1])
		d.press("1")
		for d.m.lesson.s.Step().Kind != lessons.Predict {
			d.press("s", "y")
		}
		asked := "250 2.0.0 queued"
		d.press("t", "left", "end")
		for _, keys := range []string{"", "v", "left", "end", "w", "tab"} {
			if keys != "" {
				d.press(keys)
			}
			text := d.text()
			if strings.Contains(text, asked) {
				t.Errorf("at %v after %q the screen shows the reply that is asked for:\n%s", size, keys, text)
			}
		}
		d.press("end", "v")
		if !strings.Contains(d.text(), "─ ? ─") {
			t.Errorf("no question mark:\n%s", d.text())
		}
	}
}

// Leaving keeps the place: esc, q, ctrl+c and the end of the program alike.
func TestProgressSurvivesLeaving(t *testing.T) {
	for _, leave := range []string{"q", "ctrl+c", "esc", "quit"} {
		t.Run(leave, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(t)
				o.StateFolder = t.TempDir()
				s := start(t, o, 120, 36)
				handover(s)
				s.press("1")
				s.shows("354 came before")
				before := s.text()
				if leave == "quit" { // as a signal does
					s.p.Quit()
				} else {
					s.press(leave)
				}
				if leave == "esc" {
					s.shows("Continue", "step 4 of")
					s.press("q")
				}
				if err := s.ended(); err != nil {
					t.Fatal(err)
				}
				s = start(t, o, 120, 36)
				s.shows("▸ Continue   A letter's journey   step 4 of")
				s.press("enter")
				if after := s.text(); after != before {
					t.Errorf("another screen than before:\n%s\nwant:\n%s", after, before)
				}
			})
		})
	}
}

func TestTypedLinesSurviveLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.StateFolder = t.TempDir()
		s := start(t, o, 120, 36)
		toStep(s, "2", solvedBy("MAIL FROM:<alice@sender.example>"))
		s.typeLine("MAIL FROM: alice@sender.example")
		before := s.text()
		s.press("ctrl+c")
		if err := s.ended(); err != nil {
			t.Fatal(err)
		}
		o.Lesson = "byhand"
		s = start(t, o, 120, 36)
		if after := s.text(); after != before {
			t.Errorf("another screen than before:\n%s\nwant:\n%s", after, before)
		}
	})
}

// A lesson taken to its end is done, and home says what comes next.
func TestLessonToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.StateFolder = t.TempDir()
		s := start(t, o, 80, 24)
		s.press("1")
		for range 400 {
			l := s.m.lesson
			if l == nil {
				break
			}
			if st := l.s.Step(); !l.s.Solved() && len(st.Options) > 0 {
				for i := range st.Options {
					s.press(fmt.Sprint(i + 1))
				}
				if !l.s.Solved() {
					t.Fatalf("no option is right:\n%s", s.text())
				}
				continue
			}
			s.press("enter")
		}
		s.shows("1 of 2 lessons", "▸ Next   First mail by hand", "done")
		s.press("q")
		if err := s.ended(); err != nil {
			t.Fatal(err)
		}
		p, err := lessons.LoadProgress(o.StateFolder)
		if err != nil || p.Lesson("journey").Done.IsZero() {
			t.Errorf("the lesson is not done in the file: %v", err)
		}
	})
}

// Restart and skip say what they do, and do it only when told to.
func TestRestartAndSkipAsk(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	d.press("1", "s")
	if !strings.Contains(d.text(), "counts as skipped") {
		t.Errorf("nothing is said about skipping:\n%s", d.text())
	}
	d.press("esc")
	if d.m.lesson.s.Index() != 0 {
		t.Error("esc skipped the step")
	}
	d.press("s", "y")
	if d.m.lesson.s.Index() != 1 {
		t.Error("y did not skip the step")
	}
	d.press("R")
	if !strings.Contains(d.text(), "forgotten") {
		t.Errorf("nothing is said about a restart:\n%s", d.text())
	}
	d.press("n")
	if d.m.lesson.s.Index() != 1 {
		t.Error("n restarted the lesson")
	}
	d.press("R", "y")
	if d.m.lesson.s.Index() != 0 {
		t.Error("y did not restart the lesson")
	}
}

// space plays at a readable speed, any key pauses, and nothing ticks afterwards.
func TestPlayAndPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.ReducedMotion = false
		s := start(t, o, 120, 36)
		s.press("1", "space")
		for range 12 {
			s.settle()
		}
		n := s.m.lesson.rows()
		if n < 2 || n > 4 {
			t.Errorf("after 2.6 s %d rows are shown, want 2 to 4", n)
		}
		s.press("space")
		n = s.m.lesson.rows()
		for range 50 {
			s.settle()
		}
		if s.m.lesson.rows() != n {
			t.Error("it plays on after a pause")
		}
	})
}

// The file of progress may be damaged or unreadable: helo says so, and works.
func TestDamagedProgressIsTold(t *testing.T) {
	o := options(t)
	o.StateFolder = t.TempDir()
	if err := os.WriteFile(o.StateFolder+"/progress.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDrive(t, o, 80, 24)
	if !strings.Contains(d.text(), "The progress file was damaged") {
		t.Errorf("nothing is said:\n%s", d.text())
	}
	checkRows(t, d.rows(), 80, 24)
	d.press("1")
	if d.m.lesson == nil {
		t.Error("the lesson does not open")
	}
}
