package lessons

// Whether a lesson can be solved, and says what it promises to say.

import (
	"errors"
	"fmt"
	"slices"

	"helo/sim/scenario"
	"helo/sim/trace"
)

// Check takes a lesson through the engine. It reports the first step that does
// not work: an event that never comes, a prediction of which not exactly one
// option is right, a solution that does not solve, a mistake that does not meet
// its own feedback. load gives the scenario with that name. Errors are of type
// [*Error].
func Check(l *Lesson, load func(name string) (*scenario.Scenario, error)) error {
	c := checker{lesson: l}
	s, err := Start(l, load)
	if err != nil {
		return &Error{File: l.File, Line: 1, Column: 1, Msg: err.Error()}
	}
	defer func() { s.Close() }()
	for c.s = s; c.err == nil; {
		c.step()
		if c.err != nil || !s.Next() {
			break
		}
	}
	if c.err == nil && !s.LessonDone() {
		c.fail(s.Step().Line, "the lesson stops here: the step is not solved")
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// checker goes through one lesson and keeps the first mistake.
type checker struct {
	lesson *Lesson
	s      *Session
	err    *Error
}

func (c *checker) fail(line int, format string, args ...any) {
	if c.err == nil {
		c.err = &Error{File: c.lesson.File, Line: line, Column: 1, Msg: fmt.Sprintf(format, args...)}
	}
}

func (c *checker) step() {
	st := c.s.Step()
	if err := c.s.Err(); err != nil {
		c.fail(st.Line, "%v", err)
		return
	}
	for _, p := range append([]*trace.Pattern{st.Until, st.Next}, st.Goals...) {
		c.hosts(st.Line, p)
	}
	switch {
	case c.err != nil:
	case st.Kind == Watch:
		c.watch(st)
	case st.Kind == Predict:
		c.predict(st)
	case st.Kind == Type:
		c.typing(st)
	case st.Kind == Quiz:
		c.s.Choose(c.s.right()...)
	case st.Kind == Inject:
		c.inject(st)
	}
}

func (c *checker) inject(st *Step) {
	for _, o := range st.Options {
		r, _, err := c.s.fork(o.Fault)
		if err != nil {
			c.fail(o.Line, "%v", err)
			return
		}
		r.world.Close()
	}
	switch reach := c.s.right(); len(reach) {
	case 0:
		c.fail(st.Line, "no option reaches goal=%q: expected exactly one", words(st.Goals...))
	case 1:
		c.s.Choose(reach...)
	default:
		c.fail(st.Options[reach[1]].Line, "a second option reaches goal=%q: expected exactly one", words(st.Goals...))
	}
}

// hosts says whether a pattern names hosts that are there.
func (c *checker) hosts(line int, p *trace.Pattern) {
	if p == nil {
		return
	}
	if err := p.CheckHosts(c.s.Trace()); err != nil {
		msg := err.Error()
		if word := (*trace.WordError)(nil); errors.As(err, &word) {
			msg = word.Msg
		}
		c.fail(line, "in %q: %s", p, msg)
	}
}

func (c *checker) watch(st *Step) {
	t := c.s.Trace()
	if st.Until != nil {
		if _, ok := st.Until.Find(t, c.s.Known(), t.End()); !ok {
			c.fail(st.Line, "until=%q: no event matches after the step before", st.Until)
			return
		}
	}
	if c.s.Solved() {
		c.fail(st.Line, "there is nothing left to watch here")
	}
	c.s.FastForward()
}

func (c *checker) predict(st *Step) {
	t, target := c.s.Trace(), c.s.step.target
	if target == trace.NoPos {
		c.fail(st.Line, "next=%q: no event matches after the step before", st.Next)
		return
	}
	rows := c.s.Rows()
	if i := rows.Find(target); i < 0 || rows.At(i).Pos != target {
		c.fail(st.Line, "next=%q: expected an event that is a row, and this one is %s", st.Next, t.At(target).Kind)
		return
	}
	for _, o := range st.Options {
		c.hosts(o.Line, o.Pattern)
	}
	right := c.s.right()
	switch len(right) {
	case 0:
		c.fail(st.Line, "no option matches the event that comes next: expected exactly one")
	case 1:
	default:
		c.fail(st.Options[right[1]].Line, "a second option matches the event that comes next: expected exactly one")
	}
	for i, o := range st.Options {
		if o.Reason == "" && !slices.Contains(right, i) {
			c.fail(o.Line, "expected a quote below this option that says why it is not right: the event that comes next does not match it")
		}
	}
	if c.err == nil {
		c.s.Choose(right...)
	}
}

func (c *checker) typing(st *Step) {
	if !c.s.Asking() {
		c.fail(st.Line, "nothing can be typed here: the connection is closed")
		return
	}
	if hint, ok := c.lastHint(); !ok || hint.Line != st.Solution[0] {
		c.fail(st.Line, "the last hint is %q; expected the solution's first line, %q: does the solution work from here?", hint.Line, st.Solution[0])
		return
	}
	for i, w := range st.Wrong {
		c.hosts(w.Line, w.Pattern)
		c.wrong(st, i, w)
		if c.err != nil {
			return
		}
	}
	for i, line := range st.Solution {
		if c.s.Solved() {
			c.fail(st.Line, "the goal is reached before line %d of the solution", i+1)
			return
		}
		f, err := c.s.Say(line)
		if err != nil {
			c.fail(st.Line, "line %d of the solution cannot be typed: %v", i+1, err)
			return
		}
		if f.Wrong >= 0 {
			c.fail(st.Wrong[f.Wrong].Line, "line %d of the solution meets the feedback for this mistake", i+1)
			return
		}
	}
	if !c.s.Solved() {
		c.fail(st.Line, "the solution does not reach goal=%q", words(st.Goals...))
	}
}

// lastHint takes all hints, on a session of its own place.
func (c *checker) lastHint() (Hint, bool) {
	before := c.s.step.hints
	defer func() { c.s.step.hints = before }()
	for {
		h, ok := c.s.Hint()
		if !ok || h.N == h.Of {
			return h, ok
		}
	}
}

// wrong makes a mistake, looks at what is said, and takes it back.
func (c *checker) wrong(st *Step, i int, w Wrong) {
	var f Feedback
	var err error
	for _, line := range w.Try {
		if f, err = c.s.Say(line); err != nil {
			c.fail(w.Line, "%q cannot be typed: %v", line, err)
			return
		}
	}
	switch {
	case f.Right:
		c.fail(w.Line, "%q solves the step; it is no mistake", w.Try[len(w.Try)-1])
	case f.Wrong >= 0 && f.Wrong != i:
		c.fail(w.Line, "%q meets the feedback of the mistake in line %d", w.Try[len(w.Try)-1], st.Wrong[f.Wrong].Line)
	case f.Wrong < 0:
		c.fail(w.Line, "%q does not meet its feedback: no event that it causes matches %q", w.Try[len(w.Try)-1], w.Pattern)
	}
	for c.s.Undo() {
	}
}
