// Package tui is helo's terminal UI: home and the lesson screen.
//
// One root model owns the size, the theme, the keys and the overlays. What is
// asked, known and answered is decided by [lessons.Session]; what an event
// means, by [explain.Reference]. The views are plain functions from a value to
// rows of exactly the right width, and octets from outside reach them only
// through package explain.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"helo/lessons"
	"helo/sim/explain"
	"helo/sim/scenario"
)

// Options say what the UI shows and where it keeps progress.
type Options struct {
	Course    *lessons.Course
	Load      func(name string) (*scenario.Scenario, error) // a scenario by its name
	Reference func() (*explain.Reference, error)            // the texts of the explanations

	StateFolder   string           // where progress is kept; empty: nowhere
	Lesson        string           // the id of the lesson to start in; empty: home
	NoColor       bool             // see ColorFromEnvironment
	ReducedMotion bool             // nothing moves by itself
	Now           func() time.Time // the clock; nil: the real one
}

// FromEnvironment sets what the environment asks for: NO_COLOR and
// HELO_REDUCED_MOTION count if they are there and not empty.
func (o *Options) FromEnvironment() {
	o.NoColor = o.NoColor || os.Getenv("NO_COLOR") != ""
	o.ReducedMotion = o.ReducedMotion || os.Getenv("HELO_REDUCED_MOTION") != ""
}

// framesPerSecond bounds how often the screen is written. At 60 the ticker
// alone costs more than 1 % of a core.
const framesPerSecond = 30

// Run shows the UI until the learner quits, ctx is done, or a signal ends it.
// The terminal is left as it was found, however it ends, and the place in the
// lesson is written down. Both standard streams have to be a terminal.
func Run(ctx context.Context, o Options) error {
	if o.Course == nil {
		return errNoCourse
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.FromEnvironment()
	m := newModel(o)
	p := newProgram(m)
	stop := quitOn(ctx, p)
	_, err := p.Run()
	stop()
	if told := m.finish(); told != "" {
		fmt.Fprintln(os.Stderr, "helo: "+told)
	}
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return errors.New("helo has made a mistake and had to stop. Your place in the lesson is kept; what stands above helps to mend it")
	}
	return fmt.Errorf("failed to show the screen: %w", err)
}

// newProgram is the program that shows a model. more is for tests: input,
// output, size.
func newProgram(m *model, more ...tea.ProgramOption) *tea.Program {
	return newTeaProgram(m, m.o.NoColor, more...)
}

func newTeaProgram(m tea.Model, noColor bool, more ...tea.ProgramOption) *tea.Program {
	opts := []tea.ProgramOption{tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler()}
	if noColor {
		opts = append(opts, tea.WithColorProfile(colorprofile.ASCII))
	}
	return tea.NewProgram(m, append(opts, more...)...)
}

// quitOn quits the program, in good order, when ctx is done or a signal asks
// for it. Bubble Tea itself knows nothing of SIGHUP, which a closed window
// sends.
func quitOn(ctx context.Context, p *tea.Program) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			p.Quit()
		case <-ctx.Done():
			p.Quit()
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// finish writes the place down when the program is over, whatever ended it. It
// returns what the learner should know if that fails.
func (m *model) finish() string {
	m.note()
	return m.keep.finish()
}

// note has the place in the lesson kept, if there is one.
func (m *model) note() {
	if m.lesson == nil {
		return
	}
	// After a panic the lesson may be in no state to say where it is.
	defer func() { _ = recover() }()
	m.keep.keep(m.place()) // finish writes it
	m.lesson.s.Close()
}

// after is a tick of the clock.
func after(d time.Duration) tick {
	return func(msg func() tea.Msg) tea.Cmd {
		return tea.Tick(d, func(time.Time) tea.Msg { return msg() })
	}
}
