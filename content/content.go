// Package content is the course itself, as data: lessons, scenarios and the
// reference that explains events. It is embedded into the program and handed
// down as an fs.FS; nothing imports this package but the command.
package content

import "embed"

// Files holds the folders of the course:
//
//	scenarios/NAME.yaml   what a run starts from (package scenario reads them)
//
//go:embed all:scenarios
var Files embed.FS
