package explain

// Connections, and what hosts and people do.

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// deed explains an event of any kind but a line found in a stream.
func (s *telling) deed(entry *Entry) {
	e, octets := s.e, s.octets()
	s.v.set("words", string(octets))
	s.v.set("mailbox", mailboxWords(octets))
	note := "here"
	switch e.Kind {
	case trace.Connect:
		note = s.connect(octets)
	case trace.Changed:
		if entry.Note(string(octets)) != "" {
			note = string(octets)
		}
	case trace.Unanswered, trace.Refused:
		s.dialled()
	case trace.Reset:
		switch {
		case len(octets) > 0:
			note = "truncated"
		case s.isClient():
			note = "client"
		}
		note = s.bareLF(note)
	case trace.Closed:
		note = s.bareLF(note)
	case trace.Unsecured:
		if e.Flags&trace.Inside != 0 {
			note = "inside"
		}
	case trace.Sent, trace.Arrived, trace.Lost, trace.Typed:
		s.x.Octets = octets
		s.streamParts(octets)
	case trace.Decided:
		if e.Verb == smtp.Connect {
			note = "connect"
		}
		s.state(e.Host, e.From.String(), e.To.String(), e.To.String())
	case trace.Fired:
		if e.Arg > 1 {
			note = "again"
			s.v.set("n", ordinal(e.Arg))
		}
	case trace.TimedOut:
		note = s.timedOut()
	case trace.Written:
		s.v.set("recipients", count(e.Arg, "recipient"))
	case trace.Custody, trace.Stored, trace.Parked:
		if e.Flags&trace.Notice != 0 {
			note = "notice"
		}
	case trace.Added:
		note = s.added(octets)
	case trace.Attempt:
		if e.Flags&trace.Implicit != 0 {
			note = "implicit"
		}
	case trace.Returned:
		if e.Flags&trace.Expired != 0 {
			note = "late"
		}
	case trace.Composed:
		s.letterParts(octets, len(octets))
	case trace.Queued:
		s.v.set("wait", forHowLong(time.Duration(e.Arg)*time.Second))
		note = s.whyQueued()
	case trace.Handshake:
		note = s.handshake(entry)
	case trace.Secured:
		note = s.secured()
	case trace.Discarded:
		s.discarded()
	case trace.Told:
		s.x.Octets = octets
		s.x.Parts = []Part{{Start: 0, End: len(octets), Name: "message"}}
	}
	text := entry.Note(note)
	if text == "" {
		text = entry.Note("here")
	}
	s.x.Means = s.v.fill(text)
}

// whyQueued picks the sentence for a letter that is kept. Its code is a
// server's only if a server has said it in this attempt; else this host made it
// up. Of what servers say only 4yz means not now; other codes defer where they
// do not belong, and 552 after RCPT (RFC 5321 §4.5.3.1.10).
func (s *telling) whyQueued() string {
	switch {
	case s.saidInAttempt() && s.e.Code/100 == 4:
		return "here"
	case s.saidInAttempt():
		return "unsettled"
	}
	row := s.rowBefore(s.e.Cause)
	for row != trace.NoPos && s.sameAttempt(s.t.At(row)) { // another recipient's
		row = s.rowBefore(s.t.At(row).Cause)
	}
	if row == trace.NoPos {
		return "no code"
	}
	if e := s.t.At(row); e.Kind == trace.Answer || e.Kind == trace.TimedOut && e.Conn == 0 {
		return "dns"
	}
	return "no code"
}

// sameAttempt says whether e keeps another recipient of the same letter after
// the same attempt.
func (s *telling) sameAttempt(e *trace.Event) bool {
	return e.Kind == trace.Queued && e.Host == s.e.Host && e.Letter == s.e.Letter && e.At == s.e.At
}

// saidInAttempt says whether a server has said the event's code about the
// letter since it was taken or last kept.
func (s *telling) saidInAttempt() bool {
	for p := s.pos; p > 0; p-- {
		switch e := s.t.At(p - 1); {
		case e.Letter != s.e.Letter, s.sameAttempt(e):
		case e.Kind == trace.Reply && e.Peer == s.e.Host && e.Code == s.e.Code:
			return true
		case e.Host == s.e.Host && (e.Kind == trace.Queued || e.Kind == trace.Custody):
			return false
		}
	}
	return false
}

// connect sets where a connection goes and picks the sentence.
func (s *telling) connect(octets []byte) string {
	port := strconv.Itoa(int(s.e.Code))
	s.v.set("address", address(octets))
	s.v.set("port", port)
	if from, err := netip.ParseAddrPort(string(octets)); err == nil { // a client's own
		s.v.set("address", from.String())
		return "from"
	}
	switch {
	case s.e.Peer == 0 || s.t.Host(s.e.Peer).Title == address(octets):
		return "nobody"
	case port == "25" || port == "587":
		return "port " + port
	}
	return "here"
}

// dialled sets the address of a connection that did not come about.
func (s *telling) dialled() {
	s.v.set("address", "that address")
	for p := s.e.Cause; p != trace.NoPos && p < s.pos; p = s.t.At(p).Cause {
		if c := s.t.At(p); c.Kind == trace.Connect && c.Conn == s.e.Conn {
			s.v.set("address", address(s.t.Octets(c.Octets)))
			return
		}
	}
}

// isClient says whether the event's host opened the connection.
func (s *telling) isClient() bool {
	p := s.connected()
	return p != trace.NoPos && s.t.At(p).Host == s.e.Host
}

// connected is where the event's connection was opened, or NoPos.
func (s *telling) connected() trace.Pos {
	for p := s.pos; s.e.Conn != 0; p-- {
		if c := s.t.At(p); c.Conn == s.e.Conn && c.Kind == trace.Connect {
			return p
		}
		if p == 0 {
			break
		}
	}
	return trace.NoPos
}

// timedOut picks the sentence for a wait that was too long.
func (s *telling) timedOut() string {
	e := s.e
	switch {
	case e.Conn == 0:
		return "dns"
	case e.From == smtp.StateDotSent || e.From == smtp.StateLastSent:
		s.state(e.Host, e.From.String(), smtp.StateClosed.String(), smtp.StateClosed.String())
		return "dot"
	case e.From != smtp.StateNone:
		s.state(e.Host, e.From.String(), smtp.StateClosed.String(), smtp.StateClosed.String())
		if e.From.OfServer() {
			return "server"
		}
	}
	return s.bareLF("here")
}

// bareLF is the note for a client that has heard no whole reply because the
// last line ended in a bare LF (RFC 5321 §2.3.8), else the one given.
func (s *telling) bareLF(note string) string {
	if !s.isClient() {
		return note
	}
	var rest []byte // what has arrived and was in no reply
	for p := s.connected(); p < s.pos; p++ {
		switch e := s.t.At(p); {
		case e.Conn != s.e.Conn:
		case e.Kind == trace.Arrived && e.Host == s.e.Host:
			rest = append(rest, s.t.Octets(e.Octets)...)
		case e.Kind == trace.Reply && e.Peer == s.e.Host:
			rest = rest[min(len(rest), len(s.t.Octets(e.Octets))):]
		}
	}
	line, ended := bytes.CutSuffix(rest, []byte("\n"))
	if !ended || bytes.HasSuffix(line, []byte("\r")) {
		return note
	}
	s.v.set("words", string(line[bytes.LastIndexByte(line, '\n')+1:]))
	return "bare LF"
}

// added explains the header fields that a server put on top.
func (s *telling) added(octets []byte) string {
	s.x.Octets = octets
	fields, _, _ := message.Split(octets)
	s.v.set("words", addedNames(octets))
	note := "here"
	for i, f := range fields {
		entry := s.r.Entry("fields", f.Name)
		if entry == nil {
			entry = s.entry("fields", "unknown")
		}
		s.part(f.NameStart, f.ValueEnd, entry, "part")
		if i == 0 {
			note = f.Name
		}
		if f.Name == "Return-Path" {
			s.v.set("path", f.Value(octets))
		}
	}
	return note
}

// streamParts tells the lines in octets apart; what they mean is told where
// they are heard.
func (s *telling) streamParts(octets []byte) {
	start := 0
	for i, c := range octets {
		if c == '\n' && i > 0 && octets[i-1] == '\r' {
			s.x.Parts = append(s.x.Parts, Part{Start: start, End: i + 1, Name: "line"})
			start = i + 1
		}
	}
	if start < len(octets) {
		s.x.Parts = append(s.x.Parts, Part{Start: start, End: len(octets), Name: "part of a line"})
	}
}

// mailboxWords is a mailbox as a sentence names it; the empty one is the null
// reverse-path.
func mailboxWords(octets []byte) string {
	if len(octets) == 0 {
		return "<>"
	}
	return string(octets)
}

// ordinal is "2nd", "3rd", "11th".
func ordinal(n uint32) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.FormatUint(uint64(n), 10) + suffix
}
