// Package explain says in words what an event of a trace is: which of its
// octets are what, what it changed, what it means here and why it came.
//
// The sentences are data, in content/reference; [Load] reads them and
// [Reference.Event] fills them with what the event itself says. [Line] is the
// same event on one short line, for a ladder or a transcript. Octets from
// outside reach a screen through [Visible] or [Show] and through nothing else.
package explain

import "helo/sim/trace"

// Explanation is one event in words. Its texts are plain and hold octets from
// outside only in the form [Visible] gives them; Octets alone is raw.
type Explanation struct {
	Title   string        // whose doing it is: "mail.sender.example says"
	RFC     []string      // where the rules for it stand: "RFC 5321 §4.1.1.2"
	Octets  []byte        // what Parts name, if anything; of a long letter some lines only
	Binary  bool          // Octets are no text: show them with [Hex]
	Parts   []Part        // by Start
	States  []StateChange // the speaker's first; at most one a host
	Means   string        // one or two sentences: what it means, here
	Cause   trace.Pos     // the row that brought it about, or NoPos
	Because string        // that cause in a few words: "250-SIZE 10485760 was offered at 0.202"
}

// Part is a stretch of octets with a name and a sentence.
type Part struct {
	Start, End int    // octets of Explanation.Octets; equal where something is missing or left out
	Name       string // short enough to stand under a bracket: at most 16 cells
	Meaning    string // a sentence without capital and full stop; empty if it was said before
	RFC        string // "RFC 1870 §6"; empty if it is one of the event's own documents
	Inside     bool   // it lies within the last part before it that is not Inside
	Broken     bool   // here the octets are not what the grammar asks for
}

// StateChange says where a host's session stood before an event and stands
// after it. Both are the same if nothing changed.
type StateChange struct {
	Host     trace.HostID
	From, To string
	Note     string // what a session in the new state waits for; may be empty
}
