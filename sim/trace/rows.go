package trace

// Row is one step a person takes through a trace: a line, a deed, or a
// connection made or broken.
type Row struct {
	Pos  Pos
	Held uint64 // the hosts responsible for a letter when the row is over, bit n for HostID n
}

// Pipe is the stretch of rows in which a connection is inside TLS. Rows of
// other connections may stand between them.
type Pipe struct {
	Conn        ConnID
	A, B        HostID // the end that is inside first, and the other
	First, Last int    // the first and the last row inside so far
	Over        Pos    // the event with which the connection began to end, or NoPos; what is under way then still comes

	ends int // how many have closed it, or know that it is closed
}

// Rows is the index of a trace's rows. It is kept as the trace grows: each
// event is looked at once.
type Rows struct {
	list []Row
	done Pos
	held [64]uint32 // how many recipients each host answers for
	mask uint64

	pipes  []Pipe
	open   []int // of the pipes, those that are not over
	secret Pos   // the first event with octets that are masked, plus 1
}

// Update takes in what t has gained since the last call.
func (r *Rows) Update(t *Trace) {
	for end := t.End(); r.done < end; r.done++ {
		r.Add(t, r.done)
	}
}

// Add takes in one event, after those before it: for an index of some of a
// trace's events, such as those of one connection.
func (r *Rows) Add(t *Trace, pos Pos) {
	r.add(t, pos, t.At(pos).Kind.IsRow())
}

// AddRow does so for an event that is to be a row whatever its kind.
func (r *Rows) AddRow(t *Trace, pos Pos) { r.add(t, pos, true) }

func (r *Rows) add(t *Trace, pos Pos, row bool) {
	r.custody(t.At(pos))
	if row {
		r.list = append(r.list, Row{Pos: pos, Held: r.mask})
	}
	r.pipe(t, pos, row)
	if r.secret == 0 && t.IsSecret(t.At(pos).Octets) {
		r.secret = pos + 1
	}
}

// pipe follows which connections are inside TLS.
func (r *Rows) pipe(t *Trace, pos Pos, row bool) {
	e := t.At(pos)
	if e.Conn == 0 || e.Flags&Inside == 0 && len(r.open) == 0 {
		return
	}
	var p *Pipe
	at := -1
	for i, n := range r.open {
		if r.pipes[n].Conn == e.Conn {
			p, at = &r.pipes[n], i
		}
	}
	last := len(r.list) - 1
	if p != nil && (e.Kind == Close || e.Kind == Closed || e.Kind == Reset) {
		p.Over = min(p.Over, pos)
		if p.ends++; p.ends == 2 {
			r.open = append(r.open[:at], r.open[at+1:]...)
		}
	}
	switch {
	case !row || e.Flags&Inside == 0:
	case p != nil:
		p.Last = last
	case e.Kind == Secured:
		r.open = append(r.open, len(r.pipes))
		r.pipes = append(r.pipes, Pipe{Conn: e.Conn, A: e.Host, B: e.Peer, First: last, Last: last, Over: NoPos})
	}
}

// Pipes returns the stretches of rows inside TLS, by their first rows. It must
// not be changed.
func (r *Rows) Pipes() []Pipe { return r.pipes }

// Secret returns the first event of which some octets are masked, or NoPos.
func (r *Rows) Secret() Pos { return r.secret - 1 }

// custody follows who answers for how many recipients.
func (r *Rows) custody(e *Event) {
	if e.Host >= 64 {
		return // more hosts than lanes can be drawn
	}
	switch e.Kind {
	case Accepted: // seen from the next row on: a reply still has to be heard
		r.held[e.Host]++
		r.mask |= 1 << e.Host
	case Relayed, Stored, Returned, Parked, Silenced:
		if r.held[e.Host] > 0 {
			r.held[e.Host]--
		}
		if r.held[e.Host] == 0 {
			r.mask &^= 1 << e.Host
			if n := len(r.list); n > 0 && !e.Kind.IsRow() { // what that row brought to its end
				r.list[n-1].Held &^= 1 << e.Host
			}
		}
	}
}

// IsRow says whether a person steps on events of this kind. Octets on the wire
// show as the lines found in them; a decision shows as its reply.
func (k Kind) IsRow() bool {
	switch k {
	case Connect, Refused, Lost, Reset, Unanswered,
		Command, Reply, Letter, Question, Answer,
		Fired, TimedOut, Changed, Written, Added, Queued, Kept, Stored, Returned, Composed, Parked, Told, Limit, Stalled,
		Listening, Digest, Reported, Silenced, Dropped,
		Handshake, Secured, Unsecured, Discarded, LoggedIn:
		return true
	}
	return false
}

// Len returns the number of rows.
func (r *Rows) Len() int { return len(r.list) }

// At returns row i.
func (r *Rows) At(i int) Row { return r.list[i] }

// Find returns the index of the last row at or before pos, or -1.
func (r *Rows) Find(pos Pos) int {
	low, high := 0, len(r.list)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if r.list[mid].Pos <= pos {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}
