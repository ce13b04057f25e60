package dns

// Master files (RFC 1035 §5). The library reads them; a scan of our own beside
// it knows where each word stands, so that a mistake can be shown and not only
// told.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// ZoneError is a mistake in a master file.
type ZoneError struct {
	Name         string // of the file
	Line, Column int    // from 1; columns count octets
	Msg          string // what is wrong
	Want         string // what was expected, as a phrase; may be empty
}

func (e *ZoneError) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Line, e.Column, e.Msg)
	if e.Want != "" {
		s += ": expected " + e.Want
	}
	return s
}

const defaultTTL = 3600 // seconds, for a file that has no $TTL

// ParseZones reads one master file (RFC 1035 §5.1) that may hold any number of
// zones; name stands for it in errors, which are *[ZoneError]. It takes A, AAAA,
// MX, CNAME, PTR, TXT, NS and SOA records and the directives $ORIGIN and $TTL;
// $INCLUDE and $GENERATE are refused. The origin is the root until $ORIGIN says
// otherwise, and the TTL an hour until $TTL does.
//
// An SOA is optional. The top of a zone (its apex) is each name that owns an
// SOA or an NS record, and each name given with $ORIGIN that owns or encloses a
// record and has no SOA at it or above it. Only the SOA in negative answers
// depends on that.
//
// A record written twice counts once. A name with a CNAME has nothing else
// (RFC 1034 §3.6.2); CNAMEs may form a loop, because a lesson may want one.
func ParseZones(src, name string) (*Zones, error) {
	entries, err := scan(src, name)
	if err != nil {
		return nil, err
	}
	var origins []string
	var lines []entry // those with a record
	for _, e := range entries {
		switch word := strings.ToUpper(e.words[0].text); {
		case e.indented || word[0] != '$':
			lines = append(lines, e)
		case word == "$ORIGIN":
			if len(e.words) > 1 {
				origins = append(origins, e.words[1].text)
			}
		case word == "$TTL":
		case word == "$INCLUDE" || word == "$GENERATE":
			return nil, e.words[0].err(name, word+" cannot be used here", "the records themselves")
		default:
			return nil, e.words[0].err(name, word+" is not a directive", "$ORIGIN or $TTL")
		}
	}

	z := &Zones{}
	p := mdns.NewZoneParser(strings.NewReader(src+"\n"), ".", "")
	p.SetDefaultTTL(defaultTTL)
	for i := 0; ; i++ {
		x, ok := p.Next()
		if !ok {
			break
		}
		if i >= len(lines) {
			return nil, &ZoneError{Name: name, Line: 1, Column: 1, Msg: "the file cannot be read as records, one a line"}
		}
		if err := z.addParsed(x, lines[i], name); err != nil {
			return nil, err
		}
	}
	if err := p.Err(); err != nil {
		return nil, explain(err, entries, name)
	}
	z.findApexes(origins)
	return z, nil
}

// addParsed checks a record that the library has read, and adds it.
func (z *Zones) addParsed(x mdns.RR, e entry, file string) error {
	h := x.Header()
	at := e.word(Type(h.Rrtype).String(), mdns.TypeToString[h.Rrtype])
	if h.Class != classIN {
		return e.word(mdns.ClassToString[h.Class]).err(file, "the class "+mdns.ClassToString[h.Class]+" is not used here", "IN, or nothing")
	}
	t := Type(h.Rrtype)
	if _, ok := ParseType(t.String()); !ok {
		return at.err(file, "there are no "+mdns.Type(h.Rrtype).String()+" records here", "A, AAAA, MX, CNAME, PTR, TXT, NS or SOA")
	}
	if h.Ttl >= 1<<31 {
		return e.words[0].err(file, "the TTL is too large", "at most 2147483647 seconds")
	}
	buf := make([]byte, maxName+16+mdns.Len(x)*2)
	end, err := mdns.PackRR(x, buf, 0, nil, false)
	if err != nil {
		return e.words[0].err(file, "the record does not fit into a message", "labels of at most 63 octets, names and strings of at most 255")
	}
	owner, rh, err := readRR(nil, buf[:end], 0)
	if err != nil {
		return e.words[0].err(file, err.Error(), "")
	}
	if rh.data == rh.next {
		return at.err(file, "the "+t.String()+" record is empty", wants[t])
	}
	r := Record{Type: t, Name: nameText(owner), TTL: h.Ttl}
	if err := readData(&r, buf[:end], rh.data, rh.next); err != nil {
		return at.err(file, "the "+t.String()+" record cannot be used: "+err.Error(), wants[t])
	}
	if n := z.nodes[string(owner)]; n != nil {
		old := n.set(CNAME)
		switch {
		case t == CNAME && old == nil && len(n.sets) > 0, t != CNAME && old != nil:
			return at.err(file, display(r.Name)+" has a CNAME and other records", "a CNAME alone (RFC 1034 §3.6.2)")
		case t == CNAME && old != nil && nameText([]byte(old.rrs[0].names[0])) != r.Host:
			return at.err(file, display(r.Name)+" has two CNAMEs", "one (RFC 1034 §3.6.2)")
		}
	}
	z.add(string(owner), r, buf[rh.data:rh.next])
	return nil
}

// findApexes marks the tops of the zones, see ParseZones.
func (z *Zones) findApexes(origins []string) {
	mark := func(wire string) {
		if n := z.nodes[wire]; n != nil && !n.apex {
			n.apex = true
			z.apexes = append(z.apexes, nameText([]byte(wire)))
		}
	}
	for _, r := range z.records {
		if r.Type == SOA || r.Type == NS {
			if b, err := packName(nil, r.Name); err == nil {
				mark(string(b))
			}
		}
	}
	at := "."
	for _, o := range origins {
		switch {
		case o == "@":
			o = at
		case !mdns.IsFqdn(o):
			o += "." + strings.TrimPrefix(at, ".")
		}
		at = o
		b, err := packName(nil, o)
		if err != nil {
			continue
		}
		if _, s := z.soa(string(b)); s == nil {
			mark(string(b))
		}
	}
}

// wants says what the data of each type looks like.
var wants = map[Type]string{
	A:     "an IPv4 address, as in: mx A 192.0.2.20",
	AAAA:  "an IPv6 address, as in: mx AAAA 2001:db8::20",
	MX:    "a preference and a host, as in: @ MX 10 mx",
	CNAME: "one name, as in: www CNAME web",
	PTR:   "one name, as in: 10.2.0.192.in-addr.arpa. PTR mail.sender.example.",
	TXT:   `text in quotation marks, as in: @ TXT "v=spf1 mx -all"`,
	NS:    "one name, as in: @ NS ns",
	SOA:   "two names and five numbers, as in: @ SOA ns hostmaster 1 7200 3600 1209600 3600",
}

// explain turns the library's error into ours: at the word's first octet, and
// with what was expected there.
func explain(err error, entries []entry, file string) error {
	out := &ZoneError{Name: file, Line: 1, Column: 1, Msg: err.Error()}
	var pe *mdns.ParseError
	if !errors.As(err, &pe) {
		return out
	}
	text := strings.TrimPrefix(pe.Error(), "dns: ")
	i := strings.LastIndex(text, " at line: ")
	if i < 0 {
		return out
	}
	text, where := text[:i], text[i+len(" at line: "):]
	fmt.Sscanf(where, "%d:%d", &out.Line, &out.Column)
	out.Column = max(out.Column, 1)
	token := ""
	if j := strings.Index(text, `: "`); j >= 0 {
		token, _ = strconv.Unquote(text[j+2:])
		text = text[:j]
	}
	if strings.TrimSpace(token) != "" {
		out.Msg = strconv.QuoteToASCII(token) + " cannot be used: " + text
	} else {
		out.Msg = text
	}
	e, w, ok := locate(entries, out.Line, out.Column, token)
	if !ok {
		return out
	}
	out.Line, out.Column = w.line, w.column
	for _, word := range e.words[min(1, len(e.words)):] {
		if t, ok := ParseType(word.text); ok && !word.quoted {
			out.Want = wants[t]
			return out
		}
	}
	switch strings.ToUpper(e.words[0].text) {
	case "$TTL":
		out.Want = "seconds, as in: $TTL 3600"
	case "$ORIGIN":
		out.Want = "a name, as in: $ORIGIN receiver.example."
	default:
		out.Want = "a name, a type and its data, as in: mx A 192.0.2.20"
	}
	return out
}

// locate finds the word an error is about. The library gives the place where
// it noticed, which is behind the word, sometimes on the next line.
func locate(entries []entry, line, column int, token string) (e entry, w word, ok bool) {
	for _, x := range entries {
		if x.words[0].line > line {
			break
		}
		e, ok = x, true
	}
	if !ok {
		return e, w, false
	}
	w = e.words[0]
	exact := false
	for _, x := range e.words {
		if x.line > line || x.line == line && x.column > column {
			break
		}
		if same := x.text == token; same || !exact {
			w, exact = x, exact || same
		}
	}
	return e, w, true
}

// word is a word of a master file and where it begins.
type word struct {
	text         string
	line, column int
	quoted       bool
}

func (w word) err(file, msg, want string) error {
	return &ZoneError{Name: file, Line: w.line, Column: w.column, Msg: msg, Want: want}
}

// entry is a logical line with at least one word.
type entry struct {
	words    []word
	indented bool // begins with white space: same owner as before
}

// word finds the first word, the first of the line's last, that is one of texts.
func (e entry) word(texts ...string) word {
	from := 1
	if e.indented || len(e.words) == 1 {
		from = 0
	}
	for _, w := range e.words[from:] {
		if !w.quoted && slices.ContainsFunc(texts, func(t string) bool { return strings.EqualFold(t, w.text) }) {
			return w
		}
	}
	return e.words[0]
}

// scan splits a master file into entries: comments go, parentheses join lines,
// quotation marks hold words together.
func scan(src, name string) ([]entry, error) {
	var entries []entry
	var e entry
	var open []word // parentheses not yet closed
	line, start := 1, 0
	fresh := true // nothing of this entry was seen yet
	end := func() {
		if len(e.words) > 0 {
			entries = append(entries, e)
		}
		e, fresh = entry{}, true
	}
	for i := 0; i < len(src); {
		at := word{line: line, column: i - start + 1}
		switch c := src[i]; c {
		case '\n':
			i++
			line, start = line+1, i
			if len(open) == 0 {
				end()
			}
		case ' ', '\t', '\r':
			if fresh && c != '\r' {
				e.indented = true
			}
			fresh = false
			i++
		case ';':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case '(':
			at.text = "("
			open = append(open, at)
			fresh = false
			i++
		case ')':
			if len(open) == 0 {
				return nil, at.err(name, "this parenthesis closes nothing", "( before it")
			}
			open = open[:len(open)-1]
			fresh = false
			i++
		case '"':
			at.quoted = true
			j := i + 1
			for j < len(src) && src[j] != '"' && src[j] != '\n' {
				if src[j] == '\\' && j+1 < len(src) {
					j++
				}
				j++
			}
			if j >= len(src) || src[j] != '"' {
				return nil, at.err(name, "this quotation mark is not closed", `another " on the same line`)
			}
			at.text = src[i+1 : j]
			e.words = append(e.words, at)
			fresh = false
			i = j + 1
		default:
			j := i
			for j < len(src) && !strings.ContainsRune(" \t\r\n;()\"", rune(src[j])) {
				if src[j] == '\\' && j+1 < len(src) && src[j+1] != '\n' {
					j++
				}
				j++
			}
			at.text = src[i:j]
			e.words = append(e.words, at)
			fresh = false
			i = j
		}
	}
	if len(open) > 0 {
		return nil, open[0].err(name, "this parenthesis is not closed", ")")
	}
	end()
	return entries, nil
}
