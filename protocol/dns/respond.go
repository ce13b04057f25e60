package dns

// A name server's side: queries in, responses out (RFC 1034 §4.3.2).

import (
	"encoding/binary"
	"errors"
)

// ErrNotQuery is returned for octets that no response can be given to: too few
// for a header, or a response themselves.
var ErrNotQuery = errors.New("dns: not a query")

const typeANY Type = 255

// Respond answers a query message. It is resolver and authority in one, and so
// sets both AA and RA.
//
// A CNAME is followed through all zones (RFC 1034 §4.3.2 step 3a); in a loop
// each record stands once, and the asker finds out; more than 16 in a row are
// SERVFAIL. Under a name that exists
// without the type asked for, or with names below it only, the response is
// NOERROR without an answer; for a name that does not exist, NXDOMAIN, also
// behind a CNAME (RFC 2308 §2.1, §2.2). Both carry the zone's SOA if it has
// one. Wildcards count (RFC 4592). Delegations inside the zones are not
// referred to but answered.
//
// Records stand in the file's order. The response is never cut short, even
// past 512 octets: the simulated network carries it whole. What comes behind
// the question, EDNS included, is ignored, as a server from before RFC 6891 does.
func (z *Zones) Respond(query []byte) ([]byte, error) {
	if z == nil {
		z = &Zones{}
	}
	m, name, t, rcode, err := openResponse(query)
	if err != nil {
		return nil, err
	}
	if rcode != RcodeNoError {
		m.code(rcode)
		return m.b, nil
	}

	var seen [maxChain]*node // the CNAMEs followed
	hops := 0
	for {
		n := z.find(name)
		if n == nil {
			m.code(RcodeNXDomain)
			m.negative(z, name)
			return m.b, nil
		}
		owner := n.wire
		if string(name) != owner { // by a wildcard
			owner = string(name)
		}
		if hops == 0 {
			m.know(owner, headerLen)
		}
		if t == typeANY {
			for i := range n.sets {
				m.answer(owner, &n.sets[i])
			}
			return m.b, nil
		}
		if s := n.set(t); s != nil {
			m.answer(owner, s)
			return m.b, nil
		}
		alias := n.set(CNAME)
		if alias == nil {
			m.negative(z, name)
			return m.b, nil
		}
		for _, old := range seen[:hops] {
			if old == n {
				return m.b, nil
			}
		}
		if hops == len(seen) {
			m.code(RcodeServFail)
			return m.b, nil
		}
		m.answer(owner, alias)
		seen[hops] = n
		hops++
		name = append(name[:0], alias.rrs[0].names[0]...)
	}
}

// RespondCode answers a query with a response code and nothing else: what a
// fault makes of a name server.
func RespondCode(query []byte, rcode Rcode) ([]byte, error) {
	m, _, _, bad, err := openResponse(query)
	if err != nil {
		return nil, err
	}
	if bad != RcodeNoError {
		rcode = bad
	}
	m.code(rcode)
	return m.b, nil
}

// openResponse begins the response to a query: its header and its question,
// octet for octet. The code says what is wrong with the query, if anything.
func openResponse(query []byte) (m builder, name []byte, t Type, rcode Rcode, err error) {
	h, err := readHeader(query)
	if err != nil || h.flags&flagQR != 0 {
		return m, nil, 0, 0, ErrNotQuery
	}
	flags := flagQR | h.flags&(maskOpcode|flagRD) | flagAA | flagRA
	m.b = make([]byte, headerLen, 160)
	binary.BigEndian.PutUint16(m.b, h.id)
	binary.BigEndian.PutUint16(m.b[2:], flags)
	if h.flags&maskOpcode != 0 {
		return m, nil, 0, RcodeNotImp, nil
	}
	if h.qd != 1 {
		return m, nil, 0, RcodeFormErr, nil
	}
	name, t, class, end, err := readQuestion(make([]byte, 0, maxName), query, headerLen)
	if err != nil {
		return m, nil, 0, RcodeFormErr, nil
	}
	m.b = append(m.b, query[headerLen:end]...)
	m.b[5] = 1 // QDCOUNT
	if class != classIN {
		return m, nil, 0, RcodeRefused, nil
	}
	return m, name, t, RcodeNoError, nil
}

// builder writes a response, pointing back to names already written (RFC 1035
// §4.1.4).
type builder struct {
	b    []byte
	seen [24]struct {
		wire string
		off  uint16
	}
	n int
}

func (m *builder) code(r Rcode) { m.b[3] = m.b[3]&^maskRcode | byte(r) }

// count adds one to a counter of the header.
func (m *builder) count(at int) {
	binary.BigEndian.PutUint16(m.b[at:], binary.BigEndian.Uint16(m.b[at:])+1)
}

const countAnswer, countAuthority = 6, 8

func (m *builder) answer(owner string, s *rrset) {
	for i := range s.rrs {
		m.record(owner, s.typ, &s.rrs[i], s.rrs[i].ttl)
		m.count(countAnswer)
	}
}

// negative adds the SOA that says how long a "no" may be kept (RFC 2308 §3).
func (m *builder) negative(z *Zones, name []byte) {
	wire := string(name)
	apex, s := z.soa(wire)
	if s == nil {
		return
	}
	if m.n == 0 {
		m.know(wire, headerLen)
	}
	m.record(apex, SOA, &s.rrs[0], min(s.rrs[0].ttl, s.rrs[0].minimum()))
	m.count(countAuthority)
}

func (m *builder) record(owner string, t Type, x *rr, ttl uint32) {
	m.name(owner)
	m.b = append(m.b, byte(t>>8), byte(t), 0, classIN,
		byte(ttl>>24), byte(ttl>>16), byte(ttl>>8), byte(ttl), 0, 0)
	start := len(m.b)
	m.b = append(m.b, x.front...)
	for _, n := range x.names {
		m.name(n)
	}
	m.b = append(m.b, x.back...)
	binary.BigEndian.PutUint16(m.b[start-2:], uint16(len(m.b)-start))
}

// name writes a wire name, as short as the names before it allow.
func (m *builder) name(wire string) {
	for len(wire) > 1 {
		for i := range m.seen[:m.n] {
			if m.seen[i].wire == wire {
				off := m.seen[i].off
				m.b = append(m.b, 0xC0|byte(off>>8), byte(off))
				return
			}
		}
		m.remember(wire, len(m.b))
		n := 1 + int(wire[0])
		m.b = append(m.b, wire[:n]...)
		wire = wire[n:]
	}
	m.b = append(m.b, 0)
}

// know remembers a name that stands whole at an offset, and its ends.
func (m *builder) know(wire string, off int) {
	for len(wire) > 1 {
		m.remember(wire, off)
		n := 1 + int(wire[0])
		wire, off = wire[n:], off+n
	}
}

func (m *builder) remember(wire string, off int) {
	if m.n < len(m.seen) && off < 1<<14 {
		m.seen[m.n].wire, m.seen[m.n].off = wire, uint16(off)
		m.n++
	}
}
