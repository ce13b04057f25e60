package message

// Trace fields: what each server writes on top of a letter (RFC 5321 §4.4).
// Everything here appends and allocates nothing of its own. What came from the
// peer is made to fit the grammar, so that nobody can add a line of his own.

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Received is a time stamp line (RFC 5321 §4.4).
type Received struct {
	FromName    string     // what the client said in EHLO: a domain or an address literal
	FromReverse string     // the name its address belongs to, if it was looked up
	FromAddr    netip.Addr // where the connection came from
	By          string     // the host that writes the field
	With        string     // "ESMTP", "SMTP", … (RFC 3848); "UTF8SMTP" where SMTPUTF8 was said (RFC 6531 §4.3)
	ID          string     // the writing host's own; empty: left out
	For         string     // the recipient; only if there is just one, else empty
	TLS         string     // the cipher suite, as the registry has it (RFC 8314 §4.3); empty: left out
	At          time.Time  // written in UTC
}

// AppendTo appends the field, folded, its last CRLF included:
//
//	Received: from mail.sender.example ([192.0.2.10])
//	 by mx.receiver.example with ESMTP id 4fQ1
//	 for <bob@receiver.example>; Mon, 23 Nov 2026 10:15:02 +0000
//
// Octets that the grammar does not allow are replaced, in domains by "-",
// elsewhere by "?".
func (r Received) AppendTo(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, "Received: from "...)
	dst = appendEHLO(dst, r.FromName)
	if r.FromAddr.IsValid() {
		info := len(r.FromReverse) + len(" ([IPv6:]) ") + 39
		if len(dst)-start+info > AdvisedLine && len(dst)-start > 40 {
			dst = append(dst, crlf...)
		}
		dst = append(dst, " ("...)
		if r.FromReverse != "" {
			dst = appendDomain(dst, r.FromReverse)
			dst = append(dst, ' ')
		}
		dst = AppendAddressLiteral(dst, r.FromAddr)
		dst = append(dst, ')')
	}
	dst = append(dst, "\r\n by "...)
	dst = appendDomain(dst, r.By)
	if r.With != "" {
		dst = append(dst, " with "...)
		dst = appendAtom(dst, r.With)
	}
	if r.ID != "" {
		dst = append(dst, " id "...)
		dst = appendAtom(dst, r.ID)
	}
	if r.For != "" {
		dst = append(dst, "\r\n for "...)
		dst = appendPath(dst, r.For)
	}
	if r.TLS != "" {
		dst = append(dst, "\r\n tls "...)
		dst = appendAtom(dst, r.TLS)
	}
	if r.For != "" || r.TLS != "" {
		dst = append(dst, "; "...)
	} else {
		dst = append(dst, ";\r\n "...)
	}
	dst = AppendDate(dst, r.At)
	return append(dst, crlf...)
}

// AppendReturnPath appends the field that the final delivery puts on top: the
// reverse-path, "" or "<>" for the null one (RFC 5321 §4.4).
func AppendReturnPath(dst []byte, path string) []byte {
	dst = append(dst, "Return-Path: "...)
	dst = appendPath(dst, path)
	return append(dst, crlf...)
}

// AppendReturnPathUTF8 is [AppendReturnPath] for a letter that came by SMTPUTF8,
// whose header may be in UTF-8 (RFC 6531 §3.3). Other octets than UTF-8 stand
// as "?".
func AppendReturnPathUTF8(dst []byte, path string) []byte {
	start := len(dst)
	if dst = AppendReturnPath(dst, path); !utf8.ValidString(path) {
		return dst
	}
	// It stands octet for octet, so those that were taken out can be put back.
	path = strings.Trim(path, "<>")
	at := start + len("Return-Path: <")
	for i := 0; i < len(path) && i < maxShownPath; i++ {
		if path[i] >= utf8.RuneSelf {
			dst[at+i] = path[i]
		}
	}
	return dst
}

// AppendDate appends a date and time (RFC 5322 §3.3), always in UTC:
// "Mon, 23 Nov 2026 10:15:02 +0000".
func AppendDate(dst []byte, t time.Time) []byte {
	// What time.AppendFormat would give, at a fifth of its cost: each letter
	// that passes a server has one.
	t = t.UTC()
	year, month, day := t.Date()
	if year < 1000 || year > 9999 {
		return t.AppendFormat(dst, "Mon, 2 Jan 2006 15:04:05 +0000")
	}
	hour, minute, second := t.Clock()
	dst = append(append(dst, t.Weekday().String()[:3]...), ", "...)
	dst = strconv.AppendInt(dst, int64(day), 10)
	dst = append(append(append(dst, ' '), month.String()[:3]...), ' ')
	dst = strconv.AppendInt(dst, int64(year), 10)
	for i, n := range [...]int{hour, minute, second} {
		dst = append(dst, " ::"[i], '0'+byte(n/10), '0'+byte(n%10))
	}
	return append(dst, " +0000"...)
}

// AppendAddressLiteral appends an address as mail writes it: [192.0.2.1] or
// [IPv6:2001:db8::1] (RFC 5321 §4.1.3).
func AppendAddressLiteral(dst []byte, a netip.Addr) []byte {
	a = a.Unmap().WithZone("")
	dst = append(dst, '[')
	if a.Is6() {
		dst = append(dst, "IPv6:"...)
	}
	if a.IsValid() {
		dst = a.AppendTo(dst)
	}
	return append(dst, ']')
}

// appendEHLO appends a client's name: an address literal as it is if its octets
// may stand in one, else a domain.
func appendEHLO(dst []byte, name string) []byte {
	if n := len(name); n > 2 && n <= 255 && name[0] == '[' && name[n-1] == ']' {
		ok := true
		for i := 1; i < n-1; i++ {
			c := name[i]
			ok = ok && (isLetDig(c) || c == '.' || c == ':' || c == '-')
		}
		if ok {
			return append(dst, name...)
		}
	}
	return appendDomain(dst, name)
}

// appendDomain appends a name that the grammar calls Domain (RFC 5321 §4.1.2):
// labels of letters, digits and inner hyphens. Nothing left of it is "unknown".
func appendDomain(dst []byte, name string) []byte {
	const most = 255
	start, label := len(dst), len(dst)
	closeLabel := func() {
		for len(dst) > label && dst[len(dst)-1] == '-' {
			dst = dst[:len(dst)-1]
		}
	}
	for i := 0; i < len(name) && len(dst)-start < most; i++ {
		switch c := name[i]; {
		case isLetDig(c):
			dst = append(dst, c)
		case c == '.':
			if closeLabel(); len(dst) > label {
				dst = append(dst, '.')
				label = len(dst)
			}
		case len(dst) > label && dst[len(dst)-1] != '-' || c == '-' && len(dst) > label:
			dst = append(dst, '-')
		}
	}
	closeLabel()
	if len(dst) > start && dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if len(dst) == start {
		return append(dst, "unknown"...)
	}
	return dst
}

// appendAtom appends a word of atext (RFC 5322 §3.2.3).
func appendAtom(dst []byte, s string) []byte {
	for i := 0; i < len(s) && i < 64; i++ {
		c := s[i]
		if !isAtext(c) {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}

// maxShownPath is how many octets of a path a field shows.
const maxShownPath = 512

// appendPath appends a path in angle brackets. Control characters and 8-bit
// octets are replaced, as are angle brackets and spaces outside quotation marks.
func appendPath(dst []byte, path string) []byte { return appendPathOf(dst, path, maxShownPath) }

// appendPathOf is appendPath for at most so many octets of the path.
func appendPathOf(dst []byte, path string, most int) []byte {
	if n := len(path); n >= 2 && path[0] == '<' && path[n-1] == '>' {
		path = path[1 : n-1]
	}
	start := len(dst)
	dst = append(dst, '<')
	quoted := false
	for i := 0; i < len(path) && i < most; i++ {
		c := path[i]
		switch {
		case c < ' ' || c > '~', !quoted && (c == '<' || c == '>' || c == ' '):
			c = '?'
		case c == '\\' && quoted && i+1 < len(path) && path[i+1] >= ' ' && path[i+1] <= '~':
			dst = append(dst, c)
			i++
			c = path[i]
		case c == '"':
			quoted = !quoted
		}
		dst = append(dst, c)
	}
	if quoted { // never closed: then nothing may count as quoted
		for i := start + 1; i < len(dst); i++ {
			switch dst[i] {
			case '"', '\\', '<', '>', ' ':
				dst[i] = '?'
			}
		}
	}
	return append(dst, '>')
}

func isLetDig(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isAtext(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '/', '=', '?', '^', '_', '`', '{', '|', '}', '~':
		return true
	}
	return isLetDig(c)
}
