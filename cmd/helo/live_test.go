package main

// The command on real sockets: helpers that build it once, run it, and read the
// events it writes.

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaryFolder is the folder of [binary], or empty.
var binaryFolder string

// binary builds helo once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "helo")
	if err != nil {
		return "", err
	}
	binaryFolder = dir
	name := filepath.Join(dir, "helo")
	if out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

func helo(t testing.TB) string {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// program finds a program that no one here wrote. Where HELO_PEERS is
// "required" it has to be there, else the test is skipped.
func program(t testing.TB, name, from string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/lib/postfix/sbin") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	if os.Getenv("HELO_PEERS") == "required" {
		t.Fatalf("%s is missing; it comes with %s", name, from)
	}
	t.Skipf("%s is missing; it comes with %s", name, from)
	return ""
}

// launch starts a program. It ends with the test at the latest, however that ends.
// The function returned is the program's Wait, which any number may call.
func launch(t testing.TB, cmd *exec.Cmd) (wait func() error) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	process := cmd.Process // a test may take it away
	wait = sync.OnceValue(cmd.Wait)
	t.Cleanup(func() {
		process.Kill()
		wait()
	})
	return wait
}

// event is one line of --format json, as far as the tests look at it.
type event struct {
	Kind, Host, Peer, Verb, Text, Base64          string
	Conn, Letter, Port, Code, Pos, Lines, Service int
	Flags                                         []string
}

// server is a helo serve of a test.
type server struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
	done chan error

	mu     sync.Mutex
	events []event
	stderr output
}

// serveTest starts helo serve at a free port, and stops it when the test ends.
func serveTest(t testing.TB, args ...string) *server {
	t.Helper()
	args = append([]string{"serve", "--smtp", "127.0.0.1:0", "--headless", "--format", "json"}, args...)
	s := &server{t: t, cmd: exec.Command(helo(t), args...), done: make(chan error, 1)}
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	wait := launch(t, s.cmd)
	t.Cleanup(s.stop)
	ready := make(chan string, 1)
	go func() {
		in := bufio.NewReaderSize(out, 1<<20)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				break
			}
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				t.Errorf("line %q: %v", line, err)
				continue
			}
			if e.Kind == "listening" && e.Service == 25 {
				ready <- e.Text
			}
			s.mu.Lock()
			s.events = append(s.events, e)
			s.mu.Unlock()
		}
		io.Copy(io.Discard, out)
		s.done <- wait()
	}()
	select {
	case s.addr = <-ready:
	case err := <-s.done:
		s.done <- nil
		t.Fatalf("helo serve ended: %v: %s", err, s.stderr.String())
	case <-time.After(20 * time.Second):
		t.Fatal("helo serve does not say that it is ready")
	}
	return s
}

// stop tells the server to stop and waits until it has.
func (s *server) stop() {
	if s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.wait()
}

// wait waits for the end of a server that was told to stop: a second signal would
// end it at once.
func (s *server) wait() {
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("helo serve: %v: %s", err, s.stderr.String())
		}
		s.done <- nil
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		s.t.Error("helo serve did not stop")
	}
}

// door is where the server listens as if at that port.
func (s *server) door(port int) string {
	s.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		for _, e := range only(s.all("listening", 1), "listening") {
			if e.Service == port {
				return e.Text
			}
		}
	}
	s.t.Fatalf("nobody listens as if at %d", port)
	return ""
}

// port is the port of the server's address.
func (s *server) port() string { return s.addr[strings.LastIndexByte(s.addr, ':')+1:] }

// all returns the events so far, once there are n of that kind.
func (s *server) all(kind string, n int) []event {
	s.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		list := append([]event(nil), s.events...)
		s.mu.Unlock()
		if len(only(list, kind)) >= n {
			return list
		}
	}
	s.t.Fatalf("there are not %d events %s", n, kind)
	return nil
}

// only returns the events of a kind.
func only(list []event, kind string) (out []event) {
	for _, e := range list {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// said returns the commands of a trace, verbs and lines, and the codes of its
// replies.
func said(list []event) (commands []string, codes []int) {
	for _, e := range list {
		switch e.Kind {
		case "command":
			line := e.Text
			if octets, err := base64.StdEncoding.DecodeString(e.Base64); err == nil && len(octets) > 0 {
				line = string(octets)
			}
			commands = append(commands, strings.TrimSpace(line))
		case "letter":
			commands = append(commands, "letter")
		case "reply":
			codes = append(codes, e.Code)
		}
	}
	return commands, codes
}

// runPeer runs a program to its end and returns what it wrote.
func runPeer(t testing.TB, stdin string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
