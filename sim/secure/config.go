package secure

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"time"
)

// ServerConfig returns the settings of a server in a simulation: TLS 1.3
// (RFC 8446), X25519, no session tickets, all chance from rand and the time from
// now, which must not be zero. One can stay with a host; [WithRand] makes that
// of a connection.
func ServerConfig(cert tls.Certificate, rand io.Reader, now func() time.Time) *tls.Config {
	c := deterministic(rand, now)
	c.Certificates = []tls.Certificate{cert}
	return c
}

// ClientConfig returns the settings of a client in a simulation, the counterpart
// of [ServerConfig]: it goes on only with a server whose certificate is for
// serverName and signed by one of roots. Set InsecureSkipVerify for a client
// that encrypts but does not ask with whom (RFC 7435).
func ClientConfig(serverName string, roots *x509.CertPool, rand io.Reader, now func() time.Time) *tls.Config {
	c := deterministic(rand, now)
	c.ServerName = serverName
	c.RootCAs = roots
	if roots == nil {
		c.RootCAs = x509.NewCertPool() // nil would mean those of the machine
	}
	return c
}

// WithRand returns a copy of c for one connection, with a rand of its own: what
// one connection draws changes nothing in another.
func WithRand(c *tls.Config, rand io.Reader) *tls.Config {
	c = c.Clone()
	c.Rand = rand
	return c
}

func deterministic(rand io.Reader, now func() time.Time) *tls.Config {
	return &tls.Config{
		Rand:                   rand,
		Time:                   now,
		MinVersion:             tls.VersionTLS13,
		MaxVersion:             tls.VersionTLS13,
		CurvePreferences:       []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: true,
		// Records of up to 16 KiB from the first on: small ones would help a slow
		// network, and fill a trace.
		DynamicRecordSizingDisabled: true,
	}
}
