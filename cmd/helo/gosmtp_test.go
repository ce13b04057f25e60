package main

// The peer that helo serve is measured against: a server on go-smtp that
// discards its mail. It is this test binary, run again.

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	gosmtp "github.com/emersion/go-smtp"
)

// peerVariable in the environment makes the test binary that server, at the
// address it names.
const peerVariable = "HELO_TEST_GO_SMTP"

// peerTLSVariable is the folder of its certificate, server.pem and server.key;
// without it there is no STARTTLS.
const peerTLSVariable = "HELO_TEST_GO_SMTP_TLS"

type discarding struct{}

func (discarding) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return discarding{}, nil }
func (discarding) Reset()                                          {}
func (discarding) Logout() error                                   { return nil }
func (discarding) Mail(string, *gosmtp.MailOptions) error          { return nil }
func (discarding) Rcpt(string, *gosmtp.RcptOptions) error          { return nil }

func (discarding) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// servePeer is the server's main.
func servePeer(addr string) {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		s := gosmtp.NewServer(discarding{})
		s.Domain = "mx.receiver.example"
		if dir := os.Getenv(peerTLSVariable); dir != "" {
			var cert tls.Certificate
			if cert, err = tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		}
		err = s.Serve(ln)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
