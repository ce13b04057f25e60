package sim_test

// What each fault of TLS makes of a letter, by what the host wants of TLS.

import (
	"strings"
	"testing"

	"helo/sim/check"
	"helo/sim/trace"
)

// hop is what a fault makes of TLS on one hop.
type hop struct {
	mode, fault string
	fate        check.Fate
	dials       int    // connections opened there
	with        string // how the letter got there, or nothing
	why         string // what is said of it: by TLS, or to the user, or in the notice
}

// between is the hop between the servers.
var between = []hop{
	{"may", "msa>mx tls=strip", check.Delivered, 1, "ESMTP", ""},
	{"may", "msa>mx tls=inject", check.Delivered, 1, "ESMTPS", "TLS 1.3; the certificate is right"},
	{"may", "msa>mx tls=garbage", check.Delivered, 2, "ESMTP", "what came is no TLS record"},
	{"may", "msa>mx tls=expired", check.Delivered, 1, "ESMTPS", "TLS 1.3; with whomever: the certificate expired on 2026-11-22"},
	{"may", "msa>mx tls=wrongname", check.Delivered, 1, "ESMTPS", "TLS 1.3; with whomever: the certificate is for www.other.example, not mx.receiver.example"},
	{"may", "msa>mx tls=unknownca", check.Delivered, 1, "ESMTPS", "TLS 1.3; with whomever: nobody we trust has signed the certificate"},
	{"may", "msa>mx at=STARTTLS reply=454", check.Delivered, 1, "ESMTP", ""},
	{"may", "msa>mx at=STARTTLS reply=502", check.Delivered, 1, "ESMTP", ""},
	{"may", "msa>mx at=STARTTLS n=1 drop", check.Delivered, 2, "ESMTPS", "TLS 1.3; the certificate is right"},
	{"may", "msa>mx at=STARTTLS n=1 silent", check.Delivered, 2, "ESMTPS", "TLS 1.3; the certificate is right"},
	{"may", "msa>mx at=EHLO reply=502", check.Delivered, 1, "SMTP", ""},

	{"insist", "msa>mx tls=strip", check.Returned, 5, "", "TLS is demanded, and the server does not offer it"},
	{"insist", "msa>mx tls=strip n=1", check.Delivered, 2, "ESMTPS", ""},
	{"insist", "msa>mx tls=inject", check.Delivered, 1, "ESMTPS", "TLS 1.3; the certificate is right"},
	{"insist", "msa>mx tls=garbage", check.Returned, 5, "", "what came is no TLS record"},
	{"insist", "msa>mx tls=expired", check.Returned, 5, "", "the certificate expired on 2026-11-22"},
	{"insist", "msa>mx tls=wrongname", check.Returned, 5, "", "the certificate is for www.other.example, not mx.receiver.example"},
	{"insist", "msa>mx tls=unknownca", check.Returned, 5, "", "nobody we trust has signed the certificate"},
	{"insist", "msa>mx at=STARTTLS reply=454", check.Returned, 5, "", "454 4.7.0"},
	{"insist", "msa>mx at=STARTTLS reply=502", check.Returned, 5, "", "502 5.5.1"},
	{"insist", "msa>mx at=STARTTLS drop", check.Returned, 5, "", "the connection was closed"},
	{"insist", "msa>mx at=STARTTLS n=1 silent", check.Delivered, 2, "ESMTPS", ""},
	{"insist", "msa>mx at=EHLO reply=502", check.Returned, 5, "", "TLS is demanded, and the server does not offer it"},

	// TLS comes first where users submit, and nowhere else (RFC 8314 §3): to
	// relay such a host has STARTTLS.
	{"implicit", "", check.Delivered, 1, "ESMTPS", "TLS 1.3; the certificate is right"},
	{"implicit", "msa>mx tls=strip", check.Returned, 5, "", "TLS is demanded, and the server does not offer it"},
	{"implicit", "msa>mx tls=expired", check.Returned, 5, "", "the certificate expired on 2026-11-22"},

	{"none", "msa>mx tls=strip", check.Delivered, 1, "ESMTP", ""},
	{"none", "msa>mx tls=expired", check.Delivered, 1, "ESMTP", ""},
	{"none", "msa>mx at=STARTTLS reply=454", check.Delivered, 1, "ESMTP", ""},
}

// RFC 3207 §4.1, RFC 7435 §3: a server that only may use TLS passes a letter on
// without, once TLS has failed; one that insists keeps it.
func TestRFC7435_3_BetweenServers(t *testing.T) {
	for _, c := range between {
		t.Run(c.mode+" "+c.fault, func(t *testing.T) {
			testHop(t, c, "msa", "mx", "    tls: may", "    tls: "+c.mode)
		})
	}
}

// atTheLaptop is the hop from the mail client to its server.
var atTheLaptop = []hop{
	{"insist", "msa tls=strip", check.InOutbox, 1, "", "not sent: 451 4.7.4 TLS is demanded, and the server does not offer it"},
	{"insist", "msa tls=inject", check.Delivered, 1, "ESMTPSA", ""},
	{"insist", "msa tls=garbage", check.InOutbox, 1, "", "not sent: 451 4.7.5 no TLS: what came is no TLS record"},
	{"insist", "msa tls=expired", check.InOutbox, 1, "", "not sent: 451 4.7.5 no TLS: the certificate expired on 2026-11-22"},
	{"insist", "msa tls=wrongname", check.InOutbox, 1, "", "the certificate is for www.other.example, not mail.sender.example"},
	{"insist", "msa tls=unknownca", check.InOutbox, 1, "", "nobody we trust has signed the certificate"},
	{"insist", "msa at=STARTTLS reply=454", check.InOutbox, 1, "", "not sent: 454 4.7.0"},
	{"insist", "msa at=STARTTLS reply=502", check.InOutbox, 1, "", "not sent: 451 4.7.4 no TLS: the server answered STARTTLS with 502 5.5.1"},
	{"insist", "msa at=STARTTLS drop", check.InOutbox, 1, "", "not sent: 451 4.4.2"},
	{"insist", "msa at=STARTTLS silent", check.InOutbox, 1, "", "not sent: 451 4.4.2"},
	{"insist", "msa at=EHLO reply=502", check.InOutbox, 1, "", "TLS is demanded, and the server does not offer it"},
	{"insist", "msa at=EHLO n=2 reply=502", check.InOutbox, 1, "", "the server offers no login that can be used"},

	{"implicit", "msa tls=strip", check.Delivered, 1, "ESMTPSA", ""},  // there is no offer to strip
	{"implicit", "msa tls=inject", check.Delivered, 1, "ESMTPSA", ""}, // nor a STARTTLS to hide behind
	{"implicit", "msa tls=garbage", check.InOutbox, 1, "", "not sent: 451 4.7.5 no TLS: what came is no TLS record"},
	{"implicit", "msa tls=expired", check.InOutbox, 1, "", "the certificate expired on 2026-11-22"},
	{"implicit", "msa tls=wrongname", check.InOutbox, 1, "", "the certificate is for www.other.example, not mail.sender.example"},
	{"implicit", "msa tls=unknownca", check.InOutbox, 1, "", "nobody we trust has signed the certificate"},
	{"implicit", "msa refuse", check.InOutbox, 1, "", "not sent: 451 4.4.1"},

	{"may", "msa tls=strip", check.Delivered, 1, "ESMTPA", ""},
	{"may", "msa tls=inject", check.Delivered, 1, "ESMTPSA", ""},
	{"may", "msa tls=garbage", check.Delivered, 2, "ESMTPA", "what came is no TLS record"},
	{"may", "msa tls=expired", check.Delivered, 1, "ESMTPSA", "with whomever: the certificate expired on 2026-11-22"},
	{"may", "msa at=STARTTLS reply=454", check.Delivered, 1, "ESMTPA", ""},

	{"none", "msa tls=strip", check.Delivered, 1, "ESMTPA", ""},
	{"none", "msa tls=expired", check.Delivered, 1, "ESMTPA", ""},
}

// RFC 3207 §4.1, RFC 8314 §3.3: a mail client that insists on TLS, or begins
// with it, sends nothing without, and tells its user.
func TestRFC8314_3_3_FromAMailClient(t *testing.T) {
	for _, c := range atTheLaptop {
		t.Run(c.mode+" "+c.fault, func(t *testing.T) {
			testHop(t, c, "laptop", "msa", "tls: insist", "tls: "+c.mode)
		})
	}
}

func testHop(t *testing.T, c hop, from, to string, changes ...string) {
	t.Helper()
	var list []string
	if c.fault != "" {
		list = append(list, c.fault)
	}
	w, tr := runSecured(t, secured(t, changes...), list...)
	if got := fate(tr); got != c.fate {
		t.Errorf("the letter is %v, want %v", got, c.fate)
	}
	if n := count(tr, from, trace.Connect); n != c.dials {
		t.Errorf("%d connections, want %d", n, c.dials)
	}
	said := saidInClear(tr, from)
	if (c.mode == "insist" || c.mode == "implicit") && !onlyCourtesies(said) {
		t.Errorf("it insists on TLS, and has said in clear %q", said)
	}
	if c.mode == "none" && strings.Contains(said, "STARTTLS") {
		t.Errorf("it never uses TLS, and has said %q", said)
	}
	if c.with != "" {
		if got := string(tr.OctetsAt(find(t, tr, to+" added"))); !strings.Contains(got, " by "+w.Trace().Hosts[hostNumber(t, tr, to)].Name+" with "+c.with+" id ") {
			t.Errorf("the letter came as %q, want %s", got, c.with)
		}
	}
	words := told(tr)
	for pos := range tr.End() {
		if e := tr.At(pos); (e.Kind == trace.Secured || e.Kind == trace.Unsecured) && tr.Host(e.Host).ID == from {
			words += "; " + string(tr.OctetsAt(pos))
		}
	}
	for _, letter := range w.Mailbox("msa", "alice") {
		words += "; " + strings.ReplaceAll(string(letter), "\r\n", " ")
	}
	if !strings.Contains(strings.Join(strings.Fields(words), " "), c.why) {
		t.Errorf("nobody says %q:\n%s", c.why, words)
	}
	if t.Failed() {
		t.Log(dump(tr))
	}
}

// A letter of many records is the same behind them, with a dot at its end or in
// chunks (RFC 8446 §5.1, RFC 3030 §2).
func TestRFC8446_5_1_LettersOfManyRecords(t *testing.T) {
	const features = "features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, requiretls]"
	body := strings.Repeat(".All work and no play makes Jack a dull boy.\r\n", 20_000)
	for _, c := range []string{features, strings.Replace(features, "size,", "size, chunking, limits,", 1)} {
		sc := secured(t, features, c)
		sc.Letters[0].Octets = []byte("Date: Mon, 23 Nov 2026 10:15:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\n" + body)
		w, tr := runSecured(t, sc)
		if box := w.Mailbox("mx", "bob"); len(box) != 1 || !strings.HasSuffix(string(box[0]), "\r\n\r\n"+body) {
			t.Errorf("%s: Bob has %d letters, the first one of %d octets; %d events", c, len(box), len(box[0]), tr.Len())
		}
	}
}

// Where TLS fails under a person's hands, the connection is over and so is the
// run; a bad certificate is told, and the person goes on.
func TestRFC3207_4_1_ByHand(t *testing.T) {
	for _, c := range []struct {
		fault, hand string
		lines       []string
		says        string
	}{
		{"mx tls=garbage", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS"}, "laptop unsecured"},
		{"msa tls=garbage", "laptop hand to=msa port=465", nil, "laptop unsecured"},
		{"mx tls=expired", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS", "EHLO a.example", "QUIT"}, "laptop secured"},
		{"mx tls=strip", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS", "QUIT"}, "mx secured"}, // who does not look at the offer may say it
		{"mx tls=inject", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS", "EHLO a.example", "QUIT"}, "mx discarded"},
		{"mx at=STARTTLS drop", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS"}, "laptop reset"},
		{"mx at=STARTTLS reply=454", "laptop hand to=mx", []string{"EHLO a.example", "STARTTLS", "MAIL FROM:<>", "QUIT"}, "mx reply at=MAIL code=250"},
	} {
		sc := secured(t)
		sc.Faults = faults(t, []string{c.fault})
		tr := byHand(t, sc, c.hand, c.lines...)
		find(t, tr, c.says)
		if tr.At(tr.End()-1).Kind == trace.Asked {
			t.Errorf("%s: the person is asked for more\n%s", c.fault, dump(tr))
		}
	}
}

// The first and the last year that a scenario may have: the certificates of its
// hosts are valid in them (RFC 5280 §4.1.2.5).
func TestRFC5280_4_1_2_5_FirstAndLastYear(t *testing.T) {
	for _, year := range []string{"1900", "1949", "1950", "2049", "2050", "9900"} {
		_, tr := runSecured(t, secured(t, "start: 2026", "start: "+year, "tls: may", "tls: insist"))
		if got := fate(tr); got != check.Delivered {
			t.Errorf("%s: the letter is %v, Alice was told %q", year, got, told(tr))
		}
	}
}
