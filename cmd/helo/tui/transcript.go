package tui

// The transcript: the same rows as lines of text, in full.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// letterShown is how many lines of a letter a transcript shows unless the
// cursor is on it.
const letterShown = 4

// transcript draws as many rows as there is room for around the cursor.
func transcript(in *in, w, h int) []string {
	ids := 3
	for _, host := range in.t.Hosts[min(1, len(in.t.Hosts)):] {
		ids = max(ids, cells(explain.Visible([]byte(host.ID))))
	}
	ids = min(ids, 16)
	at := max(in.cursor, 0)
	if in.n == 0 {
		return fill(nil, w, h)
	}
	rows := transcriptRow(in, at, ids, w)
	if len(rows) > h && h > 1 { // tab leads through the lines, and what is shown follows
		from := max(0, min(transcriptLine(in, ids, w)-h/2, len(rows)-h+1))
		more := "… the end; tab goes on from the beginning"
		if n := len(rows) - from - h + 1; n > 0 {
			more = fmt.Sprintf("… %d more lines, tab leads there", n)
		}
		rows = append(slices.Clone(rows[from:from+h-1]), newLine(w).right(in.th, in.th.mid, more, w-2).end(in.th))
	}
	rows = fill2(rows, h)
	// Two thirds of the room are for what came before, if so much did.
	before := at - 1
	for ; before >= 0 && len(rows) < h*2/3; before-- {
		rows = append(transcriptRow(in, before, ids, w), rows...)
	}
	for i := at + 1; i < in.n && len(rows) < h; i++ {
		rows = append(rows, transcriptRow(in, i, ids, w)...)
	}
	for ; before >= 0 && len(rows) < h; before-- {
		rows = append(transcriptRow(in, before, ids, w), rows...)
	}
	if at == in.n-1 && len(rows) > h {
		rows = rows[len(rows)-h:]
	}
	return fill(rows, w, h)
}

// fill2 shortens a block to at most h rows.
func fill2(rows []string, h int) []string { return rows[:min(len(rows), max(h, 0))] }

// transcriptRow is one row of the trace, in one or more lines.
func transcriptRow(in *in, i, ids, w int) []string {
	pos := in.rows.At(i).Pos
	e := in.t.At(pos)
	a := arrowOf(in, i)
	id := func(h trace.HostID) string {
		return cut(explain.Visible([]byte(in.t.Host(h).ID)), ids)
	}
	left, arrow, right := id(a.from), " ", ""
	asked := in.asked && i == in.n-1
	switch {
	case in.hidesWho(i):
		left = ""
	case asked && a.from == a.to: // that it asks the name servers would be an answer
	case e.Kind == trace.Question:
		arrow, right = "▶", "DNS"
	case e.Kind == trace.Answer:
		arrow, right = "◀", "DNS"
	case a.from < a.to:
		arrow, right = "▶", id(a.to)
	case a.from > a.to:
		left, arrow, right = id(a.to), "◀", id(a.from)
	}
	text := a.text
	var more []string
	if !asked {
		text, more = transcriptText(in, i, text)
	}
	timeWidth := cells(clock(in.latest()))
	l := newLine(w)
	l.band = i == in.cursor
	l.to(in.th, 1).put(in.time(i), pad(clock(e.At), timeWidth)).to(in.th, timeWidth+3)
	l.put(in.th.mid, left).to(in.th, timeWidth+4+ids).put(a.ink, arrow)
	l.to(in.th, timeWidth+6+ids).put(in.th.mid, right)
	col := transcriptColumn(in, ids)
	wall := ""
	if !asked && inPipe(in, i, e.Conn) {
		wall = "║"
	}
	l.to(in.th, col-2).put(in.th.wall, wall).to(in.th, col).put(a.ink, text)
	out := []string{l.end(in.th)}
	for _, m := range more {
		for _, piece := range pieces(m, w-col-2) {
			l := newLine(w)
			l.band = i == in.cursor
			l.to(in.th, col-2).put(in.th.wall, wall)
			out = append(out, l.to(in.th, col).put(a.ink, piece).end(in.th))
		}
	}
	return out
}

// transcriptColumn is where the text of a row begins.
func transcriptColumn(in *in, ids int) int { return cells(clock(in.latest())) + 8 + 2*ids }

// pieces is a line in as many as it takes.
func pieces(line string, w int) []string {
	return strings.Split(ansi.Wrap(line, max(w, 1), ""), "\n")
}

// transcriptLine is where in the rows of the cursor's event the chosen part is.
func transcriptLine(in *in, ids, w int) int {
	if in.part < 0 || in.part >= len(in.x.Parts) {
		return 0
	}
	col := transcriptColumn(in, ids)
	_, more := transcriptText(in, in.cursor, "")
	at := 0
	for i := range min(len(more), bytes.Count(in.x.Octets[:in.x.Parts[in.part].Start], []byte("\r\n"))+1) {
		at += len(pieces(more[i], w-col-2))
	}
	return at
}

// transcriptText is what a row says in full: every line of a reply, the first
// lines of a letter, all of them under the cursor.
func transcriptText(in *in, i int, short string) (string, []string) {
	pos := in.rows.At(i).Pos
	e := in.t.At(pos)
	switch in.by.Sight(in.t, pos) {
	case explain.Sealed:
		return "▒▒ " + short, nil
	case explain.Unseen:
		return short, nil
	}
	octets := bytes.TrimSuffix(in.octets(e), []byte("\r\n"))
	switch e.Kind {
	case trace.Reply:
		lines := visibleLines(octets, 100)
		if e.Code >= 400 {
			lines[0] = "✗ " + lines[0]
		}
		return lines[0], lines[1:]
	case trace.Letter:
		n := letterShown
		if i == in.cursor {
			n = 40
		}
		lines := visibleLines(octets, n+2)
		if len(lines) > n+1 {
			all := bytes.Count(octets, []byte("\r\n")) + 1
			lines = append(lines[:n], fmt.Sprintf("… %d more lines", all-n-1))
			if e.Verb == smtp.EndOfData && e.Flags&trace.Cut == 0 {
				lines = append(lines, ".")
			}
		}
		return short, lines
	case trace.Composed:
		n := letterShown
		if i == in.cursor {
			n = 40
		}
		lines := visibleLines(octets, n+1)
		if len(lines) > n {
			all := bytes.Count(octets, []byte("\r\n")) + 1
			lines = append(lines[:n], fmt.Sprintf("… %d more lines", all-n))
		}
		return short, lines
	case trace.Added:
		return short, visibleLines(octets, 12)
	}
	return short, nil
}

// visibleLines is octets line by line, at most n of them, safe to show.
func visibleLines(octets []byte, n int) []string {
	var out []string
	for len(out) < n {
		row, rest, more := bytes.Cut(octets, []byte("\r\n"))
		out = append(out, explain.Visible(row))
		if octets = rest; !more {
			break
		}
	}
	return out
}
