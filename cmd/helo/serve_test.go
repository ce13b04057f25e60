package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hello opens a connection and gets as far as an open transaction, or just the
// greeting.
func hello(t *testing.T, addr string, transaction bool) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(c)
	wantCode(t, in, "220")
	if transaction {
		fmt.Fprintf(c, "HELO a.example\r\nMAIL FROM:<alice@sender.example>\r\n")
		wantCode(t, in, "250")
		wantCode(t, in, "250")
	}
	return c, in
}

func wantCode(t *testing.T, in *bufio.Reader, code string) {
	t.Helper()
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, code) {
		t.Fatalf("got %q, %v; want %s", line, err, code)
	}
}

// RFC 5321 §3.8: a server that stops says 421; an open transaction may finish.
func TestServeStops(t *testing.T) {
	s := serveTest(t)
	_, idle := hello(t, s.addr, false)
	c, busy := hello(t, s.addr, true)
	s.cmd.Process.Signal(syscall.SIGTERM)
	wantCode(t, idle, "421")
	if _, err := idle.ReadByte(); err != io.EOF {
		t.Errorf("after 421: %v", err)
	}
	if late, err := net.Dial("tcp", s.addr); err == nil {
		late.SetDeadline(time.Now().Add(5 * time.Second))
		if n, err := late.Read(make([]byte, 1)); err == nil {
			t.Errorf("a server that stops greets a new client: %d", n)
		}
		late.Close()
	}
	fmt.Fprintf(c, "RCPT TO:<bob@receiver.example>\r\nDATA\r\n")
	wantCode(t, busy, "250")
	wantCode(t, busy, "354")
	fmt.Fprintf(c, "late\r\n.\r\n")
	wantCode(t, busy, "250")
	wantCode(t, busy, "421")
	s.wait()
	if n := len(only(s.events, "stored")); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
}

// However early the signal comes, a server that has said that it is there ends in
// good order.
func TestServeStopsFromItsFirstWord(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for range 20 {
		cmd := exec.Command(helo(t), "serve", "--smtp", "127.0.0.1:0", "--submission", "127.0.0.1:0", "--headless")
		errs, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		wait := launch(t, cmd)
		in := bufio.NewScanner(errs)
		for in.Scan() && !strings.Contains(in.Text(), "mail for bob@receiver.example at") {
		}
		cmd.Process.Signal(syscall.SIGTERM)
		for in.Scan() {
		}
		if err := wait(); err != nil {
			t.Fatalf("it ended with %v", err)
		}
	}
}

// A second signal ends the server at once, whatever is open.
func TestServeStopsAtOnce(t *testing.T) {
	s := serveTest(t, "--grace", "1m")
	hello(t, s.addr, true)
	_, idle := hello(t, s.addr, false)
	s.cmd.Process.Signal(syscall.SIGTERM)
	wantCode(t, idle, "421") // it has heard: two signals at once are one
	select {
	case <-s.done:
		t.Fatal("it did not wait for the open transaction")
	case <-time.After(200 * time.Millisecond):
	}
	start := time.Now()
	s.stop()
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// The second signal ends it though nobody reads what it writes any more.
func TestServeStopsAtOnceWithStuckReader(t *testing.T) {
	addr := freePort(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(helo(t), "serve", "--smtp", addr, "--headless", "--format", "json", "--grace", "1m")
	var errs strings.Builder
	cmd.Stdout, cmd.Stderr = w, &errs
	wait := launch(t, cmd)
	w.Close()
	done := make(chan error, 1)
	go func() { done <- wait() }()
	waitListening(t, addr)
	hello(t, addr, true)
	c, in := hello(t, addr, false)
	for range 1000 { // their events are more than a pipe takes
		fmt.Fprintf(c, "NOOP %s\r\n", strings.Repeat("x", 400))
		wantCode(t, in, "250")
	}
	cmd.Process.Signal(syscall.SIGTERM)
	wantCode(t, in, "421") // it has heard: two signals at once are one
	select {
	case err := <-done:
		t.Fatalf("it did not wait for the open transaction: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for its reader after the second signal")
	}
	if code := cmd.ProcessState.ExitCode(); code != exitWrong || !strings.Contains(errs.String(), "nobody reads") {
		t.Errorf("exit status %d, %q", code, errs.String())
	}
}

// It ends after one signal as well, when nobody reads and the grace is over.
func TestServeStopsWithStuckReader(t *testing.T) {
	addr := freePort(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(helo(t), "serve", "--smtp", addr, "--headless", "--format", "json", "--grace", "100ms")
	cmd.Stdout = w
	wait := launch(t, cmd)
	w.Close()
	waitListening(t, addr)
	c, in := hello(t, addr, false)
	for range 1000 { // their events are more than a pipe takes
		fmt.Fprintf(c, "NOOP %s\r\n", strings.Repeat("x", 400))
		wantCode(t, in, "250")
	}
	cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for its reader")
	}
	if code := cmd.ProcessState.ExitCode(); code != exitWrong {
		t.Errorf("exit status %d", code)
	}
}

// The wait for open transactions has an end.
func TestServeGrace(t *testing.T) {
	s := serveTest(t, "--grace", "200ms")
	_, in := hello(t, s.addr, true)
	start := time.Now()
	s.stop()
	if took := time.Since(start); took < 200*time.Millisecond || took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
	wantCode(t, in, "421")
}

// A client that says nothing is told 421 and let go (RFC 5321 §4.5.3.2.7); one
// fault can be any reply; the server never relays.
func TestServeSettings(t *testing.T) {
	s := serveTest(t, "--domain", "a.example", "--domain", "b.example", "--user", "*", "--set", "size=100", "--set", "8bitmime=off",
		"--idle", "2s", "--fault", `mx at=NOOP reply="250 2.0.0 as you like"`)
	c, in := hello(t, s.addr, false)
	fmt.Fprintf(c, "EHLO x.example\r\n")
	var offer []string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		offer = append(offer, strings.TrimSpace(line[4:]))
		if line[3] == ' ' {
			break
		}
	}
	if all := strings.Join(offer, ","); !strings.Contains(all, "SIZE 100") || strings.Contains(all, "8BITMIME") {
		t.Errorf("it offers %q", offer)
	}
	fmt.Fprintf(c, "NOOP\r\nMAIL FROM:<> SIZE=101\r\nMAIL FROM:<>\r\nRCPT TO:<anybody@b.example>\r\nRCPT TO:<bob@receiver.example>\r\n")
	for _, code := range []string{"250 2.0.0 as you like", "552 5.3.4", "250", "250", "550 5.7.1"} {
		wantCode(t, in, code)
	}
	wantCode(t, in, "421 4.4.2")
}

// Text is for people: octets of a client never reach the terminal raw.
func TestServeText(t *testing.T) {
	addr := freePort(t)
	cmd := exec.Command(helo(t), "serve", "--smtp", addr, "--headless")
	var out strings.Builder
	cmd.Stdout = &out
	wait := launch(t, cmd)
	waitListening(t, addr)
	c, in := hello(t, addr, false)
	fmt.Fprintf(c, "EHLO \x1b[31mred\x9b\r\nQUIT\r\n")
	wantCode(t, in, "501")
	wantCode(t, in, "221")
	c.Close()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := wait(); err != nil {
		t.Error(err)
	}
	text := out.String()
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\x9b") || strings.Contains(text, "\r") || !strings.Contains(text, `EHLO \x1b[31mred`) || !strings.Contains(text, "listens at "+addr) {
		t.Errorf("it wrote %q", text)
	}
}
