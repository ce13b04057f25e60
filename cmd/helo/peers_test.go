package main

// helo serve, spoken to by mail programs that no one here wrote.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const savedLetter = "From: Alice <alice@sender.example>\nTo: Bob <bob@receiver.example>\nSubject: over a real socket\nDate: Wed, 25 Nov 2026 10:15:00 +0000\n\nHello Bob,\n.dots at the start\n..stay as they are\n"

// peerLetter is what Bob has of it, below the trace fields.
const peerLetter = "Hello Bob,\r\n.dots at the start\r\n..stay as they are\r\n"

// stored wants one letter in bob's Maildir, and returns it.
func stored(t *testing.T, dir string, n int) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "bob", "new", "*"))
	if err != nil || len(files) != n {
		t.Fatalf("%d letters in the Maildir, want %d (%v)", len(files), n, err)
	}
	octets, err := os.ReadFile(files[n-1])
	if err != nil {
		t.Fatal(err)
	}
	return string(octets)
}

func TestPeerSwaks(t *testing.T) {
	swaks := program(t, "swaks", "swaks")
	for name, args := range map[string][]string{
		"plain":      nil,
		"pipelining": {"--pipeline"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := serveTest(t, "--maildir", dir)
			args := append([]string{"--server", s.addr, "--from", "alice@sender.example", "--to", "bob@receiver.example", "--ehlo", "mail.sender.example", "--data", "-"}, args...)
			if out, err := runPeer(t, savedLetter, swaks, args...); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got := stored(t, dir, 1)
			if !strings.HasPrefix(got, "Return-Path: <alice@sender.example>\r\nReceived: from mail.sender.example ([127.0.0.1])\r\n by mx.receiver.example with ESMTP id ") || !strings.Contains(got, peerLetter) {
				t.Errorf("Bob has %q", got)
			}
			commands, codes := said(s.all("close", 1))
			if len(commands) < 5 || commands[1] != "MAIL FROM:<alice@sender.example>" || codes[len(codes)-1] != 221 {
				t.Errorf("commands %q, codes %v", commands, codes)
			}
		})
	}
}

// A recipient that is refused does not end the session (RFC 5321 §3.3).
func TestPeerSwaksRefusal(t *testing.T) {
	swaks := program(t, "swaks", "swaks")
	s := serveTest(t, "--fault", "mx at=dot reply=451 n=1")
	out, err := runPeer(t, "", swaks, "--server", s.addr, "--from", "alice@sender.example", "--to", "bob@receiver.example,eve@receiver.example")
	if err == nil || !strings.Contains(out, "550 5.1.1") || !strings.Contains(out, "451 4.") {
		t.Errorf("swaks: %v: %s", err, out)
	}
	list := s.all("close", 1)
	if len(only(list, "fired")) != 1 || len(only(list, "stored")) != 0 {
		t.Errorf("fired %d, stored %d", len(only(list, "fired")), len(only(list, "stored")))
	}
}

func TestPeerCurl(t *testing.T) {
	curl := program(t, "curl", "curl")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir)
	letter := strings.ReplaceAll(savedLetter, "\n", "\r\n")
	out, err := runPeer(t, letter, curl, "--silent", "--show-error", "smtp://"+s.addr+"/mail.sender.example",
		"--mail-from", "alice@sender.example", "--mail-rcpt", "bob@receiver.example", "--upload-file", "-")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := stored(t, dir, 1); !strings.HasSuffix(got, peerLetter) {
		t.Errorf("Bob has %q", got)
	}
	s.all("stored", 1)
}

func TestPeerMsmtp(t *testing.T) {
	msmtp := program(t, "msmtp", "msmtp")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir)
	out, err := runPeer(t, savedLetter, msmtp, "--file=/dev/null", "--host=127.0.0.1", "--port="+s.port(), "--tls=off", "--auth=off",
		"--domain=mail.sender.example", "--from=alice@sender.example", "bob@receiver.example")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := stored(t, dir, 1); !strings.HasSuffix(got, peerLetter) {
		t.Errorf("Bob has %q", got)
	}
}

const smtplibScript = `
import smtplib, sys
letter = sys.stdin.read()
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="mail.sender.example", timeout=10)
s.ehlo()
assert s.has_extn("pipelining") and s.has_extn("size") and s.has_extn("8bitmime"), s.esmtp_features
for n in range(3):
    refused = s.sendmail("alice@sender.example", ["bob@receiver.example", "eve@receiver.example"], letter)
    assert list(refused) == ["eve@receiver.example"] and refused["eve@receiver.example"][0] == 550, refused
try:
    s.sendmail("alice@sender.example", ["bob@elsewhere.example"], letter)
    assert False, "it relays"
except smtplib.SMTPRecipientsRefused as e:
    assert e.recipients["bob@elsewhere.example"][0] == 550, e
assert s.verify("bob")[0] == 252
assert s.noop()[0] == 250
assert s.docmd("FROB")[0] == 500
s.quit()
`

func TestPeerSmtplib(t *testing.T) {
	python := program(t, "python3", "python3")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir)
	if out, err := runPeer(t, savedLetter, python, "-c", smtplibScript, s.port()); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := stored(t, dir, 3); !strings.HasSuffix(got, peerLetter) {
		t.Errorf("Bob has %q", got)
	}
	s.all("stored", 3)
}

func TestPeerSmtpSource(t *testing.T) {
	source := program(t, "smtp-source", "postfix")
	s := serveTest(t)
	for _, args := range [][]string{{"-d"}, nil} { // many letters a session, and one
		args := append(args, "-s", "10", "-m", "200", "-l", "4000", "-f", "alice@sender.example", "-t", "bob@receiver.example", s.addr)
		if out, err := runPeer(t, "", source, args...); err != nil || strings.Contains(out, "fatal") {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if n := len(only(s.all("stored", 400), "stored")); n != 400 {
		t.Errorf("%d letters, want 400", n)
	}
}

const mailboxScript = `
import mailbox, sys
box = mailbox.Maildir(sys.argv[1], create=False)
assert len(box) == 1, len(box)
m = list(box)[0]
assert m["Subject"] == "over a real socket" and m["Return-Path"] == "<alice@sender.example>", m.items()
print(m.get_payload(), end="")
`

// The Maildir is one that others can read.
func TestPeerReadsMaildir(t *testing.T) {
	swaks, python := program(t, "swaks", "swaks"), program(t, "python3", "python3")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir)
	if out, err := runPeer(t, savedLetter, swaks, "--server", s.addr, "--from", "alice@sender.example", "--to", "bob@receiver.example", "--data", "-"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := runPeer(t, "", python, "-c", mailboxScript, filepath.Join(dir, "bob"))
	if err != nil || !strings.Contains(out, "..stay as they are") {
		t.Errorf("Python's mailbox: %v: %s", err, out)
	}
	mutt := program(t, "mutt", "mutt")
	// mutt wants a terminal; script gives it one.
	script := program(t, "script", "bsdutils")
	command := mutt + ` -n -F /dev/null -R -e "push '<refresh><exit>'" -f ` + filepath.Join(dir, "bob")
	out, err = runPeer(t, "", "env", "TERM=xterm", script, "-qec", command, "/dev/null")
	if !strings.Contains(out, "over a real socket") || !strings.Contains(out, "New:1") {
		t.Errorf("mutt wrote %q, %v", out, err)
	}
}
