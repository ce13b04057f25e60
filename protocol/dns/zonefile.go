package dns

// Master files (RFC 1035 §5). The library reads them; a scan of our own beside
// it knows where each word stands, so that a mistake can be shown and not only
// told.

import (
	"errors"
	"fmt"
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

// Error says where the mistake is, and what was expected.
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
	for i := range entries {
		e := &entries[i]
		switch word := strings.ToUpper(e.words[0].text); {
		case e.indented || !strings.HasPrefix(word, "$"):
			if err := e.check(name); err != nil {
				return nil, err
			}
			lines = append(lines, *e)
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
	t, at := Type(h.Rrtype), e.words[e.typeAt]
	if h.Name == "" {
		return e.words[0].err(file, "the first record has no name before it", "a name, or @ for the origin, at the start of the line")
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
	token = strings.TrimSpace(token)
	e, w, ok := locate(entries, out.Line, out.Column, token)
	if !ok {
		return out
	}
	out.Line, out.Column = w.line, w.column
	if token == "" {
		out.Msg = "the line ends too early"
	} else {
		out.Msg = strconv.QuoteToASCII(token) + " cannot be used here"
	}
	if strings.HasPrefix(text, "bad owner name") || strings.HasPrefix(text, "bad origin name") {
		out.Msg, out.Want = strconv.QuoteToASCII(token)+" is not a name", "labels of 1 to 63 octets with single dots between them"
		return out
	}
	switch first := strings.ToUpper(e.words[0].text); {
	case first == "$TTL" && !e.indented:
		out.Want = "seconds, as in: $TTL 3600"
	case first == "$ORIGIN" && !e.indented:
		out.Want = "a name, as in: $ORIGIN receiver.example."
	default:
		t, _ := ParseType(e.words[e.typeAt].text)
		out.Want = wants[t]
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
