package explain

// The one way in which octets from outside reach a screen or a page. Nothing
// here lets through a character that moves the cursor, is not seen, reorders
// its neighbours or hides behind them.

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxMarks is how many combining marks may follow one character. Four is more
// than any living script needs, and too few to climb into the next line.
const maxMarks = 4

// Visible returns octets as text that is safe to print on one line and whose
// every character can be seen. One CRLF at the end is dropped: it is a line end
// and not content.
//
// Printable characters of any script stay as they are, a backslash too: a
// reader who must know whether `\x1b` was written or escaped looks at the
// octets. Shown otherwise are
//
//	\r \n \t            carriage return, line feed, tab
//	\x00 … \xff         other control characters of ASCII, and octets that are not UTF-8
//	\u{0085} \u{202e}   any other character that is no visible one: C1 controls,
//	                    bidirectional controls, zero-width and ignorable
//	                    characters, line separators, spaces but U+0020,
//	                    private, unassigned, and combining marks that have
//	                    nothing to stand on or are more than four
func Visible(octets []byte) string {
	if n := len(octets); n >= 2 && octets[n-2] == '\r' && octets[n-1] == '\n' {
		octets = octets[:n-2]
	}
	var b strings.Builder
	b.Grow(len(octets))
	marks := maxMarks
	for len(octets) > 0 {
		var n int
		n, marks = appendVisible(&b, octets, marks)
		octets = octets[n:]
	}
	return b.String()
}

// appendVisible writes the first character of octets and returns its length,
// and how many combining marks now follow their base. maxMarks or more means
// that a mark would have nothing to stand on.
func appendVisible(b *strings.Builder, octets []byte, marks int) (n, newMarks int) {
	const hex = "0123456789abcdef"
	c := octets[0]
	switch {
	case c >= ' ' && c <= '~':
		b.WriteByte(c)
		return 1, 0
	case c == '\r':
		b.WriteString(`\r`)
		return 1, maxMarks
	case c == '\n':
		b.WriteString(`\n`)
		return 1, maxMarks
	case c == '\t':
		b.WriteString(`\t`)
		return 1, maxMarks
	}
	r, n := utf8.DecodeRune(octets)
	switch {
	case c < utf8.RuneSelf, r == utf8.RuneError && n <= 1:
		b.WriteString(`\x`)
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
		return 1, maxMarks
	case seen(r) && !unicode.IsMark(r):
		b.WriteRune(r)
		return n, 0
	case seen(r) && marks < maxMarks:
		b.WriteRune(r)
		return n, marks + 1
	}
	b.WriteString(`\u{`)
	for shift := 28; shift >= 0; shift -= 4 {
		if shift < 16 || r>>shift != 0 { // four digits at least
			b.WriteByte(hex[r>>shift&15])
		}
	}
	b.WriteByte('}')
	return n, maxMarks
}

// seen says whether a character above ASCII leaves something to see where it
// stands. Characters that Unicode asks programs to ignore are not all of
// category Cf: Hangul fillers and variation selectors are letters and marks.
func seen(r rune) bool {
	return unicode.IsPrint(r) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		!unicode.Is(unicode.Variation_Selector, r)
}

// Shown is one stretch of octets as a line of text, with the cell at which each
// octet begins, so that brackets can be drawn under parts.
type Shown struct {
	Text string

	// Col has a column for each octet and one for the end: the octets from
	// start up to end take the cells from Col[start] up to Col[end]. Octets of
	// one character share its first cell.
	Col []int

	// Marks are the columns, from and up to, of the words CR and LF that stand
	// for carriage return and line feed. The spaces around them are not octets
	// and not in Marks; in Col they belong to the CR or the LF, in Cells to none.
	Marks [][2]int

	hex bool
}

// Cells returns the cells, from and up to, of the octets from start up to end,
// without spaces that are no octets: where to draw a bracket.
func (s Shown) Cells(start, end int) (from, to int) {
	from, to = s.Col[start], s.Col[end]
	if s.hex && start < end && end < len(s.Col)-1 {
		to--
	}
	for _, m := range s.Marks {
		if start < end && m[0] == from+1 {
			from++
		}
		if start < end && m[1] == to-1 {
			to--
		}
	}
	return from, to
}

// Width returns the number of cells of the text.
func (s Shown) Width() int { return s.Col[len(s.Col)-1] }

// Show returns octets as [Visible] does, except that CR and LF, wherever they
// are, stand as the words CR and LF with a space around them: `QUIT CR LF`.
// For octets of more than one line, show each line by itself.
func Show(octets []byte) Shown {
	var b strings.Builder
	b.Grow(len(octets) + 8)
	at := make([]int, len(octets)+1) // where in the text an octet begins, in bytes
	var marks [][2]int               // likewise
	following := maxMarks            // combining marks
	for i := 0; i < len(octets); {
		at[i] = b.Len()
		if c := octets[i]; c == '\r' || c == '\n' {
			if b.Len() > 0 && (i == 0 || octets[i-1] != '\r' && octets[i-1] != '\n') {
				b.WriteByte(' ')
			}
			from := b.Len()
			if c == '\r' {
				b.WriteString("CR")
			} else {
				b.WriteString("LF")
			}
			marks = append(marks, [2]int{from, b.Len()})
			if i+1 < len(octets) {
				b.WriteByte(' ')
			}
			following = maxMarks
			i++
			continue
		}
		var n int
		start := b.Len()
		n, following = appendVisible(&b, octets[i:], following)
		for k := 1; k < n; k++ {
			at[i+k] = start
		}
		i += n
	}
	text := b.String()
	at[len(octets)] = len(text)
	s := Shown{Text: text, Col: at, Marks: marks}
	s.toColumns()
	return s
}

// Hex returns octets that are no text, such as a DNS message, as two digits
// each with a space between. It has no marks.
func Hex(octets []byte) Shown {
	const hex = "0123456789abcdef"
	s := Shown{Col: make([]int, len(octets)+1), hex: true}
	var b strings.Builder
	for i, c := range octets {
		if i > 0 {
			b.WriteByte(' ')
		}
		s.Col[i] = b.Len()
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	s.Text = b.String()
	s.Col[len(octets)] = len(s.Text)
	return s
}

// toColumns turns the offsets in Col and Marks into columns, as a terminal that
// draws grapheme clusters counts them.
func (s *Shown) toColumns() {
	col := make([]int, len(s.Text)+1) // of each byte of the text
	width, pos, rest := 0, 0, s.Text
	for len(rest) > 0 {
		cluster, w := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if len(cluster) == 0 {
			break
		}
		for range len(cluster) {
			col[pos] = width
			pos++
		}
		rest = rest[len(cluster):]
		width += w
	}
	col[len(s.Text)] = width
	for i := range s.Col {
		s.Col[i] = col[s.Col[i]]
	}
	for i := range s.Marks {
		s.Marks[i] = [2]int{col[s.Marks[i][0]], col[s.Marks[i][1]]}
	}
}
