package message

import (
	"fmt"
	"strings"
	"testing"
)

// show writes what Split found, each octet range by its octets.
func show(letter string) string {
	fields, body, defects := Split([]byte(letter))
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%q:%q ", letter[f.NameStart:f.NameEnd], letter[f.ValueStart:f.ValueEnd])
	}
	fmt.Fprintf(&b, "body %q", letter[body:])
	for _, d := range defects {
		fmt.Fprintf(&b, "; %d:%d %s", d.Line, d.Pos, d.Msg)
	}
	return b.String()
}

func TestSplit(t *testing.T) {
	tests := []struct{ rule, letter, want string }{
		{"RFC 5322 §2.1: fields, an empty line, a body", "From: a\r\nTo:b\r\n\r\nbody\r\n",
			`"From":" a\r\n" "To":"b\r\n" body "body\r\n"`},
		{"RFC 5322 §2.2.3: folded lines belong to their field", "Subject: one\r\n two\r\n\tthree\r\nTo: b\r\n\r\n",
			`"Subject":" one\r\n two\r\n\tthree\r\n" "To":" b\r\n" body ""`},
		{"RFC 5322 §2.1: the body may be missing, the empty line not", "From: a\r\n",
			`"From":" a\r\n" body ""; 1:9 the letter ends with its header: the empty line before the body is missing`},
		{"RFC 5322 §2.2: a value may be empty", "X:\r\n\r\n", `"X":"\r\n" body ""`},
		{"RFC 5322 §2.2: a colon in the value is the value's", "A: b: c\r\n\r\n", `"A":" b: c\r\n" body ""`},
		{"no header at all", "\r\nbody", `body "body"`},
		{"an empty letter", "", `body ""`},
		{"RFC 5322 §4.5.8: white space before the colon is told", "From : a\r\n\r\n",
			`"From":" a\r\n" body ""; 1:4 white space stands before the colon`},
		{"RFC 5322 §2.1: a lone LF ends a line, and is told", "From: a\n\nbody",
			`"From":" a\n" body "body"; 1:7 the line ends in a lone LF, not in CRLF; 2:8 the line ends in a lone LF, not in CRLF`},
		{"RFC 5322 §2.2: a line that is no field begins the body", "From: a\r\nhello there\r\n\r\n",
			`"From":" a\r\n" body "hello there\r\n\r\n"; 2:9 the line is no header field: expected a name and a colon, or an empty line before the body`},
		{"RFC 5322 §2.2: a name has no spaces inside", "From: a\r\nhello there: x\r\n\r\n",
			`"From":" a\r\n" body "hello there: x\r\n\r\n"; 2:14 the line is no header field: expected a name of printable characters before the colon`},
		{"a first line that continues nothing", " x\r\n\r\n",
			`body " x\r\n\r\n"; 1:0 the line is no header field: expected a name and a colon, or an empty line before the body`},
		{"a mailbox file's mark is passed over", "From alice Mon Nov 23\r\nTo: b\r\n\r\n",
			`"To":" b\r\n" body ""; 1:0 the line is a mailbox file's own mark, not a header field`},
		{"RFC 5322 §2.2: a lone CR is told", "A: b\rc\r\n\r\n", `"A":" b\rc\r\n" body ""; 1:4 a CR stands alone`},
		{"RFC 5322 §3.2.2: a fold of white space only is told", "A: b\r\n \r\n\r\n",
			`"A":" b\r\n \r\n" body ""; 2:6 the line has nothing but white space, as a fold must not (RFC 5322 §3.2.2)`},
		{"RFC 6532 §3: 8-bit octets are told", "A: \xc3\xbc\r\n\r\n",
			`"A":" ü\r\n" body ""; 1:3 an 8-bit octet stands in the header: expected ASCII, or SMTPUTF8 (RFC 6532 §3)`},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got := show(tt.letter); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// RFC 5322 §2.1.1: 998 octets are allowed, 999 are told.
func TestSplitLongLine(t *testing.T) {
	for n, want := range map[int]int{998: 0, 999: 1} {
		line := "A: " + strings.Repeat("x", n-3)
		_, _, defects := Split([]byte(line + "\r\n\r\n"))
		if len(defects) != want {
			t.Errorf("a line of %d octets: %v", n, defects)
		}
	}
}

// RFC 5322 §2.2.3: unfolding takes the line ends out and nothing else.
func TestUnfold(t *testing.T) {
	for in, want := range map[string]string{
		" one\r\n":               "one",
		" one\r\n  two\r\n":      "one  two",
		"one\r\n\ttwo\n three":   "one\ttwo three",
		"\r\n only later\r\n":    "only later",
		"":                       "",
		" a \r\n":                "a",
		" (a comment)\r\n b\r\n": "(a comment) b",
	} {
		if got := Unfold([]byte(in)); got != want {
			t.Errorf("Unfold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	letter := []byte("subject: one\r\nSUBJECT: two\r\n\r\n")
	fields, _, _ := Split(letter)
	if f, ok := Find(fields, "Subject"); !ok || f.Value(letter) != "one" {
		t.Errorf("got %+v, %v", f, ok)
	}
	if _, ok := Find(fields, "To"); ok {
		t.Error("a field was found that is not there")
	}
}

// Whatever the octets, fields and body lie in order and without gaps, but for
// a mailbox file's mark and the empty line.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"From: a\r\n b\r\n\r\nbody", "From x\nA:\n\n", "A : b\r\n \r\n", "\xff\x00:\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, letter []byte) {
		fields, body, defects := Split(letter)
		at := -1
		for _, x := range fields {
			if at >= 0 && x.NameStart != at {
				t.Fatalf("a field begins at %d, the one before ends at %d", x.NameStart, at)
			}
			if x.NameStart >= x.NameEnd || x.NameEnd >= x.ValueStart || x.ValueStart > x.ValueEnd || letter[x.ValueStart-1] != ':' {
				t.Fatalf("%+v", x)
			}
			if x.Name != string(letter[x.NameStart:x.NameEnd]) {
				t.Fatalf("name %q", x.Name)
			}
			x.Value(letter)
			at = x.ValueEnd
		}
		if body < at || body > len(letter) || at >= 0 && body > at+2 {
			t.Fatalf("the body begins at %d, the fields end at %d", body, at)
		}
		for _, d := range defects {
			if d.Pos < 0 || d.Pos > len(letter) || d.Line < 1 || d.Msg == "" {
				t.Fatalf("%+v", d)
			}
		}
	})
}
