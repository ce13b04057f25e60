package live

// A server that is told to stop while a client keeps it waiting.

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"helo/sim/host"
	"helo/sim/trace"
)

// RFC 5321 §3.8: who is told that the server stops has a second to take the 421
// once nothing may go on any more. The connection is a pipe: it has no room for
// octets that nobody reads.
func TestRFC5321_3_8_LastWordsThatNobodyTakes(t *testing.T) {
	for _, test := range []struct {
		name  string
		grace time.Duration
		ends  func(s *Server, grace context.Context)
	}{
		{"the 421 is said when time is over", 0, func(s *Server, _ context.Context) { s.move(over); s.wg.Wait() }},
		{"the 421 is said before", 10 * time.Second, (*Server).Shutdown},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := NewServer(Config{Host: mx()})
				if err != nil {
					t.Fatal(err)
				}
				near, far := net.Pipe()
				defer near.Close()
				s.accept(far, host.PortSMTP)
				if _, err := bufio.NewReader(near).ReadString('\n'); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // so long that the server would wait for its next words anew
				grace, end := context.WithTimeout(context.Background(), test.grace)
				defer end()
				begun := time.Now()
				test.ends(s, grace)
				if took := time.Since(begun); took != test.grace+time.Second {
					t.Errorf("it took %v, want %v and a second", took, test.grace)
				}
				time.Sleep(workerIdle) // for its worker
			})
		})
	}
}

// RFC 5321 §3.8: a handshake that was asked for and not begun is ended for the same
// reason as one that had begun, and the trace says so.
func TestRFC5321_3_8_StopsBeforeAHandshake(t *testing.T) {
	for name, stage := range map[string]int32{"open transactions may end": draining, "nothing may": over} {
		t.Run(name, func(t *testing.T) {
			s, err := NewServer(submission())
			if err != nil {
				t.Fatal(err)
			}
			near, far := net.Pipe()
			defer near.Close()
			s.lock()
			c := s.add(far)
			s.wg.Add(1)
			s.unlock()
			s.move(stage)
			go s.run(c, host.PortSubmissions, make([]byte, smallRead))
			near.SetDeadline(time.Now().Add(10 * time.Second))
			if heard, err := io.ReadAll(near); err != nil || len(heard) > 0 {
				t.Errorf("heard %q, %v; want the end and not a word in clear", heard, err)
			}
			s.wg.Wait()
			shows(t, s.Trace(), trace.Unsecured, stopped)
			if n := count(s.Trace(), trace.Close, ""); n != 1 {
				t.Errorf("it is closed %d times", n)
			}
		})
	}
}
