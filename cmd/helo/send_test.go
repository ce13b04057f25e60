package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// What speaks no SMTP, or no whole line of it, is told as what it is, with what
// the client does about it (RFC 5321 §4.2, §2.3.8).
func TestSendToWhatIsNoMailServer(t *testing.T) {
	for says, want := range map[string]string{
		"SSH-2.0-OpenSSH_9.2\r\n":               "No SMTP server greets like this, but an SSH server does. helo closes the connection and keeps the letter.",
		"HTTP/1.1 400 Bad Request\r\n\r\n":      "No SMTP server greets like this, but a web server does.",
		"220 mx.receiver.example\n":             "It had said “220 mx.receiver.example” and ended that in a bare LF; only CR LF ends a line",
		"220 mx.receiver.example\n421 bye\r\n":  "127.0.0.1 has ended a line in a bare LF.",
		"220 mx.receiver.example\r\n250 ok\r\n": "127.0.0.1 has answered what nobody had asked.",
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			fmt.Fprint(c, says)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c) // until the client has closed: no reset may overtake it
		}()
		cmd := exec.Command(helo(t), append([]string{"send", "--server", ln.Addr().String(), "-"}, aliceToBob...)...)
		cmd.Stdin = strings.NewReader(savedLetter)
		var out bytes.Buffer
		cmd.Stdout = &out
		cmd.Run()
		text := strings.Join(strings.Fields(strings.ReplaceAll(out.String(), "│", "")), " ")
		if cmd.ProcessState.ExitCode() != exitDeferred || !strings.Contains(text, want) {
			t.Errorf("%q: exit status %d, want %d with %s:\n%s", says, cmd.ProcessState.ExitCode(), exitDeferred, want, &out)
		}
	}
}
