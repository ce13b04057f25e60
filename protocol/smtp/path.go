package smtp

// Paths and mailboxes: the grammar of RFC 5321 §4.1.2 and RFC 5321 §4.1.3.

import (
	"net/netip"
	"strings"
)

// Limits on paths, in octets (RFC 5321 §4.5.3.1.1 to RFC 5321 §4.5.3.1.3; a label's is
// the DNS's, RFC 1035 §2.3.4).
const (
	MaxLocalPart = 64
	MaxDomain    = 255
	MaxPath      = 256 // with its angle brackets
	maxLabel     = 63
)

// Path is a reverse-path or a forward-path without its source route, which is
// accepted and ignored (RFC 5321 §4.1.1.3). The zero Path is the null
// reverse-path, written <>. Paths can be compared with ==, octet for octet.
type Path struct {
	Local  string // as written: case kept, quotes kept
	Domain string // as written; an address literal with its brackets; empty for <Postmaster>
}

// IsNull says whether this is the null reverse-path.
func (p Path) IsNull() bool { return p == Path{} }

// Mailbox returns the path without its brackets: "a@b", "Postmaster" for the
// path that has no domain, "" for the null path.
func (p Path) Mailbox() string {
	if p.Domain == "" {
		return p.Local
	}
	return p.Local + "@" + p.Domain
}

// String returns the path as it is sent: "<a@b>".
func (p Path) String() string { return "<" + p.Mailbox() + ">" }

// Append appends the path as it is sent.
func (p Path) Append(dst []byte) []byte {
	dst = append(dst, '<')
	dst = append(dst, p.Local...)
	if p.Domain != "" {
		dst = append(dst, '@')
		dst = append(dst, p.Domain...)
	}
	return append(dst, '>')
}

// User returns what the local-part means: without the quotes that are only a
// way of writing it (RFC 5321 §4.1.2), so that "bob" and bob are the same.
func (p Path) User() string {
	if len(p.Local) < 2 || p.Local[0] != '"' {
		return p.Local
	}
	var b strings.Builder
	for i := 1; i < len(p.Local)-1; i++ {
		if p.Local[i] == '\\' {
			i++
		}
		b.WriteByte(p.Local[i])
	}
	return b.String()
}

// IsPostmaster says whether the local-part is postmaster, in any case
// (RFC 5321 §4.5.1).
func (p Path) IsPostmaster() bool { return EqualFold(p.User(), "postmaster") }

// Valid says whether the path can be written in a command, if only one with
// SMTPUTF8: it obeys the grammar, or is null, or is postmaster without a
// domain.
func (p Path) Valid() bool {
	if p.IsNull() {
		return true
	}
	got, err := ParsePath(p.String())
	return err == nil && got == p
}

// ParsePath reads a path as it is sent, brackets and all: "<a@b>", "<>",
// "<Postmaster>". It may be in UTF-8 (RFC 6531 §3.3). Errors are of type
// [*SyntaxError].
func ParsePath(s string) (Path, error) {
	p := parser{line: []byte(s), end: len(s), utf8: true}
	path, ok := p.path(PartForwardPath, true, true)
	if ok && p.pos < p.end {
		ok = p.fail(p.pos, `nothing after ">"`)
	}
	if !ok {
		return Path{}, p.err
	}
	return path, nil
}

// ParseMailbox reads a plain address as people give it: "bob@receiver.example".
// It may be in UTF-8 (RFC 6531 §3.3). Errors are of type [*SyntaxError].
func ParseMailbox(s string) (Path, error) {
	p := parser{line: []byte(s), end: len(s), utf8: true}
	path, ok := p.mailbox(false)
	if ok && p.pos < p.end {
		ok = p.fail(p.pos, "nothing after the address")
	}
	if !ok {
		return Path{}, p.err
	}
	return path, nil
}

// path reads Reverse-path or Forward-path at the parser's position. null and
// bare say whether <> and <Postmaster> are allowed.
func (p *parser) path(kind PartKind, null, bare bool) (Path, bool) {
	start := p.pos
	if !p.octet('<') {
		if p.pos > 0 && p.pos < p.end && p.line[p.pos-1] == ':' && p.line[p.pos] == ' ' { // a very common mistake
			return Path{}, p.fail(p.pos, `"<" with no space before it`)
		}
		return Path{}, p.fail(p.pos, `"<" before the address`)
	}
	part := p.part(kind, start, p.pos)
	path, ok := p.insidePath(start, null, bare)
	p.close(part)
	return path, ok
}

// insidePath reads what follows the "<" at start, through the ">".
func (p *parser) insidePath(start int, null, bare bool) (Path, bool) {
	if p.octet('>') {
		if !null {
			return Path{}, p.fail(p.pos-1, `an address between "<" and ">"`)
		}
		return Path{}, true
	}
	if p.peek() == '@' {
		if !p.route() {
			return Path{}, false
		}
		bare = false // only <Postmaster>, just so, has no domain (RFC 5321 §4.1.1.3)
	}
	path, ok := p.mailbox(bare)
	if !ok {
		return path, false
	}
	if !p.octet('>') {
		return path, p.fail(p.pos, `">" after the address`)
	}
	if p.pos-start > MaxPath {
		return path, p.fail(start+MaxPath, "a path of at most 256 octets")
	}
	return path, true
}

// route reads A-d-l ":", the source route.
func (p *parser) route() bool {
	part := p.part(PartSourceRoute, p.pos, p.pos)
	for more := true; more; more = p.octet(',') {
		if !p.octet('@') {
			return p.fail(p.pos, `"@" before a host of the source route`)
		}
		start := p.pos
		_, ok := p.domain("a host of the source route")
		p.close(part)
		if !ok || !p.international(start, true) {
			return false
		}
	}
	if !p.octet(':') {
		return p.fail(p.pos, `":" after the source route`)
	}
	p.close(part)
	return true
}

// mailbox reads Mailbox; bare allows postmaster without a domain.
func (p *parser) mailbox(bare bool) (Path, bool) {
	start := p.pos
	if !p.localPart() {
		return Path{}, false
	}
	local := p.line[start:p.pos]
	p.part(PartLocalPart, start, p.pos)
	if !p.international(start, false) {
		return Path{}, false
	}
	if len(local) > MaxLocalPart {
		return Path{}, p.fail(start+MaxLocalPart, "a local-part of at most 64 octets")
	}
	path := Path{Local: p.text(local)}
	if !p.octet('@') {
		if bare && EqualFold(path.Local, "postmaster") {
			return path, true
		}
		return path, p.fail(p.pos, `"@" after the local-part`)
	}
	domainStart := p.pos
	if p.peek() == '[' {
		if !p.addressLiteral() {
			return path, false
		}
	} else if _, ok := p.domain(`a domain after "@"`); !ok || !p.international(domainStart, true) {
		return path, false
	}
	p.part(PartMailboxDomain, domainStart, p.pos)
	path.Domain = p.text(p.line[domainStart:p.pos])
	return path, true
}

// localPart reads Dot-string or Quoted-string.
func (p *parser) localPart() bool {
	if p.octet('"') {
		for p.pos < p.end {
			c := p.line[p.pos]
			switch {
			case c == '"':
				p.pos++
				return true
			case c == '\\':
				if p.pos++; p.pos == p.end || !isPrint(p.line[p.pos]) {
					return p.fail(p.pos, `a printable ASCII character after "\"`)
				}
			case !isPrint(c) && !p.foreign(c):
				return p.fail(p.pos, "printable ASCII characters in the quoted local-part")
			}
			p.pos++
		}
		return p.fail(p.pos, "a closing quote after the local-part")
	}
	for {
		start := p.pos
		for p.pos < p.end && (octets[p.line[p.pos]]&atext != 0 || p.foreign(p.line[p.pos])) {
			p.pos++
		}
		if p.pos == start {
			if p.pos > 0 && p.line[p.pos-1] == '.' {
				return p.fail(p.pos, "more of the local-part after its dot")
			}
			return p.fail(p.pos, "a local-part")
		}
		if !p.octet('.') {
			return true
		}
	}
}

// foreign says whether an octet is part of a character outside ASCII, where
// those are allowed (RFC 6531 §3.3).
func (p *parser) foreign(c byte) bool {
	if !p.utf8 || c < 0x80 {
		return false
	}
	p.wide = true
	return true
}

// domain reads Domain. what names it in errors.
func (p *parser) domain(what string) ([]byte, bool) {
	start := p.pos
	for {
		label := p.pos
		for p.pos < p.end && (octets[p.line[p.pos]]&(letdig|hyphen) != 0 || p.foreign(p.line[p.pos])) {
			p.pos++
		}
		switch {
		case p.pos == label && label > start:
			return nil, p.fail(p.pos, "a letter or digit after the dot in the domain")
		case p.pos == label:
			return nil, p.fail(p.pos, what)
		case p.line[label] == '-':
			return nil, p.fail(label, "a letter or digit at the start of a domain label")
		case p.line[p.pos-1] == '-':
			return nil, p.fail(p.pos-1, "a letter or digit at the end of a domain label")
		case p.pos-label > maxLabel && isASCII(p.line[label:p.pos]): // else its A-label counts
			return nil, p.fail(label+maxLabel, "a domain label of at most 63 octets")
		}
		if !p.octet('.') {
			break
		}
	}
	if p.pos-start > MaxDomain {
		return nil, p.fail(start+MaxDomain, "a domain of at most 255 octets")
	}
	if p.pos < p.end && p.line[p.pos] == '_' { // frequent enough to be told (RFC 5321 §4.1.2)
		return nil, p.fail(p.pos, "only letters, digits and hyphens in the domain")
	}
	return p.line[start:p.pos], true
}

// addressLiteral reads address-literal (RFC 5321 §4.1.3).
func (p *parser) addressLiteral() bool {
	start := p.pos
	p.octet('[')
	inner := p.pos
	for p.pos < p.end && octets[p.line[p.pos]]&dcontent != 0 {
		p.pos++
	}
	text := p.line[inner:p.pos]
	if !p.octet(']') {
		return p.fail(p.pos, `"]" after the address literal`)
	}
	if p.pos-start > MaxDomain {
		return p.fail(start+MaxDomain, "an address literal of at most 255 octets")
	}
	const ipv6 = "IPv6:"
	if len(text) >= len(ipv6) && EqualFold(string(text[:len(ipv6)]), ipv6) {
		a, err := netip.ParseAddr(string(text[len(ipv6):]))
		if err != nil || !a.Is6() || a.Zone() != "" {
			return p.fail(inner+len(ipv6), "an IPv6 address")
		}
		if !leavesTwoOut(text[len(ipv6):]) {
			return p.fail(inner+len(ipv6), `an IPv6 address in which "::" stands for two groups or more`)
		}
		return true
	}
	// A General-address-literal is none: its tag has to be registered, and
	// IPv6 is the only one that is.
	if !isIPv4(text) {
		return p.fail(inner, "an IPv4 address such as 192.0.2.1, or IPv6: and an address")
	}
	return true
}

// leavesTwoOut says whether the "::" of an IPv6 address, if there is one,
// stands for at least two groups of zeros, as in IPv6-comp and IPv6v4-comp.
func leavesTwoOut(b []byte) bool {
	groups, short, dotted := 0, false, false
	for i, c := range b {
		switch {
		case c != ':' && (i == 0 || b[i-1] == ':'):
			groups++
		case c == ':' && i > 0 && b[i-1] == ':':
			short = true
		case c == '.':
			dotted = true
		}
	}
	if dotted {
		groups++ // an IPv4 address at the end is two
	}
	return !short || groups <= 6
}

// isIPv4 reads Snum 3("." Snum), where Snum is one to three digits, at most 255.
func isIPv4(b []byte) bool {
	snums, digits, value := 0, 0, 0
	for i := 0; i <= len(b); i++ {
		switch {
		case i == len(b) || b[i] == '.':
			if digits == 0 || digits > 3 || value > 255 {
				return false
			}
			snums++
			digits, value = 0, 0
		case b[i] >= '0' && b[i] <= '9' && digits < 4:
			digits++
			value = value*10 + int(b[i]-'0')
		default:
			return false
		}
	}
	return snums == 4
}

// Classes of octets.
const (
	atext    = 1 << iota // RFC 5322 §3.2.3
	letdig               // Let-dig
	hyphen               // "-"
	dcontent             // of an address literal
	value                // of a parameter value: visible, but not "="
)

var octets = func() (t [256]uint8) {
	for c := 33; c <= 126; c++ {
		if c < '[' || c > ']' {
			t[c] |= dcontent
		}
		if c != '=' {
			t[c] |= value
		}
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			t[c] |= letdig | atext
		}
	}
	for _, c := range "!#$%&'*+-/=?^_`{|}~" {
		t[c] |= atext
	}
	t['-'] |= hyphen
	return t
}()

// isPrint says whether an octet is printable ASCII or a space.
func isPrint(c byte) bool { return c >= ' ' && c <= '~' }
