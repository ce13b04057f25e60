package host

// Letters that are filed outside the host before their dot is answered, as a
// server on a real socket must: once it has said 250, no crash may lose them
// (RFC 5321 §4.2.5, §6.1).

import (
	"bytes"
	"math"
	"slices"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Depot keeps the letters of a host's mailboxes. It is called where the host
// is driven, and must not wait there.
type Depot interface {
	QueueID() string               // a name for a letter that no other ever has
	Room(n int) bool               // takes room for n more octets of letters on their way in; false: there is none
	Free(n int)                    // gives room back
	Block() []byte                 // an empty block for a piece of a letter; its capacity is what it holds
	Recycle(block []byte)          // takes one back
	File(c trace.ConnID, m []Mail) // begins to file letters, in this order; then [Host.Filed]
}

// Mail is a letter to be filed. Its octets are the depot's until [Host.Filed].
type Mail struct {
	QueueID string
	Boxes   []string // mailboxes to file it in, each once
	Head    []byte   // the header fields this host adds
	Body    [][]byte // the letter as it came, dots removed, in pieces
	Long    bool     // the pieces are blocks of the depot, which it may keep; else they are lent
	Digest  bool     // the trace has not all of it: [Host.Filed] wants a digest
}

// Shut says that the host ends the session on a connection because it stops
// (RFC 5321 §3.8).
func (h *Host) Shut(c trace.ConnID) {
	if in := h.ins[c]; in != nil && !in.filing {
		if in.shaking || in.mute { // in clear there is nobody to say it to
			h.leave(in)
			return
		}
		in.server.Shutdown()
		h.farewell(in)
	}
}

// Busy says whether a client is in the middle of a transaction.
func (h *Host) Busy(c trace.ConnID) bool {
	in := h.ins[c]
	if in == nil {
		return false
	}
	switch in.server.State() {
	case smtp.StateTransaction, smtp.StateRecipients, smtp.StateData, smtp.StateLetterReceived,
		smtp.StateChunk, smtp.StateChunks:
		return true
	}
	return false
}

// Worth returns how many of the next n octets to arrive on a connection are
// worth keeping in the trace: a letter or a line without end is kept as its
// head.
func (h *Host) Worth(c trace.ConnID, n int) int {
	in := h.ins[c]
	if in == nil || h.o.Keep == 0 {
		return n
	}
	return min(n, int(h.o.Keep-min(h.o.Keep, in.kept)))
}

// Mask returns octets that are about to arrive on a connection as they may be
// shown: with stars for what belongs to a login.
func (h *Host) Mask(c trace.ConnID, octets []byte) []byte {
	switch {
	case h.ins[c] != nil:
		return h.ins[c].server.Mask(octets)
	case h.outs[c] == nil: // nobody knows what they belong to
		return bytes.Repeat([]byte("*"), len(octets))
	}
	return h.outs[c].client.Mask(octets)
}

// gather keeps a piece of the letter on its way in. Without room for it, or
// over the size limit, nothing of the letter is kept.
func (h *Host) gather(in *inbound, piece []byte) {
	d := h.o.Depot
	if d == nil {
		in.letter = append(in.letter, piece...)
		return
	}
	if in.lost {
		return
	}
	limit := h.server.MaxSize
	if limit > 0 && in.server.LetterSize() > limit || !d.Room(len(piece)) {
		h.forgetLetter(in)
		in.lost = true // over the limit the session itself refuses
		return
	}
	in.size += len(piece)
	if !in.long && len(in.letter)+len(piece) > shortLetter {
		in.long = true
		in.short, in.letter = in.letter[:0], append(d.Block(), in.letter...)
	}
	for in.long && len(piece) > cap(in.letter)-len(in.letter) {
		n := cap(in.letter) - len(in.letter)
		in.blocks = append(in.blocks, append(in.letter, piece[:n]...))
		in.letter, piece = d.Block(), piece[n:]
	}
	in.letter = append(in.letter, piece...)
}

// shortLetter is how many octets of a letter a connection keeps in a buffer of
// its own; a longer one goes into blocks of the depot.
const shortLetter = 4 << 10

// forgetLetter lets go of the letter that came in, filed or not.
func (h *Host) forgetLetter(in *inbound) {
	if d := h.o.Depot; d != nil {
		d.Free(in.size)
		if in.long {
			if !in.taken {
				for _, b := range in.blocks {
					d.Recycle(b)
				}
				d.Recycle(in.letter)
			}
			in.letter = in.short
			clear(in.blocks)
		}
	}
	clear(in.pieces)
	in.letter, in.short, in.blocks = in.letter[:0], nil, in.blocks[:0]
	in.size, in.long, in.taken, in.lost = 0, false, false, false
}

// file begins to file a letter. The decision stays open until that is done.
func (h *Host) file(in *inbound, d decision) {
	in.pieces = append(append(in.pieces[:0], in.blocks...), in.letter)
	m := Mail{QueueID: d.letter.queueID, Head: d.letter.head, Body: in.pieces, Long: in.long, Digest: d.cut}
	for _, p := range d.letter.to {
		for _, key := range h.keys(p) {
			if !slices.Contains(m.Boxes, key) {
				m.Boxes = append(m.Boxes, key)
			}
		}
	}
	mails := []Mail{m}
	if len(d.letter.asks) > 0 {
		d.letter.original = in.header() // for the report alone: it is lent
		d.report, d.about = h.newReport(d.letter, message.Delivered, d.letter.recipients())
	}
	d.letter.original = nil
	if d.report != nil {
		mails = append(mails, h.reportMail(d.report))
	}
	in.filing, in.open = true, d
	h.o.Depot.File(in.id, mails)
}

// reportMail is a report to be filed: with its reader if that is one of ours,
// else with the postmaster, for this host passes no mail on.
func (h *Host) reportMail(l *letter) Mail {
	l.head = message.AppendReturnPath(nil, l.from.String())
	m := Mail{QueueID: l.queueID, Head: l.head, Body: [][]byte{l.octets}, Boxes: []string{"postmaster"}}
	if _, ours := h.mailbox(l.to[0]); ours {
		m.Boxes = h.keys(l.to[0])
	}
	return m
}

// reportFiled records what has become of a report.
func (h *Host) reportFiled(d *decision, cause trace.Pos) {
	h.reported(d.letter, d.report, d.about, cause)
	h.takeUp(d.report, cause)
	if _, ours := h.mailbox(d.report.to[0]); ours {
		h.stored(d.report, d.report.to[0], d.report.head, cause)
		return
	}
	h.event(trace.Event{
		Kind: trace.Parked, Letter: d.report.id, Code: 550, Flags: trace.Notice,
		Octets: h.mailboxOctets(d.report.to[0]), Cause: cause,
	})
}

// Filed tells the host that a letter is safe, or why not: then the client hears
// 451 and keeps it. digest is the SHA-256 of the letter, if it was asked for;
// taken says that the depot keeps the blocks the letter came in.
func (h *Host) Filed(c trace.ConnID, digest []byte, taken bool, err error) {
	in := h.ins[c]
	if in == nil || !in.filing {
		return
	}
	d := in.open
	in.filing, in.open, in.taken = false, decision{}, taken && in.long
	if len(digest) > 0 {
		d.cause = h.event(trace.Event{
			Kind: trace.Digest, Conn: c, Letter: d.letter.id, Arg: uint32(min(uint64(in.size), math.MaxUint32)),
			Octets: h.env.Store(digest), Cause: d.cause,
		})
	}
	if err != nil {
		d.letter, d.report, d.reply = nil, nil, reply(451, 4, 3, 0, "the letter could not be filed, try again later")
	}
	h.answer(in, &d)
	if d.report != nil {
		h.reportFiled(&d, in.pos)
	}
	rest := append([]byte(nil), in.rest...)
	in.rest = in.rest[:0]
	h.step(in)
	h.take(in, rest)
}
