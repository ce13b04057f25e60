package sim_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helo/sim"
	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// What each of the four faults makes of the letter of clear.
func TestFaultsAndFates(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []string
		fate   check.Fate
		copies int
		tries  int
		least  time.Duration // when it was decided
		most   time.Duration
	}{
		{"no fault", nil, check.Delivered, 1, 1, 0, time.Second},
		{"a 4yz is tried again later (RFC 5321 §4.5.4.1)", []string{"mx at=RCPT n=1-2 reply=451"}, check.Delivered, 1, 3, time.Hour, 61 * time.Minute},
		{"a 4yz for ever is returned after the lifetime (RFC 5321 §4.5.4.1)", []string{"mx at=RCPT reply=451"}, check.Returned, 0, 63, 5 * 24 * time.Hour, 6 * 24 * time.Hour},
		{"a 5yz is returned at once (RFC 5321 §4.2.1)", []string{"mx at=RCPT reply=550"}, check.Returned, 0, 1, 0, time.Second},
		{"a 5yz after the dot is returned (RFC 5321 §4.2.5)", []string{"mx at=dot reply=554"}, check.Returned, 0, 1, 0, time.Second},
		{"a refused connection is tried again later", []string{"mx refuse n=1"}, check.Delivered, 1, 2, 30 * time.Minute, 31 * time.Minute},
		{"NXDOMAIN is returned at once (RFC 5321 §5.1)", []string{"msa dns=nxdomain"}, check.Returned, 0, 0, 0, time.Second},
		{"SERVFAIL is tried again later (RFC 5321 §5.1)", []string{"msa dns=servfail n=1"}, check.Delivered, 1, 1, 30 * time.Minute, 31 * time.Minute},
		{"a lost 250 makes two copies (RFC 5321 §4.5.3.2.6)", []string{"mx at=dot n=1 drop"}, check.Delivered, 2, 2, 0, time.Second},
		{"silence at DATA: two minutes, then later (RFC 5321 §4.5.3.2.4)", []string{"mx at=DATA n=1 silent"}, check.Delivered, 1, 2, 32 * time.Minute, 33 * time.Minute},
		{"silence at MAIL is heard by nobody in place of what follows: five minutes (RFC 5321 §4.5.3.2.2)", []string{"mx at=MAIL n=1 silent"}, check.Delivered, 1, 2, 35 * time.Minute, 36 * time.Minute},
		{"silence at RCPT: five minutes (RFC 5321 §4.5.3.2.3)", []string{"mx at=RCPT n=1 silent"}, check.Delivered, 1, 2, 35 * time.Minute, 36 * time.Minute},
		{"421 as greeting is tried again later", []string{"mx at=connect n=1 reply=421"}, check.Delivered, 1, 2, 30 * time.Minute, 31 * time.Minute},
		{"silence after the dot: ten minutes, then later (RFC 5321 §4.5.3.2.6)", []string{"mx at=dot n=1 silent"}, check.Delivered, 1, 2, 35 * time.Minute, 41 * time.Minute},
		{"EHLO answered 502: HELO (RFC 5321 §3.2)", []string{"mx at=EHLO reply=502"}, check.Delivered, 1, 1, 0, time.Second},
		{"the submission server says no: it stays in the outbox", []string{"msa at=MAIL reply=550"}, check.InOutbox, 0, 0, 0, time.Second},
		{"the submission server is unknown: it stays in the outbox", []string{"laptop dns=nxdomain"}, check.InOutbox, 0, 0, 0, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, stop, err := sim.Run(context.Background(), inClear(t), sim.Options{Seed: 1, Faults: faults(t, c.faults)})
			if err != nil || stop != sim.Ended {
				t.Fatalf("stop %v, error %v", stop, err)
			}
			if found := check.NoLetterLost(tr); found != nil {
				t.Errorf("%v\n%s", found, dump(tr))
			}
			got := check.Outcomes(tr)
			if len(got) != 1 {
				t.Fatalf("%d outcomes", len(got))
			}
			o := got[0]
			if at := tr.At(o.Pos).At; o.Fate != c.fate || o.Copies != c.copies || o.Attempts != c.tries || at < c.least || at > c.most {
				t.Errorf("%v after %v, %d copies, %d tries\n%s", o.Fate, at, o.Copies, o.Attempts, dump(tr))
			}
		})
	}
}

// world runs clear with faults to its end.
func world(t *testing.T, faultSpecs ...string) *sim.World {
	t.Helper()
	w, err := sim.New(inClear(t), sim.Options{Seed: 1, Faults: faults(t, faultSpecs)})
	if err != nil {
		t.Fatal(err)
	}
	if stop, err := w.Run(context.Background()); err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestMailboxHoldsOurHeaderLinesThenTheOctetsThatArrived(t *testing.T) {
	box := world(t).Mailbox("mx", "bob")
	if len(box) != 1 {
		t.Fatalf("%d letters in bob's mailbox", len(box))
	}
	sent := inClear(t).Letters[0].Octets
	added, ok := bytes.CutSuffix(box[0], sent)
	if !ok {
		t.Fatalf("the octets have changed on the way:\n%s", box[0])
	}
	var fields []string
	for _, line := range strings.Split(string(added), "\r\n") {
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
			fields = append(fields, name)
		}
	}
	want := []string{"Return-Path", "Received", "Received"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("added fields (RFC 5321 §4.4): %s\n%s", diff, added)
	}
	if !strings.Contains(string(added), "from mail.sender.example ([192.0.2.10])\r\n by mx.receiver.example with ESMTP id ") {
		t.Errorf("the upper Received is not the receiving server's:\n%s", added)
	}
}

func TestHundredReceivedFieldsAreAllowedOneMoreIsALoop(t *testing.T) { // RFC 5321 §6.3
	for _, c := range []struct {
		hops int
		fate check.Fate
	}{{98, check.Delivered}, {99, check.Delivered}, {100, check.Returned}, {101, check.InOutbox}} {
		sc := *inClear(t)
		letter := sc.Letters[0]
		letter.Octets = []byte(strings.Repeat("Received: from a.example by b.example;\r\n Mon, 23 Nov 2026 10:15:00 +0000\r\n", c.hops) +
			"Subject: round\r\n\r\nReceived: is not counted here\r\n")
		sc.Letters = []scenario.Letter{letter}
		tr, _, err := sim.Run(context.Background(), &sc, sim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := check.Outcomes(tr); len(got) != 1 || got[0].Fate != c.fate {
			t.Errorf("%d fields at first: %+v, want %v", c.hops, got, c.fate)
		}
	}
}

func TestNoticeIsALetterFromNobody(t *testing.T) {
	w := world(t, `mx at=RCPT reply="550 5.1.1 no such person"`)
	box := w.Mailbox("msa", "alice")
	if len(box) != 1 {
		t.Fatalf("%d letters in alice's mailbox", len(box))
	}
	letter := string(box[0])
	for _, want := range []string{
		"Return-Path: <>\r\n", // RFC 5321 §4.5.5
		"To: <alice@sender.example>", "bob@receiver.example", "550 5.1.1 no such person",
	} {
		if !strings.Contains(letter, want) {
			t.Errorf("the notice lacks %q:\n%s", want, letter)
		}
	}
}

// A typed line continues the waiting run, and that is the same as running again
// with all inputs.
func TestTypedLinesAreInputs(t *testing.T) {
	w, err := sim.New(inClear(t), sim.Options{Seed: 3, Inputs: []string{"msa hand to=mx"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	lines := []string{"EHLO mail.sender.example", "MAIL FROM: alice@sender.example", "MAIL FROM:<alice@sender.example>",
		"RCPT TO:<bob@receiver.example>", "DATA", "Subject: hello", "", "..a dot", `"quoted" and \`, ".", "QUIT"}
	for _, line := range lines {
		if stop, err := w.Run(context.Background()); stop != sim.Asked || err != nil {
			t.Fatalf("before %q: stop %v, error %v\n%s", line, stop, err, dump(w.Trace()))
		}
		if err := w.Say(line); err != nil {
			t.Fatal(err)
		}
	}
	if stop, err := w.Run(context.Background()); stop != sim.Ended || err != nil {
		t.Fatalf("stop %v, error %v\n%s", stop, err, dump(w.Trace()))
	}
	if err := w.Say("NOOP"); err == nil {
		t.Error("a line could be typed after the end")
	}
	box := w.Mailbox("mx", "bob")
	if len(box) != 1 || !bytes.HasSuffix(box[0], []byte("Subject: hello\r\n\r\n.a dot\r\n\"quoted\" and \\\r\n")) {
		t.Errorf("bob's mailbox holds %q\n%s", box, dump(w.Trace()))
	}
	again, stop, err := sim.Run(context.Background(), inClear(t), sim.Options{Seed: 3, Inputs: w.Inputs()})
	if err != nil || stop != sim.Ended {
		t.Fatalf("again: stop %v, error %v", stop, err)
	}
	if diff := cmp.Diff(dump(w.Trace()), dump(again)); diff != "" {
		t.Error(diff)
	}
}

func TestInputErrorsNameTheColumn(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"sun set pipelining=off", `column 1: no host "sun" here; the hosts are laptop, msa, mx`},
		{"msa set", "column 5: expected a setting"},
		{"msa set colour=off", `column 9: unknown setting "colour"`},
		{"msa set pipelining=no", "column 20: pipelining: expected on or off"},
		{"msa hand to=moon", `column 13: no host "moon"`},
		{"msa hand", "column 5: expected to="},
		{"msa says", "column 5: expected one line in quotes"},
		{"sun at=RCPT reply=451", `column 1: there is no host "sun"`},
		{"mx at=RCPT", "column 11: expected what goes wrong"},
	} {
		_, err := sim.New(inClear(t), sim.Options{Inputs: []string{c.in}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.in, err, c.want)
		}
	}
}

func TestSettingsChangeWhatIsOfferedAndUsed(t *testing.T) {
	tr, _, err := sim.Run(context.Background(), inClear(t), sim.Options{Inputs: []string{"mx set pipelining=off"}})
	if err != nil {
		t.Fatal(err)
	}
	find := func(pattern string) string {
		p, err := trace.ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pos, ok := p.Find(tr, 0, tr.End())
		if !ok {
			t.Fatalf("no %s\n%s", pattern, dump(tr))
		}
		return string(tr.OctetsAt(pos))
	}
	if reply := find("mx>msa reply at=EHLO"); strings.Contains(reply, "PIPELINING") {
		t.Errorf("mx still offers it: %q", reply)
	}
	if reply := find("msa>laptop reply at=EHLO"); !strings.Contains(reply, "PIPELINING") {
		t.Errorf("msa offers it no more: %q", reply)
	}
	if sent := find("msa>mx sent n=2"); sent != "MAIL FROM:<alice@sender.example> SIZE="+sent[len("MAIL FROM:<alice@sender.example> SIZE="):] || strings.Contains(sent, "RCPT") {
		t.Errorf("msa still sends a group: %q", sent)
	}
}

func TestLimitsEndARun(t *testing.T) {
	sc := *inClear(t)
	sc.MaxEvents = 20
	tr, stop, err := sim.Run(context.Background(), &sc, sim.Options{})
	if err != nil || stop != sim.Limited || tr.Len() > 40 || tr.At(tr.End()-1).Kind != trace.Limit {
		t.Errorf("stop %v, error %v, %d events", stop, err, tr.Len())
	}
	sc = *inClear(t)
	sc.MaxTime = time.Hour
	tr, stop, err = sim.Run(context.Background(), &sc, sim.Options{Faults: faults(t, []string{"mx refuse"})})
	if last := tr.At(tr.End() - 1); err != nil || stop != sim.Limited || last.Kind != trace.Limit || last.At > time.Hour {
		t.Errorf("stop %v, error %v, last event %v at %v", stop, err, last.Kind, last.At)
	}
}

// TestOctetsEndARun holds that a big letter does not fill the memory: what is
// said again is kept once, and copies that hosts keep are counted.
func TestOctetsEndARun(t *testing.T) {
	big := []byte("Subject: big\r\n\r\n" + strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 20_000))
	for _, c := range []struct {
		fault string
		limit int64
		stop  sim.Stop
	}{
		{"mx at=dot reply=451", 8 << 20, sim.Ended},
		{"mx at=dot drop", 32 << 20, sim.Limited}, // each attempt is a copy more in the mailbox
		{"mx at=connect reply=451", 1 << 20, sim.Limited},
	} {
		sc := *inClear(t)
		sc.MaxOctets = c.limit
		sc.Letters = append([]scenario.Letter(nil), sc.Letters...)
		sc.Letters[0].Octets = big
		tr, stop, err := sim.Run(context.Background(), &sc, sim.Options{Faults: faults(t, []string{c.fault})})
		spans, kept := map[trace.Span]bool{}, int64(0)
		for pos := range tr.End() {
			if s := tr.At(pos).Octets; !spans[s] {
				spans[s] = true
				kept += int64(s.Len)
			}
		}
		if err != nil || stop != c.stop || kept > 2*c.limit {
			t.Errorf("%s: stop %v, error %v, %d octets kept, want stop %v and at most %d", c.fault, stop, err, kept, c.stop, c.limit)
		}
		if last := tr.At(tr.End() - 1); c.stop == sim.Limited && (last.Kind != trace.Limit || !strings.Contains(string(tr.Octets(last.Octets)), "octets")) {
			t.Errorf("%s: the last event is %v", c.fault, last.Kind)
		}
	}
}

func TestOnlyCRLFCountsAsALineOfTheLetter(t *testing.T) { // RFC 5321 §2.3.8
	sc := *inClear(t)
	sc.Raw = true
	letter := sc.Letters[0]
	letter.Octets = []byte("Subject: a\r\n\r\none\nline\rhere\n\r\n")
	sc.Letters = []scenario.Letter{letter}
	tr, _, err := sim.Run(context.Background(), &sc, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for pos := trace.Pos(0); pos < tr.End(); pos++ {
		if e := tr.At(pos); e.Kind == trace.Letter {
			if e.Arg != 3 {
				t.Errorf("%d lines, want 3: %q", e.Arg, tr.OctetsAt(pos))
			}
			return
		}
	}
	t.Error("no letter")
}

// A server that a fault has silenced says nothing more on that connection, not even
// goodbye when it has waited long enough.
func TestSilenceIsNotBroken(t *testing.T) {
	for _, at := range []string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"} {
		tr, _, err := sim.Run(context.Background(), inClear(t), sim.Options{Seed: 1, Faults: faults(t, []string{"mx at=" + at + " n=1 silent"})})
		if err != nil {
			t.Fatal(err)
		}
		silenced := trace.ConnID(0)
		for pos := range tr.End() {
			e := tr.At(pos)
			if e.Kind == trace.Decided && e.Flags&trace.Faulty != 0 {
				silenced = e.Conn
			}
			if e.Kind != trace.Sent || e.Conn != silenced || tr.Host(e.Host).ID != "mx" {
				continue
			}
			if said := tr.OctetsAt(pos); bytes.Contains(said, []byte("421")) || bytes.Contains(said, []byte("503")) {
				t.Errorf("%s: it says %q", at, said) // and not only what was decided before
			}
		}
		if silenced == 0 {
			t.Errorf("%s: nothing is silenced", at)
		}
	}
}
