package live

// What the tests of TLS on sockets share: certificates, a server with logins, and
// a peer that knows a close_notify from a line that just ends.

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// testCertificate is one for mx.receiver.example, and who trusts it.
var testCertificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	now := time.Now()
	ca, err := secure.NewAuthorityP256("an authority of a test", rand.Reader, now.Add(-time.Hour), 48*time.Hour)
	if err != nil {
		panic(err)
	}
	cert, err := ca.Issue(secure.Leaf{Names: []string{"mx.receiver.example"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}, rand.Reader)
	if err != nil {
		panic(err)
	}
	return cert, ca.Pool()
})

// submission is a server where alice logs in inside TLS.
func submission() Config {
	c := Config{Host: mx()}
	s := c.Host.Server
	s.Extensions |= smtp.StartTLS | smtp.Auth
	s.Accounts = sasl.NewAccounts([]sasl.Account{{User: "alice", Password: "wonderland"}})
	cert, _ := testCertificate()
	c.TLS = ServerTLS(cert)
	return c
}

// errTruncated is what a peer reads where the line ends without a close_notify.
var errTruncated = errors.New("the line ended without a close_notify")

// strict is a connection whose end is no end of TLS: crypto/tls itself takes one
// between two records for a close_notify.
type strict struct{ net.Conn }

func (s strict) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		err = errTruncated
	}
	return n, err
}

// versions of TLS whose ends differ (RFC 5246 §7.2.1, RFC 8446 §6.1).
var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// spoilt is a connection that may begin to change what comes.
type spoilt struct {
	net.Conn
	from atomic.Bool
}

func (s *spoilt) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && s.from.Load() {
		p[n-1] ^= 1
	}
	return n, err
}

// dialTLS is a client inside TLS from the first octet, and what is below.
func dialTLS(t testing.TB, addr string, version uint16) (*talker, net.Conn) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	below := &spoilt{Conn: nc}
	_, roots := testCertificate()
	end := tls.Client(strict{below}, &tls.Config{RootCAs: roots, ServerName: "mx.receiver.example", MinVersion: version, MaxVersion: version})
	end.SetDeadline(time.Now().Add(30 * time.Second))
	if err := end.Handshake(); err != nil {
		t.Fatal(err)
	}
	return &talker{t, end, bufio.NewReader(end)}, below
}

// insider is a client config that wants the right certificate.
func insider(mode host.TLSMode) func(*ClientConfig) {
	return func(c *ClientConfig) {
		_, roots := testCertificate()
		c.Host.TLS, c.Host.Client.Server, c.TLS = mode, "mx.receiver.example", &tls.Config{RootCAs: roots}
	}
}

// secretly serves one connection with a function of its own, inside TLS from the
// first octet, and then reads it to its end, of which it tells. A handshake that
// fails is one, too.
func secretly(t *testing.T, version uint16, serve func(c *tls.Conn, in *bufio.Reader)) (netip.AddrPort, <-chan error) {
	t.Helper()
	ends := make(chan error, 1)
	return scripted(t, func(c net.Conn, _ *bufio.Reader) {
		cert, _ := testCertificate()
		end := tls.Server(strict{c}, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version})
		if err := end.Handshake(); err != nil {
			ends <- fmt.Errorf("in the handshake: %w", err)
			return
		}
		in := bufio.NewReader(end)
		serve(end, in)
		_, err := io.Copy(io.Discard, in)
		ends <- err
	}), ends
}

// shows fails unless the trace has an event of that kind with these words, soon.
func shows(t *testing.T, tr *trace.Trace, kind trace.Kind, words string) {
	t.Helper()
	var found []string
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		found = found[:0]
		for pos := trace.Pos(0); pos < tr.End(); pos++ {
			if e := tr.At(pos); e.Kind == kind {
				if found = append(found, string(tr.OctetsAt(pos))); strings.Contains(found[len(found)-1], words) && (words != "" || e.Octets.Len == 0) {
					return
				}
			}
		}
	}
	t.Errorf("%v with the words %q: not found, only %q", kind, words, found)
}

// quiet waits until a server has no connection any more.
func quiet(t *testing.T, s *Server, within time.Duration) {
	t.Helper()
	for until := time.Now().Add(within); s.Connections() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d connections are still open after %v", s.Connections(), within)
		}
	}
}
