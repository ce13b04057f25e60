package tui

// The octets of an event, with a bracket and a name under each part.

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"helo/sim/explain"
)

// octetLine is a stretch of the octets that stands on one row: a line, or as
// much of one as fits.
type octetLine struct{ start, end int }

// octetLines splits the octets of an explanation so that each stretch fits
// into w cells.
func octetLines(x *explain.Explanation, w int) []octetLine {
	var out []octetLine
	n := len(x.Octets)
	if x.Binary {
		per := max(1, (w+1)/3)
		if per > 16 {
			per -= per % 8
		}
		for s := 0; s < n; s += per {
			out = append(out, octetLine{s, min(s+per, n)})
		}
		return out
	}
	for s := 0; s < n; {
		e := s
		for e < n && x.Octets[e] != '\n' {
			e++
		}
		e = min(e+1, n)
		shown := explain.Show(x.Octets[s:e])
		for from := s; from < e; {
			to := from
			for to < e && shown.Col[to+1-s]-shown.Col[from-s] <= w {
				to++
			}
			if to == from {
				to++ // wider than the screen: it is cut
			}
			out = append(out, octetLine{from, to})
			from = to
		}
		s = e
	}
	return out
}

// isLineEnd says whether a part is only the CRLF, which stands out by itself.
func isLineEnd(x *explain.Explanation, p explain.Part) bool {
	if x.Binary || p.Start == p.End || p.Broken {
		return false
	}
	for _, c := range x.Octets[p.Start:p.End] {
		if c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// octetRow is a stretch of octets, coloured by what they are.
func octetRow(in *in, ol octetLine, indent, w int) string {
	x := &in.x
	l := newLine(w)
	l.to(in.th, indent)
	show := explain.Show
	if x.Binary {
		show = explain.Hex
	}
	shown := show(x.Octets[ol.start:ol.end])
	base := in.octetInk()
	marks := map[int]int{}
	for _, m := range shown.Marks {
		marks[m[0]] = m[1]
	}
	inkAt := func(i int) ink {
		k := base
		for j, p := range x.Parts {
			if i < p.Start || i >= p.End {
				continue
			}
			switch {
			case j == in.part:
				return in.th.chosen
			case p.Broken:
				k = in.th.fail
			case j == 0 && !p.Inside && in.bold():
				k = in.th.verb
			}
		}
		return k
	}
	for i := ol.start; i < ol.end; {
		from := shown.Col[i-ol.start]
		k, j := inkAt(i), i+1
		if c := x.Octets[i]; !x.Binary && (c == '\r' || c == '\n') {
			a, b := shown.Cells(i-ol.start, j-ol.start)
			if k != in.th.chosen {
				k = in.th.mark
			}
			l.to(in.th, indent+a)
			l.put(k, ansi.Cut(shown.Text, a, b))
			l.to(in.th, min(indent+shown.Col[j-ol.start], w))
			i = j
			continue
		}
		for j < ol.end && inkAt(j) == k && broken(x, j) == broken(x, i) && (x.Binary || x.Octets[j] != '\r' && x.Octets[j] != '\n') {
			j++
		}
		a, b := shown.Cells(i-ol.start, j-ol.start)
		l.to(in.th, indent+max(a, from))
		text := ansi.Cut(shown.Text, a, b)
		if broken(x, i) && !x.Binary && x.Octets[i] == ' ' {
			text = "·" + strings.TrimPrefix(text, " ") // a space too many should be seen
		}
		l.put(k, text)
		i = j
	}
	return l.end(in.th)
}

// broken says whether an octet is where the grammar is left.
func broken(x *explain.Explanation, i int) bool {
	for _, p := range x.Parts {
		if p.Broken && i >= p.Start && i < p.End {
			return true
		}
	}
	return false
}

// bracket is a part as it is drawn under a stretch of octets.
type bracket struct {
	from, to int // cells; equal where something is missing
	name     string
	ink      ink
	point    bool // an arrow up instead of a bracket
}

// brackets are the parts to be drawn under a stretch: those inside another one
// only if inside is set, and then only in the part that is chosen, unless all
// is set.
func brackets(in *in, ol octetLine, inside, all bool) []bracket {
	x := &in.x
	show := explain.Show
	if x.Binary {
		show = explain.Hex
	}
	shown := show(x.Octets[ol.start:ol.end])
	family := in.family()
	var out []bracket
	parent := -1
	for j, p := range x.Parts {
		if !p.Inside {
			parent = j
		}
		if p.Inside != inside || inside && parent != family && !p.Broken && !all {
			continue
		}
		missing := p.Start == p.End
		switch {
		case missing && (p.Start < ol.start || p.Start > ol.end),
			!missing && (p.End <= ol.start || p.Start >= ol.end),
			isLineEnd(x, p) && j != in.part:
			continue
		}
		b := bracket{name: p.Name, ink: in.th.mid}
		b.from, b.to = shown.Cells(max(p.Start, ol.start)-ol.start, min(p.End, ol.end)-ol.start)
		if missing {
			b.to = b.from
		}
		if inside && parent != family && b.to-b.from < 2 {
			continue // single digits would be a row of marks without names
		}
		switch {
		case j == in.part:
			b.ink = in.th.ask
		case p.Broken:
			b.ink = in.th.fail
		}
		b.point = p.Broken || missing
		out = append(out, b)
	}
	return out
}

// family is the outer part that the chosen one is, or lies within; -1 if none
// is chosen.
func (in *in) family() int {
	for j := in.part; j >= 0 && j < len(in.x.Parts); j-- {
		if !in.x.Parts[j].Inside {
			return j
		}
	}
	return -1
}

// bracketRows draws brackets, and below them the names that have no room on the
// first row. It gives at most rows rows, and at least one.
func bracketRows(in *in, list []bracket, indent, w, rows int) []string {
	if len(list) == 0 {
		return nil
	}
	first := newLine(w)
	var left []bracket
	for i, b := range list {
		next := w - indent
		if i+1 < len(list) {
			next = list[i+1].from
		}
		n, name := b.to-b.from, cells(b.name)
		col := indent + b.from
		if col < first.at || col >= w {
			continue // it shares its cell with the one before
		}
		first.to(in.th, col)
		switch {
		case b.point && b.from+2+name < next:
			first.put(b.ink, "↑ "+b.name)
			continue
		case b.point:
			first.put(b.ink, "↑")
			left = append(left, b)
			continue
		case n >= name+4:
			first.put(b.ink, "└ "+b.name+" "+dashes(n-name-4)+"┘")
			continue
		case n <= 1:
			first.put(b.ink, "┴")
		default:
			first.put(b.ink, "└"+dashes(n-2)+"┘")
		}
		if b.to+1+name < next {
			first.put(b.ink, " "+b.name)
			continue
		}
		left = append(left, b)
	}
	out := []string{first.end(in.th)}
	for len(left) > 0 && len(out) < rows {
		l := newLine(w)
		var rest []bracket
		for i, b := range left {
			col := indent + b.from
			if l.at > 0 && col <= l.at && l.at+1 < indent+b.to {
				col = l.at + 1 // still under its bracket
			}
			if l.at > 0 && col <= l.at || i > 0 && len(rest) > 0 {
				rest = append(rest, b)
				continue
			}
			l.to(in.th, col).put(b.ink, b.name)
		}
		out = append(out, l.end(in.th))
		if len(rest) == len(left) {
			break
		}
		left = rest
	}
	return out
}
