package sasl

// Bindings of real TLS connections.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
)

func certificate(t *testing.T, public, private any) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mx.receiver.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

func ecdsaCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificate(t, key.Public(), key)
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
	cert := ecdsaCertificate(t)
	seen := map[string]bool{}
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS12} {
		client, server := connection(t, cert, version)
		a, err := BindExporter(&client)
		if err != nil {
			t.Fatal(err)
		}
		b, err := BindExporter(&server)
		if err != nil {
			t.Fatal(err)
		}
		want, err := client.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
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

func TestRFC9266_2_NoExporterBeforeTheHandshakeIsOver(t *testing.T) {
	for _, state := range []*tls.ConnectionState{nil, {}} {
		if b, err := BindExporter(state); err == nil {
			t.Errorf("%+v", b)
		}
	}
}

func TestRFC5929_4_1_ADigestOfTheCertificate(t *testing.T) {
	cert := ecdsaCertificate(t)
	client, _ := connection(t, cert, tls.VersionTLS13)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(cert.Certificate[0]) // it is signed with ECDSA and SHA-256
	for _, c := range []*x509.Certificate{leaf, client.PeerCertificates[0]} {
		b, err := BindServerEndPoint(c)
		if err != nil || b.Type != "tls-server-end-point" || !bytes.Equal(b.Data, want[:]) {
			t.Errorf("%+v, %v", b, err)
		}
	}
	if b, err := BindServerEndPoint(nil); err == nil {
		t.Errorf("%+v", b)
	}
}

func TestRFC5929_4_1_NoneWithoutAHash(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate(t, public, private).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if b, err := BindServerEndPoint(leaf); err == nil {
		t.Errorf("%+v", b)
	}
}
