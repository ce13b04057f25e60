package tui

// The lesson screen: which part of it is where, and all of it as rows.

import (
	"fmt"
	"strings"

	"helo/lessons"
	"helo/sim/explain"
)

// The smallest screen helo draws on.
const (
	minWidth  = 80
	minHeight = 24
)

// layout says how many cells each part of the lesson screen has.
type layout struct {
	w, h  int
	wide  bool // text beside the exchange, not above it
	full  bool // the text has all the room
	textW int
	textH int
	exW   int
	exH   int
	paneH int
}

// textWidth is the width of the text for a screen, without its margins.
func textWidth(w, h int) int {
	if !isWide(w, h) {
		return min(w-4, 96)
	}
	return max(38, min(w*30/100, 64))
}

// isWide says whether the text stands beside the exchange.
func isWide(w, h int) bool { return w >= 104 && h >= 28 }

// newLayout divides the screen. The text gets what it needs as far as the
// exchange and its explanation keep enough to be of use.
func newLayout(w, h int, l *lesson, text *textIn) layout {
	g := layout{w: w, h: h, wide: isWide(w, h), textW: textWidth(w, h)}
	if g.wide {
		body := h - 4 // header, a blank, the keys with one above
		g.paneH = max(11, min(h*36/100, 19))
		g.exW = min(w-g.textW-6, 10+2*maxGap+2*12)
		g.paneH = max(7, min(g.paneH, body-text.needs(g.textW)))
		if body-g.paneH < 12 {
			g.paneH = max(8, body-12)
		}
		g.textH = body - g.paneH
		g.exH = g.textH
		return g
	}
	g.exW = w
	body := h - 4 // header, a blank, the keys with a blank above
	g.paneH = max(6, min(h/4, 12))
	leastExchange := 7
	if text.told || text.hint.N > 0 {
		leastExchange = 5
	}
	most := body - g.paneH - leastExchange - 1
	kind := text.step.Kind
	fits := text.needs(g.textW) <= most+2
	g.full = l.reading && !fits && !(l.typing && text.told)
	if (kind == lessons.Read || kind == lessons.Quiz) && l.reading {
		g.full = true
	}
	if g.full {
		g.textH, g.exH, g.paneH = body, 0, 0
		return g
	}
	if kind == lessons.Watch {
		// It has been read; now it is about the exchange, as far as that has rows.
		most = min(most, max(3+(h-minHeight)/3, body-g.paneH-1-1-l.rows()))
	}
	g.textH = min(max(2, len(text.folded(g.textW, most))), most)
	g.exH = body - g.paneH - g.textH - 1
	return g
}

// lessonScreen is the whole screen of a lesson, and the place of the cursor; x
// is -1 if there is none.
func lessonScreen(l *lesson, th *theme, p *pages, w, h int) (rows []string, x, y int) {
	text, in := l.text(th, p), l.in(th)
	g := newLayout(w, h, l, text)
	x = -1
	rows = append(rows, header(l, th, w), faultsRow(l.s.Faults(), th, w))
	switch {
	case g.full:
		line := l.line()
		if line.show && line.focus { // what is typed has to be seen
			g.textH -= 2
		}
		for _, r := range text.column(g.textW, g.textH) {
			rows = append(rows, "  "+r+blanks(w-g.textW-2))
		}
		if line.show && line.focus {
			rows = append(rows, plain(w))
			y = len(rows)
			var row string
			row, x = line.draw(th, 2, w)
			rows = append(rows, row)
		}
	case g.wide:
		below := pane(in, w, g.paneH)
		if n := min(spare(below), text.needs(g.textW)-g.textH); n > 0 { // the text needs it more
			g.paneH, g.textH, g.exH = g.paneH-n, g.textH+n, g.exH+n
			below = pane(in, w, g.paneH)
		}
		ex, ex1, ey1 := exchange(l, in, g)
		left := text.column(g.textW, g.textH)
		pad := w - g.textW - g.exW - 4 - 2
		for i := range left {
			rows = append(rows, "  "+left[i]+"  "+blanks(pad/2)+ex[i]+blanks(2+pad-pad/2))
		}
		if ex1 >= 0 {
			x, y = ex1+g.textW+4+pad/2, ey1+2
		}
		rows = append(rows, below...)
	default:
		for _, r := range fill(text.folded(g.textW, g.textH), g.textW, g.textH) {
			rows = append(rows, "  "+r+blanks(w-g.textW-2))
		}
		rows = append(rows, plain(w))
		ex, ex1, ey1 := exchange(l, in, g)
		if ex1 >= 0 {
			x, y = ex1, ey1+len(rows)
		}
		rows = append(rows, ex...)
		rows = append(rows, pane(in, w, g.paneH)...)
	}
	rows = append(rows, plain(w), keyBar(th, w, l.bar(in, g)))
	return fill(rows, w, h), x, y
}

// spare is how many rows at the end of a block are blank.
func spare(rows []string) int {
	n := 0
	for n < len(rows) && strings.TrimSpace(rows[len(rows)-1-n]) == "" {
		n++
	}
	return n
}

// exchange is the ladder, the transcript, or the conversation while typing.
func exchange(l *lesson, in *in, g layout) (rows []string, x, y int) {
	if l.s.Step().Kind == lessons.Type {
		if !l.plain {
			return dialogue(in, l.driven(), l.line(), g.exW, g.exH)
		}
		rows = ladder(in, g.exW, g.exH-2, g.wide)
		line, x := l.line(), -1
		if !line.show {
			return append(rows, plain(g.exW), plain(g.exW)), -1, 0
		}
		row, x := line.draw(in.th, 2, g.exW)
		return append(rows, plain(g.exW), row), x, g.exH - 1
	}
	if line := l.line(); line.show { // a fault is written
		rows = ladder(in, g.exW, g.exH-2, g.wide)
		row, x := line.draw(in.th, 2, g.exW)
		return append(rows, plain(g.exW), row), x, g.exH - 1
	}
	if l.plain {
		return transcript(in, g.exW, g.exH), -1, 0
	}
	return ladder(in, g.exW, g.exH, g.wide), -1, 0
}

// header is the first row: the lesson, and how far it is.
func header(l *lesson, th *theme, w int) string {
	row := newLine(w)
	n, of := l.s.Index()+1, len(l.s.Lesson().Steps)
	bar := of
	if of > 24 { // too long for a mark each
		bar = 0
	}
	step := fmt.Sprintf("step %d of %d", n, of)
	right := cells(step) + 2 + bar
	row.to(th, 2).put(th.mid, "helo").to(th, 8)
	row.put(th.strong, cut(explain.Visible([]byte(l.s.Lesson().Title)), w-8-right-4))
	if eyes := eyesName(l.by, w-2-right-2-row.at-3); eyes != "" {
		row.to(th, row.at+3).put(th.ask, eyes)
	}
	row.to(th, w-2-right).put(th.mid, step).to(th, w-2-bar)
	if bar > 0 {
		stepBar(row, th, th.accent, n, of, stepResults(l.s))
	}
	return row.end(th)
}

// faultsRow says which faults there are in the run, as one of them may never
// fire; it is blank if there is none.
func faultsRow(faults []string, th *theme, w int) string {
	text := ""
	if len(faults) > 0 {
		text = "✗ fault: " + explain.Visible([]byte(strings.Join(faults, ", ")))
	}
	return newLine(w).right(th, th.fail, cut(text, w-4), w-2).end(th)
}
