package secure

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Why is the kind of a failure, for those who act on it. What a person reads is
// [Reason].
type Why uint8

// The kinds.
const (
	Fine      Why = iota // nothing has failed
	NoRecord             // the other side does not speak TLS
	Untrusted            // no authority in which this side trusts has signed the certificate
	Otherwise            // all else
)

// Classify returns the kind of an error from [End.Err] or from crypto/tls itself.
func Classify(err error) Why {
	var (
		unknown x509.UnknownAuthorityError
		header  tls.RecordHeaderError
	)
	switch {
	case err == nil:
		return Fine
	case errors.As(err, &unknown):
		return Untrusted
	case errors.As(err, &header):
		return NoRecord
	}
	return Otherwise
}

// OfTLS says whether an error of crypto/tls is of TLS itself, by an alert of either
// side, and not of the connection below.
func OfTLS(err error) bool {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &header):
		return true
	case errors.As(err, &op):
		return op.Op == "local error" || op.Op == "remote error"
	}
	return strings.HasPrefix(err.Error(), "tls: ")
}

// Reason says in a few plain words why TLS failed or ended: of an error from
// [End.Err] or from crypto/tls itself, the end of a sentence without a dot, ""
// of nil. Nothing the peer has sent is repeated in it, but the names in its
// certificate, of which only what a host name can have is shown.
func Reason(err error) string {
	var (
		unverified *tls.CertificateVerificationError
		header     tls.RecordHeaderError
		op         *net.OpError
		slow       interface{ Timeout() bool }
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unverified):
		return distrust(unverified)
	case errors.As(err, &header):
		return "what came is no TLS record"
	case errors.Is(err, ErrStopped):
		return "TLS was stopped"
	case errors.Is(err, ErrEarly):
		return "the TLS handshake is not complete yet"
	case errors.Is(err, ErrCut), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended before TLS did"
	case errors.Is(err, io.EOF):
		return "the other side ended TLS"
	case errors.As(err, &op) && op.Op == "remote error":
		return "the other side refused: " + alertWords(op.Err)
	case errors.As(err, &op) && op.Op == "local error":
		return complaint(alertWords(op.Err))
	case errors.As(err, &slow) && slow.Timeout():
		return "it took too long"
	case errors.As(err, &op):
		return "the connection failed"
	}
	for _, f := range failures {
		if strings.HasPrefix(err.Error(), "tls: "+f.start) {
			return f.words
		}
	}
	return "the TLS handshake failed"
}

// failures are errors of crypto/tls that have no type, by how they start. The
// rest of some of them comes from the peer.
var failures = []struct{ start, words string }{
	{"client offered only unsupported versions", "there is no version of TLS that both sides speak"},
	{"server selected unsupported protocol version", "there is no version of TLS that both sides speak"},
	{"no cipher suite supported by both", "there is no cipher that both sides have"},
	{"no key exchanges supported by both", "there is no key exchange that both sides know"},
	{"server selected unsupported group", "there is no key exchange that both sides know"},
	{"peer doesn't support any of the certificate's signature algorithms", "the other side does not know the kind of key in our certificate"},
	{"client requested unsupported application protocols", "there is no application protocol that both sides speak"},
	{"received unexpected handshake message", "what came is not what the handshake asks for now"},
	{"handshake message of length", "a message of the handshake is too long"},
	{"too many ", "the other side sends records and says nothing"},
	{"failed to parse certificate", "the certificate cannot be read"},
	{"received empty certificates message", "the other side shows no certificate"},
	{"client didn't provide a certificate", "the other side shows no certificate"},
	{"invalid signature by the ", "the other side has not the key that belongs to its certificate"},
	{"invalid server finished hash", "the handshake was changed on its way"},
	{"invalid client finished hash", "the handshake was changed on its way"},
	{"no certificates configured", "this side has no certificate"},
	{"either ServerName or InsecureSkipVerify", "this side does not say whom it wants to talk to"},
	{"protocol is shutdown", "this side has ended TLS"},
}

// alertWords names an alert (RFC 8446 §6.2), as crypto/tls does.
func alertWords(alert error) string { return strings.TrimPrefix(alert.Error(), "tls: ") }

// complaint says what is behind an alert that this side has sent.
func complaint(alert string) string {
	switch alert {
	case "bad record MAC":
		return "what came cannot be decrypted"
	case "unexpected message":
		return "what came is not what TLS asks for now"
	case "record overflow":
		return "a TLS record is too long"
	case "error decoding message":
		return "a message of the handshake makes no sense"
	}
	return "this side refused: " + alert
}

// distrust says what is wrong with a certificate (RFC 5280 §6.1, RFC 9525 §6).
func distrust(err *tls.CertificateVerificationError) string {
	var (
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &name):
		return wrongName(name)
	case errors.As(err, &unknown):
		const words = "nobody we trust has signed the certificate"
		if selfSigned(unknown.Cert) {
			return words + "; it is signed by itself"
		}
		return words
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		what := "the certificate"
		if certs := err.UnverifiedCertificates; len(certs) > 0 && invalid.Cert != certs[0] {
			what = "the certificate of the authority that signed the server's"
		}
		if strings.Contains(invalid.Detail, " is before ") {
			return what + " is valid only from " + day(invalid.Cert.NotBefore) + " on"
		}
		return what + " expired on " + day(invalid.Cert.NotAfter)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "the certificate is not meant for servers"
	}
	return "the certificate cannot be trusted"
}

// selfSigned says whether a certificate is signed with its own key.
func selfSigned(c *x509.Certificate) bool {
	return c != nil && bytes.Equal(c.RawIssuer, c.RawSubject) &&
		c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// wrongName says for which hosts a certificate is.
func wrongName(e x509.HostnameError) string {
	const most = 3
	names := append([]string(nil), e.Certificate.DNSNames...)
	for _, ip := range e.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	wanted := shown(e.Host)
	if len(names) == 0 {
		return "the certificate is for no host at all, and not for " + wanted
	}
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	for i := range names {
		if names[i] = shown(names[i]); i < len(e.Certificate.DNSNames) && names[i] == wanted { // RFC 9525 §6.2
			names[i] = "a host named " + wanted
			wanted = "the address"
		}
	}
	return fmt.Sprintf("the certificate is for %s%s, not %s", strings.Join(names, ", "), more, wanted)
}

// shown is a name of which only what a host name or an address can have is left.
func shown(name string) string {
	const longest = 100
	end := ""
	if len(name) > longest {
		name, end = name[:longest], "..."
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-._*:", r):
			return r
		}
		return '?'
	}, name) + end
}

// day is a date, in UTC.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// tidy lets go of the connection that crypto/tls keeps in one of its errors.
func tidy(err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		header.Conn = nil
		return header
	}
	return err
}
