package smtp

// A client and TLS: when it says STARTTLS, and what it does if it cannot
// (RFC 3207). The handshake is the driver's.

// TLSWish is what a client wants of TLS, beside [StartTLS] in its Use.
type TLSWish uint8

// The wishes.
const (
	IfOffered TLSWish = iota // STARTTLS if it is offered and may be used, else in clear
	Insist                   // inside TLS or not at all: nothing of a letter or a login is said outside
	GivenUp                  // in clear, since a handshake with this server has failed before
)

// What it amounts to if a client that insists is not offered TLS.
var replyTLSMissing = answer(451, Enhanced{4, 7, 4}, "TLS is demanded, and the server does not offer it")

// begun is for an EHLO or HELO that was accepted: TLS first, if it is wanted.
func (c *Client) begun() {
	switch {
	case c.secure || c.noTLS || c.config.TLS == GivenUp:
		c.ready()
	case c.uses(StartTLS) || c.config.TLS == Insist && c.offer.Extensions.Has(StartTLS):
		c.say(STARTTLS, "")
	case c.config.TLS == Insist:
		c.withoutTLS(replyTLSMissing, true)
	default:
		c.ready()
	}
}

// withoutTLS says goodbye because there is no TLS. That is never for good, be it
// a 5yz or an offer that somebody has cut: another time the server may have it
// (RFC 3207 §6). What a server says for now is its own word, all else is ours.
func (c *Client) withoutTLS(r Reply, local bool) {
	if !local && !r.Transient() {
		local = true
		said := r.String()
		r = replyTLSMissing
		r.Lines = []string{"no TLS: the server answered STARTTLS with " + said}
	}
	c.failed = Result{Outcome: Deferred, Verb: STARTTLS, Reply: r, Local: local}
	c.quit()
}

// takeSTARTTLS acts on the reply to STARTTLS. Behind a 220 nothing may wait in
// clear: it is thrown away, since anybody may have said it (RFC 3207 §5).
func (c *Client) takeSTARTTLS(r Reply) {
	switch {
	case r.Code == 220:
		c.step = Handshake
	case c.config.TLS == Insist:
		c.withoutTLS(r, false)
	default: // as if it had not been offered
		c.noTLS = true
		c.ready()
	}
}

// missesTLS says whether a reply is for want of TLS that could not be had this time
// (RFC 3207 §4), or whose offer somebody may have cut (RFC 3207 §6): then it is not
// for good. Where a login is offered, it is rather for want of that.
func (c *Client) missesTLS(r Reply) bool {
	cut := c.config.Use.Has(StartTLS) && c.offer.Extensions&(StartTLS|Auth) == 0
	return r.Code == 530 && !c.secure && (c.noTLS || c.config.TLS == GivenUp || cut)
}

// Secured says that the session is inside TLS from now on: at [Handshake], or
// on a new connection that begins with TLS (RFC 8314 §3.3), before anything was
// fed. What the server offered outside is forgotten, and EHLO is said again
// (RFC 3207 §4.2). At any other time it does nothing.
//
// Octets of the server that came in clear and were not fed yet are fed before,
// and thrown away.
func (c *Client) Secured() {
	switch {
	case c.step == Handshake:
		c.offer, c.usable = Offer{}, 0
		c.hello(EHLO)
	case c.step == Done || c.awaited().verb != Connect || c.in.begun():
		return
	}
	c.secure = true
}

// TLSFailed says that TLS did not come about, or that it failed later, and why:
// the session is done.
func (c *Client) TLSFailed(why string) {
	r := Reply{Code: 451, Enhanced: Enhanced{4, 7, 5}, Lines: []string{"no TLS: " + why}}
	if c.secure { // the connection is broken, and not what protects it
		r.Enhanced, r.Lines = Enhanced{4, 4, 2}, []string{"TLS failed: " + why}
	}
	c.fail(r)
}

// Secure says whether the session is inside TLS.
func (c *Client) Secure() bool { return c.secure }

// Discarded returns how many octets waited in clear behind the 220 to STARTTLS,
// and were thrown away.
func (c *Client) Discarded() int { return c.discarded }

// drop throws away what has arrived in clear and was not taken.
func (c *Client) drop(n int) int {
	c.discarded += n + c.in.w - c.in.r
	c.in.r, c.in.w = 0, 0
	c.in.next()
	return n
}
