package sasl

// Channel bindings: what ties a login to the TLS connection it is made over.

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/xdg-go/scram"
)

// Binding is what ties a login to the TLS connection it is made over, so that
// no one in the middle can pass it on over a connection of their own (RFC 5056
// §1). A nil pointer is a connection without TLS.
type Binding struct {
	Type string // [TLSExporter] or [TLSServerEndPoint]
	Data []byte // what both ends of the connection, and no others, see alike
}

// The types of channel bindings. Both ends have to use the same;
// tls-exporter is what TLS 1.3 has for all (RFC 9266 §3).
const (
	TLSExporter       = "tls-exporter"         // RFC 9266 §2
	TLSServerEndPoint = "tls-server-end-point" // RFC 5929 §4
)

// BindExporter returns the binding tls-exporter of a TLS connection, the same at
// both ends: octets that come of its secrets (RFC 9266 §2). It is an error if
// the handshake is not over, or if it is of an older TLS without the extended
// master secret.
func BindExporter(state *tls.ConnectionState) (*Binding, error) {
	if state == nil || !state.HandshakeComplete {
		return nil, errors.New(TLSExporter + ": expected a TLS connection whose handshake is over")
	}
	return binding(scram.NewTLSExporterBinding(state))
}

// BindServerEndPoint returns the binding tls-server-end-point: a digest of the
// server's certificate (RFC 5929 §4.1). It is an error if the certificate is
// signed without a hash of its own, as by Ed25519: then there is no such
// binding.
func BindServerEndPoint(certificate *x509.Certificate) (*Binding, error) {
	if certificate == nil {
		return nil, errors.New(TLSServerEndPoint + ": expected a certificate")
	}
	return binding(scram.NewTLSServerEndpointBinding(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}))
}

func binding(b scram.ChannelBinding, err error) (*Binding, error) {
	if err != nil {
		return nil, err
	}
	return &Binding{Type: string(b.Type), Data: b.Data}, nil
}

// known says whether a login can be bound to it.
func (b *Binding) known() bool {
	return b != nil && len(b.Data) > 0 && (b.Type == TLSExporter || b.Type == TLSServerEndPoint)
}
