package tui

// The base64 bench: text on one side, base64 on the other, as it is typed on
// either (RFC 4648 §4). What it works out is here, how it looks in base64box.go.

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// bench is the base64 bench. It keeps what is on it while the program runs, and
// nowhere else: there may be a password on it.
type bench struct {
	text, code textinput.Model
	decode     bool   // base64 is typed, the text follows; else the other way round
	from       string // where the base64 was taken from, a sentence
}

func newBench() *bench {
	b := &bench{}
	for _, in := range []*textinput.Model{&b.text, &b.code} {
		*in = textinput.New()
		in.Prompt = ""
		in.SetVirtualCursor(false)
	}
	b.text.CharLimit = mostTyped * 7 / 10 // its base64 still fits into a line
	b.code.CharLimit = mostTyped
	b.focus()
	return b
}

// side is the input that is typed in.
func (b *bench) side() *textinput.Model {
	if b.decode {
		return &b.code
	}
	return &b.text
}

func (b *bench) focus() {
	b.text.Blur()
	b.code.Blur()
	b.side().Focus()
}

// octets are what both sides stand for; wrong says why the base64 is none, or
// what is left of it beyond them.
func (b *bench) octets() (octets []byte, wrong string) {
	if b.decode {
		return decoded(b.code.Value())
	}
	return octetsOf(b.text.Value()), ""
}

// base64 is what stands on that side.
func (b *bench) base64() string {
	if b.decode {
		return b.code.Value()
	}
	return encoded(octetsOf(b.text.Value()))
}

func encoded(octets []byte) string { return base64.StdEncoding.EncodeToString(octets) }

// turn lets the other side be typed in.
func (b *bench) turn() {
	octets, _ := b.octets()
	code := b.base64()
	b.decode = !b.decode
	b.code.SetValue(code)
	if !b.decode {
		b.text.SetValue(textOf(octets))
	}
	b.side().CursorEnd()
	b.focus()
}

// take puts base64 on the bench, and says where it comes from.
func (b *bench) take(code, from string) {
	b.decode, b.from = true, from
	b.code.SetValue(code)
	b.code.CursorEnd()
	b.focus()
}

// clear makes room for text to be typed.
func (b *bench) clear() {
	b.decode, b.from = false, ""
	b.text.Reset()
	b.code.Reset()
	b.focus()
}

// edit changes the side that is typed in.
func (b *bench) edit(msg tea.KeyPressMsg) {
	switch {
	case key.Matches(msg, keyNUL) && !b.decode:
		msg = tea.KeyPressMsg{Text: nul, Code: []rune(nul)[0]}
	case msg.Text != "":
		msg.Text, _ = clean(msg.Text)
	}
	b.update(msg)
}

func (b *bench) update(msg tea.Msg) {
	before := b.side().Value()
	*b.side(), _ = b.side().Update(msg)
	if b.side().Value() != before {
		b.from = ""
	}
	b.escapes()
}

// nul is how an octet of value 0 is shown, and typed.
const nul = "␀"

// escapes turns \0 into the one character that is shown for a NUL.
func (b *bench) escapes() {
	const typed = `\0`
	if v := b.text.Value(); !b.decode && strings.Contains(v, typed) {
		at := string([]rune(v)[:b.text.Position()])
		b.text.SetValue(strings.ReplaceAll(v, typed, nul))
		b.text.SetCursor(utf8.RuneCountInString(strings.ReplaceAll(at, typed, nul)))
	}
}

// paste puts pasted text in. Of a line that was copied whole it takes the base64.
func (b *bench) paste(text string) {
	if b.decode {
		text = strings.TrimSpace(text)
		if words := strings.Fields(text); len(words) > 1 && (strings.EqualFold(words[0], "AUTH") || words[0] == "334") {
			text = words[len(words)-1]
		}
		text, _ = clean(text)
	} else {
		text, _ = clean(textOf([]byte(strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"))))
	}
	b.update(tea.PasteMsg{Content: text})
}

// Control pictures (U+2400) stand for octets that cannot be seen.
const (
	pictures   = '\u2400'
	pictureDEL = '\u2421'
)

// textOf shows octets as text: control characters as their pictures, and what
// else cannot be seen as package explain shows it.
func textOf(octets []byte) string {
	var b strings.Builder
	for len(octets) > 0 {
		switch c := octets[0]; {
		case c < ' ':
			b.WriteRune(pictures + rune(c))
			octets = octets[1:]
		case c == 0x7f:
			b.WriteRune(pictureDEL)
			octets = octets[1:]
		default:
			n := 0
			for n < len(octets) && octets[n] >= ' ' && octets[n] != 0x7f {
				n++
			}
			b.WriteString(explain.Visible(octets[:n]))
			octets = octets[n:]
		}
	}
	return b.String()
}

var hexEscape = regexp.MustCompile(`\\x[0-9a-f]{2}`)

// octetsOf is what a text stands for: textOf the other way round.
func octetsOf(text string) []byte {
	var out []byte
	for len(text) > 0 {
		if loc := hexEscape.FindStringIndex(text); loc != nil && loc[0] == 0 {
			n, _ := strconv.ParseUint(text[2:4], 16, 8) // the expression has seen to that
			out, text = append(out, byte(n)), text[4:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r >= pictures && r < pictures+' ':
			out = append(out, byte(r-pictures))
		case r == pictureDEL:
			out = append(out, 0x7f)
		default:
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}

// decoded undoes base64, strictly, as a login wants it (RFC 4954 §4). If it is
// none, it returns what its groups of four from the front stand for, and says
// what is wrong.
func decoded(code string) (octets []byte, wrong string) {
	body := strings.TrimRight(code, "=")
	padding := len(code) - len(body)
	for i, r := range []rune(body) {
		if r < utf8.RuneSelf && isBase64(byte(r)) {
			continue
		}
		octets, _ = base64.StdEncoding.DecodeString(body[:len(string([]rune(body)[:i]))/4*4])
		switch r {
		case '=':
			return octets, fmt.Sprintf("The = at place %d fills up, but more comes after it.", i+1)
		case ' ':
			return octets, fmt.Sprintf("The space at place %d is none of the 64 characters.", i+1)
		}
		return octets, fmt.Sprintf("%s at place %d is none of the 64 characters.", explain.Visible([]byte(string(r))), i+1)
	}
	rest := len(body) % 4
	needed := (4 - rest) % 4
	if rest == 1 || padding != needed {
		octets, _ = base64.StdEncoding.DecodeString(body[:len(body)/4*4])
	}
	switch {
	case rest == 1:
		return octets, "The last character stands alone: an octet needs two."
	case padding > needed:
		return octets, "There is nothing to fill up: " + plural(padding-needed, "= is too many.", "= are too many.")
	case padding < needed:
		return octets, strings.Repeat("=", needed-padding) + " is missing at the end: the characters come in fours."
	}
	octets, _ = base64.RawStdEncoding.DecodeString(body)
	return octets, ""
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

// says explains the count of octets, and the = at the end.
func (b *bench) says() string {
	octets, wrong := b.octets()
	groups, rest := len(octets)/3, len(octets)%3
	whole := plural(groups, "whole group", "whole groups")
	switch {
	case wrong != "":
		return "✗ " + wrong
	case len(octets) == 0 && b.decode:
		return "Type or paste base64 here; the text follows."
	case len(octets) == 0:
		return "Type here; the base64 follows."
	case rest == 0:
		return "3 octets become 4 characters. " + whole + ": no = is needed."
	case rest == 2:
		return "3 octets become 4 characters. " + whole + ", and 2 octets more: one = fills them up."
	}
	return "3 octets become 4 characters. " + whole + ", and 1 octet more: two = fill it up."
}

// responseIn is the base64 in a line of a login, or in a challenge.
func responseIn(t *trace.Trace, pos trace.Pos) (string, bool) {
	e := t.At(pos)
	words := strings.Fields(string(t.Raw(e.Octets)))
	switch n := len(words); {
	case n == 0:
	case (e.Kind == trace.Command || e.Kind == trace.Typed) && e.Verb == smtp.Response && words[0] != "*",
		(e.Kind == trace.Command || e.Kind == trace.Typed) && e.Verb == smtp.AUTH && n > 2,
		e.Kind == trace.Reply && e.Code == 334 && n > 1:
		return words[n-1], true
	}
	return "", false
}

// responseAt is the word at a place of a line that is typed, if a response of a
// login may stand there; else "".
func responseAt(line string, place int) string {
	words := strings.Fields(line)
	word := ""
	switch v := smtp.ParseCommand([]byte(line)).Verb; {
	case v == smtp.AUTH && len(words) == 3:
		word = words[2]
	case v == smtp.Unknown && len(words) == 1: // behind a 334
		word = words[0]
	}
	start := utf8.RuneCountInString(line[:strings.LastIndex(line, word)])
	if place < start || place > start+utf8.RuneCountInString(word) {
		return ""
	}
	return word
}

// isWhole says whether a word is base64 from end to end, and stands for
// something.
func isWhole(word string) bool {
	octets, wrong := decoded(word)
	return wrong == "" && len(octets) > 0
}
