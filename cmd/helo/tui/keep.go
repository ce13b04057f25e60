package tui

// Keeping progress: files are read and written in commands, one at a time, and
// the screen sees copies.

import (
	"maps"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/explain"
)

// snapshot is progress as the screen shows it.
type snapshot struct {
	lessons map[string]lessons.LessonProgress
	latest  string
	told    string // about the file, as it came
	failed  bool   // progress cannot be read or written
	loaded  bool
}

// place is what is to be written down: where a learner is in a lesson, or that
// it is finished.
type place struct {
	mark lessons.Mark
	done bool
	at   time.Time
}

// keeper reads and writes progress. Commands run side by side, so that an
// older place may come after a newer one: it is not written then.
type keeper struct {
	dir string
	ids []string

	// Only Update, and finish after it, touch these two.
	next   int   // number of the newest place
	newest place // that was to be kept

	mu       sync.Mutex
	progress *lessons.Progress
	written  int
	err      error
}

func newKeeper(dir string, course *lessons.Course) *keeper {
	k := &keeper{dir: dir}
	for _, l := range course.Lessons {
		k.ids = append(k.ids, l.ID)
	}
	return k
}

// load is a command that reads the progress.
func (k *keeper) load() tea.Msg {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open()
	return k.snapshot()
}

// open reads the file once. Without a folder nothing is kept.
func (k *keeper) open() {
	if k.progress == nil && k.dir != "" {
		k.progress, k.err = lessons.LoadProgress(k.dir)
	}
}

// keep is a command that writes a place down.
func (k *keeper) keep(p place) tea.Cmd {
	k.next++
	k.newest = p
	n := k.next
	return func() tea.Msg { return k.write(n, p) }
}

// write writes a place down, unless a later one has been.
func (k *keeper) write(n int, p place) snapshot {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open()
	if k.progress == nil || n <= k.written {
		return k.snapshot()
	}
	k.written = n
	was := k.progress.Lesson(p.mark.Lesson)
	switch {
	case p.done:
		k.progress.Finish(p.mark.Lesson, p.at, p.mark.Results...)
	case !was.Done.IsZero() && was.Mark == nil && untouched(p.mark):
		return k.snapshot() // a finished lesson that was only looked at
	default:
		k.progress.Leave(p.mark, p.at)
	}
	k.err = k.progress.Save()
	return k.snapshot()
}

// untouched says whether nothing was done yet in a lesson.
func untouched(m lessons.Mark) bool {
	return m.Step == 0 && !slices.ContainsFunc(m.Results, func(r lessons.Result) bool { return r != lessons.Open }) &&
		len(m.Here)+len(m.Tried)+m.Hints == 0
}

// finish writes the newest place down if no command has, or could, and waits
// for that. It returns what the learner should be told if it is not kept.
func (k *keeper) finish() string {
	if k.next == 0 {
		return ""
	}
	k.write(k.next, k.newest)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		return ""
	}
	return explain.Visible([]byte(notKept + k.err.Error()))
}

const notKept = "Progress is not kept: "

// snapshot copies what the screen shows. The caller holds the lock.
func (k *keeper) snapshot() snapshot {
	s := snapshot{lessons: map[string]lessons.LessonProgress{}, loaded: true}
	if k.progress != nil {
		for _, id := range k.ids {
			s.lessons[id] = k.progress.Lesson(id)
		}
		s.latest, s.told = k.progress.Latest(), k.progress.Told
	}
	s.lessons = maps.Clone(s.lessons)
	if k.err != nil {
		s.told, s.failed = notKept+k.err.Error(), true
	}
	return s
}
