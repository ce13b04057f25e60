package live

import (
	"crypto/sha256"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// How much is read at a time: little while a client talks, so that thousands
// may be idle; much while a letter comes.
const (
	smallRead = 2 << 10
	largeRead = 64 << 10
)

// How long a client may take to read what it is told, and what it is told when
// the server is to end at once.
const (
	writeTimeout = 5 * time.Minute
	partingTime  = time.Second
)

// worker drives one connection after the other to their ends. One that has
// nothing to do waits a while for the next, which is cheaper than a new
// goroutine whose stack has to grow again.
func (s *Server) worker(c *conn, port uint16) {
	small := make([]byte, smallRead)
	idle := time.NewTimer(workerIdle)
	defer idle.Stop()
	for {
		s.run(c, port, small)
		idle.Reset(workerIdle)
		select {
		case next := <-s.jobs:
			c, port = next.c, next.port
		case <-idle.C:
			return
		case <-s.stopped:
			return
		}
	}
}

const workerIdle = time.Second

// job is a connection for a worker.
type job struct {
	c    *conn
	port uint16
}

// run drives one connection to its end.
func (s *Server) run(c *conn, port uint16, small []byte) {
	defer s.wg.Done()
	addr, local := addrOf(c.nc.RemoteAddr()), addrOf(c.nc.LocalAddr())
	s.lock()
	pos := s.record(trace.Event{
		Kind: trace.Connect, Host: s.them, Peer: s.me, Conn: c.id, Code: local.Port(),
		Octets: s.hold(addr.AppendTo(nil)), Cause: trace.NoPos,
	})
	s.host.Accepted(c.id, port, addr.Addr().Unmap(), pos)
	c.at = s.now
	s.unlock()
	s.talk(c, small)
	s.lock()
	s.remove(c)
	s.unlock()
	c.under.Close()
}

// talk reads, lets the host act, and writes, until the connection ends.
func (s *Server) talk(c *conn, small []byte) {
	var large *[largeRead]byte
	defer func() {
		if large != nil {
			blocks.Put(large)
		}
	}()
	buf := small
	for {
		if !s.settle(c) {
			return
		}
		s.expect(c)
		if s.stage.Load() != serving && s.shut(c) {
			continue
		}
		runtime.Gosched()
		n, err := c.nc.Read(buf)
		s.pace.wait(s.t)
		s.lock()
		c.at = s.now
		if n > 0 {
			s.arrived(c, buf[:n])
		}
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			s.gone(c, err)
		case s.stage.Load() == serving:
			s.host.TimedOut(c.id)
		default:
			s.host.Shut(c.id)
		}
		s.unlock()
		switch {
		case n == len(buf) && large == nil: // there is more than a command
			large = blocks.Get().(*[largeRead]byte)
			buf = large[:]
		case n <= smallRead && large != nil:
			blocks.Put(large)
			large, buf = nil, small
		}
	}
}

// slack is how much longer than asked for a wait may be. A deadline is set
// anew only when it has come nearer than what is asked for: that is seldom.
const slack = 2 * time.Second

// expect sets the deadline of the next read. Times are since the server's
// start.
func (s *Server) expect(c *conn) {
	if left := c.readBy - c.at; left < c.wait || left > c.wait+slack {
		c.readBy = c.at + c.wait + min(slack, c.wait/8)
		c.nc.SetReadDeadline(s.start.Add(c.readBy))
	}
}

// expectWrite sets the deadline of the next write. It looks at the stage after
// that: what [Server.move] has set meanwhile is not to be undone.
func (s *Server) expectWrite(c *conn) {
	if c.writeBy-c.at < writeTimeout {
		c.writeBy = c.at + writeTimeout + slack
		c.nc.SetWriteDeadline(s.start.Add(c.writeBy))
	}
	if s.stage.Load() == over {
		c.nc.SetWriteDeadline(time.Now().Add(partingTime))
	}
}

// shut ends the session of a server that stops, unless a transaction may still
// be finished, and says whether it did.
func (s *Server) shut(c *conn) bool {
	s.lock()
	defer s.unlock()
	if s.host.Busy(c.id) && s.stage.Load() == draining || c.end != goesOn {
		return false
	}
	s.host.Shut(c.id)
	return true // settle writes its 421
}

// settle files what is to be filed and writes what is to be said, without the
// lock. It returns false when the connection is over.
func (s *Server) settle(c *conn) bool {
	for {
		if len(c.out) > 0 && c.end != cut {
			s.expectWrite(c)
			if _, err := c.nc.Write(c.out); err != nil {
				s.lock()
				c.out, c.torn = c.out[:0], true
				s.gone(c, err)
				s.unlock()
				return false
			}
		}
		if c.out = c.out[:0]; cap(c.out) > smallRead {
			c.out = nil
		}
		mails := c.filing
		switch {
		case c.upgrade != nil && c.end == goesOn:
			s.expect(c)
			s.expectWrite(c)
			if s.stage.Load() != serving { // it would wait in vain
				s.lock()
				s.unsecured(c, c.upgrade.cause, secure.Otherwise, stopped)
				s.unlock()
				c.upgrade = nil
				continue
			}
			s.shake(c, s.tls)
			continue
		case mails != nil:
		default:
			return s.finish(c)
		}
		c.filing = nil
		var digest []byte
		if m := &mails[0]; m.Digest {
			sum := sha256.New()
			for _, b := range m.Body {
				sum.Write(b)
			}
			digest = sum.Sum(nil)
		}
		kept, err := s.store.Put(&mails[0])
		for i := 1; i < len(mails) && err == nil; i++ {
			_, err = s.store.Put(&mails[i])
		}
		if err != nil && s.warn != nil {
			s.warn(err)
		}
		s.lock()
		s.host.Filed(c.id, digest, kept, err)
		s.unlock()
	}
}

// finish ends the connection as its host wants it to end, and returns whether
// it goes on.
func (s *Server) finish(c *conn) bool {
	switch c.end {
	case closing:
		s.linger(c)
		return false
	case parted:
		notify(c.whole())
		return false
	case cut:
		if tcp, ok := c.under.(interface{ SetLinger(int) error }); ok {
			tcp.SetLinger(0) // a reset, as the fault wants it
		}
		return false
	}
	return true
}

// linger closes in good order: octets that are still on their way from the
// client are taken off the line for a while, for a socket closed over them
// would be reset, and the last reply lost. What they say inside TLS is not
// looked at.
func (s *Server) linger(c *conn) {
	notify(c.whole())
	tcp, ok := c.under.(interface{ CloseWrite() error })
	if !ok || tcp.CloseWrite() != nil {
		return
	}
	buf := blocks.Get().(*[largeRead]byte)
	defer blocks.Put(buf)
	c.under.SetReadDeadline(time.Now().Add(lingerTime))
	for left := lingerOctets; left > 0; {
		n, err := c.under.Read(buf[:])
		if err != nil {
			return
		}
		left -= n
	}
}

// How long, and for how many octets, a closed connection is read on.
const (
	lingerTime   = 2 * time.Second
	lingerOctets = 1 << 20
)

func addrOf(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}

// depot is the server as its host's [host.Depot].
type depot Server

func (d *depot) QueueID() string { return d.ids.next((*env)(&d.hub).Clock()) }

func (d *depot) Room(n int) bool {
	if d.room < int64(n) {
		return false
	}
	d.room -= int64(n)
	return true
}

func (d *depot) Free(n int) { d.room += int64(n) }

func (d *depot) Block() []byte { return blocks.Get().(*[largeRead]byte)[:0] }

func (d *depot) Recycle(b []byte) { recycle(b) }

func (d *depot) File(id trace.ConnID, m []host.Mail) {
	if c := d.conn(id); c != nil {
		c.filing = m
	}
}
