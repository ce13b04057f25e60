package tui

// The real program on a virtual terminal, inside a bubble of its own time.

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"helo/lessons"
	"helo/sim/explain"
	"helo/sim/scenario"
)

// course reads the lessons of a folder: the real one, or that of the tests.
func course(t testing.TB, folder string) *lessons.Course {
	t.Helper()
	c, err := lessons.LoadCourse(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func load(name string) (*scenario.Scenario, error) {
	src, err := os.ReadFile("../../../content/scenarios/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	return scenario.Parse(src, name+".yaml")
}

var reference = sync.OnceValues(func() (*explain.Reference, error) {
	return explain.Load(os.DirFS("../../../content/reference"))
})

func options(t testing.TB) Options {
	return Options{
		Course: course(t, "testdata/course"), Load: load, Reference: reference, ReducedMotion: true,
		Now: slowly(),
	}
}

// screen is a terminal with helo on it.
type screen struct {
	t    *testing.T
	m    *model
	p    *tea.Program
	in   *io.PipeWriter
	done chan error

	mu  sync.Mutex
	emu *vt.Emulator
	raw bytes.Buffer // everything written
}

// Write is the terminal's side of helo's output.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	// Without a terminal's driver nobody turns LF into CR LF.
	fixed := bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	_, err := s.emu.Write(fixed)
	return len(b), err
}

// start runs helo on a terminal of w by h cells. It must be called in a bubble.
func start(t *testing.T, o Options, w, h int) *screen {
	s := &screen{t: t, m: newModel(o), emu: vt.NewEmulator(w, h), done: make(chan error, 1)}
	in, out := io.Pipe()
	s.in = out
	env := []string{"TERM=xterm-256color"}
	opts := []tea.ProgramOption{tea.WithInput(in), tea.WithOutput(s), tea.WithWindowSize(w, h), tea.WithEnvironment(env)}
	if !o.NoColor {
		opts = append(opts, tea.WithColorProfile(colorprofile.TrueColor))
	}
	s.p = newProgram(s.m, opts...)
	// The terminal's answers wait in a queue: a program that reads no more must
	// not keep the terminal from taking what it writes last.
	answers := make(chan []byte, 256)
	go func() {
		defer close(answers)
		buf := make([]byte, 256)
		for {
			n, err := s.emu.Read(buf)
			if err != nil {
				return
			}
			select {
			case answers <- bytes.Clone(buf[:n]):
			default: // nobody has read for long
			}
		}
	}()
	go func() {
		for b := range answers {
			if _, err := s.in.Write(b); err != nil {
				return
			}
		}
	}()
	go func() {
		_, err := s.p.Run()
		s.m.finish() // waits for what is being written
		s.done <- err
	}()
	s.settle()
	t.Cleanup(func() {
		s.p.Kill()
		_ = s.ended()
		_ = s.in.Close()
		_ = in.Close()
		_ = s.emu.Close()
	})
	return s
}

// settle lets everything happen that is about to.
func (s *screen) settle() {
	time.Sleep(200 * time.Millisecond)
	synctest.Wait()
}

// keyBytes are what a terminal sends for keys that are no letters.
var keyBytes = map[string]string{
	"enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "esc": "\x1b", "space": " ", "up": "\x1b[A", "down": "\x1b[B",
	"right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F", "pgup": "\x1b[5~", "pgdown": "\x1b[6~",
	"f1": "\x1bOP", "f2": "\x1bOQ", "ctrl+c": "\x03", "ctrl+z": "\x1a", "backspace": "\x7f",
}

// press presses keys one after the other: names of keyBytes, or letters.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		b, ok := keyBytes[k]
		if !ok {
			b = k
		}
		s.send(b)
	}
}

// send sends octets as the terminal would.
func (s *screen) send(b string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, b); err != nil {
		s.t.Fatalf("helo reads no more: %v", err)
	}
	s.settle()
}

// typeLine types a line and sends it.
func (s *screen) typeLine(line string) {
	s.t.Helper()
	s.send(line)
	s.press("enter")
}

func (s *screen) resize(w, h int) {
	s.mu.Lock()
	s.emu.Resize(w, h)
	s.mu.Unlock()
	s.p.Send(tea.WindowSizeMsg{Width: w, Height: h})
	s.settle()
}

// text is what stands on the screen.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := strings.Split(s.emu.String(), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " \r")
	}
	return strings.Join(rows, "\n") + "\n"
}

func (s *screen) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// shows fails unless the screen shows each of the texts.
func (s *screen) shows(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		if got := s.text(); !strings.Contains(got, want) {
			s.t.Fatalf("the screen does not show %q:\n%s", want, got)
		}
	}
}

func (s *screen) lacks(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		if got := s.text(); strings.Contains(got, want) {
			s.t.Fatalf("the screen shows %q:\n%s", want, got)
		}
	}
}

// ended waits until the program is over.
func (s *screen) ended() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		return err
	case <-time.After(5 * time.Second):
		s.t.Fatal("helo does not end")
		return nil
	}
}

// styleOnly matches what a row of the screen may hold besides text: the octets
// that set a style.
var styleOnly = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// checkRows fails unless there are h rows of exactly w cells, with nothing in
// them but text and styles.
func checkRows(t *testing.T, rows []string, w, h int) {
	t.Helper()
	if len(rows) != h {
		t.Errorf("%d rows, want %d", len(rows), h)
	}
	for i, r := range rows {
		if n := ansi.StringWidth(r); n != w {
			t.Errorf("row %d has %d cells, want %d: %q", i, n, w, ansi.Strip(r))
		}
		bare := styleOnly.ReplaceAllString(r, "")
		if j := strings.IndexFunc(bare, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }); j >= 0 {
			t.Errorf("row %d has a control character: %q", i, bare)
		}
	}
}

// drive is the UI without a program: Update and View called directly, commands
// run at once, so that a test sees every state.
type drive struct {
	t *testing.T
	m *model
}

func newDrive(t *testing.T, o Options, w, h int) *drive {
	d := &drive{t, newModel(o)}
	d.msg(tea.WindowSizeMsg{Width: w, Height: h})
	d.run(d.m.Init())
	return d
}

func (d *drive) msg(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.run(cmd)
}

func (d *drive) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg, movement:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case snapshot, referenceMsg, pagesMsg:
		d.msg(msg)
	}
}

// keyMsg is the message for a key's name, as bindings spell it.
func keyMsg(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "right": tea.KeyRight,
		"left": tea.KeyLeft, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "f1": tea.KeyF1, "f2": tea.KeyF2,
		"backspace": tea.KeyBackspace,
	}
	switch {
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case strings.HasPrefix(name, "ctrl+"):
		return tea.KeyPressMsg{Code: rune(name[5]), Mod: tea.ModCtrl}
	case codes[name] != 0:
		return tea.KeyPressMsg{Code: codes[name]}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

func (d *drive) press(names ...string) {
	for _, n := range names {
		d.msg(keyMsg(n))
	}
}

func (d *drive) typeLine(line string) {
	for _, r := range line {
		d.msg(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	d.press("enter")
}

func (d *drive) rows() []string { return strings.Split(d.m.View().Content, "\n") }

func (d *drive) text() string { return ansi.Strip(d.m.View().Content) }

// slowly is the clock of a learner who reads what there is: each look at it is a
// second later.
func slowly() func() time.Time {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}
