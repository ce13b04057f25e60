package secure

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// The types of the PEM blocks that are written (RFC 7468 §5.1, §10).
const (
	certType = "CERTIFICATE"
	keyType  = "PRIVATE KEY"
)

// CertPEM is the authority's certificate as text (RFC 7468 §5).
func (a *Authority) CertPEM() []byte { return encodePEM(certType, a.cert.Raw) }

// KeyPEM is the authority's private key as text (RFC 7468 §10). Who has it can
// make certificates for any name.
func (a *Authority) KeyPEM() []byte { return append([]byte(nil), a.keyPEM...) }

// ParseAuthority reads what [Authority.CertPEM] and [Authority.KeyPEM] wrote. It
// is an error if the two do not belong together, or the certificate is none of
// an authority.
func ParseAuthority(certPEM, keyPEM []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("failed to read the authority: %w", err)
	}
	if !pair.Leaf.IsCA {
		return nil, errors.New("failed to read the authority: its certificate may not sign others")
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("failed to read the authority: its key, a %T, cannot sign", pair.PrivateKey)
	}
	return newAuthority(pair.Leaf, signer)
}

// MarshalCertificate writes a server's certificate, with those that came with
// it, and its private key as text. [tls.X509KeyPair] reads them.
func MarshalCertificate(c tls.Certificate) (certPEM, keyPEM []byte, err error) {
	if len(c.Certificate) == 0 {
		return nil, nil, errors.New("failed to write a certificate: there is none")
	}
	for _, der := range c.Certificate {
		certPEM = append(certPEM, encodePEM(certType, der)...)
	}
	keyPEM, err = marshalKey(c.PrivateKey)
	return certPEM, keyPEM, err
}

func marshalKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("failed to write a private key: %w", err)
	}
	return encodePEM(keyType, der), nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
