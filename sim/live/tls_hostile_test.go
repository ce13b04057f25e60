package live

// Clients that begin TLS and do not go on, or with something else.

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/trace"
)

// clientHello is the first record of a client.
func clientHello(t *testing.T, c *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go tls.Client(near, c).Handshake()
	buf := make([]byte, 4096)
	n, err := far.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// doors serves on two sockets, with TLS after STARTTLS and from the first octet,
// until stop is called; then nothing of it may be left.
func doors(t *testing.T, config Config) (s *Server, starttls, implicit string, stop func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	s, err := NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var addrs []string
	done := make(chan error, 2)
	for _, port := range []uint16{host.PortSubmission, host.PortSubmissions} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, ln.Addr().String())
		go func() { done <- s.Serve(ctx, ln, port) }()
	}
	return s, addrs[0], addrs[1], func() {
		t.Helper()
		cancel()
		grace, end := context.WithTimeout(context.Background(), 10*time.Second)
		defer end()
		s.Shutdown(grace)
		<-done
		<-done
		for until := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(until) {
				buf := make([]byte, 1<<16)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	}
}

// submits logs in and sends a letter, inside TLS.
func submits(t *testing.T, implicit string) {
	t.Helper()
	c, _ := dialTLS(t, implicit, tls.VersionTLS13)
	c.say("", 220)
	c.say("EHLO a.example\nAUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\n", 250, 235)
	c.say("MAIL FROM:<alice@receiver.example>\nRCPT TO:<bob@receiver.example>\nDATA\n", 250, 250, 354)
	c.say("Subject: hi\n\nhi\n.\nQUIT\n", 250, 221)
	c.conn.Close()
}

// starts goes as far as a STARTTLS that was accepted (RFC 3207 §4).
func starts(t *testing.T, starttls string) *talker {
	t.Helper()
	c := dial(t, starttls)
	c.say("", 220)
	c.say("EHLO a.example\nSTARTTLS\n", 250, 220)
	return c
}

// count is how many events of a kind have these words in them.
func count(tr *trace.Trace, kind trace.Kind, words string) (n int) {
	for pos := trace.Pos(0); pos < tr.End(); pos++ {
		if tr.At(pos).Kind == kind && strings.Contains(string(tr.OctetsAt(pos)), words) {
			n++
		}
	}
	return n
}

// RFC 5321 §4.5.3.2.7, RFC 8314 §3.3: a client that begins a handshake and does not
// go on has as long as one that says no command, however slowly it says what it
// says. Others are served meanwhile, and nothing is left of it.
func TestRFC8314_3_3_StalledHandshakes(t *testing.T) {
	const (
		many = 60
		idle = 5 * time.Second // in which all of them begin, and others are served
	)
	config := submission()
	config.Host.Server.Idle = idle
	s, starttls, implicit, stop := doors(t, config)
	hello := clientHello(t, &tls.Config{ServerName: "mx.receiver.example"})
	begun := time.Now()
	ended := make(chan error, many)
	for i := range many {
		var c *talker
		if i%4 == 3 {
			c = starts(t, starttls)
		} else {
			c = dial(t, implicit)
		}
		if i%4 != 0 { // which says nothing at all
			c.conn.Write(hello[:len(hello)/2])
		}
		if i%4 == 2 { // goes on, an octet at a time
			go func() {
				for _, o := range hello[len(hello)/2 : len(hello)-1] {
					time.Sleep(20 * time.Millisecond)
					if _, err := c.conn.Write([]byte{o}); err != nil {
						return
					}
				}
			}()
		}
		go func() {
			_, err := io.Copy(io.Discard, c.in)
			c.conn.Close()
			ended <- err
		}()
	}
	for range 3 {
		submits(t, implicit)
	}
	if took := time.Since(begun); count(s.Trace(), trace.Unsecured, "") > 0 {
		t.Fatalf("after %v the first has been given up: the others were not served meanwhile", took)
	}
	for range many {
		<-ended
	}
	took := time.Since(begun)
	quiet(t, s, 5*time.Second)
	if took < idle || took > 4*idle {
		t.Errorf("they were given up after %v, want a little more than %v", took, idle)
	}
	if n := count(s.Trace(), trace.Unsecured, "it took too long"); n != many {
		t.Errorf("of %d the trace says that they took too long, want %d", n, many)
	}
	submits(t, implicit)
	stop()
}

// RFC 5321 §3.8: a server that stops does not wait for handshakes.
func TestRFC5321_3_8_StopsInHandshakes(t *testing.T) {
	s, starttls, implicit, stop := doors(t, submission())
	hello := clientHello(t, &tls.Config{ServerName: "mx.receiver.example"})
	var conns []*talker
	for i := range 8 {
		var c *talker
		if i%2 > 0 {
			c = starts(t, starttls)
		} else {
			c = dial(t, implicit)
		}
		if i > 3 {
			c.conn.Write(hello[:len(hello)/2])
		}
		conns = append(conns, c)
	}
	for s.Connections() < len(conns) {
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	var heard sync.WaitGroup
	heard.Go(func() {
		for _, c := range conns {
			if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
				t.Errorf("heard %q, %v; want the end and not a word in clear", rest, err)
			}
			c.conn.Close()
		}
	})
	stop()
	heard.Wait()
	if took := time.Since(begun); took > 5*time.Second { // before the grace ends
		t.Errorf("it took %v", took)
	}
	if n := count(s.Trace(), trace.Unsecured, stopped); n != len(conns) {
		t.Errorf("of %d the trace says why they were ended, want %d", n, len(conns))
	}
}

// RFC 8446 §6.2: what is no ClientHello ends the handshake, with an alert where it
// could be from somebody who speaks TLS. The server goes on, and what came is
// nowhere shown raw.
func TestRFC8446_6_2_NoClientHello(t *testing.T) {
	s, starttls, implicit, stop := doors(t, submission())
	noise := make([]byte, 512)
	dice := rand.New(rand.NewPCG(3, 207))
	for i := range noise {
		noise[i] = byte(dice.Uint32())
	}
	noise[0], noise[1] = 0x1b, '['
	for _, test := range []struct {
		name, says string
		alert      byte // 0: none
		why        string
	}{
		{"SMTP in clear", "EHLO a.example\r\nMAIL FROM:<\x1b[2Jalice@sender.example>\r\n", 0, "what came is no TLS record"},
		{"HTTP", "GET / HTTP/1.1\r\nHost: mx.receiver.example\r\n\r\n", 0, "what came is no TLS record"},
		{"noise", string(noise), 0, "what came is no TLS record"},
		{"a record of 65,535 octets", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 1000), 22, "what came is no TLS record"},
		{"a handshake message of 16 MiB", "\x16\x03\x01\x40\x00\x01\xff\xff\xff" + strings.Repeat("x", 0x4000-4), 80, "a message of the handshake is too long"},
		{"SSL 2", "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 70, "what came is no TLS record"},
		{"a ClientHello with nothing in it", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", 50, "a message of the handshake makes no sense"},
		{"a ServerHello", "\x16\x03\x03\x00\x04\x02\x00\x00\x00", 50, "a message of the handshake makes no sense"},
		{"an alert", "\x15\x03\x01\x00\x02\x02\x28", 0, "the other side refused: handshake failure"},
		{"a ClientHello, and an alert in clear", string(clientHello(t, &tls.Config{ServerName: "mx.receiver.example"})) + "\x15\x03\x03\x00\x02\x02\x30", 0, "the other side refused: unknown certificate authority"},
		{"TLS 1.1", string(clientHello(t, &tls.Config{ServerName: "mx.receiver.example", MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11})), 70, "there is no version of TLS that both sides speak"},
		{"half a ClientHello and the end", string(clientHello(t, &tls.Config{ServerName: "mx.receiver.example"})[:100]), 0, "the connection ended before TLS did"},
		{"the end", "", 0, "the connection ended before TLS did"},
	} {
		for _, door := range []string{"implicit", "starttls"} {
			t.Run(test.name+", "+door, func(t *testing.T) {
				first := s.Trace().End()
				var c *talker
				if door == "implicit" {
					c = dial(t, implicit)
				} else {
					c = starts(t, starttls)
				}
				io.WriteString(c.conn, test.says)
				if strings.HasSuffix(test.name, "the end") {
					c.conn.(*net.TCPConn).CloseWrite()
				}
				heard, err := io.ReadAll(c.in)
				if err != nil {
					t.Errorf("after %q: %v; want the end", heard, err)
				}
				if strings.HasPrefix(test.says, "\x16\x03\x01") && strings.HasSuffix(test.says, "\x30") {
					heard = nil // a handshake, which it has gone on with
				}
				if alert := len(heard) == 7 && heard[0] == 21 && heard[6] == test.alert; alert != (test.alert != 0) || !alert && len(heard) > 0 {
					t.Errorf("heard %x, want the alert %d", heard, test.alert)
				}
				c.conn.Close()
				quiet(t, s, 5*time.Second)
				var why []string
				for pos := first; pos < s.Trace().End(); pos++ {
					if s.Trace().At(pos).Kind == trace.Unsecured {
						why = append(why, string(s.Trace().OctetsAt(pos)))
					}
				}
				if len(why) != 1 || !strings.Contains(why[0], test.why) {
					t.Errorf("the trace says %q, want %q once", why, test.why)
				}
			})
		}
	}
	submits(t, implicit)
	stop()
	var text, lines strings.Builder
	if err := export.Text(&text, s.Trace(), export.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := export.JSON(&lines, s.Trace(), export.JSONOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"the transcript": text.String(), "the events": lines.String()} {
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar }); i >= 0 {
			t.Errorf("%s has %q", name, fmt.Sprintf("%.80s", out[max(0, i-40):]))
		}
	}
}

// RFC 5321 §4.5.3.2.7: inside TLS half of a record is as good as nothing, however
// slowly it comes.
func TestRFC5321_4_5_3_2_7_HalfARecord(t *testing.T) {
	config := submission()
	const idle = 2 * time.Second // in the handshake too
	config.Host.Server.Idle = idle
	s, addr := startAs(t, config, host.PortSubmissions)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			c, below := dialTLS(t, addr, version)
			c.say("", 220)
			go func() {
				for _, o := range append([]byte{23, 3, 3, 1, 0}, make([]byte, 200)...) {
					if _, err := below.Write([]byte{o}); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			c.say("", 421)
			if took := time.Since(begun); took < idle || took > 5*idle {
				t.Errorf("it was ended after %v, want a little more than %v", took, idle)
			}
			if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
				t.Errorf("after 421: %q, %v; want a close_notify", rest, err)
			}
			below.Close()
			quiet(t, s, 5*time.Second)
		})
	}
}

// RFC 8446 §6: an alert in clear is known in whatever pieces it comes, and costs
// nothing to look for.
func TestRFC8446_6_AlertInClear(t *testing.T) {
	const alert = "\x15\x03\x03\x00\x02\x02\x30"
	for _, test := range []struct {
		said string
		want bool
	}{{alert, true}, {"\x16\x03\x01\x00\x01x" + alert, true}, {alert + "x", false}, {alert[1:], false}, {"", false}} {
		for size := 1; size < 12; size++ {
			o := &observed{Conn: &heardConn{octets: []byte(test.said)}}
			buf := make([]byte, size)
			for _, err := o.Read(buf); err == nil; {
				_, err = o.Read(buf)
			}
			if got := o.refusal() != nil; got != test.want {
				t.Errorf("%q in pieces of %d: %v", test.said, size, got)
			}
		}
	}
	o, buf := &observed{Conn: &heardConn{octets: make([]byte, 1<<20)}}, make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() { o.Read(buf) }); n > 0 {
		t.Errorf("%v allocations a read", n)
	}
}

// heardConn is a connection of which octets are heard.
type heardConn struct {
	net.Conn
	octets []byte
}

func (c *heardConn) Read(p []byte) (int, error) {
	if len(c.octets) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.octets)
	c.octets = c.octets[n:]
	return n, nil
}
