package sasl

// Channel bindings: what ties a login to the TLS connection it is made over.

import (
	"crypto/tls"

	"github.com/xdg-go/scram"
)

// Binding is what ties a login to the TLS connection it is made over, so that
// no one in the middle can pass it on over a connection of their own (RFC 5056
// §1). A nil pointer is a connection that no login can be bound to.
type Binding struct {
	Type string // such as [TLSExporter]; both ends have to use the same
	Data []byte // what both ends of the connection, and no others, see alike
}

// TLSExporter is the type of channel binding that TLS 1.3 has for all (RFC 9266
// §3).
const TLSExporter = "tls-exporter"

// BindExporter returns the binding tls-exporter of a TLS connection, the same at
// both ends: octets that come of its secrets (RFC 9266 §2). It is nil before the
// handshake is over, and for a TLS older than 1.3: there peers bind to other
// things, and those that export do not agree on how (RFC 5705 §4).
func BindExporter(state *tls.ConnectionState) *Binding {
	if !state.HandshakeComplete || state.Version < tls.VersionTLS13 {
		return nil
	}
	b, err := scram.NewTLSExporterBinding(state)
	if err != nil { // TLS is set up to export nothing
		return nil
	}
	return &Binding{Type: string(b.Type), Data: b.Data}
}

// known says whether a login can be bound to it.
func (b *Binding) known() bool { return b != nil && b.Type != "" && len(b.Data) > 0 }
