package content_test

// What the lessons look like: whether their text fits the screens it is shown
// on, and whether it keeps the house's forms.

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"helo/lessons"
)

// What stands beside the ladder must fit there.
func TestTextFitsTheScreens(t *testing.T) {
	const (
		column  = 40 // beside the ladder at 120x36
		rows    = 14
		small   = 76 // at 80x24
		inSmall = 4
	)
	course(t, func(t *testing.T, l *lessons.Lesson) {
		for i, st := range l.Steps {
			where := fmt.Sprintf("%s:%d: step %d", l.File, st.Line, i+1)
			fits := func(what, text string, width, most int) {
				t.Helper()
				if n := height(text, width); n > most {
					t.Errorf("%s: %s takes %d lines of %d columns, at most %d fit:\n%s", where, what, n, width, most, text)
				}
			}
			fits("the prose", st.Prose, column, rows)
			fits("the question", st.Question, column, 6)
			fits("the question", st.Question, small, 2)
			first, _, _ := strings.Cut(strings.ReplaceAll(st.Prose, "\n", " "), ". ")
			fits("the first sentence", first, small, 2)
			fits("what is said when solved", st.Right, small, inSmall)
			for _, o := range st.Options {
				fits("an option", o.Text, column-5, 2)
				fits("a reason", o.Reason, small, 3)
				fits("a reason", o.Reason, column, 6)
			}
			for _, w := range st.Wrong {
				fits("a feedback", w.Feedback, small, inSmall)
			}
			for _, h := range st.Hints {
				fits("a hint", h, small, 2)
			}
			if strings.Contains(st.Prose+st.Question, "!") {
				t.Errorf("%s: an exclamation mark", where)
			}
		}
	})
}

// height is how many lines a text takes, without its Markdown marks.
func height(markdown string, width int) int {
	n := 0
	for i, paragraph := range strings.Split(strings.NewReplacer("*", "", "`", "").Replace(markdown), "\n\n") {
		if i > 0 {
			n++
		}
		for _, item := range regexp.MustCompile(`(?m)^- `).Split(paragraph, -1) {
			words := strings.Fields(item)
			if len(words) == 0 {
				continue
			}
			n++
			used := 0
			for _, w := range words {
				cells := runewidth.StringWidth(w)
				if used > 0 && used+1+cells > width {
					n, used = n+1, 0
				}
				if used > 0 {
					used++
				}
				used += cells
			}
		}
	}
	return n
}

func TestNeedsExistAndComeBefore(t *testing.T) {
	seen := map[string]bool{}
	course(t, func(t *testing.T, l *lessons.Lesson) {
		for _, id := range l.Needs {
			if !seen[id] {
				t.Errorf("%s: needs %q, which is no lesson before it", l.File, id)
			}
		}
		seen[l.ID] = true
	})
}

func TestRFCReferencesHaveOneForm(t *testing.T) {
	mention := regexp.MustCompile(`(?i)RFC\s*-?[0-9]+[^,;"\])\n]*`)
	form := regexp.MustCompile(`^RFC [1-9][0-9]{2,4}( §[0-9]+(\.[0-9]+)*)?$`)
	err := fs.WalkDir(files, "lessons", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(files, name)
		for _, m := range mention.FindAllString(string(src), -1) {
			if !form.MatchString(m) {
				t.Errorf("%s: %q: expected the form RFC 5321 §4.1.1.2", name, m)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
