package export

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/trace"
)

// The name servers of a run are no host; this is what they are called.
const nameServers = "DNS"

// row writes one row of the trace.
func (tr *transcript) row(pos trace.Pos) {
	t, e := tr.t, tr.t.At(pos)
	octets := tr.eyes.Octets(t, e.Octets)
	text := explain.Visible(octets)
	tr.walled = e.Flags&trace.Inside != 0 || e.Kind == trace.Handshake && text == "Finished"
	switch e.Kind {
	case trace.Connect:
		tr.connect(pos, e, text)
	case trace.Refused:
		tr.wire(e, "the connection is refused")
	case trace.Unanswered:
		tr.wire(e, "nobody answers")
	case trace.Lost:
		tr.wire(e, count(int(e.Octets.Len), "octet is", "octets are")+" lost with the connection")
	case trace.Reset:
		switch {
		case e.Cause != trace.NoPos && t.At(e.Cause).Kind.Layer() == trace.Deed:
			tr.deed(e, "cuts the connection")
		case text != "":
			tr.deed(e, "finds the connection cut: "+text)
		default:
			tr.deed(e, "finds the connection cut")
		}
	case trace.Command:
		tr.say(e.At, t.Host(e.Host).ID, "▶", t.Host(e.Peer).ID, text)
	case trace.Reply:
		tr.say(e.At, t.Host(e.Peer).ID, "◀", t.Host(e.Host).ID, replyLines(octets)...)
	case trace.Letter:
		tr.say(e.At, t.Host(e.Host).ID, "▶", t.Host(e.Peer).ID, tr.letterLines(e, octets)...)
	case trace.Question:
		tr.say(e.At, t.Host(e.Host).ID, "▶", nameServers, "? "+visible(dns.Describe(octets).Question.String()))
	case trace.Answer:
		tr.say(e.At, t.Host(e.Host).ID, "◀", nameServers, answerLines(octets)...)
	case trace.Fired:
		tr.deed(e, fmt.Sprintf("fault: %s (%s)", text, ordinal(e.Arg)))
	case trace.TimedOut:
		tr.timedOut(e)
	case trace.Changed:
		tr.deed(e, "setting: "+text)
	case trace.Written:
		tr.deed(e, fmt.Sprintf("has a letter to send, letter %d, to %s", e.Letter, tr.recipients(pos, e.Letter)))
	case trace.Added:
		lines := []string{fmt.Sprintf("adds on top of letter %d:", e.Letter)}
		for line := range bytes.SplitSeq(bytes.TrimSuffix(octets, []byte("\r\n")), []byte("\r\n")) {
			lines = append(lines, "  "+explain.Visible(line))
		}
		tr.deed(e, lines...)
	case trace.Queued:
		tr.deed(e, fmt.Sprintf("%s: queued%s, next attempt in %s", text, because(e.Code), Words(time.Duration(e.Arg)*time.Second)))
	case trace.Kept:
		tr.deed(e, text+": not sent"+because(e.Code))
	case trace.Stored:
		tr.deed(e, "in "+text+"'s mailbox")
	case trace.Returned:
		tr.deed(e, fmt.Sprintf("%s: given up%s, letter %d tells the sender", text, because(e.Code), e.Arg))
	case trace.Composed:
		tr.deed(e, tr.noticeLines(e, octets)...)
	case trace.Parked:
		what := ": the letter from <>"
		if e.Flags&trace.Notice != 0 {
			what = ": the notice"
		}
		tr.deed(e, text+what+" cannot be delivered"+because(e.Code)+", the postmaster keeps it")
	case trace.Told:
		tr.deed(e, "tells its user: "+text)
	case trace.Limit:
		tr.deed(e, "the run stops at its limit: "+text)
	case trace.Stalled:
		tr.deed(e, fmt.Sprintf("connection %d is still open, and nothing is left to happen", e.Conn))
	case trace.Reported:
		tr.deed(e, fmt.Sprintf("%s: letter %d tells the sender, as asked", text, e.Arg))
	case trace.Silenced:
		tr.deed(e, text+": given up"+because(e.Code)+", and the sender asked not to be told")
	case trace.Listening:
		tr.deed(e, explain.Listens(text, e.Arg))
	case trace.Digest:
		tr.deed(e, fmt.Sprintf("the letter has %s, SHA-256 %x", count(int(e.Arg), "octet", "octets"), octets))
	case trace.Dropped:
		tr.deed(e, fmt.Sprintf("events before %d were given up to make room", e.Arg))
	case trace.Handshake:
		tr.handshake(e, text)
	case trace.Secured:
		tr.deed(e, insideFrom(text)...)
	case trace.Unsecured:
		what := "no TLS: "
		if tr.walled {
			what = "TLS fails: "
		}
		tr.deed(e, wrapped(what+text)...)
	case trace.Discarded:
		tr.deed(e, "throws away "+count(int(e.Arg), "octet that", "octets that")+" waited in clear")
	case trace.LoggedIn:
		tr.deed(e, "knows who it is: "+text)
	case trace.Closed:
		tr.deed(e, "finds the connection closed by the other side")
	case trace.Close:
		tr.deed(e, "closes the connection")
	default:
		tr.deed(e, strings.TrimSpace(e.Kind.String()+" "+text))
	}
}

// handshake writes who said what of a handshake; a certificate has lines of its
// own. The side that dialled stands left.
func (tr *transcript) handshake(e *trace.Event, text string) {
	left, arrow, right := tr.t.Host(e.Host).ID, "▶", tr.peer(e)
	if int(e.Conn) < len(tr.diallers) && tr.diallers[e.Conn] == e.Peer {
		left, arrow, right = right, "◀", left
	}
	text, ciphers, known := strings.Cut(text, ", ciphers ")
	text, cert, found := strings.Cut(text, ", certificate for ")
	if !strings.Contains(text, "TLS") {
		text = "TLS " + text
	}
	lines := []string{text}
	if known {
		for i, name := range strings.Fields(ciphers) {
			word := [...]string{"ciphers", ""}[min(i, 1)]
			lines = append(lines, "  "+pad(word, len("ciphers "))+name)
		}
	}
	if found {
		names, rest, _ := strings.Cut(cert, " by ")
		issuer, validity, _ := strings.Cut(rest, ", ")
		lines = append(lines, "  certificate for "+names, "  by "+issuer, "  "+validity)
	}
	tr.say(e.At, left, arrow, right, lines...)
}

// insideFrom are the lines that say that an end is inside TLS, and what it
// thinks of the other.
func insideFrom(text string) []string {
	what, verdict, found := strings.Cut(text, "; ")
	if !found {
		return []string{"inside " + what}
	}
	return append([]string{"inside " + what}, wrapped(verdict)...)
}

// wrapped is a sentence in lines for a screen of 80 columns.
func wrapped(text string) []string {
	const room = 52
	return strings.Split(ansi.Wordwrap(text, room, ""), "\n")
}

// connect writes who dials whom, and which attempt it is.
func (tr *transcript) connect(pos trace.Pos, e *trace.Event, address string) {
	t := tr.t
	for int(e.Conn) >= len(tr.diallers) {
		tr.diallers = append(tr.diallers, 0)
	}
	tr.diallers[e.Conn] = e.Host
	text := fmt.Sprintf("connects to %s, port %d", address, e.Code)
	if tr.outside == e.Host { // then the address is its own
		text = fmt.Sprintf("connects from %s to port %d", address, e.Code)
	}
	for p := pos + 1; p < t.End() && p < pos+4; p++ {
		if a := t.At(p); a.Kind == trace.Attempt && a.Conn == e.Conn && a.Arg > 1 {
			text += fmt.Sprintf(", attempt %d", a.Arg)
		}
	}
	tr.say(e.At, t.Host(e.Host).ID, "▶", tr.peer(e), text)
}

// wire writes what happened to a connection; its dialler stands left.
func (tr *transcript) wire(e *trace.Event, text string) {
	left, arrow, right := tr.t.Host(e.Host).ID, "◀", tr.peer(e)
	switch {
	case e.Kind == trace.Lost && int(e.Conn) < len(tr.diallers) && tr.diallers[e.Conn] == e.Host:
		arrow = "▶"
	case e.Kind == trace.Lost:
		left, right = right, left
	}
	tr.say(e.At, left, arrow, right, text)
}

// peer is the other side's id, or a mark for an address that nobody has.
func (tr *transcript) peer(e *trace.Event) string {
	if e.Peer == 0 {
		return "?"
	}
	return tr.t.Host(e.Peer).ID
}

func (tr *transcript) timedOut(e *trace.Event) {
	switch {
	case e.Conn == 0:
		tr.say(e.At, tr.t.Host(e.Host).ID, "◀", nameServers, "no answer; gives up waiting")
	case e.From != smtp.StateNone:
		tr.deed(e, "has waited long enough: "+e.From.String())
	default:
		tr.deed(e, "has waited long enough")
	}
}

// recipients lists whom a letter that was just written is for.
func (tr *transcript) recipients(pos trace.Pos, letter trace.LetterID) string {
	var list []string
	for p := pos + 1; p < tr.t.End(); p++ { // said in the same breath
		e := tr.t.At(p)
		if e.Kind != trace.Accepted || e.Letter != letter {
			break
		}
		list = append(list, explain.Visible(tr.t.Octets(e.Octets)))
	}
	return strings.Join(list, ", ")
}

// replyLines are all lines of a reply.
func replyLines(octets []byte) []string {
	var lines []string
	for line := range bytes.SplitSeq(bytes.TrimSuffix(octets, []byte("\r\n")), []byte("\r\n")) {
		lines = append(lines, explain.Visible(line))
	}
	return lines
}

// letterLines are a letter as it was on the wire, its dot included, as many
// lines as there is room for.
func (tr *transcript) letterLines(e *trace.Event, octets []byte) []string {
	out := []string{"the letter, " + count(int(e.Arg), "line", "lines") + ":"}
	list := bytes.Split(bytes.TrimSuffix(octets, []byte("\r\n")), []byte("\r\n"))
	for i, line := range list {
		if i == tr.lines && len(list) > tr.lines+2 {
			out = append(out, "  … and "+strconv.Itoa(len(list)-1-i)+" more lines")
			return append(out, "  "+explain.Visible(list[len(list)-1]))
		}
		out = append(out, "  "+explain.Visible(line))
	}
	return out
}

// noticeLines are a notice as it was written, as many lines as there is room
// for.
func (tr *transcript) noticeLines(e *trace.Event, octets []byte) []string {
	list := bytes.Split(bytes.TrimSuffix(octets, []byte("\r\n")), []byte("\r\n"))
	out := []string{fmt.Sprintf("writes the notice, letter %d, %s:", e.Letter, count(len(list), "line", "lines"))}
	for i, line := range list {
		if i == tr.lines && len(list) > tr.lines+1 {
			return append(out, "  … and "+strconv.Itoa(len(list)-i)+" more lines")
		}
		out = append(out, "  "+explain.Visible(line))
	}
	return out
}

// answerLines say what the name servers answered.
func answerLines(msg []byte) []string {
	s := dns.Describe(msg)
	a, err := dns.ParseResponse(msg, s.ID, s.Question)
	switch {
	case err != nil:
		return []string{"= an answer that cannot be read"}
	case a.Outcome == dns.NXDomain:
		return []string{"= no such name (NXDOMAIN)"}
	case a.Outcome == dns.NoData:
		return []string{"= the name is there, without " + s.Question.Type.String() + " records"}
	case a.Outcome != dns.Found:
		return []string{"= " + a.Outcome.String()}
	}
	var lines []string
	for _, r := range a.Records {
		text := r.Host
		switch r.Type {
		case dns.A, dns.AAAA:
			text = r.Addr.String()
		case dns.MX:
			host := r.Host
			if host == "" {
				host = "." // null MX (RFC 7505 §3)
			}
			text = fmt.Sprintf("%d %s", r.Pref, host)
		case dns.TXT:
			text = strings.Join(r.Text, "")
		}
		lines = append(lines, "= "+visible(text))
	}
	return lines
}

// because is a reply code as a reason.
func because(code uint16) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d)", code)
}

// ordinal is "first time", "second time", "time 3".
func ordinal(n uint32) string {
	switch n {
	case 1:
		return "first time"
	case 2:
		return "second time"
	}
	return fmt.Sprintf("time %d", n)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Words is a duration as people say it, in whole units down to a second:
// "30 min", "1 h 30 min", "5 d".
func Words(d time.Duration) string {
	var out []string
	for _, u := range [...]struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / u.size; n > 0 {
			out = append(out, strconv.FormatInt(int64(n), 10)+" "+u.name)
			d -= n * u.size
		}
	}
	if out == nil {
		return "no time"
	}
	return strings.Join(out, " ")
}
