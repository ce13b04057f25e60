package smtp

// How the tests drive a client against a server that follows a script.

import (
	"fmt"
	"strings"
	"testing"
)

// scripted plays a server that gives its replies in order, one for the
// greeting and one for each command and dot, and then closes.
type scripted struct {
	replies []string
	data    bool
	in      string
	heard   []string // commands and letters
	answer  bool     // the greeting was given
}

// hear takes octets of the client and returns the replies to them.
func (s *scripted) hear(octets string) (out string, closed bool) {
	say := func() string {
		if len(s.replies) == 0 {
			closed = true
			return ""
		}
		r := s.replies[0]
		s.replies = s.replies[1:]
		if r == "drop" {
			closed = true
			return ""
		}
		return strings.ReplaceAll(r, "\n", "\r\n") + "\r\n"
	}
	if !s.answer {
		s.answer = true
		out += say()
	}
	s.in += octets
	for !closed {
		end, mark := strings.Index(s.in, "\r\n"), len("\r\n")
		if s.data {
			end, mark = strings.Index("\r\n"+s.in, "\r\n.\r\n"), len(".\r\n")
		}
		if end < 0 {
			break
		}
		line := s.in[:end]
		if n := 0; !s.data && strings.HasPrefix(line, "BDAT ") {
			fmt.Sscanf(line, "BDAT %d", &n)
			if len(s.in) < end+mark+n {
				break
			}
			mark += n
			line = s.in[:end+mark] // a chunk is heard with its line
		}
		s.heard = append(s.heard, line)
		s.in = s.in[end+mark:]
		r := say()
		s.data = !s.data && line == "DATA" && strings.HasPrefix(r, "3")
		out += r
	}
	return out, closed
}

// clientLog is what happened in a client session.
type clientLog struct {
	events  []string
	results [][]Result // a slice a transaction
	errs    []error
	logins  []string // what each login came to, or its error
	clear   []string // what was said before TLS
}

// inClear says whether what was said before TLS is no more than a client may say
// that insists on TLS.
func (l *clientLog) inClear() bool {
	for _, line := range l.clear {
		if verb, _, _ := strings.Cut(line, " "); verb != "EHLO" && verb != "HELO" && verb != "STARTTLS" && verb != "QUIT" {
			return false
		}
	}
	return true
}

// credentials is a login of a client: the response that goes with AUTH, nil if
// there is none, and those to challenges. When they run out it is given up.
type credentials struct {
	mechanism string
	initial   []byte
	responses []string
}

// runClient drives a client against a scripted server: it logs in, once or more,
// sends the letters one after the other, then quits. A handshake works, and what
// the server has said before it was said in clear.
func runClient(t testing.TB, c *Client, s *scripted, cut cutter, envelopes []Envelope, letter string, logins ...credentials) *clientLog {
	t.Helper()
	log := &clientLog{}
	var queue string // from the server
	next, started, closed := 0, false, false
	var login *credentials
	for steps := 0; ; steps++ {
		if steps > 20000 {
			t.Fatalf("the session does not end: step %v, state %v", c.Next(), c.State())
		}
		step := c.Next()
		switch step {
		case Heard:
			r, octets := c.Reply()
			verb, rcpt := c.About()
			log.events = append(log.events, fmt.Sprintf("heard %q %d for %v %d %v", octets, r.Code, verb, rcpt, c.State()))
			continue
		case Ready, Done:
			if started {
				log.results = append(log.results, append([]Result(nil), c.Results()...))
				started = false
			}
			if step == Done {
				if s.hear(string(c.Output())); !c.Secure() {
					log.clear = s.heard
				}
				return log
			}
			if login != nil {
				done, r := c.LoggedIn()
				log.logins = append(log.logins, fmt.Sprint(done, " ", r.Code))
				login = nil
			}
			if len(logins) > 0 {
				first := logins[0]
				login, logins = &first, logins[1:]
				if err := c.Login(login.mechanism, login.initial); err != nil {
					log.logins = append(log.logins, err.Error())
					login = nil
				}
				continue
			}
			if next == len(envelopes) {
				c.Quit()
				continue
			}
			err := c.Send(envelopes[next])
			log.errs = append(log.errs, err)
			started = err == nil
			next++
			continue
		case Letter:
			for rest := letter; rest != ""; {
				n := cut(len(rest))
				c.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			c.EndLetter()
			continue
		case Challenge:
			log.events = append(log.events, fmt.Sprintf("challenge %q %v", c.Challenge(), c.State()))
			if len(login.responses) == 0 {
				c.CancelLogin()
			} else {
				c.Respond([]byte(login.responses[0]))
				login.responses = login.responses[1:]
			}
			continue
		case Handshake:
			out, over := s.hear(string(c.Output()))
			closed = closed || over
			thrown := len(queue) + len(out)
			for queue += out; queue != ""; {
				n := cut(len(queue))
				if taken := c.Feed([]byte(queue[:n])); taken != n {
					t.Fatalf("%d of %d octets in clear taken", taken, n)
				}
				queue = queue[n:]
			}
			if c.Discarded() < thrown { // some were there with the 220
				t.Fatalf("%d octets in clear thrown away of %d", c.Discarded(), thrown)
			}
			log.events = append(log.events, fmt.Sprintf("TLS, %d in clear thrown away", c.Discarded()))
			log.clear = append(log.clear, s.heard...)
			c.Secured()
			continue
		}
		out, over := s.hear(string(c.Output()))
		queue += out
		closed = closed || over
		if queue == "" {
			if !closed {
				t.Fatalf("both wait: client %v", c.State())
			}
			c.PeerClosed()
			continue
		}
		n := c.Feed([]byte(queue[:cut(len(queue))]))
		if n == 0 {
			t.Fatal("a session that wants input took none")
		}
		queue = queue[n:]
	}
}
