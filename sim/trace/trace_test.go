package trace

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"helo/protocol/smtp"
)

func TestEventIs48Octets(t *testing.T) {
	if size := unsafe.Sizeof(Event{}); size != 48 {
		t.Errorf("an event has %d octets, want 48", size)
	}
}

func TestKindsHaveWordsAndLayers(t *testing.T) {
	for k := Kind(1); k < kinds; k++ {
		if got, ok := ParseKind(k.String()); !ok || got != k {
			t.Errorf("kind %d is called %q, which is read as %d", k, k, got)
		}
	}
	for k, layer := range map[Kind]Layer{Connect: Wire, Unanswered: Wire, Command: Line, Answer: Line, Decided: Deed, Stalled: Deed} {
		if k.Layer() != layer {
			t.Errorf("%s is of layer %s, want %s", k, k.Layer(), layer)
		}
	}
}

// Octets of any size come back as they were, and events too.
func TestAppendAndStore(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "a"}, {ID: "b"}})
	var want [][]byte
	for i := range 3000 {
		octets := bytes.Repeat([]byte{byte(i)}, i*7%5000)
		if i == 1500 {
			octets = bytes.Repeat([]byte("x"), 1<<20)
		}
		want = append(want, octets)
		if pos := tr.Append(Event{Kind: Sent, Arg: uint32(i), Octets: tr.Store(octets)}); pos != Pos(i) {
			t.Fatalf("position %d, want %d", pos, i)
		}
	}
	for i, octets := range want {
		if e := tr.At(Pos(i)); e.Arg != uint32(i) || !bytes.Equal(tr.Octets(e.Octets), octets) {
			t.Fatalf("event %d came back changed", i)
		}
	}
	part := tr.At(1500).Octets.Part(10, 3)
	if got := string(tr.Octets(part)); got != "xxx" {
		t.Errorf("part is %q", got)
	}
}

// Readers need no lock: what Len covers is there (run with -race).
func TestReadersWithoutLock(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), nil)
	const n = 20000
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for tr.Len() < n {
				if end := tr.End(); end > 0 {
					e := tr.At(end - 1)
					if want := fmt.Sprint(end - 1); string(tr.Octets(e.Octets)) != want {
						t.Errorf("event %s holds %q", want, tr.Octets(e.Octets))
						return
					}
				}
			}
		}()
	}
	for i := range n {
		tr.Append(Event{Octets: tr.Store(fmt.Append(nil, i))})
	}
	wg.Wait()
}

// session is a small trace: MAIL refused once, then accepted, then a letter.
func session() *Trace {
	t := New("test", 1, time.Unix(0, 0), []Host{{ID: "msa"}, {ID: "mx"}})
	line := func(kind Kind, host, peer HostID, verb smtp.Verb, code uint16, to smtp.State, text string) {
		t.Append(Event{Kind: kind, Host: host, Peer: peer, Verb: verb, Code: code, To: to, Octets: t.Store([]byte(text)), Letter: 1, Cause: NoPos})
	}
	line(Connect, 1, 2, smtp.None, 25, 0, "")
	line(Command, 1, 2, smtp.MAIL, 0, smtp.StateGreeted, "MAIL FROM: <a@b.example>\r\n")
	line(Decided, 2, 1, smtp.MAIL, 501, smtp.StateGreeted, "MAIL FROM: <a@b.example>\r\n")
	line(Reply, 2, 1, smtp.MAIL, 501, 0, "501 5.5.4 no\r\n")
	line(Command, 1, 2, smtp.MAIL, 0, smtp.StateGreeted, "MAIL FROM:<a@b.example>\r\n")
	line(Decided, 2, 1, smtp.MAIL, 250, smtp.StateTransaction, "MAIL FROM:<a@b.example>\r\n")
	line(Reply, 2, 1, smtp.MAIL, 250, 0, "250 2.1.0 ok\r\n")
	line(Accepted, 2, 0, 0, 0, 0, "bob@c.example")
	line(Queued, 2, 0, 0, 451, 0, "bob@c.example")
	line(Stored, 2, 0, 0, 0, 0, "bob@c.example")
	return t
}

func TestPatternFind(t *testing.T) {
	tr := session()
	for _, c := range []struct {
		pattern string
		want    int // -1: none
	}{
		{"connect", 0},
		{"msa", 0},
		{"msa>mx at=MAIL", 1},
		{"msa>mx at=MAIL n=2", 4},
		{"mx>msa reply", 3},
		{"mx>msa reply n=2", 6},
		{"reply code=250", 6},
		{"reply code=5yz", 3},
		{"code=25", -2},
		{"code=50z", 2},
		{"code=250", 5}, // a port is not a code
		{`mx state="transaction open" from=a@b.example`, 5},
		{`mx state="transaction open" from=x@b.example`, -1},
		{`at=MAIL code=501 line~"FROM: *[^<]"`, 2},
		{`line="501 5.5.4 no"`, 3},
		{"stored to=bob@c.example", 9},
		{"stored to=bob@C.Example", 9},                      // a domain has no case,
		{"stored to=Bob@c.example", -1},                     // a local-part may have one
		{`mx state="transaction open" from=a@B.EXAMPLE`, 5}, // (RFC 5321 §2.4)
		{"stored to=eve@c.example", -1},
		{"mx>mx", -1},
		{"conn=1", -1},
		{"letter=1 queued", 8},
		{"attempt=1", -1},
		{"state=confused", -2},
		{"at=HOWDY", -2},
		{"msa mx", -2},
		{"hallo~x", -2},
		{"at~x", -2},
		{"line~(", -2},
		{"n=0", -2},
		{"", -2},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			if c.want != -2 {
				t.Errorf("%s: %v", c.pattern, err)
			}
			continue
		}
		if c.want == -2 {
			t.Errorf("%s: was read, want an error", c.pattern)
			continue
		}
		got := -1
		if pos, ok := p.Find(tr, 0, tr.End()); ok {
			got = int(pos)
		}
		if got != c.want {
			t.Errorf("%s: event %d, want %d", c.pattern, got, c.want)
		}
	}
}

func TestPatternCheckHosts(t *testing.T) {
	p, err := ParsePattern("reply msa>sun")
	if err != nil {
		t.Fatal(err)
	}
	err = p.CheckHosts(session())
	if err == nil || !strings.Contains(err.Error(), `column 7: no host "sun" here; the hosts are msa, mx`) {
		t.Errorf("got %v", err)
	}
}

// The index says which rows there are and who is responsible, however often it
// is brought up to date.
func TestRowsFollowCustody(t *testing.T) {
	tr := session()
	var rows Rows
	rows.Update(tr)
	rows.Update(tr)
	var got []string
	for i := range rows.Len() {
		r := rows.At(i)
		got = append(got, fmt.Sprintf("%s %b", tr.At(r.Pos).Kind, r.Held))
	}
	want := "connect 0, command 0, reply 0, command 0, reply 0, queued 100, stored 0"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("rows %s\nwant %s", s, want)
	}
	for pos, want := range map[Pos]int{0: 0, 1: 1, 2: 1, 3: 2, 5: 3, 7: 4, 9: 6} {
		if got := rows.Find(pos); got != want {
			t.Errorf("the row at or before %d is %d, want %d", pos, got, want)
		}
	}
}

// A pipe reaches from the row at which the first end is inside TLS to the last
// that came inside, whatever other connections do meanwhile.
func TestPipes(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "a"}, {ID: "b"}, {ID: "c"}})
	add := func(k Kind, conn ConnID, from, to HostID, flags Flags) {
		tr.Append(Event{Kind: k, Conn: conn, Host: from, Peer: to, Flags: flags})
	}
	add(Connect, 1, 1, 2, 0)
	add(Command, 1, 1, 2, 0)
	add(Secured, 1, 1, 2, Inside)      // row 2
	add(Handshake, 1, 1, 2, 0)         // row 3
	add(Connect, 2, 2, 3, 0)           // row 4
	add(Secured, 2, 2, 3, Inside)      // row 5
	add(Command, 1, 1, 2, Inside)      // row 6
	add(Decided, 1, 2, 1, Inside)      // no row
	add(Close, 1, 2, 1, Inside)        // position 8
	add(Reply, 1, 2, 1, Inside)        // row 7, under way when the server closed
	add(Closed, 1, 1, 2, Inside)       // position 10
	add(Command, 2, 2, 3, Inside)      // row 8
	add(Connect, 3, 1, 2, 0)           // row 9
	add(Reset, 2, 3, 2, Inside|Faulty) // position 13
	var rows Rows
	rows.Update(tr)
	want := []Pipe{
		{Conn: 1, A: 1, B: 2, First: 2, Last: 7, Over: 8, ends: 2},
		{Conn: 2, A: 2, B: 3, First: 5, Last: 10, Over: 13, ends: 1},
	}
	if got := rows.Pipes(); !slices.Equal(got, want) {
		t.Errorf("the pipes are\n%+v, want\n%+v", got, want)
	}
	if rows.Secret() != NoPos {
		t.Errorf("there is a secret at %d", rows.Secret())
	}
	tr.Append(Event{Kind: Command, Octets: tr.StoreSecret([]byte("x"), []byte("*"))})
	if rows.Update(tr); rows.Secret() != 14 {
		t.Errorf("the secret is at %d, want 14", rows.Secret())
	}
}

// Patterns name what happens with TLS and logins.
func TestPatternsOfTLS(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "laptop"}, {ID: "msa"}})
	tr.Append(Event{Kind: Handshake, Conn: 1, Host: 1, Peer: 2, Octets: tr.Store([]byte("ClientHello: TLS 1.3, for mail.sender.example"))})
	tr.Append(Event{Kind: Handshake, Conn: 1, Host: 2, Peer: 1, Octets: tr.Store([]byte("ServerHello: TLS 1.3"))})
	tr.Append(Event{Kind: Secured, Conn: 1, Host: 1, Peer: 2, Flags: Inside, Octets: tr.Store([]byte("TLS 1.3; the certificate is right"))})
	tr.Append(Event{Kind: LoggedIn, Conn: 1, Host: 2, Peer: 1, Flags: Inside, Octets: tr.Store([]byte("alice"))})
	for words, want := range map[string]Pos{
		"laptop>msa handshake": 0, "msa>laptop handshake": 1, "handshake line~^Server": 1, "laptop secured": 2, "secured line~right": 2,
		"msa loggedin": 3, "loggedin line=alice": 3, "unsecured": NoPos, "discarded": NoPos,
	} {
		p, err := ParsePattern(words)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := p.Find(tr, 0, tr.End())
		if got != want {
			t.Errorf("%s is event %d, want %d", words, got, want)
		}
	}
}
