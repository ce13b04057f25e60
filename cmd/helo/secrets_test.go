package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
		if err := serve.Start(); err != nil {
			t.Fatal(err)
		}
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
		if err := serve.Wait(); err != nil {
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
