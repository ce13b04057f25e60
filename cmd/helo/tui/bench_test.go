package tui

// The cost of a key press, from the message to the octets for the terminal,
// and of the first frame of a process.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"helo/lessons"
	"helo/sim/scenario"
)

// BenchmarkKeyToFrame presses keys at 200x60 in a lesson on a run of so many
// events: Update, View, and what Bubble Tea makes of it for the terminal.
func BenchmarkKeyToFrame(b *testing.B) {
	for _, events := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(events), func(b *testing.B) {
			o := options(b)
			o.Course = &lessons.Course{Lessons: []*lessons.Lesson{{ID: "long", Title: "A long run", Scenario: "direct", Steps: []lessons.Step{{
				Kind: lessons.Watch, Title: "Watch", Prose: course(b, "testdata/course").Lessons[0].Steps[0].Prose,
			}}}}}
			o.Load = func(name string) (*scenario.Scenario, error) { return longRun(name, events) }
			m := newModel(o)
			send := func(msg tea.Msg) {
				_, cmd := m.Update(msg)
				runAll(m, cmd)
			}
			runAll(m, m.Init())
			send(tea.WindowSizeMsg{Width: 200, Height: 60})
			send(keyMsg("1"))
			send(keyMsg("a"))
			t := m.lesson.s.Trace()
			if t.Len() < events {
				b.Fatalf("the run has only %d events", t.Len())
			}
			buf := uv.NewScreenBuffer(200, 60)
			scr := uv.NewTerminalRenderer(io.Discard, []string{"TERM=xterm-256color", "COLORTERM=truecolor"})
			scr.SetFullscreen(true)
			keys := []string{"left", "left", "left", "tab", "right", "v", "left", "v", "home", "right", "right", "tab", "tab", "end", "w", "b",
				"e", "left", "left", "v", "left", "v", "o", "left", "left", "o"}
			worst := time.Duration(0)
			i := 0
			for b.Loop() {
				start := time.Now()
				m.Update(keyMsg(keys[i%len(keys)]))
				view := m.View()
				buf.Clear()
				uv.NewStyledString(view.Content).Draw(buf, buf.Bounds())
				scr.Render(buf.RenderBuffer)
				if err := scr.Flush(); err != nil {
					b.Fatal(err)
				}
				if d := time.Since(start); i >= len(keys) {
					worst = max(worst, d)
				}
				i++
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst")
		})
	}
}

// longRun is the scenario with enough letters for so many events.
func longRun(name string, events int) (*scenario.Scenario, error) {
	sc, err := load(name)
	if err != nil {
		return nil, err
	}
	letter := sc.Letters[0]
	for i := range events / 60 {
		l := letter
		l.At = time.Duration(i) * time.Second
		sc.Letters = append(sc.Letters, l)
	}
	return sc, nil
}

func runAll(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			runAll(m, c)
		}
	case snapshot, referenceMsg, pagesMsg:
		_, cmd := m.Update(msg)
		runAll(m, cmd)
	}
}

// firstFrame makes the test's process a helo that shows home and ends.
const firstFrame = "HELO_TUI_FIRST_FRAME"

func TestMain(m *testing.M) {
	if os.Getenv(firstFrame) == "" {
		os.Exit(m.Run())
	}
	c, err := lessons.LoadCourse(os.DirFS("../../../content"))
	if err != nil {
		panic(err)
	}
	p := newProgram(newModel(Options{Course: c, Load: load, Reference: reference, Now: time.Now}),
		tea.WithInput(nil), tea.WithWindowSize(120, 36), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	if _, err := p.Run(); err != nil {
		os.Exit(1)
	}
}

// BenchmarkFirstFrame is a whole process: from its start to the first octets of
// home on its output.
func BenchmarkFirstFrame(b *testing.B) {
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), os.Args[0]) // which ends it, too
		cmd.Env = append(os.Environ(), firstFrame+"=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		var seen bytes.Buffer
		r := bufio.NewReader(out)
		for !strings.Contains(seen.String(), "how email works") {
			c, err := r.ReadByte()
			if err != nil {
				b.Fatalf("no home: %v: %q", err, seen.String())
			}
			seen.WriteByte(c)
		}
		b.StopTimer()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		b.StartTimer()
	}
}
