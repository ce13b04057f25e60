package lessons

// Taking a lesson: which step it is, how far the learner may see, and what
// comes next.

import (
	"context"
	"fmt"
	"slices"

	"helo/sim"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// Session takes one learner through one lesson. It holds the runs of the
// lesson, which step is asked, and how far the learner may see. It is driven by
// one goroutine; the traces it hands out may be read by others.
type Session struct {
	lesson  *Lesson
	sc      map[string]*scenario.Scenario // by name
	auto    *run                          // what happens by itself
	hand    *run                          // driven by the learner; nil until a type step
	other   *run                          // the last one with a fault that was not asked for
	shown   *run                          // one of them
	secrets []string                      // passwords that must not be written down
	kept    map[string]string             // what keeps typed lines, see keep
	index   int
	step    progress
	results []Result
	err     error
}

// run is one run of the lesson's scenario and how much of it is known.
type run struct {
	world  *sim.World
	sc     *scenario.Scenario
	rows   *trace.Rows
	known  trace.Pos
	stop   sim.Stop
	as, to string // who is driven by hand, connected to whom
	port   uint16 // at this port
	typed  int    // lines typed
}

// progress is what has happened in the step that is asked.
type progress struct {
	solved bool
	begin  trace.Pos // where the step began in its run
	end    trace.Pos // Watch, Predict: Known once it is solved
	target trace.Pos // Predict: the event asked for; NoPos if there is none
	before int       // Type: lines typed in the run before the step
	tried  [][]int   // Predict, Quiz: the answers given, in order
	faults []string  // Inject: those tried, in order
	reach  []int     // Inject: the options that reach the goals
	hints  int       // hints given
	last   Feedback  // what was said last
}

// Result says how a step was left.
type Result uint8

// The results.
const (
	Open    Result = iota // not solved yet
	Done                  // solved by the learner
	Shown                 // the answer was shown
	Skipped               // left out
)

// LeftOut says whether the step counts as behind the learner, but was solved by
// helo.
func (r Result) LeftOut() bool { return r == Shown || r == Skipped }

// LeftOut says in words how many steps were skipped or shown: "3 skipped, 1
// shown"; "" if none was.
func LeftOut(results []Result) string {
	skipped, shown := 0, 0
	for _, r := range results {
		switch r {
		case Skipped:
			skipped++
		case Shown:
			shown++
		}
	}
	switch {
	case skipped > 0 && shown > 0:
		return fmt.Sprintf("%d skipped, %d shown", skipped, shown)
	case skipped > 0:
		return fmt.Sprintf("%d skipped", skipped)
	case shown > 0:
		return fmt.Sprintf("%d shown", shown)
	}
	return ""
}

// Feedback is what is said to an answer or a typed line.
type Feedback struct {
	Right bool   // the step is solved
	Fine  bool   // nothing to correct: the server took the line, the step goes on
	Text  string // Markdown; may be empty
	At    int    // the octet of the typed line at which it went wrong, or -1
	Wrong int    // which of the step's Wrong (Type) or Options the text is of, or -1
}

// none is no feedback.
var none = Feedback{At: -1, Wrong: -1}

// Start begins a lesson. load gives the scenario with that name. The error says
// what in the lesson does not fit the scenario.
func Start(l *Lesson, load func(name string) (*scenario.Scenario, error)) (*Session, error) {
	if len(l.Steps) == 0 {
		return nil, fmt.Errorf("the lesson %s has no steps", l.ID)
	}
	s := &Session{lesson: l, sc: map[string]*scenario.Scenario{}, kept: map[string]string{}}
	names := []string{l.Scenario}
	for i := range l.Steps {
		names = append(names, l.Steps[i].Scenario)
	}
	for _, name := range names {
		if name == "" || s.sc[name] != nil {
			continue
		}
		sc, err := load(name)
		if err != nil {
			return nil, fmt.Errorf("the scenario of the lesson %s: %w", l.ID, err)
		}
		s.sc[name] = sc
	}
	s.secrets = secrets(l, s.sc)
	if err := s.Restart(); err != nil {
		return nil, err
	}
	return s, nil
}

// Restart begins the lesson anew. All answers are forgotten.
func (s *Session) Restart() error {
	s.Close()
	auto, err := s.newRun(s.lesson.Scenario, s.lesson.Inputs)
	if err != nil {
		return fmt.Errorf("the lesson %s: %w", s.lesson.ID, err)
	}
	s.auto, s.hand, s.other, s.shown, s.err = auto, nil, nil, auto, nil
	s.results = make([]Result, len(s.lesson.Steps))
	s.enter(0)
	return s.err
}

// Close ends the lesson's runs. Their traces stay.
func (s *Session) Close() {
	for _, r := range [...]*run{s.auto, s.hand, s.other} {
		if r != nil {
			r.world.Close()
		}
	}
}

// newRun runs a scenario with the inputs until it ends or a person is asked.
func (s *Session) newRun(scenario string, inputs []string) (*run, error) {
	return newRun(s.sc[scenario], inputs)
}

func newRun(sc *scenario.Scenario, inputs []string) (*run, error) {
	w, err := sim.New(sc, sim.Options{Inputs: inputs})
	if err != nil {
		return nil, err
	}
	r := &run{world: w, sc: sc, rows: new(trace.Rows)}
	return r, r.goOn()
}

// goOn lets the run go on until it ends or a person is asked.
func (r *run) goOn() error {
	stop, err := r.world.Run(context.Background())
	r.stop = stop
	r.rows.Update(r.world.Trace())
	return err
}

// Lesson is the lesson that is taken.
func (s *Session) Lesson() *Lesson { return s.lesson }

// Step is the step that is asked.
func (s *Session) Step() *Step { return &s.lesson.Steps[s.index] }

// Index is the step's number, from 0.
func (s *Session) Index() int { return s.index }

// Result says how step i was left.
func (s *Session) Result(i int) Result { return s.results[i] }

// Solved says whether the step is solved, by whomever: then [Session.Next] goes
// on.
func (s *Session) Solved() bool { return s.step.solved }

// LessonDone says whether the last step is solved.
func (s *Session) LessonDone() bool {
	return s.index == len(s.lesson.Steps)-1 && s.step.solved
}

// Err is what went wrong in the engine, nil in a lesson that [Check] passes.
func (s *Session) Err() error { return s.err }

// Trace is the run that is shown. It is another one after Undo, Restart and
// Resume, and may be after Next: ask again after each change.
func (s *Session) Trace() *trace.Trace { return s.shown.world.Trace() }

// Rows is the index of Trace's rows, whole: a view shows those before Known.
func (s *Session) Rows() *trace.Rows { return s.shown.rows }

// Known is how far the learner may see: events before it. While a prediction is
// asked, the first row at or after it is the one asked for.
func (s *Session) Known() trace.Pos { return s.shown.known }

// Last is the feedback given last in this step; its At and Wrong are -1 and the
// rest is zero if there was none.
func (s *Session) Last() Feedback { return s.step.last }

// enter begins step i.
func (s *Session) enter(i int) {
	s.index = i
	st := s.Step()
	switch st.Kind {
	case Watch, Predict, Inject:
		s.dropHand()
		s.begin(st)
		s.shown = s.auto
	case Type:
		s.takeHand(st)
	}
	r := s.shown
	s.step = progress{begin: r.known, end: r.known, target: trace.NoPos, before: r.typed, last: none}
	t := r.world.Trace()
	switch st.Kind {
	case Read:
		s.solve(Done)
	case Watch:
		s.step.end = t.End()
		if st.Until != nil {
			if pos, ok := st.Until.Find(t, r.known, t.End()); ok {
				s.step.end = pos + 1
			}
		}
		if r.nextRow() >= s.step.end {
			s.reveal()
			s.solve(Done)
		}
	case Predict:
		if pos, ok := st.Next.Find(t, r.known, t.End()); ok {
			s.step.target, s.step.end = pos, pos+1
			s.approach(pos)
		}
	case Inject:
		s.lieInWait(st)
	}
}

// begin begins the run that a step wants for itself.
func (s *Session) begin(st *Step) {
	if !st.fresh() {
		return
	}
	name := st.Scenario
	if name == "" {
		name = s.lesson.Scenario
	}
	r, err := s.newRun(name, slices.Concat(s.lesson.Inputs, st.Inputs))
	if err != nil {
		s.err = err
		return
	}
	s.auto.world.Close()
	s.auto = r
}

// approach makes everything known up to the row before pos, but not what leads
// from there to pos: the server's decision would tell its reply.
func (s *Session) approach(pos trace.Pos) {
	if pos == 0 {
		return
	}
	r := s.shown
	if i := r.rows.Find(pos - 1); i >= 0 {
		r.known = max(r.known, r.rows.At(i).Pos+1)
	}
}

// nextRow is the position of the first row that is not known, or NoPos.
func (r *run) nextRow() trace.Pos {
	i := 0
	if r.known > 0 {
		i = r.rows.Find(r.known-1) + 1
	}
	if i >= r.rows.Len() {
		return trace.NoPos
	}
	return r.rows.At(i).Pos
}

// reveal makes known what the step was about.
func (s *Session) reveal() { s.shown.known = max(s.shown.known, s.step.end) }

// solve notes that the step is solved, and how.
func (s *Session) solve(how Result) {
	s.step.solved = true
	s.results[s.index] = how
}

// Forward reveals the next row of a watch step. It returns false if there is
// none left: the step is solved then.
func (s *Session) Forward() bool {
	r := s.shown
	if s.Step().Kind != Watch || s.step.solved {
		return false
	}
	next := r.nextRow()
	if next < s.step.end {
		r.known = next + 1
	}
	if r.nextRow() >= s.step.end {
		s.reveal()
		s.solve(Done)
	}
	return next < s.step.end
}

// FastForward reveals all that a watch step has to show.
func (s *Session) FastForward() {
	for s.Forward() {
	}
}

// Next goes on to the next step. It returns false if this one is not solved, or
// is the last.
func (s *Session) Next() bool {
	if !s.step.solved || s.index == len(s.lesson.Steps)-1 {
		return false
	}
	how := s.results[s.index+1] // not Open if the learner has been there
	s.enter(s.index + 1)
	s.arrive(how)
	return true
}

// Skip leaves the step out, solved but not by the learner, and goes on to the
// next, if there is one.
func (s *Session) Skip() {
	if !s.step.solved {
		s.ShowAnswer()
		s.results[s.index] = Skipped
	}
	s.Next()
}

// ShowAnswer solves the step for the learner: it reveals what was to be
// watched, chooses the right options, or types the solution.
func (s *Session) ShowAnswer() Feedback {
	if s.step.solved {
		return s.step.last
	}
	switch s.Step().Kind {
	case Watch:
		s.FastForward()
		s.solve(Shown)
	case Predict, Quiz:
		s.step.last = s.chosen(s.right())
		s.solve(Shown)
		s.reveal()
	case Type:
		s.step.last = s.typeSolution()
		s.solve(Shown)
	case Inject:
		for _, o := range s.step.reach {
			s.step.last = s.inject(s.Step().Options[o].Fault.String())
		}
		s.solve(Shown)
	}
	return s.step.last
}
