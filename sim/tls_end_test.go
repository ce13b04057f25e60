package sim_test

// How TLS ends, and what is too late or too early for it.

import (
	"strings"
	"testing"
	"time"

	"helo/sim/trace"
)

// RFC 8446 §6.1: whoever closes a connection inside TLS says so inside; one that
// is cut, or that never came inside, has no such word.
func TestRFC8446_6_1_CloseNotify(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []string
		faults  []string
		want    bool
	}{
		{"both sides", nil, nil, true},
		{"the server ends it", nil, []string{"mx at=MAIL reply=421"}, true},
		{"in clear", []string{"tls: insist", "tls: none", "tls: may", "tls: none"}, nil, false},
		{"no TLS came about", nil, []string{"msa tls=expired", "mx refuse"}, false},
	} {
		_, tr := runSecured(t, secured(t, c.changes...), c.faults...)
		closes := 0
		for pos := range tr.End() {
			e := tr.At(pos)
			if e.Kind != trace.Close {
				continue
			}
			closes++
			said := e.Cause != trace.NoPos && tr.At(e.Cause).Kind == trace.Record && tr.At(e.Cause).Host == e.Host && tr.At(e.Cause).Conn == e.Conn
			if said != c.want {
				t.Errorf("%s: event %d, a connection is closed; with a close_notify: %v, want %v", c.name, pos, said, c.want)
			}
		}
		if closes < 2 {
			t.Errorf("%s: %d connections are closed", c.name, closes)
		}
	}
}

// RFC 5280 §4.1.2.5: a certificate is judged by the time at which it is shown,
// though it was right before: those of a scenario are valid for a year.
func TestRFC5280_4_1_2_5_CertificatesGrowOld(t *testing.T) {
	const day = 24 * time.Hour
	sc := secured(t)
	sc.MaxTime = 3650 * day
	for _, at := range []time.Duration{364 * day, 366 * day} {
		l := sc.Letters[0]
		l.At = at
		sc.Letters = append(sc.Letters, l)
	}
	for range 2 { // what was found out is kept with the scenario
		w, tr := runSecured(t, sc)
		if n := len(w.Mailbox("mx", "bob")); n != 2 {
			t.Errorf("Bob has %d letters, want 2", n)
		}
		if got := told(tr); got != "not sent: 451 4.7.5 no TLS: the certificate expired on 2027-11-23" {
			t.Errorf("Alice was told %q", got)
		}
	}
}

// RFC 8314 §3.3: where TLS comes first nobody says anything before it, neither a
// client that knows nothing of TLS nor the server that gives it up.
func TestRFC8314_3_3_NobodySpeaksFirst(t *testing.T) {
	w, tr := runSecured(t, secured(t, "server: mail.sender.example\n", "server: mail.sender.example\n      port: 465\n", "tls: insist", "tls: none"))
	if got := told(tr); !strings.Contains(got, "no answer in time: greeting") {
		t.Errorf("Alice was told %q", got)
	}
	if n := count(tr, "msa", trace.Sent) + count(tr, "laptop", trace.Sent); n > 0 {
		t.Errorf("somebody has said something\n%s", dump(w.Trace()))
	}
	// And the other way: TLS first, where STARTTLS is due.
	_, tr = runSecured(t, secured(t, "server: mail.sender.example\n", "server: mail.sender.example\n      port: 587\n", "tls: insist", "tls: implicit"))
	if got := told(tr); got != "not sent: 451 4.7.5 no TLS: what came is no TLS record" || saidInClear(tr, "laptop") != "" {
		t.Errorf("Alice was told %q\n%s", got, dump(tr))
	}
}
