package main

import (
	"crypto/tls"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The load of the TLS benchmark: Go's own client, which says STARTTLS on each
// connection. smtp-source knows no TLS.
const (
	tlsSessions = 20
	tlsLetters  = 2_000 // in a round, one a connection
)

// BenchmarkServeAndGoSMTPWithTLS measures helo serve --headless --format json
// against a server on go-smtp v0.25.1, both with the certificate of helo: a
// connection, STARTTLS, a full handshake and one letter of 1 KiB, again and
// again from 20 clients. Both run all the time and are loaded in turn, nine
// times. It reports the medians in letters a second, and their ratio.
func BenchmarkServeAndGoSMTPWithTLS(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	state := b.TempDir()
	ours, theirs := freePort(b), freePort(b)
	serve := exec.Command(helo(b), "serve", "--smtp", ours, "--headless", "--format", "json")
	serve.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	serve.Stdout = null
	startServer(b, serve, ours)
	peer := exec.Command(os.Args[0])
	peer.Env = append(os.Environ(), peerVariable+"="+theirs, peerTLSVariable+"="+filepath.Join(state, "helo", "tls"))
	startServer(b, peer, theirs)
	for b.Loop() {
		var a, z, ratios []float64
		loadTLS(b, ours, tlsLetters/10) // warm
		loadTLS(b, theirs, tlsLetters/10)
		for range rounds {
			a = append(a, loadTLS(b, ours, tlsLetters))
			z = append(z, loadTLS(b, theirs, tlsLetters))
			ratios = append(ratios, a[len(a)-1]/z[len(z)-1])
		}
		b.ReportMetric(median(a), "helo-letters/s")
		b.ReportMetric(median(z), "go-smtp-letters/s")
		b.ReportMetric(median(a)/median(z), "ratio")
		b.ReportMetric(slices.Min(ratios), "worst-ratio")
	}
}

// loadTLS sends letters and returns how many a second were taken.
func loadTLS(b *testing.B, addr string, letters int) float64 {
	b.Helper()
	body := slices.Repeat([]byte("a line of a letter that says nothing, 64 octets long with its \r\n"), 16)
	var left atomic.Int64
	left.Store(int64(letters))
	var wg sync.WaitGroup
	start := time.Now()
	for range tlsSessions {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := sendTLS(addr, body); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(letters) / time.Since(start).Seconds()
}

// sendTLS sends one letter on a connection of its own.
func sendTLS(addr string, body []byte) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	// Whose certificate it is does not matter here.
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
		return err
	}
	if err := c.Mail("alice@sender.example"); err != nil {
		return err
	}
	if err := c.Rcpt("bob@receiver.example"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
