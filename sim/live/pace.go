package live

import (
	"sync"
	"sync/atomic"

	"helo/sim/trace"
)

// pace keeps those who write a trace and the one who follows it together: the
// follower is woken when there is more, and writers wait when it is far behind,
// so that a slow reader of the output bounds memory and loses nothing.
type pace struct {
	mu     sync.Mutex
	cond   *sync.Cond
	more   chan struct{} // something was added
	done   atomic.Uint32 // followed so far
	follow atomic.Bool
	full   atomic.Bool // the trace is far over its budget
	freed  atomic.Bool // nobody waits any more: all is about to end
}

// farBehind is how many events a follower may be behind before writers wait.
const farBehind = 1 << 17

func (p *pace) init() {
	p.cond = sync.NewCond(&p.mu)
	p.more = make(chan struct{}, 1)
}

// grew wakes the follower.
func (p *pace) grew() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// begin says that somebody follows the trace.
func (p *pace) begin() {
	p.follow.Store(true)
}

// reached says how far the follower has come; end that it follows no more.
func (p *pace) reached(pos trace.Pos) {
	p.mu.Lock() // so that nobody is between looking and waiting
	p.done.Store(uint32(pos))
	p.mu.Unlock()
	p.cond.Broadcast()
}

func (p *pace) end() {
	p.mu.Lock()
	p.follow.Store(false)
	p.mu.Unlock()
	p.cond.Broadcast()
}

// free lets all writers go on, however far behind the follower is.
func (p *pace) free() {
	p.mu.Lock()
	p.freed.Store(true)
	p.mu.Unlock()
	p.cond.Broadcast()
}

func (p *pace) written() (trace.Pos, bool) { return trace.Pos(p.done.Load()), p.follow.Load() }

// behind says whether the follower is far behind: by events, or by octets that
// cannot be given up before it has seen them.
func (p *pace) behind(t *trace.Trace) bool {
	done, follow := p.written()
	if !follow || p.freed.Load() {
		return false
	}
	left := t.End() - done
	return left > farBehind || left > 0 && p.full.Load()
}

// wait holds a writer up while the follower is far behind.
func (p *pace) wait(t *trace.Trace) {
	if !p.behind(t) {
		return
	}
	p.mu.Lock()
	for p.behind(t) {
		p.cond.Wait()
	}
	p.mu.Unlock()
}
