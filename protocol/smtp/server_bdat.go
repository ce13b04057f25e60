package smtp

// BDAT: a letter that comes in counted chunks, its octets as they are
// (RFC 3030 §2). The octets follow the line at once, whatever the answer will
// be, so a server must take them before it answers, and even if it refuses.
//
// Where CHUNKING is not offered, BDAT is 502 like any command not served. A
// client that sends octets behind it nevertheless sees them read as commands,
// nearly all of them 500, until the server has had enough (Config.MaxErrors);
// RFC 3030 §2 warns the client of just that.

import "bytes"

// chunkReader is the rest of a BDAT on its way.
type chunkReader struct {
	open    bool  // the octets are coming, no decision yet
	discard bool  // they are thrown away
	left    int64 // how many are still to come
}

// beginChunk is for a BDAT line just read: no decision before its octets were
// taken.
func (s *Server) beginChunk() {
	c := &s.cmd
	c.Discarded = c.Err != nil || !s.offered(Chunking) ||
		s.state != StateRecipients && s.state != StateChunks
	switch {
	case !s.offers.Has(Chunking):
		return
	case !c.countOK:
		// Nobody knows where the octets end and the next command begins.
		// Octets of a letter taken for commands would be a way to have them
		// obeyed, so there is only one thing to do: say so and close.
		s.lost = true
		return
	}
	if !s.inHead {
		// The line must outlive the buffer it lies in.
		c.Line = s.head[:copy(s.head[:], c.Line)]
		s.inHead = true
	}
	if !c.Discarded {
		s.state = StateChunk
	}
	s.deciding = false
	s.chunk = chunkReader{open: true, discard: c.Discarded, left: c.Count}
}

// readChunk takes octets of the chunk, and opens the decision after the last
// one. It returns false if it needs input.
func (s *Server) readChunk() bool {
	k := &s.chunk
	if k.left == 0 {
		k.open, s.deciding = false, true
		if s.cmd.Last && !k.discard {
			s.state = StateLetterReceived
		}
		return true
	}
	n := int(min(int64(s.w-s.r), k.left))
	k.left -= int64(n)
	switch {
	case k.discard:
		s.r += n
	case n > 0:
		l := &s.letter
		l.ready, l.pending = n, l.size
		l.size += int64(n)
		l.measure(s.buf[s.r : s.r+n])
	}
	return n > 0
}

// measure counts lines, and looks for some that are too long. In a chunk nothing
// else about them matters: CR and LF alone are content like any other octet.
func (l *letterReader) measure(piece []byte) {
	for len(piece) > 0 {
		i := bytes.IndexByte(piece, '\n')
		if i < 0 {
			l.line += int64(len(piece))
			l.cr = piece[len(piece)-1] == '\r'
			break
		}
		ends := l.cr
		if i > 0 {
			ends = piece[i-1] == '\r'
		}
		l.line += int64(i + 1)
		l.cr = false
		if ends {
			l.lines++
			l.long = l.long || l.line > MaxTextLine
			l.line = 0
		}
		piece = piece[i+1:]
	}
	l.long = l.long || l.line > MaxTextLine
}

// The replies to BDAT.
var (
	replyChunk     = answer(250, Enhanced{2, 0, 0}, "chunk accepted")
	replyRSETFirst = answer(503, Enhanced{5, 5, 1}, "the transaction has failed, RSET comes first")
	replyLASTFirst = answer(503, Enhanced{5, 5, 1}, "chunks of a letter are coming, BDAT LAST or RSET comes first")
	replyBinary    = answer(503, Enhanced{5, 5, 1}, "a binary letter comes by BDAT, not by DATA")
)

// proposeBDAT answers a BDAT without mistakes, its octets taken.
func (s *Server) proposeBDAT() Reply {
	switch {
	case s.cmd.Discarded:
		return s.proposeDiscarded()
	case s.config.MaxSize > 0 && s.letter.size > s.config.MaxSize:
		return s.texts.tooLarge
	case !s.cmd.Last:
		return replyChunk
	case s.letter.long && !s.binary:
		return replyLongLine
	}
	return replyAccepted
}

// proposeDiscarded says why the octets of a BDAT were thrown away.
func (s *Server) proposeDiscarded() Reply {
	switch {
	case s.state == StateBroken:
		return replyRSETFirst
	case s.state == StateTransaction && s.refused:
		return replyNobody // RFC 5321 §3.3 allows 503 and 554
	case s.greeted && !s.esmtp:
		return replyNotServed // after HELO nothing is offered, yet the octets came
	case s.state == StateTransaction:
		return replyRCPTFirst
	case !s.greeted:
		return replyEHLOFirst
	}
	return s.mailFirst() // so it is after LAST, too
}

// followBDAT changes the state as the reply to a BDAT says. Whatever is not
// 2yz breaks the transaction: what the server has of the letter is not the
// letter any more, and only RSET, EHLO or HELO helps (RFC 3030 §2).
func (s *Server) followBDAT(done bool) {
	switch {
	case done && s.cmd.Last:
		s.endTransaction()
		s.settle()
	case done && s.cmd.Discarded: // called good, but there is nothing
	case done:
		s.state = StateChunks
	default:
		switch s.state {
		case StateTransaction, StateRecipients, StateChunk, StateChunks, StateLetterReceived:
			s.state = StateBroken
			s.letter = letterReader{}
		}
	}
}

// silentBDAT is for a chunk whose reply is kept back. The octets were handed
// out all the same, so the next chunk follows them.
func (s *Server) silentBDAT() {
	if s.state == StateChunk {
		s.state = StateChunks
	}
}
