package sasl_test

import (
	"fmt"

	"helo/protocol/sasl"
)

// Both sides of a login by SCRAM. In SMTP each line travels in base64 (RFC 4954
// §4).
func Example() {
	server, err := sasl.NewExchange("SCRAM-SHA-256", sasl.ServerOptions{
		Accounts: sasl.NewAccounts([]sasl.Account{{User: "alice", Password: "wonderland"}}),
		Nonce:    "3rfcNHYJY1ZVvWVs7j",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := sasl.NewLogin("SCRAM-SHA-256", sasl.ClientOptions{
		Credentials: sasl.Credentials{User: "alice", Password: "wonderland"},
		Nonce:       "fyko+d2lbbFgONRv9qkxdawL",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	response, _ := client.Initial()
	for {
		fmt.Printf("C: %q\n", response)
		challenge, done, err := server.Next(response)
		if err != nil {
			fmt.Println("S: no:", err)
			return
		}
		if done {
			fmt.Println("S: yes, it is", server.User())
			fmt.Println("C: and the server is no impostor:", client.Finish() == nil)
			return
		}
		fmt.Printf("S: %q\n", challenge)
		if response, err = client.Next(challenge); err != nil {
			fmt.Println("C: no:", err)
			return
		}
	}
	// Output:
	// C: "n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL"
	// S: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=3lNeY46zKQai1MCe647XIg==,i=4096"
	// C: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=Px2ZQw+3Xz5t2IwfERfXPWPEzeAdnvWErtIak4uyi3M="
	// S: "v=NrQA1tcfI//Dyibt7lnxqDAhJKpahVITPARon6uVjM4="
	// C: ""
	// S: yes, it is alice
	// C: and the server is no impostor: true
}
