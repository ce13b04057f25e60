package tui

// Colours and marks: one theme value, built from the background and whether
// there is colour at all. Nothing else in this package names a colour.

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// theme is every style of the screen.
type theme struct {
	dark  bool
	color bool

	text   ink // what is read: the terminal's own colour
	strong ink // titles
	mid    ink // what is said beside it
	faint  ink // lines, times, what is not reached yet
	accent ink // what the learner can do or is asked
	ask    ink // the same, as a title
	client ink // said by a client
	server ink // said by a server
	good   ink // done
	fail   ink // went wrong; always with ✗
	dns    ink // questions to the name servers, and answers
	verb   ink // the first word of what is bracketed
	chosen ink // the part that is chosen
	mark   ink // CR and LF, which are no text
	held   ink // the lane of the host that is responsible
	lane   ink // every other lane
	wall   ink // of the pipe around what is inside TLS

	cursor string // colour of the cursor where a line is typed; "" for the terminal's
}

// ink is a style as the octets before and behind a text, on the plain
// background and on the band of the selected row. Setting a style anew for each
// piece of text is most of the cost of a frame.
type ink struct {
	on, onBand string
}

const inkOff = "\x1b[m"

// palette is one colour for each job, for a dark and for a light background.
var palette = map[string][2]string{
	"mid":    {"#8b93a7", "#6a7180"},
	"faint":  {"#667087", "#8c94a3"},
	"lane":   {"#4b5366", "#b9bfca"},
	"accent": {"#e8b04b", "#9a6700"},
	"client": {"#6cb6ff", "#0b62c4"},
	"server": {"#8ddb8c", "#1a7f37"},
	"fail":   {"#ff7b72", "#c4261d"},
	"dns":    {"#c297ff", "#7b3fbf"},
	"band":   {"#262c3a", "#e6ebf3"},
}

// newTheme builds the theme.
func newTheme(dark, color bool) *theme {
	shade := 0
	if !dark {
		shade = 1
	}
	style := func(name string) lipgloss.Style {
		s := lipgloss.NewStyle().Inline(true)
		if name != "" && color {
			s = s.Foreground(lipgloss.Color(palette[name][shade]))
		}
		return s
	}
	make := func(s lipgloss.Style) ink {
		band := s.Reverse(true)
		if color {
			band = s.Background(lipgloss.Color(palette["band"][shade]))
		}
		return ink{opening(s), opening(band)}
	}
	t := &theme{
		dark: dark, color: color,
		text:   make(style("")),
		strong: make(style("").Bold(true)),
		mid:    make(style("mid")),
		faint:  make(style("faint")),
		accent: make(style("accent")),
		ask:    make(style("accent").Bold(true)),
		client: make(style("client")),
		server: make(style("server")),
		good:   make(style("server")),
		fail:   make(style("fail")),
		dns:    make(style("dns")),
		verb:   make(style("client").Bold(true)),
		mark:   make(style("mid")),
		held:   make(style("accent").Bold(true)),
		lane:   make(style("lane")),
		wall:   make(style("mid")),
	}
	if color {
		t.cursor = palette["accent"][shade]
		band := lipgloss.Color(palette["band"][shade])
		t.chosen = make(style("accent").Background(band).Bold(true))
		t.mark = make(style("mid").Background(band))
		return t
	}
	// Without colour: bold for what is asked, underline for what is chosen,
	// faint for what stands back. Arrows, ✗, ? and = tell the rest apart.
	t.accent = make(style("").Bold(true))
	t.ask = make(style("").Bold(true).Underline(true))
	t.faint = make(style("").Faint(true))
	t.lane = t.faint
	t.fail = make(style("").Bold(true))
	t.chosen = make(style("").Bold(true).Underline(true))
	t.mark = make(style("").Underline(true).Faint(true))
	return t
}

// opening is the octets with which lipgloss begins a text of that style.
func opening(s lipgloss.Style) string {
	before, _, _ := strings.Cut(s.Render("x"), "x")
	return before
}

// shadeOf is a colour of the palette for styles that are not drawn by rows.
func (t *theme) shadeOf(name string) *string {
	if !t.color {
		return nil
	}
	c := palette[name][0]
	if !t.dark {
		c = palette[name][1]
	}
	return &c
}
