package dns

// Any DNS message in words, and which octets are which.

import (
	"fmt"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// Summary is a message read for people. Of a broken message it holds what
// could be read, and Defect says what could not.
type Summary struct {
	ID                 uint16
	Response           bool // else a query
	Authoritative      bool // AA
	Truncated          bool // TC
	RecursionDesired   bool // RD
	RecursionAvailable bool // RA
	Opcode             uint8
	Rcode              Rcode
	Question           Question // the first one
	Answers            []string // records as a master file writes them
	Authority          []string
	Parts              []Part
	Defect             string // empty if every octet could be read
}

// Part names the octets msg[Start:End] of a message. The parts follow each
// other without a gap: "header", "question", "answer 1", "authority 1",
// "additional 1", and "unreadable" for the rest of a broken message.
type Part struct {
	Name       string
	Start, End int
}

// Describe reads any octets as a DNS message.
func Describe(msg []byte) Summary {
	var s Summary
	off := 0
	stop := func(err error) Summary {
		s.Defect = strings.TrimPrefix(err.Error(), "dns: ")
		if off < len(msg) {
			s.Parts = append(s.Parts, Part{"unreadable", off, len(msg)})
		}
		return s
	}
	h, err := readHeader(msg)
	if err != nil {
		return stop(err)
	}
	s.ID = h.id
	s.Response = h.flags&flagQR != 0
	s.Authoritative = h.flags&flagAA != 0
	s.Truncated = h.flags&flagTC != 0
	s.RecursionDesired = h.flags&flagRD != 0
	s.RecursionAvailable = h.flags&flagRA != 0
	s.Opcode = uint8(h.flags & maskOpcode >> 11)
	s.Rcode = Rcode(h.flags & maskRcode)
	s.Parts = append(s.Parts, Part{"header", 0, headerLen})
	off = headerLen

	var room [maxName]byte
	for i := range h.qd {
		name, t, _, next, err := readQuestion(room[:0], msg, off)
		if err != nil {
			return stop(err)
		}
		part := "question"
		if i == 0 {
			s.Question = Question{nameText(name), t}
		} else {
			part = "question " + strconv.Itoa(i+1)
		}
		s.Parts = append(s.Parts, Part{part, off, next})
		off = next
	}
	sections := []struct {
		name  string
		count int
		out   *[]string
	}{
		{"answer", h.an, &s.Answers},
		{"authority", h.ns, &s.Authority},
		{"additional", h.ar, nil},
	}
	for _, section := range sections {
		for i := range section.count {
			_, rh, err := readRR(room[:0], msg, off)
			if err != nil {
				return stop(err)
			}
			if section.out != nil {
				*section.out = append(*section.out, presentation(msg, off, rh.next))
			}
			s.Parts = append(s.Parts, Part{section.name + " " + strconv.Itoa(i+1), off, rh.next})
			off = rh.next
		}
	}
	if off < len(msg) {
		return stop(fmt.Errorf("%d octets stand behind the last record", len(msg)-off))
	}
	return s
}

// presentation writes the record msg[off:end] as a master file does.
func presentation(msg []byte, off, end int) string {
	x, _, err := mdns.UnpackRR(msg[:end], off)
	if err != nil {
		return "a record that cannot be read"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, x.String())
}
