package host

import (
	"net/netip"
	"time"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// defaultIdle is how long a server waits for the next command (RFC 5321
// §4.5.3.2.7).
const defaultIdle = 5 * time.Minute

// inbound is a connection that a client opened to this host.
type inbound struct {
	id     trace.ConnID
	port   uint16
	from   netip.Addr
	server *smtp.Server
	config *smtp.Config // of server

	shaking   bool          // TLS has begun and is not there yet
	discarded int           // octets that waited in clear, and are in the trace
	binding   *sasl.Binding // of TLS
	cipher    string        // likewise
	exchange  sasl.Exchange // the login under way

	segment stream    // the octets that arrived last
	letter  []byte    // of the running transaction, dots removed; of a long one, its last block
	blocks  [][]byte  // the blocks before, if a depot files it
	head    []byte    // what goes on top of it, if a depot files it
	pieces  [][]byte  // both, while they are filed
	short   []byte    // the buffer for short letters, while a long one is here
	long    bool      // the letter is in blocks
	taken   bool      // which are the depot's now
	size    int       // octets of letter and blocks, if a depot files it
	lost    bool      // not all of the letter could be kept
	dataAt  int64     // where in the stream the letter begins
	raw     []stream  // the segments of the letter before the last
	pos     trace.Pos // the last event on this connection
	over    bool      // the connection is gone
	mute    bool      // a fault has silenced this end

	filing bool     // a letter is being filed: the decision about its dot is open
	open   decision // that decision
	rest   []byte   // octets that arrived with it, not served yet
	kept   uint32   // octets of the stream in the trace since the last decision
	secret bool     // what is to be said belongs to a login
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
	config := h.serverFor(port, from)
	if n := len(h.idleIns); n > 0 {
		in, h.idleIns = h.idleIns[n-1], h.idleIns[:n-1]
	} else {
		in = &inbound{}
	}
	if in.config == config {
		in.server.Reset()
	} else {
		in.server, in.config = smtp.NewServer(config), config
	}
	in.id, in.port, in.from, in.pos, in.over = c, port, from, pos, false
	h.ins[c] = in
	if port == PortSubmissions {
		h.env.Expect(c, h.idle())
		h.startIn(in)
		return
	}
	h.serve(in)
}

// serverFor returns how the session with a client behaves.
func (h *Host) serverFor(port uint16, from netip.Addr) *smtp.Config {
	switch {
	case !submits(port):
		return &h.server
	case h.knows(from):
		return &h.trusted
	}
	return &h.msa
}

// idle is how long a client may be silent.
func (h *Host) idle() time.Duration {
	if d := h.cfg.Server.Idle; d > 0 {
		return d
	}
	return defaultIdle
}

// inHeard feeds octets to the session and acts on what it finds in them.
func (h *Host) inHeard(in *inbound, octets []byte, span trace.Span, off uint32, pos trace.Pos) {
	if in.server.State() == smtp.StateData && in.segment.span.Len > 0 {
		in.raw = append(in.raw, in.segment)
	}
	in.segment, in.pos = stream{span, off}, pos
	in.kept += span.Len
	h.take(in, octets)
}

// take feeds octets to the session as far as it takes them. What comes behind
// a letter that is being filed waits until that is done.
func (h *Host) take(in *inbound, octets []byte) {
	for len(octets) > 0 && !in.over {
		n := in.server.Feed(octets)
		octets = octets[n:]
		h.step(in)
		if in.filing {
			in.rest = append(in.rest, octets...)
			break
		}
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
	for !in.over && !in.filing && !in.shaking {
		switch in.server.Next() {
		case smtp.Decide:
			h.decide(in)
		case smtp.Body:
			chunk, _ := in.server.Chunk()
			h.gather(in, chunk)
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
	h.sendBefore(in)
	switch in.server.Next() {
	case smtp.Closed:
		h.env.Close(in.id, in.pos)
		h.dropIn(in)
		return
	case smtp.Handshake:
		if !in.shaking {
			h.env.Expect(in.id, h.idle())
			h.startIn(in)
			return
		}
	}
	h.env.Expect(in.id, h.idle())
}

// dropIn forgets a connection that is over.
func (h *Host) dropIn(in *inbound) {
	delete(h.ins, in.id)
	h.forgetLetter(in)
	in.over = true
	if len(h.idleIns) >= maxIdleIns || cap(in.raw) > maxIdleIns || cap(in.rest) > shortLetter {
		return
	}
	*in = inbound{server: in.server, config: in.config, letter: in.letter, blocks: in.blocks, pieces: in.pieces[:0], head: in.head[:0], raw: in.raw[:0], rest: in.rest[:0], over: true}
	h.idleIns = append(h.idleIns, in)
}

// maxIdleIns is how many sessions that are over are kept to be used again, and
// how many segments one of them may have had.
const maxIdleIns = 256

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
	if in.shaking || in.mute { // there is nobody to say it to, or nothing is said
		h.leave(in)
		return
	}
	in.server.TimedOut()
	h.farewell(in)
}

// leave closes a connection without a word.
func (h *Host) leave(in *inbound) {
	h.env.Close(in.id, in.pos)
	h.dropIn(in)
}

// farewell sends the 421 with which a server ends a session by itself. Where
// no host of the run hears it, it is recorded here.
func (h *Host) farewell(in *inbound) {
	if out := in.server.Output(); len(out) > 0 {
		if h.o.Outside {
			in.pos = h.event(trace.Event{
				Kind: trace.Reply, Conn: in.id, Peer: h.env.Peer(in.id), Code: 421,
				Octets: h.env.Store(out), Cause: in.pos,
			})
		}
		h.env.Send(in.id, out, false, in.pos)
	}
	h.serve(in)
}

// heardLetter records the letter up to its dot as one line, its octets as they
// were on the wire.
func (h *Host) heardLetter(in *inbound, cmd *smtp.Command, peer trace.HostID, from smtp.State) (pos trace.Pos, cut bool) {
	end := cmd.Offset + int64(len(cmd.Line))
	span, whole := in.segment.part(in.dataAt, end)
	var flags trace.Flags
	if !whole {
		h.scratch = h.scratch[:0]
		at, size := int64(0), end-in.dataAt
		for _, s := range append(in.raw, in.segment) {
			off := int64(int32(s.off - uint32(in.dataAt))) // from the letter's start
			lo, hi := max(0, off), min(size, off+int64(s.span.Len))
			if lo >= hi {
				continue
			}
			if lo > at {
				break // what came between was not kept
			}
			octets := h.env.Octets(s.span.Part(uint32(lo-off), uint32(hi-lo)))
			if octets == nil {
				break // the trace has given them up meanwhile
			}
			h.scratch = append(h.scratch, octets...)
			at = hi
		}
		if at < size {
			flags = trace.Cut
		}
		span = h.env.Store(h.scratch)
	}
	pos = h.event(trace.Event{
		Kind: trace.Letter, Conn: in.id, Host: peer, Peer: h.id(), Verb: smtp.EndOfData, Flags: flags,
		From: from, To: from, Arg: uint32(in.server.LetterLines()), Octets: span, Cause: in.pos,
	})
	return pos, flags != 0
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
	if cmd.Secret() {
		return h.env.StoreSecret(cmd.Line, cmd.Masked())
	}
	return h.env.Store(cmd.Line)
}

// storeReply keeps a reply for an event.
func (h *Host) storeReply(verb smtp.Verb, octets []byte) trace.Span {
	if verb == smtp.AUTH || verb == smtp.Response {
		return h.env.StoreSecret(octets, smtp.MaskReply(octets))
	}
	return h.env.Store(octets)
}

// part is the span of the stream's octets from lo to hi, if they are all in s.
// Places in a stream are counted modulo 2³².
func (s stream) part(lo, hi int64) (trace.Span, bool) {
	off, n := uint32(lo)-s.off, hi-lo
	if n < 0 || int64(off)+n > int64(s.span.Len) {
		return trace.Span{}, false
	}
	return s.span.Part(off, uint32(n)), true
}
