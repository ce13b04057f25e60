package smtp

// How a server finds lines, and the end of a letter, in octets that arrive in
// any pieces. Only CRLF ends a line (RFC 5321 §2.3.8).

import "bytes"

// Limits on lines, in octets with CRLF.
const (
	MaxCommandLine = 512  // RFC 5321 §4.5.3.1.4
	MaxTextLine    = 1000 // RFC 5321 §4.5.3.1.6; a doubled dot is not counted

	sizeAdds         = 26 // SIZE lengthens MAIL (RFC 1870 §3)
	eightBitMIMEAdds = 17 // 8BITMIME lengthens MAIL (RFC 6152 §2)
	binaryMIMEAdds   = 16 // BINARYMIME lengthens MAIL (RFC 3030 §3)
	smtpUTF8Adds     = 10 // SMTPUTF8 lengthens MAIL, VRFY and EXPN (RFC 6531 §3.1)

	authAdds       = 500 // AUTH lengthens MAIL (RFC 4954 §3)
	requireTLSAdds = 11  // REQUIRETLS lengthens MAIL (RFC 8689 §2)

	// RFC 3461 names no numbers; these are its longest parameters.
	dsnAddsMAIL = len(" RET=FULL ENVID=") + MaxEnvID
	dsnAddsRCPT = len(" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=") + MaxOriginal
)

// lineAdds says which extension lengthens which command.
var lineAdds = [...]struct {
	verb Verb
	ext  Extensions
	adds int
}{
	{MAIL, Size, sizeAdds},
	{MAIL, EightBitMIME, eightBitMIMEAdds},
	{MAIL, BinaryMIME, binaryMIMEAdds},
	{MAIL, SMTPUTF8, smtpUTF8Adds},
	{MAIL, DSN, dsnAddsMAIL},
	{MAIL, Auth, authAdds},
	{MAIL, RequireTLS, requireTLSAdds},
	{RCPT, DSN, dsnAddsRCPT},
	{AUTH, Auth, MaxLoginLine - MaxCommandLine},
	{VRFY, SMTPUTF8, smtpUTF8Adds},
	{EXPN, SMTPUTF8, smtpUTF8Adds},
}

// lineLimit returns how long a line with that verb may be. The extensions add
// to it when they were offered.
func (s *Server) lineLimit(v Verb) int {
	limit := MaxCommandLine
	if s.state == StateLogin {
		return MaxLoginLine
	}
	for i := range lineAdds {
		if a := &lineAdds[i]; a.verb == v && s.offered(a.ext) {
			limit += a.adds
		}
	}
	return limit
}

// readLine looks for a command line. It returns false if it needs input.
func (s *Server) readLine() bool {
	switch {
	case s.skip:
		return s.skipLine()
	case s.long.gathers:
		return s.gatherLine()
	}
	if s.seen < s.r {
		s.seen = s.r
	}
	for {
		i := bytes.IndexByte(s.buf[s.seen:s.w], '\n')
		if i < 0 {
			s.seen = s.w
			break
		}
		end := s.seen + i + 1
		s.seen = end
		if s.config.AcceptBareLF || end-s.r >= 2 && s.buf[end-2] == '\r' {
			s.line(end)
			return true
		}
	}
	switch have := s.w - s.r; {
	case have < MaxCommandLine:
		return false
	case s.mayBeLogin(): // it may be longer than the buffer
		s.long = longLine{gathers: true, line: s.long.line[:0], at: s.base + int64(s.r)}
		return s.gatherLine()
	case have < max(s.lineLimit(MAIL), s.lineLimit(RCPT)):
		return false
	}
	// Too long for any command. A CRLF may still be half here.
	s.skip, s.begun = true, s.base+int64(s.r)
	copy(s.head[:], s.buf[s.r:])
	s.cr = s.buf[s.w-1] == '\r'
	s.r = s.w
	return true
}

// line takes the line that ends at end.
func (s *Server) line(end int) {
	start := s.r
	s.r = end
	line := s.buf[start:end]
	offset := s.base + int64(start)
	if len(line) > MaxCommandLine {
		word := line[:min(len(line), len("MAIL "))]
		verb := lineVerb(bytes.TrimRight(word, " "))
		if len(line) > s.lineLimit(verb) {
			copy(s.head[:], line)
			s.tooLong(offset)
			return
		}
	}
	s.decide(s.lineVerb(), line, offset)
}

// lineVerb returns what a line is that was just read: a command, or an answer
// to a challenge.
func (s *Server) lineVerb() Verb {
	if s.state == StateLogin {
		return Response
	}
	return None
}

// skipLine throws away the rest of a line too long.
func (s *Server) skipLine() bool {
	for s.r < s.w {
		i := bytes.IndexByte(s.buf[s.r:s.w], '\n')
		if i < 0 {
			s.cr = s.buf[s.w-1] == '\r'
			s.r = s.w
			break
		}
		if i > 0 {
			s.cr = s.buf[s.r+i-1] == '\r'
		}
		s.r += i + 1
		if s.cr || s.config.AcceptBareLF {
			s.skip = false
			s.tooLong(s.begun)
			return true
		}
	}
	return false
}

// tooLong opens the one decision on a line too long, of which the head is kept.
func (s *Server) tooLong(offset int64) {
	s.decide(s.lineVerb(), s.head[:], offset)
	s.inHead = true
}

// letterReader keeps count of a letter.
type letterReader struct {
	inLine  bool  // not at the start of a line
	cr      bool  // the octet before is CR
	ready   int   // octets at the front of the buffer that are a piece of the letter
	size    int64 // octets of the letter so far
	pending int64 // size before the piece that is ready
	line    int64 // octets of the line so far
	lines   int64 // lines that have ended
	long    bool  // a line was longer than MaxTextLine
}

// readLetter makes the next piece of the letter ready, or finds the dot. It
// returns false if it needs input. A letter ends with a line that is a lone
// dot; of any other line that begins with a dot, that dot is removed
// (RFC 5321 §4.5.2).
func (s *Server) readLetter() bool {
	l := &s.letter
	if !l.inLine && s.r < s.w && s.buf[s.r] == '.' {
		rest := s.buf[s.r+1 : s.w]
		switch {
		case len(rest) == 0, len(rest) == 1 && rest[0] == '\r':
			return false // not told yet
		case s.config.AcceptBareLF && rest[0] == '\n':
			s.dot(2)
			return true
		case rest[0] == '\r' && rest[1] == '\n':
			s.dot(3)
			return true
		}
		if !s.config.SkipDotUnstuffing {
			s.r++
		}
		l.inLine = true
	}
	piece := s.buf[s.r:s.w]
	end, line := 0, l.line
	for end < len(piece) && (l.inLine || piece[end] != '.') {
		i := bytes.IndexByte(piece[end:], '\n')
		if i < 0 {
			line += int64(len(piece) - end)
			end = len(piece)
			l.inLine, l.cr = true, piece[end-1] == '\r'
			break
		}
		cr := l.cr
		if i > 0 {
			cr = piece[end+i-1] == '\r'
		}
		end += i + 1
		line += int64(i + 1)
		l.inLine, l.cr = !cr && !s.config.AcceptBareLF, false
		if !l.inLine {
			l.lines++
			l.long = l.long || line > MaxTextLine
			line = 0
		}
	}
	l.long, l.line = l.long || line > MaxTextLine, line
	l.ready = end
	l.pending = l.size
	l.size += int64(end)
	return end > 0
}

// dot opens the decision at the end of the letter.
func (s *Server) dot(n int) {
	start := s.r
	s.r += n
	s.state = StateLetterReceived
	s.decide(EndOfData, s.buf[start:s.r], s.base+int64(start))
}

// Chunk takes the next piece of the letter, dots removed, at [Body]. It
// returns the piece, and where in the letter it stands. The octets are valid
// until the next call of Next or Feed. A letter over the size limit is handed
// out to its end as well; the driver need not keep it.
func (s *Server) Chunk() (piece []byte, offset int64) {
	n := s.letter.ready
	piece = s.buf[s.r : s.r+n]
	s.r += n
	s.letter.ready = 0
	return piece, s.letter.pending
}
