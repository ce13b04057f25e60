package smtp

// The parameters of MAIL and RCPT: their grammar (RFC 5321 §4.1.2), their
// values, and whether a server has offered them.

// parameters reads *(SP esmtp-param) to the end of the line (RFC 5321 §4.1.2),
// each keyword at most once.
func (p *parser) parameters() {
	p.inPath = Enhanced{}
	for p.pos < p.end {
		if !p.octet(' ') {
			p.fail(p.pos, `a space or the line end after ">"`)
			return
		}
		p.part(PartSeparator, p.pos-1, p.pos)
		start := p.pos
		for p.pos < p.end && octets[p.line[p.pos]]&(letdig|hyphen) != 0 {
			p.pos++
		}
		if p.pos == start || p.line[start] == '-' {
			p.fail(start, "a parameter keyword")
			return
		}
		p.part(PartKeyword, start, p.pos)
		param := Param{Keyword: p.paramKeyword(p.line[start:p.pos]), Start: start}
		valueStart := p.pos
		if p.octet('=') {
			p.part(PartSeparator, valueStart, p.pos)
			valueStart = p.pos
			for p.pos < p.end && octets[p.line[p.pos]]&value != 0 {
				p.pos++
			}
			if p.pos == valueStart {
				p.fail(p.pos, `a value after "="`)
				return
			}
			p.part(PartValue, valueStart, p.pos)
			param.Value = p.text(p.line[valueStart:p.pos])
		}
		if p.pos < p.end && p.line[p.pos] != ' ' {
			p.fail(p.pos, "a space or the line end after the parameter")
			return
		}
		param.End = p.pos
		for i := range p.params {
			if EqualFold(p.params[i].Keyword, param.Keyword) {
				p.fail(start, "each parameter only once")
			}
		}
		p.params = append(p.params, param)
		p.checkValue(param, valueStart)
	}
}

// paramKeyword makes a string of a keyword; those known leave room for others
// in what the session remembers.
func (p *parser) paramKeyword(b []byte) string {
	for i := range knownParams {
		if knownParams[i].keyword == string(b) {
			return knownParams[i].keyword
		}
	}
	return p.text(b)
}

// checkValue looks at the values of the parameters this engine knows.
func (p *parser) checkValue(param Param, pos int) {
	for i := range knownParams {
		k := &knownParams[i]
		if EqualFold(param.Keyword, k.keyword) && !k.valid(param.Value) {
			p.fail(pos, k.want)
		}
	}
}

// knownParams are the parameters of MAIL and RCPT that this engine knows: which
// command has them, which extension they belong to, and what their values are.
var knownParams = [...]struct {
	verb    Verb
	keyword string
	ext     Extensions
	valid   func(value string) bool
	want    string
}{
	{MAIL, "SIZE", Size, func(v string) bool { _, ok := parseSize(v); return ok },
		"SIZE= and 1 to 20 digits"}, // RFC 1870 §6.1
	{MAIL, "BODY", 0, func(v string) bool { _, ok := parseBody(v); return ok },
		"BODY=7BIT, BODY=8BITMIME or BODY=BINARYMIME"}, // RFC 6152 §3, RFC 3030 §3
	{MAIL, "SMTPUTF8", SMTPUTF8, func(v string) bool { return v == "" },
		"SMTPUTF8 without a value"}, // RFC 6531 §3.4
	{MAIL, "RET", DSN, func(v string) bool { _, ok := ParseReturn(v); return ok },
		"RET=FULL or RET=HDRS"}, // RFC 3461 §4.3
	{MAIL, "ENVID", DSN, validEnvID,
		"ENVID= and at most 100 characters of xtext"}, // RFC 3461 §4.4
	{MAIL, "AUTH", Auth, validAuthParam,
		"AUTH=<>, or AUTH= and a mailbox in xtext"}, // RFC 4954 §5
	{MAIL, "REQUIRETLS", RequireTLS, func(v string) bool { return v == "" },
		"REQUIRETLS without a value"}, // RFC 8689 §2
	{RCPT, "NOTIFY", DSN, func(v string) bool { _, ok := ParseNotify(v); return ok },
		"NOTIFY=NEVER, or a list of SUCCESS, FAILURE, DELAY"}, // RFC 3461 §4.1
	{RCPT, "ORCPT", DSN, validOriginal,
		`ORCPT= and a type, ";", at most 500 characters of xtext`}, // RFC 3461 §4.2
}

// parseBody reads a BODY value and returns the extension it belongs to; 7BIT
// belongs to any that has BODY, and is none.
func parseBody(v string) (Extensions, bool) {
	switch {
	case EqualFold(v, "7BIT"):
		return 0, true
	case EqualFold(v, "8BITMIME"):
		return EightBitMIME, true
	case EqualFold(v, "BINARYMIME"):
		return BinaryMIME, true
	}
	return 0, false
}

// parseSize reads a SIZE value: 1 to 20 digits. What no int64 holds is the
// largest one.
func parseSize(s string) (int64, bool) {
	const most = 1<<63 - 1
	if s == "" || len(s) > 20 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n > (most-9)/10 {
			n = most
			continue
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// notOffered returns where the first parameter of MAIL or RCPT stands that was
// not offered.
func (s *Server) notOffered() (int, bool) {
	if v := s.cmd.Verb; v != MAIL && v != RCPT {
		return 0, false
	}
	for i := range s.cmd.Params {
		if p := &s.cmd.Params[i]; !s.paramOffered(p) {
			return p.Start, true
		}
	}
	return 0, false
}

// paramOffered says whether one parameter was offered. BODY belongs to two
// extensions, each with its own value (RFC 3030 §3).
func (s *Server) paramOffered(p *Param) bool {
	for i := range knownParams {
		k := &knownParams[i]
		if k.verb != s.cmd.Verb || !EqualFold(p.Keyword, k.keyword) {
			continue
		}
		if k.ext != 0 {
			return s.offered(k.ext)
		}
		ext, _ := parseBody(p.Value)
		return s.offered(ext) && (s.offered(EightBitMIME) || s.offered(BinaryMIME))
	}
	return false
}
