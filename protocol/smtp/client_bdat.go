package smtp

// The letter as a client sends it by BDAT: counted chunks, nothing doubled and
// no dot at the end (RFC 3030 §2).
//
// A count is only right if the octets are there when it is written, so the
// client gathers the letter until a chunk is full. Chunks are cut at the same
// octets however the driver cuts what it writes.

import "strconv"

// defaultChunk is how many octets a chunk has if the config does not say. An
// error can only be told after a chunk was sent, so it should not be too large
// (RFC 3030 §2).
const defaultChunk = 64 << 10

// chunkWriter is what a client has of the letter and has not sent yet.
type chunkWriter struct {
	open  bool   // the driver has not given all of the letter
	buf   []byte // with line ends as they are sent
	at    int    // buf[at:] is not sent
	whole bool   // the letter is in buf to its end, LAST is not sent
	bad   bool   // a chunk was refused: no more are sent
}

// beginLetter asks the driver for the letter.
func (c *Client) beginLetter() {
	c.body = letterWriter{}
	c.step = Letter
	if c.uses(Chunking) {
		c.chunk = chunkWriter{open: true, buf: c.chunk.buf[:0]}
	}
}

// gather takes a piece of the letter.
func (c *Client) gather(p []byte) {
	switch {
	case c.env.Binary:
		c.chunk.buf = append(c.chunk.buf, p...)
	default:
		c.chunk.buf = c.body.lines(c.chunk.buf, p, c.config.SendBareLineEnds, false)
	}
	c.sendChunks()
}

// endGathering says that the letter is complete. A text ends with a line end,
// as it does when it is sent with DATA.
func (c *Client) endGathering() {
	k := &c.chunk
	if !c.env.Binary {
		k.buf = c.body.end(k.buf)
	}
	k.open, k.whole = false, true
	c.sendChunks()
}

// sendChunks sends what is due. Without PIPELINING each chunk waits for the
// reply to the one before. A chunk that is not the last is sent when it is
// known that more octets follow it, so that the last one is never empty unless
// the letter is.
func (c *Client) sendChunks() {
	k := &c.chunk
	size := c.config.ChunkSize
	if size <= 0 {
		size = defaultChunk
	}
	for c.uses(Pipelining) || c.answer == len(c.sent) {
		switch left := len(k.buf) - k.at; {
		case left > size:
			c.sayBDAT(size, false)
			continue
		case k.whole:
			k.whole = false
			c.sayBDAT(left, true)
		}
		break
	}
	// The driver is asked for more of the letter as long as no reply has to
	// come first.
	c.step = NeedInput
	if k.open && (c.uses(Pipelining) || c.answer == len(c.sent)) {
		c.step = Letter
	}
	switch {
	case k.at == len(k.buf):
		k.buf, k.at = k.buf[:0], 0
	case k.at > len(k.buf)/2:
		k.buf, k.at = k.buf[:copy(k.buf, k.buf[k.at:])], 0
	}
}

func (c *Client) sayBDAT(n int, last bool) {
	k := &c.chunk
	c.reuse()
	c.out = append(c.out, "BDAT "...)
	c.out = strconv.AppendInt(c.out, int64(n), 10)
	if last {
		c.out = append(c.out, " LAST"...)
	}
	c.out = append(c.out, '\r', '\n')
	c.out = append(c.out, k.buf[k.at:k.at+n]...)
	k.at += n
	c.expect(BDAT, -1)
	c.sent[len(c.sent)-1].last = last
}

// takeBDAT acts on the reply to a chunk. One that is not 2yz settles the
// transaction: no chunk is sent after it, and RSET comes before the next letter
// (RFC 3030 §2).
func (c *Client) takeBDAT(r Reply, last bool) {
	k := &c.chunk
	switch {
	case k.bad:
	case !r.Positive():
		c.settle(outcomeOf(r), BDAT, r, false)
		*k = chunkWriter{buf: k.buf[:0], bad: true}
		c.step = NeedInput
	case last:
		c.settle(Delivered, BDAT, r, false)
		c.open = false
		c.ready()
		return
	default:
		c.sendChunks()
	}
	if k.bad && c.answer == len(c.sent) { // chunks sent ahead are answered, too
		c.ready()
	}
}
