package tui

// How the base64 bench looks, and how it is opened.

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/sim/explain"
	"helo/sim/trace"
)

// box is the bench as an overlay.
func (b *bench) box(put bool) *overlay {
	o := &overlay{title: "Base64 bench", bench: b}
	o.rows = func(th *theme, w, h int) []string {
		var out []string
		out, o.x, o.y = b.draw(th, min(w, 100), h)
		return out
	}
	if put {
		o.keys = append(o.keys, barKey{keyPut, "", "put it into your line"})
	}
	o.keys = append(o.keys, barKey{keyTurn, "", "the other way"}, barKey{keyClose, "esc", "close"})
	return o
}

// benchKey handles a key while the bench is on top, and says whether it is to be
// closed.
func (m *model) benchKey(b *bench, msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, keyPut):
		octets, _ := b.octets()
		return m.lesson != nil && m.lesson.putIn(b.base64(), len(octets) > 0)
	case key.Matches(msg, keyTurn):
		b.turn()
	case key.Matches(msg, keyLook):
		return true
	default:
		b.edit(msg)
	}
	return false
}

// toggleBench opens the bench, or closes it where it is on top.
func (m *model) toggleBench() {
	switch n := len(m.overlays); {
	case n == 0:
		m.openBench()
	case m.overlays[n-1].bench != nil:
		m.overlays = m.overlays[:n-1]
	}
}

// openBench opens the bench, with the base64 on it that the learner is looking
// at, if there is any.
func (m *model) openBench() {
	if m.bench == nil {
		m.bench = newBench()
	}
	put := false
	if l := m.lesson; l != nil {
		put = l.typing && l.s.Asking()
		l.playing = false
		switch code, from, ok := l.lookedAt(l.in(m.th)); {
		case ok && (code != m.bench.base64() || !l.typing && from != m.bench.from):
			m.bench.take(code, from)
		case !ok && put && m.bench.decode: // whoever types a line wants base64, and has none
			m.bench.clear()
		}
	}
	m.overlays = append(m.overlays, m.bench.box(put))
}

// lookedAt is the base64 in the line that is typed, or in the row under the
// cursor, and where it comes from. While a line is typed, words that are not
// whole base64 are none: they are what is yet to become it.
func (l *lesson) lookedAt(in *in) (code, from string, ok bool) {
	if l.typing && l.input.Value() != "" {
		code = responseAt(l.input.Value(), l.input.Position())
		return code, "It is from the line that you are typing.", l.s.Asking() && !l.s.InLetter() && isWhole(code)
	}
	row := l.cursor
	if in.asked && row == in.n-1 {
		row--
	}
	pos := in.xPos
	if pos == trace.NoPos {
		if row < 0 || row >= in.n {
			return "", "", false
		}
		pos = in.rows.At(row).Pos
	}
	if code, ok = responseIn(in.t, pos); !ok || l.typing && !isWhole(code) {
		return "", "", false
	}
	e := in.t.At(pos)
	who := hostTitle(in.t, e.Host)
	if e.Flags&trace.Inside != 0 {
		return code, who + " said it inside TLS: nobody on the way can read it.", true
	}
	return code, who + " said it in clear: anybody on the way can read it, too.", true
}

// putIn puts base64 into the line that is typed, at the cursor.
func (l *lesson) putIn(code string, some bool) bool {
	if !l.typing || !l.s.Asking() || !some {
		return false
	}
	value, at := []rune(l.input.Value()), l.input.Position()
	if at > 0 && value[at-1] != ' ' {
		code = " " + code
	}
	l.input.SetValue(string(value[:at]) + code + string(value[at:]))
	l.input.SetCursor(at + len(code))
	l.recall = 0
	return true
}

// talksOfLogins says whether the bench is of use in the step, or for the row
// under the cursor.
func (l *lesson) talksOfLogins(in *in) bool {
	if _, _, ok := l.lookedAt(in); ok {
		return true
	}
	for _, line := range l.s.Step().Solution {
		if strings.HasPrefix(line, "AUTH ") {
			return true
		}
	}
	return strings.HasPrefix(strings.ToUpper(l.input.Value()), "AUTH")
}

const (
	benchLabel = 8  // cells before the sides
	benchCount = 17 // cells behind them
	groupCells = 10 // of 3 octets, with the gap behind them
)

// draw draws the bench into rows of w cells, at most h of them, and returns the
// place of the cursor.
func (b *bench) draw(th *theme, w, h int) (rows []string, x, y int) {
	octets, _ := b.octets()
	code := b.base64()
	side := func(name, value, count string, typed bool) {
		l := newLine(w)
		if !typed {
			l.put(th.mid, name).to(th, benchLabel+2).put(th.text, cut(value, w-benchLabel-2-benchCount))
		} else {
			in := lineIn{show: true, focus: true, value: []rune(b.side().Value()), cursor: b.side().Position()}
			row, at := in.draw(th, 0, w-benchLabel-benchCount)
			l.put(th.ask, name).to(th, benchLabel).raw(row, w-benchLabel-benchCount)
			x, y = benchLabel+at, len(rows)
		}
		rows = append(rows, l.right(th, th.mid, count, w).end(th))
	}
	side("text", textOf(octets), plural(len(octets), "octet", "octets"), !b.decode)
	howNUL := newLine(w)
	if !b.decode {
		howNUL.to(th, benchLabel+2).put(th.mid, `\0, or ctrl+space, makes a NUL; it is shown as `+nul)
	}
	rows = append(rows, howNUL.end(th))

	var notes []string
	for _, text := range []string{b.says(), b.from, "No key is needed, in either direction: base64 hides nothing."} {
		if text == "" {
			continue
		}
		k := th.text
		if strings.HasPrefix(text, "✗") {
			k = th.fail
		}
		for _, r := range wrap(text, w) {
			notes = append(notes, newLine(w).put(k, r).end(th))
		}
	}
	bits := b.bits(th, w, octets)
	room := h - len(rows) - 2 - len(notes)
	if room-len(bits) < 8 { // two rows of groups are of more use
		bits = nil
	}
	rows = append(rows, groups(th, w, max(1, (room-len(bits))/4), octets)...)
	rows = append(rows, bits...)
	side("base64", explain.Visible([]byte(code)), plural(utf8.RuneCountInString(code), "character", "characters"), b.decode)
	rows = append(rows, plain(w))
	return append(rows, notes...), x, y
}

// groups draws octets in groups of three: as text, in hexadecimal digits, and
// the four characters that each group becomes. Of more than most rows it draws
// the last ones.
func groups(th *theme, w, most int, octets []byte) []string {
	if len(octets) == 0 {
		return nil
	}
	per := max(1, (w-benchLabel-2+2)/groupCells) * 3
	n := (len(octets) + per - 1) / per
	first := max(0, n-most)
	faces := faces(octets)
	var out []string
	for i := first; i < n; i++ {
		text, hex, code := newLine(w), newLine(w), newLine(w)
		label := ""
		if i == first && first > 0 {
			label = fmt.Sprintf("… %d", first*per)
		}
		text.put(th.mid, label)
		hex.put(th.mid, "octets")
		for at := i * per; at < min(len(octets), (i+1)*per); at++ {
			col := benchLabel + 2 + (at%per)/3*groupCells + at%3*3
			text.to(th, col).put(th.text, faces[at])
			hex.to(th, col).put(th.mid, fmt.Sprintf("%02x", octets[at]))
		}
		for at := i * per; at < min(len(octets), (i+1)*per); at += 3 {
			four := encoded(octets[at:min(at+3, len(octets))])
			col := benchLabel + 2 + (at%per)/3*groupCells
			for j, c := range four {
				k := th.accent
				if c == '=' {
					k = th.mid
				}
				code.to(th, col+2*j).put(k, string(c))
			}
		}
		out = append(out, text.end(th), hex.end(th), code.end(th), plain(w))
	}
	return out
}

// faces is what stands above each octet: its character if that is narrow
// enough, and nothing above the later octets of one.
func faces(octets []byte) []string {
	out := make([]string, len(octets))
	for i := 0; i < len(octets); {
		_, n := utf8.DecodeRune(octets[i:])
		face := textOf(octets[i : i+n])
		if cells(face) > 2 || cells(face) == 0 {
			face = "·"
		}
		out[i] = face
		i += n
	}
	return out
}

// bits shows how the last group is cut anew: 3 times 8 bits are 4 times 6.
func (b *bench) bits(th *theme, w int, octets []byte) []string {
	if len(octets) == 0 {
		return nil
	}
	last := octets[(len(octets)-1)/3*3:]
	eight, six, chars := newLine(w), newLine(w), newLine(w)
	eight.put(th.mid, "8 bits").to(th, benchLabel+2)
	six.put(th.mid, "6 bits").to(th, benchLabel+2)
	var stream strings.Builder
	for _, o := range last {
		fmt.Fprintf(&stream, "%08b", o)
		eight.put(th.text, fmt.Sprintf("%08b   ", o))
	}
	for i, c := range encoded(last) {
		col := benchLabel + 2 + i*8
		from := min(i*6, stream.Len())
		part := stream.String()[from:min(from+6, stream.Len())]
		six.to(th, col).put(th.text, part)
		if part != "" {
			six.put(th.mid, strings.Repeat("0", 6-len(part)))
		}
		chars.to(th, col).put(th.accent, string(c))
	}
	return []string{
		newLine(w).put(th.mid, "The last group, bit by bit:").end(th), eight.end(th), six.end(th), chars.end(th), plain(w),
	}
}
