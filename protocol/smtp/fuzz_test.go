package smtp

// Fuzz targets: nothing a peer sends makes a session panic or break its own
// rules.

import (
	"bytes"
	"strings"
	"testing"
)

// cutBy cuts by the octets of a seed.
func cutBy(seed []byte) cutter {
	i := 0
	return func(left int) int {
		if len(seed) == 0 {
			return left
		}
		i++
		return min(left, 1+int(seed[i%len(seed)]))
	}
}

// checkLines fails if octets to be sent are not whole lines within the limit.
func checkLines(t *testing.T, out string, limit int) {
	t.Helper()
	if out == "" {
		return
	}
	if !strings.HasSuffix(out, "\r\n") {
		t.Fatalf("output ends within a line: %q", out)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\r\n"), "\r\n") {
		if len(line)+2 > limit {
			t.Fatalf("line of %d octets: %q", len(line)+2, line)
		}
		if strings.ContainsAny(line, "\r\n") {
			t.Fatalf("bare CR or LF: %q", line)
		}
	}
}

func FuzzServer(f *testing.F) {
	f.Add([]byte(ehlo+mail+rcpt+data+"hi\r\n..\r\n.\r\nQUIT\r\n"), []byte{3, 200}, uint16(0))
	f.Add([]byte("MAIL FROM: <x>\r\nRESET\r\n\n\r\nNOOP "+strings.Repeat("y", 600)+"\r\n"), []byte{0}, uint16(1))
	f.Add([]byte("EHLO [IPv6:::1]\r\nMAIL FROM:<@a:\"b\\\"\"@[x:y]> SIZE=9 BODY=8BITMIME\r\n"), []byte{}, uint16(2))
	for _, rule := range allServerRules() {
		if len(rule.send) < 3000 {
			f.Add([]byte(rule.send), []byte{7}, uint16(256))
		}
	}
	f.Add([]byte(to+"BDAT 4\r\nhi\r\nBDAT 6 LAST\r\nNOOP\r\nBDAT 2\r\nhiRSET\r\n"), []byte{0, 5}, uint16(8|16))
	f.Add([]byte(ehlo+utf8Mail+utf8Rcpt+"EXPN ö SMTPUTF8\r\nHELP EXPN\r\n"), []byte{9}, uint16(32))
	f.Add([]byte(ehlo+starttls+"NOOP\r\n"+tlsHere+ehlo+fullLogin+needTLS), []byte{4}, uint16(256|512))
	f.Add([]byte(ehlo+mail+"AUTH X-TOY\r\n"+alice+"\r\n*\r\nSTARTTLS x\r\n"+tlsHere+rcpt), []byte{1, 30}, uint16(256|1024))
	f.Add([]byte(tlsHere+ehlo+"AUTH PLAIN\r\n"+responseOf(600)+authOf(800)), []byte{250}, uint16(256))
	f.Fuzz(func(t *testing.T, input, seed []byte, lax uint16) {
		config := fullConfig()
		config.Expn, config.NoHelp = lax&32 != 0, lax&64 != 0
		if lax&128 != 0 {
			config.MaxErrors, config.MaxMails, config.MaxSize = 3, 2, 8
		}
		config.AcceptBareLF, config.SkipDotUnstuffing = lax&1 != 0, lax&2 != 0
		if lax&4 != 0 {
			config.Extensions = Size
		}
		if lax&256 != 0 {
			guarded(config)
			config.MustLogin, config.MaxLogins = lax&512 != 0, int(lax>>12)&3
		}
		answer := func(s *Server) Reply {
			r := toy(s)
			sent := r.Append(nil, true)
			if _, _, err := ParseReply(sent); err != nil {
				t.Fatalf("proposal %q: %v", sent, err)
			}
			if c := s.Command(); r.Positive() && c.Verb == MAIL {
				_, demanded := c.Param("REQUIRETLS")
				if demanded && !s.Secure() || config.MustLogin && !s.LoggedIn() {
					t.Fatalf("%v to %q", r, c.Line)
				}
			}
			return r
		}
		if lax&8 != 0 {
			answer = given(map[Verb]Reply{RCPT: {Code: 250}, DATA: {Code: 354}})
		}
		if lax&16 != 0 {
			answer = given(map[Verb]Reply{BDAT: {Code: 250}, RCPT: {Code: 250}})
		}
		if lax&1024 != 0 {
			answer = given(map[Verb]Reply{AUTH: {Code: 334}, STARTTLS: {Code: 220}})
		}
		if lax&2048 != 0 {
			answer = given(map[Verb]Reply{Response: {Code: 334}, STARTTLS: {Code: 454}})
		}
		log := runServer(t, NewServer(config), string(input), cutBy(seed), answer)
		checkLines(t, log.output, MaxReplyLine)
		whole := runServer(t, NewServer(config), string(input), whole, answer)
		if strings.Join(log.events, "\n") != strings.Join(whole.events, "\n") {
			t.Fatal("cutting the octets changed what happened")
		}
		replies := 0
		for line := range strings.SplitSeq(log.output, "\r\n") {
			if len(line) > 3 && line[3] == ' ' {
				replies++
			}
		}
		if replies != log.decided {
			t.Fatalf("%d replies to %d decisions", replies, log.decided)
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add([]byte("220 x\n250-x\n250 PIPELINING\n250 ok\n250 ok\n354 go\n250 done\n221 bye"), []byte("hi\r\n.\r\n"), []byte{3})
	for _, rule := range allClientRules() {
		if all := strings.Join(rule.replies, "\n"); len(all) < 2000 {
			f.Add([]byte(all), []byte("x\n.y"), []byte{9, 1})
		}
	}
	f.Add([]byte("220 x\n250-x\n250 STARTTLS\n220 go\n250-x\n250 AUTH X-TOY\n334 \n334 UGFzc3dvcmQ6\n235 ok\n250 ok"), []byte("hi"), []byte{1})
	f.Add([]byte("220 x\n250-x\n250 AUTH X-TOY PLAIN\n334 go on\n501 no\n334 \n235 ok\n250 ok"), []byte("hi"), []byte{0, 2})
	f.Fuzz(func(t *testing.T, script, letter, seed []byte) {
		var replies []string
		var r []string
		for l := range strings.SplitSeq(string(script), "\n") { // "-" joins lines to one reply
			r = append(r, l)
			if len(l) < 4 || l[3] != '-' {
				replies = append(replies, strings.Join(r, "\n"))
				r = nil
			}
		}
		envelope := Envelope{From: Path{"a", "x.example"}, To: []Path{{"b", "y.example"}, {"c", "ü.example"}, {"ö", "y.example"}}, Size: int64(len(letter)),
			DSN: DSNMail{ReturnFull, "1"}, ToDSNs: []DSNRcpt{{NotifyDelay, "rfc822;x"}}}
		demanding := envelope
		demanding.RequireTLS = true
		config := &ClientConfig{Hostname: "x.example", Use: AllExtensions | Security, ChunkSize: 1 + len(seed)*5}
		if len(seed)%2 > 0 {
			config.TLS = Insist
		}
		c := NewClient(config)
		s := &scripted{replies: replies}
		log := runClient(t, c, s, cutBy(seed), []Envelope{envelope, demanding, envelope}, string(letter), toyLogin, credentials{"PLAIN", longInitial(len(seed)), nil})
		if config.TLS == Insist && !log.inClear() {
			t.Fatalf("said in clear: %q", log.clear)
		}
		for _, line := range log.clear {
			if strings.HasSuffix(line, " REQUIRETLS") {
				t.Fatalf("said in clear: %q", line)
			}
		}
		for _, rs := range log.results {
			for _, r := range rs {
				if r.Outcome == Pending || r.Outcome == Delivered && !r.Reply.Positive() || r.Outcome == Refused && !r.Local && !r.Reply.Permanent() {
					t.Fatalf("verdict %+v", r)
				}
			}
		}
		var chunks string
		for _, h := range s.heard {
			if line, chunk, ok := strings.Cut(h, "\r\n"); ok && strings.HasPrefix(line, "BDAT ") {
				if chunks += chunk; strings.HasSuffix(line, " LAST") && !strings.HasSuffix(chunks, "\r\n") && chunks != "" {
					t.Fatalf("a text that ends within a line: %q", chunks)
				}
				continue
			}
			h = strings.ReplaceAll(strings.TrimSuffix(chunks, "\r")+h, "\r\n", "")
			chunks = ""
			if strings.ContainsAny(h, "\r\n") {
				t.Fatalf("bare CR or LF: %q", h)
			}
		}
	})
}

// FuzzClientOctets feeds octets that need not be lines at all.
func FuzzClientOctets(f *testing.F) {
	f.Add([]byte("220 x\r\n250-x\r\n250 PIPELINING\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"), []byte{5})
	f.Add([]byte("220-x\n220 y\r\n\r\n\r2"), []byte{0})
	f.Add([]byte("220 x\r\n250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n250 a\r\n250 b\r\n250 c\r\n451 d\r\n250 e\r\n250 f\r\n"), []byte{2})
	f.Add([]byte("220 x\r\n250-x\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 LIMITS RCPTMAX=1 MAILMAX=2\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n"), []byte{5})
	f.Add([]byte("220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250-x\r\n250 AUTH X-TOY\r\n334 \r\n334 eHh4\r\n235 ok\r\n250 a\r\n"), []byte{0})
	f.Add([]byte("220 x\r\n250-x\r\n250 AUTH X-TOY\r\n334 eHh4\r\n535-no eHh4eHh4\r\n535 eHh4\r\n250 eHh4\r\n"), []byte{1})
	f.Add([]byte("220 x\r\n250-x\r\n250 AUTH X-TOY\r\n334 go on\r\n501 no\r\n334 "+strings.Repeat("eHh4", 200)+"\r\n421 bye\r\n"), []byte{9})
	f.Fuzz(func(t *testing.T, octets, seed []byte) {
		c := NewClient(&ClientConfig{Hostname: "x.example", Use: AllExtensions | Security})
		cut := cutBy(seed)
		sent, most := 0, 20*len(octets)+1000
		for steps := 0; ; steps++ {
			if steps > most {
				t.Fatalf("the session does not end: %v", c.State())
			}
			step := c.Next()
			switch step {
			case NeedInput:
				if len(octets) == 0 {
					c.PeerClosed()
					continue
				}
				piece := octets[:cut(len(octets))]
				if len(c.Mask(piece)) != len(piece) {
					t.Fatal("what is shown has another length")
				}
				octets = octets[c.Feed(piece):]
			case Heard:
				if r, raw := c.Reply(); r.Code != 0 && len(raw) > MaxLoginLine*MaxReplyLines || r.Code != 334 && len(raw) > MaxReplyLine*MaxReplyLines {
					t.Fatalf("reply of %d octets", len(raw))
				} else if r.Code != 334 {
					for _, secret := range c.told {
						if bytes.Contains(raw, secret) {
							t.Fatalf("%q, said in a login, is repeated in %q", secret, raw)
						}
					}
				}
			case Ready:
				sent++
				if done, _ := c.LoggedIn(); sent < 5 && !done && c.Login("X-TOY", nil) == nil {
					continue
				}
				if c.spent() || sent > 1000 {
					c.Quit()
				} else if err := c.Send(Envelope{To: []Path{{"b", "y.example"}, {"c", "ü.example"}}}); err != nil {
					t.Fatal(err)
				}
			case Handshake:
				n := min(len(octets), len(seed)) // in clear
				if c.Feed(octets[:n]) != n {
					t.Fatal("not all taken")
				}
				octets = octets[n:]
				c.Secured()
			case Challenge:
				if c.Respond(c.Challenge()); len(c.Challenge())%7 == 3 {
					c.CancelLogin()
				}
			case Letter:
				c.Write([]byte(".\n"))
				c.EndLetter()
			case Done:
				return
			}
			checkLines(t, string(c.Output()), MaxLoginLine)
		}
	})
}
