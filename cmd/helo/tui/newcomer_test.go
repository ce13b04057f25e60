package tui

// What a newcomer met on the way through the course.

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"helo/lessons"
)

// The empty line that ends the header is sent by the first enter, though the
// text has all the room.
func TestEnterSendsTheEmptyLineOfALetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.Course = course(t, "../../../content")
		s := start(t, o, 80, 24)
		toStep(s, "2", solvedBy("this letter was typed by hand."))
		s.shows("⏎ send an empty line")
		typed := len(s.m.lesson.s.Typed())
		s.press("enter")
		if got := s.m.lesson.s.Typed(); len(got) != typed+1 || got[typed] != "" {
			t.Fatalf("enter did not send the empty line: %q", got)
		}
	})
}

// The explanation is of what was said last: a line of the letter, then the
// letter with its dot.
func TestTheExplanationFollowsTheLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		toStep(s, "2", solvedBy("Subject: By hand"))
		for _, line := range s.m.lesson.s.Step().Solution {
			s.typeLine(line)
		}
		s.shows("✓ Done", "── your line ──", "    Subject: By hand CR LF")
		s.press("left")
		s.lacks("── your line ──")
		s.press("end", "u")
		s.typeLine(".")
		s.shows("── the letter and the dot ──", "data → greeted")
	})
}

// The exchange can be looked at in every step on a small screen, with t.
func TestTShowsTheExchangeInEveryStep(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	d.press("1")
	for {
		l := d.m.lesson
		if g := newLayout(80, 24, l, l.text(d.m.th, d.m.pages)); g.full {
			if !strings.Contains(d.text(), "t exchange") {
				t.Errorf("step %d does not name t:\n%s", l.s.Index()+1, d.text())
			}
			if d.press("t"); !strings.Contains(d.text(), "mail.sender.example          mx.receiver.example") {
				t.Errorf("step %d shows no ladder after t:\n%s", l.s.Index()+1, d.text())
			}
			if d.press("t"); !strings.Contains(d.text(), "t exchange") {
				t.Errorf("step %d does not go back to the text", l.s.Index()+1)
			}
			if l.s.Step().Kind == lessons.Quiz {
				if d.press("enter"); !strings.Contains(d.text(), "mail.sender.example          mx.receiver.example") {
					t.Errorf("step %d shows no ladder after enter", l.s.Index()+1)
				}
			}
		}
		if l.s.LessonDone() {
			break
		}
		d.press("s", "y")
	}
}

// q at the last step does not finish the lesson: it is where one comes back to.
func TestTheLastStepIsNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.StateFolder = t.TempDir()
		s := start(t, o, 80, 24)
		toStep(s, "1", isRead)
		s.press("q")
		if err := s.ended(); err != nil {
			t.Fatal(err)
		}
		o.Lesson = "journey"
		s = start(t, o, 80, 24)
		s.shows("step 10 of 10")
		s.press("enter")
		s.shows("1 of 2 lessons", "▸ Next   First mail by hand", "done, 9 skipped", "▨▨▨▨▨▨▨▨▨▰")
		// Opened again and left, it takes nothing's place.
		s.press("1", "right", "esc")
		s.shows("▸ Next   First mail by hand", "done, 9 skipped")
		s.press("1")
		s.press("s", "y", "esc")
		s.shows("▸ Next   First mail by hand", "done, again at step 2")
	})
}

// What helo solved is no success.
func TestAShownAnswerIsNoSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		handover(s)
		s.press("a")
		s.shows("Show the answer?", "y show it", "esc n leave it")
		s.press("n")
		s.lacks("The answer, shown", "✓")
		s.press("a", "y")
		s.shows("The answer, shown", "✓ 2  250", "▨▨▨▨▱")
		s.lacks("✓ Right")
	})
}

// Keys are named where they work.
func TestTakingBackIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 80, 24)
		s.press("2")
		s.lacks("↑ earlier", "take back")
		s.press("enter")
		s.typeLine("EHLO")
		s.shows("↑ earlier", "✗ Not yet   esc u takes the line back", "esc u take back")
		s.press("esc")
		s.shows("✗ Not yet   u takes the line back", "u take back")
		s.press("u")
		s.lacks("take back")
	})
}

// A space too many is seen without colour, too.
func TestTheSpaceTooManyIsSeenWithoutColour(t *testing.T) {
	for _, plain := range []bool{false, true} {
		o := options(t)
		o.NoColor = plain
		d := newDrive(t, o, 120, 36)
		d.press("2")
		d.typeLine("EHLO mail.sender.example")
		if d.press("enter", "esc", "s", "y"); d.m.lesson.s.Index() != 2 {
			t.Fatalf("this is step %d", d.m.lesson.s.Index()+1)
		}
		d.typeLine("MAIL FROM: <alice@sender.example>")
		if !strings.Contains(d.text(), "MAIL FROM:·<alice@sender.example>") {
			t.Errorf("without colour %t: the space is not marked:\n%s", plain, d.text())
		}
	}
}

// A line that is typed where letters are keys throws nothing away: ⏎ is no yes,
// and neither is a y behind other letters, or sooner than a box can be read.
func TestALineTypedBesideThePromptLosesNothing(t *testing.T) {
	for _, line := range []string{"STARTTLS", "RSET", "data", "s", "R", "Reply-To: bob", "ask y", "Monday", "Thursday", "essay"} {
		d := newDrive(t, options(t), 80, 24)
		d.press("2", "enter")
		d.typeLine("EHLO mail.sender.example")
		if d.press("enter"); d.m.lesson.s.Index() != 1 {
			t.Fatal("the first step is not solved")
		}
		d.typeLine("NOOP")
		typed := len(d.m.lesson.s.Typed())
		d.press("esc")
		now := time.Now()
		d.m.o.Now = func() time.Time { return now } // as fast as it is typed
		d.typeLine(line)
		l := d.m.lesson
		if l == nil || l.s.Index() != 1 || l.s.Solved() || len(l.s.Typed()) != typed {
			t.Errorf("after esc, %q and ⏎ threw something away:\n%s", line, d.text())
		}
	}
}

// Boxes that ask name y, and esc and n lead out of them.
func TestBoxesThatAskWantAYes(t *testing.T) {
	for _, ask := range []string{"s", "a", "R"} {
		d := newDrive(t, options(t), 80, 24)
		d.press("1", "right")
		before := d.m.lesson.s.Mark()
		for _, no := range []string{"esc", "n", "q", "x"} {
			if d.press(ask, "enter"); len(d.m.overlays) != 1 || !strings.Contains(d.text(), " y ") || strings.Contains(d.text(), "⏎ y") {
				t.Fatalf("%s opens no box that wants a y:\n%s", ask, d.text())
			}
			if d.press(no); len(d.m.overlays) != 0 {
				t.Errorf("%s: %s does not leave the box", ask, no)
			}
		}
		if diff := cmp.Diff(before, d.m.lesson.s.Mark()); diff != "" {
			t.Errorf("%s: leaving the box changed something:\n%s", ask, diff)
		}
		if d.press(ask, "y"); cmp.Equal(before, d.m.lesson.s.Mark()) {
			t.Errorf("%s: y does nothing", ask)
		}
	}
}

// The advice on order is said to its end at the smallest size.
func TestWhatComesBeforeALessonIsSaidWhole(t *testing.T) {
	o := options(t)
	o.Course = course(t, "../../../content")
	d := newDrive(t, o, 80, 24)
	d.press("down", "down", "down")
	text := strings.Join(strings.Fields(d.text()), " ")
	if want := "better after lesson 1, " + o.Course.Lessons[0].Title + "; 2, " + o.Course.Lessons[1].Title; !strings.Contains(text, want) {
		t.Errorf("home does not say %q:\n%s", want, d.text())
	}
	checkRows(t, d.rows(), 80, 24)
}

// Where the text is folded away, the bar of the smallest screen names the key
// that shows it: the question rests on it.
func TestTheWayBackToTheTextIsNamed(t *testing.T) {
	o := options(t)
	o.Course = course(t, "../../../content")
	for _, lesson := range []string{"1", "2", "3"} {
		d := newDrive(t, o, 80, 24)
		d.press(lesson)
		for {
			l := d.m.lesson
			if l.typing {
				d.press("esc")
			}
			for _, keys := range [][]string{nil, {"t"}, {"e"}, {"e", "left", "w"}} {
				d.press(keys...)
				g := newLayout(80, 24, l, l.text(d.m.th, d.m.pages))
				if !g.full && l.s.Step().Prose != "" && !strings.Contains(d.text(), "t text") {
					t.Errorf("lesson %s, step %d, after %q: the bar does not name t:\n%s", lesson, l.s.Index()+1, keys, d.text())
				}
			}
			if l.s.LessonDone() || len(l.s.Lesson().Steps)-1 == l.s.Index() {
				break
			}
			d.press("s", "y")
		}
	}
}

// An enter too many at the prompt says nothing to the server; in a letter, and
// where a challenge waits for its answer, an empty line is a line.
func TestAnEmptyLineIsNoCommand(t *testing.T) {
	o := options(t)
	o.Course = course(t, "../../../content")
	d := newDrive(t, o, 120, 36)
	d.press("3")
	for d.m.lesson.s.Step().Title != "What PLAIN wants" {
		if d.m.lesson.typing {
			d.press("esc")
		}
		d.press("s", "y")
	}
	l := d.m.lesson
	typed := len(l.s.Typed())
	if d.press("enter"); len(l.s.Typed()) != typed {
		t.Fatalf("an empty line was said:\n%s", d.text())
	}
	d.typeLine("AUTH PLAIN")
	if d.press("enter"); len(l.s.Typed()) != typed+2 {
		t.Errorf("no empty answer can be given to a challenge:\n%s", d.text())
	}
	// Pasted lines come one after the other, an empty one among them or not.
	d.msg(tea.PasteMsg{Content: "NOOP\n\nRSET"})
	typed = len(l.s.Typed())
	if d.press("enter", "enter", "enter"); !slices.Equal(l.s.Typed()[typed:], []string{"NOOP", "RSET"}) {
		t.Errorf("of pasted lines were said: %q", l.s.Typed()[typed:])
	}
}

// Where the connection is closed, the esc of esc u leaves nothing: u takes the
// line back.
func TestEscBehindTheLastLineLeavesNothing(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	d.press("2", "enter")
	d.typeLine("QUIT")
	if d.press("esc"); d.m.lesson == nil {
		t.Fatal("esc left the lesson")
	}
	if !strings.Contains(d.text(), "esc once more leaves") {
		t.Errorf("nothing is said about esc:\n%s", d.text())
	}
	if d.press("u"); len(d.m.lesson.s.Typed()) != 0 || !d.m.lesson.typing || strings.Contains(d.text(), "once more") {
		t.Errorf("u did not take the line back:\n%s", d.text())
	}
	d.typeLine("QUIT")
	if d.press("esc", "esc"); d.m.lesson != nil {
		t.Error("esc twice did not leave the lesson")
	}
}
