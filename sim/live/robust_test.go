package live

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helo/sim/host"
)

// A mailbox that somebody removes while the server runs is made again, and a
// letter for two boxes of which one cannot be written is in neither.
func TestMaildirAllOrNothing(t *testing.T) {
	root := t.TempDir()
	m, err := NewMaildir(filepath.Join(root, "mail"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string) error {
		_, err := m.Put(&host.Mail{QueueID: id, Boxes: []string{"a@x.example", "b@x.example"}, Body: [][]byte{[]byte("hello\r\n")}})
		return err
	}
	files := func() int {
		found, _ := filepath.Glob(filepath.Join(root, "mail", "*", "*", "*.helo"))
		return len(found)
	}
	if err := put("1"); err != nil || files() != 2 {
		t.Fatalf("first: %v, %d files", err, files())
	}
	if err := os.RemoveAll(filepath.Join(root, "mail")); err != nil {
		t.Fatal(err)
	}
	if err := put("2"); err != nil || files() != 2 {
		t.Fatalf("after the folder was removed: %v, %d files", err, files())
	}
	b := filepath.Join(root, "mail", folderName("b@x.example"), "tmp")
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := put("3"); err == nil || files() != 2 {
		t.Fatalf("one box broken: %v, %d files, expected an error and 2", err, files())
	}
}

// A follower that is stuck holds writers up, but not the end of the server.
func TestShutdownWithStuckFollower(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(Config{Name: "stuck", Host: mx(), Budget: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	go s.Serve(serving, ln, 25)
	release := make(chan struct{})
	followed := make(chan error, 1)
	go func() { followed <- s.Follow(context.Background(), func() error { <-release; return io.EOF }) }()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		line := bytes.Repeat([]byte("NOOP "+strings.Repeat("x", 400)+"\r\n"), 100)
		go io.Copy(io.Discard, nc)
		for {
			if _, err := nc.Write(line); err != nil {
				return
			}
		}
	}()
	time.Sleep(500 * time.Millisecond)
	s.lock()
	size := s.t.Size()
	s.mu.Unlock()
	if size > 8<<20 {
		t.Errorf("the trace has %d octets with a budget of 1 MiB and a follower that is stuck", size)
	}
	stop()
	grace, end := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer end()
	over := make(chan struct{})
	go func() { s.Shutdown(grace); close(over) }()
	select {
	case <-over:
	case <-time.After(15 * time.Second):
		t.Error("Shutdown waits for a follower that is stuck")
	}
	close(release)
	<-followed
}
