package lessons

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func saved(t *testing.T, p *Progress) {
	t.Helper()
	if err := p.Save(); err != nil {
		t.Fatal(err)
	}
}

func loaded(t *testing.T, dir string) *Progress {
	t.Helper()
	p, err := LoadProgress(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func put(t *testing.T, dir, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, progressFile), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, dir string) string {
	t.Helper()
	octets, err := os.ReadFile(filepath.Join(dir, progressFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(octets)
}

func TestProgressComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	p := loaded(t, dir)
	if p.Latest() != "" || p.Told != "" || !p.Lesson("journey").Done.IsZero() {
		t.Fatal("there is progress before there is any")
	}
	m := Mark{Lesson: "byhand", Hash: "x", Step: 3, Steps: 11, Here: []string{"", "a"}, Tried: [][]int{{1, 2}}, Results: []Result{Done, Shown, Skipped, Open}}
	p.Leave(m, noon)
	p.Finish("journey", noon.Add(time.Hour))
	saved(t, p)
	p = loaded(t, dir)
	if p.Latest() != "byhand" || !p.Lesson("journey").Done.Equal(noon.Add(time.Hour)) || p.Lesson("journey").Mark != nil {
		t.Errorf("%+v", p.data)
	}
	if diff := cmp.Diff(&m, p.Lesson("byhand").Mark); diff != "" {
		t.Error(diff)
	}
}

func TestDoneStaysDoneAndTheNewestMarkWins(t *testing.T) {
	dir := t.TempDir()
	one, other := loaded(t, dir), loaded(t, dir)
	one.Finish("a", noon)
	one.Leave(Mark{Lesson: "b", Step: 5}, noon.Add(time.Minute))
	one.Leave(Mark{Lesson: "d", Step: 1}, noon)
	other.Finish("a", noon.Add(time.Hour))
	other.Leave(Mark{Lesson: "a", Step: 2}, noon.Add(2*time.Hour))
	other.Leave(Mark{Lesson: "b", Step: 1}, noon)
	other.Leave(Mark{Lesson: "c", Step: 7}, noon)
	other.Finish("d", noon.Add(time.Second))
	saved(t, one)
	saved(t, other)
	for _, p := range []*Progress{other, loaded(t, dir)} {
		a, b, c, d := p.Lesson("a"), p.Lesson("b"), p.Lesson("c"), p.Lesson("d")
		switch {
		case !a.Done.Equal(noon):
			t.Errorf("done at %v", a.Done)
		case a.Mark == nil || a.Mark.Step != 2:
			t.Error("the lesson begun again is not where it was left")
		case b.Mark == nil || b.Mark.Step != 5:
			t.Error("an older mark has won")
		case c.Mark == nil || c.Mark.Step != 7:
			t.Error("a lesson was lost")
		case d.Mark != nil || d.Done.IsZero():
			t.Error("an old mark came back after the end of the lesson")
		}
	}
}

func TestAMarkMadeWhileTheClockWasWrongDoesNotStay(t *testing.T) {
	dir := t.TempDir()
	p := loaded(t, dir)
	p.Leave(Mark{Lesson: "a", Step: 1}, noon.AddDate(30, 0, 0))
	saved(t, p)
	p = loaded(t, dir)
	p.Leave(Mark{Lesson: "a", Step: 2}, noon)
	saved(t, p)
	if m := loaded(t, dir).Lesson("a").Mark; m == nil || m.Step != 2 {
		t.Errorf("the mark is %+v", m)
	}
}

func TestUnknownFieldsAreKept(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, `{"version":1,"theme":{"dark":true,"n":12345678901234567890},"lessons":{
		"a":{"done":"2026-11-23T12:00:00Z","stars":[1,2],"mark":{"lesson":"a","step":1,"mood":"good"}},
		"z":{"cards":7}}}`)
	p := loaded(t, dir)
	p.Finish("b", noon)
	saved(t, p)
	p.Leave(Mark{Lesson: "z"}, noon)
	saved(t, p)
	var got any
	decoder := json.NewDecoder(strings.NewReader(get(t, dir)))
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(got)
	for _, want := range []string{"theme:map[dark:true n:12345678901234567890]", "stars:[1 2]", "mood:good", "cards:7", "b:map["} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// Fields that another helo writes while this one runs are kept as well.
func TestUnknownFieldsOfAnotherHeloAreKept(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, `{"version":1,"theme":"old","gone":1,"lessons":{"a":{"stars":1}}}`)
	p := loaded(t, dir)
	put(t, dir, `{"version":1,"theme":"new","lessons":{"a":{"stars":2}}}`)
	p.Finish("a", noon)
	saved(t, p)
	if s := get(t, dir); !strings.Contains(s, `"theme": "new"`) || !strings.Contains(s, `"stars": 2`) || !strings.Contains(s, `"done"`) {
		t.Error(s)
	}
}

func TestADamagedFileIsMovedAsideAndTold(t *testing.T) {
	for i, damaged := range []string{"", "{", "[]", "{}", `{"version":0}`, `{"version":"x"}`, `{"version":1,"lessons":[]}`, "\x00\x00"} {
		dir := t.TempDir()
		put(t, dir, damaged)
		p := loaded(t, dir)
		aside := filepath.Join(dir, progressFile+".damaged-1")
		if octets, err := os.ReadFile(aside); err != nil || string(octets) != damaged || !strings.Contains(p.Told, aside) {
			t.Errorf("%q: %v, told %q", damaged, err, p.Told)
		}
		p.Finish("a", noon)
		saved(t, p)
		// And again, by another helo, while this one runs.
		put(t, dir, damaged)
		p.Finish("b", noon)
		saved(t, p)
		if _, err := os.Stat(filepath.Join(dir, progressFile+".damaged-2")); err != nil {
			t.Errorf("%q: %v", damaged, err)
		}
		if p = loaded(t, dir); p.Lesson("a").Done.IsZero() || p.Lesson("b").Done.IsZero() || p.Told != "" {
			t.Errorf("%d: progress is lost: %+v", i, p.data)
		}
	}
}

func TestAFileOfANewerVersionIsLeftAlone(t *testing.T) {
	for _, newer := range []string{
		`{"version":2,"lessons":{"a":{"done":"2026-11-23T12:00:00Z"}}}`,
		`{"version":9,"lessons":[1]}`,
	} {
		dir := t.TempDir()
		put(t, dir, newer)
		p := loaded(t, dir)
		if !strings.Contains(p.Told, "newer helo") {
			t.Errorf("told %q", p.Told)
		}
		p.Finish("b", noon)
		saved(t, p)
		if get(t, dir) != newer {
			t.Errorf("it was changed to %s", get(t, dir))
		}
	}
	// It may come while this helo runs.
	dir := t.TempDir()
	p := loaded(t, dir)
	put(t, dir, `{"version":2}`)
	p.Finish("b", noon)
	saved(t, p)
	if get(t, dir) != `{"version":2}` || p.Told == "" {
		t.Errorf("it was changed to %s", get(t, dir))
	}
}

func TestAFileThatCannotBeReadIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, progressFile, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := LoadProgress(dir)
	if err == nil {
		t.Error("a folder was read as a file")
	}
	p.Finish("a", noon)
	if err := p.Save(); err == nil {
		t.Error("it was overwritten")
	}
}

func TestDefaultFolderFollowsTheConvention(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", filepath.Join(t.TempDir(), "state"))
	if got, want := DefaultFolder(), filepath.Join(os.Getenv("XDG_STATE_HOME"), "helo"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := os.Stat(DefaultFolder()); !errors.Is(err, fs.ErrNotExist) {
		t.Error("asking for the folder makes it")
	}
}

// One value that makes no sense costs nothing but itself: the progress of the
// other lessons stays, and so does the value.
func TestWhatMakesNoSenseCostsNothingElse(t *testing.T) {
	for _, entry := range []string{
		`{"mark":{"lesson":"a","step":-5,"steps":3}}`,
		`{"mark":{"lesson":"a","step":9223372036854775807,"steps":3}}`,
		`{"mark":{"lesson":"a","step":1,"steps":-1}}`,
		`{"mark":{"lesson":"a","step":1,"known":-1}}`,
		`{"mark":{"lesson":"a","step":1,"known":4294967296}}`,
		`{"mark":{"lesson":"a","step":1.5}}`,
		`{"mark":7}`,
		`{"mark":null}`,
		`{"at":"yesterday","mark":{"lesson":"a","step":"x"}}`,
		`{"at":7}`,
		`{"results":7}`,
		`{"results":"done"}`,
		`{"results":["done",7]}`,
		`{"mark":{"lesson":"a","step":1,"results":"done"}}`,
		`5`,
		`null`,
	} {
		dir := t.TempDir()
		put(t, dir, `{"version":1,"lessons":{"a":`+entry+`,"b":{"done":"2026-11-23T12:00:00Z"}}}`)
		p := loaded(t, dir)
		if p.Told != "" || p.Lesson("b").Done.IsZero() || p.Lesson("a").Mark != nil {
			t.Errorf("%s: told %q, b done %v, a's mark %+v", entry, p.Told, p.Lesson("b").Done, p.Lesson("a").Mark)
		}
		p.Finish("c", noon)
		saved(t, p)
		var file struct {
			Lessons map[string]struct{ Mark, Results json.RawMessage }
		}
		if err := json.Unmarshal([]byte(get(t, dir)), &file); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(entry, `"mark":{`) && file.Lessons["a"].Mark == nil {
			t.Errorf("%s: the mark is gone from the file", entry)
		}
		if strings.Contains(entry, `{"results":`) && (file.Lessons["a"].Results == nil || p.Lesson("a").Results != nil) {
			t.Errorf("%s: the results in the file are %s, those in use %v", entry, file.Lessons["a"].Results, p.Lesson("a").Results)
		}
		p.Leave(Mark{Lesson: "a", Step: 2}, noon)
		saved(t, p)
		if m := loaded(t, dir).Lesson("a").Mark; m == nil || m.Step != 2 || m.Steps != 3 {
			t.Errorf("%s: a new mark comes back as %+v", entry, m)
		}
	}
}

// A time at the end of the calendar, or a clock that is there, does not keep
// later progress from being written.
func TestTimesFarInTheFuture(t *testing.T) {
	dir := t.TempDir()
	const end = "9999-12-31T23:59:59.999999999Z"
	put(t, dir, `{"version":1,"lessons":{"a":{"done":"`+end+`","at":"`+end+`","mark":{"lesson":"a","step":1}}}}`)
	p := loaded(t, dir)
	if p.Lesson("a").Done.IsZero() || p.Lesson("a").Mark == nil {
		t.Errorf("what was done is lost: %+v", p.Lesson("a"))
	}
	for step := range 3 {
		p.Leave(Mark{Lesson: "a", Step: step}, noon)
		saved(t, p)
	}
	p.Finish("b", time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC))
	p.Finish("c", noon)
	saved(t, p)
	p = loaded(t, dir)
	if m := p.Lesson("a").Mark; m == nil || m.Step != 2 || p.Lesson("b").Done.IsZero() || p.Lesson("c").Done.IsZero() {
		t.Errorf("got %+v, %+v", m, p.data)
	}
}

// What helo solved for the learner is kept with the lesson that is done; of
// several times, the one with the least of it.
func TestProgressKeepsWhatWasLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		results []Result
		words   string
	}{
		{[]Result{Done, Skipped, Shown, Skipped}, "2 skipped, 1 shown"},
		{[]Result{Done, Done, Shown, Done}, "1 shown"},
		{[]Result{Skipped, Skipped, Skipped, Skipped}, "1 shown"},
		{nil, "1 shown"}, // an older helo's way to finish
		{[]Result{Done, Done, Done, Done}, ""},
	} {
		p := loaded(t, dir)
		p.Finish("journey", noon, c.results...)
		saved(t, p)
		if got := LeftOut(loaded(t, dir).Lesson("journey").Results); got != c.words {
			t.Errorf("after %v it says %q, want %q", c.results, got, c.words)
		}
	}
	put(t, dir, `{"version": 1, "lessons": {"journey": {"done": "2026-11-23T10:15:00Z", "results": ["done", "dreamt"], "later": 7}}}`)
	p := loaded(t, dir)
	if p.Told != "" || LeftOut(p.Lesson("journey").Results) != "" {
		t.Errorf("a result of a later helo: %+v", p.Lesson("journey"))
	}
	p.Leave(Mark{Lesson: "byhand"}, noon)
	saved(t, p)
	if !strings.Contains(get(t, dir), `"later": 7`) {
		t.Error("a field of a later helo is lost")
	}
}
