package host

import (
	"helo/protocol/message"
	"helo/sim/trace"
)

// Submit has the host's mail client (MUA) send a letter that its user wrote.
// Until its submission server has said 250 the letter is in the outbox and the
// client's to look after.
func (h *Host) Submit(s Submission) {
	l := &letter{
		id: h.env.NewLetter(), from: s.From, to: s.To, arrived: h.env.Now(),
		octets: s.Octets, original: s.Octets, facts: message.Scan(s.Octets),
		dsn: s.DSN, asks: s.ToDSNs, binary: s.Binary, needTLS: s.RequireTLS,
	}
	l.utf8 = l.facts.UTF8Header
	cause := h.event(trace.Event{
		Kind: trace.Written, Letter: l.id, Arg: uint32(len(s.To)),
		Octets: h.mailboxOctets(s.From), Cause: trace.NoPos,
	})
	for _, p := range s.To {
		h.event(trace.Event{Kind: trace.Accepted, Letter: l.id, Octets: h.mailboxOctets(p), Cause: cause})
	}
	h.newJob(submitJob, l, "", l.recipients(), 0, cause)
}

// keep leaves recipients in the outbox and tells the user why. A mail client
// does not try again by itself: its user is there to decide.
func (h *Host) keep(j *job, rcpts []recipient, cause trace.Pos) {
	kept := cause
	for i, r := range rcpts {
		kept = h.event(trace.Event{
			Kind: trace.Kept, Letter: j.letter.id, Code: r.last.Code,
			Octets: h.mailboxOctets(r.path), Cause: kept,
		})
		why := r.last.String()
		if i+1 < len(rcpts) && rcpts[i+1].last.String() == why {
			continue // it is told once
		}
		h.event(trace.Event{Kind: trace.Told, Letter: j.letter.id, Octets: h.env.Store([]byte(trace.NotSent + why)), Cause: kept})
		kept = cause
	}
}
