package secure_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"helo/sim/secure"
)

// mismatch is a handshake that fails, and what each end says about it.
type mismatch struct {
	name           string
	client, server string
	change         func(t *testing.T, h *house, client, server *tls.Config)
}

// present makes the server show another certificate of the authority.
func present(change func(l *secure.Leaf)) func(*testing.T, *house, *tls.Config, *tls.Config) {
	return func(t *testing.T, h *house, _, server *tls.Config) {
		l := secure.Leaf{Names: []string{"mx.receiver.example"}, NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(1, 0, 0)}
		change(&l)
		cert, err := h.ca.Issue(l, stream("leaf"))
		if err != nil {
			t.Fatal(err)
		}
		server.Certificates = []tls.Certificate{cert}
	}
}

// craft makes the server show a certificate of any form. parent nil: it signs
// itself.
func craft(t *testing.T, server *tls.Config, template *x509.Certificate, parent *tls.Certificate) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = start.AddDate(0, -1, 0), start.AddDate(0, 1, 0)
	above, signer := template, any(key)
	if parent != nil {
		above, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(stream("craft"), template, above, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	server.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	if parent != nil {
		server.Certificates[0].Certificate = append(server.Certificates[0].Certificate, parent.Certificate...)
	}
}

const refusedBad = "the other side refused: bad certificate"

var mismatches = []mismatch{
	{"expired", "the certificate expired on 2026-10-24", refusedBad,
		present(func(l *secure.Leaf) { l.NotAfter = time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC) })},
	{"not yet valid", "the certificate is valid only from 2026-12-24 on", refusedBad,
		present(func(l *secure.Leaf) { l.NotBefore = time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC) })},
	{"wrong name", "the certificate is for mx.other.example, not mx.receiver.example", refusedBad,
		present(func(l *secure.Leaf) { l.Names = []string{"mx.other.example"} })},
	{"many names", "the certificate is for a.example, b.example, c.example and 3 more, not mx.receiver.example", refusedBad,
		present(func(l *secure.Leaf) {
			l.Names = []string{"a.example", "b.example", "c.example", "d.example", "e.example"}
			l.IPs = []net.IP{net.ParseIP("192.0.2.1")}
		})},
	{"an address only", "the certificate is for 192.0.2.1, not mx.receiver.example", refusedBad,
		present(func(l *secure.Leaf) { l.Names, l.IPs = nil, []net.IP{net.ParseIP("192.0.2.1")} })},
	{"a name that is none", "the certificate is for ??31m?.example, not mx.receiver.example", refusedBad,
		present(func(l *secure.Leaf) { l.Names = []string{"\x1b]31m\x07.example"} })},
	{"a long name", "the certificate is for " + strings.Repeat("a", 100) + "..., not mx.receiver.example", refusedBad,
		present(func(l *secure.Leaf) { l.Names = []string{strings.Repeat("a", 5000)} })},
	{"unknown authority", "nobody we trust has signed the certificate", refusedBad,
		func(t *testing.T, _ *house, client, _ *tls.Config) { client.RootCAs = authority(t, "Other CA").Pool() }},
	{"another authority of that name", "nobody we trust has signed the certificate", refusedBad,
		func(t *testing.T, _ *house, client, _ *tls.Config) {
			client.RootCAs = authority(t, "Example CA").Pool()
		}},
	{"no authority at all", "nobody we trust has signed the certificate", refusedBad,
		func(_ *testing.T, _ *house, client, _ *tls.Config) {
			client.RootCAs = secure.ClientConfig("", nil, nil, now).RootCAs
		}},
	{"the authority has expired", "the certificate of the authority that signed the server's expired on 2027-10-23", refusedBad,
		func(t *testing.T, h *house, client, server *tls.Config) {
			present(func(l *secure.Leaf) { l.NotAfter = start.AddDate(5, 0, 0) })(t, h, client, server)
			client.Time = func() time.Time { return start.AddDate(2, 0, 0) }
		}},
	{"signed by itself", "nobody we trust has signed the certificate; it is signed by itself", refusedBad,
		func(t *testing.T, _ *house, _, server *tls.Config) {
			craft(t, server, &x509.Certificate{DNSNames: []string{"mx.receiver.example"}}, nil)
		}},
	{"signed by a server", "nobody we trust has signed the certificate", refusedBad,
		func(t *testing.T, h *house, _, server *tls.Config) {
			craft(t, server, &x509.Certificate{DNSNames: []string{"mx.receiver.example"}}, &h.cert)
		}},
	{"no host at all", "the certificate is for no host at all, and not for mx.receiver.example", refusedBad,
		func(t *testing.T, _ *house, _, server *tls.Config) {
			craft(t, server, &x509.Certificate{EmailAddresses: []string{"bob@receiver.example"}}, nil)
		}},
	{"not for servers", "the certificate is not meant for servers", refusedBad,
		func(t *testing.T, h *house, client, server *tls.Config) {
			template := &x509.Certificate{DNSNames: []string{"mx.receiver.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
			craft(t, server, template, nil)
			client.RootCAs = x509.NewCertPool()
			leaf, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			client.RootCAs.AddCert(leaf)
		}},
	{"old client", "the other side refused: protocol version not supported", "there is no version of TLS that both sides speak",
		func(_ *testing.T, _ *house, client, _ *tls.Config) {
			client.MinVersion, client.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		}},
	{"other curves", "the other side refused: handshake failure", "there is no key exchange that both sides know",
		func(_ *testing.T, _ *house, client, _ *tls.Config) {
			client.CurvePreferences = []tls.CurveID{tls.CurveP256}
		}},
	{"other protocols", "the other side refused: no application protocol", "there is no application protocol that both sides speak",
		func(_ *testing.T, _ *house, client, server *tls.Config) {
			client.NextProtos, server.NextProtos = []string{"\x1bx"}, []string{"smtp"}
		}},
	{"a server without a certificate", "the other side refused: unrecognized name", "this side has no certificate",
		func(_ *testing.T, _ *house, _, server *tls.Config) { server.Certificates = nil }},
	{"a client that wants nobody", "this side does not say whom it wants to talk to", "",
		func(_ *testing.T, _ *house, client, _ *tls.Config) { client.ServerName = "" }},
	{"the key of another", "the other side has not the key that belongs to its certificate", "the other side refused: error decrypting message",
		func(t *testing.T, h *house, _, server *tls.Config) {
			server.Certificates[0].PrivateKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
		}},
	{"a certificate asked of the client", "", "the other side shows no certificate",
		func(_ *testing.T, _ *house, _, server *tls.Config) { server.ClientAuth = tls.RequireAnyClientCert }},
}

func authority(t *testing.T, name string) *secure.Authority {
	t.Helper()
	ca, err := secure.NewAuthority(name, stream("another authority"), start.AddDate(0, -1, 0), 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestReasonOfEachMismatch(t *testing.T) {
	for _, m := range mismatches {
		t.Run(m.name, func(t *testing.T) {
			h := newHouse(t)
			cc := secure.ClientConfig("mx.receiver.example", h.ca.Pool(), stream("client"), now)
			sc := secure.ServerConfig(h.cert, stream("server"), now)
			m.change(t, h, cc, sc)
			client, server := secure.NewClient(cc), secure.NewServer(sc)
			defer client.Stop()
			defer server.Stop()
			// Only until one of the two fails and has said so.
			client.Start()
			server.Feed(client.Output())
			client.Feed(server.Output())
			server.Feed(client.Output())
			untrusted := strings.HasPrefix(m.client, "nobody we trust")
			if why := secure.Classify(client.Err()); (why == secure.Untrusted) != untrusted || (why == secure.Fine) != (client.Err() == nil) {
				t.Errorf("the client's error %v is of the kind %d", client.Err(), why)
			}
			if got := secure.Reason(client.Err()); got != m.client {
				t.Errorf("the client says %q of %v, want %q", got, client.Err(), m.client)
			}
			if got := secure.Reason(server.Err()); got != m.server {
				t.Errorf("the server says %q of %v, want %q", got, server.Err(), m.server)
			}
			if client.Err() != nil && client.Write([]byte("x")) == nil {
				t.Error("the client writes on")
			}
			client.Feed([]byte("more"))
			client.PeerClosed()
			if got := secure.Reason(client.Err()); m.client != "" && got != m.client {
				t.Errorf("the client then says %q", got)
			}
		})
	}
}

// TestReasonOfWhatCame feeds an end, at some point of a good connection, with
// something that does not belong there.
func TestReasonOfWhatCame(t *testing.T) {
	const fresh, midway, complete = 0, 1, 2
	for _, tt := range []struct {
		name, feed string
		at         int
		client     bool // who is fed
		want       string
	}{
		{"a command to a server", "EHLO mail.sender.example\r\n", fresh, false, "what came is no TLS record"},
		{"an old hello to a server", "\x80\x2e\x01\x00\x02\x00\x15\x00\x00", fresh, false, "what came is no TLS record"},
		{"a reply to a client", "454 4.7.0 TLS not available\r\n", fresh, true, "what came is no TLS record"},
		{"a reply in place of a handshake's rest", "250 \x1b[31m\r\n", midway, false, "what came is no TLS record"},
		{"a command after the handshake", "EHLO mail.sender.example\r\n", complete, false, "what came is no TLS record"},
		{"a long record", "\x16\x03\x03\xff\xff\x01", complete, false, "what came is no TLS record"},
		{"a record of another's", "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), complete, false, "what came cannot be decrypted"},
		{"a record without a cipher", "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), fresh, true, "what came is no TLS record"},
		{"a handshake that is none", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", fresh, false, "a message of the handshake makes no sense"},
		{"a message of unknown kind", "\x16\x03\x01\x00\x04\xee\x00\x00\x00", fresh, true, "what came is not what TLS asks for now"},
		{"a client's message to a client", "\x16\x03\x01\x00\x04\x0e\x00\x00\x00", fresh, true, "what came is not what the handshake asks for now"},
		{"a message of 16 MiB", "\x16\x03\x01\x00\x04\x01\xff\xff\xff", fresh, false, "a message of the handshake is too long"},
		{"an alert", "\x15\x03\x03\x00\x02\x02\x2d", fresh, true, "the other side refused: expired certificate"},
		{"an alert of an unknown kind", "\x15\x03\x03\x00\x02\x02\xc8", fresh, true, "the other side refused: alert(200)"},
		{"a goodbye in the handshake", "\x15\x03\x03\x00\x02\x01\x00", fresh, true, "the other side ended TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, server := newHouse(t).ends(t, "1")
			fed := server
			if tt.client {
				fed = client
			}
			client.Start()
			switch tt.at {
			case midway:
				server.Feed(client.Output())
			case complete:
				handshake(t, client, server)
			}
			fed.Feed([]byte(tt.feed))
			if why := secure.Classify(fed.Err()); (why == secure.NoRecord) != (tt.want == "what came is no TLS record") {
				t.Errorf("%v is of the kind %d", fed.Err(), why)
			}
			if got := secure.Reason(fed.Err()); got != tt.want {
				t.Errorf("says %q of %v, want %q", got, fed.Err(), tt.want)
			}
			if fed.Done() != (tt.at == complete) {
				t.Errorf("done: %v", fed.Done())
			}
		})
	}
}

// TestEndOfTheConnectionIsNoGoodbye: only a close_notify says that all has come
// (RFC 8446 §6.1).
func TestEndOfTheConnectionIsNoGoodbye(t *testing.T) {
	h := newHouse(t)
	client, server := h.ends(t, "1")
	client.Start()
	hello := bytes.Clone(client.Output())
	server.Feed(hello)
	flight := bytes.Clone(server.Output())
	cut := func(what string, e *secure.End) {
		t.Helper()
		e.PeerClosed()
		if !errors.Is(e.Err(), secure.ErrCut) || secure.Reason(e.Err()) != "the connection ended before TLS did" {
			t.Errorf("%s: %v", what, e.Err())
		}
		e.Stop()
	}
	for n := range hello {
		_, server := h.ends(t, "1")
		server.Feed(hello[:n])
		cut("in the ClientHello", server)
	}
	for n := range flight {
		client, _ := h.ends(t, "1")
		client.Start()
		client.Feed(flight[:n])
		cut("in the server's answer", client)
	}
	cut("before the client's Finished", server)

	client, server = h.ends(t, "2")
	handshake(t, client, server)
	write(t, client, "DATA\r\n")
	server.Feed(client.Output())
	cut("without a close_notify", server)
	if got := string(server.Plain()); got != "DATA\r\n" {
		t.Errorf("what had come before is lost: %q", got)
	}

	client, server = h.ends(t, "3")
	handshake(t, client, server)
	client.CloseWrite()
	server.Feed(client.Output())
	server.PeerClosed()
	if server.Err() != io.EOF || secure.Reason(server.Err()) != "the other side ended TLS" {
		t.Errorf("after a close_notify: %v", server.Err())
	}
}

// TestReasonOfErrorsFromElsewhere: a live server meets those of its sockets too.
func TestReasonOfErrorsFromElsewhere(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{io.ErrUnexpectedEOF, "the connection ended before TLS did"},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, "the connection failed"},
		{&net.DNSError{IsTimeout: true}, "it took too long"},
		{secure.ErrEarly, "the TLS handshake is not complete yet"},
		{secure.ErrStopped, "TLS was stopped"},
		{errors.New("tls: something \x1b[31m new"), "the TLS handshake failed"},
		{&tls.CertificateVerificationError{Err: errors.New("x509: \x1b")}, "the certificate cannot be trusted"},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "nobody we trust has signed the certificate"},
	} {
		if got := secure.Reason(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

// RFC 9525 §6.2: a host whose name looks like an address is not that address.
func TestRFC9525_6_2_AnAddressIsNoName(t *testing.T) {
	err := x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"localhost", "127.0.0.1"}}, Host: "127.0.0.1"}
	if got := secure.Reason(&tls.CertificateVerificationError{Err: err}); got != "the certificate is for localhost, a host named 127.0.0.1, not the address" {
		t.Error(got)
	}
}
