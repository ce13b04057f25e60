package explain

// Who looks: over a shoulder, at one of the two ends, or from somewhere on the
// line between them.

import (
	"bytes"

	"helo/sim/trace"
)

// Eyes say who looks at a trace. What is seen of the same event depends on it.
type Eyes uint8

// The eyes.
const (
	Masked Eyes = iota // anybody who looks over a shoulder: of a login stars are left
	Ends               // the two ends of a connection: passwords too, as far as the trace has them
	Wire               // an eavesdropper on the line: all that is said in clear, and of TLS the records
)

// Sight is how much there is to see of an event.
type Sight uint8

// The sights.
const (
	Plain  Sight = iota // what it says
	Sealed              // that octets pass, and how many: they are inside TLS
	Unseen              // nothing: it happens inside a host
)

// Octets returns the octets of s as they are seen. What is sealed is not asked
// for here; see [Eyes.Sight].
func (by Eyes) Octets(t *trace.Trace, s trace.Span) []byte {
	if by == Masked {
		return t.Octets(s)
	}
	return t.Raw(s)
}

// Sight says how much there is to see of the event at pos.
func (by Eyes) Sight(t *trace.Trace, pos trace.Pos) Sight {
	if by != Wire {
		return Plain
	}
	e := t.At(pos)
	switch e.Kind {
	case trace.Command, trace.Reply, trace.Letter, trace.Typed, trace.Sent, trace.Arrived, trace.Lost:
		if e.Flags&trace.Inside != 0 {
			return Sealed
		}
	case trace.Handshake: // from the ServerHello on it is encrypted (RFC 8446 §2)
		if message, _ := shakeWords(t.OctetsAt(pos)); message == "Finished" || message == "alert" {
			return Sealed
		}
	case trace.Fired, trace.Changed, trace.Asked, trace.Secured, trace.Limit, trace.Stalled, trace.Listening, trace.Dropped:
	default:
		if e.Kind.Layer() == trace.Deed {
			return Unseen
		}
	}
	return Plain
}

// What TLS 1.3 adds to the octets it carries (RFC 8446 §5.2): to each record a
// header of 5, one that says of what kind its content is, and 16 that show any
// change.
const (
	recordAdds  = recordHeader + recordSeal
	recordSeal  = 17
	recordLimit = 1 << 14

	recordHeader = 5
)

// record is what an eavesdropper sees of something that was said inside TLS.
type record struct {
	octets int  // of all records, headers included; 0 if that is not known
	n      int  // records
	shared bool // it came in the record of the line before it
}

// far is how many events are searched for what belongs to one; it stands close
// by, as a rule.
const far = 4096

// recordOf is the record that carried the event at pos.
func recordOf(t *trace.Trace, pos trace.Pos) record {
	e := t.At(pos)
	if e.Kind != trace.Handshake && !isTLS13(t, pos) {
		return record{n: 1}
	}
	switch e.Kind {
	case trace.Sent, trace.Arrived, trace.Typed, trace.Lost:
		return recordsFor(int(e.Octets.Len))
	case trace.Handshake:
		if e.Cause != trace.NoPos && e.Cause < pos && t.At(e.Cause).Kind == trace.Record {
			return record{octets: int(t.At(e.Cause).Arg), n: 1}
		}
		return record{n: 1}
	}
	sum, found, passed := record{}, false, false
	for p := pos; p > 0 && pos-p < far; {
		p--
		before := t.At(p)
		if before.Conn != e.Conn {
			continue
		}
		switch before.Kind {
		case trace.Arrived:
			if before.Host != e.Peer {
				break
			}
			if passed {
				return record{n: 1, shared: true}
			}
			if before.Flags&trace.Cut != 0 {
				return record{n: 2}
			}
			r := recordsFor(int(before.Octets.Len))
			sum.octets, sum.n, found = sum.octets+r.octets, sum.n+r.n, true
		case trace.Command, trace.Reply, trace.Letter:
			if before.Host != e.Host {
				break
			}
			if found {
				return sum
			}
			passed = true
		case trace.Sent, trace.Secured, trace.Connect:
			if !found && (before.Kind != trace.Sent || before.Host == e.Host) {
				return recordSent(t, pos, passed)
			}
		}
	}
	return sum
}

// isTLS13 says whether the connection of the event at pos speaks TLS 1.3: older
// versions add more to what they carry, and not always the same.
func isTLS13(t *trace.Trace, pos trace.Pos) bool {
	conn := t.At(pos).Conn
	for p := pos; p > 0 && pos-p < far; {
		p--
		if e := t.At(p); e.Conn == conn && e.Kind == trace.Secured {
			return bytes.HasPrefix(t.Octets(e.Octets), []byte("TLS 1.3"))
		}
	}
	return false
}

// recordSent is the record of what a live host said itself: its octets leave
// behind the line. passed says that a line before it has not left either.
func recordSent(t *trace.Trace, pos trace.Pos, passed bool) record {
	const near = 64
	e := t.At(pos)
	for p := pos + 1; p < t.End() && p-pos < near; p++ {
		if s := t.At(p); s.Kind == trace.Sent && s.Conn == e.Conn && s.Host == e.Host {
			if passed {
				return record{n: 1, shared: true}
			}
			return recordsFor(int(s.Octets.Len))
		}
	}
	return recordsFor(int(e.Octets.Len))
}

// recordsFor is how TLS 1.3 carries so many octets.
func recordsFor(n int) record {
	records := max(1, (n+recordLimit-1)/recordLimit)
	return record{octets: n + records*recordAdds, n: records}
}

// sealedLine is a sealed event on one short line.
func sealedLine(t *trace.Trace, pos trace.Pos) string {
	switch r := recordOf(t, pos); {
	case r.shared:
		return "in the same record"
	case r.octets == 0:
		return "sealed"
	default:
		return count(r.octets, "octet")
	}
}

// shakeWords splits the words of a handshake event: "ClientHello", "TLS 1.3,
// for mail.sender.example".
func shakeWords(octets []byte) (message, rest string) {
	m, r, _ := bytes.Cut(octets, []byte(": "))
	return string(m), string(r)
}
