package tui

// What the views of a lesson are a function of.

import (
	"slices"
	"time"

	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// in is everything that the exchange and its explanation are drawn from.
type in struct {
	t    *trace.Trace
	rows *trace.Rows

	by     explain.Eyes // who looks
	n      int          // rows to show
	asked  bool         // the last of them is not known yet: it is drawn as ?
	who    bool         // and neither is who acts there
	known  trace.Pos    // how far the learner may see
	cursor int          // the row under the cursor, -1 if there is none
	grow   int          // how far the last row's arrow has come, of growFull

	x     explain.Explanation // of the event under the cursor
	xPos  trace.Pos           // that event; NoPos if there is none
	part  int                 // the chosen part, -1 if none is
	mine  bool                // it is a line that the learner typed
	types bool                // letters belong to a line
	fault int                 // the octet at which that line went wrong, -1 if nowhere

	th *theme
}

// held is the hosts that are responsible once row i is over.
func (in *in) held(i int) uint64 {
	if in.by == explain.Wire { // that is not on the line
		return 0
	}
	if in.asked && i == in.n-1 {
		i-- // whose the letter is then is what was asked
	}
	if i < 0 {
		return 0
	}
	r := in.rows.At(i)
	if e := in.t.At(r.Pos); e.Kind == trace.Written && e.Host < 64 {
		return r.Held | 1<<e.Host // the writer answers for it from the start
	}
	return r.Held
}

// hidesWho says whether row i is the one of which even the hosts are asked.
func (in *in) hidesWho(i int) bool { return in.asked && in.who && i == in.n-1 }

// heldAbove is the hosts that are responsible before row i.
func (in *in) heldAbove(i int) uint64 { return in.held(max(0, min(i, in.n)-1)) }

// latest is the time of the last row that is shown.
func (in *in) latest() time.Duration {
	if in.n == 0 {
		return 0
	}
	return in.t.At(in.rows.At(in.n - 1).Pos).At
}

// time is the colour of a row's time: on the selected row it has to stand out
// from its band.
func (in *in) time(row int) ink {
	if row == in.cursor {
		return in.th.text
	}
	return in.th.faint
}

// say is a row in a few words, safe to show, with its mark.
func (in *in) say(pos trace.Pos) string {
	text := explain.Visible([]byte(in.by.Line(in.t, pos)))
	e := in.t.At(pos)
	switch {
	case in.by.Sight(in.t, pos) == explain.Unseen:
		return "·"
	case in.sealed(pos):
	case e.Kind == trace.Stored:
		return "✓ " + text
	case failed(in.t, e):
		return "✗ " + text
	}
	return text
}

// sealed says whether all there is to see of an event is that octets pass.
func (in *in) sealed(pos trace.Pos) bool { return in.by.Sight(in.t, pos) == explain.Sealed }

// octets are those of an event, as they are seen.
func (in *in) octets(e *trace.Event) []byte { return in.by.Octets(in.t, e.Octets) }

// octetInk is the colour of the octets that are explained.
func (in *in) octetInk() ink {
	if in.sealed(in.xPos) {
		return in.th.text
	}
	switch in.t.At(in.xPos).Kind {
	case trace.Command, trace.Letter, trace.Typed:
		return in.th.client
	case trace.Reply:
		if in.t.At(in.xPos).Code >= 400 {
			return in.th.fail
		}
		return in.th.server
	case trace.Question, trace.Answer:
		return in.th.dns
	case trace.Handshake:
		return in.th.mid
	}
	return in.th.text
}

// foremost is the part that says most while none is chosen, or else the first
// one: what a DNS message asks, or what somebody on the way has written over.
func (in *in) foremost() int {
	if in.part >= 0 {
		return in.part
	}
	name := explain.StruckOut
	if in.x.Binary {
		name = "question"
	}
	return max(0, slices.IndexFunc(in.x.Parts, func(p explain.Part) bool { return p.Name == name }))
}

// nextPart is the part after the chosen one, or before it; behind the last one
// none is chosen. Parts of which there is nothing new to say are passed over: in
// a long reply they are most.
func (in *in) nextPart(by int) int {
	n := len(in.x.Parts)
	for part := in.part; ; {
		part = (part+1+by+n+1)%(n+1) - 1
		if part < 0 || part == in.part || in.x.Parts[part].Meaning != "" || in.x.Parts[part].Broken {
			return part
		}
	}
}

// bold says whether the first part of the octets is a command.
func (in *in) bold() bool {
	k := in.t.At(in.xPos).Kind
	return !in.sealed(in.xPos) && in.t.At(in.xPos).Verb != smtp.Response && (k == trace.Command || k == trace.Typed)
}
