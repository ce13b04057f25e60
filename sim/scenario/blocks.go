package scenario

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// block reads a text that stands as it is in lines of its own, after `key: |`.
func (m mapping) block(key string) string {
	n, ok := m.keys[key]
	if !ok || m.r.err != nil {
		return ""
	}
	if l, ok := n.(*ast.LiteralNode); ok && strings.HasPrefix(l.Start.Value, "|") {
		return l.Value.Value
	}
	m.r.fail(n, "%s: expected lines of text after %s: | and indented below it, found %s", key, key, describe(n))
	return ""
}

// blockLine returns where line and column of a block's text stand in the file.
func (r *reader) blockLine(n ast.Node, line, column int) (int, int) {
	l, ok := n.(*ast.LiteralNode)
	if !ok {
		return position(n)
	}
	first := l.Start.Position.Line // lines counts from 0, so this is the line below
	indent := 0
	for i, text := range strings.Split(l.Value.Value, "\n") {
		if text != "" && first+i < len(r.lines) {
			source := r.lines[first+i]
			indent = utf8.RuneCountInString(source) - utf8.RuneCountInString(text)
			break
		}
	}
	line = min(max(line, 1), max(len(r.lines)-first, 1))
	return first + line, max(column, 1) + max(indent, 0)
}

// inside returns where a column of a one-line text stands in the file: quotes
// and escapes before it take room of their own.
func (r *reader) inside(n ast.Node, column int) (int, int) {
	line, start := position(n)
	t := n.GetToken()
	if line > len(r.lines) || t == nil {
		return line, start
	}
	source := []rune(r.lines[line-1])
	at := start - 1
	switch t.Type {
	case token.SingleQuoteType:
		at++
		for i := 1; i < column && at < len(source); i++ {
			if source[at] == '\'' {
				at++
			}
			at++
		}
	case token.DoubleQuoteType:
		at++
		for i := 1; i < column && at < len(source); i++ {
			at += escapeLen(source[at:])
		}
	default:
		if at > len(source) || !strings.HasPrefix(string(source[at:]), t.Value) {
			return line, start // it goes on over several lines
		}
		at += column - 1
	}
	return line, at + 1
}

// escapeLen is how many characters of a double-quoted YAML text stand for its
// next one.
func escapeLen(s []rune) int {
	if s[0] != '\\' || len(s) < 2 {
		return 1
	}
	switch s[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}
