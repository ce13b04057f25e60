package secure_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"helo/sim/secure"
)

// dialogue is a whole connection: handshake, a few lines each way, goodbye. It
// returns the octets that passed in turns, and what each end has read.
func dialogue(tb testing.TB, h *house, seed string) (turns [][]byte, atServer, atClient string) {
	tb.Helper()
	client, server := h.ends(tb, seed)
	turns = append(turns, handshake(tb, client, server))
	for n := range 3 {
		write(tb, client, strings.Repeat("to the server ", 1+n*2000))
		turns = append(turns, exchange(client, server))
		write(tb, server, strings.Repeat("to the client ", 1+n*2000))
		turns = append(turns, exchange(client, server))
	}
	client.CloseWrite()
	server.CloseWrite()
	turns = append(turns, exchange(client, server))
	atServer, atClient = string(server.Plain()), string(client.Plain())
	if server.Err() != io.EOF || client.Err() != io.EOF {
		tb.Fatalf("at the end: server %v, client %v", server.Err(), client.Err())
	}
	client.Stop()
	server.Stop()
	return turns, atServer, atClient
}

func TestDeterminismTwoThousandHandshakesOneSeed(t *testing.T) {
	h := newHouse(t)
	connect := func(seed string) []byte {
		client, server := h.ends(t, seed)
		passed := handshake(t, client, server)
		write(t, client, "EHLO mail.sender.example\r\n")
		write(t, server, "250 mx.receiver.example\r\n")
		passed = append(passed, exchange(client, server)...)
		client.Stop()
		server.Stop()
		return passed
	}
	first := connect("1")
	for n := range often(1999) {
		if !bytes.Equal(first, connect("1")) {
			t.Fatalf("handshake %d differs", n)
		}
	}
	if bytes.Equal(first, connect("2")) {
		t.Error("another seed gives the same octets: nothing is drawn from it")
	}
}

func TestDeterminismSameCertificates(t *testing.T) {
	one, two := newHouse(t), newHouse(t)
	if !bytes.Equal(one.ca.CertPEM(), two.ca.CertPEM()) || !bytes.Equal(one.ca.KeyPEM(), two.ca.KeyPEM()) {
		t.Error("two authorities of one seed differ")
	}
	if !bytes.Equal(one.cert.Certificate[0], two.cert.Certificate[0]) {
		t.Error("two certificates of one seed differ")
	}
}

// TestDeterminismWithoutAES: without AES instructions another cipher is
// preferred, but all lengths and all that is read stay as they are.
func TestDeterminismWithoutAES(t *testing.T) {
	const child = "HELO_SECURE_CHILD"
	turns, atServer, atClient := dialogue(t, newHouse(t), "1")
	var b strings.Builder
	for _, turn := range turns {
		fmt.Fprint(&b, len(turn), " ")
	}
	shape := fmt.Sprintf("shape %sread %d %d", b.String(), len(atServer), len(atClient))
	if os.Getenv(child) != "" {
		fmt.Println(shape)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDeterminismWithoutAES$")
	cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=cpu.aes=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), shape+"\n") {
		t.Errorf("with AES:\n%s\nwithout:\n%s", shape, out)
	}
}

// TestAnyCutGivesTheSame: however the octets are cut, each end reads and says
// the same.
func TestAnyCutGivesTheSame(t *testing.T) {
	h := newHouse(t)
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringN(0, 3000, 40000), 0, 4).Draw(rt, "texts")
		var want, heard string
		client, server := h.ends(t, "1")
		client.Start()
		say := func() {
			for done := false; !done; {
				up := bytes.Clone(client.Output())
				pieces(rt, up, server.Feed)
				down := bytes.Clone(server.Output())
				pieces(rt, down, client.Feed)
				done = len(up)+len(down) == 0
				heard += string(server.Plain())
			}
		}
		say()
		for _, text := range texts {
			write(t, client, text)
			want += text
			if rapid.Bool().Draw(rt, "at once") {
				say()
			}
		}
		client.CloseWrite()
		say()
		if heard != want || server.Err() != io.EOF || client.Err() != nil {
			rt.Fatalf("read %d octets of %d; server %v, client %v", len(heard), len(want), server.Err(), client.Err())
		}
		client.Stop()
		server.Stop()
	})
}

// pieces feeds octets in pieces.
func pieces(rt *rapid.T, p []byte, feed func([]byte)) {
	for len(p) > 0 {
		n := rapid.IntRange(1, len(p)).Draw(rt, "n")
		if small := rapid.IntRange(0, 3).Draw(rt, "small"); small > 0 {
			n = min(n, small)
		}
		piece := bytes.Clone(p[:n])
		feed(piece)
		clear(piece) // nothing of it may be kept
		p = p[n:]
	}
}

func TestOctetByOctet(t *testing.T) {
	h := newHouse(t)
	client, server := h.ends(t, "1")
	whole := handshake(t, client, server)

	client, server = h.ends(t, "1")
	client.Start()
	var passed []byte
	for range 4 {
		up := bytes.Clone(client.Output())
		for i := range up {
			server.Feed(up[i : i+1])
		}
		down := bytes.Clone(server.Output())
		for i := range down {
			client.Feed(down[i : i+1])
		}
		passed = append(append(passed, up...), down...)
	}
	if !server.Done() || !client.Done() || !bytes.Equal(passed, whole) {
		t.Errorf("octet by octet the handshake is another one: %d octets, at once %d", len(passed), len(whole))
	}
}

func TestRandIsWhatItsSeedSays(t *testing.T) {
	read := func(r io.Reader, sizes ...int) (all []byte) {
		for _, n := range sizes {
			p := make([]byte, n)
			if got, err := r.Read(p); got != n || err != nil {
				t.Fatalf("read %d of %d, %v", got, n, err)
			}
			if n != 1 {
				all = append(all, p...)
			}
		}
		return all
	}
	want := read(stream("1"), 200)
	for _, sizes := range [][]int{{100, 100}, {32, 32, 32, 104}, {1, 33, 1, 1, 67, 100, 1}, {0, 2, 198}} {
		if got := read(stream("1"), sizes...); !bytes.Equal(got, want) {
			t.Errorf("in reads of %v it is another stream", sizes)
		}
	}
	if bytes.Equal(read(stream("2"), 200), want) {
		t.Error("another seed gives the same stream")
	}
	var zero [32]byte
	if got := fmt.Sprintf("%x", read(secure.Rand(zero), 8)); got != "2c34ce1df23b838c" {
		t.Errorf("the stream of the zero seed begins %s", got)
	}
}
