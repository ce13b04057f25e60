package explain

// The tables behind the sentences: how they are written and read.

import (
	"fmt"
	"io/fs"
	"strings"

	"helo/protocol/smtp"
)

// Reference holds the tables of content/reference: every command, reply code,
// parameter, header field and kind of event in words. It is read only and may
// be shared.
type Reference struct{ tables map[string]*Table }

// Table is one file of the reference.
type Table struct {
	Name    string // of the file, without its ending: "codes"
	Title   string
	About   string // what stands below the title
	Entries []Entry

	byKey map[string]int
}

// Entry explains one thing.
type Entry struct {
	Key   string   // what it is found by, as the table's subject writes it: "MAIL", "250", "x.1.1"
	Name  string   // short, for under a bracket
	RFC   []string // "RFC 5321 §4.1.1.2"
	Text  string   // what it is
	Notes []Note   // what it is in certain places
}

// Note is one thing said of an entry for a certain place or purpose.
type Note struct{ Word, Text string }

// Note returns what the entry says under that word, or "".
func (e *Entry) Note(word string) string {
	if e == nil {
		return ""
	}
	for i := range e.Notes {
		if e.Notes[i].Word == word {
			return e.Notes[i].Text
		}
	}
	return ""
}

// tableNames are the files of the reference, all of which must be there.
var tableNames = [...]string{
	"commands", "parts", "extensions", "parameters", "codes", "digits", "enhanced",
	"fields", "letter", "dns", "events", "states", "phases", "tls", "sasl",
}

// Load reads the reference: the files of fsys/reference, or of fsys itself if
// it has no such folder. A file is Markdown of a few forms only:
//
//	# Title
//
//	What the table is about.
//
//	## KEY: short name
//	RFC 5321 §4.1.1.2, RFC 5321 §3.3
//
//	What it is.
//
//	- word: what it is in that place
//	  and more of that
//
// The short name and the RFC line may be missing. Words in braces, such as
// {path}, stand for what an event says. Errors name the file and the line.
func Load(fsys fs.FS) (*Reference, error) {
	if info, err := fs.Stat(fsys, "reference"); err == nil && info.IsDir() {
		if fsys, err = fs.Sub(fsys, "reference"); err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
	}
	r := &Reference{tables: make(map[string]*Table, len(tableNames))}
	for _, name := range tableNames {
		src, err := fs.ReadFile(fsys, name+".md")
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		t, err := parseTable(name, string(src))
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		r.tables[name] = t
	}
	return r, nil
}

// Entry returns the entry with that key in a table, without regard to case, or
// nil. Tables are named by their files: "commands", "codes".
func (r *Reference) Entry(table, key string) *Entry {
	t := r.tables[table]
	if t == nil {
		return nil
	}
	if i, ok := t.byKey[smtp.ToLower(key)]; ok {
		return &t.Entries[i]
	}
	return nil
}

// parseTable reads one file.
func parseTable(name, src string) (*Table, error) {
	t := &Table{Name: name, byKey: map[string]int{}}
	var e *Entry     // the entry being read
	var into *string // what a line of prose belongs to
	fresh := false   // an empty line came before
	for i, line := range strings.Split(src, "\n") {
		bad := func(format string, args ...any) error {
			return fmt.Errorf("%s.md:%d: %s", name, i+1, fmt.Sprintf(format, args...))
		}
		line = strings.TrimRight(line, " \t\r")
		switch {
		case line == "":
			fresh = true
			continue
		case strings.HasPrefix(line, "## "):
			key, short, _ := strings.Cut(line[3:], ": ")
			if _, twice := t.byKey[smtp.ToLower(key)]; twice {
				return nil, bad("a second entry for %q", key)
			}
			t.byKey[smtp.ToLower(key)] = len(t.Entries)
			t.Entries = append(t.Entries, Entry{Key: key, Name: short})
			e = &t.Entries[len(t.Entries)-1]
			into = &e.Text
		case strings.HasPrefix(line, "# "):
			if t.Title != "" {
				return nil, bad("a second title; expected one line that begins with #")
			}
			t.Title, into = line[2:], &t.About
		case into == nil:
			return nil, bad("expected a title: # and what the table is about")
		case e != nil && e.Text == "" && e.RFC == nil && strings.HasPrefix(line, "RFC "):
			e.RFC = strings.Split(line, ", ")
		case e != nil && strings.HasPrefix(line, "- "):
			word, text, ok := strings.Cut(line[2:], ": ")
			if !ok {
				return nil, bad("expected a word, a colon and a text behind the dash")
			}
			if e.Note(word) != "" {
				return nil, bad("a second note %q for %s", word, e.Key)
			}
			e.Notes = append(e.Notes, Note{word, text})
			into = &e.Notes[len(e.Notes)-1].Text
		default:
			if fresh && e != nil && into != &e.Text {
				return nil, bad("expected the text of %s above its notes", e.Key)
			}
			if *into != "" {
				*into += " "
			}
			*into += strings.TrimLeft(line, " ")
		}
		fresh = false
	}
	return t, nil
}
