package trace

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseWords(t *testing.T) {
	got, err := ParseWords(`msa>mx  at=RCPT line~"FROM: *[^<]" "EHLO \"a\"" reply`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Word{
		{Key: "msa>mx", Column: 1},
		{Key: "at", Op: Is, Value: "RCPT", Column: 9, ValueColumn: 12},
		{Key: "line", Op: Looks, Value: "FROM: *[^<]", Column: 17, ValueColumn: 22},
		{Key: `EHLO "a"`, Column: 36},
		{Key: "reply", Column: 49},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseWordsErrorsNameTheColumn(t *testing.T) {
	for _, c := range []struct {
		in     string
		column int
		says   string
	}{
		{`mx at=`, 7, "a value"},
		{`mx =3`, 4, "a word"},
		{`mx reply="451`, 10, `closing "`},
		{`mx "a"b`, 7, "a space"},
		{`ü at="a"b`, 9, "a space"},
	} {
		_, err := ParseWords(c.in)
		var we *WordError
		if !errors.As(err, &we) {
			t.Errorf("%s: got %v, want a WordError", c.in, err)
			continue
		}
		if we.Column != c.column || !strings.Contains(we.Msg, c.says) {
			t.Errorf("%s: got %v, want column %d and %q", c.in, we, c.column, c.says)
		}
	}
}

// Words spelled out are read again as the same words.
func TestWordsRoundTrip(t *testing.T) {
	key := rapid.StringMatching(`[a-z>-]{1,8}`)
	rapid.Check(t, func(t *rapid.T) {
		var words []Word
		for range rapid.IntRange(0, 5).Draw(t, "words") {
			w := Word{Key: key.Draw(t, "key"), Op: rapid.SampledFrom([]Op{Bare, Is, Looks}).Draw(t, "op")}
			if w.Op == Bare {
				w.Key = rapid.StringN(1, 12, -1).Draw(t, "bare")
			} else {
				w.Value = rapid.StringN(1, 12, -1).Draw(t, "value")
			}
			words = append(words, w)
		}
		line := JoinWords(words)
		got, err := ParseWords(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for i := range got {
			got[i].Column, got[i].ValueColumn = 0, 0
		}
		if diff := cmp.Diff(words, got); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	f.Add("msa>mx at=MAIL")
	f.Add(`mx state="transaction open" from=a@b line~"^x" n=2-`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePattern(s)
		if err != nil {
			return
		}
		if _, err := ParsePattern(p.String()); err != nil {
			t.Errorf("%q was read, but not its spelling %q: %v", s, p.String(), err)
		}
	})
}
