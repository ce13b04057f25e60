package explain

// Filling the sentences of the tables with what an event says.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValue is how many characters of a value from outside a sentence holds.
const maxValue = 60

// values are the words in braces and what stands for them, as [Visible] shows
// it. They are few: a list is quicker than a map.
type values []struct{ word, text string }

// set gives a word its text, in a form that may be shown.
func (v *values) set(word, text string) { v.say(word, clip(Visible([]byte(text)), maxValue)) }

// say gives a word a text of the tables.
func (v *values) say(word, text string) {
	for i := range *v {
		if (*v)[i].word == word {
			(*v)[i].text = text
			return
		}
	}
	*v = append(*v, struct{ word, text string }{word, text})
}

// fill puts the values into a text of the tables. A word that has no value
// stays as it stands, which the tests look for.
func (v values) fill(text string) string {
	if strings.IndexByte(text, '{') < 0 {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		word, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("{" + rest)
			return b.String()
		}
		value, known := "{"+word+"}", false
		for i := range v {
			if v[i].word == word {
				value, known = v[i].text, true
			}
		}
		begins := b.Len() == 0 || strings.HasSuffix(b.String(), ". ")
		if known && begins && (strings.HasPrefix(value, "the ") || strings.HasPrefix(value, "a ")) {
			value = strings.ToUpper(value[:1]) + value[1:] // a host's name stays as it is
		}
		b.WriteString(value)
		text = after
	}
}

// clip cuts a text that is too long and says so with an ellipsis.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n == most-1 {
			rest := text[i:]
			if _, size := utf8.DecodeRuneInString(rest); size == len(rest) {
				return text
			}
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// asPart turns a sentence into a part's meaning: no capital, no full stop. An
// abbreviation keeps its capitals.
func asPart(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	first, n := utf8.DecodeRuneInString(sentence)
	if second, _ := utf8.DecodeRuneInString(sentence[n:]); unicode.IsUpper(second) {
		return sentence
	}
	return string(unicode.ToLower(first)) + sentence[n:]
}
