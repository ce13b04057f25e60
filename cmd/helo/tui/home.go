package tui

// Home: what to do next on top, then the course with progress.

import (
	"fmt"
	"strings"

	"helo/lessons"
	"helo/sim/explain"
)

// homeIn is what home is a function of.
type homeIn struct {
	lessons  []*lessons.Lesson
	progress snapshot
	choice   int    // 0 is the line on top, then the lessons
	told     string // about the progress file, or what went wrong; as it came
	th       *theme
}

// next is the lesson that the line on top opens, and whether it was begun.
func (in *homeIn) next() (l *lessons.Lesson, begun bool) {
	var latest *lessons.Lesson
	for _, l := range in.lessons {
		if l.ID == in.progress.latest {
			latest = l
		}
	}
	if latest != nil && in.progress.lessons[latest.ID].Done.IsZero() {
		return latest, true
	}
	for _, l := range in.lessons { // new ones before one that is taken again
		if p := in.progress.lessons[l.ID]; p.Done.IsZero() {
			return l, p.Mark != nil
		}
	}
	if latest != nil {
		return latest, true
	}
	if len(in.lessons) > 0 {
		return in.lessons[0], false
	}
	return nil, false
}

// chosen is the lesson that enter opens.
func (in *homeIn) chosen() *lessons.Lesson {
	if in.choice > 0 && in.choice <= len(in.lessons) {
		return in.lessons[in.choice-1]
	}
	l, _ := in.next()
	return l
}

// done is how many lessons are finished.
func (in *homeIn) done() int {
	n := 0
	for _, l := range in.lessons {
		if !in.progress.lessons[l.ID].Done.IsZero() {
			n++
		}
	}
	return n
}

// homeScreen draws home.
func homeScreen(in *homeIn, w, h int) []string {
	th := in.th
	out := []string{plain(w)}
	l := newLine(w)
	l.to(th, 2).put(th.strong, "helo").to(th, 9).put(th.mid, "how email works, by doing it")
	count := fmt.Sprintf("%d of %s", in.done(), plural(len(in.lessons), "lesson", "lessons"))
	out = append(out, l.right(th, th.mid, count, w-2).end(th), plain(w))
	out = append(out, in.top(w), plain(w))
	for i := range in.lessons {
		out = append(out, in.lesson(i, w))
	}
	out = append(out, plain(w))
	foot := in.foot(w)
	about := in.about(w, h-len(out)-len(foot))
	out = append(out, about...)
	if gap := h - len(out) - len(foot); gap > 0 {
		for range gap {
			out = append(out, plain(w))
		}
	} else {
		out = out[:max(0, h-len(foot))]
	}
	return fill(append(out, foot...), w, h)
}

// top is what to do next.
func (in *homeIn) top(w int) string {
	th := in.th
	l := newLine(w)
	l.band = in.choice == 0
	next, begun := in.next()
	if next == nil {
		return l.to(th, 2).put(th.mid, "There are no lessons here.").end(th)
	}
	word := "Begin"
	switch {
	case begun:
		word = "Continue"
	case !in.progress.lessons[next.ID].Done.IsZero():
		word = "Again"
	case in.done() > 0:
		word = "Next"
	}
	l.to(th, 2).put(th.accent, "▸ ").put(th.strong, word).put(th.text, "   "+explain.Visible([]byte(next.Title)))
	if begun {
		m := in.progress.lessons[next.ID].Mark
		l.put(th.mid, fmt.Sprintf("   step %d of %d", m.Step+1, max(m.Steps, m.Step+1)))
	} else {
		l.put(th.mid, fmt.Sprintf("   %d min", next.Minutes))
	}
	return l.end(th)
}

// lesson is the row of lesson i.
func (in *homeIn) lesson(i, w int) string {
	th := in.th
	le := in.lessons[i]
	p := in.progress.lessons[le.ID]
	l := newLine(w)
	l.band = in.choice == i+1
	l.to(th, 2)
	if l.band {
		l.put(th.accent, "▸")
	}
	titleWidth := 24
	for _, le := range in.lessons {
		titleWidth = max(titleWidth, cells(le.Title))
	}
	steps := 8
	for _, le := range in.lessons {
		steps = max(steps, len(le.Steps))
	}
	titleWidth = min(titleWidth, w-8-steps-24)
	l.to(th, 4).put(th.mid, fmt.Sprint(i+1)).to(th, 7).put(th.text, cut(explain.Visible([]byte(le.Title)), titleWidth))
	l.to(th, 7+titleWidth+5)
	var results []lessons.Result
	filled, k, word, wordInk := 0, th.accent, fmt.Sprintf("%d min", le.Minutes), th.mid
	switch {
	case !p.Done.IsZero():
		filled, k, word, wordInk, results = len(le.Steps), th.good, "done", th.good, p.Results
		if left := lessons.LeftOut(results); left != "" {
			word, wordInk = "done, "+left, th.mid
		}
		if p.Mark != nil {
			word, wordInk = fmt.Sprintf("done, again at step %d", min(p.Mark.Step+1, len(le.Steps))), th.mid
		}
	case p.Mark != nil:
		filled, results = min(p.Mark.Step, len(le.Steps)), p.Mark.Results
		word = fmt.Sprintf("step %d of %d", min(p.Mark.Step+1, len(le.Steps)), len(le.Steps))
	}
	if steps <= 24 {
		stepBar(l, th, k, filled, len(le.Steps), results)
		l.to(th, 7+titleWidth+5+steps+3)
	}
	return l.put(wordInk, word).end(th)
}

// about says what the chosen lesson is for, in at most h rows.
func (in *homeIn) about(w, h int) []string {
	th := in.th
	le := in.chosen()
	if le == nil || h < 3 {
		return nil
	}
	out := []string{plain(w)}
	say := func(name string, k ink, text string) {
		for i, r := range wrap(text, min(w-18, 84)) {
			l := newLine(w)
			if i == 0 {
				l.to(th, 7).put(th.mid, name)
			}
			out = append(out, l.to(th, 15).put(k, r).end(th))
		}
	}
	say("goal", th.text, explain.Visible([]byte(le.Goal)))
	var needs []string
	for _, id := range le.Needs {
		for i, other := range in.lessons {
			if other.ID == id && in.progress.lessons[id].Done.IsZero() {
				needs = append(needs, fmt.Sprintf("%d, %s", i+1, explain.Visible([]byte(other.Title))))
			}
		}
	}
	say("rules", th.mid, rfcList(le.RFC, 400))
	if len(needs) > 0 {
		say("before", th.text, "better after lesson "+strings.Join(needs, "; "))
	}
	return out[:min(len(out), h)]
}

// foot is the last rows: what has to be told, and the keys.
func (in *homeIn) foot(w int) []string {
	th := in.th
	out := []string{newLine(w).to(th, 2).put(th.lane, dashes(w-4)).end(th)}
	for _, r := range wrap(explain.Visible([]byte(in.told)), w-4) {
		out = append(out, newLine(w).to(th, 2).put(th.text, r).end(th))
	}
	return append(out, keyBar(th, w, []barKey{
		{keyDown, "↑ ↓", "choose"}, {keyOpen, "", "open"}, {keyNth, homeNumbers(len(in.lessons)), "open that one"}, {keyQuit, "", "quit"}, {keyHelp, "", "help"},
	}))
}

func homeNumbers(n int) string {
	var out []string
	for i := range min(n, 3) {
		out = append(out, fmt.Sprint(i+1))
	}
	return strings.Join(out, " ")
}
