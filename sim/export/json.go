// Package export writes views of a trace that leave the program: a transcript
// for people ([Text]) and one event a line for programs ([JSON]).
package export

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"

	"helo/protocol/smtp"
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
	{"port", "connect", "the port that is dialled"},
	{"code", "", "the reply code, of a reply or decision, or as the reason for what follows"},
	{"verb", "", "the command, or the command that is answered; connect and dot are the two moments besides"},
	{"from", "", "the state of the session before: of the host, for a line of the peer"},
	{"to", "", "the state of the session afterwards"},
	{"offset", "sent arrived lost", "where the octets stand in the stream of this direction"},
	{"lines", "letter", "how many lines the letter has"},
	{"attempt", "attempt", "which attempt it is, from 1"},
	{"wait_s", "queued", "seconds until the next attempt"},
	{"notice", "returned", "the number of the letter that tells the sender"},
	{"times", "fired", "how often the fault has fired"},
	{"recipients", "written custody", "how many recipients the letter has there"},
	{"flags", "", "a list of by_hand (a person did it), faulty (a fault made it so), implicit (no MX record, the domain's own address), notice (about a failure notice), expired (given up because its time was over)"},
	{"text", "", "the octets, if all are printable ASCII, tab, CR or LF"},
	{"base64", "", "the octets otherwise, in base64 (RFC 4648 §4)"},
}

// argNames says what Arg is called; only in these kinds it counts.
var argNames = map[trace.Kind]string{
	trace.Sent: "offset", trace.Arrived: "offset", trace.Lost: "offset",
	trace.Letter: "lines", trace.Attempt: "attempt", trace.Queued: "wait_s",
	trace.Returned: "notice", trace.Fired: "times",
	trace.Written: "recipients", trace.Custody: "recipients",
}

var flagNames = []struct {
	flag trace.Flags
	name string
}{
	{trace.ByHand, "by_hand"}, {trace.Faulty, "faulty"}, {trace.Implicit, "implicit"},
	{trace.Notice, "notice"}, {trace.Expired, "expired"},
}

const flushAt = 64 << 10

// JSON writes a trace as JSON, one line each: first the run, then its events
// (see [Fields]). The same trace always gives the same octets, all of them
// ASCII. Errors are those of w.
func JSON(w io.Writer, t *trace.Trace) error {
	b := appendRun(make([]byte, 0, flushAt+4096), t)
	for pos, end := trace.Pos(0), t.End(); pos < end; pos++ {
		b = appendEvent(b, t, pos)
		if len(b) >= flushAt {
			if _, err := w.Write(b); err != nil {
				return fmt.Errorf("failed to write the events: %w", err)
			}
			b = b[:0]
		}
	}
	if _, err := w.Write(b); err != nil {
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

func appendEvent(b []byte, t *trace.Trace, pos trace.Pos) []byte {
	e := t.At(pos)
	number := func(name string, n uint64) {
		b = strconv.AppendUint(appendText(b, `,"`, name, `":`), n, 10)
	}
	word := func(name, s string) { b = appendText(b, `,"`, name, `":"`, s, `"`) }

	b = appendText(b, `{"schema":`, strconv.Itoa(Schema))
	word("kind", e.Kind.String())
	word("layer", e.Kind.Layer().String())
	number("pos", uint64(pos))
	number("at_ns", uint64(e.At))
	b = appendString(append(b, `,"host":`...), t.Host(e.Host).ID)
	if e.Peer != 0 {
		b = appendString(append(b, `,"peer":`...), t.Host(e.Peer).ID)
	}
	if e.Cause != trace.NoPos {
		number("cause", uint64(e.Cause))
	}
	if e.Conn != 0 {
		number("conn", uint64(e.Conn))
	}
	if e.Letter != 0 {
		number("letter", uint64(e.Letter))
	}
	switch {
	case e.Kind == trace.Connect:
		number("port", uint64(e.Code))
	case e.Code != 0:
		number("code", uint64(e.Code))
	}
	if e.Verb != smtp.None {
		word("verb", e.Verb.String())
	}
	if e.From != smtp.StateNone || e.To != smtp.StateNone {
		word("from", e.From.String())
		word("to", e.To.String())
	}
	if name, ok := argNames[e.Kind]; ok {
		number(name, uint64(e.Arg))
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
	if octets := t.Octets(e.Octets); len(octets) > 0 {
		b = appendOctets(b, octets)
	}
	return append(b, "}\n"...)
}

// appendOctets writes octets as text if they are, and as base64 otherwise.
func appendOctets(b, octets []byte) []byte {
	if !slices.ContainsFunc(octets, func(c byte) bool {
		return (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t'
	}) {
		return appendString(append(b, `,"text":`...), string(octets))
	}
	b = base64.StdEncoding.AppendEncode(append(b, `,"base64":"`...), octets)
	return append(b, '"')
}

// appendString writes a JSON string of ASCII characters (RFC 8259 §7).
func appendString(b []byte, s string) []byte {
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
