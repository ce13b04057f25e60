// Package check judges a run by its trace and nothing else: whether any letter
// was lost, and what became of each.
package check

import (
	"fmt"

	"helo/sim/trace"
)

// Finding is a rule that a trace breaks.
type Finding struct {
	Pos  trace.Pos // the event that shows it
	Rule string
}

// String says which event breaks which rule.
func (f Finding) String() string { return fmt.Sprintf("event %d: %s", f.Pos, f.Rule) }

// claim is a host's answer for one recipient of one copy of a letter.
type claim struct {
	host   trace.HostID
	letter trace.LetterID
	rcpt   string
}

// ledger is what a trace says about who answers for what.
type ledger struct {
	t        *trace.Trace
	found    []Finding
	open     map[claim][]trace.Pos // Accepted events without an end
	order    []claim               // as first met, so that findings come in order
	kept     map[claim]bool
	queued   map[claim]bool
	custody  map[trace.ConnID][]trace.Pos // Custody events by the connection the letter came over
	notices  map[trace.LetterID]bool
	finished bool
}

// NoLetterLost checks that each recipient a host has answered for (RFC 5321
// §4.2.5, §6.1) came to exactly one end: passed to a host that answers for it
// in turn, stored in a mailbox, returned to the sender by a notice that is
// itself looked after, or, a notice that cannot be delivered, parked with the
// postmaster; that a run that has ended left nothing in a queue; and that
// notices are never answered by notices (RFC 5321 §4.5.5). It returns what it found, in
// the order of the trace.
func NoLetterLost(t *trace.Trace) []Finding {
	l := &ledger{
		t: t, finished: true,
		open: map[claim][]trace.Pos{}, kept: map[claim]bool{}, queued: map[claim]bool{},
		custody: map[trace.ConnID][]trace.Pos{}, notices: map[trace.LetterID]bool{},
	}
	for pos, end := trace.Pos(0), t.End(); pos < end; pos++ {
		e := t.At(pos)
		if e.Cause != trace.NoPos && e.Cause >= pos {
			l.fault(pos, "its cause is not before it")
		}
		l.take(pos, e)
	}
	l.close()
	return l.found
}

func (l *ledger) fault(pos trace.Pos, format string, args ...any) {
	l.found = append(l.found, Finding{pos, fmt.Sprintf(format, args...)})
}

// take enters one event.
func (l *ledger) take(pos trace.Pos, e *trace.Event) {
	c := claim{e.Host, e.Letter, string(l.t.Octets(e.Octets))}
	switch e.Kind {
	case trace.Custody:
		if e.Conn != 0 {
			l.custody[e.Conn] = append(l.custody[e.Conn], pos)
		}
		if e.Flags&trace.Notice != 0 {
			l.notices[e.Letter] = true
		}
	case trace.Accepted:
		if _, known := l.open[c]; !known {
			l.order = append(l.order, c)
		}
		l.open[c] = append(l.open[c], pos)
	case trace.Queued:
		l.queued[c] = true
	case trace.Kept:
		l.kept[c] = true
	case trace.Relayed:
		l.end(pos, c, "relayed")
		if !l.answered(e, c.rcpt) {
			l.fault(pos, "%s was relayed to %s, which does not answer for it", c.rcpt, l.t.Host(e.Peer).ID)
		}
	case trace.Stored:
		l.end(pos, c, "stored")
	case trace.Parked:
		l.end(pos, c, "parked")
	case trace.Silenced:
		l.end(pos, c, "given up without a word")
	case trace.Reported:
		if l.notices[e.Letter] {
			l.fault(pos, "a notice was answered by a report")
		}
	case trace.Returned:
		l.end(pos, c, "returned")
		if l.notices[e.Letter] {
			l.fault(pos, "a notice was answered by a notice")
		}
		l.noticed(pos, e)
	case trace.Limit, trace.Asked:
		l.finished = false
	case trace.Typed:
		l.finished = true // unless a person is asked again
	case trace.Stalled:
		l.fault(pos, "the run ended with a connection open at %s", l.t.Host(e.Host).ID)
	}
}

// end closes one claim.
func (l *ledger) end(pos trace.Pos, c claim, how string) {
	if len(l.open[c]) == 0 {
		l.fault(pos, "%s %s at %s, which did not answer for it", c.rcpt, how, l.t.Host(c.host).ID)
		return
	}
	l.open[c] = l.open[c][1:]
}

// answered says whether the host that said 250 has entered the recipient.
func (l *ledger) answered(e *trace.Event, rcpt string) bool {
	for _, pos := range l.custody[e.Conn] {
		for p := pos + 1; p < l.t.End(); p++ {
			a := l.t.At(p)
			if a.Kind != trace.Accepted {
				break
			}
			if a.Host == e.Peer && string(l.t.Octets(a.Octets)) == rcpt {
				return true
			}
		}
	}
	return false
}

// noticed checks that a returned recipient's notice has been taken up by the
// same host: its custody is the first event after the returns.
func (l *ledger) noticed(pos trace.Pos, e *trace.Event) {
	for p := pos + 1; p < l.t.End(); p++ {
		c := l.t.At(p)
		if c.Kind == trace.Returned && c.Host == e.Host {
			continue
		}
		if c.Kind != trace.Custody || c.Host != e.Host || uint32(c.Letter) != e.Arg || c.Flags&trace.Notice == 0 {
			l.fault(pos, "a recipient was returned without a notice")
		}
		return
	}
	l.fault(pos, "a recipient was returned without a notice")
}

// close looks at what is still open when the trace is over.
func (l *ledger) close() {
	for _, c := range l.order {
		for _, pos := range l.open[c] {
			switch {
			case l.kept[c], !l.finished:
			case l.queued[c]:
				l.fault(pos, "%s is still queued at %s, but nothing is left to happen", c.rcpt, l.t.Host(c.host).ID)
			default:
				l.fault(pos, "%s was lost at %s", c.rcpt, l.t.Host(c.host).ID)
			}
		}
	}
}
