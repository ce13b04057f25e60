package main

// The doors of helo serve where users log in.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RFC 8314 §3.3: where TLS cannot be had there is no place to log in; who has
// asked for one is told.
func TestServeWithoutACertificate(t *testing.T) {
	for _, flag := range []string{"--submission", "--submissions"} {
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		cmd := exec.CommandContext(ctx, helo(t), "serve", "--headless", flag, "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "XDG_STATE_HOME=/dev/null/no-folder")
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "no TLS, and so no place to log in") || !strings.Contains(string(out), "/dev/null") {
			t.Errorf("%s: %v: %s", flag, err, out)
		}
	}
}

// The users of a scenario log in with the passwords that it gives them.
func TestServeTheScenariosUsers(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := serveTest(t, "--scenario", "careless", "--host", "msa", "--submission", "127.0.0.1:0")
	got := sendTest(t, savedLetter, s.door(587), "--user", "alice", "--password", "wonderland", "--from", "alice@sender.example", "--to", "alice@sender.example")
	if got.status != 0 {
		t.Errorf("status %d: %s", got.status, got.verdicts)
	}
	s.stop()
	if said := s.stderr.String(); !strings.Contains(said, "log in as alice with the password that the scenario has") {
		t.Errorf("said %q", said)
	}
}

// The secrets of a connection are for the key log, whether its certificate is
// right or wrong.
func TestServeKeyLog(t *testing.T) {
	for _, faults := range [][]string{nil, {"--fault", "mx tls=expired"}} {
		file := filepath.Join(t.TempDir(), "keys")
		s := serveSecured(t, append([]string{"--keylog", file}, faults...)...)
		if got := sendTest(t, savedLetter, s.addr, append([]string{"--tls", "may"}, aliceToBob...)...); got.status != 0 {
			t.Fatalf("status %d: %s", got.status, got.verdicts)
		}
		keys, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(keys), "CLIENT_TRAFFIC_SECRET_0 ") {
			t.Errorf("%q: %v: %q", faults, err, keys)
		}
	}
}

// Users may come from a file, and nobody else then.
func TestServeTheUsersOfAFile(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte("bob:one\ncarol:two:three\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := serveTest(t, "--submission", "127.0.0.1:0", "--login-file", file).door(587)
	for login, status := range map[string]int{"bob:one": 0, "carol:two:three": 0, "carol:two": exitRefused, "alice:wonderland": exitRefused} {
		user, password, _ := strings.Cut(login, ":")
		if got := sendTest(t, savedLetter, addr, append([]string{"--user", user, "--password", password}, aliceToBob...)...); got.status != status {
			t.Errorf("%s: status %d, want %d: %s", login, got.status, status, got.verdicts)
		}
	}
}
