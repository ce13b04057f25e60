package live_test

import (
	"context"
	"fmt"
	"net"
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
			client := host.Config{
				ID: "laptop", Name: "laptop.sender.example", Avoid: test.avoid,
				Addrs:  []netip.Addr{netip.MustParseAddr("192.0.2.77")},
				Client: &host.ClientConfig{User: "alice@sender.example", Server: "mx.receiver.example", Port: host.PortSubmission},
			}
			server := host.Config{
				ID: "mx", Name: "mx.receiver.example", Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.25")},
				Server: &host.ServerConfig{
					Domains: []string{"receiver.example"}, Mailboxes: []string{"bob", "jos\u00e9"}, Extensions: test.offer, MaxSize: 1 << 20, MaxRcpts: 3,
					Submission: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Retry: host.DefaultRetry, Lifetime: host.DefaultLifetime,
				},
			}
			var faults []*host.Fault
			if test.fault != "" {
				f, err := host.ParseFault(test.fault)
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
				Letters:   []scenario.Letter{{From: alice, To: test.to, Octets: []byte(test.letter)}},
				MaxEvents: scenario.DefaultMaxEvents, MaxTime: time.Hour,
			}
			simulated, _, err := sim.Run(context.Background(), sc, sim.Options{Seed: 1, Faults: faults})
			if err != nil {
				t.Fatal(err)
			}

			s, err := live.NewServer(live.Config{Host: server, Faults: faults})
			if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx, ln, host.PortSubmission) }()
			defer func() {
				stop()
				if err := <-served; err != nil {
					t.Error(err)
				}
				end, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				s.Shutdown(end)
			}()
			real := client
			addr := ln.Addr().(*net.TCPAddr).AddrPort()
			real.Client = &host.ClientConfig{Server: "mx.receiver.example", Addrs: []netip.Addr{addr.Addr()}, Port: addr.Port()}
			c, err := live.NewClient(live.ClientConfig{
				Host: real, Server: trace.Host{ID: "mx"},
				Letter: host.Submission{From: alice, To: test.to, Octets: []byte(test.letter)},
			})
			if err != nil {
				t.Fatal(err)
			}
			c.Run(context.Background())

			want := spoken(simulated)
			if len(want) < 2 {
				t.Fatalf("the simulation said %q", want)
			}
			for side, got := range map[string][]string{"the client": spoken(c.Trace()), "the server": spoken(s.Trace())} {
				if sortReplies(got) != sortReplies(want) {
					t.Errorf("%s on the socket\n%s\nthe simulation\n%s", side, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
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
