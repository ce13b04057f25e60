package smtp

// Hiding logins in octets that arrive, or leave, in any pieces: a [Masker] takes whole
// lines.

import "bytes"

// MaskLogin masks octets that a client says in a login: lines with AUTH in them,
// and answers to challenges, which may be anything. See [Masker].
func MaskLogin(octets []byte) []byte {
	_, login := loginAt(octets[:lineEnd(octets)])
	return arrival{answers: !login}.mask(nil, octets)
}

// arrival is how octets of a client arrive that nobody has acted on yet.
type arrival struct {
	Masker
	answers bool // the first line answers a challenge
	chunks  bool // BDAT is served
}

// mask is [Masker.Mask] for octets in pieces, and several lines together: begun is
// what came before them and was not acted on, such as the beginning of the same
// line. Behind an AUTH all lines are masked, since they may be answers to
// challenges not given yet.
//
// A bare LF may end a line or not: what either way of reading hides is hidden.
func (a arrival) mask(begun, octets []byte) []byte {
	if len(begun) > 0 && len(octets) > 0 {
		all := append(append([]byte(nil), begun...), octets...)
		return a.mask(nil, all)[len(begun):]
	}
	masked := a.maskLines(octets, octets, lineEnd)
	if hasBareLF(octets) {
		masked = a.maskLines(octets, masked, crlfEnd)
	}
	return masked
}

// maskLines puts stars into a copy of masked, which is octets with stars or
// octets themselves, line by line as end has them.
func (a arrival) maskLines(octets, masked []byte, end func([]byte) int) []byte {
	for pos := 0; pos < len(octets); {
		next := pos + end(octets[pos:])
		line := octets[pos:next]
		if l := a.Mask(line, a.answers); &l[0] != &line[0] {
			if &masked[0] == &octets[0] {
				masked = append([]byte(nil), octets...)
			}
			for i, c := range l {
				if c == '*' && octets[pos+i] != '\n' {
					masked[pos+i] = c
				}
			}
		}
		pos = next + a.chunk(line, len(octets)-next)
		a.Pass(line, a.answers)
		a.answers = a.answers || isAUTH(line)
	}
	return masked
}

// chunk returns how many of the octets behind the line belong to a letter.
func (a arrival) chunk(line []byte, left int) int {
	if a.answers || !a.chunks || left == 0 || lineVerb(line[:min(len(line), len("BDAT"))]) != BDAT {
		return 0
	}
	c := ParseCommand(line)
	return int(min(c.Count, int64(left)))
}

// isAUTH says whether a server may take a line for an AUTH command, and so ask
// for more with 334.
func isAUTH(line []byte) bool {
	const verb = "AUTH"
	return len(line) >= len(verb) && EqualFold(string(line[:len(verb)]), verb) &&
		(len(line) == len(verb) || octets[line[len(verb)]]&(letdig|hyphen) == 0)
}

// lineEnd returns how many octets there are up to a LF, with it, or to the end.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// crlfEnd returns how many octets there are up to a CRLF, with it, or to the end.
func crlfEnd(b []byte) int {
	if i := bytes.Index(b, []byte("\r\n")); i >= 0 {
		return i + 2
	}
	return len(b)
}

// hasBareLF says whether a LF stands without a CR before it.
func hasBareLF(b []byte) bool {
	for pos := 0; ; {
		i := bytes.IndexByte(b[pos:], '\n')
		if i < 0 {
			return false
		}
		if pos += i; pos == 0 || b[pos-1] != '\r' {
			return true
		}
		pos++
	}
}

// Mask returns octets that are about to be fed to the session as they may be
// shown: with stars for what belongs to a login, or may have been meant to. What
// belongs to a letter is shown as it is.
func (s *Server) Mask(octets []byte) []byte {
	if len(octets) == 0 {
		return octets
	}
	begun := s.buf[s.r+s.letter.ready : s.w]
	letter := 0
	switch {
	case s.state == StateHandshake, s.state == StateClosed: // nobody takes them
		return arrival{Masker: Masker{behind: true}}.mask(nil, octets)
	case s.chunk.open:
		letter = int(min(s.chunk.left, int64(len(octets))))
	case s.state == StateData:
		letter = endOfLetter(begun, octets)
	case s.long.gathers:
		begun = s.long.line
	case s.skip:
		return s.maskSkipped(octets)
	}
	if letter > 0 {
		begun = nil
	}
	// The next line is an answer to a challenge if one is given now.
	a := arrival{s.masker, s.state == StateLogin || s.deciding && (s.cmd.Verb == AUTH || s.cmd.Verb == Response), s.offers.Has(Chunking)}
	rest := octets[letter:]
	masked := a.mask(begun, rest)
	if len(rest) == 0 || &masked[0] == &rest[0] {
		return octets
	}
	return append(octets[:letter:letter], masked...)
}

// maskSkipped is for the rest of a line too long, of which the session knows the
// head alone: all of it is hidden.
func (s *Server) maskSkipped(octets []byte) []byte {
	end, cr := 0, s.cr
	for end < len(octets) {
		n := lineEnd(octets[end:])
		end += n
		if n > 1 {
			cr = octets[end-2] == '\r'
		}
		if octets[end-1] == '\n' && (cr || s.config.AcceptBareLF) {
			break
		}
	}
	masked := append([]byte(nil), octets...)
	for i, c := range masked[:end] {
		if c != '\r' && c != '\n' {
			masked[i] = '*'
		}
	}
	a := arrival{s.masker, s.state == StateLogin || isAUTH(s.head[:]), s.offers.Has(Chunking)}
	a.Pass(s.head[:], s.state == StateLogin)
	copy(masked[end:], a.mask(nil, octets[end:]))
	return masked
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
