package main

// helo send, and servers that break TLS: what they have heard by then, what is
// said of it, and which flag would help.

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"helo/sim/secure"
	"helo/sim/trace"
)

// breaker is a server of a test. It remembers what it has heard, in clear and
// inside TLS.
type breaker struct {
	addr string
	mu   sync.Mutex
	got  bytes.Buffer
	n    int // connections
	wg   sync.WaitGroup
}

func (b *breaker) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got.Write(p)
}

func (b *breaker) heard() (string, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got.String(), b.n
}

// talk is one connection of a breaker.
type talk struct {
	net.Conn
	in *bufio.Reader
}

// rest is a connection of which some has been read ahead.
type rest struct {
	net.Conn
	in io.Reader
}

func (r rest) Read(p []byte) (int, error) { return r.in.Read(p) }

// answer reads a line, and answers.
func (k *talk) answer(says string) {
	k.in.ReadString('\n')
	io.WriteString(k, says)
}

// inside goes on inside TLS.
func (k *talk) inside(b *breaker, cert tls.Certificate) *talk {
	end := tls.Server(rest{k.Conn, k.in}, &tls.Config{Certificates: []tls.Certificate{cert}})
	if end.Handshake() != nil {
		return nil
	}
	return &talk{end, bufio.NewReader(io.TeeReader(end, b))}
}

// breaks serves with a function until the test ends.
func breaks(t *testing.T, serve func(b *breaker, k *talk)) *breaker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{addr: ln.Addr().String()}
	b.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.n++
			b.mu.Unlock()
			b.wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(30 * time.Second))
				serve(b, &talk{c, bufio.NewReader(io.TeeReader(c, b))})
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		b.wg.Wait()
	})
	return b
}

// authority makes one for a test, and the file that clients trust it by.
func authority(t *testing.T) (*secure.Authority, string) {
	t.Helper()
	a, err := secure.NewAuthorityP256("an authority of a test", rand.Reader, time.Now().Add(-time.Hour), 48*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, a.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return a, file
}

// issue makes a certificate for localhost, or for another host.
func issue(t *testing.T, a *secure.Authority, name string, until time.Duration) tls.Certificate {
	t.Helper()
	leaf := secure.Leaf{Names: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(until)}
	if name == "localhost" {
		leaf.IPs = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	cert, err := a.Issue(leaf, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// RFC 8314 §4.1, RFC 3207 §4.1: where TLS is demanded and does not come about, or is
// with the wrong server, nothing of the letter is said and nothing of the login.
// What went wrong is told in words, it may be tried again, and nobody tries in
// clear instead.
func TestRFC8314_4_1_NothingIsSaidWithoutTLS(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	ca, file := authority(t)
	other, _ := authority(t)
	right := issue(t, ca, "localhost", time.Hour)
	wait := func(b *breaker, k *talk) { io.Copy(io.Discard, k.in) }
	dropped := func(b *breaker, k *talk) {
		if k := k.inside(b, right); k != nil {
			k.Conn.(*tls.Conn).NetConn().(rest).Conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, k.in)
		}
	}
	shows := func(cert tls.Certificate) func(b *breaker, k *talk) {
		return func(b *breaker, k *talk) {
			if k := k.inside(b, cert); k != nil {
				k.answer("250 localhost\r\n")
			}
		}
	}
	const (
		go_  = "220 2.0.0 go ahead\r\n"
		soon = 2 * time.Second // where the server says nothing more
	)
	for _, test := range []struct {
		name    string
		says    string // to STARTTLS
		handles func(b *breaker, k *talk)
		want    string        // in what is said to the person
		wait    time.Duration // 0: longer than any of this takes
	}{
		{"closes in the handshake", go_, func(b *breaker, k *talk) {
			k.Conn.(*net.TCPConn).CloseWrite()
			wait(b, k)
		}, "451 4.7.5 no TLS: the connection ended before TLS did (helo's own words", 0},
		{"resets in the handshake", go_, func(b *breaker, k *talk) {
			k.in.ReadByte() // of the ClientHello
			k.Conn.(*net.TCPConn).SetLinger(0)
		}, "451 4.7.5 no TLS: ", 0},
		{"silent in the handshake", go_, wait, "451 4.7.5 no TLS: it took too long", soon},
		{"garbage in the handshake", go_, func(b *breaker, k *talk) { k.answer("\x1b[2Jthis is no TLS\r\n"); wait(b, k) }, "451 4.7.5 no TLS: what came is no TLS record", 0},
		{"a reply in the handshake", go_, func(b *breaker, k *talk) { k.answer("250 ok\r\n"); wait(b, k) }, "451 4.7.5 no TLS: what came is no TLS record", 0},
		{"an alert in the handshake", go_, func(b *breaker, k *talk) { k.answer("\x15\x03\x03\x00\x02\x02\x28"); wait(b, k) }, "451 4.7.5 no TLS: the other side refused: handshake failure", 0},
		{"not now", "454 4.7.0 no TLS today\r\n", wait, "454 4.7.0 no TLS today", 0},
		{"a 220 that is none", "220-go\r\n", wait, "no answer in time", soon},
		{"closes after the handshake", go_, dropped, "451 4.4.2 the connection was closed", 0},
		{"a certificate of nobody known", go_, shows(issue(t, other, "localhost", time.Hour)), "451 4.7.5 no TLS: nobody we trust has signed the certificate", 0},
		{"another's certificate", go_, shows(issue(t, ca, "www.other.example", time.Hour)), "451 4.7.5 no TLS: the certificate is for www.other.example, not 127.0.0.1", 0},
		{"an old certificate", go_, shows(issue(t, ca, "localhost", -time.Minute)), "451 4.7.5 no TLS: the certificate expired on ", 0},
	} {
		for _, mode := range []string{"starttls", "implicit"} {
			if mode == "implicit" && test.says != go_ {
				continue
			}
			t.Run(test.name+", "+mode, func(t *testing.T) {
				t.Parallel()
				b := breaks(t, func(b *breaker, k *talk) {
					if mode == "starttls" {
						fmt.Fprint(k, "220 localhost ESMTP\r\n")
						k.answer("250-localhost\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
						if k.answer(test.says); test.says != go_ {
							k.answer("221 bye\r\n")
						}
					}
					test.handles(b, k)
				})
				begun := time.Now()
				got := sendTest(t, savedLetter, b.addr, append([]string{"--tls", mode, "--ca", file, "--auth", "PLAIN", "--user", testUser, "--password", testPassword,
					"--timeout", cmp.Or(test.wait, 20*time.Second).String()}, aliceToBob...)...)
				if got.status != exitDeferred || !strings.Contains(got.verdicts, test.want) {
					t.Errorf("status %d, %q; want %d and %q", got.status, got.verdicts, exitDeferred, test.want)
				}
				if took := time.Since(begun); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				if strings.ContainsAny(got.verdicts, "\x1b\r") {
					t.Errorf("raw octets in %q", got.verdicts)
				}
				heard, n := b.heard()
				if n != 1 {
					t.Errorf("%d connections, want one", n)
				}
				wantSecret(t, "what the server heard", heard, testPassword)
				for _, word := range []string{"AUTH", "MAIL", "RCPT", "DATA", "Subject", "alice", "bob"} {
					if strings.Contains(heard, word) {
						t.Errorf("the server has heard %s: %q", word, heard)
					}
				}
			})
		}
	}
}

// RFC 8446 §6.1: an end without a close_notify is told as what it is.
func TestRFC8446_6_1_SendTellsTruncation(t *testing.T) {
	ca, file := authority(t)
	right := issue(t, ca, "localhost", time.Hour)
	b := breaks(t, func(b *breaker, k *talk) {
		if k := k.inside(b, right); k != nil {
			fmt.Fprint(k, "220 localhost ESMTP\r\n250-half of a reply\r\n")
			k.Conn.(*tls.Conn).NetConn().(rest).Conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, k.in)
		}
	})
	cmd := exec.Command(helo(t), append([]string{"send", "--server", b.addr, "--tls", "implicit", "--ca", file, "-"}, aliceToBob...)...)
	cmd.Stdin = strings.NewReader(savedLetter)
	out, _ := cmd.Output()
	text := strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(out), "│", ""), "║", "")), " ")
	for _, want := range []string{"finds the connection cut: closed without a close_notify", "has not ended TLS with a close_notify (RFC 8446 §6.1)"} {
		if cmd.ProcessState.ExitCode() != exitDeferred || !strings.Contains(text, want) {
			t.Errorf("status %d, want %q in:\n%s", cmd.ProcessState.ExitCode(), want, out)
		}
	}
}

// RFC 8314 §3.3: who stands at the wrong door is told which way the other one is.
func TestRFC8314_3_3_TheOtherDoor(t *testing.T) {
	s := serveSecured(t)
	with := func(args ...string) []string {
		return slices.Concat([]string{"--user", testUser, "--password", testPassword, "--from", "alice@receiver.example", "--to", "bob@receiver.example"}, args)
	}
	for _, test := range []struct {
		addr string
		args []string
		hint string // "": neither
	}{
		{s.implicit, with("--tls", "starttls", "--timeout", "greeting=400ms"), hintSilent},
		{s.implicit, with("--timeout", "greeting=400ms"), hintSilent},
		{s.starttls, with("--tls", "implicit"), hintClear},
		{s.starttls, with("--tls", "starttls"), ""},
		{s.implicit, with("--tls", "implicit"), ""},
		{s.starttls, with("--tls", "starttls", "--timeout", "RCPT=1ns"), ""},
	} {
		got := sendTest(t, savedLetter, test.addr, test.args...)
		for _, hint := range []string{hintSilent, hintClear} {
			if strings.Contains(got.verdicts, "hint: "+hint) != (hint == test.hint) {
				t.Errorf("%q: %q; want the hint %q", test.args, got.verdicts, test.hint)
			}
		}
		if test.hint != "" && got.status != exitDeferred {
			t.Errorf("%q: status %d", test.args, got.status)
		}
	}
}

// Who waits for a greeting hears after a while what it may be that does not come.
func TestSendWhileSilent(t *testing.T) {
	for _, test := range []struct {
		name  string
		kinds []trace.Kind
		tls   string
		told  bool
	}{
		{"silent", []trace.Kind{trace.Connect, trace.Connected}, "starttls", true},
		{"not reached", []trace.Kind{trace.Connect}, "", false},
		{"a greeting", []trace.Kind{trace.Connect, trace.Connected, trace.Arrived}, "", false},
		{"TLS first already", []trace.Kind{trace.Connect, trace.Connected}, "implicit", false},
	} {
		tr := trace.New("send", 0, time.Now(), []trace.Host{{ID: "client"}, {ID: "server"}})
		for _, kind := range test.kinds {
			tr.Append(trace.Event{Kind: kind, Conn: 1, Host: 1, Peer: 2, Cause: trace.NoPos})
		}
		for _, stopped := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				stop := whileSilent(&out, tr, sendOptions{tls: test.tls}, silence)
				if !stopped {
					time.Sleep(silence)
				}
				stop()
				if strings.Contains(out.String(), hintSilent) != (test.told && !stopped) {
					t.Errorf("%s, stopped before: %v: said %q", test.name, stopped, out.String())
				}
			})
		}
	}
}
