package smtp

// How the tests drive sessions: octets in pieces of any size, and everything
// that happened written down, so that two runs can be compared.

import (
	"fmt"
	"strings"
	"testing"
)

// cutter says how many of the octets left to feed now; at least 1.
type cutter func(left int) int

func whole(left int) int { return left }
func single(int) int     { return 1 }

// proposal answers with what the engine proposes.
func proposal(s *Server) Reply { return s.Proposal() }

// tlsHere stands in what a client says where it begins TLS; it is the octet
// that every handshake begins with, and is not fed. What comes before it is said
// in clear, and what after it inside, if the server takes part. At the very
// beginning it is TLS from the first octet on (RFC 8314 §3.3).
const tlsHere = "\x16"

// guarded adds STARTTLS, logins and REQUIRETLS to a server.
func guarded(c *Config) {
	c.Extensions |= Security
	c.Mechanisms, c.ClearMechanisms = []string{"PLAIN", "X-TOY"}, []string{"X-TOY"}
}

// In base64, what the server that plays toy knows.
const (
	alice      = "YWxpY2U="                          // then comes another challenge
	wonderland = "d29uZGVybGFuZA=="                  // her password
	both       = "AGFsaWNlAHdvbmRlcmxhbmQ="          // as PLAIN has it
	password   = "334 UGFzc3dvcmQ6"                  // what is asked after alice
	fullLogin  = "AUTH X-TOY " + wonderland + "\r\n" // at once
)

// toy answers as the engine proposes, but for a login: it plays a mechanism that
// needs nobody to know anything of SASL.
func toy(s *Server) Reply {
	r, c := s.Proposal(), s.Command()
	switch {
	case r.Code != 454 || c.Verb != AUTH && c.Verb != Response:
		return r
	case c.Verb == AUTH && !c.Initial:
		return ChallengeReply(nil)
	}
	switch string(c.SASL) {
	case "alice":
		return ChallengeReply([]byte("Password:"))
	case "wonderland", "\x00alice\x00wonderland":
		return answer(235, Enhanced{2, 7, 0}, "logged in")
	}
	return DefaultReply(535)
}

// serverLog is what happened in a server session.
type serverLog struct {
	events  []string // commands with offsets, replies, letters, states
	replies []string // as sent, a string a reply, without the last CRLF
	letters []string
	output  string
	decided int
	chunks  []chunkSeen

	discarded int64 // octets in clear that were thrown away
}

// chunkSeen is a BDAT as a driver sees it.
type chunkSeen struct {
	count     int64
	last      bool
	discarded bool
	octets    int64 // handed out
}

// after lists the replies after the greeting.
func (l *serverLog) after() []string {
	if len(l.replies) == 0 {
		return nil
	}
	return l.replies[1:]
}

// runServer feeds input to the session in pieces, with a handshake where both
// sides want one, and closes the connection.
func runServer(t testing.TB, s *Server, input string, cut cutter, answer func(*Server) Reply) *serverLog {
	t.Helper()
	log := &serverLog{}
	var letter []byte
	var chunk int64 // octets of the BDAT so far
	var at int64    // where the next line begins, -1 if that is not known
	var handed int64
	var fed int64 // octets of the client so far
	steps, limit := 0, 20*len(input)+1000
	flights := strings.Split(input, tlsHere)
	next := func() { input, flights = flights[0], flights[1:] }
	if next(); input == "" && len(flights) > 0 {
		s.Secured()
		next()
	}
	for {
		if steps++; steps > limit {
			t.Fatalf("the session does not end: step %v, state %v", s.Next(), s.State())
		}
		switch s.Next() {
		case Decide:
			c := s.Command()
			// Every octet belongs to a line, a chunk or a letter: nothing is
			// skipped, and nothing is taken twice.
			switch {
			case c.Verb == EndOfData:
				if at += handed; c.Offset < at { // dots were removed
					t.Fatalf("%d octets handed out, the dot at %d", handed, c.Offset)
				}
			case at >= 0 && c.Offset != at:
				t.Fatalf("%q at %d, want it at %d", c.Line, c.Offset, at)
			}
			if at = c.Offset + int64(len(c.Line)); s.inHead && c.Verb != BDAT || c.tooLong {
				at = -1 // a line too long: only its head is known
			}
			if at >= 0 && s.offers.Has(Chunking) {
				at += c.Count
			}
			handed = 0
			if c.EndsLetter() {
				log.events = append(log.events, fmt.Sprintf("letter %q", letter))
				log.letters = append(log.letters, string(letter))
				letter = nil
			}
			log.events = append(log.events, fmt.Sprintf("%d %v %q %v", c.Offset, c.Verb, c.Line, c.Parts))
			if c.Verb == BDAT {
				log.chunks = append(log.chunks, chunkSeen{c.Count, c.Last, c.Discarded, chunk})
				if c.Discarded && chunk != 0 {
					t.Fatalf("%d octets of a BDAT that was thrown away", chunk)
				}
				if !c.Discarded && s.offers.Has(Chunking) && s.Proposal().Then != Close && chunk != c.Count {
					t.Fatalf("%d octets of %q", chunk, c.Line)
				}
				chunk = 0
			}
			sent := string(s.Reply(answer(s)))
			if s.LetterSize() == 0 { // it is over, or what there is of it is void
				letter = nil
			}
			log.decided++
			log.replies = append(log.replies, strings.TrimSuffix(sent, "\r\n"))
			log.events = append(log.events, fmt.Sprintf("reply %q %v", sent, s.State()))
		case Body:
			piece, offset := s.Chunk()
			if int(offset) != len(letter) || len(piece) == 0 {
				t.Fatalf("piece of %d octets at %d, want it at %d", len(piece), offset, len(letter))
			}
			letter = append(letter, piece...)
			handed += int64(len(piece))
			if s.State() == StateChunk {
				if s.Command().Verb != BDAT {
					t.Fatalf("a chunk belongs to %v", s.Command().Verb)
				}
				chunk += int64(len(piece))
			}
		case NeedInput:
			log.output += string(s.Output())
			if input == "" {
				if len(flights) > 0 {
					next()
				} else {
					s.PeerClosed()
				}
				continue
			}
			n := s.Feed([]byte(input[:cut(len(input))]))
			if n == 0 {
				t.Fatal("a session that wants input took none")
			}
			input = input[n:]
			fed += int64(n)
		case Handshake: // what is left of the flight was said in clear
			log.output += string(s.Output())
			for input != "" {
				n := cut(len(input))
				if taken := s.Feed([]byte(input[:n])); taken != n {
					t.Fatalf("%d of %d octets in clear taken", taken, n)
				}
				input = input[n:]
				fed += int64(n)
			}
			if thrown := int64(s.Discarded()) - log.discarded; at >= 0 && thrown != fed-at {
				t.Fatalf("%d octets in clear thrown away, want %d", thrown, fed-at)
			}
			at, log.discarded = fed, int64(s.Discarded())
			if len(flights) == 0 {
				s.PeerClosed()
				continue
			}
			s.Secured()
			next()
			log.events = append(log.events, fmt.Sprintf("TLS at %d %v", at, s.State()))
		case Closed:
			log.output += string(s.Output())
			return log
		}
	}
}

// lines joins lines with CRLF and ends them.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// fullConfig offers everything.
func fullConfig() *Config {
	return &Config{Hostname: "mx.receiver.example", Extensions: AllExtensions, MaxSize: 10000}
}

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

func mustMailbox(t testing.TB, s string) Path {
	t.Helper()
	p, err := ParseMailbox(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
