package host

// Reports that a sender has asked for (RFC 3461 §4.1): that a letter is in the
// mailbox, that it was passed on to where nobody reports, that it is late. And
// failures that a sender has asked not to hear of.

import (
	"time"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// delayAfter is how long a letter waits before its sender is told, if it has
// asked for that.
const delayAfter = 4 * time.Hour

// wants says whether the sender has asked for a report of that kind, or, of a
// failure, has not asked to be left alone.
func (r recipient) wants(k message.NoticeKind) bool {
	switch k {
	case message.Delivered, message.Relayed:
		return r.ask.Notify.Has(smtp.NotifySuccess)
	case message.Delayed:
		return r.ask.Notify.Has(smtp.NotifyDelay) && !r.warned
	}
	return r.ask.Notify == 0 || r.ask.Notify.Has(smtp.NotifyFailure)
}

// report tells the sender of a letter about those recipients for which it has
// asked to hear of that. A letter from <> has nobody to be told.
func (h *Host) report(j *job, kind message.NoticeKind, list []recipient, cause trace.Pos) {
	if j.kind == submitJob {
		return
	}
	notice, about := h.newReport(j.letter, kind, list)
	if notice == nil {
		return
	}
	h.reported(j.letter, notice, about, cause)
	h.takeUp(notice, cause)
	h.enqueue(notice, cause)
}

// newReport writes a report, unless nobody wants one. It returns the recipients
// that it is about.
func (h *Host) newReport(l *letter, kind message.NoticeKind, list []recipient) (notice *letter, about []recipient) {
	if l.from.IsNull() || l.notice {
		return nil, nil
	}
	for _, r := range list {
		if r.wants(kind) {
			about = append(about, r)
		}
	}
	if len(about) == 0 {
		return nil, nil
	}
	return h.newNotice(l, kind, about), about
}

// reported records whom a report is about.
func (h *Host) reported(l, notice *letter, about []recipient, cause trace.Pos) {
	for _, r := range about {
		h.event(trace.Event{
			Kind: trace.Reported, Letter: l.id, Arg: uint32(notice.id), Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
}

// reportDelay tells the sender, once, that a letter is still here.
func (h *Host) reportDelay(j *job, cause trace.Pos) {
	if h.env.Now()-j.letter.arrived < delayAfter {
		return
	}
	h.report(j, message.Delayed, j.rcpts, cause)
	for i := range j.rcpts {
		j.rcpts[i].warned = true
	}
}

// newNotice writes the letter that tells a sender about recipients.
func (h *Host) newNotice(l *letter, kind message.NoticeKind, about []recipient) *letter {
	notice := &letter{
		id: h.env.NewLetter(), arrived: h.env.Now(), notice: true,
		to: []smtp.Path{l.from}, needTLS: l.needTLS, // RFC 8689 §5
	}
	notice.queueID = h.queueID(notice.id)
	facts := h.noticeFacts(l, about, notice.queueID)
	facts.Kind, facts.To = kind, l.from.Mailbox()
	facts.Full = facts.Full && kind == message.Failed && !l.needTLS // RET is about nothing else (RFC 3461 §4.3, RFC 8689 §5)
	notice.octets = message.Notice(facts)
	notice.original = notice.octets
	notice.facts = message.Scan(notice.octets)
	return notice
}

// leaveAlone ends a letter for recipients of whose failure the sender has asked
// not to hear (RFC 3461 §4.1), and returns the others.
func (h *Host) leaveAlone(j *job, failed []recipient, cause trace.Pos) (told []recipient) {
	for _, r := range failed {
		if r.wants(message.Failed) {
			told = append(told, r)
			continue
		}
		h.event(trace.Event{
			Kind: trace.Silenced, Letter: j.letter.id, Code: r.last.Code,
			Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
	return told
}
