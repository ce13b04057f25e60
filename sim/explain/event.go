package explain

// From an event to its explanation.

import (
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Event explains the event at pos, as far as it can be known before known:
// events there and later play no part, however much of the run there is. Any
// event can be explained, not only rows.
func (r *Reference) Event(t *trace.Trace, pos, known trace.Pos) Explanation {
	e := t.At(pos)
	x := Explanation{Title: t.Host(e.Host).Title, Cause: trace.NoPos}
	switch e.Kind {
	case trace.Command:
		x.Octets = t.OctetsAt(pos)
		for _, p := range smtp.ParseCommand(x.Octets).Parts {
			x.Parts = append(x.Parts, Part{Start: p.Start, End: p.End, Name: p.Kind.String()})
		}
	case trace.Reply:
		x.Octets = t.OctetsAt(pos)
		_, parts, _ := smtp.ParseReply(x.Octets)
		for _, p := range parts {
			x.Parts = append(x.Parts, Part{Start: p.Start, End: p.End, Name: p.Kind.String()})
		}
	}
	return x
}
