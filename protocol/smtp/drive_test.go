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

func mustMailbox(t testing.TB, s string) Path {
	t.Helper()
	p, err := ParseMailbox(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
