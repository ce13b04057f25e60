package explain

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// TestVisible holds the form in which each kind of octet is shown.
func TestVisible(t *testing.T) {
	tests := []struct{ name, octets, want string }{
		{"plain text", "MAIL FROM:<alice@sender.example>", "MAIL FROM:<alice@sender.example>"},
		{"the line end is dropped", "QUIT\r\n", "QUIT"},
		{"only one line end is dropped", "a\r\n\r\n", `a\r\n`},
		{"a lone LF is content", "QUIT\n", `QUIT\n`},
		{"a lone CR is content", "QUIT\r", `QUIT\r`},
		{"a bare CR within", "a\rb\r\n", `a\rb`},
		{"tab", "a\tb", `a\tb`},
		{"NUL and DEL", "\x00\x7f", `\x00\x7f`},
		{"escape sequences", "\x1b]52;c;aGk=\x07", `\x1b]52;c;aGk=\x07`},
		{"C1 as octets", "\x9b31m\x85", `\x9b31m\x85`},
		{"C1 as characters", "\u009b31m\u0085", `\u{009b}31m\u{0085}`},
		{"letters of any script", "Grüße, Γειά, 你好, שלום", "Grüße, Γειά, 你好, שלום"},
		{"emoji", "🙂", "🙂"},
		{"bidirectional controls", "a\u202eb\u2066c\u200f", `a\u{202e}b\u{2066}c\u{200f}`},
		{"zero width", "a\u200b\u200c\u200d\ufeff\u2060", `a\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}`},
		{"ignorable letters and marks", "a\u3164\u115f\u034f\ufe0f\U000e0100", `a\u{3164}\u{115f}\u{034f}\u{fe0f}\u{e0100}`},
		{"tags", "\U000e0041", `\u{e0041}`},
		{"separators", "a\u2028b\u2029c", `a\u{2028}b\u{2029}c`},
		{"spaces that are not a space", "a\u00a0b\u3000c\u2003d", `a\u{00a0}b\u{3000}c\u{2003}d`},
		{"soft hyphen", "a\u00adb", `a\u{00ad}b`},
		{"private and unassigned", "\ue000\U000f0000\u0378", `\u{e000}\u{f0000}\u{0378}`},
		{"noncharacters", "\uffff\U0010ffff", `\u{ffff}\u{10ffff}`},
		{"the replacement character itself", "\ufffd", "\ufffd"},
		{"bad UTF-8 octet by octet", "\xff\xc3(\xe2\x82", `\xff\xc3(\xe2\x82`},
		{"overlong and surrogate", "\xc0\xaf\xed\xa0\x80", `\xc0\xaf\xed\xa0\x80`},
		{"a mark on a letter", "e\u0301", "e\u0301"},
		{"a mark with nothing below", "\u0301e", `\u{0301}e`},
		{"a mark after an escape", "\t\u0301", `\t\u{0301}`},
		{"marks that pile up", "e\u0301\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\u0301" + `\u{0301}\u{0301}`},
		{"a backslash stays", `C:\x1b`, `C:\x1b`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Visible([]byte(tt.octets)); got != tt.want {
				t.Errorf("Visible(%q) = %q, want %q", tt.octets, got, tt.want)
			}
		})
	}
}

// outside draws octets as they come from outside: often text, often not.
func outside() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		var b []byte
		for range rapid.IntRange(0, 12).Draw(t, "pieces") {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "octets")...)
			case 1:
				b = append(b, rapid.StringMatching(`[ -~]{0,8}`).Draw(t, "text")...)
			case 2:
				b = utf8.AppendRune(b, rapid.Rune().Draw(t, "rune"))
			default:
				b = append(b, rapid.SampledFrom([]string{
					"\r\n", "\r", "\n", "\x1b[2J", "\u202e", "\u0301", "\u200d", "👩", "🇩", "🇪", "ᄒ", "ᅡ", "ᆫ", "क", "्", "ﷺ",
				}).Draw(t, "trap")...)
			}
		}
		return b
	})
}

// safe fails if a text holds anything that is not seen where it stands.
func safe(t *rapid.T, text string) {
	if !utf8.ValidString(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	marks := maxMarks
	for _, r := range text {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
			t.Fatalf("%U comes through in %q", r, text)
		case unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r),
			unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.White_Space, r) && r != ' ':
			t.Fatalf("%U comes through in %q", r, text)
		case unicode.IsMark(r):
			if marks++; marks > maxMarks {
				t.Fatalf("marks pile up in %q", text)
			}
		default:
			marks = 0
		}
	}
}

func TestVisibleIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { safe(t, Visible(outside().Draw(t, "octets"))) })
}

func TestVisibleKeepsPrintableASCII(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]*`).Draw(t, "text")
		if got := Visible([]byte(text)); got != text {
			t.Fatalf("Visible(%q) = %q", text, got)
		}
	})
}

// TestVisibleTwice holds that what was made visible stays as it is.
func TestVisibleTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := Visible(outside().Draw(t, "octets"))
		if twice := Visible([]byte(once)); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}

// TestShow holds text, columns and marks of lines.
func TestShow(t *testing.T) {
	tests := []struct {
		octets, text string
		cells        [][2]int // of each octet
		marks        int
	}{
		{"", "", nil, 0},
		{"AB\r\n", "AB CR LF", [][2]int{{0, 1}, {1, 2}, {3, 5}, {6, 8}}, 2},
		{"\r\n", "CR LF", [][2]int{{0, 2}, {3, 5}}, 2},
		{"a\nb", "a LF b", [][2]int{{0, 1}, {2, 4}, {5, 6}}, 1},
		{"\x1bx", `\x1bx`, [][2]int{{0, 4}, {4, 5}}, 0},
		{"你a", "你a", [][2]int{{0, 0}, {0, 0}, {0, 2}, {2, 3}}, 0},
	}
	for _, tt := range tests {
		s := Show([]byte(tt.octets))
		if s.Text != tt.text || len(s.Marks) != tt.marks || s.Width() != ansi.StringWidth(tt.text) {
			t.Errorf("Show(%q) = %+v, want %q", tt.octets, s, tt.text)
		}
		for i, want := range tt.cells {
			if from, to := s.Cells(i, i+1); [2]int{from, to} != want {
				t.Errorf("Show(%q): octet %d takes cells %d to %d, want %v", tt.octets, i, from, to, want)
			}
		}
	}
	h := Hex([]byte{0x03, 0xff, 0x00})
	if from, to := h.Cells(1, 2); h.Text != "03 ff 00" || from != 3 || to != 5 || h.Width() != 8 {
		t.Errorf("Hex: %+v, octet 1 takes cells %d to %d", h, from, to)
	}
}

// TestShowColumns holds that columns grow, start at 0, end at the width a
// terminal counts, and that the marks are the words CR and LF.
func TestShowColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := outside().Draw(t, "octets")
		s := Show(octets)
		safe(t, s.Text)
		if len(s.Col) != len(octets)+1 || s.Col[0] != 0 || s.Width() != ansi.StringWidth(s.Text) {
			t.Fatalf("Show(%q): columns %v, the text is %d cells wide", octets, s.Col, ansi.StringWidth(s.Text))
		}
		for i := range octets {
			if s.Col[i] > s.Col[i+1] {
				t.Fatalf("Show(%q): column %d of octet %d, then %d", octets, s.Col[i], i, s.Col[i+1])
			}
			if from, to := s.Cells(i, i+1); from < s.Col[i] || to > s.Col[i+1] {
				t.Fatalf("Show(%q): octet %d takes cells %d to %d, out of %v", octets, i, from, to, s.Col)
			}
		}
		if len(s.Marks) != bytes.Count(octets, []byte("\r"))+bytes.Count(octets, []byte("\n")) {
			t.Fatalf("Show(%q): marks %v", octets, s.Marks)
		}
		for _, m := range s.Marks {
			found := false
			for i := range s.Text {
				word := s.Text[i:min(i+2, len(s.Text))]
				found = found || (word == "CR" || word == "LF") && ansi.StringWidth(s.Text[:i]) == m[0]
			}
			if !found || m[1] != m[0]+2 {
				t.Fatalf("Show(%q): the mark at %v is no CR or LF in %q", octets, m, s.Text)
			}
		}
	})
}

// TestClip holds that a text is cut by characters, and only if it is too long.
func TestClip(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"üüü", 3, "üüü"}, {"üüüü", 3, "üü…"}, {"", 3, ""}} {
		if got := clip(tt.text, tt.most); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
	if got := clip(strings.Repeat("x", 100), maxValue); len([]rune(got)) != maxValue {
		t.Errorf("clipped to %d characters", len([]rune(got)))
	}
}
