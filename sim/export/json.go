// Package export writes views of a trace that leave the program: a transcript
// for people ([Text]) and one event a line for programs ([JSON]).
package export

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"

	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// Schema is the version of what [JSON] writes. It changes when a field changes
// its meaning or goes; new fields and new kinds of events may come without.
const Schema = 1

// Field is one field of a line that [JSON] writes.
type Field struct {
	Name string
	On   string // the kinds of events that have it; empty: any
	Doc  string
}

// Fields are the fields of [JSON], in the order in which they stand on a line.
// A field that does not count is left out.
var Fields = []Field{
	{"schema", "", "the version of these fields, 1"},
	{"kind", "", "what happened, in a word; run on the first line, which is no event"},

	{"scenario", "run", "the scenario's name"},
	{"seed", "run", "what chance was drawn from"},
	{"start", "run", "the date and time at at_ns 0, in UTC (RFC 3339)"},
	{"hosts", "run", "a list of the hosts, each with id, and name, title and role if it has them"},

	{"layer", "", "wire (connections and octets), line (a command, reply, letter or DNS message found in them) or deed (what a host or a person did)"},
	{"pos", "", "the position of the event in the run, from 0"},
	{"at_ns", "", "nanoseconds since the start, in virtual time"},
	{"host", "", "the id of the host that did it; of a line, who said it; world for the network itself"},
	{"peer", "", "the other side; of a line, who heard it"},
	{"cause", "", "the position of the event without which this one would not be now"},
	{"conn", "", "the number of the connection, from 1"},
	{"letter", "", "the number of the copy of a letter, from 1; each host that takes a letter has a copy of its own"},
	{"port", "connect listening", "the port that is dialled, or listened at"},
	{"service", "listening", "the port that it stands for: 25 for mail to its mailboxes, 587 or 465 for its users' (RFC 8314 §3)"},
	{"code", "", "the reply code, of a reply or decision, or as the reason for what follows"},
	{"verb", "", "the command, or the command that is answered; connect and dot are the two moments besides"},
	{"from", "", "the state of the session before: of the host, for a line of the peer"},
	{"to", "", "the state of the session afterwards"},
	{"offset", "sent arrived lost", "where the octets stand in the stream of this direction"},
	{"lines", "letter", "how many lines the letter has"},
	{"attempt", "attempt", "which attempt it is, from 1"},
	{"wait_s", "queued", "seconds until the next attempt"},
	{"notice", "returned reported", "the number of the letter that tells the sender"},
	{"times", "fired", "how often the fault has fired"},
	{"recipients", "written custody", "how many recipients the letter has there"},
	{"octets", "digest record discarded", "how many octets the letter has, text or base64 are its SHA-256; how many of TLS left; how many were thrown away"},
	{"first", "dropped", "the position of the first event that is left"},
	{"flags", "", "a list of by_hand (a person did it), faulty (a fault made it so), implicit (no MX record, the domain's own address), notice (about a failure notice), expired (given up because its time was over), cut (not all of the octets are kept), inside (it travelled inside TLS, or was done there)"},
	{"text", "", "the octets, if all are printable ASCII, tab, CR or LF; of what a login says, stars, unless the secrets are asked for"},
	{"base64", "", "the octets otherwise, in base64 (RFC 4648 §4)"},
}

// argNames says what Arg is called; only in these kinds it counts.
var argNames = [1 << 8]string{
	trace.Sent: "offset", trace.Arrived: "offset", trace.Lost: "offset",
	trace.Letter: "lines", trace.Attempt: "attempt", trace.Queued: "wait_s",
	trace.Returned: "notice", trace.Fired: "times",
	trace.Written: "recipients", trace.Custody: "recipients",
	trace.Digest: "octets", trace.Reported: "notice", trace.Dropped: "first",
	trace.Record: "octets", trace.Discarded: "octets", trace.Listening: "service",
}

var flagNames = []struct {
	flag trace.Flags
	name string
}{
	{trace.ByHand, "by_hand"}, {trace.Faulty, "faulty"}, {trace.Implicit, "implicit"},
	{trace.Notice, "notice"}, {trace.Expired, "expired"}, {trace.Cut, "cut"}, {trace.Inside, "inside"},
}

const flushAt = 64 << 10

// JSON writes a trace as JSON, one line each: first the run, then its events
// (see [Fields]). The same trace always gives the same octets, all of them
// ASCII. Errors are those of w.
func JSON(w io.Writer, t *trace.Trace, o JSONOptions) error {
	s := NewJSONStream(w, t)
	if o.Secrets {
		s.eyes = explain.Ends
	}
	return s.Update()
}

// JSONOptions say what is written.
type JSONOptions struct {
	Secrets bool // passwords and the like as they are, as far as the trace has them, and not as stars
}

// JSONStream writes a trace that is still growing, as [JSON] does.
type JSONStream struct {
	w    io.Writer
	t    *trace.Trace
	next trace.Pos
	b    []byte
	run  bool // the first line is written
	eyes explain.Eyes

	last       trace.Span // of the octets written last,
	start, end int        // and where in b they are

	at     time.Duration // of the event written last,
	atText []byte        // as its line says it
	hosts  [][2][]byte   // what a line says of each host: that it did it, that it is the peer

	pos, before counter // the position, and the one before, which is the cause of most events
}

// counter is a number with its digits.
type counter struct {
	n      trace.Pos
	digits []byte
}

// next is the digits of n, which is most often one more than the last one.
func (c *counter) next(n trace.Pos) []byte {
	last := len(c.digits) - 1
	if n == c.n+1 && last >= 0 && c.digits[last] < '9' {
		c.digits[last]++
	} else {
		c.digits = strconv.AppendUint(c.digits[:0], uint64(n), 10)
	}
	c.n = n
	return c.digits
}

// NewJSONStream returns a stream that has written nothing yet.
func NewJSONStream(w io.Writer, t *trace.Trace) *JSONStream {
	s := &JSONStream{w: w, t: t, b: make([]byte, 0, flushAt+4096), at: -1}
	for _, h := range t.Hosts {
		s.hosts = append(s.hosts, [2][]byte{
			appendString([]byte(`,"host":`), h.ID), appendString([]byte(`,"peer":`), h.ID),
		})
	}
	return s
}

// Update writes what the trace has gained since the last call. Events that
// were given up meanwhile are left out. Errors are those of the writer.
func (s *JSONStream) Update() error {
	if !s.run {
		s.run = true
		s.b = appendRun(s.b, s.t)
	}
	end := s.t.End()
	for s.next = max(s.next, s.t.First()); s.next < end; s.next++ {
		s.event()
		if len(s.b) >= flushAt {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

func (s *JSONStream) flush() error {
	_, err := s.w.Write(s.b)
	s.last = trace.Span{}
	if s.b = s.b[:0]; err != nil {
		return fmt.Errorf("failed to write the events: %w", err)
	}
	return nil
}

func appendRun(b []byte, t *trace.Trace) []byte {
	b = appendText(b, `{"schema":`, strconv.Itoa(Schema), `,"kind":"run","scenario":`)
	b = appendString(b, t.Scenario)
	b = strconv.AppendUint(append(b, `,"seed":`...), t.Seed, 10)
	b = t.Start.UTC().AppendFormat(append(b, `,"start":"`...), time.RFC3339Nano)
	b = append(b, `","hosts":[`...)
	for i, h := range t.Hosts[min(1, len(t.Hosts)):] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"id":`...), h.ID)
		for _, f := range [...]struct{ name, value string }{{"name", h.Name}, {"title", h.Title}, {"role", h.Role}} {
			if f.value != "" {
				b = appendString(appendText(b, `,"`, f.name, `":`), f.value)
			}
		}
		b = append(b, '}')
	}
	return append(b, "]}\n"...)
}

// starts are how a line of each kind of event begins.
var starts = func() (out [1 << 8]string) {
	for k := range out {
		kind := trace.Kind(k)
		out[k] = fmt.Sprintf(`{"schema":%d,"kind":"%s","layer":"%s","pos":`, Schema, kind, kind.Layer())
	}
	return out
}()

// event writes one event as a line. It is written for speed: a server under
// load writes hundreds of thousands a second.
func (s *JSONStream) event() {
	b, t, pos := s.b, s.t, s.next
	e := t.At(pos)
	b = append(append(b, starts[e.Kind]...), s.pos.next(pos)...)
	if e.At != s.at {
		s.at = e.At
		s.atText = strconv.AppendUint(append(s.atText[:0], `,"at_ns":`...), uint64(e.At), 10)
	}
	b = append(append(b, s.atText...), s.host(e.Host)[0]...)
	if e.Peer != 0 {
		b = append(b, s.host(e.Peer)[1]...)
	}
	switch {
	case e.Cause == trace.NoPos:
	case e.Cause+1 == pos:
		b = append(append(b, `,"cause":`...), s.before.next(e.Cause)...)
	default:
		b = strconv.AppendUint(append(b, `,"cause":`...), uint64(e.Cause), 10)
	}
	if e.Conn != 0 {
		b = strconv.AppendUint(append(b, `,"conn":`...), uint64(e.Conn), 10)
	}
	if e.Letter != 0 {
		b = strconv.AppendUint(append(b, `,"letter":`...), uint64(e.Letter), 10)
	}
	switch {
	case e.Kind == trace.Connect || e.Kind == trace.Listening:
		b = strconv.AppendUint(append(b, `,"port":`...), uint64(e.Code), 10)
	case e.Code != 0:
		b = strconv.AppendUint(append(b, `,"code":`...), uint64(e.Code), 10)
	}
	if e.Verb != smtp.None {
		b = append(append(append(b, `,"verb":"`...), e.Verb.String()...), '"')
	}
	if e.From != smtp.StateNone || e.To != smtp.StateNone {
		b = append(append(append(b, `,"from":"`...), e.From.String()...), '"')
		b = append(append(append(b, `,"to":"`...), e.To.String()...), '"')
	}
	if name := argNames[e.Kind]; name != "" {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = strconv.AppendUint(b, uint64(e.Arg), 10)
	}
	if e.Flags != 0 {
		b = append(b, `,"flags":[`...)
		for _, f := range flagNames {
			if e.Flags&f.flag == 0 {
				continue
			}
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = appendText(b, `"`, f.name, `"`)
		}
		b = append(b, ']')
	}
	switch octets := s.eyes.Octets(t, e.Octets); {
	case len(octets) == 0:
	case e.Octets == s.last: // a line is the octets it arrived in, most often
		b = append(b, b[s.start:s.end]...)
	default:
		s.last, s.start = e.Octets, len(b)
		b = appendOctets(b, octets)
		s.end = len(b)
	}
	s.b = append(b, "}\n"...)
}

// host is what lines say of a host; of one that is not known, of the world.
func (s *JSONStream) host(id trace.HostID) *[2][]byte {
	if int(id) >= len(s.hosts) {
		id = 0
	}
	return &s.hosts[id]
}

// appendOctets writes octets as text if they are, and as base64 otherwise.
func appendOctets(b, octets []byte) []byte {
	start, all := len(b), octets
	b = append(b, `,"text":"`...)
	for len(octets) > 0 {
		n := plainLength(octets)
		b = append(b, octets[:n]...)
		if octets = octets[n:]; len(octets) == 0 {
			break
		}
		switch c := octets[0]; c {
		case '\r':
			b = append(b, `\r`...)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			return appendBase64(b[:start], all)
		}
		octets = octets[1:]
	}
	return append(b, '"')
}

// plainLength is how many octets at the start of p stand for themselves in a
// JSON string: printable ASCII but for quote and backslash. It looks at eight
// at a time.
func plainLength(p []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(p); n += 8 {
		x := binary.LittleEndian.Uint64(p[n:])
		quote, slash, del := x^(ones*'"'), x^(ones*'\\'), x^(ones*0x7f)
		// An octet's high bit is set where it is under a space, one of the
		// three, or not ASCII. A borrow may set one too many: the loop below
		// looks again.
		if ((x-ones*' ')|(quote-ones)|(slash-ones)|(del-ones)|x)&highs != 0 {
			break
		}
	}
	for ; n < len(p); n++ {
		if c := p[n]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return n
		}
	}
	return n
}

func appendBase64(b, octets []byte) []byte {
	b = base64.StdEncoding.AppendEncode(append(b, `,"base64":"`...), octets)
	return append(b, '"')
}

// appendString writes a JSON string of ASCII characters (RFC 8259 §7).
func appendString(b []byte, s string) []byte {
	if len(s) < 64 && plainLength([]byte(s)) == len(s) { // the conversion stays on the stack
		return append(append(append(b, '"'), s...), '"')
	}
	const hex = "0123456789abcdef"
	unit := func(u uint16) {
		b = append(b, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	b = append(b, '"')
	for _, r := range s { // bad UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			unit(uint16(high))
			unit(uint16(low))
		default:
			unit(uint16(r))
		}
	}
	return append(b, '"')
}

func appendText(b []byte, parts ...string) []byte {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
