package sim

// What is on the agenda, once its time has come.

import (
	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// happen lets one item happen.
func (w *World) happen(it *item) {
	switch it.do {
	case doSubmit:
		l := &w.sc.Letters[it.token]
		s := host.Submission{From: l.From, To: l.To, Octets: l.Octets, DSN: l.DSN, RequireTLS: l.RequireTLS}
		for _, to := range l.To {
			if l.Notify != 0 {
				s.ToDSNs = append(s.ToDSNs, smtp.DSNRcpt{Notify: l.Notify, Original: smtp.OriginalOf(to)})
			}
		}
		w.hosts[it.host].Submit(s)
		return
	case doWake:
		w.hosts[it.host].Woken(it.token, it.cause)
		return
	case doAnswer:
		w.answer(it)
		return
	}
	c := &w.conns[it.conn-1]
	me, other := &c.ends[it.side], &c.ends[1-it.side]
	e := trace.Event{Conn: it.conn, Host: me.host, Peer: other.host, Cause: it.cause}
	h, id := w.hosts[me.host], c.handle(it.conn, it.side)
	switch it.do {
	case doOpen:
		c.ends[dialler].open, c.ends[listener].open = true, true
		e.Kind = trace.Connected
		pos := w.record(e)
		w.plan(w.sc.Latency, item{do: doAccept, conn: it.conn, side: listener, cause: pos})
		h.Connected(id, pos)
	case doAccept:
		if !me.open {
			return // cut before the server had a chance
		}
		h.Accepted(id, c.port, w.addrOf(other.host), it.cause)
	case doRefuse, doNobody:
		e.Kind = trace.Refused
		if it.do == doNobody {
			e.Kind = trace.Unanswered
		}
		h.Refused(id, w.record(e))
	case doRecord:
		w.shake(it.conn, int(it.side), w.landed(it.ref), it.cause)
	case doArrive:
		w.flying -= int64(it.span.Len)
		e.Octets, e.Arg = it.span, it.off
		octets := w.t.Raw(it.span)
		if it.ref > 0 {
			e.Flags |= trace.Inside
			octets = w.landed(it.ref)
		}
		if !me.open {
			e.Kind, e.Host, e.Peer = trace.Lost, other.host, me.host
			w.record(e)
			return
		}
		e.Kind = trace.Arrived
		pos := w.record(e)
		if u := me.tls; u != nil {
			if !me.inside { // in clear where a handshake is due, or inside where it has failed
				w.shake(it.conn, int(it.side), octets, pos)
				return
			}
			u.end.Feed(octets)
			if err := u.end.Err(); err != nil { // they were changed on their way
				w.fly(it.conn, int(it.side), pos)
				w.unsecured(it.conn, int(it.side), secure.Classify(err), secure.Reason(err), pos)
				return
			}
			octets = u.end.Plain()
		}
		h.Arrived(id, octets, it.span, it.off, pos)
	case doClosed, doReset:
		if !me.open {
			return
		}
		shaking := me.shaking()
		e.Kind = trace.Closed
		if it.do == doReset {
			e.Kind, e.Flags, c.cut = trace.Reset, trace.Faulty, true
			me.open = false
			me.stop()
		}
		pos := w.record(e)
		if shaking {
			w.unsecured(it.conn, int(it.side), secure.Otherwise, secure.Reason(secure.ErrCut), pos)
			return
		}
		h.PeerClosed(id, pos)
	case doDeadline:
		if me.shaking() {
			w.unsecured(it.conn, int(it.side), secure.Otherwise, "it took too long", me.tls.pos)
			return
		}
		h.TimedOut(id)
	}
}

// answer brings a host what the name servers said, or their silence.
func (w *World) answer(it *item) {
	h, q := w.hosts[it.host], w.asked[it.ref-1]
	switch it.off {
	case answerNone:
		pos := w.record(trace.Event{Kind: trace.TimedOut, Host: it.host, Cause: it.cause})
		h.Answered(it.token, q, dns.Answer{Outcome: dns.Timeout}, pos)
		return
	case answerNoName:
		h.Answered(it.token, q, dns.Answer{Outcome: dns.NXDomain}, it.cause)
		return
	}
	pos := w.record(trace.Event{Kind: trace.Answer, Host: it.host, Octets: it.span, Cause: it.cause})
	a, err := dns.ParseResponse(w.t.Octets(it.span), w.dnsID(it.ref), q)
	if err != nil { // as good as no answer
		a = dns.Answer{Outcome: dns.ServFail}
	}
	h.Answered(it.token, q, a, pos)
}
