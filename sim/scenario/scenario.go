// Package scenario reads scenario files: which hosts, zones, mailboxes, letters
// and faults a run has. Mistakes are reported with line and column.
package scenario

import (
	"fmt"
	"time"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
)

// Scenario is everything a run starts from, but its seed and its inputs. It is
// complete, shared and never changed by a run.
type Scenario struct {
	Name    string // what people call it on the command line: "direct"
	Title   string
	About   string        // a sentence or two
	Start   time.Time     // the virtual clock at the start, UTC
	Latency time.Duration // one way, between any two hosts and to the name servers
	Hosts   []host.Config // the trace numbers them from 1 in this order
	Zones   *dns.Zones
	Letters []Letter
	Raw     bool // every host passes lone CR and LF in letters on as they stand
	Faults  []*host.Fault

	certificates certificates

	MaxEvents uint32        // the run stops at this many events
	MaxTime   time.Duration // or at this virtual time
	MaxOctets int64         // or when trace and mailboxes hold this many octets
}

// Letter is a message that a mail client sends.
type Letter struct {
	Host   int           // index in Hosts of the client
	At     time.Duration // when, after the start
	From   smtp.Path     // reverse-path
	To     []smtp.Path   // forward-paths, at least one
	Octets []byte        // header and body; lines end in CRLF
	DSN    smtp.DSNMail  // what is asked about reports on the letter,
	Notify smtp.Notify   // and about each recipient (RFC 3461 §4)

	RequireTLS bool // it may travel only inside TLS that was checked (RFC 8689 §4.3)
}

// Limits of a run that names none (one million events, thirty days, 256 MiB).
const (
	DefaultMaxEvents = 1_000_000
	DefaultMaxTime   = 30 * 24 * time.Hour
	DefaultMaxOctets = 256 << 20
)

// Error is a mistake in a scenario file.
type Error struct {
	File         string
	Line, Column int    // from 1
	Msg          string // what is wrong and what was expected
}

// Error says where the mistake is, and what was expected.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}
