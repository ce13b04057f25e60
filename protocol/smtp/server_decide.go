package smtp

// What a server answers, and what the answer given makes of the session: the
// state machine of RFC 5321 §4.1.4 and RFC 5321 §4.3.2.

import (
	"strconv"
	"strings"
)

// decide opens a decision. verb is None if the line is a command.
func (s *Server) decide(verb Verb, line []byte, offset int64) {
	s.deciding, s.inHead = true, false
	s.cmd.Offset = offset
	if verb == None {
		s.cmd.parse(line, &s.words, s.config.AcceptBareLF)
		return
	}
	s.cmd = Command{Verb: verb, Line: line, Offset: offset, Parts: s.cmd.Parts[:0], Params: s.cmd.Params[:0]}
	if verb == EndOfData {
		s.cmd.Parts = append(s.cmd.Parts, Part{PartDot, 0, 1}, Part{PartLineEnd, 1, len(line)})
	}
}

// serverTexts are the replies that differ from server to server.
type serverTexts struct {
	greeting, helo, quit, timedOut, shutdown, tooLarge Reply
}

func newServerTexts(c *Config) *serverTexts {
	host := c.hostname()
	return &serverTexts{
		greeting: answer(220, Enhanced{}, host+" ESMTP"),
		helo:     answer(250, Enhanced{}, host),
		quit:     Reply{Code: 221, Enhanced: Enhanced{2, 0, 0}, Lines: []string{host + " closing the connection"}, Then: Close},
		timedOut: Reply{Code: 421, Enhanced: Enhanced{4, 4, 2}, Lines: []string{host + " waited too long, closing the connection"}, Then: Close},
		shutdown: Reply{Code: 421, Enhanced: Enhanced{4, 3, 2}, Lines: []string{host + " is shutting down, try again later"}, Then: Close},
		tooLarge: answer(552, Enhanced{5, 3, 4}, "the letter has more than "+strconv.FormatInt(c.MaxSize, 10)+" octets"),
	}
}

func answer(code uint16, e Enhanced, line string) Reply {
	return Reply{Code: code, Enhanced: e, Lines: []string{line}}
}

// The replies that are the same for every server.
var (
	replyOK         = answer(250, Enhanced{2, 0, 0}, "ok")
	replySender     = answer(250, Enhanced{2, 1, 0}, "ok")
	replyRecipient  = answer(250, Enhanced{2, 1, 5}, "ok")
	replyGoAhead    = answer(354, Enhanced{}, "send the letter, end it with a lone dot")
	replyAccepted   = answer(250, Enhanced{2, 0, 0}, "letter accepted")
	replyVRFY       = answer(252, Enhanced{2, 0, 0}, "cannot verify, but will try to deliver")
	replyHELP       = answer(214, Enhanced{2, 0, 0}, "commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT")
	replyUnknown    = answer(500, Enhanced{5, 5, 2}, "unknown command")
	replyTooLong    = answer(500, Enhanced{5, 5, 2}, "line too long")
	replyNotServed  = answer(502, Enhanced{5, 5, 1}, "command not implemented")
	replyOnlyQUIT   = answer(503, Enhanced{5, 5, 1}, "no service here, only QUIT")
	replyEHLOFirst  = answer(503, Enhanced{5, 5, 1}, "EHLO or HELO comes first")
	replyMAILTwice  = answer(503, Enhanced{5, 5, 1}, "a transaction is already open")
	replyMAILFirst  = answer(503, Enhanced{5, 5, 1}, "MAIL comes first")
	replyRCPTFirst  = answer(503, Enhanced{5, 5, 1}, "RCPT comes first")
	replyNobody     = answer(554, Enhanced{5, 5, 1}, "no valid recipients")
	replyTooMany    = answer(452, Enhanced{4, 5, 3}, "too many recipients")
	replyNotOffered = answer(555, Enhanced{5, 5, 4}, "parameter not offered")
	replyLongLine   = answer(554, Enhanced{5, 6, 0}, "a line of the letter has more than 1000 octets")
)

// offered says whether the client was offered the extension: it said EHLO.
func (s *Server) offered(x Extensions) bool { return s.esmtp && s.config.Extensions.Has(x) }

// Proposal returns what the engine would answer to the open decision. Mistakes
// in the line count before the wrong order of commands, and that before
// parameters that were not offered.
func (s *Server) Proposal() Reply {
	c := &s.cmd
	if c.Verb != Connect && c.Verb != QUIT && s.state == StateServiceRefused {
		return replyOnlyQUIT
	}
	if c.Err != nil {
		switch pos, ok := s.notOffered(); {
		case c.tooLong:
			return replyTooLong
		case c.Verb == Unknown:
			return replyUnknown
		case !ok || c.Err.Pos < pos: // else the mistake is in what was not offered
			return answer(c.Err.Code, c.Err.Enhanced, c.Err.Error())
		}
	}
	switch c.Verb {
	case Connect:
		return s.texts.greeting
	case EHLO:
		return Reply{Code: 250, Lines: s.ehlo}
	case HELO:
		return s.texts.helo
	case MAIL:
		return s.proposeMAIL()
	case RCPT:
		return s.proposeRCPT()
	case DATA:
		switch {
		case s.state == StateRecipients:
			return replyGoAhead
		case !s.greeted:
			return replyEHLOFirst
		case s.state != StateTransaction:
			return replyMAILFirst
		case s.refused:
			return replyNobody // RFC 5321 §3.3 allows 503 and 554
		}
		return replyRCPTFirst
	case EndOfData:
		switch {
		case s.config.MaxSize > 0 && s.letter.size > s.config.MaxSize:
			return s.texts.tooLarge
		case s.letter.long:
			return replyLongLine
		}
		return replyAccepted
	case RSET, NOOP:
		return replyOK
	case VRFY:
		return replyVRFY // never a 250 that was not checked (RFC 5321 §3.5.3)
	case HELP:
		return replyHELP
	case QUIT:
		return s.texts.quit
	}
	return replyNotServed // known, but not implemented (RFC 5321 §4.2.4)
}

// proposeMAIL answers a MAIL without mistakes.
func (s *Server) proposeMAIL() Reply {
	switch {
	case s.state == StateWelcomed, s.state == StateConnected:
		return replyEHLOFirst
	case s.state != StateGreeted:
		return replyMAILTwice // RFC 5321 §4.1.4
	}
	if _, ok := s.notOffered(); ok {
		return replyNotOffered // RFC 5321 §4.1.1.11
	}
	if size, ok := s.cmd.Param("SIZE"); ok && s.config.MaxSize > 0 {
		if n, _ := parseSize(size); n > s.config.MaxSize {
			return s.texts.tooLarge // RFC 1870 §6.1
		}
	}
	return replySender
}

// proposeRCPT answers a RCPT without mistakes.
func (s *Server) proposeRCPT() Reply {
	if !s.greeted {
		return replyEHLOFirst
	}
	if s.state != StateTransaction && s.state != StateRecipients {
		return replyMAILFirst
	}
	if _, ok := s.notOffered(); ok {
		return replyNotOffered
	}
	if len(s.rcpts) >= s.config.maxRecipients() {
		return replyTooMany // not 552 (RFC 5321 §4.5.3.1.10)
	}
	return replyRecipient
}

// notOffered returns where the first parameter stands that was not offered.
func (s *Server) notOffered() (int, bool) {
	for i := range s.cmd.Params {
		p := &s.cmd.Params[i]
		mail := s.cmd.Verb == MAIL
		switch {
		case mail && s.offered(Size) && strings.EqualFold(p.Keyword, "SIZE"):
		case mail && s.offered(EightBitMIME) && strings.EqualFold(p.Keyword, "BODY"):
		default:
			return p.Start, true
		}
	}
	return 0, false
}

// Reply decides. The session follows the reply given, whatever was proposed:
// a 550 to MAIL opens no transaction, a 354 to DATA starts a letter, a 421
// closes. It returns the octets of this reply, which are part of Output too,
// and are valid as long. Without an open decision it does nothing.
func (s *Server) Reply(r Reply) []byte {
	if !s.deciding {
		return nil
	}
	s.deciding = false
	switch r.Then {
	case Silent:
		return nil
	case Reset:
		s.close()
		return nil
	}
	verb := s.cmd.Verb
	sent := s.write(r, verb != Connect && verb != EHLO && verb != HELO)
	if r.Code == 0 && r.Raw != nil {
		r.Code = rawCode(r.Raw)
	}
	s.follow(r)
	if r.Then == Close || r.Code == 421 || r.Code == 221 && verb == QUIT {
		s.close()
	}
	return sent
}

// rawCode returns the code that the octets begin with, 0 if none.
func rawCode(b []byte) uint16 {
	if len(b) < 3 || !isDigit(b[0]) || !isDigit(b[1]) || !isDigit(b[2]) {
		return 0
	}
	return uint16(b[0]-'0')*100 + uint16(b[1]-'0')*10 + uint16(b[2]-'0')
}

// follow changes the state as the reply says.
func (s *Server) follow(r Reply) {
	done := r.Positive()
	switch s.cmd.Verb {
	case Connect:
		if s.state = StateServiceRefused; done { // RFC 5321 §3.1
			s.state = StateWelcomed
		}
	case EHLO, HELO:
		if done { // acts as RSET; a refusal changes nothing (RFC 5321 §4.1.4)
			s.endTransaction()
			s.state = StateGreeted
			s.greeted, s.hello, s.esmtp = true, s.cmd.Domain, s.cmd.Verb == EHLO
		}
	case MAIL:
		if done {
			s.endTransaction()
			s.state = StateTransaction
			s.from = s.cmd.Path
			if v, ok := s.cmd.Param("SIZE"); ok {
				s.size, _ = parseSize(v)
			}
			v, _ := s.cmd.Param("BODY")
			s.eightBit = strings.EqualFold(v, "8BITMIME")
		}
	case RCPT:
		switch {
		case done && s.cmd.pathOK:
			s.state = StateRecipients
			s.rcpts = append(s.rcpts, s.cmd.Path)
		case !done:
			s.refused = true
		}
	case DATA:
		if r.Intermediate() {
			s.state = StateData
			s.letter = letterReader{}
		}
	case EndOfData: // the buffers are cleared either way (RFC 5321 §4.1.1.4)
		s.endTransaction()
		s.settle()
	case RSET:
		if done {
			s.endTransaction()
			s.settle()
		}
	}
}

// settle goes back to where no transaction is.
func (s *Server) settle() {
	switch {
	case s.state == StateServiceRefused:
	case !s.greeted:
		s.state = StateWelcomed
	default:
		s.state = StateGreeted
	}
}

// endTransaction forgets the envelope and the letter.
func (s *Server) endTransaction() {
	s.from, s.size, s.eightBit = Path{}, 0, false
	s.rcpts, s.refused = s.rcpts[:0], false
	s.letter = letterReader{}
}
