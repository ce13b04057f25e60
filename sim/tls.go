package sim

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"helo/protocol/sasl"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/secure"
	"helo/sim/trace"
)

// upgrade is TLS at one end of a connection: a real one, run in lockstep with
// the world.
type upgrade struct {
	end     *secure.End
	ask     host.TLS
	over    bool                // it has failed
	flown   bool                // something of it has left
	pos     trace.Pos           // what happened last in the handshake
	hello   string              // server: what the ClientHello says
	shown   tls.ConnectionState // client: what the server has shown
	verdict error               // client: what is wrong with the certificate
}

// shaking says whether a handshake is under way at the end.
func (e *end) shaking() bool { return e.tls != nil && !e.inside && !e.tls.over }

// stop lets go of what TLS holds.
func (e *end) stop() {
	if e.tls != nil {
		e.tls.end.Stop()
		e.tls = nil
	}
}

// StartTLS begins a handshake at this end.
func (e *environment) StartTLS(id trace.ConnID, ask host.TLS, cause trace.Pos) {
	c, side := e.side(id)
	id &^= farEnd
	w, u := e.w, &upgrade{ask: ask, pos: cause}
	w.hasTLS = true
	random := w.random(id, side)
	if ask.Server {
		kind, fault, fired := scenario.Valid, (*host.Fault)(nil), trace.NoPos
		if fault, fired = e.Fault(host.Occasion{
			Place: host.PlaceCertificate, Host: w.t.Host(e.id).ID, Peer: c.ends[1-side].host, Conn: id, Cause: cause,
		}); fault != nil {
			kind, cause = badCertificates[fault.Effect], fired
		}
		config := secure.WithRand(w.sc.Certificate(int(e.id)-1, kind), random)
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			u.hello = secure.DescribeHello(hello) + ", " + secure.DescribeCiphers(hello)
			return nil, nil
		}
		u.end = secure.NewServer(config)
	} else {
		config := secure.ClientConfig(ask.Name, nil, random, e.Clock)
		config.KeyLogWriter = w.keyLog
		config.InsecureSkipVerify = true // done here, so that the verdict is known even where it is not asked for
		config.VerifyConnection = func(s tls.ConnectionState) error {
			u.shown = s
			if u.verdict = w.sc.Verify(&s, ask.Name, e.Clock()); ask.Verify {
				return u.verdict
			}
			return nil
		}
		u.end = secure.NewClient(config)
	}
	c.ends[side].stop()
	c.ends[side].tls, c.ends[side].inside = u, false
	u.end.Start()
	w.fly(id, side, cause)
}

var badCertificates = map[host.Effect]scenario.CertificateKind{
	host.EffectExpired: scenario.Expired, host.EffectWrongName: scenario.WrongName, host.EffectUnknownCA: scenario.UnknownCA,
}

// random is the chance that one end of a connection draws for its keys.
func (w *World) random(id trace.ConnID, side int) io.Reader {
	var seed [20]byte
	binary.BigEndian.PutUint64(seed[:], w.t.Seed)
	binary.BigEndian.PutUint32(seed[8:], uint32(id))
	binary.BigEndian.PutUint64(seed[12:], uint64(side))
	return secure.Rand(sha256.Sum256(seed[:]))
}

// fly sends what TLS at an end has to say: records without lines of ours.
func (w *World) fly(id trace.ConnID, side int, cause trace.Pos) {
	c := &w.conns[id-1]
	me, other := &c.ends[side], &c.ends[1-side]
	octets := slices.Clone(me.tls.end.Output())
	if len(octets) == 0 {
		return
	}
	pos := w.record(trace.Event{Kind: trace.Record, Conn: id, Host: me.host, Peer: other.host, Arg: uint32(len(octets)), Cause: cause})
	if me.tls.ask.Server && !me.tls.flown {
		env := &environment{w: w, id: me.host}
		if fault, fired := env.Fault(host.Occasion{
			Place: host.PlaceAnswer, Host: w.t.Host(me.host).ID, Peer: other.host, Conn: id, Cause: pos,
		}); fault != nil {
			octets, pos = []byte("this is no TLS\r\n"), fired
		}
	}
	me.tls.flown, me.tls.pos = true, pos
	if c.cut || !other.open {
		return
	}
	w.plan(w.sc.Latency, item{do: doRecord, conn: id, side: uint8(1 - side), ref: w.hold(octets), cause: pos})
}

// notify says, inside TLS, that nothing more will come: the other end then knows
// that nothing was cut off (RFC 8446 §6.1). It returns what happened last.
func (w *World) notify(id trace.ConnID, side int, cause trace.Pos) trace.Pos {
	me := &w.conns[id-1].ends[side]
	if !me.inside || me.tls.over {
		return cause
	}
	me.tls.end.CloseWrite()
	w.fly(id, side, cause)
	return me.tls.pos
}

// hold keeps octets that are under way and not in the trace, and returns where,
// from 1.
func (w *World) hold(octets []byte) uint32 {
	if n := len(w.landings); n > 0 {
		i := w.landings[n-1]
		w.landings = w.landings[:n-1]
		w.flights[i-1] = octets
		return i
	}
	w.flights = append(w.flights, octets)
	return uint32(len(w.flights))
}

// landed returns what was held.
func (w *World) landed(flight uint32) []byte {
	octets := w.flights[flight-1]
	w.flights[flight-1] = nil
	w.landings = append(w.landings, flight)
	return octets
}

// shake lets TLS at an end take in records without lines of ours, or what is none.
func (w *World) shake(id trace.ConnID, side int, octets []byte, cause trace.Pos) {
	c := &w.conns[id-1]
	me := &c.ends[side]
	u := me.tls
	if u == nil || u.over || !me.open {
		return
	}
	heardHello := u.hello != ""
	u.end.Feed(octets)
	err := u.end.Err()
	if me.inside && errors.Is(err, io.EOF) { // close_notify: the end of the connection follows
		return
	}
	words := "octets that are no TLS"
	switch {
	case me.inside:
		words = "alert"
	case u.ask.Server && !heardHello && u.hello != "":
		words = "ClientHello: " + u.hello
	case u.ask.Server && heardHello && err == nil:
		words = "Finished"
	case u.ask.Server && heardHello:
		words = "alert"
	case len(u.shown.PeerCertificates) > 0:
		words = "ServerHello: " + tls.VersionName(u.shown.Version) + ", " + secure.DescribeServer(&u.shown)
	}
	pos := w.record(trace.Event{
		Kind: trace.Handshake, Conn: id, Host: c.ends[1-side].host, Peer: me.host, Octets: w.store([]byte(words)), Cause: cause,
	})
	u.pos = pos
	switch {
	case err != nil:
		w.fly(id, side, pos) // an alert
		w.unsecured(id, side, secure.Classify(err), secure.Reason(err), pos)
	case u.end.Done() && !me.inside:
		w.fly(id, side, pos)
		me.inside = true
		pos = w.record(trace.Event{
			Kind: trace.Secured, Conn: id, Host: me.host, Peer: c.ends[1-side].host, Flags: trace.Inside,
			Octets: w.store([]byte(u.describe())), Arg: uint32(secure.Classify(u.verdict)), Cause: pos,
		})
		w.hosts[me.host].Secured(c.handle(id, uint8(side)), u.info(), pos)
	default:
		w.fly(id, side, pos)
	}
}

// unsecured tells a host that TLS at its end has failed, and why.
func (w *World) unsecured(id trace.ConnID, side int, why secure.Why, words string, cause trace.Pos) {
	c := &w.conns[id-1]
	me := &c.ends[side]
	if me.tls != nil { // the line is not cut
		me.tls.over = true
	}
	pos := w.record(trace.Event{
		Kind: trace.Unsecured, Conn: id, Host: me.host, Peer: c.ends[1-side].host, Octets: w.store([]byte(words)), Arg: uint32(why), Cause: cause,
	})
	w.hosts[me.host].TLSFailed(c.handle(id, uint8(side)), words, pos)
}

// info is what a host needs to know.
func (u *upgrade) info() host.TLSInfo {
	state := u.end.ConnectionState()
	// The cipher suite is not told: which one it is depends on the processor.
	return host.TLSInfo{Binding: sasl.BindExporter(&state), Verified: !u.ask.Server && u.verdict == nil}
}

// describe says what came of the handshake, in words.
func (u *upgrade) describe() string {
	switch {
	case u.ask.Server:
		return "TLS 1.3"
	case u.verdict == nil:
		return "TLS 1.3; the certificate is right"
	}
	return "TLS 1.3; with whomever: " + secure.Reason(u.verdict)
}
