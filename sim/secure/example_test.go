package secure_test

import (
	"crypto/sha256"
	"fmt"
	"time"

	"helo/sim/secure"
)

// Two ends, and a driver that carries octets between them.
func ExampleEnd() {
	now := func() time.Time { return time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC) }
	chance := secure.Rand(sha256.Sum256([]byte("the seed of the run")))
	ca, err := secure.NewAuthority("Example CA", chance, now(), 24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := ca.Issue(secure.Leaf{
		Names: []string{"mx.receiver.example"}, NotBefore: now(), NotAfter: now().Add(time.Hour),
	}, chance)
	if err != nil {
		fmt.Println(err)
		return
	}

	client := secure.NewClient(secure.ClientConfig("mx.receiver.example", ca.Pool(), chance, now))
	server := secure.NewServer(secure.ServerConfig(cert, chance, now))
	defer client.Stop()
	defer server.Stop()

	client.Start()
	for !client.Done() || !server.Done() {
		server.Feed(client.Output())
		client.Feed(server.Output())
		if err := client.Err(); err != nil {
			fmt.Println(secure.Reason(err))
			return
		}
	}
	if err := client.Write([]byte("EHLO mail.sender.example\r\n")); err != nil {
		fmt.Println(secure.Reason(err))
		return
	}
	server.Feed(client.Output())
	fmt.Printf("%s", server.Plain())
	// Output: EHLO mail.sender.example
}
