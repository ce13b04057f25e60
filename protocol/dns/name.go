package dns

// Names on the wire and in text (RFC 1035 §3.1, §4.1.4, §5.1). Inside the
// package a name is its uncompressed wire form in lower case, a string that a
// map can be asked for without allocating; text is for people and for the API.

import (
	"errors"
	"fmt"
)

const (
	maxName  = 255 // octets of a name on the wire, RFC 1035 §2.3.4
	maxLabel = 63
)

var (
	errShort   = errors.New("dns: the message ends early")
	errPointer = errors.New("dns: a compression pointer does not point back to a name")
	errLong    = errors.New("dns: a name is longer than 255 octets")
	errLabel   = errors.New("dns: a label has a reserved length")
)

func lower(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}

// readName appends the name at msg[off:] to dst in lower case wire form, any
// compression undone, and returns where the next field begins. A pointer leads to
// a prior name (RFC 1035 §4.1.4): backwards, so it always ends, and never into the
// header, where no name is and where a response differs from its query.
func readName(dst, msg []byte, off int) (name []byte, next int, err error) {
	start, low, next := len(dst), off, -1
	for {
		if off >= len(msg) {
			return dst, 0, errShort
		}
		c := int(msg[off])
		switch c & 0xC0 {
		case 0x00:
			if off+1+c > len(msg) {
				return dst, 0, errShort
			}
			if len(dst)-start+1+c > maxName {
				return dst, 0, errLong
			}
			dst = append(dst, msg[off:off+1+c]...)
			off += 1 + c
			if c == 0 {
				lower(dst[start:]) // a length is below 64, so it is no letter
				if next < 0 {
					next = off
				}
				return dst, next, nil
			}
		case 0xC0:
			if off+2 > len(msg) {
				return dst, 0, errShort
			}
			to := (c&0x3F)<<8 | int(msg[off+1])
			if next < 0 {
				next = off + 2
			}
			if to >= low || to < headerLen {
				return dst, 0, errPointer
			}
			off, low = to, to
		default:
			return dst, 0, errLabel
		}
	}
}

// nameText is the canonical text of a wire name.
func nameText(wire []byte) string {
	var room [128]byte
	b := room[:0]
	for i := 0; i < len(wire) && wire[i] != 0; i += 1 + int(wire[i]) {
		if i > 0 {
			b = append(b, '.')
		}
		for _, c := range wire[i+1 : i+1+int(wire[i])] {
			switch {
			case c == '.' || c == ' ' || c == '\'' || c == '@' || c == ';' ||
				c == '(' || c == ')' || c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c > '~':
				b = append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
			default:
				b = append(b, c)
			}
		}
	}
	return string(b)
}

// packName appends the wire form of a name in text, in lower case. It takes a
// final dot, too.
func packName(dst []byte, name string) ([]byte, error) {
	if name == "" || name == "." {
		return append(dst, 0), nil
	}
	start := len(dst)
	label := start
	dst = append(dst, 0)
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if err := closeLabel(dst, label, name); err != nil {
				return dst[:start], err
			}
			if i == len(name)-1 {
				continue
			}
			label = len(dst)
			dst = append(dst, 0)
			continue
		case c == '\\' && i+3 < len(name) && isDigit(name[i+1]) && isDigit(name[i+2]) && isDigit(name[i+3]):
			n := int(name[i+1]-'0')*100 + int(name[i+2]-'0')*10 + int(name[i+3]-'0')
			if n > 255 {
				return dst[:start], fmt.Errorf("dns: %q has the escape \\%d, which is no octet", name, n)
			}
			c = byte(n)
			i += 3
		case c == '\\':
			if i++; i == len(name) {
				return dst[:start], fmt.Errorf("dns: %q ends in a lone backslash", name)
			}
			c = name[i]
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	if name[len(name)-1] != '.' || len(dst)-label-1 != int(dst[label]) {
		if err := closeLabel(dst, label, name); err != nil {
			return dst[:start], err
		}
	}
	dst = append(dst, 0)
	if len(dst)-start > maxName {
		return dst[:start], fmt.Errorf("dns: %.40q… is longer than 255 octets", name)
	}
	return dst, nil
}

// closeLabel fills in the length of the label that began at dst[label].
func closeLabel(dst []byte, label int, name string) error {
	n := len(dst) - label - 1
	if n == 0 {
		return fmt.Errorf("dns: %q has an empty label: two dots stand together, or one at the start", name)
	}
	if n > maxLabel {
		return fmt.Errorf("dns: %.80q has a label longer than 63 octets", name)
	}
	dst[label] = byte(n)
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parent cuts the first label off a wire name. The root has no parent.
func parent(wire string) (string, bool) {
	if len(wire) <= 1 {
		return "", false
	}
	return wire[1+int(wire[0]):], true
}
