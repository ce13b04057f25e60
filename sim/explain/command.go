package explain

// A command, part by part.

import (
	"cmp"
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

func (s *telling) command() {
	s.x.Octets = s.octets()
	cmd := s.parsed(s.e)
	verb := s.entry("commands", cmd.Verb.String())
	s.x.RFC = verb.RFC
	s.commandValues(&cmd)
	s.commandParts(&cmd, verb)
	k := s.talk()
	s.lineStates(&k)
	note := "here"
	switch {
	case cmd.Err != nil:
		note = "broken"
	case s.wrongOrder(cmd.Verb) && k.settled() && !k.waits(s.pos):
		note = "here wrong order"
	case cmd.Verb == smtp.MAIL && cmd.Path.IsNull():
		note = "here null"
	case cmd.Verb == smtp.AUTH && cmd.Mechanism != "", cmd.Verb == smtp.Response:
		note = s.loginCommand(&cmd, verb)
	}
	s.x.Means = s.v.fill(verb.Note(note))
	if note == "broken" {
		s.v.set("want", Wanted(cmd.Err.Want))
		s.x.Means = s.v.fill(s.entry("parts", "mistake").Note("here"))
		switch {
		case cmd.Verb == smtp.Unknown && isMasked(trimLineEnd(s.x.Octets)):
			s.x.Means = s.v.fill(verb.Note("here masked"))
		case cmd.Verb == smtp.Unknown:
			s.x.Means = s.v.fill(verb.Note("here"))
		}
	}
	s.commandCause(&cmd, &k)
}

// parsed takes the command of an event apart: a login as it was said, whether it
// may be shown or not, so that it is known what there is. Of a live server's logins
// there are only stars. What else a secret stands in is taken apart as it is seen.
func (s *telling) parsed(e *trace.Event) smtp.Command {
	line := s.t.Raw(e.Octets)
	if e.Verb == smtp.Response {
		return response(line)
	}
	seen := parsed(s.by.Octets(s.t, e.Octets))
	if seen.Verb != smtp.AUTH || seen.Mechanism == "" {
		return seen
	}
	cmd := parsed(line)
	if cmd.Verb == smtp.AUTH && cmd.Err != nil && cmd.Initial && !s.t.IsSecret(e.Octets) && isMasked(trimLineEnd(line[cmd.Err.Pos:])) {
		cmd.Err = nil
	}
	return cmd
}

// parsed takes a command apart. In a line that says SMTPUTF8, or names a
// recipient, there may be more than ASCII (RFC 6531 §3.3).
func parsed(line []byte) smtp.Command {
	cmd := smtp.ParseCommandUTF8(line)
	if _, said := cmd.Param("SMTPUTF8"); said || cmd.Verb == smtp.RCPT {
		return cmd
	}
	return smtp.ParseCommand(line)
}

// wrongOrder says whether the verb comes when it may not (RFC 5321 §4.1.4).
func (s *telling) wrongOrder(v smtp.Verb) bool {
	switch v {
	case smtp.MAIL:
		return s.e.From != smtp.StateGreeted
	case smtp.RCPT:
		return s.e.From != smtp.StateTransaction && s.e.From != smtp.StateRecipients
	case smtp.DATA:
		return s.e.From != smtp.StateRecipients
	case smtp.BDAT:
		return s.e.From == smtp.StateGreeted || s.e.From == smtp.StateTransaction || s.e.From == smtp.StateBroken
	}
	return false
}

// commandValues sets what a command says.
func (s *telling) commandValues(cmd *smtp.Command) {
	s.v.set("domain", cmd.Domain)
	s.v.set("path", cmd.Path.String())
	argument := cmd.Arg
	if argument == "" {
		argument = "nobody"
	}
	s.v.set("argument", argument)
}

// commandParts names the octets. A mistake cuts off the parts behind it: what
// they would have been is not known.
func (s *telling) commandParts(cmd *smtp.Command, verb *Entry) {
	end := len(s.x.Octets)
	for _, p := range cmd.Parts {
		if p.Kind == smtp.PartLineEnd {
			end = p.Start
		}
	}
	stop := end
	if cmd.Err != nil {
		stop = min(cmd.Err.Pos, end)
		if cmd.Verb == smtp.Unknown { // the verb itself is the mistake
			stop = end
		}
	}
	done := 0 // octets that have their part, for parameters
	for i, p := range cmd.Parts {
		if p.Kind == smtp.PartLineEnd || p.Start >= stop && p.Start < end {
			continue
		}
		start, last := p.Start, min(p.End, stop)
		if start < done {
			continue
		}
		entry := s.entry("parts", p.Kind.String())
		switch p.Kind {
		case smtp.PartVerb:
			s.part(start, last, verb, "part").Broken = cmd.Verb == smtp.Unknown
		case smtp.PartReversePath:
			note := "part"
			if last-start == 2 {
				note = "null"
			}
			s.part(start, last, entry, note)
		case smtp.PartMechanism:
			s.v.say("how", s.mechanism(strings.ToUpper(cmd.Mechanism)).Note("how"))
			s.part(start, last, entry, "part")
		case smtp.PartResponse:
			s.responsePart(cmd, start, last)
		case smtp.PartSourceRoute, smtp.PartLocalPart, smtp.PartMailboxDomain:
			s.part(start, last, entry, "part").Inside = true
		case smtp.PartKeyword, smtp.PartValue:
			done = s.parameter(cmd, start, last, stop)
		case smtp.PartSeparator:
			if last == end && cmd.Err == nil && i > 0 {
				s.part(start, last, entry, "white space").Name = "white space"
			}
		default:
			s.part(start, last, entry, "part")
		}
	}
	if cmd.Verb == smtp.Unknown {
		if n := len(cmd.Parts); n > 0 && cmd.Parts[0].End < end && cmd.Parts[0].Kind == smtp.PartVerb {
			s.x.Parts = append(s.x.Parts, Part{Start: cmd.Parts[0].End, End: end, Name: "rest"})
		}
	} else if cmd.Err != nil {
		s.rightSoFar(stop)
		s.mistake(stop, end, cmd.Err.Want)
	}
	if end < len(s.x.Octets) {
		s.part(end, len(s.x.Octets), s.entry("parts", "line end"), "part")
	}
}

// rightSoFar names the octets between the last part and the mistake: the
// beginning of something that was not read to its end.
func (s *telling) rightSoFar(stop int) {
	start := 0
	for _, p := range s.x.Parts {
		start = max(start, p.End)
	}
	for start < stop && s.x.Octets[start] == ' ' {
		start++
	}
	if start < stop {
		s.part(start, stop, s.entry("parts", "right so far"), "part")
	}
}

// mistake marks the place where octets leave the grammar. What was taken for
// something else behind it is no longer.
func (s *telling) mistake(start, end int, want string) {
	kept := s.x.Parts[:0]
	for _, p := range s.x.Parts {
		if p.Start < start {
			p.End = min(p.End, start)
			kept = append(kept, p)
		}
	}
	s.x.Parts = kept
	s.v.set("want", Wanted(want))
	s.part(start, end, s.entry("parts", "mistake"), "part").Broken = true
}

// Wanted is what a parser expected, with the words explained that only the
// grammar knows.
func Wanted(want string) string {
	for _, w := range [...][2]string{
		{"address literal", "a network address in brackets, such as [192.0.2.77]"}, // RFC 5321 §4.1.3
		{"local-part", "what stands before the @"},                                 // RFC 5321 §2.3.11
	} {
		if strings.HasSuffix(want, w[0]) {
			want += " (" + w[1] + ")"
		}
	}
	return want
}

// parameter explains KEYWORD=value as one part and returns where it ends.
func (s *telling) parameter(cmd *smtp.Command, start, last, stop int) int {
	param := smtp.Param{Keyword: string(s.x.Octets[start:last]), Start: start, End: last}
	for _, p := range cmd.Params {
		if p.Start == start {
			param = p
		}
	}
	if i := strings.IndexByte(param.Keyword, '='); i >= 0 {
		param.Keyword = param.Keyword[:i]
	}
	entry := s.r.Entry("parameters", param.Keyword)
	if entry == nil {
		entry = s.entry("parameters", "unknown")
	}
	if n, err := strconv.ParseInt(param.Value, 10, 64); err == nil && smtp.EqualFold(param.Keyword, "SIZE") {
		s.v.set("size", octetsInWords(n))
	}
	s.v.set("value", cmp.Or(param.Value, "nothing"))
	end := min(param.End, stop)
	s.part(start, end, entry, strings.ToUpper(param.Value))
	return end
}

// octetsInWords is a number of octets: "1 octet", "10,485,760 octets".
func octetsInWords(n int64) string {
	if n == 1 {
		return "1 octet"
	}
	return grouped(n) + " octets"
}

// commandCause finds what let the command be said as it was: the offer that its
// parameters or its haste rest on, before the event that it followed.
func (s *telling) commandCause(cmd *smtp.Command, k *talk) {
	before := s.rowBefore(s.e.Cause)
	s.x.Cause = before
	if k.offer == trace.NoPos || k.byHand {
		return
	}
	if cmd.Verb == smtp.STARTTLS || cmd.Verb == smtp.AUTH {
		if line, ok := s.offered(k.offer, cmd.Verb.String()); ok {
			s.offerCause(k.offer, line)
			return
		}
	}
	for _, p := range cmd.Params {
		keyword := p.Keyword
		if smtp.EqualFold(keyword, "BODY") {
			keyword = "8BITMIME"
		}
		if line, ok := s.offered(k.offer, keyword); ok {
			s.offerCause(k.offer, line)
			return
		}
	}
	if k.waits(s.pos) {
		if line, ok := s.offered(k.offer, "PIPELINING"); ok {
			s.offerCause(k.offer, line)
		}
	}
}

// offered returns the line of an EHLO reply that offers an extension, without
// its line end: "250-SIZE 10485760".
func (s *telling) offered(reply trace.Pos, keyword string) (string, bool) {
	for i, line := range strings.Split(string(s.t.OctetsAt(reply)), "\r\n") {
		if i == 0 || len(line) < 4 {
			continue
		}
		word, _, _ := strings.Cut(line[4:], " ")
		if smtp.EqualFold(word, keyword) {
			return line, true
		}
	}
	return "", false
}

func (s *telling) offerCause(reply trace.Pos, line string) {
	s.x.Cause = reply
	s.x.Because = clip(Visible([]byte(line)), maxBecause) + " was offered at " + clock(s.t.At(reply).At)
}
