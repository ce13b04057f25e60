package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"helo/protocol/message"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/explain"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// runOptions are the flags of helo run.
type runOptions struct {
	seed    seed
	faults  []string
	letter  string
	raw     bool
	secrets bool
	keyLog  string
	format  string
}

// seed is the value of --seed.
type seed uint64

// String is part of pflag.Value, as are Set and Type.
func (s *seed) String() string { return strconv.FormatUint(uint64(*s), 10) }

// Set reads the number. Its error says what was expected.
func (s *seed) Set(text string) error {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf("expected a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	*s = seed(n)
	return nil
}

// Type is the word that help has for the value.
func (s *seed) Type() string { return "uint" }

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario and write what happens",
		Long: "Run a scenario in virtual time and write what happens, as a transcript to read or as one event a line. " +
			"SCENARIO is the name of one that is built in (" + strings.Join(scenarioNames(), ", ") + "), a file, or - for standard input. " +
			"The exit status is 0 if every recipient of every letter has it in a mailbox, 1 if not, 2 if something is written wrong.",
		Example: `
# one letter, straight from Alice to Bob
helo run direct

# Bob's server says "not now" to the first two attempts
helo run direct --fault "mx at=RCPT n=1-2 reply=451"

# a letter that you have saved, as events for a program
helo run direct --letter saved.eml --format json`,
		Args: oneArg("one scenario, such as direct"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScenario(cmd, args[0], o)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return scenarioNames(), cobra.ShellCompDirectiveDefault
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.seed = 1
	f.Var(&o.seed, "seed", "what chance is drawn from, a whole number")
	f.StringArrayVar(&o.faults, "fault", nil, "something that goes wrong, such as \"mx at=RCPT reply=451\"; may be given more than once (see helo help faults)")
	f.StringVar(&o.letter, "letter", "", "send the message in this file, or - for standard input, instead of the scenario's own; the envelope stays")
	f.BoolVar(&o.raw, "raw", false, "leave the line ends of --letter as they are, on the wire too")
	secretsFlag(cmd, &o.secrets)
	keyLogFlag(cmd, &o.keyLog)
	formatFlag(cmd, &o.format, "write text or json (see helo help formats)")
	return cmd
}

// runScenario reads everything, runs, and writes.
func runScenario(cmd *cobra.Command, name string, o runOptions) error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	if name == "-" && o.letter == "-" {
		return usageError{errors.New("the scenario and the letter cannot both come from standard input")}
	}
	if o.raw && o.letter == "" {
		return usageError{errors.New("--raw is about the line ends of --letter; expected a --letter with it")}
	}
	sc, err := loadScenario(name, cmd.InOrStdin())
	if err != nil {
		return err
	}
	faults, err := parseFaults(sc, o.faults)
	if err != nil {
		return err
	}
	if o.letter != "" {
		notes, err := replaceLetters(sc, o, cmd.InOrStdin())
		if err != nil {
			return err
		}
		for _, n := range notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(n)))
		}
	}
	keyLog, done, err := openKeyLog(o.keyLog)
	if err != nil {
		return err
	}
	defer done()
	t, _, err := sim.Run(cmd.Context(), sc, sim.Options{Seed: uint64(o.seed), Faults: faults, KeyLog: keyLog})
	if err != nil {
		return fmt.Errorf("failed to run %s: %w", sc.Name, err)
	}
	// A reader who has seen enough does not change what became of the letters.
	unsent := unsentRecipients(sc, t)
	text := export.TextOptions{Title: sc.Title, Unsent: unsent, Secrets: o.secrets}
	if err := write(cmd.OutOrStdout(), t, o.format, text); err != nil && !isClosedPipe(err) {
		return err
	}
	neverFired(cmd.ErrOrStderr(), t, append(sc.Faults, faults...))
	if len(unsent) > 0 {
		return errUndelivered
	}
	for _, outcome := range check.Outcomes(t) {
		if outcome.Fate != check.Delivered {
			return errUndelivered
		}
	}
	return nil
}

// unsentRecipients are those of letters that the run did not come to.
func unsentRecipients(sc *scenario.Scenario, t *trace.Trace) []export.Unsent {
	var list []export.Unsent
	for _, l := range sim.Unsent(sc, t) {
		for _, to := range l.To {
			list = append(list, export.Unsent{Recipient: to.Mailbox(), Due: l.At})
		}
	}
	return list
}

// neverFired names the faults that found no occasion in the run.
func neverFired(w io.Writer, t *trace.Trace, faults []*host.Fault) {
	fired := map[string]bool{}
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		if e := t.At(pos); e.Kind == trace.Fired {
			fired[string(t.Octets(e.Octets))] = true
		}
	}
	for _, f := range faults {
		if !fired[f.String()] {
			fmt.Fprintln(w, "helo: this fault never happened: "+explain.Visible([]byte(f.String())))
		}
	}
}

// write writes the run in one of the formats.
func write(w io.Writer, t *trace.Trace, format string, o export.TextOptions) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var err error
	if format == "json" {
		err = export.JSON(b, t, export.JSONOptions{Secrets: o.Secrets})
	} else {
		err = export.Text(b, t, o)
	}
	if err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("failed to write the run: %w", err)
	}
	return nil
}

// inPlace is a mistake in the words of a flag, shown with a mark under its
// column.
func inPlace(flag, words string, err error) error {
	var word *trace.WordError
	if !errors.As(err, &word) {
		return fmt.Errorf("%s %q: %w", flag, words, err)
	}
	before := []rune(words)
	before = before[:min(max(word.Column-1, 0), len(before))]
	shown := explain.Visible([]byte(words))
	indent := strings.Repeat(" ", len([]rune(explain.Visible([]byte(string(before))))))
	return fmt.Errorf("%s, column %d: %s\n  %s\n  %s^", flag, word.Column, word.Msg, shown, indent)
}

// parseFaults reads the faults of the command line.
func parseFaults(sc *scenario.Scenario, specs []string) ([]*host.Fault, error) {
	var faults []*host.Fault
	for _, spec := range specs {
		f, err := host.ParseFault(spec)
		if err == nil {
			err = sc.CheckFault(f)
		}
		if err != nil {
			return nil, inPlace("--fault", spec, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// maxLetter is the most octets that --letter takes: several times what servers
// commonly do.
const maxLetter = 64 << 20

// replaceLetters puts a saved message in the place of the scenario's letters;
// their envelopes stay. The notes say what had to be done to it.
func replaceLetters(sc *scenario.Scenario, o runOptions, stdin io.Reader) (notes []string, err error) {
	if len(sc.Letters) == 0 {
		return nil, fmt.Errorf("the scenario %s sends no letter that --letter could replace", sc.Name)
	}
	octets, notes, err := readLetter(o.letter, stdin, o.raw)
	if mixed := (*message.LineEndError)(nil); errors.As(err, &mixed) {
		return nil, fmt.Errorf("%w, or use --raw to send the file as it is", err)
	}
	if err != nil {
		return nil, err
	}
	for i := range sc.Letters {
		sc.Letters[i].Octets = octets
	}
	sc.Raw = o.raw
	return notes, nil
}

// readLetter reads a saved message from a file, or standard input for "-". The
// notes say what had to be done to it.
func readLetter(name string, stdin io.Reader, raw bool) (octets []byte, notes []string, err error) {
	var src []byte
	if name == "-" {
		name = "standard input"
		src, err = readSome(stdin, maxLetter)
	} else {
		src, err = readFile(name, maxLetter)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("failed to read the letter: %w", err)
	}
	if len(src) > maxLetter {
		return nil, nil, fmt.Errorf("%s is too long for a letter: expected at most %d octets (64 MiB)", name, maxLetter)
	}
	return message.FromFile(src, name, raw)
}
