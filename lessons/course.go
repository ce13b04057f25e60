package lessons

// The lessons of a course, in their order.

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Course is a list of lessons to be taken in that order.
type Course struct {
	Lessons []*Lesson
}

// LoadCourse reads the lessons of a folder of content, lessons/*.md; the order
// is that of the file names. Errors in a file are of type [*Error].
func LoadCourse(fsys fs.FS) (*Course, error) {
	names, err := fs.Glob(fsys, "lessons/*.md")
	if err != nil {
		return nil, fmt.Errorf("looking for lessons: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("no lessons: expected files such as lessons/01-journey.md")
	}
	slices.Sort(names)
	c := new(Course)
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading a lesson: %w", err)
		}
		l, err := Parse(src, path.Base(name))
		if err != nil {
			return nil, err
		}
		if other := c.Lesson(l.ID); other != nil {
			return nil, &Error{File: l.File, Line: 1, Column: 1, Msg: fmt.Sprintf("the lesson in %s has the id %q already", other.File, l.ID)}
		}
		for _, id := range l.Needs {
			if c.Lesson(id) == nil {
				return nil, &Error{File: l.File, Line: 1, Column: 1, Msg: fmt.Sprintf("needs: no lesson %q comes before this one", id)}
			}
		}
		c.Lessons = append(c.Lessons, l)
	}
	return c, nil
}

// Lesson is the lesson with that id, nil if there is none.
func (c *Course) Lesson(id string) *Lesson {
	for _, l := range c.Lessons {
		if l.ID == id {
			return l
		}
	}
	return nil
}
