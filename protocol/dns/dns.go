// Package dns is the domain name system as mail sees it: zones written as
// ordinary master files, questions and answers as real messages, and the rules
// by which a mail server finds out where a letter goes.
//
// Nothing here reads a socket or a clock. [Zones.Respond] turns the octets of a
// query into the octets of a response, [ParseResponse] turns those into an
// [Answer], and [Route] is a function of the answers known so far.
//
// Names are canonical everywhere in this package's API: lower case, without the
// final dot, octets outside the printable range written \DDD (RFC 1035 §5.1).
// The root is the empty string. [Canonical] brings a name into that form.
package dns

import (
	"net/netip"
	"strconv"
	"strings"
)

// Type is a record type, by its number on the wire (RFC 1035 §3.2.2).
type Type uint16

// The record types that zones may hold and questions may ask for.
const (
	A     Type = 1  // RFC 1035 §3.4.1
	NS    Type = 2  // RFC 1035 §3.3.11
	CNAME Type = 5  // RFC 1035 §3.3.1
	SOA   Type = 6  // RFC 1035 §3.3.13
	PTR   Type = 12 // RFC 1035 §3.3.12
	MX    Type = 15 // RFC 1035 §3.3.9
	TXT   Type = 16 // RFC 1035 §3.3.14
	AAAA  Type = 28 // RFC 3596 §2.1
)

var typeNames = []struct {
	t    Type
	name string
}{
	{A, "A"}, {AAAA, "AAAA"}, {MX, "MX"}, {CNAME, "CNAME"},
	{PTR, "PTR"}, {TXT, "TXT"}, {NS, "NS"}, {SOA, "SOA"},
}

// String is the type's mnemonic, or "TYPE257" for one that has none here
// (RFC 3597 §5).
func (t Type) String() string {
	for _, n := range typeNames {
		if n.t == t {
			return n.name
		}
	}
	return "TYPE" + strconv.FormatUint(uint64(t), 10)
}

// ParseType reads a mnemonic such as "MX", in any case.
func ParseType(s string) (Type, bool) {
	for _, n := range typeNames {
		if strings.EqualFold(n.name, s) {
			return n.t, true
		}
	}
	return 0, false
}

// Question is what one asks: the records of one type at one name. The class is
// always IN.
type Question struct {
	Name string // canonical
	Type Type
}

// String writes the question as people say it: "MX receiver.example".
func (q Question) String() string { return q.Type.String() + " " + display(q.Name) }

// Record is one resource record. Which fields are set depends on Type.
type Record struct {
	Type Type
	Name string     // owner, canonical
	TTL  uint32     // seconds
	Pref uint16     // MX
	Host string     // MX, CNAME, PTR, NS, and SOA's primary server; canonical, "" is the root
	Addr netip.Addr // A, AAAA
	Text []string   // TXT: the character-strings, their octets as they are
}

// Outcome is what came of a question.
type Outcome uint8

// The outcomes. The last two are temporary: asking again later may help.
const (
	Found    Outcome = iota + 1 // there are records
	NoData                      // the name exists, but not with this type (RFC 2308 §2.2)
	NXDomain                    // the name does not exist (RFC 2308 §2.1)
	ServFail                    // the server could not tell, or refused
	Timeout                     // no answer came; set by whoever waited
)

// String says the outcome in a word or two.
func (o Outcome) String() string {
	switch o {
	case Found:
		return "found"
	case NoData:
		return "no data"
	case NXDomain:
		return "NXDOMAIN"
	case ServFail:
		return "SERVFAIL"
	case Timeout:
		return "timeout"
	}
	return "no outcome"
}

// Temporary says whether the same question may be answered later.
func (o Outcome) Temporary() bool { return o != Found && o != NoData && o != NXDomain }

// Answer is what a question brought.
type Answer struct {
	Outcome   Outcome
	Canonical string   // the name at the end of the CNAME chain; the question's own without one
	Records   []Record // those of the type asked for, in the response's order
	TTL       uint32   // seconds the answer may be kept: the least of the records used, or RFC 2308 §5
}

// Canonical brings a domain name into the form this package uses: lower case
// (of ASCII letters only), without the final dot. It does not check the name.
func Canonical(name string) string {
	if n := len(name); n > 0 && name[n-1] == '.' {
		// An escaped dot, \., is part of the last label.
		slashes := 0
		for i := n - 2; i >= 0 && name[i] == '\\'; i-- {
			slashes++
		}
		if slashes%2 == 0 {
			name = name[:n-1]
		}
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			b := []byte(name)
			lower(b)
			return string(b)
		}
	}
	return name
}

// display is how a name stands in text: the root needs its dot to be seen.
func display(name string) string {
	if name == "" {
		return "."
	}
	return name
}
