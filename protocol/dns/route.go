package dns

// Where a letter goes: RFC 5321 §5.1, as a function of what is known so far.

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Result is what [Route] found: questions to ask first, or targets, or a
// failure. Exactly one of the three is set.
type Result struct {
	Need    []Question // ask these, then call Route again
	Targets []Target   // the hosts to try, in this order
	Failure *Failure
}

// Target is one host to try. Its addresses are tried in order: all IPv4 before
// all IPv6, each kind as the name server gave them. (IPv4 comes first so that a
// scenario that adds an AAAA record keeps its first connection.)
type Target struct {
	Host     string // canonical, or the address literal as it was written
	Pref     uint16
	Addrs    []netip.Addr // at least one
	Implicit bool         // there is no MX: the domain itself is meant (RFC 5321 §5.1)
}

// Self is the host that asks.
type Self struct {
	Names []string
	Addrs []netip.Addr // without an IPv6 address among them it asks for none; empty: it can use both kinds
}

// Types are the kinds of addresses that are of use to the host.
func (s Self) Types() []Type {
	if s.onlyIPv4() {
		return []Type{A}
	}
	return []Type{A, AAAA}
}

// onlyIPv4 says whether the host has addresses, but no IPv6 address.
func (s Self) onlyIPv4() bool {
	return len(s.Addrs) > 0 && !slices.ContainsFunc(s.Addrs, netip.Addr.Is6)
}

// Failure says why there is nowhere to go.
type Failure struct {
	Permanent bool
	Code      uint16    // the reply code this amounts to
	Enhanced  [3]uint16 // RFC 3463
	Text      string    // plain words, with the domain's name in them
}

// Route says which hosts take the mail of a domain, in the order to try them:
// preference ascending, hosts of equal preference in the order of their rank,
// which the caller draws from its seed, then by name. rank may be nil.
//
// known gives the answer to a question if there is one already. An MX that is
// the asking host itself, by its name or by an address, goes, and every MX of
// the same or a higher number with it.
//
// An MX host that is an alias should not be (RFC 2181 §10.3); its CNAME is
// followed all the same, as most servers do.
func Route(domain string, self Self, known func(Question) (Answer, bool), rank func(host string) uint64) Result {
	if strings.HasPrefix(domain, "[") {
		return routeLiteral(domain, self)
	}
	domain = Canonical(domain)
	var room [maxName]byte
	if _, err := packName(room[:0], domain); err != nil || domain == "" || !printable(domain) {
		return fail(true, 550, [3]uint16{5, 1, 2}, strconv.QuoteToASCII(domain)+" is not a domain name")
	}
	mx, ok := known(Question{domain, MX})
	if !ok {
		return Result{Need: []Question{{domain, MX}}}
	}
	switch mx.Outcome {
	case Found:
	case NoData:
		// The name at the end of a CNAME chain is treated as the name itself.
		if mx.Canonical != "" {
			domain = mx.Canonical
		}
		mx.Records = []Record{{Type: MX, Name: domain, Host: domain}}
	case NXDomain:
		return fail(true, 550, [3]uint16{5, 1, 2}, "the domain "+domain+" does not exist")
	default:
		return fail(false, 451, [3]uint16{4, 4, 3}, "the name servers could not say where mail for "+domain+" goes")
	}
	hosts := candidates(mx.Records, rank)
	if len(hosts) == 0 {
		// Null MX: nothing but the root, RFC 7505 §3.
		return fail(true, 556, [3]uint16{5, 1, 10}, "the domain "+domain+" takes no mail: it has a null MX")
	}
	implicit := mx.Outcome == NoData
	hosts = withoutSelf(hosts, self.Names)
	if len(hosts) == 0 {
		return loop(domain, implicit)
	}
	return resolve(domain, hosts, implicit, self, known)
}

// loop is for mail that this host would send to itself.
func loop(domain string, implicit bool) Result {
	why := "its MX records lead to this host"
	if implicit {
		why = "it has no MX record, and its own address is this host's"
	}
	return fail(true, 554, [3]uint16{5, 4, 6}, "mail for "+domain+" would come back: "+why+", but the domain is not local here")
}

// routeLiteral goes straight to the address (RFC 5321 §4.1.3, §5.1).
func routeLiteral(domain string, self Self) Result {
	bad := fail(true, 501, [3]uint16{5, 1, 3}, strconv.QuoteToASCII(domain)+" is not an address literal: expected one such as [192.0.2.1] or [IPv6:2001:db8::1]")
	inner, ok := strings.CutSuffix(domain[1:], "]")
	if !ok {
		return bad
	}
	const tag = "IPv6:"
	v6 := len(inner) > len(tag) && strings.EqualFold(inner[:len(tag)], tag)
	if v6 {
		inner = inner[len(tag):]
	} else {
		inner = withoutZeros(inner)
	}
	addr, err := netip.ParseAddr(inner)
	if err != nil || addr.Zone() != "" || addr.Is4() == v6 {
		return bad
	}
	if slices.Contains(self.Addrs, addr) {
		return fail(true, 554, [3]uint16{5, 4, 6}, "mail for "+domain+" would come back: this is an address of this host, but not a local domain here")
	}
	return Result{Targets: []Target{{Host: domain, Addrs: []netip.Addr{addr}}}}
}

// withoutZeros writes an IPv4 address without the leading zeros that RFC 5321
// §4.1.3 allows in its numbers. They are decimal all the same.
func withoutZeros(s string) string {
	numbers := strings.Split(s, ".")
	for i, n := range numbers {
		if len(n) == 2 || len(n) == 3 {
			numbers[i] = strings.TrimLeft(n[:len(n)-1], "0") + n[len(n)-1:]
		}
	}
	return strings.Join(numbers, ".")
}

type candidate struct {
	host string
	pref uint16
	rank uint64
}

// candidates sorts the hosts of an MX answer. A host named twice counts with
// its lower number; the root is no host.
func candidates(records []Record, rank func(string) uint64) []candidate {
	hosts := make([]candidate, 0, len(records))
	for _, r := range records {
		if r.Host == "" {
			continue
		}
		i := slices.IndexFunc(hosts, func(c candidate) bool { return c.host == r.Host })
		if i >= 0 {
			hosts[i].pref = min(hosts[i].pref, r.Pref)
			continue
		}
		c := candidate{host: r.Host, pref: r.Pref}
		if rank != nil {
			c.rank = rank(r.Host)
		}
		hosts = append(hosts, c)
	}
	slices.SortFunc(hosts, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.pref, b.pref), cmp.Compare(a.rank, b.rank), cmp.Compare(a.host, b.host))
	})
	return hosts
}

// withoutSelf cuts the list before the preference at which the asking host
// itself stands (RFC 5321 §5.1).
func withoutSelf(hosts []candidate, self []string) []candidate {
	for _, c := range hosts {
		for _, s := range self {
			if Canonical(s) == c.host {
				end := slices.IndexFunc(hosts, func(o candidate) bool { return o.pref == c.pref })
				return hosts[:end]
			}
		}
	}
	return hosts
}

// resolve finds the hosts' addresses. Hosts without one are left out, and so is
// the asking host, known by one of its addresses, with all not better than it
// (RFC 5321 §5.1).
func resolve(domain string, hosts []candidate, implicit bool, self Self, known func(Question) (Answer, bool)) Result {
	types := self.Types()
	var need []Question
	targets := make([]Target, 0, len(hosts))
	unsure := make([]bool, len(hosts)) // no address, but there may be one
	end := len(hosts)
	for i, c := range hosts {
		t := Target{Host: c.host, Pref: c.pref, Implicit: implicit}
		for _, typ := range types {
			q := Question{c.host, typ}
			a, ok := known(q)
			switch {
			case !ok:
				need = append(need, q)
			case a.Outcome == Found:
				if t.Addrs == nil {
					t.Addrs = make([]netip.Addr, 0, len(a.Records))
				}
				for _, r := range a.Records {
					t.Addrs = append(t.Addrs, r.Addr)
				}
			default:
				unsure[i] = unsure[i] || a.Outcome.Temporary()
			}
		}
		if slices.ContainsFunc(t.Addrs, func(a netip.Addr) bool { return slices.Contains(self.Addrs, a) }) {
			end = min(end, slices.IndexFunc(hosts, func(o candidate) bool { return o.pref == c.pref }))
		}
		if len(t.Addrs) > 0 {
			targets = append(targets, t)
		}
	}
	if len(need) > 0 {
		return Result{Need: need}
	}
	if end == 0 {
		return loop(domain, implicit)
	}
	if end < len(hosts) {
		targets = slices.DeleteFunc(targets, func(t Target) bool { return t.Pref >= hosts[end].pref })
	}
	switch {
	case len(targets) > 0:
		return Result{Targets: targets}
	case slices.Contains(unsure[:end], true):
		return fail(false, 451, [3]uint16{4, 4, 3}, "the name servers could not give the address of any host for "+domain)
	case end < len(hosts):
		return loop(domain, implicit)
	}
	what := "an address"
	if self.onlyIPv4() {
		what = "an IPv4 address, the only kind that this host can reach"
	}
	if implicit {
		return fail(true, 550, [3]uint16{5, 4, 4}, "the domain "+domain+" exists, but has neither an MX record nor "+what)
	}
	return fail(true, 550, [3]uint16{5, 4, 4}, "none of the hosts in the MX records of "+domain+" has "+what)
}

// printable says whether a name can stand in a sentence. Every mail domain can.
func printable(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' })
}

func fail(permanent bool, code uint16, enhanced [3]uint16, text string) Result {
	return Result{Failure: &Failure{permanent, code, enhanced, text}}
}
