package smtp

// The letter as a client sends it: lines that end in CRLF, dots doubled.

// letterWriter remembers where in a line the last octet was.
type letterWriter struct {
	inLine bool // not at the start of a line
	cr     bool // a CR was seen and waits for its LF
}

// Write sends a piece of the letter, at [Letter]; pieces may be cut anywhere.
// A line's leading dot is doubled (RFC 5321 §4.5.2). A CR or LF alone must
// never be sent (RFC 5321 §2.3.8): each is sent as CRLF, but for a config that
// says otherwise. At another step it
// does nothing.
func (c *Client) Write(p []byte) {
	if c.step != Letter {
		return
	}
	c.reuse()
	w := &c.body
	if c.config.SendBareLineEnds {
		c.writeAsIs(p)
		return
	}
	for i := 0; i < len(p); {
		if w.cr {
			w.cr = false
			c.endLine()
			if p[i] == '\n' {
				i++
				continue
			}
		}
		start := i
		for i < len(p) && p[i] != '\r' && p[i] != '\n' {
			i++
		}
		if i > start {
			if !w.inLine && p[start] == '.' {
				c.out = append(c.out, '.')
			}
			c.out = append(c.out, p[start:i]...)
			w.inLine = true
		}
		if i < len(p) {
			if p[i] == '\r' {
				w.cr = true
			} else {
				c.endLine()
			}
			i++
		}
	}
}

// writeAsIs sends a piece with its CR and LF as they stand; only CRLF ends a
// line.
func (c *Client) writeAsIs(p []byte) {
	w := &c.body
	for _, b := range p {
		if !w.inLine && b == '.' {
			c.out = append(c.out, '.')
		}
		c.out = append(c.out, b)
		w.inLine = !(w.cr && b == '\n')
		w.cr = b == '\r'
	}
}

func (c *Client) endLine() {
	c.out = append(c.out, '\r', '\n')
	c.body.inLine = false
}

// EndLetter sends the lone dot, after a CRLF if the letter's last line has
// none. At another step it does nothing.
func (c *Client) EndLetter() {
	if c.step != Letter {
		return
	}
	c.noteEarly()
	c.reuse()
	if c.body.cr || c.body.inLine {
		c.endLine()
	}
	c.body = letterWriter{}
	c.out = append(c.out, ".\r\n"...)
	c.expect(EndOfData, -1)
	c.step = NeedInput
}
