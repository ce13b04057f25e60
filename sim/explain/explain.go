// Package explain says in words what an event of a trace is: which of its
// octets are what, what it changed, what it means here and why it came.
//
// The sentences are data, in content/reference; [Load] reads them and
// [Reference.Event] fills them with what the event itself says. [Line] is the
// same event on one short line, for a ladder or a transcript. Octets from
// outside reach a screen through [Visible] or [Show] and through nothing else.
package explain

import "helo/sim/trace"

// Explanation is one event in words. Its texts are plain and may hold octets
// from outside only in the form [Visible] gives them; Octets alone is raw.
type Explanation struct {
	Title   string        // whose doing it is: "mail.sender.example says"
	RFC     []string      // where the rules for it stand: "RFC 5321 §4.1.1.2"
	Octets  []byte        // what Parts name; of a long letter as much as matters
	Parts   []Part        // by Start; none overlaps another
	States  []StateChange // at most one a host
	Means   string        // one or two sentences: what it means, here
	Cause   trace.Pos     // the row that brought it about, or NoPos
	Because string        // that cause in a few words, empty without one
}

// Part is a stretch of octets with a name and a sentence.
type Part struct {
	Start, End int    // octets of Explanation.Octets; equal for a place where something is missing
	Name       string // short enough to stand under a bracket: at most 16 cells
	Meaning    string // a sentence without its full stop; empty if the name says it all
	RFC        string // "RFC 1870 §3"; empty if the event's own say it
	Broken     bool   // the octets from here on are not what the grammar asks for
}

// StateChange says where a host's session stood before an event and stands
// after it. Both are the same if nothing changed.
type StateChange struct {
	Host     trace.HostID
	From, To string
	Note     string // what a session in the new state waits for; may be empty
}
