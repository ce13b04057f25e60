package scenario

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"sync"
	"time"

	"helo/sim/secure"
)

// CertificateKind says what a certificate of a scenario's host is worth.
type CertificateKind uint8

// The kinds.
const (
	Valid CertificateKind = iota
	Expired
	WrongName // for another host
	UnknownCA // signed by an authority that nobody in the scenario trusts

)

// certificates are those of a scenario: made when they are first asked for, the
// same in every run.
type certificates struct {
	mu      sync.Mutex
	trusted *secure.Authority
	other   *secure.Authority
	made    map[certificateOf]*tls.Config
	right   map[shownFor]bool
}

// shownFor is a certificate that a host has shown to one that looked for a name.
type shownFor struct {
	certificate *x509.Certificate
	name        string
}

type certificateOf struct {
	host int
	kind CertificateKind
}

// Authority is the name of the authority that a scenario's hosts trust.
const Authority = "the test authority of helo"

func (sc *Scenario) authorities() (trusted, other *secure.Authority) {
	c := &sc.certificates
	if c.trusted == nil {
		c.trusted = sc.authority(Authority)
		c.other = sc.authority("an authority nobody knows")
	}
	return c.trusted, c.other
}

// authority makes an authority. What can fail there cannot fail here: names and
// chance are ours.
func (sc *Scenario) authority(name string) *secure.Authority {
	a, err := secure.NewAuthority(name, sc.rand(name), sc.Start.AddDate(-5, 0, 0), 20*365*24*time.Hour)
	if err != nil {
		panic("helo: failed to make the authority of a scenario: " + err.Error())
	}
	return a
}

// rand is the chance that keys are made from: by name, whatever a run's seed.
func (sc *Scenario) rand(name string) io.Reader {
	return secure.Rand(sha256.Sum256([]byte("helo certificate " + name)))
}

// Roots are the authorities that the hosts of the scenario trust.
func (sc *Scenario) Roots() *x509.CertPool {
	sc.certificates.mu.Lock()
	defer sc.certificates.mu.Unlock()
	trusted, _ := sc.authorities()
	return trusted.Pool()
}

// Verify says what is wrong with the certificate that a host has shown to one
// that looked for that name, as [secure.Verify] does. A certificate that was
// right is right as long as it is valid: that of the authority, which signed it,
// outlives every run.
func (sc *Scenario) Verify(s *tls.ConnectionState, name string, now time.Time) error {
	roots, c := sc.Roots(), &sc.certificates
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(s.PeerCertificates) == 1 {
		leaf := s.PeerCertificates[0]
		if c.right[shownFor{leaf, name}] && !now.Before(leaf.NotBefore) && !now.After(leaf.NotAfter) {
			return nil
		}
	}
	err := secure.Verify(s, name, roots, now)
	if err == nil && len(s.PeerCertificates) == 1 {
		if c.right == nil {
			c.right = map[shownFor]bool{}
		}
		c.right[shownFor{s.PeerCertificates[0], name}] = true
	}
	return err
}

// Certificate returns how the TLS of a host's server is set up, with a
// certificate of that kind; its chance is to be given with [secure.WithRand].
// host is an index in Hosts.
func (sc *Scenario) Certificate(host int, kind CertificateKind) *tls.Config {
	c := &sc.certificates
	c.mu.Lock()
	defer c.mu.Unlock()
	key := certificateOf{host, kind}
	if config := c.made[key]; config != nil {
		return config
	}
	trusted, other := sc.authorities()
	name := sc.Hosts[host].Name
	leaf := secure.Leaf{Names: []string{name}, NotBefore: sc.Start.AddDate(0, -1, 0), NotAfter: sc.Start.AddDate(1, 0, 0)}
	by := trusted
	switch kind {
	case Expired:
		leaf.NotBefore, leaf.NotAfter = sc.Start.AddDate(-1, 0, 0), sc.Start.AddDate(0, 0, -1)
	case WrongName:
		leaf.Names = []string{"www.other.example"}
	case UnknownCA:
		by = other
	}
	cert, err := by.Issue(leaf, sc.rand(name+" "+string('0'+rune(kind))))
	if err != nil {
		panic("helo: failed to make the certificate of " + name + ": " + err.Error())
	}
	config := secure.ServerConfig(cert, nil, func() time.Time { return sc.Start })
	if c.made == nil {
		c.made = map[certificateOf]*tls.Config{}
	}
	c.made[key] = config
	return config
}
