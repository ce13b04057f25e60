package explain

// Events on one short line.

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"helo/protocol/dns"
	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Line returns the event at pos on one short line, for a row of a ladder or a
// transcript: "MAIL FROM:<alice@sender.example>", "250-… 6 lines", "12 lines
// and a dot", "? MX receiver.example". It does not say which host it is about.
// It may hold octets from outside, as they are, without their line end: show it
// through [Visible].
func Line(t *trace.Trace, pos trace.Pos) string { return Masked.Line(t, pos) }

// Line is [Line] as it is seen by those eyes: of what is sealed its length, of
// what is not seen nothing.
func (by Eyes) Line(t *trace.Trace, pos trace.Pos) string {
	e := t.At(pos)
	switch by.Sight(t, pos) {
	case Sealed:
		return sealedLine(t, pos)
	case Unseen:
		return ""
	}
	octets := by.Octets(t, e.Octets)
	switch e.Kind {
	case trace.Connect:
		return fmt.Sprintf("connect, port %d", e.Code)
	case trace.Connected:
		return "connected"
	case trace.Refused:
		return "connection refused"
	case trace.Sent:
		return count(len(octets), "octet") + " sent"
	case trace.Arrived:
		return count(len(octets), "octet") + " arrived"
	case trace.Lost:
		return count(len(octets), "octet") + " lost"
	case trace.Close:
		return "close"
	case trace.Closed:
		return "closed"
	case trace.Reset:
		if len(octets) > 0 {
			return "the line is cut: " + string(octets)
		}
		return "the line is cut"
	case trace.Unanswered:
		return "nobody answers"

	case trace.Command, trace.Typed:
		return string(trimLineEnd(octets))
	case trace.Reply:
		if n := bytes.Count(octets, []byte("\n")); n > 1 {
			return fmt.Sprintf("%s-… %d lines", octets[:min(3, len(octets))], n)
		}
		return string(trimLineEnd(octets))
	case trace.Letter:
		if e.Verb == smtp.BDAT {
			return count(e.Arg, "line") + ", by length"
		}
		if e.Arg == 0 {
			return "nothing but a dot"
		}
		return count(e.Arg, "line") + " and a dot"
	case trace.Question:
		return "? " + dns.Describe(octets).Question.String()
	case trace.Answer:
		return "= " + answerInShort(octets)

	case trace.Decided:
		return fmt.Sprintf("decides %d", e.Code)
	case trace.Asked:
		return "your turn"
	case trace.Changed:
		if string(octets) == "pipelining=off" {
			return "one command at a time"
		}
		return "set: " + string(octets)
	case trace.Fired:
		return "fault: " + string(octets)
	case trace.TimedOut:
		return "waited too long"
	case trace.Written:
		return "a letter to " + count(e.Arg, "recipient")
	case trace.Custody:
		return "responsible, as " + string(octets)
	case trace.Accepted:
		return "responsible for " + string(octets)
	case trace.Added:
		return "adds " + addedNames(octets)
	case trace.Attempt:
		return fmt.Sprintf("attempt %d", e.Arg)
	case trace.Relayed:
		return "passed on for " + string(octets)
	case trace.Queued:
		return "again in " + forHowLong(time.Duration(e.Arg)*time.Second)
	case trace.Kept:
		return "kept in the outbox"
	case trace.Stored:
		return "in the mailbox of " + string(octets)
	case trace.Returned:
		return "notice to the sender"
	case trace.Composed:
		return "writes the notice"
	case trace.Parked:
		return "kept for the postmaster"
	case trace.Told:
		return "“" + string(octets) + "”"
	case trace.Limit:
		return "limit: " + string(octets)
	case trace.Stalled:
		return "a connection is left open"
	case trace.Reported:
		return "report to the sender"
	case trace.Silenced:
		return "given up, untold"
	case trace.Listening:
		return Listens(string(octets), e.Arg)
	case trace.Digest:
		return fmt.Sprintf("%s, SHA-256 %x…", count(e.Arg, "octet"), octets[:min(4, len(octets))])
	case trace.Dropped:
		return "earlier events are gone"

	case trace.Record:
		return count(e.Arg, "octet") + " of TLS"
	case trace.Handshake:
		return by.handshakeLine(octets)
	case trace.Secured:
		return by.securedLine(octets)
	case trace.Unsecured:
		if e.Flags&trace.Inside != 0 {
			return "TLS fails: " + string(octets)
		}
		return "no TLS: " + string(octets)
	case trace.Discarded:
		return count(e.Arg, "octet") + " thrown away"
	case trace.LoggedIn:
		return "logged in: " + string(octets)
	}
	return e.Kind.String()
}

// answerInShort is what a DNS answer comes to: "10 mx.receiver.example".
func answerInShort(octets []byte) string {
	s := dns.Describe(octets)
	switch {
	case s.Defect != "" && len(s.Answers) == 0 && s.Question.Type == 0:
		return "unreadable"
	case s.Rcode != dns.RcodeNoError:
		return s.Rcode.String()
	}
	// A record as a master file writes it: name, seconds, IN, type, data.
	var found []string
	for _, record := range s.Answers {
		if f := strings.Fields(record); len(f) > 4 && f[3] == s.Question.Type.String() {
			found = append(found, recordData(f))
		}
	}
	switch {
	case len(found) > 2:
		return fmt.Sprintf("%s and %d more", found[0], len(found)-1)
	case len(found) > 0:
		return strings.Join(found, ", ")
	case len(s.Answers) > 0:
		return recordText(s.Answers[0])
	}
	return "no " + s.Question.Type.String()
}

// recordText is a record without its owner, time and class.
func recordText(record string) string {
	f := strings.Fields(record)
	if len(f) <= 4 {
		return record
	}
	return f[3] + " " + recordData(f)
}

// recordData is the data of a record in fields, names without their last dot.
func recordData(f []string) string {
	data := append([]string(nil), f[4:]...)
	for i, d := range data {
		if len(d) > 1 {
			data[i] = strings.TrimSuffix(d, ".")
		}
	}
	return strings.Join(data, " ")
}

// addedNames is the names of header fields: "Received".
func addedNames(octets []byte) string {
	fields, _, _ := message.Split(octets)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	if len(names) == 0 {
		return "a header field"
	}
	return strings.Join(names, ", ")
}

// trimLineEnd drops one CRLF.
func trimLineEnd(octets []byte) []byte {
	if n := len(octets); n >= 2 && octets[n-2] == '\r' && octets[n-1] == '\n' {
		return octets[:n-2]
	}
	return octets
}

// count is a number and its noun: "1 line", "12 lines", "10,485,760 octets".
func count[N int | uint32](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

// grouped is a number with a comma every three digits, from five digits on.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < 5 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// forHowLong is a time to wait in words: "30 minutes", "1 hour 20 minutes".
func forHowLong(d time.Duration) string {
	if d < time.Second && d > 0 {
		return count(int(d/time.Millisecond), "millisecond")
	}
	var words []string
	for _, u := range []struct {
		d    time.Duration
		noun string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / u.d; n > 0 {
			words = append(words, count(int(n), u.noun))
			d -= n * u.d
		}
		if len(words) == 2 {
			break
		}
	}
	if words == nil {
		return "0 seconds"
	}
	return strings.Join(words, " ")
}

// clock is a virtual time as ladders write it: "0.232", "30:00.204",
// "1d 04:00:00".
func clock(d time.Duration) string {
	s, ms := int64(d/time.Second), int64(d%time.Second/time.Millisecond)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d.%03d", s, ms)
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d.%03d", s/60, s%60, ms)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%dd %02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// address is the network address in the octets of a connect event.
func address(octets []byte) string {
	if a, err := netip.ParseAddr(string(octets)); err == nil {
		return a.String()
	}
	return Visible(octets)
}

// Listens says where a server listens, and which of the well-known ports that
// stands for, if it is known.
func Listens(at string, service uint32) string {
	if service == 0 {
		return "listens at " + at
	}
	return fmt.Sprintf("listens at %s, as if at port %d", at, service)
}
