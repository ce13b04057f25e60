package check

import (
	"strings"

	"helo/sim/trace"
)

// Fate is what became of one recipient of a letter somebody wrote.
type Fate uint8

// The fates, best first.
const (
	Delivered Fate = iota // in a mailbox
	Returned              // the sender was told that it failed
	Silenced              // it failed, and the sender had asked not to be told
	InOutbox              // the sender's mail client kept it and said so
	Waiting               // in a queue, or under way
)

// String says the fate in a word or two.
func (f Fate) String() string {
	return [...]string{"delivered", "returned", "failed, as nobody wanted to know", "kept in the outbox", "waiting"}[f]
}

// Outcome is what became of one recipient.
type Outcome struct {
	Letter    trace.LetterID // as its writer's host numbers it
	Recipient string
	Fate      Fate
	Pos       trace.Pos // the event that decided it; of Waiting, the last one known
	Copies    int       // how often it is in a mailbox: a letter whose 250 was lost comes twice
	Attempts  int       // connections dialled for it behind the submission server
	Code      uint16    // the reply that failed it, of the last attempt, or 0
}

// Outcomes follows each letter that somebody wrote through its copies and says
// what became of each recipient, in the order in which they were written.
func Outcomes(t *trace.Trace) []Outcome {
	var (
		list  []Outcome
		index = map[string][]int{}                  // by recipient: outcomes
		over  = map[trace.ConnID]trace.LetterID{}   // whose copy a connection carries
		root  = map[trace.LetterID]trace.LetterID{} // the written letter of each copy
		hop   = map[trace.LetterID]int{}
	)
	each := func(e *trace.Event, do func(*Outcome)) {
		for _, i := range index[string(t.Octets(e.Octets))] {
			if list[i].Letter == root[e.Letter] {
				do(&list[i])
			}
		}
	}
	for pos, end := trace.Pos(0), t.End(); pos < end; pos++ {
		e := t.At(pos)
		switch e.Kind {
		case trace.Written:
			root[e.Letter] = e.Letter
		case trace.Attempt:
			over[e.Conn] = e.Letter
			if hop[e.Letter] > 0 {
				domain := "@" + string(t.Octets(e.Octets))
				for i := range list {
					if list[i].Letter == root[e.Letter] && strings.HasSuffix(list[i].Recipient, domain) {
						list[i].Attempts++
					}
				}
			}
		case trace.Custody:
			if from, known := over[e.Conn]; known && e.Conn != 0 {
				root[e.Letter], hop[e.Letter] = root[from], hop[from]+1
			}
		case trace.Accepted:
			if root[e.Letter] == e.Letter {
				rcpt := string(t.Octets(e.Octets))
				index[rcpt] = append(index[rcpt], len(list))
				list = append(list, Outcome{Letter: e.Letter, Recipient: rcpt, Fate: Waiting, Pos: pos})
			}
		case trace.Relayed:
			each(e, func(o *Outcome) {
				if o.Fate == Waiting {
					o.Pos = pos
				}
			})
		case trace.Queued:
			each(e, func(o *Outcome) {
				if o.Fate != Delivered {
					o.Fate, o.Pos, o.Code = Waiting, pos, e.Code
				}
			})
		case trace.Kept:
			each(e, func(o *Outcome) {
				if o.Fate != Delivered { // its 250 may have been lost
					o.Fate, o.Pos, o.Code = InOutbox, pos, e.Code
				}
			})
		case trace.Returned, trace.Silenced:
			each(e, func(o *Outcome) {
				if o.Fate != Delivered {
					o.Fate, o.Pos, o.Code = Returned, pos, e.Code
					if e.Kind == trace.Silenced {
						o.Fate = Silenced
					}
				}
			})
		case trace.Stored:
			each(e, func(o *Outcome) {
				o.Copies++
				if o.Fate != Delivered {
					o.Fate, o.Pos = Delivered, pos
				}
			})
		}
	}
	return list
}
