package smtp

// The letter as a client sends it with DATA: lines that end in CRLF, dots
// doubled, a lone dot at the end.

// letterWriter remembers where in a line the last octet was.
type letterWriter struct {
	inLine bool // not at the start of a line
	cr     bool // a CR was seen and waits for its LF
}

// Write sends a piece of the letter, at [Letter]; pieces may be cut anywhere.
// A CR or LF alone must never be sent (RFC 5321 §2.3.8): each is sent as CRLF,
// but for a config that says otherwise, and but for a letter that is Binary. A
// line's leading dot is doubled (RFC 5321 §4.5.2), unless the letter goes by
// BDAT (RFC 3030 §2).
//
// A letter that goes by BDAT may be written on at [NeedInput] as well; the
// client keeps it until the server has taken the chunk before. At any other
// step Write does nothing.
func (c *Client) Write(p []byte) {
	switch {
	case c.chunk.open:
		c.gather(p)
	case c.step == Letter:
		c.reuse()
		c.out = c.body.lines(c.out, p, c.config.SendBareLineEnds, true)
	}
}

// lines appends a piece as it is sent. asIs says that CR and LF stay as they
// stand, dots that those at the start of lines are doubled.
func (w *letterWriter) lines(dst, p []byte, asIs, dots bool) []byte {
	if asIs {
		return w.asIs(dst, p, dots)
	}
	for i := 0; i < len(p); {
		if w.cr {
			w.cr = false
			dst = w.endLine(dst)
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
			if dots && !w.inLine && p[start] == '.' {
				dst = append(dst, '.')
			}
			dst = append(dst, p[start:i]...)
			w.inLine = true
		}
		if i < len(p) {
			if p[i] == '\r' {
				w.cr = true
			} else {
				dst = w.endLine(dst)
			}
			i++
		}
	}
	return dst
}

// asIs appends a piece with its CR and LF as they stand; only CRLF ends a line.
func (w *letterWriter) asIs(dst, p []byte, dots bool) []byte {
	for _, b := range p {
		if dots && !w.inLine && b == '.' {
			dst = append(dst, '.')
		}
		dst = append(dst, b)
		w.inLine = !(w.cr && b == '\n')
		w.cr = b == '\r'
	}
	return dst
}

func (w *letterWriter) endLine(dst []byte) []byte {
	w.inLine = false
	return append(dst, '\r', '\n')
}

// end appends a CRLF if the letter's last line has none.
func (w *letterWriter) end(dst []byte) []byte {
	if w.cr || w.inLine {
		dst = w.endLine(dst)
	}
	*w = letterWriter{}
	return dst
}

// EndLetter says that the letter is complete. With DATA the client sends the
// lone dot, after a CRLF if the letter's last line has none; by BDAT it sends
// the last chunk. Where Write does nothing, this does nothing.
func (c *Client) EndLetter() {
	switch {
	case c.chunk.open:
		c.endGathering()
	case c.step == Letter:
		c.reuse()
		c.out = c.body.end(c.out)
		c.out = append(c.out, ".\r\n"...)
		c.expect(EndOfData, -1)
		c.step = NeedInput
	}
}
