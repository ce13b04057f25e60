package smtp

// The parser of a command line: one walk from left to right that names the
// parts and stops at the first mistake (RFC 5321 §4.1.1, RFC 5321 §4.1.2).

// parser walks along one line.
type parser struct {
	line     []byte
	pos, end int // end is before the line end and the white space there
	parts    []Part
	params   []Param
	err      *SyntaxError
	code     uint16
	enhanced Enhanced
	inPath   Enhanced // the enhanced code of a mistake inside the brackets
	utf8     bool     // addresses may be in UTF-8 (RFC 6531 §3.3)
	wide     bool     // and some are
	words    *interner
}

// command reads the whole line.
func (p *parser) command(c *Command) {
	for p.pos < p.end && p.line[p.pos] != ' ' {
		p.pos++
	}
	c.Verb = lineVerb(p.line[:p.pos])
	p.code, p.enhanced = 501, Enhanced{5, 5, 4}
	verb := -1
	if p.pos > 0 {
		verb = p.part(PartVerb, 0, p.pos)
	}
	switch c.Verb {
	case EHLO, HELO:
		// The grammar gives HELO a domain only, the prose of
		// RFC 5321 §4.1.1.1 an address literal as well.
		if !p.space("a domain or an address literal") {
			return
		}
		p.utf8 = false // a client names itself in A-labels (RFC 6531 §3.7.1)
		start, kind := p.pos, PartDomain
		if p.peek() == '[' {
			kind = PartAddressLiteral
			if !p.addressLiteral() {
				return
			}
		} else if _, ok := p.domain("a domain or an address literal"); !ok {
			return
		}
		p.part(kind, start, p.pos)
		c.Domain = p.text(p.line[start:p.pos])
		p.nothingMore("the domain")
	case MAIL:
		if !p.keyword(verb, "FROM:") {
			return
		}
		// A mistake inside the brackets is the address's (RFC 3463 §3.2).
		p.inPath = Enhanced{5, 1, 7}
		c.Path, c.pathOK = p.path(PartReversePath, true, false)
		if c.pathOK {
			p.parameters()
		}
	case RCPT:
		if !p.keyword(verb, "TO:") {
			return
		}
		p.inPath = Enhanced{5, 1, 3}
		c.Path, c.pathOK = p.path(PartForwardPath, false, true)
		if c.pathOK {
			p.parameters()
		}
	case DATA, RSET, QUIT, STARTTLS:
		p.nothingMore(c.Verb.String())
	case VRFY:
		if p.space("a user or a mailbox") {
			c.Arg = p.lookup()
		}
	case EXPN:
		if p.space("a mailing list") {
			c.Arg = p.lookup()
		}
	case BDAT:
		p.chunk(c)
	case AUTH:
		p.auth(c)
	case Unknown:
		p.code, p.enhanced = 500, Enhanced{5, 5, 2}
		p.fail(0, "a command")
	default: // NOOP, HELP and what is not served: any argument
		if p.pos < p.end && p.space("an argument") {
			c.Arg = p.argument()
		}
	}
}

// part adds a part and returns its index.
func (p *parser) part(kind PartKind, start, end int) int {
	// A path's parts are known after those they lie in, but in order.
	p.parts = append(p.parts, Part{kind, start, end})
	return len(p.parts) - 1
}

// close says that the part ends here.
func (p *parser) close(part int) { p.parts[part].End = p.pos }

// fail notes the first mistake and returns false.
func (p *parser) fail(pos int, want string) bool {
	if p.err == nil {
		p.err = &SyntaxError{Pos: pos, Want: want, Code: p.code, Enhanced: p.enhanced}
		// Only the missing bracket itself is the command's fault.
		if n := len(p.parts); p.inPath != (Enhanced{}) && n > 0 && p.parts[n-1].Kind != PartVerb {
			p.err.Enhanced = p.inPath
		}
	}
	return false
}

func (p *parser) peek() byte {
	if p.pos < p.end {
		return p.line[p.pos]
	}
	return 0
}

func (p *parser) octet(c byte) bool {
	if p.pos < p.end && p.line[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// space reads the one space before an argument that must be there.
func (p *parser) space(want string) bool {
	if p.pos == p.end || p.pos+1 == p.end {
		return p.fail(p.end, want)
	}
	if !p.octet(' ') {
		return p.fail(p.pos, "a space before "+want)
	}
	p.part(PartSeparator, p.pos-1, p.pos)
	return true
}

// keyword reads " FROM:" or " TO:" as more of the verb.
func (p *parser) keyword(verb int, word string) bool {
	if !p.octet(' ') {
		return p.fail(p.pos, `"`+word+`" after the verb`)
	}
	for i := range len(word) {
		c := p.peek()
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != word[i] {
			return p.fail(p.pos, `"`+word+`" after the verb`)
		}
		p.pos++
	}
	p.close(verb)
	return true
}

// nothingMore wants the end of the line.
func (p *parser) nothingMore(after string) {
	if p.pos < p.end {
		p.fail(p.pos, "nothing after "+after)
	}
}

// argument reads the rest of the line.
func (p *parser) argument() string {
	start := p.pos
	for ; p.pos < p.end; p.pos++ {
		if !isPrint(p.line[p.pos]) {
			p.fail(p.pos, "printable ASCII characters")
			break
		}
	}
	p.part(PartArgument, start, p.pos)
	return p.text(p.line[start:p.pos])
}

// lookup reads the argument of VRFY or EXPN, behind which SMTPUTF8 may stand,
// the one parameter they have (RFC 6531 §3.7.4.2).
func (p *parser) lookup() string {
	const param = " SMTPUTF8"
	whole := p.end
	at := whole - len(param)
	found := at > p.pos && EqualFold(string(p.line[at:whole]), param)
	if found {
		p.end = at
	}
	start := p.pos
	for p.pos < p.end && (isPrint(p.line[p.pos]) || p.foreign(p.line[p.pos])) {
		p.pos++
	}
	if p.pos < p.end {
		p.fail(p.pos, "printable ASCII characters")
	} else {
		p.international(start, false)
	}
	p.part(PartArgument, start, p.pos)
	arg := p.text(p.line[start:p.pos])
	p.end = whole
	if found && p.err == nil {
		p.part(PartSeparator, at, at+1)
		p.part(PartKeyword, at+1, whole)
		p.params = append(p.params, Param{Keyword: p.text(p.line[at+1 : whole]), Start: at + 1, End: whole})
		p.pos = whole
	}
	return arg
}

// chunk reads the argument of BDAT: chunk-size [ SP end-marker ] (RFC 3030 §2).
func (p *parser) chunk(c *Command) {
	if !p.space("a number of octets") {
		return
	}
	start := p.pos
	for p.pos < p.end && isDigit(p.line[p.pos]) {
		p.pos++
	}
	count, ok := parseCount(p.line[start:p.pos])
	if !ok || p.pos < p.end && p.line[p.pos] != ' ' {
		p.pos = start
		p.fail(start, "a number of octets, in 1 to 20 digits")
		return
	}
	p.part(PartChunkSize, start, p.pos)
	c.Count, c.countOK = count, true
	if p.pos == p.end {
		return
	}
	p.part(PartSeparator, p.pos, p.pos+1)
	p.pos++
	if !EqualFold(string(p.line[p.pos:p.end]), "LAST") {
		p.fail(p.pos, "LAST, or nothing after the number of octets")
		return
	}
	p.part(PartLast, p.pos, p.end)
	p.pos = p.end
	c.Last = true
}

// parseCount reads 1 to 20 digits. Unlike a size, which only says how large a
// letter will be, a count too large to hold is no count at all.
func parseCount(b []byte) (int64, bool) {
	const most = 1<<63 - 1
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		d := int64(c - '0')
		if n > (most-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// text makes a string of octets of the line.
func (p *parser) text(b []byte) string { return p.words.text(b) }

// interner remembers the strings it made last, so that a session that sees
// the same names again makes no new ones.
type interner [64]string

func (in *interner) text(b []byte) string {
	if in == nil {
		return string(b)
	}
	n := uint32(len(b))
	if n == 0 {
		return ""
	}
	// A few octets tell most names apart; the others only cost a new string.
	h := n + uint32(b[0])*31 + uint32(b[n/2])*7 + uint32(b[n-1])*17 + uint32(b[n*3/4])*5
	const tries = 4 // names that share a slot find room in the next ones
	for i := range uint32(tries) {
		slot := &in[(h+i)%uint32(len(in))]
		if *slot == string(b) {
			return *slot
		}
		if *slot == "" {
			*slot = string(b)
			return *slot
		}
	}
	slot := &in[h%uint32(len(in))]
	*slot = string(b)
	return *slot
}
