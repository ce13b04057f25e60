package explain

// The tables behind the sentences.

import "io/fs"

// Reference holds the sentences of content/reference.
type Reference struct{ fsys fs.FS }

// Load prepares the reference in a folder of tables.
func Load(fsys fs.FS) (*Reference, error) { return &Reference{fsys: fsys}, nil }
