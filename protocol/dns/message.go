package dns

// Queries out, responses in (RFC 1035 §4.1).

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	mdns "github.com/miekg/dns"
)

const (
	headerLen = 12
	classIN   = mdns.ClassINET

	flagQR = 1 << 15
	flagAA = 1 << 10
	flagTC = 1 << 9
	flagRD = 1 << 8
	flagRA = 1 << 7

	maskOpcode = 0xF << 11
	maskRcode  = 0xF

	// maxChain bounds the CNAMEs followed, so that a loop ends (RFC 1034 §5.2.2).
	maxChain = 16
)

// Rcode is a response code (RFC 1035 §4.1.1).
type Rcode uint8

// The response codes a scenario meets.
const (
	RcodeNoError  Rcode = 0
	RcodeFormErr  Rcode = 1
	RcodeServFail Rcode = 2
	RcodeNXDomain Rcode = 3
	RcodeNotImp   Rcode = 4
	RcodeRefused  Rcode = 5
)

// String is the code's mnemonic: "NXDOMAIN".
func (r Rcode) String() string {
	if s, ok := mdns.RcodeToString[int(r)]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", uint8(r))
}

// AppendQuery appends a query message with the given id, recursion desired. It
// fails if the name cannot stand in a message (RFC 1035 §2.3.4).
func AppendQuery(dst []byte, id uint16, q Question) ([]byte, error) {
	start := len(dst)
	dst = append(dst,
		byte(id>>8), byte(id),
		flagRD>>8, 0,
		0, 1, 0, 0, 0, 0, 0, 0)
	dst, err := packName(dst, q.Name)
	if err != nil {
		return dst[:start], err
	}
	return append(dst, byte(q.Type>>8), byte(q.Type), 0, classIN), nil
}

// ID is the id of a message, 0 if it is too short to have one.
func ID(msg []byte) uint16 {
	if len(msg) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(msg)
}

// header is the fixed part of a message.
type header struct {
	id, flags      uint16
	qd, an, ns, ar int
}

func readHeader(msg []byte) (header, error) {
	if len(msg) < headerLen {
		return header{}, errShort
	}
	u := binary.BigEndian.Uint16
	return header{u(msg), u(msg[2:]), int(u(msg[4:])), int(u(msg[6:])), int(u(msg[8:])), int(u(msg[10:]))}, nil
}

// readQuestion reads one question; the name in lower case wire form.
func readQuestion(buf, msg []byte, off int) (name []byte, t Type, class uint16, next int, err error) {
	name, off, err = readName(buf, msg, off)
	if err != nil {
		return name, 0, 0, 0, err
	}
	if off+4 > len(msg) {
		return name, 0, 0, 0, errShort
	}
	t = Type(binary.BigEndian.Uint16(msg[off:]))
	class = binary.BigEndian.Uint16(msg[off+2:])
	return name, t, class, off + 4, nil
}

// rrHead is a record up to its data, msg[data:next].
type rrHead struct {
	typ        Type
	class      uint16
	ttl        uint32
	data, next int
}

// readRR reads a record's owner and head.
func readRR(buf, msg []byte, off int) (owner []byte, h rrHead, err error) {
	owner, off, err = readName(buf, msg, off)
	if err != nil {
		return owner, h, err
	}
	if off+10 > len(msg) {
		return owner, h, errShort
	}
	u := binary.BigEndian
	h = rrHead{Type(u.Uint16(msg[off:])), u.Uint16(msg[off+2:]), u.Uint32(msg[off+4:]),
		off + 10, off + 10 + int(u.Uint16(msg[off+8:]))}
	if h.next > len(msg) {
		return owner, h, errShort
	}
	if h.ttl >= 1<<31 { // RFC 2181 §8
		h.ttl = 0
	}
	return owner, h, nil
}

// ParseResponse reads the response to the query with that id and question. It
// follows the CNAMEs in the response; a loop or a chain of more than 16 is
// ServFail. A chain whose end the response says nothing about is NoData. Every
// response code but NOERROR and NXDOMAIN is ServFail. An error means that msg
// is not the answer to this query: broken, cut short, or to something else.
func ParseResponse(msg []byte, id uint16, q Question) (Answer, error) {
	h, err := readHeader(msg)
	if err != nil {
		return Answer{}, err
	}
	var room, asked [maxName]byte
	want, err := packName(asked[:0], q.Name)
	if err != nil {
		return Answer{}, err
	}
	switch {
	case h.flags&flagQR == 0:
		return Answer{}, fmt.Errorf("dns: a query came where the answer to %s was expected", q)
	case h.id != id:
		return Answer{}, fmt.Errorf("dns: the answer to %s has id %d, expected %d", q, h.id, id)
	case h.flags&flagTC != 0:
		return Answer{}, fmt.Errorf("dns: the answer to %s is cut short", q)
	}
	rcode := Rcode(h.flags & maskRcode)
	if h.qd == 0 && rcode != RcodeNoError && rcode != RcodeNXDomain {
		return Answer{Outcome: ServFail, Canonical: q.Name}, nil // as for FORMERR
	}
	if h.qd != 1 {
		return Answer{}, fmt.Errorf("dns: the answer to %s repeats %d questions, expected 1", q, h.qd)
	}
	name, t, class, off, err := readQuestion(room[:0], msg, headerLen)
	if err != nil {
		return Answer{}, err
	}
	if string(name) != string(want) || t != q.Type || class != classIN {
		return Answer{}, fmt.Errorf("dns: the answer is to %s, expected %s", Question{nameText(name), t}, q)
	}
	if rcode != RcodeNoError && rcode != RcodeNXDomain {
		return Answer{Outcome: ServFail, Canonical: q.Name}, nil
	}

	var records, aliases []Record
	for range h.an {
		owner, rh, err := readRR(room[:0], msg, off)
		if err != nil {
			return Answer{}, err
		}
		off = rh.next
		if rh.class != classIN || rh.typ != q.Type && rh.typ != CNAME {
			continue
		}
		r := Record{Type: rh.typ, Name: q.Name, TTL: rh.ttl}
		if string(owner) != string(want) {
			r.Name = nameText(owner)
		}
		if err := readData(&r, msg, rh.data, rh.next); err != nil {
			return Answer{}, fmt.Errorf("dns: the %s record of %s: %w", r.Type, display(r.Name), err)
		}
		if rh.typ == q.Type {
			if records == nil {
				// No more room than the message can fill: a record has 11 octets at least.
				records = make([]Record, 0, min(h.an, 1+(len(msg)-off)/11))
			}
			records = append(records, r)
		} else {
			aliases = append(aliases, r)
		}
	}
	return h.answer(msg, off, q, records, aliases)
}

// answer draws the conclusion from the records of an answer section.
func (h header) answer(msg []byte, off int, q Question, records, aliases []Record) (Answer, error) {
	a := Answer{Canonical: q.Name, TTL: ^uint32(0)}
	for hops := 0; len(aliases) > 0; hops++ {
		i := 0
		for i < len(aliases) && aliases[i].Name != a.Canonical {
			i++
		}
		if i == len(aliases) {
			break
		}
		if hops == maxChain {
			return Answer{Outcome: ServFail, Canonical: q.Name}, nil
		}
		a.Canonical = aliases[i].Host
		a.TTL = min(a.TTL, aliases[i].TTL)
	}
	if Rcode(h.flags&maskRcode) == RcodeNXDomain {
		a.Outcome = NXDomain
	} else {
		kept := records[:0]
		for _, r := range records {
			if r.Name == a.Canonical {
				kept = append(kept, r)
				a.TTL = min(a.TTL, r.TTL)
			}
		}
		if len(kept) > 0 {
			a.Outcome, a.Records = Found, kept
			return a, nil
		}
		a.Outcome = NoData
	}
	ttl, err := negativeTTL(msg, off, h.ns)
	if err != nil {
		return Answer{}, err
	}
	a.TTL = min(a.TTL, ttl)
	return a, nil
}

// negativeTTL is how long a "no" may be kept: the lesser of the SOA's TTL and
// its minimum, 0 without an SOA (RFC 2308 §5).
func negativeTTL(msg []byte, off, count int) (uint32, error) {
	var room [maxName]byte
	for range count {
		_, rh, err := readRR(room[:0], msg, off)
		if err != nil {
			return 0, err
		}
		off = rh.next
		if rh.typ == SOA && rh.class == classIN && rh.next-rh.data >= 22 {
			return min(rh.ttl, binary.BigEndian.Uint32(msg[rh.next-4:])), nil
		}
	}
	return 0, nil
}

// readData reads the data of a record, msg[off:end], into r.
func readData(r *Record, msg []byte, off, end int) error {
	switch r.Type {
	case A:
		if end-off != 4 {
			return fmt.Errorf("an IPv4 address of %d octets, expected 4", end-off)
		}
		r.Addr = netip.AddrFrom4([4]byte(msg[off:end]))
	case AAAA:
		if end-off != 16 {
			return fmt.Errorf("an IPv6 address of %d octets, expected 16", end-off)
		}
		r.Addr = netip.AddrFrom16([16]byte(msg[off:end]))
	case MX, CNAME, PTR, NS, SOA:
		if r.Type == MX {
			if end-off < 3 {
				return errShort
			}
			r.Pref = binary.BigEndian.Uint16(msg[off:])
			off += 2
		}
		var room [maxName]byte
		name, next, err := readName(room[:0], msg[:end], off)
		if err != nil {
			return err
		}
		if next != end && r.Type != SOA {
			return fmt.Errorf("%d octets stand behind the name", end-next)
		}
		r.Host = nameText(name)
	case TXT:
		for off < end {
			n := int(msg[off])
			if off+1+n > end {
				return errShort
			}
			r.Text = append(r.Text, string(msg[off+1:off+1+n]))
			off += 1 + n
		}
	}
	return nil
}
