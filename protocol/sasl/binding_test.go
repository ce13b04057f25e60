package sasl

// Bindings of real TLS connections.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
)

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mx.receiver.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// connection returns the state of a TLS connection at its client and its server.
func connection(t *testing.T, cert tls.Certificate, version uint16) (client, server tls.ConnectionState) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	c := tls.Client(a, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
	s := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, SessionTicketsDisabled: true})
	done := make(chan error)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState(), s.ConnectionState()
}

func TestRFC9266_2_BothEndsExportTheSame(t *testing.T) {
	cert := certificate(t)
	seen := map[string]bool{}
	for range 2 {
		client, server := connection(t, cert, tls.VersionTLS13)
		a, b := BindExporter(&client), BindExporter(&server)
		if a == nil || b == nil {
			t.Fatal("nothing to bind to")
		}
		want, err := client.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
		if err != nil || a.Type != "tls-exporter" || b.Type != a.Type || !bytes.Equal(a.Data, want) || !bytes.Equal(b.Data, want) {
			t.Errorf("%x, %x, want %x, %v", a.Data, b.Data, want, err)
		}
		if seen[string(a.Data)] {
			t.Error("two connections have the same binding")
		}
		seen[string(a.Data)] = true

		accounts := NewAccounts([]Account{{User: "alice", Password: "wonderland"}})
		x, err := NewExchange(nameScramPlus, ServerOptions{Accounts: accounts, Nonce: "server", Binding: b, BindingOffered: true})
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLogin(nameScramPlus, ClientOptions{Credentials: Credentials{User: "alice", Password: "wonderland"}, Nonce: "client", Binding: a})
		if err != nil {
			t.Fatal(err)
		}
		if o := talk(t, l, x, nil); !o.in() {
			t.Errorf("%v, %v", o.server, o.client)
		}
	}
}

// RFC 9266 §2, RFC 5705 §4: before the handshake is over there is nothing to bind
// to, nor in TLS 1.2, where an empty context is not the same as none.
func TestRFC9266_2_NothingToBindTo(t *testing.T) {
	client, server := connection(t, certificate(t), tls.VersionTLS12)
	for _, state := range []*tls.ConnectionState{{}, {Version: tls.VersionTLS13}, &client, &server} {
		if b := BindExporter(state); b != nil {
			t.Errorf("%+v", b)
		}
	}
}
