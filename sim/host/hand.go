package host

import (
	"bytes"
	"net/netip"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// hand is a client session that a person drives: what is typed goes out as it
// stands, and after each reply the person is asked for the next line.
type hand struct {
	conn    trace.ConnID
	heard   []byte      // the beginning of a reply that is not whole yet
	at      uint32      // where it begins in the stream
	waiting []smtp.Verb // commands not yet answered
	inData  bool        // lines are the letter's
	closing bool        // nothing more can be said
	asked   bool        // the next line answers a challenge
	masker  smtp.Masker // behind the lines typed so far
	moved   bool        // TLS has begun: octets in clear before it do not count
	name    string      // of the server
	first   bool        // TLS comes first
	pos     trace.Pos
}

func (h *Host) byHand(c trace.ConnID) bool { return h.hand != nil && h.hand.conn == c && c != 0 }

// DialByHand opens the person's connection, to the server of that name.
func (h *Host) DialByHand(to netip.Addr, port uint16, name string) {
	h.hand.name, h.hand.first = name, port == PortSubmissions && h.cfg.TLS != TLSNone // RFC 8314 §3.3
	h.hand.conn = h.env.Dial(to, port, trace.NoPos)
	h.hand.waiting = append(h.hand.waiting, smtp.Connect)
	h.hand.masker = smtp.Masker{}
}

// Typed sends a line that a person typed, with CRLF behind it.
func (h *Host) Typed(line string, cause trace.Pos) {
	hd := h.hand
	octets := append([]byte(line), '\r', '\n')
	verb := smtp.EndOfData
	switch {
	case hd.asked:
		verb = smtp.Response
	case !hd.inData:
		verb = smtp.ParseCommand(octets).Verb
	}
	secret := verb == smtp.AUTH || verb == smtp.Response
	span := trace.Span{}
	if verb != smtp.EndOfData {
		masked := hd.masker.Mask(octets, hd.asked)
		if secret = secret || !bytes.Equal(masked, octets); secret {
			span = h.env.StoreSecret(octets, masked)
		}
		hd.masker.Pass(octets, hd.asked)
	}
	if !secret {
		span = h.env.Store(octets)
	}
	hd.asked = false
	pos := h.event(trace.Event{
		Kind: trace.Typed, Conn: hd.conn, Peer: h.env.Peer(hd.conn), Verb: verb,
		Octets: span, Flags: trace.ByHand, Cause: cause,
	})
	h.env.Send(hd.conn, octets, secret, pos)
	if hd.inData && line != "." {
		h.env.Ask(pos) // the letter goes on
		return
	}
	hd.inData = false
	hd.waiting = append(hd.waiting, verb)
}

// handHeard records the replies found in the octets and asks for the next line
// when every command is answered.
func (h *Host) handHeard(octets []byte, span trace.Span, off uint32, pos trace.Pos) {
	hd := h.hand
	hd.pos = pos
	if hd.moved {
		hd.moved, hd.at = false, off
	}
	hd.heard = append(hd.heard, octets...)
	for {
		n := replyLength(hd.heard)
		if n == 0 {
			break
		}
		where, ok := stream{span, off}.part(int64(hd.at), int64(hd.at)+int64(n))
		if !ok {
			where = h.storeReply(hd.awaited(), hd.heard[:n])
		}
		r, _, _ := smtp.ParseReply(hd.heard[:n])
		e := trace.Event{
			Kind: trace.Reply, Conn: hd.conn, Host: h.env.Peer(hd.conn), Peer: h.id(),
			Code: r.Code, Octets: where, Flags: trace.ByHand, Cause: hd.pos,
		}
		if len(hd.waiting) > 0 {
			e.Verb, hd.waiting = hd.waiting[0], hd.waiting[1:]
		}
		hd.closing = r.Code == 221 || r.Code == 421 // the server goes (RFC 5321 §3.8)
		hd.inData = e.Verb == smtp.DATA && r.Code == 354
		hd.pos = h.event(e)
		hd.heard, hd.at = hd.heard[n:], hd.at+uint32(n)
		hd.asked = (e.Verb == smtp.AUTH || e.Verb == smtp.Response) && r.Code == 334
		if e.Verb == smtp.STARTTLS && r.Code == 220 {
			// A person types what is said; the handshake helo does for them. Behind
			// the 220 nothing may wait in clear (RFC 3207 §5).
			if n := len(hd.heard); n > 0 {
				hd.heard = hd.heard[:0]
				hd.pos = h.event(trace.Event{Kind: trace.Discarded, Conn: hd.conn, Peer: h.env.Peer(hd.conn), Arg: uint32(n), Cause: hd.pos})
			}
			h.env.StartTLS(hd.conn, TLS{Name: hd.name}, hd.pos)
			return
		}
	}
	if len(hd.waiting) == 0 && len(hd.heard) == 0 && !hd.closing {
		h.env.Ask(hd.pos)
	}
}

// awaited is the command that the next reply answers.
func (hd *hand) awaited() smtp.Verb {
	if len(hd.waiting) == 0 {
		return smtp.None
	}
	return hd.waiting[0]
}

// handSecured goes on inside TLS: the person says EHLO again, or hears the
// greeting first.
func (h *Host) handSecured(pos trace.Pos) {
	hd := h.hand
	hd.pos, hd.moved, hd.masker = pos, true, smtp.Masker{}
	if len(hd.waiting) == 0 {
		h.env.Ask(pos)
	}
}

// replyLength is how many octets the first whole reply has; 0 if none is whole.
func replyLength(b []byte) int {
	for start := 0; ; {
		i := bytes.IndexByte(b[start:], '\n')
		if i < 0 {
			return 0
		}
		line := b[start : start+i]
		start += i + 1
		if len(line) < 4 || line[3] != '-' {
			return start
		}
	}
}

// handClosed ends the person's session: the server has closed it, or the line
// was cut.
func (h *Host) handClosed(pos trace.Pos) {
	c := h.hand.conn
	h.hand.conn = 0
	h.env.Close(c, pos)
}
