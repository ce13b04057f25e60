package host

import (
	"bytes"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// outbound is a connection that this host opened to pass a letter on.
type outbound struct {
	id        trace.ConnID
	job       *job
	client    *smtp.Client
	config    *smtp.ClientConfig // of client
	segment   stream
	heard     uint32     // octets of the stream found in replies so far
	state     smtp.State // before the reply that is heard next
	pos       trace.Pos
	failed    trace.Pos     // what ended the session before its QUIT, or NoPos
	sent      bool          // the transaction has begun
	settled   bool          // its results are known
	wrote     int           // octets of the letter given to the session
	binding   *sasl.Binding // of TLS
	verified  bool          // the server's certificate is right
	moved     bool          // TLS has begun: octets in clear before it do not count
	shaking   bool          // TLS has begun and is not there yet
	discarded int           // octets that waited in clear, and are in the trace
	login     sasl.Login    // under way
	tried     []string      // mechanisms of logins so far
	why       smtp.Result   // the letter cannot be sent in this session

	said said // what it has said of the letter, where nobody else records it
}

// dial opens the connection for the job's current target.
func (h *Host) dial(j *job, cause trace.Pos) {
	to := j.addrs[j.next]
	j.attempts++
	c := h.env.Dial(to.addr, j.port, cause)
	h.event(trace.Event{
		Kind: trace.Attempt, Conn: c, Peer: h.env.Peer(c), Letter: j.letter.id,
		Arg: j.attempts, Octets: h.env.Store([]byte(j.domain)), Flags: to.flags, Cause: cause,
	})
	var out *outbound
	config := h.clientFor(j)
	if n := len(h.idleOuts); n > 0 {
		out, h.idleOuts = h.idleOuts[n-1], h.idleOuts[:n-1]
	} else {
		out = &outbound{}
	}
	if out.config == config {
		out.client.Reset()
	} else {
		out.client, out.config = smtp.NewClient(config), config
	}
	out.failed = trace.NoPos
	out.id, out.job, out.pos, out.state = c, j, cause, out.client.State()
	h.outs[c] = out
}

// outConnected starts waiting for the greeting.
func (h *Host) outConnected(out *outbound, pos trace.Pos) {
	out.pos = pos
	if h.wish(out.job) == TLSImplicit {
		out.shaking = true
		h.expectOut(out)
		h.startOut(out)
		return
	}
	h.drive(out)
}

// expectOut sets how long the session waits.
func (h *Host) expectOut(out *outbound) {
	_, wait := out.client.Waiting()
	h.env.Expect(out.id, wait)
}

// outFailed goes on to the next address, or gives up this attempt.
func (h *Host) outFailed(out *outbound, pos trace.Pos) {
	j := out.job
	h.dropOut(out)
	h.failTarget(j, reply(451, 4, 4, 1, "no answer from the host"), smtp.Connect, "", false)
	h.nextTarget(j, pos)
}

func (h *Host) outHeard(out *outbound, octets []byte, span trace.Span, off uint32, pos trace.Pos) {
	if len(octets) == 0 {
		return
	}
	if out.moved {
		out.moved, out.heard = false, off
	}
	if out.heard < off {
		// A reply came in pieces: keep it whole, so that it can be shown.
		rest, _ := out.segment.part(int64(out.heard), int64(off))
		begun := h.env.Octets(rest)
		h.scratch = append(append(h.scratch[:0], begun...), octets...)
		// What came before is no more than the trace has: it may have stars already, so
		// it is not joined to what the session still has as it was.
		masked := append(bytes.Clone(out.client.MaskReplies(begun)), out.client.Mask(octets)...)
		if !bytes.Equal(masked, h.scratch) {
			span = h.env.StoreSecret(h.scratch, masked)
		} else {
			span = h.env.Store(h.scratch)
		}
		off = out.heard
	}
	out.segment, out.pos = stream{span, off}, pos
	for len(octets) > 0 {
		n := out.client.Feed(octets)
		octets = octets[n:]
		if !h.drive(out) || n == 0 {
			return
		}
	}
}

// drive lets the client act until it needs input, and says whether the
// connection is still there.
func (h *Host) drive(out *outbound) bool {
	c := out.client
	for {
		switch c.Next() {
		case smtp.Heard:
			h.heardReply(out)
		case smtp.Handshake:
			h.say(out)
			if !out.shaking {
				out.shaking, out.state = true, c.State()
				h.expectOut(out)
				h.startOut(out)
			}
			return true
		case smtp.Challenge:
			h.respond(out)
		case smtp.Ready:
			if !out.sent && out.job.kind == submitJob && h.cfg.Client.Login != nil {
				done, _ := c.LoggedIn()
				switch {
				case out.login != nil && !h.loginOver(out), out.login == nil && !done && !h.logIn(out):
					out.failed = out.pos
					c.Quit()
					continue
				case !done && out.login != nil:
					continue
				}
			}
			if rest, more := c.NotTried(); more && out.sent {
				h.jobResults(out.job, c.Results(), out, true)
				out.wrote = 0
				if err := c.Send(rest); err == nil {
					continue
				}
			}
			if out.sent {
				h.settle(out, false)
				c.Quit()
				continue
			}
			out.sent = true
			if err := c.Send(out.job.envelope(c.Offer())); err != nil {
				j, pos := out.job, out.pos
				h.env.Close(out.id, pos)
				h.dropOut(out)
				h.fail(j, reply(550, 5, 1, 3, err.Error()), true, pos)
				return false
			}
		case smtp.Letter:
			rest := out.job.letter.octets[out.wrote:]
			n := len(rest)
			if h.o.Piece > 0 {
				n = min(n, h.o.Piece)
			}
			c.Write(rest[:n])
			if out.wrote += n; n == len(rest) {
				c.EndLetter()
			} else if h.say(out) {
				return true // until it is drained
			}
		case smtp.Done:
			h.say(out)
			h.settle(out, true)
			h.env.Close(out.id, out.pos)
			h.dropOut(out)
			return false
		default:
			h.say(out)
			out.state = c.State()
			h.expectOut(out)
			return true
		}
	}
}

// say sends what the session has to say, if there is anything.
func (h *Host) say(out *outbound) bool {
	octets := out.client.Output()
	if len(octets) == 0 {
		return false
	}
	if h.o.Outside {
		h.recordSaid(out, octets)
	}
	h.env.Send(out.id, octets, out.client.InLogin(), out.pos)
	return true
}

// Drained tells the host that what it said on a connection is on its way, and
// that it may say more.
func (h *Host) Drained(c trace.ConnID) {
	if out := h.outs[c]; out != nil && out.client.Next() == smtp.Letter {
		h.drive(out)
	}
}

// heardReply records a reply that the client has paired with its command.
func (h *Host) heardReply(out *outbound) {
	r, octets := out.client.Reply()
	verb, _ := out.client.About()
	span, ok := out.segment.part(int64(out.heard), int64(out.heard)+int64(len(octets)))
	if !ok {
		span = h.storeReply(verb, octets)
	}
	out.heard += uint32(len(octets))
	to := out.client.State()
	out.pos = h.event(trace.Event{
		Kind: trace.Reply, Conn: out.id, Host: h.env.Peer(out.id), Peer: h.id(), Code: r.Code,
		Verb: verb, From: out.state, To: to, Octets: span, Cause: out.pos,
		Letter: out.job.letter.id,
	})
	out.state = to
	if _, failed := out.client.Failure(); failed && out.failed == trace.NoPos {
		out.failed = out.pos
	}
}

// settle takes the results of the transaction to the queue, once; or, when this
// session is over, to the next target (RFC 5321 §5.1).
func (h *Host) settle(out *outbound, over bool) {
	if out.settled {
		return
	}
	j := out.job
	switch {
	case out.sent && !j.goesOn(out.client.Results()):
		out.settled = true
		h.jobResults(j, out.client.Results(), out, false)
		return
	case out.sent && !over:
		out.failed = out.pos
		return // say goodbye first
	case out.sent:
		for i, r := range out.client.Results() {
			j.later = j.later || r.Outcome != smtp.Refused
			j.rcpts[i].blame(r.Reply, r.Verb, j.said(r))
		}
	default:
		why := smtp.Result{Outcome: smtp.Deferred, Reply: reply(451, 4, 4, 2, "the connection was lost"), Local: true}
		if f, failed := out.client.Failure(); failed {
			why = demanded(j.letter, f)
		} else if out.why.Outcome != smtp.Pending {
			why = out.why
		}
		h.failTarget(j, why.Reply, why.Verb, j.said(why), why.Outcome == smtp.Refused)
	}
	out.settled = true
	cause := out.pos
	if out.failed != trace.NoPos {
		cause = out.failed
	}
	h.nextTarget(j, cause)
}

func (h *Host) outClosed(out *outbound, pos trace.Pos) {
	out.pos = pos
	out.client.PeerClosed()
	h.drive(out)
}

func (h *Host) outTimedOut(out *outbound) {
	out.pos = h.event(trace.Event{
		Kind: trace.TimedOut, Conn: out.id, Peer: h.env.Peer(out.id), From: out.client.State(), Cause: out.pos,
	})
	out.client.TimedOut()
	h.drive(out)
}

// dropOut forgets a connection that is over.
func (h *Host) dropOut(out *outbound) {
	delete(h.outs, out.id)
	*out = outbound{client: out.client, config: out.config, said: said{head: out.said.head[:0]}}
	h.idleOuts = append(h.idleOuts, out)
}
