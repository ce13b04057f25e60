package tui

// A prediction that asks who acts does not draw the answer.

import (
	"strings"
	"testing"
	"testing/fstest"

	"helo/lessons"
	"helo/sim/trace"
)

const whoLesson = `---
id: who
title: Who is it?
goal: You can say who.
minutes: 1
scenario: clear
---

Who goes on?

` + "```predict next=\"NEXT\"\n```" + `

- OPTION1 one
  > One.
- OPTION2 the other
  > The other.
`

func TestAPredictionOfWhoDoesNotDrawTheAnswer(t *testing.T) {
	for _, c := range []struct {
		next, option1, option2 string
		hidden                 bool
	}{
		{"reply n=1", "`laptop>msa reply`", "`msa>laptop reply`", true},
		{"connect n=2", "`mx connect`", "`msa connect`", true},
		{"reply n=1", "`code=220`", "`code=554`", false},
	} {
		source := strings.NewReplacer("NEXT", c.next, "OPTION1", c.option1, "OPTION2", c.option2).Replace(whoLesson)
		course, err := lessons.LoadCourse(fstest.MapFS{"lessons/01-who.md": {Data: []byte(source)}})
		if err != nil {
			t.Fatal(err)
		}
		o := options(t)
		o.Course = course
		d := newDrive(t, o, 120, 36)
		d.press("1")
		for _, view := range []string{"ladder", "transcript"} {
			in := d.m.lesson.in(d.m.th)
			if !in.asked {
				t.Fatal("nothing is asked")
			}
			row := ""
			for _, r := range strings.Split(d.text(), "\n") {
				if strings.Contains(r, " ? ") && !strings.Contains(r, "help") {
					row = r
				}
			}
			if row == "" {
				t.Fatalf("%s: no ? is drawn:\n%s", view, d.text())
			}
			if tells := strings.ContainsAny(row, "▶◀") || strings.Contains(row, "msa") || strings.Contains(row, "DNS"); tells == c.hidden {
				t.Errorf("%s, %s or %s: the row tells who: %t\n%s", view, c.option1, c.option2, tells, row)
			}
			d.press("v")
		}
		d.press("a")
		if row := d.text(); !strings.ContainsAny(row, "▶◀") {
			t.Errorf("the answer is not drawn:\n%s", row)
		}
	}
}

// Nor does the state of a session, which has gone on as soon as it heard a
// reply, tell which command it says next.
func TestStatesDoNotTellWhatIsAsked(t *testing.T) {
	o := options(t)
	o.Course = course(t, "../../../content")
	asked := 0
	for i := range o.Course.Lessons {
		d := newDrive(t, o, 120, 36)
		d.press(string(rune('1' + i)))
		for l := d.m.lesson; ; {
			st := l.s.Step()
			tr := l.s.Trace()
			if st.Kind == lessons.Predict && !l.s.Solved() {
				target := l.s.Rows().At(l.knownRows()).Pos
				e := tr.At(target)
				tells, said := e.Verb.String()+" sent", false
				for pos := range target {
					said = said || tr.At(pos).Kind == trace.Command && tr.At(pos).Verb == e.Verb
				}
				if e.Kind == trace.Command && !said {
					asked++
					for range l.rows() {
						if text := d.text(); strings.Contains(text, tells) {
							t.Errorf("%s, step %d: the screen says %q:\n%s", l.s.Lesson().ID, l.s.Index()+1, tells, text)
						}
						d.press("left")
					}
				}
			}
			if l.typing {
				d.press("esc")
			}
			if d.press("s", "y"); l.s.LessonDone() {
				break
			}
		}
	}
	if asked == 0 {
		t.Error("no lesson asks for a command")
	}
}
