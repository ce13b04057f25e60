package host

// Where a letter goes next: the questions to the name servers, and the
// addresses that come of their answers.

import (
	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

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

// known looks a question up among the answers of this round.
func (h *Host) known(j *job) func(dns.Question) (dns.Answer, bool) {
	return func(q dns.Question) (dns.Answer, bool) {
		for _, k := range j.answers {
			if k.q == q {
				return k.a, true
			}
		}
		return dns.Answer{}, false
	}
}

// self is the host as the one that asks the name servers.
func (h *Host) self() dns.Self { return dns.Self{Names: []string{h.name}, Addrs: h.cfg.Addrs} }

// routeMX follows RFC 5321 §5.1.
func (h *Host) routeMX(j *job, cause trace.Pos) []dns.Question {
	r := dns.Route(j.domain, h.self(), h.known(j), func(host string) uint64 {
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
	if addrs := h.cfg.Client.Addrs; len(addrs) > 0 {
		for _, a := range addrs {
			j.addrs = append(j.addrs, target{addr: a, name: h.cfg.Client.Server})
		}
		h.dial(j, cause)
		return nil
	}
	known := h.known(j)
	var need []dns.Question
	outcome := dns.NoData
	for _, typ := range h.self().Types() {
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

// sameDomain compares domains without case; names in other scripts by what is
// looked up for them (RFC 5890 §2.3.2.1).
func sameDomain(a, b string) bool { return smtp.EqualFold(lookedUp(a), lookedUp(b)) }

// lookedUp is a domain as the name servers know it.
func lookedUp(domain string) string {
	if ascii, err := smtp.ASCIIDomain(domain); err == nil {
		return ascii
	}
	return domain
}
