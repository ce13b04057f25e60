package live_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"helo/protocol/dns"
	"helo/protocol/smtp"
	"helo/sim"
	"helo/sim/host"
	"helo/sim/live"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// spoken is what was said on the connections of a trace: the commands and
// letters octet for octet, the replies by their codes.
func spoken(t *trace.Trace) (out []string) {
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		switch e := t.At(pos); e.Kind {
		case trace.Command, trace.Letter:
			octets := t.OctetsAt(pos) // of a long letter a socket's trace has the head
			out = append(out, fmt.Sprintf("> %q", octets[:min(len(octets), 60_000)]))
		case trace.Reply:
			out = append(out, fmt.Sprintf("< %d", e.Code))
		}
	}
	return out
}

// The same letter, by the same client to the same server, is the same
// conversation in the simulation and on a loopback socket.
func TestSimulationAndSocketsSayTheSame(t *testing.T) {
	mailbox := func(s string) smtp.Path {
		p, err := smtp.ParseMailbox(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	alice, bob, eve := mailbox("alice@sender.example"), mailbox("bob@receiver.example"), mailbox("eve@receiver.example")
	jose := mailbox("jos\u00e9@receiver.example")
	many := []smtp.Path{bob, eve, bob, bob, bob, bob, bob}
	letter := "Subject: hi\r\n\r\n.one\r\n..two\r\n.\r\nthe end\r\n"
	for _, test := range []struct {
		name   string
		letter string
		to     []smtp.Path
		avoid  smtp.Extensions // by the client
		offer  smtp.Extensions // by the server
		fault  string
	}{
		{"in chunks", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, ""},
		{"with a dot at the end", letter, []smtp.Path{bob}, 0, smtp.BasicExtensions, ""},
		{"dropped after the last chunk", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, "mx at=BDAT drop"},
		{"a chunk refused", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, "mx at=BDAT reply=552"},
		{"many for a server that takes few", letter, many, 0, smtp.AllExtensions, ""},
		{"many for a server that does not say so", letter, many, 0, smtp.BasicExtensions, ""},
		{"addresses outside ASCII", "Subject: Gr\u00fc\u00dfe\r\n\r\nhi\r\n", []smtp.Path{bob, jose}, 0, smtp.AllExtensions, ""},
		{"which nobody takes", "Subject: Gr\u00fc\u00dfe\r\n\r\nhi\r\n", []smtp.Path{bob, jose}, 0, smtp.BasicExtensions, ""},
		{"one at a time", letter, []smtp.Path{bob}, smtp.Pipelining, smtp.AllExtensions, ""},
		{"nothing offered", letter, []smtp.Path{bob, eve}, 0, 0, ""},
		{"one refused", letter, []smtp.Path{eve, bob}, 0, smtp.AllExtensions, ""},
		{"nobody there", letter, []smtp.Path{eve}, 0, smtp.AllExtensions, ""},
		{"octets above 127", "Subject: hi\r\n\r\nGr\u00fc\u00dfe\r\n", []smtp.Path{bob}, 0, smtp.AllExtensions, ""},
		{"which nobody takes", "Subject: hi\r\n\r\nGr\u00fc\u00dfe\r\n", []smtp.Path{bob}, 0, smtp.Pipelining, ""},
		{"not now", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, "mx at=RCPT reply=451"},
		{"HELO", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, "mx at=EHLO reply=502"},
		{"turned away", letter, []smtp.Path{bob}, 0, smtp.AllExtensions, "mx at=connect reply=554"},
		{"dropped after the dot", letter, []smtp.Path{bob}, 0, smtp.BasicExtensions, "mx at=dot drop"},
		{"long", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 500), []smtp.Path{bob}, 0, smtp.BasicExtensions, ""},
		{"in several chunks", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 3000), []smtp.Path{bob}, 0, smtp.AllExtensions, ""},
		{"in several chunks, one at a time", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 3000), []smtp.Path{bob}, smtp.Pipelining, smtp.AllExtensions, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pair{client: host.Config{
				ID: "laptop", Name: "laptop.sender.example", Avoid: test.avoid,
				Client: &host.ClientConfig{Port: host.PortSubmission},
			}, server: &host.ServerConfig{
				Mailboxes: []string{"bob", "jos\u00e9"}, Extensions: test.offer, MaxSize: 1 << 20, MaxRcpts: 3,
				Submission: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
			}, letter: host.Submission{From: alice, To: test.to, Octets: []byte(test.letter)}}
			simulated, atClient, atServer := p.run(t, test.fault)
			want := spoken(simulated)
			if len(want) < 2 {
				t.Fatalf("the simulation said %q", want)
			}
			for side, got := range map[string][]string{"the client": spoken(atClient), "the server": spoken(atServer)} {
				if sortReplies(got) != sortReplies(want) {
					t.Errorf("%s on the socket\n%s\nthe simulation\n%s", side, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// pair is a client and a server, and a letter for the one to give to the other.
type pair struct {
	client host.Config
	server *host.ServerConfig
	letter host.Submission
}

// run lets them meet twice, in the simulation and on a loopback socket, with the
// same certificates. It returns the trace of the one, and of the other what the
// client and the server have recorded.
func (p pair) run(t *testing.T, fault string) (simulated, atClient, atServer *trace.Trace) {
	t.Helper()
	client, port := p.client, p.client.Client.Port
	there := *p.client.Client
	there.User, there.Server = "alice@sender.example", "mx.receiver.example"
	client.Addrs, client.Client = []netip.Addr{netip.MustParseAddr("192.0.2.77")}, &there
	p.server.Domains, p.server.Retry, p.server.Lifetime = []string{"receiver.example"}, host.DefaultRetry, host.DefaultLifetime
	server := host.Config{ID: "mx", Name: "mx.receiver.example", Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.25")}, Server: p.server}
	var faults []*host.Fault
	if fault != "" {
		f, err := host.ParseFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, f)
	}

	zones, err := dns.ParseZones("$ORIGIN receiver.example.\n$TTL 1h\nmx A 198.51.100.25\n", "zone")
	if err != nil {
		t.Fatal(err)
	}
	sc := &scenario.Scenario{
		Name: "same", Start: time.Now(), Latency: time.Millisecond, Hosts: []host.Config{client, server}, Zones: zones,
		Letters:   []scenario.Letter{{From: p.letter.From, To: p.letter.To, Octets: p.letter.Octets}},
		MaxEvents: scenario.DefaultMaxEvents, MaxTime: time.Hour,
	}
	if simulated, _, err = sim.Run(context.Background(), sc, sim.Options{Seed: 1, Faults: faults}); err != nil {
		t.Fatal(err)
	}

	config := live.Config{Host: server, Faults: faults, Bad: map[host.Effect]*tls.Config{}}
	if p.server.Extensions.Has(smtp.StartTLS) {
		config.TLS = live.ServerTLS(sc.Certificate(1, scenario.Valid).Certificates[0])
		for effect, kind := range map[host.Effect]scenario.CertificateKind{
			host.EffectExpired: scenario.Expired, host.EffectWrongName: scenario.WrongName, host.EffectUnknownCA: scenario.UnknownCA,
		} {
			config.Bad[effect] = live.ServerTLS(sc.Certificate(1, kind).Certificates[0])
		}
	}
	s, at := live.StartAs(t, config, port)
	addr := netip.MustParseAddrPort(at)
	here := there
	here.Addrs, here.Port = []netip.Addr{addr.Addr()}, addr.Port()
	client.Client = &here
	c, err := live.NewClient(live.ClientConfig{
		Host: client, Server: trace.Host{ID: "mx"}, TLS: &tls.Config{RootCAs: sc.Roots()}, Letter: p.letter,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Run(context.Background())
	live.Quiet(t, s, 10*time.Second) // the server has yet to hear the end
	return simulated, c.Trace(), s.Trace()
}

// sortReplies makes one text of what was said: commands and letters in their
// order, then replies in theirs. How the two interleave in a pipelined group
// depends on when each was heard.
func sortReplies(list []string) string {
	var commands, replies []string
	for _, s := range list {
		if s[0] == '<' {
			replies = append(replies, s)
		} else {
			commands = append(commands, s)
		}
	}
	return strings.Join(append(commands, replies...), "\n")
}
