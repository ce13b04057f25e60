package live_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strconv"
	"testing"

	"helo/protocol/smtp"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/live"
)

// BenchmarkServe measures letters through a live server with its trace written
// out as JSON, loaded by Postfix's smtp-source with 20 sessions.
func BenchmarkServe(b *testing.B) {
	source, err := exec.LookPath("smtp-source")
	if err != nil {
		b.Skip("smtp-source is missing; it comes with postfix")
	}
	for _, load := range []struct {
		name string
		size int
		args []string
	}{{"kept", 1024, []string{"-d"}}, {"one", 1024, nil}, {"large", 1 << 20, []string{"-d"}}} {
		b.Run(load.name, func(b *testing.B) {
			s, addr := live.StartAs(b, live.Config{Host: host.Config{
				ID: "mx", Name: "mx.receiver.example",
				Server: &host.ServerConfig{Domains: []string{"receiver.example"}, Mailboxes: []string{"bob"}, Extensions: smtp.AllExtensions, MaxSize: 10 << 20},
			}}, host.PortSMTP)
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			go s.Follow(ctx, export.NewJSONStream(bufio.NewWriter(io.Discard), s.Trace()).Update)
			args := append(load.args, "-s", "20", "-l", strconv.Itoa(load.size), "-m", strconv.Itoa(b.N), "-f", "a@sender.example", "-t", "bob@receiver.example", addr)
			b.SetBytes(int64(load.size))
			b.ResetTimer()
			if out, err := exec.Command(source, args...).CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			b.StopTimer()
		})
	}
}
