package host

import (
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// outbound is a connection that this host opened to pass a letter on.
type outbound struct {
	id      trace.ConnID
	job     *job
	client  *smtp.Client
	segment stream
	heard   uint32     // octets of the stream found in replies so far
	state   smtp.State // before the reply that is heard next
	pos     trace.Pos
	failed  trace.Pos // what ended the session before its QUIT, or NoPos
	sent    bool      // the transaction has begun
	settled bool      // its results are known
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
	if n := len(h.idleOuts); n > 0 {
		out, h.idleOuts = h.idleOuts[n-1], h.idleOuts[:n-1]
		out.client.Reset()
	} else {
		out = &outbound{client: smtp.NewClient(&h.client)}
	}
	out.failed = trace.NoPos
	out.id, out.job, out.pos, out.state = c, j, cause, out.client.State()
	h.outs[c] = out
}

// outConnected starts waiting for the greeting.
func (h *Host) outConnected(out *outbound, pos trace.Pos) {
	out.pos = pos
	h.drive(out)
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
	if out.heard < off {
		// A reply came in pieces: keep it whole, so that it can be shown.
		rest, _ := out.segment.part(int64(out.heard), int64(off))
		h.scratch = append(append(h.scratch[:0], h.env.Octets(rest)...), octets...)
		span, off = h.env.Store(h.scratch), out.heard
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
		case smtp.Ready:
			if out.sent {
				h.settle(out, false)
				c.Quit()
				continue
			}
			out.sent = true
			if err := c.Send(out.job.envelope()); err != nil {
				h.env.Close(out.id, out.pos)
				h.dropOut(out)
				h.fail(out.job, reply(550, 5, 1, 3, err.Error()), true, out.pos)
				return false
			}
		case smtp.Letter:
			c.Write(out.job.letter.octets)
			c.EndLetter()
		case smtp.Done:
			h.say(out)
			h.settle(out, true)
			h.env.Close(out.id, out.pos)
			h.dropOut(out)
			return false
		default:
			h.say(out)
			out.state = c.State()
			_, wait := c.Waiting()
			h.env.Expect(out.id, wait)
			return true
		}
	}
}

func (h *Host) say(out *outbound) {
	if octets := out.client.Output(); len(octets) > 0 {
		h.env.Send(out.id, octets, out.pos)
	}
}

// heardReply records a reply that the client has paired with its command.
func (h *Host) heardReply(out *outbound) {
	r, octets := out.client.Reply()
	span, ok := out.segment.part(int64(out.heard), int64(out.heard)+int64(len(octets)))
	if !ok {
		span = h.env.Store(octets)
	}
	out.heard += uint32(len(octets))
	verb, _ := out.client.About()
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
		h.jobResults(j, out.client.Results(), out.id, out.pos)
		return
	case out.sent && !over:
		out.failed = out.pos
		return // say goodbye first
	case out.sent:
		j.later = true
		for i, r := range out.client.Results() {
			j.rcpts[i].blame(r.Reply, r.Verb, j.said(r))
		}
	default:
		why := smtp.Result{Outcome: smtp.Deferred, Reply: reply(451, 4, 4, 2, "the connection was lost"), Local: true}
		if f, failed := out.client.Failure(); failed {
			why = f
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
	*out = outbound{client: out.client}
	h.idleOuts = append(h.idleOuts, out)
}
