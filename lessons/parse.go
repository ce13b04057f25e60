package lessons

// From a Markdown file to a lesson: the text, the blocks, and what belongs
// together.

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"helo/sim/trace"
)

// maxFile is the most octets a lesson may have; real ones have a few thousand.
const maxFile = 1 << 20

// Parse reads a lesson; file is its name, for messages. Errors are of type
// [*Error]. Whether the steps can be solved is for [Check] to say.
func Parse(src []byte, file string) (*Lesson, error) {
	p := &parser{file: file, src: bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))}
	p.lesson.File = file
	p.parse()
	if p.err != nil {
		return nil, p.err
	}
	return &p.lesson, nil
}

// parser reads one lesson. It keeps the first mistake; after one, what its
// methods return does not count.
type parser struct {
	file   string
	src    []byte
	lesson Lesson
	title  string // the nearest heading above
	err    *Error
}

// fail notes a mistake at an octet of the file, unless there is one already.
func (p *parser) fail(off int, format string, args ...any) {
	line, column := p.position(off)
	p.failAt(line, column, format, args...)
}

func (p *parser) failAt(line, column int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{File: p.file, Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
	}
}

// position is the line and the column of an octet.
func (p *parser) position(off int) (line, column int) {
	before := p.src[:min(max(off, 0), len(p.src))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

func (p *parser) line(off int) int {
	line, _ := p.position(off)
	return line
}

// lineStart is where the line begins in which an octet stands.
func (p *parser) lineStart(off int) int {
	return bytes.LastIndexByte(p.src[:min(off, len(p.src))], '\n') + 1
}

// lineEnd is where the line after the one begins in which an octet stands.
func (p *parser) lineEnd(off int) int {
	if i := bytes.IndexByte(p.src[min(off, len(p.src)):], '\n'); i >= 0 {
		return off + i + 1
	}
	return len(p.src)
}

func (p *parser) parse() {
	if len(p.src) > maxFile {
		p.fail(0, "the file has %d octets; expected a lesson of at most %d", len(p.src), maxFile)
		return
	}
	for off := 0; off < len(p.src); {
		r, size := utf8.DecodeRune(p.src[off:])
		if r == utf8.RuneError && size == 1 || r < ' ' && r != '\n' && r != '\t' {
			p.fail(off, "expected text in UTF-8 without control characters")
			return
		}
		off += size
	}
	body := p.frontMatter()
	if p.err != nil {
		return
	}
	// The front matter becomes empty lines, so that places stay what they are.
	markdown := bytes.Clone(p.src)
	for i := range markdown[:body] {
		if markdown[i] != '\n' {
			markdown[i] = ' '
		}
	}
	p.blocks(goldmark.DefaultParser().Parse(text.NewReader(markdown)), body)
	if p.err == nil && len(p.lesson.Steps) == 0 {
		p.fail(len(p.src), "the lesson has no steps; a block such as ```watch makes one")
	}
}

// blocks goes through the file and makes a step of each block with an info
// string, with the text above it and the list below.
func (p *parser) blocks(doc ast.Node, from int) {
	var above []ast.Node
	for n := doc.FirstChild(); n != nil && p.err == nil; n = n.NextSibling() {
		fence, ok := n.(*ast.FencedCodeBlock)
		if !ok || fence.Info == nil {
			above = append(above, n)
			continue
		}
		end := p.fenceEnd(fence)
		list, _ := n.NextSibling().(*ast.List)
		step := p.step(fence, list)
		p.prose(&step, above, from, p.lineStart(fence.Pos()))
		p.lesson.Steps = append(p.lesson.Steps, step)
		if list != nil {
			n, end = list, p.lineEnd(lastOctet(list))
			if again, ok := list.NextSibling().(*ast.List); ok {
				p.fail(again.Pos(), "expected one list after the block; this is a second one")
			}
		}
		above, from = nil, end
	}
	if p.err == nil && len(bytes.TrimSpace(p.src[from:])) > 0 {
		step := Step{Kind: Read, Line: p.line(from)}
		p.prose(&step, above, from, len(p.src))
		p.lesson.Steps = append(p.lesson.Steps, step)
	}
}

// lastOctet is the last octet of a node that is text.
func lastOctet(n ast.Node) int {
	last := n.Pos()
	if n.Type() == ast.TypeBlock {
		for i := range n.Lines().Len() {
			last = max(last, n.Lines().At(i).Stop-1)
		}
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Type() == ast.TypeBlock {
			last = max(last, lastOctet(c))
		}
	}
	return last
}

// fenceEnd is where the line after a block's closing fence begins.
func (p *parser) fenceEnd(fence *ast.FencedCodeBlock) int {
	end := p.lineEnd(fence.Pos())
	if n := fence.Lines().Len(); n > 0 {
		end = p.lineEnd(fence.Lines().At(n-1).Stop - 1)
	}
	closing := bytes.TrimSpace(p.src[end:p.lineEnd(end)])
	if len(closing) < 3 || len(bytes.Trim(closing, "`~")) > 0 {
		p.fail(fence.Pos(), "the block that begins here is not closed; expected ``` in a line of its own")
	}
	return p.lineEnd(end)
}

// prose gives the step its title, its text and its question, from the nodes
// that stand in the octets from from to to.
func (p *parser) prose(step *Step, above []ast.Node, from, to int) {
	for i, n := range above {
		switch n := n.(type) {
		case *ast.Heading:
			switch {
			case p.src[n.Pos()] != '#':
				p.fail(n.Pos(), "expected # before a heading; for a line across, leave an empty line above it")
			case i > 0:
				p.fail(n.Pos(), "expected the heading of a step before its text; text after a block belongs to the next step")
			}
			p.title = string(bytes.TrimSpace(n.Lines().Value(p.src)))
			from = p.lineEnd(n.Pos())
		case *ast.HTMLBlock:
			p.fail(n.Pos(), "expected Markdown without HTML")
		}
	}
	step.Title = p.title
	asked := p.question(step, above)
	end := to
	if asked != nil {
		end = p.lineStart(asked.Pos())
	}
	step.Prose = strings.TrimSpace(string(p.src[min(from, end):end]))
}

// question gives the step its question and returns the paragraph it is.
func (p *parser) question(step *Step, above []ast.Node) ast.Node {
	var last *ast.Paragraph
	if len(above) > 0 {
		last, _ = above[len(above)-1].(*ast.Paragraph)
	}
	words := ""
	if last != nil {
		words = strings.TrimSpace(string(last.Lines().Value(p.src)))
	}
	isQuestion := strings.HasSuffix(strings.TrimRight(words, "*_`"), "?")
	switch step.Kind {
	case Type, Inject:
		if words == "" {
			p.failAt(step.Line, 1, "expected a paragraph before the block that says what to %s", map[Kind]string{Type: "type", Inject: "reach"}[step.Kind])
			return nil
		}
		step.Question = words
		return last
	case Predict, Quiz:
		if isQuestion {
			step.Question = words
			return last
		}
		step.Question = "What comes next?"
		if step.Kind == Quiz {
			step.Question = "Which of these is right?"
			if step.Multiple() {
				step.Question = "Which of these are right?"
			}
		}
	}
	return nil
}

// pattern reads a pattern that stands at an octet of the file.
func (p *parser) pattern(off int, words string) *trace.Pattern {
	pattern, err := trace.ParsePattern(words)
	if err != nil {
		p.wordError(off, err)
	}
	return pattern
}

// wordError notes a mistake in words that begin at an octet of the file.
func (p *parser) wordError(off int, err error) {
	line, column := p.position(off)
	if w, ok := err.(*trace.WordError); ok {
		p.failAt(line, column+w.Column-1, "%s", w.Msg)
		return
	}
	p.failAt(line, column, "%v", err)
}
