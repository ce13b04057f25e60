package tui

// The list of a lesson's steps, from which any one is opened: to read an earlier
// one again, or to begin where a class is.

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/explain"
)

// The keys of the list of steps. No letter is among them: a line typed beside
// the prompt may have opened the list, and its enter must lead nowhere.
var (
	keyStepUp    = bind([]string{"up"}, "↑", "step above")
	keyStepDown  = bind([]string{"down"}, "↓", "step below")
	keyStepFirst = bind([]string{"home"}, "home", "first")
	keyStepLast  = bind([]string{"end"}, "end", "last")
	keyStepOpen  = bind([]string{"enter"}, "⏎", "open the step")
	keyStepClose = bind([]string{"esc"}, "esc", "close")
)

// stepWords are what the kinds of steps are called in the list.
var stepWords = [...]string{
	lessons.Read: "read", lessons.Watch: "watch", lessons.Predict: "predict", lessons.Type: "type",
	lessons.Quiz: "recall", lessons.Inject: "break",
}

// stepsBox is the list as an overlay. The step that is asked is chosen first.
func (m *model) stepsBox() *overlay {
	s := m.lesson.s
	at, of := s.Index(), len(s.Lesson().Steps)
	o := &overlay{title: "Steps", keys: []barKey{{keyStepDown, "↑ ↓", "choose"}, {keyStepOpen, "", "open"}, {keyStepClose, "", "close"}}}
	o.rows = func(th *theme, w, h int) []string { return stepRows(th, s, at, min(w, 72), h) }
	o.takes = func(m *model, msg tea.KeyPressMsg) (bool, tea.Cmd) {
		switch {
		case key.Matches(msg, keyStepUp):
			at = max(0, at-1)
		case key.Matches(msg, keyStepDown):
			at = min(of-1, at+1)
		case key.Matches(msg, keyStepFirst):
			at = 0
		case key.Matches(msg, keyStepLast):
			at = of - 1
		case key.Matches(msg, keyStepOpen):
			return true, m.goToStep(at)
		case key.Matches(msg, keyStepClose):
			return true, nil
		}
		return false, nil
	}
	return o
}

// goToStep opens a step.
func (m *model) goToStep(i int) tea.Cmd {
	l := m.lesson
	if i == l.s.Index() {
		return nil
	}
	if err := l.s.GoTo(i); err != nil {
		m.wrong = err.Error()
		return m.leave()
	}
	l.enter()
	return tea.Batch(m.saved(), m.animate())
}

// stepRows draws the steps with their marks into rows of w cells, at most h of
// them, step at chosen and in view; below it, what opening it does.
func stepRows(th *theme, s *lessons.Session, at, w, h int) []string {
	steps := s.Lesson().Steps
	n := min(len(steps), max(1, h-2))
	first := max(0, min(at-n/2, len(steps)-n))
	results := stepResults(s)
	var out []string
	for i := first; i < first+n; i++ {
		l := newLine(w)
		if l.band = i == at; l.band {
			l.put(th.accent, "▸")
		}
		l.to(th, 2).put(th.mid, pad(fmt.Sprint(i+1), 2)).to(th, 6)
		k, mark := stepMark(th, th.accent, i, s.Index(), results)
		l.put(k, mark).to(th, 9)
		word := stepWords[steps[i].Kind]
		if i == s.Index() {
			word = "you are here"
		}
		l.put(th.text, cut(explain.Visible([]byte(steps[i].Title)), w-l.at-16))
		out = append(out, l.to(th, w-13).put(th.mid, word).end(th))
	}
	return append(out, plain(w), newLine(w).put(th.mid, whatItDoes(s, at)).end(th))
}

// whatItDoes says what it does to open step i.
func whatItDoes(s *lessons.Session, i int) string {
	if i == s.Index() {
		return ""
	}
	skipped := 0
	for j := range i {
		if s.Result(j) == lessons.Open {
			skipped++
		}
	}
	var does []string
	if skipped > 0 {
		does = append(does, plural(skipped, "step counts as skipped.", "steps count as skipped."))
	}
	if s.CanUndo() && !s.Solved() {
		does = append(does, "Your lines in this step are forgotten.")
	}
	switch r := s.Result(i); {
	case skipped > 0:
	case r == lessons.Done:
		does = append(does, "Solved, and stays so.")
	case r.LeftOut():
		does = append(does, "Left out before; now it is asked.")
	}
	return strings.Join(does, " ")
}

// stepResults is how all steps were left.
func stepResults(s *lessons.Session) []lessons.Result {
	out := make([]lessons.Result, len(s.Lesson().Steps))
	for i := range out {
		out[i] = s.Result(i)
	}
	return out
}

// stepBar writes a mark for each step.
func stepBar(l *line, th *theme, k ink, n, of int, results []lessons.Result) {
	for i := 0; i < of; {
		on, mark := stepMark(th, k, i, n-1, results)
		end := i + 1
		for ; end < of; end++ { // those that are alike together
			if _, next := stepMark(th, k, end, n-1, results); next != mark {
				break
			}
		}
		l.put(on, strings.Repeat(mark, end-i))
		i = end
	}
}

// stepMark is the mark of step i: full if it is behind the learner or asked,
// hatched if helo solved it, empty if it is still to come.
func stepMark(th *theme, k ink, i, asked int, results []lessons.Result) (ink, string) {
	switch {
	case i < len(results) && results[i].LeftOut():
		return th.mid, "▨"
	case i <= asked, i < len(results) && results[i] == lessons.Done:
		return k, "▰"
	}
	return th.lane, "▱"
}
