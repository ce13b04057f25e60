package secure_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"helo/sim/secure"
)

// FuzzFeed puts anything into a connection, at any place of either direction.
// No end may fall over or wait, and neither may read what the other has not
// written.
func FuzzFeed(f *testing.F) {
	h := newHouse(f)
	f.Add([]byte("EHLO mail.sender.example\r\n"), uint16(0), uint16(0), false)
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x2d"), uint16(0), uint16(0), true)
	f.Add([]byte("\x14\x03\x03\x00\x01\x01"), uint16(127), uint16(0), true)
	f.Add([]byte("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), uint16(0), uint16(9), false)
	f.Add([]byte("\x17\x03\x03\x00\x20"), uint16(700), uint16(37), true)
	f.Add([]byte{}, uint16(300), uint16(1), false)
	f.Fuzz(func(t *testing.T, octets []byte, at, drop uint16, down bool) {
		client, server := h.ends(t, "1")
		const toServer, toClient = "MAIL FROM:<alice@sender.example>\r\n", "250 2.1.0 ok\r\n"
		// The octets take the place of drop octets of one direction, from at on.
		offset := 0
		feed := func(to *secure.End, p []byte, changed bool) {
			p = bytes.Clone(p)
			if !changed {
				to.Feed(p)
				return
			}
			begin, end := int(at)-offset, int(at)-offset+int(drop)
			offset += len(p)
			if begin >= 0 && begin <= len(p) {
				to.Feed(p[:begin])
				to.Feed(octets)
				to.Feed(p[min(end, len(p)):])
				return
			}
			to.Feed(p)
		}
		client.Start()
		var atServer, atClient []byte
		wrote := false
		for range 12 {
			if client.Done() && server.Done() && !wrote {
				wrote = true
				_ = client.Write([]byte(toServer)) // one that has failed cannot
				_ = server.Write([]byte(toClient))
			}
			feed(server, client.Output(), !down)
			feed(client, server.Output(), down)
			atServer, atClient = append(atServer, server.Plain()...), append(atClient, client.Plain()...)
		}
		if !strings.HasPrefix(toServer, string(atServer)) || !strings.HasPrefix(toClient, string(atClient)) {
			t.Errorf("the server reads %q, the client %q", atServer, atClient)
		}
		for _, e := range []*secure.End{client, server} {
			e.CloseWrite()
			e.PeerClosed()
			if e.Err() == nil {
				t.Error("the connection has ended, and TLS has not")
			}
			reason := secure.Reason(e.Err())
			if reason == "" || !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%v: the reason %q", e.Err(), reason)
			}
			e.ConnectionState()
			e.Stop()
		}
	})
}
