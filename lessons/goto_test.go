package lessons

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Whichever way a learner goes through a lesson, what is solved stays solved,
// nothing before the step is open, and the mark brings back the same screen.
func TestGoingToAnyStepKeepsWhatWasDone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		src := rapid.SampledFrom([]string{whole, letter, attack}).Draw(rt, "lesson")
		s := begin(t, src, 0)
		defer s.Close()
		steps := len(s.Lesson().Steps)
		for range rapid.IntRange(1, 12).Draw(rt, "moves") {
			before, from, solved := slices.Clone(s.results), s.Index(), s.Solved()
			to := from
			switch move := rapid.SampledFrom([]string{"go", "go", "next", "skip", "answer", "solve"}).Draw(rt, "move"); move {
			case "go":
				to = rapid.IntRange(0, steps-1).Draw(rt, "to")
				if err := s.GoTo(to); err != nil {
					rt.Fatal(err)
				}
			case "next":
				if s.Next() {
					to++
				}
			case "skip":
				s.Skip()
				to = min(to+1, steps-1)
			case "answer":
				s.ShowAnswer()
			case "solve":
				solve(rt, s)
			}
			if s.Index() != to {
				rt.Fatalf("at step %d, want %d", s.Index(), to)
			}
			if to != from && before[to] == Done && (!s.Solved() || s.Last().Text == "" && s.Step().Kind == Quiz && s.Answer() == nil) {
				rt.Fatalf("step %d was solved, and is asked again", to)
			}
			if to != from && before[to].LeftOut() && s.Solved() && s.Result(to) != Done {
				rt.Fatalf("step %d was left out, and is not asked again: %v", to, s.Result(to))
			}
			for i, r := range s.results {
				switch {
				case before[i] == Done && r != Done:
					rt.Fatalf("step %d was solved, and is %v", i, r)
				case i < to && r == Open:
					rt.Fatalf("step %d is open, and lies behind", i)
				case i > to && r != before[i] && to != from:
					rt.Fatalf("step %d lies ahead and has changed from %v to %v", i, before[i], r)
				case i < to && i >= from && before[i] == Open && !(i == from && solved) && r != Skipped:
					rt.Fatalf("step %d was passed by and is %v", i, r)
				}
			}
			again := begin(t, src, 0)
			if err := again.Resume(s.Mark()); err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(s.Mark(), again.Mark()); diff != "" {
				rt.Fatalf("the mark leads to another one:\n%s", diff)
			}
			if again.Solved() != s.Solved() || !slices.Equal(listing(s.Trace()), listing(again.Trace())) {
				rt.Fatalf("the mark leads to another screen; solved %t, want %t", again.Solved(), s.Solved())
			}
			again.Close()
		}
	})
}

// solve does what a learner does who knows everything.
func solve(t *rapid.T, s *Session) {
	switch s.Step().Kind {
	case Watch:
		s.FastForward()
	case Predict, Quiz, Inject:
		s.Choose(s.right()...)
	case Type:
		for _, line := range s.Step().Solution {
			if !s.Solved() {
				if _, err := s.Say(line); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if !s.Solved() {
		t.Fatalf("step %d is not solved", s.Index())
	}
}

func TestGoingToNoStepDoesNothing(t *testing.T) {
	s := begin(t, whole, typeStep)
	before := s.Mark()
	for _, i := range []int{-1, len(s.Lesson().Steps)} {
		if err := s.GoTo(i); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(before, s.Mark()); diff != "" {
		t.Error(diff)
	}
}
