package tui

// Overlays: help, and questions before something is lost. They are the only
// boxes on the screen.

import (
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// overlay is a box over the screen. It gets all keys while it is on top.
type overlay struct {
	title string
	rows  func(th *theme, w, h int) []string // at most w cells wide
	keys  []barKey
	yes   func(m *model) tea.Cmd // on keyYes; nil: the box only closes
	since time.Time              // when it was opened
	first int                    // row shown first

	takes       func(m *model, msg tea.KeyPressMsg) (closed bool, cmd tea.Cmd) // it has keys of its own
	bench       *bench                                                         // it is the base64 bench, which has keys and a cursor of its own
	x, y        int                                                            // of the cursor in the rows
	left, above int                                                            // where the rows begin on the screen
}

// unread is how long nobody can have read a question. A y that comes sooner belongs
// to a line that missed the prompt, such as "Monday".
const unread = 400 * time.Millisecond

// key handles a key and says whether the box is to be closed.
func (o *overlay) key(m *model, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case o.bench != nil:
		return m.benchKey(o.bench, msg), nil
	case o.takes != nil:
		return o.takes(m, msg)
	case o.yes != nil && key.Matches(msg, keyYes) && m.o.Now().Sub(o.since) >= unread:
		return true, o.yes(m)
	case o.yes != nil: // a letter more, and what was typed is a line that missed the prompt: its y is no yes
		return key.Matches(msg, keyNo) || msg.Text != "", nil
	case key.Matches(msg, keyScrollU):
		o.first = max(0, o.first-1)
	case key.Matches(msg, keyScrollD):
		o.first++
	case key.Matches(msg, keyClose):
		return true, nil
	}
	return false, nil
}

// draw puts the box over the middle of a screen.
func (o *overlay) draw(th *theme, screen []string, w, h int) []string {
	body := o.rows(th, w-6, h-4)
	room := h - 4
	o.first = max(0, min(o.first, len(body)-room))
	shown := body[o.first:min(len(body), o.first+room)]
	inner := 0
	for _, r := range body {
		inner = max(inner, ansi.StringWidth(r))
	}
	inner = min(max(inner, keysWidth(o.keys), cells(o.title)+4), w-6)
	edge := func(s string) string { return th.mid.on + s + inkOff }
	title := cut(o.title, inner-2)
	box := []string{edge("╭─ ") + th.strong.on + title + inkOff + edge(" "+dashes(inner-cells(title)-1)+"╮")}
	add := func(r string) {
		n := ansi.StringWidth(r)
		if n > inner {
			r, n = cutStyled(r, inner), inner
		}
		box = append(box, edge("│")+" "+r+blanks(inner-n)+" "+edge("│"))
	}
	for _, r := range shown {
		add(r)
	}
	if o.first+room < len(body) || o.first > 0 {
		add(newLine(inner).right(th, th.accent, "↑ ↓ more", inner).end(th))
	}
	if len(o.keys) > 0 {
		if len(box)+3 < h {
			add("")
		}
		add(keyBar(th, inner+4, o.keys)[2:])
	}
	box = append(box, edge("╰"+dashes(inner+2)+"╯"))
	out := append([]string(nil), screen...)
	top, left := max(0, (h-len(box))/2), max(0, (w-inner-4)/2)
	o.left, o.above = left+2, top+1-o.first
	for i, r := range box {
		if y := top + i; y < len(out) {
			// Half a wide character on either side becomes a blank.
			before, behind := cutStyled(out[y], left), ansi.Cut(out[y], left+inner+4, w)
			before += blanks(left - ansi.StringWidth(before))
			behind = blanks(w-left-inner-4-ansi.StringWidth(behind)) + behind
			out[y] = before + r + inkOff + behind
		}
	}
	return out
}

func keysWidth(keys []barKey) int {
	n := 0
	for _, k := range keys {
		n += cells(k.name()) + 1 + cells(k.does) + 3
	}
	return max(0, n-3)
}

// question is a box that asks before something is lost.
func (m *model) question(title, text, does string, yes func(m *model) tea.Cmd) *overlay {
	return &overlay{since: m.o.Now(), title: title,
		rows: func(th *theme, w, _ int) []string {
			out := []string{""}
			for _, r := range wrap(text, min(w, 56)) {
				out = append(out, newLine(cells(r)).put(th.text, r).end(th))
			}
			return out
		},
		keys: []barKey{{keyYes, "", does}, {keyNo, "esc n", "leave it"}},
		yes:  yes,
	}
}

// helpBox shows every key.
func helpBox() *overlay { return keysBox(helpGroups) }

// keysBox shows groups of keys.
func keysBox(groups []helpGroup) *overlay {
	rows := func(th *theme, w, _ int) []string { return helpRows(th, w, groups) }
	return &overlay{title: "Keys", rows: rows, keys: []barKey{{keyClose, "", "close"}}}
}

// helpRows lays the groups of keys out in two columns, or in one.
func helpRows(th *theme, w int, groups []helpGroup) []string {
	const column, does = 36, 14
	var blocks [][]string
	half := min(2, len(groups)-1)
	for i, g := range groups {
		var rows []string
		if i > 0 && i != half { // that group begins the second column
			rows = append(rows, plain(column))
		}
		rows = append(rows, newLine(column).put(th.strong, g.title).end(th))
		for _, k := range g.rows {
			l := newLine(column)
			rows = append(rows, l.put(th.accent, k.show).to(th, does).put(th.mid, k.does).end(th))
		}
		blocks = append(blocks, rows)
	}
	left := slices.Concat(blocks[:half]...)
	right := slices.Concat(blocks[half:]...)
	if w < 2*column {
		return append(append(left, plain(column)), right...)
	}
	n := max(len(left), len(right))
	left, right = fill(left, column, n), fill(right, column, n)
	out := make([]string, n)
	for i := range out {
		out[i] = left[i] + "  " + right[i]
	}
	return out
}
