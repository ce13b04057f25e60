package trace

// How a trace that has no end keeps to a bound: its oldest events go.

import "slices"

// chunkSize is what a chunk takes, in octets.
const chunkSize = chunkEvents * 48

// Size returns about how many octets of memory the events and their octets
// take. It is for the writer.
func (t *Trace) Size() int64 { return t.size }

// First returns the position of the oldest event that is kept.
func (t *Trace) First() Pos { return Pos(t.first.Load()) }

// Forget gives up events before p, in whole chunks, with the octets that
// nothing later refers to. It is for the writer; readers may go on reading: of
// what is gone [Trace.At] and [Trace.Octets] say so.
func (t *Trace) Forget(p Pos) {
	keep := int(p / chunkEvents)
	gone := int(t.first.Load() / chunkEvents)
	if keep <= gone {
		return
	}
	t.first.Store(uint32(keep * chunkEvents))
	// A reader may hold the old lists: what they point to stays for it.
	chunks := slices.Clone(*t.chunks.Load())
	clear(chunks[gone:keep])
	t.size -= int64(keep-gone) * chunkSize
	t.chunks.Store(&chunks)
	if keep >= len(t.begun) || t.blocks.Load() == nil {
		return
	}
	blocks := slices.Clone(*t.blocks.Load())
	for i := int(t.begun[gone]); i < int(t.begun[keep]); i++ {
		t.size -= int64(len(blocks[i]))
		blocks[i] = nil
	}
	t.blocks.Store(&blocks)
}

// lastBlock is the index of the block that octets go to.
func (t *Trace) lastBlock() uint32 {
	blocks := t.blocks.Load()
	if blocks == nil {
		return 0
	}
	return uint32(len(*blocks) - 1)
}
