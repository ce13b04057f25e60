package explain

// From an event to its explanation.

import (
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// telling is one explanation being put together.
type telling struct {
	r     *Reference
	t     *trace.Trace
	by    Eyes
	pos   trace.Pos
	known trace.Pos // events from here on play no part
	e     *trace.Event
	v     values
	took  trace.HostID // who took the letter, if that is the cause
	x     Explanation
}

// Event explains the event at pos, as far as it can be known before known:
// events there and later play no part, however much of the run there is, so
// that nothing is given away to a learner who is to predict it. An event that
// is itself not known yet has an explanation that says nothing. Any event can
// be explained, not only rows. Passwords are left out; see [Reference.Seen].
func (r *Reference) Event(t *trace.Trace, pos, known trace.Pos) Explanation {
	return r.Seen(t, pos, known, Masked)
}

// Seen is [Reference.Event] as it is for certain eyes.
func (r *Reference) Seen(t *trace.Trace, pos, known trace.Pos, by Eyes) Explanation {
	known = min(known, t.End())
	if pos >= known {
		return Explanation{Title: "not known yet", Cause: trace.NoPos}
	}
	s := &telling{r: r, t: t, by: by, pos: pos, known: known, e: t.At(pos)}
	s.x.Cause = trace.NoPos
	s.common()
	switch by.Sight(t, pos) {
	case Sealed:
		s.sealed()
		return s.x
	case Unseen:
		s.unseen()
		return s.x
	}
	entry := r.Entry("events", s.e.Kind.String())
	if entry == nil { // the tests see to it that there is one
		entry = &Entry{}
	}
	s.x.Title = s.v.fill(entry.Note("title"))
	s.x.RFC = entry.RFC
	switch s.e.Kind {
	case trace.Command:
		s.command()
	case trace.Reply:
		s.reply()
	case trace.Letter:
		s.letter()
	case trace.Question, trace.Answer:
		s.dnsMessage()
	default:
		s.deed(entry)
	}
	s.nameTheRest()
	s.x.Title = clip(s.x.Title, maxValue)
	s.because()
	return s.x
}

// common sets the values that every event has.
func (s *telling) common() {
	e, octets := s.e, s.octets()
	s.v = make(values, 0, 16)
	s.v.set("who", s.t.Host(e.Host).Title)
	s.v.set("peer", s.t.Host(e.Peer).Title)
	s.v.set("code", strconv.Itoa(int(e.Code)))
	s.v.set("verb", verbWords(e.Verb))
	s.v.set("size", count(len(octets), "octet"))
	s.v.set("n", grouped(int64(e.Arg)))
}

// octets are the event's octets, as they are seen.
func (s *telling) octets() []byte { return s.by.Octets(s.t, s.e.Octets) }

// verbWords is a verb as a sentence names it.
func verbWords(v smtp.Verb) string {
	switch v {
	case smtp.Connect:
		return "the connection"
	case smtp.EndOfData:
		return "the dot"
	case smtp.Unknown:
		return "an unknown command"
	case smtp.Response:
		return "the response"
	}
	return v.String()
}

// entry looks an entry up; one that is missing says nothing.
func (s *telling) entry(table, key string) *Entry {
	if e := s.r.Entry(table, key); e != nil {
		return e
	}
	return &Entry{}
}

// part adds a part named and explained by an entry, under one of its notes. If
// the entry has other rules than the event, they stand at the part.
func (s *telling) part(start, end int, entry *Entry, note string) *Part {
	text := entry.Note(note)
	if text == "" {
		text = entry.Note("part")
	}
	p := Part{Start: start, End: end, Name: entry.Name, Meaning: s.v.fill(text)}
	if len(entry.RFC) > 0 && !s.cites(document(entry.RFC[0])) {
		p.RFC = entry.RFC[0]
	}
	s.x.Parts = append(s.x.Parts, p)
	return &s.x.Parts[len(s.x.Parts)-1]
}

// nameTheRest sees to it that no octet is without a name, whatever came: octets
// in no part become one that says just that. A single space or hyphen between
// two parts needs no name.
func (s *telling) nameTheRest() {
	parts := s.x.Parts
	s.x.Parts = make([]Part, 0, len(parts)+1)
	at := 0
	rest := func(end int) {
		gap := s.x.Octets[at:end]
		if len(gap) == 0 || len(gap) == 1 && (gap[0] == ' ' || gap[0] == '-') && at > 0 && end < len(s.x.Octets) {
			return
		}
		s.part(at, end, s.entry("parts", "none"), "part")
	}
	for _, p := range parts {
		if !p.Inside {
			if at < p.Start {
				rest(p.Start)
			}
			at = max(at, p.End)
		}
		s.x.Parts = append(s.x.Parts, p)
	}
	rest(len(s.x.Octets))
}

// cites says whether the event's own rules stand in that document, or are that
// very section.
func (s *telling) cites(rfc string) bool {
	for _, have := range s.x.RFC {
		if have == rfc || document(have) == rfc {
			return true
		}
	}
	return false
}

// document is a reference without its section: "RFC 5321".
func document(rfc string) string {
	d, _, _ := strings.Cut(rfc, " §")
	return d
}
