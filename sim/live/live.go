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
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// Bounds on what a live run keeps, unless told otherwise, in octets.
const (
	DefaultKeep   = 64 << 10  // of one line or letter in the trace
	DefaultBudget = 256 << 20 // of the trace; then its oldest events go
	DefaultRoom   = 64 << 20  // of letters on their way in, together
)

// hub is what the connections of a run share. As [env] it is what its one
// host acts on; everything in it belongs to whoever holds mu.
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
	server  bool                        // its host is the one that is called
	bad     map[host.Effect]*tls.Config // with certificates that are wrong, by fault
	secrets bool                        // the trace keeps what belongs to a login
	ended   bool                        // the trace is full: see record

	pace     pace
	stopping func() bool // it waits for nobody any more
	dial     func(c *conn, to netip.AddrPort)
	timer    func(d time.Duration, then func())
}

// conn is one connection as the hub knows it.
type conn struct {
	id    trace.ConnID
	nc    net.Conn
	under net.Conn      // nc, or what TLS runs over
	out   []byte        // what is to be written
	sent  uint32        // octets sent so far, modulo 2³²
	kept  int           // octets sent and kept in the trace since octets arrived; of a client since a reply that is not about a chunk
	got   uint32        // octets arrived so far, modulo 2³²
	wait  time.Duration // how long to wait for octets; 0: for ever
	end   ending

	upgrade *upgrade // a handshake comes next
	inside  bool     // inside TLS
	torn    bool     // a write has failed halfway, or TLS has: nothing can be said any more

	replied bool // a client: a whole reply has come since it began to wait

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
	if full := h.t.Size() > 2*h.budget; full != h.pace.full.Load() { // seldom: the others read it all the time
		h.pace.full.Store(full)
	}
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
	h.record(trace.Event{Kind: trace.Dropped, Arg: uint32(h.t.First()), Cause: trace.NoPos})
}

// hold keeps octets for an event, unless the trace takes none any more.
func (h *hub) hold(octets []byte) trace.Span {
	if h.ended {
		return trace.Span{}
	}
	return h.t.Store(octets)
}

// lastEvent is the highest position that a trace can have, with room to say so.
const lastEvent = ^trace.Pos(0) - 1<<16

// record records an event now. A trace that is full, after four thousand
// million events, takes no more: mail goes on, its record does not.
func (h *hub) record(e trace.Event) trace.Pos {
	if h.ended {
		return trace.NoPos
	}
	e.At = h.now
	if e.Host == 0 {
		e.Host = h.me
	}
	if e.Conn != 0 {
		if c := h.conn(e.Conn); c != nil && c.inside {
			e.Flags |= trace.Inside
		}
	}
	pos := h.t.Append(e)
	if pos >= lastEvent {
		h.ended = true
		h.t.Append(trace.Event{Kind: trace.Limit, At: h.now, Octets: h.t.Store([]byte("a trace is full")), Cause: trace.NoPos})
	}
	return pos
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
	c := &conn{id: h.last, nc: nc, under: nc}
	h.conns[c.id] = c
	return c
}

// arrived records octets and gives them to the host.
func (h *hub) arrived(c *conn, octets []byte) {
	keep := octets[:h.host.Worth(c.id, len(octets))]
	if !h.secrets {
		keep = h.host.Mask(c.id, keep)
	}
	span := h.hold(keep)
	e := trace.Event{Kind: trace.Arrived, Conn: c.id, Peer: h.them, Octets: span, Arg: c.got, Cause: trace.NoPos}
	if len(keep) < len(octets) {
		e.Flags = trace.Cut
	}
	pos := h.record(e)
	off := c.got
	c.got += uint32(len(octets))
	if h.server {
		c.kept = 0
	}
	h.host.Arrived(c.id, octets, span, off, pos)
}

// gone tells the host that no more octets come, and why: the other end has
// closed, it has done so while TLS went on, TLS has failed, or the connection
// broke.
func (h *hub) gone(c *conn, err error) {
	e := trace.Event{Kind: trace.Closed, Conn: c.id, Peer: h.them, Cause: trace.NoPos}
	switch {
	case errors.Is(err, secure.ErrCut):
		e.Kind, e.Octets = trace.Reset, h.hold([]byte(unclosed))
	case errors.Is(err, io.EOF):
	case c.inside && secure.OfTLS(err):
		c.torn = true
		h.unsecured(c, trace.NoPos, secure.Classify(err), secure.Reason(err))
		return
	default:
		e.Kind = trace.Reset
	}
	h.host.PeerClosed(c.id, h.record(e))
}
