package secure

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// What a handshake says, in words for people. Names come from the peer: of them
// only printable ASCII is shown.

// DescribeHello says what is in a ClientHello: "TLS 1.3, for mx.receiver.example".
func DescribeHello(h *tls.ClientHelloInfo) string {
	words := "TLS"
	if len(h.SupportedVersions) > 0 {
		words = tls.VersionName(slices.Max(known(h.SupportedVersions)))
	}
	if h.ServerName != "" {
		words += ", for " + shown(h.ServerName)
	}
	return words
}

// DescribeCiphers lists the ciphers of TLS 1.3 in a ClientHello, in the order of
// their numbers: which of them a client would like best depends on its processor.
func DescribeCiphers(h *tls.ClientHelloInfo) string {
	var names []string
	for _, s := range tls.CipherSuites() {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS13) && slices.Contains(h.CipherSuites, s.ID) {
			names = append(names, strings.TrimPrefix(s.Name, "TLS_"))
		}
	}
	return "ciphers " + strings.Join(names, " ")
}

// known leaves out the numbers that stand for no version (RFC 8701 §2).
func known(versions []uint16) []uint16 {
	list := []uint16{0}
	for _, v := range versions {
		if v <= tls.VersionTLS13 {
			list = append(list, v)
		}
	}
	return list
}

// DescribeServer says what a server has shown: its certificate, for whom, by
// whom, and from when to when it is valid.
func DescribeServer(s *tls.ConnectionState) string {
	if len(s.PeerCertificates) == 0 {
		return "no certificate"
	}
	c := s.PeerCertificates[0]
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	for i := range names {
		names[i] = shown(names[i])
	}
	if len(names) > mostNames {
		names = append(names[:mostNames], "...")
	}
	return "certificate for " + strings.Join(names, " ") + " by " + visible(c.Issuer.CommonName) +
		", from " + c.NotBefore.UTC().Format(time.DateOnly) + " to " + c.NotAfter.UTC().Format(time.DateOnly)
}

// mostNames is how many names of a certificate are worth showing.
const mostNames = 4

// visible is a text from a peer with "?" for what is not printable ASCII.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 100)])
}

// Verify says what is wrong with the certificate a server has shown, nil if it
// is right: signed by one of roots (nil: those of the system), valid now, and
// for that name, a host name or an address. [Reason] puts the error into words.
func Verify(s *tls.ConnectionState, name string, roots *x509.CertPool, now time.Time) error {
	if len(s.PeerCertificates) == 0 {
		return &tls.CertificateVerificationError{Err: x509.ErrUnsupportedAlgorithm}
	}
	o := x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: strings.Trim(name, "[]"), Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := s.PeerCertificates[0].Verify(o); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}
