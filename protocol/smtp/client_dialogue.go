package smtp

// What a client says, and what it makes of each reply: RFC 5321 §3 and RFC 5321 §4.2,
// with groups of commands as in RFC 2920.

import "strconv"

// reuse starts the output anew if the driver has taken it.
func (c *Client) reuse() {
	if c.taken {
		c.out, c.taken = c.out[:0], false
	}
}

// expect notes that a reply is due.
func (c *Client) expect(verb Verb, rcpt int) {
	if c.answer == len(c.sent) {
		c.sent, c.answer = c.sent[:0], 0
	}
	c.sent = append(c.sent, sent{verb, int32(rcpt)})
}

// say sends a command without an argument, or with one that needs no care.
func (c *Client) say(verb Verb, arg string) {
	c.reuse()
	c.out = append(c.out, verbWords[verb]...)
	if arg != "" {
		c.out = append(c.out, ' ')
		c.out = append(c.out, arg...)
	}
	c.out = append(c.out, '\r', '\n')
	c.expect(verb, -1)
	c.step = NeedInput
}

func (c *Client) hello(verb Verb) {
	name := c.config.Hostname
	if name == "" {
		name = "localhost"
	}
	c.say(verb, name)
}

func (c *Client) quit() { c.say(QUIT, "") }

func (c *Client) sayMAIL() {
	c.reuse()
	c.out = append(c.out, "MAIL FROM:"...)
	c.out = c.env.From.Append(c.out)
	if c.uses(Size) && c.env.Size > 0 {
		c.out = append(c.out, " SIZE="...)
		c.out = strconv.AppendInt(c.out, c.env.Size, 10)
	}
	if c.uses(EightBitMIME) && c.env.EightBit {
		c.out = append(c.out, " BODY=8BITMIME"...)
	}
	c.out = append(c.out, '\r', '\n')
	c.expect(MAIL, -1)
}

func (c *Client) sayRCPT(i int) {
	c.reuse()
	c.out = append(c.out, "RCPT TO:"...)
	c.out = c.env.To[i].Append(c.out)
	c.out = append(c.out, '\r', '\n')
	c.expect(RCPT, i)
}

// uses says whether an extension was offered and may be used.
func (c *Client) uses(x Extensions) bool {
	return c.esmtp && c.offer.Extensions.Has(x) && c.config.Use.Has(x)
}

// begin starts a transaction with an envelope that can be written.
func (c *Client) begin(e Envelope) {
	c.to = append(c.to[:0], e.To...)
	c.env = e
	c.env.To = c.to
	c.results = c.results[:0]
	for _, to := range c.to {
		c.results = append(c.results, Result{To: to})
	}
	c.accepted = 0
	switch {
	case e.EightBit && !c.uses(EightBitMIME): // RFC 6152 §3
		c.settle(Refused, MAIL, Reply{Code: 554, Enhanced: Enhanced{5, 6, 3},
			Lines: []string{"the server does not take 8-bit letters"}}, true)
		return
	case c.uses(Size) && c.offer.MaxSize > 0 && e.Size > c.offer.MaxSize: // RFC 1870 §6
		c.settle(Refused, MAIL, Reply{Code: 552, Enhanced: Enhanced{5, 3, 4},
			Lines: []string{"the server takes no letter this large"}}, true)
		return
	}
	c.started = true
	c.step = NeedInput
	reset := c.open // what is left of a transaction without its dot
	c.open = false
	if reset {
		c.say(RSET, "")
		if !c.uses(Pipelining) {
			return
		}
	}
	c.sayMAIL()
	if c.uses(Pipelining) {
		for i := range c.to {
			c.sayRCPT(i)
		}
		c.say(DATA, "")
	}
}

// settle gives every recipient without a verdict this one.
func (c *Client) settle(o Outcome, verb Verb, r Reply, local bool) {
	for i := range c.results {
		if v := &c.results[i]; v.Outcome == Pending {
			v.Outcome, v.Verb, v.Reply, v.Local = o, verb, r, local
		}
	}
}

// ready ends the transaction.
func (c *Client) ready() {
	c.started = false
	c.step = Ready
}

// fail ends the session without a word from the server.
func (c *Client) fail(r Reply) {
	if c.step == Done {
		return
	}
	c.end(Deferred, c.awaited().verb, r, true)
}

// end makes the session done.
func (c *Client) end(o Outcome, verb Verb, r Reply, local bool) {
	if verb != QUIT && c.failed.Outcome == Pending {
		c.failed = Result{Outcome: o, Verb: verb, Reply: r, Local: local}
	}
	if c.started {
		c.settle(Deferred, verb, r, local)
		c.started = false
	}
	c.step = Done
}

// outcomeOf judges a reply that should have been 2yz or 3yz by its first
// digit (RFC 5321 §4.2.1). One that makes no sense here is no refusal.
func outcomeOf(r Reply) Outcome {
	if r.Permanent() {
		return Refused
	}
	return Deferred
}
