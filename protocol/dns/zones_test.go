package dns

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// internet is what most tests ask.
const internet = `
$TTL 3600
$ORIGIN receiver.example.
@        SOA   ns hostmaster 1 7200 3600 1209600 600
@        MX    20 mx2
         MX    10 mx            ; out of order on purpose
         MX    10 mx            ; twice
         TXT   "v=spf1 mx -all" "two strings"
mx       A     192.0.2.20
         AAAA  2001:db8::20
MX2      A     192.0.2.21       ; names have no case
deep.down.here A 192.0.2.22     ; makes two empty non-terminals
alias    CNAME mx
far      CNAME mail.sender.example.
gone     CNAME nobody.sender.example.
loop1    CNAME loop2
loop2    CNAME loop1
*.wild   MX    5 mx
$ORIGIN sender.example.
$TTL 60
mail     A     192.0.2.10
         A     192.0.2.9
         A     192.0.2.11
@        MX    0 .
$ORIGIN 2.0.192.in-addr.arpa.
10       PTR   mail.sender.example.
`

func mustZones(t testing.TB, src string) *Zones {
	t.Helper()
	z, err := ParseZones(src, "test.zone")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// ask sends a question through real octets both ways.
func ask(t testing.TB, z *Zones, q Question) Answer {
	t.Helper()
	query, err := AppendQuery(nil, 4711, q)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := z.Respond(query)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ParseResponse(resp, 4711, q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return a
}

// data writes records in one line.
func data(rs []Record) string {
	var out []string
	for _, r := range rs {
		switch r.Type {
		case A, AAAA:
			out = append(out, r.Addr.String())
		case MX:
			out = append(out, strings.TrimSpace(string(rune('0'+r.Pref/10))+string(rune('0'+r.Pref%10)))+" "+display(r.Host))
		case TXT:
			out = append(out, strings.Join(r.Text, "|"))
		default:
			out = append(out, r.Host)
		}
	}
	return strings.Join(out, ", ")
}

func TestRespond(t *testing.T) {
	z := mustZones(t, internet)
	tests := []struct {
		rule      string
		question  string
		outcome   Outcome
		canonical string // empty: the name asked for
		data      string
		ttl       uint32
	}{
		{"RFC 1034 §4.3.2 step 3a: the records, in the file's order, each once", "MX receiver.example", Found, "", "20 mx2.receiver.example, 10 mx.receiver.example", 3600},
		{"RFC 1034 §4.3.2: addresses keep their order", "A mail.sender.example", Found, "", "192.0.2.10, 192.0.2.9, 192.0.2.11", 60},
		{"RFC 1034 §3.1: names have no case", "A mx2.receiver.example", Found, "", "192.0.2.21", 3600},
		{"RFC 3596 §2.1: AAAA", "AAAA mx.receiver.example", Found, "", "2001:db8::20", 3600},
		{"RFC 1035 §3.3.14: TXT keeps its strings apart", "TXT receiver.example", Found, "", "v=spf1 mx -all|two strings", 3600},
		{"RFC 1035 §3.5: PTR", "PTR 10.2.0.192.in-addr.arpa", Found, "", "mail.sender.example", 60},
		{"RFC 7505 §3: null MX is the root", "MX sender.example", Found, "", "00 .", 60},
		{"RFC 1034 §3.6.2: CNAME is followed", "A alias.receiver.example", Found, "mx.receiver.example", "192.0.2.20", 3600},
		{"RFC 1034 §3.6.2: a question for the CNAME is not", "CNAME alias.receiver.example", Found, "", "mx.receiver.example", 3600},
		{"RFC 1034 §4.3.2 step 3a: CNAME into another zone; the least TTL counts", "A far.receiver.example", Found, "mail.sender.example", "192.0.2.10, 192.0.2.9, 192.0.2.11", 60},
		{"RFC 2308 §2.1: NXDOMAIN behind a CNAME", "A gone.receiver.example", NXDomain, "nobody.sender.example", "", 0},
		{"RFC 2308 §2.2: NODATA behind a CNAME", "TXT alias.receiver.example", NoData, "mx.receiver.example", "", 600},
		{"RFC 1034 §5.2.2: a CNAME loop ends", "A loop1.receiver.example", ServFail, "", "", 0},
		{"RFC 2308 §2.1: NXDOMAIN, kept as long as the SOA says (RFC 2308 §5)", "A nobody.receiver.example", NXDomain, "", "", 600},
		{"RFC 2308 §5: no SOA, nothing kept", "A nobody.sender.example", NXDomain, "", "", 0},
		{"RFC 2308 §2.2: NODATA", "AAAA mx2.receiver.example", NoData, "", "", 600},
		{"RFC 8020 §2: an empty non-terminal exists", "A down.here.receiver.example", NoData, "", "", 600},
		{"RFC 8020 §2: so does the one above it", "MX here.receiver.example", NoData, "", "", 600},
		{"RFC 8020 §2: and so do the names above the zones", "A example", NoData, "", "", 0},
		{"the scenario is the whole Internet", "MX other.test", NXDomain, "", "", 0},
		{"RFC 4592 §3.3.1: a wildcard covers names that do not exist", "MX a.b.wild.receiver.example", Found, "", "05 mx.receiver.example", 3600},
		{"RFC 4592 §2.2.1: with its own types only", "A a.b.wild.receiver.example", NoData, "", "", 600},
		{"RFC 4592 §2.2.1: not the name it stands under", "MX wild.receiver.example", NoData, "", "", 600},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			typ, name, _ := strings.Cut(tt.question, " ")
			q := Question{Name: name}
			q.Type, _ = ParseType(typ)
			a := ask(t, z, q)
			if tt.canonical == "" {
				tt.canonical = name
			}
			if a.Outcome != tt.outcome || a.Canonical != tt.canonical || data(a.Records) != tt.data || a.TTL != tt.ttl {
				t.Errorf("%s\n got %s, %s, [%s], ttl %d\nwant %s, %s, [%s], ttl %d", q,
					a.Outcome, a.Canonical, data(a.Records), a.TTL,
					tt.outcome, tt.canonical, tt.data, tt.ttl)
			}
		})
	}
}

func TestZonesEmpty(t *testing.T) {
	for name, z := range map[string]*Zones{"zero": {}, "nil": nil, "no text": mustZones(t, "")} {
		if a := ask(t, z, Question{"receiver.example", MX}); a.Outcome != NXDomain {
			t.Errorf("%s zones: %s, want NXDOMAIN", name, a.Outcome)
		}
	}
}

func TestLongChain(t *testing.T) {
	var src strings.Builder
	for i := range 30 {
		src.WriteString("a" + strings.Repeat("x", i) + ". CNAME a" + strings.Repeat("x", i+1) + ".\n")
	}
	src.WriteString("a" + strings.Repeat("x", 30) + ". A 192.0.2.1\n")
	z := mustZones(t, src.String())
	if a := ask(t, z, Question{"a", A}); a.Outcome != ServFail {
		t.Errorf("a chain of 30 is %s, want SERVFAIL", a.Outcome)
	}
	if a := ask(t, z, Question{"a" + strings.Repeat("x", 14), A}); a.Outcome != Found {
		t.Errorf("a chain of 16 is %s, want found", a.Outcome)
	}
}

func TestApexes(t *testing.T) {
	z := mustZones(t, internet+`
$ORIGIN receiver.example.
$ORIGIN inner
host A 192.0.2.30
$ORIGIN receiver.example.
child NS ns.child
$ORIGIN nothing.example.
`)
	got := z.Apexes()
	slices.Sort(got)
	// inner has the SOA of receiver.example above it; nothing.example has no records.
	want := []string{"2.0.192.in-addr.arpa", "child.receiver.example", "receiver.example", "sender.example"}
	if !slices.Equal(got, want) {
		t.Errorf("apexes %q, want %q", got, want)
	}
	for name, want := range map[string]string{
		"mx.receiver.example":         "receiver.example",
		"x.y.inner.receiver.example":  "receiver.example",
		"ns.child.receiver.example":   "child.receiver.example",
		"sender.example":              "sender.example",
		"10.2.0.192.in-addr.arpa":     "2.0.192.in-addr.arpa",
		"no.such.name.sender.example": "sender.example",
		"elsewhere.test":              "",
	} {
		if got, _ := z.Zone(name); got != want {
			t.Errorf("%s lies in %q, want %q", name, got, want)
		}
	}
}

// Every mistake is shown at the first octet of the word that is wrong.
func TestZoneErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{"mx A 192.0.2\n", `1:6: "192.0.2" cannot be used here: expected an IPv4 address, as in: mx A 192.0.2.20`},
		{"\n\nmx.example.   3600 IN AAAA 192.0.2.1\n", `3:28: "192.0.2.1" cannot be used here: expected an IPv6 address, as in: mx AAAA 2001:db8::20`},
		{"a.example. MX ten mx\n", `1:15: "ten" cannot be used here: expected a preference and a host, as in: @ MX 10 mx`},
		{"a.example. MX 70000 mx\n", `1:15: "70000" cannot be used here: expected a preference and a host, as in: @ MX 10 mx`},
		{"a MX 10\nb A 192.0.2.1", `1:6: the line ends too early: expected a preference and a host, as in: @ MX 10 mx`},
		{"a A 192.0.2.1\nlonely\n", `2:1: the line ends too early: expected a name, a type and its data, as in: mx A 192.0.2.20`},
		{"a A\n", `1:3: the line ends too early: expected an IPv4 address, as in: mx A 192.0.2.20`},
		{"$TTL soon\n", `1:6: "soon" cannot be used here: expected seconds, as in: $TTL 3600`},
		{"a A 192.0.2.1 192.0.2.2\n", `1:15: "192.0.2.2" stands behind the end of the record: expected an IPv4 address, as in: mx A 192.0.2.20`},
		{"a (\n A 192.0.2.1\n", `1:3: this parenthesis is not closed: expected )`},
		{"a A 192.0.2.1 )\n", `1:15: this parenthesis closes nothing: expected ( before it`},
		{"a TXT \"x\n", `1:7: this quotation mark is not closed: expected another " on the same line`},
		{"a TXT \"x\\\n\"\n", `1:7: this quotation mark is not closed: expected another " on the same line`},
		{"a 300 CH A 192.0.2.1", `1:7: the class CH is not used here: expected IN, or nothing`},
		{"$ORIGN example.\n", `1:1: $ORIGN is not a directive: expected $ORIGIN or $TTL`},
		{"x A 192.0.2.1\n$include more.zone\n", `2:1: $INCLUDE cannot be used here: expected the records themselves`},
		{"$GENERATE 1-9 a$ A 192.0.2.$\n", `1:1: $GENERATE cannot be used here: expected the records themselves`},
		{"a..b A 192.0.2.1", `1:1: "a..b" is not a name: expected labels of 1 to 63 octets with single dots between them`},
		{"a A 192.0.2.1\nb  B 192.0.2.2\n", `2:4: "B" is not a record type: expected A, AAAA, MX, CNAME, PTR, TXT, NS or SOA`},
		{"a SRV 1 2 3 b\n", `1:3: there are no SRV records here: expected A, AAAA, MX, CNAME, PTR, TXT, NS or SOA`},
		{" A 192.0.2.1\n", `1:2: the first record has no name before it: expected a name, or @ for the origin, at the start of the line`},
		{"a CNAME b\na A 192.0.2.1", `2:3: a has a CNAME and other records: expected a CNAME alone (RFC 1034 §3.6.2)`},
		{"a A 192.0.2.1\na CNAME b\n", `2:3: a has a CNAME and other records: expected a CNAME alone (RFC 1034 §3.6.2)`},
		{"a CNAME b\na CNAME c\n", `2:3: a has two CNAMEs: expected one (RFC 1034 §3.6.2)`},
		{"a SOA ns host (\n 1 ; serial\n 2 ; refresh\n 3x4y\n 4 5 )\n", `4:2: "3x4y" cannot be used here: expected two names and five numbers, as in: @ SOA ns hostmaster 1 7200 3600 1209600 3600`},
	}
	for _, tt := range tests {
		_, err := ParseZones(tt.src, "my.zone")
		var ze *ZoneError
		if !errors.As(err, &ze) {
			t.Errorf("%q: error %v, want a *ZoneError", tt.src, err)
			continue
		}
		if got := err.Error(); got != "my.zone:"+tt.want {
			t.Errorf("%q:\n got %s\nwant my.zone:%s", tt.src, got, tt.want)
		}
	}
}

func TestZonesAll(t *testing.T) {
	z := mustZones(t, "$ORIGIN example.\nb A 192.0.2.2\na TXT x\nb A 192.0.2.1\n")
	var got []string
	for r := range z.All() {
		got = append(got, r.Name+" "+r.Type.String()+" "+data([]Record{r}))
	}
	want := []string{"b.example A 192.0.2.2", "a.example TXT x", "b.example A 192.0.2.1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
