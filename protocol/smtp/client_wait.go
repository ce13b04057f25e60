package smtp

// How long a client waits for what (RFC 5321 §4.5.3.2).

import "time"

// Phase is a wait with a minimum of its own (RFC 5321 §4.5.3.2).
type Phase uint8

// The phases.
const (
	PhaseNone      Phase = iota // the client waits for nothing
	PhaseGreeting               // the initial 220
	PhaseCommand                // the reply to EHLO, HELO, STARTTLS, AUTH, RSET or QUIT, or a handshake
	PhaseMAIL                   // the reply to MAIL
	PhaseRCPT                   // the reply to RCPT
	PhaseDATA                   // the 354
	PhaseDataBlock              // a piece of the letter to be taken, or the reply to a BDAT
	PhaseDot                    // the 250 after the dot, or after BDAT LAST
)

// RFC 5321 §4.5.3.2.1 to RFC 5321 §4.5.3.2.6. It names no wait for the other commands;
// they get that of MAIL.
var phases = [...]struct {
	name    string
	minimum time.Duration
}{
	PhaseNone:      {"nothing", 0},
	PhaseGreeting:  {"greeting", 5 * time.Minute},
	PhaseCommand:   {"command", 5 * time.Minute},
	PhaseMAIL:      {"MAIL", 5 * time.Minute},
	PhaseRCPT:      {"RCPT", 5 * time.Minute},
	PhaseDATA:      {"DATA", 2 * time.Minute},
	PhaseDataBlock: {"data block", 3 * time.Minute},
	PhaseDot:       {"dot", 10 * time.Minute},
}

// String returns the phase's name, such as "data block".
func (p Phase) String() string { return phases[p%Phase(len(phases))].name }

// Minimum returns the least time a client should wait in this phase.
func (p Phase) Minimum() time.Duration { return phases[p%Phase(len(phases))].minimum }

// Waits is how long a client waits in each phase, with the phase as index. An
// entry that is 0 is the minimum of that phase.
type Waits [PhaseDot + 1]time.Duration

// of returns the wait in a phase.
func (w *Waits) of(p Phase) time.Duration {
	if int(p) < len(w) && w[p] > 0 {
		return w[p]
	}
	return p.Minimum()
}

// Waiting names the wait of RFC 5321 §4.5.3.2 the client is in, and how long it
// waits: what its config says, or the minimum.
func (c *Client) Waiting() (Phase, time.Duration) {
	p := c.phase()
	return p, c.config.Waits.of(p)
}

func (c *Client) phase() Phase {
	switch {
	case c.step == Letter:
		return PhaseDataBlock
	case c.step == Handshake:
		return PhaseCommand
	case c.step != NeedInput:
		return PhaseNone
	}
	switch about := c.awaited(); about.verb {
	case None:
		return PhaseNone
	case Connect:
		return PhaseGreeting
	case MAIL:
		return PhaseMAIL
	case RCPT:
		return PhaseRCPT
	case DATA:
		return PhaseDATA
	case BDAT:
		if about.last {
			return PhaseDot
		}
		return PhaseDataBlock
	case EndOfData:
		return PhaseDot
	}
	return PhaseCommand
}
