package tui

// The explanation of the event under the cursor: its octets, what they mean,
// what changed, and why it came.

import (
	"fmt"
	"strings"

	"helo/sim/explain"
	"helo/sim/trace"
)

// paneIndent is where the explanation's text begins.
const paneIndent = 4

// rule is the line above the explanation, with whose doing it is and where the
// rules for it stand.
func rule(th *theme, w int, title, rfc string) string {
	l := newLine(w)
	l.to(th, 2)
	end := w - 2
	if title == "" {
		return l.put(th.lane, dashes(end-2)).end(th)
	}
	title = cut(title, end-10)
	l.put(th.lane, "── ").put(th.text, title).put(th.lane, " ")
	if n := end - l.at - cells(rfc) - 5; rfc != "" && n > 2 {
		l.put(th.lane, dashes(n)+" ").put(th.mid, rfc).put(th.lane, " ")
	}
	return l.put(th.lane, dashes(end-l.at)).end(th)
}

// rfcList joins references; sections of one document share its number.
func rfcList(refs []string, w int) string {
	out, doc := "", ""
	for i, ref := range refs {
		d, section, ok := strings.Cut(ref, " §")
		next := ref
		if i > 0 {
			next = out + ", " + ref
			if ok && d == doc {
				next = out + ", §" + section
			}
		}
		if i > 0 && cells(next) > w {
			break
		}
		out, doc = next, d
	}
	return out
}

// pane draws the explanation into w by h cells, its rule included.
func pane(in *in, w, h int) []string {
	th := in.th
	title, rfc := "", ""
	if in.xPos != trace.NoPos {
		title, rfc = in.x.Title, rfcList(in.x.RFC, w/2)
		if in.mine && in.t.At(in.xPos).Kind != trace.Letter {
			title = "your line"
		}
	}
	out := []string{rule(th, w, title, rfc)}
	if in.xPos == trace.NoPos {
		return fill(out, w, h)
	}
	room := h - 1
	roomy := room >= 9
	if roomy {
		out, room = append(out, plain(w)), room-1
	}
	means := len(wrap(in.x.Means, min(w-2*paneIndent, 110)))
	spare := room - min(2, len(in.x.Octets)) - means
	whole := tailRows(in, w)
	tail := lastRows(whole, in.x.Because != "", max(1, min(spare, room-3)))
	octetRoom := 2
	if room-len(tail) >= 5 {
		octetRoom = max(3, room/2-2)
	}
	var oct []string
	if roomy || !in.x.Binary || in.part >= 0 { // else there is only room for what the octets say
		oct = octetBlock(in, w, min(octetRoom, room-len(tail)))
	}
	out, room = append(out, oct...), room-len(oct)
	air := 0 // below the octets
	if roomy && len(oct) > 0 {
		air = 1
	}
	wide := w >= 150 && room-air >= 8
	if wide || room-air >= means+len(tail) {
		out, room = fill(out, w, len(out)+air), room-air
	}
	if wide {
		return fill(append(out, wideText(in, w, room)...), w, h)
	}
	if in.part < 0 || room > 3 { // the sentence is shown: its words come before the tail's
		tail = lastRows(whole, in.x.Because != "", max(0, min(len(tail), room-means)))
	}
	above := 0 // air above the tail
	if len(tail) > 0 && room-len(tail) > 2 && (roomy || !in.x.Binary) {
		above = 1
	}
	text, all := proseRows(in, w, room-len(tail)-above, true)
	if !all { // without air more can be said
		text, _ = proseRows(in, w, room-len(tail)-above, false)
	}
	if above > 0 {
		text = append(text, plain(w))
	}
	return fill(append(append(out, text...), tail...), w, h)
}

// octetBlock draws the octets into at most room rows.
func octetBlock(in *in, w, room int) []string {
	x := &in.x
	if len(x.Octets) == 0 || room < 1 {
		return nil
	}
	lines := octetLines(x, w-2*paneIndent)
	at := 0
	if most := in.foremost(); most < len(x.Parts) {
		for i, ol := range lines {
			if p := x.Parts[most]; p.Start >= ol.start && p.Start < ol.end {
				at = i
			}
		}
	}
	under := bracketRows(in, brackets(in, lines[at], false, false), paneIndent, w, max(1, min(3, room-len(lines))))
	if room > len(under)+1 {
		under = append(under, bracketRows(in, brackets(in, lines[at], true, w >= 150), paneIndent, w, max(1, min(2, room-1-len(under))))...)
	}
	under = under[:min(len(under), room-1)]
	n := min(len(lines), room-len(under))
	first := max(0, min(at-n/2, len(lines)-n))
	var out []string
	for i := first; i < first+n; i++ {
		out = append(out, octetRow(in, lines[i], paneIndent, w))
		if i == at {
			out = append(out, under...)
		}
	}
	if n < len(lines) {
		note := newLine(w)
		text := fmt.Sprintf("line %d of %d", at+1, len(lines))
		last := out[len(out)-1]
		if body := cells(strings.TrimRight(stripped(last), " ")); body+cells(text)+6 < w {
			note.raw(cutStyled(last, body), body)
			out[len(out)-1] = note.right(in.th, in.th.mid, text, w-paneIndent).end(in.th)
		}
	}
	return out
}

// sentence is a part's name and meaning.
type sentence struct {
	name, text string
	chosen     bool
	broken     bool
}

// sentences are what the parts mean, the foremost one first and then those after
// it.
func sentences(in *in) []sentence {
	var out []sentence
	n := len(in.x.Parts)
	first := in.foremost()
	for k := range n {
		j := (first + k) % n
		p := in.x.Parts[j]
		if p.Meaning == "" {
			continue
		}
		s := sentence{name: p.Name, text: p.Meaning, chosen: j == in.part, broken: p.Broken}
		if p.RFC != "" {
			s.text += "   " + p.RFC
		}
		out = append(out, s)
	}
	return out
}

// sentenceRows draws sentences into at most room rows, wrapped; one that does
// not fit whole is left out with those behind it, unless it is the first. all
// says whether none is.
func sentenceRows(in *in, w, room int) (out []string, all bool) {
	list := sentences(in)
	nameWidth := 0
	for _, s := range list {
		nameWidth = max(nameWidth, cells(s.name))
	}
	for i, s := range list {
		text, ref, _ := strings.Cut(s.text, "   ")
		rows := wrap(text, w-nameWidth-3)
		if len(rows) == 0 {
			continue
		}
		if len(out)+len(rows) > room && (i > 0 || room < 1) {
			return out, false
		}
		for j, row := range rows {
			l := newLine(w)
			if j == 0 {
				k := in.th.mid
				switch {
				case s.chosen:
					k = in.th.ask
				case s.broken:
					k = in.th.fail
				}
				l.put(k, s.name)
			}
			l.to(in.th, nameWidth+3).put(in.th.text, row)
			if j == len(rows)-1 && ref != "" && l.at+3+cells(ref) <= w {
				l.to(in.th, l.at+3).put(in.th.faint, ref)
			}
			out = append(out, l.end(in.th))
		}
	}
	return out[:min(len(out), max(room, 0))], len(out) <= room
}

// proseRows is what the event means and what its parts mean, in at most room
// rows, and whether that is all. In a small pane the chosen part takes the
// place of the whole.
func proseRows(in *in, w, room int, air bool) (out []string, all bool) {
	if room <= 0 {
		return nil, false
	}
	inner := w - 2*paneIndent
	if room > 3 || in.part < 0 {
		means := wrap(in.x.Means, min(inner, 110))
		if len(means) > room {
			means = means[:room]
			means[room-1] = cut(means[room-1]+" …", min(inner, 110))
		}
		for _, row := range means {
			l := newLine(w)
			out = append(out, l.to(in.th, paneIndent).put(in.th.text, row).end(in.th))
		}
	}
	out = out[:min(len(out), room)]
	room -= len(out)
	gap := air && len(out) > 0 && room > 1 && len(in.x.Parts) > 0
	if gap {
		room--
	}
	rows, all := sentenceRows(in, inner, room)
	if gap && len(rows) > 0 {
		out = append(out, plain(w))
	}
	for _, row := range rows {
		out = append(out, blanks(paneIndent)+row+blanks(paneIndent))
	}
	return out, all
}

// tailRows are the state changes and the cause.
func tailRows(in *in, w int) []string {
	th := in.th
	var out []string
	name, change := 0, 0
	for _, s := range in.x.States {
		name = max(name, cells(hostTitle(in.t, s.Host)))
		change = max(change, cells(changeText(s)))
	}
	for _, s := range in.x.States {
		l := newLine(w)
		l.to(th, paneIndent).put(th.mid, hostTitle(in.t, s.Host)).to(th, paneIndent+name+3)
		if s.From == s.To {
			l.put(th.text, s.To).put(th.mid, ", unchanged")
		} else {
			l.put(th.mid, s.From+" → ").put(th.text, s.To)
		}
		col := paneIndent + name + 3 + change + 3
		if s.Note != "" && w-paneIndent-col >= cells(s.Note) {
			l.to(th, col).put(th.faint, s.Note)
		}
		out = append(out, l.end(th))
	}
	if in.x.Because == "" {
		return out
	}
	l := newLine(w)
	l.to(th, paneIndent).put(th.mid, "because").to(th, paneIndent+max(name+3, 10))
	go_ := 0
	if in.x.Cause != trace.NoPos && !in.types {
		go_ = cells("w go there") + 3
	}
	l.put(th.text, cut(in.x.Because, w-paneIndent-l.at-go_))
	if go_ > 0 {
		l.to(th, l.at+3).put(th.accent, "w").put(th.mid, " go there")
	}
	return append(out, l.end(th))
}

// lastRows shortens the tail to n rows: the last state says most, then the
// cause.
func lastRows(tail []string, because bool, n int) []string {
	switch {
	case len(tail) <= n:
		return tail
	case n == 1 && because && len(tail) > 1:
		return tail[len(tail)-2 : len(tail)-1]
	}
	return tail[len(tail)-n:]
}

func changeText(s explain.StateChange) string {
	if s.From == s.To {
		return s.To + ", unchanged"
	}
	return s.From + " → " + s.To
}

// wideText uses a wide pane: what the event means and changed on the left, what
// its parts mean on the right.
func wideText(in *in, w, room int) []string {
	left := (w - 3*paneIndent) * 9 / 20
	right := w - 3*paneIndent - left
	parts, _ := sentenceRows(in, right, room)
	if len(parts) == 0 {
		return proseRowsWide(in, w, room)
	}
	var main []string
	for _, row := range wrap(in.x.Means, left) {
		l := newLine(left)
		main = append(main, l.put(in.th.text, row).end(in.th))
	}
	if len(main) > 0 {
		main = append(main, plain(left))
	}
	for _, row := range tailRows(in, left+2*paneIndent) {
		main = append(main, cutStyledFrom(row, paneIndent, left))
	}
	n := min(room, max(len(parts), len(main)))
	parts, main = fill(parts, right, n), fill(main, left, n)
	out := make([]string, n)
	for i := range out {
		out[i] = blanks(paneIndent) + main[i] + blanks(paneIndent) + parts[i] + blanks(paneIndent)
	}
	return out
}

// proseRowsWide is a wide pane of an event that has no parts.
func proseRowsWide(in *in, w, room int) []string {
	out, _ := proseRows(in, w, room, true)
	if tail := tailRows(in, w); len(tail) > 0 {
		out = append(append(out, plain(w)), tail...)
	}
	return out
}
