package dns

import (
	"errors"
	"testing"
)

// No octets make ParseResponse panic, and what it finds fits the question.
func FuzzParseResponse(f *testing.F) {
	z := mustZones(f, internet)
	for r := range z.All() {
		q := Question{r.Name, r.Type}
		query, _ := AppendQuery(nil, 1, q)
		resp, _ := z.Respond(query)
		f.Add(resp, r.Name, uint16(r.Type))
	}
	f.Fuzz(func(t *testing.T, msg []byte, name string, typ uint16) {
		q := Question{Canonical(name), Type(typ)}
		a, err := ParseResponse(msg, ID(msg), q)
		if err != nil {
			return
		}
		if (a.Outcome == Found) != (len(a.Records) > 0) {
			t.Errorf("%s with %d records", a.Outcome, len(a.Records))
		}
		for _, r := range a.Records {
			if r.Name != a.Canonical || r.Type != q.Type {
				t.Errorf("a record of %s %s answers %s at %s", r.Type, r.Name, q, a.Canonical)
			}
			if (r.Type == A || r.Type == AAAA) && !r.Addr.IsValid() {
				t.Error("an address record without address")
			}
		}
	})
}

// No octets make Describe panic, its parts cover them all, and Respond answers
// whatever it takes for a query with something Describe can read.
func FuzzDescribe(f *testing.F) {
	z := mustZones(f, internet)
	for r := range z.All() {
		query, _ := AppendQuery(nil, 1, Question{r.Name, r.Type})
		resp, _ := z.Respond(query)
		f.Add(query)
		f.Add(resp)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		at := 0
		for _, p := range Describe(msg).Parts {
			if p.Start != at || p.End <= p.Start {
				t.Fatalf("part %v begins not at %d", p, at)
			}
			at = p.End
		}
		if at != len(msg) {
			t.Errorf("the parts end at %d of %d", at, len(msg))
		}
		resp, err := z.Respond(msg)
		if err != nil {
			if !errors.Is(err, ErrNotQuery) {
				t.Error(err)
			}
			return
		}
		if s := Describe(resp); s.Defect != "" || !s.Response {
			t.Errorf("the response to %q cannot be read: %s", msg, s.Defect)
		}
	})
}

// No text makes ParseZones panic; a mistake has a place in the text; and every
// record read can be asked for.
func FuzzParseZones(f *testing.F) {
	f.Add(internet)
	f.Add(routes)
	f.Add("a ( A 192.0.2.1\n\tTXT \"x\\\"y\" z ; c\n) $TTL 1h\n")
	f.Fuzz(func(t *testing.T, src string) {
		z, err := ParseZones(src, "f")
		if err != nil {
			var ze *ZoneError
			if !errors.As(err, &ze) {
				t.Fatalf("%T: %v", err, err)
			}
			if line := ze.lineOf(src); ze.Column < 1 || ze.Column > len(line)+1 {
				t.Errorf("no column %d in line %d %q: %v", ze.Column, ze.Line, line, err)
			}
			return
		}
		asked := 0
		for r := range z.All() {
			if asked++; asked > 50 {
				break
			}
			q := Question{r.Name, r.Type}
			if a := ask(t, z, q); a.Outcome != Found {
				t.Errorf("%s: %s", q, a.Outcome)
			}
		}
	})
}

// lineOf is the line of src an error points at.
func (e *ZoneError) lineOf(src string) string {
	line := 1
	start := 0
	for i := 0; i <= len(src); i++ {
		if i == len(src) || src[i] == '\n' {
			if line == e.Line {
				return src[start:i]
			}
			line, start = line+1, i+1
		}
	}
	return ""
}

// One delivery's questions: the simulation asks three for each.
func BenchmarkDelivery(b *testing.B) {
	z := mustZones(b, internet)
	qs := []Question{{"receiver.example", MX}, {"mx.receiver.example", A}, {"mx.receiver.example", AAAA}}
	b.Run("AppendQuery", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 512)
		for b.Loop() {
			buf, _ = AppendQuery(buf[:0], 1, qs[0])
		}
	})
	for _, q := range qs[:2] {
		query, _ := AppendQuery(nil, 1, q)
		b.Run("Respond/"+q.Type.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				z.Respond(query)
			}
		})
		resp, _ := z.Respond(query)
		b.Run("ParseResponse/"+q.Type.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseResponse(resp, 1, q)
			}
		})
	}
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 512)
		answers := map[Question]Answer{}
		known := func(q Question) (Answer, bool) { a, ok := answers[q]; return a, ok }
		for b.Loop() {
			clear(answers)
			for {
				r := Route("receiver.example", Self{}, known, nil)
				if r.Need == nil {
					break
				}
				for _, q := range r.Need {
					buf, _ = AppendQuery(buf[:0], 1, q)
					resp, _ := z.Respond(buf)
					answers[q], _ = ParseResponse(resp, 1, q)
				}
			}
		}
	})
}
