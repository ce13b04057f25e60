package secure_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"helo/sim/secure"
)

// kinds are the authorities there are.
var kinds = []struct {
	name string
	make func(name string, rand io.Reader, from time.Time, life time.Duration) (*secure.Authority, error)
}{
	{"Ed25519", secure.NewAuthority},
	{"P-256", secure.NewAuthorityP256},
}

func TestCertificatesAreWhatWasAskedFor(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			ca, err := kind.make("Example CA", stream("ca"), from, 10*365*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := ca.Expires(), from.Add(10*365*24*time.Hour); !got.Equal(want) || !ca.Begins().Equal(from) {
				t.Errorf("the authority is valid from %v to %v, want %v", ca.Begins(), got, want)
			}
			cert, err := ca.Issue(secure.Leaf{
				Names: []string{"localhost", "mx.receiver.example"}, IPs: []net.IP{net.ParseIP("127.0.0.1"), net.IPv6loopback},
				NotBefore: from, NotAfter: from.AddDate(1, 0, 0),
			}, stream("leaf"))
			if err != nil {
				t.Fatal(err)
			}
			leaf := cert.Leaf
			if leaf.SerialNumber.Sign() != 1 || len(leaf.SerialNumber.Bytes()) != 16 { // RFC 5280 §4.1.2.2
				t.Errorf("the serial number is %d", leaf.SerialNumber)
			}
			for _, name := range []string{"localhost", "mx.receiver.example", "127.0.0.1", "::1"} {
				if err := leaf.VerifyHostname(name); err != nil {
					t.Error(err)
				}
			}
			if leaf.VerifyHostname("mx.other.example") == nil {
				t.Error("it is for others as well")
			}
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: ca.Pool(), CurrentTime: from.AddDate(0, 6, 0)}); err != nil {
				t.Error(err)
			}
			if !ca.Issued(leaf) || authority(t, "Example CA").Issued(leaf) {
				t.Error("it is from another authority")
			}
			if leaf.IsCA {
				t.Error("the server may issue certificates itself")
			}
			if !leaf.NotBefore.Equal(from) || !leaf.NotAfter.Equal(from.AddDate(1, 0, 0)) {
				t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
			}
			_, edwards := cert.PrivateKey.(ed25519.PrivateKey)
			_, nist := cert.PrivateKey.(*ecdsa.PrivateKey)
			if edwards != (kind.name == "Ed25519") || nist == edwards {
				t.Errorf("its key is a %T", cert.PrivateKey)
			}
		})
	}
}

func TestPEMComesBackTheSame(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			ca, err := kind.make("Example CA", stream("ca"), start.AddDate(0, -1, 0), 365*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			again, err := secure.ParseAuthority(ca.CertPEM(), ca.KeyPEM())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.CertPEM(), ca.CertPEM()) || !bytes.Equal(again.KeyPEM(), ca.KeyPEM()) {
				t.Error("the authority has changed")
			}
			cert := issue(t, again, "mx.receiver.example")
			certPEM, keyPEM, err := secure.MarshalCertificate(cert)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := tls.X509KeyPair(certPEM, keyPEM)
			if err != nil {
				t.Fatal(err)
			}
			h := house{ca, parsed} // whoever trusts the one trusts what the other issues
			client, server := h.ends(t, "1")
			handshake(t, client, server)
		})
	}
}

func TestMistakesInMakingAndReading(t *testing.T) {
	h := newHouse(t)
	other := authority(t, "Other CA")
	leafPEM, leafKey, err := secure.MarshalCertificate(h.cert)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no chance left")
	for _, tt := range []struct {
		name string
		do   func() error
		want string
	}{
		{"no name", func() error {
			_, err := h.ca.Issue(secure.Leaf{NotBefore: start, NotAfter: start.AddDate(0, 1, 0)}, stream("x"))
			return err
		}, "needs a host name or an address"},
		{"a name outside ASCII", func() error {
			_, err := h.ca.Issue(secure.Leaf{Names: []string{"mx.bücher.example"}, NotBefore: start, NotAfter: start.AddDate(0, 1, 0)}, stream("x"))
			return err
		}, "failed to issue a certificate"},
		{"no chance for a leaf", func() error {
			_, err := h.ca.Issue(secure.Leaf{Names: []string{"mx.receiver.example"}}, failing{broken})
			return err
		}, broken.Error()},
		{"no chance for an authority", func() error {
			_, err := secure.NewAuthority("Example CA", failing{broken}, start, time.Hour)
			return err
		}, broken.Error()},
		{"an authority's certificate with another key", func() error {
			_, err := secure.ParseAuthority(h.ca.CertPEM(), other.KeyPEM())
			return err
		}, "private key does not match"},
		{"a server's certificate in place of an authority's", func() error {
			_, err := secure.ParseAuthority(leafPEM, leafKey)
			return err
		}, "may not sign others"},
		{"no PEM", func() error {
			_, err := secure.ParseAuthority([]byte("x"), []byte("y"))
			return err
		}, "failed to read the authority"},
		{"nothing to write", func() error {
			_, _, err := secure.MarshalCertificate(tls.Certificate{})
			return err
		}, "there is none"},
		{"a certificate without a key", func() error {
			_, _, err := secure.MarshalCertificate(tls.Certificate{Certificate: h.cert.Certificate})
			return err
		}, "failed to write a private key"},
	} {
		if err := tt.do(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// failing is chance that runs out.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestOpportunisticTLS: a client may encrypt without asking with whom
// (RFC 7435).
func TestOpportunisticTLS(t *testing.T) {
	h := newHouse(t)
	config := secure.ClientConfig("mx.other.example", nil, stream("client"), now)
	config.InsecureSkipVerify = true
	client := secure.NewClient(config)
	server := secure.NewServer(secure.ServerConfig(h.cert, stream("server"), now))
	defer client.Stop()
	defer server.Stop()
	handshake(t, client, server)
	if s := server.ConnectionState(); s.ServerName != "mx.other.example" {
		t.Errorf("the server was asked for %q", s.ServerName)
	}
}
