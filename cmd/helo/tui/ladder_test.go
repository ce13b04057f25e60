package tui

import (
	"fmt"
	"testing"
)

// An arrow on its way moves no lane, in either direction and at any width: what
// stands at the lanes is the same in all its frames.
func TestLanesStandStillWhileArrowsGrow(t *testing.T) {
	for _, o := range []Options{options(t), lockedOptions(t, false)} {
		d := newDrive(t, o, 80, 24)
		d.press("1")
		for !d.m.lesson.s.LessonDone() {
			l := d.m.lesson
			l.s.ShowAnswer()
			in := l.in(d.m.th)
			for w := 76; w <= 200; w++ {
				g := newLanes(in, w)
				for i := range in.n {
					if e := in.t.At(in.rows.At(i).Pos); e.Peer == 0 || e.Peer == e.Host {
						continue
					}
					in.n, in.cursor = i+1, -1
					full := lanesOf(g, g.rowGrown(in, i, growFull))
					for grow := range growFull {
						if got := lanesOf(g, g.rowGrown(in, i, grow)); got != full {
							t.Fatalf("%d cells, row %d, %d eighths: at the lanes stands %s, later %s:\n%s\n%s", w, i, grow, got, full,
								stripped(g.rowGrown(in, i, grow)), stripped(g.rowGrown(in, i, growFull)))
						}
					}
				}
			}
			if !l.s.Next() {
				break
			}
		}
	}
}

// lanesOf is what stands at the lanes of a row.
func lanesOf(g lanes, row string) string {
	text := []rune(stripped(row))
	out := ""
	for _, col := range g.col {
		out += string(text[col])
	}
	return out + fmt.Sprint(len(text))
}

// rowGrown is row i with its arrow so far on its way.
func (g lanes) rowGrown(in *in, i, grow int) string {
	in.grow = grow
	return g.row(in, i)
}
