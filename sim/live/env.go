package live

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"time"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// env is the hub as the [host.Env] of its host.
type env hub

// Append and the others are what a host does and asks.
func (v *env) Append(e trace.Event) trace.Pos {
	h := (*hub)(v)
	if e.Kind == trace.Reply {
		if c := h.conn(e.Conn); c != nil {
			c.replied = true
			if !h.server && e.Verb != smtp.BDAT { // chunks are one letter, whenever each is answered
				c.kept = 0
			}
		}
	}
	return h.record(e)
}

func (v *env) Store(octets []byte) trace.Span { return (*hub)(v).hold(octets) }
func (v *env) ID() trace.HostID               { return v.me }
func (v *env) Now() time.Duration             { return v.now }
func (v *env) Clock() time.Time               { return v.start.Add(v.now).UTC() }
func (v *env) Octets(s trace.Span) []byte     { return v.t.Octets(s) }
func (v *env) Peer(trace.ConnID) trace.HostID { return v.them }
func (v *env) Ask(trace.Pos)                  {}

// Draw is real chance: here nothing is to be the same again.
func (v *env) Draw(what string, n uint64) uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.NativeEndian.Uint64(b[:])
}

// StoreSecret keeps no secrets, unless it was asked to.
func (v *env) StoreSecret(octets, masked []byte) trace.Span {
	h := (*hub)(v)
	if h.secrets {
		masked = octets
	}
	return h.hold(masked)
}

func (v *env) NewLetter() trace.LetterID {
	h := (*hub)(v)
	h.letters++
	return h.letters
}

func (v *env) Fault(o host.Occasion) (*host.Fault, trace.Pos) {
	h := (*hub)(v)
	for _, f := range h.faults {
		if !f.Meets(o, h.t.Host(o.Peer).ID) {
			continue
		}
		pos := h.record(trace.Event{
			Kind: trace.Fired, Peer: o.Peer, Conn: o.Conn, Verb: o.Verb, Code: o.Code,
			Arg: f.Fired, Octets: h.hold([]byte(f.String())), Flags: trace.Faulty, Cause: o.Cause,
		})
		return f.To(o.Verb), pos
	}
	return nil, trace.NoPos
}

func (v *env) Dial(to netip.Addr, port uint16, cause trace.Pos) trace.ConnID {
	h := (*hub)(v)
	c := h.add(nil)
	h.record(trace.Event{
		Kind: trace.Connect, Conn: c.id, Peer: h.them, Code: port, Octets: h.hold(to.AppendTo(nil)), Cause: cause,
	})
	h.dial(c, netip.AddrPortFrom(to, port))
	return c.id
}

func (v *env) Send(id trace.ConnID, octets []byte, secret bool, cause trace.Pos) {
	h := (*hub)(v)
	c := h.conn(id)
	if c == nil || c.end != goesOn {
		return
	}
	if h.server {
		octets = v.strip(c, octets, cause)
	}
	c.out = append(c.out, octets...)
	keep := octets[:min(len(octets), max(0, h.keep-c.kept))]
	c.kept += len(keep)
	switch all := keep; {
	case !secret || h.secrets:
	case h.server:
		keep = smtp.MaskReply(all)
	default:
		keep = smtp.MaskLogin(all)
	}
	e := trace.Event{Kind: trace.Sent, Conn: id, Peer: h.them, Octets: h.hold(keep), Arg: c.sent, Cause: cause}
	if len(keep) < len(octets) {
		e.Flags = trace.Cut
	}
	c.sent += uint32(len(octets))
	h.record(e)
}

// StartTLS leaves the handshake to the connection's goroutine.
func (v *env) StartTLS(id trace.ConnID, ask host.TLS, cause trace.Pos) {
	h := (*hub)(v)
	c := h.conn(id)
	if c == nil {
		return
	}
	c.upgrade = &upgrade{ask: ask, cause: cause}
	if !ask.Server {
		return
	}
	for _, place := range []host.Place{host.PlaceCertificate, host.PlaceAnswer} {
		if f, fired := v.Fault(v.occasion(c, place, smtp.None, cause)); f != nil {
			c.upgrade.effect, c.upgrade.cause = f.Effect, fired
			return
		}
	}
}

// occasion is one at which a fault of TLS could fire.
func (v *env) occasion(c *conn, place host.Place, verb smtp.Verb, cause trace.Pos) host.Occasion {
	return host.Occasion{Place: place, Host: v.t.Host(v.me).ID, Peer: v.them, Conn: c.id, Verb: verb, Cause: cause}
}

// strip takes STARTTLS out of an offer, as somebody in the middle would, if a
// fault wants it.
func (v *env) strip(c *conn, octets []byte, cause trace.Pos) []byte {
	const keyword, hidden = "STARTTLS", "XXXXXXXX"
	if len(v.faults) == 0 || c.inside || !bytes.HasPrefix(octets, []byte("250")) || !bytes.Contains(octets, []byte(keyword+"\r\n")) {
		return octets
	}
	if f, _ := v.Fault(v.occasion(c, host.PlaceOffer, smtp.EHLO, cause)); f == nil {
		return octets
	}
	return bytes.Replace(octets, []byte(keyword), []byte(hidden), 1)
}

func (v *env) Close(id trace.ConnID, cause trace.Pos) {
	h := (*hub)(v)
	if c := h.conn(id); c != nil && c.end == goesOn {
		c.end = closing
		if cause != trace.NoPos && h.t.At(cause).Verb == smtp.QUIT {
			c.end = parted
		}
		h.record(trace.Event{Kind: trace.Close, Conn: id, Peer: h.them, Cause: cause})
	}
}

func (v *env) Cut(id trace.ConnID, cause trace.Pos) {
	h := (*hub)(v)
	if c := h.conn(id); c != nil {
		c.end = cut
		h.record(trace.Event{Kind: trace.Reset, Conn: id, Peer: h.them, Flags: trace.Faulty, Cause: cause})
	}
}

func (v *env) Expect(id trace.ConnID, d time.Duration) {
	h := (*hub)(v)
	if c := h.conn(id); c != nil {
		c.wait = d
	}
}

func (v *env) Wake(d time.Duration, token uint32, cause trace.Pos) {
	h := (*hub)(v)
	h.timer(d, func() { h.host.Woken(token, cause) })
}

// Resolve has no name servers to ask: a live host is told addresses.
func (v *env) Resolve(q dns.Question, token uint32, cause trace.Pos) {
	h := (*hub)(v)
	h.timer(0, func() { h.host.Answered(token, q, dns.Answer{Outcome: dns.ServFail}, cause) })
}
