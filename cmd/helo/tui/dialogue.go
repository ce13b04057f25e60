package tui

// The conversation of a learner who types: what was said, in order, and the
// line that is being typed.

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/charmbracelet/x/ansi"

	"helo/sim/explain"
	"helo/sim/trace"
)

// lineIn is the line being typed.
type lineIn struct {
	show   bool
	focus  bool
	value  []rune
	cursor int  // in runes
	inside bool // it will travel inside TLS
}

// said is one row of a conversation.
type said struct {
	mark, text, note string
	ink              ink
	row              int  // of the trace, -1 for none
	inside           bool // it travelled inside TLS
	typed            bool
}

// conversation lists what was said to and by the host that the learner drives.
func conversation(in *in, as trace.HostID) []said {
	var out []said
	th := in.th
	row := 0
	for pos := trace.Pos(0); pos < min(in.known, in.t.End()); pos++ {
		for row < in.rows.Len() && in.rows.At(row).Pos < pos {
			row++
		}
		isRow := row < in.rows.Len() && in.rows.At(row).Pos == pos
		e := in.t.At(pos)
		inside := e.Flags&trace.Inside != 0 || isRow && inPipe(in, row, e.Conn)
		octets := in.octets(e)
		if in.sealed(pos) {
			octets = []byte("▒▒ " + in.by.Line(in.t, pos))
		}
		switch {
		case e.Kind == trace.Connect && e.Host == as:
			text := "you to " + hostTitle(in.t, e.Peer)
			out = append(out, said{text: text, note: "port " + port(e), ink: th.strong, row: row})
		case e.Kind == trace.Typed && e.Host == as:
			out = append(out, said{mark: "▶", text: explain.Visible(octets), ink: th.client, row: rowAfter(in, row, pos), inside: inside, typed: true})
		case e.Kind == trace.Reply && e.Peer == as:
			mark, k := "◀", th.server
			if e.Code >= 400 && !in.sealed(pos) {
				mark, k = "✗", th.fail
			}
			for i, text := range visibleLines(bytes.TrimSuffix(octets, []byte("\r\n")), 50) {
				if i > 0 {
					mark = " "
				}
				out = append(out, said{mark: mark, text: text, ink: k, row: row, inside: inside})
			}
		case isRow && e.Kind == trace.Handshake:
			mark := "▶"
			if e.Host != as {
				mark = "◀"
			}
			text := in.say(pos)
			if in.sealed(pos) {
				text = string(octets)
			}
			out = beforeTyped(out, said{mark: mark, text: text, ink: th.mid, row: row, inside: inside})
		case len(out) == 0: // how the hosts are set is before the conversation
		case isRow && e.Host != as && e.Kind != trace.Command && e.Kind != trace.Letter && e.Kind != trace.Reply,
			isRow && e.Host == as && (failed(in.t, e) || e.Kind == trace.Secured):
			k, special := deedInk(in, e)
			if !special {
				k = th.mid
			}
			deed := said{mark: " ", text: in.say(pos), note: hostTitle(in.t, e.Host), ink: k, row: row, inside: inside}
			if e.Kind == trace.Secured {
				out = beforeTyped(out, deed)
			} else {
				out = append(out, deed)
			}
		}
	}
	return out
}

func port(e *trace.Event) string {
	return strconv.Itoa(int(e.Code))
}

// beforeTyped puts what belongs to a handshake before a line that has just been
// typed: the learner was asked while the last message of it was on its way, and
// the line followed.
func beforeTyped(list []said, s said) []said {
	at := len(list)
	if at > 0 && list[at-1].typed {
		at--
	}
	return slices.Insert(list, at, s)
}

// rowAfter is the row that a typed line became, if it is the next one that
// belongs to no handshake.
func rowAfter(in *in, row int, pos trace.Pos) int {
	for ; row < in.rows.Len(); row++ {
		next := in.rows.At(row).Pos
		switch k := in.t.At(next).Kind; {
		case next <= pos:
			return -1
		case k == trace.Command:
			return row
		case k != trace.Handshake && k != trace.Secured:
			return -1
		}
	}
	return -1
}

// dialogue draws the conversation into w by h cells, its last rows if it is
// longer, and returns the place of the cursor in it; x is -1 if there is none.
func dialogue(in *in, as trace.HostID, line lineIn, w, h int) (rows []string, x, y int) {
	room := h
	if line.show {
		room--
	}
	list := folded(conversation(in, as), room)
	first := max(0, len(list)-room)
	if i := slices.IndexFunc(list, func(s said) bool { return s.row == in.cursor }); !line.focus && i >= 0 && i <= first {
		first = i // looking around: the cursor stays in view, and what came before it, too
		if last := i + bundle(list[i:]); i > 0 && last-first < room {
			first--
		}
	}
	line.inside = inside(in, as)
	const indent = 2
	for i := first; i < min(len(list), first+room); i++ {
		s := list[i]
		l := newLine(w)
		l.band = !line.focus && s.row >= 0 && s.row == in.cursor
		if s.inside {
			l.put(in.th.wall, "║")
		}
		l.to(in.th, indent)
		if s.mark != "" {
			l.put(s.ink, s.mark).to(in.th, indent+2)
		}
		note := cells(s.note)
		if note > 0 {
			note += 3
		}
		l.put(s.ink, cut(s.text, w-l.at-min(note, w/2)))
		if s.note != "" {
			l.to(in.th, l.at+3).put(in.th.mid, s.note)
		}
		rows = append(rows, l.end(in.th))
	}
	x = -1
	if line.show {
		var row string
		row, x = line.draw(in.th, indent, w)
		y = len(rows)
		rows = append(rows, row)
	}
	return fill(rows, w, h), x, y
}

// folded shortens replies of several lines, the oldest first, until there is
// room for all that was said. The last one stays whole even if what came before
// it has to go, as far as there is room for it alone.
func folded(list []said, room int) []said {
	for from := 0; from < len(list) && len(list) > room; from++ {
		n := bundle(list[from:])
		if n == 1 || from+n == len(list) && n <= room {
			continue
		}
		list[from].note = plural(n-1, "more line", "more lines")
		list = slices.Delete(list, from+1, from+n)
	}
	return list
}

// bundle is how many rows at the start of a conversation are one reply.
func bundle(list []said) int {
	n := 1
	for n < len(list) && list[n].mark == " " && list[n].row == list[0].row && list[0].row >= 0 && list[n].note == "" {
		n++
	}
	return n
}

// inside says whether what a host says now travels inside TLS.
func inside(in *in, as trace.HostID) bool {
	return slices.ContainsFunc(in.rows.Pipes(), func(p trace.Pipe) bool {
		return (p.A == as || p.B == as) && p.First < in.n && p.Over >= in.known
	})
}

// draw is the row in which the line is typed, and the column of the cursor, -1
// without focus.
func (li lineIn) draw(th *theme, indent, w int) (string, int) {
	l := newLine(w)
	l.band = li.focus
	if li.inside && indent > 0 {
		l.put(th.wall, "║")
	}
	l.to(th, indent).put(th.ask, "▶").to(th, indent+2)
	room := w - l.at - 2
	before := explain.Visible([]byte(string(li.value[:li.cursor])))
	after := explain.Visible([]byte(string(li.value[li.cursor:])))
	if !li.focus && len(li.value) == 0 {
		return l.put(th.mid, "⏎ go on typing").end(th), -1
	}
	if n := cells(before); n > room-1 { // show the end of it, where the cursor is
		before = "…" + ansi.Cut(before, n-(room-1)+1, n)
	}
	l.put(th.text, before)
	x := l.at
	l.put(th.text, cut(after, w-l.at-2))
	if !li.focus {
		x = -1
	}
	return l.end(th), x
}
