package smtp

// What nobody should read over a shoulder: the lines of a login.

import "bytes"

// Secret says whether the line carries a response of a login, from which a
// password may be had, or what may have been meant for one: a line with
// mistakes gives a password away as well.
func (c *Command) Secret() bool {
	return c.Verb == Response && !c.Cancel || c.Verb == AUTH && responseAt(c.Line) >= 0
}

// MaskLine returns a line that a client says, or is about to say, with stars
// for the octets of a response; its length stays. inLogin says that the line
// answers a challenge. Lines without a secret are returned as they are.
func MaskLine(line []byte, inLogin bool) []byte {
	start := 0
	if !inLogin {
		if start = responseAt(line); start < 0 {
			return line
		}
	}
	end := len(line)
	for end > start && (line[end-1] == '\n' || line[end-1] == '\r') {
		end--
	}
	if inLogin && end == 1 && line[0] == '*' { // given up: no secret
		return line
	}
	return mask(line, start, end)
}

// IsAUTH says whether a line is an AUTH command, be it right or not.
func IsAUTH(line []byte) bool {
	const verb = "AUTH"
	return len(line) >= len(verb) && EqualFold(string(line[:len(verb)]), verb) &&
		(len(line) == len(verb) || octets[line[len(verb)]]&(letdig|hyphen) == 0)
}

// responseAt returns where the response in an AUTH command begins, which is what
// stands behind the word after the verb, or -1.
func responseAt(line []byte) int {
	if !IsAUTH(line) {
		return -1
	}
	const space = " \t\r\n"
	rest := bytes.TrimLeft(line[len("AUTH"):], " ")
	i := bytes.IndexByte(rest, ' ')
	if i < 0 || len(bytes.Trim(rest[i:], space)) == 0 {
		return -1
	}
	return len(line) - len(rest) + i + 1
}

func mask(b []byte, start, end int) []byte {
	masked := append([]byte(nil), b...)
	for i := start; i < end; i++ {
		masked[i] = '*'
	}
	return masked
}

// MaskStream is [MaskLine] for octets of a client as they arrive, in pieces and
// several lines together: begun is what came before them of the same line.
// Behind an AUTH all lines of the piece are masked, since they may be answers
// to challenges not given yet.
func MaskStream(begun, octets []byte, inLogin bool) []byte {
	masked := octets
	for pos := 0; pos < len(octets); {
		end := pos
		for end < len(octets) && octets[end] != '\n' {
			end++
		}
		end = min(end+1, len(octets))
		line, before := octets[pos:end], 0
		if pos == 0 && len(begun) > 0 {
			line, before = append(append([]byte(nil), begun...), line...), len(begun)
		}
		if m := MaskLine(line, inLogin); &m[0] != &line[0] {
			if &masked[0] == &octets[0] {
				masked = append([]byte(nil), octets...)
			}
			copy(masked[pos:end], m[before:])
		}
		inLogin = inLogin || IsAUTH(line)
		pos = end
	}
	return masked
}

// Mask is [MaskStream] for octets that are about to be fed to the session. A
// letter has no secrets, but a login may come right behind it.
func (s *Server) Mask(octets []byte) []byte {
	if len(octets) == 0 || !s.config.serves(AUTH) {
		return octets
	}
	begun := s.buf[s.r:s.w]
	if s.long.gathers {
		begun = s.long.line
	}
	switch s.state {
	case StateClosed:
		return octets
	case StateData, StateChunk:
		end := s.letterEnd(begun, octets)
		if end == len(octets) {
			return octets
		}
		if m := MaskStream(nil, octets[end:], false); &m[0] != &octets[end] {
			return append(append([]byte(nil), octets[:end]...), m...)
		}
		return octets
	}
	return MaskStream(begun, octets, s.state == StateLogin)
}

// letterEnd returns where in octets that come behind begun the letter on its way
// has ended, len(octets) if it goes on.
func (s *Server) letterEnd(begun, octets []byte) int {
	if s.chunk.open {
		return int(min(max(0, s.chunk.left-int64(len(begun))), int64(len(octets))))
	}
	const end = "\r\n.\r\n"
	var line []byte // how the end may stand across the octets' beginning
	switch l := &s.letter; {
	case !l.inLine:
		line = append(line, "\r\n"...)
	case l.cr:
		line = append(line, '\r')
	}
	line = append(line, begun[max(0, len(begun)-len(end)):]...)
	before := len(line)
	line = append(line, octets[:min(len(octets), len(end)-1)]...)
	if i := bytes.Index(line, []byte(end)); i >= 0 {
		return i + len(end) - before
	}
	if i := bytes.Index(octets, []byte(end)); i >= 0 {
		return i + len(end)
	}
	return len(octets)
}

// MaskReply returns the octets of replies, the last of them to AUTH or to a
// response, with stars for the challenges in them.
func MaskReply(octets []byte) []byte {
	const code = "334"
	if !bytes.Contains(octets, []byte(code)) {
		return octets
	}
	masked := append([]byte(nil), octets...)
	goesOn := false // behind a challenge, what begins no other reply belongs to it
	for rest := masked; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i+1]
		}
		rest = rest[len(line):]
		switch {
		case bytes.HasPrefix(line, []byte(code)):
			goesOn = true
			line = line[min(len(code)+1, len(line)):]
		case lineLooksRight(line), !goesOn:
			goesOn = false
			continue
		}
		for i := range bytes.TrimRight(line, "\r\n") {
			line[i] = '*'
		}
	}
	return masked
}
