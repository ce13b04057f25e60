package sim

import (
	"time"

	"helo/sim/trace"
)

// item is something that will happen at a virtual time. It has no pointers, so
// that moving it about costs little.
type item struct {
	at    time.Duration
	seq   uint64 // those at the same time happen in the order they were asked for
	do    doing
	side  uint8 // which end of conn it happens at
	token uint32
	conn  trace.ConnID
	host  trace.HostID
	cause trace.Pos
	off   uint32
	span  trace.Span
	ref   uint32 // from 1: which question a doAnswer answers; which octets a doArrive or doRecord brings, if the trace has them otherwise, see [World.hold]
}

type doing uint8

const (
	doSubmit   doing = iota // a person sends the letter token
	doAccept                // the connection reaches the listening end
	doOpen                  // the dialling end learns that it is open
	doRefuse                // the dialling end learns that it is refused
	doNobody                // the dialling end gives up
	doArrive                // octets reach the end
	doRecord                // TLS without lines of ours reaches the end
	doClosed                // the end learns that the other has closed
	doReset                 // the end learns that the connection was cut
	doDeadline              // the end may have waited long enough
	doWake                  // a host's timer
	doAnswer                // a host gets a DNS answer; span is the message
)

// agenda is what will happen, soonest first: a binary heap.
type agenda struct {
	items []item
	seq   uint64
}

func (a *agenda) before(i, j int) bool {
	x, y := &a.items[i], &a.items[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}

func (a *agenda) push(it item) {
	it.seq = a.seq
	a.seq++
	a.items = append(a.items, it)
	for i := len(a.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.before(i, up) {
			return
		}
		a.items[i], a.items[up] = a.items[up], a.items[i]
		i = up
	}
}

func (a *agenda) pop() item {
	it := a.items[0]
	last := len(a.items) - 1
	a.items[0] = a.items[last]
	a.items[last] = item{}
	a.items = a.items[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return it
		}
		if right := down + 1; right < last && a.before(right, down) {
			down = right
		}
		if !a.before(down, i) {
			return it
		}
		a.items[i], a.items[down] = a.items[down], a.items[i]
		i = down
	}
}
