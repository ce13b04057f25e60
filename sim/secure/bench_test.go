package secure_test

import (
	"testing"

	"helo/sim/secure"
)

// BenchmarkHandshake is what a connection costs in a world: the settings stay
// with the hosts, chance is the connection's own.
func BenchmarkHandshake(b *testing.B) {
	h := newHouse(b)
	clients := secure.ClientConfig("mx.receiver.example", h.ca.Pool(), nil, now)
	servers := secure.ServerConfig(h.cert, nil, now)
	b.ReportAllocs()
	for b.Loop() {
		client := secure.NewClient(secure.WithRand(clients, stream("client")))
		server := secure.NewServer(secure.WithRand(servers, stream("server")))
		handshake(b, client, server)
		client.Stop()
		server.Stop()
	}
}
