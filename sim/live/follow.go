package live

import (
	"context"

	"helo/sim/trace"
)

// Follow calls update whenever the trace has grown, until ctx is done, and once
// more then. Connections wait when update is far behind, so that a slow reader
// of what it writes loses nothing and costs no memory. It returns early with
// the first error of update. There is one follower at a time.
func (s *Server) Follow(ctx context.Context, update func() error) error {
	s.pace.begin()
	defer s.pace.end()
	for done := false; ; {
		end := s.t.End()
		if err := update(); err != nil {
			return err
		}
		s.pace.reached(end)
		if done {
			return nil
		}
		select {
		case <-s.pace.more:
		case <-ctx.Done():
			done = true // what came meanwhile is still to be written
		}
	}
}

// Grew is told, at most once at a time, when the trace has grown: for one who
// looks at it without holding anybody up.
func (s *Server) Grew() <-chan struct{} { return s.pace.more }

// Clients is the host of the trace that stands for all that connect.
func (s *Server) Clients() trace.HostID { return s.them }
