package tui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"helo/lessons"
)

// A teacher opens a step that is far ahead at once; a learner reads an earlier
// one again and loses nothing by it.
func TestAnyStepIsOpenedFromTheList(t *testing.T) {
	for _, size := range sizes {
		synctest.Test(t, func(t *testing.T) {
			o := options(t)
			o.Course = course(t, "../../../content")
			o.StateFolder = t.TempDir()
			s := start(t, o, size[0], size[1])
			s.press("1", "space")
			for !s.m.lesson.s.Solved() {
				s.press("right")
			}
			s.press("enter", "l")
			s.shows("Steps", "1  ▰  Alice presses Send", "2  ▰  Push", "you are here", "3  ▱  Lock and login")
			s.press("down", "down", "down", "down", "down", "down", "down", "down")
			s.shows("8 steps count as skipped.")
			s.press("enter")
			s.shows("step 10 of", "The line breaks", "▰▨▨▨▨▨▨▨▨▰▱")
			s.press("l", "home", "enter")
			s.shows("step 1 of", "Alice presses Send", "▰▨▨▨▨▨▨▨▨▱▱")
			if !s.m.lesson.s.Solved() {
				t.Fatal("a step that was solved is asked again")
			}
			s.press("q")
			if err := s.ended(); err != nil {
				t.Fatal(err)
			}
			s = start(t, o, size[0], size[1]) // all of it was written down
			s.shows("step 1 of", "▰▨▨▨▨▨▨▨▨▱▱")
			s.press("1", "enter")
			s.shows("step 2 of", "▰▰▨▨▨▨▨▨▨▱▱")
			s.press("l", "up")
			s.shows("Solved, and stays so.")
			s.press("down", "down")
			s.shows("1 step counts as skipped.")
			s.press("esc")
			s.shows("step 2 of")
		})
	}
}

// An answer that was found is shown again with its reason.
func TestASolvedStepIsShownAsItWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, options(t), 120, 36)
		handover(s)
		s.press("1", "2")
		s.shows("✓ Right", "✓ 2")
		reason := s.m.lesson.said.Text
		s.press("enter", "l", "up", "enter")
		if l := s.m.lesson; !l.s.Solved() || l.said.Text != reason {
			t.Fatalf("back there, it says %q, want %q", l.said.Text, reason)
		}
		s.shows("✓ Right", "✓ 2", "⏎ next step")
	})
}

// A line typed beside the prompt opens the list at most, and goes nowhere.
func TestLettersGoNowhereInTheList(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	d.press("2", "enter")
	d.typeLine("NOOP")
	before := d.m.lesson.s.Mark()
	d.press("esc", "l")
	d.typeLine("jjkkGgl 9")
	if l := d.m.lesson; len(d.m.overlays) != 0 || fmt.Sprint(l.s.Mark()) != fmt.Sprint(before) {
		t.Errorf("letters and ⏎ went somewhere:\n%s", d.text())
	}
	if d.press("l", "down"); !strings.Contains(d.text(), "Your lines in this step are forgotten.") {
		t.Errorf("nothing is said about the lines:\n%s", d.text())
	}
}

// The list fits at every size, however many steps there are, and shows the one
// that is chosen.
func TestTheListOfStepsFits(t *testing.T) {
	for _, n := range []int{1, 18, 19, 60} {
		o := options(t)
		lesson := *o.Course.Lessons[0]
		lesson.Steps = nil
		for i := range n {
			lesson.Steps = append(lesson.Steps, lessons.Step{Kind: lessons.Read, Title: fmt.Sprintf("Step %d \x1b[31m%s", i+1, strings.Repeat("long ", i))})
		}
		o.Course = &lessons.Course{Lessons: []*lessons.Lesson{&lesson}}
		for _, size := range sizes {
			d := newDrive(t, o, size[0], size[1])
			d.press("1", "l")
			for i := range n {
				checkRows(t, d.rows(), size[0], size[1])
				if !strings.Contains(d.text(), fmt.Sprintf("Step %d ", i+1)) || strings.Contains(d.text(), "more") || !strings.Contains(d.text(), "esc close") {
					t.Fatalf("%v, step %d of %d:\n%s", size, i+1, n, d.text())
				}
				d.press("down")
			}
		}
	}
}
