// Package message is the letter itself: its header fields with where each octet
// came from, what a file from a person's disk must become before it can travel,
// the trace fields that servers add, and the notice that a letter could not be
// delivered.
//
// A letter is octets whose lines end in CRLF, header section, empty line and
// body, as it stands between DATA and the lone dot with the added dots removed.
package message

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits of a line, without its CRLF (RFC 5322 §2.1.1).
const (
	MaxLine      = 998 // must not be longer
	AdvisedLine  = 78  // should not be longer
	maxDefects   = 100 // Split tells no more than this
	crlf         = "\r\n"
	headerIndent = " \t"
)

// Field is where a header field stands in a letter (RFC 5322 §2.2). Offsets
// count octets.
type Field struct {
	Name               string // as written; names are compared without case
	NameStart, NameEnd int    // the name, without white space behind it
	ValueStart         int    // the octet behind the colon
	ValueEnd           int    // the end of the field, its last line end included
}

// Value is the field's value, unfolded.
func (f Field) Value(letter []byte) string { return Unfold(letter[f.ValueStart:f.ValueEnd]) }

// Defect is a place where a header section is not what RFC 5322 §2.2 asks for.
type Defect struct {
	Pos  int    // octet
	Line int    // from 1
	Msg  string // plain words
}

// Split finds the header fields of a letter and where its body begins; body is
// len(letter) if there is none. It takes anything: what it had to guess is told
// in defects (100 at most). A lone LF counts as a line end. A line that is no
// field ends the header section, and the body begins with it.
func Split(letter []byte) (fields []Field, body int, defects []Defect) {
	pos, number := 0, 0
	tell := func(at int, format string, args ...any) {
		if len(defects) < maxDefects {
			defects = append(defects, Defect{at, number, fmt.Sprintf(format, args...)})
		}
	}
	for pos < len(letter) {
		number++
		next, end := lineAt(letter, pos)
		line := letter[pos:end]
		switch {
		case next == end:
			tell(end, "the last line has no CRLF")
		case next == end+1:
			tell(end, "the line ends in a lone LF, not in CRLF")
		}
		if len(line) == 0 {
			return fields, next, defects
		}
		checkLine(line, pos, tell)
		colon := bytes.IndexByte(line, ':')
		name := line
		if colon >= 0 {
			name = bytes.TrimRight(line[:colon], headerIndent)
		}
		bad := badName(name)
		switch {
		case strings.IndexByte(headerIndent, line[0]) >= 0 && len(fields) > 0:
			if len(bytes.Trim(line, headerIndent)) == 0 {
				tell(pos, "the line has nothing but white space, as a fold must not (RFC 5322 §3.2.2)")
			}
			fields[len(fields)-1].ValueEnd = next
		case number == 1 && bytes.HasPrefix(line, []byte("From ")) && (colon < 0 || bad >= 0):
			tell(pos, "the line is a mailbox file's own mark, not a header field")
		case colon < 0:
			tell(pos, "the line is no header field: expected a name and a colon, or an empty line before the body")
			return fields, pos, defects
		case bad >= 0:
			tell(pos+bad, "the line is no header field: expected a name of printable characters before the colon")
			return fields, pos, defects
		default:
			if len(name) < colon {
				tell(pos+len(name), "white space stands before the colon")
			}
			fields = append(fields, Field{
				Name:       string(name),
				NameStart:  pos,
				NameEnd:    pos + len(name),
				ValueStart: pos + colon + 1,
				ValueEnd:   next,
			})
		}
		pos = next
	}
	if len(letter) > 0 {
		tell(len(letter), "the letter ends with its header: the empty line before the body is missing")
	}
	return fields, len(letter), defects
}

// checkLine tells what a header line must not hold.
func checkLine(line []byte, pos int, tell func(int, string, ...any)) {
	if len(line) > MaxLine {
		tell(pos+MaxLine, "the line has %d octets, at most %d are allowed (RFC 5322 §2.1.1)", len(line), MaxLine)
	}
	for i, c := range line {
		switch {
		case c == '\r':
			tell(pos+i, "a CR stands alone")
		case c == 0:
			tell(pos+i, "a NUL octet stands in the header")
		case c >= 0x80:
			tell(pos+i, "an 8-bit octet stands in the header: expected ASCII, or SMTPUTF8 (RFC 6532 §3)")
			return
		}
	}
}

// badName is the first octet that a field name must not have, -1 if there is
// none, 0 for an empty name (RFC 5322 §3.6.8).
func badName(name []byte) int {
	if len(name) == 0 {
		return 0
	}
	for i, c := range name {
		if c < 33 || c > 126 || c == ':' {
			return i
		}
	}
	return -1
}

// lineAt is the line at pos: letter[pos:end], the next one at next. A line ends
// in CRLF or a lone LF.
func lineAt(letter []byte, pos int) (next, end int) {
	i := bytes.IndexByte(letter[pos:], '\n')
	if i < 0 {
		return len(letter), len(letter)
	}
	end = pos + i
	next = end + 1
	if end > pos && letter[end-1] == '\r' {
		end--
	}
	return next, end
}

// Find gives the first field of that name, in any case.
func Find(fields []Field, name string) (Field, bool) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return Field{}, false
}

// Unfold joins the lines of a field's value: each line end goes, the white
// space behind it stays (RFC 5322 §2.2.3). White space around the value goes,
// too.
func Unfold(value []byte) string {
	value = bytes.Trim(value, " \t\r\n")
	if bytes.IndexByte(value, '\n') < 0 {
		return string(value)
	}
	out := make([]byte, 0, len(value))
	for pos := 0; pos < len(value); {
		next, end := lineAt(value, pos)
		out = append(out, value[pos:end]...)
		pos = next
	}
	return string(out)
}
