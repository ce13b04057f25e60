package live

// Servers that promise TLS and do not keep it.

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/secure"
	"helo/sim/trace"
)

// offers answers up to a STARTTLS, of which it says what is to be said.
func offers(c net.Conn, in *bufio.Reader, says string) {
	fmt.Fprint(c, "220 server ESMTP\r\n")
	in.ReadString('\n')
	fmt.Fprint(c, "250-server\r\n250 STARTTLS\r\n")
	in.ReadString('\n')
	io.WriteString(c, says)
}

// RFC 5321 §4.5.3.2: a server may take its time with the 220 to STARTTLS, longer
// than for a piece of a letter; the handshake has a time of its own.
func TestRFC5321_4_5_3_2_SlowSTARTTLS(t *testing.T) {
	to := scripted(t, func(c net.Conn, in *bufio.Reader) {
		offers(c, in, "")
		time.Sleep(time.Second)
		fmt.Fprint(c, "220 go on\r\n")
		cert, _ := testCertificate()
		end := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		in = bufio.NewReader(end)
		in.ReadString('\n')
		fmt.Fprint(end, "250 server\r\n")
		in.ReadString('\n')
		fmt.Fprint(end, "550 5.7.1 heard inside TLS\r\n")
		in.ReadString('\n')
		fmt.Fprint(end, "221 bye\r\n")
	})
	v, tr := sendTo(t, to, "hi\r\n", context.Background(), func(c *ClientConfig) {
		insider(host.TLSInsist)(c)
		c.Block = 500 * time.Millisecond
		c.Host.Client.Waits[smtp.PhaseCommand] = 10 * time.Second
	})
	if v.Code != 550 {
		t.Errorf("verdict %+v", v)
	}
	shows(t, tr, trace.Secured, "the certificate is right")
}

// RFC 6066 §3: a ClientHello names a host, never an address, and the trace says what
// the server hears.
func TestRFC6066_3_AddressesAreNotNamed(t *testing.T) {
	for _, name := range []string{"mx.receiver.example", "127.0.0.1", "[::1]"} {
		heard := make(chan string, 1)
		to := scripted(t, func(c net.Conn, in *bufio.Reader) {
			offers(c, in, "220 go on\r\n")
			cert, _ := testCertificate()
			tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				heard <- secure.DescribeHello(hello)
				return nil, nil
			}}).Handshake()
		})
		_, tr := sendTo(t, to, "hi\r\n", context.Background(), func(c *ClientConfig) {
			insider(host.TLSInsist)(c)
			c.Host.Client.Server = name
		})
		hello := "ClientHello: " + <-heard
		if strings.Contains(hello, "for ") != (name == "mx.receiver.example") {
			t.Errorf("%s: the server heard %q", name, hello)
		}
		shows(t, tr, trace.Handshake, hello)
		for pos := range tr.End() {
			if words := string(tr.OctetsAt(pos)); tr.At(pos).Kind == trace.Handshake && strings.HasPrefix(words, "ClientHello") && words != hello {
				t.Errorf("%s: the trace says %q, the server heard %q", name, words, hello)
			}
		}
	}
}

// RFC 5321 §4.5.3.2: the wait for a handshake has an end, whatever the server says
// meanwhile, and so has a person's patience.
func TestRFC5321_4_5_3_2_HandshakeThatDoesNotEnd(t *testing.T) {
	for _, mode := range []host.TLSMode{host.TLSInsist, host.TLSImplicit} {
		for name, drip := range map[string]string{"silent": "", "an octet now and then": "\x16\x03\x03\x40\x00\x02" + strings.Repeat("x", 1000)} {
			for _, patient := range []bool{true, false} {
				t.Run(fmt.Sprint(mode, ", ", name, ", interrupted: ", !patient), func(t *testing.T) {
					t.Parallel()
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					to := scripted(t, func(c net.Conn, in *bufio.Reader) {
						if mode == host.TLSInsist {
							offers(c, in, "220 go on\r\n")
						}
						if in.ReadByte(); !patient { // of the ClientHello
							cancel()
						}
						go func() {
							for _, o := range []byte(drip) {
								time.Sleep(20 * time.Millisecond)
								if _, err := c.Write([]byte{o}); err != nil {
									return
								}
							}
						}()
						io.Copy(io.Discard, in)
					})
					why, wait := "it took too long", 2*time.Second
					if !patient {
						why, wait = stopped, time.Minute
					}
					begun := time.Now()
					v, tr := sendTo(t, to, "hi\r\n", ctx, func(c *ClientConfig) {
						insider(mode)(c)
						// Of an implicit handshake, and of one after STARTTLS.
						c.Host.Client.Waits[smtp.PhaseGreeting], c.Host.Client.Waits[smtp.PhaseCommand] = wait, wait
					})
					if took := time.Since(begun); v.Done || v.Code/100 != 4 || took > 10*time.Second {
						t.Errorf("verdict %+v after %v", v, took)
					}
					shows(t, tr, trace.Unsecured, why)
				})
			}
		}
	}
}

// Of a long letter a client's trace has the head, whenever its chunks are answered
// (RFC 3030 §2).
func TestRFC3030_2_ClientKeepsTheHeadOfChunks(t *testing.T) {
	letter := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 20_000) // 1.5 MB
	config := mx()
	config.Server.Domains = []string{"receiver.example"}
	_, addr := start(t, Config{Host: config})
	for _, pipelining := range []smtp.Extensions{0, smtp.Pipelining} {
		v, tr := sendTo(t, netip.MustParseAddrPort(addr), letter, context.Background(), func(c *ClientConfig) { c.Host.Avoid = pipelining })
		if !v.Done || tr.Size() > 400_000 {
			t.Errorf("avoiding %v: verdict %+v, and a trace of %d octets for a letter of %d", pipelining, v, tr.Size(), len(letter))
		}
	}
}
