package tui

// The root model: which screen is shown, the size, the theme, the overlays, and
// where each message goes.

import (
	"errors"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"helo/lessons"
	"helo/sim/explain"
)

// model is the whole UI.
type model struct {
	o        Options
	w, h     int
	th       *theme
	pages    *pages
	keep     *keeper
	progress snapshot
	unkept   bool // a lesson has said that its place is not kept
	ref      *explain.Reference

	choice   int     // at home
	bench    *bench  // nil until it is opened
	lesson   *lesson // nil at home
	overlays []*overlay
	wrong    string // what went wrong last, as it came; home makes it safe
}

// tick is a command that sends a message after a while. Movement goes through
// it, so that tests and reduced motion can do without.
type tick func(func() tea.Msg) tea.Cmd

const (
	growEvery = 33 * time.Millisecond   // of a newest arrow
	growStep  = 2                       // eighths at a time
	playEvery = 1100 * time.Millisecond // readable: one row, then the next
)

func newModel(o Options) *model {
	th := newTheme(true, !o.NoColor)
	m := &model{o: o, w: 80, h: 24, th: th, pages: newPages(th), keep: newKeeper(o.StateFolder, o.Course)}
	if o.Lesson != "" {
		if l := o.Course.Lesson(o.Lesson); l == nil {
			m.wrong = "There is no lesson " + o.Lesson + "."
		}
	}
	return m
}

// referenceMsg brings the texts of the explanations.
type referenceMsg struct {
	ref *explain.Reference
	err error
}

// Init reads what the screen needs, and asks for the terminal's background.
func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.keep.load, func() tea.Msg {
		ref, err := m.o.Reference()
		return referenceMsg{ref, err}
	}}
	if !m.o.NoColor {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// Update takes a message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if l := m.lesson; l != nil && !m.small() {
		l.folds = newLayout(m.w, m.h, l, l.text(m.th, m.pages)).full
	}
	cmd := m.take(msg)
	return m, tea.Batch(cmd, m.fetch())
}

// take takes a message without drawing texts.
func (m *model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width != m.w || msg.Height != m.h {
			m.w, m.h = msg.Width, msg.Height
		}
	case tea.BackgroundColorMsg:
		if dark := msg.IsDark(); dark != m.th.dark {
			m.th = newTheme(dark, m.th.color)
			m.pages = newPages(m.th)
		}
	case pagesMsg:
		m.pages.take(msg)
	case referenceMsg:
		m.ref = msg.ref
		if msg.err != nil {
			m.wrong = "There are no explanations: " + msg.err.Error()
		}
		if m.lesson != nil {
			m.lesson.ref = m.ref
		}
	case snapshot:
		first := !m.progress.loaded
		if m.lesson != nil && msg.failed && !m.unkept {
			m.unkept = true
			m.lesson.note = "Your place cannot be written down now. When you leave, helo says why."
		}
		m.progress = msg
		if first && m.o.Lesson != "" && m.lesson == nil {
			if l := m.o.Course.Lesson(m.o.Lesson); l != nil {
				return m.open(l)
			}
		}
	case movement:
		return m.moved(msg)
	case tea.PasteMsg:
		if n := len(m.overlays); n > 0 && m.overlays[n-1].bench != nil {
			m.bench.paste(msg.Content)
			return nil
		}
		if l := m.lesson; l != nil && l.typing && len(m.overlays) == 0 {
			l.paste(msg.Content)
		}
	case tea.KeyPressMsg:
		return m.key(msg)
	}
	return nil
}

// fetch draws the texts that the screen lacks.
func (m *model) fetch() tea.Cmd {
	if m.lesson == nil || m.small() {
		return nil
	}
	return m.pages.fetch(m.lesson.text(m.th, m.pages).texts(textWidth(m.w, m.h)))
}

func (m *model) small() bool { return m.w < minWidth || m.h < minHeight }

// key gives a key to whoever is to have it.
func (m *model) key(msg tea.KeyPressMsg) tea.Cmd {
	if key.Matches(msg, keyKill) {
		return m.quit()
	}
	if key.Matches(msg, keySuspend) {
		return tea.Suspend
	}
	if m.small() {
		if key.Matches(msg, keyQuit) && (m.lesson == nil || !m.lesson.typing) {
			return m.quit()
		}
		return nil
	}
	if key.Matches(msg, keyBench) {
		m.toggleBench()
		return nil
	}
	if n := len(m.overlays); n > 0 {
		top := m.overlays[n-1]
		closed, cmd := top.key(m, msg)
		if closed {
			m.overlays = m.overlays[:n-1]
		}
		return cmd
	}
	if m.lesson == nil {
		return m.homeKey(msg)
	}
	return m.lessonKey(msg)
}

func (m *model) homeIn() *homeIn {
	told := m.progress.told
	if m.wrong != "" {
		told = m.wrong
	}
	return &homeIn{m.o.Course.Lessons, m.progress, m.choice, told, m.th}
}

// homeKey handles a key at home.
func (m *model) homeKey(msg tea.KeyPressMsg) tea.Cmd {
	n := len(m.o.Course.Lessons)
	switch {
	case key.Matches(msg, keyHelp):
		m.overlays = append(m.overlays, helpBox())
	case key.Matches(msg, keyQuit):
		return m.quit()
	case key.Matches(msg, keyUp):
		m.choice = max(0, m.choice-1)
	case key.Matches(msg, keyDown):
		m.choice = min(n, m.choice+1)
	case key.Matches(msg, keyFirst):
		m.choice = 0
	case key.Matches(msg, keyLast):
		m.choice = n
	case key.Matches(msg, keyNth):
		if i := int(msg.String()[0] - '0'); i <= n {
			m.choice = i
			return m.open(m.o.Course.Lessons[i-1])
		}
	case key.Matches(msg, keyOpen):
		if l := m.homeIn().chosen(); l != nil {
			return m.open(l)
		}
	}
	return nil
}

// open begins a lesson, or comes back to where it was left.
func (m *model) open(l *lessons.Lesson) tea.Cmd {
	m.wrong = ""
	s, err := lessons.Start(l, m.o.Load)
	mark := m.progress.lessons[l.ID].Mark
	if err == nil && mark != nil {
		if err = s.Resume(*mark); err != nil {
			mark = nil
			err = s.Restart()
		}
	}
	if err != nil {
		m.wrong = err.Error()
		return nil
	}
	m.lesson = newLesson(s, mark, m.ref)
	return m.saved()
}

// saved writes down where the learner is.
func (m *model) saved() tea.Cmd {
	if m.lesson == nil {
		return nil
	}
	return m.keep.keep(m.place())
}

func (m *model) place() place {
	l := m.lesson
	return place{l.s.Mark(), l.finished, m.o.Now()}
}

// leave goes home. The lesson's place is kept.
func (m *model) leave() tea.Cmd {
	cmd := m.saved()
	m.lesson.s.Close()
	for i, l := range m.o.Course.Lessons {
		if l.ID == m.lesson.s.Lesson().ID {
			m.choice = i + 1
			if m.lesson.finished {
				m.choice = 0 // what comes next is on top
			}
		}
	}
	m.lesson = nil
	return cmd
}

// quit ends the program. Run writes the place down.
func (m *model) quit() tea.Cmd { return tea.Quit }

// errNoCourse is a mistake of the caller.
var errNoCourse = errors.New("no course to show")

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.View{AltScreen: true, WindowTitle: m.title()}
	rows, x, y := m.screen()
	v.SetContent(strings.Join(rows, "\n"))
	if n := len(m.overlays); n > 0 {
		x = -1
		if o := m.overlays[n-1]; o.bench != nil {
			x, y = o.left+o.x, o.above+o.y
		}
	}
	if x >= 0 {
		v.Cursor = tea.NewCursor(x, y)
		v.Cursor.Blink = false
		if m.th.cursor != "" {
			v.Cursor.Color = lipgloss.Color(m.th.cursor)
		}
	}
	return v
}

func (m *model) title() string {
	if m.lesson == nil {
		return "helo"
	}
	return "helo: " + explain.Visible([]byte(m.lesson.s.Lesson().Title))
}

// screen is all rows, and the place of the cursor.
func (m *model) screen() (rows []string, x, y int) {
	x = -1
	switch {
	case m.small():
		return tooSmall(m.th, m.w, m.h), -1, 0
	case m.lesson != nil:
		rows, x, y = lessonScreen(m.lesson, m.th, m.pages, m.w, m.h)
	default:
		rows = homeScreen(m.homeIn(), m.w, m.h)
	}
	for _, o := range m.overlays {
		rows = o.draw(m.th, rows, m.w, m.h)
	}
	return rows, x, y
}

// tooSmall says that the window is too small, and that nothing is lost.
func tooSmall(th *theme, w, h int) []string {
	var out []string
	for range max(0, h/2-2) {
		out = append(out, plain(w))
	}
	text := "helo needs a window of 80 by 24 characters. This one has " + size(w, h) + ". Make it larger: your place is kept."
	for _, r := range wrap(text, max(1, w-2)) {
		out = append(out, newLine(w).to(th, (w-cells(r))/2).put(th.text, r).end(th))
	}
	return fill(out, w, h)
}
