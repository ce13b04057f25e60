package lessons

// Writing a file so that a kill leaves the old or the new one, and fields that
// a later helo may have written.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"helo/sim/live/disk"
)

// lock keeps other helos away from the file until unlock is called.
func (p *Progress) lock() (unlock func(), err error) {
	return disk.Lock(filepath.Join(p.dir, "progress.lock"))
}

// replaceFile puts octets in place of the file at path, so that a kill leaves
// the old one or the new one. The caller holds the lock.
func replaceFile(path string, octets []byte) error {
	if err := disk.Replace(path, octets); err != nil {
		return fmt.Errorf("writing progress: %w", err)
	}
	return nil
}

// moveAside gives a file a name that is free and returns it.
func moveAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.damaged-%d", path, n)
		_, err := os.Lstat(aside)
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return aside, os.Rename(path, aside)
	}
}

// extra are fields of a JSON object that this helo does not know.
type extra map[string]json.RawMessage

// over returns e and what only other has.
func (e extra) over(other extra) extra {
	out := maps.Clone(other)
	if out == nil {
		return e
	}
	maps.Copy(out, e)
	return out
}

// others reads the fields of a JSON object but the known ones.
func others(octets []byte, known ...string) (extra, error) {
	var e extra
	if err := json.Unmarshal(octets, &e); err != nil {
		return nil, err
	}
	for _, key := range known {
		delete(e, key)
	}
	return e, nil
}

// with writes a JSON object of v's fields and e's.
func (e extra) with(v any) ([]byte, error) {
	octets, err := json.Marshal(v)
	if err != nil || len(e) == 0 {
		return octets, err
	}
	known, err := others(octets)
	if err != nil {
		return nil, err
	}
	return json.Marshal(known.over(e))
}

// UnmarshalJSON keeps what it does not know. A lesson's entry that makes no
// sense costs the progress of that lesson, not that of all.
func (d *progressData) UnmarshalJSON(octets []byte) (err error) {
	var in struct {
		Version int                        `json:"version"`
		Lessons map[string]json.RawMessage `json:"lessons"`
	}
	if err := json.Unmarshal(octets, &in); err != nil {
		return err
	}
	*d = progressData{Version: in.Version, Lessons: map[string]LessonProgress{}}
	for id, entry := range in.Lessons {
		var l LessonProgress
		if err := json.Unmarshal(entry, &l); err == nil {
			d.Lessons[id] = l
		}
	}
	d.extra, err = others(octets, "version", "lessons")
	return err
}

// MarshalJSON writes what UnmarshalJSON kept as well.
func (d progressData) MarshalJSON() ([]byte, error) {
	type plain progressData
	return d.extra.with(plain(d))
}

// UnmarshalJSON keeps what it does not know, and what makes no sense to it.
func (l *LessonProgress) UnmarshalJSON(octets []byte) error {
	fields, err := others(octets)
	if err != nil {
		return err
	}
	*l = LessonProgress{extra: fields}
	take := func(key string, into any) bool {
		raw, there := fields[key]
		return there && json.Unmarshal(raw, into) == nil
	}
	if take("done", &l.Done) {
		delete(fields, "done")
	}
	if take("at", &l.At) && l.At.Year() <= lastYear {
		delete(fields, "at")
	} else {
		l.At = time.Time{}
	}
	if take("results", &l.Results) && soundResults(l.Results) {
		delete(fields, "results")
	} else {
		l.Results = nil
	}
	if take("mark", &l.Mark) && l.Mark.sound() {
		l.raw = fields["mark"]
		delete(fields, "mark")
	} else {
		l.Mark = nil
	}
	return nil
}

// lastYear is the last one that a clock is believed to be right in. A time
// later than that counts as none: each new one has to be later still, and JSON
// has no year 10000.
const lastYear = 2999

// sound says whether a mark's numbers make sense, and mends what can be
// mended: everything that a learner may find in the file comes through here.
func (m *Mark) sound() bool {
	const most = 10_000
	if m == nil || m.Step < 0 || m.Step > most || m.Steps < 0 || m.Steps > most || !soundResults(m.Results) {
		return false
	}
	m.Steps = max(m.Steps, m.Step+1)
	return true
}

// soundResults says whether there is a word for each result: JSON takes a
// string in place of the list for octets in base64.
func soundResults(results []Result) bool {
	return !slices.ContainsFunc(results, func(r Result) bool { return int(r) >= len(resultWords) })
}

// MarshalJSON writes what UnmarshalJSON kept as well.
func (l LessonProgress) MarshalJSON() ([]byte, error) {
	type plain LessonProgress
	out := struct {
		plain
		Mark json.RawMessage `json:"mark,omitempty"`
	}{plain(l), l.raw}
	return l.extra.with(out)
}

// setMark sets or clears the mark, with the form it will have in the file.
func (l *LessonProgress) setMark(m *Mark) {
	l.Mark, l.raw = m, nil
	if m != nil {
		l.raw, _ = json.Marshal(m) // a Mark is strings and numbers
	}
}
