package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const (
	noteMissing = "The last line had no CRLF. It was added, because the dot that ends the letter must begin a line."
	noteEight   = "The letter has 8-bit octets. A server that does not offer 8BITMIME need not take them (RFC 6152 §3)."
)

func TestFromFile(t *testing.T) {
	long := strings.Repeat("x", 999)
	tests := []struct {
		rule, src string
		raw       bool
		letter    string
		notes     string // joined by |
		err       string
	}{
		{"RFC 5321 §2.3.8: CRLF stays, octet for octet", "A: b\r\n\r\n.dots\r\n..\r\n", false, "A: b\r\n\r\n.dots\r\n..\r\n", "", ""},
		{"only LF becomes CRLF, and is told", "A: b\n\nc\n", false, "A: b\r\n\r\nc\r\n",
			"The file's lines end in LF. Each got the CR it needs on the wire: 3 octets were added.", ""},
		{"RFC 5321 §4.1.1.4: a missing last CRLF is added, and told", "A: b\r\n\r\nc", false, "A: b\r\n\r\nc\r\n", noteMissing, ""},
		{"both at once", "A: b\nc", false, "A: b\r\nc\r\n",
			"The file's lines end in LF. Each got the CR it needs on the wire: 1 octet was added.|" + noteMissing, ""},
		{"a file without any line end", "hello", false, "hello\r\n", noteMissing, ""},
		{"an empty letter is legal", "", false, "", "The file is empty, and so is the letter.", ""},
		{"mixed: LF among CRLF", "A: b\r\nC: d\n\r\n", false, "", "",
			"my.eml:2:5: this line ends in LF: expected CRLF as everywhere else; make all line ends alike"},
		{"mixed: CRLF among LF", "A: b\nC: d\r\n", false, "", "",
			"my.eml:2:5: this line ends in CRLF: expected LF as everywhere else; make all line ends alike"},
		{"a lone CR", "A: b\rC: d\r\n", false, "", "",
			"my.eml:1:5: this line ends in CR: expected CRLF as everywhere else; make all line ends alike"},
		{"a lone CR at the end", "A: b\r\n\r\nc\r", false, "", "",
			"my.eml:3:2: this line ends in CR: expected CRLF as everywhere else; make all line ends alike"},
		{"CR CR LF is no line end", "A: b\r\r\n", false, "", "",
			"my.eml:1:5: this line ends in CR: expected CRLF as everywhere else; make all line ends alike"},
		{"raw: all stays", "A: b\nC: d\r\n\x00\r\r\n", true, "A: b\nC: d\r\n\x00\r\r\n", "", ""},
		{"raw: the last CRLF is added nevertheless", "a\nb\n", true, "a\nb\n\r\n", noteMissing, ""},
		{"RFC 6152 §3: 8-bit octets are told", "A: b\r\n\r\n\xfc\r\n", false, "A: b\r\n\r\n\xfc\r\n", noteEight, ""},
		{"RFC 5321 §4.5.3.1.6: a long line is told", long + "\r\n", false, long + "\r\n",
			"The longest line has 999 octets. More than 998 need not be taken (RFC 5322 §2.1.1, RFC 5321 §4.5.3.1.6).", ""},
		{"a byte order mark is told and stays", "\xef\xbb\xbfA: b\r\n", false, "\xef\xbb\xbfA: b\r\n",
			"The file begins with a byte order mark, three octets that do not belong into a letter. They are sent as they are.|" + noteEight, ""},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			src := []byte(tt.src)
			letter, notes, err := FromFile(src, "my.eml", tt.raw)
			if tt.err != "" {
				var le *LineEndError
				if !errors.As(err, &le) || err.Error() != tt.err || letter != nil {
					t.Errorf("\n got %v\nwant %s", err, tt.err)
				}
				return
			}
			if err != nil || string(letter) != tt.letter || strings.Join(notes, "|") != tt.notes {
				t.Errorf("\n got %q, %q, %v\nwant %q, %q", letter, notes, err, tt.letter, tt.notes)
			}
			if string(src) != tt.src {
				t.Error("the file's own octets were changed")
			}
		})
	}
}

func TestScan(t *testing.T) {
	for in, want := range map[string]Facts{
		"":                      {},
		"a\r\n":                 {Lines: 1, Longest: 1, Size: 3},
		"a\r\nlonger\r\n\r\n":   {Lines: 3, Longest: 6, Size: 13},
		"no end":                {Lines: 1, Longest: 6, Size: 6},
		"lone\nLF\rCR\r\n":      {Lines: 1, Longest: 10, Size: 12},
		"\xff\r\n":              {Lines: 1, Longest: 1, EightBit: true, Size: 3},
		"S: \u00fc\r\n\r\nx":    {Lines: 3, Longest: 5, EightBit: true, UTF8Header: true, Size: 10},
		"S: u\r\n\r\n\u00fc":    {Lines: 3, Longest: 4, EightBit: true, Size: 10},
		"\r\n.\r\n":             {Lines: 2, Longest: 1, Size: 5},
		"\x7f is still ASCII\n": {Lines: 1, Longest: 17, Size: 17},
	} {
		if got := Scan([]byte(in)); got != want {
			t.Errorf("Scan(%q) = %+v, want %+v", in, got, want)
		}
	}
}

// A letter that FromFile gives ends in CRLF, can be read again unchanged, and
// has no line end but CRLF unless raw was asked for.
func FuzzFromFile(f *testing.F) {
	f.Add([]byte("A: b\n\nc"), false)
	f.Add([]byte("A: b\r\n\r\nc\r\n"), true)
	f.Add([]byte("\r\n\n\r"), false)
	f.Fuzz(func(t *testing.T, src []byte, raw bool) {
		letter, _, err := FromFile(src, "f", raw)
		if err != nil {
			if raw {
				t.Fatal(err)
			}
			var le *LineEndError
			if !errors.As(err, &le) || le.Line < 1 || le.Column < 1 {
				t.Fatal(err)
			}
			return
		}
		if len(src) == 0 {
			return
		}
		if !bytes.HasSuffix(letter, []byte("\r\n")) {
			t.Fatalf("%q became %q", src, letter)
		}
		if raw && !bytes.HasPrefix(letter, src) {
			t.Fatalf("raw: %q became %q", src, letter)
		}
		if !raw {
			if rest := bytes.ReplaceAll(letter, []byte("\r\n"), nil); bytes.ContainsAny(rest, "\r\n") {
				t.Fatalf("%q became %q", src, letter)
			}
			if again, _, err := FromFile(letter, "f", false); err != nil || !bytes.Equal(again, letter) {
				t.Fatalf("%q became %q, %v", letter, again, err)
			}
		}
		if f := Scan(letter); f.Size != int64(len(letter)) || f.Lines < 1 {
			t.Fatalf("%+v", f)
		}
	})
}
