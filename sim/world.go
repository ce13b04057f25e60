// Package sim runs scenarios: hosts that exchange letters over a virtual
// network, in virtual time, in one goroutine, without sleeping.
//
// A run is a value. The same scenario, seed and inputs give the same trace,
// octet for octet, on any machine. That is why this package and those below it
// read no clock and no random source, start no goroutine, use no floating
// point, and never let the order of a map decide anything.
package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"

	"helo/protocol/dns"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// Stop says why [World.Run] returned.
type Stop uint8

// The reasons to stop.
const (
	Ended   Stop = iota // nothing is left to happen
	Asked               // a person is asked to type a line; see [World.Say]
	Limited             // the run reached a limit of its scenario
)

// Options choose one run of a scenario.
type Options struct {
	Seed   uint64        // what chance is drawn from
	Faults []*host.Fault // beside those of the scenario
	Inputs []string      // what a person did, in order; see [World.Input]

	// KeyLog, if not nil, gets the secrets of each TLS connection as lines that
	// programs such as Wireshark read (NSS key log format).
	KeyLog io.Writer
}

// World is a run under way. It is driven by one goroutine; its trace may be
// read by others.
type World struct {
	sc     *scenario.Scenario
	t      *trace.Trace
	now    time.Duration
	agenda agenda
	hosts  []*host.Host // by HostID
	byAddr map[netip.Addr]trace.HostID
	conns  []conn
	faults []*host.Armed

	letters trace.LetterID
	asked   []dns.Question // all of them, in order
	asking  trace.HostID   // who waits for a person, or 0
	askedAt trace.Pos
	limited bool
	stored  int64              // octets that the trace keeps
	large   map[int]trace.Span // the latest large octets of each length
	heard   uint32             // octets of the letter heard last
	kept    int64              // octets of the letters that hosts keep, in queues and mailboxes
	flying  int64              // octets under way
	inputs  []string
	lines   []string // typed lines given beforehand, not yet used
	scratch []byte
	keyLog  io.Writer

	hasTLS   bool     // some connection has, or had, TLS
	flights  [][]byte // octets under way that the trace has otherwise, or not at all,
	landings []uint32 // and which of them have landed, from 1: their places are free
}

// New prepares a run. sc is shared and stays as it is. Errors in the options'
// inputs say which one and where.
func New(sc *scenario.Scenario, o Options) (*World, error) {
	if len(sc.Hosts) == 0 {
		return nil, errors.New("a scenario needs a host")
	}
	w := &World{sc: sc, byAddr: map[netip.Addr]trace.HostID{}, large: map[int]trace.Span{}, hosts: make([]*host.Host, len(sc.Hosts)+1), keyLog: o.KeyLog}
	names := make([]trace.Host, len(sc.Hosts))
	for i, c := range sc.Hosts {
		names[i] = trace.Host{ID: c.ID, Name: c.Name, Title: c.Title, Role: c.Role}
		if names[i].Title == "" {
			names[i].Title = c.Name
		}
		for _, a := range c.Addrs {
			w.byAddr[a] = trace.HostID(i + 1)
		}
	}
	w.t = trace.New(sc.Name, o.Seed, sc.Start, names)
	for _, list := range [][]*host.Fault{sc.Faults, o.Faults} {
		for _, f := range list {
			if err := w.arm(f); err != nil {
				return nil, fmt.Errorf("fault %q: %w", f, err)
			}
		}
	}
	setup := setup{configs: make([]host.Config, len(sc.Hosts)), options: make([]host.Options, len(sc.Hosts))}
	copy(setup.configs, sc.Hosts)
	for i := range setup.options {
		setup.options[i].Raw = sc.Raw
	}
	for _, line := range o.Inputs {
		if err := w.prepare(&setup, line); err != nil {
			return nil, fmt.Errorf("input %q: %w", line, err)
		}
	}
	for i := range setup.configs {
		env := &environment{w: w, id: trace.HostID(i + 1)}
		w.hosts[i+1] = host.New(&setup.configs[i], env, setup.options[i])
	}
	for _, c := range setup.changes {
		w.record(trace.Event{Kind: trace.Changed, Host: c.host, Octets: w.store([]byte(c.words)), Cause: trace.NoPos})
	}
	if setup.byHand() {
		return w, w.startByHand(&setup)
	}
	for i, l := range sc.Letters {
		w.plan(l.At, item{do: doSubmit, host: trace.HostID(l.Host + 1), token: uint32(i)})
	}
	return w, nil
}

// Run runs a scenario from beginning to end and returns its trace. It stops
// early where a person is asked and no input is left.
func Run(ctx context.Context, sc *scenario.Scenario, o Options) (*trace.Trace, Stop, error) {
	w, err := New(sc, o)
	if err != nil {
		return nil, Ended, err
	}
	defer w.Close()
	stop, err := w.Run(ctx)
	return w.t, stop, err
}

// Trace is what has happened so far. It grows while the world runs.
func (w *World) Trace() *trace.Trace { return w.t }

// Inputs returns all that a person did so far: a run of the same scenario and
// seed with them gives the same trace.
func (w *World) Inputs() []string { return append([]string(nil), w.inputs...) }

// Close ends the run. The trace stays.
func (w *World) Close() {
	w.agenda.items = nil
	for i := range w.conns {
		for side := range w.conns[i].ends {
			w.conns[i].ends[side].stop()
		}
	}
}

// Mailbox returns the letters in a mailbox of the host with that short name, in
// the order in which they came.
func (w *World) Mailbox(hostID, local string) [][]byte {
	id, ok := w.t.HostID(hostID)
	if !ok {
		return nil
	}
	return w.hosts[id].Mailbox(local)
}

// Run lets the world go on until nothing is left to happen, a person is asked,
// or a limit is reached. It returns early, with the context's error, when ctx
// ends.
func (w *World) Run(ctx context.Context) (Stop, error) {
	for n := 0; ; n++ {
		if w.limited {
			return Limited, nil
		}
		if w.asking != 0 {
			if len(w.lines) == 0 {
				return Asked, nil
			}
			line := w.lines[0]
			w.lines = w.lines[1:]
			w.typed(line)
			continue
		}
		if len(w.agenda.items) == 0 {
			w.checkStalled()
			return Ended, nil
		}
		if n%1024 == 1023 && ctx.Err() != nil {
			return Ended, ctx.Err()
		}
		w.next()
	}
}

// next lets the next thing happen.
func (w *World) next() {
	it := w.agenda.pop()
	if it.do == doDeadline && !w.due(&it) {
		return // it was put off; time does not move for it
	}
	if limit := w.reached(it.at); limit != "" {
		w.limited = true
		w.record(trace.Event{Kind: trace.Limit, Octets: w.store([]byte(limit)), Cause: trace.NoPos})
		return
	}
	w.now = it.at
	w.happen(&it)
}

// due says whether an end has really waited long enough, and puts the look at
// it off if not.
func (w *World) due(it *item) bool {
	e := &w.conns[it.conn-1].ends[it.side]
	switch {
	case it.at != e.watch: // another look came in its place
		return false
	case !e.open || e.deadline == 0:
		e.watch = 0
		return false
	case e.deadline > it.at:
		e.watch, it.at = e.deadline, e.deadline
		w.agenda.push(*it)
		return false
	}
	e.watch, e.deadline = 0, 0
	return true
}

// reached names the limit that an event at that time would break.
func (w *World) reached(at time.Duration) string {
	switch {
	case w.sc.MaxEvents > 0 && uint32(w.t.End()) >= w.sc.MaxEvents:
		return fmt.Sprintf("%d events", w.sc.MaxEvents)
	case w.sc.MaxTime > 0 && at > w.sc.MaxTime:
		return "time: " + w.sc.MaxTime.String()
	case w.sc.MaxOctets > 0 && w.stored+w.kept+w.flying >= w.sc.MaxOctets:
		return fmt.Sprintf("%d octets", w.sc.MaxOctets)
	}
	return ""
}

// checkStalled holds that no connection outlives the run.
func (w *World) checkStalled() {
	for i := range w.conns {
		for side := range w.conns[i].ends {
			if e := &w.conns[i].ends[side]; e.open {
				w.record(trace.Event{
					Kind: trace.Stalled, Conn: trace.ConnID(i + 1), Host: e.host,
					Peer: w.conns[i].ends[1-side].host, Cause: trace.NoPos,
				})
				e.open = false
			}
		}
	}
}

// plan puts something on the agenda, d from now.
func (w *World) plan(d time.Duration, it item) {
	it.at = later(w.now, d)
	w.agenda.push(it)
}

// later is d after a time. Time never wraps: it would run backwards then.
func later(t, d time.Duration) time.Duration {
	if d > math.MaxInt64-t {
		return math.MaxInt64
	}
	return t + d
}

// roundTrip is how long a question and its answer are under way.
func (w *World) roundTrip() time.Duration { return later(w.sc.Latency, w.sc.Latency) }

// store keeps octets in the trace. Large ones that it has are shared: the same
// letter is said again at each attempt.
func (w *World) store(octets []byte) trace.Span {
	const large = 4 << 10
	if len(octets) < large {
		w.stored += int64(len(octets))
		return w.t.Store(octets)
	}
	if s, ok := w.large[len(octets)]; ok && bytes.Equal(w.t.Octets(s), octets) {
		return s
	}
	s := w.t.Store(octets)
	w.large[len(octets)] = s
	w.stored += int64(len(octets)) + 4*large // what is left of a block of small ones goes unused
	return s
}

// record appends an event that happens now.
func (w *World) record(e trace.Event) trace.Pos {
	e.At = w.now
	return w.t.Append(e)
}

func (w *World) hostID(id string) trace.HostID {
	n, _ := w.t.HostID(id)
	return n
}

func (w *World) addrOf(id trace.HostID) netip.Addr { return w.sc.Hosts[id-1].Addrs[0] }
