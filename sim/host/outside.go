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
	left  int    // octets of the chunk that are still to come
	last  bool   // it is the last chunk
	head  []byte // the letter's first octets
	size  int64  // all of its octets so far
	lines uint32
}

// recordSaid records the commands, or the piece of the letter, in octets that
// are about to leave.
func (h *Host) recordSaid(out *outbound, octets []byte) {
	s := &out.said
	chunks := out.client.Offer().Extensions.Has(smtp.Chunking) && out.config.Use.Has(smtp.Chunking)
	state := out.client.State()
	if !chunks && (out.wrote > 0 || state == smtp.StateSendingLetter || state == smtp.StateDotSent) {
		h.recordPiece(out, octets)
		if state == smtp.StateDotSent {
			s.lines-- // the dot's is not the letter's
			h.recordLetter(out, smtp.EndOfData)
		}
		return
	}
	for len(octets) > 0 || s.left == 0 && s.last {
		if s.left > 0 || s.last {
			n := min(s.left, len(octets))
			h.recordPiece(out, octets[:n])
			octets, s.left = octets[n:], s.left-n
			if s.left == 0 && s.last {
				h.recordLetter(out, smtp.BDAT)
			}
			continue
		}
		line := octets
		if i := bytes.IndexByte(octets, '\n'); i >= 0 {
			line = octets[:i+1]
		}
		octets = octets[len(line):]
		cmd := smtp.ParseCommandUTF8(line)
		span := trace.Span{}
		if out.login != nil {
			if cmd.Verb != smtp.AUTH {
				cmd.Verb = smtp.Response
			}
			span = h.env.StoreSecret(line, smtp.MaskLogin(line))
		} else {
			span = h.env.Store(line)
		}
		if cmd.Verb == smtp.BDAT {
			s.left, s.last = int(cmd.Count), cmd.Last
		}
		out.pos = h.event(trace.Event{
			Kind: trace.Command, Conn: out.id, Peer: h.env.Peer(out.id), Verb: cmd.Verb,
			Octets: span, Cause: out.pos,
		})
	}
}

// recordPiece gathers a piece of the letter.
func (h *Host) recordPiece(out *outbound, octets []byte) {
	s := &out.said
	room := len(octets)
	if h.o.Keep > 0 {
		room = max(0, int(h.o.Keep)-len(s.head))
	}
	s.head = append(s.head, octets[:min(room, len(octets))]...)
	s.size += int64(len(octets))
	s.lines += uint32(bytes.Count(octets, []byte("\r\n")))
}

// recordLetter records the letter, which has ended.
func (h *Host) recordLetter(out *outbound, verb smtp.Verb) {
	s := &out.said
	e := trace.Event{
		Kind: trace.Letter, Conn: out.id, Peer: h.env.Peer(out.id), Verb: verb,
		Arg: s.lines, Letter: out.job.letter.id, Octets: h.env.Store(s.head), Cause: out.pos,
	}
	if int64(len(s.head)) < s.size {
		e.Flags = trace.Cut
	}
	out.pos = h.event(e)
	*s = said{head: s.head[:0]}
	out.wrote = 0
}
