package smtp

// AUTH: a client logs in (RFC 4954). The session frames the talk: it takes the
// lines apart, knows when a login is allowed, and keeps count. What a mechanism
// makes of a response is the driver's to say: it decides AUTH and each Response
// with 334 and a challenge, with 235, or with 535.

import (
	"encoding/base64"
	"strings"
)

var (
	replyLoginFirst  = answer(530, Enhanced{5, 7, 0}, "log in first")
	replyLoginTwice  = answer(503, Enhanced{5, 5, 1}, "somebody has logged in already")
	replyLoginInside = answer(503, Enhanced{5, 5, 1}, "no login inside a transaction")
	replyLoginLong   = answer(500, Enhanced{5, 5, 6}, "a line of a login has at most 12288 octets")
	replyLoginOver   = answer(501, Enhanced{5, 7, 0}, "login cancelled")
	replyLoginFoul   = answer(501, Enhanced{5, 5, 2}, "expected base64")
	replyMechanism   = answer(504, Enhanced{5, 5, 4}, "mechanism not offered")
	replyNeedTLS     = answer(538, Enhanced{5, 7, 11}, "this mechanism needs TLS, say STARTTLS first")
	replyNoLogin     = answer(454, Enhanced{4, 7, 0}, "logins cannot be checked now")
	replyLogins      = Reply{Code: 421, Enhanced: Enhanced{4, 7, 0}, Lines: []string{"too many logins have failed, closing the connection"}, Then: Close}
)

// ChallengeReply returns the 334 that carries a challenge (RFC 4954 §4).
func ChallengeReply(challenge []byte) Reply {
	return Reply{Code: 334, Lines: []string{base64.StdEncoding.EncodeToString(challenge)}}
}

// mechanisms returns what AUTH offers inside TLS, or outside it.
func (c *Config) mechanisms(secure bool) []string {
	if secure {
		return c.Mechanisms
	}
	return c.ClearMechanisms
}

// Unbound says, before [Server.Secured], that a login cannot be bound to this TLS
// connection (RFC 9266 §1): mechanisms that bind are not offered inside. Their
// names end in -PLUS (RFC 5801 §3.2).
func (s *Server) Unbound() {
	c := *s.config
	c.Mechanisms = nil
	for _, m := range s.config.Mechanisms {
		if !strings.HasSuffix(m, "-PLUS") {
			c.Mechanisms = append(c.Mechanisms, m)
		}
	}
	s.bound, s.config, s.inside = s.config, &c, saying{c.offers(true), c.ehloLines(true)}
}

// rebind undoes it.
func (s *Server) rebind() {
	if c := s.bound; c != nil {
		s.bound, s.config, s.inside = nil, c, saying{c.offers(true), c.ehloLines(true)}
	}
}

func (c *Config) maxLogins() int {
	if c.MaxLogins <= 0 {
		return 3
	}
	return c.MaxLogins
}

// proposeAUTH answers AUTH, as far as it can without knowing anybody. That a
// login is not allowed now counts before mistakes in the line.
func (s *Server) proposeAUTH() Reply {
	c := &s.cmd
	switch {
	case !s.esmtp:
		return replyOnlyEHLO
	case s.login:
		return replyLoginTwice // RFC 4954 §4
	case s.state != StateGreeted:
		return replyLoginInside // RFC 4954 §4
	case s.failures >= s.config.maxLogins():
		return replyLogins
	case c.foul:
		return replyLoginFoul
	case c.Err != nil:
		return answer(c.Err.Code, c.Err.Enhanced, c.Err.Error())
	case has(s.config.mechanisms(s.secure), c.Mechanism):
		return replyNoLogin // unless the driver knows better
	case !s.secure && has(s.config.Mechanisms, c.Mechanism):
		return replyNeedTLS // RFC 4954 §6
	}
	return replyMechanism
}

// proposeResponse answers an answer to a challenge without mistakes, likewise.
func (s *Server) proposeResponse() Reply {
	if s.cmd.Cancel {
		return replyLoginOver // RFC 4954 §4
	}
	return replyNoLogin
}

func has(list []string, word string) bool {
	for _, w := range list {
		if EqualFold(w, word) {
			return true
		}
	}
	return false
}

// followLogin changes the state as the reply to AUTH or to a response says.
func (s *Server) followLogin(r Reply) {
	if r.Intermediate() { // the client answers, wherever it stands
		if s.state != StateLogin {
			s.before, s.state = s.state, StateLogin
		}
		return
	}
	switch {
	case r.Positive():
		s.login, s.errors = true, 0
	case r.Code == 535:
		s.failures++
	}
	if s.state == StateLogin {
		s.state = s.before
	}
}

// LoginFailed counts one more login that has failed, for a driver whose client
// knows that and may give up what is left of it (RFC 7628 §3.2.3). What ends with
// 535 counts by itself.
func (s *Server) LoginFailed() { s.failures++ }

// LoggedIn says whether the client has logged in.
func (s *Server) LoggedIn() bool { return s.login }

// auth reads the arguments of AUTH: mechanism [ SP initial-response ]
// (RFC 4954 §4).
func (p *parser) auth(c *Command) {
	if !p.space("a mechanism, such as PLAIN") {
		return
	}
	start := p.pos
	for p.pos < p.end && inMechanism(p.line[p.pos]) {
		p.pos++
	}
	if p.pos == start || p.pos-start > maxMechanism || p.pos < p.end && p.line[p.pos] != ' ' {
		p.fail(start, "a mechanism: at most 20 letters, digits, - and _")
		return
	}
	p.part(PartMechanism, start, p.pos)
	c.Mechanism = p.text(p.line[start:p.pos])
	if p.pos == p.end {
		return
	}
	p.part(PartSeparator, p.pos, p.pos+1)
	p.pos++
	c.Initial = true
	p.part(PartResponse, p.pos, p.end)
	response := p.line[p.pos:p.end]
	var ok bool
	if string(response) == "=" { // an empty one (RFC 4954 §4)
		c.SASL, ok = []byte{}, true
	} else {
		c.SASL, ok = decodeSASL(response)
		ok = ok && len(response) > 0
	}
	if c.foul = !ok; c.foul {
		p.enhanced = Enhanced{5, 5, 2}
		p.fail(p.pos, `a response in base64, or "=" for an empty one`)
		return
	}
	p.pos = p.end
}

// maxMechanism is how many characters a mechanism has at most (RFC 4422 §3.1).
const maxMechanism = 20

// inMechanism says whether the octet may stand in the name of a mechanism; small
// letters are as good as capitals (RFC 4954 §8).
func inMechanism(c byte) bool { return octets[c]&(letdig|hyphen) != 0 || c == '_' }

// validMechanism says whether a word can be a mechanism.
func validMechanism(word string) bool {
	for i := range len(word) {
		if !inMechanism(word[i]) {
			return false
		}
	}
	return word != "" && len(word) <= maxMechanism
}

// parseResponse takes an answer to a challenge apart.
func (c *Command) parseResponse(bareLF bool) {
	line, end := c.Line, len(c.Line)
	switch {
	case end >= 2 && line[end-2] == '\r' && line[end-1] == '\n':
		end -= 2
	case bareLF && end >= 1 && line[end-1] == '\n':
		end--
	default:
		c.tooLong = true
		c.Err = &SyntaxError{Pos: MaxLoginLine, Want: "a line of at most 12288 octets", Code: 500, Enhanced: Enhanced{5, 5, 6}}
		return
	}
	if end > 0 {
		c.Parts = append(c.Parts, Part{PartResponse, 0, end})
	}
	c.Parts = append(c.Parts, Part{PartLineEnd, end, len(line)})
	if c.Cancel = string(line[:end]) == "*"; c.Cancel {
		return
	}
	var ok bool
	if c.SASL, ok = decodeSASL(line[:end]); !ok {
		c.foul = true
		c.Err = &SyntaxError{Want: "a response in base64", Code: 501, Enhanced: Enhanced{5, 5, 2}}
	}
}

// decodeSASL undoes base64. Foreign characters are mistakes, not skipped as in
// a letter (RFC 4954 §4).
func decodeSASL(b []byte) ([]byte, bool) {
	for _, c := range b {
		if c == '\r' || c == '\n' { // the library skips them
			return nil, false
		}
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	if err != nil {
		return nil, false
	}
	return out[:n], true
}

// validAuthParam says whether v can be the value of AUTH= at MAIL: a mailbox, or
// <>, in xtext (RFC 4954 §5, §8).
func validAuthParam(v string) bool {
	text, err := DecodeXtext(v)
	if err == nil && text != "<>" {
		_, err = ParseMailbox(text)
	}
	return err == nil
}
