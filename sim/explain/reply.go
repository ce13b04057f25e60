package explain

// A reply, part by part.

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

func (s *telling) reply() {
	s.x.Octets = s.octets()
	r, parts, err := smtp.ParseReply(s.x.Octets)
	code := strconv.Itoa(int(s.e.Code))
	entry := s.r.Entry("codes", code)
	switch {
	case s.e.Code == 0: // the client could make nothing of it
		entry = s.entry("parts", "no reply")
	case entry == nil:
		entry = s.digit(int(s.e.Code) / 100)
	}
	verb := s.entry("commands", s.e.Verb.String())
	if len(verb.RFC) > 0 && s.e.Verb != smtp.Unknown {
		s.x.RFC = append([]string(nil), verb.RFC[0])
		if s.e.Verb == smtp.EndOfData {
			s.x.RFC = append([]string(nil), verb.RFC...)
		}
	} else {
		s.x.RFC = nil
	}
	for _, rfc := range entry.RFC {
		if len(s.x.RFC) < 2 && !s.cites(rfc) {
			s.x.RFC = append(s.x.RFC, rfc)
		}
	}
	s.replyParts(&r, parts, err)
	k := s.talk()
	s.replyStates(&k)
	s.answeredValues(&k)
	if s.e.Code == 0 {
		s.x.Means = s.noReply(entry, err)
	} else {
		s.x.Means = s.v.fill(s.replyMeans(entry, &r, &k))
	}
	if k.at >= 0 {
		switch d := k.turns[k.at].decided; {
		case d == trace.NoPos || d > s.pos:
			s.x.Cause = k.turns[k.at].line
		case s.t.At(d).Code == s.e.Code:
			s.x.Cause = s.rowBefore(d)
		} // else it is no answer to that line: a 421 of a server that has waited too long
	}
}

// StruckOut is the name of the part of a reply that somebody on the way has
// written over (RFC 3207 §6).
const StruckOut = "struck out"

// replyMeans picks the sentence for the code in answer to the verb.
func (s *telling) replyMeans(entry *Entry, r *smtp.Reply, k *talk) string {
	word := s.e.Verb.String()
	byHand := s.e.Flags&trace.ByHand != 0
	if s.e.Verb == smtp.EHLO && len(r.Lines) == 1 && entry.Note("EHLO alone") != "" {
		word = "EHLO alone"
	}
	if s.e.Verb == smtp.EHLO && slices.ContainsFunc(s.x.Parts, func(p Part) bool { return p.Name == StruckOut }) {
		word += " " + StruckOut
	}
	if s.e.Verb == smtp.BDAT && k.at >= 0 && s.endsLetter(k.turns[k.at].line) && entry.Note("BDAT LAST") != "" {
		word = "BDAT LAST"
	}
	if byHand && entry.Note(word+" by hand") != "" {
		word += " by hand"
	}
	if s.e.Verb == smtp.Response && entry.Note(word) == "" {
		word = smtp.AUTH.String()
	}
	if s.e.Code == 334 {
		s.v.say("step", s.asksFor())
	}
	if text := entry.Note(word); text != "" {
		return text
	}
	digit := s.digit(int(s.e.Code) / 100)
	for _, text := range []string{s.misplaced(digit), entry.Note("here")} {
		if text != "" {
			return text
		}
	}
	return digit.Note("here")
}

// misplaced is the sentence for a code that is never an answer to the command:
// done to DATA, go on to what has nothing more to come (RFC 5321 §4.3.2).
func (s *telling) misplaced(digit *Entry) string {
	never := uint16(0)
	switch s.e.Verb {
	case smtp.DATA:
		never = 2
	case smtp.Connect, smtp.EHLO, smtp.HELO, smtp.MAIL, smtp.RCPT, smtp.BDAT, smtp.EndOfData:
		never = 3
	}
	if s.e.Code/100 != never {
		return ""
	}
	return digit.Note("misplaced")
}

// noReply is the sentence for octets that the client took for no reply.
func (s *telling) noReply(entry *Entry, err error) string {
	note := "here"
	if s.e.Verb == smtp.Connect {
		note = "connect"
	}
	for _, other := range s.entry("parts", "other protocol").Notes {
		if bytes.HasPrefix(s.x.Octets, []byte(other.Word)) {
			s.v.set("server", other.Text)
			note = "other protocol"
		}
	}
	switch e, ok := err.(*smtp.SyntaxError); {
	case !ok:
		note = "unasked" // a reply, but the client awaited none
	case e.Pos < len(s.x.Octets) && s.x.Octets[e.Pos] == '\n':
		note = "bare LF"
	default:
		s.v.set("want", Wanted(e.Want))
	}
	return s.v.fill(entry.Note(note))
}

// endsLetter says whether an event is the end of a letter that came in chunks.
func (s *telling) endsLetter(pos trace.Pos) bool {
	e := s.t.At(pos)
	return e.Kind == trace.Letter || e.Kind == trace.Command && s.parsed(e).Last
}

// answeredValues sets what the answered command said.
func (s *telling) answeredValues(k *talk) {
	s.v.set("path", "the address")
	if k.at < 0 {
		return
	}
	line := s.t.At(k.turns[k.at].line)
	if line.Kind != trace.Command {
		return
	}
	cmd := s.parsed(line)
	if (cmd.Verb == smtp.MAIL || cmd.Verb == smtp.RCPT) && (cmd.Err == nil || !cmd.Path.IsNull()) {
		s.v.set("path", cmd.Path.String())
	}
	if cmd.Verb == smtp.Unknown {
		s.v.set("verb", "this command")
	}
}

// digit is the entry for a code that has none of its own.
func (s *telling) digit(first int) *Entry { return s.entry("digits", strconv.Itoa(first)+"yz") }

// replyParts names the octets of all lines. What was explained on one line is
// only named on the next.
func (s *telling) replyParts(r *smtp.Reply, parts []smtp.Part, err error) {
	first := firstOf{s: s, seen: map[string]bool{}}
	lineStart, line := 0, 0
	for _, p := range parts {
		octets := s.x.Octets[p.Start:p.End]
		entry := s.entry("parts", p.Kind.String())
		switch p.Kind {
		case smtp.PartCode:
			lineStart = p.Start
			first.part(p.Start, p.End, entry, "part", s.codeMeaning(int(r.Code)))
		case smtp.PartSeparator:
			if octets[0] == '-' && p.Start == lineStart+3 {
				first.part(p.Start, p.End, entry, "hyphen", "").Name = "more"
			}
		case smtp.PartEnhanced:
			s.enhanced(&first, p, r.Enhanced)
		case smtp.PartText:
			s.replyText(&first, p, line, octets)
		case smtp.PartLineEnd:
			first.part(p.Start, p.End, entry, "part", "")
			line++
		default:
			first.part(p.Start, p.End, entry, "part", "")
		}
	}
	if e, ok := err.(*smtp.SyntaxError); ok {
		start := min(e.Pos, len(s.x.Octets))
		end := start + len(bytes.TrimRight(s.x.Octets[start:], "\r\n"))
		if i := bytes.IndexByte(s.x.Octets[start:end], '\n'); i >= 0 {
			end = start + i
		}
		if end == start {
			end = len(s.x.Octets) // the line end itself is the mistake, or is missing
		}
		s.mistake(start, end, e.Want)
	}
}

// firstOf adds parts and says each meaning only once.
type firstOf struct {
	s    *telling
	seen map[string]bool
}

// part adds a part; a meaning that is not empty takes the place of the entry's.
func (f *firstOf) part(start, end int, entry *Entry, note, meaning string) *Part {
	p := f.s.part(start, end, entry, note)
	if meaning != "" {
		p.Meaning = meaning
	}
	if f.seen[p.Meaning] {
		p.Meaning, p.RFC = "", ""
	}
	f.seen[p.Meaning] = true
	return p
}

// codeMeaning says what the first two digits mean.
func (s *telling) codeMeaning(code int) string {
	one := s.digit(code / 100).Note("part")
	two := s.entry("digits", fmt.Sprintf("x%dz", code/10%10)).Note("part")
	if one == "" || two == "" {
		return one
	}
	if text := s.r.Entry("codes", strconv.Itoa(code)).Note("first"); text != "" {
		one = text // what the digit says in general is not true of this code
	}
	return fmt.Sprintf("first digit %d: %s; second digit %d: %s", code/100, one, code/10%10, two)
}

// enhanced explains an enhanced status code and, inside it, its three numbers.
func (s *telling) enhanced(first *firstOf, p smtp.Part, e smtp.Enhanced) {
	exact := s.r.Entry("enhanced", fmt.Sprintf("x.%d.%d", e.Subject, e.Detail))
	class := s.entry("enhanced", fmt.Sprintf("%d.y.z", e.Class))
	subject := s.r.Entry("enhanced", fmt.Sprintf("x.%d.z", e.Subject))
	if subject == nil {
		subject = s.entry("enhanced", "x.y.z")
	}
	meaning := class.Note("part") + "; " + subject.Note("part")
	if exact != nil {
		if meaning = exact.Note(e.String()); meaning == "" {
			meaning = asPart(exact.Text)
		}
	}
	whole := first.part(p.Start, p.End, s.entry("parts", "enhanced code"), "part", meaning)
	if exact != nil && len(exact.RFC) > 0 && whole.Meaning != "" {
		whole.RFC = exact.RFC[0]
	}
	if whole.Meaning == "" {
		return // its numbers were explained, too
	}
	start := p.Start
	for i, entry := range []*Entry{class, subject, exact} {
		n := bytes.IndexAny(s.x.Octets[start:p.End], ". ")
		if n < 0 {
			n = p.End - start
		}
		name := [...]string{"class", "subject", "detail"}[i]
		text := entry.Note("part")
		if i == 2 {
			text = "no detail that is registered"
			if e.Detail == 0 {
				text = "nothing more is said"
			} else if entry != nil {
				text = entry.Name
			}
		}
		s.x.Parts = append(s.x.Parts, Part{
			Start: start, End: start + n, Name: name, Meaning: text, Inside: true,
		})
		start += n + 1
	}
}

// replyText explains the text: words for people, but in a greeting and in the
// reply to EHLO also a name and the offers.
func (s *telling) replyText(first *firstOf, p smtp.Part, line int, octets []byte) {
	word, rest, found := strings.Cut(string(octets), " ")
	end := p.Start + len(word)
	positive := s.e.Code/100 == 2
	switch {
	case line == 0 && positive && (s.e.Verb == smtp.Connect || s.e.Verb == smtp.EHLO || s.e.Verb == smtp.HELO):
		first.part(p.Start, end, s.entry("parts", "server name"), "part", "")
		if found && rest != "" {
			note := "part"
			if strings.HasPrefix(rest, "ESMTP") {
				note = s.e.Verb.String()
			}
			first.part(end+1, p.End, s.entry("parts", "text"), note, "")
		}
	case line > 0 && positive && s.e.Verb == smtp.EHLO:
		entry := s.r.Entry("extensions", word)
		if entry == nil {
			entry = s.entry("parts", "keyword")
		}
		first.part(p.Start, end, entry, "part", "")
		if !found || rest == "" {
			return
		}
		s.v.set("text", rest)
		note := "value"
		if smtp.EqualFold(word, "SIZE") {
			n, err := strconv.ParseInt(rest, 10, 64)
			if err == nil {
				s.v.set("size", octetsInWords(n))
			}
			if err != nil || n == 0 {
				note = "value none"
			}
		}
		if meaning := s.v.fill(entry.Note(note)); meaning != "" {
			first.part(end+1, p.End, s.entry("parts", "keyword value"), "part", meaning)
		} else {
			first.part(end+1, p.End, s.entry("parts", "keyword value"), "part", "")
		}
	case s.e.Code == 334:
		s.challengePart(p.Start, p.End)
	default:
		first.part(p.Start, p.End, s.entry("parts", "text"), "part", "")
	}
}
