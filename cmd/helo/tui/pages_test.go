package tui

// Text as it is drawn.

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// drawn is a text as it stands on the screen, w cells wide.
func drawn(text string, w int) string {
	rows := drawPage(newTheme(true, true), pageKey{text, w, telling})
	for i, r := range rows {
		rows[i] = strings.TrimRight(ansi.Strip(r), " ")
	}
	return strings.Join(rows, "\n")
}

// Where a line breaks in the file says nothing about where it breaks on the
// screen, in items as in paragraphs.
func TestLinesOfAFileAreJoined(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"items", "- **465** is for them\n  as well, and today the better one: the\n  line is locked from\n  the first octet.\n- an item\ngoes on",
			"• 465 is for them as well, and today\n  the better one: the line is locked\n  from the first octet.\n• an item goes on",
		},
		{"numbers", "1. one\n   and more\n2. two", "1. one and more\n2. two"},
		{"paragraphs", "One\nline\nand another.\n\nA\nparagraph.", "One line and another.\n\nA paragraph."},
		{"a code span", "Say `AUTH\nPLAIN` now.", "Say AUTH PLAIN now."},
		{"code", "Look:\n\n    one\n    two\n\nand\non.", "Look:\n\n  one\n  two\n\nand on."},
		{"a fenced block", "```\none\ntwo\n```\n", "  one\n  two"},
	} {
		if got := drawn(c.text, 38); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}
