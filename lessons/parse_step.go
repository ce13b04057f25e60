package lessons

// From a fenced block to a step: the words of its info string and its body.

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"

	"helo/sim/trace"
)

// form is what a kind of step is written with.
type form struct {
	kind   Kind
	needed []string // words of the info string
	others []string
	body   bool // the block holds a solution
	list   string
}

var forms = []form{
	{kind: Watch, others: []string{"until", "scenario", "input"}},
	{kind: Predict, needed: []string{"next"}, others: []string{"scenario", "input"},
		list: "options such as - `code=250` go on, or hints"},
	{kind: Type, needed: []string{"as", "to", "goal"}, others: []string{"port"}, body: true,
		list: "- wrong `PATTERN` try `LINE`, - right, or - hint TEXT"},
	{kind: Quiz, list: "options such as - [x] yes and - [ ] no, or hints"},
	{kind: Inject, needed: []string{"goal"}, others: []string{"scenario", "input"},
		list: "options such as - `msa>mx refuse` refuse the connection, or hints"},
}

// repeated are the words that may stand more than once.
var repeated = []string{"goal", "input"}

// later are kinds that the design names and this helo does not know.
var later = []string{"answer", "order", "lab"}

const knownKinds = "watch, predict, type, quiz or inject"

// step reads a block and the list below it, nil if there is none.
func (p *parser) step(fence *ast.FencedCodeBlock, list *ast.List) Step {
	step := Step{Line: p.line(fence.Pos())}
	at := fence.Info.Segment.Start
	info := string(fence.Info.Segment.Value(p.src))
	words, err := trace.ParseWords(info)
	if err != nil || len(words) == 0 {
		p.wordError(at, err)
		return step
	}
	f, ok := p.form(at, words[0])
	if !ok {
		return step
	}
	step.Kind = f.kind
	p.infoWords(&step, f, at, info, words[1:])
	for i := range fence.Lines().Len() {
		segment := fence.Lines().At(i)
		if !f.body {
			p.fail(segment.Start, "expected an empty %s block; only a type block has lines, its solution", f.kind)
		}
		step.Solution = append(step.Solution, strings.TrimSuffix(string(segment.Value(p.src)), "\n"))
	}
	if f.body && len(step.Solution) == 0 {
		p.fail(fence.Pos(), "expected the solution in the block, one line each")
	}
	if p.err == nil {
		p.list(&step, f, list)
	}
	return step
}

func (p *parser) form(at int, word trace.Word) (form, bool) {
	for _, f := range forms {
		if word.Op == trace.Bare && word.Key == f.kind.String() {
			return f, true
		}
	}
	if slices.Contains(later, word.Key) {
		p.fail(at, "the step %s is not known here yet; expected %s", word.Key, knownKinds)
	} else {
		p.fail(at, "unknown kind of step %q; expected %s, or nothing after ``` for an example", word.Key, knownKinds)
	}
	return form{}, false
}

// infoWords reads the words after the kind.
func (p *parser) infoWords(step *Step, f form, at int, info string, words []trace.Word) {
	allowed := append(slices.Clone(f.needed), f.others...)
	seen := map[string]bool{}
	for _, w := range words {
		off := at + offset(info, w.Column)
		switch {
		case w.Op != trace.Is || !slices.Contains(allowed, w.Key):
			if len(allowed) == 0 {
				p.fail(off, "unknown word %q; expected nothing after %s", w.Key, f.kind)
			}
			p.fail(off, "unknown word %q; after %s expected %s=", w.Key, f.kind, strings.Join(allowed, "= "))
			return
		case seen[w.Key] && !slices.Contains(repeated, w.Key):
			p.fail(off, "%s= stands here a second time", w.Key)
			return
		}
		seen[w.Key] = true
		p.infoWord(step, w, at, info)
	}
	for _, key := range f.needed {
		if !seen[key] {
			p.fail(at+len(info), "expected %s= after %s", key, f.kind)
		}
	}
}

func (p *parser) infoWord(step *Step, w trace.Word, at int, info string) {
	switch w.Key {
	case "as":
		step.As = w.Value
		return
	case "to":
		step.To = w.Value
		return
	case "port":
		port, err := strconv.ParseUint(w.Value, 10, 16)
		if err != nil || port == 0 {
			p.fail(at+offset(info, w.ValueColumn), "port: expected a number from 1 to 65535")
		}
		step.Port = uint16(port)
		return
	case "scenario":
		step.Scenario = w.Value
		return
	case "input":
		if _, err := trace.ParseWords(w.Value); err != nil {
			p.valueError(at, info, w, err)
		}
		step.Inputs = append(step.Inputs, w.Value)
		return
	}
	pattern, err := trace.ParsePattern(w.Value)
	if err != nil {
		p.valueError(at, info, w, err)
		return
	}
	switch w.Key {
	case "until":
		step.Until = pattern
	case "next":
		step.Next = pattern
	case "goal":
		step.Goals = append(step.Goals, pattern)
	}
}

// valueError notes a mistake inside the value of a word.
func (p *parser) valueError(at int, info string, w trace.Word, err error) {
	start := offset(info, w.ValueColumn)
	if wordErr, ok := err.(*trace.WordError); ok {
		p.fail(at+start+inside(info[start:], wordErr.Column), "%s", wordErr.Msg)
	}
	p.fail(at+start, "%v", err)
}

// offset is the octet of a text at which a column begins.
func offset(s string, column int) int {
	off := 0
	for ; column > 1 && off < len(s); column-- {
		_, size := utf8.DecodeRuneInString(s[off:])
		off += size
	}
	return off
}

// inside is the octet at which a column of a value stands, where the value
// itself is written in quotes.
func inside(written string, column int) int {
	if !strings.HasPrefix(written, `"`) {
		return offset(written, column)
	}
	off := 1
	for ; column > 1 && off < len(written); column-- {
		if written[off] == '\\' && off+1 < len(written) && strings.ContainsRune(`"\`, rune(written[off+1])) {
			off++
		}
		_, size := utf8.DecodeRuneInString(written[off:])
		off += size
	}
	return off
}
