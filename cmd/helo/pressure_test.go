package main

// helo serve under pressure: thousands of connections, endless lines, kills.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// memory is the most that a process has taken, in octets (Linux only).
func memory(t *testing.T, pid int) int64 {
	t.Helper()
	n := peak(pid)
	if n == 0 {
		t.Skip("no /proc here to read a process's memory from")
	}
	return n
}

// peak is the same; 0 where it cannot be known, as of a process that has ended.
func peak(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n << 10
}

// greeted opens a connection and reads the greeting.
func greeted(addr string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// 2,000 idle connections, 1,000 that say an octet a second, and a flood of
// lines of 50 MB each, commands and letters: the server stays below 200 MB and
// answers a new client within 100 ms.
func TestServeUnderPressure(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	s := serveTest(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var conns []net.Conn
	t.Cleanup(func() {
		close(stop)
		wg.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	for i := range 3000 {
		c, err := greeted(s.addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns = append(conns, c)
	}
	wg.Go(func() { // the slow ones
		line := "EHLO slow.sender.example\r\nNOOP an octet a second\r\n"
		for i := 0; ; i = (i + 1) % len(line) {
			for _, c := range conns[2000:] {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := c.Write([]byte{line[i]}); err != nil {
					t.Errorf("a slow client: %v", err)
					return
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
		}
	})
	var lines atomic.Int32
	for i := range 2 { // the flood
		wg.Go(func() {
			for {
				// A server that has had enough of bad commands closes: then anew.
				if err := flood(s.addr, i == 1, stop, &lines); err != nil {
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	var waits []time.Duration
	// On a machine that does much else a line takes its time.
	begun := time.Now()
	for since := time.Duration(0); since < 4*time.Second || lines.Load() == 0 && since < time.Minute; since = time.Since(begun) {
		time.Sleep(50 * time.Millisecond)
		start := time.Now()
		c, err := greeted(s.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "EHLO new.example\r\n")
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 512)); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(start))
		c.Close()
	}
	slices.Sort(waits)
	most := memory(t, s.cmd.Process.Pid)
	t.Logf("a new client waits %v (median of %d, at most %v); the server took %d MB", waits[len(waits)/2], len(waits), waits[len(waits)-1], most>>20)
	if lines.Load() == 0 {
		t.Error("there was no flood")
	}
	if waits[len(waits)/2] > 100*time.Millisecond {
		t.Errorf("a new client waits %v", waits[len(waits)/2])
	}
	if most > 200<<20 {
		t.Errorf("the server took %d MB", most>>20)
	}
}

// flood sends lines of 50 MB, as commands or in a letter, until it is stopped or
// the server closes, and returns how many it sent whole. The error is that of
// the first connection.
func flood(addr string, letter bool, stop <-chan struct{}, lines *atomic.Int32) error {
	c, err := greeted(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	go io.Copy(io.Discard, c)
	if letter {
		fmt.Fprintf(c, "EHLO flood.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@receiver.example>\r\nDATA\r\n")
	}
	c.SetWriteDeadline(time.Now().Add(time.Minute))
	x := bytes.Repeat([]byte("x"), 1<<20)
	for ; ; lines.Add(1) {
		for range 50 {
			select {
			case <-stop:
				return nil
			default:
			}
			if _, err := c.Write(x); err != nil {
				return nil
			}
		}
		io.WriteString(c, "\r\n")
	}
}

// kills is how often the server is killed; HELO_KILLS in the environment says
// otherwise.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("HELO_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return 3
	}
	return 20
}

// A letter that got its 250 is in the Maildir, whole, exactly once by its queue
// id, however often the server is killed under load (RFC 5321 §4.2.5, §6.1).
func TestServeKilled(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	acknowledged := map[string]string{} // the letter by its queue id
	for round := range kills(t) {
		s := serveTest(t, "--maildir", dir)
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				for n := 0; ; n++ {
					// Long and short ones, so that a kill finds some half written.
					letter := fmt.Sprintf("Subject: %d.%d.%d\r\n\r\n%s\r\nthe end of %d.%d.%d\r\n", round, client, n,
						strings.Repeat(strings.Repeat("x", 76)+"\r\n", n%3*2000), round, client, n)
					id, err := deliver(s.addr, letter)
					if err != nil {
						return // killed
					}
					mu.Lock()
					if _, twice := acknowledged[id]; twice {
						t.Errorf("the queue id %s was given twice", id)
					}
					acknowledged[id] = letter
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(20+rand.IntN(120)) * time.Millisecond)
		s.cmd.Process.Kill()
		<-s.done
		s.cmd.Process = nil // nothing is left to stop
		wg.Wait()
	}
	found := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(dir, "bob", "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`\n by mx.receiver.example with ESMTP id (\w+)\r\n`)
	for _, name := range files {
		octets, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := id.FindSubmatch(octets)
		if m == nil {
			t.Fatalf("%s has no queue id: %q", name, octets[:min(len(octets), 200)])
		}
		found[string(m[1])] = append(found[string(m[1])], string(octets))
	}
	for id, letter := range acknowledged {
		if list := found[id]; len(list) != 1 || !strings.HasSuffix(list[0], "+0000\r\n"+letter) {
			t.Errorf("the letter %s got its 250 and is there %d times, or not whole", id, len(list))
		}
	}
	t.Logf("%d letters got their 250, %d are there, after %d kills", len(acknowledged), len(files), kills(t))
	if len(acknowledged) == 0 {
		t.Error("no letter got its 250")
	}
}

// deliver sends one letter and returns its queue id.
func deliver(addr, letter string) (string, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := textproto.NewConn(conn)
	for _, step := range []struct {
		line string
		code int
	}{{"", 220}, {"EHLO a.example", 250}, {"MAIL FROM:<alice@sender.example>", 250}, {"RCPT TO:<bob@receiver.example>", 250}, {"DATA", 354}} {
		if step.line != "" {
			if err := c.PrintfLine("%s", step.line); err != nil {
				return "", err
			}
		}
		if _, _, err := c.ReadResponse(step.code); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(conn, letter+".\r\n"); err != nil {
		return "", err
	}
	_, text, err := c.ReadResponse(250)
	if err != nil {
		return "", err
	}
	return text[strings.LastIndexByte(text, ' ')+1:], nil
}
