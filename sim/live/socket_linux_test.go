package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestSocketMovesMoreThanTheKernelTakesAtOnce(t *testing.T) {
	near, far := sockets(t)
	want := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20) // 16 MiB
	go func() {
		if n, err := near.Write(want); n != len(want) || err != nil {
			t.Errorf("Write = %d, %v; want %d", n, err, len(want))
		}
		near.(*socket).CloseWrite()
	}()
	got, err := io.ReadAll(far)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d octets, %v; want all %d as they were written", len(got), err, len(want))
	}
}

func TestSocketErrors(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		near, _ := sockets(t)
		near.SetDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %v; want a deadline exceeded", err)
		}
		huge := make([]byte, 64<<20)
		if n, err := near.Write(huge); !errors.Is(err, os.ErrDeadlineExceeded) || n == len(huge) {
			t.Errorf("Write = %d, %v; want a deadline exceeded", n, err)
		}
	})
	t.Run("closed there", func(t *testing.T) {
		near, far := sockets(t)
		far.Close()
		if n, err := near.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read = %d, %v; want EOF", n, err)
		}
	})
	t.Run("reset there", func(t *testing.T) {
		near, far := sockets(t)
		far.(*socket).SetLinger(0)
		far.Close()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read = %v; want a connection reset", err)
		}
	})
	t.Run("closed here", func(t *testing.T) {
		near, _ := sockets(t)
		time.AfterFunc(10*time.Millisecond, func() { near.Close() })
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read = %v; want a closed connection", err)
		}
	})
}

// sockets are the two ends of a connection over loopback.
func sockets(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return direct(a), direct(b)
}
