package live

// How TLS ends on a socket: who closes first says close_notify, and a line that
// ends without one is not taken for a good end (RFC 8446 §6.1, RFC 5246 §7.2.1).

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/trace"
)

// RFC 8446 §6.1, RFC 5246 §7.2.1: a client says close_notify before it closes,
// however the session has ended.
func TestRFC8446_6_1_ClientSaysCloseNotify(t *testing.T) {
	const late, interrupted = "after a wait that was too long", "after a person has had enough"
	for _, test := range []struct {
		name  string
		serve func(c net.Conn, in *bufio.Reader)
		done  bool
	}{
		{"after QUIT", func(c net.Conn, in *bufio.Reader) {
			takes(c, in)
			fmt.Fprint(c, "250 taken\r\n")
			in.ReadString('\n')
			fmt.Fprint(c, "221 bye\r\n")
		}, true},
		{"after a greeting that is none", func(c net.Conn, in *bufio.Reader) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, false},
		{"after a 421", func(c net.Conn, in *bufio.Reader) { fmt.Fprint(c, "421 not now\r\n") }, false},
		{late, func(c net.Conn, in *bufio.Reader) {}, false},
		{interrupted, func(c net.Conn, in *bufio.Reader) { takes(c, in) }, false},
	} {
		for name, version := range versions {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				to, end := secretly(t, version, func(c *tls.Conn, in *bufio.Reader) {
					if test.serve(c, in); test.name == interrupted {
						cancel()
					}
				})
				v, _ := sendTo(t, to, "hi\r\n", ctx, func(c *ClientConfig) {
					insider(host.TLSImplicit)(c)
					if test.name == late {
						c.Host.Client.Waits[smtp.PhaseGreeting] = 2 * time.Second // and of the handshake
					}
				})
				if v.Done != test.done {
					t.Errorf("verdict %+v", v)
				}
				if err := <-end; err != nil {
					t.Errorf("the server read to the end: %v; want a close_notify", err)
				}
			})
		}
	}
}

// A client whose server takes nothing any more does not wait with its
// close_notify, nor does it say one in the middle of a record.
func TestRFC8446_6_1_ClientThatIsStuckCloses(t *testing.T) {
	release := make(chan struct{})
	to, end := secretly(t, tls.VersionTLS13, func(c *tls.Conn, in *bufio.Reader) {
		polite(c, in)
		<-release
	})
	begun := time.Now()
	v, _ := sendTo(t, to, strings.Repeat(strings.Repeat("x", 76)+"\r\n", 400_000), context.Background(), func(c *ClientConfig) {
		insider(host.TLSImplicit)(c)
		c.Block = 300 * time.Millisecond
	})
	close(release)
	if took := time.Since(begun); v.Done || took > 8*time.Second {
		t.Errorf("verdict %+v after %v", v, took)
	}
	if err := <-end; !errors.Is(err, errTruncated) {
		t.Errorf("the server read to the end: %v; want %v", err, errTruncated)
	}
}

// RFC 8446 §6.1, RFC 5246 §7.2.1: so does a server that closes first.
func TestRFC8446_6_1_ServerSaysCloseNotify(t *testing.T) {
	for _, test := range []struct {
		name string
		idle time.Duration // how long a client may be, in the handshake too
		ends func(c *talker, s *Server)
		want error // nil: a close_notify
	}{
		{"RFC 5321 §4.1.1.10: after 221", 0, func(c *talker, s *Server) { c.say("QUIT\n", 221) }, nil},
		{"RFC 5321 §4.5.3.2.7: after a client has been idle", 2 * time.Second, func(c *talker, s *Server) { c.say("", 421) }, nil},
		{"RFC 5321 §3.8: after it was told to stop", 0, func(c *talker, s *Server) {
			moved := make(chan struct{})
			go func() { s.move(over); close(moved) }()
			c.say("", 421)
			<-moved
		}, nil},
		{"after the client has said its own", 0, func(c *talker, s *Server) { c.conn.(*tls.Conn).CloseWrite() }, nil},
		{"but not after a fault that drops the line", 0, func(c *talker, s *Server) { c.say("NOOP\n") }, syscall.ECONNRESET},
	} {
		for name, version := range versions {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				config := submission()
				config.Host.Server.Idle = test.idle
				fault, err := host.ParseFault("mx at=NOOP drop")
				if err != nil {
					t.Fatal(err)
				}
				config.Faults = []*host.Fault{fault}
				s, addr := startAs(t, config, host.PortSubmissions)
				c, _ := dialTLS(t, addr, version)
				c.say("", 220)
				test.ends(c, s)
				_, err = io.Copy(io.Discard, c.in)
				if !errors.Is(err, test.want) {
					t.Errorf("the client read to the end: %v; want %v", err, test.want)
				}
				c.conn.Close()
				quiet(t, s, 5*time.Second)
			})
		}
	}
}

// A client that does not read keeps no server that is to end at once: the
// close_notify waits no longer than its last words.
func TestRFC8446_6_1_ServerDoesNotWaitWithCloseNotify(t *testing.T) {
	t.Parallel()
	s, addr := startAs(t, submission(), host.PortSubmissions)
	c, _ := dialTLS(t, addr, tls.VersionTLS13)
	c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	for line := []byte(strings.Repeat("HELP\r\n", 1000)); ; {
		if _, err := c.conn.Write(line); err != nil {
			break // the server is stuck in its answers
		}
	}
	begun := time.Now()
	s.move(over)
	s.wg.Wait()
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

// RFC 8446 §6.1: where the line ends without a close_notify the trace says so: it
// may be that not all has arrived. A reset and a good end are told apart from
// it. Nothing that was not whole counts.
func TestRFC8446_6_1_TruncationIsTold(t *testing.T) {
	const truncated, transaction = unclosed, "EHLO a.example\nAUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\nMAIL FROM:<alice@receiver.example>\nRCPT TO:<bob@receiver.example>\n"
	for _, where := range []struct {
		name, lines string
		codes       []int
		rest        string
		code        int // of the reply to the rest
	}{
		{"between two commands", "NOOP\n", []int{250}, "", 0},
		{"in a command", "NOOP\n", []int{250}, "NO", 0},
		{"in DATA", transaction + "DATA\n", []int{250, 235, 250, 250, 354}, "Subject: hi\n\nhalf of it\n", 0},
		{"before the end of the dot", transaction + "DATA\n", []int{250, 235, 250, 250, 354}, "Subject: hi\n\nall of it\n.", 0},
		{"in a chunk", transaction, []int{250, 235, 250, 250}, "BDAT 100 LAST\nhalf of it", 0},
		{"after a chunk that is not the last", transaction, []int{250, 235, 250, 250}, "BDAT 4\nhalf", 250},
	} {
		for _, how := range []struct {
			name  string
			close func(end *tls.Conn, below *net.TCPConn)
			kind  trace.Kind
			words string
		}{
			{"good", func(end *tls.Conn, _ *net.TCPConn) { end.Close() }, trace.Closed, ""},
			{"truncated", func(_ *tls.Conn, below *net.TCPConn) { below.Close() }, trace.Reset, truncated},
			{"truncated in a record", func(_ *tls.Conn, below *net.TCPConn) {
				below.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
				below.Close()
			}, trace.Reset, truncated},
			{"reset", func(_ *tls.Conn, below *net.TCPConn) {
				below.SetLinger(0)
				below.Close()
			}, trace.Reset, ""},
		} {
			for name, version := range versions {
				t.Run(where.name+", "+how.name+", "+name, func(t *testing.T) {
					t.Parallel()
					config := submission()
					store := NewMemory(0)
					config.Store = store
					s, addr := startAs(t, config, host.PortSubmissions)
					c, below := dialTLS(t, addr, version)
					c.say("", 220)
					c.say(where.lines, where.codes...)
					if c.say(where.rest); where.code != 0 {
						c.say("", where.code)
					}
					if how.kind == trace.Reset { // it overtakes what nobody has read
						time.Sleep(50 * time.Millisecond)
					}
					how.close(c.conn.(*tls.Conn), below.(*spoilt).Conn.(*net.TCPConn))
					shows(t, s.Trace(), how.kind, how.words)
					quiet(t, s, 5*time.Second)
					if n := len(store.Mailbox("bob")); n != 0 {
						t.Errorf("%d letters are in the mailbox", n)
					}
				})
			}
		}
	}
}

// The same is told of a server that ends so, and the letter is not done.
func TestRFC8446_6_1_ServersTruncationIsTold(t *testing.T) {
	for _, how := range []struct {
		name  string
		close func(end *tls.Conn)
		kind  trace.Kind
		words string
	}{
		{"good", func(end *tls.Conn) { end.CloseWrite() }, trace.Closed, ""},
		{"truncated", func(end *tls.Conn) { end.NetConn().(strict).Conn.(*net.TCPConn).CloseWrite() }, trace.Reset, unclosed},
		{"reset", func(end *tls.Conn) {
			end.NetConn().(strict).Conn.(*net.TCPConn).SetLinger(0)
			end.NetConn().Close()
		}, trace.Reset, ""},
	} {
		for name, version := range versions {
			t.Run(how.name+", "+name, func(t *testing.T) {
				t.Parallel()
				to, _ := secretly(t, version, func(c *tls.Conn, in *bufio.Reader) {
					takes(c, in)
					fmt.Fprint(c, "250-half of a reply\r\n")
					how.close(c)
				})
				v, tr := sendTo(t, to, "hi\r\n", context.Background(), insider(host.TLSImplicit))
				if v.Done || v.Code/100 != 4 {
					t.Errorf("verdict %+v", v)
				}
				shows(t, tr, how.kind, how.words)
				var b strings.Builder
				if err := export.Text(&b, tr, export.TextOptions{}); err != nil {
					t.Fatal(err)
				}
				text := b.String()
				if want := "║ finds the connection cut: " + unclosed; strings.Contains(text, want) != (how.words != "") {
					t.Errorf("%q, and how it ended is %s:\n%s", want, how.name, &b)
				}
			})
		}
	}
}

// RFC 8446 §6.2: an alert after the handshake is no cut line.
func TestRFC8446_6_2_AlertAfterTheHandshake(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			s, addr := startAs(t, submission(), host.PortSubmissions)
			c, below := dialTLS(t, addr, version)
			c.say("", 220)
			below.(*spoilt).from.Store(true)
			c.conn.Write([]byte("NOOP\r\n"))
			if _, err := c.in.ReadByte(); err == nil {
				t.Fatal("what was changed on its way was good")
			}
			c.conn.Close()
			shows(t, s.Trace(), trace.Unsecured, "the other side refused: bad record MAC")
			var b strings.Builder
			if err := export.Text(&b, s.Trace(), export.TextOptions{}); err != nil {
				t.Fatal(err)
			}
			if want := "║ TLS fails: the other side refused: bad record MAC\n"; !strings.Contains(b.String(), want) {
				t.Errorf("the transcript lacks %q:\n%s", want, &b)
			}
			quiet(t, s, 5*time.Second)
		})
	}
}

// RFC 8446 §5.2: so are octets that nobody has encrypted.
func TestRFC8446_5_2_OctetsThatCannotBeDecrypted(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			s, addr := startAs(t, submission(), host.PortSubmissions)
			c, below := dialTLS(t, addr, version)
			c.say("", 220)
			below.Write(append([]byte{23, 3, 3, 0, 64}, make([]byte, 64)...))
			shows(t, s.Trace(), trace.Unsecured, "what came cannot be decrypted")
			if _, err := io.Copy(io.Discard, c.in); err == nil || !strings.Contains(err.Error(), "bad record MAC") {
				t.Errorf("the client hears %v; want an alert and no close_notify", err)
			}
			c.conn.Close()
			quiet(t, s, 5*time.Second)
		})
	}
}

// A close_notify that nobody takes is waited for no longer than it is worth, and
// none is said where a record was left half written, or TLS has failed.
func TestRFC8446_6_1_CloseNotifyThatNobodyTakes(t *testing.T) {
	t.Parallel()
	cert, _ := testCertificate()
	near, far := net.Pipe()
	defer far.Close()
	clients := make(chan *tls.Conn, 1)
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true})
	go func() {
		c := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			t.Error(err)
		}
		clients <- c
	}()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	end := <-clients
	if c := (&conn{nc: end, inside: true, torn: true}); c.whole() != nil {
		t.Error("TLS that was torn can say more")
	}
	if c := (&conn{nc: end, inside: true}); c.whole() != end {
		t.Error("TLS that is whole can not")
	}
	begun := time.Now()
	notify(end)
	if took := time.Since(begun); took > 3*time.Second { // crypto/tls has 5 s of its own
		t.Errorf("it took %v", took)
	}
}
