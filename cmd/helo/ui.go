package main

import (
	"errors"
	"os"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"helo/cmd/helo/tui"
	"helo/content"
	"helo/lessons"
	"helo/sim/explain"
)

// errNoTerminal says what to do where the course cannot be shown.
var errNoTerminal = errors.New(`the lessons need a terminal for both input and output.
In a terminal, say helo or helo learn journey. Without one, these work:
  helo run direct    how a letter gets from Alice to Bob, to read
  helo lessons       the list of lessons`)

// hasTerminal says whether there is a person who can see a screen and press
// keys. TERM=dumb is a terminal without a screen.
func hasTerminal() bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd())
}

// openUI opens the course, at a lesson if one is named. Nothing is read before
// it is needed: the first picture should come at once.
func openUI(cmd *cobra.Command, course *lessons.Course, lesson string) error {
	if !hasTerminal() {
		return errNoTerminal
	}
	return tui.Run(cmd.Context(), tui.Options{
		Course:      course,
		Load:        builtIn,
		Reference:   func() (*explain.Reference, error) { return explain.Load(content.Files) },
		StateFolder: lessons.DefaultFolder(),
		Lesson:      lesson,
	})
}
