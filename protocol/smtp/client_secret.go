package smtp

// A server may say back what it heard in a login, as in "535 no such login:
// AGFsaWNl…". A client knows what that was, and hides it in whatever it hands on.

import "bytes"

// leastSecret is how many octets a secret has that is looked for in replies: a
// shorter one would be found by chance, and stars in its place would tell it.
const leastSecret = 4

// tell remembers what is said in a login.
func (c *Client) tell(response []byte) {
	if len(response) >= leastSecret {
		c.told = append(c.told, append([]byte(nil), response...))
	}
}

// hide puts stars in place of secrets in the text of replies, or of what is none.
// part says that the last line may go on. Secrets may overlap.
func (c *Client) hide(replies []byte, part bool) {
	if len(c.told) == 0 {
		return
	}
	for rest := replies; len(rest) > 0; {
		line := rest[:lineEnd(rest)]
		rest = rest[len(line):]
		part := part && len(rest) == 0
		if lineLooksRight(line) {
			line = line[len("535 "):]
		}
		text := append([]byte(nil), line...)
		for _, secret := range c.told {
			hideIn(line, text, secret, part)
		}
		for _, secret := range c.config.Secrets {
			if len(secret) >= leastSecret {
				hideIn(line, text, []byte(secret), part)
			}
		}
	}
}

// hideIn puts stars into the line where its text has a secret, and, if it is only
// a part, the beginning of one at its end.
func hideIn(line, text, secret []byte, part bool) {
	stars := bytes.Repeat([]byte("*"), len(secret))
	for at := 0; ; at++ {
		i := bytes.Index(text[at:], secret)
		if i < 0 {
			break
		}
		at += i
		copy(line[at:], stars)
	}
	for n := min(len(text), len(secret)-1); part && n > 0; n-- {
		if bytes.HasSuffix(text, secret[:n]) {
			copy(line[len(line)-n:], stars)
			return
		}
	}
}

// MaskReplies returns octets of the server, from the beginning of the reply that
// comes next, as they may be shown: with stars for challenges, and for what the
// client has said in a login.
func (c *Client) MaskReplies(octets []byte) []byte {
	masked := octets
	if c.InLogin() {
		masked = MaskReply(octets)
	}
	if len(c.told) > 0 {
		masked = append([]byte(nil), masked...)
		c.hide(masked, true)
	}
	return masked
}

// Mask is [Client.MaskReplies] for octets that are about to be fed to the session.
func (c *Client) Mask(octets []byte) []byte {
	if !c.InLogin() && len(c.told) == 0 {
		return octets
	}
	begun := append([]byte(nil), c.in.unheard()...)
	return c.MaskReplies(append(begun, octets...))[len(begun):]
}

// hideHeard hides secrets in the reply just read, but in a challenge: that is for
// the mechanism, and not shown.
func (c *Client) hideHeard() {
	if reply := c.in.last(); !bytes.HasPrefix(reply, []byte("334")) {
		c.hide(reply, false)
	}
}
