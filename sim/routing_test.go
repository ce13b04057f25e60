package sim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"helo/sim"
	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// internet is a scenario of a laptop, its server msa at 192.0.2.10, and two
// servers mx and mx2 that take mail for two.example; mx answers for more.
const internet = `
title: routes
start: 2026-11-23T10:15:00Z
latency: 15ms
hosts:
  - id: laptop
    address: 192.0.2.77
    client: {user: alice@sender.example, server: mail.sender.example}
  - id: msa
    name: mail.sender.example
    address: 192.0.2.10
    server: {domains: [sender.example], mailboxes: [alice], submission: [192.0.2.77], lifetime: 5d}
  - id: mx
    name: mx1.two.example
    address: 198.51.100.25
    server: {domains: [two.example], mailboxes: [bob, carol]}
  - id: mx2
    name: mx2.two.example
    address: 198.51.100.26
    server: {domains: [dos.example], mailboxes: [bob, carol]}
dns: |
  $TTL 1h
  sender.example.         MX 10 mail.sender.example.
  mail.sender.example.    A  192.0.2.10
  two.example.            MX 10 mx1.two.example.
  two.example.            MX 20 mx2.two.example.
  mx1.two.example.        A  198.51.100.25
  mx2.two.example.        A  198.51.100.26
  onlyself.example.       MX 10 smtp.onlyself.example.
  smtp.onlyself.example.  A  192.0.2.10
  behind.example.         MX 10 mx1.two.example.
  behind.example.         MX 20 smtp.onlyself.example.
  behind.example.         MX 30 mx2.two.example.
  sixonly.example.        MX 10 six.sixonly.example.
  six.sixonly.example.    AAAA 2001:db8::25
letters:
  - host: laptop
    from: alice@sender.example
    to: [TO]
    text: |
      Subject: hello

      Hello.
`

// routed runs the scenario with those recipients. mx2 is a backup of two.example,
// which a scenario file cannot say.
func routed(t *testing.T, to string, faultSpecs ...string) *sim.World {
	t.Helper()
	sc, err := scenario.Parse([]byte(strings.Replace(internet, "TO", to, 1)), "internet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	two := *sc.Hosts[3].Server
	two.Domains = []string{"two.example"}
	sc.Hosts[3].Server = &two
	w, err := sim.New(sc, sim.Options{Seed: 1, Faults: faults(t, faultSpecs)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if stop, err := w.Run(context.Background()); err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v, %d events", stop, err, w.Trace().Len())
	}
	if found := check.NoLetterLost(w.Trace()); found != nil {
		t.Errorf("%v\n%s", found, dump(w.Trace()))
	}
	return w
}

// story is what became of the letter behind the submission server, a word or
// two an event: who was tried, and what came of it.
func story(tr *trace.Trace) string {
	var s []string
	for pos := trace.Pos(0); pos < tr.End(); pos++ {
		e := tr.At(pos)
		if tr.Host(e.Host).ID != "msa" {
			continue
		}
		switch e.Kind {
		case trace.Attempt:
			s = append(s, "try "+tr.Host(e.Peer).ID)
		case trace.Relayed:
			s = append(s, "relayed")
		case trace.Queued:
			s = append(s, fmt.Sprintf("queued %d", e.Code))
		case trace.Returned:
			s = append(s, fmt.Sprintf("returned %d", e.Code))
		}
	}
	return strings.Join(s, ", ")
}

// RFC 5321 §5.1, §6.3: a host that finds its own name or one of its own
// addresses among those it should relay to does not dial itself.
func TestHostDoesNotRelayToItself(t *testing.T) {
	for to, want := range map[string]string{
		"bob@onlyself.example":    "returned 554",
		"bob@[192.0.2.10]":        "returned 554",
		"bob@behind.example":      "try mx, returned 550", // mx does not relay; msa and mx2 are not tried
		"bob@mail.sender.example": "returned 554",
	} {
		w := routed(t, `"`+to+`"`)
		if got := story(w.Trace()); got != want {
			t.Errorf("%s: %s, want %s\n%s", to, got, want, dump(w.Trace()))
		}
		if !strings.HasPrefix(want, "returned") {
			continue
		}
		box := w.Mailbox("msa", "alice")
		if len(box) != 1 || !strings.Contains(string(box[0]), "would come back") {
			t.Errorf("%s: the notice is %q", to, box)
		}
	}
}

// A host may be connected to itself, as a mail client on the server's own
// machine is: the two ends of the connection are two.
func TestHostMayTalkToItself(t *testing.T) {
	src := strings.Replace(internet, "TO", "bob@two.example", 1)
	src = strings.Replace(src, "    server: {domains: [sender.example]", "    client: {user: alice@sender.example, server: mail.sender.example}\n    server: {domains: [sender.example]", 1)
	src = strings.Replace(src, "submission: [192.0.2.77]", "submission: [192.0.2.10]", 1)
	src = strings.Replace(src, "host: laptop\n    from", "host: msa\n    from", 1)
	sc, err := scenario.Parse([]byte(src), "internet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"", "msa at=MAIL n=1 reply=421", "msa at=RCPT drop", "msa at=dot silent", "msa at=connect silent"} {
		o := sim.Options{Seed: 1}
		want := check.InOutbox
		if spec == "" {
			want = check.Delivered
		} else {
			o.Faults = faults(t, []string{spec})
		}
		tr, stop, err := sim.Run(context.Background(), sc, o)
		if err != nil || stop != sim.Ended {
			t.Fatalf("%s: stop %v, error %v, %d events", spec, stop, err, tr.Len())
		}
		if found := check.NoLetterLost(tr); found != nil {
			t.Errorf("%s: %v\n%s", spec, found, dump(tr))
		}
		if got := check.Outcomes(tr); len(got) != 1 || got[0].Fate != want {
			t.Errorf("%s: %+v, want %v\n%s", spec, got, want, dump(tr))
		}
	}
	// And so may a person at the server's own keyboard.
	w, err := sim.New(sc, sim.Options{Seed: 1, Inputs: []string{"msa hand to=msa"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, line := range []string{"EHLO me.example", "QUIT"} {
		if stop, err := w.Run(context.Background()); stop != sim.Asked || err != nil {
			t.Fatalf("before %q: stop %v, error %v\n%s", line, stop, err, dump(w.Trace()))
		}
		if err := w.Say(line); err != nil {
			t.Fatal(err)
		}
	}
	if stop, err := w.Run(context.Background()); stop != sim.Ended || err != nil {
		t.Errorf("stop %v, error %v\n%s", stop, err, dump(w.Trace()))
	}
}

// RFC 5321 §5.1: when a target takes nothing and refuses nobody, the next one
// of the list is tried before the letter is kept for later. Not so when the
// line breaks behind the dot: the letter may have been taken (RFC 5321
// §4.5.3.2.6).
func TestNextTargetBeforeQueueing(t *testing.T) {
	for _, c := range []struct {
		name, to string
		faults   []string
		want     string
		most     time.Duration
	}{
		{"421 to MAIL", "bob@two.example", []string{"mx at=MAIL reply=421"}, "try mx, try mx2, relayed", time.Minute},
		{"451 to MAIL", "bob@two.example", []string{"mx at=MAIL reply=451"}, "try mx, try mx2, relayed", time.Minute},
		{"451 to RCPT for all", "bob@two.example, carol@two.example", []string{"mx at=RCPT reply=451"}, "try mx, try mx2, relayed, relayed", time.Minute},
		{"451 to RCPT for one", "bob@two.example, carol@two.example", []string{"mx at=RCPT n=1 reply=451"}, "try mx, relayed, queued 451, try mx, relayed", time.Hour},
		{"550 to RCPT for one", "bob@two.example, carol@two.example", []string{"mx at=RCPT n=1 reply=550", "mx at=RCPT n=1 reply=451"}, "try mx, returned 550, queued 451, try mx, relayed", time.Hour},
		{"550 to RCPT is final", "bob@two.example", []string{"mx at=RCPT reply=550"}, "try mx, returned 550", time.Minute},
		{"450 to DATA", "bob@two.example", []string{"mx at=DATA reply=450"}, "try mx, try mx2, relayed", time.Minute},
		{"dropped at MAIL", "bob@two.example", []string{"mx at=MAIL drop"}, "try mx, try mx2, relayed", time.Minute},
		{"dropped at DATA", "bob@two.example", []string{"mx at=DATA drop"}, "try mx, try mx2, relayed", time.Minute},
		{"silent at DATA", "bob@two.example", []string{"mx at=DATA silent"}, "try mx, try mx2, relayed", 10 * time.Minute},
		{"451 to the dot", "bob@two.example", []string{"mx at=dot reply=451"}, "try mx, try mx2, relayed", time.Minute},
		{"dropped at the dot", "bob@two.example", []string{"mx at=dot n=1 drop"}, "try mx, queued 451, try mx, relayed", time.Hour},
		{"silent at the dot, and then the line is closed", "bob@two.example", []string{"mx at=dot n=1 silent"}, "try mx, queued 451, try mx, relayed", time.Hour},
		{"421 to the dot", "bob@two.example", []string{"mx at=dot n=1 reply=421"}, "try mx, try mx2, relayed", time.Minute},
		{"451 everywhere", "bob@two.example", []string{"mx at=RCPT n=1 reply=451", "mx2 at=RCPT n=1 reply=450"}, "try mx, try mx2, queued 450, try mx, relayed", time.Hour},
		{"451, then no answer: what a server said is told", "bob@two.example", []string{"mx at=RCPT n=1 reply=452", "mx2 refuse n=1"}, "try mx, try mx2, queued 452, try mx, relayed", time.Hour},
		{"no answer, then 554 as greeting: not final", "bob@two.example", []string{"mx refuse n=1", "mx2 at=connect n=1 reply=554"}, "try mx, try mx2, queued 554, try mx, relayed", time.Hour},
		{"554 as greeting, then no answer: not final", "bob@two.example", []string{"mx at=connect n=1 reply=554", "mx2 refuse n=1"}, "try mx, try mx2, queued 554, try mx, relayed", time.Hour},
		{"451, then 554 as greeting: not final", "bob@two.example", []string{"mx at=RCPT n=1 reply=451", "mx2 at=connect n=1 reply=554"}, "try mx, try mx2, queued 554, try mx, relayed", time.Hour},
		{"554 as greeting everywhere: final", "bob@two.example", []string{"mx at=connect reply=554", "mx2 at=connect reply=554"}, "try mx, try mx2, returned 554", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := routed(t, c.to, c.faults...)
			tr := w.Trace()
			if got := story(tr); got != c.want {
				t.Errorf("got  %s\nwant %s\n%s", got, c.want, dump(tr))
			}
			if last := tr.At(tr.End() - 1).At; last > c.most {
				t.Errorf("it took %v, want at most %v", last, c.most)
			}
		})
	}
}

// RFC 5321 §6.1: a notice says who refused what. The reporting host's own mouth
// is only for what it found itself.
func TestNoticeSaysWhoRefused(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  []string
	}{
		{"at=connect reply=\"554 no mail here\"", []string{"The server mx2.two.example ([198.51.100.26]) answered the connection with:", "554 no mail here"}},
		{"at=EHLO reply=\"550 5.7.1 go away\"", []string{"The server mx2.two.example ([198.51.100.26]) answered EHLO\r\n    mail.sender.example with:", "550 go away"}},
	} {
		w := routed(t, "bob@two.example", "mx "+c.fault, "mx2 "+c.fault)
		box := w.Mailbox("msa", "alice")
		if len(box) != 1 {
			t.Fatalf("%d letters in alice's mailbox\n%s", len(box), dump(w.Trace()))
		}
		for _, want := range c.want {
			if !strings.Contains(string(box[0]), want) {
				t.Errorf("%s: the notice lacks %q:\n%s", c.fault, want, box[0])
			}
		}
	}
}

// RFC 5321 §4.4, §4.5.5: a letter from <> that cannot be delivered is answered
// by nothing. The postmaster has it, its reverse-path on top, and is told who
// refused it.
func TestParkedLetterIsThereForThePostmaster(t *testing.T) {
	sc, err := scenario.Parse([]byte(strings.NewReplacer("TO]", "bob@two.example]", "from: alice@sender.example", "from: <>").Replace(internet)), "internet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(sc, sim.Options{Seed: 1, Faults: faults(t, []string{`mx at=RCPT reply="550 5.1.1 who is bob"`})})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if stop, err := w.Run(context.Background()); err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	box := w.Mailbox("msa", "postmaster")
	if len(box) != 2 {
		t.Fatalf("the postmaster has %d letters\n%s", len(box), dump(w.Trace()))
	}
	if !strings.HasPrefix(string(box[0]), "Return-Path: <>\r\nReceived: ") || !strings.HasSuffix(string(box[0]), "\r\nHello.\r\n") {
		t.Errorf("the letter is\n%s", box[0])
	}
	for _, want := range []string{"Return-Path: <>\r\n", "\r\nSubject: A letter from <> could not be delivered\r\n", "<bob@two.example>",
		"The server mx1.two.example ([198.51.100.25]) answered RCPT", "550 5.1.1 who is bob", "Subject: hello\r\n"} {
		if !strings.Contains(string(box[1]), want) {
			t.Errorf("the note lacks %q:\n%s", want, box[1])
		}
	}
	tr := w.Trace()
	for pos := trace.Pos(0); pos < tr.End(); pos++ {
		if e := tr.At(pos); e.Kind == trace.Parked && e.Flags&trace.Notice != 0 {
			t.Error("a letter that a user wrote is called a notice")
		}
	}
	if found := check.NoLetterLost(tr); found != nil {
		t.Errorf("%v", found)
	}
}
