// Package trace holds what happened in a run: an append-only list of events
// with the octets they carry, an index of the rows a person steps through, and
// the small language in which people name events.
//
// Everything helo shows is a view of a [Trace] at a position. A trace is
// written by one goroutine; any number may read what [Trace.Len] covers.
package trace

import (
	"time"

	"helo/protocol/smtp"
)

// Pos is the position of an event in its trace, counted from 0.
type Pos uint32

// NoPos is the position of no event: the cause of what has no cause.
const NoPos = ^Pos(0)

// HostID numbers the hosts of a run from 1, in the order of the scenario. 0 is
// the world itself: the network, its name servers, the person.
type HostID uint16

// ConnID numbers connections from 1, in the order in which they were dialled.
type ConnID uint32

// LetterID numbers copies of letters from 1. A host that takes responsibility
// for a letter holds a copy with a number of its own.
type LetterID uint32

// Span says which octets of the trace's store belong to an event.
type Span struct {
	block, off uint32
	Len        uint32 // octets
}

// Event is one thing that happened. It is flat and without pointers, 48 octets,
// so that a million of them are cheap to keep. What its octets mean is not
// stored: parsing them says it again.
//
// Which fields count depends on Kind; see the kinds. A field that does not
// count is zero.
type Event struct {
	At     time.Duration // virtual time since the scenario's start
	Octets Span          // read with [Trace.Octets]
	Cause  Pos           // the last event without which this one would not be now, or NoPos
	Conn   ConnID
	Letter LetterID
	Arg    uint32 // see the kinds
	Host   HostID // who did it; for a line, who said it
	Peer   HostID // the other side; for a line, who heard it
	Code   uint16 // reply code, of a reply or a decision; port, of a connection
	Kind   Kind
	Verb   smtp.Verb  // the command, or the command that is answered
	From   smtp.State // the state of Host's session before (of Peer's, for a line), and
	To     smtp.State // after
	Flags  Flags
}

// Flags are small truths about an event.
type Flags uint16

// The flags.
const (
	ByHand   Flags = 1 << iota // a person did it, not a program
	Faulty                     // a fault made it so
	Implicit                   // Attempt: the host is an implicit MX (RFC 5321 §5.1)
	Notice                     // the letter is a failure notice, from <>
	Expired                    // Returned: the letter was kept for its lifetime, and no attempt settled it
	Cut                        // Arrived, Letter: not all of the octets are kept; see [Digest]
	Inside                     // it travelled inside TLS, or was done there
)

// Layer is one of the three layers of events, each caused by the one below.
type Layer uint8

// The layers.
const (
	Wire Layer = iota // octets and connections
	Line              // one command, reply, letter or DNS message found in a stream
	Deed              // what a host or a person did or decided
)

// String returns "wire", "line" or "deed".
func (l Layer) String() string { return [...]string{"wire", "line", "deed"}[l] }

// Kind says what happened.
type Kind uint8

// The kinds. Host is who did it unless another meaning is given.
const (
	NoKind Kind = iota

	Connect    // wire: Host dials Peer at port Code
	Connected  // wire: Host's connection to Peer is open
	Refused    // wire: Host's connection to Peer was refused
	Sent       // wire: Octets leave Host; Arg is where they stand in the stream
	Arrived    // wire: Octets reach Host from Peer; Arg as in Sent
	Lost       // wire: Octets on their way to Peer will never arrive
	Close      // wire: Host closes the connection
	Closed     // wire: Host learns that Peer has closed
	Reset      // wire: Host learns that the connection is cut, without a goodbye; Octets say so if only TLS had none
	Unanswered // wire: Host gives up dialling Peer: nobody answered

	Command  // line: Host said a command, Peer heard it; Octets are the line
	Reply    // line: Host said a reply to Verb, Peer heard it; Octets are all its lines
	Letter   // line: Host said a letter up to its dot, Peer heard it; Octets as on the wire, Arg its lines
	Question // line: Host asks the name servers; Octets are the DNS message
	Answer   // line: the name servers' answer to Host; Octets are the DNS message

	Decided  // deed: Host's server session decided Code for Verb
	Typed    // deed: a person typed a line for Host; Octets are the line with its CRLF
	Asked    // deed: the run waits for a person at Host
	Changed  // deed: a setting of Host was changed; Octets are its words, "pipelining=off"
	Fired    // deed: a fault fired at Host; Octets are its words, Arg how often it has fired
	TimedOut // deed: Host waited long enough; From names the state it gave up in

	Written  // deed: Host has a letter of its own to send; Octets are its sender, Arg counts its recipients
	Custody  // deed: Host is now responsible for Letter; Arg counts its recipients, Octets are the queue id
	Accepted // deed: Host answers for the recipient in Octets of Letter
	Added    // deed: Host put header fields on top of Letter; Octets are those fields
	Attempt  // deed: Host tries to pass Letter on to Peer over Conn; Arg counts the attempts, Octets are the recipients' domain
	Relayed  // deed: the next host answers for the recipient in Octets; Host's part is done
	Queued   // deed: Host keeps the recipient in Octets and tries again; Code is why, Arg the seconds until then
	Kept     // deed: the recipient in Octets stays in Host's outbox, its user is told; Code is why
	Stored   // deed: Letter is in the mailbox in Octets, at Host
	Returned // deed: the recipient in Octets failed for good with Code; Arg is the notice's LetterID
	Composed // deed: Host wrote the failure notice Letter; Octets are the letter
	Parked   // deed: Letter, from <>, cannot go to the recipient in Octets; Host's postmaster has it
	Told     // deed: Host shows its user why recipients are Kept; Octets are [NotSent] and the reply, or what stands for one

	Limit   // deed: the run reached a limit; Octets say which
	Stalled // deed: nothing is left to happen, but a connection is open

	Listening // deed: Host accepts connections on a real socket; Octets are its address, Code the port, Arg the port it stands for
	Digest    // deed: of the letter before only the head is kept; Octets are the SHA-256 of all of it (FIPS 180-4), Arg counts its octets
	Reported  // deed: Host tells the sender about the recipient in Octets of Letter, as asked; Arg is the report's LetterID
	Silenced  // deed: the recipient in Octets failed for good with Code, and its sender asked not to be told
	Dropped   // deed: earlier events were given up to make room; Arg is the position of the first that is left

	Record    // wire: Arg octets of TLS without lines of ours leave Host for Peer: of a handshake, or an alert
	Handshake // line: Host said part of a TLS handshake, Peer heard it; Octets say in words what is in it
	Secured   // deed: Host is inside TLS with Peer; Octets say in words what it has and what it thinks of the certificate, Arg is the Why of sim/secure
	Unsecured // deed: TLS did not come about at Host, or failed where it was Inside; Octets say why, and so does Arg, likewise
	Discarded // deed: Host threw away Arg octets that waited in clear where TLS begins
	LoggedIn  // deed: Host knows now who Peer is; Octets are the user

	kinds
)

// NotSent is how a mail client begins to tell its user of a failure.
const NotSent = "not sent: "

// Layer returns the kind's layer: but for later kinds they stand in its order.
func (k Kind) Layer() Layer {
	switch {
	case k == Record:
		return Wire
	case k == Handshake:
		return Line
	case k >= Decided:
		return Deed
	case k >= Command:
		return Line
	}
	return Wire
}

var kindNames = [kinds]string{
	NoKind: "none", Connect: "connect", Connected: "connected", Refused: "refused", Sent: "sent",
	Arrived: "arrived", Lost: "lost", Close: "close", Closed: "closed", Reset: "reset", Unanswered: "unanswered",
	Command: "command", Reply: "reply", Letter: "letter", Question: "question", Answer: "answer",
	Decided: "decided", Typed: "typed", Asked: "asked", Changed: "changed", Fired: "fired", TimedOut: "timedout",
	Written: "written", Custody: "custody", Accepted: "accepted", Added: "added", Attempt: "attempt", Relayed: "relayed",
	Queued: "queued", Kept: "kept", Stored: "stored", Returned: "returned", Composed: "composed", Parked: "parked", Told: "told",
	Limit: "limit", Stalled: "stalled",
	Listening: "listening", Digest: "digest", Reported: "reported", Silenced: "silenced", Dropped: "dropped",
	Record: "record", Handshake: "handshake", Secured: "secured", Unsecured: "unsecured", Discarded: "discarded", LoggedIn: "loggedin",
}

// String returns the kind's word, as patterns and JSON spell it.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "none"
}

// ParseKind returns the kind with that word.
func ParseKind(word string) (Kind, bool) {
	for k, name := range kindNames {
		if Kind(k) != NoKind && name == word {
			return Kind(k), true
		}
	}
	return NoKind, false
}
