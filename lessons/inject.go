package lessons

// Faults: the learner lets something go wrong, and the run goes another way.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"helo/sim/host"
	"helo/sim/trace"
)

// lieInWait begins an inject step: it looks which option reaches the goals, and
// makes known what comes before its fault makes a difference.
func (s *Session) lieInWait(st *Step) {
	for i, o := range st.Options {
		r, from, err := s.fork(o.Fault)
		if err != nil {
			continue // Check finds it
		}
		if reached(st, r.world.Trace(), from) {
			if s.step.reach == nil {
				s.shown.known = 0
				s.approach(from)
			}
			s.step.reach = append(s.step.reach, i)
		}
		r.world.Close()
	}
	s.step.begin, s.step.end = s.shown.known, s.shown.known
}

// fork runs the lesson's run again with a fault, and says from where on it goes
// another way.
func (s *Session) fork(fault *host.Fault) (*run, trace.Pos, error) {
	r, err := newRun(s.auto.sc, append(slices.Clone(s.auto.world.Inputs()), fault.String()))
	if err != nil {
		return nil, 0, err
	}
	return r, parting(s.auto.world.Trace(), r.world.Trace()), nil
}

// parting is where two traces begin to differ.
func parting(a, b *trace.Trace) trace.Pos {
	end := min(a.End(), b.End())
	for pos := range end {
		x, y := *a.At(pos), *b.At(pos)
		same := string(a.Octets(x.Octets)) == string(b.Octets(y.Octets))
		x.Octets, y.Octets = trace.Span{}, trace.Span{}
		if !same || x != y {
			return pos
		}
	}
	return end
}

// Inject lets a fault happen in an inject step, in the words of
// [host.ParseFault]. If the step's goals are reached, the lesson goes on in the
// run with that fault; else that run is shown to its end, and another fault may
// follow. The error says why none can be injected now.
func (s *Session) Inject(fault string) (Feedback, error) {
	switch {
	case s.Step().Kind != Inject:
		return none, errors.New("in this step nothing is to go wrong")
	case s.step.solved:
		return none, errors.New("this step is solved; go on to the next one")
	}
	s.step.faults = append(s.step.faults, fault)
	s.step.last = s.inject(fault)
	if s.step.last.Right {
		s.solve(Done)
	}
	return s.step.last, nil
}

// inject runs with a fault and says what is to be said to it.
func (s *Session) inject(line string) Feedback {
	f := none
	st := s.Step()
	fault, err := host.ParseFault(line)
	var r *run
	var from trace.Pos
	if err == nil {
		r, from, err = s.fork(fault)
	}
	if err != nil {
		f.Text = "That is no fault here: " + escape(err.Error()) + "."
		if w := (*trace.WordError)(nil); errors.As(err, &w) {
			f.Text = fmt.Sprintf("That is no fault here. At place %d, %s.", w.Column, escape(short(w.Msg)))
			if example := s.example(); example != "" {
				f.Text += " An example: " + code(example)
			}
			f.At = offset(line, w.Column)
		}
		return f
	}
	if f.Wrong = s.optionOf(line); f.Wrong >= 0 {
		f.Text = st.Options[f.Wrong].Reason
	}
	t := r.world.Trace()
	if f.Right = reached(st, t, from); !f.Right {
		if f.Wrong < 0 {
			f.Text = "That went another way, but not the one that is asked for. The last rows show what came of it."
			if from == t.End() && from == s.auto.world.Trace().End() {
				f.Text = "In this run that never comes to pass: there is no such occasion."
			}
		}
		s.showOther(r)
		return f
	}
	if f.Wrong < 0 && len(s.step.reach) > 0 {
		f.Wrong = s.step.reach[0]
		f.Text = st.Options[f.Wrong].Reason
	}
	s.showOther(nil)
	for _, goal := range st.Goals {
		pos, _ := goal.Find(t, from, t.End())
		s.step.end = max(s.step.end, pos+1)
	}
	s.auto.world.Close()
	s.auto, s.shown = r, r
	s.reveal()
	return f
}

// example is a fault of the step that is not the one asked for, if there is one.
func (s *Session) example() string {
	for i, o := range s.Step().Options {
		if o.Fault != nil && !slices.Contains(s.step.reach, i) {
			return o.Fault.String()
		}
	}
	return ""
}

// short is what a mistake in a fault is, without the list of all words there
// are: an example says more to whoever writes a first one.
func short(msg string) string {
	const enough = 100
	if len(msg) <= enough {
		return msg
	}
	for _, list := range []string{"; expected", ": "} {
		if head, _, ok := strings.Cut(msg, list); ok {
			return head
		}
	}
	return msg
}

// Faults are the faults of the run that is shown, in the words of
// [host.ParseFault], whether they ever fire or not. While a prediction is asked
// only those count that have fired already: another could be the answer.
func (s *Session) Faults() []string {
	var list []string
	for _, f := range s.shown.sc.Faults {
		list = append(list, f.String())
	}
	for _, input := range s.shown.world.Inputs() {
		if f, err := host.ParseFault(input); err == nil {
			list = append(list, f.String())
		}
	}
	if s.Step().Kind == Predict && !s.step.solved {
		list = slices.DeleteFunc(list, func(f string) bool { return !s.shown.hasFired(f) })
	}
	return list
}

// hasFired says whether a fault has fired in what is known of a run.
func (r *run) hasFired(fault string) bool {
	t := r.world.Trace()
	for pos := range r.known {
		if e := t.At(pos); e.Kind == trace.Fired && string(t.Octets(e.Octets)) == fault {
			return true
		}
	}
	return false
}

// showOther shows a run that is not the one asked for, to its end; nil puts it
// away.
func (s *Session) showOther(r *run) {
	if s.other != nil {
		s.other.world.Close()
	}
	if s.other = r; r != nil {
		r.known = r.world.Trace().End()
		s.shown = r
	}
}

// optionOf is the option that lets this fault happen, or -1.
func (s *Session) optionOf(line string) int {
	fault, err := host.ParseFault(line)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(s.Step().Options, func(o Option) bool {
		return o.Fault != nil && o.Fault.String() == fault.String()
	})
}

// escape makes text that is no Markdown fit for it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>()#+-.!|~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
