package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// demanding is secured with a letter that demands TLS all the way.
func demanding(t *testing.T, changes ...string) *scenario.Scenario {
	t.Helper()
	return secured(t, append([]string{"to: [bob@receiver.example]", "to: [bob@receiver.example]\n    require-tls: yes"}, changes...)...)
}

// mails are the MAIL commands of a trace.
func mails(tr *trace.Trace) string {
	var list []string
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Command && strings.HasPrefix(string(tr.OctetsAt(pos)), "MAIL ") {
			list = append(list, tr.Host(e.Host).ID+">"+tr.Host(e.Peer).ID+" "+strings.TrimSpace(string(tr.OctetsAt(pos))))
		}
	}
	return strings.Join(list, "\n")
}

// RFC 8689 §4.2.1, §4.3: a letter that demands TLS says so at each hop, and
// travels inside a TLS that was checked.
func TestRFC8689_4_2_1_DemandedAtEachHop(t *testing.T) {
	for _, mode := range []string{"may", "insist", "none", "implicit"} {
		for _, laptop := range []string{"may", "insist", "none", "implicit"} {
			w, tr := runSecured(t, demanding(t, "    tls: may", "    tls: "+mode, "tls: insist", "tls: "+laptop))
			want := "laptop>msa MAIL FROM:<alice@sender.example> SIZE=159 REQUIRETLS\nmsa>mx MAIL FROM:<alice@sender.example> SIZE=313 REQUIRETLS"
			if got := mails(tr); got != want || len(w.Mailbox("mx", "bob")) != 1 {
				t.Errorf("laptop: %s, msa: %s: got\n%s\nwant\n%s\n%s", laptop, mode, got, want, dump(tr))
			}
			for _, id := range []string{"laptop", "msa"} {
				if said := saidInClear(tr, id); !onlyCourtesies(said) {
					t.Errorf("laptop: %s, msa: %s: %s has said in clear %q", laptop, mode, id, said)
				}
			}
		}
	}
	// One that demands nothing does not say so, wherever it goes.
	_, tr := runSecured(t, secured(t))
	if got := mails(tr); strings.Contains(got, "REQUIRETLS") {
		t.Errorf("got\n%s", got)
	}
}

// RFC 8689 §4.2.1, §5: what cannot go inside a TLS that was checked, to a server
// that promises the same, comes back at once: 5.7.10 where there is no TLS, 5.7.30
// where nothing is promised. Nothing of it is said outside.
func TestRFC8689_4_2_1_ReturnedIfNot(t *testing.T) {
	const mxFeatures = "features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, requiretls]"
	for _, c := range []struct {
		name    string
		changes []string
		fault   string
		fate    check.Fate
		code    string
		why     string
	}{
		{"no TLS at all", []string{mxFeatures, "features: [pipelining, size]"}, "", check.Returned, "5.7.10", "does not offer it"},
		{"no promise", []string{mxFeatures, "features: [pipelining, size, starttls]"}, "", check.Returned, "5.7.30", "demands REQUIRETLS"},
		{"offer stripped", nil, "msa>mx tls=strip", check.Returned, "5.7.10", "does not offer it"},
		{"certificate expired", nil, "msa>mx tls=expired", check.Returned, "5.7.10", "expired on 2026-11-22"},
		{"certificate of another", nil, "msa>mx tls=wrongname", check.Returned, "5.7.10", "www.other.example"},
		{"certificate by somebody", nil, "msa>mx tls=unknownca", check.Returned, "5.7.10", "nobody we trust"},
		{"no TLS record", nil, "msa>mx tls=garbage", check.Returned, "5.7.10", "no TLS record"},
		{"STARTTLS refused", nil, "msa>mx at=STARTTLS reply=502", check.Returned, "5.7.10", ""},
		{"commands injected", nil, "msa>mx tls=inject", check.Delivered, "", ""},
		{"not now", nil, "msa>mx at=STARTTLS n=1 reply=454", check.Delivered, "", ""},
		{"cut once", nil, "msa>mx at=STARTTLS n=1 drop", check.Delivered, "", ""},
		{"stripped once", nil, "msa>mx tls=strip n=1", check.Returned, "5.7.10", "does not offer it"},
		{"refused later on", nil, "msa>mx at=RCPT reply=550", check.Returned, "550", ""},
	} {
		for _, mode := range []string{"may", "insist", "none", "implicit"} {
			t.Run(c.name+", tls: "+mode, func(t *testing.T) {
				var list []string
				if c.fault != "" {
					list = append(list, c.fault)
				}
				w, tr := runSecured(t, demanding(t, append(c.changes, "    tls: may", "    tls: "+mode)...), list...)
				if got := fate(tr); got != c.fate {
					t.Errorf("the letter is %v, want %v\n%s", got, c.fate, dump(tr))
				}
				if said := saidInClear(tr, "msa"); !onlyCourtesies(said) {
					t.Errorf("msa has said in clear %q", said)
				}
				if c.fate != check.Returned {
					return
				}
				if at := tr.At(find(t, tr, "msa returned")).At; at > 2e9 {
					t.Errorf("returned after %v", at)
				}
				box := w.Mailbox("msa", "alice")
				if len(box) != 1 || !strings.Contains(string(box[0]), c.code) || !strings.Contains(strings.Join(strings.Fields(string(box[0])), " "), c.why) {
					t.Errorf("Alice has %q, want %s and %q", box, c.code, c.why)
				}
			})
		}
	}
}

// RFC 8689 §4.3: a mail client demands it of its server, or keeps the letter.
func TestRFC8689_4_3_Submission(t *testing.T) {
	for _, c := range []struct{ mode, fault, change, told string }{
		{"may", "msa tls=strip", "", "not sent: 550 5.7.10"},
		{"none", "msa tls=expired", "", "not sent: 550 5.7.10"},
		{"may", "msa tls=garbage", "", "not sent: 550 5.7.10"},
		{"implicit", "msa tls=unknownca", "", "not sent: 550 5.7.10"},
		{"insist", "msa at=STARTTLS reply=502", "", "not sent: 550 5.7.10"},
		{"insist", "", "starttls, auth]", "not sent: 550 5.7.30"},
		{"implicit", "", "starttls, auth]", "not sent: 550 5.7.30"},
	} {
		changes := []string{"tls: insist", "tls: " + c.mode}
		if c.change != "" {
			changes = append(changes, "starttls, auth, requiretls]", c.change)
		}
		var list []string
		if c.fault != "" {
			list = append(list, c.fault)
		}
		_, tr := runSecured(t, demanding(t, changes...), list...)
		if fate(tr) != check.InOutbox || !strings.HasPrefix(told(tr), c.told) || !onlyCourtesies(saidInClear(tr, "laptop")) {
			t.Errorf("%+v: the letter is %v, Alice was told %q", c, fate(tr), told(tr))
		}
	}
}

// RFC 8689 §4.2.1: each server of a domain is tried before the letter comes back.
func TestRFC8689_4_2_1_EachServerIsTried(t *testing.T) {
	const more = `  - id: mx2
    name: mx2.receiver.example
    address: 198.51.100.26
    server: {domains: [other.example], mailboxes: [bob], features: [pipelining, starttls, requiretls]}
dns: |
`
	for _, c := range []struct {
		features, fault, want string
	}{
		{"starttls", "", "try mx, try mx2, relayed"},
		{"size", "", "try mx, try mx2, relayed"},
		{"starttls, requiretls", "mx tls=expired", "try mx, try mx2, relayed"},
		{"starttls, requiretls", "", "try mx, relayed"},
		{"starttls", "mx2 tls=expired", "try mx, try mx2, returned 550"},
		{"starttls", "mx2 at=MAIL n=1 reply=451", "try mx, try mx2, queued 451, try mx, try mx2, relayed"},
		{"starttls", "mx2 refuse n=1", "try mx, try mx2, queued 451, try mx, try mx2, relayed"},
		{"starttls", "mx2 at=RCPT reply=550", "try mx, try mx2, returned 550"},
	} {
		sc := demanding(t, "dns: |\n", more, "receiver.example.     MX 10 mx.receiver.example.\n",
			"receiver.example.     MX 10 mx.receiver.example.\n  receiver.example.  MX 20 mx2.receiver.example.\n  mx2.receiver.example. A 198.51.100.26\n",
			"features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, requiretls]", "features: ["+c.features+"]")
		two := *sc.Hosts[3].Server
		two.Domains = []string{"receiver.example"}
		sc.Hosts[3].Server = &two
		var list []string
		if c.fault != "" {
			list = append(list, c.fault)
		}
		_, tr := runSecured(t, sc, list...)
		if got := story(tr); got != c.want {
			t.Errorf("mx has %s, %s: %s, want %s\n%s", c.features, c.fault, got, c.want, dump(tr))
		}
		if said := saidInClear(tr, "msa"); !onlyCourtesies(said) {
			t.Errorf("mx has %s, %s: in clear %q", c.features, c.fault, said)
		}
	}
}

// RFC 8689 §5: a notice about a letter that demanded TLS demands it too, and
// brings back no more than the header. It is not lost for want of a promise on
// its way, but it does not go in clear.
func TestRFC8689_5_Notices(t *testing.T) {
	const features = "features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, auth, requiretls]"
	for _, c := range []struct {
		name     string
		features string // of msa, where the notice goes
		fault    string
		alice    int // letters she gets
		mail     string
	}{
		{"promised", features, "", 1, "mx>msa MAIL FROM:<> SIZE=%d REQUIRETLS"},
		{"TLS, but no promise", strings.Replace(features, ", requiretls", "", 1), "", 1, "mx>msa MAIL FROM:<> SIZE=%d"},
		{"no TLS", strings.Replace(features, ", starttls, auth, requiretls", ", auth", 1), "", 0, ""},
		{"certificate expired", features, "mx>msa tls=expired", 0, ""},
		{"no TLS record", features, "mx>msa tls=garbage", 0, ""},
	} {
		// The list at mx has a member that is not there any more: the letter fails
		// after it was accepted.
		sc := demanding(t, "mailboxes: [bob]", "mailboxes: [bob]\n      submission: [192.0.2.77]", "server: mail.sender.example\n", "server: mx.receiver.example\n",
			"      "+theLogin+"\n", "", "to: [bob@receiver.example]", "to: [alice@gone.example]\n    return: full",
			"enhancedstatuscodes, starttls, requiretls]", "enhancedstatuscodes, dsn, starttls, requiretls]", features, c.features)
		var list []string
		if c.fault != "" {
			list = append(list, c.fault)
		}
		w, tr := runSecured(t, sc, list...)
		box := w.Mailbox("msa", "alice")
		if len(box) != c.alice {
			t.Errorf("%s: Alice has %d letters, want %d\n%s", c.name, len(box), c.alice, dump(tr))
			continue
		}
		if said := saidInClear(tr, "mx"); !onlyCourtesies(said) {
			t.Errorf("%s: mx has said in clear %q", c.name, said)
		}
		if c.alice == 0 { // it is not lost: the postmaster has it
			if n := len(w.Mailbox("mx", "postmaster")); n != 2 {
				t.Errorf("%s: the postmaster has %d letters", c.name, n)
			}
			continue
		}
		size := len(tr.OctetsAt(find(t, tr, "mx composed")))
		if got, want := mails(tr), fmt.Sprintf(c.mail, size); !strings.HasSuffix(got, "\n"+want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
		if strings.Contains(string(box[0]), "Shall we have lunch?") {
			t.Errorf("%s: the notice brings back the whole letter:\n%s", c.name, box[0])
		}
	}
}

// RFC 8689 §2: REQUIRETLS is a word of MAIL inside TLS, and of a server that has
// it.
func TestRFC8689_2_OnlyInsideTLS(t *testing.T) {
	tr := byHand(t, secured(t), "laptop hand to=mx", "EHLO a.example", "MAIL FROM:<> REQUIRETLS", "STARTTLS", "EHLO a.example",
		"MAIL FROM:<> REQUIRETLS=yes", "MAIL FROM:<> REQUIRETLS", "QUIT")
	got := replies(tr)
	if !strings.HasPrefix(got[2], "555 ") || !strings.HasPrefix(got[5], "501 ") || !strings.HasPrefix(got[6], "250 ") {
		t.Errorf("got %q", got)
	}
}

// A server uses STARTTLS where it is a client, if it may, though it does not
// offer it itself: it needs no certificate for that.
func TestStartTLSIsUsedByThoseWhoDoNotOfferIt(t *testing.T) {
	w, _ := runSecured(t, secured(t, "starttls, auth, requiretls]", "auth]", "tls: insist", "tls: none"))
	if box := w.Mailbox("mx", "bob"); len(box) != 1 || !strings.Contains(string(box[0]), "by mx.receiver.example with ESMTPS id") {
		t.Errorf("Bob has %q", box)
	}
	sc := secured(t, "starttls, auth, requiretls]", "auth]", "tls: may", "tls: may\n    avoid: [starttls]", "tls: insist", "tls: none")
	w, _ = runSecured(t, sc)
	if box := w.Mailbox("mx", "bob"); len(box) != 1 || !strings.Contains(string(box[0]), "by mx.receiver.example with ESMTP id") {
		t.Errorf("Bob has %q", box)
	}
}
