package smtp

// The lines of a login, which may be longer than all others (RFC 4954 §4).

import "bytes"

// longLine is a line of a login on its way, longer than the buffer.
type longLine struct {
	gathers bool
	line    []byte
	at      int64 // where in the stream it began
}

// MaxLoginLine is how long an AUTH command and an answer to a challenge may be,
// and a challenge, in octets with CRLF (RFC 4954 §4).
const MaxLoginLine = 12288

// mayBeLogin says whether the line in the buffer, which has no end yet, may be
// as long as [MaxLoginLine].
func (s *Server) mayBeLogin() bool {
	const verb = "AUTH "
	b := s.buf[s.r:s.w]
	return s.state == StateLogin ||
		s.offered(Auth) && len(b) > len(verb) && EqualFold(string(b[:len(verb)]), verb)
}

// gatherLine takes more of a long line. It returns false if it needs input.
func (s *Server) gatherLine() bool {
	l := &s.long
	for s.r < s.w {
		n := s.w - s.r
		i := bytes.IndexByte(s.buf[s.r:s.w], '\n')
		if i >= 0 {
			n = i + 1
		}
		if len(l.line)+n > MaxLoginLine {
			s.skip, s.begun = true, l.at
			copy(s.head[:], l.line)
			s.cr = l.line[len(l.line)-1] == '\r'
			*l = longLine{}
			return s.skipLine()
		}
		l.line = append(l.line, s.buf[s.r:s.r+n]...)
		s.r += n
		if i >= 0 && (s.config.AcceptBareLF || len(l.line) >= 2 && l.line[len(l.line)-2] == '\r') {
			l.gathers = false
			s.decide(s.lineVerb(), l.line, l.at)
			return true
		}
	}
	return false
}
