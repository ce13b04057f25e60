package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Nothing that helo writes has a password in it, in no encoding: transcripts and
// JSON of both sides, errors, verdicts; with right passwords and wrong ones, over
// every mechanism, in both kinds of TLS (RFC 4954 §9).
func TestNoOutputHasAPassword(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	const wrong = "not-Wonder+land/43"
	file := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(file, []byte(testPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(os.Getenv("XDG_STATE_HOME"), "helo", "tls", "ca.pem")
	for _, format := range []string{"text", "json"} {
		smtp, starttls, implicit := freePort(t), freePort(t), freePort(t)
		var written bytes.Buffer
		var served output
		serve := exec.Command(helo(t), "serve", "--headless", "--format", format, "--smtp", smtp, "--submission", starttls, "--submissions", implicit, "--login", testUser+":"+testPassword)
		serve.Stdout, serve.Stderr = &served, &served
		wait := launch(t, serve)
		waitListening(t, implicit)
		good := 0
		for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "XOAUTH2", "OAUTHBEARER"} {
			for addr, mode := range map[string]string{starttls: "starttls", implicit: "implicit"} {
				for _, password := range [][]string{{"--password-file", file}, {"--password", wrong}} {
					args := append([]string{"send", "--format", format, "--server", addr, "--tls", mode, "--ca", ca, "--auth", m, "--user", testUser,
						"--from", "alice@receiver.example", "--to", "bob@receiver.example"}, append(password, "-")...)
					cmd := exec.Command(helo(t), args...)
					cmd.Stdin = strings.NewReader(savedLetter)
					out, err := cmd.CombinedOutput()
					written.Write(out)
					if right := password[0] == "--password-file"; right != (err == nil) {
						t.Errorf("%s, %s, right password %v: %v: %s", m, mode, right, err, out)
					} else if right {
						good++
					}
				}
			}
		}
		serve.Process.Signal(syscall.SIGTERM)
		if err := wait(); err != nil {
			t.Error(err)
		}
		if format == "json" && strings.Count(served.String(), `"kind":"loggedin"`) != good || good != 14 {
			t.Errorf("%d good logins, the server saw %d", good, strings.Count(served.String(), `"kind":"loggedin"`))
		}
		for _, password := range []string{testPassword, wrong} {
			wantSecret(t, format, written.String()+served.String(), password)
		}
	}
	// Wrong usage repeats nothing of it either.
	for _, args := range [][]string{
		{"serve", "--headless", "--smtp", "127.0.0.1:0", "--login", testPassword},
		{"serve", "--headless", "--smtp", "127.0.0.1:0", "--login", testUser + ":" + testPassword},
		{"send", "--server", "127.0.0.1:1", "--from", "a@b.example", "--to", "a@b.example", "--password", testPassword, "-"},
		{"send", "--server", "127.0.0.1:1", "--from", "a@b.example", "--to", "a@b.example", "--user", testUser, "--password", testPassword, "--auth", "NONE", "-"},
	} {
		out, err := exec.Command(helo(t), args...).CombinedOutput()
		if err == nil {
			t.Errorf("%v: no error", args)
		}
		wantSecret(t, strings.Join(args[:2], " "), string(out), testPassword)
	}
}

// wantSecret fails if a text has a password in it, in any of its encodings.
func wantSecret(t *testing.T, where, text, password string) {
	t.Helper()
	forms := map[string]string{
		"as it is": password, "in hexadecimal": hex.EncodeToString([]byte(password)), "in a URL": url.QueryEscape(password),
		"PLAIN": base64.StdEncoding.EncodeToString([]byte("\x00" + testUser + "\x00" + password)),
	}
	for shift := range 3 { // wherever it stands in what is encoded
		code := base64.StdEncoding.EncodeToString([]byte("xxx"[:shift] + password + "xxx"))
		forms["base64, shifted "+string(rune('0'+shift))] = code[4 : len(code)-8]
	}
	for form, octets := range forms {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(octets)); i >= 0 {
			t.Errorf("%s: the password, %s, in %q", where, form, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}

// RFC 4954 §9: a client that logs in where it cannot, goes on after a refusal, or
// spells AUTH wrong has given its password away to the server, but not to whoever
// reads what helo serve writes. Other mistakes are shown.
func TestNoRefusalShowsASecret(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	plain, user, pass := b64("\x00"+testUser+"\x00"+testPassword), b64(testUser), b64(testPassword)
	sessions := [][]string{
		{"EHLO a.example", "AUTH PLAIN " + plain},
		{"AUTH PLAIN " + plain},
		{"EHLO a.example", "MAIL FROM:<a@b.example>", "AUTH PLAIN " + plain},
		{"EHLO a.example", "AUTH LOGIN", user, pass},
		{"EHLO a.example", "AUTH LOGIN", testUser, testPassword},
		{"EHLO a.example", "AUTH CRAM-MD5", testPassword, testPassword},
		{"EHLO a.example", "AUTH PLAIN\t" + plain, " AUTH PLAIN " + plain, "AUTHPLAIN " + plain, "AUTH\tPLAIN\t" + plain, "AUTH=PLAIN " + plain, "auth plain=" + plain, "AUTH  PLAIN  " + plain},
		{"EHLO a.example", "MAIL FROM:<a@b.example> AUTH PLAIN " + plain, "NOOP AUTH LOGIN " + pass, "AUTH " + plain},
		{"EHLO a.example", "AUTH LOGIN", user, "NOOP", pass, "RSET", testPassword},
		{"AUTHPLAIN " + plain, "EHLO a.example", "HELLO again"},
		{"HLEP me", "EHLO a.example", "HELLO again"},
	}
	for _, format := range []string{"text", "json"} {
		mx, msa := freePort(t), freePort(t)
		var served output
		serve := exec.Command(helo(t), "serve", "--headless", "--format", format, "--smtp", mx, "--submission", msa, "--login", testUser+":"+testPassword)
		serve.Stdout, serve.Stderr = &served, &served
		wait := launch(t, serve)
		waitListening(t, msa)
		for _, addr := range []string{mx, msa} {
			for _, lines := range sessions {
				for _, how := range []string{"one by one", "at once", "in pieces"} {
					say(t, addr, lines, how)
				}
			}
		}
		serve.Process.Signal(syscall.SIGTERM)
		if err := wait(); err != nil {
			t.Error(err)
		}
		wantSecret(t, format, served.String(), testPassword)
		for _, word := range []string{"HLEP me", "HELLO again", "AUTHPLAIN ****", "NOOP"} {
			if n := strings.Count(served.String(), word); n < 6 {
				t.Errorf("%s: %q is shown %d times", format, word, n)
			}
		}
	}
}

// say says lines to a server, and QUIT, and waits until it has gone.
func say(t *testing.T, addr string, lines []string, how string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	replies := bufio.NewReader(c)
	reply := func() {
		for line := "   -"; len(line) > 3 && line[3] == '-'; {
			if line, err = replies.ReadString('\n'); err != nil {
				t.Fatalf("%q: %v", lines, err)
			}
		}
	}
	reply()
	lines = append(lines[:len(lines):len(lines)], "QUIT")
	switch all := strings.Join(lines, "\r\n") + "\r\n"; how {
	case "at once":
		io.WriteString(c, all)
	case "in pieces":
		for piece := range slices.Chunk([]byte(all), 7) {
			c.Write(piece)
			time.Sleep(100 * time.Microsecond)
		}
	default:
		for _, line := range lines {
			io.WriteString(c, line+"\r\n")
			reply()
		}
	}
	io.Copy(io.Discard, replies)
}

// RFC 4954 §9: a server that repeats what it heard in a login does not have helo
// send show it.
func TestNoReplyShowsASecret(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go parrot(c)
		}
	}()
	for _, format := range []string{"text", "json"} {
		for _, m := range []string{"PLAIN", "LOGIN", "XOAUTH2"} {
			cmd := exec.Command(helo(t), "send", "--format", format, "--server", l.Addr().String(), "--tls", "none", "--password-in-clear", "--auth", m,
				"--user", testUser, "--password", testPassword, "--from", "alice@receiver.example", "--to", "bob@receiver.example", "-")
			cmd.Stdin = strings.NewReader(savedLetter)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "I heard *") {
				t.Errorf("%s, %s: %v: %s", m, format, err, out)
			}
			wantSecret(t, m+", "+format, string(out), testPassword)
		}
	}
}

// parrot serves logins, and says back what it hears in them.
func parrot(c net.Conn) {
	defer c.Close()
	io.WriteString(c, "220 parrot.example ESMTP\r\n")
	login := false
	for lines := bufio.NewScanner(c); lines.Scan(); {
		line := lines.Text()
		verb, rest, _ := strings.Cut(line, " ")
		_, response, initial := strings.Cut(rest, " ")
		if login {
			verb, response, initial = "AUTH", line, true
		}
		octets, _ := base64.StdEncoding.DecodeString(response)
		switch {
		case verb == "EHLO":
			io.WriteString(c, "250-parrot.example\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n")
		case verb != "AUTH":
			io.WriteString(c, "221 "+verb+"\r\n")
		case !initial, string(octets) == testUser:
			login = true
			io.WriteString(c, "334 UGFzc3dvcmQ6\r\n")
		default:
			login = false
			io.WriteString(c, "535-5.7.8 I heard "+response+"\r\n535 5.7.8 and "+testPassword[:5])
			time.Sleep(10 * time.Millisecond)
			io.WriteString(c, testPassword[5:]+"\r\n")
		}
	}
}
