package smtp

import (
	"strings"
	"testing"
	"time"
)

// unread is base64 of which only what fills it up is shown.
func unread(s string) string {
	text := strings.TrimRight(s, "=")
	return stars(text) + s[len(text):]
}

// RFC 4954 §9: what a server repeats of a login is hidden in its reply, in the
// octets of it and in the verdict, in whatever pieces it comes.
func TestRFC4954_9_RepliesDoNotRepeatTheLogin(t *testing.T) {
	const secret = "wonderland"
	hidden := stars(secret)
	for _, test := range []struct {
		login       credentials
		reply, want string // the last to the login
	}{
		{plainLogin, "535 5.7.8 cannot log in with " + both + "\r\n", "535 5.7.8 cannot log in with " + unread(both) + "\r\n"},
		{plainLogin, "535-5.7.8 <" + both + both + "\r\n535 " + secret + "\r\n", "535-5.7.8 <" + unread(both) + unread(both) + "\r\n535 " + hidden + "\r\n"},
		{plainLogin, "421 " + secret + secret + "!\r\n", "421 " + hidden + hidden + "!\r\n"},
		{plainLogin, "235 2.7.0 " + secret + " is right\r\n", "235 2.7.0 " + hidden + " is right\r\n"},
		{plainLogin, secret + " or what\r\n", hidden + " or what\r\n"},
		{toyLogin, "454 4.7.0 not now, " + wonderland + "\r\n", "454 4.7.0 not now, " + unread(wonderland) + "\r\n"},
		{toyLogin, "454 4.7.0 not now, alice\r\n", "454 4.7.0 not now, alice\r\n"},
		{toyLogin, "535 " + alice + " and " + wonderland[:5] + "\r\n", "535 " + unread(alice) + " and " + wonderland[:5] + "\r\n"},
		// Wrapped, cut short, without what fills it up, and the password in base64.
		{plainLogin, "535-bad: " + both[:12] + "\r\n535 " + both[12:] + "\r\n", "535-bad: ************\r\n535 " + stars(both[12:23]) + "=\r\n"},
		{plainLogin, "535 <" + strings.TrimRight(both, "=") + "%3D> " + both[3:14] + "...\r\n", "535 <" + stars(both[:23]) + "%3D> ***********...\r\n"},
		{plainLogin, "535 not wonderlan, nor d29uZGVybGFuZA==\r\n", "535 not *********, nor **************==\r\n"},
		{credentials{mechanism: "X-TOY", responses: []string{"bob", "bobby1"}}, "535 no Ym9iYnkx, Ym9i, Ym9iYm9iYnkx\r\n", "535 no ********, ****, ************\r\n"}, // of which one begins like the other
	} {
		reply := test.reply
		for n := range reply {
			c := NewClient(&ClientConfig{Use: Security, Secrets: []string{secret, "", "abc"}})
			feed := func(octets string) (masked string) {
				masked = string(c.Mask([]byte(octets)))
				c.Feed([]byte(octets))
				return masked
			}
			feed("220 x\r\n")
			c.Next()
			c.Next()
			feed("250-x\r\n250 AUTH PLAIN X-TOY\r\n")
			for c.Next() != Ready {
			}
			if err := c.Login(test.login.mechanism, test.login.initial); err != nil {
				t.Fatal(err)
			}
			for _, r := range test.login.responses {
				if got := feed("334 \r\n"); got != "334 \r\n" {
					t.Fatal(got)
				}
				for c.Next() != Challenge {
				}
				c.Respond([]byte(r))
			}
			masked := feed(reply[:n])
			c.Next()
			masked += feed(reply[n:])
			for i := range masked {
				if was := test.want[i]; was == '*' && masked[i] != '*' || masked[i] != '*' && masked[i] != reply[i] || n == 0 && masked[i] != was {
					t.Fatalf("%q, cut at %d, is shown as %q", reply, n, masked)
				}
			}
			if step := c.Next(); step != Heard {
				t.Fatalf("%q: %v", reply, step)
			}
			_, r := c.LoggedIn()
			f, _ := c.Failure()
			_, octets := c.Reply()
			for _, said := range []string{string(octets), strings.Join(r.Lines, "\n"), strings.Join(f.Reply.Lines, "\n")} {
				if strings.Contains(said, secret) || strings.Contains(said, both[:8]) || strings.Contains(said, wonderland[:8]) {
					t.Fatalf("%q: %q is handed on", reply, said)
				}
			}
		}
	}
}

// A server that has the client say something of its choice, as it does with a nonce
// (RFC 5802 §5.1), and then a reply in tiny pieces, does not keep it busy.
func TestClientIsNotKeptBusyByRepeatedSecrets(t *testing.T) {
	c := NewClient(&ClientConfig{Use: Security})
	hearing(t, c, "220 x\r\n", "250-x\r\n250 AUTH X-TOY\r\n")
	if err := c.Login("X-TOY", nil); err != nil {
		t.Fatal(err)
	}
	c.Output()
	hearing(t, c, "334 \r\n")
	c.Respond([]byte(strings.Repeat("abcdefghi", 1000))) // in base64, the same 12 characters again and again
	c.Output()
	line := "535-" + coded([]byte(strings.Repeat("abcdefghi", 40))) + "\r\n"
	begun := time.Now()
	for range MaxReplyLines - 1 {
		for i := range line {
			if got := c.Mask([]byte{line[i]}); i > 20 && i < len(line)-2 && got[0] != '*' {
				t.Fatalf("%q is shown", line[:i+1])
			}
			c.Feed([]byte{line[i]})
			c.Next()
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("%d octets took %v", (MaxReplyLines-1)*len(line), took)
	}
}
