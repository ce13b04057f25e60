package host

// TLS as a host sees it: it asks whoever drives it for a handshake, and goes on
// inside. Who does the handshake, with which keys, is not its business.

import (
	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// TLSMode is what a host wants of TLS where it is the client.
type TLSMode uint8

// The modes.
const (
	TLSMay      TLSMode = iota // STARTTLS if it is offered, with whomever; else in clear (RFC 7435)
	TLSInsist                  // STARTTLS with a certificate that is right, or nothing is sent
	TLSImplicit                // TLS from the first octet, likewise (RFC 8314 §3.3)
	TLSNone                    // never
)

var tlsModes = [...]string{"may", "insist", "implicit", "none"}

// String returns the mode's word.
func (m TLSMode) String() string { return tlsModes[m&3] }

// ParseTLSMode returns the mode with that word: may, insist, implicit or none.
func ParseTLSMode(word string) (TLSMode, bool) {
	for i, w := range tlsModes {
		if w == word {
			return TLSMode(i), true
		}
	}
	return 0, false
}

// TLS is the handshake a host asks for.
type TLS struct {
	Server bool   // it is the server's end
	Name   string // client: whom it wants to talk to; the certificate is for that name
	Verify bool   // client: it goes on only if the certificate is right
}

// TLSInfo is what came of it.
type TLSInfo struct {
	Binding  *sasl.Binding // what a login can be bound to
	Cipher   string        // server: the suite's registered name, for the Received field; empty: it is not told
	Verified bool          // the certificate is right, whether that was asked for or not
}

// Secured tells the host that its end of a connection is inside TLS.
func (h *Host) Secured(c trace.ConnID, info TLSInfo, pos trace.Pos) {
	switch {
	case h.byHand(c):
		h.handSecured(pos)
	case h.ins[c] != nil:
		in := h.ins[c]
		in.pos, in.binding, in.cipher = pos, info.Binding, info.Cipher
		in.exchange, in.shaking = nil, false
		if info.Binding == nil {
			in.server.Unbound()
		}
		in.server.Secured()
		h.serve(in)
	case h.outs[c] != nil:
		out := h.outs[c]
		out.pos, out.binding, out.verified = pos, info.Binding, info.Verified
		out.moved, out.shaking = true, false
		out.client.Secured()
		h.drive(out)
	}
}

// TLSFailed tells the host that TLS did not come about, or that it failed later,
// and why. The connection is of no use any more.
func (h *Host) TLSFailed(c trace.ConnID, why string, pos trace.Pos) {
	switch {
	case h.byHand(c):
		h.handClosed(pos)
	case h.ins[c] != nil:
		in := h.ins[c]
		in.pos = pos
		h.leave(in)
	case h.outs[c] != nil:
		out := h.outs[c]
		out.pos = pos
		if j := out.job; h.wish(j) == TLSMay && !j.clear && out.shaking {
			// Encryption that was only a bonus is given up, not the letter (RFC 7435 §3).
			j.clear = true
			h.env.Close(out.id, pos)
			h.dropOut(out)
			h.dial(j, pos)
			return
		}
		out.client.TLSFailed(why)
		h.drive(out)
	}
}

// wish is what TLS is to a job: a letter that demands it is not content with
// less (RFC 8689 §4.2.1).
func (h *Host) wish(j *job) TLSMode {
	switch {
	case h.cfg.TLS == TLSImplicit && j.kind == remoteJob: // between servers there is no such port
		return TLSInsist
	case j.letter.needTLS && h.cfg.TLS != TLSImplicit:
		return TLSInsist
	}
	return h.cfg.TLS
}

// demanded is what a failure amounts to for a letter that demands TLS: that there
// is none, or none that can be trusted, is final at that server (RFC 8689
// §4.2.1). What a server puts off may still come.
func demanded(l *letter, why smtp.Result) smtp.Result {
	const noTLS = 7 // X.7.Z is about security
	if l.needTLS && (why.Local && why.Reply.Enhanced.Subject == noTLS || why.Verb == smtp.STARTTLS && why.Reply.Permanent()) {
		why.Outcome, why.Local = smtp.Refused, true
		why.Reply = reply(550, 5, noTLS, 10, why.Reply.Text())
	}
	return why
}

// unpromised says whether a letter that demands TLS was not given to a server
// because that does not promise the same (RFC 8689 §4.2.1).
func unpromised(r smtp.Result) bool {
	return r.Local && r.Reply.Enhanced == smtp.Enhanced{Class: 5, Subject: 7, Detail: 30}
}

// clientFor returns how the session for a job behaves.
func (h *Host) clientFor(j *job) *smtp.ClientConfig {
	i := clientPlain
	switch {
	case h.wish(j) == TLSInsist:
		i = clientInsists
	case h.wish(j) == TLSNone:
		i = clientClear
	case j.clear:
		i = clientGaveUp
	}
	return &h.clients[i]
}

// The ways in which a host's client sessions differ.
const (
	clientPlain = iota
	clientInsists
	clientClear
	clientGaveUp

	clientKinds
)

// startIn begins TLS on a connection that a client opened: its STARTTLS was
// accepted, or the port is one where TLS comes first.
func (h *Host) startIn(in *inbound) {
	if n := in.server.Discarded(); n > in.discarded {
		in.pos = h.event(trace.Event{
			Kind: trace.Discarded, Conn: in.id, Peer: h.env.Peer(in.id), Arg: uint32(n - in.discarded), Cause: in.pos,
		})
		in.discarded = n
	}
	in.shaking = true
	h.env.StartTLS(in.id, TLS{Server: true}, in.pos)
}

// startOut begins TLS on a connection that this host opened.
func (h *Host) startOut(out *outbound) {
	if n := out.client.Discarded(); n > out.discarded {
		out.pos = h.event(trace.Event{
			Kind: trace.Discarded, Conn: out.id, Peer: h.env.Peer(out.id), Arg: uint32(n - out.discarded), Cause: out.pos,
		})
		out.discarded = n
	}
	wish := h.wish(out.job)
	h.env.StartTLS(out.id, TLS{Name: out.job.addrs[out.job.next].name, Verify: wish != TLSMay}, out.pos)
}
