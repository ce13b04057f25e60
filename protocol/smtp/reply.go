package smtp

// Replies as values: how they are written, read, and given by people
// (RFC 5321 §4.2, RFC 2034).

import (
	"strconv"
	"strings"
)

// Limits on replies.
const (
	MaxReplyLine  = 512 // octets with CRLF (RFC 5321 §4.5.3.1.5)
	MaxReplyLines = 100 // lines a client reads before it calls the reply endless
)

// Enhanced is an enhanced status code, class.subject.detail (RFC 3463 §2).
// The zero value is no code.
type Enhanced struct{ Class, Subject, Detail uint16 }

// IsZero says whether there is no code.
func (e Enhanced) IsZero() bool { return e == Enhanced{} }

// String returns "5.1.1", or "" if there is no code.
func (e Enhanced) String() string {
	if e.IsZero() {
		return ""
	}
	return string(e.append(nil))
}

func (e Enhanced) append(dst []byte) []byte {
	for i, n := range [...]uint16{e.Class, e.Subject, e.Detail} {
		if i > 0 {
			dst = append(dst, '.')
		}
		if n < 10 {
			dst = append(dst, '0'+byte(n))
		} else {
			dst = strconv.AppendUint(dst, uint64(n), 10)
		}
	}
	return dst
}

// Then says what becomes of the session after a reply.
type Then uint8

// What follows a reply. [Stay] is the ordinary case.
const (
	Stay   Then = iota // the session goes on
	Silent             // the reply is not sent, and the state stays
	Close              // the reply is sent, then the connection is closed
	Reset              // nothing is sent: the driver resets the connection
)

// Reply is an answer of a server.
type Reply struct {
	Code     uint16   // three digits
	Enhanced Enhanced // zero: none
	Lines    []string // the text, a string a line; none: a text that fits the code
	Raw      []byte   // if not nil, these octets are sent instead of all that
	Then     Then
}

// Positive says whether the code is 2yz: done.
func (r Reply) Positive() bool { return r.Code/100 == 2 }

// Intermediate says whether the code is 3yz: go on.
func (r Reply) Intermediate() bool { return r.Code/100 == 3 }

// Transient says whether the code is 4yz: not now.
func (r Reply) Transient() bool { return r.Code/100 == 4 }

// Permanent says whether the code is 5yz: no.
func (r Reply) Permanent() bool { return r.Code/100 == 5 }

// Text returns the lines as one, joined by spaces.
func (r Reply) Text() string { return strings.Join(r.Lines, " ") }

// String returns the reply on one line: "550 5.1.1 no such mailbox".
func (r Reply) String() string {
	s := strconv.Itoa(int(r.Code))
	if !r.Enhanced.IsZero() {
		s += " " + r.Enhanced.String()
	}
	if text := r.Text(); text != "" {
		s += " " + text
	}
	return s
}

// Append appends the reply as it is sent. Lines are cut so that none exceeds
// 512 octets (RFC 5321 §4.5.3.1.5); what is not printable ASCII becomes "?".
// With enhanced, the enhanced code starts each line, unless the code is 3yz or
// the classes differ (RFC 2034 §4); the caller leaves it out of greetings and
// replies to EHLO and HELO. A reply with neither code nor Raw is nothing.
func (r Reply) Append(dst []byte, enhanced bool) []byte {
	if r.Raw != nil {
		return append(dst, r.Raw...)
	}
	if r.Code == 0 {
		return dst
	}
	enhanced = enhanced && r.Enhanced.Class == r.Code/100 &&
		(r.Positive() || r.Transient() || r.Permanent())
	n := len(r.Lines)
	if n == 0 {
		return r.appendLine(dst, DefaultReply(r.Code).Lines[0], enhanced, true)
	}
	for i, line := range r.Lines {
		dst = r.appendLine(dst, line, enhanced, i == n-1)
	}
	return dst
}

// maxReplyLine returns how long a line with that code may be, with CRLF: a
// challenge may be longer than others (RFC 4954 §4).
func maxReplyLine(code uint16) int {
	if code == 334 {
		return MaxLoginLine
	}
	return MaxReplyLine
}

// appendLine appends one line of text, as more than one if it is too long.
func (r Reply) appendLine(dst []byte, text string, enhanced, last bool) []byte {
	for {
		start := len(dst)
		dst = append(dst, '0'+byte(r.Code/100%10), '0'+byte(r.Code/10%10), '0'+byte(r.Code%10), ' ')
		sep := len(dst) - 1
		if enhanced {
			dst = r.Enhanced.append(dst)
			dst = append(dst, ' ')
		}
		piece, rest := text, ""
		if r.Code == 334 { // a challenge is one line (RFC 4954 §4)
		} else if room := MaxReplyLine - 2 - (len(dst) - start); len(text) > room {
			cut := strings.LastIndexByte(text[:room+1], ' ')
			if cut <= 0 {
				cut = room
			}
			piece, rest = text[:cut], strings.TrimPrefix(text[cut:], " ")
		}
		from := len(dst)
		dst = append(dst, piece...)
		for i := from; i < len(dst); i++ {
			if c := dst[i]; c-' ' > '~'-' ' && c != '\t' { // not printable ASCII
				dst[i] = '?'
			}
		}
		if !last || rest != "" {
			dst[sep] = '-'
		}
		dst = append(dst, '\r', '\n')
		if rest == "" {
			return dst
		}
		text = rest
	}
}

// ParseReply reads one whole reply, all its lines with their CRLF, and names
// its parts. After a mistake it returns what was understood. Errors are of
// type [*SyntaxError]; Pos counts from the start of the reply.
func ParseReply(octets []byte) (Reply, []Part, error) {
	var r Reply
	parts, err := r.parse(octets, nil)
	if err != nil {
		return r, parts, err
	}
	return r, parts, nil
}

// parse fills r; a nil error is a nil *SyntaxError.
func (r *Reply) parse(b []byte, parts []Part) ([]Part, *SyntaxError) {
	*r = Reply{}
	mistake := func(pos int, want string) ([]Part, *SyntaxError) {
		return parts, &SyntaxError{Pos: pos, Want: want}
	}
	for pos, n := 0, 0; ; n++ {
		end := pos
		for end < len(b) && b[end] != '\n' {
			end++
		}
		crlf := end < len(b) && end > pos && b[end-1] == '\r'
		text := end
		if crlf {
			text--
		}
		if text-pos < 3 || b[pos] < '2' || b[pos] > '5' || !isDigit(b[pos+1]) || !isDigit(b[pos+2]) {
			return mistake(pos, "a reply code, 200 to 599")
		}
		code := uint16(b[pos]-'0')*100 + uint16(b[pos+1]-'0')*10 + uint16(b[pos+2]-'0')
		if n > 0 && code != r.Code {
			return mistake(pos, "the same code on each line of the reply")
		}
		r.Code = code
		parts = append(parts, Part{PartCode, pos, pos + 3})
		start, more := pos+3, false
		if start < text { // a code alone is tolerated (RFC 5321 §4.2)
			if b[start] != ' ' && b[start] != '-' {
				return mistake(start, `a space or "-" after the code`)
			}
			more = b[start] == '-'
			parts = append(parts, Part{PartSeparator, start, start + 1})
			start++
		}
		if e, size := parseEnhanced(b[start:text]); size > 0 && e.Class == code/100 && (n == 0 || e == r.Enhanced) {
			r.Enhanced = e
			parts = append(parts, Part{PartEnhanced, start, start + size})
			start += size
			if start < text {
				parts = append(parts, Part{PartSeparator, start, start + 1})
				start++
			}
		}
		if start < text {
			parts = append(parts, Part{PartText, start, text})
		}
		r.Lines = append(r.Lines, string(b[start:text]))
		for i := start; i < text; i++ {
			if b[i] == '\r' {
				return mistake(i, "CRLF at the end of the line")
			}
		}
		if !crlf {
			return mistake(text, "CRLF at the end of the line")
		}
		parts = append(parts, Part{PartLineEnd, text, end + 1})
		switch {
		case end+1-pos > maxReplyLine(code):
			return mistake(pos+maxReplyLine(code), "a line of at most "+strconv.Itoa(maxReplyLine(code))+" octets")
		case !more && end+1 < len(b):
			return mistake(end+1, "nothing after the last line of the reply")
		case !more:
			return parts, nil
		case end+1 == len(b):
			return mistake(end+1, "another line of the reply")
		}
		pos = end + 1
	}
}

// parseEnhanced reads an enhanced code that a space or the end follows, and
// returns how many octets it has, or 0 (RFC 2034 §4).
func parseEnhanced(b []byte) (Enhanced, int) {
	var nums [3]uint16
	pos := 0
	for i := range nums {
		if i > 0 {
			if pos == len(b) || b[pos] != '.' {
				return Enhanced{}, 0
			}
			pos++
		}
		start := pos
		for pos < len(b) && pos-start < 3 && isDigit(b[pos]) {
			nums[i] = nums[i]*10 + uint16(b[pos]-'0')
			pos++
		}
		if pos == start || i == 0 && pos-start > 1 {
			return Enhanced{}, 0
		}
	}
	if pos < len(b) && b[pos] != ' ' || nums[0] != 2 && nums[0] != 4 && nums[0] != 5 {
		return Enhanced{}, 0
	}
	return Enhanced{nums[0], nums[1], nums[2]}, pos
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
