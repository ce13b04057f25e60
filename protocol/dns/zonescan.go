package dns

// The words of a master file and where they stand.

import (
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// word is a word of a master file and where it begins.
type word struct {
	text         string
	line, column int
	quoted       bool
}

func (w word) err(file, msg, want string) error {
	return &ZoneError{Name: file, Line: w.line, Column: w.column, Msg: msg, Want: want}
}

// entry is a logical line with at least one word.
type entry struct {
	words    []word
	indented bool // begins with white space: same owner as before
	typeAt   int  // the word that is the record's type, once checked
}

// check looks at the form of a record: a type we know, and as much data as it
// has. The library, which reads on across the end of a line, then meets neither
// a missing word nor one too many.
func (e *entry) check(file string) error {
	i := 1
	if e.indented {
		i = 0
	}
	for ; i < len(e.words); i++ {
		w := e.words[i]
		upper := strings.ToUpper(w.text)
		if _, ok := mdns.StringToClass[upper]; ok || strings.HasPrefix(upper, "CLASS") {
			if upper != "IN" {
				return w.err(file, "the class "+upper+" is not used here", "IN, or nothing")
			}
		} else if w.quoted || w.text == "" || !isDigit(w.text[0]) { // else a TTL
			break
		}
	}
	if i == len(e.words) {
		return e.words[i-1].err(file, "the line ends too early", "a name, a type and its data, as in: mx A 192.0.2.20")
	}
	w := e.words[i]
	t, ok := ParseType(w.text)
	if _, exists := mdns.StringToType[strings.ToUpper(w.text)]; !ok && exists && !w.quoted {
		return w.err(file, "there are no "+strings.ToUpper(w.text)+" records here", wantTypes)
	}
	if !ok || w.quoted {
		return w.err(file, strconv.QuoteToASCII(w.text)+" is not a record type", wantTypes)
	}
	e.typeAt = i
	data, size := e.words[i+1:], dataWords(t)
	if len(data) < size {
		return e.words[len(e.words)-1].err(file, "the line ends too early", wants[t])
	}
	if len(data) > size && t != TXT {
		return data[size].err(file, strconv.QuoteToASCII(data[size].text)+" stands behind the end of the record", wants[t])
	}
	return nil
}

const wantTypes = "A, AAAA, MX, CNAME, PTR, TXT, NS or SOA"

// dataWords is how many words the data of a type has; TXT may have more.
func dataWords(t Type) int {
	switch t {
	case MX:
		return 2
	case SOA:
		return 7
	}
	return 1
}

// scan splits a master file into entries: comments go, parentheses join lines,
// quotation marks hold words together.
func scan(src, name string) ([]entry, error) {
	var entries []entry
	var e entry
	var open []word // parentheses not yet closed
	line, start := 1, 0
	fresh := true // nothing of this entry was seen yet
	end := func() {
		if len(e.words) > 0 {
			entries = append(entries, e)
		}
		e, fresh = entry{}, true
	}
	for i := 0; i < len(src); {
		at := word{line: line, column: i - start + 1}
		switch c := src[i]; c {
		case '\n':
			i++
			line, start = line+1, i
			if len(open) == 0 {
				end()
			}
		case ' ', '\t', '\r':
			if fresh && c != '\r' {
				e.indented = true
			}
			fresh = false
			i++
		case ';':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case '(':
			at.text = "("
			open = append(open, at)
			fresh = false
			i++
		case ')':
			if len(open) == 0 {
				return nil, at.err(name, "this parenthesis closes nothing", "( before it")
			}
			open = open[:len(open)-1]
			fresh = false
			i++
		case '"':
			at.quoted = true
			j := i + 1
			for j < len(src) && src[j] != '"' && src[j] != '\n' {
				if src[j] == '\\' && j+1 < len(src) && src[j+1] != '\n' {
					j++
				}
				j++
			}
			if j >= len(src) || src[j] != '"' {
				return nil, at.err(name, "this quotation mark is not closed", `another " on the same line`)
			}
			at.text = src[i+1 : j]
			e.words = append(e.words, at)
			fresh = false
			i = j + 1
		default:
			j := i
			for j < len(src) && !strings.ContainsRune(" \t\r\n;()\"", rune(src[j])) {
				if src[j] == '\\' && j+1 < len(src) && src[j+1] != '\n' {
					j++
				}
				j++
			}
			at.text = src[i:j]
			e.words = append(e.words, at)
			fresh = false
			i = j
		}
	}
	if len(open) > 0 {
		return nil, open[0].err(name, "this parenthesis is not closed", ")")
	}
	end()
	return entries, nil
}
