package tui

// A prediction that asks who acts does not draw the answer.

import (
	"strings"
	"testing"
	"testing/fstest"

	"helo/lessons"
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
