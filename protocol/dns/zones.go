package dns

// Zones as data: what a master file says, ready to answer from.

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"
)

// Zones is all that the name servers of a scenario know. To a scenario it is
// the whole Internet: a name that no zone has does not exist, wherever it lies.
// It never changes after [ParseZones] and may be shared. The zero value knows
// no names.
type Zones struct {
	nodes   map[string]*node // by wire name; empty non-terminals too
	records []Record         // as written
	apexes  []string
	wild    bool // some name begins with the label *
}

// node is a name that exists. Without sets it is an empty non-terminal.
type node struct {
	wire string
	apex bool
	sets []rrset // by type
}

// rrset is the records of one type at one name, in the file's order, each once.
type rrset struct {
	typ Type
	rrs []rr
}

// rr is a record's TTL and data, its names apart so that they can be compressed.
type rr struct {
	ttl   uint32
	front string // octets before the names: MX's preference
	names []string
	back  string // octets behind them
}

func (n *node) set(t Type) *rrset {
	for i := range n.sets {
		if n.sets[i].typ == t {
			return &n.sets[i]
		}
	}
	return nil
}

// All gives every record, in the order written.
func (z *Zones) All() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, r := range z.records {
			r.Text = slices.Clone(r.Text)
			if !yield(r) {
				return
			}
		}
	}
}

// Apexes gives the names at the top of the zones, in the order written. See
// [ParseZones] for how they are told apart.
func (z *Zones) Apexes() []string { return slices.Clone(z.apexes) }

// Zone names the zone that holds a name: the nearest apex at or above it.
func (z *Zones) Zone(name string) (apex string, ok bool) {
	var room [maxName]byte
	b, err := packName(room[:0], name)
	if err != nil {
		return "", false
	}
	for wire, ok := string(b), true; ok; wire, ok = parent(wire) {
		if n := z.nodes[wire]; n != nil && n.apex {
			return nameText([]byte(wire)), true
		}
	}
	return "", false
}

// soa finds the SOA of the zone that holds a wire name: its apex and the set.
func (z *Zones) soa(wire string) (string, *rrset) {
	for ok := true; ok; wire, ok = parent(wire) {
		if n := z.nodes[wire]; n != nil && n.apex {
			return n.wire, n.set(SOA)
		}
	}
	return "", nil
}

// find looks a wire name up: the node with its data, or nil. A name that does
// not exist may be covered by a wildcard at its closest encloser (RFC 1034
// §4.3.2 step 3c, RFC 4592 §3.3.1).
func (z *Zones) find(wire []byte) *node {
	if n := z.nodes[string(wire)]; n != nil {
		return n
	}
	if !z.wild {
		return nil
	}
	for up, ok := parent(string(wire)); ok; up, ok = parent(up) {
		if z.nodes[up] != nil {
			return z.nodes["\x01*"+up]
		}
	}
	return nil
}

// add puts a record in, data its uncompressed wire form. The names above its
// owner exist from then on (RFC 8020 §2).
func (z *Zones) add(owner string, r Record, data []byte) {
	z.records = append(z.records, r)
	if z.nodes == nil {
		z.nodes = map[string]*node{}
	}
	n := z.nodes[owner]
	if n == nil {
		n = &node{wire: owner}
		z.nodes[owner] = n
		for up, ok := parent(owner); ok; up, ok = parent(up) {
			if z.nodes[up] == nil {
				z.nodes[up] = &node{wire: up}
			}
		}
		z.wild = z.wild || strings.HasPrefix(owner, "\x01*")
	}
	s := n.set(r.Type)
	if s == nil {
		n.sets = append(n.sets, rrset{typ: r.Type})
		slices.SortFunc(n.sets, func(a, b rrset) int { return int(a.typ) - int(b.typ) })
		s = n.set(r.Type)
	}
	x := split(r.Type, data)
	x.ttl = r.TTL
	for _, old := range s.rrs {
		if old.front == x.front && old.back == x.back && slices.Equal(old.names, x.names) {
			return // a set holds no record twice (RFC 2181 §5)
		}
	}
	s.rrs = append(s.rrs, x)
}

// split takes the names out of a record's data.
func split(t Type, data []byte) rr {
	front, count := 0, 0
	switch t {
	case MX:
		front, count = 2, 1
	case CNAME, PTR, NS:
		count = 1
	case SOA:
		count = 2
	}
	x := rr{front: string(data[:front])}
	data = data[front:]
	for range count {
		end := 0
		for data[end] != 0 {
			end += 1 + int(data[end])
		}
		name := slices.Clone(data[:end+1])
		lower(name)
		x.names = append(x.names, string(name))
		data = data[end+1:]
	}
	x.back = string(data)
	return x
}

// minimum is the last field of an SOA.
func (x rr) minimum() uint32 {
	if len(x.back) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32([]byte(x.back[len(x.back)-4:]))
}
