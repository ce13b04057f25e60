package lessons

// Predictions, quizzes and faults: the answers a learner chooses.

import (
	"slices"

	"helo/sim/trace"
)

// Choose answers a prediction with one option, or a quiz with all that are
// right; options count from 0. A wrong answer may be followed by another. After
// a right prediction the event is known. In an inject step it is [Session.Inject]
// with the fault of the option.
func (s *Session) Choose(options ...int) Feedback {
	st := s.Step()
	if s.step.solved || st.Kind != Predict && st.Kind != Quiz && st.Kind != Inject {
		return s.step.last
	}
	var chosen []int
	for _, o := range options {
		if o >= 0 && o < len(st.Options) && !slices.Contains(chosen, o) {
			chosen = append(chosen, o)
		}
	}
	if len(chosen) == 0 {
		return s.step.last
	}
	if st.Kind == Inject {
		f, _ := s.Inject(st.Options[chosen[0]].Fault.String()) // it is not solved
		return f
	}
	slices.Sort(chosen)
	s.step.tried = append(s.step.tried, chosen)
	s.step.last = s.chosen(chosen)
	if s.step.last.Right {
		s.solve(Done)
		s.reveal()
	}
	return s.step.last
}

// chosen says what is to be said to an answer.
func (s *Session) chosen(options []int) Feedback {
	st := s.Step()
	right := s.right()
	f := none
	if slices.Equal(options, right) {
		f.Right = true
		for _, o := range right {
			if st.Options[o].Reason != "" {
				f.Text, f.Wrong = join(f.Text, st.Options[o].Reason), o
			}
		}
		return f
	}
	for _, o := range options {
		if !slices.Contains(right, o) {
			f.Text, f.Wrong = st.Options[o].Reason, o
			return f
		}
	}
	f.Text = "That is right, but it is not all: another option is right as well."
	return f
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n\n" + b
}

// right lists the right options. Which one of a prediction it is, the trace
// says.
func (s *Session) right() []int {
	st := s.Step()
	list := slices.Clone(s.step.reach)
	for i, o := range st.Options {
		if st.Kind == Quiz && o.Right || st.Kind == Predict && s.predicts(o) {
			list = append(list, i)
		}
	}
	return list
}

func (s *Session) predicts(o Option) bool {
	return s.step.target != trace.NoPos && o.Pattern.Match(s.Trace(), s.step.target)
}

// Answer lists the right options of a step once it is solved; before that it is
// nil.
func (s *Session) Answer() []int {
	if !s.step.solved {
		return nil
	}
	return s.right()
}

// Tried lists the options that were part of a wrong answer in this step and are
// themselves wrong.
func (s *Session) Tried() []int {
	right := s.right()
	var list []int
	for _, answer := range s.step.tried {
		for _, o := range answer {
			if !slices.Contains(right, o) && !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	for _, fault := range s.step.faults {
		if o := s.optionOf(fault); o >= 0 && !slices.Contains(right, o) && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	slices.Sort(list)
	return list
}
