package check

import (
	"bytes"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Verdict is what a mail client learned about one recipient of its letter.
type Verdict struct {
	Recipient string    // the mailbox, as given
	Done      bool      // a server answers for it (RFC 5321 §4.2.5)
	Code      uint16    // why, or why not; its first digit says whether later may help; 0: nobody has said
	Said      trace.Pos // the server's reply, or NoPos if nobody said so
	Told      trace.Pos // what the client's user was told, or NoPos
}

// Why returns the reply that decided, and whether it is the server's own: else it
// is what stands for one in the client, and Code is 0 if nobody has said anything.
func (v Verdict) Why(t *trace.Trace) (r smtp.Reply, own bool) {
	switch {
	case v.Said != trace.NoPos:
		r, _, _ = smtp.ParseReply(t.OctetsAt(v.Said)) // the client has read it before
		return r, true
	case v.Told != trace.NoPos:
		said := bytes.TrimPrefix(t.OctetsAt(v.Told), []byte(trace.NotSent))
		r, _, _ = smtp.ParseReply(append(bytes.Clone(said), "\r\n"...))
	}
	return r, false
}

// Verdicts returns what became of each recipient of the letters that mail
// clients of the trace have sent, in the order in which they were written.
func Verdicts(t *trace.Trace) []Verdict {
	var list []Verdict
	asked := map[trace.ConnID][]string{}   // recipients named, not answered yet
	refused := map[string]trace.Pos{}      // the reply to a recipient
	latest := map[trace.ConnID]trace.Pos{} // the reply heard last that was no RCPT's
	set := func(e *trace.Event, rcpt string, done bool, said trace.Pos) {
		for i := range list {
			if v := &list[i]; v.Recipient == rcpt && v.Code == 0 {
				v.Done, v.Code, v.Said = done, e.Code, said
				return
			}
		}
	}
	last := trace.NoPos
	for pos := t.First(); pos < t.End(); pos++ {
		e := t.At(pos)
		switch e.Kind {
		case trace.Accepted:
			list = append(list, Verdict{Recipient: string(t.OctetsAt(pos)), Said: trace.NoPos, Told: trace.NoPos})
		case trace.Command:
			if c := smtp.ParseCommandUTF8(t.OctetsAt(pos)); c.Verb == smtp.RCPT {
				asked[e.Conn] = append(asked[e.Conn], c.Path.Mailbox())
			}
		case trace.Reply:
			if names := asked[e.Conn]; e.Verb == smtp.RCPT && len(names) > 0 {
				refused[names[0]], asked[e.Conn] = pos, names[1:]
				break
			}
			if e.Verb == smtp.QUIT {
				break // it answers a goodbye, and nothing about letters
			}
			latest[e.Conn], last = pos, pos
		case trace.Relayed:
			set(e, string(t.OctetsAt(pos)), true, at(latest, e.Conn))
		case trace.Kept, trace.Queued, trace.Returned:
			rcpt := string(t.OctetsAt(pos))
			said, ok := refused[rcpt]
			if !ok || t.At(said).Code != e.Code {
				if said = last; said != trace.NoPos && t.At(said).Code != e.Code {
					said = trace.NoPos
				}
			}
			set(e, rcpt, false, said)
		case trace.Told: // why those before were kept
			for i := range list {
				if v := &list[i]; v.Code != 0 && !v.Done && v.Told == trace.NoPos {
					v.Told = pos
				}
			}
		}
	}
	return list
}

func at(m map[trace.ConnID]trace.Pos, c trace.ConnID) trace.Pos {
	if pos, ok := m[c]; ok {
		return pos
	}
	return trace.NoPos
}
