package lessons

// Leaving a lesson and coming back to the same place.

import (
	"fmt"
	"slices"

	"helo/sim/trace"
)

// Mark is a place in a lesson: enough to show the same step with the same
// screen again. It is kept as JSON in a learner's progress.
type Mark struct {
	Lesson  string   `json:"lesson"`            // id
	Hash    string   `json:"hash"`              // of the lesson, see Lesson.Hash
	Step    int      `json:"step"`              // from 0
	Steps   int      `json:"steps"`             // how many the lesson has, for lists of lessons
	Title   string   `json:"title,omitempty"`   // of the step
	Known   uint32   `json:"known"`             // Session.Known
	Before  []string `json:"before,omitempty"`  // lines typed in this run before the step, without passwords
	Here    []string `json:"here,omitempty"`    // lines typed in the step, likewise; Inject: faults
	Tried   [][]int  `json:"tried,omitempty"`   // answers given in the step
	Hints   int      `json:"hints,omitempty"`   // hints given in the step
	Results []Result `json:"results,omitempty"` // of the steps so far, as words; beyond Step, if the learner has gone back
}

// MarshalText gives a result as a word, for JSON.
func (r Result) MarshalText() ([]byte, error) {
	if int(r) >= len(resultWords) {
		return nil, fmt.Errorf("no result has the number %d", r)
	}
	return []byte(resultWords[r]), nil
}

// UnmarshalText reads a word that MarshalText gave; any other is Open.
func (r *Result) UnmarshalText(text []byte) error {
	*r = Result(max(slices.Index(resultWords[:], string(text)), 0))
	return nil
}

var resultWords = [...]string{Open: "open", Done: "done", Shown: "shown", Skipped: "skipped"}

// Mark is where the learner is now.
func (s *Session) Mark() Mark {
	m := Mark{
		Lesson: s.lesson.ID, Hash: s.lesson.Hash(), Step: s.index, Steps: len(s.lesson.Steps), Title: s.Step().Title,
		Known: uint32(s.Known()), Tried: s.step.tried, Hints: s.step.hints,
		Results: slices.Clone(s.results[:s.furthest()+1]),
	}
	if s.shown == s.hand {
		typed := s.keep()
		before := min(s.step.before, len(typed))
		m.Before, m.Here = copied(typed[:before]), copied(typed[before:])
	}
	for _, fault := range s.step.faults {
		m.Here = append(m.Here, s.blot(fault))
	}
	return m
}

// furthest is the last step that was left somehow, or is asked.
func (s *Session) furthest() int {
	last := len(s.results) - 1
	for last > s.index && s.results[last] == Open {
		last--
	}
	return last
}

// copied is a list of its own, nil if it is empty: as it comes back from JSON.
func copied(lines []string) []string { return append([]string(nil), lines...) }

// Resume brings the learner back to a mark. If the lesson has changed since, it
// is the step with the mark's title, or else its number, from the beginning.
func (s *Session) Resume(m Mark) error {
	if m.Lesson != s.lesson.ID {
		return fmt.Errorf("the mark is of the lesson %s, and this is %s", m.Lesson, s.lesson.ID)
	}
	if err := s.Restart(); err != nil {
		return err
	}
	same := m.Hash == s.lesson.Hash() && m.Step >= 0 && m.Step < len(s.lesson.Steps)
	to := m.Step
	if !same {
		to = s.nearest(m)
	}
	s.pass(to, m.Results)
	if later := s.index + 1; later < len(m.Results) && m.Steps == len(s.lesson.Steps) { // the learner has gone back
		copy(s.results[later:], m.Results[later:])
	}
	if same {
		s.replay(m)
	}
	return s.err
}

// nearest is the step of a changed lesson that a mark is nearest to.
func (s *Session) nearest(m Mark) int {
	last := len(s.lesson.Steps) - 1
	at := min(max(m.Step, 0), last)
	if m.Title == "" || s.lesson.Steps[at].Title == m.Title {
		return at
	}
	for i := range s.lesson.Steps {
		if s.lesson.Steps[i].Title == m.Title {
			return i
		}
	}
	return at
}

// replay does again what was done in the step of the mark.
func (s *Session) replay(m Mark) {
	how := Open
	if s.index < len(m.Results) {
		how = m.Results[s.index]
	}
	if s.shown == s.hand && !slices.Equal(m.Before, s.keep()) {
		s.typeAgain(m.Before)
	}
	switch s.Step().Kind {
	case Watch:
		for s.shown.known < trace.Pos(m.Known) && s.Forward() {
		}
	case Predict, Quiz:
		for _, answer := range m.Tried {
			s.Choose(answer...)
		}
	case Type:
		for _, kept := range m.Here {
			line, ok := s.unkeep(kept)
			if !ok && how == Done { // in a way of the learner's own
				s.ShowAnswer()
			}
			if !ok {
				break
			}
			if _, err := s.Say(line); err != nil {
				break
			}
		}
	case Inject:
		for _, fault := range m.Here {
			if _, err := s.Inject(fault); err != nil {
				break
			}
		}
	}
	if how != Open { // helo has solved it, or the learner has come back to it solved
		s.ShowAnswer()
	}
	if s.step.solved {
		s.results[s.index] = how
		if how == Open {
			s.results[s.index] = Done
		}
	}
	s.step.hints = min(max(m.Hints, 0), s.Step().hints())
}

// typeAgain types the lines of earlier steps as they were kept. If one of them
// cannot be had again, those of the lesson's solutions stay, which have been
// typed before.
func (s *Session) typeAgain(kept []string) {
	typed := s.Typed()
	s.rerun(0)
	for _, k := range kept {
		line, ok := s.unkeep(k)
		if !ok {
			s.rerun(0)
			s.perform(typed)
			break
		}
		if s.say(line) != nil {
			break
		}
	}
	s.step.begin, s.step.before = s.Trace().End(), s.shown.typed
}
