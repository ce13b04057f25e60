package live

import (
	"context"
	"time"

	"helo/sim/trace"
)

// breath is how long a follower lets events gather before it looks: too short
// to be noticed, long enough not to be woken for each of them.
const breath = 10 * time.Millisecond

// Follow calls update whenever the trace has grown, until ctx is done, and once
// more then. A server's connections wait when update is far behind, so that a slow
// reader of what it writes loses nothing and costs no memory. It returns early with
// the first error of update. There is one follower at a time.
func (h *hub) Follow(ctx context.Context, update func() error) error {
	h.pace.begin()
	defer h.pace.end()
	for done := false; ; {
		end := h.t.End()
		if err := update(); err != nil {
			return err
		}
		h.lock()
		h.pace.reached(end)
		h.trim()
		h.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-h.pace.more:
			time.Sleep(breath)
		case <-ctx.Done():
			done = true // what came meanwhile is still to be written
		}
	}
}

// Grew is told, at most once at a time, when the trace has grown: for one who
// looks at it without holding anybody up.
func (h *hub) Grew() <-chan struct{} { return h.pace.more }

// Outside is the host of the trace that stands for whoever is at the other end.
func (h *hub) Outside() trace.HostID { return h.them }
