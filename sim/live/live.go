// Package live runs the hosts of the simulation on real sockets: the same
// sessions, the same policies, the same faults, recorded as the same kind of
// trace. Only here is there a clock, a network and more than one goroutine.
//
// All that a run of real connections shares stands behind one lock: the host,
// the trace, the counters. A connection's goroutine reads octets without the
// lock, hands them to the host under it, and writes what the host has to say
// without it again; so the events of one arrival stand together in the trace,
// and whoever comes first gets the earlier positions.
package live

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// Bounds on what a live run keeps, unless told otherwise, in octets.
const (
	DefaultKeep   = 64 << 10  // of one line or letter in the trace
	DefaultBudget = 256 << 20 // of the trace; then its oldest events go
	DefaultRoom   = 64 << 20  // of letters on their way in, together
)

// hub is what the connections of a run share. It is the [host.Env] of its one
// host; everything in it belongs to whoever holds mu.
type hub struct {
	mu      sync.Mutex
	t       *trace.Trace
	start   time.Time
	now     time.Duration // of what is done under the lock
	host    *host.Host
	me      trace.HostID // the host
	them    trace.HostID // whoever is at the other ends
	faults  []*host.Armed
	conns   map[trace.ConnID]*conn
	latest  *conn // looked up last
	last    trace.ConnID
	letters trace.LetterID
	keep    int
	budget  int64
	ended   bool // the trace is full: see Append

	pace  pace
	dial  func(c *conn, to netip.AddrPort)
	timer func(d time.Duration, then func())
}

// conn is one connection as the hub knows it.
type conn struct {
	id   trace.ConnID
	nc   net.Conn
	out  []byte        // what is to be written
	sent uint32        // octets sent so far, modulo 2³²
	kept int           // octets sent and kept in the trace since octets arrived
	got  uint32        // octets arrived so far, modulo 2³²
	wait time.Duration // how long to wait for octets; 0: for ever
	end  ending

	at              time.Duration // when its goroutine last held the lock
	readBy, writeBy time.Duration // deadlines of the socket, of its goroutine

	filing []host.Mail // to be filed before anything else
}

// ending says how a connection is to end once its output is written.
type ending uint8

const (
	goesOn  ending = iota
	closing        // in good order
	parted         // the same, and the client has said QUIT: it sends nothing more
	cut            // at once, without a goodbye
)

func (h *hub) init(t *trace.Trace, me, them trace.HostID, faults []*host.Fault) {
	h.t, h.me, h.them = t, me, them
	h.start = time.Now()
	h.conns = map[trace.ConnID]*conn{}
	for _, f := range faults {
		h.faults = append(h.faults, &host.Armed{Fault: f})
	}
}

// lock begins a batch of events, all at the same time.
func (h *hub) lock() {
	h.mu.Lock()
	h.now = time.Since(h.start)
}

// unlock ends it: who follows the trace hears of it, and a trace over its
// budget gives up its oldest quarter.
func (h *hub) unlock() {
	h.trim()
	h.mu.Unlock()
	h.pace.grew()
}

// trim keeps the trace near its budget.
func (h *hub) trim() {
	if h.t.Size() > h.budget {
		h.shrink()
	}
	h.pace.full.Store(h.t.Size() > 2*h.budget)
}

func (h *hub) shrink() {
	first := h.t.First()
	p := first + (h.t.End()-first)/4
	done, following := h.pace.written()
	if following {
		p = min(p, done)
	}
	if p <= first || !h.t.Forget(p) || following { // who follows has seen them
		return
	}
	h.Append(trace.Event{Kind: trace.Dropped, Arg: uint32(h.t.First()), Cause: trace.NoPos})
}

// Store keeps octets for an event, unless the trace takes none any more.
func (h *hub) Store(octets []byte) trace.Span {
	if h.ended {
		return trace.Span{}
	}
	return h.t.Store(octets)
}

// lastEvent is the highest position that a trace can have, with room to say so.
const lastEvent = ^trace.Pos(0) - 1<<16

// ID, Now, Clock, Append and the others make the hub a [host.Env].
func (h *hub) ID() trace.HostID                  { return h.me }
func (h *hub) Now() time.Duration                { return h.now }
func (h *hub) Clock() time.Time                  { return h.start.Add(h.now).UTC() }
func (h *hub) Octets(s trace.Span) []byte        { return h.t.Octets(s) }
func (h *hub) Peer(trace.ConnID) trace.HostID    { return h.them }
func (h *hub) Draw(what string, n uint64) uint64 { return 0 } // what needs chance on sockets draws it elsewhere
func (h *hub) Ask(trace.Pos)                     {}

// Append records an event now. A trace that is full, after four thousand
// million events, takes no more: mail goes on, its record does not.
func (h *hub) Append(e trace.Event) trace.Pos {
	if h.ended {
		return trace.NoPos
	}
	e.At = h.now
	if e.Host == 0 {
		e.Host = h.me
	}
	pos := h.t.Append(e)
	if pos >= lastEvent {
		h.ended = true
		h.t.Append(trace.Event{Kind: trace.Limit, At: h.now, Octets: h.t.Store([]byte("a trace is full")), Cause: trace.NoPos})
	}
	return pos
}

func (h *hub) NewLetter() trace.LetterID {
	h.letters++
	return h.letters
}

func (h *hub) Fault(o host.Occasion) (*host.Fault, trace.Pos) {
	for _, f := range h.faults {
		if !f.Meets(o, h.t.Host(o.Peer).ID) {
			continue
		}
		pos := h.Append(trace.Event{
			Kind: trace.Fired, Peer: o.Peer, Conn: o.Conn, Verb: o.Verb, Code: o.Code,
			Arg: f.Fired, Octets: h.Store([]byte(f.String())), Flags: trace.Faulty, Cause: o.Cause,
		})
		return f.To(o.Verb), pos
	}
	return nil, trace.NoPos
}

// conn looks a connection up; nil if it is gone.
func (h *hub) conn(id trace.ConnID) *conn {
	if h.latest == nil || h.latest.id != id {
		h.latest = h.conns[id]
	}
	return h.latest
}

// remove forgets a connection.
func (h *hub) remove(c *conn) {
	delete(h.conns, c.id)
	h.latest = nil
}

// add makes a connection known.
func (h *hub) add(nc net.Conn) *conn {
	h.last++
	c := &conn{id: h.last, nc: nc}
	h.conns[c.id] = c
	return c
}

func (h *hub) Dial(to netip.Addr, port uint16, cause trace.Pos) trace.ConnID {
	c := h.add(nil)
	h.Append(trace.Event{
		Kind: trace.Connect, Conn: c.id, Peer: h.them, Code: port, Octets: h.Store(to.AppendTo(nil)), Cause: cause,
	})
	h.dial(c, netip.AddrPortFrom(to, port))
	return c.id
}

func (h *hub) Send(id trace.ConnID, octets []byte, cause trace.Pos) {
	c := h.conn(id)
	if c == nil || c.end != goesOn {
		return
	}
	c.out = append(c.out, octets...)
	keep := octets[:min(len(octets), max(0, h.keep-c.kept))]
	c.kept += len(keep)
	e := trace.Event{Kind: trace.Sent, Conn: id, Peer: h.them, Octets: h.Store(keep), Arg: c.sent, Cause: cause}
	if len(keep) < len(octets) {
		e.Flags = trace.Cut
	}
	c.sent += uint32(len(octets))
	h.Append(e)
}

func (h *hub) Close(id trace.ConnID, cause trace.Pos) {
	if c := h.conn(id); c != nil && c.end == goesOn {
		c.end = closing
		if cause != trace.NoPos && h.t.At(cause).Verb == smtp.QUIT {
			c.end = parted
		}
		h.Append(trace.Event{Kind: trace.Close, Conn: id, Peer: h.them, Cause: cause})
	}
}

func (h *hub) Cut(id trace.ConnID, cause trace.Pos) {
	if c := h.conn(id); c != nil {
		c.end = cut
		h.Append(trace.Event{Kind: trace.Reset, Conn: id, Peer: h.them, Flags: trace.Faulty, Cause: cause})
	}
}

func (h *hub) Expect(id trace.ConnID, d time.Duration) {
	if c := h.conn(id); c != nil {
		c.wait = d
	}
}

func (h *hub) Wake(d time.Duration, token uint32, cause trace.Pos) {
	h.timer(d, func() { h.host.Woken(token, cause) })
}

// Resolve has no name servers to ask: a live host is told addresses.
func (h *hub) Resolve(q dns.Question, token uint32, cause trace.Pos) {
	h.timer(0, func() { h.host.Answered(token, q, dns.Answer{Outcome: dns.ServFail}, cause) })
}

// arrived records octets and gives them to the host.
func (h *hub) arrived(c *conn, octets []byte) {
	keep := octets[:h.host.Worth(c.id, len(octets))]
	span := h.Store(keep)
	e := trace.Event{Kind: trace.Arrived, Conn: c.id, Peer: h.them, Octets: span, Arg: c.got, Cause: trace.NoPos}
	if len(keep) < len(octets) {
		e.Flags = trace.Cut
	}
	pos := h.Append(e)
	off := c.got
	c.got += uint32(len(octets))
	c.kept = 0
	h.host.Arrived(c.id, octets, span, off, pos)
}

// gone tells the host that the other end has closed the connection, or that it
// broke.
func (h *hub) gone(c *conn, broken bool) {
	e := trace.Event{Kind: trace.Closed, Conn: c.id, Peer: h.them, Cause: trace.NoPos}
	if broken {
		e.Kind = trace.Reset
	}
	h.host.PeerClosed(c.id, h.Append(e))
}
