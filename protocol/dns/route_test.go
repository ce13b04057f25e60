package dns

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drive asks until Route is content, as a host does. faults stand in for
// answers that do not come from the zones.
func drive(t testing.TB, z *Zones, domain string, self Self, faults map[string]Outcome, rank func(string) uint64) (Result, []string) {
	t.Helper()
	answers := map[Question]Answer{}
	var asked []string
	for range 5 {
		r := Route(domain, self, func(q Question) (Answer, bool) { a, ok := answers[q]; return a, ok }, rank)
		if len(r.Need) == 0 {
			return r, asked
		}
		for _, q := range r.Need {
			if _, twice := answers[q]; twice {
				t.Fatalf("%s is asked twice", q)
			}
			asked = append(asked, q.String())
			if o, ok := faults[q.String()]; ok {
				answers[q] = Answer{Outcome: o, Canonical: q.Name}
			} else {
				answers[q] = ask(t, z, q)
			}
		}
	}
	t.Fatal("Route never comes to an end")
	return Result{}, nil
}

// show writes a result in one line.
func show(r Result) string {
	if f := r.Failure; f != nil {
		word := "temporary"
		if f.Permanent {
			word = "permanent"
		}
		return fmt.Sprintf("%s %d %d.%d.%d", word, f.Code, f.Enhanced[0], f.Enhanced[1], f.Enhanced[2])
	}
	var out []string
	for _, t := range r.Targets {
		s := fmt.Sprintf("%d %s", t.Pref, t.Host)
		if t.Implicit {
			s += " implicit"
		}
		for _, a := range t.Addrs {
			s += " " + a.String()
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

const routes = `
$ORIGIN example.
two          MX 20 second
             MX 10 first
             A  192.0.2.99
first        A  192.0.2.1
             A  192.0.2.2
             AAAA 2001:db8::1
second       AAAA 2001:db8::2
implicit     A  192.0.2.3
alias        CNAME two
aliasplain   CNAME implicit
nomail       MX 0 .
             A  192.0.2.4
mixed        MX 0 .
             MX 10 first
nothing      TXT "no address"
half         MX 10 nosuch
             MX 20 second
none         MX 10 nosuch
             MX 20 nothing
             A  192.0.2.5
loop         MX 10 me
             MX 10 first
             MX 20 second
behind       MX 10 first
             MX 20 me
             MX 20 second
             MX 30 third
me           A  192.0.2.6
third        A  192.0.2.7
target       MX 10 cname
cname        CNAME first
twice        MX 20 first
             MX 10 first
twiceback    MX 10 first
             MX 20 first
alone        MX 10 other
other        A  192.0.2.60
             A  192.0.2.61
middle       MX 10 nosuch
             MX 20 other
             MX 20 first
             MX 30 second
fallback     MX 10 first
             MX 20 other
             MX 20 third
circle       CNAME circle2
circle2      CNAME circle
`

func TestRoute(t *testing.T) {
	z := mustZones(t, routes)
	own := []netip.Addr{netip.MustParseAddr("192.0.2.61")}
	tests := []struct {
		rule, domain string
		faults       map[string]Outcome
		addrs        []netip.Addr // the asking host's own
		want, asked  string       // asked: empty is not looked at
	}{
		{"RFC 5321 §5.1: lowest number first; IPv4 before IPv6", "two.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1; 20 second.example 2001:db8::2",
			"MX two.example, A first.example, AAAA first.example, A second.example, AAAA second.example"},
		{"RFC 5321 §2.3.5: domains have no case; a final dot is forgiven", "Two.EXAMPLE.", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1; 20 second.example 2001:db8::2", ""},
		{"RFC 5321 §5.1: no MX is an implicit MX of preference 0", "implicit.example", nil, nil,
			"0 implicit.example implicit 192.0.2.3", "MX implicit.example, A implicit.example, AAAA implicit.example"},
		{"RFC 5321 §5.1: a CNAME's target is treated as the name", "alias.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1; 20 second.example 2001:db8::2", ""},
		{"RFC 5321 §5.1: so is it for the implicit MX", "aliasplain.example", nil, nil,
			"0 implicit.example implicit 192.0.2.3", ""},
		{"RFC 5321 §5.1: the domain does not exist", "nosuch.example", nil, nil, "permanent 550 5.1.2", "MX nosuch.example"},
		{"RFC 5321 §5.1: a temporary error is tried again", "two.example", map[string]Outcome{"MX two.example": ServFail}, nil, "temporary 451 4.4.3", ""},
		{"RFC 5321 §5.1: no answer is a temporary error", "two.example", map[string]Outcome{"MX two.example": Timeout}, nil, "temporary 451 4.4.3", ""},
		{"RFC 7505 §3: null MX, although there is an address", "nomail.example", nil, nil, "permanent 556 5.1.10", "MX nomail.example"},
		{"RFC 7505 §3: beside other MX records it is no null MX", "mixed.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1", ""},
		{"no MX and no address", "nothing.example", nil, nil, "permanent 550 5.4.4", ""},
		{"RFC 5321 §5.1: an MX host without an address is passed over", "half.example", nil, nil, "20 second.example 2001:db8::2", ""},
		{"RFC 5321 §5.1: with MX records the domain's own address is not used", "none.example", nil, nil, "permanent 550 5.4.4",
			"MX none.example, A nosuch.example, AAAA nosuch.example, A nothing.example, AAAA nothing.example"},
		{"an MX host that could not be asked for makes the failure temporary", "none.example", map[string]Outcome{"AAAA nothing.example": Timeout}, nil, "temporary 451 4.4.3", ""},
		{"an address found is used although the other kind could not be asked for", "two.example", map[string]Outcome{"AAAA first.example": ServFail}, nil,
			"10 first.example 192.0.2.1 192.0.2.2; 20 second.example 2001:db8::2", ""},
		{"a fault on an implicit MX's address is temporary", "implicit.example", map[string]Outcome{"A implicit.example": ServFail}, nil, "temporary 451 4.4.3", ""},
		{"RFC 5321 §5.1: this host is the best MX: a loop", "loop.example", nil, nil, "permanent 554 5.4.6", "MX loop.example"},
		{"RFC 5321 §5.1: this host and all not better than it go", "behind.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1", "MX behind.example, A first.example, AAAA first.example"},
		{"this host is the implicit MX: a loop", "me.example", nil, nil, "permanent 554 5.4.6", "MX me.example"},
		{"RFC 2181 §10.3: an alias as MX host is tolerated", "target.example", nil, nil,
			"10 cname.example 192.0.2.1 192.0.2.2 2001:db8::1", ""},
		{"a host named twice counts once, with its lower number", "twice.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1", "MX twice.example, A first.example, AAAA first.example"},
		{"a host named twice counts once, whichever comes first", "twiceback.example", nil, nil,
			"10 first.example 192.0.2.1 192.0.2.2 2001:db8::1", ""},
		{"RFC 1034 §5.2.2: a CNAME loop is a temporary error", "circle.example", nil, nil, "temporary 451 4.4.3", ""},
		{"RFC 5321 §4.1.3: an IPv4 literal needs no DNS", "[192.0.2.1]", nil, nil, "0 [192.0.2.1] 192.0.2.1", ""},
		{"RFC 5321 §4.1.3: an IPv6 literal", "[IPv6:2001:db8::25]", nil, nil, "0 [IPv6:2001:db8::25] 2001:db8::25", ""},
		{"RFC 5321 §4.1.3: IPv6 without its tag is no literal", "[2001:db8::25]", nil, nil, "permanent 501 5.1.3", ""},
		{"RFC 5321 §4.1.3: IPv4 with the tag is none", "[IPv6:192.0.2.1]", nil, nil, "permanent 501 5.1.3", ""},
		{"RFC 5321 §4.1.3: a zone is none", "[IPv6:fe80::1%eth0]", nil, nil, "permanent 501 5.1.3", ""},
		{"RFC 5321 §4.1.3: an open bracket is none", "[192.0.2.1", nil, nil, "permanent 501 5.1.3", ""},
		{"RFC 5321 §4.1.3: one to three digits, leading zeros and all", "[198.051.100.025]", nil, nil, "0 [198.051.100.025] 198.51.100.25", ""},
		{"RFC 5321 §4.1.3: no number of four digits", "[0198.51.100.25]", nil, nil, "permanent 501 5.1.3", ""},
		{"RFC 5321 §5.1: this host by its address alone is a loop", "alone.example", nil, own, "permanent 554 5.4.6", ""},
		{"RFC 5321 §5.1: this host by its address, and all not better than it go", "fallback.example", nil, own, "10 first.example 192.0.2.1 192.0.2.2", ""},
		{"RFC 5321 §5.1: this host by its address, and nobody better", "middle.example", nil, own, "permanent 554 5.4.6", ""},
		{"RFC 5321 §5.1: this host by its address, and a better one that could not be asked for", "middle.example", map[string]Outcome{"A nosuch.example": ServFail}, own, "temporary 451 4.4.3", ""},
		{"RFC 5321 §5.1: this host is the implicit MX by its address", "other.example", nil, own, "permanent 554 5.4.6", ""},
		{"RFC 5321 §5.1: the literal of this host's address is a loop", "[192.0.2.061]", nil, own, "permanent 554 5.4.6", ""},
		{"a host without an IPv6 address does not ask for AAAA", "two.example", nil, own, "10 first.example 192.0.2.1 192.0.2.2",
			"MX two.example, A first.example, A second.example"},
		{"a host with one does", "second.example", nil, []netip.Addr{netip.MustParseAddr("2001:db8::9")}, "0 second.example implicit 2001:db8::2", ""},
		{"not a domain at all", "a..b", nil, nil, "permanent 550 5.1.2", ""},
		{"RFC 1035 §2.3.4: a label of 64 octets", strings.Repeat("a", 64) + ".example", nil, nil, "permanent 550 5.1.2", ""},
		{"the root has no mail", ".", nil, nil, "permanent 550 5.1.2", ""},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			r, asked := drive(t, z, tt.domain, Self{Names: []string{"me.example", "ME2.example."}, Addrs: tt.addrs}, tt.faults, nil)
			if got := show(r); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			if got := strings.Join(asked, ", "); tt.asked != "" && got != tt.asked {
				t.Errorf("asked\n got %s\nwant %s", got, tt.asked)
			}
		})
	}
}

// A failure's text is for a person: it names the domain, and nothing in it is
// raw.
func TestRouteFailureText(t *testing.T) {
	z := mustZones(t, routes)
	for _, domain := range []string{"nosuch.example", "nomail.example", "none.example", "loop.example", "nothing.example", "x\x1b\r\ny", "[\x00]"} {
		r, _ := drive(t, z, domain, Self{Names: []string{"me.example"}}, nil, nil)
		if r.Failure == nil {
			t.Errorf("%q: no failure", domain)
			continue
		}
		if strings.ContainsFunc(r.Failure.Text, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%q: raw octets in %q", domain, r.Failure.Text)
		}
	}
}

// What the failures blame is there to be blamed: no MX record where there is
// none, and no missing address that was not asked for.
func TestRouteFailureBlames(t *testing.T) {
	z := mustZones(t, routes+"sixonly MX 10 second\n")
	me := Self{Names: []string{"me.example"}, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.6")}}
	for domain, want := range map[string]string{
		"loop.example":    "mail for loop.example would come back: its MX records lead to this host, but the domain is not local here",
		"me.example":      "mail for me.example would come back: it has no MX record, and its own address is this host's, but the domain is not local here",
		"[192.0.2.6]":     "mail for [192.0.2.6] would come back: this is an address of this host, but not a local domain here",
		"sixonly.example": "none of the hosts in the MX records of sixonly.example has an IPv4 address, the only kind that this host can reach",
		"second.example":  "the domain second.example exists, but has neither an MX record nor an IPv4 address, the only kind that this host can reach",
	} {
		if r, _ := drive(t, z, domain, me, nil, nil); r.Failure == nil || r.Failure.Text != want {
			t.Errorf("%s: %+v, want %q", domain, r.Failure, want)
		}
	}
}

// RFC 5321 §5.1: sorted by preference, equal ones in the order of rank, each
// host once, and the same every time.
func TestRouteOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "hosts")
		seed := rapid.Uint64().Draw(t, "seed")
		rank := func(host string) uint64 {
			h := fnv.New64a()
			fmt.Fprint(h, seed, host)
			return h.Sum64()
		}
		mx := Answer{Outcome: Found, Canonical: "d.example"}
		want := map[string]uint16{}
		addr := Answer{Outcome: Found, Records: []Record{{Type: A, Addr: netip.MustParseAddr("192.0.2.1")}}}
		for i := range n {
			host := fmt.Sprintf("h%d.example", i)
			pref := rapid.Uint16Range(0, 3).Draw(t, "pref")
			mx.Records = append(mx.Records, Record{Type: MX, Host: host, Pref: pref})
			want[host] = pref
		}
		known := func(q Question) (Answer, bool) {
			if q.Type == MX {
				return mx, true
			}
			return addr, true
		}
		first := Route("d.example", Self{}, known, rank)
		for i, x := range first.Targets {
			if want[x.Host] != x.Pref {
				t.Fatalf("%s has preference %d, want %d", x.Host, x.Pref, want[x.Host])
			}
			delete(want, x.Host)
			if i == 0 {
				continue
			}
			if y := first.Targets[i-1]; y.Pref > x.Pref || y.Pref == x.Pref && rank(y.Host) > rank(x.Host) {
				t.Fatalf("%s stands behind %s", x.Host, y.Host)
			}
		}
		if len(want) > 0 {
			t.Fatalf("missing: %v", want)
		}
		// The order of the answer does not matter, only the seed does.
		slices.Reverse(mx.Records)
		if again := Route("d.example", Self{}, known, rank); show(again) != show(first) {
			t.Fatalf("first %s\nthen %s", show(first), show(again))
		}
	})
}

// Equal preferences share the load: over many seeds each host comes first about
// as often (RFC 5321 §5.1).
func TestRouteShuffle(t *testing.T) {
	z := mustZones(t, "d.example. MX 10 a.example.\nd.example. MX 10 b.example.\na.example. A 192.0.2.1\nb.example. A 192.0.2.2\n")
	first := 0
	for seed := range 1000 {
		r, _ := drive(t, z, "d.example", Self{}, nil, func(host string) uint64 {
			h := fnv.New64a()
			fmt.Fprint(h, seed, host, seed)
			return h.Sum64()
		})
		if r.Targets[0].Host == "a.example" {
			first++
		}
	}
	if first < 400 || first > 600 {
		t.Errorf("a.example came first in %d of 1000 runs", first)
	}
}
