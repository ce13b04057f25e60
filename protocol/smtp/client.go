package smtp

// The client's side of a session: what a driver sees of it. What it says and
// how it takes replies is in client_dialogue.go, the letter in client_letter.go.

import (
	"errors"
	"fmt"
	"time"
)

// ClientConfig says how a client behaves. It is complete, may be shared, and
// must not change while a session uses it.
type ClientConfig struct {
	Hostname string     // the client's name for itself, a domain or an address literal; empty: "localhost"
	Use      Extensions // what it uses if the server offers it

	// SendBareLineEnds is a way of being wrong: a CR or LF alone goes out as it
	// stands, against RFC 5321 §2.3.8, instead of as CRLF. Off in a correct client.
	SendBareLineEnds bool
}

// Envelope is what a letter needs besides itself.
type Envelope struct {
	From     Path   // reverse-path; the zero Path is the null one
	To       []Path // forward-paths, at least one
	Size     int64  // octets of the letter as SIZE counts them (RFC 1870 §5); 0: not known
	EightBit bool   // the letter has octets above 127 and needs 8BITMIME (RFC 6152)
}

// Outcome is what became of a recipient in one transaction.
type Outcome uint8

// The outcomes.
const (
	Pending   Outcome = iota // not known yet
	Delivered                // the server is now responsible (RFC 5321 §4.2.5)
	Deferred                 // not now: 4yz, or the connection failed
	Refused                  // no: 5yz, or the letter cannot go this way
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	return [...]string{"pending", "delivered", "deferred", "refused"}[o&3]
}

// Result is the verdict on one recipient.
type Result struct {
	To      Path
	Outcome Outcome
	Verb    Verb  // what the reply was given to, or was awaited for: Connect, MAIL, RCPT, DATA, EndOfData …
	Reply   Reply // the server's words; if Local, the reply it amounts to
	Local   bool  // nobody said so: the connection failed, or the client refused to send
}

// Phase is a wait with a minimum of its own (RFC 5321 §4.5.3.2).
type Phase uint8

// The phases.
const (
	PhaseNone      Phase = iota // the client waits for nothing
	PhaseGreeting               // the initial 220
	PhaseCommand                // the reply to EHLO, HELO, RSET or QUIT
	PhaseMAIL                   // the reply to MAIL
	PhaseRCPT                   // the reply to RCPT
	PhaseDATA                   // the 354
	PhaseDataBlock              // a piece of the letter to be taken
	PhaseDot                    // the 250 after the dot
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

// ClientStep is a [Step] of a client.
type ClientStep = Step

// Client is the client's side of one session. Make one with [NewClient].
//
//	for {
//		switch c.Next() {
//		case smtp.NeedInput: // send c.Output(), then c.Feed what arrives
//		case smtp.Heard:     // look at c.Reply() and c.About(), if it matters
//		case smtp.Ready:     // look at c.Results(), then c.Send(envelope) or c.Quit()
//		case smtp.Letter:    // c.Write(piece) until the end, then c.EndLetter()
//		case smtp.Done:      // look at c.Results() and c.Failure(), send c.Output(), close
//		}
//	}
type Client struct {
	config *ClientConfig

	in     replyReader
	sent   []sent // commands not answered yet, oldest first
	answer int    // sent[:answer] are answered
	step   Step   // Heard once; else NeedInput, Ready, Letter or Done
	heard  bool
	eof    bool
	early  bool // octets were there before the command that is answered next was sent

	reply  Reply // the reply last heard
	about  sent
	parts  []Part // room for the parser
	offer  Offer
	esmtp  bool
	failed Result // why the session takes no letters, if Outcome is not Pending

	to       []Path
	env      Envelope
	results  []Result
	accepted int  // recipients the server accepted
	open     bool // MAIL was accepted and no dot has ended the transaction
	started  bool // a transaction is under way
	body     letterWriter

	out   []byte
	taken bool
}

// sent is a command on its way, or the greeting awaited.
type sent struct {
	verb Verb
	rcpt int32 // index in the envelope's To, or -1
}

// NewClient returns a session on a connection just opened: it waits for the
// greeting (RFC 5321 §4.3.1).
func NewClient(c *ClientConfig) *Client {
	cl := &Client{config: c}
	cl.Reset()
	return cl
}

// Reset makes the session one on another connection, with the same
// ClientConfig, keeping buffers.
func (c *Client) Reset() {
	*c = Client{config: c.config, in: replyReader{reply: c.in.reply[:0]}, sent: c.sent[:0],
		results: c.results[:0], to: c.to[:0], out: c.out[:0], parts: c.parts[:0]}
	c.expect(Connect, -1)
}

// Feed gives the session octets from the server and returns how many it took;
// the rest stays with the caller, to be fed again.
func (c *Client) Feed(p []byte) int {
	if c.eof || c.step == Done {
		return 0
	}
	return c.in.feed(p)
}

// PeerClosed says that the server sends nothing more; feed what it sent
// before. A reply that arrived
// whole still counts; everything not answered then is [Deferred], as after a
// 451 (RFC 5321 §3.8).
func (c *Client) PeerClosed() { c.eof = true }

// TimedOut says that the wait that [Client.Waiting] names was too long.
// Everything not answered is [Deferred], and the session is done.
func (c *Client) TimedOut() {
	phase, _ := c.Waiting()
	c.fail(Reply{Code: 451, Enhanced: Enhanced{4, 4, 2}, Lines: []string{"no answer in time: " + phase.String()}})
}

// Next says what the session wants. After [Heard] the next call goes on. What
// a server says before it is asked, at [Ready] or before the dot, answers
// nothing and ends the session; only a 421 (RFC 5321 §3.8), and a 4yz or 5yz
// while the letter is on its way, are taken at their word.
func (c *Client) Next() ClientStep {
	if c.heard {
		c.heard = false
		c.in.next()
	}
	if c.step == Done {
		return Done
	}
	switch c.in.read() {
	case replyWhole:
		if c.early || c.step != NeedInput {
			c.hearEarly()
		} else {
			c.hear()
		}
		return Heard
	case replyBad:
		c.hearGarbage()
		return Heard
	}
	if c.eof {
		c.fail(Reply{Code: 451, Enhanced: Enhanced{4, 4, 2}, Lines: []string{"the connection was closed"}})
	}
	return c.step
}

// Reply returns the reply just heard, and its octets. Of octets that are no
// reply, or that answer nothing, the code is 0. Both are valid until the next call of Next.
func (c *Client) Reply() (Reply, []byte) { return c.reply, c.in.last() }

// About returns what the reply just heard answers, and for RCPT the index of
// the recipient in the envelope, else -1. The greeting is [Connect]; a reply
// to nothing is [None].
func (c *Client) About() (verb Verb, recipient int) { return c.about.verb, int(c.about.rcpt) }

// Offer returns what the server said to EHLO; nothing after HELO.
func (c *Client) Offer() Offer { return c.offer }

// Results returns the verdicts of the last transaction, a recipient each, in
// the envelope's order. They are complete at [Ready] and [Done], and valid
// until the next Send.
func (c *Client) Results() []Result { return c.results }

// Failure says why the session takes no letter any more, if it is so for
// another reason than Quit: a greeting or EHLO refused, a 421, a connection
// lost, a wait too long. To is empty.
func (c *Client) Failure() (Result, bool) { return c.failed, c.failed.Outcome != Pending }

// ErrNotReady is the error of Send at another step than [Ready].
var ErrNotReady = errors.New("the session is not ready for a letter")

// Send begins a transaction. A letter that cannot go this way has its results
// at once, and nothing is sent: one over the size the server offered, or an
// 8-bit one that it does not take. The error is for envelopes that cannot be
// written, and then there are no results.
func (c *Client) Send(e Envelope) error {
	if c.step != Ready {
		return ErrNotReady
	}
	if len(e.To) == 0 {
		return errors.New("the envelope has no recipient")
	}
	if !e.From.Valid() || e.From.Domain == "" && !e.From.IsNull() {
		return fmt.Errorf("reverse-path %q: not an address SMTP can carry", e.From.Mailbox())
	}
	for _, to := range e.To {
		if !to.Valid() || to.IsNull() {
			return fmt.Errorf("forward-path %q: not an address SMTP can carry", to.Mailbox())
		}
	}
	c.noteEarly()
	c.begin(e)
	return nil
}

// Quit says goodbye: QUIT is sent, and the session is done once it is
// answered. At another step than [Ready] it does nothing.
func (c *Client) Quit() {
	if c.step == Ready {
		c.noteEarly()
		c.quit()
	}
}

// Output returns the octets to send since it was last called. They are valid
// until the next call that makes the session say something.
func (c *Client) Output() []byte {
	if c.taken {
		return nil
	}
	c.taken = true
	return c.out
}

// Waiting names the wait of RFC 5321 §4.5.3.2 the client is in, and its
// minimum.
func (c *Client) Waiting() (Phase, time.Duration) {
	p := c.phase()
	return p, p.Minimum()
}

func (c *Client) phase() Phase {
	switch {
	case c.step == Letter:
		return PhaseDataBlock
	case c.step != NeedInput:
		return PhaseNone
	}
	switch c.awaited().verb {
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
	case EndOfData:
		return PhaseDot
	}
	return PhaseCommand
}

// State names where the session stands: by the oldest command without a reply.
func (c *Client) State() State {
	switch {
	case c.step == Done:
		return StateClosed
	case c.step == Letter:
		return StateSendingLetter
	}
	switch c.awaited().verb {
	case None:
		return StateReady
	case Connect:
		return StateAwaitingGreeting
	case EHLO:
		return StateEHLOSent
	case HELO:
		return StateHELOSent
	case RSET:
		return StateRSETSent
	case MAIL:
		return StateMAILSent
	case RCPT:
		return StateRCPTSent
	case DATA:
		return StateDATASent
	case EndOfData:
		return StateDotSent
	}
	return StateQUITSent
}

// Clone returns an independent session that is in the same place.
func (c *Client) Clone() *Client {
	d := *c
	d.sent = append([]sent(nil), c.sent...)
	d.results = append([]Result(nil), c.results...)
	d.to = append([]Path(nil), c.to...)
	d.env.To = d.to
	d.out = append([]byte(nil), c.out...)
	d.in.reply = append([]byte(nil), c.in.reply...)
	d.parts = nil
	return &d
}
