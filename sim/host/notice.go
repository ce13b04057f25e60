package host

import (
	"strings"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// giveUp ends a letter for recipients that cannot be reached: the sender is
// told by a letter from <> (RFC 5321 §6.1). A letter that is itself from <> is
// never answered by another (RFC 5321 §4.5.5): it goes to this host's postmaster. A mail
// client tells its user at once.
func (h *Host) giveUp(j *job, failed []recipient, cause trace.Pos) {
	if j.kind == submitJob {
		h.keep(j, failed, cause)
		return
	}
	if j.letter.from.IsNull() {
		h.park(j.letter, failed, cause)
		return
	}
	if failed = h.leaveAlone(j, failed, cause); len(failed) == 0 {
		return
	}
	notice := h.newNotice(j.letter, message.Failed, failed)
	for _, r := range failed {
		var flags trace.Flags
		if r.expired {
			flags = trace.Expired
		}
		cause = h.event(trace.Event{
			Kind: trace.Returned, Letter: j.letter.id, Arg: uint32(notice.id), Code: r.last.Code, Flags: flags,
			Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
	h.takeUp(notice, cause)
	h.enqueue(notice, cause)
}

// takeUp makes this host responsible for a notice it has written.
func (h *Host) takeUp(notice *letter, cause trace.Pos) {
	h.custody(notice, 0, cause)
	h.event(trace.Event{
		Kind: trace.Composed, Letter: notice.id, Flags: trace.Notice, Octets: h.env.Store(notice.octets), Cause: cause,
	})
}

// failure is what the notice of the host me says of a recipient.
func (r recipient) failure(l *letter, me string) message.FailedRecipient {
	f := message.FailedRecipient{Recipient: r.path.Mailbox(), Remote: r.remote}
	if _, original := r.ask.Address(); original != r.path.Mailbox() {
		f.Original = original
	}
	if r.expired {
		f.Reason = "It could not be delivered in the time a letter is kept here, and is not tried again."
	}
	if r.remote == "" {
		if l.needTLS && r.last.Enhanced.Subject == 7 { // which of them, should be told (RFC 8689 §4.2.1)
			f.Reason = r.last.Enhanced.String()
		}
		f.Reason = strings.TrimSpace(f.Reason + " " + r.last.Text())
		return f
	}
	f.Said = strings.Split(strings.TrimRight(string(r.last.Append(nil, true)), "\r\n"), "\r\n")
	switch r.verb {
	case smtp.MAIL:
		f.Command = "MAIL FROM:" + l.from.String()
	case smtp.RCPT:
		f.Command = "RCPT TO:" + r.path.String()
	case smtp.EndOfData:
		f.Command = "the end of the letter"
	case smtp.BDAT:
		f.Command = "a chunk of the letter"
	case smtp.Connect:
		f.Command = "the connection"
	case smtp.EHLO, smtp.HELO:
		f.Command = r.verb.String() + " " + me
	default:
		f.Command = r.verb.String()
	}
	return f
}

// noticeFacts is what a notice about a letter says, whoever gets it.
func (h *Host) noticeFacts(l *letter, failed []recipient, queueID string) message.NoticeFacts {
	facts := message.NoticeFacts{
		Host:      h.name,
		At:        h.env.Clock(),
		MessageID: queueID + "@" + h.name,
		Arrived:   h.env.Clock().Add(l.arrived - h.env.Now()),
		Original:  l.original,
		Full:      l.dsn.Return == smtp.ReturnFull,
	}
	facts.EnvelopeID, _ = smtp.DecodeXtext(l.dsn.EnvID)
	for _, r := range failed {
		facts.Failed = append(facts.Failed, r.failure(l, h.name))
	}
	return facts
}

// park files a letter from <> that cannot be delivered with the postmaster, so
// that a person may look at it: the letter with its reverse-path on top
// (RFC 5321 §4.4), and a notice that says who refused it and why.
func (h *Host) park(l *letter, failed []recipient, cause trace.Pos) {
	var flags trace.Flags
	if l.notice {
		flags = trace.Notice
	}
	buf := message.AppendReturnPath(make([]byte, 0, 64+len(l.octets)), l.from.String())
	added := len(buf) + len(l.octets) - len(l.original)
	buf = append(buf, l.octets...)
	facts := h.noticeFacts(l, failed, "parked-"+l.queueID)
	facts.To, facts.Parked = "postmaster@"+h.name, true
	note := append(message.AppendReturnPath(nil, smtp.Path{}.String()), message.Notice(facts)...)
	h.boxes["postmaster"] = append(h.boxes["postmaster"], buf, note)
	cause = h.event(trace.Event{
		Kind: trace.Added, Letter: l.id, Flags: flags, Octets: h.env.Store(buf[:added]), Cause: cause,
	})
	for _, r := range failed {
		h.event(trace.Event{
			Kind: trace.Parked, Letter: l.id, Code: r.last.Code, Flags: flags,
			Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
}
