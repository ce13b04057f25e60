package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/host"
	"helo/sim/trace"
)

// scripted serves one connection with a function of its own.
func scripted(t *testing.T, serve func(c net.Conn, in *bufio.Reader)) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		serve(c, bufio.NewReader(c))
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// sendTo sends a letter to a server and returns its one verdict.
func sendTo(t *testing.T, to netip.AddrPort, letter string, ctx context.Context, change func(*ClientConfig)) (check.Verdict, *trace.Trace) {
	t.Helper()
	bob, err := smtp.ParseMailbox("bob@receiver.example")
	if err != nil {
		t.Fatal(err)
	}
	cfg := ClientConfig{
		Host: host.Config{
			ID: "client", Name: "laptop.sender.example",
			Client: &host.ClientConfig{Server: "server", Addrs: []netip.Addr{to.Addr()}, Port: to.Port()},
		},
		Server: trace.Host{ID: "server"}, Letter: host.Submission{To: []smtp.Path{bob}, Octets: []byte(letter)},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(25 * time.Second):
		t.Fatal("the client does not end")
	}
	list := check.Verdicts(c.Trace())
	if len(list) != 1 {
		t.Fatalf("%d verdicts", len(list))
	}
	return list[0], c.Trace()
}

// polite answers everything up to the letter.
func polite(c net.Conn, in *bufio.Reader) {
	fmt.Fprint(c, "220 server ESMTP\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch line[:4] {
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			return
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

// takes answers everything up to the letter, and reads that to its dot.
func takes(c net.Conn, in *bufio.Reader) {
	polite(c, in)
	for line, err := in.ReadString('\n'); err == nil && line != ".\r\n"; line, err = in.ReadString('\n') {
	}
}

// What servers do that is no good never counts as delivered, and never keeps
// the client for ever.
func TestClientAgainstBadServers(t *testing.T) {
	large := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 200_000)
	for _, test := range []struct {
		name   string
		letter string
		serve  func(c net.Conn, in *bufio.Reader)
		class  uint16 // of the verdict's code
	}{
		{"an endless reply", "hi\r\n", func(c net.Conn, in *bufio.Reader) {
			for {
				if _, err := io.WriteString(c, "220-more\r\n"); err != nil {
					return
				}
			}
		}, 4},
		{"a line without end", "hi\r\n", func(c net.Conn, in *bufio.Reader) {
			for {
				if _, err := io.WriteString(c, strings.Repeat("2", 1<<16)); err != nil {
					return
				}
			}
		}, 4},
		{"no SMTP at all", "hi\r\n", func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			io.Copy(io.Discard, in)
		}, 4},
		{"RFC 5321 §4.5.3.2.6: gone after the dot", "hi\r\n", func(c net.Conn, in *bufio.Reader) {
			takes(c, in)
		}, 4},
		{"RFC 5321 §3.8: gone in the middle of the letter", large, func(c net.Conn, in *bufio.Reader) {
			polite(c, in)
			io.CopyN(io.Discard, in, 100_000)
		}, 4},
		{"a refusal in the middle of the letter", large, func(c net.Conn, in *bufio.Reader) {
			polite(c, in)
			io.CopyN(io.Discard, in, 100_000)
			fmt.Fprint(c, "552 5.3.4 too large\r\n")
			io.Copy(io.Discard, in)
		}, 5},
		{"RFC 5321 §3.8: 421 in the middle of the letter, then gone", large, func(c net.Conn, in *bufio.Reader) {
			polite(c, in)
			io.CopyN(io.Discard, in, 100_000)
			fmt.Fprint(c, "421 4.3.2 going down\r\n")
			time.Sleep(50 * time.Millisecond)
		}, 4},
		{"a 250 before the dot", large, func(c net.Conn, in *bufio.Reader) {
			polite(c, in)
			io.CopyN(io.Discard, in, 100_000)
			fmt.Fprint(c, "250 2.0.0 thanks\r\n")
			io.Copy(io.Discard, in)
		}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			to := scripted(t, test.serve)
			v, tr := sendTo(t, to, test.letter, context.Background(), nil)
			if v.Done || v.Code/100 != test.class {
				t.Errorf("verdict %+v", v)
				for pos := trace.Pos(0); pos < tr.End(); pos++ {
					t.Logf("%v %q", tr.At(pos).Kind, tr.OctetsAt(pos)[:min(80, len(tr.OctetsAt(pos)))])
				}
			}
		})
	}
}

// RFC 5321 §4.3.1: the client says nothing before the greeting.
func TestClientWaitsForTheGreeting(t *testing.T) {
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if b, err := in.ReadByte(); err == nil {
			t.Errorf("it said %q before the greeting", b)
		}
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		takes(c, in)
		fmt.Fprint(c, "250 taken\r\n")
		in.ReadString('\n')
		fmt.Fprint(c, "221 bye\r\n")
	})
	if v, _ := sendTo(t, to, "hi\r\n", context.Background(), nil); !v.Done {
		t.Errorf("verdict %+v", v)
	}
}

// A person who has had enough ends it at once, and nothing counts as done.
func TestClientInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		polite(c, in)
		cancel()
		io.Copy(io.Discard, in)
	})
	start := time.Now()
	v, _ := sendTo(t, to, "hi\r\n", ctx, nil)
	if v.Done || time.Since(start) > 5*time.Second {
		t.Errorf("verdict %+v after %v", v, time.Since(start))
	}
}

// RFC 5321 §4.5.3.2.5: a server that takes no more of the letter is given up.
func TestClientStuck(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		polite(c, in)
		<-release
	})
	v, _ := sendTo(t, to, strings.Repeat(strings.Repeat("x", 76)+"\r\n", 400_000), context.Background(), func(c *ClientConfig) { c.Block = 300 * time.Millisecond })
	if v.Done || v.Code/100 != 4 {
		t.Errorf("verdict %+v", v)
	}
}

// An envelope that no command can carry is refused to its writer.
func TestClientImpossibleEnvelope(t *testing.T) {
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		polite(c, in)
	})
	v, _ := sendTo(t, to, "hi\r\n", context.Background(), func(c *ClientConfig) {
		c.Letter.ToDSNs = []smtp.DSNRcpt{{Notify: smtp.NotifyNever | smtp.NotifySuccess}}
	})
	if v.Done || v.Code/100 != 5 {
		t.Errorf("verdict %+v", v)
	}
}

// RFC 5321 §4.5.3.2: a client waits only so long for each reply.
func TestClientWaits(t *testing.T) {
	for phase, says := range map[smtp.Phase]string{smtp.PhaseGreeting: "", smtp.PhaseCommand: "220 x\r\n", smtp.PhaseMAIL: "220 x\r\n250 x\r\n"} {
		to := scripted(t, func(c net.Conn, in *bufio.Reader) {
			for line := range strings.Lines(says) {
				io.WriteString(c, line)
				if line != "220 x\r\n" {
					continue
				}
				in.ReadString('\n') // EHLO
			}
			io.Copy(io.Discard, in)
		})
		start := time.Now()
		v, tr := sendTo(t, to, "hi\r\n", context.Background(), func(c *ClientConfig) {
			c.Host.Client.Waits[phase] = 100 * time.Millisecond
		})
		if v.Done || v.Code/100 != 4 || time.Since(start) > 5*time.Second {
			t.Errorf("%v: verdict %+v after %v", phase, v, time.Since(start))
		}
		found := false
		for pos := trace.Pos(0); pos < tr.End(); pos++ {
			found = found || tr.At(pos).Kind == trace.TimedOut
		}
		if !found {
			t.Errorf("%v: the trace does not say that it timed out", phase)
		}
	}
}

// RFC 5321 §4.5.3.2: the wait is for the reply. A server that says an octet now
// and then, and never the whole of it, does not put it off.
func TestClientWaitsForWholeReply(t *testing.T) {
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		for _, o := range []byte("220-" + strings.Repeat("x", 400)) {
			if _, err := c.Write([]byte{o}); err != nil {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
	})
	start := time.Now()
	v, _ := sendTo(t, to, "hi\r\n", context.Background(), func(c *ClientConfig) {
		c.Host.Client.Waits[smtp.PhaseGreeting] = 300 * time.Millisecond
	})
	if took := time.Since(start); v.Done || v.Code/100 != 4 || took > 5*time.Second {
		t.Errorf("verdict %+v after %v, expected a 4yz soon after 300 ms", v, took)
	}
}
