package tui

// The text of a step: what it tells, what it asks, and what is said to the
// answer.

import (
	"fmt"
	"strings"

	"helo/lessons"
	"helo/sim/explain"
)

// textIn is what the text of a step is a function of.
type textIn struct {
	step   *lessons.Step
	solved bool
	last   bool // it is the lesson's last step

	picked []bool // options chosen, not answered yet
	tried  []bool // options answered
	right  []bool // options that are known to be right
	told   bool   // there is feedback
	said   lessons.Feedback
	how    lessons.Result // how the step was solved
	undo   bool           // there is a line to take back
	hint   lessons.Hint   // N is 0 if none was given
	typing bool
	cut    bool // the connection is closed, and the step is not solved
	wait   int  // pasted lines that wait to be sent
	note   string

	scroll int
	pages  *pages
	th     *theme
}

// texts lists the Markdown that the step's text is made of, for a width.
func (in *textIn) texts(w int) []pageKey {
	keys := []pageKey{{in.step.Prose, w, telling}, {in.step.Question, w, in.questionTone()}}
	for i, o := range in.step.Options {
		keys = append(keys, in.optionKey(i, o, w))
	}
	if in.told {
		keys = append(keys, pageKey{in.said.Text, w, telling})
	}
	if in.hint.N > 0 {
		keys = append(keys, pageKey{in.hint.Text, w, asking})
	}
	return keys
}

func (in *textIn) questionTone() tone {
	if in.step.Kind == lessons.Type || in.step.Kind == lessons.Inject {
		return asking
	}
	return telling
}

// row is one row of text in one ink.
func (in *textIn) row(w int, k ink, s string) string {
	return newLine(w).put(k, s).end(in.th)
}

// ask is everything but what the step tells: question, options, answer. small
// leaves out the air.
func (in *textIn) ask(w int, small bool) []string {
	var out []string
	gap := func() {
		if n := len(out); !small && n > 0 && strings.TrimSpace(out[n-1]) != "" {
			out = append(out, plain(w))
		}
	}
	head := ""
	switch in.step.Kind {
	case lessons.Predict:
		head = "▸ Predict"
	case lessons.Quiz:
		head = "▸ Recall"
		if in.step.Multiple() {
			head = "▸ Recall: all that are right, then ⏎"
		}
	case lessons.Inject:
		head = "▸ Let something go wrong"
	case lessons.Type:
		head = "▸ Your turn"
	}
	if head != "" && (!small || in.step.Question == "") {
		out = append(out, in.row(w, in.th.ask, head))
	}
	out = append(out, in.pages.get(pageKey{in.step.Question, w, in.questionTone()})...)
	if len(in.step.Options) > 0 {
		gap()
		switch {
		case in.typing && in.step.Kind == lessons.Inject: // what is said to the line needs the room
			out = append(out, in.faultExamples(w)...)
		case small:
			out = append(out, in.optionsInline(w)...)
		default:
			out = append(out, in.options(w)...)
		}
	}
	if in.told && (in.said.Text != "" || in.said.Right || !in.said.Fine) {
		gap()
		out = append(out, in.feedback(w, small)...)
	}
	if in.hint.N > 0 && !in.solved {
		gap()
		out = append(out, in.row(w, in.th.mid, fmt.Sprintf("hint %d of %d", in.hint.N, in.hint.Of)))
		out = append(out, in.pages.get(pageKey{in.hint.Text, w, asking})...)
	}
	if in.cut {
		gap()
		out = append(out, in.row(w, in.th.fail, "✗ The connection is closed."))
		out = append(out, newLine(w).put(in.th.accent, "u").put(in.th.mid, " take the last line back").end(in.th))
	}
	if in.wait > 0 {
		gap()
		for _, r := range wrap(plural(in.wait, "more pasted line waits", "more pasted lines wait")+". ⏎ sends one at a time.", w) {
			out = append(out, in.row(w, in.th.mid, r))
		}
	}
	if in.note != "" {
		gap()
		for _, r := range wrap(in.note, w) {
			out = append(out, in.row(w, in.th.mid, r))
		}
	}
	if in.solved && !(small && in.told && in.said.Right) {
		gap()
		out = append(out, newLine(w).put(in.th.ask, "⏎").put(in.th.accent, in.next()).end(in.th))
	} else if in.step.Kind == lessons.Watch && !small {
		gap()
		out = append(out, newLine(w).put(in.th.accent, "→").put(in.th.mid, " next row   ").put(in.th.accent, "space").put(in.th.mid, " play").end(in.th))
	}
	return out
}

// next is what ⏎ does when the step is solved.
func (in *textIn) next() string {
	if in.last {
		return " finish the lesson"
	}
	return " next step"
}

// feedback is what is said to an answer, with a word before it.
func (in *textIn) feedback(w int, small bool) []string {
	var out []string
	if word, k := in.verdict(); word != "" {
		l := newLine(w).put(k, word)
		if in.step.Kind == lessons.Type && !in.solved && in.undo && !in.cut {
			keys := "u"
			if in.typing {
				keys = "esc u"
			}
			l.put(in.th.accent, "   "+keys).put(in.th.mid, " takes the line back")
		}
		if small && in.solved {
			l.put(in.th.ask, "   ⏎").put(in.th.accent, in.next())
		}
		out = append(out, l.end(in.th))
	}
	return append(out, in.pages.get(pageKey{in.said.Text, w, telling})...)
}

func (in *textIn) verdict() (string, ink) {
	switch {
	case in.said.Right && in.how == lessons.Shown:
		return "The answer, shown", in.th.mid
	case in.said.Right && in.how == lessons.Skipped:
		return "Skipped: this is the answer", in.th.mid
	case in.said.Right && in.step.Kind == lessons.Type:
		return "✓ Done", in.th.good
	case in.said.Right:
		return "✓ Right", in.th.good
	case in.said.Fine:
		return "", ink{}
	case in.step.Kind == lessons.Type:
		return "✗ Not yet", in.th.fail
	}
	return "✗ Not this one", in.th.fail
}

// column draws the whole text into w by h cells. What the step asks always has
// room; what it tells is scrolled if it has none.
func (in *textIn) column(w, h int) []string {
	out := in.titleRows(w)
	told := in.pages.get(pageKey{in.step.Prose, w, telling})
	ask := in.ask(w, false)
	if len(told) > 0 && len(ask) > 0 {
		ask = append([]string{plain(w)}, ask...)
	}
	room := h - len(out) - len(ask)
	switch {
	case len(told) <= room:
		return fill(append(append(out, told...), ask...), w, h)
	case room >= 3 || len(ask) == 0:
		return fill(append(append(out, in.window(told, w, room)...), ask...), w, h)
	}
	all := append(append(out, told...), ask...)
	return in.window(all, w, h)
}

// needs is how many rows the column would like to have.
func (in *textIn) needs(w int) int {
	return len(in.titleRows(w)) + len(in.pages.get(pageKey{in.step.Prose, w, telling})) + 1 + len(in.ask(w, false))
}

func (in *textIn) titleRows(w int) []string {
	if in.step.Title == "" {
		return nil
	}
	var out []string
	for _, r := range wrap(explain.Visible([]byte(in.step.Title)), w) {
		out = append(out, in.row(w, in.th.strong, r))
	}
	return append(out, plain(w))
}

// window is the part of a text that fits, with a row that says where there is
// more.
func (in *textIn) window(rows []string, w, h int) []string {
	if h <= 1 || len(rows) <= h {
		return fill(rows[:min(len(rows), max(h, 0))], w, h)
	}
	first := max(0, min(in.scroll, len(rows)-h+1))
	word := "↓ more"
	switch {
	case first+h-1 >= len(rows):
		word = "↑ more"
	case first > 0:
		word = "↑ ↓ more"
	}
	out := append([]string(nil), rows[first:min(len(rows), first+h-1)]...)
	return append(out, newLine(w).right(in.th, in.th.accent, word, w).end(in.th))
}

// overflow is how far the text can be scrolled in w by h cells.
func (in *textIn) overflow(w, h int) int { return max(0, in.needs(w)-h+1) }

// folded is the text in few rows: the question, and above it what the step
// tells if there is room for all of it. Where nothing is asked, it tells as
// much as there is room for.
func (in *textIn) folded(w, h int) []string {
	ask := in.ask(w, true)
	told := in.pages.get(pageKey{in.step.Prose, w, telling})
	if len(told) > 0 && len(told)+1+len(ask) <= h {
		ask = append(append(append([]string(nil), told...), plain(w)), ask...)
	} else if len(ask) == 0 {
		ask = told
	} else if room := h - len(ask) - 1; in.step.Kind == lessons.Watch && room >= 3 {
		ask = append(append(in.window(told, w, room), plain(w)), ask...)
	}
	if len(ask) > h {
		return in.window(ask, w, h)
	}
	return ask
}

// plural is a number and its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n) + " " + many
}
