package trace

// How a trace that has no end keeps to a bound: its oldest events go.

import "slices"

// chunkSize is what a chunk takes, in octets.
const chunkSize = chunkEvents * 48

// noBlock is above every block.
const noBlock = ^uint32(0)

// Size returns about how many octets of memory the events and their octets
// take. It is for the writer.
func (t *Trace) Size() int64 { return t.size }

// First returns the position of the oldest event that is kept.
func (t *Trace) First() Pos {
	d := t.chunks.Load()
	if d == nil {
		return 0
	}
	return Pos(d.base * chunkEvents)
}

// Forget gives up events before p, in whole chunks, with the octets that no
// event after them refers to, and says whether there were any. It is for the
// writer; readers may go on reading: of what is gone [Trace.At] and
// [Trace.Octets] say so.
func (t *Trace) Forget(p Pos) bool {
	d := t.chunks.Load()
	keep := uint32(min(p, t.End()) / chunkEvents)
	if d == nil || keep <= d.base {
		return false
	}
	gone := keep - d.base
	t.size -= int64(gone) * chunkSize
	t.low = slices.Clone(t.low[gone:])
	// A reader may hold the old list: what it points to stays for it.
	t.chunks.Store(&directory[*chunk]{keep, slices.Clone(d.list[gone:])})
	t.forgetBlocks()
	return true
}

// forgetBlocks gives up the blocks that no event refers to, but for the last one.
func (t *Trace) forgetBlocks() {
	d := t.blocks.Load()
	if d == nil {
		return
	}
	keep := d.end() - 1
	for _, low := range t.low {
		keep = min(keep, low)
	}
	if keep <= d.base {
		return
	}
	for _, b := range d.list[:keep-d.base] {
		t.size -= int64(len(b.octets) + len(b.masked))
	}
	t.blocks.Store(&directory[block]{keep, slices.Clone(d.list[keep-d.base:])})
	for _, a := range []*area{&t.open, &t.hidden} {
		if a.block < keep { // it is added to no more
			*a = area{}
		}
	}
}
