package sim

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// connectTimeout is how long a host dials an address that nobody answers at.
const connectTimeout = 30 * time.Second

// resolveTimeout is how long a host waits for name servers that are silent.
const resolveTimeout = 30 * time.Second

// The two ends of a connection.
const (
	dialler  = 0
	listener = 1
)

// conn is one virtual connection: ordered, reliable until it is cut, with the
// scenario's latency.
type conn struct {
	ends [2]end
	port uint16
	cut  bool // nothing arrives any more
}

// end is one end of a connection.
type end struct {
	host     trace.HostID
	open     bool
	sent     uint32        // octets sent so far
	deadline time.Duration // 0: none
	watch    time.Duration // when the doDeadline on the agenda is due; 0: there is none
	inside   bool          // TLS is complete: what is said goes inside
	tls      *upgrade      // nil in clear, and when the end is closed
}

// farEnd marks the listener's end of a host's connection to itself. To a host
// each end it holds is a connection of its own, as two sockets are; in the trace
// both are one.
const farEnd trace.ConnID = 1 << 31

// handle is what the host at that end calls the connection.
func (c *conn) handle(id trace.ConnID, side uint8) trace.ConnID {
	if side == listener && c.ends[dialler].host == c.ends[listener].host {
		return id | farEnd
	}
	return id
}

// environment is the kernel as one host sees it; see [host.Env].
type environment struct {
	w  *World
	id trace.HostID
}

func (e *environment) ID() trace.HostID                  { return e.id }
func (e *environment) Now() time.Duration                { return e.w.now }
func (e *environment) Clock() time.Time                  { return e.w.t.Start.Add(e.w.now) }
func (e *environment) Store(octets []byte) trace.Span    { return e.w.store(octets) }
func (e *environment) Octets(s trace.Span) []byte        { return e.w.t.Raw(s) }
func (e *environment) Ask(cause trace.Pos)               { e.w.ask(e.id, cause) }
func (e *environment) Draw(what string, n uint64) uint64 { return Draw(e.w.t.Seed, what, n) }

func (e *environment) Append(ev trace.Event) trace.Pos {
	ev.At = e.w.now
	if e.w.hasTLS && ev.Conn != 0 && e.ofConn(ev.Conn).inside && ev.Kind != trace.Close && ev.Kind != trace.Reset { // they end what TLS is in
		ev.Flags |= trace.Inside
	}
	ev.Conn &^= farEnd
	if ev.Host == 0 {
		ev.Host = e.id
	}
	switch {
	case ev.Kind == trace.Letter:
		e.w.heard = ev.Octets.Len
	case ev.Kind == trace.Custody && ev.Conn != 0: // of the letter just heard
		e.w.kept += 2 * int64(e.w.heard) // once in the queue, once in a mailbox
	}
	return e.w.t.Append(ev)
}

func (e *environment) NewLetter() trace.LetterID {
	e.w.letters++
	return e.w.letters
}

// ofConn is this host's end of a connection.
func (e *environment) ofConn(id trace.ConnID) *end {
	c, side := e.side(id)
	return &c.ends[side]
}

func (e *environment) StoreSecret(octets, masked []byte) trace.Span {
	e.w.stored += 2 * int64(len(octets))
	return e.w.t.StoreSecret(octets, masked)
}

// side returns the connection and which end of it the host means.
func (e *environment) side(id trace.ConnID) (*conn, int) {
	c := &e.w.conns[id&^farEnd-1]
	if id&farEnd != 0 {
		return c, listener
	}
	if c.ends[dialler].host == e.id {
		return c, dialler
	}
	return c, listener
}

func (e *environment) Peer(id trace.ConnID) trace.HostID {
	if id == 0 {
		return 0
	}
	c, side := e.side(id)
	return c.ends[1-side].host
}

func (e *environment) Fault(o host.Occasion) (*host.Fault, trace.Pos) {
	o.Conn &^= farEnd
	for _, f := range e.w.faults {
		if !f.Meets(o, e.w.t.Host(o.Peer).ID) {
			continue
		}
		pos := e.Append(trace.Event{
			Kind: trace.Fired, Host: e.w.hostID(o.Host), Peer: o.Peer, Conn: o.Conn, Verb: o.Verb, Code: o.Code,
			Arg: f.Fired, Octets: e.w.store([]byte(f.String())), Flags: trace.Faulty, Cause: o.Cause,
		})
		return f.To(o.Verb), pos
	}
	return nil, trace.NoPos
}

// Dial opens a connection: the greeting can be heard two round trips later.
func (e *environment) Dial(to netip.Addr, port uint16, cause trace.Pos) trace.ConnID {
	w := e.w
	peer := w.byAddr[to]
	w.conns = append(w.conns, conn{port: port, ends: [2]end{{host: e.id}, {host: peer}}})
	id := trace.ConnID(len(w.conns))
	pos := e.Append(trace.Event{
		Kind: trace.Connect, Conn: id, Peer: peer, Code: port, Octets: w.store(to.AppendTo(nil)), Cause: cause,
	})
	if peer == 0 {
		w.plan(connectTimeout, item{do: doNobody, conn: id, cause: pos})
		return id
	}
	fault, fired := e.Fault(host.Occasion{
		Place: host.PlaceConnect, Host: w.t.Host(peer).ID, Peer: e.id, Conn: id, Cause: pos,
	})
	switch {
	case fault != nil:
		w.plan(w.roundTrip(), item{do: doRefuse, conn: id, cause: fired})
	case !w.hosts[peer].Listens(port):
		w.plan(w.roundTrip(), item{do: doRefuse, conn: id, cause: pos})
	default:
		w.plan(w.roundTrip(), item{do: doOpen, conn: id, cause: pos})
	}
	return id
}

func (e *environment) Send(id trace.ConnID, octets []byte, secret bool, cause trace.Pos) {
	c, side := e.side(id)
	id &^= farEnd
	me := &c.ends[side]
	off := me.sent
	var span trace.Span
	switch {
	case !secret:
		span = e.w.store(octets)
	case side == listener:
		span = e.StoreSecret(octets, smtp.MaskReply(octets))
	default:
		span = e.StoreSecret(octets, smtp.MaskLogin(octets))
	}
	me.sent += uint32(len(octets))
	pos := e.Append(trace.Event{
		Kind: trace.Sent, Conn: id, Peer: c.ends[1-side].host, Octets: span, Arg: off, Cause: cause,
	})
	var records []byte
	switch {
	case me.inside:
		if me.tls.end.Write(octets) == nil {
			records = slices.Clone(me.tls.end.Output())
		}
	case me.tls != nil: // nothing is said in clear once TLS has begun
	default:
		if altered, fired := e.meddle(id, side, octets, pos); altered != nil {
			me.sent += uint32(len(altered) - len(octets))
			octets, span, pos = altered, e.w.store(altered), fired
		}
	}
	if c.cut || !c.ends[1-side].open || me.tls != nil && records == nil {
		e.lost(id, side, span, off, pos)
		return
	}
	arrival := item{do: doArrive, conn: id, side: uint8(1 - side), span: span, off: off, cause: pos}
	if records != nil {
		arrival.ref = e.w.hold(records)
	}
	e.w.flying += int64(len(octets))
	e.w.plan(e.w.sc.Latency, arrival)
}

// meddle is what somebody in the middle makes of octets in clear: nil, if
// nobody is there.
func (e *environment) meddle(id trace.ConnID, side int, octets []byte, pos trace.Pos) (altered []byte, fired trace.Pos) {
	const keyword, hidden = "STARTTLS", "XXXXXXXX" // of the same length: nothing else moves
	if len(e.w.faults) == 0 {
		return nil, trace.NoPos
	}
	c := &e.w.conns[id-1]
	o := host.Occasion{Peer: c.ends[dialler].host, Host: e.w.t.Host(c.ends[listener].host).ID, Conn: id, Cause: pos}
	switch {
	case side == listener && bytes.HasPrefix(octets, []byte("250")) && bytes.Contains(octets, []byte(keyword+"\r\n")):
		o.Place, o.Verb = host.PlaceOffer, smtp.EHLO
		if fault, fired := e.Fault(o); fault != nil {
			return bytes.Replace(octets, []byte(keyword), []byte(hidden), 1), fired
		}
	case side == dialler && len(octets) == len(keyword+"\r\n") && smtp.EqualFold(string(octets), keyword+"\r\n"):
		o.Place, o.Verb = host.PlaceUpgrade, smtp.STARTTLS
		if fault, fired := e.Fault(o); fault != nil {
			return append(append([]byte(nil), octets...), injected...), fired
		}
	}
	return nil, trace.NoPos
}

// injected is what somebody in the middle says behind a client's STARTTLS.
const injected = "MAIL FROM:<mallory@other.example>\r\nRCPT TO:<bob@receiver.example>\r\nDATA\r\n"

// lost records octets that will never arrive.
func (e *environment) lost(id trace.ConnID, side int, span trace.Span, off uint32, cause trace.Pos) {
	c := &e.w.conns[id-1]
	var flags trace.Flags
	if c.ends[side].inside {
		flags = trace.Inside
	}
	e.w.record(trace.Event{
		Kind: trace.Lost, Conn: id, Host: c.ends[side].host, Peer: c.ends[1-side].host,
		Octets: span, Arg: off, Flags: flags, Cause: cause,
	})
}

func (e *environment) Close(id trace.ConnID, cause trace.Pos) {
	c, side := e.side(id)
	id &^= farEnd
	me := &c.ends[side]
	if !me.open {
		return
	}
	me.open, me.deadline = false, 0
	cause = e.w.notify(id, side, cause)
	me.stop()
	pos := e.Append(trace.Event{Kind: trace.Close, Conn: id, Peer: c.ends[1-side].host, Cause: cause})
	if c.ends[1-side].open && !c.cut {
		e.w.plan(e.w.sc.Latency, item{do: doClosed, conn: id, side: uint8(1 - side), cause: pos})
	}
}

// Cut breaks the connection: this end knows at once, the other when what was
// sent before has arrived.
func (e *environment) Cut(id trace.ConnID, cause trace.Pos) {
	c, side := e.side(id)
	id &^= farEnd
	me := &c.ends[side]
	me.open, me.deadline = false, 0
	me.stop()
	pos := e.Append(trace.Event{
		Kind: trace.Reset, Conn: id, Peer: c.ends[1-side].host, Flags: trace.Faulty, Cause: cause,
	})
	if c.ends[1-side].open {
		e.w.plan(e.w.sc.Latency, item{do: doReset, conn: id, side: uint8(1 - side), cause: pos})
	}
}

func (e *environment) Expect(id trace.ConnID, d time.Duration) {
	c, side := e.side(id)
	id &^= farEnd
	me := &c.ends[side]
	if d == 0 {
		me.deadline = 0
		return
	}
	me.deadline = later(e.w.now, d)
	if me.watch == 0 || me.deadline < me.watch { // one that was for later finds that it is none any more
		me.watch = me.deadline
		e.w.plan(d, item{do: doDeadline, conn: id, side: uint8(side)})
	}
}

func (e *environment) Wake(d time.Duration, token uint32, cause trace.Pos) {
	e.w.plan(d, item{do: doWake, host: e.id, token: token, cause: cause})
}

// Resolve asks the name servers: one round trip, a real message each way.
func (e *environment) Resolve(q dns.Question, token uint32, cause trace.Pos) {
	w := e.w
	w.asked = append(w.asked, q)
	asked := uint32(len(w.asked))
	query, err := dns.AppendQuery(w.scratch[:0], w.dnsID(asked), q)
	if err != nil { // no name server can have such a name
		w.plan(0, item{do: doAnswer, host: e.id, token: token, ref: asked, cause: cause, off: answerNoName})
		return
	}
	w.scratch = query
	span := w.store(query)
	pos := e.Append(trace.Event{Kind: trace.Question, Octets: span, Cause: cause})
	fault, fired := e.Fault(host.Occasion{
		Place: host.PlaceResolve, Host: w.t.Host(e.id).ID, Line: []byte(q.String()), Cause: pos,
	})
	answer := item{do: doAnswer, host: e.id, token: token, ref: asked, cause: pos, off: answerMessage}
	effect := host.Effect(0)
	if fault != nil {
		answer.cause, effect = fired, fault.Effect
	}
	switch effect {
	case host.EffectTimeout:
		answer.off = answerNone
		w.plan(resolveTimeout, answer)
		return
	case host.EffectNXDomain:
		query, err = dns.RespondCode(query, dns.RcodeNXDomain)
	case host.EffectServFail:
		query, err = dns.RespondCode(query, dns.RcodeServFail)
	default:
		query, err = w.sc.Zones.Respond(query)
	}
	if err != nil {
		answer.off = answerNone
		w.plan(resolveTimeout, answer)
		return
	}
	answer.span = w.store(query)
	w.plan(w.roundTrip(), answer)
}

// dnsID is the id of the message with the n-th question.
func (w *World) dnsID(n uint32) uint16 { return uint16(Draw(w.t.Seed, "dns id", uint64(n))) }

// What an item of doAnswer brings, in its off.
const (
	answerMessage = iota // a message, in span
	answerNone           // silence
	answerNoName         // the question could not even be asked
)
