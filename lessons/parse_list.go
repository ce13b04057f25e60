package lessons

// From the list below a block to options, mistakes and hints.

import (
	"strings"

	"github.com/yuin/goldmark/ast"

	"helo/sim/host"
)

// item is one item of the list, taken apart.
type item struct {
	off   int      // where its text begins in the file
	word  string   // what it begins with: "wrong", "hint", "right", "[x]", "[ ]", or "" before a code span
	text  string   // what comes after the word; after the code spans of an option
	code  []string // its code spans
	codes []int    // where they begin in the file
	quote string   // the quote below it
}

// list reads the list below a step's block.
func (p *parser) list(step *Step, f form, list *ast.List) {
	if list != nil && f.list == "" {
		p.fail(list.Pos(), "expected no list after a %s block; a sentence before it makes it text of the next step", f.kind)
		return
	}
	if list != nil {
		for n := list.FirstChild(); n != nil && p.err == nil; n = n.NextSibling() {
			if i, ok := p.item(n); ok {
				p.add(step, f, i)
			}
		}
	}
	if p.err != nil {
		return
	}
	switch step.Kind {
	case Inject:
		if len(step.Options) < 2 {
			p.failAt(step.Line, 1, "expected a list with two faults or more after the inject block, such as - `msa>mx refuse` refuse the connection")
		}
	case Predict:
		if len(step.Options) < 2 {
			p.failAt(step.Line, 1, "expected a list with two options or more after the predict block, such as - `code=250` go on")
		}
	case Quiz:
		if len(step.Options) < 2 {
			p.failAt(step.Line, 1, "expected a list with two options or more after the quiz block, such as - [x] yes")
		} else if len(rightOnes(step.Options)) == 0 {
			p.failAt(step.Line, 1, "no option is right; expected one that begins with [x]")
		}
	}
}

func rightOnes(options []Option) []int {
	var list []int
	for i, o := range options {
		if o.Right {
			list = append(list, i)
		}
	}
	return list
}

// add puts an item where it belongs in the step.
func (p *parser) add(step *Step, f form, i item) {
	line := p.line(i.off)
	switch {
	case i.word == "hint":
		if i.text == "" || i.quote != "" {
			p.fail(i.off, "expected the hint's text after the word hint, and no quote")
		}
		step.Hints = append(step.Hints, i.text)
	case i.word == "" && step.Kind == Predict:
		if i.text == "" {
			p.fail(i.off, "expected the option's text after its pattern")
		}
		pattern := p.pattern(i.codes[0], i.code[0])
		step.Options = append(step.Options, Option{Text: i.text, Pattern: pattern, Reason: i.quote, Line: line})
	case i.word == "" && step.Kind == Inject:
		if i.text == "" || i.quote == "" {
			p.fail(i.off, "expected the option's text after its fault, and a quote below it that says what it does")
		}
		fault, err := host.ParseFault(i.code[0])
		if err != nil {
			p.wordError(i.codes[0], err)
		}
		step.Options = append(step.Options, Option{Text: i.text, Fault: fault, Reason: i.quote, Line: line})
	case strings.HasPrefix(i.word, "[") && step.Kind == Quiz:
		o := Option{Text: i.text, Right: i.word == "[x]", Reason: i.quote, Line: line}
		if o.Text == "" {
			p.fail(i.off, "expected the option's text after %s", i.word)
		}
		if !o.Right && o.Reason == "" {
			p.fail(i.off, "expected a quote below this option that says why it is not right")
		}
		step.Options = append(step.Options, o)
	case i.word == "wrong" && step.Kind == Type:
		p.wrong(step, i)
	case i.word == "right" && step.Kind == Type:
		if i.text != "" || i.quote == "" || step.Right != "" {
			p.fail(i.off, "expected the word right alone, once, with a quote below it that is said when the step is solved")
		}
		step.Right = i.quote
	default:
		p.fail(i.off, "expected %s", f.list)
	}
}

// wrong reads a mistake: wrong `PATTERN` try `LINE`.
func (p *parser) wrong(step *Step, i item) {
	between := strings.Fields(i.text)
	if len(i.code) < 2 || len(between) != 1 || between[0] != "try" {
		p.fail(i.off, "expected wrong `PATTERN` try `LINE`, with a quote below it")
		return
	}
	if i.quote == "" {
		p.fail(i.off, "expected a quote below this mistake with what is said to it")
		return
	}
	w := Wrong{Pattern: p.pattern(i.codes[0], i.code[0]), Feedback: i.quote, Line: p.line(i.off)}
	for _, line := range i.code[1:] {
		if strings.TrimSpace(line) == "" { // a code span cannot be empty
			line = ""
		}
		w.Try = append(w.Try, line)
	}
	step.Wrong = append(step.Wrong, w)
}

// item takes an item of the list apart.
func (p *parser) item(n ast.Node) (item, bool) {
	block := n.FirstChild()
	if block == nil || block.Kind() != ast.KindTextBlock && block.Kind() != ast.KindParagraph {
		p.fail(n.Pos(), "expected text in this item of the list")
		return item{}, false
	}
	i := item{off: block.Pos()}
	p.spans(&i, block)
	raw := joined(block, p.src)
	first, rest, _ := strings.Cut(raw, " ")
	switch {
	case strings.HasPrefix(raw, "`") && len(i.code) > 0:
		i.text = strings.TrimSpace(p.after(block, i.codes[0]+len(i.code[0])))
	case strings.HasPrefix(raw, "[x]"), strings.HasPrefix(raw, "[X]"), strings.HasPrefix(raw, "[ ]"):
		i.word, i.text = strings.ToLower(raw[:3]), strings.TrimSpace(raw[3:])
	case first == "wrong":
		i.word = first
		if len(i.code) > 0 {
			i.text = p.between(block)
		}
	default:
		i.word, i.text = first, strings.TrimSpace(rest)
	}
	for c := block.NextSibling(); c != nil; c = c.NextSibling() {
		if c.Kind() != ast.KindBlockquote || i.quote != "" {
			p.fail(c.Pos(), "expected one quote, with > before each line, and nothing else below the item")
			return item{}, false
		}
		i.quote = p.quote(c)
	}
	return i, p.err == nil
}

// spans collects the code spans of a block.
func (p *parser) spans(i *item, block ast.Node) {
	for c := block.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Kind() != ast.KindCodeSpan || c.FirstChild() == nil {
			continue
		}
		var b strings.Builder
		for t := c.FirstChild(); t != nil; t = t.NextSibling() {
			if t, ok := t.(*ast.Text); ok {
				b.Write(t.Segment.Value(p.src))
			}
		}
		start := c.Pos()
		if t, ok := c.FirstChild().(*ast.Text); ok {
			start = t.Segment.Start
		}
		i.code = append(i.code, strings.ReplaceAll(b.String(), "\n", " "))
		i.codes = append(i.codes, start)
	}
}

// after is a block's text after the code span that ends at off.
func (p *parser) after(block ast.Node, off int) string {
	for off < len(p.src) && (p.src[off] == ' ' || p.src[off] == '`') {
		off++
	}
	var parts []string
	for i := range block.Lines().Len() {
		s := block.Lines().At(i)
		if s.Stop > off {
			parts = append(parts, strings.TrimSpace(string(p.src[max(s.Start, off):s.Stop])))
		}
	}
	return strings.Join(parts, " ")
}

// between is the text of a block outside its code spans and after its first
// word.
func (p *parser) between(block ast.Node) string {
	var b strings.Builder
	for c := block.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(p.src))
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(b.String()), "wrong"))
}

// joined is a block's text on one line.
func joined(block ast.Node, src []byte) string {
	var parts []string
	for i := range block.Lines().Len() {
		s := block.Lines().At(i)
		parts = append(parts, strings.TrimSpace(string(s.Value(src))))
	}
	return strings.Join(parts, " ")
}

// quote is the Markdown inside a quote.
func (p *parser) quote(n ast.Node) string {
	var parts []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Kind() != ast.KindParagraph {
			p.fail(c.Pos(), "expected nothing but paragraphs in a quote; what begins like 250. or - is a list")
			return ""
		}
		parts = append(parts, joined(c, p.src))
	}
	return strings.Join(parts, "\n\n")
}
