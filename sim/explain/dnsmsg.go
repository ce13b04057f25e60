package explain

// DNS messages: which octets are what, and what an answer comes to.

import (
	"strconv"
	"strings"

	"helo/protocol/dns"
	"helo/sim/trace"
)

func (s *telling) dnsMessage() {
	s.x.Octets = s.t.Octets(s.e.Octets)
	s.x.Binary = true
	m := dns.Describe(s.x.Octets)
	domain := m.Question.Name
	if domain == "" {
		domain = "the root"
	}
	s.v.set("domain", domain)
	s.v.set("question", m.Question.String())
	s.v.set("id", strconv.Itoa(int(m.ID)))
	s.v.set("rcode", m.Rcode.String())
	if m.Rcode == dns.RcodeNoError {
		s.v.set("rcode", "no error")
	}
	s.v.set("defect", m.Defect)
	kind := s.r.Entry("dns", m.Question.Type.String())
	if kind == nil {
		kind = s.entry("dns", "other")
	}
	s.x.RFC = append(append([]string(nil), kind.RFC...), s.x.RFC...)
	if len(s.x.RFC) > 2 {
		s.x.RFC = s.x.RFC[:2]
	}
	s.dnsParts(&m)
	switch {
	case s.e.Kind == trace.Question:
		s.x.Means = s.v.fill(kind.Note("question"))
	case m.Defect != "":
		s.x.Means = s.v.fill(s.entry("dns", "broken").Note("here"))
	default:
		s.x.Means = s.v.fill(s.dnsMeans(kind, &m))
	}
}

// dnsMeans picks the sentence for an answer.
func (s *telling) dnsMeans(kind *Entry, m *dns.Summary) string {
	if m.Rcode != dns.RcodeNoError {
		return s.rcodeMeans(m)
	}
	var found [][]string
	var alias []string
	for _, record := range m.Answers {
		f := strings.Fields(record)
		switch {
		case len(f) < 5:
		case f[3] == m.Question.Type.String():
			found = append(found, f)
		case f[3] == "CNAME":
			alias = f
		}
	}
	switch {
	case len(found) == 0 && alias != nil:
		s.v.set("data", recordData(alias))
		return s.entry("dns", "CNAME").Note("answer")
	case len(found) == 0:
		return kind.Note("no data")
	case m.Question.Type == dns.MX:
		return s.mxMeans(kind, found)
	}
	data := make([]string, len(found))
	for i, f := range found {
		data[i] = recordData(f)
	}
	s.v.set("data", strings.Join(data, " and "))
	return kind.Note("answer")
}

// rcodeMeans picks the sentence for an answer that is an error. What it does to
// mail is certain only if the question was about a mail domain.
func (s *telling) rcodeMeans(m *dns.Summary) string {
	entry := s.r.Entry("dns", m.Rcode.String())
	if entry == nil {
		entry = s.entry("dns", "other rcode")
	}
	if text := entry.Note("MX"); text != "" && m.Question.Type == dns.MX {
		return text
	}
	return entry.Note("here")
}

// mxMeans picks the sentence for MX records: the lowest number comes first.
func (s *telling) mxMeans(kind *Entry, found [][]string) string {
	best, bestPref := -1, 0
	for i, f := range found {
		pref, err := strconv.Atoi(f[4])
		if err == nil && len(f) > 5 && (best < 0 || pref < bestPref) {
			best, bestPref = i, pref
		}
	}
	if best < 0 {
		return kind.Note("no data")
	}
	if len(found) == 1 && found[0][5] == "." {
		return kind.Note("null")
	}
	s.v.set("host", strings.TrimSuffix(found[best][5], "."))
	s.v.set("preference", strconv.Itoa(bestPref))
	s.v.set("n", strconv.Itoa(len(found)))
	if len(found) > 1 {
		return kind.Note("answers")
	}
	return kind.Note("answer")
}

// dnsParts names the octets.
func (s *telling) dnsParts(m *dns.Summary) {
	answers, authority := m.Answers, m.Authority
	next := func(list *[]string) {
		if len(*list) > 0 {
			s.v.set("record", (*list)[0])
			*list = (*list)[1:]
		}
	}
	for _, p := range m.Parts {
		name, _, _ := strings.Cut(p.Name, " ")
		switch name {
		case "header":
			s.part(p.Start, p.Start+2, s.entry("dns", "id"), "part")
			note := "part query"
			if m.Response {
				note = "part response"
			}
			s.part(p.Start+2, p.Start+4, s.entry("dns", "flags"), note)
			s.v.set("n", s.counts(p.Start+4))
			s.part(p.Start+4, p.End, s.entry("dns", "counts"), "part")
			continue
		case "answer":
			next(&answers)
		case "authority":
			next(&authority)
		}
		s.part(p.Start, p.End, s.entry("dns", name), "part").Broken = name == "unreadable"
	}
}

// counts reads the four numbers of a header: "1 question, 2 answers".
func (s *telling) counts(at int) string {
	var words []string
	for i, noun := range []string{"question", "answer", "authority record", "additional record"} {
		n := int(s.x.Octets[at+2*i])<<8 | int(s.x.Octets[at+2*i+1])
		if n > 0 {
			words = append(words, count(n, noun))
		}
	}
	if words == nil {
		return "no questions and no records"
	}
	return strings.Join(words, ", ")
}
