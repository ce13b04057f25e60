package secure

import (
	"net"
	"time"
)

// wire is the connection as crypto/tls sees it: what was fed to an [End] can be
// read, what is written goes to its output.
type wire struct{ e *End }

// Read hands control back to the driver until there are octets.
func (w wire) Read(p []byte) (int, error) {
	for len(w.e.in) == 0 {
		switch {
		case w.e.stopped:
			return 0, ErrStopped
		case w.e.cut:
			return 0, ErrCut // not io.EOF: crypto/tls would take that for a good end
		}
		w.e.wait(struct{}{})
	}
	n := copy(p, w.e.in)
	w.e.in = w.e.in[n:]
	return n, nil
}

func (w wire) Write(p []byte) (int, error) {
	if w.e.stopped {
		return 0, ErrStopped // the handshake that was broken off has nothing more to say
	}
	w.e.out.add(p)
	return len(p), nil
}

// The rest of net.Conn: an End has no address, and its driver says when time is
// up.

func (w wire) Close() error                     { return nil }
func (w wire) LocalAddr() net.Addr              { return nowhere{} }
func (w wire) RemoteAddr() net.Addr             { return nowhere{} }
func (w wire) SetDeadline(time.Time) error      { return nil }
func (w wire) SetReadDeadline(time.Time) error  { return nil }
func (w wire) SetWriteDeadline(time.Time) error { return nil }

// nowhere is the address of both ends.
type nowhere struct{}

func (nowhere) Network() string { return "lockstep" }
func (nowhere) String() string  { return "lockstep" }
