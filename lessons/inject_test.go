package lessons

// Faults as steps of a lesson, and steps that begin runs of their own.

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"helo/sim/trace"
)

// attack is a lesson in which somebody in the middle takes STARTTLS away.
const attack = `---
id: attack
title: In the middle
goal: You know what an offer is worth.
minutes: 2
scenario: direct
inputs: ["msa set pipelining=off"]
---

` + "```" + `watch until="msa loggedin"
` + "```" + `

Make the program believe that there is no TLS.

` + "```" + `inject goal="msa>laptop reply at=EHLO line~XXXX"
` + "```" + `

- ` + "`laptop>msa tls=strip`" + ` take the offer away
  > It never arrives.
- ` + "`laptop>msa refuse`" + ` refuse the connection
  > Nothing is said.
- hint It is one line of the list.

` + "```" + `predict next="laptop>msa command"
` + "```" + `

- ` + "`at=QUIT`" + ` it hangs up
- ` + "`at=AUTH`" + ` it logs in
  > It insists.

` + "```" + `predict scenario=careless input="laptop>msa tls=strip" next="laptop>msa command n=2"
` + "```" + `

- ` + "`at=QUIT`" + ` it hangs up
  > It does not insist.
- ` + "`at=AUTH`" + ` it logs in

` + "```" + `watch input="laptop set tls=implicit" until="laptop>msa connect"
` + "```" + `

Greet the server.

` + "```" + `type as=laptop to=msa port=587 goal="msa decided at=EHLO code=250"
EHLO [192.0.2.77]
` + "```" + `
`

func TestAFaultThatReachesTheGoalIsTheRunFromThenOn(t *testing.T) {
	s := begin(t, attack, 1)
	before := s.Trace().At(s.Known() - 1)
	if before.Kind != trace.Command || before.Verb.String() != "EHLO" {
		t.Errorf("known is up to %s %s, want the EHLO whose answer is changed", before.Kind, before.Verb)
	}
	if f := s.Choose(1); f.Right || f.Text != "Nothing is said." || f.Wrong != 1 || s.Solved() {
		t.Errorf("refused: %+v", f)
	}
	if last := s.Trace().At(s.Known() - 1); s.Known() != s.Trace().End() || last.Kind != trace.Told {
		t.Errorf("what came of the other fault is not shown: it ends at %s", last.Kind)
	}
	if h, ok := s.Hint(); !ok || h.Text != "It is one line of the list." || h.Of != 2 {
		t.Errorf("hint %+v", h)
	}
	if h, _ := s.Hint(); h.Line != "laptop>msa tls=strip" || !h.Last {
		t.Errorf("last hint %+v", h)
	}
	f := s.Choose(0)
	if !f.Right || f.Text != "It never arrives." || !slices.Equal(s.Answer(), []int{0}) || !slices.Equal(s.Tried(), []int{1}) {
		t.Errorf("stripped: %+v, answer %v, tried %v", f, s.Answer(), s.Tried())
	}
	if e := s.Trace().At(s.Known() - 1); e.Kind != trace.Reply || !strings.Contains(string(s.Trace().Octets(e.Octets)), "XXXX") {
		t.Errorf("known is up to %s", e.Kind)
	}
	s.Next()
	if s.Choose(0); !s.Solved() {
		t.Error("the lesson does not go on in the run with the fault")
	}
}

// Which faults there are is no secret, but for one that a prediction is about.
func TestFaultsThatAreInTheRun(t *testing.T) {
	const strip = "laptop>msa tls=strip"
	s := begin(t, attack, 1)
	for _, c := range []struct {
		answer int
		want   []string
	}{{1, []string{"laptop>msa refuse"}}, {0, []string{strip}}} {
		if s.Choose(c.answer); !slices.Equal(s.Faults(), c.want) {
			t.Errorf("after answer %d: %q", c.answer, s.Faults())
		}
	}
	if s.Next(); !slices.Equal(s.Faults(), []string{strip}) {
		t.Errorf("one that has fired: %q", s.Faults())
	}
	if s = begin(t, attack, 4); s.Faults() != nil {
		t.Errorf("in a run without: %q", s.Faults())
	}

	asked := strings.NewReplacer(
		`next="laptop>msa command n=2"`, `next="laptop>msa command"`,
		"- `at=AUTH` it logs in\n\n", "- `at=EHLO` it greets\n\n",
	).Replace(attack)
	if s = begin(t, asked, 3); len(s.Faults()) > 0 {
		t.Errorf("one that could be the answer: %q", s.Faults())
	}
	if s.Choose(1); !slices.Equal(s.Faults(), []string{strip}) {
		t.Errorf("afterwards: %q", s.Faults())
	}
}

func TestAFaultCanBeWritten(t *testing.T) {
	for _, c := range []struct {
		fault string
		right bool
		wrong int
		words string
	}{
		{"laptop>msa tls=strip", true, 0, "never arrives"},
		{"  laptop>msa   tls=strip", true, 0, "never arrives"},
		{"msa tls=strip", true, 0, "never arrives"},
		{"laptop>msa refuse", false, 1, "Nothing is said"},
		{"laptop>msa tls=expired", false, -1, "went another way"},
		{"msa at=VRFY reply=550", false, -1, "never comes to pass"},
		{"nobody refuse", false, -1, "no fault here"},
		{"laptop>msa tls=strap", false, -1, "expected strip"},
		{"laptop set tls=none", false, -1, "no fault here"},
		{"", false, -1, "no fault here"},
	} {
		s := begin(t, attack, 1)
		f, err := s.Inject(c.fault)
		if err != nil || f.Right != c.right || s.Solved() != c.right || f.Wrong != c.wrong || !strings.Contains(f.Text, c.words) {
			t.Errorf("%q: %+v, %v", c.fault, f, err)
		}
		back := begin(t, attack, 0)
		if err := back.Resume(s.Mark()); err != nil || back.Last() != s.Last() || back.Known() != s.Known() || back.Solved() != s.Solved() {
			t.Errorf("%q: coming back it is %+v, %v", c.fault, back.Last(), err)
		}
	}
	s := begin(t, attack, 0)
	if _, err := s.Inject("laptop>msa tls=strip"); err == nil {
		t.Error("a fault in a watch step")
	}
	s = begin(t, attack, 1)
	s.ShowAnswer()
	if _, err := s.Inject("laptop>msa tls=strip"); err == nil || s.Result(1) != Shown {
		t.Error("a fault in a step that is solved")
	}
}

func TestAStepMayBeginARunOfItsOwn(t *testing.T) {
	s := begin(t, attack, 3)
	if s.Trace().Scenario != "careless" {
		t.Errorf("the scenario is %s", s.Trace().Scenario)
	}
	if s.Choose(1); !s.Solved() {
		t.Error("the program that does not insist does not log in")
	}
	s.Next()
	if s.Trace().Scenario != "direct" || s.Known() != 0 {
		t.Errorf("the next run is of %s, known up to %d", s.Trace().Scenario, s.Known())
	}
	s.FastForward()
	if e := s.Trace().At(s.Known() - 1); e.Kind != trace.Connect || e.Code != 465 {
		t.Errorf("it connects to port %d", e.Code)
	}
	s.Next()
	if _, err := s.Say("EHLO [192.0.2.77]"); err != nil || !s.Solved() {
		t.Errorf("not solved at port 587: %v", err)
	}
	l := s.Lesson()
	if err := Check(l, load); err != nil {
		t.Error(err)
	}
}

// The messages of lessons with a fault or a run that cannot be.
func TestBrokenFaultsAndRunsAreReported(t *testing.T) {
	for _, c := range []struct{ name, old, new, words string }{
		{"port", "port=587", "port=0", "from 1 to 65535"},
		{"port of a quiz", "watch until=\"msa loggedin\"", "watch port=1", `unknown word "port"`},
		{"words of an input", `input="laptop set tls=implicit"`, `input="laptop set tls="`, "expected a value"},
		{"a fault", "`laptop>msa refuse`", "`laptop>msa refuze`", "unknown word"},
		{"a reason", "\n  > Nothing is said.", "", "a quote below it"},
		{"one option", "- `laptop>msa refuse` refuse the connection\n  > Nothing is said.\n", "", "two faults or more"},
		{"the task", "Make the program believe that there is no TLS.\n", "", "what to reach"},
	} {
		_, err := Parse([]byte(strings.Replace(attack, c.old, c.new, 1)), "x.md")
		if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(e.Msg, c.words) {
			t.Errorf("%s: %v, want %q", c.name, err, c.words)
		}
	}
	for _, c := range []struct{ name, old, new, words string }{
		{"no such host in an input", "laptop set tls=implicit", "desktop set tls=implicit", "no host"},
		{"no such host in a fault", "laptop>msa refuse", "laptop>mxx refuse", "no host"},
		{"no such scenario", "scenario=careless", "scenario=nowhere", "nowhere"},
		{"no option is right", "line~XXXX", "line~YYYY", "expected exactly one"},
		{"two options are right", "goal=\"msa>laptop reply at=EHLO line~XXXX\"", "goal=\"fired\"", "a second option"},
	} {
		l, err := Parse([]byte(strings.Replace(attack, c.old, c.new, 1)), "x.md")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := Check(l, load); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q", c.name, err, c.words)
		}
	}
}

func TestHashIsOfRunsAndFaultsToo(t *testing.T) {
	hash := func(old, new string) string {
		l, err := Parse([]byte(strings.Replace(attack, old, new, 1)), "x.md")
		if err != nil {
			t.Fatal(err)
		}
		return l.Hash()
	}
	same := hash("", "")
	for _, change := range [][2]string{
		{"scenario=careless", "scenario=clear"}, {"tls=implicit", "tls=may"}, {"port=587", "port=25"}, {"laptop>msa refuse", "laptop>mx refuse"},
	} {
		if hash(change[0], change[1]) == same {
			t.Errorf("the hash does not change with %q", change[1])
		}
	}
}

// What is said to a fault that is none is short, and names one that is.
func TestAMistakeInAFaultIsToldShortly(t *testing.T) {
	s := begin(t, attack, 1)
	for _, line := range []string{"", "foo", "msa>mx", "msa>mx explode", "msa>mx tls", "msa>mx tls=strap", "mx at=RCPT replay=451", "msa > mx refuse", "nobody refuse"} {
		f, err := s.Inject(line)
		if err != nil {
			t.Fatal(err)
		}
		if f.Right || len(f.Text) > 200 || !strings.Contains(f.Text, "An example: `laptop>msa refuse`") {
			t.Errorf("to %q is said %q", line, f.Text)
		}
	}
}
