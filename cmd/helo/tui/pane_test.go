package tui

import (
	"strings"
	"testing"
)

// The sentence that says what an event means is whole before its states and its
// cause have a row.
func TestTheSentenceIsWholeBeforeStatesAndCause(t *testing.T) {
	o := options(t)
	o.Course = course(t, "../../../content")
	whole := 0
	for _, lesson := range []string{"1", "2", "3"} {
		d := newDrive(t, o, 120, 36)
		d.press(lesson)
		for {
			l := d.m.lesson
			l.s.ShowAnswer()
			for l.cursor = range l.rows() {
				in := l.in(d.m.th)
				for _, w := range []int{80, 100, 120, 149} {
					for h := 6; h <= 19; h++ {
						rows := pane(in, w, h)
						if len(rows) != h {
							t.Fatalf("%d rows, want %d", len(rows), h)
						}
						text := strings.Join(strings.Fields(stripped(strings.Join(rows, " "))), " ")
						means := strings.Join(strings.Fields(in.x.Means), " ")
						if strings.Contains(text, means) {
							whole++
							continue
						}
						for _, tail := range tailRows(in, w) {
							if tail := strings.Join(strings.Fields(stripped(tail)), " "); strings.Contains(text, tail) {
								t.Fatalf("%d by %d cells, lesson %s, step %d, row %d: %q has a row, and the sentence is cut:\n%s",
									w, h, lesson, l.s.Index()+1, l.cursor, tail, stripped(strings.Join(rows, "\n")))
							}
						}
					}
				}
			}
			if !l.s.Next() {
				break
			}
			l.enter()
		}
	}
	if whole == 0 {
		t.Error("no sentence is whole")
	}
}
