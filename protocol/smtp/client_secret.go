package smtp

// A server may say back what it heard in a login, as in "535 no such login:
// AGFsaWNl…". A client knows what that was, and hides it in whatever it hands on.

import (
	"bytes"
	"encoding/base64"
	"slices"
)

// leastSecret is how many octets a secret has that is looked for in replies: a
// shorter one would be found by chance, and stars in its place would tell it.
const leastSecret = 4

// leastRun is how many octets of a secret, one after the other, are hidden even
// where the rest is missing: servers wrap what they repeat, or cut it short.
const leastRun = 8

// tell remembers what is said in a login.
func (c *Client) tell(response []byte) {
	if len(response) >= leastSecret {
		c.told = append(c.told, append([]byte(nil), bytes.TrimRight(response, "=")...))
	}
}

// secrets are what the client has said in a login, and what may be made of it.
func (c *Client) secrets() [][]byte {
	list := slices.Clone(c.told)
	for _, s := range c.config.Secrets {
		if len(s) >= leastSecret {
			list = append(list, []byte(s), []byte(base64.RawStdEncoding.EncodeToString([]byte(s))))
		}
	}
	return list
}

// hide puts stars in place of secrets in the text of replies, or of what is none,
// where it may go beyond the octet from: those before are done. part says that the
// last line may go on. Secrets may overlap.
func (c *Client) hide(replies []byte, from int, part bool) {
	if len(c.told) == 0 {
		return
	}
	secrets := c.secrets()
	for start, end := 0, 0; start < len(replies); start = end {
		end = start + lineEnd(replies[start:])
		if lineLooksRight(replies[start:end]) {
			start += len("535 ")
		}
		if start = max(start, from-leastRun+1); start >= end {
			continue
		}
		line := replies[start:end]
		text := bytes.Clone(line)
		for _, secret := range secrets {
			hideIn(line, text, secret, part && end == len(replies))
		}
	}
}

// hideIn puts stars into the line where its text has a secret or a run of it, and,
// if the text is only a part, the beginning of one at its end.
func hideIn(line, text, secret []byte, part bool) {
	stars := func(from, to int) {
		for i := from; i < to; i++ {
			line[i] = '*'
		}
	}
	least := min(len(secret), leastRun) // a longer run is as many of that length
	for at := 0; at+least <= len(text); at++ {
		if bytes.Contains(secret, text[at:at+least]) {
			stars(at, at+least)
		}
	}
	for n := min(len(text), least-1); part && n > 0; n-- {
		if bytes.Contains(secret, text[len(text)-n:]) {
			stars(len(text)-n, len(text))
			return
		}
	}
}

// MaskReplies returns octets of the server, from the beginning of the reply that
// comes next, as they may be shown: with stars for challenges, and for what the
// client has said in a login.
func (c *Client) MaskReplies(octets []byte) []byte { return c.maskReplies(octets, 0) }

// maskReplies masks what comes from that octet on.
func (c *Client) maskReplies(octets []byte, from int) []byte {
	masked := octets
	if c.InLogin() {
		masked = MaskReply(octets)
	}
	if len(c.told) > 0 {
		masked = append([]byte(nil), masked...)
		c.hide(masked, from, true)
	}
	return masked
}

// Mask is [Client.MaskReplies] for octets that are about to be fed to the session.
func (c *Client) Mask(octets []byte) []byte {
	if !c.InLogin() && len(c.told) == 0 {
		return octets
	}
	begun := append([]byte(nil), c.in.unheard()...)
	return c.maskReplies(append(begun, octets...), len(begun))[len(begun):]
}

// hideHeard hides secrets in the reply just read, but in a challenge: that is for
// the mechanism, and not shown.
func (c *Client) hideHeard() {
	if reply := c.in.last(); !bytes.HasPrefix(reply, []byte("334")) {
		c.hide(reply, 0, false)
	}
}
