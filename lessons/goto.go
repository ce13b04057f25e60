package lessons

// Going to any step, back or ahead.

import "slices"

// GoTo opens step i. Of what lies before it, the steps that nothing has been
// done of count as skipped, as with [Session.Skip]; how all others were left
// stays. A step that the learner has solved is solved still, any other is asked.
// What was done in the step that is left unsolved is forgotten.
func (s *Session) GoTo(i int) error {
	if i < 0 || i >= len(s.lesson.Steps) {
		return nil
	}
	results := slices.Clone(s.results)
	if err := s.Restart(); err != nil {
		return err
	}
	s.pass(i, results)
	copy(s.results[i+1:], results[i+1:])
	s.arrive(results[i])
	return s.err
}

// pass goes on to step i. The steps before it are left as results say, or
// skipped.
func (s *Session) pass(i int, results []Result) {
	for s.index < i {
		s.ShowAnswer()
		s.results[s.index] = Skipped
		if s.index < len(results) && results[s.index] != Open {
			s.results[s.index] = results[s.index]
		}
		s.Next()
	}
}

// arrive makes the step that has just begun what it was when the learner left
// it: solved, if it was by the learner.
func (s *Session) arrive(how Result) {
	switch {
	case how == Done:
		s.ShowAnswer()
		s.results[s.index] = Done
	case !s.step.solved:
		s.results[s.index] = Open
	}
}
