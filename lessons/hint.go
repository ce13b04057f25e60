package lessons

// Hints: those that are written in the lesson, then the solution's next line,
// which is worked out.

import (
	"bytes"
	"strings"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/trace"
)

// Hint is one of a step's hints.
type Hint struct {
	Text  string // Markdown
	N, Of int    // which one it is, from 1
	Line  string // of the last hint of a type step: the line to type next
	Last  bool   // Line counts (it may be an empty line)
}

// Hint gives the next hint. After the last one it gives that again, worked out
// anew. It returns false if the step has none, or is solved.
func (s *Session) Hint() (Hint, bool) {
	st := s.Step()
	of := st.hints()
	if s.step.solved || of == 0 {
		return Hint{}, false
	}
	s.step.hints = min(s.step.hints+1, of)
	return s.hint(s.step.hints, of), true
}

// Hinted is the hint given last in this step; false if none was.
func (s *Session) Hinted() (Hint, bool) {
	if s.step.hints == 0 {
		return Hint{}, false
	}
	return s.hint(s.step.hints, s.Step().hints()), true
}

// hints is how many there are: one more than are written where something is to
// be typed or to go wrong.
func (s *Step) hints() int {
	if s.Kind == Type || s.Kind == Inject {
		return len(s.Hints) + 1
	}
	return len(s.Hints)
}

func (s *Session) hint(n, of int) Hint {
	h := Hint{N: n, Of: of}
	if n <= len(s.Step().Hints) {
		h.Text = s.Step().Hints[n-1]
		return h
	}
	if s.Step().Kind == Inject {
		for _, o := range s.step.reach {
			h.Line, h.Last = s.Step().Options[o].Fault.String(), true
			h.Text = "The fault is " + code(h.Line)
		}
		return h
	}
	line, ok := s.nextLine()
	switch {
	case !ok && !s.CanUndo():
		h.Text = "From here no line leads to the goal. Let the answer be shown: it puts right what is in the way."
	case !ok:
		h.Text = "From here no line leads to the goal. Take your last line back, and ask again."
	case line == "":
		h.Last, h.Text = true, "The next line is an empty one: press enter and nothing else."
	default:
		h.Line, h.Last, h.Text = line, true, "The next line is "+code(line)
	}
	return h
}

// code is text as a Markdown code span.
func code(text string) string {
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// nextLine is the line of the solution that is to be typed next. It returns
// false if the rest of the solution leads nowhere from here.
func (s *Session) nextLine() (string, bool) {
	solution := s.Step().Solution
	if s.shown.stop != sim.Asked {
		return "", false
	}
	followed := min(s.followed(), len(solution)-1)
	order := []int{followed}
	for i := followed - 1; i >= 0; i-- { // a transaction was started over
		order = append(order, i)
	}
	for i := followed + 1; i < len(solution); i++ { // its lines were said otherwise
		order = append(order, i)
	}
	for _, i := range order {
		if s.leads(solution[i:]) {
			return solution[i], true
		}
	}
	if s.InLogin() { // the response may come by itself; or the login is given up
		for i, line := range solution {
			at := secretAt(smtp.Masker{}, line, false)
			if at >= 0 && s.leads(append([]string{line[at:]}, solution[i+1:]...)) {
				return line[at:], true
			}
		}
		const up = "*"
		if s.leads([]string{up}) || s.leads(append([]string{up}, solution...)) {
			return up, true
		}
	}
	const over = "RSET" // forgets a transaction that is in the way
	if s.leads([]string{over}) || s.leads(append([]string{over}, solution...)) {
		return over, true
	}
	return "", false
}

// leads says whether typing the lines now would solve the step, so that the
// next ones can be solved as well. It tries them in a run of its own.
func (s *Session) leads(lines []string) bool {
	r, err := newRun(s.shown.sc, s.shown.world.Inputs())
	if err != nil {
		return false
	}
	defer r.world.Close()
	for _, line := range lines {
		if r.world.Say(line) != nil || r.goOn() != nil {
			return false
		}
	}
	return s.reachedIn(r.world.Trace()) && s.clear(r)
}

// onward says whether the learner has come further in the solution than its
// first n lines, and the rest of it still leads to the goal.
func (s *Session) onward(n int) bool {
	solution := s.Step().Solution
	now := s.followed()
	return now > n && now < len(solution) && s.leads(solution[now:])
}

// followed is how many lines of the solution the learner has typed in this
// step, in other words perhaps: a command counts if the server took one with
// that verb, a line of the letter counts whatever it says.
func (s *Session) followed() int {
	solution := s.Step().Solution
	t, n := s.Trace(), 0
	for pos := s.step.begin; pos < t.End(); pos++ {
		e := t.At(pos)
		if e.Kind != trace.Typed {
			continue
		}
		line := string(bytes.TrimSuffix(t.Octets(e.Octets), []byte("\r\n")))
		if e.Verb == smtp.EndOfData {
			n = followLetter(solution, n, line)
			continue
		}
		reply, taken := replyTo(t, pos)
		switch {
		case !taken || t.At(reply).Code >= 400:
		case n < len(solution) && smtp.ParseCommand([]byte(solution[n])).Verb == e.Verb:
			n++
		case e.Verb == smtp.RSET:
			n = 0
		}
	}
	return n
}

// followLetter goes on in the solution by one line of the letter: an empty line
// leads to the end of the solution's header, a dot past its dot, and any other
// line never past either.
func followLetter(solution []string, n int, line string) int {
	switch {
	case line == ".", line == "" && !pastHeader(solution, n):
		for i := n; i < len(solution); i++ {
			if solution[i] == line {
				return i + 1
			}
		}
	case n < len(solution) && solution[n] != "." && solution[n] != "":
		return n + 1
	}
	return n
}

// pastHeader says whether no empty line is left in the solution after n, up to
// its dot.
func pastHeader(solution []string, n int) bool {
	for _, line := range solution[min(n, len(solution)):] {
		switch line {
		case "":
			return false
		case ".":
			return true
		}
	}
	return true
}

// replyTo is the reply to the line typed at pos.
func replyTo(t *trace.Trace, pos trace.Pos) (trace.Pos, bool) {
	for pos++; pos < t.End(); pos++ {
		switch t.At(pos).Kind {
		case trace.Reply:
			return pos, true
		case trace.Typed:
			return trace.NoPos, false
		}
	}
	return trace.NoPos, false
}
