package tui

// However helo ends, the terminal is as it was.

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"

	"helo/sim/explain"
	"helo/sim/scenario"
)

// restored fails unless what was switched on was switched off at the end: the
// other screen, the hidden cursor, bracketed paste, the keyboard's extras.
func restored(t *testing.T, s *screen) {
	t.Helper()
	out := s.output()
	for _, pair := range [][2]string{{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}, {"\x1b[?2004h", "\x1b[?2004l"}} {
		if on, off := strings.LastIndex(out, pair[0]), strings.LastIndex(out, pair[1]); on >= 0 && off < on {
			t.Errorf("%q is not undone by %q", pair[0], pair[1])
		}
	}
	if on, off := strings.Count(out, "\x1b[>"), strings.Count(out, "\x1b[<"); on > 0 && off == 0 && strings.Contains(out, "u") && strings.Contains(out, "\x1b[>1u") {
		t.Error("the keyboard keeps its extras")
	}
	if i := strings.LastIndex(out, "\x1b]12;"); i >= 0 && !strings.Contains(out[i:], "\x1b]112") {
		t.Error("the cursor keeps its colour")
	}
}

func TestTerminalIsRestored(t *testing.T) {
	broken := errors.New("on purpose")
	for name, c := range map[string]struct {
		change func(o *Options)
		do     func(s *screen)
		panics bool
		early  bool // it ends before the first frame
	}{
		"quit":          {do: func(s *screen) { s.press("q") }},
		"quit typing":   {do: func(s *screen) { s.press("2"); s.send("EHLO"); s.press("ctrl+c") }},
		"signal":        {do: func(s *screen) { s.press("2"); s.p.Quit() }},
		"killed inside": {do: func(s *screen) { s.press("1"); s.p.Kill() }},
		"panic in Update": {
			change: func(o *Options) { o.Load = func(string) (*scenario.Scenario, error) { panic(broken) } },
			do:     func(s *screen) { _, _ = s.in.Write([]byte("1")); s.settle() }, panics: true,
		},
		"panic in View": {
			do: func(s *screen) {
				s.press("1")
				s.m.lesson.s = nil
				s.p.Send(tea.WindowSizeMsg{Width: 90, Height: 30})
				s.settle()
			}, panics: true,
		},
		"panic in a command": {
			change: func(o *Options) {
				first := true
				o.Reference = func() (*explain.Reference, error) {
					if first {
						first = false
						panic(broken)
					}
					return nil, nil
				}
			},
			do: func(s *screen) { s.settle() }, panics: true, early: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(t)
				if c.change != nil {
					c.change(&o)
				}
				s := start(t, o, 80, 24)
				c.do(s)
				err := s.ended()
				if c.panics != errors.Is(err, tea.ErrProgramPanic) {
					t.Errorf("ended with %v", err)
				}
				restored(t, s)
				if !c.early && !strings.Contains(s.output(), "\x1b[?1049h") {
					t.Error("the other screen was never shown")
				}
			})
		})
	}
}
