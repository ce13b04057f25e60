// The course is solved here: every lesson, through the one controller and the
// real engine. A lesson that no longer works fails the build.
package content_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helo/content"
	"helo/lessons"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// files is the course as it is built into the program.
var files = content.Files

func load(name string) (*scenario.Scenario, error) {
	file := "scenarios/" + name + ".yaml"
	src, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, err
	}
	return scenario.Parse(src, file)
}

// course loads the lessons; each is a subtest.
func course(t *testing.T, test func(t *testing.T, l *lessons.Lesson)) {
	c, err := lessons.LoadCourse(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Lessons {
		t.Run(l.ID, func(t *testing.T) { test(t, l) })
	}
}

func start(t *testing.T, l *lessons.Lesson) *lessons.Session {
	t.Helper()
	s, err := lessons.Start(l, load)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// at says where in the lesson a failure is.
func at(s *lessons.Session) string {
	return fmt.Sprintf("%s:%d: step %d (%s)", s.Lesson().File, s.Step().Line, s.Index()+1, s.Step().Kind)
}

// solve solves the step as a learner does who knows everything.
func solve(t *testing.T, s *lessons.Session) {
	t.Helper()
	st := s.Step()
	switch st.Kind {
	case lessons.Watch:
		s.FastForward()
	case lessons.Predict, lessons.Quiz, lessons.Inject:
		// A copy of the session gives the answer away.
		copy := start(t, s.Lesson())
		if err := copy.Resume(s.Mark()); err != nil {
			t.Fatal(err)
		}
		copy.ShowAnswer()
		s.Choose(copy.Answer()...)
	case lessons.Type:
		for _, line := range st.Solution {
			if _, err := s.Say(line); err != nil {
				t.Fatalf("%s: typing %q: %v", at(s), line, err)
			}
		}
	}
	if !s.Solved() || s.Result(s.Index()) != lessons.Done {
		t.Fatalf("%s: not solved by its solution", at(s))
	}
}

func TestEveryLessonIsChecked(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		if err := lessons.Check(l, load); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryStepIsSolvedByALearner(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for solve(t, s); s.Next(); solve(t, s) {
		}
		if !s.LessonDone() || s.Index() != len(l.Steps)-1 {
			t.Errorf("%s: the lesson ends here", at(s))
		}
	})
}

func TestEachWrongAnswerMeetsItsOwnFeedback(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for more := true; more; more = s.Next() {
			for i, w := range s.Step().Wrong {
				var f lessons.Feedback
				for _, line := range w.Try {
					var err error
					if f, err = s.Say(line); err != nil {
						t.Fatalf("%s:%d: typing %q: %v", l.File, w.Line, line, err)
					}
				}
				if f.Right || f.Wrong != i || f.Text != w.Feedback {
					t.Errorf("%s:%d: %q is answered with %+v", l.File, w.Line, w.Try, f)
				}
				for s.Undo() {
				}
			}
			wrongOptions(t, s)
			solve(t, s)
		}
	})
}

// wrongOptions gives every wrong answer of a prediction or a quiz with one
// right option.
func wrongOptions(t *testing.T, s *lessons.Session) {
	st := s.Step()
	if st.Kind != lessons.Predict && st.Kind != lessons.Quiz && st.Kind != lessons.Inject {
		return
	}
	right := 0
	for i, o := range st.Options {
		copy := start(t, s.Lesson())
		if err := copy.Resume(s.Mark()); err != nil {
			t.Fatal(err)
		}
		known := copy.Known()
		f := copy.Choose(i)
		switch {
		case o.Right && st.Multiple():
			if f.Right || !strings.Contains(f.Text, "not all") {
				t.Errorf("%s:%d: %q is answered with %+v", s.Lesson().File, o.Line, o.Text, f)
			}
		case f.Right && o.Reason == "", f.Text != o.Reason, f.Wrong != i && o.Reason != "":
			t.Errorf("%s:%d: %q is answered with %+v", s.Lesson().File, o.Line, o.Text, f)
		case f.Right:
			right++
		case copy.Known() != known && st.Kind != lessons.Inject:
			t.Errorf("%s:%d: a wrong answer reveals something", s.Lesson().File, o.Line)
		case !cmp.Equal(copy.Tried(), []int{i}):
			t.Errorf("%s:%d: tried are %v, want %d", s.Lesson().File, o.Line, copy.Tried(), i)
		}
	}
	if right != 1 && !st.Multiple() {
		t.Errorf("%s: %d options are right", at(s), right)
	}
}

func TestAPredictionHidesTheEventAndAllThatTellsIt(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		known := trace.Pos(0) // before the step
		for more := true; more; more = s.Next() {
			if st := s.Step(); st.Kind == lessons.Predict {
				tr, rows := s.Trace(), s.Rows()
				if st.Scenario != "" || st.Inputs != nil { // a run of its own
					known = 0
				}
				target, ok := st.Next.Find(tr, known, tr.End())
				if !ok || rows.At(rows.Find(target)).Pos != target {
					t.Fatalf("%s: no row to predict", at(s))
				}
				if i := rows.Find(target); rows.At(i-1).Pos+1 != s.Known() {
					t.Errorf("%s: known is %d; the row before the prediction is at %d", at(s), s.Known(), rows.At(i-1).Pos)
				}
				if e := tr.At(target); e.Kind == trace.Reply {
					for p := trace.Pos(0); p < s.Known(); p++ {
						if d := tr.At(p); d.Kind == trace.Decided && d.Conn == e.Conn && d.Verb == e.Verb {
							t.Errorf("%s: the decision at %d gives the reply at %d away", at(s), p, target)
						}
					}
				}
				solve(t, s)
				if s.Known() != target+1 {
					t.Errorf("%s: after the answer known is %d, want %d", at(s), s.Known(), target+1)
				}
				known = s.Known()
				continue
			}
			solve(t, s)
			known = s.Known()
		}
	})
}

// The trace says which option of a prediction is right. This holds it against
// what the lesson means to ask.
func TestTheRightAnswersAreTheOnesMeant(t *testing.T) {
	meant := map[string][]string{
		"journey": {
			"yes: it takes letters to anybody",
			"accepted",
			"`mail.sender.example`: it never heard yes",
			"it puts the letter into a mailbox",
			"The phone called his server and fetched it",
		},
		"byhand": {"The address in MAIL FROM"},
		"locked": {
			"587 or 465 of her own server",
			"that it wants a locked line",
			"EHLO, once more",
			"take the offer away",
			"goodbye",
			"its login, in clear",
			"Her name and her password",
			"the envelope, in clear",
			"The program insists on TLS, and checks the certificate",
			"The program knocks at port 465",
		},
	}
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		var right []string
		for more := true; more; more = s.Next() {
			s.ShowAnswer()
			for _, o := range s.Answer() {
				right = append(right, s.Step().Options[o].Text)
			}
		}
		if diff := cmp.Diff(meant[l.ID], right); diff != "" {
			t.Errorf("meant (-) and right (+):\n%s", diff)
		}
	})
}

func TestHintsEndWithTheSolutionsNextLine(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for more := true; more; more = s.Next() {
			st := s.Step()
			if st.Kind == lessons.Type {
				for i, want := range append(append([]string(nil), st.Hints...), "") {
					h, ok := s.Hint()
					if !ok || h.N != i+1 || h.Of != len(st.Hints)+1 || want != "" && h.Text != want || h.Last != (want == "") {
						t.Errorf("%s: hint %d is %+v", at(s), i+1, h)
					}
				}
				for i, line := range st.Solution {
					if h, ok := s.Hint(); !ok || !h.Last || h.Line != line {
						t.Errorf("%s: the hint for line %d is %+v, want %q", at(s), i+1, h, line)
					}
					if _, err := s.Say(line); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !s.Solved() {
				solve(t, s)
			}
			if h, ok := s.Hint(); ok {
				t.Errorf("%s: a hint for a solved step: %+v", at(s), h)
			}
		}
	})
}

func TestShowAnswerAloneCompletesALesson(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for more := true; more; more = s.Next() {
			s.ShowAnswer()
			want := lessons.Shown
			if s.Step().Kind == lessons.Read {
				want = lessons.Done
			}
			if !s.Solved() || s.Result(s.Index()) != want {
				t.Fatalf("%s: the answer does not solve it", at(s))
			}
		}
		if !s.LessonDone() {
			t.Error("not done at the end")
		}
	})
}

// Also in the middle of a step that was begun in every wrong way.
func TestShowAnswerHelpsAfterAnyMistake(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for more := true; more; more = s.Next() {
			for _, w := range s.Step().Wrong {
				copy := start(t, l)
				if err := copy.Resume(s.Mark()); err != nil {
					t.Fatal(err)
				}
				for _, line := range w.Try {
					if _, err := copy.Say(line); err != nil {
						t.Fatal(err)
					}
				}
				if f := copy.ShowAnswer(); !f.Right || !copy.Solved() {
					t.Errorf("%s: after %q the answer does not solve it", at(s), w.Try)
				}
			}
			solve(t, s)
		}
	})
}

func TestSkipAloneCompletesALesson(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		for i := range l.Steps {
			if s.Index() != i {
				t.Fatalf("%s: want step %d", at(s), i+1)
			}
			s.Skip()
			if r := s.Result(i); r != lessons.Skipped && l.Steps[i].Kind != lessons.Read {
				t.Errorf("step %d is left as %d", i+1, r)
			}
		}
		if !s.LessonDone() {
			t.Error("not done at the end")
		}
	})
}

// view is all that a screen can show of a session; of the lines that were typed
// what may be kept.
type view struct {
	Index         int
	Solved, Ask   bool
	Known         trace.Pos
	Events        []string
	Before, Here  []string
	Last          lessons.Feedback
	Tried, Answer []int
	Hint          lessons.Hint
	Results       []lessons.Result
	InLetter      bool
}

func look(s *lessons.Session) view {
	v := view{
		Index: s.Index(), Solved: s.Solved(), Ask: s.Asking(), Known: s.Known(), Before: s.Mark().Before, Here: s.Mark().Here,
		Last: s.Last(), Tried: s.Tried(), Answer: s.Answer(), InLetter: s.InLetter(),
	}
	v.Hint, _ = s.Hinted()
	t := s.Trace()
	for p := trace.Pos(0); p < t.End(); p++ {
		e := *t.At(p)
		octets := t.Octets(e.Octets)
		e.Octets = trace.Span{}
		v.Events = append(v.Events, fmt.Sprintf("%d %+v %q", p, e, octets))
	}
	for i := range s.Lesson().Steps {
		v.Results = append(v.Results, s.Result(i))
	}
	return v
}

func TestResumeShowsTheSameScreen(t *testing.T) {
	course(t, func(t *testing.T, l *lessons.Lesson) {
		s := start(t, l)
		check := func(when string) {
			t.Helper()
			back := start(t, l)
			if err := back.Resume(s.Mark()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(look(s), look(back)); diff != "" {
				t.Errorf("%s, %s: coming back shows another screen:\n%s", at(s), when, diff)
			}
		}
		for more := true; more; more = s.Next() {
			check("at its beginning")
			s.Hint()
			check("after a hint")
			switch st := s.Step(); st.Kind {
			case lessons.Watch:
				for s.Forward() {
					check("while watching")
				}
			case lessons.Predict, lessons.Quiz, lessons.Inject:
				for i := range st.Options {
					s.Choose(i)
					check(fmt.Sprintf("after answer %d", i+1))
				}
			case lessons.Type:
				for _, w := range st.Wrong {
					for _, line := range w.Try {
						if _, err := s.Say(line); err != nil {
							t.Fatal(err)
						}
						check(fmt.Sprintf("after %q", line))
					}
					for s.Undo() {
					}
				}
				for _, line := range st.Solution {
					if _, err := s.Say(line); err != nil {
						t.Fatal(err)
					}
					check("in its solution")
				}
			}
			if !s.Solved() {
				s.ShowAnswer()
			}
			check("solved")
		}
	})
}
