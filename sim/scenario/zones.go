package scenario

import (
	"errors"

	"helo/protocol/dns"
)

// zones reads the master file and looks up the servers that mail clients name.
// An MX host that no zone has is no mistake: the run shows what comes of it.
func (p *scenarioParser) zones(m mapping) {
	text := m.block("dns")
	if p.err != nil {
		return
	}
	zones, err := dns.ParseZones(text, p.file)
	var where *dns.ZoneError
	switch {
	case errors.As(err, &where):
		line, column := p.blockLine(m.at("dns"), where.Line, where.Column)
		msg := where.Msg
		if where.Want != "" {
			msg += ": expected " + where.Want
		}
		p.failAt(line, column, "dns: %s", msg)
		return
	case err != nil:
		p.fail(m.at("dns"), "dns: %v", err)
		return
	}
	p.sc.Zones = zones
	for _, s := range p.servers {
		if !p.resolves(s.text) {
			p.fail(s.node, "server: no zone under dns has an address (A or AAAA) for %s", s.text)
		}
	}
}

// resolves says whether a name has an address.
func (p *scenarioParser) resolves(name string) bool {
	for _, t := range []dns.Type{dns.A, dns.AAAA} {
		q := dns.Question{Name: dns.Canonical(name), Type: t}
		query, err := dns.AppendQuery(nil, 1, q)
		if err != nil {
			return false
		}
		response, err := p.sc.Zones.Respond(query)
		if err != nil {
			return false
		}
		if a, err := dns.ParseResponse(response, 1, q); err == nil && a.Outcome == dns.Found {
			return true
		}
	}
	return false
}
