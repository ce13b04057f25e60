// Helo teaches how email works by letting a person watch, drive and break a
// real SMTP exchange in a terminal. Without arguments it opens the course.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"helo/content"
	"helo/lessons"
	"helo/sim/explain"
)

// The exit statuses.
const (
	exitFine        = 0
	exitUndelivered = 1 // some recipient's letter is in no mailbox
	exitWrong       = 2 // wrong usage, or a mistake in a scenario, a letter or a fault
)

// errUndelivered ends a run that has told everything already.
var errUndelivered = errors.New("not every letter is in a mailbox")

func main() { os.Exit(run(context.Background())) }

// run runs the command line and returns the exit status.
func run(ctx context.Context) int {
	// A reader that has seen enough is no mistake: writes then fail with EPIPE.
	signal.Ignore(syscall.SIGPIPE)
	root := newRoot()
	err := dress(ctx, root)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	switch {
	case err == nil || isClosedPipe(err):
		return exitFine
	case errors.Is(err, errUndelivered):
		return exitUndelivered
	case errors.Is(err, errDeferred):
		return exitDeferred
	case errors.Is(err, errRefused):
		return exitRefused
	}
	report(root.ErrOrStderr(), err)
	return exitWrong
}

func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// newRoot returns the whole tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "helo",
		Short: "Learn how email works, on a running mail system",
		Long: "Learn how email works: watch a letter travel from Alice to Bob, type the protocol yourself, " +
			"break things and see what the servers do. Without a command it opens the course.",
		Example: `
# open the course
helo

# read how one letter gets from Alice to Bob
helo run direct

# the same, with a server that says "not now" twice
helo run direct --fault "mx at=RCPT n=1-2 reply=451"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			course, err := lessons.LoadCourse(content.Files)
			if err != nil {
				return err
			}
			return openUI(cmd, course, "")
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newLessons(), newLearn(), newRun(), newServe(), newSend(), newVersion(),
		newTopic("formats", "What helo writes: text and JSON, field by field", formatsTopic),
		newTopic("faults", "How to say what goes wrong", faultsTopic),
		newTopic("scenarios", "What a scenario file says", scenariosTopic),
	)
	return root
}

// noArgs refuses arguments, and says which commands there are: the first word
// was probably meant as one.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{errors.New(msg)}
}

// oneArg wants exactly one argument, and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usageError{fmt.Errorf("expected %s, found %d arguments", what, len(args))}
	}
}

// usageError is a mistake on the command line itself.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// report prints an error. Parts of it come from files and arguments, so that
// it is made safe line by line.
func report(w io.Writer, err error) {
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "helo: " + line
		}
		fmt.Fprintln(w, explain.Visible([]byte(line)))
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(w, "Say helo --help, or --help behind a command, to see how it is used.")
	}
}
