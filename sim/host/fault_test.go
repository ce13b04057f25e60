package host

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

func TestParseFaultErrorsNameTheColumn(t *testing.T) {
	for _, c := range []struct {
		in     string
		column int
		says   string
	}{
		{"", 1, "the host"},
		{"at=RCPT reply=451", 1, "the host"},
		{"mx at=RCPT", 11, "what goes wrong"},
		{"mx reply=451", 13, "at= with a command"},
		{"mx at=HOWDY reply=451", 7, "a command such as RCPT"},
		{"mx at=RCPT reply=999", 18, "reply="},
		{"mx at=RCPT n=0 reply=451", 14, "an ordinal"},
		{"mx at=RCPT n=3-2 reply=451", 14, "an ordinal"},
		{"mx at=RCPT code=9 reply=451", 17, "a reply code"},
		{"mx sun refuse", 4, `unknown word "sun"`},
		{"mx sun=1 refuse", 4, `unknown word "sun"`},
		{"mx at=RCPT refuse", 1, "has none"},
		{"mx refuse drop", 11, "one effect"},
		{"msa dns=gone", 9, "nxdomain"},
		{"mx at~RCPT drop", 4, "expected at="},
		{"mx conn=x refuse", 9, "number of a connection"},
		{"msa>mx dns=nxdomain", 1, "only a host"},
		{"msa dns=nxdomain conn=1", 18, "no connection"},
		{"mx refuse line=x", 11, "no line"},
		{"mx line=x refuse", 4, "no line"},
		{"mx at=connect line=x drop", 15, "no line"},
		{`mx reply="450 busy" line=x at=connect`, 21, "no line"},
		{"mx tls=stripped", 8, "expected strip, inject"},
		{"mx tls=", 8, "expected a value"},
		{"mx at=STARTTLS tls=expired", 1, "has none"},
		{"mx tls=garbage code=220", 1, "has none"},
		{"mx tls=strip tls=inject", 14, "one effect"},
		{"mx tls=strip line=STARTTLS", 14, "what surrounds them"},
		{"tls=strip", 1, "the host"},
	} {
		_, err := ParseFault(c.in)
		var we *trace.WordError
		if !errors.As(err, &we) {
			t.Errorf("%s: got %v, want a WordError", c.in, err)
			continue
		}
		if we.Column != c.column || !strings.Contains(we.Msg, c.says) {
			t.Errorf("%s: got %v; want column %d and %q", c.in, we, c.column, c.says)
		}
	}
}

// A fault that can never fire among the hosts there are is refused.
func TestFaultsFitTheHosts(t *testing.T) {
	hosts := []Config{{ID: "laptop", Client: &ClientConfig{}}, {ID: "mx", Server: &ServerConfig{}}}
	for _, c := range []struct {
		in     string
		column int // 0: it is fine
		says   string
	}{
		{"laptop>mx at=RCPT reply=451", 0, ""},
		{"laptop dns=timeout", 0, ""},
		{"laptop refuse", 0, ""}, // an MX record may lead there
		{"my at=RCPT reply=451", 1, `no host "my" here; the hosts are laptop, mx`},
		{"at=RCPT   laptop>my reply=451", 18, `no host "my"`},
		{"  lap>mx at=RCPT reply=451", 3, `no host "lap"`},
		{"laptop at=RCPT reply=451", 1, "laptop has no server"},
		{"at=connect drop mx>laptop", 20, "laptop has no server"},
		{"laptop code=250 silent", 1, "laptop has no server"},
	} {
		f, err := ParseFault(c.in)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Check(hosts)
		var we *trace.WordError
		if c.column == 0 && err != nil || c.column > 0 && (!errors.As(err, &we) || we.Column != c.column || !strings.Contains(we.Msg, c.says)) {
			t.Errorf("%s: got %v; want column %d and %q", c.in, err, c.column, c.says)
		}
	}
}

// A fault fires on the occasions that its words name, and on no others.
func TestFaultOccasions(t *testing.T) {
	rcpt := Occasion{Place: PlaceReply, Host: "mx", Conn: 1, Verb: smtp.RCPT, Code: 250, Line: []byte("RCPT TO:<bob@receiver.example>\r\n")}
	dial := Occasion{Place: PlaceConnect, Host: "mx"}
	ask := Occasion{Place: PlaceResolve, Host: "msa", Line: []byte("MX receiver.example")}
	for _, c := range []struct {
		fault string
		o     Occasion
		peer  string
		want  string // one letter an occasion
	}{
		{"mx at=RCPT reply=451", rcpt, "msa", "yyyy"},
		{"mx at=rcpt n=2 reply=451", rcpt, "msa", "nynn"},
		{"mx at=RCPT n=1-2 reply=451", rcpt, "msa", "yynn"},
		{"mx at=RCPT n=3- drop", rcpt, "msa", "nnyy"},
		{"msa>mx at=RCPT silent", rcpt, "msa", "yyyy"},
		{"laptop>mx at=RCPT silent", rcpt, "msa", "nnnn"},
		{"mx code=25z reply=451", rcpt, "msa", "yyyy"},
		{"mx code=4yz reply=250", rcpt, "msa", "nnnn"},
		{"mx at=RCPT line=eve@ reply=451", rcpt, "msa", "nnnn"},
		{"mx at=RCPT line=bob@ reply=451", rcpt, "msa", "yyyy"},
		{"mx at=RCPT conn=2 reply=451", rcpt, "msa", "nnnn"},
		{"mx at=MAIL reply=451", rcpt, "msa", "nnnn"},
		{"mx refuse", rcpt, "msa", "nnnn"},
		{"mx refuse n=1", dial, "msa", "ynnn"},
		{"msa>mx refuse", dial, "msa", "yyyy"},
		{"msa dns=nxdomain", dial, "msa", "nnnn"},
		{"mx tls=strip", Occasion{Place: PlaceOffer, Host: "mx", Verb: smtp.EHLO}, "msa", "yyyy"},
		{"msa>mx tls=strip n=2", Occasion{Place: PlaceOffer, Host: "mx", Verb: smtp.EHLO}, "msa", "nynn"},
		{"laptop>mx tls=strip", Occasion{Place: PlaceOffer, Host: "mx", Verb: smtp.EHLO}, "msa", "nnnn"},
		{"mx tls=strip", Occasion{Place: PlaceUpgrade, Host: "mx", Verb: smtp.STARTTLS}, "msa", "nnnn"},
		{"mx tls=inject", Occasion{Place: PlaceUpgrade, Host: "mx", Verb: smtp.STARTTLS}, "msa", "yyyy"},
		{"mx tls=garbage", Occasion{Place: PlaceAnswer, Host: "mx"}, "msa", "yyyy"},
		{"mx tls=expired conn=3", Occasion{Place: PlaceCertificate, Host: "mx", Conn: 3}, "msa", "yyyy"},
		{"mx tls=unknownca conn=2", Occasion{Place: PlaceCertificate, Host: "mx", Conn: 3}, "msa", "nnnn"},
		{"mx tls=wrongname", rcpt, "msa", "nnnn"},
		{"msa dns=nxdomain", ask, "", "yyyy"},
		{`msa dns=servfail line="MX receiver"`, ask, "", "yyyy"},
		{`msa dns=timeout line="A "`, ask, "", "nnnn"},
	} {
		f, err := ParseFault(c.fault)
		if err != nil {
			t.Errorf("%s: %v", c.fault, err)
			continue
		}
		armed := &Armed{Fault: f}
		got := ""
		for range len(c.want) {
			if armed.Meets(c.o, c.peer) {
				got += "y"
			} else {
				got += "n"
			}
		}
		if got != c.want {
			t.Errorf("%s: fired %s, want %s", c.fault, got, c.want)
		}
		if armed.Fired != uint32(strings.Count(c.want, "y")) {
			t.Errorf("%s: counted %d", c.fault, armed.Fired)
		}
	}
}

// What a bare code says is settled by the command it answers: by at=, before or
// after reply=, or, without, where the fault fires (RFC 5321 §4.3.2).
func TestBareCodeOfAFaultFitsItsCommand(t *testing.T) {
	for _, c := range []struct {
		fault string
		at    smtp.Verb
		want  string
	}{
		{"mx at=MAIL reply=550", smtp.MAIL, "550 5.7.1 no letters from this sender"},
		{"mx reply=550 at=dot", smtp.EndOfData, "550 5.7.1 a rule of this server refuses the letter"},
		{"mx code=250 reply=550", smtp.MAIL, "550 5.7.1 no letters from this sender"},
		{"mx code=250 reply=550", smtp.RCPT, "550 5.1.1 no such mailbox"},
		{`mx code=250 reply="550 5.4.1 gone"`, smtp.RCPT, "550 5.4.1 gone"},
	} {
		f, err := ParseFault(c.fault)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.To(c.at).change(smtp.Reply{Code: 250}).String(); got != c.want {
			t.Errorf("%s at %v: %s, want %s", c.fault, c.at, got, c.want)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add(`mx at=RCPT n=1-2 reply="450 4.2.1 busy"`)
	f.Add("msa>mx refuse")
	f.Fuzz(func(t *testing.T, s string) {
		fault, err := ParseFault(s)
		if err != nil {
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(fault) {
			t.Errorf("%q was read, but its spelling %q was not: %v", s, fault, err)
		}
	})
}

// Each queue id of a host is its own.
func TestQueueIDsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	h := &Host{env: nopEnv{}}
	for id := range trace.LetterID(100000) {
		q := h.queueID(id)
		if seen[q] {
			t.Fatalf("%s stands for two letters", q)
		}
		seen[q] = true
	}
}

// nopEnv is an environment of which only the draws are used.
type nopEnv struct{ Env }

func (nopEnv) ID() trace.HostID           { return 2 }
func (nopEnv) Draw(string, uint64) uint64 { return 12345 }
