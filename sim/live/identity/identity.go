// Package identity keeps what a live server needs to prove who it is, a
// certificate authority of its own and a certificate from it, in a folder; and
// it reads the file of those who may log in.
//
// It stands apart from the server, which only needs the values, and from the
// command, so that the rules of the folder can be tested without either.
package identity

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helo/sim/live/disk"
	"helo/sim/secure"
)

// The files of the folder. Of each pair the key is written first and the
// certificate removed first: a certificate that is there has its key.
const (
	caCert     = "ca.pem"
	caKey      = "ca.key"
	serverCert = "server.pem"
	serverKey  = "server.key"
	lockFile   = "identity.lock"
)

const (
	caYears     = 10
	serverYears = 1
	early       = 30 * 24 * time.Hour // how long before its end a certificate is made anew
	skew        = 24 * time.Hour      // how much another machine's clock may be behind
)

// local are the names and addresses by which programs on the same machine
// reach a server.
var local = []string{"localhost", "127.0.0.1", "::1"}

// Identity is who a live server is.
type Identity struct {
	Certificate tls.Certificate
	Authority   *secure.Authority // it has signed the certificate
	CAFile      string            // path of the certificate that a mail program has to trust
	Told        string            // what was made anew and why, a sentence a person should read; "" if nothing
}

// Load reads the identity kept in dir, and makes what is missing or due: an
// authority for ten years, and a certificate for one, for the given host names
// and addresses and those of this machine itself. The certificate is made anew
// thirty days before its end, and when it is for other names. Names are in
// ASCII; an address literal counts as its address (RFC 5321 §4.1.3).
//
// The keys are on P-256, which all mail programs know. now is the time on the
// clock; rand must be that of crypto/rand. Several helos may use one folder at
// once, and a kill at any moment leaves what the next call can use. It is an
// error, which says what to do, if others on the machine can read a key or write
// in the folder (not looked at on Windows), or if a file is there that is none of
// helo's: nothing is overwritten but what Load itself has made.
func Load(dir string, names []string, now time.Time, rand io.Reader) (Identity, error) {
	id, err := load(dir, names, now, rand)
	if err != nil {
		return Identity{}, fmt.Errorf("the server's certificate: %w", err)
	}
	return id, nil
}

func load(dir string, names []string, now time.Time, rand io.Reader) (Identity, error) {
	wanted, err := parseNames(slices.Concat(names, local))
	if err != nil {
		return Identity{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Identity{}, err
	}
	if err := checkFolder(dir); err != nil {
		return Identity{}, err
	}
	unlock, err := disk.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return Identity{}, err
	}
	defer unlock()
	f := folder{dir: dir, now: now, rand: rand}
	ca, err := f.authority()
	if err != nil {
		return Identity{}, err
	}
	cert, err := f.server(ca, wanted)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Certificate: cert, Authority: ca, CAFile: f.path(caCert), Told: f.told}, nil
}

// folder is the one in which an identity is kept. Whoever uses it holds the
// lock.
type folder struct {
	dir  string
	now  time.Time
	rand io.Reader
	told string
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// authority reads the authority, or makes one.
func (f *folder) authority() (*secure.Authority, error) {
	certPEM, keyPEM, err := f.readPair(caCert, caKey)
	if err != nil {
		return nil, err
	}
	if certPEM == nil {
		return f.newAuthority()
	}
	ca, err := secure.ParseAuthority(certPEM, keyPEM)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s and %s: %w; remove the folder to have all made anew", f.path(caCert), caKey, err)
	case f.now.Before(ca.Begins()):
		return nil, fmt.Errorf("%s is valid only from %s on, and the clock says %s; set the clock, or remove the folder to have all made anew",
			f.path(caCert), day(ca.Begins()), day(f.now))
	case f.due(ca.Expires()):
		if err := f.checkOurs(ca); err != nil {
			return nil, err
		}
		return f.newAuthority()
	}
	return ca, nil
}

// newAuthority makes an authority and keeps it. What the old one issued goes
// first: it is of no use any more, and would seem to be somebody else's.
func (f *folder) newAuthority() (*secure.Authority, error) {
	ca, err := secure.NewAuthorityP256("helo CA "+day(f.now), f.rand, f.now.Add(-skew), f.now.AddDate(caYears, 0, 0).Sub(f.now.Add(-skew)))
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(f.path(caCert)); err == nil {
		if err := f.remove(serverCert); err != nil {
			return nil, err
		}
	}
	if err := f.writePair(caCert, ca.CertPEM(), caKey, ca.KeyPEM()); err != nil {
		return nil, err
	}
	f.told = fmt.Sprintf("A new certificate authority was made. To check the server's certificate, a mail program has to trust %s.", f.path(caCert))
	return ca, nil
}

// server reads the server's certificate, or makes one.
func (f *folder) server(ca *secure.Authority, n names) (tls.Certificate, error) {
	certPEM, keyPEM, err := f.readPair(serverCert, serverKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	if certPEM == nil {
		return f.newServer(ca, n)
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s and %s: %w; remove both to have them made anew", f.path(serverCert), serverKey, err)
	}
	if !ca.Issued(cert.Leaf) {
		return tls.Certificate{}, f.stranger()
	}
	why := ""
	switch {
	case f.due(cert.Leaf.NotAfter):
		why = "the old one expires on " + day(cert.Leaf.NotAfter)
	case f.now.Before(cert.Leaf.NotBefore):
		why = "the old one was made when the clock was wrong"
	case !n.equal(namesOf(cert.Leaf)):
		why = "the old one is for other names"
	default:
		return cert, nil
	}
	if f.told == "" {
		f.told = "The server has a new certificate: " + why + "."
	}
	return f.newServer(ca, n)
}

// newServer makes a certificate for the server and keeps it.
func (f *folder) newServer(ca *secure.Authority, n names) (tls.Certificate, error) {
	end := f.now.AddDate(serverYears, 0, 0)
	if end.After(ca.Expires()) {
		end = ca.Expires()
	}
	leaf := secure.Leaf{Names: n.hosts, NotBefore: f.now.Add(-skew), NotAfter: end}
	for _, a := range n.addrs {
		leaf.IPs = append(leaf.IPs, net.IP(a.AsSlice()))
	}
	cert, err := ca.Issue(leaf, f.rand)
	if err != nil {
		return tls.Certificate{}, err
	}
	certPEM, keyPEM, err := secure.MarshalCertificate(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	return cert, f.writePair(serverCert, certPEM, serverKey, keyPEM)
}

// checkOurs holds that the server's certificate, if there is one, is from that
// authority.
func (f *folder) checkOurs(ca *secure.Authority) error {
	certPEM, keyPEM, err := f.readPair(serverCert, serverKey)
	if err != nil || certPEM == nil {
		return err
	}
	if cert, err := tls.X509KeyPair(certPEM, keyPEM); err != nil || !ca.Issued(cert.Leaf) {
		return f.stranger()
	}
	return nil
}

func (f *folder) stranger() error {
	return fmt.Errorf("%s is not from %s; remove it to have a new one made", f.path(serverCert), caCert)
}

// due says whether it is time to replace what ends then.
func (f *folder) due(end time.Time) bool { return !f.now.Add(early).Before(end) }

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// names are the host names and addresses of a server, each once.
type names struct {
	hosts []string
	addrs []netip.Addr
}

func parseNames(list []string) (names, error) {
	var n names
	for _, s := range list {
		host := strings.TrimSuffix(strings.ToLower(s), ".")
		literal := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
		if literal {
			host = strings.TrimPrefix(host[1:len(host)-1], "ipv6:")
		}
		addr, err := netip.ParseAddr(host)
		switch {
		case err == nil && !slices.Contains(n.addrs, addr.Unmap()):
			n.addrs = append(n.addrs, addr.Unmap())
		case err == nil:
		case literal || host == "":
			return names{}, fmt.Errorf("%q is no name for a server; expected a host name or an address", s)
		case !slices.Contains(n.hosts, host):
			n.hosts = append(n.hosts, host)
		}
	}
	return n, nil
}

func namesOf(c *x509.Certificate) names {
	n := names{hosts: c.DNSNames}
	for _, ip := range c.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok {
			n.addrs = append(n.addrs, a.Unmap())
		}
	}
	return n
}

// equal compares two sets of names.
func (n names) equal(o names) bool {
	text := func(n names) []string {
		all := slices.Clone(n.hosts)
		for _, a := range n.addrs {
			all = append(all, a.String())
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(text(n), text(o))
}
