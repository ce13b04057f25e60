package smtp

import (
	"bytes"
	"testing"
)

// oneKiB is a message of 1024 octets in lines, as on the wire.
var oneKiB = bytes.Repeat([]byte("0123456789012345678901234567890123456789012345678901234567890\r\n"), 1024/63+1)[:1024-2]

// serveAll has a server take all of the input, and returns how many octets of
// letters were in it.
func serveAll(s *Server, input []byte) (octets int) {
	for {
		switch s.Next() {
		case Decide:
			s.Reply(s.Proposal())
		case Body:
			piece, _ := s.Chunk()
			octets += len(piece)
		default:
			s.Output()
			if len(input) == 0 {
				return octets
			}
			input = input[s.Feed(input):]
		}
	}
}

// BenchmarkServerMessage is one message of 1 KiB on a session that is kept:
// MAIL, RCPT, DATA, the letter, the dot. It must not allocate.
func BenchmarkServerMessage(b *testing.B) {
	s := NewServer(fullConfig())
	s.Next()
	s.Reply(s.Proposal())
	transaction := append([]byte(mail+rcpt+data), oneKiB...)
	transaction = append(transaction, "\r\n.\r\n"...)
	serveAll(s, []byte(ehlo))
	b.ReportAllocs()
	b.SetBytes(int64(len(transaction)))
	for b.Loop() {
		if serveAll(s, transaction) != len(oneKiB)+2 {
			b.Fatal("the letter was not read whole")
		}
	}
}

// BenchmarkServerChunks is the same message in two chunks.
func BenchmarkServerChunks(b *testing.B) {
	s := NewServer(fullConfig())
	transaction := []byte(mail + rcpt + "BDAT 1000\r\n")
	transaction = append(transaction, oneKiB[:1000]...)
	transaction = append(transaction, "BDAT 24 LAST\r\n"...)
	transaction = append(transaction, oneKiB[len(oneKiB)-24:]...)
	serveAll(s, []byte(ehlo))
	b.ReportAllocs()
	b.SetBytes(int64(len(transaction)))
	for b.Loop() {
		if serveAll(s, transaction) != 1024 {
			b.Fatal("the letter was not read whole")
		}
	}
}

// BenchmarkServerClone is what one legal move costs.
func BenchmarkServerClone(b *testing.B) {
	s := NewServer(fullConfig())
	s.Next()
	s.Reply(s.Proposal())
	s.Feed([]byte(ehlo + mail + rcpt))
	for s.Next() == Decide {
		s.Reply(s.Proposal())
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Clone()
	}
}

// BenchmarkBothSides is a client and a server, one message of 1 KiB on a kept
// connection.
func BenchmarkBothSides(b *testing.B) {
	s := NewServer(fullConfig())
	c := NewClient(&ClientConfig{Hostname: "mail.sender.example", Use: AllExtensions})
	e := Envelope{From: Path{"alice", "sender.example"}, To: []Path{{"bob", "receiver.example"}}, Size: 1024}
	var toServer, toClient []byte
	// step drives both until the client is ready.
	drive := func() {
		for {
			for step := s.Next(); step == Decide || step == Body; step = s.Next() {
				if step == Body {
					s.Chunk()
				} else {
					s.Reply(s.Proposal())
				}
			}
			toClient = append(toClient, s.Output()...)
			n := c.Feed(toClient)
			toClient = toClient[:copy(toClient, toClient[n:])]
			step := c.Next()
			for step == Heard {
				step = c.Next()
			}
			if step == Letter {
				c.Write(oneKiB)
				c.EndLetter()
			}
			toServer = append(toServer, c.Output()...)
			n = s.Feed(toServer)
			toServer = toServer[:copy(toServer, toServer[n:])]
			if step == Ready {
				return
			}
		}
	}
	drive()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Send(e); err != nil {
			b.Fatal(err)
		}
		drive()
		if c.Results()[0].Outcome != Delivered {
			b.Fatal(c.Results())
		}
	}
}

// A kept session allocates nothing for names it has seen.
func TestServerAllocatesNothing(t *testing.T) {
	s := NewServer(fullConfig())
	step := func(octets []byte) {
		for len(octets) > 0 {
			for s.Next() == Decide {
				s.Reply(s.Proposal())
			}
			octets = octets[s.Feed(octets):]
		}
		for s.Next() == Decide || s.Next() == Body {
			if s.Next() == Body {
				s.Chunk()
				continue
			}
			s.Reply(s.Proposal())
		}
		s.Output()
	}
	octets := []byte(ehlo + "MAIL FROM:<a@sender.example> SIZE=100 BODY=8BITMIME\r\n" + rcpt + rcpt + "RCPT TO:<Postmaster>\r\n" + data + "x\r\n..y\r\n.\r\nNOOP\r\nVRFY bob\r\nRSET\r\n" +
		"MAIL FROM:<ä@sender.example> SMTPUTF8 BODY=BINARYMIME RET=FULL ENVID=QQ+2B1\r\nRCPT TO:<ö@receiver.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b.example\r\nBDAT 3\r\nx\r\nBDAT 0 LAST\r\nBDAT 1\r\nxFOO\r\n")
	step(octets)
	if n := testing.AllocsPerRun(100, func() { step(octets) }); n > 1 {
		// FOO's mistake is the one allocation.
		t.Errorf("%v allocations", n)
	}
	s.Reset()
	step([]byte(ehlo))
	if n := testing.AllocsPerRun(100, func() { s.Reset(); step(octets[:len(octets)-5]) }); n > 0 {
		t.Errorf("%v allocations for a session used again", n)
	}
}
