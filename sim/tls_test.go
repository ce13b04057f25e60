package sim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/trace"
)

// RFC 3207 §4: a client that finds STARTTLS offered says it, hears 220, shakes
// hands, and begins anew with EHLO. The port of submission and that between
// servers are alike in it.
func TestRFC3207_4_StartTLS(t *testing.T) {
	w, tr := runSecured(t, secured(t, "{user: alice, password: wonderland}", "{user: alice, password: wonderland, mechanism: PLAIN}"))
	want := `  laptop attempt
  msa decided connect 220
  msa reply connect 220
  laptop command EHLO [192.0.2.77]
  msa decided EHLO 250
  msa reply EHLO 250
  laptop command STARTTLS
  msa decided STARTTLS 220
  msa reply STARTTLS 220
  laptop handshake: ClientHello: TLS 1.3, for mail.sender.example
  msa handshake: ServerHello: TLS 1.3, certificate for mail.sender.example by the test authority of helo, from 2026-10-23 to 2027-11-23
+ laptop secured: TLS 1.3; the certificate is right
  laptop handshake: Finished
+ msa secured: TLS 1.3
+ laptop command EHLO [192.0.2.77]
+ msa decided EHLO 250
+ msa reply EHLO 250
+ laptop command AUTH PLAIN ************************
+ msa decided AUTH 235
+ msa loggedin: alice
+ msa reply AUTH 235
+ laptop command MAIL FROM:<alice@sender.example> SIZE=159
+ msa decided MAIL 250
+ laptop command RCPT TO:<bob@receiver.example>
+ msa decided RCPT 250
+ laptop command DATA
+ msa decided DATA 354
+ msa reply MAIL 250
+ msa reply RCPT 250
+ msa reply DATA 354
+ laptop letter
+ msa decided dot 250
+ msa custody
+ msa accepted
+ msa reply dot 250
+ laptop relayed
+ laptop command QUIT
+ msa decided QUIT 221
+ msa reply QUIT 221
`
	if diff := cmp.Diff(want, retold(tr, 1)); diff != "" {
		t.Errorf("from laptop to msa (-want +got):\n%s", diff)
	}
	want = `  msa attempt
  mx decided connect 220
  mx reply connect 220
  msa command EHLO mail.sender.example
  mx decided EHLO 250
  mx reply EHLO 250
  msa command STARTTLS
  mx decided STARTTLS 220
  mx reply STARTTLS 220
  msa handshake: ClientHello: TLS 1.3, for mx.receiver.example
  mx handshake: ServerHello: TLS 1.3, certificate for mx.receiver.example by the test authority of helo, from 2026-10-23 to 2027-11-23
+ msa secured: TLS 1.3; the certificate is right
  msa handshake: Finished
+ mx secured: TLS 1.3
+ msa command EHLO mail.sender.example
`
	if got := retold(tr, 2); !strings.HasPrefix(got, want) {
		t.Errorf("from msa to mx:\n%s", got)
	}
	box := w.Mailbox("mx", "bob")
	if len(box) != 1 {
		t.Fatalf("Bob has %d letters", len(box))
	}
	for _, want := range []string{ // RFC 3848
		"from mail.sender.example ([192.0.2.10])\r\n by mx.receiver.example with ESMTPS id ",
		"from [192.0.2.77] ([192.0.2.77])\r\n by mail.sender.example with ESMTPSA id ",
	} {
		if !strings.Contains(string(box[0]), want) {
			t.Errorf("no Received field %q in\n%s", want, box[0])
		}
	}
}

// RFC 8314 §3.3: on port 465 TLS comes first, and the greeting inside it.
func TestRFC8314_3_3_TLSFirst(t *testing.T) {
	w, tr := runSecured(t, secured(t, "tls: insist", "tls: implicit"))
	want := `  laptop attempt
  laptop handshake: ClientHello: TLS 1.3, for mail.sender.example
  msa handshake: ServerHello: TLS 1.3, certificate for mail.sender.example by the test authority of helo, from 2026-10-23 to 2027-11-23
+ laptop secured: TLS 1.3; the certificate is right
  laptop handshake: Finished
+ msa secured: TLS 1.3
+ msa decided connect 220
+ msa reply connect 220
+ laptop command EHLO [192.0.2.77]
+ msa decided EHLO 250
+ msa reply EHLO 250
+ laptop command AUTH SCRAM-SHA-256-PLUS `
	if got := retold(tr, 1); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
	if port := tr.At(find(t, tr, "laptop connect")).Code; port != 465 {
		t.Errorf("port %d", port)
	}
	if offer := string(tr.OctetsAt(find(t, tr, "msa>laptop reply at=EHLO"))); strings.Contains(offer, "STARTTLS") {
		t.Errorf("STARTTLS is offered inside TLS: %q", offer) // RFC 3207 §4.2
	}
	if said := saidInClear(tr, "laptop"); said != "" {
		t.Errorf("in clear: %q", said)
	}
	if box := w.Mailbox("mx", "bob"); len(box) != 1 || !strings.Contains(string(box[0]), " with ESMTPSA id ") {
		t.Errorf("Bob has %q", box)
	}
}

// RFC 3207 §4.2: what was said before TLS is forgotten on both sides.
func TestRFC3207_4_2_NothingIsRemembered(t *testing.T) {
	tr := byHand(t, secured(t), "laptop hand to=mx",
		"EHLO before.example", "MAIL FROM:<alice@sender.example>", "RCPT TO:<bob@receiver.example>", "STARTTLS",
		"RCPT TO:<bob@receiver.example>", "MAIL FROM:<alice@sender.example>", "DATA", "EHLO after.example", "STARTTLS",
		"RCPT TO:<bob@receiver.example>", "MAIL FROM:<alice@sender.example>", "QUIT")
	var got []string
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Reply {
			line, _, _ := strings.Cut(string(tr.OctetsAt(pos)), "\r\n")
			got = append(got, line)
		}
	}
	want := []string{
		"220 mx.receiver.example ESMTP", "250-mx.receiver.example", "250 2.1.0 ok", "250 2.1.5 ok", "220 2.0.0 begin TLS now",
		"503 5.5.1 EHLO or HELO comes first", "503 5.5.1 EHLO or HELO comes first", "503 5.5.1 EHLO or HELO comes first",
		"250-mx.receiver.example", "503 5.5.1 this is inside TLS already",
		"503 5.5.1 MAIL comes first", "250 2.1.0 ok", "221 2.0.0 mx.receiver.example closing the connection",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	before, after := string(tr.OctetsAt(find(t, tr, "mx reply at=EHLO"))), string(tr.OctetsAt(find(t, tr, "mx reply at=EHLO n=2")))
	if !strings.Contains(before, "250-STARTTLS\r\n") || strings.Contains(before, "REQUIRETLS") ||
		strings.Contains(after, "STARTTLS") || !strings.Contains(after, "250-REQUIRETLS\r\n") { // RFC 8689 §2
		t.Errorf("offered before: %q, after: %q", before, after)
	}
}

// RFC 3848 §1, RFC 6531 §4.3: what a Received field says of the protocol.
func TestRFC3848_1_WithWords(t *testing.T) {
	const features = "features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, auth, requiretls]"
	for _, c := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"neither", []string{"login: {user: alice, password: wonderland}\n    tls: insist", "\n    tls: none", "users: [{name: alice, password: wonderland}]\n", "submission: [192.0.2.77]\n", "starttls, auth,", "starttls,"}, "ESMTP"},
		{"TLS", []string{"      login: {user: alice, password: wonderland}\n", "", "users: [{name: alice, password: wonderland}]\n", "submission: [192.0.2.77]\n", "starttls, auth,", "starttls,"}, "ESMTPS"},
		{"login", []string{"tls: insist", "tls: none"}, "ESMTPA"},
		{"TLS and login", nil, "ESMTPSA"},
		{"port 465", []string{"tls: insist", "tls: implicit"}, "ESMTPSA"},
		{"TLS and login, in UTF-8", []string{features, strings.Replace(features, "size,", "size, smtputf8,", 1), "Lunch on", "D\u00e9jeuner"}, "UTF8SMTPSA"},
		{"login, in UTF-8", []string{features, strings.Replace(features, "size,", "size, smtputf8,", 1), "Lunch on", "D\u00e9jeuner", "tls: insist", "tls: none"}, "UTF8SMTPA"},
	} {
		_, tr := runSecured(t, secured(t, c.changes...))
		if got := string(tr.OctetsAt(find(t, tr, "msa added"))); !strings.Contains(got, " by mail.sender.example with "+c.want+" id ") {
			t.Errorf("%s: %q, want %s", c.name, got, c.want)
		}
	}
}

func hostNumber(t *testing.T, tr *trace.Trace, id string) trace.HostID {
	t.Helper()
	n, ok := tr.HostID(id)
	if !ok {
		t.Fatalf("no host %s", id)
	}
	return n
}

// RFC 7435 §3: one that only may use TLS falls back once a target, and says why.
func TestRFC7435_3_FallsBackOnce(t *testing.T) {
	_, tr := runSecured(t, secured(t), "msa>mx tls=garbage", "msa>mx at=MAIL n=1 reply=451")
	want := `  msa handshake: ClientHello: TLS 1.3, for mx.receiver.example
  msa fired: msa>mx tls=garbage
  mx handshake: octets that are no TLS
  msa unsecured: what came is no TLS record
`
	for conn, garbage := range map[trace.ConnID]bool{2: true, 3: false, 4: true, 5: false} {
		got := retold(tr, conn)
		if strings.Contains(got, "unsecured: ") != garbage {
			t.Errorf("connection %d:\n%s\nwant it to end like\n%s", conn, got, want)
		}
	}
	if n := count(tr, "msa", trace.Connect); n != 4 {
		t.Errorf("%d connections, want two for each of two attempts\n%s", n, dump(tr))
	}
	// The attempt in clear is because TLS has failed.
	failed, again := find(t, tr, "msa unsecured"), find(t, tr, "msa connect n=2")
	if tr.At(again).Cause != failed {
		t.Errorf("event %d is because of %d, want %d\n%s", again, tr.At(again).Cause, failed, dump(tr))
	}
}

// RFC 3207 §4.2, §5: what somebody in the middle says behind STARTTLS is never
// acted on, and the streams go on where they stood.
func TestRFC3207_4_2_InjectedCommands(t *testing.T) {
	w, tr := runSecured(t, secured(t), "msa>mx tls=inject", "laptop>msa tls=inject")
	for _, id := range []string{"msa", "mx"} {
		e := tr.At(find(t, tr, id+" discarded"))
		if e.Arg == 0 || e.Flags&trace.Inside != 0 {
			t.Errorf("%s threw away %d octets, flags %v", id, e.Arg, e.Flags)
		}
	}
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Command && strings.Contains(string(tr.OctetsAt(pos)), "mallory") {
			t.Errorf("event %d acts on %q", pos, tr.OctetsAt(pos))
		}
	}
	if box := w.Mailbox("mx", "bob"); len(box) != 1 || strings.Contains(string(box[0]), "mallory") {
		t.Errorf("Bob has %q", box)
	}
	if n := verbs(tr); n[smtp.MAIL] != 2 || n[smtp.STARTTLS] != 2 {
		t.Errorf("commands %v", n)
	}
}

// A fault that accepts a STARTTLS which was never offered has its handshake:
// every host of a run has a certificate.
func TestStartTLSThatWasNeverOffered(t *testing.T) {
	sc := secured(t, "features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, requiretls]", "features: [pipelining]")
	sc.Faults = faults(t, []string{`mx at=STARTTLS reply="220 why not"`})
	tr := byHand(t, sc, "laptop hand to=mx", "EHLO a.example", "STARTTLS", "EHLO a.example", "STARTTLS", "EHLO a.example", "QUIT")
	if offer := string(tr.OctetsAt(find(t, tr, "mx reply at=EHLO"))); strings.Contains(offer, "STARTTLS") {
		t.Fatalf("it is offered: %q", offer)
	}
	if !strings.Contains(string(tr.OctetsAt(find(t, tr, "laptop secured"))), "TLS 1.3") {
		t.Error("no TLS")
	}
}

// Two connections at once have a TLS each.
func TestTwoConnectionsAtOnce(t *testing.T) {
	sc := secured(t)
	second := sc.Letters[0]
	second.At = 100 * time.Millisecond // the first one is in its handshake
	third := second
	third.At = 140 * time.Millisecond
	sc.Letters = append(sc.Letters, second, third)
	w, tr := runSecured(t, sc, "laptop>msa tls=expired conn=2")
	if n := len(w.Mailbox("mx", "bob")); n != 2 {
		t.Errorf("Bob has %d letters, want 2\n%s", n, dump(tr))
	}
	if got := told(tr); !strings.Contains(got, "expired") {
		t.Errorf("Alice was told %q", got)
	}
}

// A host may be connected to itself: each end has its own TLS.
func TestTLSWithItself(t *testing.T) {
	for _, mode := range []string{"insist", "implicit", "may"} {
		sc := secured(t, "    server:\n", "    client: {user: alice@sender.example, server: mail.sender.example, login: {user: alice, password: wonderland}}\n    server:\n",
			"tls: may", "tls: "+mode, "host: laptop", "host: msa")
		w, tr := runSecured(t, sc)
		if box := w.Mailbox("mx", "bob"); len(box) != 1 || !strings.Contains(string(box[0]), "by mail.sender.example with ESMTPSA id") {
			t.Errorf("%s: Bob has %q\n%s", mode, box, dump(tr))
		}
		if n := count(tr, "msa", trace.Secured); n != 3 {
			t.Errorf("%s: %d ends of msa inside TLS, want 3\n%s", mode, n, dump(tr))
		}
		_, tr = runSecured(t, sc, "msa>msa tls=expired")
		want := check.InOutbox
		if mode == "may" {
			want = check.Delivered
		}
		if got := fate(tr); got != want {
			t.Errorf("%s: %v, want %v\n%s", mode, got, want, dump(tr))
		}
	}
}

// A person who drives a host types what is said; the handshakes helo does: behind
// STARTTLS, and where TLS comes first (RFC 8314 §3.3).
func TestRFC8314_3_3_ByHand(t *testing.T) {
	for _, c := range []struct {
		mode, hand string
		lines      []string
		secured    int // ends inside TLS
	}{
		{"insist", "laptop hand to=msa port=465", []string{"EHLO a.example", "QUIT"}, 2},
		{"implicit", "laptop hand to=msa port=465", []string{"EHLO a.example", "QUIT"}, 2},
		{"may", "laptop hand to=msa port=465", []string{"EHLO a.example", "QUIT"}, 2},
		{"none", "laptop hand to=msa port=465", nil, 0},
		{"implicit", "laptop hand to=msa port=587", []string{"EHLO a.example", "STARTTLS", "EHLO a.example", "QUIT"}, 2},
		{"implicit", "laptop hand to=mx", []string{"EHLO a.example", "starttls", "QUIT"}, 2},
	} {
		tr := byHand(t, secured(t, "tls: insist", "tls: "+c.mode), c.hand, c.lines...)
		if n := count(tr, "laptop", trace.Secured) + count(tr, "msa", trace.Secured) + count(tr, "mx", trace.Secured); n != c.secured {
			t.Errorf("%s, tls: %s: %d ends inside TLS, want %d\n%s", c.hand, c.mode, n, c.secured, dump(tr))
		}
	}
}

// What a person sets before a run: what is offered, and what is wished.
func TestSettingsOfTLS(t *testing.T) {
	for _, c := range []struct {
		inputs []string
		fate   check.Fate
		with   string // at mx
		told   string
	}{
		{nil, check.Delivered, "ESMTPS", ""},
		{[]string{"mx set starttls=off"}, check.Delivered, "ESMTP", ""},
		{[]string{"msa set tls=none"}, check.Delivered, "ESMTP", ""},
		{[]string{"mx set starttls=off", "msa set tls=insist"}, check.Returned, "", ""},
		{[]string{"msa set starttls=off"}, check.InOutbox, "", "not sent: 451 4.7.4"},
		{[]string{"msa set starttls=off", "laptop set tls=may"}, check.Delivered, "ESMTP", ""}, // neither offered nor used
		{[]string{"laptop set starttls=off"}, check.Delivered, "ESMTPS", ""},                   // it insists all the same
		{[]string{"laptop set tls=implicit"}, check.Delivered, "ESMTPS", ""},
		{[]string{"laptop set tls=implicit", "msa set starttls=off"}, check.InOutbox, "", "not sent: 451 4.4.1"}, // nobody listens at 465
		{[]string{"msa set auth=off"}, check.InOutbox, "", "not sent: 550 5.7.4"},
	} {
		w, err := sim.New(secured(t), sim.Options{Seed: 1, Inputs: c.inputs})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		if _, err := w.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		tr := w.Trace()
		checkSecured(t, tr)
		if got := fate(tr); got != c.fate || !strings.HasPrefix(told(tr), c.told) {
			t.Errorf("%v: the letter is %v, Alice was told %q; want %v, %q", c.inputs, got, told(tr), c.fate, c.told)
		}
		if c.with != "" && !strings.Contains(string(tr.OctetsAt(find(t, tr, "mx added"))), " by mx.receiver.example with "+c.with+" id ") {
			t.Errorf("%v: it came as %q, want %s", c.inputs, tr.OctetsAt(find(t, tr, "mx added")), c.with)
		}
	}
	if _, err := sim.New(secured(t), sim.Options{Inputs: []string{"laptop set tls=maybe"}}); err == nil || !strings.Contains(err.Error(), "column 16: tls: expected may, insist, implicit or none") {
		t.Errorf("tls=maybe: %v", err)
	}
}
