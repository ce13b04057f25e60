package smtp

// HELP: which commands there are, and how each is written (RFC 5321 §4.1.1.8).

import "strings"

var (
	replyVRFY      = answer(252, Enhanced{2, 0, 0}, "cannot verify, but will try to deliver")
	replyEXPN      = answer(252, Enhanced{2, 0, 0}, "cannot expand the list, but will take mail for it")
	replyNoTopic   = answer(504, Enhanced{5, 5, 4}, "no help on that, try HELP alone")
	replyNoParam   = answer(504, Enhanced{5, 5, 4}, "parameter not offered")
	helpOnCommands = [verbs][]string{
		EHLO:     {"EHLO domain, or EHLO [address]", "says hello and asks what this server offers"},
		HELO:     {"HELO domain", "says hello the old way, without extensions"},
		MAIL:     {"MAIL FROM:<address>", "opens a transaction; notices of failure go to the address"},
		RCPT:     {"RCPT TO:<address>", "names one recipient; say it once for each"},
		DATA:     {"DATA", "asks to send the letter, which ends with a lone dot"},
		STARTTLS: {"STARTTLS", "goes on inside TLS; say EHLO again afterwards"},
		AUTH:     {"AUTH mechanism, or AUTH mechanism response", "logs in; * gives up"},
		BDAT:     {"BDAT octets, BDAT octets LAST", "the next so many octets are a chunk of the letter, or the last one"},
		RSET:     {"RSET", "forgets the open transaction"},
		NOOP:     {"NOOP", "does nothing"},
		VRFY:     {"VRFY user", "asks whether there is such a user"},
		EXPN:     {"EXPN list", "asks who is on a mailing list"},
		HELP:     {"HELP, or HELP command", "lists the commands, or explains one"},
		QUIT:     {"QUIT", "says goodbye"},
	}
	helpOrder = [...]Verb{EHLO, HELO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, VRFY, EXPN, HELP, STARTTLS, AUTH, QUIT}
)

// serves says whether this server has the command at all.
func (c *Config) serves(v Verb) bool {
	switch v {
	case BDAT:
		return c.Extensions.Has(Chunking)
	case EXPN:
		return c.Expn
	case HELP:
		return !c.NoHelp
	case STARTTLS:
		return c.Extensions.Has(StartTLS)
	case AUTH:
		return c.Extensions.Has(Auth) && len(c.Mechanisms)+len(c.ClearMechanisms) > 0
	}
	return v < verbs && helpOnCommands[v] != nil
}

// commandList is the answer to HELP alone.
func (c *Config) commandList() string {
	var b strings.Builder
	b.WriteString("commands:")
	for _, v := range helpOrder {
		if c.serves(v) {
			b.WriteString(" " + v.String())
		}
	}
	return b.String()
}

// proposeHELP answers HELP.
func (s *Server) proposeHELP() Reply {
	topic := strings.TrimSpace(s.cmd.Arg)
	if topic == "" {
		return s.texts.help
	}
	v, ok := ParseVerb(topic)
	if !ok || !s.config.serves(v) {
		return replyNoTopic
	}
	r := Reply{Code: 214, Enhanced: Enhanced{2, 0, 0}, Lines: helpOnCommands[v]}
	if params := s.helpOnParams(v); params != "" {
		r.Lines = []string{r.Lines[0], params, r.Lines[1]}
	}
	return r
}

// helpOnParams lists the parameters that the command has at this server.
func (s *Server) helpOnParams(v Verb) string {
	var words []string
	for i := range knownParams {
		if k := &knownParams[i]; k.verb == v && (k.ext == 0 && s.offers&(EightBitMIME|BinaryMIME) != 0 || k.ext != 0 && s.offers.Has(k.ext)) {
			words = append(words, k.keyword)
		}
	}
	if (v == VRFY || v == EXPN) && s.offers.Has(SMTPUTF8) {
		words = append(words, "SMTPUTF8")
	}
	if words == nil {
		return ""
	}
	return "parameters after EHLO: " + strings.Join(words, " ")
}

// proposeLookup answers VRFY and EXPN: never with a 250 that was not checked
// (RFC 5321 §3.5.3). A host that knows better replies better.
func (s *Server) proposeLookup(r Reply) Reply {
	switch _, utf8 := s.cmd.Param("SMTPUTF8"); {
	case utf8 && !s.offered(SMTPUTF8):
		return replyNoParam
	case !utf8 && !isASCII(s.cmd.Arg):
		return replyNotASCII // RFC 6531 §3.7.4.2
	}
	return r
}
