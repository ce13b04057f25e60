package live

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/host"
	"helo/sim/trace"
)

// mx is a receiving host with the mailbox bob.
func mx() host.Config {
	return host.Config{
		ID: "mx", Name: "mx.receiver.example", Role: "receiving server",
		Server: &host.ServerConfig{
			Domains: []string{"receiver.example"}, Mailboxes: []string{"bob"},
			Extensions: smtp.AllExtensions, MaxSize: 10 << 20,
		},
	}
}

// start serves on a free loopback port until the test ends.
func start(t testing.TB, c Config) (s *Server, addr string) {
	t.Helper()
	return startAs(t, c, host.PortSMTP)
}

// startAs does it as if at that port.
func startAs(t testing.TB, c Config, port uint16) (s *Server, addr string) {
	t.Helper()
	s, err := NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln, port) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Shutdown(ctx)
	})
	return s, ln.Addr().String()
}

// talker is a client with a script.
type talker struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func dial(t testing.TB, addr string) *talker {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &talker{t, conn, bufio.NewReader(conn)}
}

// say sends lines and wants a reply with that code for each of the codes.
func (c *talker) say(lines string, codes ...int) (last string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(strings.ReplaceAll(lines, "\n", "\r\n"))); err != nil {
		c.t.Fatal(err)
	}
	for _, code := range codes {
		for {
			line, err := c.in.ReadString('\n')
			if err != nil {
				c.t.Fatalf("%q: waiting for %d: %v", lines, code, err)
			}
			if last = line; line[3] == '-' {
				continue
			}
			if line[:3] != fmt.Sprint(code) {
				c.t.Fatalf("%q: got %q, want %d", lines, line, code)
			}
			break
		}
	}
	return last
}

func TestServerTakesALetter(t *testing.T) {
	store := NewMemory(0)
	s, addr := start(t, Config{Host: mx(), Store: store})
	c := dial(t, addr)
	c.say("", 220)
	c.say("EHLO mail.sender.example\n", 250)
	c.say("MAIL FROM:<alice@sender.example>\nRCPT TO:<bob@receiver.example>\nRCPT TO:<eve@receiver.example>\nDATA\n", 250, 250, 550, 354)
	c.say("Subject: hi\n\n..dot\n.\nNOOP\nMAIL FROM:<>\nRCPT TO:<bob@receiver.example>\nDATA\n", 250, 250, 250, 250, 354)
	c.say("again\n.\nQUIT\n", 250, 221)
	got := store.Mailbox("bob")
	if len(got) != 2 {
		t.Fatalf("%d letters, want 2", len(got))
	}
	for i, body := range []string{"Subject: hi\r\n\r\n.dot\r\n", "again\r\n"} {
		if !strings.HasSuffix(string(got[i]), body) || !strings.HasPrefix(string(got[i]), "Return-Path: <") {
			t.Errorf("letter %d is %q", i, got[i])
		}
	}
	if found := check.NoLetterLost(s.Trace()); found != nil {
		t.Error(found)
	}
	kinds := map[trace.Kind]int{}
	for p := trace.Pos(0); p < s.Trace().End(); p++ {
		kinds[s.Trace().At(p).Kind]++
	}
	for kind, n := range map[trace.Kind]int{trace.Connect: 1, trace.Command: 10, trace.Letter: 2, trace.Stored: 2, trace.Reply: 13} {
		if kinds[kind] != n {
			t.Errorf("%d %v, want %d", kinds[kind], kind, n)
		}
	}
}

// Of a long letter the trace keeps the head, the count and a digest; the
// mailbox has all of it. A server whose room is taken says 452.
func TestServerLongLetter(t *testing.T) {
	store := NewMemory(0)
	s, addr := start(t, Config{Host: mx(), Store: store, Room: 1 << 20})
	c := dial(t, addr)
	c.say("", 220)
	c.say("EHLO a.example\nMAIL FROM:<alice@sender.example>\nRCPT TO:<bob@receiver.example>\nDATA\n", 250, 250, 250, 354)
	body := strings.Repeat(strings.Repeat("x", 70)+"\n", 10_000)
	c.say(body+".\n", 250)
	c.say("MAIL FROM:<alice@sender.example>\nRCPT TO:<bob@receiver.example>\nDATA\n", 250, 250, 354)
	c.say(body+body+".\n", 452)
	c.say("MAIL FROM:<alice@sender.example>\nRCPT TO:<bob@receiver.example>\nDATA\n", 250, 250, 354)
	c.say(body+".\nQUIT\n", 250, 221)
	if n := len(store.Mailbox("bob")); n != 2 {
		t.Errorf("%d letters, want 2", n)
	}
	digests := 0
	tr := s.Trace()
	for p := trace.Pos(0); p < tr.End(); p++ {
		e := tr.At(p)
		switch e.Kind {
		case trace.Letter:
			if e.Flags&trace.Cut == 0 || e.Octets.Len < 60_000 || e.Octets.Len > 70_000 {
				t.Errorf("a letter of the trace has %d octets, flags %d", e.Octets.Len, e.Flags)
			}
		case trace.Digest:
			digests++
			if e.Arg != 720_000 || len(tr.OctetsAt(p)) != 32 {
				t.Errorf("digest of %d octets: %x", e.Arg, tr.OctetsAt(p))
			}
		}
	}
	if digests != 2 {
		t.Errorf("%d digests, want 2", digests)
	}
}

// RFC 9266 §2: a login can be bound to TLS 1.3 alone.
func TestRFC9266_2_NoBindingToTLS12(t *testing.T) {
	_, addr := startAs(t, submission(), host.PortSubmissions)
	for version, code := range map[uint16]int{tls.VersionTLS12: 504, tls.VersionTLS13: 334} {
		c, _ := dialTLS(t, addr, version)
		c.say("", 220)
		c.say("EHLO a.example\nAUTH SCRAM-SHA-256-PLUS\n", 250, code)
	}
}
