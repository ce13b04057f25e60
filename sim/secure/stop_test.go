package secure_test

import (
	"bytes"
	"runtime"
	"testing"

	"helo/sim/secure"
)

// TestStopLeavesNothingBehind: an End may be stopped at any point of its life.
func TestStopLeavesNothingBehind(t *testing.T) {
	h := newHouse(t)
	clients := secure.ClientConfig("mx.receiver.example", h.ca.Pool(), nil, now)
	servers := secure.ServerConfig(h.cert, nil, now)
	strangers := secure.ClientConfig("mx.other.example", h.ca.Pool(), nil, now)

	live := func(n int) {
		config := clients
		if n%5 == 0 {
			config = strangers // fails
		}
		client := secure.NewClient(secure.WithRand(config, stream("client")))
		server := secure.NewServer(secure.WithRand(servers, stream("server")))
		stopped := func(point int) bool { return n%11 == point }
		defer client.Stop()
		defer server.Stop()
		if stopped(0) {
			return
		}
		client.Start()
		if stopped(1) {
			return
		}
		hello := client.Output()
		server.Feed(hello[:n%len(hello)])
		if stopped(2) {
			return
		}
		server.Feed(hello[n%len(hello):])
		if stopped(3) {
			return
		}
		flight := bytes.Clone(server.Output())
		client.Feed(flight[:n%len(flight)])
		if stopped(4) {
			return
		}
		client.Feed(flight[n%len(flight):])
		if stopped(5) {
			client.PeerClosed()
			server.PeerClosed()
			return
		}
		server.Feed(client.Output())
		if stopped(6) {
			return
		}
		_ = client.Write(make([]byte, 100))
		if stopped(7) {
			client.CloseWrite()
		}
		server.Feed(client.Output())
		if stopped(8) {
			server.Stop()
			server.Feed(hello)
		}
		if stopped(9) {
			server.Feed([]byte("garbage"))
		}
	}

	measure := func() (goroutines int, heap uint64) {
		var m runtime.MemStats
		for range 3 { // what hangs on a cleanup goes a round later
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for n := range often(1000) { // what is made once
		live(n)
	}
	goroutines, heap := measure()
	for n := range often(10_000) {
		live(n)
	}
	goroutinesAfter, heapAfter := measure()
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, goroutinesAfter)
	}
	if heapAfter > heap+1<<20 {
		t.Errorf("%d octets in use before, %d after", heap, heapAfter)
	}
	t.Logf("goroutines %d, %d; heap %d, %d", goroutines, goroutinesAfter, heap, heapAfter)
}

func TestStoppedEndDoesNothing(t *testing.T) {
	h := newHouse(t)
	client, server := h.ends(t, "1")
	client.Stop() // before it began
	client.Stop()
	client.Start()
	client.Feed([]byte("x"))
	client.PeerClosed()
	client.CloseWrite()
	if got := client.Output(); len(got) != 0 || client.Err() != secure.ErrStopped || client.Done() {
		t.Errorf("an End stopped before it began: %d octets, %v", len(got), client.Err())
	}
	if s := client.ConnectionState(); s.Version != 0 || s.HandshakeComplete {
		t.Errorf("it has agreed upon %x", s.Version)
	}
	if err := client.Write([]byte("x")); err != secure.ErrStopped {
		t.Errorf("it writes: %v", err)
	}

	client, _ = h.ends(t, "1")
	client.Start()
	server.Feed(client.Output())
	server.Stop() // in the middle: what it had said is there
	if len(server.Output()) == 0 || server.Err() != secure.ErrStopped || server.Done() {
		t.Errorf("an End stopped in the handshake: %v", server.Err())
	}
	if server.ConnectionState().HandshakeComplete {
		t.Error("the handshake is complete")
	}

	client, server = h.ends(t, "2")
	handshake(t, client, server)
	write(t, client, "QUIT\r\n")
	server.Feed(client.Output())
	server.Stop()
	if got := string(server.Plain()); got != "QUIT\r\n" || !server.Done() || server.Err() != secure.ErrStopped {
		t.Errorf("an End stopped after the handshake: %q, %v", got, server.Err())
	}
	if len(server.Output()) != 0 {
		t.Error("Stop has something to say")
	}

	client.PeerClosed()
	client.Stop() // its reason stays
	if client.Err() != secure.ErrCut {
		t.Errorf("an End stopped after it failed: %v", client.Err())
	}
}
