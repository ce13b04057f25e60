package tui

// The sessions of a running server, as its screen lists them: an index that
// grows with the trace, each event looked at once.

import (
	"net/netip"
	"slices"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// visit is one client's connection.
type visit struct {
	conn    trace.ConnID
	from    string // where the client is
	rows    trace.Rows
	last    trace.Pos              // its last event
	door    uint16                 // the port it came to
	hello   string                 // the name the client gave
	user    string                 // who logged in
	letters int                    // in mailboxes
	refused int                    // replies that were 4yz or 5yz
	filing  map[trace.LetterID]int // letters taken, and for how many recipients they are not in mailboxes yet
	over    bool
	gone    bool // given up
}

// Bounds on what the screen keeps; the trace has a bound of its own.
const (
	maxVisits = 500
	maxRows   = 20_000
)

// visits is every session that the screen knows.
type visits struct {
	t       *trace.Trace
	next    trace.Pos
	list    []*visit // oldest first
	byConn  map[trace.ConnID]*visit
	letters map[trace.LetterID]*visit // that are not in their mailboxes yet
	open    int
	all     int
	stored  int
	doors   bool // more than one was used
}

func newVisits(t *trace.Trace) *visits {
	return &visits{t: t, byConn: map[trace.ConnID]*visit{}, letters: map[trace.LetterID]*visit{}}
}

// update takes in what the trace has gained.
func (vs *visits) update() {
	t := vs.t
	end := t.End()
	for vs.next = max(vs.next, t.First()); vs.next < end; vs.next++ {
		vs.take(vs.next, t.At(vs.next))
	}
	if len(vs.list) > maxVisits+maxVisits/4 { // not for each: the list is long
		vs.forget(len(vs.list) - maxVisits)
	}
}

// take enters one event.
func (vs *visits) take(pos trace.Pos, e *trace.Event) {
	v := vs.byConn[e.Conn]
	switch {
	case e.Kind == trace.Connect:
		v = &visit{conn: e.Conn, from: addressOf(vs.t.OctetsAt(pos)), door: e.Code}
		vs.doors = vs.doors || len(vs.list) > 0 && vs.list[len(vs.list)-1].door != v.door
		vs.byConn[e.Conn] = v
		vs.list = append(vs.list, v)
		vs.open++
		vs.all++
	case e.Conn == 0:
		v = vs.letters[e.Letter]
	}
	if v == nil {
		return
	}
	if v.rows.Len() >= maxRows {
		v.rows = trace.Rows{}
	}
	v.last = pos
	switch {
	case v.gone:
	case e.Kind == trace.Closed && !v.over: // the client has gone without QUIT
		v.rows.AddRow(vs.t, pos)
	default:
		v.rows.Add(vs.t, pos)
	}
	switch e.Kind {
	case trace.Command:
		if e.Verb == smtp.EHLO || e.Verb == smtp.HELO {
			v.hello = smtp.ParseCommand(vs.t.OctetsAt(pos)).Domain
		}
	case trace.LoggedIn:
		v.user = string(vs.t.OctetsAt(pos))
	case trace.Reply:
		if e.Code >= 400 {
			v.refused++
		}
	case trace.Custody:
		vs.letters[e.Letter] = v
		if v.filing == nil {
			v.filing = map[trace.LetterID]int{}
		}
		v.filing[e.Letter] = int(e.Arg)
	case trace.Stored:
		v.letters++
		vs.stored++
		if v.filing[e.Letter]--; v.filing[e.Letter] <= 0 {
			delete(v.filing, e.Letter)
			delete(vs.letters, e.Letter)
		}
	case trace.Close, trace.Closed, trace.Reset:
		if !v.over {
			v.over = true
			vs.open--
		}
		if v.gone {
			delete(vs.byConn, v.conn)
		}
	}
}

// forget gives up n sessions: the oldest that are over and, if those are too
// few, the oldest of the others, which stay counted.
func (vs *visits) forget(n int) {
	for _, over := range [...]bool{true, false} {
		for _, v := range vs.list {
			if n == 0 {
				break
			}
			if v.gone || v.over != over {
				continue
			}
			v.gone, v.rows = true, trace.Rows{}
			if n--; v.over {
				delete(vs.byConn, v.conn)
			}
			for id := range v.filing {
				delete(vs.letters, id)
			}
		}
	}
	vs.list = slices.DeleteFunc(vs.list, func(v *visit) bool { return v.gone })
}

// addressOf is an address as the trace has it, with the port if there is one.
func addressOf(octets []byte) string {
	if _, err := netip.ParseAddrPort(string(octets)); err == nil {
		return string(octets)
	}
	if a, err := netip.ParseAddr(string(octets)); err == nil {
		return a.String()
	}
	return "?"
}
