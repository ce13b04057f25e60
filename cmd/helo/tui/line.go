package tui

// Rows of exactly so many cells. Everything on the screen is built of them and
// joined; nothing is measured or wrapped a second time, which is what makes a
// frame cheap.

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// line is one row of the screen while it is written, from left to right.
type line struct {
	b     strings.Builder
	width int  // cells it will have
	at    int  // cells it has
	band  bool // it is the selected row
}

// newLine begins a row of width cells.
func newLine(width int) *line {
	l := &line{width: width}
	l.b.Grow(width + 96)
	return l
}

// cells is the width of a text without styles.
func cells(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] < ' ' {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// cut shortens a text without styles to at most n cells; what it loses is
// marked by an ellipsis.
func cut(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if cells(s) <= n {
		return s
	}
	return strings.TrimRight(ansi.Truncate(s, n-1, ""), " ") + "…"
}

// put writes text, cut to the room that is left.
func (l *line) put(k ink, s string) *line {
	w := cells(s)
	if w > l.width-l.at {
		s = cut(s, l.width-l.at)
		w = cells(s)
	}
	if w == 0 {
		return l
	}
	on := k.on
	if l.band {
		on = k.onBand
	}
	if on == "" {
		l.b.WriteString(s)
	} else {
		l.b.WriteString(on)
		l.b.WriteString(s)
		l.b.WriteString(inkOff)
	}
	l.at += w
	return l
}

// to moves on to a column, over blanks. It never moves back.
func (l *line) to(t *theme, col int) *line {
	col = min(col, l.width)
	if n := col - l.at; n > 0 {
		l.put(t.text, blanks(n))
	}
	return l
}

// right writes text so that it ends at column end, if there is room.
func (l *line) right(t *theme, k ink, s string, end int) *line {
	if w := cells(s); end-w >= l.at {
		l.to(t, end-w).put(k, s)
	}
	return l
}

// raw writes a styled text of w cells as it is.
func (l *line) raw(s string, w int) *line {
	if w <= l.width-l.at {
		l.b.WriteString(s)
		l.at += w
	}
	return l
}

// end fills the row up and returns it.
func (l *line) end(t *theme) string {
	l.to(t, l.width)
	return l.b.String()
}

const manyBlanks = "                                                                                                                                "

func blanks(n int) string {
	if n <= len(manyBlanks) {
		return manyBlanks[:max(n, 0)]
	}
	return strings.Repeat(" ", n)
}

const manyDashes = "────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────"

func dashes(n int) string {
	if n <= 0 {
		return ""
	}
	if n*len("─") <= len(manyDashes) {
		return manyDashes[:n*len("─")]
	}
	return strings.Repeat("─", n)
}

// wrap breaks a text without styles into lines of at most n cells, at spaces;
// a word that is longer is broken where it must be.
func wrap(s string, n int) []string {
	if n <= 0 || s == "" {
		return nil
	}
	var out []string
	row, w := "", 0
	for _, word := range strings.Fields(s) {
		for {
			ww := cells(word)
			if w > 0 && w+1+ww <= n {
				row, w = row+" "+word, w+1+ww
				break
			}
			if w > 0 {
				out, row, w = append(out, row), "", 0
			}
			if ww <= n {
				row, w = word, ww
				break
			}
			head := ansi.Truncate(word, n, "")
			if head == "" { // a character wider than the column
				return append(out, "…")
			}
			out, word = append(out, head), word[len(head):]
		}
	}
	if w > 0 {
		out = append(out, row)
	}
	return out
}

// plain is a row of blanks.
func plain(n int) string { return blanks(n) }

// fill makes a block of rows exactly h high.
func fill(rows []string, width, h int) []string {
	if len(rows) > h {
		return rows[:max(h, 0)]
	}
	for len(rows) < h {
		rows = append(rows, plain(width))
	}
	return rows
}

// stripped is a styled row without its styles.
func stripped(s string) string { return ansi.Strip(s) }

// cutStyled is the first n cells of a styled row.
func cutStyled(s string, n int) string { return ansi.Cut(s, 0, n) + inkOff }

// cutStyledFrom is n cells of a styled row, from the given column on.
func cutStyledFrom(s string, from, n int) string { return ansi.Cut(s, from, from+n) + inkOff }
