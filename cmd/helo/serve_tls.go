package main

// What the server of helo serve needs for TLS and logins: the certificate that
// it keeps, the users that may log in, and the ports where they do.

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"helo/lessons"
	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/host"
	"helo/sim/live"
	"helo/sim/live/identity"
	"helo/sim/secure"
)

// door is a socket where clients come in, as if at that port.
type door struct {
	net.Listener
	port uint16
}

// ports are the flags that open doors.
func (o *serveOptions) ports() []struct {
	flag string
	addr *string
	port uint16
} {
	return []struct {
		flag string
		addr *string
		port uint16
	}{
		{"--smtp", &o.smtp, host.PortSMTP},
		{"--submission", &o.submission, host.PortSubmission},
		{"--submissions", &o.submissions, host.PortSubmissions},
	}
}

// choosePorts settles where to listen: all three if none was named.
func (o *serveOptions) choosePorts(cmd *cobra.Command) error {
	f := cmd.Flags()
	if f.Changed("smtp") || f.Changed("submission") || f.Changed("submissions") {
		for _, p := range o.ports() {
			if !f.Changed(strings.TrimPrefix(p.flag, "--")) {
				*p.addr = ""
			}
		}
	}
	somewhere := false
	for _, p := range o.ports() {
		if *p.addr == "" {
			continue
		}
		somewhere = true
		if err := checkExposed(p.flag, *p.addr, o.expose); err != nil {
			return err
		}
	}
	if !somewhere {
		return usageError{errors.New("there is nothing to listen at: expected an address such as 127.0.0.1:2525 after --smtp, --submission or --submissions")}
	}
	return nil
}

// open opens the doors.
func (o *serveOptions) open() ([]door, error) {
	var doors []door
	for _, p := range o.ports() {
		if *p.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", *p.addr)
		if err != nil {
			for _, d := range doors {
				d.Close()
			}
			hint := ""
			if errors.Is(err, syscall.EADDRINUSE) {
				hint = fmt.Sprintf(". Another helo serve may run there; expected a free port, such as with %s 127.0.0.1:0", p.flag)
			}
			return nil, fmt.Errorf("failed to listen (%s): %w%s", p.flag, err, hint)
		}
		doors = append(doors, door{ln, p.port})
	}
	return doors, nil
}

// login is a user of a running server that a person should be told of. Without a
// password it is one of the scenario's.
type login struct{ user, password string }

// secureServer gives the server its certificate and its users. It returns the
// user that helo itself has made, if it has made one, and the file of the
// authority that clients have to trust.
func secureServer(cmd *cobra.Command, o serveOptions, cfg *live.Config) (made login, caFile string, err error) {
	s := cfg.Host.Server
	warn := func(format string, args ...any) {
		fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(fmt.Sprintf(format, args...))))
	}
	if made, err = serverUsers(o, s, warn); err != nil {
		return made, "", err
	}
	if !s.Extensions.Has(smtp.StartTLS) && o.submissions == "" {
		return made, "", nil
	}
	id, err := identity.Load(filepath.Join(lessons.DefaultFolder(), "tls"), []string{cfg.Host.Name}, time.Now(), rand.Reader)
	if named := cmd.Flags().Changed("submission") || cmd.Flags().Changed("submissions"); err != nil && named {
		return made, "", fmt.Errorf("no TLS, and so no place to log in: %w", err)
	}
	if err != nil { // clear text is better than nothing where nobody asked for more
		warn("%v. The server goes on without TLS, and nobody can log in: %s and %s stay shut", err, o.submission, o.submissions)
		s.Extensions &^= smtp.Security
		s.Accounts = nil
		return login{}, "", nil
	}
	if id.Told != "" {
		warn("%s", id.Told)
	}
	cfg.TLS = live.ServerTLS(id.Certificate)
	if cfg.Bad, err = badCertificates(cfg, id.Authority); err != nil {
		return made, "", err
	}
	return made, id.CAFile, nil
}

// badCertificates makes what the server's faults need of certificates that are
// wrong: signed by its own authority, so that only that one thing is.
func badCertificates(cfg *live.Config, own *secure.Authority) (map[host.Effect]*tls.Config, error) {
	bad := map[host.Effect]*tls.Config{}
	for _, f := range cfg.Faults {
		switch f.Effect {
		case host.EffectExpired, host.EffectWrongName, host.EffectUnknownCA:
			cert, err := badCertificate(f.Effect, cfg.Host.Name, own)
			if err != nil {
				return nil, fmt.Errorf("failed to make a wrong certificate: %w", err)
			}
			bad[f.Effect] = live.ServerTLS(cert)
		}
	}
	return bad, nil
}

// badCertificate makes one of them.
func badCertificate(wrong host.Effect, name string, signer *secure.Authority) (tls.Certificate, error) {
	now := time.Now()
	leaf := secure.Leaf{
		Names: []string{name, "localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: now.AddDate(0, -2, 0), NotAfter: now.AddDate(0, 2, 0),
	}
	switch wrong {
	case host.EffectExpired:
		leaf.NotAfter = now.AddDate(0, -1, 0)
	case host.EffectWrongName:
		leaf.Names, leaf.IPs = []string{"www.other.example"}, nil
	case host.EffectUnknownCA:
		var err error
		if signer, err = secure.NewAuthorityP256("an authority nobody knows", rand.Reader, leaf.NotBefore, 365*24*time.Hour); err != nil {
			return tls.Certificate{}, err
		}
	}
	return signer.Issue(leaf, rand.Reader)
}

// serverUsers settles who may log in.
func serverUsers(o serveOptions, s *host.ServerConfig, warn func(string, ...any)) (made login, err error) {
	var accounts []sasl.Account
	for _, l := range o.logins {
		users, err := identity.ParseUsers("--login", strings.NewReader(l))
		if err != nil || len(users) != 1 {
			return made, usageError{errors.New("--login: expected a user and a password such as alice:wonderland")}
		}
		accounts = append(accounts, account(users[0]))
	}
	if o.loginFile != "" {
		users, warning, err := identity.ReadUsers(o.loginFile)
		if err != nil {
			return made, err
		}
		if warning != "" {
			warn("%s", warning)
		}
		for _, u := range users {
			accounts = append(accounts, account(u))
		}
	}
	switch {
	case o.submission == "" && o.submissions == "":
		if len(accounts) > 0 {
			return made, usageError{errors.New("--login and --login-file: nobody can log in at port 25 alone; expected --submission or --submissions with them")}
		}
		s.Accounts = nil
		return made, nil
	case len(accounts) == 0 && s.Accounts != nil && !o.expose: // the scenario's
		s.Extensions |= smtp.Auth
		return login{user: s.Accounts.Users()[0]}, nil
	case len(accounts) == 0:
		made = login{"alice", "wonderland"}
		if o.expose { // what every reader of a lesson knows is no password there
			made.password = rand.Text()[:12]
		}
		accounts = append(accounts, sasl.Account{User: made.user, Password: made.password, Token: made.password})
	}
	s.Accounts, s.Tokens = sasl.NewAccounts(accounts), true
	s.Extensions |= smtp.Auth
	return made, nil
}

// account is a user of a real server: a password is good for the mechanisms of
// tokens as well, so that they can be tried.
func account(u identity.User) sasl.Account {
	return sasl.Account{User: u.Name, Password: u.Password, Token: u.Password}
}

// invitation says where clients may come in, for a person.
func invitation(doors []door, s *host.ServerConfig, made login, caFile string) []string {
	var lines []string
	for _, d := range doors {
		switch d.port {
		case host.PortSMTP:
			lines = append(lines, "mail for "+whose(s)+" at "+d.Addr().String())
		case host.PortSubmission:
			lines = append(lines, "mail of its users, who log in, with STARTTLS, at "+d.Addr().String())
		case host.PortSubmissions:
			lines = append(lines, "the same with TLS from the first octet at "+d.Addr().String())
		}
	}
	switch {
	case made.password != "":
		lines = append(lines, fmt.Sprintf("log in as %s with the password %s", made.user, made.password))
	case made.user != "":
		lines = append(lines, fmt.Sprintf("log in as %s with the password that the scenario has", made.user))
	}
	if caFile != "" {
		lines = append(lines, "its certificate is signed by "+caFile)
	}
	return lines
}

// whose says for whom a server takes mail: "bob@receiver.example and 2 more".
func whose(s *host.ServerConfig) string {
	words := firstMailbox(s, "anybody")
	if more := len(s.Mailboxes)*len(s.Domains) - 1; more > 0 && s.Mailboxes[0] != host.AnyMailbox {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words
}

// firstMailbox is a mailbox of the server, one of that name where it has all there
// can be.
func firstMailbox(s *host.ServerConfig, anybody string) string {
	box := "postmaster" // which every server has (RFC 5321 §4.5.1)
	if len(s.Mailboxes) > 0 {
		box = s.Mailboxes[0]
	}
	if box == host.AnyMailbox {
		box = anybody
	}
	return box + "@" + s.Domains[0]
}

// tryIt is a command with which a client talks to a door. Without --auth-password
// it asks for the password.
func tryIt(d door, user login, to string) string {
	try := fmt.Sprintf("swaks -s %s -f alice@sender.example -t %s", d.Addr(), to)
	switch d.port {
	case host.PortSubmission:
		try += " --tls"
	case host.PortSubmissions:
		try += " --tls-on-connect"
	default:
		return try
	}
	if user.user == "" {
		return try + " --auth"
	}
	return try + " --auth-user " + user.user
}
