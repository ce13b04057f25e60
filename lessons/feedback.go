package lessons

// What is said to a typed line that did not solve its step.

import (
	"fmt"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/explain"
	"helo/sim/trace"
)

// feedback says what a line did that stands in the trace from from on: in the
// lesson's words if it knows the mistake, otherwise in general ones. onward
// says that it is the solution's next line.
func (s *Session) feedback(line string, from trace.Pos, onward bool) Feedback {
	f := none
	t := s.Trace()
	typed, ok := findKind(t, from, trace.Typed)
	if ok && t.At(typed).Verb != smtp.EndOfData && t.At(typed).Verb != smtp.Response {
		if cmd := smtp.ParseCommand([]byte(line + "\r\n")); cmd.Err != nil {
			f.At = min(cmd.Err.Pos, len(line))
		}
	}
	for i, w := range s.Step().Wrong {
		if meets(t, from, w.Pattern) {
			f.Text, f.Wrong = w.Feedback, i
			return f
		}
	}
	if onward {
		f.Fine = true
		return f
	}
	reply, ok := trace.NoPos, false
	if typed != trace.NoPos {
		reply, ok = replyTo(t, typed)
	}
	switch {
	case ok:
		f.Text = general(t, reply, line)
		f.Fine = t.At(reply).Code < 400
	case s.shown.stop == sim.Asked: // a line of the letter: nobody answers
		f.Fine = true
	default:
		f.Text = "The connection is closed, and no reply came. Take the line back to try again."
	}
	return f
}

// meets says whether an event from from on matches the pattern of a mistake. It
// is about what was typed: a reply, whose text may repeat parts of the command,
// counts only if the pattern asks for one.
func meets(t *trace.Trace, from trace.Pos, p *trace.Pattern) bool {
	for pos := from; pos < t.End(); pos++ {
		if (t.At(pos).Kind != trace.Reply || p.Kind == trace.Reply) && p.Match(t, pos) {
			return true
		}
	}
	return false
}

func findKind(t *trace.Trace, from trace.Pos, kind trace.Kind) (trace.Pos, bool) {
	for pos := from; pos < t.End(); pos++ {
		if t.At(pos).Kind == kind {
			return pos, true
		}
	}
	return trace.NoPos, false
}

// general explains a reply by its code, and by what the server was waiting for
// (RFC 5321 §4.2).
func general(t *trace.Trace, reply trace.Pos, line string) string {
	e := t.At(reply)
	const (
		goesOn = " A 5 in front refuses this one line. Nothing is broken, and the session goes on."
		away   = " Take the line back to go on from before it."
	)
	switch e.Code {
	case 220:
		return "220, and helo has shaken hands for you: the line is inside TLS. Both sides have forgotten what was said before, so the server wants to be greeted again."
	case 221:
		return "You said goodbye, and the server closed the connection." + away
	case 252:
		return "252 is neither yes nor no: the server does not tell whether there is such a mailbox. It would take a letter for it and try. It is not what this step asks for."
	case 334:
		return "334 is a challenge. The server waits for a response in base64, in a line of its own; a single `*` gives the login up."
	case 354:
		return "354 asks for the letter: each line you type now belongs to it, until a line with nothing but a dot."
	case 421:
		return "421 says that the server closes the connection. Whatever was not finished is forgotten." + away
	case 500:
		return "500 says that the server knows no such command." + goesOn
	case 501:
		if e.Verb == smtp.Response {
			return "501: this login is over, and nobody has logged in. The session goes on."
		}
		expected := ""
		if cmd := smtp.ParseCommand([]byte(line + "\r\n")); cmd.Err != nil {
			expected = " At the mark it expected " + explain.Wanted(cmd.Err.Want) + "."
		}
		return "501 says that the command is known, but not what stands behind it." + expected + goesOn
	case 502:
		return "502 says that this server knows the command but does not serve it." + goesOn
	case 503:
		return "503 says that this is not the time for that command. " + order(e.Verb, stateBefore(t, reply)) + goesOn
	case 504:
		return "504 says that the command is served, but not with what stands behind it." + goesOn
	case 530:
		return "530 says that somebody has to log in first." + goesOn
	case 535:
		return "535 says that the login has failed. Whether it was the name or the password, the server does not tell." + goesOn
	case 538:
		return "538 says that this kind of login needs TLS. But what you have said on an open line cannot be taken back: whoever listens has it."
	case 555:
		return "555 says that the server does not know what stands behind the address." + goesOn
	}
	switch e.Code / 100 {
	case 2:
		return fmt.Sprintf("The server took the line: %d says yes. It is not what this step asks for, though.", e.Code)
	case 4:
		return fmt.Sprintf("%d says: not now. A 4 in front does not find fault with your line; the same one may be taken later.", e.Code)
	}
	if e.Code/100 == 5 && (e.Verb == smtp.MAIL || e.Verb == smtp.RCPT) {
		return fmt.Sprintf("%d refuses the address, not the form of the line.", e.Code) + goesOn
	}
	return fmt.Sprintf("%d says no, and repeating the line will not change it.", e.Code) + goesOn
}

// stateBefore is the state in which the server decided on a reply.
func stateBefore(t *trace.Trace, reply trace.Pos) smtp.State {
	for pos := reply; pos > 0; {
		pos--
		if e := t.At(pos); e.Kind == trace.Decided {
			return e.From
		}
	}
	return smtp.StateNone
}

// order says what is missing before a command that came at the wrong time (RFC
// 5321 §4.1.4).
func order(verb smtp.Verb, state smtp.State) string {
	switch {
	case state == smtp.StateWelcomed:
		return "The server wants to be greeted first, with EHLO."
	case verb == smtp.STARTTLS:
		return "The line is inside TLS already."
	case verb == smtp.AUTH && state == smtp.StateGreeted:
		return "Somebody has logged in already, and once a session is enough."
	case verb == smtp.AUTH:
		return "A login comes before a letter, not in the middle of one."
	case verb == smtp.MAIL:
		return "One letter is under way already: name its recipients, or start over with RSET."
	case state == smtp.StateGreeted:
		return "No letter is under way yet: MAIL FROM opens the envelope."
	case state == smtp.StateTransaction:
		return "The envelope has no recipient yet: RCPT TO names one."
	}
	return "Something else has to come first."
}
