package tui

// The base64 bench: what it works out, and how it is used.

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"
)

// Vectors of RFC 4648 §10, of RFC 4616 §4, and of RFC 4954's sample login.
func TestBenchEncodes(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy",
		"␀tim␀tanstaaftanstaaf": "AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
		"test␀test␀1234":        "dGVzdAB0ZXN0ADEyMzQ=",
		"Grüße ␉␡":              base64.StdEncoding.EncodeToString([]byte("Grüße \t\x7f")),
		`\xff␀`:                 "/wA=",
	} {
		b := newBench()
		b.text.SetValue(text)
		if got := b.base64(); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		b.turn()
		octets, wrong := b.octets()
		if wrong != "" || textOf(octets) != text {
			t.Errorf("%q comes back as %q, %s", text, textOf(octets), wrong)
		}
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ code, text, says string }{
		{"AGFsaWNl", "␀alice", "2 whole groups: no ="},
		{"AGFsaQ==", "␀ali", "1 octet more: two ="},
		{"AGFsaWM=", "␀alic", "2 octets more: one ="},
		{"AGFsaWM", "␀al", "= is missing"},
		{"AGFsaQ", "␀al", "== is missing"},
		{"AGFsaQ=", "␀al", "✗ = is missing"},
		{"AGFsaWNl=", "␀alice", "nothing to fill up"},
		{"AGFsaWM==", "␀al", "nothing to fill up"},
		{"AGFsa===", "␀al", "stands alone"},
		{"AGFsa", "␀al", "stands alone"},
		{"AGFs=aWNl", "␀al", "The = at place 5"},
		{"AGFs aWNl", "␀al", "The space at place 5"},
		{"AGFsa:", "␀al", ": at place 6"},
		{"AGFsé", "␀al", "é at place 5"},
		{"alice_wonder", "jX\\x9c", "_ at place 6"}, // the alphabet of file names is another one
		{"", "", "paste base64"},
	} {
		b := newBench()
		b.turn()
		b.code.SetValue(c.code)
		octets, _ := b.octets()
		if got := textOf(octets); got != c.text || !strings.Contains(b.says(), c.says) {
			t.Errorf("%q is %q: %s; want %q, %q", c.code, got, b.says(), c.text, c.says)
		}
	}
}

// What is decoded is what the standard library decodes; and whatever it is, it
// is shown so that it cannot harm a terminal, and comes back as typed.
func TestBenchAgainstTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "octets")
		code := base64.StdEncoding.EncodeToString(octets)
		got, wrong := decoded(code)
		if string(got) != string(octets) || wrong != "" {
			t.Fatalf("%q is %q, %s", code, got, wrong)
		}
		for _, r := range textOf(octets) {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Fatalf("%q is shown with %U", octets, r)
			}
		}
		any := rapid.StringMatching(`[A-Da-d0-3+/=: é]{0,12}`).Draw(t, "any")
		got, wrong = decoded(any)
		want, err := base64.StdEncoding.DecodeString(any)
		if (err == nil) != (wrong == "") || err == nil && string(got) != string(want) {
			t.Fatalf("%q is %q, %q; the library says %q, %v", any, got, wrong, want, err)
		}
	})
}

// The rows of the bench are as wide as they should be, whatever is on it.
func TestBenchFits(t *testing.T) {
	th := newTheme(true, true)
	rapid.Check(t, func(t *rapid.T) {
		b := newBench()
		b.text.SetValue(textOf(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "octets")))
		if rapid.Bool().Draw(t, "turned") {
			b.turn()
		}
		w, h := rapid.IntRange(74, 100).Draw(t, "w"), rapid.IntRange(20, 56).Draw(t, "h")
		rows, x, y := b.draw(th, w, h)
		if len(rows) > h || x < 0 || x >= w || y < 0 || y >= len(rows) {
			t.Fatalf("%d rows of at most %d, cursor at %d,%d", len(rows), h, x, y)
		}
		for _, r := range rows {
			if n := cells(stripped(r)); n != w {
				t.Fatalf("a row of %d cells, want %d: %q", n, w, stripped(r))
			}
		}
	})
}

// From the text to the login: \0 is a NUL, ⏎ puts the base64 into the line.
func TestBenchIntoTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.Course = course(t, "../../../content")
		s := start(t, o, 80, 24)
		login(s)
		s.send("AUTH PLAIN")
		s.press("f2")
		s.send(`\0alixe`)
		s.press("left", "backspace")
		s.send("c")
		s.press("end")
		s.send(`\0wonderland`)
		s.shows("␀alice␀wonderland", "17 octets", "AGFsaWNlAHdvbmRlcmxhbmQ=", "24 characters")
		s.press("enter")
		s.shows("▶ AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=")
		s.lacks("Base64 bench")
		s.press("f2", "esc") // what is in the line is what is on the bench
		s.shows("▶ AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=")
		s.press("enter")
		s.shows("✓ Done", "AUTH PLAIN ****")
		s.lacks("AGFs")
		s.press("left", "left", "f2") // the same base64, said by somebody
		s.shows("▶ AGFsaWNlAHdvbmRlcmxhbmQ=", "Alice's laptop said it inside TLS")
	})
}

// While a line is typed, the bench is for the text that is to become base64: a
// word that is none is not taken for it.
func TestBenchForALineBegun(t *testing.T) {
	for _, before := range [][]string{nil, {"f2", "esc"}, {"esc", "f2", "esc", "enter"}} {
		synctest.Test(t, func(t *testing.T) {
			o := options(t)
			o.Course = course(t, "../../../content")
			s := start(t, o, 80, 24)
			login(s)
			s.typeLine("AUTH PLAIN alice wonderland")
			s.shows("✗ Not yet")
			s.press(before...)
			s.send("AUTH PLAIN ")
			s.press("f2")
			s.shows("0 octets", `\0, or ctrl+space, makes a NUL`)
			s.send(`\0alice\0wonderland`)
			s.shows("␀alice␀wonderland", "17 octets", `\0, or ctrl+space, makes a NUL`)
			s.press("enter")
			s.shows("▶ AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=")
		})
	}
}

// Of a line that is typed, the word at the cursor is taken, if it is base64 from
// end to end.
func TestBenchTakesTheWordAtTheCursor(t *testing.T) {
	for _, c := range []struct {
		line  string
		place int
		want  string
	}{
		{"AUTH PLAIN AGFsaWNl", 19, "AGFsaWNl"},
		{"auth plain AGFsaWNl", 11, "AGFsaWNl"},
		{"AUTH PLAIN AGFsaWNl", 4, ""},
		{"AUTH PLAIN ", 11, ""},
		{"AUTH PLAIN alice", 16, ""},
		{"AUTH PLAIN alice wonderland", 27, ""},
		{"AUTH", 4, ""},
		{"STARTTLS", 8, ""},
		{"AGFsaWNl", 8, "AGFsaWNl"},
		{"wonderland", 10, ""},
		{"", 0, ""},
	} {
		got := responseAt(c.line, c.place)
		if !isWhole(got) {
			got = ""
		}
		if got != c.want {
			t.Errorf("%q at %d: took %q, want %q", c.line, c.place, got, c.want)
		}
	}
}

// Keys on the bench belong to it; the lesson below stays as it is.
func TestBenchAnywhere(t *testing.T) {
	for _, keys := range [][]string{{}, {"1"}, {"1", "right", "right"}, {"2", "esc"}} {
		d := newDrive(t, options(t), 80, 24)
		d.press(keys...)
		before := d.text()
		d.press("f2")
		if !strings.Contains(d.text(), "Base64 bench") {
			t.Fatalf("after %q F2 opens no bench:\n%s", keys, d.text())
		}
		d.press("q", "?", "a", "enter", "tab", "tab", "f1")
		if !strings.Contains(d.text(), "q?a") {
			t.Errorf("after %q the letters are not on the bench:\n%s", keys, d.text())
		}
		d.press("f2")
		if d.text() != before {
			t.Errorf("after %q the bench leaves another screen:\n%s", keys, d.text())
		}
		d.press("f2")
		if !strings.Contains(d.text(), "q?a") {
			t.Errorf("after %q the bench has forgotten what was on it", keys)
		}
		d.press("?") // and no other key is open under it
		d.press("esc")
		if d.text() != before {
			t.Errorf("after %q esc leaves another screen:\n%s", keys, d.text())
		}
	}
}

func TestBenchPaste(t *testing.T) {
	d := newDrive(t, options(t), 80, 24)
	d.press("f2")
	d.msg(tea.PasteMsg{Content: "\x00alice\x00won\u202ederland\r\n"})
	if v := d.m.bench.text.Value(); v != "␀alice␀won?derland" && !strings.HasPrefix(v, `␀alice␀won\u{202e}`) {
		t.Errorf("pasted text is %q", v)
	}
	d.press("tab", "ctrl+u")
	d.msg(tea.PasteMsg{Content: "  AUTH PLAIN AGFsaWNl\n"})
	if v := d.m.bench.code.Value(); v != "AGFsaWNl" {
		t.Errorf("pasted base64 is %q", v)
	}
	d.press("ctrl+u")
	d.msg(tea.PasteMsg{Content: "334 VXNlcm5hbWU6"})
	if text := d.text(); !strings.Contains(text, "Username:") {
		t.Errorf("a challenge is not decoded:\n%s", text)
	}
	checkRows(t, d.rows(), 80, 24)
}
