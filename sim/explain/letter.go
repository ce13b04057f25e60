package explain

// A letter as it was on the wire: its header fields, its body, the dots.

import (
	"bytes"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// What is shown of a long letter, in lines.
const (
	wholeLetter = 24 // a letter of no more lines is shown whole
	headerLines = 12 // the first lines of the header
	bodyLines   = 3  // the first lines of the body
)

func (s *telling) letter() {
	wire := s.t.Octets(s.e.Octets)
	chunks, cut := s.e.Verb == smtp.BDAT, s.e.Flags&trace.Cut != 0
	entry, dot := s.entry("commands", "dot"), len(wire)
	if chunks {
		s.x.Title = s.v.fill(s.entry("events", "letter").Note("chunks"))
		entry = s.entry("commands", "BDAT")
	}
	s.x.RFC = entry.RFC
	if !chunks && !cut {
		dot = lastLine(wire)
	}
	letter := wire[:dot]
	size := unstuffed(letter)
	if chunks {
		size = int64(len(letter)) // nothing is added to it
	}
	s.v.set("size", octetsInWords(size))
	if cut {
		s.v.set("size", "more than "+octetsInWords(size))
	}
	s.letterParts(wire, dot)

	k := s.talk()
	s.lineStates(&k)
	note := "here"
	switch {
	case chunks:
		note = "letter"
	case len(letter) == 0:
		note = "here empty"
	}
	s.x.Means = s.v.fill(entry.Note(note))
	s.x.Cause = s.rowBefore(s.e.Cause)
}

// letterParts names the octets of a letter, as many of them as are shown. dot is
// where the line with the final dot begins, or the end of the letter if it was
// not on the wire.
func (s *telling) letterParts(wire []byte, dot int) {
	fields, body, _ := message.Split(wire[:dot])
	w := window{s: s, wire: wire, stuffed: dot < len(wire)}
	w.choose(fields, body, dot)
	for _, f := range fields {
		f.ValueEnd = min(f.ValueEnd, dot)
		entry := s.r.Entry("fields", f.Name)
		name := ""
		if entry == nil {
			entry = s.entry("fields", "unknown")
			name = clip(Visible([]byte(f.Name)), 16)
		}
		if p := w.part(f.NameStart, f.ValueEnd, entry, "part"); p != nil && name != "" {
			p.Name = name
		}
	}
	w.body(fields, body, dot)
	if p := w.part(dot, min(dot+1, len(wire)), s.entry("letter", "end of data"), "part"); p != nil {
		w.part(dot+1, len(wire), s.entry("parts", "line end"), "part")
	}
	w.gaps()
}

// lastLine is where the last line begins: the lone dot's.
func lastLine(wire []byte) int {
	return bytes.LastIndexByte(bytes.TrimSuffix(wire, []byte("\r\n")), '\n') + 1
}

// unstuffed counts the octets of a letter without its added dots.
func unstuffed(letter []byte) int64 {
	n := int64(len(letter))
	if bytes.HasPrefix(letter, []byte(".")) {
		n--
	}
	return n - int64(bytes.Count(letter, []byte("\r\n.")))
}

// window is the choice of lines that are shown, joined in one slice of octets.
type window struct {
	s       *telling
	wire    []byte
	stuffed bool // lines that begin with a dot have one more (RFC 5321 §4.5.2)
	runs    []run
}

// run is a stretch of whole lines: where it is in the letter, and in the window.
type run struct{ from, to, at int }

// choose picks the lines: of a long letter the first of the header, the empty
// line, the first of the body, the first with an added dot, and the last.
func (w *window) choose(fields []message.Field, body, dot int) {
	if bytes.Count(w.wire, []byte("\n")) <= wholeLetter {
		w.take(0, len(w.wire))
		return
	}
	from, empty := 0, emptyLine(fields, body)
	for n := 0; from < body && from < dot; n++ {
		if to := w.lineEnd(from); n < headerLines || from == empty {
			w.take(from, to)
		}
		from = w.lineEnd(from)
	}
	stuffed := false
	for n := 0; from < dot && n < bodyLines; n++ {
		stuffed = stuffed || w.wire[from] == '.'
		w.take(from, w.lineEnd(from))
		from = w.lineEnd(from)
	}
	if i := bytes.Index(w.wire[min(from, dot):dot], []byte("\n.")); i >= 0 && !stuffed {
		w.take(from+i+1, w.lineEnd(from+i+1))
	}
	w.take(dot, len(w.wire))
}

// lineEnd is where the line that begins at from ends, its LF included.
func (w *window) lineEnd(from int) int {
	if i := bytes.IndexByte(w.wire[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(w.wire)
}

// emptyLine is where the line between header and body begins, or -1.
func emptyLine(fields []message.Field, body int) int {
	if n := len(fields); n > 0 && fields[n-1].ValueEnd < body {
		return fields[n-1].ValueEnd
	}
	if len(fields) == 0 && body > 0 {
		return 0
	}
	return -1
}

// take adds the octets of a line, or of several.
func (w *window) take(from, to int) {
	octets := w.s.x.Octets
	if n := len(w.runs); n > 0 && w.runs[n-1].to == from {
		w.runs[n-1].to = to
	} else {
		w.runs = append(w.runs, run{from, to, len(octets)})
	}
	w.s.x.Octets = append(octets, w.wire[from:to]...)
}

// part adds a part for octets of the letter, as much of them as is shown; nil if
// nothing of them is.
func (w *window) part(from, to int, entry *Entry, note string) *Part {
	for _, r := range w.runs {
		if lo, hi := max(from, r.from), min(to, r.to); lo < hi {
			return w.s.part(r.at+lo-r.from, r.at+hi-r.from, entry, note)
		}
	}
	return nil
}

// body adds the empty line, the body and the added dots in it.
func (w *window) body(fields []message.Field, body, dot int) {
	if e := emptyLine(fields, body); e >= 0 && e < dot {
		w.part(e, body, w.s.entry("letter", "empty line"), "part")
	} else if body < dot { // the header ended with a line that is no field
		line := w.lineEnd(body)
		w.text(body, line, w.s.entry("letter", "no field"))
		body = line
	}
	w.text(body, dot, w.s.entry("letter", "body"))
}

// text adds the octets from start up to end as the body, but for added dots.
// Only the first stretch and the first dot get their sentence.
func (w *window) text(start, end int, first *Entry) {
	entry, dotEntry := first, w.s.entry("letter", "doubled dot")
	add := func(from, to int, e *Entry) *Entry {
		if p := w.part(from, to, e, "part"); p != nil {
			if len(e.Notes) == 0 {
				p.RFC = ""
			}
			return &Entry{Name: e.Name}
		}
		return e
	}
	for _, r := range w.runs {
		from := max(start, r.from)
		stop := min(end, r.to)
		for at := from; at < stop; {
			next := stop
			if i := bytes.IndexByte(w.wire[at:stop], '\n'); i >= 0 {
				next = at + i + 1
			}
			if w.stuffed && w.wire[at] == '.' {
				if from < at {
					entry = add(from, at, entry)
				}
				dotEntry = add(at, at+1, dotEntry)
				from = at + 1
			}
			at = next
		}
		if from < stop {
			entry = add(from, stop, entry)
		}
	}
	_ = entry
}

// gaps marks where lines are left out, and puts all parts in order.
func (w *window) gaps() {
	entry := w.s.entry("letter", "left out")
	for i := 1; i < len(w.runs); i++ {
		before, after := w.runs[i-1], w.runs[i]
		w.s.v.set("n", count(bytes.Count(w.wire[before.to:after.from], []byte("\n")), "line"))
		p := w.s.part(after.at, after.at, entry, "part")
		p.RFC = ""
	}
	parts := w.s.x.Parts
	for i := 1; i < len(parts); i++ { // few, and nearly in order
		for j := i; j > 0 && less(parts[j], parts[j-1]); j-- {
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
}

func less(a, b Part) bool {
	if a.Start != b.Start {
		return a.Start < b.Start
	}
	return a.End == a.Start && b.End > b.Start // a gap stands before what follows it
}
