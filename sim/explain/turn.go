package explain

// Who answered what on a connection, as far as it is known, and what the two
// sides made of it.

import (
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// turn is one exchange on a connection: a line, what was decided about it, and
// the reply. What has not happened, or is not known yet, is NoPos.
type turn struct {
	line, decided, reply trace.Pos // of the greeting, line is the connect event
	verb                 smtp.Verb
}

// talk is what is known of a connection.
type talk struct {
	turns  []turn
	at     int          // the turn that the event belongs to, or -1
	client trace.HostID // who opened the connection
	byHand bool         // a person is the client
	over   bool         // after the event, the client learned that no reply will come
	offer  trace.Pos    // the reply to EHLO that counts at the event, or NoPos
}

// talk gathers the turns of the event's connection, up to what is known and no
// further than needed to see the event's own turn answered.
func (s *telling) talk() talk {
	k := talk{at: -1, offer: trace.NoPos}
	conn := s.e.Conn
	if conn == 0 {
		return k
	}
	start := s.pos
	for p := s.pos; ; p-- {
		if e := s.t.At(p); e.Conn == conn {
			start = p
			if e.Kind == trace.Connect {
				break
			}
		}
		if p == 0 {
			break
		}
	}
	for p := start; p < s.known; p++ {
		e := s.t.At(p)
		if e.Conn != conn {
			continue
		}
		if k.take(e, p, s.pos); k.over || p > s.pos && k.at >= 0 && k.turns[k.at].reply != trace.NoPos {
			break
		}
		if p >= s.pos && k.at < 0 {
			break // an event that is no line: what comes after it is not asked for
		}
	}
	return k
}

// take adds what one event says.
func (k *talk) take(e *trace.Event, p, about trace.Pos) {
	switch e.Kind {
	case trace.Connect:
		k.turns = append(k.turns, turn{p, trace.NoPos, trace.NoPos, smtp.Connect})
		k.client = e.Host
	case trace.Command, trace.Letter:
		k.turns = append(k.turns, turn{p, trace.NoPos, trace.NoPos, e.Verb})
		if p == about {
			k.at = len(k.turns) - 1
		}
	case trace.Decided:
		for i := len(k.turns) - 1; i >= 0; i-- {
			if k.turns[i].verb == e.Verb && k.turns[i].decided == trace.NoPos {
				k.turns[i].decided = p
				break
			}
		}
	case trace.Reply:
		for i := range k.turns {
			if k.turns[i].verb == e.Verb && k.turns[i].reply == trace.NoPos {
				k.turns[i].reply = p
				if p == about {
					k.at = i
				}
				break
			}
		}
		if p <= about && e.Verb == smtp.EHLO && e.Code/100 == 2 {
			k.offer = p
		}
	case trace.Secured:
		if p <= about { // what was offered outside counts no more (RFC 3207 §4.2)
			k.offer = trace.NoPos
		}
	case trace.Typed:
		k.byHand = true
	case trace.Reset, trace.Close, trace.Closed, trace.TimedOut:
		k.over = k.over || p > about && e.Host == k.client
	}
}

// revealed says whether the outcome of a turn may be told: its reply is known,
// or known never to come. The decision is an earlier event than the reply, but
// to tell it would give the reply away.
func (k *talk) revealed(u turn) bool {
	return u.decided != trace.NoPos && (u.reply != trace.NoPos || k.over)
}

// waits says whether a command before the event had no reply yet when the event
// came, so that the client cannot have waited for it.
func (k *talk) waits(pos trace.Pos) bool {
	for _, u := range k.turns {
		if u.line < pos && (u.reply == trace.NoPos || u.reply > pos) {
			return true
		}
	}
	return false
}

// lineStates says what a command or a letter does to both sides. The speaker
// comes first; where a person speaks there is no session to tell of.
func (s *telling) lineStates(k *talk) {
	if !k.byHand {
		from, to := s.clientStates(k)
		s.state(s.e.Host, from, to, to)
	}
	change := StateChange{Host: s.e.Peer, From: s.e.From.String(), To: "deciding"}
	if s.e.Kind == trace.Letter { // heard to its end only now
		if change.From = smtp.StateData.String(); s.e.Verb == smtp.BDAT {
			change.From = smtp.StateChunk.String()
		}
	}
	if !k.settled() {
		change.From = change.To
	}
	note := s.entry("states", "deciding")
	change.Note = note.Note("note")
	word := s.e.Verb.String()
	if s.e.Kind == trace.Letter {
		word = smtp.EndOfData.String() // however it ends
	}
	if text := note.Note(word); text != "" {
		change.Note = text
	}
	if k.at >= 0 && k.revealed(k.turns[k.at]) {
		to := s.t.At(k.turns[k.at].decided).To
		change.To = to.String()
		change.Note = s.entry("states", change.To).Note("note")
	}
	s.x.States = append(s.x.States, change)
}

// settled says whether the outcome of every earlier turn may be told. With
// pipelining a command may be heard while the fate of those before it is not
// known to the client, nor to a learner who is to predict it.
func (k *talk) settled() bool {
	for _, u := range k.turns[:max(k.at, 0)] {
		if !k.revealed(u) && u.verb != smtp.Connect {
			return false
		}
	}
	return true
}

// clientStates says what saying the line did to the client's session: its state
// is named after the oldest command without a reply.
func (s *telling) clientStates(k *talk) (from, to string) {
	oldest, earlier := s.e.Verb, false
	for _, u := range k.turns {
		if u.line <= s.pos && (u.reply == trace.NoPos || u.reply > s.pos) {
			oldest, earlier = u.verb, u.line < s.pos
			break
		}
	}
	to = awaiting(oldest).String()
	from = to
	if earlier {
		return from, to // it waits already
	}
	for _, u := range k.turns {
		if u.reply != trace.NoPos && u.reply < s.pos {
			if st := s.t.At(u.reply).To; st != smtp.StateNone {
				from = st.String()
			}
		}
	}
	return from, to
}

// awaiting is the state of a client that waits for the reply to a verb.
func awaiting(v smtp.Verb) smtp.State {
	switch v {
	case smtp.Connect:
		return smtp.StateAwaitingGreeting
	case smtp.EHLO:
		return smtp.StateEHLOSent
	case smtp.HELO:
		return smtp.StateHELOSent
	case smtp.MAIL:
		return smtp.StateMAILSent
	case smtp.RCPT:
		return smtp.StateRCPTSent
	case smtp.DATA:
		return smtp.StateDATASent
	case smtp.EndOfData:
		return smtp.StateDotSent
	case smtp.BDAT:
		return smtp.StateBDATSent
	case smtp.RSET:
		return smtp.StateRSETSent
	case smtp.QUIT:
		return smtp.StateQUITSent
	case smtp.STARTTLS:
		return smtp.StateSTARTTLSSent
	case smtp.AUTH:
		return smtp.StateAUTHSent
	case smtp.Response:
		return smtp.StateResponseSent
	}
	return smtp.StateReady
}

// replyStates says what a reply does to the client, or, if a person is the
// client, what the decision did to the server.
func (s *telling) replyStates(k *talk) {
	if s.e.To != smtp.StateNone {
		s.state(s.e.Peer, s.e.From.String(), s.e.To.String(), s.e.To.String())
		return
	}
	if k.at >= 0 && k.turns[k.at].decided != trace.NoPos {
		d := s.t.At(k.turns[k.at].decided)
		s.state(s.e.Host, d.From.String(), d.To.String(), d.To.String())
	}
}

// state adds a change; note names the state whose waiting it tells of.
func (s *telling) state(host trace.HostID, from, to, note string) {
	s.x.States = append(s.x.States, StateChange{
		Host: host, From: from, To: to, Note: s.entry("states", note).Note("note"),
	})
}
