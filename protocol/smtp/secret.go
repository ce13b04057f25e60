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
// several lines together: begun is what came before them and was not acted on,
// such as the beginning of the same line. Behind an AUTH all lines are masked,
// since they may be answers to challenges not given yet.
func MaskStream(begun, octets []byte, inLogin bool) []byte {
	if len(begun) > 0 && len(octets) > 0 {
		all := append(append([]byte(nil), begun...), octets...)
		return MaskStream(nil, all, inLogin)[len(begun):]
	}
	masked := octets
	for pos := 0; pos < len(octets); {
		end := pos + lineEnd(octets[pos:])
		line := octets[pos:end]
		if m := MaskLine(line, inLogin); &m[0] != &line[0] {
			if &masked[0] == &octets[0] {
				masked = append([]byte(nil), octets...)
			}
			copy(masked[pos:end], m)
		}
		inLogin = inLogin || IsAUTH(line)
		pos = end
	}
	return masked
}

// lineEnd returns how many octets there are up to a LF, with it, or to the end.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// Mask is [MaskStream] for octets that are about to be fed to the session. What
// belongs to a letter is shown as it is.
func (s *Server) Mask(octets []byte) []byte {
	if len(octets) == 0 || !s.config.serves(AUTH) || s.state == StateClosed {
		return octets
	}
	begun := s.buf[s.r+s.letter.ready : s.w]
	letter := 0
	switch {
	case s.chunk.open:
		letter = int(min(s.chunk.left, int64(len(octets))))
	case s.state == StateData:
		letter = endOfLetter(begun, octets)
	case s.long.gathers:
		begun = s.long.line
	case s.skip:
		begun = s.head[:]
	}
	if letter > 0 {
		begun = nil
	}
	// The next line is an answer to a challenge if one is given now.
	inLogin := s.state == StateLogin || s.deciding && (s.cmd.Verb == AUTH || s.cmd.Verb == Response)
	rest := octets[letter:]
	masked := MaskStream(begun, rest, inLogin)
	if len(rest) == 0 || &masked[0] == &rest[0] {
		return octets
	}
	return append(octets[:letter:letter], masked...)
}

// endOfLetter returns how many of the octets belong to a letter that comes with
// DATA, of which begun came before: those up to a line that is a lone dot, with
// it.
func endOfLetter(begun, octets []byte) int {
	all := octets
	if len(begun) > 0 {
		all = append(append([]byte(nil), begun...), octets...)
	}
	for pos := 0; ; {
		if rest := all[pos:]; bytes.HasPrefix(rest, []byte(".\r\n")) || bytes.HasPrefix(rest, []byte(".\n")) {
			return max(0, pos+lineEnd(rest)-len(begun))
		}
		i := bytes.Index(all[pos:], []byte("\n."))
		if i < 0 {
			return len(octets)
		}
		pos += i + 1
	}
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
		line := rest[:lineEnd(rest)]
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
