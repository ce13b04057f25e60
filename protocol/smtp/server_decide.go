package smtp

// What a server answers: the order of RFC 5321 §4.1.4 and the replies of
// RFC 5321 §4.3.2. What the answer given makes of the session is in
// server_follow.go.

import "strconv"

// decide opens a decision. verb is None if the line is a command.
func (s *Server) decide(verb Verb, line []byte, offset int64) {
	s.deciding, s.inHead = true, false
	s.cmd.Offset = offset
	if verb == None {
		s.cmd.parse(line, &s.words, s.config.AcceptBareLF, s.offered(SMTPUTF8))
		s.cmd.before = s.masker
		s.masker.pass(&s.cmd)
		if s.cmd.Verb == BDAT {
			s.beginChunk()
		}
		return
	}
	s.cmd = Command{Verb: verb, Line: line, Offset: offset, Parts: s.cmd.Parts[:0], Params: s.cmd.Params[:0]}
	switch verb {
	case EndOfData:
		s.cmd.Parts = append(s.cmd.Parts, Part{PartDot, 0, 1}, Part{PartLineEnd, 1, len(line)})
	case Response:
		s.cmd.before = s.masker
		s.masker.pass(&s.cmd)
		s.cmd.parseResponse(s.config.AcceptBareLF)
	}
}

// serverTexts are the replies that differ from server to server.
type serverTexts struct {
	greeting, helo, help, quit, timedOut, shutdown, tooLarge, tooManyErrors Reply
}

func newServerTexts(c *Config) *serverTexts {
	host := c.hostname()
	return &serverTexts{
		greeting:      answer(220, Enhanced{}, host+" ESMTP"),
		helo:          answer(250, Enhanced{}, host),
		help:          answer(214, Enhanced{2, 0, 0}, c.commandList()),
		quit:          Reply{Code: 221, Enhanced: Enhanced{2, 0, 0}, Lines: []string{host + " closing the connection"}, Then: Close},
		timedOut:      Reply{Code: 421, Enhanced: Enhanced{4, 4, 2}, Lines: []string{host + " waited too long, closing the connection"}, Then: Close},
		shutdown:      Reply{Code: 421, Enhanced: Enhanced{4, 3, 2}, Lines: []string{host + " is shutting down, try again later"}, Then: Close},
		tooLarge:      answer(552, Enhanced{5, 3, 4}, "the letter has more than "+strconv.FormatInt(c.MaxSize, 10)+" octets"),
		tooManyErrors: Reply{Code: 421, Enhanced: Enhanced{4, 7, 0}, Lines: []string{host + " heard too many mistakes, closing the connection"}, Then: Close},
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
	replyMailMax    = answer(452, Enhanced{4, 5, 3}, "no more letters in this session, open another one")
	replyNotASCII   = answer(553, Enhanced{5, 6, 7}, "an address outside ASCII needs SMTPUTF8")
	replyNotOffered = answer(555, Enhanced{5, 5, 4}, "parameter not offered")
	replyLongLine   = answer(554, Enhanced{5, 6, 0}, "a line of the letter has more than 1000 octets")
)

// offered says whether the client was offered the extension: it said EHLO.
func (s *Server) offered(x Extensions) bool { return s.esmtp && s.offers.Has(x) }

// Proposal returns what the engine would answer to the open decision. Mistakes
// in the line count before the wrong order of commands, and that before
// parameters that were not offered. After too many mistakes in a row the
// answer to the next one is 421.
func (s *Server) Proposal() Reply {
	r := s.propose()
	if most := s.config.maxErrors(); most > 0 && s.errors >= most && s.mistake(r.Code) {
		return s.texts.tooManyErrors
	}
	if s.lost {
		r.Then = Close
	}
	return r
}

// mistake says whether a reply counts as one to a client's mistake. A client
// that has sent a group of commands cannot help that what follows its MAIL is
// refused because that was (RFC 2920 §3.1), and one that has sent chunks ahead
// not that each of them is refused after the first one was (RFC 3030 §2), so
// those are none.
func (s *Server) mistake(code uint16) bool {
	switch code {
	case 500, 501, 502, 504, 555:
		return true
	case 503:
		switch s.cmd.Verb {
		case RCPT, DATA:
			return !s.noMAIL
		case BDAT:
			return !s.noMAIL && s.state != StateBroken
		}
		return true
	}
	return false
}

func (s *Server) propose() Reply {
	c := &s.cmd
	if c.Verb != Connect && c.Verb != QUIT && s.state == StateServiceRefused {
		return replyOnlyQUIT
	}
	if c.Err != nil {
		switch pos, ok := s.notOffered(); {
		case c.tooLong && (c.Verb == Response || c.Verb == AUTH && s.offered(Auth)):
			return replyLoginLong // RFC 4954 §4
		case c.tooLong:
			return replyTooLong
		case c.Verb == Unknown:
			return replyUnknown
		case c.Verb < Response && c.Verb > Connect && !s.config.serves(c.Verb):
			return replyNotServed
		case c.Verb == AUTH || c.Verb == STARTTLS: // its order counts before its mistakes
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
		case s.state == StateRecipients && s.binary:
			return replyBinary // RFC 3030 §3
		case s.state == StateRecipients:
			return replyGoAhead
		case s.state == StateChunks:
			return replyLASTFirst // RFC 3030 §2
		case s.state == StateBroken:
			return replyRSETFirst
		case !s.greeted:
			return replyEHLOFirst
		case s.state != StateTransaction:
			return s.mailFirst()
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
	case VRFY, EXPN:
		switch {
		case c.Verb == EXPN && !s.config.Expn:
		case s.config.MustLogin && !s.login:
			return replyLoginFirst // RFC 4954 §6
		case c.Verb == EXPN:
			return s.proposeLookup(replyEXPN)
		default:
			return s.proposeLookup(replyVRFY)
		}
	case BDAT:
		if s.offers.Has(Chunking) {
			return s.proposeBDAT()
		}
	case HELP:
		if !s.config.NoHelp {
			return s.proposeHELP()
		}
	case STARTTLS:
		if s.config.serves(STARTTLS) {
			return s.proposeSTARTTLS()
		}
	case AUTH:
		if s.config.serves(AUTH) {
			return s.proposeAUTH()
		}
	case Response:
		return s.proposeResponse()
	case QUIT:
		return s.texts.quit
	}
	return replyNotServed // known, but not implemented (RFC 5321 §4.2.4)
}

// mailFirst is for what belongs to a transaction where none is open.
func (s *Server) mailFirst() Reply {
	if s.config.MustLogin && !s.login {
		return replyLoginFirst // RFC 4954 §6
	}
	return replyMAILFirst
}

// proposeMAIL answers a MAIL without mistakes.
func (s *Server) proposeMAIL() Reply {
	switch s.state {
	case StateGreeted:
	case StateWelcomed, StateConnected:
		return replyEHLOFirst
	case StateBroken:
		return replyRSETFirst
	default:
		return replyMAILTwice // RFC 5321 §4.1.4
	}
	if s.config.MustLogin && !s.login {
		return replyLoginFirst // RFC 6409 §4.3
	}
	if s.config.MaxMails > 0 && s.mails >= s.config.MaxMails {
		return replyMailMax // RFC 9422 §4
	}
	if _, ok := s.notOffered(); ok {
		return replyNotOffered // RFC 5321 §4.1.1.11
	}
	if s.cmd.wide && !s.cmd.Path.IsASCII() {
		if _, utf8 := s.cmd.Param("SMTPUTF8"); !utf8 {
			return replyNotASCII // RFC 6531 §3.5
		}
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
	switch s.state {
	case StateTransaction, StateRecipients:
	case StateChunks:
		return replyLASTFirst // RFC 3030 §2
	case StateBroken:
		return replyRSETFirst
	default:
		return s.mailFirst()
	}
	if _, ok := s.notOffered(); ok {
		return replyNotOffered
	}
	if s.cmd.wide && !s.utf8 && !s.cmd.Path.IsASCII() {
		return replyNotASCII // RFC 6531 §3.5
	}
	if len(s.rcpts) >= s.config.maxRecipients() {
		return replyTooMany // not 552 (RFC 5321 §4.5.3.1.10)
	}
	return replyRecipient
}
