package sim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// extended is clear with every extension at both servers, changed further.
func extended(t *testing.T, change func(sc *scenario.Scenario)) *scenario.Scenario {
	t.Helper()
	sc := *inClear(t)
	sc.Hosts = append(sc.Hosts[:0:0], sc.Hosts...)
	sc.Letters = append(sc.Letters[:0:0], sc.Letters...)
	for i := range sc.Hosts {
		if s := sc.Hosts[i].Server; s != nil {
			server := *s
			server.Extensions = smtp.AllExtensions
			sc.Hosts[i].Server = &server
		}
	}
	if change != nil {
		change(&sc)
	}
	return &sc
}

// runExtended runs to the end, and holds that no letter was lost.
func runExtended(t *testing.T, sc *scenario.Scenario, list ...string) (*sim.World, *trace.Trace) {
	t.Helper()
	w, err := sim.New(sc, sim.Options{Seed: 1, Faults: faults(t, list)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if stop, err := w.Run(context.Background()); err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	if found := check.NoLetterLost(w.Trace()); found != nil {
		t.Errorf("%v\n%s", found, dump(w.Trace()))
	}
	return w, w.Trace()
}

// verbs counts the commands of a trace by their verb.
func verbs(t *trace.Trace) map[smtp.Verb]int {
	n := map[smtp.Verb]int{}
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		if e := t.At(pos); e.Kind == trace.Command {
			n[e.Verb]++
		}
	}
	return n
}

// RFC 3030 §2: offered, it is used; the letter is the same.
func TestRFC3030_LettersInChunks(t *testing.T) {
	plain, _ := runExtended(t, inClear(t))
	w, tr := runExtended(t, extended(t, nil))
	if n := verbs(tr); n[smtp.BDAT] != 2 || n[smtp.DATA] != 0 {
		t.Errorf("commands %v", n)
	}
	body := func(w *sim.World) string {
		box := w.Mailbox("mx", "bob")
		if len(box) != 1 {
			t.Fatalf("%d letters", len(box))
		}
		_, body, _ := strings.Cut(string(box[0]), "\r\nDate: ")
		return body
	}
	if a, b := body(plain), body(w); a != b {
		t.Errorf("in chunks %q, with a dot %q", b, a)
	}
	// A chunk that is refused now is sent again later, as a whole.
	w, tr = runExtended(t, extended(t, nil), "mx at=BDAT n=1 reply=451")
	if o := check.Outcomes(tr); len(o) != 1 || o[0].Fate != check.Delivered || o[0].Copies != 1 || body(w) != body(plain) {
		t.Errorf("%+v\n%s", o, dump(tr))
	}
	// The line is lost after the last chunk: the letter comes twice.
	_, tr = runExtended(t, extended(t, nil), "mx at=BDAT n=1 drop")
	if o := check.Outcomes(tr); o[0].Copies != 2 {
		t.Errorf("%+v", o)
	}
}

// RFC 9422 §4: recipients beyond the server's limit go in further transactions
// of the same session.
func TestRFC9422_ManyRecipients(t *testing.T) {
	sc := extended(t, func(sc *scenario.Scenario) {
		sc.Hosts[2].Server.MaxRcpts = 3
		sc.Hosts[2].Server.Mailboxes = nil
		sc.Letters[0].To = nil
		for i := range 8 {
			name := fmt.Sprintf("r%d", i)
			sc.Hosts[2].Server.Mailboxes = append(sc.Hosts[2].Server.Mailboxes, name)
			sc.Letters[0].To = append(sc.Letters[0].To, smtp.Path{Local: name, Domain: "receiver.example"})
		}
	})
	_, tr := runExtended(t, sc)
	for _, o := range check.Outcomes(tr) {
		if o.Fate != check.Delivered || o.Copies != 1 || o.Attempts != 1 {
			t.Errorf("%+v", o)
		}
	}
	if n := verbs(tr); n[smtp.MAIL] != 1+3 || n[smtp.RCPT] != 8+8 || n[smtp.EHLO] != 2 {
		t.Errorf("commands %v", n)
	}
	// One is refused, one is not taken now: the others do not wait for them.
	_, tr = runExtended(t, sc, "mx at=RCPT line=r1@ reply=550", "mx at=RCPT line=r4@ n=1 reply=451")
	for _, o := range check.Outcomes(tr) {
		want := check.Delivered
		if strings.HasPrefix(o.Recipient, "r1@") {
			want = check.Returned
		}
		if o.Fate != want || o.Copies > 1 {
			t.Errorf("%+v\n%s", o, dump(tr))
		}
	}
}

// RFC 3461 §4.1: who is told what.
func TestRFC3461_Reports(t *testing.T) {
	for _, c := range []struct {
		name    string
		notify  smtp.Notify
		ret     smtp.Return
		faults  []string
		offer   smtp.Extensions // of mx
		subject []string        // of what Alice gets
		says    string
	}{
		{"nothing asked, nothing happens", 0, 0, nil, smtp.AllExtensions, nil, ""},
		{"nothing asked, it fails", 0, 0, []string{"mx at=RCPT reply=550"}, smtp.AllExtensions, []string{"could not be delivered"}, "header of your letter"},
		{"NEVER, it fails", smtp.NotifyNever, 0, []string{"mx at=RCPT reply=550"}, smtp.AllExtensions, nil, ""},
		{"SUCCESS only, it fails", smtp.NotifySuccess, 0, []string{"mx at=RCPT reply=550"}, smtp.AllExtensions, nil, ""},
		{"SUCCESS, it arrives", smtp.NotifySuccess, 0, nil, smtp.AllExtensions, []string{"was delivered"}, "bob@receiver.example"},
		{"SUCCESS, passed on to one that does not report", smtp.NotifySuccess, 0, nil, smtp.BasicExtensions, []string{"was passed on"}, "this is the last you"},
		{"FAILURE, all of it back", smtp.NotifyFailure, smtp.ReturnFull, []string{"mx at=RCPT reply=550"}, smtp.AllExtensions, []string{"could not be delivered"}, "shall we have lunch"},
		{"RFC 3461 §4.3: RET=FULL is about failures, not about a delivery", smtp.NotifySuccess, smtp.ReturnFull, nil, smtp.AllExtensions, []string{"was delivered"}, "header of your letter"},
		{"RFC 3461 §4.3: nor about a delay", smtp.NotifyDelay, smtp.ReturnFull, []string{"mx at=RCPT n=1-12 reply=451"}, smtp.AllExtensions, []string{"is late"}, "header of your letter"},
		{"DELAY, a day late", smtp.NotifyDelay, 0, []string{"mx at=RCPT n=1-12 reply=451"}, smtp.AllExtensions, []string{"is late"}, "I keep trying"},
		{"DELAY not asked", smtp.NotifyFailure, 0, []string{"mx at=RCPT n=1-12 reply=451"}, smtp.AllExtensions, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, tr := runExtended(t, extended(t, func(sc *scenario.Scenario) {
				sc.Letters[0].Notify, sc.Letters[0].DSN.Return, sc.Letters[0].DSN.EnvID = c.notify, c.ret, "lunch-1"
				sc.Hosts[2].Server.Extensions = c.offer
			}), c.faults...)
			box := w.Mailbox("msa", "alice")
			if len(box) != len(c.subject) {
				t.Fatalf("Alice has %d letters, want %d\n%s", len(box), len(c.subject), dump(tr))
			}
			for i, octets := range box {
				got := string(octets)
				if !strings.HasPrefix(got, "Return-Path: <>\r\n") || !strings.Contains(got, c.subject[i]+"\r\n") || !strings.Contains(got, c.says) || !strings.Contains(got, "lunch-1") {
					t.Errorf("Alice has\n%s", got)
				}
			}
		})
	}
}

// A report that cannot be delivered is never answered by another (RFC 5321
// §4.5.5), nor is one about a letter from <>.
func TestRFC5321_4_5_5_NoReportOnReports(t *testing.T) {
	sc := extended(t, func(sc *scenario.Scenario) {
		sc.Letters[0].Notify = smtp.NotifySuccess
		sc.Letters[0].From = smtp.Path{Local: "ghost", Domain: "sender.example"}
	})
	w, tr := runExtended(t, sc)
	if n := len(w.Mailbox("mx", "postmaster")); n == 0 { // it was mx that reported
		t.Errorf("the postmaster has nothing\n%s", dump(tr))
	}
	sc.Letters[0].From = smtp.Path{}
	_, tr = runExtended(t, sc)
	for pos := trace.Pos(0); pos < tr.End(); pos++ {
		if tr.At(pos).Kind == trace.Reported {
			t.Errorf("a report about a letter from <>\n%s", dump(tr))
		}
	}
}

// RFC 5321 §3.9.1: mail for a list reaches its members, and EXPN names them.
func TestRFC5321_3_9_1_Lists(t *testing.T) {
	src := strings.Replace(source(t, "clear"), "      mailboxes: [bob]\n", "      mailboxes: [bob, carol]\n      lists: [{name: team, members: [bob, Carol]}]\n", 1)
	src = strings.Replace(src, "to: [bob@receiver.example]", "to: [Team@receiver.example]", 1)
	sc, err := scenario.Parse([]byte(src), "clear.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, tr := runExtended(t, sc)
	if b, c := len(w.Mailbox("mx", "bob")), len(w.Mailbox("mx", "carol")); b != 1 || c != 1 {
		t.Errorf("Bob has %d, Carol %d\n%s", b, c, dump(tr))
	}
	by, err := sim.New(sc, sim.Options{Seed: 1, Inputs: []string{"msa hand to=mx", `msa says "EHLO a.example"`, `msa says "EXPN team"`, `msa says "EXPN nobody"`, `msa says QUIT`}})
	if err != nil {
		t.Fatal(err)
	}
	defer by.Close()
	if _, err := by.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for pos := trace.Pos(0); pos < by.Trace().End(); pos++ {
		if e := by.Trace().At(pos); e.Kind == trace.Reply {
			all.Write(by.Trace().OctetsAt(pos))
		}
	}
	for _, want := range []string{"250-EXPN\r\n", "250-2.1.5 <bob@receiver.example>\r\n250 2.1.5 <Carol@receiver.example>\r\n", "550 5.1.1 no such list here\r\n"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the server said %q, which lacks %q", all.String(), want)
		}
	}
}

// RFC 6531 §3.2: a letter outside ASCII goes only where it is taken.
func TestRFC6531_AcrossServers(t *testing.T) {
	wide := func(sc *scenario.Scenario) {
		sc.Hosts[2].Server.Mailboxes = append(sc.Hosts[2].Server.Mailboxes, "jos\u00e9")
		sc.Letters[0].To = []smtp.Path{{Local: "jos\u00e9", Domain: "receiver.example"}}
	}
	w, tr := runExtended(t, extended(t, wide))
	if box := w.Mailbox("mx", "jos\u00e9"); len(box) != 1 || !strings.Contains(string(box[0]), " with UTF8SMTP id ") {
		t.Errorf("Jos\u00e9 has %q\n%s", box, dump(tr))
	}
	w, tr = runExtended(t, extended(t, func(sc *scenario.Scenario) {
		wide(sc)
		sc.Hosts[2].Server.Extensions = smtp.BasicExtensions
	}))
	if box := w.Mailbox("msa", "alice"); len(box) != 1 || !strings.Contains(string(box[0]), "UTF-8") {
		t.Errorf("Alice has %q\n%s", box, dump(tr))
	}
}

// RFC 5321 §2.4: a mailbox is known by the same letters under which its mail is
// filed, and only ASCII ones have a case.
func TestRFC5321_2_4_AnotherMailbox(t *testing.T) {
	to := func(local string) func(sc *scenario.Scenario) {
		return func(sc *scenario.Scenario) {
			sc.Hosts[2].Server.Mailboxes = append(sc.Hosts[2].Server.Mailboxes, "susan", "Jos\u00c9")
			sc.Letters[0].To = []smtp.Path{{Local: local, Domain: "receiver.example"}}
		}
	}
	for local, box := range map[string]string{"SuSan": "susan", "jos\u00c9": "Jos\u00c9", "\"JOS\u00c9\"": "jos\u00c9"} {
		w, tr := runExtended(t, extended(t, to(local)))
		if n := len(w.Mailbox("mx", box)); n != 1 {
			t.Errorf("%s: %d letters in %s\n%s", local, n, box, dump(tr))
		}
	}
	for _, local := range []string{"\u017fu\u017fan", "jos\u00e9", "po\u017ftmaster"} {
		w, tr := runExtended(t, extended(t, to(local)))
		if box := w.Mailbox("msa", "alice"); len(box) != 1 || !strings.Contains(string(box[0]), "no such mailbox here") {
			t.Errorf("%s: Alice has %q\n%s", local, box, dump(tr))
		}
	}
}

// RFC 5321 §3.5.1, §3.5.2: EXPN finds a list by its address, too, and names only
// members that can be written in a reply (RFC 6531 §3.7.4.2).
func TestRFC5321_3_5_ExpnByAddress(t *testing.T) {
	const bob, proposed, none = "250 2.1.5 <bob@receiver.example>\r\n", "252 ", "550 5.1.1 no such list here\r\n"
	for arg, want := range map[string]string{
		"team": bob, "TEAM": bob, "<team>": bob, "team@receiver.example": bob, "<Team@Receiver.example>": bob,
		`\"team\"@receiver.example`: bob, "<>": none,
		"team@elsewhere.example": none, "<nobody@receiver.example>": none, "bob@receiver.example": none,
		"europe": proposed, "europe@receiver.example": proposed,
	} {
		sc := extended(t, func(sc *scenario.Scenario) {
			s := sc.Hosts[2].Server
			s.Mailboxes = append(s.Mailboxes, "j\u00f6rgen")
			s.Lists = []host.List{{Name: "team", Members: []string{"bob"}}, {Name: "europe", Members: []string{"bob", "j\u00f6rgen"}}}
		})
		w, err := sim.New(sc, sim.Options{Seed: 1, Inputs: []string{"msa hand to=mx", `msa says "EHLO a.example"`, `msa says "EXPN ` + arg + `"`, `msa says QUIT`}})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		got := ""
		for pos := trace.Pos(0); pos < w.Trace().End(); pos++ {
			if e := w.Trace().At(pos); e.Kind == trace.Reply && e.Verb == smtp.EXPN {
				got = string(w.Trace().OctetsAt(pos))
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("EXPN %s: %q, want %q", arg, got, want)
		}
	}
}
