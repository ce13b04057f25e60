package smtp

// Replies that come before they are asked for.

import (
	"strings"
	"testing"
)

// clientAt returns a client at Ready, or, after Send, at Letter; last arrives
// with the reply that brought it there.
func clientAt(t *testing.T, want ClientStep, last string) *Client {
	t.Helper()
	c := NewClient(&ClientConfig{})
	in := []string{"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n"}
	if want == Ready {
		in = in[:2]
	}
	in[len(in)-1] += last
	for _, octets := range in {
		if c.Next() == Ready {
			if err := c.Send(Envelope{To: []Path{mustMailbox(t, "bob@receiver.example")}}); err != nil {
				t.Fatal(err)
			}
		}
		c.Feed([]byte(octets))
		for c.Next() == Heard && c.State() != StateSendingLetter && c.State() != StateReady {
		}
	}
	return c
}

// RFC 5321 §3.3, §4.1.1.4: the verdict on a letter comes after its dot. What a
// server says before is no verdict if it is 2yz or 3yz: a letter that is taken
// for delivered then is lost. A 4yz or 5yz is believed, and the session is over
// without a dot: nobody knows what the server is waiting for.
func TestClientEarlyReply(t *testing.T) {
	for _, test := range []struct{ early, late, want string }{
		{"421 bye\r\n", "", "deferred dot 421"},
		{"552 too big\r\n", "", "refused dot 552"},
		{"552-too\r\n552 big\r\n", "", "refused dot 552"},
		{"451 no\r\n", "250 done\r\n", "deferred dot 451"},
		{"250 early\r\n", "550 no\r\n", "deferred dot 451 4.5.0 local"},
		{"354 more\r\n", "250 done\r\n", "deferred dot 451 4.5.0 local"},
		{"hello\r\n", "250 done\r\n", "deferred dot 451 4.5.0 local"},
		// Begun before the dot, ended behind it.
		{"25", "0 early\r\n", "deferred dot 451 4.5.0 local"},
		{"250-early\r\n", "250 late\r\n", "deferred dot 451 4.5.0 local"},
		{"55", "0 no\r\n", "refused dot 550"},
	} {
		for _, with354 := range []bool{true, false} {
			c := clientAt(t, Letter, map[bool]string{true: test.early}[with354])
			if !with354 {
				if c.Next() != Letter {
					t.Fatalf("step %v", c.Next())
				}
				c.Write([]byte("half"))
				c.Feed([]byte(test.early))
			}
			c.Output()
			whole := strings.HasSuffix(test.early, "\r\n") && !strings.HasPrefix(test.early, "250-")
			for step := c.Next(); step != Done; step = c.Next() {
				switch step {
				case Letter:
					if whole {
						t.Fatalf("%q: the letter went on", test.early)
					}
					c.EndLetter()
				case NeedInput:
					c.Feed([]byte(test.late))
				}
			}
			if got := resultText(c.Results()[0]); got != test.want {
				t.Errorf("%q (with the 354: %v): %s, want %s", test.early, with354, got, test.want)
			}
			if _, failed := c.Failure(); !failed {
				t.Errorf("%q: the session has not failed", test.early)
			}
		}
	}
}

// RFC 5321 §4.3.1: a client waits for the reply to each command. What came
// before the command was sent is no reply to it; only a 421 comes unasked
// (RFC 5321 §3.8).
func TestClientUnaskedReply(t *testing.T) {
	for _, test := range []struct{ early, late, failure string }{
		{"250 again\r\n", "", "deferred none 451 4.5.0 local"},
		{"550 no\r\n", "", "deferred none 451 4.5.0 local"},
		{"421 bye\r\n", "", "deferred none 421"},
		{"25", "0 again\r\n", "deferred MAIL 451 4.5.0 local"},
		{"42", "1 bye\r\n", "deferred MAIL 421"},
	} {
		c := clientAt(t, Ready, test.early)
		for step := c.Next(); step != Done; step = c.Next() {
			switch step {
			case Ready:
				if err := c.Send(Envelope{To: []Path{mustMailbox(t, "bob@receiver.example")}}); err != nil {
					t.Fatal(err)
				}
			case NeedInput:
				if c.Feed([]byte(test.late)) == 0 {
					t.Fatalf("%q: still waiting, state %v", test.early, c.State())
				}
				test.late = ""
			}
		}
		f, _ := c.Failure()
		if got := resultText(f); got != test.failure {
			t.Errorf("%q: %s, want %s", test.early, got, test.failure)
		}
	}
	// At QUIT nothing depends on it any more.
	c := clientAt(t, Ready, "")
	c.Next()
	c.Feed([]byte("25"))
	c.Quit()
	c.Feed([]byte("0 again\r\n"))
	for c.Next() == Heard {
	}
	if f, failed := c.Failure(); c.Next() != Done || failed {
		t.Errorf("at QUIT: %v, %v", c.Next(), f)
	}
}

// RFC 5321 §4.2.5, RFC 2920 §3.1: octets that are there when a command is
// written cannot be its reply. A server that says one word too many to any
// command must not have all later replies taken for those to the command
// before: what it says to the letter would never be heard.
func TestRFC5321_4_2_5_NoReplyBeforeItsCommand(t *testing.T) {
	for _, test := range []struct {
		name    string
		replies []string // to the greeting, EHLO, and so on
		want    string
	}{
		{"behind the greeting", []string{"220 x\r\n250 x\r\n"}, ""},
		{"behind the reply to EHLO, with CHUNKING", []string{"220 x\r\n", "250-x\r\n250 CHUNKING\r\n250 again\r\n"}, ""},
		{"behind the reply to MAIL", []string{"220 x\r\n", "250-x\r\n250 CHUNKING\r\n", "250 ok\r\n250 again\r\n", "250 ok\r\n", "550 no\r\n"}, "deferred RCPT 451 4.5.0 local"},
		{"half of it", []string{"220 x\r\n", "250-x\r\n250 CHUNKING\r\n", "250 ok\r\n25", "0 again\r\n250 ok\r\n", "550 no\r\n"}, "deferred RCPT 451 4.5.0 local"},
		{"behind the reply to RCPT, with CHUNKING", []string{"220 x\r\n", "250-x\r\n250 CHUNKING\r\n", "250 ok\r\n", "250 ok\r\n250 again\r\n", "550 no\r\n"}, "deferred BDAT 451 4.5.0 local"},
		{"behind the reply to RCPT, with DATA", []string{"220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n354 go\r\n", "250 done\r\n", "550 no\r\n"}, "deferred DATA 451 4.5.0 local"},
		{"421 behind the reply to MAIL", []string{"220 x\r\n", "250 x\r\n", "250 ok\r\n421 bye\r\n"}, "deferred RCPT 421"},
	} {
		c := NewClient(&ClientConfig{Use: AllExtensions})
		sent := false
		for step := c.Next(); step != Done; step = c.Next() {
			switch step {
			case Ready:
				if sent {
					c.Quit()
					continue
				}
				if err := c.Send(Envelope{To: []Path{mustMailbox(t, "bob@receiver.example")}}); err != nil {
					t.Fatal(err)
				}
				sent = true
			case Letter:
				c.Write([]byte("hi"))
				c.EndLetter()
			case NeedInput:
				if len(test.replies) == 0 {
					c.PeerClosed()
					continue
				}
				c.Feed([]byte(test.replies[0]))
				test.replies = test.replies[1:]
			}
		}
		f, failed := c.Failure()
		if !failed || f.Reply.Code == 250 {
			t.Errorf("%s: failure %v %v", test.name, failed, f)
		}
		if test.want != "" && resultText(c.Results()[0]) != test.want {
			t.Errorf("%s: %s, want %s", test.name, resultText(c.Results()[0]), test.want)
		}
	}
}
