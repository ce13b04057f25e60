package tui

// The screen of a running server: its sessions, the one that is chosen as a
// ladder, and the event under the cursor explained.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/sim/explain"
	"helo/sim/trace"
)

// ServerOptions say what the screen of a server shows.
type ServerOptions struct {
	Trace     *trace.Trace
	Grew      <-chan struct{} // the trace has grown
	Address   string          // where the server listens
	Invited   []string        // where clients may come in, and how
	Try       string          // a command with which a client talks to it
	Faults    []string        // what goes wrong, whether it has happened or not
	Reference func() (*explain.Reference, error)

	NoColor       bool
	ReducedMotion bool
}

// RunServer shows a running server until the person quits, ctx is done, or a
// signal ends it. The terminal is left as it was found.
func RunServer(ctx context.Context, o ServerOptions) error {
	var env Options
	env.FromEnvironment()
	o.NoColor, o.ReducedMotion = o.NoColor || env.NoColor, o.ReducedMotion || env.ReducedMotion
	p := newTeaProgram(newServerModel(o), o.NoColor)
	stop := quitOn(ctx, p)
	_, err := p.Run()
	stop()
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return errors.New("helo has made a mistake and had to stop. Letters that got their 250 are kept; what stands above helps to mend it")
	}
	return fmt.Errorf("failed to show the screen: %w", err)
}

// serverModel is the whole screen.
type serverModel struct {
	o    ServerOptions
	w, h int
	th   *theme
	ref  *explain.Reference
	vs   *visits

	chosen   *visit
	follow   bool // the newest session and its newest row
	cursor   int
	trail    []int
	part     int
	plain    bool // the transcript instead of the ladder
	by       explain.Eyes
	overlays []*overlay
	wrong    string
	cached   explained
}

func newServerModel(o ServerOptions) *serverModel {
	return &serverModel{o: o, w: 80, h: 24, th: newTheme(true, !o.NoColor), vs: newVisits(o.Trace), follow: true, cursor: -1, part: -1}
}

// grewMsg says that the trace has grown.
type grewMsg struct{}

// gather is how long events gather before the screen is drawn anew.
const gather = 50 * time.Millisecond

// wait waits for the trace to grow.
func (m *serverModel) wait() tea.Msg {
	if _, ok := <-m.o.Grew; !ok {
		return nil
	}
	time.Sleep(gather)
	return grewMsg{}
}

// Init reads what the screen needs.
func (m *serverModel) Init() tea.Cmd {
	cmds := []tea.Cmd{m.wait, func() tea.Msg {
		ref, err := m.o.Reference()
		return referenceMsg{ref, err}
	}}
	if !m.o.NoColor {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// Update takes a message.
func (m *serverModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.th = newTheme(msg.IsDark(), !m.o.NoColor)
	case referenceMsg:
		m.ref = msg.ref
		if msg.err != nil {
			m.wrong = "There are no explanations: " + explain.Visible([]byte(msg.err.Error()))
		}
	case grewMsg:
		m.grew()
		return m, m.wait
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// grew takes in what is new, and follows it.
func (m *serverModel) grew() {
	m.vs.update()
	n := len(m.vs.list)
	if m.follow && n > 0 {
		newest := m.vs.list[0]
		for _, v := range m.vs.list {
			if v.last >= newest.last {
				newest = v
			}
		}
		m.choose(newest)
		m.cursor = m.chosen.rows.Len() - 1
	}
	if m.chosen == nil && n > 0 {
		m.choose(m.vs.list[n-1])
	}
	if m.chosen != nil {
		m.cursor = min(m.cursor, m.chosen.rows.Len()-1)
	}
}

// choose shows another session.
func (m *serverModel) choose(v *visit) {
	if m.chosen == v {
		return
	}
	m.chosen, m.cursor, m.trail, m.part = v, v.rows.Len()-1, nil, -1
}

// move chooses the session that stands by above or below.
func (m *serverModel) move(by int) {
	at := len(m.vs.list) - 1
	for i, v := range m.vs.list {
		if v == m.chosen {
			at = i
		}
	}
	if at = max(0, min(at+by, len(m.vs.list)-1)); at < len(m.vs.list) {
		m.follow = false
		m.choose(m.vs.list[at])
	}
}

// goTo puts the cursor on a row.
func (m *serverModel) goTo(row int) {
	if m.chosen == nil {
		return
	}
	row = max(0, min(row, m.chosen.rows.Len()-1))
	if row != m.cursor {
		m.part = -1
	}
	m.cursor, m.follow = row, false
}

// key handles a key.
func (m *serverModel) key(msg tea.KeyPressMsg) tea.Cmd {
	if key.Matches(msg, keyKill) {
		return tea.Quit
	}
	if key.Matches(msg, keySuspend) {
		return tea.Suspend
	}
	if n := len(m.overlays); n > 0 {
		if closed, _ := m.overlays[n-1].key(nil, msg); closed {
			m.overlays = m.overlays[:n-1]
		}
		return nil
	}
	switch {
	case key.Matches(msg, keyQuit):
		return tea.Quit
	case key.Matches(msg, keyHelp):
		m.overlays = append(m.overlays, keysBox(serverGroups))
	case key.Matches(msg, keyInvite):
		m.overlays = append(m.overlays, m.invite())
	case key.Matches(msg, keyUp):
		m.move(1)
	case key.Matches(msg, keyDown):
		m.move(-1)
	case key.Matches(msg, keyRight):
		m.goTo(m.cursor + 1)
	case key.Matches(msg, keyLeft):
		m.trail = nil
		m.goTo(m.cursor - 1)
	case key.Matches(msg, keyStart):
		m.goTo(0)
	case key.Matches(msg, keyEnd), key.Matches(msg, keyFollow):
		m.follow, m.part, m.trail = true, -1, nil
		m.grew()
	case key.Matches(msg, keyPart):
		m.nextPart(1)
	case key.Matches(msg, keyPartOld):
		m.nextPart(-1)
	case key.Matches(msg, keyWhy):
		m.why()
	case key.Matches(msg, keyBack):
		if n := len(m.trail); n > 0 {
			row, trail := m.trail[n-1], m.trail[:n-1]
			m.goTo(row)
			m.trail = trail
		}
	case key.Matches(msg, keyView):
		m.plain = !m.plain
	case key.Matches(msg, keyEaves):
		if m.part = -1; m.by == explain.Wire {
			m.by = explain.Masked
		} else {
			m.by = explain.Wire
		}
	}
	return nil
}

func (m *serverModel) nextPart(by int) {
	if in := m.in(); len(in.x.Parts) > 0 {
		m.part = in.nextPart(by)
		m.follow = false
	}
}

func (m *serverModel) why() {
	in := m.in()
	if in.xPos == trace.NoPos || in.x.Cause == trace.NoPos {
		return
	}
	if row := m.chosen.rows.Find(in.x.Cause); row >= 0 && row != m.cursor {
		trail := append(m.trail, m.cursor)
		m.goTo(row)
		m.trail = trail
	}
}

// in gathers what the exchange is a function of.
func (m *serverModel) in() *in {
	in := &in{by: m.by, t: m.o.Trace, rows: new(trace.Rows), cursor: -1, grow: growFull, part: m.part, th: m.th, xPos: trace.NoPos, fault: -1}
	v := m.chosen
	if v == nil {
		return in
	}
	in.rows, in.n, in.known, in.cursor = &v.rows, v.rows.Len(), v.last+1, m.cursor
	if m.cursor < 0 || m.cursor >= in.n || m.ref == nil {
		return in
	}
	in.xPos = in.rows.At(m.cursor).Pos
	c := &m.cached
	if c.pos != in.xPos || c.known != in.known || c.ref != m.ref || c.by != m.by || c.t == nil {
		*c = explained{in.t, in.xPos, in.known, m.ref, m.by, m.ref.Seen(in.t, in.xPos, in.known, m.by)}
	}
	if in.x = c.x; in.part >= len(in.x.Parts) {
		in.part = -1
	}
	return in
}

// View draws the screen.
func (m *serverModel) View() tea.View {
	v := tea.View{AltScreen: true, WindowTitle: "helo serve"}
	v.SetContent(strings.Join(m.screen(), "\n"))
	return v
}
