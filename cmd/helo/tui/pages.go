package tui

// Prose: Markdown made into rows by glamour, kept by width and theme.

import (
	"bytes"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"charm.land/glamour/v2"
	"charm.land/glamour/v2/ansi"
	xansi "github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// tone says what a text is for.
type tone uint8

const (
	telling tone = iota // what a step tells
	asking              // what it asks; what is to be typed is in the accent
)

// pageKey names one text as it is drawn.
type pageKey struct {
	text  string
	width int
	tone  tone
}

// pages are the texts drawn so far. A view reads them; a command draws those
// that are missing.
type pages struct {
	th     *theme
	have   map[pageKey][]string
	wanted map[pageKey]bool // a command is drawing it
}

// pagesMsg brings drawn texts. Those of another theme are too late.
type pagesMsg struct {
	th    *theme
	drawn map[pageKey][]string
}

func newPages(th *theme) *pages {
	return &pages{th: th, have: map[pageKey][]string{}, wanted: map[pageKey]bool{}}
}

// get is a text as rows of exactly its width; nothing while it is being drawn.
func (p *pages) get(k pageKey) []string { return p.have[k] }

// fetch returns a command that draws what is missing, nil if nothing is.
func (p *pages) fetch(keys []pageKey) tea.Cmd {
	var missing []pageKey
	for _, k := range keys {
		if _, ok := p.have[k]; ok || p.wanted[k] || k.text == "" || k.width < 4 {
			continue
		}
		p.wanted[k] = true
		missing = append(missing, k)
	}
	if missing == nil {
		return nil
	}
	th := p.th
	return func() tea.Msg {
		drawn := make(map[pageKey][]string, len(missing))
		for _, k := range missing {
			drawn[k] = drawPage(th, k)
		}
		return pagesMsg{th, drawn}
	}
}

// maxPages is how many texts are kept; a resize begins anew anyway.
const maxPages = 400

// take keeps what a command has drawn.
func (p *pages) take(msg pagesMsg) {
	if msg.th != p.th {
		return
	}
	if len(p.have) > maxPages {
		clear(p.have)
	}
	for k, rows := range msg.drawn {
		delete(p.wanted, k)
		p.have[k] = rows
	}
}

// drawing guards glamour, whose renderers are not made for several goroutines.
var drawing sync.Mutex

// drawPage draws one text.
func drawPage(th *theme, k pageKey) []string {
	drawing.Lock()
	defer drawing.Unlock()
	out, width := "", k.width
	list := strings.Contains("\n"+k.text, "\n- ")
	if list {
		width -= cells(bullet)
	}
	r, err := glamour.NewTermRenderer(glamour.WithStyles(proseStyle(th, k.tone)), glamour.WithWordWrap(width))
	if err == nil {
		out, err = r.Render(unbroken(k.text))
	}
	if err != nil {
		out = k.text // the text of a lesson is always better than none
	}
	if list {
		out = hang(out)
	}
	return pageRows(out, k.width)
}

// unbroken joins the lines of each paragraph and item: where they break in the
// file of a lesson says nothing about where they break on the screen. glamour
// keeps the breaks of items.
func unbroken(markdown string) string {
	src := []byte(markdown)
	doc := goldmark.DefaultParser().Parse(text.NewReader(src))
	var out strings.Builder
	from := 0
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || n.Kind() != ast.KindParagraph && n.Kind() != ast.KindTextBlock {
			return ast.WalkContinue, nil
		}
		for i := 1; i < n.Lines().Len(); i++ {
			before, next := n.Lines().At(i-1), n.Lines().At(i)
			line := bytes.TrimRight(src[from:before.Stop], "\r\n")
			if bytes.HasSuffix(line, []byte("  ")) || bytes.HasSuffix(line, []byte(`\`)) {
				continue // a break that is wanted
			}
			out.Write(bytes.TrimRight(line, " \t"))
			out.WriteByte(' ')
			from = next.Start
		}
		return ast.WalkSkipChildren, nil
	})
	out.Write(src[from:])
	return out.String()
}

const bullet = "• "

// hang puts the further lines of an item under its first word.
func hang(s string) string {
	rows := strings.Split(s, "\n")
	item := false
	for i, row := range rows {
		bare := strings.TrimLeft(xansi.Strip(row), " ")
		switch {
		case strings.HasPrefix(bare, bullet):
			item = true
		case strings.TrimSpace(bare) == "":
			item = false
		case item:
			rows[i] = blanks(cells(bullet)) + row
		}
	}
	return strings.Join(rows, "\n")
}

// pageRows makes rows of exactly width cells, without blank ones around them.
func pageRows(s string, width int) []string {
	var out []string
	blank := 0
	for row := range strings.SplitSeq(s, "\n") {
		bare := strings.TrimRight(xansi.Strip(row), " ")
		n := cells(bare)
		switch {
		case n == 0:
			blank++
			continue
		case len(out) > 0 && blank > 0:
			out = append(out, blanks(width))
		}
		blank = 0
		row = xansi.Truncate(row, min(n, width), "")
		if n > width {
			row = xansi.Truncate(row, width-1, "") + inkOff + "…"
			n = width
		}
		if strings.Contains(row, "\x1b") {
			row += inkOff
		}
		out = append(out, row+blanks(width-n))
	}
	return out
}

// proseStyle is glamour's style sheet, from the theme.
func proseStyle(th *theme, tone tone) ansi.StyleConfig {
	yes := true
	none := uint(0)
	two := uint(2)
	bar := "│ "
	code := ansi.StylePrimitive{Bold: &yes}
	if tone == asking {
		code = ansi.StylePrimitive{Color: th.shadeOf("accent")}
	}
	if !th.color && tone == asking {
		code = ansi.StylePrimitive{Underline: &yes, Bold: &yes}
	}
	mid := th.shadeOf("mid")
	emph := ansi.StylePrimitive{Italic: &yes}
	block := func(p ansi.StylePrimitive) ansi.StyleBlock { return ansi.StyleBlock{StylePrimitive: p} }
	return ansi.StyleConfig{
		Document:    ansi.StyleBlock{Margin: &none},
		BlockQuote:  ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: mid}, Indent: &two, IndentToken: &bar},
		List:        ansi.StyleList{LevelIndent: 2},
		Heading:     ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Bold: &yes, BlockSuffix: "\n"}},
		Strong:      ansi.StylePrimitive{Bold: &yes},
		Emph:        emph,
		Item:        ansi.StylePrimitive{BlockPrefix: bullet},
		Enumeration: ansi.StylePrimitive{BlockPrefix: ". "},
		Task:        ansi.StyleTask{Ticked: "✓ ", Unticked: "· "},
		Link:        ansi.StylePrimitive{Color: mid},
		LinkText:    ansi.StylePrimitive{Underline: &yes},
		Code:        block(code),
		CodeBlock:   ansi.StyleCodeBlock{StyleBlock: ansi.StyleBlock{StylePrimitive: code, Margin: &two}},
		HorizontalRule: ansi.StylePrimitive{
			Color: mid, Format: "\n───\n",
		},
	}
}
