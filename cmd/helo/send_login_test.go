package main

// Who helo send says a password to.

import (
	"slices"
	"strings"
	"testing"
)

// RFC 8314 §4.4, RFC 4954 §4: a password is for the server whose certificate is
// right, unless its owner says otherwise; with a login TLS is demanded. What
// would help is said.
func TestRFC8314_4_4_WhoIsToldThePassword(t *testing.T) {
	s := serveSecured(t)
	with := func(args ...string) []string {
		return slices.Concat([]string{"--user", testUser, "--password", testPassword}, args)
	}
	stranger := otherAuthority(t)
	letters := 0
	for _, c := range []struct {
		name   string
		addr   string
		args   []string
		status int
		says   []string
	}{
		{"with a login TLS is demanded", s.starttls, with("--auth", "PLAIN"), 0, []string{"accepted"}},
		{"and the certificate has to be right", s.starttls, with("--ca", stranger), 75, []string{"nobody we trust", "hint: none of the authorities in "}},
		{"unless that is not wanted", s.starttls, with("--ca", stranger, "--tls", "may"), 0, []string{"accepted"}},
		{"but then not for a password", s.starttls, with("--ca", stranger, "--tls", "may", "--auth", "PLAIN"), 75, []string{"not said to a server whose certificate is wrong", "hint: none of the authorities in "}},
		{"nor for a token", s.starttls, with("--ca", stranger, "--tls", "may", "--auth", "XOAUTH2"), 75, []string{"not said to a server whose certificate is wrong"}},
		{"unless it may be known to everybody", s.starttls, with("--ca", stranger, "--tls", "may", "--auth", "PLAIN", "--password-in-clear"), 0, []string{"accepted"}},
		{"from the first octet", s.implicit, with("--tls", "implicit", "--auth", "PLAIN"), 0, []string{"accepted"}},
		{"a server with TLS and without logins", s.addr, with(), 69, []string{"no login that can be used"}},
		{"no user", s.starttls, []string{"--tls", "starttls"}, 69, []string{"530", "hint: --user"}},
		{"a password that no mechanism can say", s.starttls, []string{"--user", testUser, "--password", "a\ab"}, 69, []string{"login given up: "}},
		{"a mechanism the server has not", s.addr, with("--auth", "PLAIN", "--tls", "none", "--password-in-clear"), 69, []string{"no login that can be used"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sendTest(t, savedLetter, c.addr, append(c.args, "--from", "alice@receiver.example", "--to", "bob@receiver.example")...)
			if got.status != c.status {
				t.Errorf("status %d, want %d", got.status, c.status)
			}
			for _, words := range c.says {
				if !strings.Contains(got.verdicts, words) {
					t.Errorf("said %q, want %q in it", got.verdicts, words)
				}
			}
			if c.status == 0 {
				letters++
			}
			if n := len(only(s.all("stored", letters), "stored")); n != letters {
				t.Errorf("%d letters are stored, want %d", n, letters)
			}
		})
	}
}

// A server without TLS hears no login, and the user hears why.
func TestRFC8314_4_4_NoTLSNoLogin(t *testing.T) {
	s := serveTest(t, "--set", "starttls=off")
	got := sendTest(t, savedLetter, s.addr, append([]string{"--user", testUser, "--password", testPassword}, aliceToBob...)...)
	if got.status != 75 || !strings.Contains(got.verdicts, "TLS is demanded") || !strings.Contains(got.verdicts, "hint: with --user") {
		t.Errorf("status %d: %q", got.status, got.verdicts)
	}
	if said := strings.Join(got.commands, " "); said != "EHLO [127.0.0.1] QUIT" {
		t.Errorf("said %q", said)
	}
}
