package smtp

// Commands as values: the verbs, and the parser that names every part of a
// command line (RFC 5321 §4.1.1).

// Verb is a command, or one of the three moments besides commands at which a
// server decides on a reply: the connection, the end of the letter, and a
// client's answer to a challenge.
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
	EXPN // served if the Config says so

	// Served where their extension is offered.
	STARTTLS
	AUTH
	BDAT

	// Known, but not served.
	ETRN
	TURN
	SEND
	SOML
	SAML

	Unknown // none of these

	Response // not a command: an answer to a challenge of AUTH (RFC 4954 §4)

	verbs
)

var verbWords = [verbs]string{
	None: "none", Connect: "connect", EndOfData: "dot",
	EHLO: "EHLO", HELO: "HELO", MAIL: "MAIL", RCPT: "RCPT", DATA: "DATA", RSET: "RSET",
	NOOP: "NOOP", VRFY: "VRFY", HELP: "HELP", QUIT: "QUIT",
	EXPN: "EXPN", STARTTLS: "STARTTLS", AUTH: "AUTH", BDAT: "BDAT", ETRN: "ETRN",
	TURN: "TURN", SEND: "SEND", SOML: "SOML", SAML: "SAML",
	Unknown: "unknown", Response: "response",
}

// String returns the verb in capitals, or "connect", "dot", "response", "unknown",
// "none".
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
		if EqualFold(verbWords[v], word) {
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
	switch string(upper[:len(word)]) {
	case "EHLO":
		return EHLO
	case "HELO":
		return HELO
	case "MAIL":
		return MAIL
	case "RCPT":
		return RCPT
	case "DATA":
		return DATA
	case "RSET":
		return RSET
	case "NOOP":
		return NOOP
	case "VRFY":
		return VRFY
	case "HELP":
		return HELP
	case "QUIT":
		return QUIT
	case "EXPN":
		return EXPN
	case "STARTTLS":
		return STARTTLS
	case "AUTH":
		return AUTH
	case "BDAT":
		return BDAT
	case "ETRN":
		return ETRN
	case "TURN":
		return TURN
	case "SEND":
		return SEND
	case "SOML":
		return SOML
	case "SAML":
		return SAML
	}
	return Unknown
}

// Param is a parameter of MAIL or RCPT: KEYWORD or KEYWORD=value.
type Param struct {
	Keyword    string // as written; compare with [EqualFold]
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
	Arg    string // VRFY, EXPN, HELP, NOOP, and verbs not served
	Count  int64  // BDAT: how many octets follow its line
	Last   bool   // BDAT: they are the last ones of the letter
	Err    *SyntaxError

	Mechanism string // AUTH: of SASL, as written
	Initial   bool   // AUTH: a response came with it
	SASL      []byte // AUTH, Response: the response, without its base64
	Cancel    bool   // Response: the client gives up ("*")

	// Discarded says of a BDAT in a server's session that nothing of it was
	// handed out: it came out of order or is no BDAT of the grammar, and its
	// octets were thrown away (RFC 3030 §2), or CHUNKING was not offered.
	Discarded bool

	pathOK  bool // Path was read whole
	countOK bool // Count was read
	wide    bool // there are characters outside ASCII where they may be
	tooLong bool // RFC 5321 §4.5.3.1.4
	foul    bool // the response is no base64

	before Masker // the lines before it
}

// EndsLetter says whether a 2yz to this makes the server responsible for the
// letter that was handed out: it is the dot, or the last BDAT of the letter.
func (c *Command) EndsLetter() bool {
	return c.Verb == EndOfData || c.Verb == BDAT && c.Last && !c.Discarded
}

// Param returns the value of the parameter with that keyword.
func (c *Command) Param(keyword string) (value string, ok bool) {
	for i := range c.Params {
		if EqualFold(c.Params[i].Keyword, keyword) {
			return c.Params[i].Value, true
		}
	}
	return "", false
}

// ParseCommand takes a command line apart. The line is with or without its
// CRLF; the Command refers to it. 512 octets without a CRLF are the head of a
// line too long, as a server keeps it. Whether the command is allowed now, and its
// parameters offered, is for a session to say.
func ParseCommand(line []byte) Command {
	var c Command
	c.parse(line, nil, false, false)
	return c
}

// ParseCommandUTF8 is [ParseCommand] where SMTPUTF8 was offered: addresses may
// be in UTF-8 (RFC 6531 §3.3).
func ParseCommandUTF8(line []byte) Command {
	var c Command
	c.parse(line, nil, false, true)
	return c
}

// parse fills c from the line, reusing what c has. bareLF says that a LF ends
// a line, utf8 that addresses may be in UTF-8.
func (c *Command) parse(line []byte, words *interner, bareLF, utf8 bool) {
	p := parser{line: line, end: len(line), parts: c.Parts[:0], params: c.Params[:0], words: words, utf8: utf8}
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
	c.Err, c.Params, c.wide = p.err, p.params, p.wide
	if c.tooLong = lineEnd == len(line) && len(line) >= MaxCommandLine; c.tooLong {
		c.Err = &SyntaxError{Pos: MaxCommandLine, Want: "a line of at most 512 octets", Code: 500, Enhanced: Enhanced{5, 5, 2}}
	}
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
