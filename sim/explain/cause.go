package explain

// Why an event came when it did.

import (
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// maxBecause is how many characters of a line a cause repeats.
const maxBecause = 48

// rowBefore follows causes from p on down to the first row, p itself included.
// A header field that was added causes nothing a person would ask for: what
// follows it comes from the letter's having been taken.
func (s *telling) rowBefore(p trace.Pos) trace.Pos {
	for p != trace.NoPos && p < s.pos {
		e := s.t.At(p)
		if e.Kind == trace.Decided && (e.Verb == smtp.EndOfData || e.Verb == smtp.BDAT) && e.Code/100 == 2 && e.To == smtp.StateGreeted {
			s.took = e.Host
		}
		if e.Kind.IsRow() && e.Kind != trace.Added {
			return p
		}
		if e.Cause != trace.NoPos && e.Cause >= p {
			break // causes come before their effects; a trace that breaks this ends the walk
		}
		p = e.Cause
	}
	return trace.NoPos
}

// because says the cause in a few words, unless that is done already.
func (s *telling) because() {
	if s.x.Cause == trace.NoPos {
		s.x.Cause = s.rowBefore(s.e.Cause)
	}
	if s.x.Cause == trace.NoPos || s.x.Because != "" {
		return
	}
	e := s.t.At(s.x.Cause)
	if s.by == Wire && (e.Flags&trace.Inside != 0 || s.by.Sight(s.t, s.x.Cause) != Plain) {
		s.x.Cause = trace.NoPos // an eavesdropper does not know
		return
	}
	if s.took != 0 && s.e.Kind != trace.Reply {
		s.x.Because = clip(Visible([]byte(s.t.Host(s.took).Title)), maxBecause) + " took the letter at " + clock(e.At)
		return
	}
	text := s.entry("events", e.Kind.String()).Note("because")
	if text == "" {
		return
	}
	line := s.by.Line(s.t, s.x.Cause)
	if e.Kind == trace.Question || e.Kind == trace.Answer {
		line = strings.TrimLeft(line, "?= ")
	}
	if line = strings.TrimSpace(line); line == "" {
		line = "an empty line"
	}
	var v values
	v.set("line", clip(Visible([]byte(line)), maxBecause))
	v.set("words", string(s.by.Octets(s.t, e.Octets)))
	v.set("who", s.t.Host(e.Host).Title)
	s.x.Because = v.fill(text) + " at " + clock(e.At)
}
