package tui

// From a lesson to the values that its views are functions of.

import (
	"slices"

	"helo/lessons"
	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// driven is the host that the learner types for.
func (l *lesson) driven() trace.HostID {
	id, _ := l.s.Trace().HostID(l.s.Step().As)
	return id
}

// in gathers what the exchange is a function of.
func (l *lesson) in(th *theme) *in {
	in := &in{
		by: l.by, t: l.s.Trace(), rows: l.s.Rows(), n: l.rows(), asked: l.asked(), who: l.s.Step().AsksWho(), known: l.s.Known(),
		cursor: l.cursor, grow: l.grow, part: l.part, th: th, xPos: trace.NoPos, fault: -1,
	}
	in.types = l.typing
	row := l.cursor
	if in.asked && row == in.n-1 {
		row--
	}
	if row >= 0 && row < in.n {
		in.xPos = in.rows.At(row).Pos
	}
	if l.s.Step().Kind == lessons.Type && l.told {
		pos, waits := l.letterLine(in)
		ok := waits && l.cursor == in.n-1 // a line of the letter is no row yet
		if !waits && l.typing && !l.said.Right {
			pos, ok = l.lastLine(in)
		}
		if ok {
			in.xPos, in.mine, in.fault = pos, true, l.said.At
		}
	}
	if in.xPos == trace.NoPos || l.ref == nil {
		in.xPos = trace.NoPos
		return in
	}
	c := &l.cached
	if c.t != in.t || c.pos != in.xPos || c.known != in.known || c.ref != l.ref || c.by != l.by {
		*c = explained{in.t, in.xPos, in.known, l.ref, l.by, l.ref.Seen(in.t, in.xPos, in.known, l.by)}
	}
	in.x = c.x
	in.x.States = slices.DeleteFunc(slices.Clone(in.x.States), in.tellsNext)
	if in.mine && !in.sealed(in.xPos) && in.fault >= 0 && in.fault <= len(in.x.Octets) && !slices.ContainsFunc(in.x.Parts, func(p explain.Part) bool { return p.Broken }) {
		in.x.Parts = append(slices.Clone(in.x.Parts), explain.Part{Start: in.fault, End: in.fault, Name: "here", Broken: true})
	}
	if in.part >= len(in.x.Parts) {
		in.part = -1
	}
	return in
}

// tellsNext says whether a state names what its host says next, and that is not
// known yet: after a reply the client's session has gone on at once.
func (in *in) tellsNext(s explain.StateChange) bool {
	if in.t.At(in.xPos).Kind != trace.Reply {
		return false
	}
	for pos := in.known; pos < in.t.End(); pos++ {
		if e := in.t.At(pos); e.Kind == trace.Command && e.Host == s.Host {
			return s.To == e.Verb.String()+" sent"
		}
	}
	return false
}

// letterLine is the line of the letter that the learner said last, while the
// letter is not at its end.
func (l *lesson) letterLine(in *in) (trace.Pos, bool) {
	for pos := in.known; pos > 0; {
		pos--
		switch e := in.t.At(pos); e.Kind {
		case trace.Typed:
			return pos, e.Host == l.driven() && e.Verb == smtp.EndOfData
		case trace.Reply, trace.Command, trace.Letter:
			return trace.NoPos, false
		}
	}
	return trace.NoPos, false
}

// lastLine is the command that the learner said last, or the letter with its
// dot.
func (l *lesson) lastLine(in *in) (trace.Pos, bool) {
	as := l.driven()
	for i := in.n - 1; i >= 0; i-- {
		pos := in.rows.At(i).Pos
		if e := in.t.At(pos); e.Host == as && (e.Kind == trace.Command || e.Kind == trace.Letter) {
			return pos, true
		}
	}
	return trace.NoPos, false
}

// text gathers what the step's text is a function of.
func (l *lesson) text(th *theme, p *pages) *textIn {
	st := l.s.Step()
	in := &textIn{
		step: st, solved: l.s.Solved(), last: l.s.LessonDone(), picked: l.picked, tried: l.tried,
		told: l.told, said: l.said, how: l.s.Result(l.s.Index()), undo: l.s.CanUndo(), hint: l.hint, typing: l.typing, wait: len(l.wait), note: l.note,
		scroll: l.scroll, pages: p, th: th,
	}
	in.cut = l.cut()
	if in.solved {
		in.right = make([]bool, len(st.Options))
		for i, o := range st.Options {
			in.right[i] = o.Right || st.Kind == lessons.Predict && o.Pattern != nil && l.matches(o)
		}
		if st.Kind == lessons.Inject {
			for _, i := range l.s.Answer() {
				in.right[i] = true
			}
		}
	}
	return in
}

// cut says whether the connection is closed, and the step is not solved.
func (l *lesson) cut() bool {
	return l.s.Step().Kind == lessons.Type && !l.s.Solved() && !l.s.Asking()
}

// matches says whether an option of a solved prediction is the right one: the
// trace knows.
func (l *lesson) matches(o lessons.Option) bool {
	i := l.knownRows() - 1
	return i >= 0 && o.Pattern.Match(l.s.Trace(), l.s.Known()-1)
}

// line gathers what the line being typed is a function of.
func (l *lesson) line() lineIn {
	return lineIn{
		show: l.s.Asking() || l.canWrite() && l.typing, focus: l.typing, value: []rune(l.input.Value()),
		cursor: l.input.Position(),
	}
}
