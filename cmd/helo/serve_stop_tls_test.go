package main

// A helo serve that is told to stop while clients are inside TLS, or on their way
// there.

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// errUnclosed is what is read where a line ends and TLS does not.
var errUnclosed = errors.New("the line ended without a close_notify")

// closely is a connection that tells the two apart.
type closely struct{ net.Conn }

func (c closely) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		err = errUnclosed
	}
	return n, err
}

// insider is a client of a server that has logged in inside TLS, at one of its
// two doors, and said these lines.
func (s *secured) insider(t *testing.T, door string, lines ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	// alice, Wonder+land/42
	return s.inside(t, door, append([]string{"AUTH PLAIN AGFsaWNlAFdvbmRlcitsYW5kLzQy"}, lines...)...)
}

// inside is one that has not logged in.
func (s *secured) inside(t *testing.T, door string, lines ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	addr := map[string]string{"starttls": s.starttls, "implicit": s.implicit}[door]
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(c)
	if door == "starttls" {
		wantCode(t, in, "220")
		accepted(t, c, in, "EHLO a.example")
		accepted(t, c, in, "STARTTLS")
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	end := tls.Client(closely{c}, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	if err := end.Handshake(); err != nil {
		t.Fatal(err)
	}
	if in = bufio.NewReader(end); door == "implicit" {
		wantCode(t, in, "220")
	}
	for _, line := range append([]string{"EHLO a.example"}, lines...) {
		accepted(t, end, in, line)
	}
	return end, in
}

// accepted says a line whose reply is to be 2yz or 3yz.
func accepted(t *testing.T, c net.Conn, in *bufio.Reader, line string) {
	t.Helper()
	fmt.Fprint(c, line+"\r\n")
	for {
		reply, err := in.ReadString('\n')
		if err != nil || len(reply) < 4 || reply[0] != '2' && reply[0] != '3' {
			t.Fatalf("%q, %v to %q", reply, err, line)
		}
		if reply[3] == ' ' {
			return
		}
	}
}

// wantEnd wants 421, and then the end of TLS.
func wantEnd(t *testing.T, in *bufio.Reader) {
	t.Helper()
	wantCode(t, in, "421")
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after 421: %q, %v; want a close_notify", rest, err)
	}
}

// RFC 5321 §3.8, RFC 8446 §6.1: inside TLS a server that stops says 421 and
// close_notify; an open transaction may finish.
func TestRFC5321_3_8_ServeStopsInsideTLS(t *testing.T) {
	for _, door := range []string{"starttls", "implicit"} {
		t.Run(door, func(t *testing.T) {
			s := serveSecured(t)
			idle, idleIn := s.insider(t, door)
			reset, resetIn := s.insider(t, door, "MAIL FROM:<alice@receiver.example>", "RSET")
			asked, askedIn := s.inside(t, door, "AUTH LOGIN") // at its 334
			busy, busyIn := s.insider(t, door, "MAIL FROM:<alice@receiver.example>")
			letter, letterIn := s.insider(t, door, "MAIL FROM:<alice@receiver.example>", "RCPT TO:<bob@receiver.example>", "DATA")
			fmt.Fprint(letter, "Subject: half of it\r\n")
			begun := time.Now()
			s.cmd.Process.Signal(syscall.SIGTERM)
			wantEnd(t, idleIn)
			idle.Close()
			wantEnd(t, resetIn)
			reset.Close()
			wantEnd(t, askedIn)
			asked.Close()
			fmt.Fprint(busy, "RCPT TO:<bob@receiver.example>\r\nDATA\r\nlate\r\n.\r\n")
			for _, code := range []string{"250", "354", "250"} {
				wantCode(t, busyIn, code)
			}
			wantEnd(t, busyIn)
			busy.Close()
			fmt.Fprint(letter, "\r\nthe other half\r\n.\r\n")
			wantCode(t, letterIn, "250")
			wantEnd(t, letterIn)
			letter.Close()
			s.wait()                                             // and the exit status is 0
			if took := time.Since(begun); took > 8*time.Second { // the grace is 10 s
				t.Errorf("it took %v", took)
			}
			if n := len(only(s.events, "stored")); n != 2 {
				t.Errorf("%d letters, want 2", n)
			}
		})
	}
}

// The wait for open transactions has an end inside TLS too, and the letter that
// was not whole by then is none.
func TestRFC5321_3_8_GraceEndsInsideTLS(t *testing.T) {
	s := serveSecured(t, "--grace", "200ms")
	c, in := s.insider(t, "implicit", "MAIL FROM:<alice@receiver.example>", "RCPT TO:<bob@receiver.example>", "DATA")
	fmt.Fprint(c, "Subject: half of it\r\n")
	begun := time.Now()
	s.cmd.Process.Signal(syscall.SIGTERM)
	wantEnd(t, in)
	c.Close()
	s.wait()
	if took := time.Since(begun); took < 200*time.Millisecond || took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if n := len(only(s.events, "stored")); n != 0 {
		t.Errorf("%d letters, want none", n)
	}
}

// RFC 5321 §3.8: nobody waits for a handshake, nor says a word in clear where TLS
// was to begin.
func TestRFC5321_3_8_ServeStopsInAHandshake(t *testing.T) {
	for _, polite := range []bool{true, false} {
		t.Run(fmt.Sprint("the client closes: ", polite), func(t *testing.T) {
			s := serveSecured(t)
			var conns []net.Conn
			for range 3 {
				c, err := net.Dial("tcp", s.implicit)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				c.Write([]byte("\x16\x03\x01\x02\x00\x01")) // and no more
				conns = append(conns, c)
				c, in := hello(t, s.starttls, false)
				accepted(t, c, in, "EHLO a.example")
				accepted(t, c, in, "STARTTLS")
				conns = append(conns, c)
			}
			s.all("connect", len(conns)) // each has been asked for its handshake
			begun := time.Now()
			s.cmd.Process.Signal(syscall.SIGTERM)
			for _, c := range conns {
				c.SetReadDeadline(time.Now().Add(20 * time.Second))
				if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
					t.Errorf("heard %q, %v; want the end", rest, err)
				}
				if polite {
					c.Close()
				}
			}
			s.wait()
			// One that does not close is waited for as long as a server lingers, 2 s.
			if took := time.Since(begun); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			stopped := 0
			for _, e := range only(s.events, "unsecured") {
				switch {
				case strings.Contains(e.Text, "told to stop"):
					stopped++
				case strings.Contains(e.Text, "too long"):
					t.Errorf("a handshake ended because %q", e.Text)
				}
			}
			if stopped != len(conns) {
				t.Errorf("%d handshakes ended because the server stopped, want %d", stopped, len(conns))
			}
		})
	}
}
