package smtp

// Commands as values: the verbs, and the parser that names every part of a
// command line (RFC 5321 §4.1.1).

import (
	"strings"
)

// Verb is a command, or one of the two moments besides commands at which a
// server decides on a reply: the connection and the end of the letter.
type Verb uint8

// The verbs.
const (
	None      Verb = iota
	Connect        // not a command: the greeting is due
	EndOfData      // not a command: the lone dot was heard
	EHLO
	HELO
	MAIL
	RCPT
	DATA
	RSET
	NOOP
	VRFY
	HELP
	QUIT

	// Known, but not served.
	EXPN
	STARTTLS
	AUTH
	BDAT
	ETRN
	TURN
	SEND
	SOML
	SAML

	Unknown // none of these

	verbs
)

var verbWords = [verbs]string{
	None: "none", Connect: "connect", EndOfData: "dot",
	EHLO: "EHLO", HELO: "HELO", MAIL: "MAIL", RCPT: "RCPT", DATA: "DATA", RSET: "RSET",
	NOOP: "NOOP", VRFY: "VRFY", HELP: "HELP", QUIT: "QUIT",
	EXPN: "EXPN", STARTTLS: "STARTTLS", AUTH: "AUTH", BDAT: "BDAT", ETRN: "ETRN",
	TURN: "TURN", SEND: "SEND", SOML: "SOML", SAML: "SAML",
	Unknown: "unknown",
}

// String returns the verb in capitals, or "connect", "dot", "unknown", "none".
func (v Verb) String() string {
	if v < verbs {
		return verbWords[v]
	}
	return verbWords[Unknown]
}

// ParseVerb returns the verb with that word, in any case. "connect" and "dot"
// are the greeting and the end of the letter, "unknown" is every verb that is
// none of ours.
func ParseVerb(word string) (Verb, bool) {
	for v := Connect; v < verbs; v++ {
		if strings.EqualFold(verbWords[v], word) {
			return v, true
		}
	}
	return None, false
}

// lineVerb returns the verb that a command line begins with.
func lineVerb(word []byte) Verb {
	if len(word) > len("STARTTLS") {
		return Unknown
	}
	var upper [len("STARTTLS")]byte
	for i, c := range word {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	for v := EHLO; v < Unknown; v++ {
		if w := verbWords[v]; len(w) == len(word) && w == string(upper[:len(w)]) {
			return v
		}
	}
	return Unknown
}

// Param is a parameter of MAIL or RCPT: KEYWORD or KEYWORD=value.
type Param struct {
	Keyword    string // as written; compare with [strings.EqualFold]
	Value      string // empty if there is none
	Start, End int    // octets of the line
}

// Command is one command line, taken apart. Fields that the verb has no use
// for are zero. After a mistake the fields before it are filled, and Parts
// names what was understood.
type Command struct {
	Verb   Verb
	Line   []byte // with its CRLF, exactly as received; of a line too long its first 512 octets
	Offset int64  // where in the stream the line began, in octets
	Parts  []Part
	Domain string // EHLO, HELO: domain or address literal
	Path   Path   // MAIL, RCPT
	Params []Param
	Arg    string // VRFY, HELP, NOOP, and verbs not served
	Err    *SyntaxError
	pathOK bool // Path was read whole
}

// Param returns the value of the parameter with that keyword.
func (c *Command) Param(keyword string) (value string, ok bool) {
	for i := range c.Params {
		if strings.EqualFold(c.Params[i].Keyword, keyword) {
			return c.Params[i].Value, true
		}
	}
	return "", false
}

// ParseCommand takes a command line apart. The line is with or without its
// CRLF; the Command refers to it. Whether the command is allowed now, and its
// parameters offered, is for a session to say.
func ParseCommand(line []byte) Command {
	var c Command
	c.parse(line, nil, false)
	return c
}

// parse fills c from the line, reusing what c has.
func (c *Command) parse(line []byte, words *interner, bareLF bool) {
	p := parser{line: line, end: len(line), parts: c.Parts[:0], params: c.Params[:0], words: words}
	lineEnd := len(line)
	switch {
	case len(line) >= 2 && line[len(line)-2] == '\r' && line[len(line)-1] == '\n':
		lineEnd -= 2
	case bareLF && len(line) >= 1 && line[len(line)-1] == '\n':
		lineEnd--
	}
	p.end = lineEnd
	for p.end > 0 && (line[p.end-1] == ' ' || line[p.end-1] == '\t') {
		p.end-- // white space before the line end is tolerated (RFC 5321 §4.1.1)
	}
	*c = Command{Line: line, Offset: c.Offset}
	p.command(c)
	c.Err, c.Params = p.err, p.params
	if p.err == nil || p.pos > p.end {
		p.pos = p.end
	}
	if lineEnd > p.end {
		p.part(PartSeparator, p.end, lineEnd)
	}
	if len(line) > lineEnd {
		p.part(PartLineEnd, lineEnd, len(line))
	}
	c.Parts = p.parts
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
	case DATA, RSET, QUIT:
		p.nothingMore(c.Verb.String())
	case VRFY:
		if p.space("a user or a mailbox") {
			c.Arg = p.argument()
		}
	case Unknown:
		p.code, p.enhanced = 500, Enhanced{5, 5, 2}
		p.fail(0, "a command")
	default: // NOOP, HELP and what is not served: any argument
		if p.pos < p.end && p.space("an argument") {
			c.Arg = p.argument()
		}
	}
}

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
	words    *interner
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
		param := Param{Keyword: p.text(p.line[start:p.pos]), Start: start}
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
			if strings.EqualFold(p.params[i].Keyword, param.Keyword) {
				p.fail(start, "each parameter only once")
			}
		}
		p.params = append(p.params, param)
		p.checkValue(param, valueStart)
	}
}

// checkValue looks at the values of the parameters this engine knows.
func (p *parser) checkValue(param Param, pos int) {
	switch {
	case strings.EqualFold(param.Keyword, "SIZE"):
		if _, ok := parseSize(param.Value); !ok { // RFC 1870 §6.1
			p.fail(pos, "SIZE= and 1 to 20 digits")
		}
	case strings.EqualFold(param.Keyword, "BODY"):
		if !strings.EqualFold(param.Value, "7BIT") && !strings.EqualFold(param.Value, "8BITMIME") { // RFC 6152 §3
			p.fail(pos, "BODY=7BIT or BODY=8BITMIME")
		}
	}
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
