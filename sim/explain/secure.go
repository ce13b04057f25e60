package explain

// TLS: the handshake, what came of it, and what an eavesdropper sees of all
// that is said inside.

import (
	"slices"
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// clause is a piece of the words of an event, up to its comma or colon.
type clause struct {
	start, end int
	key        string // of its entry in the table tls
}

// handshakeClauses takes the words of a handshake event apart: "ServerHello:
// TLS 1.3, certificate for mx.receiver.example by an authority, from 2026-10-23
// to 2027-11-23".
func handshakeClauses(words string) []clause {
	message, rest := shakeWords([]byte(words))
	if rest == "" {
		return []clause{{0, len(words), message}}
	}
	list := []clause{{0, len(message) + 1, message}}
	cut := func(start, end int, key string) int {
		if start < end {
			list = append(list, clause{start, end, key})
		}
		return end + 1
	}
	at := len(message) + 2
	for at < len(words) {
		s := words[at:]
		n := strings.Index(s, ", ") + 1
		if n == 0 {
			n = len(s)
		}
		switch {
		case strings.HasPrefix(s, "certificate for "):
			if i := strings.Index(s, ", from "); i >= 0 {
				n = i + 1
			}
			if by := strings.LastIndex(s[:n], " by "); by > 0 {
				at = cut(at, at+by, "names")
				n -= by + 1
				at = cut(at, at+n, "issuer")
				continue
			}
			at = cut(at, at+n, "names")
		case strings.HasPrefix(s, "from "):
			at = cut(at, at+n, "validity")
		case strings.HasPrefix(s, "for "):
			at = cut(at, at+n, "name")
		case strings.HasPrefix(s, "ciphers "):
			at = cut(at, at+n, "ciphers")
		case strings.HasPrefix(s, "TLS_"):
			at = cut(at, at+n, "cipher")
		default:
			at = cut(at, at+n, "version")
		}
	}
	return list
}

// Words that begin the verdict on a certificate.
const (
	verdictRight = "the certificate is right"
	withWhomever = "with whomever: "
)

// securedClauses takes the words of a secured event apart: "TLS 1.3; the
// certificate is right".
func securedClauses(words string) (list []clause, verdict string) {
	end := len(words)
	for _, mark := range [...]string{verdictRight, withWhomever} {
		if i := strings.Index(words, mark); i > 0 {
			end, verdict = i-1, words[i:]
			break
		}
	}
	version := strings.IndexByte(words[:end], ',') + 1
	if version == 0 || version >= end {
		list = append(list, clause{0, end, "version"})
	} else {
		list = append(list, clause{0, version, "version"}, clause{version + 1, end, "cipher"})
	}
	if verdict != "" {
		key := "right"
		if strings.HasPrefix(verdict, withWhomever) {
			key, verdict = "whomever", strings.TrimPrefix(verdict, withWhomever)
		}
		list = append(list, clause{end + 1, len(words), key})
	}
	return list, verdict
}

// handshakeWords is what a handshake event says, to those eyes: a certificate is
// encrypted from TLS 1.3 on (RFC 8446 §2).
func (by Eyes) handshakeWords(octets []byte) string {
	words := string(octets)
	if by != Wire || !strings.Contains(words, "TLS 1.3") {
		return words
	}
	if i := strings.Index(words, ", certificate"); i > 0 {
		return words[:i]
	}
	return words
}

// handshakeLine is the same in short.
func (by Eyes) handshakeLine(octets []byte) string {
	words, _, _ := strings.Cut(by.handshakeWords(octets), ", ciphers ")
	return words
}

// securedWords likewise: what an end thinks of a certificate is not on the line.
func (by Eyes) securedWords(octets []byte) string {
	words := string(octets)
	if by != Wire {
		return words
	}
	words, _, _ = strings.Cut(words, ";")
	words, _, _ = strings.Cut(words, ",")
	return words
}

// securedLine is the same in short.
func (by Eyes) securedLine(octets []byte) string {
	words := by.securedWords(octets)
	list, verdict := securedClauses(words)
	version := strings.TrimRight(words[:list[0].end], ",;")
	switch verdict {
	case "":
		return words
	case verdictRight:
		return version + ", verified"
	}
	return version + ", not verified"
}

// clauses names the pieces of an event's words.
func (s *telling) clauses(list []clause) {
	for _, c := range list {
		entry := s.r.Entry("tls", c.key)
		if entry == nil {
			entry = s.entry("tls", "words")
		}
		s.part(c.start, c.end, entry, "part")
	}
}

// handshake explains a part of a TLS handshake.
func (s *telling) handshake(entry *Entry) string {
	words := s.by.handshakeWords(s.octets())
	s.x.Octets = []byte(words)
	list := handshakeClauses(words)
	s.clauses(list)
	message, _ := shakeWords(s.x.Octets)
	s.v.set("version", "TLS")
	old := false
	for _, c := range list {
		text := strings.TrimRight(words[c.start:c.end], ",:")
		switch c.key {
		case "name":
			s.v.set("name", strings.TrimPrefix(text, "for "))
		case "version":
			s.v.set("version", text)
			old = text != "TLS 1.3"
		}
	}
	note := message
	switch {
	case message == "ClientHello" && !slices.ContainsFunc(list, func(c clause) bool { return c.key == "name" }):
		note = "ClientHello nobody"
	case entry.Note(message) == "":
		note = "none"
	case old && entry.Note(message+" old") != "":
		note += " old" // with keys and certificates another way (RFC 8446 §1.2)
	}
	if s.by == Wire && entry.Note(note+" wire") != "" {
		note += " wire"
	}
	return note
}

// secured explains that an end is inside TLS.
func (s *telling) secured() string {
	words := s.by.securedWords(s.octets())
	s.x.Octets = []byte(words)
	list, verdict := securedClauses(words)
	s.clauses(list)
	s.v.set("version", strings.TrimRight(words[:list[0].end], ",;"))
	s.v.set("reason", verdict)
	if s.by == Wire {
		return "wire"
	}
	upgraded := s.upgraded()
	switch {
	case !s.isClient():
		if !upgraded {
			return "server at once"
		}
		s.state(s.e.Host, smtp.StateHandshake.String(), smtp.StateWelcomed.String(), smtp.StateWelcomed.String())
		return "server"
	case upgraded:
		s.state(s.e.Host, smtp.StateShaking.String(), smtp.StateReady.String(), "secured")
	default:
		s.state(s.e.Host, smtp.StateAwaitingGreeting.String(), smtp.StateAwaitingGreeting.String(), smtp.StateAwaitingGreeting.String())
	}
	switch {
	case list[len(list)-1].key == "whomever":
		return "whomever"
	case !upgraded:
		return "at once"
	}
	return "here"
}

// upgraded says whether the event's connection was in clear before, up to a
// STARTTLS.
func (s *telling) upgraded() bool {
	for p := s.pos; p > 0; {
		p--
		switch e := s.t.At(p); {
		case e.Conn != s.e.Conn:
		case e.Kind == trace.Connect:
			return false
		case e.Verb == smtp.STARTTLS:
			return true
		}
	}
	return false
}

// discarded shows what was thrown away, if the trace has it: the end of the
// octets that brought STARTTLS, or its answer.
func (s *telling) discarded() {
	n := s.e.Arg
	s.v.set("octets", count(n, "octet"))
	for p := s.e.Cause; p != trace.NoPos && p < s.pos; p = s.t.At(p).Cause {
		if e := s.t.At(p); e.Kind == trace.Arrived && e.Conn == s.e.Conn {
			if octets := s.by.Octets(s.t, e.Octets); n > 0 && e.Host == s.e.Host && uint32(len(octets)) > n {
				s.x.Octets = octets[uint32(len(octets))-n:]
				s.streamParts(s.x.Octets)
				s.x.Parts[0].Meaning = s.entry("tls", "thrown away").Note("part")
			}
			return
		}
		if c := s.t.At(p).Cause; c != trace.NoPos && c >= p {
			return
		}
	}
}

// sealed explains what an eavesdropper sees of something that is said inside
// TLS: the header of a record, and how long it is (RFC 8446 §5.2).
func (s *telling) sealed() {
	r := recordOf(s.t, s.pos)
	entry := s.entry("tls", "record")
	s.x = Explanation{Title: s.v.fill(entry.Note("title")), RFC: entry.RFC, Cause: trace.NoPos}
	s.v.set("size", count(r.octets, "octet"))
	s.v.set("records", count(r.n, "record"))
	note := "here"
	switch {
	case r.shared:
		s.x.Means = s.v.fill(entry.Note("shared"))
		return
	case r.octets == 0:
		s.x.Means = s.v.fill(entry.Note("unknown"))
		return
	case s.e.Kind == trace.Handshake:
		s.x.Means = s.v.fill(entry.Note("handshake"))
		return
	case r.n > 1:
		note = "many"
	}
	inner := min(r.octets-r.n*recordAdds, recordLimit) + recordSeal
	s.x.Octets = []byte{23, 3, 3, byte(inner >> 8), byte(inner)}
	s.x.Binary = true
	s.v.set("inner", strconv.Itoa(inner))
	s.part(0, 1, s.entry("tls", "record type"), "part")
	s.part(1, 3, s.entry("tls", "record version"), "part")
	s.part(3, 5, s.entry("tls", "record length"), "part")
	s.part(5, 5, s.entry("tls", "record content"), "part")
	s.x.Means = s.v.fill(entry.Note(note))
}

// unseen says that there is nothing to see for an eavesdropper.
func (s *telling) unseen() {
	entry := s.entry("tls", "unseen")
	s.x = Explanation{Title: s.v.fill(entry.Note("title")), Cause: trace.NoPos, Means: s.v.fill(entry.Note("here"))}
}

// EndsTLS says whether the words of a handshake event are of one that fails.
func EndsTLS(octets []byte) bool {
	message, _ := shakeWords(octets)
	return message == "alert" || strings.HasPrefix(message, "octets ")
}
