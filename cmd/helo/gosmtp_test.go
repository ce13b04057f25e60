package main

// The peer that helo serve is measured against: a server on go-smtp that
// discards its mail. It is this test binary, run again.

import (
	"fmt"
	"io"
	"net"
	"os"

	gosmtp "github.com/emersion/go-smtp"
)

// peerVariable in the environment makes the test binary that server, at the
// address it names.
const peerVariable = "HELO_TEST_GO_SMTP"

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
		err = s.Serve(ln)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
