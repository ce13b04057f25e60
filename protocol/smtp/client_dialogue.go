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

// expect notes that a reply is due. If none was before, then what has arrived
// by now cannot be the beginning of that reply (RFC 5321 §4.2.5, RFC 2920 §3.1).
func (c *Client) expect(verb Verb, rcpt int) {
	if c.answer == len(c.sent) {
		c.sent, c.answer = c.sent[:0], 0
		c.early = c.in.begun()
	}
	c.sent = append(c.sent, sent{verb: verb, rcpt: int32(rcpt)})
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
	switch {
	case c.env.Binary:
		c.out = append(c.out, " BODY=BINARYMIME"...)
	case c.uses(EightBitMIME) && c.env.EightBit:
		c.out = append(c.out, " BODY=8BITMIME"...)
	}
	if c.env.UTF8 {
		c.out = append(c.out, " SMTPUTF8"...)
	}
	if c.env.RequireTLS {
		c.out = append(c.out, " REQUIRETLS"...)
	}
	if c.uses(DSN) {
		c.sayParam(" RET=", c.env.DSN.Return.String())
		c.sayParam(" ENVID=", c.env.DSN.EnvID)
	}
	c.out = append(c.out, '\r', '\n')
	c.mails++
	c.expect(MAIL, -1)
}

// sayParam adds a parameter, if it has a value.
func (c *Client) sayParam(keyword, value string) {
	if value != "" {
		c.out = append(c.out, keyword...)
		c.out = append(c.out, value...)
	}
}

func (c *Client) sayRCPT(i int) {
	c.reuse()
	c.out = append(c.out, "RCPT TO:"...)
	c.out = c.to[i].Append(c.out)
	if c.uses(DSN) {
		dsn := c.env.toDSN(i)
		c.sayParam(" NOTIFY=", dsn.Notify.String())
		c.sayParam(" ORCPT=", dsn.Original)
	}
	c.out = append(c.out, '\r', '\n')
	c.expect(RCPT, i)
}

// nextRcpt returns the next recipient from i on that is to be named, or -1.
func (c *Client) nextRcpt(i int) int {
	for ; i < len(c.results); i++ {
		if c.results[i].Outcome == Pending {
			return i
		}
	}
	return -1
}

// uses says whether an extension was offered and may be used.
func (c *Client) uses(x Extensions) bool { return c.usable.Has(x) }

// spent says whether the server takes no more MAIL in this session
// (RFC 9422 §4).
func (c *Client) spent() bool {
	return c.uses(Limits) && c.offer.MailMax > 0 && c.mails >= c.offer.MailMax
}

// begin starts a transaction with an envelope that can be written.
func (c *Client) begin(e Envelope) {
	c.to = append(c.to[:0], e.To...)
	c.dsns = append(c.dsns[:0], e.ToDSNs...)
	c.env = e
	c.env.To, c.env.ToDSNs = c.to, c.dsns
	c.results = c.results[:0]
	for _, to := range c.to {
		c.results = append(c.results, Result{To: to})
	}
	c.accepted = 0
	switch {
	case e.Binary && !c.uses(BinaryMIME): // RFC 3030 §3
		c.refuse(replyNoBinary)
		return
	case e.EightBit && !e.Binary && !c.uses(EightBitMIME): // RFC 6152 §3
		c.refuse(replyNoEightBit)
		return
	case e.RequireTLS && !c.secure:
		c.refuse(replyNoTLS) // RFC 8689 §4.2.1
		return
	case e.RequireTLS && !c.uses(RequireTLS):
		c.refuse(replyNoRequireTLS)
		return
	case c.uses(Size) && c.offer.MaxSize > 0 && e.Size > c.offer.MaxSize: // RFC 1870 §6
		c.refuse(replyNoSuchSize)
		return
	}
	c.writeAddresses()
	c.keepLimits()
	if c.nextRcpt(0) < 0 {
		return
	}
	c.started = true
	c.step = NeedInput
	reset := c.open // what is left of a transaction without its end
	c.open = false
	if reset {
		c.say(RSET, "")
		if !c.uses(Pipelining) {
			return
		}
	}
	c.sayMAIL()
	if c.uses(Pipelining) {
		for i := c.nextRcpt(0); i >= 0; i = c.nextRcpt(i + 1) {
			c.sayRCPT(i)
		}
		if !c.uses(Chunking) { // else all replies come before the letter (RFC 3030 §2)
			c.say(DATA, "")
		}
	}
}

// What a refusal amounts to that the client makes itself.
var (
	replyNoBinary     = answer(554, Enhanced{5, 6, 3}, "the server does not take binary letters")
	replyNoEightBit   = answer(554, Enhanced{5, 6, 3}, "the server does not take 8-bit letters")
	replyNoTLS        = answer(550, Enhanced{5, 7, 10}, "the letter demands TLS, and the line has none")
	replyNoRequireTLS = answer(550, Enhanced{5, 7, 30}, "the letter demands REQUIRETLS, and the server does not have it")
	replyNoSuchSize   = answer(552, Enhanced{5, 3, 4}, "the server takes no letter this large")
	replyNoUTF8       = answer(550, Enhanced{5, 6, 7}, "the server does not take addresses or headers in UTF-8")
	replyLeftOut      = answer(452, Enhanced{4, 5, 3}, "the server takes no more recipients in one transaction")
	replySpent        = answer(452, Enhanced{4, 5, 3}, "the server takes no more letters in this session")
)

// refuse gives every recipient without a verdict this one, and nobody was asked.
func (c *Client) refuse(r Reply) { c.settle(Refused, MAIL, r, true) }

// writeAddresses finds the form in which addresses outside ASCII can be sent.
// Without SMTPUTF8 a domain still has its A-labels, but a local-part has
// nothing (RFC 6531 §3.2).
func (c *Client) writeAddresses() {
	needed := c.env.UTF8 || !c.env.From.IsASCII()
	for i := range c.to {
		needed = needed || !c.to[i].IsASCII()
	}
	switch {
	case !needed:
		return
	case c.uses(SMTPUTF8):
		c.env.UTF8 = true
		return
	case c.env.UTF8:
		c.refuse(replyNoUTF8)
		return
	}
	from, ok := c.env.From.ToASCII()
	if !ok {
		c.refuse(replyNoUTF8)
		return
	}
	c.env.From = from
	for i := range c.to {
		if c.to[i], ok = c.to[i].ToASCII(); !ok {
			v := &c.results[i]
			v.Outcome, v.Verb, v.Reply, v.Local = Refused, RCPT, replyNoUTF8, true
		}
	}
}

// keepLimits leaves out the recipients beyond the server's limits (RFC 9422 §4).
func (c *Client) keepLimits() {
	if !c.uses(Limits) {
		return
	}
	most := len(c.results)
	why, verb := replyLeftOut, RCPT
	switch {
	case c.spent():
		most, why, verb = 0, replySpent, MAIL
	case c.offer.RcptMax > 0:
		most = c.offer.RcptMax
	}
	domains := domainLimit{most: c.offer.RcptDomainMax}
	for i := range c.results {
		v := &c.results[i]
		switch {
		case v.Outcome != Pending:
		case most > 0 && domains.take(c.to[i].Domain):
			most--
		default:
			v.Outcome, v.Verb, v.Reply, v.Local, v.NotTried = Deferred, verb, why, true, true
		}
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
	c.chunk = chunkWriter{buf: c.chunk.buf[:0]}
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
