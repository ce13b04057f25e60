package live

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"helo/sim/host"
	"helo/sim/trace"
)

// ClientConfig says what a client on a real socket sends, and where.
type ClientConfig struct {
	Name    string          // of the run, as its trace says
	Host    host.Config     // with a Client, whose Addrs and Port are where the server is
	Server  trace.Host      // how the other end is called
	Letter  host.Submission // what it sends
	TLS     *tls.Config     // with the authorities it trusts; nil: those of the system
	Local   netip.Addr      // its own address, for EHLO where the host has no name
	Secrets bool            // the trace keeps the lines of logins as they are
	Keep    uint32          // octets of one line or letter in the trace
	Dial    time.Duration   // how long a connection may take; 0: 30 s
	Block   time.Duration   // how long the server may take to take a piece of the letter; 0: 3 min (RFC 5321 §4.5.3.2.5)
}

// Client is a mail client that sends one letter over real connections. Make one
// with [NewClient].
type Client struct {
	hub
	c    ClientConfig
	ctx  context.Context
	work sync.WaitGroup // connections and timers
}

// piece is how much of a letter is given to a socket at a time, in octets.
const piece = 32 << 10

// NewClient returns a client that has sent nothing yet.
func NewClient(c ClientConfig) (*Client, error) {
	if c.Host.Client == nil || len(c.Host.Client.Addrs) == 0 {
		return nil, errors.New("a live client needs to know where its server is")
	}
	cl := &Client{c: c}
	if cl.c.TLS == nil {
		cl.c.TLS = &tls.Config{}
	}
	cl.secrets = c.Secrets
	cl.keep, cl.budget = int(orElse(c.Keep, DefaultKeep)), DefaultBudget
	cl.dial, cl.timer = cl.dialled, cl.after
	cl.stopping = func() bool { return cl.ctx.Err() != nil }
	cl.pace.init()
	cfg := c.Host
	if len(cfg.Addrs) == 0 {
		cfg.Addrs = []netip.Addr{orElse(c.Local, netip.AddrFrom4([4]byte{127, 0, 0, 1}))}
	}
	me := trace.Host{ID: cfg.ID, Name: cfg.Name, Title: orElse(cfg.Title, cfg.Name), Role: cfg.Role}
	cl.init(trace.New(c.Name, 0, time.Now(), []trace.Host{me, c.Server}), 1, 2, nil)
	cl.host = host.New(&cfg, (*env)(&cl.hub), host.Options{Outside: true, Keep: uint32(cl.keep), Piece: piece})
	return cl, nil
}

// Trace is what has happened so far.
func (cl *Client) Trace() *trace.Trace { return cl.t }

// Run sends the letter and returns when nothing is left to do for it, or when
// ctx is done. What became of it is in the trace.
func (cl *Client) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cl.ctx = ctx
	cl.lock()
	cl.host.Submit(cl.c.Letter)
	cl.unlock()
	cl.work.Wait()
}

// after does something under the lock after a while.
func (cl *Client) after(d time.Duration, then func()) {
	cl.work.Add(1)
	go func() {
		defer cl.work.Done()
		if d > 0 {
			select {
			case <-time.After(d):
			case <-cl.ctx.Done():
				return
			}
		}
		cl.lock()
		defer cl.unlock()
		then()
	}()
}

// dialled opens the connection that the host has asked for.
func (cl *Client) dialled(c *conn, to netip.AddrPort) {
	cl.work.Add(1)
	go func() {
		defer cl.work.Done()
		d := net.Dialer{Timeout: orElse(cl.c.Dial, 30*time.Second)}
		nc, err := d.DialContext(cl.ctx, "tcp", to.String())
		cl.lock()
		if err != nil {
			cl.failed(c, err)
			cl.unlock()
			return
		}
		c.nc, c.under = nc, nc
		pos := cl.record(trace.Event{Kind: trace.Connected, Conn: c.id, Peer: cl.them, Cause: trace.NoPos})
		cl.host.Connected(c.id, pos)
		cl.unlock()
		cl.talk(c)
	}()
}

// failed tells the host that no connection came about.
func (cl *Client) failed(c *conn, err error) {
	e := trace.Event{Kind: trace.Refused, Conn: c.id, Peer: cl.them, Cause: trace.NoPos}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		e.Kind = trace.Unanswered
	}
	cl.remove(c)
	cl.host.Refused(c.id, cl.record(e))
}

// talk drives a connection to its end. Octets are read by a goroutine of its
// own, for a server may answer while the letter is still on its way.
func (cl *Client) talk(c *conn) {
	stop := context.AfterFunc(cl.ctx, func() { c.under.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	said := make(chan struct{}, 1) // the host may have something to say
	done := make(chan struct{})
	go func() {
		defer close(done)
		cl.listen(c, said)
	}()
	cl.speak(c, said, done)
	cl.lock()
	end := c.whole()
	cl.unlock()
	notify(end)
	c.under.Close()
	<-done
	cl.lock()
	cl.remove(c)
	cl.unlock()
}

// listen reads until the connection ends.
func (cl *Client) listen(c *conn, said chan<- struct{}) {
	buf := make([]byte, 4096)
	for {
		cl.lock()
		shake := c.upgrade != nil && c.end == goesOn
		cl.unlock()
		if shake {
			cl.shake(c, cl.c.TLS)
			select {
			case said <- struct{}{}:
			default:
			}
		}
		n, err := c.nc.Read(buf)
		cl.lock()
		if n > 0 {
			cl.arrived(c, buf[:n])
		}
		over := err != nil || c.end != goesOn
		if err != nil && c.end == goesOn {
			if errors.Is(err, os.ErrDeadlineExceeded) && cl.ctx.Err() == nil {
				cl.host.TimedOut(c.id)
			} else {
				cl.gone(c, err)
			}
		}
		cl.unlock()
		select {
		case said <- struct{}{}:
		default:
		}
		if over {
			return
		}
	}
}

// speak writes what the host has to say until the connection ends.
func (cl *Client) speak(c *conn, said <-chan struct{}, done <-chan struct{}) {
	block := orElse(cl.c.Block, 3*time.Minute)
	var until time.Time // the end of the wait, which octets without end do not put off
	for {
		cl.lock()
		out, end, wait, nc := c.out, c.end, c.wait, c.nc
		if c.replied || len(out) > 0 {
			until = time.Time{}
		}
		c.out, c.replied = nil, false
		cl.unlock()
		if len(out) > 0 {
			cl.writeBy(c, time.Now().Add(block))
			cl.readBy(c, time.Time{})
			if _, err := nc.Write(out); err != nil {
				cl.stuck(c, err, done)
				return
			}
			cl.writeBy(c, time.Time{}) // TLS writes where this client reads
			if end == goesOn {
				cl.lock()
				cl.host.Drained(c.id)
				cl.unlock()
				continue
			}
		}
		if end != goesOn {
			return
		}
		if wait > 0 && until.IsZero() {
			until = time.Now().Add(wait)
			cl.readBy(c, until)
		}
		select {
		case <-said:
		case <-done:
			select {
			case <-said: // its last words
			default:
				return
			}
		}
	}
}

// readBy sets the deadline of reading, unless the client is to stop.
func (cl *Client) readBy(c *conn, t time.Time) {
	c.under.SetReadDeadline(t)
	cl.heed(c)
}

// writeBy sets that of writing.
func (cl *Client) writeBy(c *conn, t time.Time) {
	c.under.SetWriteDeadline(t)
	cl.heed(c)
}

// heed ends all waiting if the client is to stop.
func (cl *Client) heed(c *conn) {
	if cl.ctx.Err() != nil {
		c.under.SetDeadline(time.Unix(1, 0))
	}
}

// stuck ends a connection that takes nothing any more. What the server said
// before is read first.
func (cl *Client) stuck(c *conn, err error, done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(lastWords):
	}
	cl.lock()
	defer cl.unlock()
	c.torn = true
	switch {
	case c.end != goesOn:
	case errors.Is(err, os.ErrDeadlineExceeded) && cl.ctx.Err() == nil:
		cl.host.TimedOut(c.id)
	default:
		cl.gone(c, err)
	}
}

// lastWords is how long a reply may take to arrive from a server that has
// stopped listening.
const lastWords = time.Second
