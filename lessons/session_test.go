package lessons

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"helo/sim"
	"helo/sim/trace"
)

// begin starts the lesson of parse_test.go, or another, at a step.
func begin(t testing.TB, src string, step int) *Session {
	t.Helper()
	l, err := Parse([]byte(src), "x.md")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(l, load)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for s.Index() < step {
		s.Skip()
	}
	return s
}

const typeStep = 2 // of the whole lesson

// listing is a trace as text, to compare two.
func listing(t *trace.Trace) []string {
	var list []string
	for p := trace.Pos(0); p < t.End(); p++ {
		e := *t.At(p)
		octets := t.Octets(e.Octets)
		e.Octets = trace.Span{}
		list = append(list, fmt.Sprintf("%d %+v %q", p, e, octets))
	}
	return list
}

// lines a person may type: right ones, wrong ones, and noise.
func typedLine() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{
		"EHLO mail.sender.example", "EHLO", "HELO a.example", "MAIL FROM:<carol@sender.example>", "MAIL FROM: <a@b>",
		"RCPT TO:<bob@receiver.example>", "RCPT TO:<x@elsewhere.example>", "DATA", "RSET", "RESET", "NOOP", "Subject: x",
		"", ".", "..", `say "hello" \ there`, "QUIT",
	}), rapid.StringMatching(`[ -~\t]{0,30}`))
}

// A run is a value: a line typed in a lesson continues the waiting run, and that
// is the same as running again.
func TestContinuingAWaitingRunEqualsRunningAgain(t *testing.T) {
	sc, err := load("clear")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, whole, typeStep)
		for range rapid.IntRange(0, 12).Draw(rt, "lines") {
			if !s.Asking() {
				break
			}
			if _, err := s.Say(typedLine().Draw(rt, "line")); err != nil {
				rt.Fatal(err)
			}
		}
		again, _, err := sim.Run(context.Background(), sc, sim.Options{Inputs: s.shown.world.Inputs()})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(listing(s.Trace()), listing(again)); diff != "" {
			rt.Fatalf("continued (-) and run again (+):\n%s", diff)
		}
	})
}

func TestUndoIsAsIfTheLineHadNotBeenTyped(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, whole, typeStep)
		var before [][]string
		for range rapid.IntRange(1, 8).Draw(rt, "lines") {
			if !s.Asking() {
				break
			}
			before = append(before, listing(s.Trace()))
			if _, err := s.Say(typedLine().Draw(rt, "line")); err != nil {
				rt.Fatal(err)
			}
		}
		for _, want := range slices.Backward(before) {
			if !s.Undo() {
				rt.Fatal("nothing to take back")
			}
			if diff := cmp.Diff(want, listing(s.Trace())); diff != "" {
				rt.Fatalf("before (-) and after undo (+):\n%s", diff)
			}
			if s.Solved() || s.Result(s.Index()) != Open || !s.Asking() {
				rt.Fatal("the step is not open again")
			}
		}
		if s.Undo() {
			rt.Fatal("a line of an earlier step was taken back")
		}
	})
}

func TestWatchRevealsARowAtATime(t *testing.T) {
	s := begin(t, whole, 0)
	if s.Known() != 0 || s.Solved() || s.Next() {
		t.Fatal("something is known before the first step forward")
	}
	rows := s.Rows()
	n := 0
	for s.Forward() {
		if want := rows.At(n).Pos + 1; s.Known() != want {
			t.Fatalf("after %d steps known is %d, want %d", n+1, s.Known(), want)
		}
		n++
	}
	last := s.Trace().At(s.Known() - 1)
	if last.Kind != trace.Command || last.Verb.String() != "MAIL" || !s.Solved() {
		t.Errorf("it ends at %s %s, solved %t", last.Kind, last.Verb, s.Solved())
	}
	if s.Forward() {
		t.Error("it goes on after its end")
	}
}

func TestFeedbackInGeneralFollowsTheReply(t *testing.T) {
	tests := []struct {
		lines string // typed one after the other; the last is answered
		at    int
		fine  bool
		words string
	}{
		{"EHLO mail.sender.example", -1, true, ""},
		{"HELO mail.sender.example", -1, true, "250 says yes"},
		{"NOOP", -1, true, "250 says yes"},
		{"HELLO mail.sender.example", 0, false, "knows no such command"},
		{"EHLO", 4, false, "At the mark it expected a domain"},
		{"MAIL FROM:<alice@sender.example>", -1, false, "greeted first"},
		{"EHLO a.example|RCPT TO:<bob@receiver.example>", -1, false, "MAIL FROM opens the envelope"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>|MAIL FROM:<x@sender.example>", -1, false, "start over with RSET"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>|RCPT TO:<x@receiver.example>", -1, false, "550 refuses the address"},
		{"EHLO a.example|MAIL FROM:<x@sender.example> TURBO", -1, false, "what stands behind the address"},
		{"STARTTLS", -1, false, "502"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>|RCPT TO:<bob@receiver.example>|DATA", -1, true, "354 asks for the letter"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>|RCPT TO:<bob@receiver.example>|DATA|QUIT", -1, true, ""},
		{"QUIT", -1, true, "closed the connection"},
	}
	for _, tt := range tests {
		s := begin(t, whole, typeStep)
		var f Feedback
		for line := range strings.SplitSeq(tt.lines, "|") {
			var err error
			if f, err = s.Say(line); err != nil {
				t.Fatalf("%s: %v", tt.lines, err)
			}
		}
		if f.Right || f.At != tt.at || f.Fine != tt.fine || f.Wrong != -1 || !strings.Contains(f.Text, tt.words) || tt.words == "" && f.Text != "" {
			t.Errorf("%s: %+v", tt.lines, f)
		}
	}
}

func TestFeedbackMarksThePlaceInTheLine(t *testing.T) {
	s := begin(t, whole, typeStep)
	s.Say("EHLO a.example")
	line := "MAIL FROM: alice@sender.example"
	f, err := s.Say(line)
	if err != nil || f.Wrong != 0 || f.At != strings.Index(line, " alice") {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestNothingCanBeTypedWhereNothingIsAsked(t *testing.T) {
	s := begin(t, whole, 0)
	if _, err := s.Say("NOOP"); err == nil || s.Asking() {
		t.Error("a line was taken in a watch step")
	}
	s = begin(t, whole, typeStep)
	if _, err := s.Say("NOOP\r\nNOOP"); err == nil {
		t.Error("two lines were taken as one")
	}
	s.Say("QUIT")
	if _, err := s.Say("NOOP"); err == nil || s.Asking() {
		t.Error("a line was taken after QUIT")
	}
	if !s.Undo() || !s.Asking() {
		t.Error("QUIT cannot be taken back")
	}
	s.ShowAnswer()
	if _, err := s.Say("NOOP"); err == nil || s.Asking() || !s.Solved() {
		t.Error("a line was taken in a solved step")
	}
}

func TestTheLastHintFollowsTheLearner(t *testing.T) {
	tests := []struct{ typed, want string }{
		{"", "EHLO mail.sender.example"},
		{"EHLO", "EHLO mail.sender.example"},
		{"EHLO elsewhere.example", "MAIL FROM:<alice@sender.example>"},
		{"ehlo mail.sender.example|NOOP|HELLO", "MAIL FROM:<alice@sender.example>"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>", "EHLO mail.sender.example"}, // EHLO starts over
		{"EHLO a.example|MAIL FROM:<x@sender.example>|RSET", "EHLO mail.sender.example"},
		{"QUIT", "Take your last line back"},
		{"EHLO a.example|MAIL FROM:<x@sender.example>|RCPT TO:<bob@receiver.example>|DATA", "Take your last line back"},
	}
	for _, tt := range tests {
		s := begin(t, whole, typeStep)
		for line := range strings.SplitSeq(tt.typed, "|") {
			if tt.typed != "" {
				if _, err := s.Say(line); err != nil {
					t.Fatal(err)
				}
			}
		}
		if h, ok := s.Hint(); !ok || h.N != 1 || h.Of != 2 || h.Last || h.Text != "Two commands carry the envelope." {
			t.Errorf("%q: the first hint is %+v", tt.typed, h)
		}
		h, ok := s.Hint()
		if !ok || h.N != 2 || h.Line != tt.want && !strings.Contains(h.Text, tt.want) {
			t.Errorf("%q: the last hint is %+v, want %q", tt.typed, h, tt.want)
		}
		if s.ShowAnswer(); !s.Solved() {
			t.Errorf("%q: the answer does not solve the step", tt.typed)
		}
	}
}

func TestAQuizWithSeveralRightOptionsWantsThemAll(t *testing.T) {
	s := begin(t, letter, 2)
	for _, tt := range []struct {
		options []int
		right   bool
		words   string
	}{
		{[]int{2}, false, "No."}, {[]int{0, 1, 2}, false, "No."}, {[]int{1}, false, "it is not all"},
		{nil, false, "it is not all"}, {[]int{7, -1}, false, "it is not all"}, {[]int{1, 0, 0}, true, ""},
	} {
		if f := s.Choose(tt.options...); f.Right != tt.right || !strings.Contains(f.Text, tt.words) {
			t.Errorf("%v: %+v", tt.options, f)
		}
	}
	if !s.LessonDone() || !slices.Equal(s.Answer(), []int{0, 1}) || !slices.Equal(s.Tried(), []int{2}) {
		t.Errorf("done %t, answer %v, tried %v", s.LessonDone(), s.Answer(), s.Tried())
	}
}

func TestRestartForgetsEverything(t *testing.T) {
	s := begin(t, whole, typeStep)
	s.Say("QUIT")
	s.Hint()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	fresh := begin(t, whole, 0)
	if diff := cmp.Diff(fresh.Mark(), s.Mark()); diff != "" {
		t.Error(diff)
	}
}

func TestResumeAfterTheLessonHasChanged(t *testing.T) {
	s := begin(t, whole, typeStep)
	s.Say("EHLO a.example")
	octets, err := json.Marshal(s.Mark())
	if err != nil {
		t.Fatal(err)
	}
	var m Mark
	if err := json.Unmarshal(octets, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Mark(), m); diff != "" {
		t.Fatalf("through JSON:\n%s", diff)
	}
	moved := strings.Replace(whole, "## Now you", "## Before\n\n```quiz\n```\n\n- [x] a\n- [ ] b\n  > No.\n\n## Now you", 1)
	shorter := whole[:strings.Index(whole, "## Now you")]
	tests := []struct {
		name, src string
		mark      func(m Mark) Mark
		step      int
	}{
		{"by title", moved, nil, 3},
		{"by number, as far as there are steps", shorter, nil, 1},
		{"a number out of range", whole, func(m Mark) Mark { m.Step, m.Title = 99, ""; return m }, 4},
		{"a number below", whole, func(m Mark) Mark { m.Step, m.Title = -3, ""; return m }, 0},
		{"nonsense in the step", whole, func(m Mark) Mark {
			m.Here, m.Before, m.Hints, m.Known = []string{"a\r\nb", "QUIT", "NOOP"}, []string{"QUIT", "x"}, 77, 1<<32-1
			m.Tried, m.Results = [][]int{{-1}, {9}}, []Result{9}
			return m
		}, 2},
	}
	for _, tt := range tests {
		s := begin(t, tt.src, 0)
		m := m
		if tt.mark != nil {
			m = tt.mark(m)
		}
		if err := s.Resume(m); err != nil || s.Index() != tt.step {
			t.Errorf("%s: step %d, %v; want %d", tt.name, s.Index(), err, tt.step)
		}
		for !s.LessonDone() {
			s.Skip()
		}
	}
	if err := begin(t, letter, 0).Resume(m); err == nil {
		t.Error("a mark of another lesson was taken")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	l, err := Parse([]byte(strings.Replace(whole, "scenario: clear", "scenario: nowhere", 1)), "x.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(l, load); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
	if _, err := Start(&Lesson{ID: "empty"}, load); err == nil {
		t.Error("a lesson without steps was begun")
	}
}

func TestFeedbackInGeneralToLoginsAndTLS(t *testing.T) {
	wrong := "AUTH PLAIN " + b64("\x00alice\x00wrong")
	for _, tt := range []struct {
		lines string // typed one after the other; the last is answered
		fine  bool
		words string
	}{
		{"EHLO a.example|STARTTLS", true, "shaken hands"},
		{"STARTTLS", false, "greeted first"},
		{"EHLO a.example|STARTTLS|AUTH PLAIN", false, "greeted first"},
		{"EHLO a.example|STARTTLS|EHLO a.example|STARTTLS", false, "inside TLS already"},
		{"EHLO a.example|STARTTLS|EHLO a.example|MAIL FROM:<alice@sender.example>", false, "log in first"},
		{"EHLO a.example|" + wrong, false, "open line"},
		{"EHLO a.example|STARTTLS|EHLO a.example|AUTH LOGIN", true, "waits for a response"},
		{"EHLO a.example|STARTTLS|EHLO a.example|AUTH LOGIN|*", false, "login is over"},
		{"EHLO a.example|STARTTLS|EHLO a.example|" + wrong, false, "login has failed"},
	} {
		s := begin(t, strings.Replace(logins, " n=2", " n=9", 1), 0)
		var f Feedback
		for line := range strings.SplitSeq(tt.lines, "|") {
			var err error
			if f, err = s.Say(line); err != nil {
				t.Fatalf("%s: %v", tt.lines, err)
			}
		}
		if f.Right || f.At != -1 || f.Fine != tt.fine || f.Wrong != -1 || !strings.Contains(f.Text, tt.words) {
			t.Errorf("%s: %+v", tt.lines, f)
		}
	}
	s := begin(t, logins, 2)
	for lines, words := range map[string]string{
		"AUTH PLAIN": "once a session", "MAIL FROM:<a@sender.example>|AUTH PLAIN": "before a letter",
	} {
		var f Feedback
		for line := range strings.SplitSeq(lines, "|") {
			f, _ = s.Say(line)
		}
		if !strings.Contains(f.Text, words) {
			t.Errorf("%s: %+v", lines, f)
		}
		for s.Undo() {
		}
	}
}

// In the middle of a login the last hint is what the server waits for.
func TestTheLastHintInsideALogin(t *testing.T) {
	for _, c := range []struct{ line, hint string }{
		{"AUTH PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ="},
		{"AUTH LOGIN", "*"},
		{"AUTH PLAIN AAAA", "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="},
	} {
		s := begin(t, logins, 1)
		if _, err := s.Say(c.line); err != nil {
			t.Fatal(err)
		}
		if h, ok := s.Hint(); !ok || h.Line != c.hint {
			t.Errorf("after %q the hint is %+v, want %q", c.line, h, c.hint)
		}
	}
}
