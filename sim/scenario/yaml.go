package scenario

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of what is read at all: a scenario is a page or two, and the YAML
// library works recursively.
const (
	MaxFile    = 4 << 20 // octets
	maxNesting = 60
)

// reader walks a YAML tree. It keeps the first mistake; after it every method
// returns zero values, so that callers need not ask after each step.
type reader struct {
	file  string
	lines []string // the source, without line ends
	err   *Error
}

// mapping is a YAML mapping whose keys are known to be allowed and unique.
type mapping struct {
	r    *reader
	node ast.Node // nil: an empty mapping after a mistake
	what string   // what it describes, for messages: "a host"
	keys map[string]ast.Node
}

// read parses src and returns the mapping it consists of, or an error.
func read(src []byte, file string) (r *reader, root ast.Node) {
	r = &reader{file: file}
	if len(src) > MaxFile {
		r.failAt(1, 1, "the file is too long; expected a scenario of at most %d octets", MaxFile)
		return r, nil
	}
	for i, line := range strings.Split(string(src), "\n") {
		line = strings.TrimSuffix(line, "\r")
		r.lines = append(r.lines, line)
		if !utf8.ValidString(line) {
			r.failAt(i+1, validRunes(line)+1, "expected text in UTF-8")
			return r, nil
		}
		// To YAML a lone carriage return ends a line, to most editors it does
		// not: the lines that errors name would not be those that people see.
		if at := strings.IndexByte(line, '\r'); at >= 0 {
			r.failAt(i+1, utf8.RuneCountInString(line[:at])+1, "a carriage return stands alone here; expected lines that end in LF or CRLF")
			return r, nil
		}
	}
	doc, err := ParseYAML(string(src))
	var where yaml.Error
	switch {
	case errors.As(err, &where) && where.GetToken() != nil:
		p := where.GetToken().Position
		r.failAt(p.Line, p.Column, "%s", yamlMessage(where.GetMessage()))
	case err != nil:
		r.failAt(1, 1, "this is not YAML: %v", err)
	case len(doc.Docs) == 0 || doc.Docs[0].Body == nil:
		r.failAt(1, 1, "the file is empty; expected a scenario with %s", strings.Join(scenarioKeys.needed, ", "))
	case len(doc.Docs) > 1:
		line := 1
		if start := doc.Docs[1].Start; start != nil {
			line = start.Position.Line
		}
		r.failAt(line, 1, "expected one document in the file")
	default:
		root = doc.Docs[0].Body
	}
	return r, root
}

// ParseYAML reads YAML from outside, of scenarios and lessons: it keeps the
// library's panics and its recursion away from us. Errors with a place are of
// type [yaml.Error].
func ParseYAML(src string) (doc *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fmt.Errorf("the YAML library failed: %v", p)
		}
	}()
	tokens := lexer.Tokenize(src)
	flow, line, entries := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType, token.AnchorType, token.TagType:
			if flow <= 0 {
				entries++
			}
		}
		if flow > maxNesting || entries > maxNesting {
			return nil, &yaml.SyntaxError{Message: "lists nested too deeply", Token: t}
		}
	}
	return parser.Parse(tokens, 0)
}

// yamlMessage makes the library's words ours where they are hard to read.
func yamlMessage(msg string) string {
	switch {
	case strings.Contains(msg, "already defined"):
		key := strings.TrimPrefix(msg, "mapping key ")
		key, where, _ := strings.Cut(key, " already defined at [")
		line, _, _ := strings.Cut(where, ":")
		return fmt.Sprintf("the key %s stands here a second time; the first is in line %s", key, line)
	case strings.Contains(msg, "mapping value is not allowed"):
		return "this is not YAML: a colon makes no sense here; check the indentation, and put a text with a colon and a space in quotes"
	case strings.Contains(msg, "tab character"), strings.Contains(msg, "'\t'"):
		return "this is not YAML: expected spaces for the indentation, found a tab"
	}
	return "this is not YAML: " + msg
}

func validRunes(s string) int {
	n := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			break
		}
		s, n = s[size:], n+1
	}
	return n
}

// failAt notes a mistake, unless there is one already.
func (r *reader) failAt(line, column int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{File: r.file, Line: max(line, 1), Column: max(column, 1), Msg: fmt.Sprintf(format, args...)}
	}
}

// fail notes a mistake at a node.
func (r *reader) fail(n ast.Node, format string, args ...any) {
	line, column := position(n)
	r.failAt(line, column, format, args...)
}

// position returns where a node begins: for a mapping that is its first key,
// since the library points at the colon.
func position(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case nil:
		return 1, 1
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return position(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(v.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

// describe says what a node is, for "expected x, found y".
func describe(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "a YAML anchor, alias or tag"
	}
	text := n.GetToken().Value
	if utf8.RuneCountInString(text) > 30 {
		text = string([]rune(text)[:30]) + "…"
	}
	return strconv.Quote(text)
}

// describeSecret is describe without the words of a text.
func describeSecret(n ast.Node) string {
	if found := describe(n); !strings.HasPrefix(found, `"`) {
		return found
	}
	return "a text"
}

// keySet is the keys that a mapping may have. With secret, what stands there in
// their place may be a password, and is not repeated.
type keySet struct {
	needed   []string
	optional []string
	secret   bool
}

func (k keySet) all() []string { return append(slices.Clone(k.needed), k.optional...) }

// mapping reads a mapping: no unknown key, none twice, none of the needed ones
// missing.
func (r *reader) mapping(n ast.Node, what string, set keySet) mapping {
	m := mapping{r: r, node: n, what: what, keys: map[string]ast.Node{}}
	if r.err != nil {
		return m
	}
	var values []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		values = v.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{v}
	default:
		found := describe(n)
		if set.secret {
			found = describeSecret(n)
		}
		r.fail(n, "expected %s with keys such as %s:, found %s", what, set.all()[0], found)
		return m
	}
	for _, v := range values {
		key, ok := v.Key.(*ast.StringNode)
		if !ok {
			r.fail(v.Key, "expected a key of %s: %s", what, strings.Join(set.all(), ", "))
			return m
		}
		name := key.Value
		if !slices.Contains(set.all(), name) {
			hint := ""
			if near := nearest(name, set.all()); near != "" {
				hint = fmt.Sprintf("; did you mean %s?", near)
			} else {
				hint = "; expected one of " + strings.Join(set.all(), ", ")
			}
			if name = " " + strconv.Quote(name); set.secret {
				name = ""
			}
			r.fail(key, "unknown key%s in %s%s", name, what, hint)
			return m
		}
		if _, twice := m.keys[name]; twice {
			r.fail(key, "the key %q stands here twice", name)
			return m
		}
		m.keys[name] = v.Value
	}
	for _, name := range set.needed {
		if _, ok := m.keys[name]; !ok {
			r.fail(n, "%s needs the key %q", what, name)
			return m
		}
	}
	return m
}

// at returns the node of a key, nil if it is absent.
func (m mapping) at(key string) ast.Node { return m.keys[key] }

// text returns the text of a key, "" if it is absent. A key without a value is
// a mistake.
func (m mapping) text(key string) string {
	n, ok := m.keys[key]
	if !ok {
		return ""
	}
	return m.r.text(n, key+":")
}

// text reads one text or number, as it is written.
func (r *reader) text(n ast.Node, what string) string {
	if r.err != nil {
		return ""
	}
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	r.fail(n, "%s expected a text, found %s", what, describe(n))
	return ""
}

// item is one text of a list, with where it stands.
type item struct {
	node ast.Node
	text string
}

// list reads a list of texts; one text alone is a list of one. An absent key
// is an empty list.
func (m mapping) list(key string) []item {
	n, ok := m.keys[key]
	if !ok || m.r.err != nil {
		return nil
	}
	nodes := []ast.Node{n}
	if seq, ok := n.(*ast.SequenceNode); ok {
		nodes = seq.Values
	}
	var items []item
	for _, n := range nodes {
		items = append(items, item{n, m.r.text(n, key+":")})
	}
	return items
}

// sequence returns the entries of a list of anything.
func (m mapping) sequence(key string) []ast.Node {
	n, ok := m.keys[key]
	if !ok || m.r.err != nil {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		m.r.fail(n, "%s: expected a list, each entry after a dash, found %s", key, describe(n))
		return nil
	}
	return seq.Values
}

// duration reads the duration of a key, or returns what is given if the key is
// absent.
func (m mapping) duration(key string, otherwise time.Duration) time.Duration {
	n, ok := m.keys[key]
	if !ok || m.r.err != nil {
		return otherwise
	}
	return m.r.duration(item{n, m.r.text(n, key+":")}, key)
}

func (r *reader) duration(i item, key string) time.Duration {
	if r.err != nil {
		return 0
	}
	d, ok := ParseDuration(i.text)
	if !ok {
		r.fail(i.node, "%s: expected a duration such as 15ms, 30m, 1h30m or 5d, found %q", key, i.text)
	}
	if d > MaxDuration {
		r.fail(i.node, "%s: expected at most %dd, found %q", key, MaxDuration/(24*time.Hour), i.text)
	}
	return d
}

// number reads a whole number between low and high.
func (m mapping) number(key string, low, high, otherwise int64) int64 {
	n, ok := m.keys[key]
	if !ok || m.r.err != nil {
		return otherwise
	}
	text := m.r.text(n, key+":")
	v, err := strconv.ParseInt(text, 10, 64)
	if m.r.err == nil && (err != nil || v < low || v > high) {
		m.r.fail(n, "%s: expected a whole number from %d to %d, found %q", key, low, high, text)
		return otherwise
	}
	return v
}

// address reads an IP address.
func (r *reader) address(i item, key string) netip.Addr {
	if r.err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(i.text)
	if err != nil || a.Zone() != "" {
		r.fail(i.node, "%s: expected an IP address such as 192.0.2.10 or 2001:db8::10, found %q", key, i.text)
	}
	return a.Unmap()
}
