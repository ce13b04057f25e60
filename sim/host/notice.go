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
		for _, r := range failed {
			h.park(j.letter, r, cause)
		}
		return
	}
	notice := &letter{
		id: h.env.NewLetter(), arrived: h.env.Now(), notice: true,
		to: []smtp.Path{j.letter.from},
	}
	notice.queueID = h.queueID(notice.id)
	facts := message.NoticeFacts{
		Host:      h.name,
		To:        j.letter.from.Mailbox(),
		At:        h.env.Clock(),
		MessageID: notice.queueID + "@" + h.name,
		Arrived:   h.env.Clock().Add(j.letter.arrived - h.env.Now()),
		Original:  j.letter.original,
	}
	for _, r := range failed {
		facts.Failed = append(facts.Failed, r.failure(j.letter))
	}
	notice.octets = message.Notice(facts)
	notice.original = notice.octets
	notice.facts = message.Scan(notice.octets)
	for _, r := range failed {
		cause = h.event(trace.Event{
			Kind: trace.Returned, Letter: j.letter.id, Arg: uint32(notice.id), Code: r.last.Code,
			Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
	h.custody(notice, 0, cause)
	h.event(trace.Event{
		Kind: trace.Composed, Letter: notice.id, Flags: trace.Notice, Octets: h.env.Store(notice.octets), Cause: cause,
	})
	h.enqueue(notice, cause)
}

// failure is what a notice says of a recipient.
func (r recipient) failure(l *letter) message.FailedRecipient {
	f := message.FailedRecipient{Recipient: r.path.Mailbox(), Remote: r.remote}
	if r.expired {
		f.Reason = "It could not be delivered in the time a letter is kept here, and is not tried again."
	}
	if r.remote == "" {
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
	default:
		f.Command = r.verb.String()
	}
	return f
}

// park files a failure notice that cannot be delivered with the postmaster, so
// that a person may look at it.
func (h *Host) park(l *letter, r recipient, cause trace.Pos) {
	h.boxes["postmaster"] = append(h.boxes["postmaster"], l.octets)
	h.event(trace.Event{
		Kind: trace.Parked, Letter: l.id, Code: r.last.Code, Flags: trace.Notice,
		Octets: h.mailboxOctets(r.path), Cause: cause,
	})
}
