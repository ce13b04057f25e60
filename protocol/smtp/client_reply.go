package smtp

// How a client finds whole replies in octets that arrive in any pieces, and
// keeps a bound on them.

import "bytes"

// replyReader gathers one reply.
type replyReader struct {
	buf   [1024]byte
	r, w  int    // buf[r:w] is not taken yet
	reply []byte // lines of the reply so far
	lines int
	line  int  // where in reply the line begun stands
	whole bool // reply is complete: the next one starts anew
}

// What read found.
type replyFound uint8

const (
	replyPart  replyFound = iota // more octets are needed
	replyWhole                   // last returns a whole reply
	replyBad                     // last returns octets that begin no reply of bounded size
)

func (r *replyReader) feed(p []byte) int {
	if r.r > 0 {
		r.w = copy(r.buf[:], r.buf[r.r:r.w])
		r.r = 0
	}
	n := copy(r.buf[r.w:], p)
	r.w += n
	return n
}

// read takes lines up to the end of a reply. Called again before take, it
// finds the same.
func (r *replyReader) read() replyFound {
	for !r.whole {
		rest := r.buf[r.r:r.w]
		i := bytes.IndexByte(rest, '\n')
		n := i + 1
		if i < 0 {
			n = len(rest)
		}
		if room := r.longest(rest) - (len(r.reply) - r.line); n > room {
			r.keep(room)
			return replyBad // RFC 5321 §4.5.3.1.5
		}
		r.keep(n)
		if i < 0 {
			if len(r.reply)-r.line >= r.longest(nil) {
				return replyBad
			}
			return replyPart
		}
		line := r.reply[r.line:]
		if len(line) < 2 || line[len(line)-2] != '\r' {
			if len(line) >= r.longest(nil) {
				return replyBad
			}
			continue // a bare LF ends no line (RFC 5321 §2.3.8)
		}
		r.lines++
		r.line = len(r.reply)
		if !lineLooksRight(line) || r.lines == MaxReplyLines && line[3] == '-' {
			return replyBad
		}
		r.whole = len(line) < 4 || line[3] != '-'
	}
	return replyWhole
}

// longest returns how long the line may be whose beginning is kept, or comes
// next.
func (r *replyReader) longest(next []byte) int {
	var code [3]byte
	n := copy(code[:], r.reply[r.line:])
	copy(code[n:], next)
	if string(code[:]) == "334" {
		return MaxLoginLine
	}
	return MaxReplyLine
}

func (r *replyReader) keep(n int) {
	r.reply = append(r.reply, r.buf[r.r:r.r+n]...)
	r.r += n
}

// lineLooksRight says whether a line begins like one of a reply; a line that
// does not can never become part of one.
func lineLooksRight(line []byte) bool {
	return len(line) >= 5 && line[0] >= '2' && line[0] <= '5' && isDigit(line[1]) && isDigit(line[2]) &&
		(line[3] == ' ' || line[3] == '-' || line[3] == '\r')
}

// begun says whether there are octets of a reply that read has not found whole.
func (r *replyReader) begun() bool { return r.r < r.w || len(r.reply) > 0 && !r.whole }

// unheard returns what there is of the reply that read has not found whole.
func (r *replyReader) unheard() []byte {
	if r.whole {
		return r.buf[r.r:r.w]
	}
	return append(r.reply[:len(r.reply):len(r.reply)], r.buf[r.r:r.w]...)
}

// last returns the octets that read found.
func (r *replyReader) last() []byte { return r.reply }

// next forgets them.
func (r *replyReader) next() {
	r.reply, r.lines, r.line, r.whole = r.reply[:0], 0, 0, false
}
