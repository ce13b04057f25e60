package lessons

// The front matter of a lesson file: YAML between two lines of ---.

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	yamlast "github.com/goccy/go-yaml/ast"

	"helo/sim/scenario"
	"helo/sim/trace"
)

var (
	frontNeeded   = []string{"id", "title", "goal", "minutes", "scenario"}
	frontOptional = []string{"needs", "rfc", "inputs"}

	validID  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	validRFC = regexp.MustCompile(`^RFC [1-9][0-9]{2,4}( §[0-9]+(\.[0-9]+)*)?$`)
)

// frontMatter reads the front matter and returns where the Markdown begins.
func (p *parser) frontMatter() int {
	if !bytes.HasPrefix(p.src, []byte("---\n")) {
		p.fail(0, "expected the front matter first: a line ---, then id: and the like, then a line ---")
		return 0
	}
	end := bytes.Index(p.src, []byte("\n---\n"))
	if end < 0 {
		p.fail(0, "the front matter that begins here has no end; expected a second line ---")
		return 0
	}
	// An empty line in place of the first --- keeps the line numbers.
	doc, err := scenario.ParseYAML("\n" + string(p.src[4:end+1]))
	if where := yaml.Error(nil); errors.As(err, &where) && where.GetToken() != nil {
		at, msg := where.GetToken().Position, where.GetMessage()
		if key, _, twice := strings.Cut(msg, " already defined"); twice {
			p.failAt(at.Line, at.Column, "the key %s stands here a second time", strings.TrimPrefix(key, "mapping key "))
		}
		p.failAt(at.Line, at.Column, "this is not YAML: %s; put a text with a colon in quotes", msg)
	} else if err != nil {
		p.fail(4, "this is not YAML: %v", err)
	}
	if p.err == nil {
		var root yamlast.Node
		if len(doc.Docs) > 0 {
			root = doc.Docs[0].Body
		}
		p.front(root)
	}
	return end + len("\n---\n")
}

// front reads the keys of the front matter.
func (p *parser) front(root yamlast.Node) {
	var entries []*yamlast.MappingValueNode
	switch n := root.(type) {
	case *yamlast.MappingNode:
		entries = n.Values
	case *yamlast.MappingValueNode:
		entries = []*yamlast.MappingValueNode{n}
	default:
		p.failAt(2, 1, "expected keys such as id: and title: in the front matter")
		return
	}
	var seen []string
	for _, e := range entries {
		at := e.Key.GetToken().Position
		key := e.Key.GetToken().Value
		switch {
		case !slices.Contains(frontNeeded, key) && !slices.Contains(frontOptional, key):
			p.failAt(at.Line, at.Column, "unknown key %q; expected %s", key,
				strings.Join(append(slices.Clone(frontNeeded), frontOptional...), ", "))
			return
		case slices.Contains(seen, key):
			p.failAt(at.Line, at.Column, "the key %q stands here a second time", key)
			return
		}
		seen = append(seen, key)
		p.frontKey(key, e.Value)
	}
	for _, key := range frontNeeded {
		if !slices.Contains(seen, key) {
			p.failAt(1, 1, "the front matter needs the key %q", key)
		}
	}
}

func (p *parser) frontKey(key string, n yamlast.Node) {
	l := &p.lesson
	switch key {
	case "id":
		if l.ID = p.scalar(key, n); !validID.MatchString(l.ID) {
			p.yamlFail(n, "id: expected a short name of small letters, digits and hyphens, found %q", l.ID)
		}
	case "title":
		l.Title = p.scalar(key, n)
	case "goal":
		l.Goal = p.scalar(key, n)
	case "scenario":
		l.Scenario = p.scalar(key, n)
	case "minutes":
		var err error
		if l.Minutes, err = strconv.Atoi(p.scalar(key, n)); err != nil || l.Minutes < 1 || l.Minutes > 120 {
			p.yamlFail(n, "minutes: expected a whole number from 1 to 120")
		}
	case "needs":
		for _, i := range p.sequence(key, n) {
			id := p.scalar(key, i)
			if !validID.MatchString(id) {
				p.yamlFail(i, "needs: expected the id of a lesson, found %q", id)
			}
			l.Needs = append(l.Needs, id)
		}
	case "rfc":
		for _, i := range p.sequence(key, n) {
			rfc := p.scalar(key, i)
			if !validRFC.MatchString(rfc) {
				p.yamlFail(i, "rfc: expected the form RFC 5321 §4.1.1.2, found %q", rfc)
			}
			l.RFC = append(l.RFC, rfc)
		}
	case "inputs":
		for _, i := range p.sequence(key, n) {
			words := p.scalar(key, i)
			if _, err := trace.ParseWords(words); err != nil {
				p.yamlFail(i, "inputs: %v", err)
			}
			l.Inputs = append(l.Inputs, words)
		}
	}
}

// yamlFail notes a mistake at a node of the front matter.
func (p *parser) yamlFail(n yamlast.Node, format string, args ...any) {
	at := n.GetToken().Position
	p.failAt(at.Line, at.Column, format, args...)
}

// scalar is a text or a number, as written.
func (p *parser) scalar(key string, n yamlast.Node) string {
	s := ""
	switch n := n.(type) {
	case *yamlast.StringNode:
		s = n.Value
	case *yamlast.LiteralNode:
		s = n.Value.Value
	case *yamlast.IntegerNode:
		s = n.GetToken().Value
	default:
		p.yamlFail(n, "%s: expected a text", key)
		return ""
	}
	s = strings.TrimSpace(s)
	if s == "" {
		p.yamlFail(n, "%s: expected a text", key)
	}
	return s
}

func (p *parser) sequence(key string, n yamlast.Node) []yamlast.Node {
	s, ok := n.(*yamlast.SequenceNode)
	if !ok {
		p.yamlFail(n, "%s: expected a list in square brackets", key)
		return nil
	}
	return s.Values
}
