package message

// From a file on somebody's disk to a letter that can travel.

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// LineEndError says that a file's lines do not all end alike, so that nobody
// but its owner can say which ends were meant.
type LineEndError struct {
	File         string
	Line, Column int    // from 1; the place of the first end that differs, columns in octets
	Found        string // "LF", "CR" or "CRLF"
	Want         string // what the lines before it had, or should have
}

// Error says where the line is, how it ends, and what to do about it.
func (e *LineEndError) Error() string {
	return fmt.Sprintf("%s:%d:%d: this line ends in %s: expected %s as everywhere else; make all line ends alike",
		e.File, e.Line, e.Column, e.Found, e.Want)
}

// FromFile turns what a person saved as a file into a letter. A file whose lines
// all end in LF gets CRLF, and a missing last CRLF is added, because the dot
// that ends DATA must begin a line (RFC 5321 §4.1.1.4). Everything else stays
// octet for octet. Mixed line ends, or a lone CR, are a *[LineEndError].
//
// With raw even the line ends stay, except that the last CRLF is still added.
//
// The notes say in plain sentences what was changed and what may meet
// difficulties on the way; name stands for the file in the error only. The
// letter may share its octets with src.
func FromFile(src []byte, name string, raw bool) (letter []byte, notes []string, err error) {
	letter = src[:len(src):len(src)]
	if len(src) == 0 {
		return letter, []string{"The file is empty, and so is the letter."}, nil
	}
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		notes = append(notes, "The file begins with a byte order mark, three octets that do not belong into a letter. They are sent as they are.")
	}
	if !raw {
		onlyLF, err := lineEnds(src, name)
		if err != nil {
			return nil, nil, err
		}
		if onlyLF {
			letter = bytes.ReplaceAll(src, []byte("\n"), []byte(crlf))
			notes = append(notes, fmt.Sprintf("The file's lines end in LF. Each got the CR it needs on the wire: %s.",
				count(len(letter)-len(src), "octet was added", "octets were added")))
		}
	}
	if !bytes.HasSuffix(letter, []byte(crlf)) {
		letter = append(letter[:len(letter):len(letter)], crlf...)
		notes = append(notes, "The last line had no CRLF. It was added, because the dot that ends the letter must begin a line.")
	}
	return letter, append(notes, remarks(letter)...), nil
}

// lineEnds holds the line ends of a file against each other. It says whether
// all of them are LF.
func lineEnds(src []byte, name string) (onlyLF bool, err error) {
	first := ""
	line, start := 1, 0
	for i := 0; i < len(src); i++ {
		found := ""
		switch {
		case src[i] == '\n':
			found = "LF"
		case src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n':
			found = "CRLF"
		case src[i] == '\r':
			found = "CR"
		default:
			continue
		}
		if first == "" {
			first = found
		}
		if found == "CR" || found != first {
			want := first
			if want == "CR" {
				want = "CRLF"
			}
			return false, &LineEndError{name, line, i - start + 1, found, want}
		}
		i += len(found) / 4 // CRLF has two octets
		line, start = line+1, i+1
	}
	return first == "LF", nil
}

// remarks says what in a letter may meet difficulties on the way.
func remarks(letter []byte) []string {
	var notes []string
	f := Scan(letter)
	if f.EightBit {
		notes = append(notes, "The letter has 8-bit octets. A server that does not offer 8BITMIME need not take them (RFC 6152 §3).")
	}
	if f.Longest > MaxLine {
		notes = append(notes, fmt.Sprintf("The longest line has %d octets. More than %d need not be taken (RFC 5322 §2.1.1, RFC 5321 §4.5.3.1.6).", f.Longest, MaxLine))
	}
	return notes
}

// Facts are what a server wants to know about a letter before it takes it.
type Facts struct {
	Lines      int   // a last line without CRLF counts
	Longest    int   // octets of the longest line, without its CRLF
	EightBit   bool  // an octet above 127
	UTF8Header bool  // the header has characters outside ASCII, in UTF-8: it needs SMTPUTF8 (RFC 6531 §3.4)
	Size       int64 // octets, as the SIZE extension counts them (RFC 1870 §5)
}

// Scan reads the facts off a letter. Only CRLF ends a line.
func Scan(letter []byte) Facts {
	f := Facts{Size: int64(len(letter))}
	start := 0
	for start < len(letter) {
		end := bytes.Index(letter[start:], []byte(crlf))
		next := len(letter)
		if end < 0 {
			end = len(letter)
		} else {
			end += start
			next = end + 2
		}
		f.Lines++
		f.Longest = max(f.Longest, end-start)
		start = next
	}
	f.EightBit = !isASCII(letter)
	if f.EightBit {
		header := letter
		if end := bytes.Index(letter, []byte(crlf+crlf)); end >= 0 {
			header = letter[:end]
		}
		f.UTF8Header = !isASCII(header) && utf8.Valid(header)
	}
	return f
}

// count writes a number with the words that fit it.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
