package main

// Large letters over TLS, and what they cost.

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RFC 5321 §4.5.2, RFC 3030 §2: 16 MiB come through TLS as they were, by DATA and
// by BDAT, and cost neither side more memory than in clear, but for a little.
func TestRFC3030_2_LargeLetterInsideTLS(t *testing.T) {
	letter := []byte("Subject: large\r\n\r\n")
	dice := rand.New(rand.NewPCG(10, 20))
	for len(letter) < 16<<20 { // lines of any length, with dots where they matter
		line := bytes.Repeat([]byte{byte('a' + dice.IntN(26))}, dice.IntN(900))
		letter = append(append(append(letter, "..."[:dice.IntN(4)]...), line...), '\r', '\n')
	}
	file := filepath.Join(t.TempDir(), "letter")
	if err := os.WriteFile(file, letter, 0o600); err != nil {
		t.Fatal(err)
	}
	const most = 12 << 20 // octets more than in clear: less than the letter
	for _, by := range []string{"DATA", "BDAT"} {
		t.Run(by, func(t *testing.T) {
			var server, client [2]int64 // peaks, in clear and inside TLS
			for i, mode := range []string{"none", "starttls"} {
				dir := t.TempDir()
				s := serveSecured(t, "--maildir", dir, "--set", "size=20000000")
				args := []string{"send", "--brief", "--server", s.addr, "--tls", mode, "--ca", s.ca, "--set", "chunking=" + map[string]string{"DATA": "off", "BDAT": "on"}[by]}
				cmd := exec.Command(helo(t), append(append(args, aliceToBob...), file)...)
				cmd.Env = append(os.Environ(), "GOGC=10") // so that what it takes is what it keeps
				var out output
				cmd.Stdout, cmd.Stderr = &out, &out
				wait := launch(t, cmd)
				ended := make(chan error, 1)
				go func() { ended <- wait() }()
				for running := true; running; {
					select {
					case err := <-ended:
						if running = false; err != nil {
							t.Fatalf("%v: %s", err, &out)
						}
					case <-time.After(2 * time.Millisecond):
						client[i] = max(client[i], peak(cmd.Process.Pid))
					}
				}
				if !strings.Contains(out.String(), "▶ server"+map[string]string{"none": "  ", "starttls": "║ "}[mode]+by) {
					t.Fatalf("not by %s, %s:\n%s", by, mode, &out)
				}
				names, _ := filepath.Glob(filepath.Join(dir, "bob", "new", "*"))
				if len(names) != 1 {
					t.Fatalf("%d letters in the mailbox", len(names))
				}
				got, err := os.ReadFile(names[0])
				if err != nil || !bytes.HasSuffix(got, letter) || len(got) > len(letter)+1000 {
					t.Errorf("%s: %d octets in the mailbox, %v; want the %d as they were and a few fields above", mode, len(got), err, len(letter))
				}
				server[i] = peak(s.cmd.Process.Pid)
				s.stop()
			}
			for side, peak := range map[string][2]int64{"the server": server, "the client": client} {
				t.Logf("%s took %d MB in clear, %d MB inside TLS", side, peak[0]>>20, peak[1]>>20)
				if peak[0] == 0 || peak[1] == 0 {
					t.Errorf("%s: its memory was not measured", side)
				}
				if peak[1] > peak[0]+most {
					t.Errorf("%s took %d MB in clear and %d MB inside TLS", side, peak[0]>>20, peak[1]>>20)
				}
			}
		})
	}
}
