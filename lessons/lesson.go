package lessons

// What a lesson consists of.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"helo/sim/host"
	"helo/sim/trace"
)

// Lesson is one lesson, as read from its file. It is shared and never changed.
type Lesson struct {
	ID       string   // short name: "journey"
	Title    string   // "A letter's journey"
	Goal     string   // what the learner can do afterwards, one sentence
	Minutes  int      // how long it takes
	Needs    []string // ids of lessons to take before
	RFC      []string // "RFC 5321 §4.1.1.2"
	Scenario string   // what it runs on
	Inputs   []string // of every run of it, as in sim.Options
	Steps    []Step   // at least one
	File     string   // where it was read
}

// Kind says what a step asks of the learner.
type Kind uint8

// The kinds of steps.
const (
	Read    Kind = iota // nothing but reading; solved at once
	Watch               // step through the run
	Predict             // say what comes next
	Type                // type as the client
	Quiz                // choose
	Inject              // choose or write a fault
)

var kindWords = [...]string{Read: "read", Watch: "watch", Predict: "predict", Type: "type", Quiz: "quiz", Inject: "inject"}

// String returns the kind's word, as in a lesson file.
func (k Kind) String() string { return kindWords[k] }

// Step is one step of a lesson. Which fields count depends on its kind.
type Step struct {
	Kind     Kind
	Title    string // the nearest heading above; may be empty
	Prose    string // Markdown; may be empty
	Question string // Markdown: what is asked or to be done; empty for Read and Watch
	Line     int    // of the block in the file, from 1

	// Watch, Predict, Inject: if one of these is given, the step begins a run of
	// its own, and the steps after it go on in that one.
	Scenario string   // what it runs on; empty: as the lesson
	Inputs   []string // beside the lesson's

	Until *trace.Pattern // Watch; nil: to the end of the run
	Next  *trace.Pattern // Predict: the event that is asked for

	As, To   string           // Type: the learner is As, connected to To
	Port     uint16           // Type: at this port; 0: where mail between servers goes
	Goals    []*trace.Pattern // Type, Inject: solved when each has matched an event of this step
	Solution []string         // Type: lines that solve it
	Right    string           // Type: Markdown said when it is solved; may be empty

	Options []Option // Predict, Quiz, Inject
	Wrong   []Wrong  // Type
	Hints   []string // Markdown, as written; see Session.Hint
}

// Option is an answer to choose.
type Option struct {
	Text    string         // Markdown; of a prediction without the code that Pattern names
	Pattern *trace.Pattern // Predict: right if the asked event matches
	Fault   *host.Fault    // Inject: right if the run with it reaches the step's goals
	Right   bool           // Quiz
	Reason  string         // Markdown: why it is right or wrong
	Line    int            // in the file, from 1
}

// Wrong is a mistake the lesson knows.
type Wrong struct {
	Pattern  *trace.Pattern // matches an event that the typed line caused
	Try      []string       // lines that make the mistake
	Feedback string         // Markdown
	Line     int            // in the file, from 1
}

// fresh says whether the step begins a run of its own.
func (s *Step) fresh() bool { return s.Scenario != "" || s.Inputs != nil }

// Multiple says whether a quiz has more than one right option.
func (s *Step) Multiple() bool {
	n := 0
	for _, o := range s.Options {
		if o.Right {
			n++
		}
	}
	return n > 1
}

// AsksWho says whether the options of a prediction name different hosts. Then a
// view of the asked row must not show who it is that acts, or towards whom.
func (s *Step) AsksWho() bool {
	var first *trace.Pattern
	for _, o := range s.Options {
		switch {
		case o.Pattern == nil:
		case first == nil:
			first = o.Pattern
		case o.Pattern.Host != first.Host || o.Pattern.Peer != first.Peer:
			return true
		}
	}
	return false
}

// Hash names what the lesson asks, without its prose: a place in a lesson is
// only good for one with the same hash.
func (l *Lesson) Hash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%q\n", l.Scenario, l.Inputs)
	for i := range l.Steps {
		s := &l.Steps[i]
		fmt.Fprintf(&b, "%s %s %s %s %q\n", s.Kind, s.As, s.To, words(slices.Concat(s.Goals, []*trace.Pattern{s.Until, s.Next})...), s.Solution)
		if s.fresh() || s.Port != 0 {
			fmt.Fprintf(&b, "%s %q %d\n", s.Scenario, s.Inputs, s.Port)
		}
		for _, o := range s.Options {
			fmt.Fprintf(&b, "%s %t\n", words(o.Pattern), o.Right)
			if o.Fault != nil {
				fmt.Fprintf(&b, "%s\n", o.Fault)
			}
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

func words(patterns ...*trace.Pattern) string {
	var list []string
	for _, p := range patterns {
		if p != nil {
			list = append(list, p.String())
		}
	}
	return strings.Join(list, " ")
}

// Error is a mistake in a lesson file.
type Error struct {
	File         string
	Line, Column int    // from 1; in characters
	Msg          string // what is wrong and what was expected
}

// Error says where the mistake is, and what was expected.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}
