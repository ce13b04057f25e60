package main

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

// rounds is how often the two servers are measured in turn.
const rounds = 9

// loads are what smtp-source does, with 20 sessions: name, octets of a letter,
// letters in a round, and whether a session is kept for many of them.
var loads = []struct {
	name    string
	octets  int
	letters int
	kept    bool
}{
	{"1KiB-kept", 1 << 10, 40_000, true},
	{"1KiB-one", 1 << 10, 8_000, false},
	{"1MiB-kept", 1 << 20, 600, true},
}

// BenchmarkServeAndGoSMTP measures helo serve --headless --format json, its
// output going to /dev/null, against a server on go-smtp v0.25.1 that discards
// its mail. Both run all the time; Postfix's smtp-source loads one, then the
// other, nine times. It reports the medians in letters a second, and their
// ratio.
func BenchmarkServeAndGoSMTP(b *testing.B) {
	source := program(b, "smtp-source", "postfix")
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	ours, theirs := freePort(b), freePort(b)
	serve := exec.Command(helo(b), "serve", "--smtp", ours, "--headless", "--format", "json")
	serve.Stdout = null
	startServer(b, serve, ours)
	peer := exec.Command(os.Args[0])
	peer.Env = append(os.Environ(), peerVariable+"="+theirs)
	startServer(b, peer, theirs)

	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			run := func(addr string, letters int) float64 {
				args := []string{"-s", "20", "-l", strconv.Itoa(load.octets), "-m", strconv.Itoa(letters), "-f", "alice@sender.example", "-t", "bob@receiver.example", addr}
				if load.kept {
					args = append([]string{"-d"}, args...)
				}
				start := time.Now()
				if out, err := exec.Command(source, args...).CombinedOutput(); err != nil || len(out) > 0 {
					b.Fatalf("smtp-source: %v: %s", err, out)
				}
				return float64(letters) / time.Since(start).Seconds()
			}
			for b.Loop() {
				var a, z, ratios []float64
				run(ours, load.letters/10) // warm
				run(theirs, load.letters/10)
				for range rounds {
					a = append(a, run(ours, load.letters))
					z = append(z, run(theirs, load.letters))
					ratios = append(ratios, a[len(a)-1]/z[len(z)-1])
				}
				b.ReportMetric(median(a), "helo-letters/s")
				b.ReportMetric(median(z), "go-smtp-letters/s")
				b.ReportMetric(median(a)/median(z), "ratio")
				b.ReportMetric(slices.Min(ratios), "worst-ratio")
			}
		})
	}
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// startServer starts a command and waits until it listens; it ends with the
// benchmark.
func startServer(b *testing.B, cmd *exec.Cmd, addr string) {
	b.Helper()
	launch(b, cmd)
	waitListening(b, addr)
}
