package sim

// Handshakes that are cut or never answered, which no fault can say: the tests
// let a world go on step by step, and cut the line at a certain event.

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// stopAt runs testdata/secure.yaml, with msa's wish of TLS changed, up to the
// n-th event of that kind on connection 2, between the servers.
func stopAt(t *testing.T, mode string, kind trace.Kind, n int) *World {
	t.Helper()
	src, err := os.ReadFile("testdata/secure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenario.Parse([]byte(strings.Replace(string(src), "tls: may", "tls: "+mode, 1)), "secure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(sc, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for seen, pos := 0, trace.Pos(0); seen < n; {
		if len(w.agenda.items) == 0 {
			t.Fatalf("there is no such event: %v %d", kind, n)
		}
		w.next()
		for ; pos < w.t.End(); pos++ {
			if e := w.t.At(pos); e.Conn == 2 && e.Kind == kind {
				seen++
			}
		}
	}
	return w
}

// ends runs a world to its end and says what became of the letter, and which
// words were said about TLS at msa.
func ends(t *testing.T, w *World) (fate check.Fate, words []string) {
	t.Helper()
	if stop, err := w.Run(context.Background()); err != nil || stop != Ended {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	if found := check.NoLetterLost(w.t); found != nil {
		t.Error(found)
	}
	for pos := range w.t.End() {
		e := w.t.At(pos)
		if e.Cause != trace.NoPos && e.Cause >= pos {
			t.Errorf("event %d is because of %d", pos, e.Cause)
		}
		if e.Kind == trace.Unsecured {
			words = append(words, w.t.Host(e.Host).ID+": "+string(w.t.OctetsAt(pos)))
		}
		if e.Kind == trace.Sent && e.Conn == 2 && pos > 0 && strings.HasPrefix(string(w.t.OctetsAt(pos)), "421") && e.Flags&trace.Inside == 0 {
			t.Errorf("event %d: %q in clear, where a handshake is due", pos, w.t.OctetsAt(pos))
		}
	}
	return check.Outcomes(w.t)[0].Fate, words
}

// RFC 3207 §4.1, RFC 7435 §3: a line that breaks in the handshake is a handshake
// that has failed.
func TestRFC3207_4_1_HandshakeIsCut(t *testing.T) {
	for _, c := range []struct {
		mode  string
		n     int // which record has just left
		clear bool
		words string
	}{
		{"may", 1, true, "[msa: the connection ended before TLS did mx: the connection ended before TLS did]"},
		{"may", 2, true, "[msa: the connection ended before TLS did mx: the connection ended before TLS did]"},
		{"may", 3, false, "[mx: the connection ended before TLS did]"}, // to msa it was complete: nothing to fall back from
		{"insist", 1, false, "[msa: the connection ended before TLS did mx: the connection ended before TLS did]"},
		{"insist", 2, false, "[msa: the connection ended before TLS did mx: the connection ended before TLS did]"},
	} {
		w := stopAt(t, c.mode, trace.Record, c.n)
		for side := range uint8(2) {
			w.plan(0, item{do: doReset, conn: 2, side: side, cause: w.t.End() - 1})
		}
		fate, words := ends(t, w)
		slices.Sort(words)
		if len(w.conns) != 3 || fate != check.Delivered || fmt.Sprint(words) != c.words {
			t.Errorf("%s, record %d: the letter is %v after %d connections, %v", c.mode, c.n, fate, len(w.conns)-1, words)
		}
		if clear := !w.conns[2].ends[dialler].inside; clear != c.clear {
			t.Errorf("%s, record %d: the second connection is in clear: %v", c.mode, c.n, clear)
		}
	}
}

// RFC 5321 §4.5.3.2: a handshake that is not answered ends when its time is up,
// at both ends.
func TestRFC5321_4_5_3_2_HandshakeTakesTooLong(t *testing.T) {
	for _, c := range []struct {
		mode  string
		n     int // which record is lost
		clear bool
		words string
	}{
		{"may", 1, true, "[msa: it took too long mx: it took too long]"},
		{"may", 2, true, "[msa: it took too long mx: it took too long]"},
		{"may", 3, false, "[mx: it took too long]"},
		{"insist", 1, false, "[msa: it took too long mx: it took too long]"},
		{"insist", 2, false, "[msa: it took too long mx: it took too long]"},
	} {
		w := stopAt(t, c.mode, trace.Record, c.n)
		var rest []item
		for _, it := range w.agenda.items {
			if it.conn != 2 || it.do != doRecord && it.do != doArrive {
				rest = append(rest, it)
			}
		}
		w.agenda.items = nil
		for _, it := range rest {
			w.agenda.push(it)
		}
		fate, words := ends(t, w)
		slices.Sort(words)
		if fate != check.Delivered || len(w.conns) != 3 {
			t.Errorf("%s, record %d: the letter is %v after %d connections", c.mode, c.n, fate, len(w.conns)-1)
		}
		if got := fmt.Sprint(words); got != c.words {
			t.Errorf("%s, record %d: %s, want %s", c.mode, c.n, got, c.words)
		}
		if clear := !w.conns[2].ends[dialler].inside; clear != c.clear {
			t.Errorf("%s, record %d: the second connection is in clear: %v", c.mode, c.n, clear)
		}
	}
}

// RFC 8446 §5.2: what is changed on its way inside TLS is found out, and then
// the connection is of no use. Nothing of it is taken in, and nothing is said in
// clear after it.
func TestRFC8446_5_2_RecordsAreChanged(t *testing.T) {
	for _, mode := range []string{"may", "insist"} {
		for n := range 20 {
			w := stopAt(t, mode, trace.Secured, 2)
			for pos, seen := w.t.End(), 0; seen <= n && len(w.agenda.items) > 0; {
				w.next()
				for ; pos < w.t.End(); pos++ {
					if e := w.t.At(pos); e.Conn == 2 && e.Kind == trace.Sent {
						seen++
					}
				}
			}
			changed := false
			for _, it := range w.agenda.items {
				if it.conn == 2 && it.ref > 0 {
					octets := w.flights[it.ref-1]
					octets[len(octets)-1] ^= 1
					changed = true
				}
			}
			fate, words := ends(t, w)
			if fate != check.Delivered || changed && len(words) == 0 {
				t.Errorf("%s, %d: the letter is %v, %v", mode, n, fate, words)
			}
			for pos := range w.t.End() {
				if e := w.t.At(pos); e.Kind == trace.Sent && e.Conn > 1 && e.Flags&trace.Inside == 0 &&
					strings.Contains(string(w.t.OctetsAt(pos)), "bob@") {
					t.Errorf("%s, %d: event %d says %q in clear", mode, n, pos, w.t.OctetsAt(pos))
				}
			}
			if len(w.conns) > 3 {
				t.Errorf("%s, %d: %d connections", mode, n, len(w.conns))
			}
		}
	}
}

// RFC 3207 §5: what somebody in the middle says behind a server's 220 is thrown
// away as well: the client believes nothing that it was offered in clear.
func TestRFC3207_5_InjectedReplies(t *testing.T) {
	const injected = "250-mx.receiver.example\r\n250 AUTH PLAIN\r\n"
	for _, mode := range []string{"may", "insist"} {
		w := stopAt(t, mode, trace.Sent, 5) // 220, EHLO, 250, STARTTLS, 220
		found := false
		for i := range w.agenda.items {
			it := &w.agenda.items[i]
			if it.conn == 2 && it.do == doArrive {
				it.span = w.store(append(w.t.Raw(it.span), injected...))
				found = true
			}
		}
		fate, words := ends(t, w)
		if !found || fate != check.Delivered || len(words) > 0 || len(w.conns) != 2 {
			t.Errorf("%s: the letter is %v after %d connections, %v", mode, fate, len(w.conns), words)
		}
		discarded := uint32(0)
		for pos := range w.t.End() {
			switch e := w.t.At(pos); e.Kind {
			case trace.Discarded:
				discarded = e.Arg
			case trace.Reply:
				if e.Conn == 2 && e.Flags&trace.Inside != 0 && strings.Contains(string(w.t.OctetsAt(pos)), "AUTH") {
					t.Errorf("%s: event %d is %q", mode, pos, w.t.OctetsAt(pos))
				}
			}
		}
		if discarded != uint32(len(injected)) {
			t.Errorf("%s: %d octets were thrown away, want %d", mode, discarded, len(injected))
		}
	}
}

// The same for a person who types.
func TestRFC3207_5_InjectedRepliesByHand(t *testing.T) {
	src, err := os.ReadFile("testdata/secure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenario.Parse(src, "secure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(sc, Options{Seed: 1, Inputs: []string{"laptop hand to=mx"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, line := range []string{"EHLO a.example", "STARTTLS", "EHLO b.example", "QUIT"} {
		if stop, err := w.Run(context.Background()); stop != Asked || err != nil {
			t.Fatalf("before %s: stop %v, error %v", line, stop, err)
		}
		if err := w.Say(line); err != nil {
			t.Fatal(err)
		}
		for pos := w.t.End(); line == "STARTTLS" && pos == w.t.End(); {
			w.next()
			for i := range w.agenda.items {
				if it := &w.agenda.items[i]; it.do == doArrive && strings.HasPrefix(string(w.t.Raw(it.span)), "220 ") {
					it.span = w.store(append(w.t.Raw(it.span), "250 go ahead\r\n250"...))
				}
			}
		}
	}
	if stop, err := w.Run(context.Background()); stop != Ended || err != nil {
		t.Fatalf("stop %v, error %v", stop, err)
	}
	discarded, replies := uint32(0), 0
	for pos := range w.t.End() {
		switch e := w.t.At(pos); e.Kind {
		case trace.Discarded:
			discarded = e.Arg
		case trace.Reply:
			replies++
		}
	}
	if want := uint32(len("250 go ahead\r\n250")); discarded != want || replies != 5 {
		t.Errorf("%d octets were thrown away, want %d; %d replies heard, want 5", discarded, want, replies)
	}
}
