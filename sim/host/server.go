package host

import (
	"bytes"
	"net/netip"
	"strings"
	"time"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// idleTimeout is how long a server waits for the next command (RFC 5321
// §4.5.3.2.7).
const idleTimeout = 5 * time.Minute

// inbound is a connection that a client opened to this host.
type inbound struct {
	id     trace.ConnID
	port   uint16
	from   netip.Addr
	server *smtp.Server

	segment stream    // the octets that arrived last
	letter  []byte    // of the running transaction, dots removed
	dataAt  int64     // where in the stream the letter begins
	raw     []stream  // the segments of the letter before the last
	pos     trace.Pos // the last event on this connection
	over    bool      // the connection is gone
}

// stream is a run of octets of one direction of a connection, as the trace has
// them.
type stream struct {
	span trace.Span
	off  uint32
}

// Accepted tells the host that a client has connected.
func (h *Host) Accepted(c trace.ConnID, port uint16, from netip.Addr, pos trace.Pos) {
	var in *inbound
	if n := len(h.idleIns); n > 0 {
		in, h.idleIns = h.idleIns[n-1], h.idleIns[:n-1]
		in.server.Reset()
	} else {
		in = &inbound{server: smtp.NewServer(&h.server)}
	}
	in.id, in.port, in.from, in.pos, in.over = c, port, from, pos, false
	h.ins[c] = in
	h.serve(in)
}

// inHeard feeds octets to the session and acts on what it finds in them.
func (h *Host) inHeard(in *inbound, octets []byte, span trace.Span, off uint32, pos trace.Pos) {
	if in.server.State() == smtp.StateData {
		in.raw = append(in.raw, in.segment)
	}
	in.segment, in.pos = stream{span, off}, pos
	for len(octets) > 0 && !in.over {
		n := in.server.Feed(octets)
		octets = octets[n:]
		h.step(in)
		if n == 0 {
			break // the session takes no more: it has closed
		}
	}
	h.flush(in)
}

// serve runs the session as far as it goes without more octets.
func (h *Host) serve(in *inbound) {
	h.step(in)
	h.flush(in)
}

// step lets the session have its say until it needs input.
func (h *Host) step(in *inbound) {
	for !in.over {
		switch in.server.Next() {
		case smtp.Decide:
			h.decide(in)
		case smtp.Body:
			chunk, _ := in.server.Chunk()
			in.letter = append(in.letter, chunk...)
		default:
			return
		}
	}
}

// flush sends what the session has to say, and ends the connection if the
// session is over.
func (h *Host) flush(in *inbound) {
	if in.over {
		return
	}
	if out := in.server.Output(); len(out) > 0 {
		h.env.Send(in.id, out, in.pos)
	}
	if in.server.Next() == smtp.Closed {
		h.env.Close(in.id, in.pos)
		h.dropIn(in)
		return
	}
	h.env.Expect(in.id, idleTimeout)
}

// dropIn forgets a connection that is over.
func (h *Host) dropIn(in *inbound) {
	delete(h.ins, in.id)
	*in = inbound{server: in.server, letter: in.letter[:0], raw: in.raw[:0], over: true}
	h.idleIns = append(h.idleIns, in)
}

// inClosed ends a session whose client has gone: an open transaction is
// forgotten (RFC 5321 §3.8).
func (h *Host) inClosed(in *inbound, pos trace.Pos) {
	in.pos = pos
	in.server.PeerClosed()
	h.serve(in)
	if _, open := h.ins[in.id]; open {
		h.env.Close(in.id, pos)
		h.dropIn(in)
	}
}

func (h *Host) inTimedOut(in *inbound) {
	in.pos = h.event(trace.Event{
		Kind: trace.TimedOut, Conn: in.id, Peer: h.env.Peer(in.id), From: in.server.State(), Cause: in.pos,
	})
	in.server.TimedOut()
	h.serve(in)
}

// decide answers one command, or the greeting, or the dot.
func (h *Host) decide(in *inbound) {
	cmd, from := in.server.Command(), in.server.State()
	peer := h.env.Peer(in.id)
	cause := in.pos
	span := h.lineSpan(in, cmd)
	switch cmd.Verb {
	case smtp.Connect:
	case smtp.EndOfData:
		cause = h.heardLetter(in, cmd, peer, from)
	default:
		cause = h.event(trace.Event{
			Kind: trace.Command, Conn: in.id, Host: peer, Peer: h.id(), Verb: cmd.Verb,
			From: from, To: from, Octets: span, Cause: in.pos,
		})
	}
	r := h.policy(in, cmd, in.server.Proposal())
	var flags trace.Flags
	fault, fired := h.env.Fault(Occasion{
		Place: PlaceReply, Host: h.cfg.ID, Peer: peer, Conn: in.id,
		Verb: cmd.Verb, Code: r.Code, Line: cmd.Line, Cause: cause,
	})
	if fault != nil {
		flags, cause = trace.Faulty, fired
		r = fault.change(r)
	}
	if fault != nil && fault.Effect == EffectDrop {
		h.sendBefore(in)
	}
	accepted := cmd.Verb == smtp.EndOfData && r.Code/100 == 2 && r.Then != smtp.Silent
	var copy *letter
	if accepted {
		// The queue id is part of the reply's text, so the copy comes first.
		copy = h.takeLetter(in)
		if fault == nil || fault.Effect != EffectReply {
			r.Lines = []string{acceptedText(in.port, copy.queueID)}
		}
	}
	verb := cmd.Verb
	h.scratch = append(h.scratch[:0], in.server.Reply(r)...)
	in.pos = h.event(trace.Event{
		Kind: trace.Decided, Conn: in.id, Peer: peer, Verb: verb, Code: r.Code,
		From: from, To: in.server.State(), Octets: span, Flags: flags, Cause: cause,
	})
	switch {
	case accepted:
		h.accept(in, copy, in.pos)
		in.letter = in.letter[:0]
	case verb == smtp.EndOfData:
		in.letter = in.letter[:0]
	case verb == smtp.DATA && in.server.State() == smtp.StateData:
		in.dataAt, in.raw = int64(cmd.Offset)+int64(len(cmd.Line)), in.raw[:0]
	}
	if fault != nil && fault.Effect == EffectDrop || r.Then == smtp.Reset {
		h.env.Cut(in.id, in.pos)
		h.dropIn(in)
	}
}

// sendBefore sends the replies to earlier commands of a pipelined group, so
// that a cut takes only what comes after them.
func (h *Host) sendBefore(in *inbound) {
	if out := in.server.Output(); len(out) > 0 {
		h.env.Send(in.id, out, in.pos)
	}
}

func acceptedText(port uint16, queueID string) string {
	if port == PortSubmission {
		return "queued as " + queueID
	}
	return "accepted as " + queueID
}

// heardLetter records the letter up to its dot as one line, its octets as they
// were on the wire.
func (h *Host) heardLetter(in *inbound, cmd *smtp.Command, peer trace.HostID, from smtp.State) trace.Pos {
	end := cmd.Offset + int64(len(cmd.Line))
	span, whole := in.segment.part(in.dataAt, end)
	if !whole {
		h.scratch = h.scratch[:0]
		for _, s := range append(in.raw, in.segment) {
			lo, hi := max(in.dataAt, int64(s.off)), min(end, int64(s.off)+int64(s.span.Len))
			if lo < hi {
				part, _ := s.part(lo, hi)
				h.scratch = append(h.scratch, h.env.Octets(part)...)
			}
		}
		span = h.env.Store(h.scratch)
	}
	// Only CRLF ends a line (RFC 5321 §2.3.8).
	lines := uint32(bytes.Count(in.letter, []byte("\r\n")))
	return h.event(trace.Event{
		Kind: trace.Letter, Conn: in.id, Host: peer, Peer: h.id(), Verb: smtp.EndOfData,
		From: from, To: from, Arg: lines, Octets: span, Cause: in.pos,
	})
}

// lineSpan is where the trace has a command's line; a line that came in pieces
// is stored again.
func (h *Host) lineSpan(in *inbound, cmd *smtp.Command) trace.Span {
	if len(cmd.Line) == 0 {
		return trace.Span{}
	}
	if span, ok := in.segment.part(cmd.Offset, cmd.Offset+int64(len(cmd.Line))); ok {
		return span
	}
	return h.env.Store(cmd.Line)
}

// part is the span of the stream's octets from lo to hi, if they are all in s.
func (s stream) part(lo, hi int64) (trace.Span, bool) {
	off := int64(s.off)
	if lo < off || hi > off+int64(s.span.Len) || lo > hi {
		return trace.Span{}, false
	}
	return s.span.Part(uint32(lo-off), uint32(hi-lo)), true
}

// policy is what this host has to say to a command beyond its form: who may
// send through it, and which mailboxes it has.
func (h *Host) policy(in *inbound, cmd *smtp.Command, proposed smtp.Reply) smtp.Reply {
	if proposed.Code/100 != 2 {
		return proposed
	}
	switch cmd.Verb {
	case smtp.MAIL:
		if in.port == PortSubmission && !h.knows(in.from) {
			// Until there is a login, a client is known by its address (RFC 6409 §3.3).
			return reply(550, 5, 7, 1, "this address may not submit mail here")
		}
	case smtp.RCPT:
		local, known := h.mailbox(cmd.Path)
		switch {
		case local && !known:
			return reply(550, 5, 1, 1, "no such mailbox here")
		case !local && in.port != PortSubmission:
			return reply(550, 5, 7, 1, "relaying denied")
		}
	case smtp.EndOfData:
		if hops(in.letter) > maxHops {
			return reply(554, 5, 4, 6, "too many Received fields: the letter goes in circles")
		}
	}
	return proposed
}

// maxHops is how many Received fields a letter may have before it is taken to
// go in circles (RFC 5321 §6.3: at least 100).
const maxHops = 100

// hops counts the Received fields in a letter's header.
func hops(letter []byte) int {
	n := 0
	for len(letter) > 0 {
		line, rest, _ := bytes.Cut(letter, []byte("\n"))
		if len(bytes.TrimRight(line, "\r")) == 0 {
			break // the header ends
		}
		if len(line) >= 9 && bytes.EqualFold(line[:9], []byte("Received:")) {
			n++
		}
		letter = rest
	}
	return n
}

func reply(code, class, subject, detail uint16, text string) smtp.Reply {
	return smtp.Reply{
		Code:     code,
		Enhanced: smtp.Enhanced{Class: class, Subject: subject, Detail: detail},
		Lines:    []string{text},
	}
}

func (h *Host) knows(a netip.Addr) bool {
	for _, p := range h.cfg.Server.Submission {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// mailbox says whether a path's domain is one of ours, and whether it has that
// mailbox. Domains are compared without case, and so, as a policy of this
// server, are local-parts (RFC 5321 §2.4). Postmaster is always there (RFC 5321 §4.5.1).
func (h *Host) mailbox(p smtp.Path) (local, known bool) {
	s := h.cfg.Server
	if p.Domain == "" { // <Postmaster>
		return true, true
	}
	for _, d := range s.Domains {
		if strings.EqualFold(d, p.Domain) {
			local = true
			break
		}
	}
	if !local {
		return false, false
	}
	if p.IsPostmaster() {
		return true, true
	}
	for _, m := range s.Mailboxes {
		if strings.EqualFold(m, p.User()) {
			return true, true
		}
	}
	return true, false
}
