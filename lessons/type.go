package lessons

// Typing: the learner drives a host by hand, and the run goes on with each
// line.

import (
	"errors"
	"fmt"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/trace"
)

// takeHand takes the run that the learner drives: the one of the type step
// before, if it is the same host and nothing was watched in between, or a new
// one.
func (s *Session) takeHand(st *Step) {
	if s.hand == nil || !s.hand.isOf(st) {
		s.dropHand()
		s.hand = s.newHand(st)
	}
	s.shown = s.hand
}

// isOf says whether a run is the one in which a type step is solved.
func (r *run) isOf(st *Step) bool { return r.as == st.As && r.to == st.To && r.port == st.Port }

// newHand begins a run in which the learner is connected.
func (s *Session) newHand(st *Step) *run {
	inputs := append([]string(nil), s.lesson.Inputs...)
	hand := st.As + " hand to=" + st.To
	if st.Port != 0 {
		hand += fmt.Sprintf(" port=%d", st.Port)
	}
	r, err := s.newRun(s.lesson.Scenario, append(inputs, hand))
	if err != nil {
		s.err = err
		if r, err = s.newRun(s.lesson.Scenario, nil); err != nil { // Start has run it before
			r = s.auto
		}
	}
	r.as, r.to, r.port = st.As, st.To, st.Port
	r.known = r.world.Trace().End()
	return r
}

func (s *Session) dropHand() {
	if s.hand != nil && s.hand != s.auto {
		s.hand.world.Close()
	}
	s.hand = nil
}

// Asking says whether a line may be typed now: the step is a type step, not
// solved, and the connection is still there.
func (s *Session) Asking() bool {
	return s.Step().Kind == Type && !s.step.solved && s.shown.stop == sim.Asked
}

// InLetter says whether a line typed now is one of the letter's, and not a
// command.
func (s *Session) InLetter() bool {
	return s.Asking() && inLetter(s.Trace(), s.Trace().End())
}

// inLetter says whether the last thing before pos that tells is a 354 or a line
// of the letter.
func inLetter(t *trace.Trace, pos trace.Pos) bool {
	for pos > 0 {
		pos--
		switch e := t.At(pos); {
		case e.Kind == trace.Reply:
			return e.Verb == smtp.DATA && e.Code == 354
		case e.Kind == trace.Typed && e.Verb == smtp.EndOfData:
			return string(t.Octets(e.Octets)) != ".\r\n"
		}
	}
	return false
}

// Typed lists the lines typed in the run that is shown, with those of earlier
// steps, as they were typed: a password in them is no star. They are for the
// one who typed them; see [Session.Mark] for what may be kept.
func (s *Session) Typed() []string {
	t := s.Trace()
	var lines []string
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		if e := t.At(pos); e.Kind == trace.Typed {
			octets := t.Raw(e.Octets)
			lines = append(lines, string(octets[:len(octets)-2]))
		}
	}
	return lines
}

// Say types a line, without its CRLF, and lets the run go on. The error says
// why no line can be typed now.
func (s *Session) Say(line string) (Feedback, error) {
	switch {
	case s.Step().Kind != Type:
		return none, errors.New("this step has nothing to type")
	case s.step.solved:
		return none, errors.New("this step is solved; go on to the next one")
	case s.shown.stop != sim.Asked:
		return none, errors.New("the connection is closed; take your last line back, or start the lesson again")
	}
	from, solution := s.Trace().End(), s.followed()
	if err := s.say(line); err != nil {
		return none, err
	}
	reached := s.reachedIn(s.Trace())
	if reached && s.leads(nil) {
		s.solve(Done)
		s.step.last = none
		s.step.last.Right, s.step.last.Text = true, s.Step().Right
		return s.step.last, nil
	}
	s.step.last = s.feedback(line, from, s.onward(solution))
	if f := &s.step.last; reached && f.Wrong < 0 {
		f.Fine = false
		f.Text = "That is what the step asks for. But something you said before is in the way of the next step: take your lines back as far as that."
		if s.leads([]string{"RSET"}) {
			f.Text += " Or say RSET, which makes the server forget what was begun."
		}
	}
	return s.step.last, nil
}

// say types a line and lets the run go on.
func (s *Session) say(line string) error {
	r := s.shown
	if err := r.world.Say(line); err != nil {
		return err
	}
	r.typed++
	err := r.goOn()
	r.known = r.world.Trace().End()
	return err
}

// reachedIn says whether what the step asks for has happened in t since it
// began.
func (s *Session) reachedIn(t *trace.Trace) bool { return reached(s.Step(), t, s.step.begin) }

func reached(st *Step, t *trace.Trace, from trace.Pos) bool {
	for _, goal := range st.Goals {
		if _, ok := goal.Find(t, from, t.End()); !ok {
			return false
		}
	}
	return true
}

// clear says whether the steps that go on in r after this one can be solved by
// what their lessons say. Otherwise the learner would stand before a step that
// has no way out. It types in r.
func (s *Session) clear(r *run) bool {
	for i := s.index + 1; i < len(s.lesson.Steps); i++ {
		st := &s.lesson.Steps[i]
		switch {
		case st.Kind == Watch, st.Kind == Predict, st.Kind == Inject:
			return true
		case st.Kind != Type:
			continue
		case !s.shown.isOf(st):
			return true
		}
		begin := r.world.Trace().End()
		for _, line := range st.Solution {
			if r.world.Say(line) != nil || r.goOn() != nil {
				return false
			}
		}
		if !reached(st, r.world.Trace(), begin) {
			return false
		}
	}
	return true
}

// Undo takes back the line typed last in this step, by running again without
// it. It returns false if there is none.
func (s *Session) Undo() bool {
	if !s.CanUndo() {
		return false
	}
	s.rerun(s.shown.typed - 1)
	s.step.solved = false
	s.results[s.index] = Open
	s.step.last = none
	return true
}

// CanUndo says whether a line was typed in this step that can be taken back.
func (s *Session) CanUndo() bool {
	return s.Step().Kind == Type && s.shown.typed > s.step.before
}

// rerun runs the learner's run again with only the first n typed lines.
func (s *Session) rerun(n int) {
	old := s.shown
	inputs := old.world.Inputs()
	r, err := newRun(old.sc, inputs[:len(inputs)-old.typed+n])
	if err != nil {
		s.err = err
		return
	}
	r.as, r.to, r.port, r.typed = old.as, old.to, old.port, n
	r.known = r.world.Trace().End()
	old.world.Close()
	s.hand, s.shown = r, r
}

// typeSolution types the step's solution in place of what the learner typed in
// it. Should the learner's earlier steps have led elsewhere, it types the
// solutions of those as well.
func (s *Session) typeSolution() Feedback {
	if s.shown.typed > s.step.before {
		s.rerun(s.step.before)
	}
	if !s.perform(s.Step().Solution) || !s.leads(nil) {
		s.typeFromStart()
	}
	f := none
	f.Right, f.Text = true, s.Step().Right
	return f
}

// perform types lines and says whether all could be typed.
func (s *Session) perform(lines []string) bool {
	for _, line := range lines {
		if s.say(line) != nil {
			return false
		}
	}
	return true
}

// typeFromStart types the solutions of all steps of this run, up to this one.
func (s *Session) typeFromStart() {
	first := s.index
	for i := s.index - 1; i >= 0; i-- {
		st := &s.lesson.Steps[i]
		if st.Kind == Watch || st.Kind == Predict || st.Kind == Inject {
			break
		}
		if st.Kind == Type {
			if !s.shown.isOf(st) {
				break
			}
			first = i
		}
	}
	s.rerun(0)
	for i := first; i <= s.index; i++ {
		if i == s.index {
			s.step.begin, s.step.before = s.Trace().End(), s.shown.typed
		}
		s.perform(s.lesson.Steps[i].Solution)
	}
}
