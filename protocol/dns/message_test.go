package dns

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
)

// The octets of a query, against RFC 1035 §4.1 on paper.
func TestAppendQuery(t *testing.T) {
	got, err := AppendQuery([]byte("before"), 0x1267, Question{"mx.Receiver.example", MX})
	want := "before" +
		"\x12\x67" + // id
		"\x01\x00" + // RD
		"\x00\x01\x00\x00\x00\x00\x00\x00" +
		"\x02mx\x08receiver\x07example\x00" +
		"\x00\x0f" + "\x00\x01"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	for _, bad := range []string{"a..b", ".a", "a..", strings.Repeat("a", 64), strings.Repeat("a.", 128), `a\`, `a\999`} {
		if got, err := AppendQuery([]byte("before"), 1, Question{bad, A}); err == nil || string(got) != "before" {
			t.Errorf("%q: got %q, %v; want an error and dst as it was", bad, got, err)
		}
	}
	if _, err := AppendQuery(nil, 1, Question{strings.Repeat("a.", 126) + "a", A}); err != nil {
		t.Errorf("a name of 255 octets: %v", err)
	}
}

// RFC 1035 §4.1.4: names already written are pointed to.
func TestRespondOctets(t *testing.T) {
	z := mustZones(t, "$ORIGIN receiver.example.\n$TTL 300\n@ MX 10 mx\n")
	query, _ := AppendQuery(nil, 0x1267, Question{"receiver.example", MX})
	got, err := z.Respond(query)
	want := "\x12\x67" + "\x85\x80" + // QR AA RD, RA
		"\x00\x01\x00\x01\x00\x00\x00\x00" +
		"\x08receiver\x07example\x00\x00\x0f\x00\x01" +
		"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x07" +
		"\x00\x0a\x02mx\xc0\x0c"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// Another reader of DNS messages must find the same records in our responses.
func TestRespondAgainstLibrary(t *testing.T) {
	z := mustZones(t, internet)
	for r := range z.All() {
		for _, q := range []Question{{r.Name, r.Type}, {r.Name, A}, {r.Name, 255}, {"no." + r.Name, TXT}} {
			query, err := AppendQuery(nil, 9, q)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := z.Respond(query)
			if err != nil {
				t.Fatal(err)
			}
			var m mdns.Msg
			if err := m.Unpack(resp); err != nil {
				t.Errorf("%s: %v", q, err)
				continue
			}
			s := Describe(resp)
			if s.Defect != "" || len(m.Answer) != len(s.Answers) || len(m.Ns) != len(s.Authority) {
				t.Errorf("%s: %+v against %v", q, s, &m)
			}
			for i, x := range m.Answer {
				if want := strings.ReplaceAll(x.String(), "\t", " "); s.Answers[i] != want {
					t.Errorf("%s: %q, want %q", q, s.Answers[i], want)
				}
			}
			if m.Compress = true; m.Len() < len(resp) {
				t.Errorf("%s: %d octets, the library needs %d", q, len(resp), m.Len())
			}
		}
	}
}

func TestRespondOddQueries(t *testing.T) {
	z := mustZones(t, internet)
	good, _ := AppendQuery(nil, 5, Question{"receiver.example", MX})
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	tests := []struct {
		rule  string
		query []byte
		want  Rcode
		fails bool
	}{
		{"too short for a header", good[:11], 0, true},
		{"RFC 1035 §4.1.1: a response is not answered", change(func(b []byte) []byte { b[2] |= 0x80; return b }), 0, true},
		{"RFC 1035 §4.1.1: another opcode is NOTIMP", change(func(b []byte) []byte { b[2] |= 2 << 3; return b }), RcodeNotImp, false},
		{"RFC 1035 §4.1.1: a broken question is FORMERR", good[:20], RcodeFormErr, false},
		{"RFC 9619 §4: two questions are FORMERR", change(func(b []byte) []byte { b[5] = 2; return b }), RcodeFormErr, false},
		{"no question is FORMERR", change(func(b []byte) []byte { b[5] = 0; return b }), RcodeFormErr, false},
		{"another class is REFUSED", change(func(b []byte) []byte { b[len(b)-1] = 3; return b }), RcodeRefused, false},
		{"what is behind the question does not matter", append(bytes.Clone(good), "\x00\x00\x29"...), RcodeNoError, false},
		{"RFC 1035 §2.3.3: the question keeps its case", change(func(b []byte) []byte { b[13] = 'R'; return b }), RcodeNoError, false},
	}
	for _, tt := range tests {
		got, err := z.Respond(tt.query)
		if tt.fails {
			if !errors.Is(err, ErrNotQuery) {
				t.Errorf("%s: error %v, want ErrNotQuery", tt.rule, err)
			}
			continue
		}
		s := Describe(got)
		if err != nil || s.Rcode != tt.want || s.ID != 5 || !s.Response || s.Defect != "" {
			t.Errorf("%s: %v, %+v; want %s", tt.rule, err, s, tt.want)
		}
		if tt.want == RcodeNoError && !bytes.Equal(got[12:34], tt.query[12:34]) {
			t.Errorf("%s: question %q became %q", tt.rule, tt.query[12:34], got[12:34])
		}
	}
}

func TestRespondCode(t *testing.T) {
	q := Question{"receiver.example", MX}
	query, _ := AppendQuery(nil, 77, q)
	for rcode, want := range map[Rcode]Outcome{
		RcodeNXDomain: NXDomain, RcodeServFail: ServFail, RcodeRefused: ServFail, RcodeNoError: NoData,
	} {
		resp, err := RespondCode(query, rcode)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := ParseResponse(resp, 77, q); err != nil || a.Outcome != want || a.TTL != 0 {
			t.Errorf("%s: %+v, %v; want %s", rcode, a, err, want)
		}
	}
}

// RFC 5452 §9.1: an answer counts only if id and question are those asked.
func TestParseResponseRefuses(t *testing.T) {
	z := mustZones(t, internet)
	q := Question{"receiver.example", MX}
	query, _ := AppendQuery(nil, 5, q)
	good, err := z.Respond(query)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, c byte) []byte { b := bytes.Clone(good); b[at] = c; return b }
	other, _ := AppendQuery(nil, 5, Question{"mx.receiver.example", MX})
	otherResp, _ := z.Respond(other)
	for name, msg := range map[string][]byte{
		"another id":       change(1, 6),
		"a query":          query,
		"another question": otherResp,
		"another type":     change(31, byte(A)),
		"another class":    change(33, 3),
		"cut short (TC)":   change(2, good[2]|2),
		"empty":            nil,
		"data too long":    change(45, 200),
	} {
		if a, err := ParseResponse(msg, 5, q); err == nil {
			t.Errorf("%s was taken: %+v", name, a)
		}
	}
	for end := range good {
		if a, err := ParseResponse(good[:end], 5, q); err == nil {
			t.Errorf("the first %d of %d octets were taken: %+v", end, len(good), a)
		}
	}
	if _, err := ParseResponse(good, 5, q); err != nil {
		t.Error(err)
	}
	// The case of the question may differ (RFC 1035 §2.3.3).
	if _, err := ParseResponse(change(13, 'R'), 5, q); err != nil {
		t.Error(err)
	}
}

// Responses of other servers, written by another library.
func TestParseResponseOfOthers(t *testing.T) {
	soa := func(ttl, minimum int) string {
		return fmt.Sprintf("example. %d IN SOA ns.example. h.example. 1 2 3 4 %d", ttl, minimum)
	}
	chain := func(n int) (rrs []string) {
		for i := range n {
			rrs = append(rrs, fmt.Sprintf("c%d.example. 60 IN CNAME c%d.example.", i, i+1))
		}
		return append(rrs, fmt.Sprintf("c%d.example. 30 IN A 192.0.2.1", n))
	}
	backwards := chain(5)
	slices.Reverse(backwards)
	tests := []struct {
		rule      string
		answer    []string
		authority string
		want      Outcome
		ttl       uint32
	}{
		{"RFC 2308 §5: the SOA's minimum, if it is less", nil, soa(900, 300), NoData, 300},
		{"RFC 2308 §5: the SOA's TTL, if it is less", nil, soa(200, 300), NoData, 200},
		{"RFC 1034 §5.2.2: 16 CNAMEs are followed", chain(16), "", Found, 30},
		{"RFC 1034 §5.2.2: 17 are not", chain(17), "", ServFail, 0},
		{"RFC 2181 §5: the order of records means nothing", backwards, "", Found, 30},
		{"records of other names are no answer", []string{"evil.example. 60 IN A 192.0.2.66"}, "", NoData, 0},
	}
	for _, tt := range tests {
		m := new(mdns.Msg).SetQuestion("c0.example.", mdns.TypeA)
		m.Id, m.Response, m.Compress = 3, true, true
		for _, s := range tt.answer {
			m.Answer = append(m.Answer, mustRR(t, s))
		}
		if tt.authority != "" {
			m.Ns = append(m.Ns, mustRR(t, tt.authority))
		}
		msg, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		a, err := ParseResponse(msg, 3, Question{"c0.example", A})
		if err != nil || a.Outcome != tt.want || a.TTL != tt.ttl {
			t.Errorf("%s: %+v, %v; want %s, ttl %d", tt.rule, a, err, tt.want, tt.ttl)
		}
	}
}

func mustRR(t *testing.T, s string) mdns.RR {
	t.Helper()
	rr, err := mdns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// RFC 1035 §4.1.4: a pointer points back, so no message can send a reader in
// circles.
func TestPointers(t *testing.T) {
	for name, off := range map[string]byte{"itself": 12, "forward": 14, "past the end": 0xFF} {
		msg := append(make([]byte, headerLen), 0xC0, off, 0, 1, 0, 1)
		msg[5] = 1
		if s := Describe(msg); s.Defect == "" {
			t.Errorf("a pointer to %s was followed: %+v", name, s)
		}
	}
}

func TestDescribe(t *testing.T) {
	z := mustZones(t, internet)
	query, _ := AppendQuery(nil, 5, Question{"alias.receiver.example", TXT})
	s := Describe(query)
	if s.Response || !s.RecursionDesired || s.Question.String() != "TXT alias.receiver.example" || len(s.Parts) != 2 {
		t.Errorf("query: %+v", s)
	}
	resp, _ := z.Respond(query)
	s = Describe(append(resp, "rest"...))
	wantParts := []Part{
		{"header", 0, 12}, {"question", 12, 40}, {"answer 1", 40, 57}, {"authority 1", 57, len(resp) - 0},
		{"unreadable", len(resp), len(resp) + 4},
	}
	if len(s.Parts) != len(wantParts) {
		t.Fatalf("parts %v, want %v", s.Parts, wantParts)
	}
	for i, p := range s.Parts {
		if p != wantParts[i] {
			t.Errorf("part %v, want %v", p, wantParts[i])
		}
	}
	if s.Defect != "4 octets stand behind the last record" {
		t.Errorf("defect %q", s.Defect)
	}
	if len(s.Answers) != 1 || s.Answers[0] != "alias.receiver.example. 3600 IN CNAME mx.receiver.example." {
		t.Errorf("answers %q", s.Answers)
	}
	if len(s.Authority) != 1 || !strings.HasPrefix(s.Authority[0], "receiver.example. 600 IN SOA ns.receiver.example. ") {
		t.Errorf("authority %q", s.Authority)
	}
}

// Names with odd octets survive the way to the wire and back (RFC 2181 §11).
func TestOddNames(t *testing.T) {
	for _, name := range []string{`a\.b.example`, `\000\255.x`, `with\ space`, `\\`, `a\"\(\)\;\@`, `_dmarc.example`, `\.`, ""} {
		wire, err := packName(nil, name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := nameText(wire); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
	for in, want := range map[string]string{"MX.Receiver.Example.": "mx.receiver.example", ".": "", "a": "a", `a\.`: `a\.`, `a\\.`: `a\\`} {
		if got := Canonical(in); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", in, got, want)
		}
	}
}
