package host

import (
	"net/netip"
	"time"

	"helo/protocol/dns"
	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Env is what a host asks of whoever drives it: the simulation's kernel, or
// real sockets. A cause is the event without which the host would not ask.
// Nothing blocks: what comes of a request is told to the host later. To a host
// each end of a connection that it holds is a connection of its own: where it
// has dialled itself, the end that it accepted has another number.
type Env interface {
	ID() trace.HostID                             // the host's number
	Now() time.Duration                           // since the scenario's start
	Clock() time.Time                             // the same on the calendar, UTC
	Append(e trace.Event) trace.Pos               // records e, at this host and now
	Store(octets []byte) trace.Span               // keeps octets for an event
	StoreSecret(octets, masked []byte) trace.Span // the same; views see masked
	Octets(s trace.Span) []byte                   // what was kept, secrets as well
	Peer(c trace.ConnID) trace.HostID             // who is at the other end
	NewLetter() trace.LetterID                    // the next copy's number
	Draw(what string, n uint64) uint64            // chance, always the same for the same words
	Fault(o Occasion) (*Fault, trace.Pos)         // the fault that fires now, and its event; nil if none

	Dial(to netip.Addr, port uint16, cause trace.Pos) trace.ConnID    // then Connected, Refused or Unanswered
	Send(c trace.ConnID, octets []byte, secret bool, cause trace.Pos) // copies octets; secret: some belong to a login
	StartTLS(c trace.ConnID, t TLS, cause trace.Pos)                  // then Secured or TLSFailed
	Close(c trace.ConnID, cause trace.Pos)                            // after what was sent
	Cut(c trace.ConnID, cause trace.Pos)                              // without a goodbye: both ends lose it
	Expect(c trace.ConnID, d time.Duration)                           // TimedOut if nothing arrives for d; 0: wait for ever
	Wake(d time.Duration, token uint32, cause trace.Pos)              // then Woken
	Resolve(q dns.Question, token uint32, cause trace.Pos)            // then Answered
	Ask(cause trace.Pos)                                              // wait for a person, then Typed
}

// Host is one host of a run: what it was configured to be and what has become
// of it. It is driven by one goroutine.
type Host struct {
	cfg  *Config
	env  Env
	o    Options
	name string // how it names itself in EHLO and in trace fields

	server  smtp.Config // at port 25
	msa     smtp.Config // where clients submit, and have to log in
	trusted smtp.Config // the same for clients known by their address
	clients [clientKinds]smtp.ClientConfig
	nonces  uint64
	hashed  sasl.Keys // its own password, as SCRAM hashes it
	ins     map[trace.ConnID]*inbound
	outs    map[trace.ConnID]*outbound
	jobs    []*job
	boxes   map[string][][]byte
	hand    *hand

	idleIns  []*inbound // finished connections, to be used again
	idleOuts []*outbound
	scratch  []byte
}

// Submission is a letter that a person at a mail client sends.
type Submission struct {
	From   smtp.Path
	To     []smtp.Path
	Octets []byte

	DSN    smtp.DSNMail   // what is asked about reports,
	ToDSNs []smtp.DSNRcpt // beside To; those that are missing ask for nothing
	Binary bool           // the letter need not consist of lines (RFC 3030 §3)

	RequireTLS bool // the letter may travel only inside TLS that was checked (RFC 8689 §4.3)
}

// Options are settings of a host for one run. The zero value is a host of a
// simulation.
type Options struct {
	Hand bool // a person drives it: it sends nothing by itself
	Raw  bool // it passes lone CR and LF in letters on as they stand

	// On real sockets, where the other ends are no hosts of the run:

	Outside bool   // what this host says is recorded when it says it; nobody records hearing it
	Depot   Depot  // where letters for its mailboxes are filed before their dot is answered; nil: in the host
	Keep    uint32 // octets of one line or letter that are worth keeping in the trace; 0: all
	Piece   int    // octets of a letter that it sends at a time; 0: all
}

// New returns a host that is idle until its driver tells it something. cfg must
// not change afterwards.
func New(cfg *Config, env Env, o Options) *Host {
	h := &Host{
		cfg: cfg, env: env, o: o, name: cfg.Name,
		ins:   map[trace.ConnID]*inbound{},
		outs:  map[trace.ConnID]*outbound{},
		boxes: map[string][][]byte{},
	}
	if h.name == "" {
		h.name = literal(cfg.Addrs[0])
	}
	uses := smtp.AllExtensions | smtp.Security
	if s := cfg.Server; s != nil {
		h.server = smtp.Config{
			Hostname: h.name, Extensions: s.Extensions &^ smtp.Auth, MaxSize: s.MaxSize, MaxRecipients: s.MaxRcpts,
			Expn: len(s.Lists) > 0 && !s.NoExpn, NoHelp: s.NoHelp,
		}
		h.trusted = h.server
		if s.Accounts != nil {
			h.trusted.Extensions |= s.Extensions & smtp.Auth
			h.trusted.Mechanisms, h.trusted.ClearMechanisms = s.mechanisms(true), s.mechanisms(false)
		}
		h.msa = h.trusted
		h.msa.MustLogin = s.Accounts != nil
		uses = s.Extensions | smtp.StartTLS | smtp.RequireTLS // a client needs no certificate
	}
	var waits smtp.Waits
	var secrets []string
	if c := cfg.Client; c != nil {
		waits = c.Waits
		if l := c.Login; l != nil {
			secrets = []string{l.Password, l.Token}
		}
	}
	for i := range h.clients {
		h.clients[i] = smtp.ClientConfig{Waits: waits, Hostname: h.name, Use: uses &^ cfg.Avoid, Secrets: secrets, SendBareLineEnds: o.Raw}
	}
	h.clients[clientInsists].TLS = smtp.Insist
	h.clients[clientClear].Use &^= smtp.StartTLS
	h.clients[clientGaveUp].TLS = smtp.GivenUp
	if o.Hand {
		h.hand = &hand{}
	}
	return h
}

// literal is an address as EHLO gives it where there is no name (RFC 5321
// §4.1.3).
func literal(a netip.Addr) string {
	if a.Is4() {
		return "[" + a.String() + "]"
	}
	return "[IPv6:" + a.String() + "]"
}

// Listens says whether the host accepts connections at that port.
func (h *Host) Listens(port uint16) bool {
	s := h.cfg.Server
	if s == nil {
		return false
	}
	switch port {
	case PortSMTP:
		return len(s.Domains) > 0
	case PortSubmission:
		return len(s.Submission) > 0 || s.Accounts != nil
	case PortSubmissions:
		return s.Accounts != nil && s.Extensions.Has(smtp.StartTLS)
	}
	return false
}

// Connected tells the host that its connection is open.
func (h *Host) Connected(c trace.ConnID, pos trace.Pos) {
	if h.byHand(c) {
		if h.hand.first {
			h.env.StartTLS(c, TLS{Name: h.hand.name}, pos)
		}
		return // the greeting comes next
	}
	if out := h.outs[c]; out != nil {
		h.outConnected(out, pos)
	}
}

// Refused tells the host that its connection was refused, or that nobody
// answered.
func (h *Host) Refused(c trace.ConnID, pos trace.Pos) {
	if h.byHand(c) {
		h.hand.conn = 0
		return
	}
	if out := h.outs[c]; out != nil {
		h.outFailed(out, pos)
	}
}

// Arrived tells the host of octets on a connection; span is where the trace has
// them, off where they stand in the stream, pos the event.
func (h *Host) Arrived(c trace.ConnID, octets []byte, span trace.Span, off uint32, pos trace.Pos) {
	switch {
	case h.byHand(c):
		h.handHeard(octets, span, off, pos)
	case h.ins[c] != nil:
		h.inHeard(h.ins[c], octets, span, off, pos)
	case h.outs[c] != nil:
		h.outHeard(h.outs[c], octets, span, off, pos)
	}
}

// PeerClosed tells the host that the other end closed a connection, or that it
// was cut.
func (h *Host) PeerClosed(c trace.ConnID, pos trace.Pos) {
	switch {
	case h.byHand(c):
		h.handClosed(pos)
	case h.ins[c] != nil:
		h.inClosed(h.ins[c], pos)
	case h.outs[c] != nil:
		h.outClosed(h.outs[c], pos)
	}
}

// TimedOut tells the host that it has waited long enough on a connection.
func (h *Host) TimedOut(c trace.ConnID) {
	switch {
	case h.ins[c] != nil:
		h.inTimedOut(h.ins[c])
	case h.outs[c] != nil:
		h.outTimedOut(h.outs[c])
	}
}

// Woken tells the host that a time it asked for has come.
func (h *Host) Woken(token uint32, cause trace.Pos) { h.runJob(h.jobs[token], cause) }

// Answered gives the host the name servers' answer to its question.
func (h *Host) Answered(token uint32, q dns.Question, a dns.Answer, pos trace.Pos) {
	h.jobAnswered(h.jobs[token], q, a, pos)
}

// event records something that happened at the host.
func (h *Host) event(e trace.Event) trace.Pos { return h.env.Append(e) }

func (h *Host) id() trace.HostID { return h.env.ID() }
