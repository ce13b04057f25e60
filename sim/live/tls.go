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
// it said, and its end is none of TLS: crypto/tls would take it for a
// close_notify where it comes between two records.
type observed struct {
	net.Conn
	hello string
}

func (o *observed) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if err == io.EOF {
		err = secure.ErrCut
	}
	return n, err
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

// shake does the handshake that the host has asked for and tells it what came
// of it. The lock is not held. It returns false if there is no connection any
// more.
func (h *hub) shake(c *conn, config *tls.Config) bool {
	u := c.upgrade
	if bad := h.bad[u.effect]; bad != nil {
		config = bad
	}
	nc := &observed{Conn: c.nc}
	var verdict error
	var shown *tls.ConnectionState
	var end *tls.Conn
	switch {
	case config == nil: // a fault has accepted a STARTTLS that was never offered
		h.lock()
		defer h.unlock()
		c.upgrade = nil
		h.unsecured(c, u.cause, "there is no certificate")
		return c.end == goesOn
	case u.effect == host.EffectGarbage:
		nc.Read(make([]byte, smallRead)) // the ClientHello, or some of it
		nc.Write([]byte("this is no TLS\r\n"))
		h.lock()
		defer h.unlock()
		c.upgrade = nil
		h.unsecured(c, u.cause, "the fault answered with octets that are no TLS")
		return c.end == goesOn
	case u.ask.Server:
		end = tls.Server(nc, config)
	default:
		config = config.Clone()
		config.ServerName = strings.Trim(u.ask.Name, "[]")
		roots := config.RootCAs
		config.InsecureSkipVerify = true // done here, so that the verdict is known even where it is not asked for
		config.VerifyConnection = func(s tls.ConnectionState) error {
			shown = &s
			if verdict = secure.Verify(&s, config.ServerName, roots, time.Now()); u.ask.Verify {
				return verdict
			}
			return nil
		}
		end = tls.Client(nc, config)
	}
	err := end.Handshake()
	h.lock()
	defer h.unlock()
	c.upgrade = nil
	c.at = h.now
	h.recordShake(c, u, nc.hello, shown, end)
	if err != nil {
		why := secure.Reason(err)
		if errors.Is(err, os.ErrDeadlineExceeded) && h.stopping() {
			why = stopped
		}
		h.unsecured(c, u.cause, why)
		return c.end == goesOn
	}
	state := end.ConnectionState()
	c.nc, c.inside = end, true
	words := tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	switch {
	case u.ask.Server:
	case verdict == nil:
		words += "; the certificate is right"
	default:
		words += "; with whomever: " + secure.Reason(verdict)
	}
	pos := h.record(trace.Event{Kind: trace.Secured, Conn: c.id, Peer: h.them, Octets: h.hold([]byte(words)), Flags: trace.Inside, Cause: u.cause})
	info := host.TLSInfo{Verified: !u.ask.Server && verdict == nil}
	if data, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32); err == nil { // RFC 9266 §2
		info.Binding = &sasl.Binding{Type: sasl.TLSExporter, Data: data}
	}
	h.host.Secured(c.id, info, pos)
	return true
}

// recordShake records what was heard of a handshake.
func (h *hub) recordShake(c *conn, u *upgrade, hello string, shown *tls.ConnectionState, end *tls.Conn) {
	say := func(from, to trace.HostID, words string) {
		u.cause = h.record(trace.Event{Kind: trace.Handshake, Conn: c.id, Host: from, Peer: to, Octets: h.hold([]byte(words)), Cause: u.cause})
	}
	switch state := end.ConnectionState(); {
	case u.ask.Server && hello != "":
		say(h.them, h.me, "ClientHello: "+hello)
		if state.HandshakeComplete {
			say(h.me, h.them, "ServerHello: "+tls.VersionName(state.Version)+", "+tls.CipherSuiteName(state.CipherSuite))
		}
	case shown != nil:
		say(h.me, h.them, "ClientHello: for "+u.ask.Name)
		say(h.them, h.me, "ServerHello: "+tls.VersionName(shown.Version)+", "+tls.CipherSuiteName(shown.CipherSuite)+", "+secure.DescribeServer(shown))
	}
}

// unsecured tells the host that TLS did not come about, or is over.
func (h *hub) unsecured(c *conn, cause trace.Pos, why string) {
	pos := h.record(trace.Event{Kind: trace.Unsecured, Conn: c.id, Peer: h.them, Octets: h.hold([]byte(why)), Cause: cause})
	h.host.TLSFailed(c.id, why, pos)
}

// unclosed are the words of a [trace.Reset] where the other end has closed the
// connection and not TLS, or somebody in between has who kept back what was said
// last (RFC 8446 §6.1).
const unclosed = "closed without a close_notify"

// stopped says why a handshake was not waited for.
const stopped = "this side was told to stop"

// failed says whether TLS itself has failed, by an alert of either side, and not
// the connection below.
func failed(err error) bool {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &header):
		return true
	case errors.As(err, &op):
		return op.Op == "local error" || op.Op == "remote error"
	}
	return strings.HasPrefix(err.Error(), "tls: ")
}

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
