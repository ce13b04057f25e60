package smtp

// What nobody should read over a shoulder: the lines of a login. Real programs
// say them where no login is offered as well, go on saying them after a refusal,
// and spell them wrong: what may have been meant for a response is hidden.

import "bytes"

// Masker knows what of a client's lines may be shown, one line after the other.
// It goes by what the client says alone, whatever the server makes of it:
//
//   - What stands behind AUTH and the word after it is a response, in a line of
//     any shape: "auth  plain  x", "AUTHPLAIN x", "AUTH=PLAIN x", and behind other
//     words as well. Where that word is no mechanism, it is hidden, too.
//   - So is what other protocols say to log in, and base64 behind a mechanism, in a
//     line that is no command: "PASS x", "a1 LOGIN alice x", "AUHT PLAIN AGFs…".
//   - Once a line was such an attempt, one that is no command may be a response, and
//     is hidden whole, but for a lone "*". Of commands with mistakes, and of those
//     that take any word, such as HELP, the argument is.
//   - That ends with MAIL or RCPT without a mistake. Other commands do not end it:
//     they may be somebody's name, and a password next.
type Masker struct{ behind bool } // an AUTH, and nothing has ended it

// Mask returns the line that comes next, with stars for the octets of a response;
// its length stays. answers says that the line answers a challenge. Lines without
// a secret are returned as they are.
func (m Masker) Mask(line []byte, answers bool) []byte {
	start, end := m.secret(line, answers), textEnd(line)
	if start < 0 || start >= end {
		return line
	}
	masked := append([]byte(nil), line...)
	for i := start; i < end; i++ {
		masked[i] = '*'
	}
	return masked
}

// Pass goes on behind the line. answers is as for [Masker.Mask].
func (m *Masker) Pass(line []byte, answers bool) {
	c := Command{Verb: Response, Line: line}
	switch {
	case answers:
	case m.behind:
		c = ParseCommandUTF8(line)
	default: // nothing can end, so it need not be read to its end
		c.Verb = None
	}
	m.pass(&c)
}

func (m *Masker) pass(c *Command) {
	_, login := loginAt(c.Line)
	switch {
	case c.Verb == Response, login:
		m.behind = true
	case (c.Verb == MAIL || c.Verb == RCPT) && c.Err == nil:
		m.behind = false
	}
}

// secret returns where in the line a response begins, or -1.
func (m Masker) secret(line []byte, answers bool) int {
	if text := line[:textEnd(line)]; answers || m.behind && !isCommand(line) {
		if string(text) == "*" { // given up (RFC 4954 §4)
			return -1
		}
		return 0
	}
	start, login := loginAt(line)
	if start < 0 && !login && m.behind {
		return argumentsAt(line)
	}
	return start
}

// argumentsAt returns where in a line that begins with a command begins what may
// be a response, behind an attempt to log in; -1 if nothing may be.
func argumentsAt(line []byte) int {
	c := ParseCommandUTF8(line)
	i := bytes.IndexByte(line, ' ')
	free := c.Verb == NOOP || c.Verb == HELP || c.Verb == VRFY || c.Verb == EXPN // whose argument may be anything
	right := c.Err == nil && bytes.HasSuffix(line, []byte("\r\n"))               // who knows how it goes on?
	if i < 0 || right && !free || bytes.IndexByte(line, ':') >= 0 && (c.Verb == MAIL || c.Verb == RCPT) {
		return -1
	}
	return i + 1
}

// isCommand says whether a line begins with a command that a server could serve,
// as far as it has come.
func isCommand(line []byte) bool {
	end := bytes.IndexAny(line, " \n")
	if end < 0 {
		return false
	}
	v := lineVerb(bytes.TrimSuffix(line[:end], []byte("\r")))
	return v >= EHLO && v <= BDAT
}

// Secret says whether the line carries a response of a login, from which a
// password may be had, or what may have been meant for one: a line with
// mistakes gives a password away as well.
func (c *Command) Secret() bool {
	start := c.before.secret(c.Line, c.Verb == Response)
	return start >= 0 && (start < textEnd(c.Line) || c.Verb == Response)
}

// Masked returns the line with stars for the octets of a response; see [Masker].
func (c *Command) Masked() []byte { return c.before.Mask(c.Line, c.Verb == Response) }

// textEnd returns where the line end of a line begins.
func textEnd(line []byte) int {
	return len(bytes.TrimRight(line, "\r\n"))
}

// loginAt returns where in a line a response begins, or -1, and whether the line is
// an attempt at a login at all.
func loginAt(line []byte) (start int, login bool) {
	start, login = authAt(line)
	if isCommand(line) {
		return start, login
	}
	end := textEnd(line)
	other, too := foreignLogin(line[:end], end < len(line))
	if other >= 0 && (start < 0 || other < start) {
		start = other
	}
	return start, login || too
}

// authAt is loginAt for AUTH, wherever in the line it stands.
func authAt(line []byte) (start int, login bool) {
	const word = "AUTH"
	text := line[:textEnd(line)]
	first := len(text) - len(bytes.TrimLeft(text, " \t"))
	for i := first; i+len(word) <= len(text); i++ {
		if c := text[i]; c != 'A' && c != 'a' || !EqualFold(string(text[i:i+len(word)]), word) {
			continue
		}
		rest, whole := text[i+len(word):], len(text) < len(line)
		switch {
		case len(rest) > 0 && octets[rest[0]]&letdig != 0 && !glued(rest, whole):
			continue // another word, such as AUTHOR
		case i == first, text[i-1] == '\r', text[i-1] == '\n': // which may look like a line end
			return responseAt(rest, len(text), whole), true
		case octets[text[i-1]]&letdig != 0, len(rest) == 0, !isSpace(rest[0]) && rest[0] != '=':
			continue // another word
		case rest[0] == '=' && bytes.ContainsAny(loginWord(rest), "@<"):
			continue // a parameter of MAIL (RFC 4954 §5)
		}
		if start = responseAt(rest, len(text), whole); start >= 0 || lineVerb(text[:min(len(text), 4)]) != HELP && len(loginWord(rest)) > 0 {
			return start, true
		}
	}
	return -1, false
}

// responseAt returns where in a line of that length the response begins, of
// which rest stands behind AUTH; -1 if there is none. whole says that the line has
// its end: of the beginning of a word nobody knows yet what it is.
func responseAt(rest []byte, length int, whole bool) int {
	word := loginWord(rest)
	behind := bytes.TrimLeft(rest, " \t=")[len(word):]
	switch {
	case len(rest) == 0 || len(bytes.Trim(rest, " \t")) == 0:
		return -1
	case !isMechanism(word), !whole && len(behind) == 0, len(behind) > 0 && behind[0] == '=' && len(bytes.Trim(behind, "= \t")) == 0:
		return length - len(behind) - len(word) // base64, and no mechanism before it
	case len(bytes.Trim(behind, " \t")) == 0:
		return -1
	}
	return length - len(behind) + 1
}

// loginWord returns the word behind AUTH: up to white space, "=" or a bare CR or LF.
func loginWord(rest []byte) []byte {
	rest = bytes.TrimLeft(rest, " \t=")
	if i := bytes.IndexAny(rest, " \t=\r\n"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
