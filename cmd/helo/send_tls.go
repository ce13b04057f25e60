package main

// TLS and logins of helo send.

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"helo/lessons"
	"helo/protocol/sasl"
	"helo/sim/host"
	"helo/sim/live"
)

// tlsWords are the values of --tls.
var tlsWords = map[string]host.TLSMode{
	"may": host.TLSMay, "starttls": host.TLSInsist, "implicit": host.TLSImplicit, "none": host.TLSNone,
}

// sendSecurely takes in how the line is locked, and who logs in.
func sendSecurely(cfg *live.ClientConfig, cmd *cobra.Command, o sendOptions) error {
	mode, ok := tlsWords[o.tls]
	switch {
	case o.tls == "" && o.user != "" && !o.inClear: // RFC 8314 §4.1
		mode = host.TLSInsist
	case o.tls == "":
		mode = host.TLSMay
	case !ok:
		return usageError{fmt.Errorf("--tls: expected starttls, implicit, none or may, found %q", o.tls)}
	}
	cfg.Host.TLS = mode
	cfg.Secrets = o.secrets
	roots, err := trusted(o.ca)
	if err != nil {
		return err
	}
	cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return sendLogin(cfg, cmd, o)
}

// trusted returns the authorities to trust.
func trusted(file string) (*x509.CertPool, error) {
	if file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, usageError{fmt.Errorf("--ca: there is no certificate in %s; expected a file in PEM", file)}
		}
		return pool, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if pem, err := os.ReadFile(filepath.Join(lessons.DefaultFolder(), "tls", "ca.pem")); err == nil {
		pool.AppendCertsFromPEM(pem)
	}
	return pool, nil
}

// sendLogin takes in who logs in.
func sendLogin(cfg *live.ClientConfig, cmd *cobra.Command, o sendOptions) error {
	given := cmd.Flags().Changed("password")
	switch {
	case o.user == "" && (o.auth != "" || given || o.passwordFile != ""):
		return usageError{errors.New("--auth and --password belong to a user; expected --user")}
	case o.user == "":
		return nil
	case given == (o.passwordFile != ""):
		return usageError{errors.New("--user: expected either --password or --password-file with it")}
	}
	login := &host.Login{User: o.user, Password: o.password, InClear: o.inClear}
	if o.passwordFile != "" {
		octets, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return fmt.Errorf("--password-file: %w", err)
		}
		line, _, _ := bytes.Cut(octets, []byte("\n"))
		login.Password = strings.TrimSuffix(string(line), "\r")
	}
	if login.Password == "" {
		return usageError{errors.New("--user: the password is empty")}
	}
	if o.auth != "" {
		m, known := sasl.Find(o.auth)
		if !known {
			var names []string
			for _, m := range sasl.Mechanisms {
				names = append(names, m.Name)
			}
			return usageError{fmt.Errorf("--auth: unknown mechanism %q; expected one of %s", o.auth, strings.Join(names, ", "))}
		}
		if login.Mechanism = m.Name; m.Token {
			login.Password, login.Token = "", login.Password
		}
	}
	cfg.Host.Client.Login = login
	return nil
}
