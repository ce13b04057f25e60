package tui

// Keys and movement in a lesson.

import (
	"strconv"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/explain"
)

func size(w, h int) string { return strconv.Itoa(w) + " by " + strconv.Itoa(h) }

// lessonKey handles a key in a lesson.
func (m *model) lessonKey(msg tea.KeyPressMsg) tea.Cmd {
	l := m.lesson
	if l.typing {
		if key.Matches(msg, keyF1) {
			m.overlays = append(m.overlays, helpBox())
			return nil
		}
		if l.typeKey(msg) {
			return tea.Batch(m.saved(), m.animate())
		}
		return nil
	}
	wasPlaying := l.playing
	l.playing = false
	switch {
	case key.Matches(msg, keyHelp):
		m.overlays = append(m.overlays, helpBox())
	case key.Matches(msg, keyQuit):
		return m.quit()
	case key.Matches(msg, keyLeave) && l.cut() && !l.warned: // it may be that of esc u, as a line is taken back elsewhere
		l.warned, l.note = true, "esc once more leaves the lesson."
	case key.Matches(msg, keyLeave):
		return m.leave()
	case key.Matches(msg, keyNext):
		return m.enter()
	case key.Matches(msg, keyHint) && l.canHint():
		l.askHint()
		return m.saved()
	case key.Matches(msg, keyRight):
		return m.forward()
	case key.Matches(msg, keyLeft):
		l.trail = nil
		l.goTo(l.cursor - 1)
	case key.Matches(msg, keyStart):
		l.trail = nil
		l.goTo(0)
	case key.Matches(msg, keyEnd):
		l.trail = nil
		l.goTo(l.rows() - 1)
	case key.Matches(msg, keyPlay):
		if !wasPlaying {
			return m.play()
		}
	case key.Matches(msg, keyPart):
		l.nextPart(l.in(m.th), 1)
	case key.Matches(msg, keyPartOld):
		l.nextPart(l.in(m.th), -1)
	case key.Matches(msg, keyWhy):
		l.why(l.in(m.th))
	case key.Matches(msg, keyBack):
		l.back()
	case key.Matches(msg, keyView):
		l.plain, l.reading = !l.plain, false
	case key.Matches(msg, keyEaves):
		l.see(explain.Wire)
	case key.Matches(msg, keyOpenUp):
		l.see(explain.Ends)
	case key.Matches(msg, keyText):
		l.reading = !l.reading
	case key.Matches(msg, keyScrollU):
		l.scroll = max(0, l.scroll-1)
	case key.Matches(msg, keyScrollD):
		m.scrollDown()
	case key.Matches(msg, keyChoose):
		l.choose(int(msg.String()[0] - '1'))
		return tea.Batch(m.saved(), m.animate())
	case key.Matches(msg, keyWrite) && l.canWrite():
		l.typing = true
		l.focus()
	case key.Matches(msg, keyAnswer):
		if !l.s.Solved() {
			m.overlays = append(m.overlays, m.askAnswer())
		}
	case key.Matches(msg, keyUndo):
		l.undo()
		return m.saved()
	case key.Matches(msg, keySkip) && l.s.Solved():
		if l.next() {
			return tea.Batch(m.saved(), m.animate())
		}
	case key.Matches(msg, keySkip):
		m.overlays = append(m.overlays, m.askSkip())
	case key.Matches(msg, keySteps):
		m.overlays = append(m.overlays, m.stepsBox())
	case key.Matches(msg, keyRestart):
		m.overlays = append(m.overlays, m.askRestart())
	}
	return nil
}

// enter goes on: to the next step, out of the text, back to the line.
func (m *model) enter() tea.Cmd {
	l := m.lesson
	st := l.s.Step()
	g := newLayout(m.w, m.h, l, l.text(m.th, m.pages))
	switch {
	case l.s.LessonDone():
		l.finished = true
		return m.leave()
	case l.s.Solved():
		l.next()
		return tea.Batch(m.saved(), m.animate())
	case st.Kind == lessons.Type && l.s.Asking():
		l.typing, l.reading = true, false
		l.focus()
		l.showEnd()
	case g.full && !st.Multiple():
		l.reading = false
	case st.Kind == lessons.Watch:
		return m.forward()
	case st.Multiple():
		l.answerPicked()
		return tea.Batch(m.saved(), m.animate())
	}
	return nil
}

// forward takes the cursor on, and writes it down if the step is solved by it.
func (m *model) forward() tea.Cmd {
	l := m.lesson
	solved := l.s.Solved()
	if !l.forward() {
		return nil
	}
	if l.s.Solved() != solved {
		return tea.Batch(m.saved(), m.animate())
	}
	return m.animate()
}

// scrollDown moves the text up, as far as there is any.
func (m *model) scrollDown() {
	l := m.lesson
	text := l.text(m.th, m.pages)
	g := newLayout(m.w, m.h, l, text)
	l.scroll = min(l.scroll+1, text.overflow(g.textW, g.textH))
}

// askSkip says what skipping does, and asks.
func (m *model) askSkip() *overlay {
	text := "The answer is filled in, so that the next step can go on from there. The step counts as skipped."
	return m.question("Skip this step?", text, "skip it", func(m *model) tea.Cmd {
		m.lesson.skip()
		return tea.Batch(m.saved(), m.animate())
	})
}

// askAnswer says what it does to show the answer, and asks.
func (m *model) askAnswer() *overlay {
	text := "The step is solved for you, and counts as shown. A hint, with h, gives away less."
	if !m.lesson.canHint() {
		text = "The step is solved for you, and counts as shown."
	}
	return m.question("Show the answer?", text, "show it", func(m *model) tea.Cmd {
		m.lesson.showAnswer()
		return tea.Batch(m.saved(), m.animate())
	})
}

// askRestart says what a restart does, and asks.
func (m *model) askRestart() *overlay {
	text := "The lesson begins again at its first step. Your answers and lines in it are forgotten. That you have finished it once, if you have, is kept."
	return m.question("Start this lesson again?", text, "start again", func(m *model) tea.Cmd {
		l := m.lesson
		if err := l.s.Restart(); err != nil {
			m.wrong = err.Error()
			return m.leave()
		}
		l.enter()
		return m.saved()
	})
}

// animate lets the newest arrow grow.
func (m *model) animate() tea.Cmd {
	l := m.lesson
	if l == nil || l.grow >= growFull {
		return nil
	}
	if m.o.ReducedMotion {
		l.grow = growFull
		return nil
	}
	l.grow = growStep
	return l.move(after(growEvery))
}

// play reveals a row after the other.
func (m *model) play() tea.Cmd {
	l := m.lesson
	l.playing = true
	return m.playOn()
}

func (m *model) playOn() tea.Cmd {
	l := m.lesson
	solved := l.s.Solved()
	if !l.forward() {
		l.playing = false
		return nil
	}
	var save tea.Cmd
	if l.s.Solved() != solved {
		save = m.saved()
	}
	if m.o.ReducedMotion {
		l.grow = growFull
		return tea.Batch(save, l.move(after(playEvery)))
	}
	l.grow = min(max(l.grow, growStep), growFull)
	if l.grow == growFull {
		return tea.Batch(save, l.move(after(playEvery)))
	}
	return tea.Batch(save, l.move(after(growEvery)))
}

// moved goes on with a movement, unless another has begun since.
func (m *model) moved(msg movement) tea.Cmd {
	l := m.lesson
	if l == nil || msg.n != l.motion {
		return nil
	}
	if l.grow < growFull {
		l.grow = min(growFull, l.grow+growStep)
		if l.grow < growFull {
			return l.move(after(growEvery))
		}
		if l.playing {
			return l.move(after(playEvery))
		}
		return nil
	}
	if l.playing {
		return m.playOn()
	}
	return nil
}
