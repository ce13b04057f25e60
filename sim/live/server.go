package live

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"helo/sim/host"
	"helo/sim/trace"
)

// Config says what a server on real sockets is. The zero value of everything
// but Host is a default.
type Config struct {
	Name   string      // of the run, as its trace says
	Host   host.Config // with a Server
	Client trace.Host  // how the other ends are called
	Faults []*host.Fault
	TLS    *tls.Config // from [ServerTLS]; nil: there is none

	// Bad are setups with certificates that are wrong in the way of a fault.
	Bad map[host.Effect]*tls.Config

	// Secrets says that the trace keeps the lines of logins as they are.
	Secrets bool

	Store  Store  // where letters go; nil: in memory
	Room   int64  // octets of letters on their way in, together
	Keep   uint32 // octets of one line or letter in the trace
	Budget int64  // octets of the trace

	// Warn is told why a letter could not be filed: its client hears only 451.
	// It is called from many goroutines; nil: nobody is told.
	Warn func(err error)
}

// Server is a receiving host on real sockets. Make one with [NewServer]; any
// number of listeners may be served at once.
type Server struct {
	hub
	store Store
	tls   *tls.Config
	warn  func(error)
	room  int64 // left
	ids   queueIDs

	wg      sync.WaitGroup
	stage   atomic.Int32  // see Shutdown
	jobs    chan job      // to a worker that waits
	stopped chan struct{} // closed when no connection is left
}

// The stages of a server.
const (
	serving  = iota
	draining // open transactions may end, others may not begin
	over     // nothing may
)

// NewServer returns a server that is not listening yet.
func NewServer(c Config) (*Server, error) {
	if c.Host.Server == nil {
		return nil, errors.New("a live server needs a host with a server")
	}
	if c.Store == nil {
		c.Store = NewMemory(0)
	}
	client := c.Client
	if client.ID == "" {
		client = trace.Host{ID: "client", Title: "a client", Role: "a program that sends mail"}
	}
	me := trace.Host{ID: c.Host.ID, Name: c.Host.Name, Title: c.Host.Title, Role: c.Host.Role}
	if me.Title == "" {
		me.Title = me.Name
	}
	s := &Server{store: c.Store, tls: c.TLS, warn: c.Warn, room: orElse(c.Room, DefaultRoom)}
	s.keep, s.budget = int(orElse(c.Keep, DefaultKeep)), orElse(c.Budget, DefaultBudget)
	s.server, s.secrets, s.bad = true, c.Secrets, c.Bad
	s.timer = func(time.Duration, func()) {} // a host with a depot plans nothing
	s.dial = func(*conn, netip.AddrPort) {}  // and dials nobody
	s.stopping = func() bool { return s.stage.Load() != serving }
	s.jobs, s.stopped = make(chan job), make(chan struct{})
	s.pace.init()
	s.init(trace.New(c.Name, 0, time.Now(), []trace.Host{client, me}), 2, 1, c.Faults)
	cfg := c.Host
	if len(cfg.Addrs) == 0 {
		cfg.Addrs = []netip.Addr{netip.IPv6Unspecified()}
	}
	s.host = host.New(&cfg, (*env)(&s.hub), host.Options{Outside: true, Depot: (*depot)(s), Keep: uint32(s.keep)})
	return s, nil
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Trace is what has happened so far. It grows while the server runs, and its
// oldest events go when it is over its budget.
func (s *Server) Trace() *trace.Trace { return s.t }

// Serve accepts connections until ctx is done or the listener fails, as if at
// that port: [host.PortSMTP], [host.PortSubmission] or [host.PortSubmissions],
// whatever the socket's own port is.
func (s *Server) Serve(ctx context.Context, ln net.Listener, port uint16) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	s.lock()
	e := trace.Event{Kind: trace.Listening, Octets: s.hold([]byte(ln.Addr().String())), Arg: uint32(port), Cause: trace.NoPos}
	if a, ok := ln.Addr().(*net.TCPAddr); ok {
		e.Code = uint16(a.Port)
	}
	s.record(e)
	s.unlock()
	for pause := 5 * time.Millisecond; ; {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			s.accept(nc, port)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case temporary(err): // out of file descriptors, most likely: it passes
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, time.Second)
		default:
			return err
		}
	}
}

// temporary says whether accepting may work again.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// accept begins a connection's session.
func (s *Server) accept(nc net.Conn, port uint16) {
	s.lock()
	if s.stage.Load() != serving {
		s.unlock()
		nc.Close()
		return
	}
	c := s.add(direct(nc))
	s.wg.Add(1)
	s.unlock()
	select {
	case s.jobs <- job{c, port}:
	default:
		go s.worker(c, port)
	}
}

// Shutdown ends the server in good order: clients that are in no transaction
// hear 421 at once, the others may finish theirs until ctx is done (RFC 5321
// §3.8). It returns when no connection is left, and is called once.
func (s *Server) Shutdown(ctx context.Context) {
	s.move(draining)
	stop := context.AfterFunc(ctx, func() { s.move(over) })
	defer stop()
	s.wg.Wait()
	close(s.stopped)
}

// move brings the server to a stage and wakes those that wait. One that is about
// to wait looks at the stage after it has set its deadline.
func (s *Server) move(stage int32) {
	s.lock()
	defer s.unlock()
	s.stage.Store(stage)
	if stage == over {
		s.pace.free()
	}
	for _, c := range s.conns {
		if stage == over {
			c.nc.SetWriteDeadline(time.Now().Add(partingTime)) // for its last words
		}
		if stage == over || !s.host.Busy(c.id) {
			c.nc.SetReadDeadline(time.Unix(1, 0)) // in the past
		}
	}
}

// Connections returns how many connections are open.
func (s *Server) Connections() int {
	s.lock()
	defer s.unlock()
	return len(s.conns)
}
