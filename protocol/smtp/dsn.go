package smtp

// What a sender asks about reports on its letter: the parameters of MAIL and
// RCPT of RFC 3461, and the coding of their values.

import (
	"errors"
	"strings"
)

// Limits on the values, in characters as sent (RFC 3461 §4.4, RFC 3461 §4.2).
const (
	MaxEnvID    = 100
	MaxOriginal = 500
)

// Return says how much of the letter a failure notice should bring back
// (RFC 3461 §4.3).
type Return uint8

// The values of RET.
const (
	ReturnUnsaid  Return = iota // the server decides
	ReturnFull                  // the whole letter
	ReturnHeaders               // the header only
)

var returnWords = [...]string{ReturnUnsaid: "", ReturnFull: "FULL", ReturnHeaders: "HDRS"}

// String returns the value as it is sent, or "" if nothing was said.
func (r Return) String() string {
	if int(r) < len(returnWords) {
		return returnWords[r]
	}
	return ""
}

// ParseReturn reads the value of RET, in any case.
func ParseReturn(s string) (Return, bool) {
	for r := ReturnFull; r <= ReturnHeaders; r++ {
		if EqualFold(returnWords[r], s) {
			return r, true
		}
	}
	return ReturnUnsaid, false
}

// Notify is a set: when a report about a recipient is wanted (RFC 3461 §4.1).
// Zero is that nothing was said, which a server takes for failure, or for
// failure and delay.
type Notify uint8

// The elements of NOTIFY. NotifyNever stands alone.
const (
	NotifyNever Notify = 1 << iota
	NotifySuccess
	NotifyFailure
	NotifyDelay
)

var notifyWords = [...]struct {
	notify Notify
	word   string
}{{NotifyNever, "NEVER"}, {NotifySuccess, "SUCCESS"}, {NotifyFailure, "FAILURE"}, {NotifyDelay, "DELAY"}}

// Has says whether all of the elements in x are in the set.
func (n Notify) Has(x Notify) bool { return n&x == x }

// valid says whether the set can be sent, or is empty.
func (n Notify) valid() bool {
	return n == NotifyNever || n&NotifyNever == 0 && n <= NotifySuccess|NotifyFailure|NotifyDelay
}

// String returns the value as it is sent, such as "SUCCESS,FAILURE", or "" if
// nothing was said.
func (n Notify) String() string {
	var b []byte
	for _, w := range notifyWords {
		if n.Has(w.notify) {
			if len(b) > 0 {
				b = append(b, ',')
			}
			b = append(b, w.word...)
		}
	}
	return string(b)
}

// ParseNotify reads the value of NOTIFY, in any case: NEVER alone, or a list
// of the others.
func ParseNotify(s string) (Notify, bool) {
	var n Notify
	for word := range strings.SplitSeq(s, ",") {
		known := Notify(0)
		for _, w := range notifyWords {
			if EqualFold(w.word, word) {
				known = w.notify
			}
		}
		if known == 0 {
			return 0, false
		}
		n |= known
	}
	return n, n.valid()
}

// DSNMail is what MAIL says about reports (RFC 3461 §4.3, RFC 3461 §4.4). It
// is passed on unchanged to the next server that has the extension
// (RFC 3461 §5.2.1); therefore EnvID is kept as it was sent.
type DSNMail struct {
	Return Return
	EnvID  string // in xtext, see [DecodeXtext]; empty: none
}

// check says whether the values can be sent.
func (d DSNMail) check() error {
	if d.Return > ReturnHeaders || d.EnvID != "" && !validEnvID(d.EnvID) {
		return errors.New("RET and ENVID: not values that MAIL can carry")
	}
	return nil
}

// DSNRcpt is what RCPT says about reports (RFC 3461 §4.1, RFC 3461 §4.2). It is
// passed on unchanged (RFC 3461 §5.2.1); therefore Original is kept as it was
// sent.
type DSNRcpt struct {
	Notify   Notify
	Original string // "rfc822;" and the address in xtext; empty: none
}

// check says whether the values can be sent.
func (d DSNRcpt) check() error {
	if !d.Notify.valid() || d.Original != "" && !validOriginal(d.Original) {
		return errors.New("NOTIFY and ORCPT: not values that RCPT can carry")
	}
	return nil
}

// Address returns the type of the original address, such as "rfc822", and the
// address itself, decoded; both are empty if there is none.
func (d DSNRcpt) Address() (kind, address string) {
	kind, text, ok := strings.Cut(d.Original, ";")
	if !ok {
		return "", ""
	}
	address, _ = DecodeXtext(text)
	return kind, address
}

// OriginalOf returns the ORCPT value for the address of a RCPT command
// (RFC 3461 §4.2), or "" for an address outside ASCII, of which RFC 3461 knows
// nothing.
func OriginalOf(p Path) string {
	if !p.IsASCII() {
		return ""
	}
	return "rfc822;" + EncodeXtext(p.Mailbox())
}

// EnvIDOf returns the ENVID value for the name that a sender gives its envelope
// (RFC 3461 §4.4). It is false if there is none: the name is empty, too long, or
// not printable ASCII.
func EnvIDOf(name string) (string, bool) {
	s := EncodeXtext(name)
	return s, validEnvID(s)
}

// validEnvID says whether s can be the value of ENVID (RFC 3461 §4.4).
func validEnvID(s string) bool { return s != "" && len(s) <= MaxEnvID && printableXtext(s) }

// validOriginal says whether s can be the value of ORCPT (RFC 3461 §4.2): a
// type, which is an atom, and an address.
func validOriginal(s string) bool {
	kind, text, ok := strings.Cut(s, ";")
	if !ok || kind == "" || len(s) > MaxOriginal {
		return false
	}
	for i := range len(kind) {
		if octets[kind[i]]&atext == 0 {
			return false
		}
	}
	return printableXtext(text)
}

// printableXtext says whether s is xtext for printable characters and spaces,
// all a report could show (RFC 3461 §4.2, RFC 3461 §4.4).
func printableXtext(s string) bool {
	for i := 0; i < len(s); i++ {
		c, n := xchar(s[i:])
		if n == 0 || !isPrint(c) && c != '\t' {
			return false
		}
		i += n - 1
	}
	return true
}

// EncodeXtext writes octets as xtext (RFC 3461 §4): what cannot stand in the
// value of a parameter becomes "+" and two hexadecimal digits.
func EncodeXtext(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= '!' && c <= '~' && c != '+' && c != '=' {
			b.WriteByte(c)
		} else {
			b.WriteByte('+')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// DecodeXtext reads xtext (RFC 3461 §4). Errors are of type [*SyntaxError].
func DecodeXtext(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := xchar(s[i:])
		if n == 0 {
			return "", &SyntaxError{Pos: i, Want: `xtext: printable ASCII, "+" with two hexadecimal digits for the rest`}
		}
		b.WriteByte(c)
		i += n
	}
	return b.String(), nil
}

// xchar reads one octet of xtext and returns how long it is there, or 0.
// Hexadecimal digits are capitals.
func xchar(s string) (byte, int) {
	c := s[0]
	switch {
	case c < '!' || c > '~' || c == '=':
		return 0, 0
	case c != '+':
		return c, 1
	case len(s) < 3:
		return 0, 0
	}
	high, ok := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	if !ok || !ok2 {
		return 0, 0
	}
	return high<<4 | low, 3
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
