package explain

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// variants are runs that between them meet most of what can happen.
func variants(t testing.TB) map[string]*trace.Trace {
	byHand := func(lines ...string) []string {
		inputs := []string{"msa hand to=mx"}
		for _, l := range lines {
			inputs = append(inputs, fmt.Sprintf("msa says %q", l))
		}
		return inputs
	}
	long := func(src string) string {
		lines := strings.Repeat("      a line of a long letter\n", 300)
		return strings.Replace(src, "      Hello Bob,\n", "      Hello Bob,\n"+lines+"      .a line with a dot\n"+lines, 1)
	}
	runs := map[string]*trace.Trace{
		"delivery":  runClear(t, nil, 1, nil),
		"long":      runClear(t, long, 1, nil),
		"slow":      runClear(t, nil, 1, []string{"mx set pipelining=off"}),
		"broken":    runClear(t, nil, 1, byHand("", " ", "MAIL", "MAIL FROM:", "MAIL FROM:<", "EHLO", "EHLO x_y", "EHLO [1.2.3.400]", "EHLO a", "MAIL FROM:<> SIZE=1 SIZE=2", "MAIL FROM:<a@b> SIZE=x", "MAIL FROM:<a@b> =1", "MAIL FROM:<\"a b\"@[IPv6:2001:db8::1]>   ", "RCPT TO:<>", "RCPT TO:<@a,@b:c@d>", "RCPT TO:<Postmaster> FOO", "RCPT TO:<x@receiver.example>", "VRFY", "VRFY bob", "HELP me", "NOOP x", "EXPN all", "STARTTLS", "AUTH PLAIN", "TURN", "RSET now", "SEND FROM:<a@b>", "DATA", ".", "QUIT")),
		"no header": runClear(t, nil, 1, byHand("HELO a", "MAIL FROM:<a@b>", "RCPT TO:<bob@receiver.example>", "DATA", "no header here", "..", "", "...", ".", "QUIT")),
		"only body": runClear(t, nil, 1, byHand("EHLO a", "MAIL FROM:<a@b> BODY=8BITMIME", "RCPT TO:<bob@receiver.example>", "DATA", "", "Grüße \x1b[31m", "\u202eevil", ".", "QUIT")),
		"nobody": runClear(t, func(s string) string {
			return strings.Replace(s, "  mx    A    198.51.100.25", "  mx    A    198.51.100.99", 1)
		}, 1, nil),
		"implicit": runClear(t, func(s string) string {
			return strings.Replace(s, "  @     MX   10 mx\n", "  @     A    198.51.100.25\n", 1)
		}, 1, nil),
		"null mx": runClear(t, func(s string) string { return strings.Replace(s, "MX   10 mx\n", "MX   0 .\n", 1) }, 1, nil),
		"own": runClear(t, func(s string) string {
			return strings.Replace(s, "mx    A    198.51.100.25", "mx    A    192.0.2.10", 1)
		}, 1, nil),
		"from nobody": runClear(t, func(s string) string { return strings.Replace(s, "from: alice@sender.example", "from: <>", 1) }, 1, nil, "mx at=RCPT reply=550"),
		"itself":      runClear(t, nil, 1, []string{"msa hand to=msa", `msa says "EHLO a"`, `msa says QUIT`}),
		"two mx": runClear(t, func(s string) string {
			return strings.Replace(s, "MX   10 mx\n", "MX   10 mx\n  @     MX   20 mx2\n", 1)
		}, 1, nil),
	}
	for _, spec := range []string{
		"mx at=connect reply=421", "mx at=connect reply=554", "mx at=EHLO reply=500", "mx at=EHLO reply=502", "mx at=MAIL reply=452",
		"mx at=MAIL reply=550", "mx at=RCPT reply=451", "mx at=RCPT n=1 reply=\"251 2.1.5 will forward\"", "mx at=RCPT reply=556",
		"mx at=DATA reply=451", "mx at=DATA reply=250", "mx at=MAIL reply=354", "mx at=dot reply=354", "mx at=DATA silent", "mx at=dot reply=452", "mx at=dot reply=554", "mx at=dot drop", "mx at=dot silent",
		"mx at=RCPT silent", "mx at=RCPT reply=459", "mx at=RCPT reply=299", "mx at=dot reply=\"550 5.7.26 checks failed\"",
		"mx at=dot reply=\"450 4.99.999 what\"", "msa>mx refuse", "msa dns=nxdomain", "msa dns=servfail", "msa dns=timeout", "laptop>msa refuse",
		"msa at=MAIL reply=530", "msa at=RCPT reply=450", "msa at=dot drop", "laptop dns=nxdomain", "mx at=QUIT drop", "mx at=connect drop",
	} {
		runs[spec] = runClear(t, nil, 7, nil, spec)
	}
	for name, tr := range locked(t) {
		runs[name] = tr
	}
	for _, s := range strange {
		runs[s.name] = s.trace()
	}
	return runs
}

// TestEveryEvent holds what is true of every explanation of every event.
func TestEveryEvent(t *testing.T) {
	r := reference(t)
	for name, tr := range variants(t) {
		t.Run(name, func(t *testing.T) {
			for p := trace.Pos(0); p < tr.End(); p++ {
				for _, by := range []Eyes{Masked, Ends, Wire} {
					x := r.Seen(tr, p, tr.End(), by)
					if msg := wrong(tr, p, x); msg != "" {
						var b strings.Builder
						onPaper(&b, tr, p, x, by)
						t.Fatalf("%s: %s\n%s", tr.At(p).Kind, msg, b.String())
					}
				}
			}
		})
	}
}

// wrong says what is wrong with an explanation, or "".
func wrong(tr *trace.Trace, p trace.Pos, x Explanation) string {
	e := tr.At(p)
	if x.Title == "" || x.Means == "" {
		return "no title or no meaning"
	}
	texts := []string{x.Title, x.Means, x.Because}
	for _, c := range x.States {
		texts = append(texts, c.From, c.To, c.Note)
		if c.From == "" || c.To == "" || c.Host == 0 {
			return fmt.Sprintf("a state without words: %+v", c)
		}
	}
	for _, part := range x.Parts {
		texts = append(texts, part.Name, part.Meaning)
		if n := utf8.RuneCountInString(part.Name); n == 0 || n > 16 {
			return fmt.Sprintf("a part's name has %d characters: %q", n, part.Name)
		}
	}
	for _, text := range texts {
		if strings.ContainsAny(text, "{}") {
			return "a word in braces was not filled in: " + text
		}
		if Visible([]byte(text)) != text {
			return "octets from outside are not made visible: " + text
		}
		if strings.Contains(text, "  ") || strings.HasSuffix(text, " ") {
			return "a hole in a sentence: " + text
		}
	}
	for _, rfc := range x.RFC {
		if !citation.MatchString(rfc) {
			return "a malformed reference: " + rfc
		}
	}
	if n := utf8.RuneCountInString(x.Means); n > 320 {
		return fmt.Sprintf("the meaning has %d characters", n)
	}
	if x.Cause != trace.NoPos && (x.Cause >= p || !tr.At(x.Cause).Kind.IsRow() || x.Because == "") {
		return "the cause is no earlier row, or is not told"
	}
	if e.Kind == trace.Command || e.Kind == trace.Reply || e.Kind == trace.Letter ||
		e.Kind == trace.Question || e.Kind == trace.Answer || e.Kind == trace.Added || len(x.Octets) > 0 {
		return unexplained(x)
	}
	return ""
}

// unexplained finds octets that are in no part or in two.
func unexplained(x Explanation) string {
	at := 0
	var outer Part
	for _, p := range x.Parts {
		if p.Start > p.End || p.End > len(x.Octets) {
			return fmt.Sprintf("a part outside the octets: %+v", p)
		}
		if p.Inside {
			if p.Start < outer.Start || p.End > outer.End {
				return fmt.Sprintf("%+v is not inside %+v", p, outer)
			}
			continue
		}
		if p.Start < at {
			return fmt.Sprintf("%+v begins before the part before it ends", p)
		}
		if gap := x.Octets[at:p.Start]; len(bytes.Trim(gap, " -")) > 0 || len(gap) > 1 || len(gap) > 0 && at == 0 {
			return fmt.Sprintf("octets without a name: %q", gap)
		}
		at, outer = p.End, p
	}
	if rest := x.Octets[at:]; len(rest) > 0 {
		return fmt.Sprintf("octets without a name: %q", rest)
	}
	return ""
}

// TestNothingGivenAway holds that an explanation depends on no event that is
// not known yet: it is the same when those have not happened.
func TestNothingGivenAway(t *testing.T) {
	r := reference(t)
	runs := variants(t)
	for _, name := range []string{"delivery", "locked", "msa tls=inject", "scram", "broken", "nobody", "mx at=dot drop", "mx at=RCPT silent", "mx at=RCPT reply=451", "mx at=QUIT drop"} {
		tr := runs[name]
		t.Run(name, func(t *testing.T) {
			cut := trace.New(tr.Scenario, tr.Seed, tr.Start, tr.Hosts[1:])
			for known := trace.Pos(0); known < tr.End() && known < 150; known++ {
				for p := trace.Pos(max(0, int(known)-25)); p < known; p++ {
					without, with := r.Event(cut, p, known), r.Event(tr, p, known)
					if !reflect.DeepEqual(without, with) {
						t.Fatalf("event %d, %d known: what comes later shows (-without +with):\n%s", p, known, cmp.Diff(without, with))
					}
				}
				e := *tr.At(known)
				e.Octets = cut.StoreSecret(tr.Raw(e.Octets), tr.Octets(e.Octets))
				cut.Append(e)
			}
			if x := r.Event(tr, 5, 5); x.Means != "" || x.Octets != nil || x.Cause != trace.NoPos {
				t.Errorf("an event that is not known is explained: %+v", x)
			}
		})
	}
}

// TestDecisionIsNotTold holds that before the reply is known, a command's row
// says "deciding", although the decision is an earlier event.
func TestDecisionIsNotTold(t *testing.T) {
	r := reference(t)
	tr := runClear(t, nil, 1, nil)
	var letter, reply trace.Pos
	for p := trace.Pos(0); p < tr.End(); p++ {
		switch e := tr.At(p); {
		case e.Kind == trace.Letter:
			letter = p
		case e.Kind == trace.Reply && e.Verb == smtp.EndOfData:
			reply = p
		}
	}
	for known, want := range map[trace.Pos]string{reply: "deciding", reply + 1: "greeted"} {
		x := r.Event(tr, letter, known)
		if len(x.States) != 2 || x.States[0].To != "dot sent" || x.States[1].To != want {
			t.Errorf("known up to %d: states are %+v, want the server at %q", known, x.States, want)
		}
	}
}

// TestCause holds which row is named as the cause.
func TestCause(t *testing.T) {
	r := reference(t)
	tr := runClear(t, nil, 1, nil)
	want := map[string]string{
		"MAIL FROM:<alice@sender.example> SIZE=308": "250-SIZE 10485760 was offered at 0.120",
		"DATA":                          "250-PIPELINING was offered at 0.120",
		"250 2.1.5 ok":                  "RCPT TO:<bob@receiver.example> was said at 0.135",
		"250 2.0.0 queued as M3W96M":    "the letter ended with its dot at 0.165",
		"? MX receiver.example":         "mail.sender.example took the letter at 0.165",
		"connect, port 587":             "the DNS answered 192.0.2.10 at 0.030",
		"220 mail.sender.example ESMTP": "the connection was opened at 0.030",
	}
	for p := trace.Pos(0); p < tr.End(); p++ {
		line := Line(tr, p)
		because, ok := want[line]
		if !ok || !tr.At(p).Kind.IsRow() {
			continue
		}
		delete(want, line)
		if x := r.Event(tr, p, tr.End()); x.Because != because {
			t.Errorf("%s\n got because %s\nwant because %s", line, x.Because, because)
		}
	}
	for line := range want {
		t.Errorf("no row %q in the run", line)
	}
}

// TestWhyKeptAndWhyReturned holds that a letter is kept and given up for the
// reasons there were: only a 4yz means not now (RFC 5321 §4.2.1), and only a
// letter whose time was over is given up for that (RFC 5321 §4.5.4.1).
func TestWhyKeptAndWhyReturned(t *testing.T) {
	r := reference(t)
	two := func(s string) string {
		return strings.Replace(s, "mx    A    198.51.100.25", "mx    A    198.51.100.25\n  mx    A    198.51.100.99", 1)
	}
	for _, test := range []struct {
		fault  string
		change func(string) string
		kind   trace.Kind
		want   string
	}{
		{"mx at=RCPT n=1 reply=451", nil, trace.Queued, "451 means not now."},
		{"mx at=RCPT n=1 reply=552", nil, trace.Queued, "552 does not settle it here"},
		{"mx at=DATA n=1 reply=250", nil, trace.Queued, "250 does not settle it here"},
		{"mx at=RCPT n=1 drop", nil, trace.Queued, "Nobody has refused the letter"},
		{"mx at=RCPT n=1 reply=451", two, trace.Queued, "451 means not now."}, // then nobody answers
		{"mx at=connect n=1 reply=554", two, trace.Queued, "554 does not settle it here"},
		{"msa dns=servfail n=1", nil, trace.Queued, "is not known now"},
		{"mx at=RCPT reply=451", nil, trace.Returned, "long enough"},
		{"mx at=RCPT reply=552", nil, trace.Returned, "long enough"},
		{"mx refuse", nil, trace.Returned, "long enough"},
		{"mx at=RCPT reply=550", nil, trace.Returned, "cannot deliver the letter"},
	} {
		tr := runClear(t, test.change, 1, nil, test.fault)
		for p := trace.Pos(0); ; p++ {
			if p == tr.End() {
				t.Errorf("%s: no %s", test.fault, test.kind)
				break
			}
			if tr.At(p).Kind == test.kind {
				if x := r.Event(tr, p, tr.End()); !strings.Contains(x.Means, test.want) {
					t.Errorf("%s: %s, want %s", test.fault, x.Means, test.want)
				}
				break
			}
		}
	}
}

// TestMisplacedReply holds that a code that is no answer to the command is told
// as one, with what a client makes of it (RFC 5321 §4.3.2).
func TestMisplacedReply(t *testing.T) {
	r := reference(t)
	for fault, want := range map[string]string{
		"mx at=DATA n=1 reply=250":    "mx.receiver.example says done, but DATA asks for a go-ahead: only 354 would be one. A client does not send the letter",
		"mx at=DATA n=1 reply=251":    "only 354 would be one",
		"mx at=connect n=1 reply=354": "says go on, where only done or a refusal",
		"mx at=MAIL n=1 reply=354":    "says go on, where only done or a refusal",
		"mx at=dot n=1 reply=354":     "it keeps the letter",
		"mx at=DATA n=1 reply=451":    "The letter was not sent",
		"mx at=MAIL n=1 reply=251":    "will forward the letter",
	} {
		f, err := host.ParseFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		tr := runClear(t, nil, 1, nil, fault)
		for p := trace.Pos(0); ; p++ {
			if p == tr.End() {
				t.Errorf("%s: no such reply", fault)
				break
			}
			if e := tr.At(p); e.Kind == trace.Reply && e.Verb == f.At && e.Code == f.Reply.Code {
				if x := r.Event(tr, p, tr.End()); !strings.Contains(x.Means, want) {
					t.Errorf("%s: %s\nwant %s", fault, x.Means, want)
				}
				break
			}
		}
	}
}

// TestRowKinds holds that rows here are the rows of package trace.
func TestRowKinds(t *testing.T) {
	for k := trace.Connect; ; k++ {
		if _, ok := trace.ParseKind(k.String()); !ok {
			break
		}
		tr := trace.New("", 0, trace.Trace{}.Start, nil)
		tr.Append(trace.Event{Kind: k})
		var rows trace.Rows
		rows.Update(tr)
		if got := rows.Len() == 1; got != k.IsRow() {
			t.Errorf("%s: a row here: %v, in a trace: %v", k, k.IsRow(), got)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	r := reference(b)
	tr := runClear(b, nil, 1, nil)
	for i := range b.N {
		r.Event(tr, trace.Pos(i)%tr.End(), tr.End())
	}
}
