package smtp

// A fuzz target for both sides at once.

import "testing"

// FuzzTalk lets a client and a server with any extensions talk, the server's
// replies overruled here and there: a client never counts a recipient as
// delivered unless the server said 2yz to the end of that very letter; it says
// nothing in clear if it insists on TLS, or if a letter does; and nobody has
// logged in to one side only.
func FuzzTalk(f *testing.F) {
	f.Add([]byte("hi\r\n.\r\nyou"), []byte{3}, uint16(AllExtensions), uint16(AllExtensions), []byte{}, uint16(0))
	f.Add([]byte("hi\r\n.\r\nyou"), []byte{1, 9}, uint16(Chunking|Pipelining), uint16(AllExtensions), []byte{0, 0, 0, 0, 2}, uint16(3))
	f.Add([]byte("\n\r\x00"), []byte{1}, uint16(Chunking|BinaryMIME|Size), uint16(AllExtensions), []byte{0, 0, 0, 0, 0, 0, 1}, uint16(7))
	f.Add([]byte(".\r\n"), []byte{200}, uint16(BasicExtensions|Limits|DSN), uint16(AllExtensions), []byte{0, 0, 0, 3, 0, 4}, uint16(9))
	f.Add([]byte("hi"), []byte{3}, uint16(AllExtensions|Security), uint16(AllExtensions|Security), []byte{}, uint16(256|512|1024))
	f.Add([]byte("hi"), []byte{1}, uint16(Security), uint16(Security), []byte{0, 0, 8, 0, 9, 10, 0, 2}, uint16(1024))
	f.Add([]byte("hi"), []byte{0}, uint16(Security), uint16(Security), []byte{0, 0, 0, 0, 9, 9, 11}, uint16(512|2048))
	f.Fuzz(func(t *testing.T, letter, seed []byte, offered, used uint16, faults []byte, how uint16) {
		if len(letter) > 300 { // a chunk may be one octet
			return
		}
		config := &Config{Extensions: Extensions(offered) & (AllExtensions | Security), Mechanisms: []string{"X-TOY"}, MustLogin: how&512 != 0, MaxRecipients: int(how>>4) % 4, MaxMails: int(how>>6) % 3}
		if how&8 != 0 {
			config.MaxSize = 20
		}
		if how&2048 != 0 {
			config.ClearMechanisms = config.Mechanisms
		}
		s := NewServer(config)
		wish := IfOffered
		if how&256 != 0 {
			wish = Insist
		}
		c := NewClient(&ClientConfig{Use: Extensions(used) & (AllExtensions | Security), TLS: wish, ChunkSize: 1 + int(how)%7})
		e := Envelope{From: Path{"a", "x.example"}, To: []Path{{"b", "y.example"}, {"c", "ü.example"}, {"ö", "y.example"}, {"d", "y.example"}},
			Binary: how&1 != 0, EightBit: how&2 != 0, UTF8: how&4 != 0, RequireTLS: how&1024 != 0, DSN: DSNMail{ReturnFull, "1"}, ToDSNs: []DSNRcpt{{NotifyDelay, "rfc822;x"}}}
		cut := cutBy(seed)
		var toServer, toClient []byte
		said, under := false, false // the server took the letter; a transaction is under way
		logins := 0
		for sent, steps := 0, 0; ; steps++ {
			if steps > 200_000 {
				t.Fatalf("the talk does not end: client %v, server %v", c.State(), s.State())
			}
			switch s.Next() {
			case Decide:
				r := toy(s)
				if len(faults) > 0 {
					switch faults[0] % 16 {
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
					case 8:
						r = DefaultReply(220)
					case 9:
						r = DefaultReply(334)
					case 10:
						r = DefaultReply(235)
					case 11:
						r.Then = Silent
					}
					faults = faults[1:]
				}
				switch v := s.Command().Verb; v {
				case Connect, EHLO, HELO, STARTTLS, QUIT:
				default:
					if wish == Insist && !s.Secure() || e.RequireTLS && !s.Secure() && v != AUTH && v != Response {
						t.Fatalf("said in clear: %q", s.Command().Line)
					}
				}
				if cmd := s.Command(); (cmd.Verb == EndOfData || cmd.Verb == BDAT && cmd.Last) && r.Positive() && r.Then == Stay {
					// Where MAIL was refused and RCPT was not, nothing but a dot comes (RFC 2920 §3.1).
					if said = true; e.RequireTLS && !s.RequireTLS() && s.LetterSize() > 0 {
						t.Fatal("the letter demands TLS, and the server does not know")
					}
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
			case Handshake:
				if s.Next() == Closed {
					c.PeerClosed()
					continue
				}
				if s.Next() != Handshake {
					t.Fatalf("TLS on one side: client %v, server %v", c.State(), s.State())
				}
				if toServer = append(toServer, c.Output()...); len(toServer) > 0 {
					t.Fatalf("said before TLS: %q", toServer)
				}
				c.Feed(toClient)
				toClient = nil
				if how&4096 != 0 {
					c.TLSFailed("no")
					s.PeerClosed()
					continue
				}
				s.Secured()
				c.Secured()
			case Challenge:
				switch {
				case string(c.Challenge()) == "Password:":
					c.Respond([]byte("wonderland"))
				case how&8192 != 0:
					c.CancelLogin()
				default:
					c.Respond([]byte("alice"))
				}
			case Ready, Done:
				if done, _ := c.LoggedIn(); done && !s.LoggedIn() {
					t.Fatal("logged in, but the server does not know")
				}
				if c.Next() == Ready && logins < 3 {
					if logins++; c.Login("X-TOY", nil) == nil {
						break
					}
				}
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
				case len(toServer) == 0 && s.Next() == NeedInput && !c.said():
					c.TimedOut() // the server keeps a reply back
				}
			}
			toServer = append(toServer, c.Output()...)
		}
	})
}

// said says whether there is output that nobody has taken.
func (c *Client) said() bool { return !c.taken && len(c.out) > 0 }
