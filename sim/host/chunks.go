package host

// Letters that come in counted chunks (RFC 3030 §2): their octets are content
// as they stand, so what the trace shows of them is the letter itself.

import (
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// heardChunks records the letter when its last chunk is here. Its octets have
// no dots added and no dot at the end.
func (h *Host) heardChunks(in *inbound, peer trace.HostID, from smtp.State, cause trace.Pos) (pos trace.Pos, cut bool) {
	h.scratch = h.scratch[:0]
	size := len(in.letter)
	for _, b := range in.blocks {
		size += len(b)
		h.scratch = h.head(b)
	}
	h.scratch = h.head(in.letter)
	var flags trace.Flags
	if len(h.scratch) < size || in.lost {
		flags = trace.Cut
	}
	pos = h.event(trace.Event{
		Kind: trace.Letter, Conn: in.id, Host: peer, Peer: h.id(), Verb: smtp.BDAT, Flags: flags,
		From: from, To: from, Arg: uint32(in.server.LetterLines()), Octets: h.env.Store(h.scratch), Cause: cause,
	})
	return pos, flags != 0
}

// head adds octets to the scratch buffer, as far as they are worth keeping.
func (h *Host) head(octets []byte) []byte {
	if keep := int(h.o.Keep); keep > 0 {
		octets = octets[:min(len(octets), max(0, keep-len(h.scratch)))]
	}
	return append(h.scratch, octets...)
}
