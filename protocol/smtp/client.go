package smtp

// The client's side of a session: what a driver sees of it. What it says is in
// client_dialogue.go, how it takes replies in client_hear.go, the letter in
// client_letter.go and client_bdat.go.

import (
	"errors"
	"slices"
)

// ClientConfig says how a client behaves. It is complete, may be shared, and
// must not change while a session uses it.
type ClientConfig struct {
	Hostname  string     // the client's name for itself, a domain or an address literal; empty: "localhost"
	Use       Extensions // what it uses if the server offers it
	Waits     Waits      // how long it waits in a phase; what is 0 is the phase's minimum
	TLS       TLSWish    // whether it goes on without TLS
	ChunkSize int        // octets of one BDAT (RFC 3030 §2); 0: 65,536
	Secrets   []string   // passwords and tokens: where a reply repeats one, behind a login, there are stars

	// SendBareLineEnds is a way of being wrong: a CR or LF alone goes out as it
	// stands, against RFC 5321 §2.3.8, instead of as CRLF. Off in a correct client.
	SendBareLineEnds bool
}

// ClientStep is a [Step] of a client.
type ClientStep = Step

// Client is the client's side of one session. Make one with [NewClient].
//
//	for {
//		switch c.Next() {
//		case smtp.NeedInput: // send c.Output(), then c.Feed what arrives
//		case smtp.Heard:     // look at c.Reply() and c.About(), if it matters
//		case smtp.Ready:     // look at c.Results(), then c.Send(envelope) or c.Quit()
//		case smtp.Letter:    // c.Write(piece), or at the end c.EndLetter()
//		case smtp.Handshake: // send c.Output(), then TLS, then c.Secured() or c.TLSFailed(why)
//		case smtp.Challenge: // in a login begun by c.Login: c.Respond(…) or c.CancelLogin()
//		case smtp.Done:      // look at c.Results() and c.Failure(), send c.Output(), close
//		}
//	}
type Client struct {
	config *ClientConfig

	in     replyReader
	sent   []sent // commands not answered yet, oldest first
	answer int    // sent[:answer] are answered
	step   Step   // NeedInput, Ready, Letter, Handshake, Challenge or Done
	heard  bool
	eof    bool
	early  bool // octets were there before the command that is answered next was sent

	reply  Reply // the reply last heard
	about  sent
	parts  []Part // room for the parser
	offer  Offer
	usable Extensions // offered, may be used, and have what they need
	login  login
	told   [][]byte // what was said in logins
	failed Result   // why the session takes no letters, if Outcome is not Pending

	to       []Path    // as they are sent
	dsns     []DSNRcpt // beside to
	env      Envelope
	results  []Result
	accepted int  // recipients the server accepted
	open     bool // MAIL was accepted and no dot has ended the transaction
	started  bool // a transaction is under way
	mails    int  // MAIL commands said in this session
	body     letterWriter
	chunk    chunkWriter

	secure    bool // inside TLS
	noTLS     bool // the server has refused it
	discarded int  // octets that waited behind its 220

	out   []byte
	taken bool
}

// sent is a command on its way, or the greeting awaited.
type sent struct {
	verb Verb
	rcpt int32 // index in the envelope's To, or -1
	last bool  // of a BDAT: with LAST
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
		results: c.results[:0], to: c.to[:0], dsns: c.dsns[:0], out: c.out[:0], parts: c.parts[:0],
		chunk: chunkWriter{buf: c.chunk.buf[:0]}}
	c.expect(Connect, -1)
}

// Feed gives the session octets from the server and returns how many it took;
// the rest stays with the caller, to be fed again.
func (c *Client) Feed(p []byte) int {
	switch {
	case c.eof || c.step == Done:
		return 0
	case c.step == Handshake && !c.heard:
		return c.drop(len(p))
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
	switch c.step {
	case Done:
		return Done
	case Handshake:
		if c.drop(0); !c.eof {
			return Handshake
		}
	}
	switch c.in.read() {
	case replyWhole:
		if c.early || c.answer == len(c.sent) {
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

// NotTried returns an envelope for those recipients of the last one that were
// left out because of the server's limits, if the session may take another
// transaction: give it to Send at once, with the same letter.
func (c *Client) NotTried() (Envelope, bool) {
	if c.step != Ready || c.spent() {
		return Envelope{}, false
	}
	e := c.env
	e.To, e.ToDSNs = nil, nil
	for i := range c.results {
		if r := &c.results[i]; r.NotTried {
			e.To = append(e.To, r.To)
			e.ToDSNs = append(e.ToDSNs, c.env.toDSN(i))
		}
	}
	return e, len(e.To) > 0
}

// Send begins a transaction. A letter that cannot go this way has its results
// at once, and nothing is sent: one over the size the server offered, or one
// that needs an extension that the server does not have. Recipients beyond a
// limit of the server are left out (RFC 9422 §4), see [Client.NotTried]. The
// error is for envelopes that cannot be written, and then there are no results.
func (c *Client) Send(e Envelope) error {
	if c.step != Ready {
		return ErrNotReady
	}
	if err := e.check(); err != nil {
		return err
	}
	c.begin(e)
	return nil
}

// Quit says goodbye: QUIT is sent, and the session is done once it is
// answered. At another step than [Ready] it does nothing.
func (c *Client) Quit() {
	if c.step == Ready {
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

// State names where the session stands: by the oldest command without a reply.
func (c *Client) State() State {
	switch {
	case c.step == Done:
		return StateClosed
	case c.step == Letter:
		return StateSendingLetter
	case c.step == Handshake:
		return StateShaking
	case c.step == Challenge:
		return StateChallenged
	}
	switch about := c.awaited(); about.verb {
	case None:
		return StateReady
	case Connect:
		return StateAwaitingGreeting
	case EHLO:
		return StateEHLOSent
	case HELO:
		return StateHELOSent
	case STARTTLS:
		return StateSTARTTLSSent
	case AUTH:
		return StateAUTHSent
	case Response:
		return StateResponseSent
	case RSET:
		return StateRSETSent
	case MAIL:
		return StateMAILSent
	case RCPT:
		return StateRCPTSent
	case DATA:
		return StateDATASent
	case BDAT:
		if about.last {
			return StateLastSent
		}
		return StateBDATSent
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
	d.dsns = append([]DSNRcpt(nil), c.dsns...)
	d.env.To, d.env.ToDSNs = d.to, d.dsns
	d.chunk.buf = append([]byte(nil), c.chunk.buf...)
	d.out = append([]byte(nil), c.out...)
	d.login.challenge = append([]byte(nil), c.login.challenge...)
	d.in.reply = append([]byte(nil), c.in.reply...)
	d.told = slices.Clip(c.told) // what it has never changes
	d.parts = nil
	return &d
}
