package secure_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"helo/sim/secure"
)

// start is when all tests of this package happen.
var start = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

func now() time.Time { return start }

// stream is a random stream for a purpose.
func stream(what string) io.Reader { return secure.Rand(sha256.Sum256([]byte(what))) }

// often is n, or a tenth of it with the race detector, which makes arithmetic
// slow.
func often(n int) int {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return n / 10
	}
	return n
}

// house is an authority and a server's certificate from it.
type house struct {
	ca   *secure.Authority
	cert tls.Certificate
}

func newHouse(tb testing.TB) *house {
	tb.Helper()
	ca, err := secure.NewAuthority("Example CA", stream("ca"), start.AddDate(0, -1, 0), 365*24*time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return &house{ca, issue(tb, ca, "mx.receiver.example")}
}

// issue makes a certificate that is valid for a month before and after start.
func issue(tb testing.TB, ca *secure.Authority, names ...string) tls.Certificate {
	tb.Helper()
	leaf := secure.Leaf{Names: names, NotBefore: start.AddDate(0, -1, 0), NotAfter: start.AddDate(0, 1, 0)}
	cert, err := ca.Issue(leaf, stream("leaf"))
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

// ends are the two ends of a connection, with the chance of that seed.
func (h *house) ends(tb testing.TB, seed string) (client, server *secure.End) {
	tb.Helper()
	client = secure.NewClient(secure.ClientConfig("mx.receiver.example", h.ca.Pool(), stream("client "+seed), now))
	server = secure.NewServer(secure.ServerConfig(h.cert, stream("server "+seed), now))
	tb.Cleanup(client.Stop)
	tb.Cleanup(server.Stop)
	return client, server
}

// exchange carries octets to and fro until neither end has anything to say, and
// returns all that passed, in its order.
func exchange(client, server *secure.End) []byte {
	client.Start()
	server.Start()
	var passed []byte
	for {
		up := bytes.Clone(client.Output())
		server.Feed(up)
		down := bytes.Clone(server.Output())
		client.Feed(down)
		if len(up)+len(down) == 0 {
			return passed
		}
		passed = append(append(passed, up...), down...)
	}
}

// handshake makes both ends complete it.
func handshake(tb testing.TB, client, server *secure.End) []byte {
	tb.Helper()
	passed := exchange(client, server)
	if client.Err() != nil || server.Err() != nil || !client.Done() || !server.Done() {
		tb.Fatalf("the handshake: client %v, %v, server %v, %v", client.Done(), client.Err(), server.Done(), server.Err())
	}
	return passed
}

// write has an end say something.
func write(tb testing.TB, e *secure.End, text string) {
	tb.Helper()
	if err := e.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
}

func TestBothEndsSpeakAndSayGoodbye(t *testing.T) {
	client, server := newHouse(t).ends(t, "1")
	if err := client.Write([]byte("early")); err != secure.ErrEarly {
		t.Errorf("before the handshake Write says %v, want %v", err, secure.ErrEarly)
	}
	if v := client.ConnectionState().Version; v != 0 {
		t.Errorf("before the handshake the version is %x", v)
	}
	handshake(t, client, server)
	for _, e := range []*secure.End{client, server} {
		s := e.ConnectionState()
		if s.Version != tls.VersionTLS13 || s.CurveID != tls.X25519 || !s.HandshakeComplete {
			t.Errorf("agreed upon %x, %v", s.Version, s.CurveID)
		}
	}
	if names := client.ConnectionState().PeerCertificates[0].DNSNames; len(names) != 1 || names[0] != "mx.receiver.example" {
		t.Errorf("the certificate is for %v", names)
	}

	write(t, client, "EHLO mail.sender.example\r\n")
	exchange(client, server)
	if got := string(server.Plain()); got != "EHLO mail.sender.example\r\n" {
		t.Errorf("the server reads %q", got)
	}
	if got := string(server.Plain()); got != "" {
		t.Errorf("and again %q", got)
	}
	write(t, server, "250 mx.receiver.example\r\n")
	client.CloseWrite()
	exchange(client, server)
	if got := string(client.Plain()); got != "250 mx.receiver.example\r\n" {
		t.Errorf("the client reads %q", got)
	}
	if server.Err() != io.EOF || client.Err() != nil {
		t.Errorf("after the client's close_notify: server %v, want EOF; client %v, want nil", server.Err(), client.Err())
	}

	// The other direction stays open (RFC 8446 §6.1).
	write(t, server, "221 bye\r\n")
	server.CloseWrite()
	exchange(client, server)
	if got := string(client.Plain()); got != "221 bye\r\n" || client.Err() != io.EOF {
		t.Errorf("after the server's: client reads %q, %v", got, client.Err())
	}
	if err := client.Write([]byte("more")); err == nil {
		t.Error("the client writes on after its close_notify")
	}
	server.PeerClosed()
	if server.Err() != io.EOF {
		t.Errorf("the end of the connection after a close_notify is %v", server.Err())
	}
}
