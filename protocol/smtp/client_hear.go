package smtp

// What a client makes of each reply: it acts on the first digit of the code
// and never on the text (RFC 5321 §4.2).

// hear pairs the reply that was read with the oldest command unanswered, and
// acts on it.
func (c *Client) hear() {
	c.heard = true
	c.hideHeard()
	c.about = c.awaited()
	if c.answer < len(c.sent) {
		c.answer++
	}
	var r Reply
	var err *SyntaxError
	if c.parts, err = r.parse(c.in.last(), c.parts[:0]); err != nil {
		c.garbage()
		return
	}
	c.reply = r
	if r.Code == 421 && c.about.verb != QUIT { // at any time (RFC 5321 §3.8)
		c.end(Deferred, c.about.verb, r, false)
		return
	}
	c.take(r)
}

// hearEarly is for a whole reply that began before what it should answer was
// sent. A 421 comes unasked (RFC 5321 §3.8). A 4yz or 5yz while the letter is
// on its way is the verdict on it, and the session is over, since the server
// may take the rest of the letter for commands. Anything else is garbage.
func (c *Client) hearEarly() {
	c.early = false
	c.heard = true
	c.hideHeard()
	c.about = c.awaited()
	if c.answer < len(c.sent) {
		c.answer++
	}
	r, _, err := ParseReply(c.in.last())
	switch verb := c.about.verb; {
	case err != nil:
		c.garbage()
	case r.Code == 421:
		c.reply = r
		c.end(Deferred, verb, r, false)
	case (verb == EndOfData || verb == BDAT) && (r.Transient() || r.Permanent()):
		c.reply = r
		c.open = false
		c.settle(outcomeOf(r), verb, r, false)
		c.end(outcomeOf(r), verb, r, false)
	default:
		c.garbage()
	}
}

// hearGarbage is for octets that never become a reply.
func (c *Client) hearGarbage() {
	c.heard = true
	c.hideHeard()
	c.about = c.awaited()
	c.garbage()
}

// awaited returns what the next reply answers. While the letter is on its way
// and all before is answered, that is the dot or a BDAT, though it was not sent
// yet, and at a challenge the response. While TLS begins it is STARTTLS, which
// has not led anywhere yet.
func (c *Client) awaited() sent {
	switch {
	case c.answer < len(c.sent):
		return c.sent[c.answer]
	case c.chunk.open:
		return sent{verb: BDAT, rcpt: -1}
	case c.step == Letter:
		return sent{verb: EndOfData, rcpt: -1}
	case c.step == Handshake:
		return sent{verb: STARTTLS, rcpt: -1}
	case c.step == Challenge:
		return sent{verb: Response, rcpt: -1}
	}
	return sent{verb: None, rcpt: -1}
}

// garbage ends the session: nobody knows any more which reply answers what.
func (c *Client) garbage() {
	c.reply = Reply{}
	c.end(Deferred, c.about.verb, Reply{Code: 451, Enhanced: Enhanced{4, 5, 0},
		Lines: []string{"the server's answer is no SMTP reply"}}, true)
}

// take acts on a reply.
func (c *Client) take(r Reply) {
	switch c.about.verb {
	case Connect:
		if !r.Positive() {
			c.turnedAway(r)
			return
		}
		c.hello(EHLO)
	case EHLO:
		switch {
		case r.Positive():
			c.offer = ParseOffer(r)
			c.usable = (c.offer.Extensions & c.config.Use).usable()
			c.begun()
		case r.Code == 500 || r.Code == 502:
			// The server does not know EHLO (RFC 5321 §3.2). Other refusals
			// are about the name, which HELO would only repeat.
			c.hello(HELO)
		default:
			c.turnedAway(r)
		}
	case HELO:
		if !r.Positive() {
			c.turnedAway(r)
			return
		}
		c.begun()
	case STARTTLS:
		c.takeSTARTTLS(r)
	case AUTH, Response:
		c.takeLogin(r)
	case RSET: // if it failed, the reply to MAIL will say so
		if !c.uses(Pipelining) {
			c.sayMAIL()
		}
	case MAIL:
		c.takeMAIL(r)
	case RCPT:
		c.takeRCPT(r, int(c.about.rcpt))
	case DATA:
		c.takeDATA(r)
	case BDAT:
		c.takeBDAT(r, c.about.last)
	case EndOfData:
		c.open = false
		if r.Positive() {
			c.settle(Delivered, EndOfData, r, false)
		} else {
			c.settle(outcomeOf(r), EndOfData, r, false)
		}
		c.ready()
	case QUIT:
		c.step = Done
	}
}

func (c *Client) takeMAIL(r Reply) {
	if !r.Positive() {
		outcome, own := outcomeOf(r), false
		if c.missesTLS(r) {
			said := r.String()
			outcome, own, r = Deferred, true, replyTLSMissing
			r.Lines = []string{"no TLS, and without it the server answered MAIL with " + said}
		}
		c.settle(outcome, MAIL, r, own)
		if !c.uses(Pipelining) {
			c.ready()
		}
		return
	}
	c.open = true
	if !c.uses(Pipelining) {
		c.sayRCPT(c.nextRcpt(0))
	}
}

func (c *Client) takeRCPT(r Reply, i int) {
	if v := &c.results[i]; v.Outcome == Pending { // else MAIL was refused before
		switch {
		case r.Positive():
			c.accepted++
		case r.Code == 552: // means 452 (RFC 5321 §4.5.3.1.10)
			v.Outcome, v.Verb, v.Reply = Deferred, RCPT, r
		default:
			v.Outcome, v.Verb, v.Reply = outcomeOf(r), RCPT, r
		}
	}
	if c.uses(Pipelining) {
		if !c.uses(Chunking) || c.answer < len(c.sent) {
			return // more replies to the group are to come
		}
	} else if next := c.nextRcpt(i + 1); next >= 0 {
		c.sayRCPT(next)
		return
	}
	switch {
	case c.accepted == 0:
		c.ready()
	case c.uses(Chunking):
		c.beginLetter()
	default:
		c.say(DATA, "")
	}
}

func (c *Client) takeDATA(r Reply) {
	switch {
	case !r.Intermediate():
		c.settle(outcomeOf(r), DATA, r, false)
		c.ready()
	case c.accepted > 0:
		c.beginLetter()
	default: // nobody to send to, yet the server listens (RFC 2920 §3.1)
		c.reuse()
		c.out = append(c.out, ".\r\n"...)
		c.expect(EndOfData, -1)
	}
}

// turnedAway is for a session that takes no letter: the client says goodbye.
func (c *Client) turnedAway(r Reply) {
	c.failed = Result{Outcome: outcomeOf(r), Verb: c.about.verb, Reply: r}
	c.quit()
}
