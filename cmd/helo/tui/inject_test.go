package tui

// Letting something go wrong, by keys.

import (
	"testing"
	"testing/synctest"
)

func TestAFaultIsChosenOrWritten(t *testing.T) {
	for _, size := range sizes {
		synctest.Test(t, func(t *testing.T) {
			o := options(t)
			o.Course = course(t, "../../../content")
			o.StateFolder = t.TempDir()
			s := start(t, o, size[0], size[1])
			inMiddle(s)
			s.press("1")
			s.shows("✗ 1", "laptop>msa refuse", "Not this one")
			s.press("0")
			s.shows("laptop>msa refuse", "laptop>msa tls=strip", "host>host, then what happens") // examples and form
			s.send("laptop>msa tls=strap")                                                       // letters and digits belong to the line
			s.press("enter")
			s.shows("▶ laptop>msa tls=strap", "At place 16", "refuse", "tls=unknownca", "host>host")
			s.press("tab")
			s.shows("hint 1 of 3")
			s.press("esc")
			s.shows("0 write")
			s.press("0", "end", "backspace", "backspace")
			s.send("ip")
			before := s.m.lesson.s.Step()
			s.press("enter")
			s.shows("✓ 3", "crosses arrive")
			if s.m.lesson.s.Step() != before || !s.m.lesson.s.Solved() || s.m.lesson.typing {
				t.Fatal("the written fault does not solve the step")
			}
			screen := s.text()
			s.press("ctrl+c")
			if err := s.ended(); err != nil {
				t.Fatal(err)
			}
			o.Lesson = "locked"
			s = start(t, o, size[0], size[1])
			s.shows("✓ 3", "crosses arrive")
			if got := s.text(); got != screen && isWide(size[0], size[1]) { // a small screen begins with the text
				t.Errorf("coming back shows\n%s\nwant\n%s", got, screen)
			}
			s.press("enter")
			s.shows("step 11 of")
		})
	}
}
