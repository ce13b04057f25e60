package trace

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Op joins a word's key to its value.
type Op byte

// The operators.
const (
	Bare  Op = 0   // only a key: "reply", "msa>mx"
	Is    Op = '=' // key=value
	Looks Op = '~' // key~regular expression
)

// Word is one word of the language that patterns, faults, settings and the
// info strings of lessons share: a bare word, key=value or key~value. A value
// with spaces stands in double quotes, inside which \" and \\ are escapes.
type Word struct {
	Key         string
	Op          Op
	Value       string
	Column      int // of the key, in characters from 1
	ValueColumn int // of the value
}

// String spells the word so that [ParseWords] reads it again.
func (w Word) String() string {
	if w.Op == Bare {
		return quoteWord(w.Key)
	}
	return w.Key + string(rune(w.Op)) + quoteWord(w.Value)
}

func quoteWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\"\\=~") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// WordError is a mistake in a line of words.
type WordError struct {
	Column int    // in characters, from 1
	Msg    string // what is wrong and what was expected
}

// Error says at which column the mistake is, and what was expected.
func (e *WordError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

// wordErr is a mistake at the given column.
func wordErr(column int, format string, args ...any) *WordError {
	return &WordError{Column: column, Msg: fmt.Sprintf(format, args...)}
}

// ParseWords splits a line into words. A bare word may be quoted as well:
// `msa says "EHLO mail.sender.example"`. Errors are of type [*WordError].
func ParseWords(s string) ([]Word, error) {
	var words []Word
	for i := 0; ; {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i == len(s) {
			return words, nil
		}
		w := Word{Column: column(s, i)}
		if s[i] == '"' {
			text, n, err := unquote(s, i)
			if err != nil {
				return nil, err
			}
			w.Key, i = text, n
			if i < len(s) && s[i] != ' ' && s[i] != '\t' {
				return nil, wordErr(column(s, i), "expected a space between two words")
			}
			words = append(words, w)
			continue
		}
		start := i
		for i < len(s) && !strings.ContainsRune(" \t=~\"", rune(s[i])) {
			i++
		}
		w.Key = s[start:i]
		if i < len(s) && (s[i] == '=' || s[i] == '~') {
			if w.Key == "" {
				return nil, wordErr(column(s, i), "expected a word before %q", s[i])
			}
			w.Op = Op(s[i])
			i++
			w.ValueColumn = column(s, i)
			if i < len(s) && s[i] == '"' {
				text, n, err := unquote(s, i)
				if err != nil {
					return nil, err
				}
				w.Value, i = text, n
			} else {
				start = i
				for i < len(s) && s[i] != ' ' && s[i] != '\t' {
					i++
				}
				w.Value = s[start:i]
			}
			if w.Value == "" {
				return nil, wordErr(w.ValueColumn, "expected a value after %q", w.Key+string(rune(w.Op)))
			}
		}
		if i < len(s) && s[i] != ' ' && s[i] != '\t' {
			return nil, wordErr(column(s, i), "expected a space between two words")
		}
		words = append(words, w)
	}
}

// unquote reads the quoted text that begins at s[i] and returns it with the
// index behind its closing quote.
func unquote(s string, i int) (string, int, error) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '"':
			return b.String(), j + 1, nil
		case '\\':
			if j+1 < len(s) && (s[j+1] == '"' || s[j+1] == '\\') {
				j++
			}
		}
		b.WriteByte(s[j])
	}
	return "", 0, wordErr(column(s, i), `expected a closing " for the one here`)
}

func column(s string, i int) int { return utf8.RuneCountInString(s[:i]) + 1 }

// JoinWords spells words as one line.
func JoinWords(words []Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.String())
	}
	return b.String()
}
