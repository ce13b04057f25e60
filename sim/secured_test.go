package sim_test

// What the tests of TLS and logins have in common: a scenario, ways to change
// it, and what must hold in every trace of it.

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// secured is testdata/secure.yaml with changes: pairs of what stands there, and
// what is to stand there instead.
func secured(tb testing.TB, changes ...string) *scenario.Scenario {
	tb.Helper()
	octets, err := os.ReadFile("testdata/secure.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	src := string(octets)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(src, changes[i]) {
			tb.Fatalf("%q does not stand in secure.yaml", changes[i])
		}
		src = strings.Replace(src, changes[i], changes[i+1], 1)
	}
	sc, err := scenario.Parse([]byte(src), "secure.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return sc
}

// runSecured runs to the end, and holds what must hold in every trace.
func runSecured(t *testing.T, sc *scenario.Scenario, list ...string) (*sim.World, *trace.Trace) {
	t.Helper()
	w, err := sim.New(sc, sim.Options{Seed: 1, Faults: faults(t, list)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if stop, err := w.Run(context.Background()); err != nil || stop != sim.Ended {
		t.Fatalf("stop %v, error %v\n%s", stop, err, dump(w.Trace()))
	}
	checkSecured(t, w.Trace())
	return w, w.Trace()
}

// byHand runs with the lines that a person types, one where each is asked for,
// and returns the trace.
func byHand(t *testing.T, sc *scenario.Scenario, hand string, lines ...string) *trace.Trace {
	t.Helper()
	w, err := sim.New(sc, sim.Options{Seed: 1, Inputs: []string{hand}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, line := range lines {
		if stop, err := w.Run(context.Background()); stop != sim.Asked || err != nil {
			t.Fatalf("before %q: stop %v, error %v\n%s", line, stop, err, dump(w.Trace()))
		}
		if err := w.Say(line); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	checkSecured(t, w.Trace())
	return w.Trace()
}

// checkSecured holds what every trace has to show, whatever happens in it: no
// letter is lost, each end's stream has no gap, and what is marked to have
// travelled inside TLS is exactly what one end said once it was inside.
func checkSecured(t interface {
	Helper()
	Fatalf(string, ...any)
}, tr *trace.Trace) {
	t.Helper()
	if found := check.NoLetterLost(tr); found != nil {
		t.Fatalf("%v\n%s", found, dump(tr))
	}
	type end struct {
		conn trace.ConnID
		host trace.HostID
	}
	type sent struct {
		end
		off uint32
	}
	inside, next, under := map[end]bool{}, map[end]uint32{}, map[sent]trace.Pos{}
	self := map[trace.ConnID]bool{} // a host's connection to itself, whose ends the trace does not tell apart
	fail := func(pos trace.Pos, format string, args ...any) {
		t.Fatalf("event %d: %s\n%s", pos, fmt.Sprintf(format, args...), dump(tr))
	}
	for pos := range tr.End() {
		e := tr.At(pos)
		me, other := end{e.Conn, e.Host}, end{e.Conn, e.Peer}
		marked := e.Flags&trace.Inside != 0
		if e.Kind == trace.Connect {
			self[e.Conn] = e.Host == e.Peer
		}
		if e.Conn == 0 {
			if marked {
				fail(pos, "it is on no connection, and marked as inside TLS")
			}
			continue
		}
		if self[e.Conn] {
			continue
		}
		switch e.Kind {
		case trace.Record:
			inside[me] = false // a fault may have accepted a second STARTTLS
			if marked {
				fail(pos, "a record of a handshake is marked as inside TLS")
			}
		case trace.Connect, trace.Connected, trace.Refused, trace.Unanswered, trace.Close, trace.Closed, trace.Reset,
			trace.Handshake, trace.Unsecured, trace.Discarded, trace.Attempt:
			if marked {
				fail(pos, "%v is nothing that happens inside TLS", e.Kind)
			}
		case trace.Secured:
			if inside[me] || !marked {
				fail(pos, "secured twice, or not marked")
			}
			if k := tr.At(e.Cause).Kind; k != trace.Handshake {
				fail(pos, "secured because of %v", k)
			}
			inside[me] = true
		case trace.Sent:
			if marked != inside[me] {
				fail(pos, "marked as inside TLS: %v, the sender is inside: %v", marked, inside[me])
			}
			if e.Arg != next[me] {
				fail(pos, "the stream goes on at %d, and this stands at %d", next[me], e.Arg)
			}
			next[me] += e.Octets.Len
			under[sent{me, e.Arg}] = pos
		case trace.Arrived, trace.Lost:
			from := sent{other, e.Arg}
			if e.Kind == trace.Lost {
				from = sent{me, e.Arg}
			}
			was, ok := under[from]
			if !ok {
				fail(pos, "nobody has sent this")
			}
			delete(under, from)
			before := tr.At(was)
			if extra := e.Octets.Len - before.Octets.Len; extra > 0 { // somebody in the middle added to it
				if tr.At(e.Cause).Kind != trace.Fired {
					fail(pos, "%d octets come from nowhere", extra)
				}
				next[from.end] += extra
			}
			if marked != (before.Flags&trace.Inside != 0) {
				fail(pos, "marked otherwise than event %d, where it was sent", was)
			}
		case trace.Command, trace.Reply, trace.Letter:
			if marked != inside[other] {
				fail(pos, "marked as inside TLS: %v, the hearer is inside: %v", marked, inside[other])
			}
		default:
			if marked != inside[me] {
				fail(pos, "marked as inside TLS: %v, the host is inside: %v", marked, inside[me])
			}
		}
	}
	for _, pos := range under {
		if tr.At(tr.End()-1).Kind != trace.Limit {
			fail(pos, "it neither arrived nor was lost")
		}
	}
}

// inClear returns what a host has said outside TLS on connections that it
// opened itself.
func saidInClear(tr *trace.Trace, host string) string {
	var b strings.Builder
	dialled := map[trace.ConnID]trace.HostID{}
	for pos := range tr.End() {
		e := tr.At(pos)
		switch {
		case e.Kind == trace.Connect:
			dialled[e.Conn] = e.Host
		case e.Kind == trace.Sent && e.Flags&trace.Inside == 0 && dialled[e.Conn] == e.Host && tr.Host(e.Host).ID == host:
			b.Write(tr.Raw(e.Octets))
		}
	}
	return b.String()
}

// courtesies are the lines that tell nothing of a letter or a login.
func onlyCourtesies(said string) bool {
	for line := range strings.SplitSeq(strings.TrimSuffix(said, "\r\n"), "\r\n") {
		switch smtp.ParseCommand([]byte(line + "\r\n")).Verb {
		case smtp.EHLO, smtp.HELO, smtp.STARTTLS, smtp.QUIT:
		default:
			if said != "" {
				return false
			}
		}
	}
	return true
}

// retold is what happened on one connection, an event a line: the lines that
// were said and the deeds, without what is below them.
func retold(tr *trace.Trace, conn trace.ConnID) string {
	var b strings.Builder
	for pos := range tr.End() {
		e := tr.At(pos)
		if e.Conn != conn || e.Kind.Layer() == trace.Wire {
			continue
		}
		mark := " "
		if e.Flags&trace.Inside != 0 {
			mark = "+"
		}
		fmt.Fprintf(&b, "%s %s %v", mark, tr.Host(e.Host).ID, e.Kind)
		switch e.Kind {
		case trace.Command:
			b.WriteString(" " + strings.TrimSpace(string(tr.OctetsAt(pos))))
		case trace.Reply, trace.Decided:
			fmt.Fprintf(&b, " %v %d", e.Verb, e.Code)
		case trace.Handshake, trace.Secured, trace.Unsecured, trace.LoggedIn, trace.Fired:
			words, _, _ := strings.Cut(string(tr.OctetsAt(pos)), ", ciphers ")
			b.WriteString(": " + words)
		case trace.Discarded:
			fmt.Fprintf(&b, " %d", e.Arg)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// find returns the position of the first event that a pattern matches.
func find(t *testing.T, tr *trace.Trace, pattern string) trace.Pos {
	t.Helper()
	p, err := trace.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	pos, ok := p.Find(tr, 0, tr.End())
	if !ok {
		t.Fatalf("no %s\n%s", pattern, dump(tr))
	}
	return pos
}

// count says how many events of that kind a host has.
func count(tr *trace.Trace, host string, kind trace.Kind) int {
	n := 0
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == kind && tr.Host(e.Host).ID == host {
			n++
		}
	}
	return n
}

// told returns what users were told.
func told(tr *trace.Trace) string {
	var words []string
	for pos := range tr.End() {
		if tr.At(pos).Kind == trace.Told {
			words = append(words, string(tr.OctetsAt(pos)))
		}
	}
	return strings.Join(words, "; ")
}

// fate is what became of the first letter.
func fate(tr *trace.Trace) check.Fate { return check.Outcomes(tr)[0].Fate }
