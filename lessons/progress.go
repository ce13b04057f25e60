package lessons

// What a learner has done so far, and the file in which that is kept.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"
)

// progressVersion is the version of the file this helo writes. A field more
// needs no new version, since unknown fields are kept.
const progressVersion = 1

const progressFile = "progress.json"

// Progress is what a learner has done so far. It is kept in the file
// progress.json of a folder; several helos may use the same one at once. A
// Progress itself is for one goroutine.
type Progress struct {
	// Told is what the learner should know about the file: that it was damaged
	// and has been moved, or is from a newer helo. Empty if all is well.
	Told string

	dir   string
	newer bool // the file is of a newer version: it is not touched
	data  progressData
}

// progressData is the content of the file.
type progressData struct {
	Version int                       `json:"version"`
	Lessons map[string]LessonProgress `json:"lessons"`
	extra   extra
}

// LessonProgress is what a learner has done of one lesson.
type LessonProgress struct {
	Done time.Time `json:"done,omitzero"` // finished for the first time; zero: not yet
	At   time.Time `json:"at,omitzero"`   // when Mark was set or cleared
	Mark *Mark     `json:"-"`             // where the learner left; nil: nowhere

	Results []Result `json:"results,omitempty"` // how each step was left when it was finished

	raw   json.RawMessage // the mark as it stands in the file
	extra extra
}

// DefaultFolder is where helo keeps its progress: the folder helo in the one
// for a program's state, by the XDG convention or the system's own.
func DefaultFolder() string {
	xdg.Reload() // the environment may have changed since the program began
	return filepath.Join(xdg.StateHome, "helo")
}

// LoadProgress reads the progress kept in dir. No file is no progress. The
// Progress is usable even with an error, which says that the file is there but
// cannot be read.
func LoadProgress(dir string) (*Progress, error) {
	p := &Progress{dir: dir}
	data, err := p.read()
	if errors.Is(err, errDamaged) {
		// Look again when no other helo is about to move or mend it.
		unlock, lockErr := p.lock()
		if lockErr != nil {
			return p, lockErr
		}
		defer unlock()
		data, err = p.readOrMove()
	}
	p.data = data
	return p, err
}

// Lesson is what has been done of the lesson with that id.
func (p *Progress) Lesson(id string) LessonProgress { return p.data.Lessons[id] }

// Latest is the id of the lesson that was left last, "" if none is begun.
func (p *Progress) Latest() string {
	latest, at := "", time.Time{}
	for id, l := range p.data.Lessons {
		if l.Mark != nil && (l.At.After(at) || l.At.Equal(at) && id > latest) {
			latest, at = id, l.At
		}
	}
	return latest
}

// Leave notes where the learner is in a lesson. now is the time on the clock;
// Save writes it down.
func (p *Progress) Leave(m Mark, now time.Time) {
	p.set(m.Lesson, now, func(l *LessonProgress) { l.setMark(&m) })
}

// Finish notes that the learner has come to the end of a lesson, and how each
// step was left. Of several times the best one is kept.
func (p *Progress) Finish(id string, now time.Time, results ...Result) {
	p.set(id, now, func(l *LessonProgress) {
		l.setMark(nil)
		l.Results = better(results, l.Results)
		if l.Done.IsZero() {
			if l.Done = now.UTC(); now.Year() > lastYear {
				l.Done = l.At
			}
		}
	})
}

// set changes a lesson's entry. Its time always grows, even where the clock has
// been turned back: otherwise a mark made while the clock was wrong would win
// over all later ones.
func (p *Progress) set(id string, now time.Time, change func(*LessonProgress)) {
	if p.data.Lessons == nil {
		p.data.Lessons = map[string]LessonProgress{}
	}
	l := p.data.Lessons[id]
	if now = now.UTC(); !now.After(l.At) || now.Year() > lastYear {
		now = l.At.Add(time.Millisecond)
	}
	l.At = now
	change(&l)
	p.data.Lessons[id] = l
}

// Save writes the progress down, joined with what other helos have written
// since it was read: what is done stays done, and the newest mark of a lesson
// wins. A kill at any moment leaves the old file or the new one. A file of a
// newer version is left as it is.
func (p *Progress) Save() error {
	if p.newer {
		return nil
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("the folder for progress: %w", err)
	}
	unlock, err := p.lock()
	if err != nil {
		return err
	}
	defer unlock()
	theirs, err := p.readOrMove()
	if err != nil || p.newer {
		return err
	}
	p.data = merge(theirs, p.data)
	octets, err := json.MarshalIndent(p.data, "", "  ")
	if err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return replaceFile(p.path(), append(octets, '\n'))
}

// merge joins what the file says with what this helo knows.
func merge(file, mine progressData) progressData {
	out := progressData{Version: progressVersion, Lessons: map[string]LessonProgress{}, extra: file.extra.over(mine.extra)}
	maps.Copy(out.Lessons, file.Lessons)
	for id, m := range mine.Lessons {
		l, both := out.Lessons[id]
		if !both {
			out.Lessons[id] = m
			continue
		}
		if l.Done.IsZero() || !m.Done.IsZero() && m.Done.Before(l.Done) {
			l.Done = m.Done
		}
		if m.At.After(l.At) {
			l.At, l.Mark, l.raw = m.At, m.Mark, m.raw
		}
		l.Results = better(l.Results, m.Results)
		l.extra = l.extra.over(m.extra)
		out.Lessons[id] = l
	}
	return out
}

// better is whichever of two ways through a lesson has fewer steps left out; a
// if they are alike.
func better(a, b []Result) []Result {
	if a == nil || b != nil && leftOut(b) < leftOut(a) {
		return b
	}
	return a
}

func leftOut(results []Result) int {
	n := 0
	for _, r := range results {
		if r.LeftOut() {
			n++
		}
	}
	return n
}

func (p *Progress) path() string { return filepath.Join(p.dir, progressFile) }

// errDamaged marks a file that is there but is no progress file.
var errDamaged = errors.New("the progress file is damaged")

// read reads the file. Of a newer version it takes what it understands.
func (p *Progress) read() (progressData, error) {
	octets, err := os.ReadFile(p.path())
	if errors.Is(err, fs.ErrNotExist) {
		return progressData{}, nil
	}
	if err != nil {
		return progressData{}, fmt.Errorf("the progress file: %w", err)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(octets, &version); err != nil || version.Version < 1 {
		return progressData{}, errDamaged
	}
	var data progressData
	err = json.Unmarshal(octets, &data)
	if p.newer = version.Version > progressVersion; p.newer {
		p.Told = fmt.Sprintf("%s is from a newer helo (version %d, this one knows %d). It stays as it is; what you do now is not written down.",
			p.path(), version.Version, progressVersion)
		if err != nil {
			return progressData{}, nil
		}
		return data, nil
	}
	if err != nil {
		return progressData{}, errDamaged
	}
	return data, nil
}

// readOrMove reads the file and moves a damaged one aside. The caller holds the
// lock.
func (p *Progress) readOrMove() (progressData, error) {
	data, err := p.read()
	if !errors.Is(err, errDamaged) {
		return data, err
	}
	aside, err := moveAside(p.path())
	if err != nil {
		return progressData{}, fmt.Errorf("the progress file is damaged and cannot be moved aside: %w", err)
	}
	p.Told = fmt.Sprintf("The progress file was damaged. It is now %s, and a new one begins.", aside)
	return progressData{}, nil
}
