package tui

// TLS in a ladder: the stretch of a connection that is inside it is drawn as
// inside a closed pipe, between two walls. It begins where the first end is
// inside, and is closed when the connection is.

import (
	"slices"
	"strings"

	"helo/sim/explain"
	"helo/sim/trace"
)

// eyesName says with whose eyes the screen is seen, if not with a learner's own,
// in at most room cells.
func eyesName(by explain.Eyes, room int) string {
	names := [...][2]string{explain.Wire: {"as an eavesdropper sees it", "eavesdropping"}, explain.Ends: {"as both ends see it", "both ends"}}
	if int(by) >= len(names) {
		return ""
	}
	for _, name := range names[by] {
		if cells(name) <= room {
			return name
		}
	}
	return ""
}

// eyesKeys are the keys that lead back to a learner's own view, and those that
// lead to another one, where that makes a difference.
func eyesKeys(in *in) (back, there []barKey) {
	pipes := in.rows.Pipes()
	secret := in.rows.Secret() < in.known
	switch {
	case in.by == explain.Wire:
		back = []barKey{{keyEaves, "", "your view"}}
	case secret || len(pipes) > 0 && pipes[0].First < in.n:
		there = []barKey{{keyEaves, "", "eavesdrop"}}
	}
	switch {
	case in.by == explain.Ends:
		back = []barKey{{keyOpenUp, "", "your view"}}
	case secret:
		there = append(there, barKey{keyOpenUp, "", "both ends"})
	}
	return back, there
}

// walls are the walls in a gap between two lanes, in one row.
type walls struct {
	left, right string // empty: there is none
	top, bottom bool   // the pipe begins in this row, or ends
}

// edge says whether the pipe is closed by a line between the walls.
func (w walls) edge() bool { return w.top || w.bottom }

// pipe is a pipe in one row, between the lanes lo and hi.
type pipe struct {
	walls
	conn   trace.ConnID
	lo, hi int
}

// pipesIn lists the pipes that may be seen in rows first to last.
func pipesIn(in *in, first, last int) []trace.Pipe {
	var out []trace.Pipe
	for _, p := range in.rows.Pipes() {
		if p.First > last {
			break
		}
		if p.Last >= first || p.Over >= in.known {
			out = append(out, p)
		}
	}
	return out
}

// inPipe says whether row i of a connection lies in its pipe.
func inPipe(in *in, i int, conn trace.ConnID) bool {
	return conn != 0 && slices.ContainsFunc(pipesIn(in, i, i), func(p trace.Pipe) bool {
		return p.Conn == conn && p.First <= i && i <= p.Last
	})
}

// pipeAt is how a pipe is drawn in row i, or, between two rows, before it. What
// the learner does not know yet leaves it open.
func (g lanes) pipeAt(in *in, p *trace.Pipe, i int, before bool) (pipe, bool) {
	lo, hi := g.lane(p.A), g.lane(p.B)
	if lo > hi {
		lo, hi = hi, lo
	}
	known := in.n
	if in.asked {
		known--
	}
	last, closed := p.Last, p.Over < in.known
	if closed && last >= known { // as far as is known
		for last = known - 1; last > p.First && !isInside(in, last, p.Conn); last-- {
		}
	}
	switch {
	case lo == hi, p.First >= known, i < p.First, before && i <= p.First, closed && i > last:
		return pipe{}, false
	}
	out := pipe{walls: walls{left: "║", right: "║"}, conn: p.Conn, lo: lo, hi: hi}
	switch {
	case before:
	case i == p.First:
		out.walls = walls{left: "╔", right: "╗", top: true}
	case closed && i == last:
		out.walls = walls{left: "╚", right: "╝", bottom: true}
	}
	return out, true
}

// isInside says whether row i came inside TLS on that connection.
func isInside(in *in, i int, conn trace.ConnID) bool {
	e := in.t.At(in.rows.At(i).Pos)
	return e.Conn == conn && e.Flags&trace.Inside != 0
}

// pipeOf is the pipe of a connection in row i.
func (g lanes) pipeOf(in *in, i int, conn trace.ConnID) (pipe, bool) {
	for n := range g.pipes {
		if g.pipes[n].Conn == conn {
			return g.pipeAt(in, &g.pipes[n], i, false)
		}
	}
	return pipe{}, false
}

// walls are the walls behind lane j, in row i or before it. A pipe that passes
// several lanes has its walls at the first and the last.
func (g lanes) walls(in *in, i, j int, before bool) walls {
	var out walls
	for n := range g.pipes {
		p, ok := g.pipeAt(in, &g.pipes[n], i, before)
		if !ok || j < p.lo || j >= p.hi {
			continue
		}
		if p.lo == j {
			out.left = p.left
		}
		if p.hi == j+1 {
			out.right = p.right
		}
		out.top, out.bottom = out.top || p.top, out.bottom || p.bottom
	}
	return out
}

// repeated is a mark n times.
func repeated(mark string, n int) string {
	if mark == "─" {
		return dashes(n)
	}
	return strings.Repeat(mark, max(n, 0))
}
