package trace

import (
	"sync/atomic"
	"time"
)

// Events and octets stand in chunks that never move, so that a reader needs no
// lock: it loads the length, then the directory, and everything the length
// covers is there.
const (
	chunkEvents = 128
	blockOctets = 16 << 10
)

type chunk [chunkEvents]Event

// Host is one host of a run, as views name it.
type Host struct {
	ID    string // the scenario's short name: "mx"
	Name  string // its domain name: "mx.receiver.example"
	Title string // what a person calls it: "Alice's laptop"; Name if it has no other
	Role  string // what it is: "receiving server"
}

// Trace is everything that happened in one run. The zero value is empty and
// ready; [New] gives it hosts and a start.
type Trace struct {
	Scenario string    // the scenario's name
	Seed     uint64    // what chance was drawn from
	Start    time.Time // the virtual time of At 0, UTC
	Hosts    []Host    // by HostID; [0] is the world

	n      atomic.Uint32
	chunks atomic.Pointer[directory[*chunk]]
	blocks atomic.Pointer[directory[block]]

	// the writer's own
	open   area     // where octets are added,
	hidden area     // and secret ones
	low    []uint32 // by chunk that is kept: the lowest block its events refer to
	size   int64    // octets of all chunks and blocks
}

// directory is a list of which the first entries may be given up: base of them
// are.
type directory[T any] struct {
	base uint32
	list []T
}

// end is the index after the last entry; of no directory it is 0.
func (d *directory[T]) end() uint32 {
	if d == nil {
		return 0
	}
	return d.base + uint32(len(d.list))
}

// New returns an empty trace of a run among hosts, numbered from 1.
func New(scenario string, seed uint64, start time.Time, hosts []Host) *Trace {
	return &Trace{
		Scenario: scenario, Seed: seed, Start: start.UTC(),
		Hosts: append([]Host{{ID: "world", Name: "the network", Title: "the network"}}, hosts...),
	}
}

// Len returns the number of events.
func (t *Trace) Len() int { return int(t.n.Load()) }

// End returns the position after the last event.
func (t *Trace) End() Pos { return Pos(t.n.Load()) }

// At returns the event at p; for one that was given up an event of kind
// [Dropped]. It panics unless p is below [Trace.End], like an index out of
// range.
func (t *Trace) At(p Pos) *Event {
	d := t.chunks.Load()
	i := uint32(p / chunkEvents)
	if i < d.base {
		return &dropped
	}
	return &d.list[i-d.base][p%chunkEvents]
}

// dropped stands for every event that was given up.
var dropped = Event{Kind: Dropped, Cause: NoPos}

// Octets returns the octets of s; they are shared and must not be changed.
// Secret ones are stars. Of octets that were given up it returns nothing.
func (t *Trace) Octets(s Span) []byte {
	b := t.block(s)
	if b.masked != nil {
		return s.of(b.masked)
	}
	return s.of(b.octets)
}

// Raw is [Trace.Octets] with the secret ones as they are: for a host that has
// to act on them, and for a person who asks to see them.
func (t *Trace) Raw(s Span) []byte { return s.of(t.block(s).octets) }

// IsSecret says whether some of the octets of s may be stars.
func (t *Trace) IsSecret(s Span) bool { return t.block(s).masked != nil }

// block returns the block that s lies in; an empty one if there is none.
func (t *Trace) block(s Span) block {
	if s.Len == 0 {
		return block{}
	}
	d := t.blocks.Load()
	if s.block < d.base {
		return block{}
	}
	return d.list[s.block-d.base]
}

// of cuts the span out of its block.
func (s Span) of(b []byte) []byte {
	if b == nil {
		return nil
	}
	return b[s.off : s.off+s.Len : s.off+s.Len]
}

// block is a piece of the store.
type block struct {
	octets []byte
	masked []byte // of a secret: the same with stars, for whoever is not to see it
}

// OctetsAt returns the octets of the event at p.
func (t *Trace) OctetsAt(p Pos) []byte { return t.Octets(t.At(p).Octets) }

// Host returns the host with that number; the world for an unknown one.
func (t *Trace) Host(id HostID) Host {
	if int(id) < len(t.Hosts) {
		return t.Hosts[id]
	}
	return t.Hosts[0]
}

// HostID returns the number of the host with that short name.
func (t *Trace) HostID(id string) (HostID, bool) {
	for i, h := range t.Hosts {
		if i > 0 && h.ID == id {
			return HostID(i), true
		}
	}
	return 0, false
}

// Append adds an event and returns its position. Its octets must stand in the
// trace already (see [Trace.Store]).
func (t *Trace) Append(e Event) Pos {
	n := t.n.Load()
	if n%chunkEvents == 0 {
		t.chunks.Store(grow(t.chunks.Load(), new(chunk)))
		t.low = append(t.low, noBlock)
		t.size += chunkSize
	}
	d := t.chunks.Load()
	d.list[n/chunkEvents-d.base][n%chunkEvents] = e
	if low := &t.low[len(t.low)-1]; e.Octets.Len > 0 && e.Octets.block < *low {
		*low = e.Octets.block
	}
	t.n.Store(n + 1)
	return Pos(n)
}

// Store copies octets into the trace, once, and returns where they stand.
func (t *Trace) Store(octets []byte) Span {
	if len(octets) == 0 {
		return Span{}
	}
	if len(octets) > cap(t.open.free)-len(t.open.free) {
		size := blockOctets
		if len(octets) > size/4 {
			size = len(octets)
		}
		t.begin(&t.open, block{octets: make([]byte, size)})
	}
	return t.open.add(octets)
}

// StoreSecret is [Trace.Store] for octets of which some must not be shown:
// masked is the same with stars in their place.
func (t *Trace) StoreSecret(octets, masked []byte) Span {
	if len(octets) == 0 {
		return Span{}
	}
	if len(octets) > cap(t.hidden.free)-len(t.hidden.free) {
		size := max(blockOctets/8, len(octets))
		t.begin(&t.hidden, block{make([]byte, size), make([]byte, size)})
	}
	copy(t.hidden.masked[len(t.hidden.free):], masked)
	return t.hidden.add(octets)
}

// area is the block that octets are added to.
type area struct {
	free   []byte // its octets so far; the capacity is the block's
	masked []byte // all of the block's, if it is one of secrets
	block  uint32
}

// begin goes on in a new block.
func (t *Trace) begin(a *area, b block) {
	t.blocks.Store(grow(t.blocks.Load(), b))
	*a = area{b.octets[:0], b.masked, t.blocks.Load().end() - 1}
	t.size += int64(len(b.octets) + len(b.masked))
}

func (a *area) add(octets []byte) Span {
	off := uint32(len(a.free))
	a.free = append(a.free, octets...)
	return Span{block: a.block, off: off, Len: uint32(len(octets))}
}

// Part returns the span of n octets within s, from octet off on, so that a
// line shares the octets of the segment it arrived in.
func (s Span) Part(off, n uint32) Span {
	if n == 0 {
		return Span{}
	}
	return Span{block: s.block, off: s.off + off, Len: n}
}

// grow returns a list one longer. Readers may hold the old one: it stays as it
// is, except for room behind its length that only the writer uses.
func grow[T any](old *directory[T], next T) *directory[T] {
	var d directory[T]
	if old != nil {
		d = *old
	}
	d.list = append(d.list, next)
	return &d
}

// Time returns the virtual time of an event on the scenario's clock.
func (t *Trace) Time(e *Event) time.Time { return t.Start.Add(e.At) }
