package secure_test

import (
	"bytes"
	"testing"
)

func TestDeterminismTwoThousandHandshakesOneSeed(t *testing.T) {
	h := newHouse(t)
	var first []byte
	for n := range 2000 {
		client, server := h.ends(t, "1")
		passed := handshake(t, client, server)
		write(t, client, "EHLO mail.sender.example\r\n")
		write(t, server, "250 mx.receiver.example\r\n")
		passed = append(passed, exchange(client, server)...)
		client.Stop()
		server.Stop()
		if n == 0 {
			first = passed
		}
		if !bytes.Equal(first, passed) {
			t.Fatalf("handshake %d differs", n)
		}
	}
}
