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
	arrived  time.Duration
	facts    message.Facts
	notice   bool
	shown    bool // what was added is in the trace
}

// recipient is one forward-path of a job.
type recipient struct {
	path smtp.Path
	last smtp.Reply // why it is still here

	remote  string    // the host that said so; empty: this one
	verb    smtp.Verb // what it answered
	expired bool
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
	attempts uint32 // connections dialled so far
	rounds   uint32 // failed attempts, each over all addresses

	answers []knownAnswer // of this round
	asked   int           // questions under way
	addrs   []target      // of this round, in order
	next    int
	later   bool // a target of this round failed only for now
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

// envelope is what the client session says for the job's recipients.
func (j *job) envelope() smtp.Envelope {
	e := smtp.Envelope{From: j.letter.from, Size: int64(len(j.letter.octets)), EightBit: j.letter.facts.EightBit}
	for i := range j.rcpts {
		e.To = append(e.To, j.rcpts[i].path)
	}
	return e
}

// newJob makes a job of the letter's recipients and wakes it after d.
func (h *Host) newJob(kind jobKind, l *letter, domain string, to []smtp.Path, d time.Duration, cause trace.Pos) {
	j := &job{token: uint32(len(h.jobs)), kind: kind, letter: l, domain: domain, port: PortSMTP}
	if kind == submitJob {
		j.port = h.cfg.Client.Port
	}
	for _, p := range to {
		j.rcpts = append(j.rcpts, recipient{path: p})
	}
	h.jobs = append(h.jobs, j)
	h.env.Wake(d, j.token, cause)
}

// enqueue splits a letter's recipients into jobs: our own mailboxes first, then
// one a domain, in the order the recipients came.
func (h *Host) enqueue(l *letter, cause trace.Pos) {
	var local []smtp.Path
	var remote [][]smtp.Path
	for _, p := range l.to {
		if ours, _ := h.mailbox(p); ours {
			local = append(local, p)
			continue
		}
		i := 0
		for i < len(remote) && !strings.EqualFold(remote[i][0].Domain, p.Domain) {
			i++
		}
		if i == len(remote) {
			remote = append(remote, nil)
		}
		remote[i] = append(remote[i], p)
	}
	if len(local) > 0 {
		h.newJob(localJob, l, "", local, queueDelay, cause)
	}
	for _, group := range remote {
		h.newJob(remoteJob, l, group[0].Domain, group, queueDelay, cause)
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
	j.answers, j.addrs, j.next, j.later = j.answers[:0], j.addrs[:0], 0, false
	for i := range j.rcpts {
		j.rcpts[i].remote = ""
	}
	h.route(j, cause)
}

// route finds the addresses to try, asking the name servers for what is not
// known yet.
func (h *Host) route(j *job, cause trace.Pos) {
	var need []dns.Question
	if j.kind == submitJob {
		need = h.routeSubmission(j, cause)
	} else {
		need = h.routeMX(j, cause)
	}
	for _, q := range need {
		j.asked++
		h.env.Resolve(q, j.token, cause)
	}
}

// known looks a question up among the answers of this round. A host without an
// IPv6 address does not ask for AAAA records.
func (h *Host) known(j *job) func(dns.Question) (dns.Answer, bool) {
	return func(q dns.Question) (dns.Answer, bool) {
		for _, k := range j.answers {
			if k.q == q {
				return k.a, true
			}
		}
		if q.Type == dns.AAAA && !h.hasIPv6() {
			return dns.Answer{Outcome: dns.NoData}, true
		}
		return dns.Answer{}, false
	}
}

func (h *Host) hasIPv6() bool {
	for _, a := range h.cfg.Addrs {
		if a.Is6() {
			return true
		}
	}
	return false
}

// routeMX follows RFC 5321 §5.1.
func (h *Host) routeMX(j *job, cause trace.Pos) []dns.Question {
	self := dns.Self{Names: []string{h.name}, Addrs: h.cfg.Addrs}
	r := dns.Route(j.domain, self, h.known(j), func(host string) uint64 {
		return h.env.Draw("mx order "+host, uint64(j.letter.id)<<32|uint64(j.rounds))
	})
	if len(r.Need) > 0 {
		return r.Need
	}
	if f := r.Failure; f != nil {
		e := f.Enhanced
		h.fail(j, reply(f.Code, e[0], e[1], e[2], f.Text), f.Permanent, cause)
		return nil
	}
	for _, t := range r.Targets {
		var flags trace.Flags
		if t.Implicit {
			flags = trace.Implicit
		}
		for _, a := range t.Addrs {
			j.addrs = append(j.addrs, target{a, t.Host, flags})
		}
	}
	h.dial(j, cause)
	return nil
}

// routeSubmission looks the submission server's address up: the user has given
// its name, and MX records play no part.
func (h *Host) routeSubmission(j *job, cause trace.Pos) []dns.Question {
	known := h.known(j)
	var need []dns.Question
	outcome := dns.NoData
	for _, typ := range [...]dns.Type{dns.A, dns.AAAA} {
		q := dns.Question{Name: h.cfg.Client.Server, Type: typ}
		a, ok := known(q)
		if !ok {
			need = append(need, q)
			continue
		}
		if a.Outcome != dns.Found {
			if outcome == dns.NoData {
				outcome = a.Outcome
			}
			continue
		}
		for _, rec := range a.Records {
			if rec.Addr.IsValid() {
				j.addrs = append(j.addrs, target{addr: rec.Addr, name: h.cfg.Client.Server})
			}
		}
	}
	switch {
	case len(need) > 0:
		j.addrs = j.addrs[:0]
		return need
	case len(j.addrs) > 0:
		h.dial(j, cause)
	case outcome == dns.NXDomain || outcome == dns.NoData:
		h.fail(j, reply(550, 5, 1, 2, "no such server name"), true, cause)
	default:
		h.fail(j, reply(451, 4, 4, 3, "the name servers gave no answer"), false, cause)
	}
	return nil
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
// After the dot only the server's word counts: if the line was lost there, the
// letter may have been taken (RFC 5321 §4.5.3.2.6).
func (j *job) goesOn(results []smtp.Result) bool {
	for _, r := range results {
		if r.Outcome != smtp.Deferred || r.Local && r.Verb == smtp.EndOfData {
			return false
		}
	}
	return j.next+1 < len(j.addrs)
}

// jobResults takes in what a session achieved for each recipient.
func (h *Host) jobResults(j *job, results []smtp.Result, conn trace.ConnID, cause trace.Pos) {
	var keep, refused []recipient
	for i, r := range results {
		rcpt := j.rcpts[i]
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
		case smtp.Deferred:
			keep = append(keep, rcpt)
		default:
			refused = append(refused, rcpt)
		}
	}
	j.rcpts = keep
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
	h.env.Wake(wait, j.token, cause)
}
