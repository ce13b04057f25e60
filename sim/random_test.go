package sim_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helo/protocol/dns"
	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/check"
	"helo/sim/host"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// randomScenario draws a small Internet: one sender's server, one to three
// receivers with one or two MX hosts each, letters to mailboxes that are there
// and some that are not, and the faults in any mixture; in every third one TLS
// and logins, too.
func randomScenario(t *rapid.T) *scenario.Scenario {
	locked := rapid.IntRange(0, 2).Draw(t, "TLS and logins") == 0
	sc := &scenario.Scenario{
		Name: "random", Start: time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC),
		Latency:   randomLatency(t),
		MaxEvents: scenario.DefaultMaxEvents, MaxTime: scenario.DefaultMaxTime,
	}
	offers := func(who string) smtp.Extensions {
		all := []smtp.Extensions{smtp.Pipelining, smtp.Size, smtp.EightBitMIME, smtp.EnhancedStatusCodes,
			smtp.Chunking, smtp.SMTPUTF8, smtp.DSN, smtp.Limits}
		var ext smtp.Extensions
		if locked && rapid.IntRange(0, 5).Draw(t, who+" offers TLS") > 0 {
			ext = smtp.StartTLS
			all = append(all, smtp.RequireTLS)
		}
		for _, e := range all {
			if rapid.Bool().Draw(t, who+" offers") {
				ext |= e
			}
		}
		return ext
	}
	wish := func(id string) host.TLSMode {
		if !locked {
			return host.TLSMay
		}
		return rapid.SampledFrom([]host.TLSMode{host.TLSMay, host.TLSMay, host.TLSMay, host.TLSInsist, host.TLSImplicit, host.TLSNone}).Draw(t, id+" tls")
	}
	server := func(id, name, addr string, domains ...string) {
		sc.Hosts = append(sc.Hosts, host.Config{
			ID: id, Name: name, Addrs: []netip.Addr{netip.MustParseAddr(addr)}, TLS: wish(id),
			Server: &host.ServerConfig{
				Domains: domains, Mailboxes: []string{"alice", "bob"}, Extensions: offers(id),
				MaxSize: rapid.SampledFrom([]int64{0, 0, 400, 100000}).Draw(t, id+" size"), MaxRcpts: rapid.SampledFrom([]int{0, 2}).Draw(t, id+" rcpts"),
				Retry: host.DefaultRetry, Lifetime: rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour, host.DefaultLifetime}).Draw(t, id+" lifetime"),
			},
		})
	}
	zone := &strings.Builder{}
	sc.Hosts = append(sc.Hosts, host.Config{
		ID: "laptop", Title: "Alice's laptop", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.77")}, TLS: wish("laptop"),
		Client: &host.ClientConfig{User: "alice@sender.example", Server: "mail.sender.example", Login: randomLogin(t, locked)},
	})
	server("msa", "mail.sender.example", "192.0.2.10", "sender.example")
	randomAccounts(t, locked, sc.Hosts[1].Server)
	if sc.Hosts[1].Server.Accounts == nil || rapid.Bool().Draw(t, "known by address as well") {
		sc.Hosts[1].Server.Submission = []netip.Prefix{netip.MustParsePrefix("192.0.2.77/32")}
	}
	fmt.Fprint(zone, "$TTL 300\n$ORIGIN sender.example.\n@ MX 10 mail\nmail A 192.0.2.10\n")
	fmt.Fprint(zone, "$ORIGIN self.example.\n@ MX 10 smtp\nsmtp A 192.0.2.10\n") // msa by another name
	domains := []string{"sender.example", "nowhere.example", "self.example", "[192.0.2.10]", "[198.51.100.1]", "[203.0.113.9]"}
	for d := range rapid.IntRange(1, 3).Draw(t, "receivers") {
		domain := fmt.Sprintf("r%d.example", d)
		domains = append(domains, domain)
		fmt.Fprintf(zone, "$ORIGIN %s.\n", domain)
		if rapid.IntRange(0, 4).Draw(t, "the sender's server by another name") == 0 {
			fmt.Fprintf(zone, "@ MX %d other\nother A 192.0.2.10\n", rapid.SampledFrom([]int{5, 10, 30}).Draw(t, "its preference"))
		}
		for m := range rapid.IntRange(1, 2).Draw(t, "mx hosts") {
			id := fmt.Sprintf("mx%d%d", d, m)
			server(id, fmt.Sprintf("m%d.%s", m, domain), fmt.Sprintf("198.51.100.%d", 10*d+m+1), domain)
			fmt.Fprintf(zone, "@ MX %d m%d\nm%d A 198.51.100.%d\n", 10*rapid.IntRange(1, 2).Draw(t, "preference"), m, m, 10*d+m+1)
		}
	}
	clients := []int{0}
	if rapid.Bool().Draw(t, "a server writes too") {
		i := rapid.IntRange(1, len(sc.Hosts)-1).Draw(t, "which")
		sc.Hosts[i].Client = &host.ClientConfig{User: "bob@r0.example", Server: "mail.sender.example", Login: randomLogin(t, locked)}
		sc.Hosts[1].Server.Submission = append(sc.Hosts[1].Server.Submission, netip.PrefixFrom(sc.Hosts[i].Addrs[0], 32))
		clients = append(clients, i)
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "letters") {
		l := scenario.Letter{
			Host: rapid.SampledFrom(clients).Draw(t, "writer"),
			At:   time.Duration(rapid.IntRange(0, 5000).Draw(t, "letter ms")) * time.Millisecond,
			From: path(t, rapid.SampledFrom([]string{"alice@sender.example", "alice@sender.example", "gone@sender.example", "bob@r0.example", ""}).Draw(t, "from")),
			Octets: []byte("Date: Mon, 23 Nov 2026 10:15:00 +0000\r\nFrom: alice@sender.example\r\n" + subject(n) + "\r\n\r\nHello.\r\n" +
				rapid.SampledFrom([]string{"", ".\r\n..\r\n", strings.Repeat("more than a few words\r\n", 30), "Gr\xc3\xbc\xc3\x9fe\r\n"}).Draw(t, "body")),
		}
		l.Notify = rapid.SampledFrom([]smtp.Notify{0, 0, smtp.NotifyNever, smtp.NotifySuccess, smtp.NotifyFailure, smtp.NotifySuccess | smtp.NotifyDelay}).Draw(t, "notify")
		l.RequireTLS = locked && rapid.IntRange(0, 3).Draw(t, "demands TLS") == 0
		for range rapid.IntRange(1, 4).Draw(t, "recipients") {
			l.To = append(l.To, path(t, rapid.SampledFrom([]string{"alice", "bob", "bob", "nobody", "Postmaster", "jos\u00e9"}).Draw(t, "local")+
				"@"+rapid.SampledFrom(domains).Draw(t, "domain")))
		}
		sc.Letters = append(sc.Letters, l)
	}
	for range rapid.IntRange(0, 5).Draw(t, "faults") {
		spec := randomFault(t, sc)
		if locked && rapid.Bool().Draw(t, "of TLS or a login") {
			spec = randomLock(t, sc)
		}
		f, err := host.ParseFault(spec)
		if err != nil {
			t.Fatalf("%s: %v", spec, err)
		}
		sc.Faults = append(sc.Faults, f)
	}
	zones, err := dns.ParseZones(zone.String(), "random")
	if err != nil {
		t.Fatalf("%v\n%s", err, zone)
	}
	sc.Zones = zones
	return sc
}

// randomLogin draws how a mail client logs in: not at all, right or wrong, by
// whatever is offered or by a mechanism of its own.
func randomLogin(t *rapid.T, locked bool) *host.Login {
	if !locked || rapid.IntRange(0, 3).Draw(t, "logs in") == 0 {
		return nil
	}
	l := &host.Login{
		User:      rapid.SampledFrom([]string{"alice", "alice", "alice", "dinah"}).Draw(t, "user"),
		Mechanism: rapid.SampledFrom([]string{"", "", "", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5", "PLAIN", "LOGIN"}).Draw(t, "mechanism"),
		InClear:   rapid.IntRange(0, 3).Draw(t, "in clear") == 0,
		Password:  rapid.SampledFrom([]string{"wonderland", "wonderland", "wonderland", "looking-glass"}).Draw(t, "password"),
	}
	if rapid.IntRange(0, 4).Draw(t, "with a token") == 0 {
		l.Token = "gryphon"
	}
	return l
}

// theAccounts are the same for all scenarios: their keys are made once.
var theAccounts = sasl.NewAccounts([]sasl.Account{{User: "alice", Password: "wonderland", Token: "gryphon"}})

// randomAccounts draws who may log in, and how.
func randomAccounts(t *rapid.T, locked bool, s *host.ServerConfig) {
	if !locked || rapid.IntRange(0, 3).Draw(t, "accounts") == 0 {
		return
	}
	s.Accounts, s.Tokens = theAccounts, rapid.Bool().Draw(t, "tokens")
	s.PlainInClear = rapid.IntRange(0, 3).Draw(t, "plain in clear") == 0
	s.Extensions |= smtp.Auth
	if rapid.IntRange(0, 2).Draw(t, "mechanisms") == 0 {
		s.Mechanisms = []string{}
		for _, m := range sasl.Mechanisms {
			if rapid.Bool().Draw(t, m.Name) {
				s.Mechanisms = append(s.Mechanisms, m.Name)
			}
		}
	}
}

// randomLatency draws a few milliseconds mostly, and sometimes more than hosts
// wait for.
func randomLatency(t *rapid.T) time.Duration {
	if rapid.IntRange(0, 9).Draw(t, "slow") == 0 {
		return time.Duration(rapid.IntRange(1, 600).Draw(t, "latency s")) * time.Second
	}
	return time.Duration(rapid.IntRange(1, 200).Draw(t, "latency ms")) * time.Millisecond
}

// subject tells letters apart, wherever their octets are met.
func subject(n int) string { return fmt.Sprintf("Subject: letter %d", n) }

// randomFault draws one of the four faults.
func randomFault(t *rapid.T, sc *scenario.Scenario) string {
	server := sc.Hosts[rapid.IntRange(1, len(sc.Hosts)-1).Draw(t, "at host")].ID
	times := rapid.SampledFrom([]string{"", " n=1", " n=1-2", " n=1-5", " n=3-"}).Draw(t, "times")
	switch rapid.IntRange(0, 3).Draw(t, "fault") {
	case 0:
		verb := rapid.SampledFrom([]string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "dot", "BDAT", "QUIT", "RSET"}).Draw(t, "verb")
		code := rapid.SampledFrom([]int{421, 450, 451, 452, 500, 502, 550, 552, 554, 250, 354}).Draw(t, "code")
		return fmt.Sprintf("%s at=%s reply=%d%s", server, verb, code, times)
	case 1:
		return server + " refuse" + times
	case 2:
		return rapid.SampledFrom([]string{"laptop", "msa", server}).Draw(t, "asks") + " dns=nxdomain" + times
	}
	verb := rapid.SampledFrom([]string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "dot", "dot", "BDAT", "QUIT"}).Draw(t, "dropped at")
	return server + " at=" + verb + rapid.SampledFrom([]string{" drop", " drop", " silent"}).Draw(t, "how") + times
}

// randomLock draws a fault of TLS or of a login.
func randomLock(t *rapid.T, sc *scenario.Scenario) string {
	server := sc.Hosts[rapid.IntRange(1, len(sc.Hosts)-1).Draw(t, "at host")].ID
	times := rapid.SampledFrom([]string{"", " n=1", " n=1-2", " n=2-", " conn=1", " conn=2"}).Draw(t, "times")
	if rapid.Bool().Draw(t, "TLS") {
		return server + " tls=" + rapid.SampledFrom([]string{"strip", "inject", "garbage", "expired", "wrongname", "unknownca"}).Draw(t, "tls") + times
	}
	verb := rapid.SampledFrom([]string{"STARTTLS", "STARTTLS", "AUTH", "response", "EHLO"}).Draw(t, "verb")
	how := rapid.SampledFrom([]string{"drop", "silent", "reply"}).Draw(t, "how")
	if how == "reply" {
		how = fmt.Sprintf("reply=%d", rapid.SampledFrom([]int{220, 235, 250, 334, 421, 432, 454, 501, 502, 503, 504, 530, 534, 535, 538}).Draw(t, "code"))
	}
	return server + " at=" + verb + " " + how + times
}

func path(t *rapid.T, mailbox string) smtp.Path {
	if mailbox == "" {
		return smtp.Path{}
	}
	p, err := smtp.ParseMailbox(mailbox)
	if err != nil {
		t.Fatalf("%s: %v", mailbox, err)
	}
	return p
}

// TestNoAcceptedRecipientIsLost draws 10,000 scenarios with the four faults and
// judges each run by its trace alone (RFC 5321 §4.2.5, §6.1).
func TestNoAcceptedRecipientIsLost(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		n := "10000"
		switch {
		case testing.Short():
			n = "1000"
		case underRace():
			n = "4000"
		}
		defer flag.Set("rapid.checks", f.DefValue)
		flag.Set("rapid.checks", n)
	}
	rapid.Check(t, func(t *rapid.T) {
		sc := randomScenario(t)
		tr, stop, err := sim.Run(context.Background(), sc, sim.Options{Seed: rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		if stop != sim.Ended {
			t.Fatalf("the run did not end: %v after %d events", stop, tr.Len())
		}
		if found := check.NoLetterLost(tr); len(found) > 0 {
			t.Fatalf("%v\n%s", found, dump(tr))
		}
		checkTime(t, tr)
		checkOutcomes(t, sc, tr)
		checkLocks(t, sc, tr)
	})
}

// checkLocks holds that whoever insists on TLS has said nothing of a letter or a
// login outside, nor anybody of a letter that demands it; that passwords are said
// outside only by those who do not mind; and that streams have no gaps.
func checkLocks(t *rapid.T, sc *scenario.Scenario, tr *trace.Trace) {
	checkSecured(t, tr)
	dialled := map[trace.ConnID]trace.HostID{}
	attempt := map[trace.ConnID]trace.LetterID{}
	demands := map[trace.LetterID]bool{}
	letters := slices.Clone(sc.Letters)
	slices.SortStableFunc(letters, func(a, b scenario.Letter) int { return cmp.Compare(a.At, b.At) })
	written := 0
	heard := map[trace.ConnID]bool{} // whether the letter that a connection brought demands it
	for pos := range tr.End() {
		e := tr.At(pos)
		switch e.Kind {
		case trace.Connect:
			dialled[e.Conn] = e.Host
		case trace.Written:
			demands[e.Letter] = letters[written].RequireTLS
			written++
		case trace.Attempt:
			attempt[e.Conn] = e.Letter
		case trace.Command:
			if e.Verb == smtp.MAIL {
				heard[e.Conn] = strings.Contains(string(tr.OctetsAt(pos)), " REQUIRETLS")
			}
		case trace.Custody:
			if e.Conn != 0 {
				demands[e.Letter] = heard[e.Conn]
			}
		case trace.Returned, trace.Reported:
			demands[trace.LetterID(e.Arg)] = demands[e.Letter]
		case trace.Sent:
			c := &sc.Hosts[e.Host-1]
			said := string(tr.Raw(e.Octets))
			if e.Flags&trace.Inside != 0 || dialled[e.Conn] != e.Host || onlyCourtesies(said) {
				continue
			}
			if e.Peer == e.Host && said[0] >= '2' && said[0] <= '5' {
				continue // a reply of its own server
			}
			switch {
			case c.TLS == host.TLSInsist, c.TLS == host.TLSImplicit:
				t.Fatalf("event %d: %s insists on TLS, and says %q outside\n%s", pos, c.ID, said, dump(tr))
			case demands[attempt[e.Conn]]:
				t.Fatalf("event %d: the letter demands TLS, and %s says %q outside\n%s", pos, c.ID, said, dump(tr))
			}
			if l := c.Client; l != nil && l.Login != nil && !l.Login.InClear && (strings.Contains(said, "wonderland") || shows(said, "wonderland") || shows(said, "gryphon")) {
				t.Fatalf("event %d: %s says its password outside: %q\n%s", pos, c.ID, said, dump(tr))
			}
		}
	}
}

// shows says whether something in base64 in a line has that secret in it.
func shows(said, secret string) bool {
	for word := range strings.FieldsSeq(said) {
		if octets, err := base64.StdEncoding.DecodeString(word); err == nil && strings.Contains(string(octets), secret) {
			return true
		}
	}
	return false
}

// checkTime holds that time never runs backwards.
func checkTime(t *rapid.T, tr *trace.Trace) {
	last := time.Duration(0)
	for pos := range tr.End() {
		at := tr.At(pos).At
		if at < last {
			t.Fatalf("event %d is at %v, after one at %v\n%s", pos, at, last, dump(tr))
		}
		last = at
	}
}

// checkOutcomes holds that a recipient's letter counts as delivered exactly if
// it is in the mailbox. Which letter a copy is, its subject tells.
func checkOutcomes(t *rapid.T, sc *scenario.Scenario, tr *trace.Trace) {
	letters := slices.Clone(sc.Letters)
	slices.SortStableFunc(letters, func(a, b scenario.Letter) int { return cmp.Compare(a.At, b.At) })
	type copied struct{ subject, rcpt string }
	var (
		subjects = map[trace.LetterID]string{} // of each copy
		heard    = map[trace.ConnID]string{}   // of the letter that a connection brought last
		over     = map[trace.ConnID]trace.LetterID{}
		stored   = map[copied]int{}
		written  int
	)
	for pos := range tr.End() {
		e := tr.At(pos)
		octets := string(tr.Octets(e.Octets))
		switch e.Kind {
		case trace.Written:
			subjects[e.Letter] = subjectOf(string(letters[written].Octets))
			written++
		case trace.Attempt:
			over[e.Conn] = e.Letter
		case trace.Letter:
			heard[e.Conn] = subjectOf(octets)
			if octets == ".\r\n" { // from a client that had nobody to send to (RFC 2920 §3.1)
				heard[e.Conn] = subjects[over[e.Conn]]
			}
		case trace.Custody:
			if e.Conn != 0 {
				subjects[e.Letter] = heard[e.Conn]
			}
		case trace.Stored:
			stored[copied{subjects[e.Letter], octets}]++
		}
	}
	for _, o := range check.Outcomes(tr) {
		n := stored[copied{subjects[o.Letter], o.Recipient}]
		if (o.Fate == check.Delivered) != (n > 0) || o.Copies != n {
			t.Fatalf("letter %d to %s is %s, in %d copies, and stored %d times\n%s", o.Letter, o.Recipient, o.Fate, o.Copies, n, dump(tr))
		}
	}
}

// subjectOf is the first Subject line of a letter.
func subjectOf(letter string) string {
	for line := range strings.SplitSeq(letter, "\r\n") {
		if strings.HasPrefix(line, "Subject: ") {
			return line
		}
	}
	return ""
}
