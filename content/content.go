// Package content is the course itself, as data: lessons, scenarios and the
// reference that explains events. It is embedded into the program and handed
// down as an fs.FS; nothing imports this package but the command, and the
// content's own test.
package content

import "embed"

// Files holds the folders of the course:
//
//	lessons/*.md        the lessons, in the order of their names
//	reference/*.md      what commands, replies, states and their parts mean
//	scenarios/*.yaml    what a run starts from, each named as it is run
//
//go:embed lessons/*.md reference/*.md scenarios/*.yaml
var Files embed.FS
