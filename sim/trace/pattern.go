package trace

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"helo/protocol/smtp"
)

// Pattern says which events are meant, in words (see [ParsePattern]).
type Pattern struct {
	Host, Peer string // short names; Peer only from `host>host`
	Kind       Kind   // NoKind: any
	Verb       smtp.Verb
	Code       CodePattern
	State      string // of the session afterwards
	From, To   string // mailboxes of the envelope line
	Conn       uint32
	Attempt    uint32
	Letter     uint32
	Count      Range // which of the matches, counted from 1
	Line       *regexp.Regexp
	words      []Word
}

// Range is a span of ordinals from 1: "2" is the second, "2-3" the second and
// third, "2-" all from the second on. The zero value is all of them.
type Range struct{ First, Last uint32 }

// Has says whether the n-th is in the range.
func (r Range) Has(n uint32) bool {
	return r.First == 0 || n >= r.First && (r.Last == 0 || n <= r.Last)
}

// ParseRange reads "2", "2-3" or "2-".
func ParseRange(s string) (Range, bool) {
	first, last, span := strings.Cut(s, "-")
	a, err := strconv.ParseUint(first, 10, 32)
	if err != nil || a == 0 {
		return Range{}, false
	}
	r := Range{First: uint32(a), Last: uint32(a)}
	switch {
	case span && last == "":
		r.Last = 0
	case span:
		b, err := strconv.ParseUint(last, 10, 32)
		if err != nil || b < a {
			return Range{}, false
		}
		r.Last = uint32(b)
	}
	return r, true
}

// CodePattern is a reply code of which the last digits may be open: "250",
// "25z", "4yz". The zero value matches every code.
type CodePattern struct{ Low, High uint16 }

// Has says whether the code matches.
func (c CodePattern) Has(code uint16) bool {
	return c.High == 0 || code >= c.Low && code <= c.High
}

// ParseCode reads "250", "25z" or "5yz".
func ParseCode(s string) (CodePattern, bool) {
	if len(s) != 3 || s[0] < '2' || s[0] > '5' {
		return CodePattern{}, false
	}
	low, err1 := strconv.ParseUint(strings.NewReplacer("y", "0", "z", "0").Replace(s), 10, 16)
	high, err2 := strconv.ParseUint(strings.NewReplacer("y", "9", "z", "9").Replace(s), 10, 16)
	return CodePattern{uint16(low), uint16(high)}, err1 == nil && err2 == nil
}

const patternWords = "a host, host>host, a kind of event such as reply or stored, or at= code= state= from= to= n= conn= attempt= letter= line="

// ParsePattern reads a pattern such as
//
//	msa>mx at=MAIL
//	mx>msa reply code=4yz n=2
//	mx state="transaction open" from=alice@sender.example
//	stored
//
// A host is who did it, or who said it. Errors are of type [*WordError].
func ParsePattern(s string) (*Pattern, error) {
	words, err := ParseWords(s)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, wordErr(1, "expected %s", patternWords)
	}
	return NewPattern(words)
}

// NewPattern makes a pattern of words already read.
func NewPattern(words []Word) (*Pattern, error) {
	p := &Pattern{words: words}
	for _, w := range words {
		if w.Op == Bare {
			if k, ok := ParseKind(w.Key); ok {
				p.Kind = k
				continue
			}
			host, peer, both := strings.Cut(w.Key, ">")
			if p.Host != "" || !validID(host) || both && !validID(peer) {
				return nil, wordErr(w.Column, "unknown word %q; expected %s", w.Key, patternWords)
			}
			p.Host, p.Peer = host, peer
			continue
		}
		if err := p.condition(w); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// condition adds one key=value word.
func (p *Pattern) condition(w Word) error {
	if w.Op == Looks && w.Key != "line" {
		return wordErr(w.Column, "expected %s=; only line can be compared with ~", w.Key)
	}
	ok := true
	expected := ""
	switch w.Key {
	case "at":
		p.Verb, ok = smtp.ParseVerb(w.Value)
		expected = "a command such as MAIL, or connect, or dot"
	case "code":
		p.Code, ok = ParseCode(w.Value)
		expected = "a reply code such as 250, 25z or 5yz"
	case "state":
		ok = smtp.IsState(w.Value)
		p.State, expected = w.Value, "a state of a session, such as "+strings.Join(smtp.StateWords(), ", ")
	case "from":
		p.From = w.Value
	case "to":
		p.To = w.Value
	case "n":
		p.Count, ok = ParseRange(w.Value)
		expected = "an ordinal such as 2, 2-3 or 2-"
	case "conn":
		p.Conn, ok = ordinal(w.Value)
		expected = "the number of a connection, from 1"
	case "attempt":
		p.Attempt, ok = ordinal(w.Value)
		expected = "the number of an attempt, from 1"
	case "letter":
		p.Letter, ok = ordinal(w.Value)
		expected = "the number of a letter, from 1"
	case "line":
		expr := w.Value
		if w.Op == Is {
			expr = "^" + regexp.QuoteMeta(expr) + "$"
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return wordErr(w.ValueColumn, "expected a regular expression: %v", err)
		}
		p.Line = re
	default:
		return wordErr(w.Column, "unknown word %q; expected %s", w.Key, patternWords)
	}
	if !ok {
		return wordErr(w.ValueColumn, "%s=%s: expected %s", w.Key, w.Value, expected)
	}
	return nil
}

func ordinal(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n > 0
}

func validID(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return s != ""
}

// String spells the pattern as it was read.
func (p *Pattern) String() string { return JoinWords(p.words) }

// CheckHosts returns an error with its column if the pattern names a host that
// is not among t's.
func (p *Pattern) CheckHosts(t *Trace) error {
	for _, id := range [...]string{p.Host, p.Peer} {
		if id == "" {
			continue
		}
		if _, ok := t.HostID(id); !ok {
			return wordErr(p.hostColumn(), "no host %q here; the hosts are %s", id, t.hostList())
		}
	}
	return nil
}

func (p *Pattern) hostColumn() int {
	for _, w := range p.words {
		if _, kind := ParseKind(w.Key); w.Op == Bare && !kind {
			return w.Column
		}
	}
	return 1
}

func (t *Trace) hostList() string {
	var ids []string
	for _, h := range t.Hosts[1:] {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, ", ")
}

// Match says whether the event at pos is one that the pattern means, its
// ordinal (n=) left aside.
func (p *Pattern) Match(t *Trace, pos Pos) bool {
	e := t.At(pos)
	switch {
	case p.Kind != NoKind && e.Kind != p.Kind,
		p.Host != "" && t.Host(e.Host).ID != p.Host,
		p.Peer != "" && t.Host(e.Peer).ID != p.Peer,
		p.Verb != smtp.None && e.Verb != p.Verb,
		!p.Code.Has(e.Code),
		p.State != "" && e.To.String() != p.State,
		p.Conn != 0 && uint32(e.Conn) != p.Conn,
		p.Attempt != 0 && (e.Kind != Attempt || e.Arg != p.Attempt),
		p.Letter != 0 && uint32(e.Letter) != p.Letter:
		return false
	}
	if p.Code.High != 0 && e.Kind.Layer() == Wire { // there Code is a port
		return false
	}
	octets := t.Octets(e.Octets)
	if p.Line != nil && !p.Line.Match(bytes.TrimRight(octets, "\r\n")) {
		return false
	}
	return (p.From == "" || hasPath(e, octets, smtp.MAIL, p.From)) &&
		(p.To == "" || hasPath(e, octets, smtp.RCPT, p.To))
}

// hasPath says whether an event is about an envelope line with that mailbox,
// or about a recipient.
func hasPath(e *Event, octets []byte, verb smtp.Verb, mailbox string) bool {
	switch e.Kind {
	case Command, Decided, Typed:
		cmd := smtp.ParseCommandUTF8(octets)
		return cmd.Verb == verb && cmd.Err == nil && sameMailbox(cmd.Path.Mailbox(), strings.Trim(mailbox, "<>"))
	case Accepted, Relayed, Queued, Kept, Stored, Returned, Parked:
		return verb == smtp.RCPT && sameMailbox(string(octets), mailbox)
	}
	return false
}

// sameMailbox compares as a host must that is not the mailbox's own: domains
// without regard to case, local-parts exactly (RFC 5321 §2.4).
func sameMailbox(a, b string) bool {
	i, j := strings.LastIndexByte(a, '@'), strings.LastIndexByte(b, '@')
	return i >= 0 && j >= 0 && a[:i] == b[:j] && smtp.EqualFold(a[i:], b[j:]) || a == b
}

// Find returns the first event from position from on that the pattern means,
// or the n-th if it says n=, among those before end.
func (p *Pattern) Find(t *Trace, from, end Pos) (Pos, bool) {
	var seen uint32
	for pos := from; pos < end; pos++ {
		if !p.Match(t, pos) {
			continue
		}
		if seen++; p.Count.Has(seen) {
			return pos, true
		}
	}
	return NoPos, false
}
