package tui

// The ladder: a lane for each host, and what they say to each other drawn
// between them. The lane of whoever is responsible for a letter is thick.

import (
	"fmt"
	"time"

	"helo/sim/explain"
	"helo/sim/trace"
)

// maxGap keeps lanes from drifting apart on a wide screen: a usual line fits,
// and an eye finds the other end of an arrow.
const maxGap = 80

// ladder draws heads and rows into w by h cells. tall gives the hosts' roles
// and some air.
func ladder(in *in, w, h int, tall bool) []string {
	g := newLanes(in, w)
	var out []string
	out = append(out, g.heads(in, false))
	if tall {
		out = append(out, g.heads(in, true))
	}
	room := h - len(out)
	first := firstRow(in.cursor, in.n, room)
	if tall && room > 1 {
		first = firstRow(in.cursor, in.n, room-1)
	}
	g.pipes = pipesIn(in, first, first+room)
	if tall && room > 1 {
		room--
		out = append(out, g.blank(in, first, in.heldAbove(first)))
	}
	for i := first; i < min(in.n, first+room); i++ {
		out = append(out, g.row(in, i))
	}
	for len(out) < h {
		out = append(out, g.blank(in, in.n, in.held(in.n-1)))
	}
	return fill(out, w, h)
}

// firstRow is the first row to show so that the cursor is in view, with rows
// before and behind it where there are any. It depends on nothing else, so that
// a resize keeps the place.
func firstRow(cursor, n, room int) int {
	return max(0, min(cursor-room*2/3, n-room))
}

// lanes is where the lanes stand.
type lanes struct {
	width int
	clock int          // width of the times
	col   []int        // of each lane; HostID is the index plus 1
	pipes []trace.Pipe // those that are in view
}

func newLanes(in *in, w int) lanes {
	g := lanes{width: w, clock: cells(clock(in.latest()))}
	n := len(in.t.Hosts) - 1
	if n < 1 {
		return g
	}
	left := max(g.clock+4, (cells(hostTitle(in.t, 1))+1)/2)
	right := w - 2 - (cells(hostTitle(in.t, trace.HostID(n)))+1)/2
	if n == 1 {
		g.col = []int{left}
		return g
	}
	const minGap = 10
	for n > 2 && (right-left)/(n-1) < minGap {
		n--
	}
	gap := min(max(right-left, 2*(n-1))/(n-1), maxGap)
	for i := range n {
		g.col = append(g.col, left+i*gap)
	}
	return g
}

// hostTitle is what a host is called on the screen.
func hostTitle(t *trace.Trace, id trace.HostID) string {
	h := t.Host(id)
	if h.Title != "" {
		return explain.Visible([]byte(h.Title))
	}
	if h.Name != "" {
		return explain.Visible([]byte(h.Name))
	}
	return explain.Visible([]byte(h.ID))
}

// lane is the lane of a host; the last one for those that have no room.
func (g lanes) lane(id trace.HostID) int {
	return max(0, min(int(id)-1, len(g.col)-1))
}

// heads is the row with the names of the hosts, or with their roles.
func (g lanes) heads(in *in, roles bool) string {
	l := newLine(g.width)
	for i, col := range g.col {
		text, k := hostTitle(in.t, trace.HostID(i+1)), in.th.strong
		if roles {
			text, k = explain.Visible([]byte(in.t.Host(trace.HostID(i+1)).Role)), in.th.mid
		}
		if len(g.col) > 1 {
			text = cut(text, g.col[1]-g.col[0]-1)
		}
		l.to(in.th, max(l.at, col-cells(text)/2)).put(k, text)
	}
	return l.end(in.th)
}

// glyph writes lane i.
func (g lanes) glyph(in *in, l *line, i int, held uint64) {
	if held&(1<<(i+1)) != 0 {
		l.put(in.th.held, "┃")
		return
	}
	l.put(in.th.lane, "│")
}

// blank is a row in which nothing happens, before row i.
func (g lanes) blank(in *in, i int, held uint64) string {
	l := newLine(g.width)
	for j, col := range g.col {
		l.to(in.th, col)
		g.glyph(in, l, j, held)
		g.gap(in, l, j, g.walls(in, i, j, true), "", ink{}, false)
	}
	return l.end(in.th)
}

// row draws row i of the trace.
func (g lanes) row(in *in, i int) string {
	l := newLine(g.width)
	l.band = i == in.cursor
	pos := in.rows.At(i).Pos
	e := in.t.At(pos)
	held := in.held(i)
	l.to(in.th, 1).put(in.time(i), pad(clock(e.At), g.clock))
	if len(g.col) == 0 {
		return l.to(in.th, g.clock+3).put(in.th.text, in.say(pos)).end(in.th)
	}
	if in.hidesWho(i) { // beside the lanes, at none of them
		l.to(in.th, g.clock+2).put(in.th.ask, "?")
		for j, col := range g.col {
			l.to(in.th, col)
			g.glyph(in, l, j, held)
		}
		return l.end(in.th)
	}
	a := arrowOf(in, i)
	lo, hi := g.lane(a.from), g.lane(a.to)
	deed := a.from == a.to || lo == hi
	left := deed && lo > 0 && lo == len(g.col)-1 // the last lane's deeds stand to its left
	if lo > hi {
		lo, hi = hi, lo
	}
	for j := 0; j < len(g.col); j++ {
		l.to(in.th, g.col[j])
		g.glyph(in, l, j, held)
		switch {
		case !deed && j == lo:
			grow := growFull
			if i == in.n-1 {
				grow = in.grow
			}
			g.arrow(in, l, i, a, g.col[hi]-g.col[lo]-1, grow)
			j = hi - 1
		case deed && !left && j == lo || left && j+1 == lo:
			g.gap(in, l, j, g.walls(in, i, j, false), a.text, a.ink, left)
		default:
			g.gap(in, l, j, g.walls(in, i, j, false), "", ink{}, false)
		}
	}
	return l.end(in.th)
}

// gap writes what stands behind lane j up to the next one: walls, and what one
// host does beside its lane. left says that it is the host of the next lane.
func (g lanes) gap(in *in, l *line, j int, w walls, text string, k ink, left bool) {
	end := g.width - 1
	if j+1 < len(g.col) {
		end = g.col[j+1] - 1
	}
	if w.left != "" {
		l.put(in.th.wall, w.left)
	}
	if w.right != "" {
		end--
	}
	text = cut(text, end-l.at-1)
	switch {
	case w.edge() && left && text != "":
		l.put(in.th.wall, repeated("═", end-l.at-cells(text)-1)).put(in.th.text, " ").put(k, text)
	case w.edge() && text != "":
		l.put(in.th.text, " ").put(k, text).put(in.th.text, " ").put(in.th.wall, repeated("═", end+1-l.at))
	case w.edge():
		l.put(in.th.wall, repeated("═", end+1-l.at))
	case text == "":
	case left:
		l.right(in.th, k, text, end)
	default:
		l.to(in.th, l.at+1).put(k, text)
	}
	if w.right != "" {
		l.to(in.th, end+1).put(in.th.wall, w.right)
	}
}

// arrow writes the arrow of row i into n cells, inside its pipe if there is one.
func (g lanes) arrow(in *in, l *line, i int, a arrow, n, grow int) {
	pos := in.rows.At(i).Pos
	a.shaft = "─"
	if in.sealed(pos) && a.text != "?" {
		a.shaft = "▒"
	}
	p, ok := g.pipeOf(in, i, in.t.At(pos).Conn)
	if !ok {
		a.draw(in, l, n, grow)
		return
	}
	w := p.walls
	if w.bottom && a.shaft == "─" {
		a.shaft = "═"
	}
	l.put(in.th.wall, w.left)
	a.draw(in, l, n-2, grow)
	l.put(in.th.wall, w.right)
}

// arrow is what a row comes to in a ladder.
type arrow struct {
	from, to trace.HostID // equal: a deed of one host
	text     string
	ink      ink
	lost     bool   // it does not arrive
	shaft    string // what it is drawn of
}

// growFull is how far an arrow that has arrived has come.
const growFull = 8

// draw writes the arrow into n cells, of which grow eighths are there yet.
func (a arrow) draw(in *in, l *line, n, grow int) {
	shaft := in.th.lane
	k := max(3, n*grow/growFull) // a head, and the shaft's end
	start := l.at
	head := "▶"
	if a.from > a.to {
		head = "◀"
	}
	headInk := shaft
	if a.lost {
		head, headInk = "✗", in.th.fail
	}
	if a.from < a.to {
		text := cut(a.text, min(n-5, k-3))
		l.put(shaft, a.shaft+" ").put(a.ink, text)
		if text != "" {
			l.put(shaft, " ")
		}
		l.put(shaft, repeated(a.shaft, start+k-1-l.at)).put(headInk, head)
		l.to(in.th, start+n)
		return
	}
	text := cut(a.text, min(n-5, k-4)) // between blanks, with the head before it and the shaft behind
	l.to(in.th, start+n-k).put(headInk, head)
	tail := cells(text) + 2
	if text != "" {
		tail++
	}
	l.put(shaft, repeated(a.shaft, start+n-tail-l.at))
	if text != "" {
		l.put(shaft, " ")
	}
	l.put(a.ink, text).put(shaft, " "+a.shaft)
}

// arrowOf says how row i is drawn.
func arrowOf(in *in, i int) arrow {
	pos := in.rows.At(i).Pos
	e := in.t.At(pos)
	th := in.th
	a := arrow{from: e.Host, to: e.Host, ink: th.text}
	switch e.Kind {
	case trace.Command, trace.Letter:
		a.to, a.ink = e.Peer, th.client
	case trace.Handshake:
		a.to, a.ink = e.Peer, th.mid
	case trace.Reply:
		a.to, a.ink = e.Peer, th.server
	case trace.Connect:
		a.to, a.ink = e.Peer, th.mid
	case trace.Refused:
		a.from, a.to, a.ink = e.Peer, e.Host, th.fail
	case trace.Lost:
		a.to, a.ink, a.lost = e.Peer, th.fail, true
	}
	if a.to == 0 || a.from == 0 {
		a.from, a.to = max(a.from, a.to, 1), max(a.from, a.to, 1)
	}
	if in.asked && i == in.n-1 {
		a.text, a.ink, a.lost = "?", th.ask, false
		return a
	}
	a.text = in.say(pos)
	switch k, special := deedInk(in, e); {
	case in.by.Sight(in.t, pos) != explain.Plain:
		a.ink, a.lost = th.mid, false
	case special:
		a.ink = k
	}
	return a
}

// deedInk is the colour of what is not simply said.
func deedInk(in *in, e *trace.Event) (ink, bool) {
	switch e.Kind {
	case trace.Question, trace.Answer:
		return in.th.dns, true
	case trace.Stored:
		return in.th.good, true
	case trace.Written, trace.Added, trace.Changed, trace.Composed, trace.Discarded:
		return in.th.mid, true
	}
	if failed(in.t, e) {
		return in.th.fail, true
	}
	return ink{}, false
}

// failed says whether a row is one of those that are marked with ✗.
func failed(t *trace.Trace, e *trace.Event) bool {
	switch e.Kind {
	case trace.Unsecured, trace.Refused, trace.Unanswered, trace.Lost, trace.Reset, trace.TimedOut, trace.Fired,
		trace.Kept, trace.Returned, trace.Parked, trace.Limit, trace.Stalled, trace.Queued:
		return true
	case trace.Reply:
		return e.Code >= 400
	case trace.Handshake:
		return explain.EndsTLS(t.Octets(e.Octets))
	}
	return false
}

// clock is a virtual time: "0.232", "30:00.204", "1d 04:00:00".
func clock(d time.Duration) string {
	s, ms := int64(d/time.Second), int64(d%time.Second/time.Millisecond)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d.%03d", s, ms)
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d.%03d", s/60, s%60, ms)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%dd %02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// pad puts blanks before a text, up to n cells.
func pad(s string, n int) string { return blanks(n-cells(s)) + s }
