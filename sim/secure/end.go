// Package secure runs TLS in lockstep with whoever drives it: octets in, octets
// out, without a socket, a goroutine, a clock or a wait. It is the real TLS of
// crypto/tls. Beside the two ends of a connection it has what they need to give
// the same octets in every run: a random stream that can be had again
// ([Rand]), certificates made from it ([Authority]), and settings that leave
// nothing to the machine ([ServerConfig], [ClientConfig]).
//
// The same seeds give the same octets, with one exception: a processor without
// AES instructions prefers another cipher. Lengths and plaintext are the same
// even then. It needs the line "godebug cryptocustomrand=1" in go.mod; without
// it crypto/tls draws its keys from the system.
package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"iter"
)

var (
	// ErrCut says that the connection ended before TLS did: in the handshake,
	// or without a close_notify, so that nobody knows whether all has arrived
	// (RFC 8446 §6.1).
	ErrCut = errors.New("the connection ended before TLS did")

	// ErrStopped says that [End.Stop] was called.
	ErrStopped = errors.New("TLS was stopped")

	// ErrEarly says that something was written before the handshake was
	// complete.
	ErrEarly = errors.New("the TLS handshake is not complete")
)

// End is one end of a TLS connection. Its driver brings it the octets that the
// peer has sent ([End.Feed]) and takes away those for the peer ([End.Output])
// and those decrypted ([End.Plain]). Every method returns at once.
//
// Inside, crypto/tls runs in a coroutine, on a connection whose Read hands
// control back when it has no octets left. A coroutine holds memory until it
// ends: call [End.Stop] when the connection is over. An End is used by one
// goroutine at a time.
type End struct {
	conn *tls.Conn
	next func() (struct{}, bool) // lets the coroutine go on, nil before Start
	stop func()                  // ends it
	wait func(struct{}) bool     // called by the coroutine: hands control back

	in    []byte // fed, not yet read
	out   pair   // for the peer
	plain pair   // decrypted

	done    bool
	cut     bool // no more octets will come
	stopped bool
	over    bool // the coroutine has ended, or never began and never will
	err     error
}

// NewClient returns the end that begins a handshake. c is used as it is and must
// not change any more; it needs a ServerName or InsecureSkipVerify. Nothing
// happens before [End.Start].
func NewClient(c *tls.Config) *End {
	e := new(End)
	e.conn = tls.Client(wire{e}, c)
	return e
}

// NewServer returns the end that waits for a handshake. c is used as it is and
// must not change any more; it needs a certificate.
func NewServer(c *tls.Config) *End {
	e := new(End)
	e.conn = tls.Server(wire{e}, c)
	return e
}

// Start begins the handshake: after it a client's ClientHello is in
// [End.Output]. A second call does nothing. [End.Feed] and [End.PeerClosed]
// start an End that has not been.
func (e *End) Start() {
	if e.next != nil || e.over {
		return
	}
	e.next, e.stop = iter.Pull(e.run)
	e.resume()
}

// Feed takes octets that came from the peer and goes as far as they reach: it
// runs the handshake, decrypts what follows, answers what must be answered. All
// of p is used up, and not kept. Once [End.Err] is set, p is ignored.
func (e *End) Feed(p []byte) {
	e.Start()
	if len(p) == 0 || e.over {
		return
	}
	e.in = p
	e.resume()
	e.in = nil
}

// PeerClosed says that no more octets will come. If no close_notify has, then
// [End.Err] is [ErrCut] after that.
func (e *End) PeerClosed() {
	e.Start()
	if e.over {
		return
	}
	e.cut = true
	e.resume()
}

// Output returns the octets for the peer since it was last called: records of
// the handshake, of what was written, alerts. They stay valid until it is called
// again.
func (e *End) Output() []byte { return e.out.take() }

// Plain returns the octets decrypted since it was last called. They stay valid
// until it is called again.
func (e *End) Plain() []byte { return e.plain.take() }

// Write encrypts p into [End.Output]. Before the handshake is complete it
// returns [ErrEarly]; after TLS failed, why it did; after [End.CloseWrite] an
// error. That the peer has said its last word is no error: the other
// direction stays open (RFC 8446 §6.1).
func (e *End) Write(p []byte) error {
	switch {
	case e.err != nil && e.err != io.EOF:
		return e.err
	case !e.done:
		return ErrEarly
	}
	_, err := e.conn.Write(p)
	return tidy(err)
}

// CloseWrite puts a close_notify into [End.Output]: nothing will be written any
// more, and the peer knows that it has all (RFC 8446 §6.1). It does nothing
// before the handshake is complete, after TLS failed, or a second time.
func (e *End) CloseWrite() {
	if e.done && (e.err == nil || e.err == io.EOF) {
		// The only possible error is that the handshake is not complete.
		_ = e.conn.CloseWrite()
	}
}

// Done says whether the handshake is complete at this end. A client's is before
// the server's: its last message is still under way then. Done stays true when
// TLS ends.
func (e *End) Done() bool { return e.done }

// Err says why TLS failed or ended, nil while it goes on: [io.EOF] after the
// peer's close_notify, [ErrCut] if the connection ended without, [ErrStopped]
// after [End.Stop], else an error that [Reason] puts into words. What [End.Plain]
// has not yet given out stays to be had.
func (e *End) Err() error { return e.err }

// ConnectionState describes what was agreed upon. While the handshake goes on
// nothing is, and it returns the zero value; of a failed one it has what was
// known by then.
func (e *End) ConnectionState() tls.ConnectionState {
	if !e.done && !e.over || e.next == nil {
		return tls.ConnectionState{} // the coroutine holds the lock that the call below takes
	}
	return e.conn.ConnectionState()
}

// Stop ends TLS where it stands and gives back what the coroutine holds. It
// sends nothing. What [End.Output] and [End.Plain] have not yet given out stays
// to be had. A second call does nothing.
func (e *End) Stop() {
	e.stopped = true
	if e.stop != nil && !e.over {
		e.stop()
	}
	e.over = true
	if e.err == nil {
		e.err = ErrStopped
	}
}

// resume lets the coroutine go on until it has no octets left, or ends.
func (e *End) resume() {
	if _, more := e.next(); !more {
		e.over = true
	}
}

// run is the coroutine: the handshake, then one record after the other.
func (e *End) run(yield func(struct{}) bool) {
	e.wait = yield
	err := e.conn.Handshake()
	if err == nil {
		e.done = true
		err = e.decrypt()
	}
	if !e.stopped {
		e.err = tidy(err)
	}
}

// decrypt gathers what the peer has written, until TLS ends.
func (e *End) decrypt() error {
	// Not read into e.plain itself: it may be taken while Read waits.
	var buf [2048]byte
	for {
		n, err := e.conn.Read(buf[:])
		e.plain.add(buf[:n])
		if err != nil {
			return err
		}
	}
}

// pair gathers octets in one slice while those given out before stand in
// another.
type pair struct{ filling, given []byte }

func (b *pair) add(p []byte) { b.filling = append(b.filling, p...) }

func (b *pair) take() []byte {
	b.filling, b.given = b.given[:0], b.filling
	return b.given
}
