package main

// What helo does at a terminal, held on a real one that never answers: Linux
// only, where a pseudo-terminal needs no library.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// openTerminal returns both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (control, terminal *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there is no pseudo-terminal here: ", err)
	}
	const unlock, number = 0x40045431, 0x80045430 // TIOCSPTLCK, TIOCGPTN
	var zero, n uint32
	for request, arg := range map[uintptr]*uint32{unlock: &zero, number: &n} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, control.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			t.Skip("there is no pseudo-terminal here: ", errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there is no pseudo-terminal here: ", err)
	}
	return control, terminal
}

// TestNothingWaitsForTheTerminal holds that neither help nor an error asks the
// terminal a question: one that does not answer would keep them waiting.
func TestNothingWaitsForTheTerminal(t *testing.T) {
	for _, c := range []struct {
		args   string
		env    string
		status int
		want   string
		styled bool
	}{
		{"--help", "", 0, "SCENARIO", true},
		{"run --help", "", 0, "--letter", true},
		{"help run", "", 0, "--letter", true},
		{"--help", "NO_COLOR=1", 0, "SCENARIO", true}, // bold is no colour
		{"--help", "TERM=dumb", 0, "SCENARIO", false},
		{"help faults", "", 0, "mx at=RCPT", false},
		{"run nosuch", "", 2, "no scenario", false},
		{"nosuch", "", 2, "unknown command", false},
		{"help nosuch", "", 2, "nosuch", false},
		{"run direct --fault mx", "", 2, "expected what goes wrong", false},
	} {
		t.Run(strings.TrimSpace(c.env+" "+c.args), func(t *testing.T) {
			control, terminal := openTerminal(t)
			defer control.Close()
			output := make(chan string)
			go func() {
				b, _ := io.ReadAll(control) // it ends in EIO when nobody has the other end
				output <- string(b)
			}()
			cmd := exec.Command(os.Args[0])
			cmd.Args = append([]string{"helo"}, strings.Fields(c.args)...)
			cmd.Env = []string{"TERM=xterm-256color", "COLORTERM=truecolor", "HOME=" + t.TempDir(), c.env}
			cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
			usual := exec.Command(os.Args[0], "version")
			usual.Args[0], usual.Env = "helo", cmd.Env
			begun := time.Now()
			if err := usual.Run(); err != nil { // what a start takes on this machine, now
				t.Fatal(err)
			}
			start := time.Since(begun)
			begun = time.Now()
			err := cmd.Run()
			took := time.Since(begun) - start
			_ = terminal.Close()
			out := <-output
			status := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				status = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if status != c.status || !strings.Contains(out, c.want) {
				t.Errorf("exit status %d, want %d with %q:\n%q", status, c.status, c.want, out)
			}
			if strings.Contains(out, "\x1b]") || strings.Contains(out, "\x1b[c") {
				t.Errorf("it asks the terminal: %q", out)
			}
			if styled := strings.Contains(out, "\x1b["); styled != c.styled {
				t.Errorf("styled: %v, want %v: %q", styled, c.styled, out)
			}
			if took > 3*time.Second { // fang gives up after four
				t.Errorf("it took %v longer than helo version", took)
			}
		})
	}
}
