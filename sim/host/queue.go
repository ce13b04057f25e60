package host

import (
	"net/netip"
	"strings"
	"time"

	"helo/protocol/dns"
	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// queueDelay is the time from the 250 to the first attempt, or to the mailbox:
// what a machine may take, and long enough for the client to have said goodbye
// on a short line, so that a run reads one thing after the other.
const queueDelay = 50 * time.Millisecond

// letter is a copy of a letter that this host is responsible for.
type letter struct {
	id       trace.LetterID
	queueID  string
	from     smtp.Path
	to       []smtp.Path
	octets   []byte // with the header fields this host added
	original []byte // as it arrived
	head     []byte // what goes on top of it in a mailbox, if a depot files it
	filed    []byte // as it stands in this host's mailboxes, once it does
	arrived  time.Duration
	facts    message.Facts
	notice   bool
	shown    bool // what was added is in the trace

	needTLS bool // it may travel only inside TLS (RFC 8689 §4.2.1)

	utf8   bool           // it needs SMTPUTF8 (RFC 6531 §3.4)
	binary bool           // it needs BINARYMIME (RFC 3030 §3)
	dsn    smtp.DSNMail   // what its sender asks about reports,
	asks   []smtp.DSNRcpt // beside to; empty if nothing is asked
}

// recipients are the letter's forward-paths with what is asked about each.
func (l *letter) recipients() []recipient {
	list := make([]recipient, len(l.to))
	for i, p := range l.to {
		list[i].path = p
		if i < len(l.asks) {
			list[i].ask = l.asks[i]
		}
	}
	return list
}

// recipient is one forward-path of a job.
type recipient struct {
	path smtp.Path
	ask  smtp.DSNRcpt // what the sender asks about reports
	last smtp.Reply   // why it is still here

	remote  string    // the host that said so; empty: this one
	verb    smtp.Verb // what it answered
	expired bool
	warned  bool // the sender was told of the delay
}

// blame notes why an attempt failed. Within a round what a server said tells
// more than what this host found, and what was said last tells most.
func (r *recipient) blame(why smtp.Reply, verb smtp.Verb, remote string) {
	if remote == "" && r.remote != "" {
		return
	}
	r.last, r.verb, r.remote = why, verb, remote
}

// job is what is left to do for a letter at one destination: its recipients in
// one domain, or in this host's own mailboxes. A token of the host's timers and
// questions is the index of its job.
type job struct {
	token    uint32
	kind     jobKind
	letter   *letter
	domain   string // of the recipients; empty for a local job
	port     uint16
	rcpts    []recipient
	kept     []recipient // settled earlier in this session: to be tried later,
	refused  []recipient // or given up
	attempts uint32      // connections dialled so far
	rounds   uint32      // failed attempts, each over all addresses

	answers []knownAnswer // of this round
	asked   int           // questions under way
	addrs   []target      // of this round, in order
	next    int
	later   bool // a target of this round failed only for now
	clear   bool // TLS failed at the current target, and is not tried again there
}

type jobKind uint8

const (
	localJob  jobKind = iota // into this host's mailboxes
	remoteJob                // to the next host, by MX
	submitJob                // from a mail client to its submission server
)

type knownAnswer struct {
	q dns.Question
	a dns.Answer
}

type target struct {
	addr  netip.Addr
	name  string
	flags trace.Flags
}

// String names the target and its address, for a person.
func (t target) String() string {
	if strings.HasPrefix(t.name, "[") {
		return t.name // an address literal
	}
	return t.name + " (" + literal(t.addr) + ")"
}

// envelope is what the client session says for the job's recipients, to a server
// that offers this. A notice is not lost because a server on its way does not
// promise to protect it further on (RFC 8689 §5).
func (j *job) envelope(o smtp.Offer) smtp.Envelope {
	l := j.letter
	e := smtp.Envelope{
		From: l.from, Size: int64(len(l.octets)), EightBit: l.facts.EightBit,
		UTF8: l.utf8, Binary: l.binary, DSN: l.dsn,
		RequireTLS: l.needTLS && (!l.from.IsNull() || o.Extensions.Has(smtp.RequireTLS)),
	}
	for i := range j.rcpts {
		e.To = append(e.To, j.rcpts[i].path)
		if j.rcpts[i].ask != (smtp.DSNRcpt{}) && e.ToDSNs == nil {
			e.ToDSNs = make([]smtp.DSNRcpt, len(j.rcpts))
		}
	}
	for i := range e.ToDSNs {
		e.ToDSNs[i] = j.rcpts[i].ask
	}
	return e
}

// newJob makes a job of the letter's recipients and wakes it after d.
func (h *Host) newJob(kind jobKind, l *letter, domain string, rcpts []recipient, d time.Duration, cause trace.Pos) {
	j := &job{token: uint32(len(h.jobs)), kind: kind, letter: l, domain: domain, port: PortSMTP, rcpts: rcpts}
	if kind == submitJob {
		j.port = h.cfg.port()
	}
	h.jobs = append(h.jobs, j)
	h.env.Wake(d, j.token, cause)
}

// enqueue splits a letter's recipients into jobs: our own mailboxes first, then
// one a domain, in the order the recipients came.
func (h *Host) enqueue(l *letter, cause trace.Pos) {
	var local []recipient
	var remote [][]recipient
	for _, r := range l.recipients() {
		if ours, _ := h.mailbox(r.path); ours {
			local = append(local, r)
			continue
		}
		i := 0
		for i < len(remote) && !sameDomain(remote[i][0].path.Domain, r.path.Domain) {
			i++
		}
		if i == len(remote) {
			remote = append(remote, nil)
		}
		remote[i] = append(remote[i], r)
	}
	if len(local) > 0 {
		h.newJob(localJob, l, "", local, queueDelay, cause)
	}
	for _, group := range remote {
		h.newJob(remoteJob, l, lookedUp(group[0].path.Domain), group, queueDelay, cause)
	}
}

// runJob begins an attempt.
func (h *Host) runJob(j *job, cause trace.Pos) {
	if j.kind == localJob {
		h.deliver(j, cause)
		return
	}
	if j.kind == remoteJob {
		cause = h.showAdded(j.letter, cause)
	}
	j.answers, j.addrs, j.next, j.later, j.clear = j.answers[:0], j.addrs[:0], 0, false, false
	for i := range j.rcpts {
		j.rcpts[i].remote = ""
	}
	h.route(j, cause)
}

// jobAnswered takes in one answer and goes on when none is missing.
func (h *Host) jobAnswered(j *job, q dns.Question, a dns.Answer, pos trace.Pos) {
	j.answers = append(j.answers, knownAnswer{q, a})
	if j.asked--; j.asked == 0 {
		h.route(j, pos)
	}
}

// nextTarget tries the next address of this round; after the last one the round
// has failed. It is final only if it was so at every target.
func (h *Host) nextTarget(j *job, cause trace.Pos) {
	j.clear = false
	if j.next++; j.next < len(j.addrs) {
		h.dial(j, cause)
		return
	}
	h.end(j, !j.later, cause)
}

// failTarget notes why the current target took nothing; remote is empty if it
// said nothing itself.
func (h *Host) failTarget(j *job, why smtp.Reply, verb smtp.Verb, remote string, permanent bool) {
	j.later = j.later || !permanent
	for i := range j.rcpts {
		j.rcpts[i].blame(why, verb, remote)
	}
}

// goesOn says whether another target is tried before the letter is kept for
// later (RFC 5321 §5.1): there is one, and nobody has got a verdict that stands.
// That a server does not promise what a letter demands stands for that one only
// (RFC 8689 §4.2.1).
// After the dot only the server's word counts: if the line was lost there, the
// letter may have been taken (RFC 5321 §4.5.3.2.6).
func (j *job) goesOn(results []smtp.Result) bool {
	for _, r := range results {
		lost := r.Local && !r.NotTried && (r.Verb == smtp.EndOfData || r.Verb == smtp.BDAT)
		if r.Outcome != smtp.Deferred && !unpromised(r) || lost {
			return false
		}
	}
	return j.next+1 < len(j.addrs)
}

// jobResults takes in what a session achieved for each recipient. With more,
// recipients that were not tried have their turn next, in the same session;
// what is to be done about the others waits until then.
func (h *Host) jobResults(j *job, results []smtp.Result, out *outbound, more bool) {
	conn, cause := out.id, out.pos
	var rest, relayed []recipient
	keep, refused := j.kept, j.refused
	for i, r := range results {
		rcpt := j.rcpts[i]
		if more && r.NotTried {
			rest = append(rest, rcpt)
			continue
		}
		if r.Outcome == smtp.Refused {
			rcpt.remote = "" // this verdict counts, whatever was said before
		}
		rcpt.blame(r.Reply, r.Verb, j.said(r))
		switch r.Outcome {
		case smtp.Delivered:
			h.event(trace.Event{
				Kind: trace.Relayed, Conn: conn, Peer: h.env.Peer(conn), Letter: j.letter.id,
				Code: r.Reply.Code, Octets: h.mailboxOctets(rcpt.path), Cause: cause,
			})
			relayed = append(relayed, rcpt)
		case smtp.Deferred:
			keep = append(keep, rcpt)
		default:
			refused = append(refused, rcpt)
		}
	}
	if !out.client.Offer().Extensions.Has(smtp.DSN) { // nobody further on will report (RFC 3461 §5.2.2)
		h.report(j, message.Relayed, relayed, cause)
	}
	if more {
		j.rcpts, j.kept, j.refused = rest, keep, refused
		return
	}
	j.rcpts, j.kept, j.refused = keep, nil, nil
	if len(refused) > 0 {
		h.giveUp(j, refused, cause)
	}
	if len(keep) > 0 {
		h.later(j, cause)
	}
}

// said names the current target if the result is its word.
func (j *job) said(r smtp.Result) string {
	if r.Local {
		return ""
	}
	return j.addrs[j.next].String()
}

// fail ends an attempt for all recipients of the job with one reason that this
// host has found.
func (h *Host) fail(j *job, why smtp.Reply, permanent bool, cause trace.Pos) {
	for i := range j.rcpts {
		j.rcpts[i].last, j.rcpts[i].remote = why, ""
	}
	h.end(j, permanent, cause)
}

// end ends an attempt for all recipients of the job, with the reasons noted.
func (h *Host) end(j *job, permanent bool, cause trace.Pos) {
	if permanent {
		rcpts := j.rcpts
		j.rcpts = nil
		h.giveUp(j, rcpts, cause)
		return
	}
	h.later(j, cause)
}

// later keeps the job's recipients for another attempt, or gives them up when
// the letter has been here for its lifetime (RFC 5321 §4.5.4.1).
func (h *Host) later(j *job, cause trace.Pos) {
	if j.kind == submitJob {
		rcpts := j.rcpts
		j.rcpts = nil
		h.keep(j, rcpts, cause)
		return
	}
	s := h.cfg.Server
	if h.env.Now()-j.letter.arrived >= s.Lifetime {
		rcpts := j.rcpts
		j.rcpts = nil
		for i := range rcpts {
			rcpts[i].expired = true
		}
		h.giveUp(j, rcpts, cause)
		return
	}
	wait := s.Retry[min(int(j.rounds), len(s.Retry)-1)]
	j.rounds++
	for _, r := range j.rcpts {
		cause = h.event(trace.Event{
			Kind: trace.Queued, Letter: j.letter.id, Code: r.last.Code, Arg: uint32(wait / time.Second),
			Octets: h.mailboxOctets(r.path), Cause: cause,
		})
	}
	h.reportDelay(j, cause)
	h.env.Wake(wait, j.token, cause)
}
