package main

// helo send, heard by mail servers that no one here wrote.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// freePort is a loopback address at which nobody listens. It is none of those that
// the system hands out by itself, to other tests as well: a client that asks at
// one again and again would end up talking to itself.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
	t.Fatal("expected a free port between 10000 and 30000, found none in 100 tries")
	return ""
}

// waitListening waits until somebody listens at an address.
func waitListening(t testing.TB, addr string) {
	t.Helper()
	for range 400 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", addr)
}

// output is what a running program has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) Bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.buf.Bytes())
}

func (o *output) String() string { return string(o.Bytes()) }

// line waits for a whole line. A program may have written one and gone on, to an
// answer that this process has already heard of, before the line is read here.
func (o *output) line(t testing.TB) []byte {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if line, _, whole := bytes.Cut(o.Bytes(), []byte("\n")); whole {
			return line
		}
	}
	t.Fatalf("expected a whole line, found only %q", o)
	return nil
}

// peerServer starts a program and waits until it listens; it ends with the test.
func peerServer(t testing.TB, addr, name string, args ...string) *output {
	t.Helper()
	cmd := exec.Command(name, args...)
	out := new(output)
	cmd.Stdout, cmd.Stderr = out, out
	wait := launch(t, cmd)
	done := make(chan error, 1)
	go func() { done <- wait() }()
	for range 400 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return out
		}
		select {
		case err := <-done:
			t.Fatalf("%s ended: %v: %s", name, err, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen: %s", name, out)
	return nil
}

// sent is what a helo send said and came to.
type sent struct {
	status   int
	commands []string
	codes    []int
	verdicts string // a line a recipient
}

// sendTest runs helo send with a letter on its standard input.
func sendTest(t testing.TB, letter, addr string, args ...string) sent {
	t.Helper()
	args = append([]string{"send", "--format", "json", "--server", addr}, append(args, "-")...)
	cmd := exec.Command(helo(t), args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(letter), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var list []event
	in := bufio.NewScanner(&out)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			t.Fatalf("%q: %v", in.Text(), err)
		}
		list = append(list, e)
	}
	s := sent{status: cmd.ProcessState.ExitCode(), verdicts: errs.String()}
	s.commands, s.codes = said(list)
	return s
}

var aliceToBob = []string{"--from", "alice@sender.example", "--to", "bob@receiver.example"}

// Addresses that no command can carry are refused before anything is sent.
func TestSendRefusesAddresses(t *testing.T) {
	for _, args := range [][]string{
		{"--from", "alice@sender.example\r\nRCPT TO:<eve@receiver.example>", "--to", "bob@receiver.example"},
		{"--from", "alice@sender.example", "--to", "bob\x01@receiver.example"},
		{"--from", "alice@sender.example", "--to", "bob@receiver.example>\r\nDATA"},
		{"--from", "alice@sender.example", "--to", "<>"},
		{"--from", "alice@sender.example", "--to", ""},
		{"--from", "alice@sender.example", "--to", "bob@receiver.example", "--ehlo", "a\r\nNOOP"},
	} {
		if s := sendTest(t, savedLetter, "127.0.0.1:1", args...); s.status != 2 || len(s.commands) > 0 || strings.ContainsAny(s.verdicts, "\x00\x01\r") {
			t.Errorf("%q: status %d, %q", args, s.status, s.verdicts)
		}
	}
}

func TestSendToSmtpSink(t *testing.T) {
	sink := program(t, "smtp-sink", "postfix")
	for _, test := range []struct {
		name   string
		args   []string // of smtp-sink
		status int
		says   string // of the verdict
		also   string // a command that is said
	}{
		{"RFC 5321 §4.2.5: delivered", nil, 0, "accepted   bob@receiver.example  250 ", "EHLO [127.0.0.1]"},
		{"RFC 5321 §3.2: a server that knows no EHLO gets HELO", []string{"-e"}, 0, "accepted", "HELO [127.0.0.1]"},
		{"RFC 5321 §4.2.1: 4yz to RCPT is deferred", []string{"-r", "RCPT"}, 75, "deferred   bob@receiver.example  450 ", ""},
		{"RFC 5321 §4.2.1: 5yz to RCPT is refused", []string{"-f", "RCPT"}, 69, "refused    bob@receiver.example  500 ", ""},
		{"RFC 5321 §4.2.1: 5yz to DATA is refused", []string{"-f", "DATA"}, 69, "refused", "DATA"},
		{"RFC 5321 §4.2.1: 4yz to the dot is deferred", []string{"-r", "."}, 75, "deferred", "letter"},
		{"RFC 5321 §4.5.3.2.6: dropped after the dot is not delivered", []string{"-q", "."}, 75, "deferred", "letter"},
		{"RFC 5321 §3.8: dropped at MAIL", []string{"-q", "MAIL"}, 75, "deferred", ""},
		{"RFC 5321 §3.1: turned away", []string{"-f", "CONNECT"}, 69, "refused", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, dir := freePort(t), t.TempDir()
			args := append(test.args, "-d", filepath.Join(dir, "letter"), addr, "10")
			if os.Getuid() == 0 {
				args = append([]string{"-u", "root"}, args...)
			}
			peerServer(t, addr, sink, args...)
			s := sendTest(t, savedLetter, addr, aliceToBob...)
			if s.status != test.status || !strings.Contains(s.verdicts, test.says) {
				t.Errorf("status %d, want %d; verdicts %q, want %q", s.status, test.status, s.verdicts, test.says)
			}
			if all := strings.Join(s.commands, "\n"); !strings.Contains(all, test.also) {
				t.Errorf("commands %q lack %q", s.commands, test.also)
			}
			if test.status != 0 {
				return
			}
			files, err := filepath.Glob(filepath.Join(dir, "letter*"))
			if err != nil || len(files) == 0 {
				t.Fatalf("smtp-sink wrote nothing: %v", err)
			}
			got, err := os.ReadFile(files[len(files)-1])
			if err != nil || !strings.Contains(strings.ReplaceAll(string(got), "\r\n", "\n"), strings.ReplaceAll(peerLetter, "\r\n", "\n")) {
				t.Errorf("smtp-sink has %q, %v", got, err)
			}
		})
	}
}

const aiosmtpdScript = `
import asyncio, json, sys
from aiosmtpd.controller import Controller
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "mail": envelope.mail_options,
            "rcpt": [str(o) for o in envelope.rcpt_options], "octets": envelope.original_content.decode("latin-1")}), flush=True)
        return "250 2.0.0 taken"
c = Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1]), enable_SMTPUTF8=True, data_size_limit=int(sys.argv[2]))
c.start()
asyncio.new_event_loop().run_forever()
`

// python is one that has aiosmtpd.
func python(t testing.TB) string {
	t.Helper()
	name := program(t, "python3", "python3")
	for _, name := range []string{"/usr/bin/python3", name} {
		if exec.Command(name, "-c", "import aiosmtpd").Run() == nil {
			return name
		}
	}
	if os.Getenv("HELO_PEERS") == "required" {
		t.Fatal("aiosmtpd is missing; it comes with python3-aiosmtpd")
	}
	t.Skip("aiosmtpd is missing; it comes with python3-aiosmtpd")
	return ""
}

func TestSendToAiosmtpd(t *testing.T) {
	name := python(t)
	addr := freePort(t)
	out := peerServer(t, addr, name, "-c", aiosmtpdScript, addr[strings.LastIndexByte(addr, ':')+1:], "100000")
	s := sendTest(t, savedLetter, addr, append(aliceToBob, "--to", "carol@receiver.example")...)
	if s.status != 0 || strings.Count(s.verdicts, "accepted ") != 2 {
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
	want := strings.ReplaceAll(savedLetter, "\n", "\r\n")
	if got.From != "alice@sender.example" || fmt.Sprint(got.To) != "[bob@receiver.example carol@receiver.example]" || got.Octets != want {
		t.Errorf("aiosmtpd has %+v, want %q", got, want)
	}
	if fmt.Sprint(got.Mail) != fmt.Sprintf("[SIZE=%d]", len(want)) {
		t.Errorf("parameters of MAIL %q", got.Mail)
	}
	// Over the size the server offers nothing is sent (RFC 1870 §6).
	s = sendTest(t, savedLetter+strings.Repeat(strings.Repeat("x", 70)+"\n", 2000), addr, aliceToBob...)
	if s.status != 69 || strings.Contains(strings.Join(s.commands, " "), "MAIL") {
		t.Errorf("too large: status %d, commands %q: %s", s.status, s.commands, s.verdicts)
	}
}

const eximConfig = `
primary_hostname = mx.receiver.example
domainlist local_domains = receiver.example
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
keep_environment =
queue_only = true
queue_only_override = false
acl_smtp_rcpt = acl_rcpt
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
tls_advertise_hosts =
message_size_limit = 1M
recipients_max = 3
begin acl
acl_rcpt:
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
local:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = DIR/mbox
  user = Debian-exim
`

// exim starts Exim in the foreground, in a folder of its own, and returns its
// address and spool. Its letters stay there: the body in *-D, the envelope and
// header in *-H.
func exim(t *testing.T) (addr, spool string) { return eximWith(t, eximConfig, nil) }

// eximWith is [exim] with another configuration, files of its own, and more
// addresses to listen at.
func eximWith(t *testing.T, config string, files []string, more ...string) (addr, spool string) {
	t.Helper()
	name := program(t, "exim4", "exim4-daemon-light")
	if os.Getuid() != 0 {
		t.Skip("Exim takes its configuration from root only")
	}
	if out, err := exec.Command("id", "Debian-exim").CombinedOutput(); err != nil {
		t.Skipf("Exim needs its user: %s", out)
	}
	dir, err := os.MkdirTemp("/tmp", "exim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(conf, []byte(strings.ReplaceAll(config, "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o755)
	for _, sub := range []string{"spool", "log"} {
		if out, err := exec.Command("install", "-d", "-o", "Debian-exim", filepath.Join(dir, sub)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	copyFor(t, dir, files)
	addr = freePort(t)
	peerServer(t, addr, name, "-C", conf, "-bdf", "-oX", eximAddresses(append([]string{addr}, more...)...))
	return addr, filepath.Join(dir, "spool", "input")
}

func TestSendToExim(t *testing.T) {
	addr, spool := exim(t)
	s := sendTest(t, savedLetter, addr, append(aliceToBob, "--to", "x@elsewhere.example")...)
	if s.status != 69 || !strings.Contains(s.verdicts, "accepted   bob@receiver.example  250 ") || !strings.Contains(s.verdicts, "refused    x@elsewhere.example  550 ") {
		t.Fatalf("status %d: %s", s.status, s.verdicts)
	}
	files, _ := filepath.Glob(filepath.Join(spool, "*-D"))
	if len(files) != 1 {
		t.Fatalf("%d letters in Exim's spool", len(files))
	}
	body, err := os.ReadFile(files[0])
	if err != nil || !strings.HasSuffix(string(body), strings.ReplaceAll(peerLetter, "\r\n", "\n")) {
		t.Errorf("Exim has %q, %v", body, err)
	}
}
