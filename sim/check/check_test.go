package check

import (
	"strings"
	"testing"
	"time"

	"helo/sim/trace"
)

// story builds a trace in a few words: msa answers for a letter that came over
// connection 1 and passes it to mx over connection 2.
type story struct{ *trace.Trace }

func newStory() story {
	return story{trace.New("test", 1, time.Unix(0, 0), []trace.Host{{ID: "msa"}, {ID: "mx"}})}
}

func (s story) add(kind trace.Kind, host trace.HostID, letter trace.LetterID, conn trace.ConnID, text string, change ...func(*trace.Event)) {
	e := trace.Event{Kind: kind, Host: host, Letter: letter, Conn: conn, Octets: s.Store([]byte(text)), Cause: trace.NoPos}
	if kind == trace.Relayed {
		e.Peer = 2
	}
	for _, c := range change {
		c(&e)
	}
	s.Append(e)
}

func notice(e *trace.Event)             { e.Flags |= trace.Notice }
func arg(n uint32) func(e *trace.Event) { return func(e *trace.Event) { e.Arg = n } }

const bob = "bob@receiver.example"

func TestNoLetterLost(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(story)
		want string // part of the only finding; empty: none
	}{
		{"relayed and stored", func(s story) {
			s.add(trace.Custody, 1, 1, 1, "q1")
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Custody, 2, 2, 2, "q2")
			s.add(trace.Accepted, 2, 2, 2, bob)
			s.add(trace.Relayed, 1, 1, 2, bob)
			s.add(trace.Stored, 2, 2, 0, bob)
		}, ""},
		{"accepted, then nothing", func(s story) {
			s.add(trace.Custody, 1, 1, 1, "q1")
			s.add(trace.Accepted, 1, 1, 1, bob)
		}, "was lost at msa"},
		{"relayed to a host that does not answer for it", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Relayed, 1, 1, 2, bob)
		}, "does not answer for it"},
		{"relayed to a host that answers for somebody else", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Custody, 2, 2, 2, "q2")
			s.add(trace.Accepted, 2, 2, 2, "eve@receiver.example")
			s.add(trace.Relayed, 1, 1, 2, bob)
			s.add(trace.Stored, 2, 2, 0, "eve@receiver.example")
		}, "does not answer for it"},
		{"stored twice", func(s story) {
			s.add(trace.Accepted, 2, 1, 1, bob)
			s.add(trace.Stored, 2, 1, 0, bob)
			s.add(trace.Stored, 2, 1, 0, bob)
		}, "which did not answer for it"},
		{"queued when all is over", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Queued, 1, 1, 0, bob)
		}, "still queued at msa"},
		{"queued when a limit is reached", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Queued, 1, 1, 0, bob)
			s.add(trace.Limit, 0, 0, 0, "")
		}, ""},
		{"returned without a notice", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Returned, 1, 1, 0, bob, arg(2))
		}, "without a notice"},
		{"returned with a notice", func(s story) {
			s.add(trace.Accepted, 1, 1, 1, bob)
			s.add(trace.Returned, 1, 1, 0, bob, arg(2))
			s.add(trace.Custody, 1, 2, 0, "q2", notice)
			s.add(trace.Accepted, 1, 2, 0, "alice@sender.example", notice)
			s.add(trace.Stored, 1, 2, 0, "alice@sender.example", notice)
		}, ""},
		{"a notice answered by a notice (RFC 5321 §4.5.5)", func(s story) {
			s.add(trace.Custody, 1, 1, 0, "q1", notice)
			s.add(trace.Accepted, 1, 1, 0, bob, notice)
			s.add(trace.Returned, 1, 1, 0, bob, arg(2))
			s.add(trace.Custody, 1, 2, 0, "q2", notice)
			s.add(trace.Accepted, 1, 2, 0, bob, notice)
			s.add(trace.Parked, 1, 2, 0, bob, notice)
		}, "answered by a notice"},
		{"kept in the outbox", func(s story) {
			s.add(trace.Accepted, 1, 1, 0, bob)
			s.add(trace.Kept, 1, 1, 0, bob)
		}, ""},
		{"a connection left open", func(s story) { s.add(trace.Stalled, 1, 0, 1, "") }, "connection open"},
		{"an effect before its cause", func(s story) {
			s.add(trace.Told, 1, 0, 0, "", func(e *trace.Event) { e.Cause = 0 })
		}, "its cause"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory()
			c.tell(s)
			found := NoLetterLost(s.Trace)
			switch {
			case c.want == "" && len(found) > 0:
				t.Errorf("found %v, want nothing", found)
			case c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Rule, c.want)):
				t.Errorf("found %v, want only %q", found, c.want)
			}
		})
	}
}

// A letter whose 250 was lost is delivered twice, and that is what Outcomes
// says (RFC 5321 §4.5.3.2.6).
func TestOutcomesCountCopies(t *testing.T) {
	s := newStory()
	s.add(trace.Written, 1, 1, 0, "alice@sender.example")
	s.add(trace.Accepted, 1, 1, 0, bob)
	s.add(trace.Attempt, 1, 1, 1, "")
	s.add(trace.Custody, 2, 2, 1, "q2")
	s.add(trace.Accepted, 2, 2, 1, bob)
	s.add(trace.Queued, 1, 1, 0, bob)
	s.add(trace.Stored, 2, 2, 0, bob)
	s.add(trace.Attempt, 1, 1, 2, "")
	s.add(trace.Custody, 2, 3, 2, "q3")
	s.add(trace.Accepted, 2, 3, 2, bob)
	s.add(trace.Relayed, 1, 1, 2, bob)
	s.add(trace.Stored, 2, 3, 0, bob)
	got := Outcomes(s.Trace)
	if len(got) != 1 || got[0].Fate != Delivered || got[0].Copies != 2 || got[0].Recipient != bob {
		t.Errorf("got %+v, want bob's letter delivered in two copies", got)
	}
}

// A letter that is stored stays so, whatever its writer's mail client believes:
// the 250 may have been lost (RFC 5321 §4.5.3.2.6).
func TestOutcomesKnowWhatIsStored(t *testing.T) {
	for _, kind := range []trace.Kind{trace.Kept, trace.Queued, trace.Returned} {
		s := newStory()
		s.add(trace.Written, 1, 1, 0, "alice@sender.example")
		s.add(trace.Accepted, 1, 1, 0, bob)
		s.add(trace.Attempt, 1, 1, 1, "")
		s.add(trace.Custody, 2, 2, 1, "q2")
		s.add(trace.Accepted, 2, 2, 1, bob)
		s.add(trace.Stored, 2, 2, 0, bob)
		s.add(kind, 1, 1, 0, bob)
		if got := Outcomes(s.Trace); len(got) != 1 || got[0].Fate != Delivered {
			t.Errorf("%s after stored: got %+v, want delivered", kind, got)
		}
	}
}
