package host

// What a server makes of one command: the reply, the faults of it, and what
// follows.

import (
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// decide answers one command, or the greeting, or the dot.
func (h *Host) decide(in *inbound) {
	cmd, from := in.server.Command(), in.server.State()
	peer := h.env.Peer(in.id)
	cause, cut := in.pos, false
	span := h.lineSpan(in, cmd)
	switch cmd.Verb {
	case smtp.Connect:
	case smtp.EndOfData:
		cause, cut = h.heardLetter(in, cmd, peer, from)
	default:
		cause = h.event(trace.Event{
			Kind: trace.Command, Conn: in.id, Host: peer, Peer: h.id(), Verb: cmd.Verb,
			From: from, To: from, Octets: span, Cause: in.pos,
		})
		if cmd.Verb == smtp.BDAT && cmd.EndsLetter() {
			cause, cut = h.heardChunks(in, peer, from, cause)
		}
	}
	r := h.policy(in, cmd, in.server.Proposal())
	d := decision{verb: cmd.Verb, from: from, span: span, dataAt: cmd.Offset + int64(len(cmd.Line)), reply: r, cause: cause, cut: cut}
	if in.mute {
		d.reply.Then = smtp.Silent
	} else if fault, fired := h.env.Fault(Occasion{
		Place: PlaceReply, Host: h.cfg.ID, Peer: peer, Conn: in.id,
		Verb: cmd.Verb, Code: r.Code, Line: cmd.Line, Cause: cause,
	}); fault != nil {
		d.flags, d.cause, d.effect = trace.Faulty, fired, fault.Effect
		d.reply = fault.change(r)
		in.mute = d.effect == EffectSilent // else a later reply would be heard in place of this one
	}
	in.kept = 0
	if d.effect == EffectDrop {
		h.sendBefore(in)
	}
	if cmd.EndsLetter() && d.reply.Code/100 == 2 && d.reply.Then != smtp.Silent {
		// The queue id is part of the reply's text, so the copy comes first.
		d.letter = h.takeLetter(in)
		if d.effect != EffectReply {
			d.reply.Lines = []string{acceptedText(in.port, d.letter.queueID)}
		}
		if h.o.Depot != nil {
			h.file(in, d)
			return
		}
	}
	h.answer(in, &d)
}

// decision is what a host makes of one command, or the greeting, or the dot.
type decision struct {
	verb   smtp.Verb
	from   smtp.State // of the session before
	span   trace.Span // the line
	dataAt int64      // where in the stream the line ends
	reply  smtp.Reply
	effect Effect // of the fault that made the reply so, or 0
	flags  trace.Flags
	cause  trace.Pos
	letter *letter // taken with the reply; nil if none is
	cut    bool    // the trace has only the head of the letter

	report *letter // filed with the letter, as its sender asked; nil if none is
	about  []recipient
}

// answer gives the reply, and does what follows from it.
func (h *Host) answer(in *inbound, d *decision) {
	octets := in.server.Reply(d.reply)
	var said trace.Span
	if h.o.Outside {
		said = h.storeReply(d.verb, octets)
	}
	in.secret = in.secret || d.reply.Code == 334
	peer := h.env.Peer(in.id)
	in.pos = h.event(trace.Event{
		Kind: trace.Decided, Conn: in.id, Peer: peer, Verb: d.verb, Code: d.reply.Code,
		From: d.from, To: in.server.State(), Octets: d.span, Flags: d.flags, Cause: d.cause,
	})
	if said.Len > 0 && d.effect != EffectDrop {
		in.pos = h.event(trace.Event{
			Kind: trace.Reply, Conn: in.id, Peer: peer, Verb: d.verb, Code: d.reply.Code,
			Octets: said, Flags: d.flags, Cause: in.pos,
		})
	}
	if d.verb == smtp.AUTH || d.verb == smtp.Response {
		h.loginAnswered(in, d.reply)
	}
	switch {
	case d.letter != nil:
		h.accept(in, d.letter, in.pos)
		h.forgetLetter(in)
	case d.verb == smtp.DATA && in.server.State() == smtp.StateData:
		in.dataAt, in.raw = d.dataAt, in.raw[:0]
	case in.server.State() != smtp.StateChunks: // no part of a letter counts any more
		h.forgetLetter(in)
	}
	if d.effect == EffectDrop || d.reply.Then == smtp.Reset {
		h.env.Cut(in.id, in.pos)
		h.dropIn(in)
	}
}

// sendBefore sends the replies to earlier commands of a pipelined group, so
// that a cut takes only what comes after them.
func (h *Host) sendBefore(in *inbound) {
	if out := in.server.Output(); len(out) > 0 {
		h.env.Send(in.id, out, in.secret, in.pos)
		in.secret = false
	}
}

func acceptedText(port uint16, queueID string) string {
	if submits(port) {
		return "queued as " + queueID
	}
	return "accepted as " + queueID
}
