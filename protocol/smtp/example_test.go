package smtp_test

import (
	"fmt"

	"helo/protocol/smtp"
)

// A server is fed octets and asked what it wants. Here the driver lets it
// answer as it proposes, except that it knows of no dave.
func ExampleServer() {
	server := smtp.NewServer(&smtp.Config{Hostname: "mx.receiver.example"})
	octets := []byte("EHLO mail.sender.example\r\n" +
		"MAIL FROM:<alice@sender.example>\r\n" +
		"RCPT TO:<bob@receiver.example>\r\n" +
		"RCPT TO:<dave@receiver.example>\r\n" +
		"DATA\r\n" +
		"Subject: hi\r\n\r\nHello Bob.\r\n.\r\n" +
		"QUIT\r\n")
	for {
		switch server.Next() {
		case smtp.Decide:
			command := server.Command()
			fmt.Println(command.Verb)
			reply := server.Proposal()
			if command.Verb == smtp.RCPT && command.Path.Local == "dave" {
				reply, _ = smtp.ParseReplySpec("550 no dave here")
			}
			fmt.Printf("%q\n", server.Reply(reply))
		case smtp.Body:
			piece, _ := server.Chunk()
			fmt.Printf("%d octets of the letter\n", len(piece))
		case smtp.NeedInput:
			octets = octets[server.Feed(octets):]
		case smtp.Closed:
			fmt.Println(server.State())
			return
		}
	}
	// Output:
	// connect
	// "220 mx.receiver.example ESMTP\r\n"
	// EHLO
	// "250-mx.receiver.example\r\n250 HELP\r\n"
	// MAIL
	// "250 ok\r\n"
	// RCPT
	// "250 ok\r\n"
	// RCPT
	// "550 no dave here\r\n"
	// DATA
	// "354 send the letter, end it with a lone dot\r\n"
	// 27 octets of the letter
	// dot
	// "250 letter accepted\r\n"
	// QUIT
	// "221 mx.receiver.example closing the connection\r\n"
	// closed
}

// A command knows which of its octets are what, and where it goes wrong.
func ExampleParseCommand() {
	c := smtp.ParseCommand([]byte("RCPT TO:<bob@receiver.example>\r\n"))
	for _, p := range c.Parts {
		fmt.Printf("%v %q\n", p.Kind, c.Line[p.Start:p.End])
	}
	c = smtp.ParseCommand([]byte("RCPT TO: bob@receiver.example\r\n"))
	fmt.Printf("octet %d: %v\n", c.Err.Pos, c.Err)
	// Output:
	// verb "RCPT TO:"
	// forward-path "<bob@receiver.example>"
	// local-part "bob"
	// mailbox domain "receiver.example"
	// line end "\r\n"
	// octet 8: expected "<" with no space before it
}

// A letter may come in chunks. The driver takes its pieces as ever; the decision
// on the whole letter is the one that EndsLetter.
func ExampleCommand_EndsLetter() {
	server := smtp.NewServer(&smtp.Config{Hostname: "mx.receiver.example", Extensions: smtp.Chunking})
	octets := []byte("EHLO mail.sender.example\r\n" +
		"MAIL FROM:<alice@sender.example>\r\n" +
		"RCPT TO:<bob@receiver.example>\r\n" +
		"BDAT 15\r\nSubject: hi\r\n\r\n" +
		"BDAT 6 LAST\r\nHello." +
		"BDAT 6\r\nQUIT\r\n")
	var letter []byte
	for len(octets) > 0 || server.Next() != smtp.NeedInput {
		switch server.Next() {
		case smtp.Decide:
			command := server.Command()
			if command.Verb == smtp.BDAT {
				fmt.Printf("%d octets, last %v, discarded %v\n", command.Count, command.Last, command.Discarded)
			}
			if command.EndsLetter() {
				fmt.Printf("the letter is %q\n", letter)
			}
			server.Reply(server.Proposal())
		case smtp.Body:
			piece, _ := server.Chunk()
			letter = append(letter, piece...)
		case smtp.NeedInput:
			octets = octets[server.Feed(octets):]
		}
	}
	// Output:
	// 15 octets, last false, discarded false
	// 6 octets, last true, discarded false
	// the letter is "Subject: hi\r\n\r\nHello."
	// 6 octets, last false, discarded true
}
