package host

// What a host says to one that is no host of the run: nobody there records
// hearing it, so it is recorded here, line by line.

import (
	"bytes"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// said gathers the letter as it goes over the wire.
type said struct {
	letter bool   // the letter is on its way
	head   []byte // its first octets
	size   int64  // all of its octets so far
	lines  uint32
}

// recordSaid records the commands, or the piece of the letter, in octets that
// are about to leave.
func (h *Host) recordSaid(out *outbound, octets []byte) {
	s := &out.said
	if out.wrote > 0 || len(out.job.letter.octets) == 0 || string(octets) == ".\r\n" {
		s.letter = true
	}
	if s.letter {
		room := len(octets)
		if h.o.Keep > 0 {
			room = max(0, int(h.o.Keep)-len(s.head))
		}
		s.head = append(s.head, octets[:min(room, len(octets))]...)
		s.size += int64(len(octets))
		s.lines += uint32(bytes.Count(octets, []byte("\r\n")))
		if out.client.State() != smtp.StateDotSent {
			return
		}
		e := trace.Event{
			Kind: trace.Letter, Conn: out.id, Peer: h.env.Peer(out.id), Verb: smtp.EndOfData,
			Arg: s.lines - 1, Letter: out.job.letter.id, Octets: h.env.Store(s.head), Cause: out.pos,
		}
		if int64(len(s.head)) < s.size {
			e.Flags = trace.Cut
		}
		out.pos = h.event(e)
		*s = said{head: s.head[:0]}
		out.wrote = 0
		return
	}
	for len(octets) > 0 {
		line := octets
		if i := bytes.IndexByte(octets, '\n'); i >= 0 {
			line = octets[:i+1]
		}
		octets = octets[len(line):]
		out.pos = h.event(trace.Event{
			Kind: trace.Command, Conn: out.id, Peer: h.env.Peer(out.id), Verb: smtp.ParseCommand(line).Verb,
			Octets: h.env.Store(line), Cause: out.pos,
		})
	}
}
