package smtp

// A fuzz target for both sides at once.

import "testing"

// FuzzTalk lets a client and a server with any extensions talk, the server's
// replies overruled here and there: a client never counts a recipient as
// delivered unless the server said 2yz to the end of that very letter.
func FuzzTalk(f *testing.F) {
	f.Add([]byte("hi\r\n.\r\nyou"), []byte{3}, uint16(AllExtensions), uint16(AllExtensions), []byte{}, uint8(0))
	f.Add([]byte("hi\r\n.\r\nyou"), []byte{1, 9}, uint16(Chunking|Pipelining), uint16(AllExtensions), []byte{0, 0, 0, 0, 2}, uint8(3))
	f.Add([]byte("\n\r\x00"), []byte{1}, uint16(Chunking|BinaryMIME|Size), uint16(AllExtensions), []byte{0, 0, 0, 0, 0, 0, 1}, uint8(7))
	f.Add([]byte(".\r\n"), []byte{200}, uint16(BasicExtensions|Limits|DSN), uint16(AllExtensions), []byte{0, 0, 0, 3, 0, 4}, uint8(9))
	f.Fuzz(func(t *testing.T, letter, seed []byte, offered, used uint16, faults []byte, how uint8) {
		if len(letter) > 300 { // a chunk may be one octet
			return
		}
		config := &Config{Extensions: Extensions(offered) & AllExtensions, MaxRecipients: int(how>>4) % 4, MaxMails: int(how>>6) % 3}
		if how&8 != 0 {
			config.MaxSize = 20
		}
		s := NewServer(config)
		c := NewClient(&ClientConfig{Use: Extensions(used) & AllExtensions, ChunkSize: 1 + int(how)%7})
		e := Envelope{From: Path{"a", "x.example"}, To: []Path{{"b", "y.example"}, {"c", "ü.example"}, {"ö", "y.example"}, {"d", "y.example"}},
			Binary: how&1 != 0, EightBit: how&2 != 0, UTF8: how&4 != 0, DSN: DSNMail{ReturnFull, "1"}, ToDSNs: []DSNRcpt{{NotifyDelay, "rfc822;x"}}}
		cut := cutBy(seed)
		var toServer, toClient []byte
		said, under := false, false // the server took the letter; a transaction is under way
		for sent, steps := 0, 0; ; steps++ {
			if steps > 200_000 {
				t.Fatalf("the talk does not end: client %v, server %v", c.State(), s.State())
			}
			switch s.Next() {
			case Decide:
				r := s.Proposal()
				if len(faults) > 0 {
					switch faults[0] % 8 {
					case 1:
						r = DefaultReply(250)
					case 2:
						r = DefaultReply(452)
					case 3:
						r = DefaultReply(550)
					case 4:
						r = DefaultReply(354)
					case 5:
						r = DefaultReply(421)
					case 6:
						r.Then = Reset
					}
					faults = faults[1:]
				}
				if cmd := s.Command(); (cmd.Verb == EndOfData || cmd.Verb == BDAT && cmd.Last) && r.Positive() && r.Then == Stay {
					said = true
				}
				s.Reply(r)
				continue
			case Body:
				s.Chunk()
				continue
			case NeedInput:
				if len(toServer) > 0 {
					toServer = toServer[s.Feed(toServer[:cut(len(toServer))]):]
					continue
				}
			}
			toClient = append(toClient, s.Output()...)
			switch c.Next() {
			case Heard:
				continue
			case Ready, Done:
				for _, r := range c.Results() {
					if r.Outcome == Pending || under && r.Outcome == Delivered && !said {
						t.Fatalf("delivered, but the server did not say so: %+v", r)
					}
				}
				said, under = false, true
				if c.Next() == Done {
					return
				}
				rest, more := c.NotTried()
				switch sent++; {
				case sent > 6:
					under = false
					c.Quit()
				case more:
					rest.EightBit = !rest.EightBit
					e = rest
					fallthrough
				default:
					if err := c.Send(e); err != nil {
						t.Fatal(err)
					}
				}
			case Letter:
				for rest := letter; len(rest) > 0; {
					n := cut(len(rest))
					c.Write(rest[:n])
					rest = rest[n:]
				}
				c.EndLetter()
			case NeedInput:
				switch {
				case len(toClient) > 0:
					toClient = toClient[c.Feed(toClient[:cut(len(toClient))]):]
				case s.State() == StateClosed:
					c.PeerClosed()
				}
			}
			toServer = append(toServer, c.Output()...)
		}
	})
}
