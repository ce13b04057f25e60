package main

// The extensions, spoken with programs that no one here wrote.

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wide is a letter that needs SMTPUTF8, from and to addresses that do.
const wide = "From: José <josé@sender.example>\nSubject: Grüße\nDate: Wed, 25 Nov 2026 10:15:00 +0000\n\nSchöne Grüße\n"

// RFC 6531: swaks, told to say SMTPUTF8, sends from and to addresses outside
// ASCII. swaks closes the bracket itself, so that it stands in the last value.
func TestPeerSwaksSMTPUTF8AndDSN(t *testing.T) {
	swaks := program(t, "swaks", "swaks")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir, "--user", "bob", "--user", "josé", "--user", "alice", "--domain", "receiver.example", "--domain", "sender.example")
	out, err := runPeer(t, wide, swaks, "--server", s.addr, "--data", "-",
		"--from", "jürgen@sender.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=a+2Bb",
		"--to", "josé@receiver.example> NOTIFY=FAILURE ORCPT=rfc822;jose@receiver.example")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "jos=C3=A9", "new", "*"))
	if len(files) != 1 {
		t.Fatalf("%d letters for José", len(files))
	}
	got, err := os.ReadFile(files[0])
	if err != nil || !strings.HasPrefix(string(got), "Return-Path: <jürgen@sender.example>\r\n") || !strings.Contains(string(got), " with UTF8SMTP id ") || !strings.HasSuffix(string(got), "Schöne Grüße\r\n\r\n") && !strings.HasSuffix(string(got), "Schöne Grüße\r\n") {
		t.Errorf("José has %q, %v", got, err)
	}
	// A report on success was asked for: it goes to the sender's mailbox here.
	out, err = runPeer(t, savedLetter, swaks, "--server", s.addr, "--data", "-",
		"--from", "alice@sender.example> RET=HDRS ENVID=QQ314159", "--to", "bob@receiver.example> NOTIFY=SUCCESS ORCPT=rfc822;Bob@receiver.example")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.all("reported", 1)
	files, _ = filepath.Glob(filepath.Join(dir, "alice", "new", "*"))
	if len(files) != 1 {
		t.Fatalf("%d reports for Alice", len(files))
	}
	got, _ = os.ReadFile(files[0])
	if !strings.HasPrefix(string(got), "Return-Path: <>\r\n") || !strings.Contains(string(got), "QQ314159") || !strings.Contains(string(got), "Subject: Your letter was delivered\r\n") {
		t.Errorf("Alice's report is %q", got)
	}
	for _, bad := range []string{"RET=ALL", "ENVID=a b=", "RET=FULL RET=FULL", "SOLICIT=x"} {
		out, err := runPeer(t, savedLetter, swaks, "--server", s.addr, "--data", "-", "--from", "alice@sender.example> "+bad+" X=", "--to", "bob@receiver.example")
		if err == nil || !strings.Contains(out, "<** 501 5.5.4") && !strings.Contains(out, "<** 555 5.5.4") {
			t.Errorf("%s: %v: %s", bad, err, out)
		}
	}
}

// RFC 3461: msmtp asks for reports.
func TestPeerMsmtpDSN(t *testing.T) {
	msmtp := program(t, "msmtp", "msmtp")
	s := serveTest(t)
	out, err := runPeer(t, savedLetter, msmtp, "--file=/dev/null", "--host=127.0.0.1", "--port="+s.port(), "--tls=off", "--auth=off",
		"--domain=mail.sender.example", "--dsn-notify=failure,delay", "--dsn-return=hdrs", "--from=alice@sender.example", "bob@receiver.example")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	commands, _ := said(s.all("stored", 1))
	if all := strings.Join(commands, "\n"); !strings.Contains(all, "RET=HDRS") || !strings.Contains(all, "NOTIFY=FAILURE,DELAY") {
		t.Errorf("msmtp said %q", commands)
	}
}

const smtplibUTF8 = `
import smtplib, sys
from email.message import EmailMessage
m = EmailMessage()
m["From"], m["To"], m["Subject"] = "josé@sender.example", "josé@receiver.example", "Grüße"
m.set_content("Schöne Grüße\n")
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="mail.sender.example", timeout=10)
s.ehlo()
for word in "pipelining size 8bitmime chunking binarymime smtputf8 dsn limits enhancedstatuscodes help".split():
    assert s.has_extn(word), (word, s.esmtp_features)
assert s.esmtp_features["limits"].strip() == "RCPTMAX=100", s.esmtp_features["limits"]
assert s.send_message(m) == {}
# RFC 3030: in chunks, the second one with a dot and a line end of its own
s.mail("alice@sender.example", ["BODY=BINARYMIME"]); s.rcpt("bob@receiver.example")
s.send("BDAT 14\r\n" + "Subject: x\r\n\r\n")
assert s.getreply()[0] == 250
s.send("BDAT 5 LAST\r\n.\r\na\n")
assert s.getreply()[0] == 250
# what is behind a BDAT is never a command
s.send("BDAT 6\r\nQUIT\r\nNOOP\r\n")
assert [s.getreply()[0], s.getreply()[0]] == [503, 250]
s.mail("alice@sender.example")
s.send("RCPT TO:<josé@receiver.example>\r\n".encode())
code, text = s.getreply()
assert code == 553, (code, text)
assert s.docmd("HELP", "BDAT")[0] == 214 and s.docmd("HELP", "FROB")[0] == 504
assert s.docmd("EXPN", "team")[0] == 502
s.quit()
`

func TestPeerSmtplibExtensions(t *testing.T) {
	python := program(t, "python3", "python3")
	dir := t.TempDir()
	s := serveTest(t, "--maildir", dir, "--user", "bob", "--user", "josé")
	if out, err := runPeer(t, "", python, "-c", smtplibUTF8, s.port()); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := stored(t, dir, 1); !strings.HasSuffix(got, "Subject: x\r\n\r\n.\r\na\n") {
		t.Errorf("Bob has %q", got)
	}
	if n := len(only(s.all("stored", 2), "letter")); n != 2 {
		t.Errorf("%d letters", n)
	}
}

// RFC 6531: aiosmtpd is offered what a letter outside ASCII needs.
func TestSendToAiosmtpdSMTPUTF8(t *testing.T) {
	name := python(t)
	addr := freePort(t)
	out := peerServer(t, addr, name, "-c", aiosmtpdScript, addr[strings.LastIndexByte(addr, ':')+1:], "100000")
	s := sendTest(t, wide, addr, "--from", "josé@sender.example", "--to", "josé@receiver.example")
	if s.status != 0 {
		t.Fatalf("status %d: %s", s.status, s.verdicts)
	}
	var got struct {
		From   string
		To     []string
		Mail   []string
		Octets string
	}
	if err := json.Unmarshal(out.line(t), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.From != "josé@sender.example" || fmt.Sprint(got.To) != "[josé@receiver.example]" || !strings.Contains(strings.Join(got.Mail, " "), "SMTPUTF8") {
		t.Errorf("aiosmtpd has %+v", got)
	}
}

// Without SMTPUTF8 on offer, a letter that needs it is not sent.
func TestSendToSmtpSinkSMTPUTF8(t *testing.T) {
	sink := program(t, "smtp-sink", "postfix")
	addr := freePort(t)
	args := []string{addr, "10"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "root"}, args...)
	}
	peerServer(t, addr, sink, args...)
	s := sendTest(t, wide, addr, "--from", "josé@sender.example", "--to", "josé@receiver.example")
	if s.status != 69 || !strings.Contains(s.verdicts, "5.6.7") || strings.Contains(strings.Join(s.commands, " "), "MAIL") {
		t.Errorf("status %d, commands %q: %s", s.status, s.commands, s.verdicts)
	}
}

// RFC 3030, RFC 6531, RFC 3461: Exim takes all three at once, in chunks.
func TestSendToEximExtensions(t *testing.T) {
	addr, spool := exim(t)
	s := sendTest(t, wide, addr, "--from", "josé@sender.example", "--to", "josé@receiver.example",
		"--notify", "success,failure", "--ret", "hdrs", "--envid", "an id+1")
	if s.status != 0 {
		t.Fatalf("status %d: %s\n%q", s.status, s.verdicts, s.commands)
	}
	all := strings.Join(s.commands, "\n")
	for _, want := range []string{"SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=an+20id+2B1", "NOTIFY=SUCCESS,FAILURE", "BDAT ", " LAST"} {
		if !strings.Contains(all, want) {
			t.Errorf("commands lack %q: %q", want, s.commands)
		}
	}
	if strings.Contains(all, "DATA\n") {
		t.Errorf("DATA though BDAT is offered: %q", s.commands)
	}
	body, envelope := eximSpool(t, spool)
	if !strings.HasSuffix(body, "Schöne Grüße\n") || !strings.Contains(envelope, "josé@receiver.example") || !strings.Contains(envelope, "an+20id+2B1") {
		t.Errorf("Exim has %q and %q", body, envelope)
	}
}

// A long letter goes in several chunks, octet for octet; and Exim's own limit
// on recipients is kept, the others following in the same session.
func TestSendToEximChunksAndLimits(t *testing.T) {
	addr, spool := exim(t)
	line := strings.Repeat("0123456789", 7) + "\n"
	s := sendTest(t, "Subject: long\n\n"+strings.Repeat(line, 5000), addr, aliceToBob...)
	if s.status != 0 || strings.Count(strings.Join(s.commands, "\n"), "BDAT ") < 5 {
		t.Fatalf("status %d: %s\n%.300q", s.status, s.verdicts, s.commands)
	}
	body, _ := eximSpool(t, spool)
	if !strings.HasSuffix(body, strings.Repeat(line, 5000)) {
		t.Errorf("Exim has %d octets", len(body))
	}
}

// eximSpool returns the one letter in Exim's spool: its body, and its envelope
// with the header.
func eximSpool(t *testing.T, spool string) (body, envelope string) {
	t.Helper()
	for range 100 {
		files, _ := filepath.Glob(filepath.Join(spool, "*-H"))
		if len(files) == 1 {
			h, err1 := os.ReadFile(files[0])
			d, err2 := os.ReadFile(strings.TrimSuffix(files[0], "H") + "D")
			if err1 == nil && err2 == nil {
				return string(d), string(h)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("Exim's spool has no letter")
	return "", ""
}
