package secure

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// Authority issues certificates: a certificate authority (CA) with a key and a
// certificate signed with it. It never changes and may be used by many
// goroutines.
type Authority struct {
	cert   *x509.Certificate
	key    crypto.Signer
	keyPEM []byte
	pool   *x509.CertPool
}

// NewAuthority makes an authority of that name, with an Ed25519 key
// (RFC 8410). Its certificate is valid from that time on, in whole seconds. The
// same rand, as of [Rand], gives the same octets.
func NewAuthority(name string, rand io.Reader, from time.Time, life time.Duration) (*Authority, error) {
	key, err := newEd25519(rand)
	if err != nil {
		return nil, err
	}
	return found(name, key, rand, from, life)
}

// NewAuthorityP256 makes an authority whose keys, and those of the certificates
// it issues, are on the curve P-256: for real mail programs, not all of which
// know Ed25519. Signatures on it are drawn by chance.
func NewAuthorityP256(name string, rand io.Reader, from time.Time, life time.Duration) (*Authority, error) {
	key, err := newP256(rand)
	if err != nil {
		return nil, err
	}
	return found(name, key, rand, from, life)
}

// found makes an authority with that key.
func found(name string, key crypto.Signer, rand io.Reader, from time.Time, life time.Duration) (*Authority, error) {
	serial, err := newSerial(rand)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              from.Add(life),
		IsCA:                  true,
		MaxPathLenZero:        true, // it signs leaves, and no other authority
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := sign(template, template, key.Public(), key, rand)
	if err != nil {
		return nil, fmt.Errorf("failed to make the authority %q: %w", name, err)
	}
	return newAuthority(cert, key)
}

func newAuthority(cert *x509.Certificate, key crypto.Signer) (*Authority, error) {
	keyPEM, err := marshalKey(key)
	if err != nil {
		return nil, err
	}
	a := &Authority{cert: cert, key: key, keyPEM: keyPEM, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a, nil
}

// Leaf says what is in a certificate for a server.
type Leaf struct {
	Names     []string  // host names, in ASCII; *.example stands for all right below it
	IPs       []net.IP  // addresses
	NotBefore time.Time // valid from then on, in whole seconds
	NotAfter  time.Time // and up to then
}

// Issue makes a key and a certificate for a server, signed by the authority. It
// needs a name or an address at least; that its time is within the authority's
// own is up to the caller. The same authority and rand give the same octets if
// the keys are Ed25519.
func (a *Authority) Issue(l Leaf, rand io.Reader) (tls.Certificate, error) {
	if len(l.Names) == 0 && len(l.IPs) == 0 {
		return tls.Certificate{}, errors.New("a certificate needs a host name or an address")
	}
	key, err := a.newKey(rand)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := newSerial(rand)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		DNSNames:     l.Names,
		IPAddresses:  l.IPs,
		NotBefore:    l.NotBefore,
		NotAfter:     l.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	// Who compares names looks at DNSNames only (RFC 9525 §2); people look here.
	const longest = 64 // RFC 5280 §A.1
	if len(l.Names) > 0 && len(l.Names[0]) <= longest {
		template.Subject.CommonName = l.Names[0]
	}
	cert, err := sign(template, a.cert, key.Public(), a.key, rand)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("failed to issue a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// Pool holds the authority's certificate: whoever trusts the authority has it as
// its roots. It is shared; do not add to it.
func (a *Authority) Pool() *x509.CertPool { return a.pool }

// Begins is when the authority's own certificate begins to be valid.
func (a *Authority) Begins() time.Time { return a.cert.NotBefore }

// Expires is when the authority's own certificate ends.
func (a *Authority) Expires() time.Time { return a.cert.NotAfter }

// Issued says whether the authority has signed that certificate.
func (a *Authority) Issued(leaf *x509.Certificate) bool {
	return leaf.CheckSignatureFrom(a.cert) == nil
}

// newKey makes a key of the authority's own kind, so that whoever can check the
// one signature can check the other.
func (a *Authority) newKey(rand io.Reader) (crypto.Signer, error) {
	if _, ok := a.key.(*ecdsa.PrivateKey); ok {
		return newP256(rand)
	}
	return newEd25519(rand)
}

func newEd25519(rand io.Reader) (crypto.Signer, error) {
	// By hand: ed25519.GenerateKey heeds its rand only where a setting of the
	// whole program says so.
	var seed [ed25519.SeedSize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("failed to draw a key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

func newP256(rand io.Reader) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, fmt.Errorf("failed to draw a key: %w", err)
	}
	return key, nil
}

// newSerial draws a serial number: positive, and not to be guessed
// (RFC 5280 §4.1.2.2).
func newSerial(rand io.Reader) (*big.Int, error) {
	var octets [16]byte
	if _, err := io.ReadFull(rand, octets[:]); err != nil {
		return nil, fmt.Errorf("failed to draw a serial number: %w", err)
	}
	octets[0] = octets[0]&0x3f | 0x40 // always of one length
	return new(big.Int).SetBytes(octets[:]), nil
}

// sign makes a certificate and reads it again.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer, rand io.Reader) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
