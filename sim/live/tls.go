package live

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"helo/protocol/sasl"
	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// upgrade is a handshake that the host has asked for.
type upgrade struct {
	ask    host.TLS
	cause  trace.Pos
	effect host.Effect // of the fault that spoils it, or 0
}

// observed is a connection that TLS runs over. It remembers what a ClientHello on
// it said, and how what came last ends. Its end is none of TLS: crypto/tls would
// take it for a close_notify where it comes between two records.
type observed struct {
	net.Conn
	hello string
	last  [alertOctets]byte
}

// alertOctets is how many octets an alert in clear has, with its header (RFC 8446
// §5.1, §6).
const alertOctets = 7

func (o *observed) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if n < alertOctets {
		copy(o.last[:], o.last[n:])
		copy(o.last[alertOctets-n:], p[:n])
	} else {
		copy(o.last[:], p[n-alertOctets:n])
	}
	if err == io.EOF {
		err = secure.ErrCut
	}
	return n, err
}

// refusal is the alert with which the other end has refused a certificate, in
// clear: some send it so, though this end expects records of TLS 1.3 by then, and
// takes it for one that cannot be decrypted.
func (o *observed) refusal() error {
	const alert, fatal = 21, 2
	if o.last[0] != alert || o.last[1] != 3 || o.last[3] != 0 || o.last[4] != 2 || o.last[5] != fatal {
		return nil
	}
	return &net.OpError{Op: "remote error", Err: tls.AlertError(o.last[6])}
}

// ServerTLS returns how a live server's TLS is set up: with this certificate,
// TLS 1.2 or later (RFC 8314 §4.1).
func ServerTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if o, ok := hello.Conn.(*observed); ok {
				o.hello = secure.DescribeHello(hello)
			}
			return nil, nil
		},
	}
}

// shaken is what came of a handshake.
type shaken struct {
	end     *tls.Conn            // nil if there was none to be had
	hello   string               // server: what the ClientHello says
	shown   *tls.ConnectionState // client: what the server has shown
	verdict error                // client: what is wrong with the certificate
	why     secure.Why           // it failed
	words   string               // the same for people; empty if it did not
}

// shake does the handshake that the host has asked for and tells it what came
// of it. The lock is not held.
func (h *hub) shake(c *conn, config *tls.Config) {
	u := c.upgrade
	if bad := h.bad[u.effect]; bad != nil {
		config = bad
	}
	s := h.handshake(c.nc, u, config)
	h.lock()
	defer h.unlock()
	c.upgrade = nil
	c.at = h.now
	h.recordShake(c, u, s)
	if s.words != "" {
		h.unsecured(c, u.cause, s.why, s.words)
		return
	}
	state := s.end.ConnectionState()
	c.nc, c.inside = s.end, true
	words := tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	switch {
	case u.ask.Server:
	case s.verdict == nil:
		words += "; the certificate is right"
	default:
		words += "; with whomever: " + secure.Reason(s.verdict)
	}
	pos := h.record(trace.Event{Kind: trace.Secured, Conn: c.id, Peer: h.them, Octets: h.hold([]byte(words)), Arg: uint32(secure.Classify(s.verdict)), Flags: trace.Inside, Cause: u.cause})
	h.host.Secured(c.id, host.TLSInfo{
		Binding: sasl.BindExporter(&state), Verified: !u.ask.Server && s.verdict == nil, Cipher: tls.CipherSuiteName(state.CipherSuite),
	}, pos)
}

// handshake takes as long as the other end lets it.
func (h *hub) handshake(below net.Conn, u *upgrade, config *tls.Config) (s shaken) {
	nc := &observed{Conn: below}
	switch {
	case config == nil: // a fault has accepted a STARTTLS that was never offered
		s.why, s.words = secure.Otherwise, "there is no certificate"
		return s
	case u.effect == host.EffectGarbage:
		nc.Read(make([]byte, smallRead)) // the ClientHello, or some of it
		nc.Write([]byte("this is no TLS\r\n"))
		s.why, s.words = secure.Otherwise, "the fault answered with octets that are no TLS"
		return s
	case u.ask.Server:
		s.end = tls.Server(nc, config)
	default:
		config = config.Clone()
		config.ServerName = strings.Trim(u.ask.Name, "[]")
		roots := config.RootCAs
		config.InsecureSkipVerify = true // done here, so that the verdict is known even where it is not asked for
		config.VerifyConnection = func(state tls.ConnectionState) error {
			s.shown = &state
			if s.verdict = secure.Verify(&state, config.ServerName, roots, time.Now()); u.ask.Verify {
				return s.verdict
			}
			return nil
		}
		s.end = tls.Client(nc, config)
	}
	err := s.end.Handshake()
	switch s.hello = nc.hello; {
	case errors.Is(err, os.ErrDeadlineExceeded) && h.stopping():
		s.why, s.words = secure.Otherwise, stopped
	case err != nil:
		if said := nc.refusal(); said != nil {
			err = said
		}
		s.why, s.words = secure.Classify(err), secure.Reason(err)
	}
	return s
}

// recordShake records what was heard of a handshake.
func (h *hub) recordShake(c *conn, u *upgrade, s shaken) {
	if s.end == nil {
		return
	}
	say := func(from, to trace.HostID, words string) {
		u.cause = h.record(trace.Event{Kind: trace.Handshake, Conn: c.id, Host: from, Peer: to, Octets: h.hold([]byte(words)), Cause: u.cause})
	}
	switch state := s.end.ConnectionState(); {
	case u.ask.Server && s.hello != "":
		say(h.them, h.me, "ClientHello: "+s.hello)
		if state.CipherSuite != 0 {
			say(h.me, h.them, "ServerHello: "+tls.VersionName(state.Version)+", "+tls.CipherSuiteName(state.CipherSuite))
		}
	case s.shown != nil:
		hello := "ClientHello: " + tls.VersionName(tls.VersionTLS13)
		if name := strings.Trim(u.ask.Name, "[]"); net.ParseIP(name) == nil { // an address is not named (RFC 6066 §3)
			hello += ", for " + name
		}
		say(h.me, h.them, hello)
		say(h.them, h.me, "ServerHello: "+tls.VersionName(s.shown.Version)+", "+tls.CipherSuiteName(s.shown.CipherSuite)+", "+secure.DescribeServer(s.shown))
	}
}

// unsecured tells the host that TLS did not come about, or is over.
func (h *hub) unsecured(c *conn, cause trace.Pos, why secure.Why, words string) {
	pos := h.record(trace.Event{Kind: trace.Unsecured, Conn: c.id, Peer: h.them, Octets: h.hold([]byte(words)), Arg: uint32(why), Cause: cause})
	h.host.TLSFailed(c.id, words, pos)
}

// unclosed are the words of a [trace.Reset] where the other end has closed the
// connection and not TLS, or somebody in between has who kept back what was said
// last (RFC 8446 §6.1).
const unclosed = "closed without a close_notify"

// stopped says why a handshake was not waited for.
const stopped = "this side was told to stop"

// whole is TLS on a connection, if there is any, and if it can still be ended in
// good order.
func (c *conn) whole() *tls.Conn {
	if end, ok := c.nc.(*tls.Conn); ok && !c.torn && c.end != cut {
		return end
	}
	return nil
}

// notify says close_notify: then the other end knows that it has heard all (RFC
// 8446 §6.1, RFC 5246 §7.2.1). Nothing may be written any more. It waits no longer
// than [notifyTime].
func notify(end *tls.Conn) {
	if end == nil {
		return
	}
	late := time.AfterFunc(notifyTime, func() { end.NetConn().SetWriteDeadline(time.Unix(1, 0)) })
	defer late.Stop()
	end.CloseWrite() // an error means that nobody is there to hear it
}

// notifyTime is how long a close_notify may wait for an end that takes nothing.
const notifyTime = time.Second
