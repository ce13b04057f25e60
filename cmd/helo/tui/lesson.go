package tui

// A lesson while it is taken: where the cursor is and what is shown. What is
// asked, known and answered is the session's business.

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/explain"
	"helo/sim/trace"
)

// lesson is one lesson on the screen.
type lesson struct {
	s *lessons.Session

	cursor   int   // row
	trail    []int // rows from which w was pressed
	part     int   // of the explanation, -1 for none
	by       explain.Eyes
	plain    bool // the transcript instead of the ladder; typing, the ladder instead of the dialogue
	reading  bool // on a small screen: the text has all the room
	folds    bool // it has, as the screen is now
	scroll   int  // of the text
	playing  bool
	finished bool // the learner has left it at its end
	grow     int  // of the newest arrow
	motion   int  // number of the movement under way; ticks of others are old

	picked []bool
	tried  []bool
	told   bool
	said   lessons.Feedback
	hint   lessons.Hint
	note   string
	warned bool // that another esc leaves, since the connection is closed

	typing bool // letters belong to the line
	input  textinput.Model
	recall int      // how far back in the earlier lines, 0 for the new one
	draft  string   // the new line, while an earlier one is shown
	wait   []string // pasted lines

	ref    *explain.Reference
	cached explained
}

// explained is the explanation drawn last; it is worked out once.
type explained struct {
	t     *trace.Trace
	pos   trace.Pos
	known trace.Pos
	ref   *explain.Reference
	by    explain.Eyes
	x     explain.Explanation
}

// newLesson shows a session that has begun, or has come back to a mark.
func newLesson(s *lessons.Session, mark *lessons.Mark, ref *explain.Reference) *lesson {
	l := &lesson{s: s, ref: ref, grow: growFull}
	l.input = textinput.New()
	l.input.Prompt = ""
	l.input.CharLimit = mostTyped
	l.input.SetVirtualCursor(false)
	l.enter()
	if mark == nil {
		return l
	}
	for _, answer := range mark.Tried {
		l.markTried(answer)
	}
	l.markTried(s.Tried())
	l.hint, _ = s.Hinted()
	return l
}

// enter begins to show a step.
func (l *lesson) enter() {
	st := l.s.Step()
	l.trail, l.part, l.scroll, l.plain, l.reading, l.playing = nil, -1, 0, false, true, false
	l.picked, l.tried = make([]bool, len(st.Options)), make([]bool, len(st.Options))
	l.by = explain.Masked
	l.told, l.hint, l.note, l.wait, l.warned = false, lessons.Hint{}, "", nil, false
	if f := l.s.Last(); f != (lessons.Feedback{At: -1, Wrong: -1}) { // it has been here before
		l.said, l.told = f, true
	}
	l.typing = l.s.Asking()
	l.input.Reset()
	l.recall, l.draft = 0, ""
	l.focus()
	l.cursor = l.rows() - 1
	l.grow = growFull
}

// focus gives the letters to the line, or takes them away.
func (l *lesson) focus() {
	if l.typing {
		l.input.Focus()
		return
	}
	l.input.Blur()
}

// asked says whether the last row is the one that a prediction asks for.
func (l *lesson) asked() bool {
	return l.s.Step().Kind == lessons.Predict && !l.s.Solved() && l.knownRows() < l.s.Rows().Len()
}

// knownRows is how many rows may be seen.
func (l *lesson) knownRows() int {
	known := l.s.Known()
	if known == 0 {
		return 0
	}
	return l.s.Rows().Find(known-1) + 1
}

// rows is how many rows are shown.
func (l *lesson) rows() int {
	if l.asked() {
		return l.knownRows() + 1
	}
	return l.knownRows()
}

// goTo puts the cursor on a row.
func (l *lesson) goTo(row int) {
	row = max(0, min(row, l.rows()-1))
	if l.rows() == 0 {
		row = -1
	}
	if row != l.cursor {
		l.part = -1
	}
	l.cursor = row
	l.reading = false
}

// forward takes the cursor a row on, and reveals the next one if there is one
// to be revealed. It says whether something moved.
func (l *lesson) forward() bool {
	l.trail, l.reading = nil, false
	if l.cursor < l.rows()-1 {
		l.goTo(l.cursor + 1)
		return true
	}
	before := l.rows()
	l.s.Forward()
	if l.rows() == before {
		return false
	}
	l.goTo(l.rows() - 1)
	l.grow = 0
	return true
}

// showEnd puts the cursor on the last row, of which something has changed.
func (l *lesson) showEnd() {
	l.trail = nil
	reading := l.reading
	l.goTo(l.rows() - 1)
	l.reading = reading && (l.s.Step().Kind == lessons.Quiz || l.s.Step().Kind == lessons.Read)
}

// see looks on with other eyes, or with a learner's own again.
func (l *lesson) see(by explain.Eyes) {
	if l.by == by {
		by = explain.Masked
	}
	l.by, l.part, l.reading = by, -1, false
}

// why goes to the cause of what is explained.
func (l *lesson) why(in *in) {
	if in.xPos == trace.NoPos || in.x.Cause == trace.NoPos {
		return
	}
	if row := l.s.Rows().Find(in.x.Cause); row >= 0 && row < l.rows() && row != l.cursor {
		trail := append(l.trail, l.cursor)
		l.goTo(row)
		l.trail = trail
	}
}

// back goes to where w was pressed.
func (l *lesson) back() {
	if n := len(l.trail); n > 0 {
		trail := l.trail[:n-1]
		l.goTo(l.trail[n-1])
		l.trail = trail
	}
}

// nextPart chooses the next part of the explained octets, or the one before.
func (l *lesson) nextPart(in *in, by int) {
	if in.xPos == trace.NoPos || len(in.x.Parts) == 0 {
		return
	}
	l.part = in.nextPart(by)
	l.reading = false
}

// canHint says whether a hint can be asked for.
func (l *lesson) canHint() bool {
	st := l.s.Step()
	return !l.s.Solved() && (len(st.Hints) > 0 || st.Kind == lessons.Type || st.Kind == lessons.Inject)
}

func (l *lesson) askHint() {
	if h, ok := l.s.Hint(); ok {
		l.hint, l.reading = h, true
	}
}

// choose takes an option, counted from 0: it is the answer, or one of several.
func (l *lesson) choose(i int) {
	st := l.s.Step()
	if i >= len(st.Options) || l.s.Solved() {
		return
	}
	if st.Multiple() {
		l.picked[i] = !l.picked[i]
		return
	}
	l.answer(i)
}

// answerPicked answers with all options that are picked.
func (l *lesson) answerPicked() {
	var list []int
	for i, p := range l.picked {
		if p {
			list = append(list, i)
		}
	}
	if list != nil {
		l.answer(list...)
	}
}

func (l *lesson) answer(options ...int) {
	before := l.knownRows()
	l.said, l.told = l.s.Choose(options...), true
	l.markTried(options)
	l.revealed(before)
	if l.s.Step().Kind == lessons.Inject { // another run
		l.showEnd()
	}
}

func (l *lesson) markTried(options []int) {
	for _, o := range options {
		if o >= 0 && o < len(l.tried) {
			l.tried[o] = true
		}
	}
}

// revealed lets what has become known move, and shows it.
func (l *lesson) revealed(before int) {
	if l.knownRows() > before {
		l.grow = 0
		l.reading = false
		l.showEnd()
	}
}

// showAnswer has the session solve the step.
func (l *lesson) showAnswer() {
	if l.s.Solved() {
		return
	}
	before := l.knownRows()
	l.said, l.told = l.s.ShowAnswer(), l.s.Step().Kind != lessons.Watch
	l.stopTyping()
	l.revealed(before)
	l.showEnd()
}

func (l *lesson) stopTyping() {
	l.typing, l.wait = false, nil
	l.input.Reset()
	l.focus()
}

// next goes on to the next step. It returns false at the lesson's end.
func (l *lesson) next() bool {
	if !l.s.Next() {
		return false
	}
	l.enter()
	return true
}

// skip leaves the step out.
func (l *lesson) skip() bool {
	i := l.s.Index()
	l.s.Skip()
	if l.s.Index() == i {
		l.said, l.told = l.s.Last(), l.s.Step().Kind != lessons.Watch && l.s.Step().Kind != lessons.Read
		l.stopTyping()
		l.showEnd()
		return false
	}
	l.enter()
	return true
}

// undo takes the last line back.
func (l *lesson) undo() {
	if l.s.Undo() {
		l.told, l.note, l.warned = false, "", false
		l.typing = l.s.Asking()
		l.focus()
		l.showEnd()
	}
}

// movement is the tick that lets the newest arrow grow or the run play.
type movement struct{ n int }

// move starts a movement, if there is something to move.
func (l *lesson) move(after tick) tea.Cmd {
	l.motion++
	n := l.motion
	return after(func() tea.Msg { return movement{n} })
}
