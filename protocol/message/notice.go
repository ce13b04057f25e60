package message

// The letter that tells a sender that another one could not be delivered, in
// plain text (RFC 5321 §4.5.5, §6.1).

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// NoticeKind says what a notice is about.
type NoticeKind uint8

// The kinds (RFC 3461 §4.1).
const (
	Failed    NoticeKind = iota // the letter could not be delivered
	Delivered                   // it is in the mailbox
	Relayed                     // it was passed on to a server that does not report
	Delayed                     // it is late, and still tried
)

// noticeWords are the subject, what the server did about the letter, and what
// follows from that.
var noticeWords = [...]struct{ subject, did, end, list string }{
	Failed:    {"Your letter could not be delivered", "could not deliver", "I will not try again.", "the reason"},
	Delivered: {"Your letter was delivered", "have delivered", "It is in the mailbox. Whether it is read, I cannot know.", ""},
	Relayed:   {"Your letter was passed on", "have passed on", "The next server does not say what becomes of letters, so this is the last you hear.", ""},
	Delayed:   {"Your letter is late", "could not yet deliver", "I keep trying. You need not send it again.", "the reason"},
}

// NoticeFacts is what a notice of non-delivery, or another report, says.
type NoticeFacts struct {
	Kind      NoticeKind
	Host      string            // the reporting host's name
	To        string            // the reverse-path of the original, without angle brackets
	At        time.Time         // when the notice is written
	MessageID string            // of the notice: "<1@mail.sender.example>", brackets or not
	Arrived   time.Time         // when the original was taken; zero: not told
	Failed    []FailedRecipient // those it is about
	Original  []byte            // the original; its header section is repeated, its body only if Full
	Full      bool              // the sender wants all of it back (RFC 3461 §4.3)

	EnvelopeID string // what the sender called its envelope (RFC 3461 §4.4); may be empty
	Parked     bool   // the original is from <>, so that nothing may answer it: To is the host's postmaster
}

// FailedRecipient is one recipient who will not get the letter, and why.
type FailedRecipient struct {
	Recipient string   // mailbox, without angle brackets
	Original  string   // the address the sender gave first, if it is another (RFC 3461 §4.2)
	Reason    string   // the reporting host's own words; may be empty
	Remote    string   // the host that said Said: "mx.receiver.example ([192.0.2.20])"; may be empty
	Command   string   // what was answered: "RCPT TO:<bob@receiver.example>"; may be empty
	Said      []string // the last reply, code and all, a line each; empty if nobody said anything
}

const (
	maxHeaderLines = 200 // of the original, after wrapping; of all of it ten times as many
	maxSaidLines   = 50  // of one reply, after wrapping
	maxSaidLine    = 2000
)

// Notice writes the letter that goes back to the sender. It is ASCII with lines
// of at most 78 octets, but for a header field whose one word is longer. It is
// to be sent from the null reverse-path, and never in answer to one (RFC 5321
// §4.5.5). Characters of addresses outside ASCII stand as "\x{E9}" (RFC 6533 §3),
// other octets that came from elsewhere and are not printable ASCII as "?".
func Notice(n NoticeFacts) []byte {
	fields, _, _ := Split(n.Original)
	w := make([]byte, 0, 1024+min(len(n.Original), 4096))
	host := string(appendDomain(nil, n.Host))

	w = append(w, "From: Mail Delivery System"...)
	if len("From: Mail Delivery System <MAILER-DAEMON@>")+len(host) > AdvisedLine {
		w = append(w, crlf...)
	}
	w = append(w, " <MAILER-DAEMON@"+host+">\r\n"...)
	if w = append(w, "To: "...); isASCII(n.To) {
		w = appendPath(w, n.To)
	} else { // the header is ASCII, and has no form of it (RFC 5322 §3.4)
		w = append(w, "undisclosed-recipients:;"...)
	}
	words := noticeWords[n.Kind]
	subject, whose := words.subject, "your"
	if n.Parked {
		subject, whose = "A letter from <> could not be delivered", "the"
	}
	w = append(w, "\r\nSubject: "+subject+"\r\nDate: "...)
	w = AppendDate(w, n.At)
	w = append(w, crlf...)
	if id := msgID(n.MessageID); id != "" {
		w = appendIDField(w, "Message-ID", id)
	}
	w = append(w, "Auto-Submitted: auto-replied\r\n"...) // RFC 3834 §5
	if f, ok := Find(fields, "Message-ID"); ok {
		if id := msgID(f.Value(n.Original)); id != "" {
			w = appendIDField(w, "In-Reply-To", id)
			w = appendIDField(w, "References", id)
		}
	}
	w = append(w, crlf...)

	what, end := "your letter", words.end
	if n.Parked {
		what, end = "a letter from <>", "Nothing may answer such a letter, so it is kept for you."
	}
	opening := "This is the mail server at " + host + ". I " + words.did + " " + what
	if !n.Arrived.IsZero() {
		opening += ", which I took on " + string(AppendDate(nil, n.Arrived))
	}
	opening += ". " + end
	if n.EnvelopeID != "" {
		opening += " You called the envelope " + n.EnvelopeID + "."
	}
	switch {
	case words.list == "" && len(n.Failed) == 1:
		opening += " The recipient:"
	case words.list == "":
		opening += " The recipients:"
	case len(n.Failed) == 1:
		opening += " The recipient and " + words.list + ":"
	default:
		opening += " The recipients and " + words.list + "s:"
	}
	w = appendText(w, "", opening, AdvisedLine)
	for _, r := range n.Failed {
		w = append(w, crlf...)
		w = appendRecipient(w, r)
	}
	w = append(w, crlf...)

	if len(fields) == 0 {
		return append(w, sentence(whose+" letter had no header")+"\r\n"...)
	}
	if n.Full {
		w = append(w, sentence(whose+" letter was:")+"\r\n\r\n"...)
		return appendHeader(w, n.Original)
	}
	w = append(w, "The header of "+whose+" letter was:\r\n\r\n"...)
	return appendHeader(w, n.Original[fields[0].NameStart:fields[len(fields)-1].ValueEnd])
}

// appendRecipient appends the paragraph about one recipient.
func appendRecipient(w []byte, r FailedRecipient) []byte {
	w = appendText(w, "  ", escapedPath(r.Recipient), AdvisedLine)
	if r.Original != "" {
		w = appendText(w, "    ", "You wrote "+escapedPath(r.Original)+".", AdvisedLine)
	}
	if r.Reason != "" {
		w = appendText(w, "    ", sentence(r.Reason), AdvisedLine)
	}
	if len(r.Said) == 0 {
		return w
	}
	who := "The remote server"
	if r.Remote != "" {
		who = "The server " + r.Remote
	}
	if r.Command != "" {
		w = appendText(w, "    ", who+" answered "+escaped(r.Command)+" with:", AdvisedLine)
	} else {
		w = appendText(w, "    ", who+" said:", AdvisedLine)
	}
	most := maxSaidLines
	for _, line := range r.Said {
		if len(line) > maxSaidLine {
			line = line[:maxSaidLine]
		}
		start := len(w)
		w = appendText(w, "      ", line, AdvisedLine)
		if most -= bytes.Count(w[start:], []byte("\n")); most <= 0 {
			return append(w, "      (the rest of the reply is left out)\r\n"...)
		}
	}
	return w
}

// appendHeader repeats a header section. Long lines are wrapped the way folding
// does it, with a space at the start of what follows.
func appendHeader(w, header []byte) []byte {
	lines := 0
	for pos := 0; pos < len(header); {
		next, end := lineAt(header, pos)
		line := header[pos:end]
		pos = next
		for first := true; first || len(line) > 0; first = false {
			if lines++; lines > maxHeaderLines {
				return append(w, "(the rest of the header is left out)\r\n"...)
			}
			room := AdvisedLine
			if !first {
				w = append(w, ' ')
				room--
			}
			n := cut(line, room)
			w = appendSafe(w, line[:n])
			w = append(w, crlf...)
			line = line[n:]
			if len(line) > 0 && line[0] == ' ' {
				line = line[1:]
			}
		}
	}
	return w
}

// appendText appends a paragraph, each line indented and at most width octets.
func appendText(w []byte, indent, text string, width int) []byte {
	rest := []byte(strings.TrimSpace(text))
	for first := true; first || len(rest) > 0; first = false {
		n := cut(rest, width-len(indent))
		line := bytes.TrimRight(rest[:n], " ")
		if len(line) > 0 {
			w = append(w, indent...)
			w = appendSafe(w, line)
		}
		w = append(w, crlf...)
		rest = bytes.TrimLeft(rest[n:], " ")
	}
	return w
}

// sentence begins with a capital letter and ends in a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if c := s[0]; 'a' <= c && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if isLetDig(s[len(s)-1]) || s[len(s)-1] == ')' {
		s += "."
	}
	return s
}

// cut says how many octets of a line fit into room: up to the last space, or,
// in a word that is too long, as many as fit.
func cut(line []byte, room int) int {
	if len(line) <= room {
		return len(line)
	}
	if i := bytes.LastIndexByte(line[:room+1], ' '); i > 0 && len(bytes.TrimLeft(line[:i], " ")) > 0 {
		return i
	}
	return room
}

// escaped writes the characters of an address that are not ASCII as RFC 6533 §3
// does, "\x{E9}". Octets that are no characters stay.
func escaped(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r < utf8.RuneSelf || r == utf8.RuneError && n == 1 {
			b.WriteString(s[:n])
		} else {
			fmt.Fprintf(&b, `\x{%02X}`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// escapedPath is a path in angle brackets, with its characters escaped.
func escapedPath(path string) string {
	text := escaped(path[:min(len(path), maxShownPath)])
	return string(appendPathOf(nil, text, len(text)))
}

// isASCII says whether all octets are below 128.
func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendSafe appends octets from elsewhere: what is not printable ASCII as "?".
func appendSafe(w, octets []byte) []byte {
	for _, c := range octets {
		switch {
		case c == '\t':
			c = ' '
		case c < ' ' || c > '~':
			c = '?'
		}
		w = append(w, c)
	}
	return w
}

// msgID takes the first message id out of a field's value, with its brackets;
// "" if there is none that can stand in a field (RFC 5322 §3.6.4).
func msgID(value string) string {
	value = strings.TrimSpace(value)
	if i := strings.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		end := strings.IndexByte(value, '>')
		if end < 0 {
			return ""
		}
		value = value[:end]
	}
	if value == "" || len(value) > 900 || !strings.Contains(value, "@") {
		return ""
	}
	for i := 0; i < len(value); i++ {
		if c := value[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return ""
		}
	}
	return "<" + value + ">"
}

// appendIDField appends a field with one message id, folded if it is long.
func appendIDField(w []byte, name, id string) []byte {
	w = append(w, name...)
	w = append(w, ':')
	if len(name)+2+len(id) > AdvisedLine {
		w = append(w, crlf...)
	}
	w = append(w, ' ')
	w = append(w, id...)
	return append(w, crlf...)
}
