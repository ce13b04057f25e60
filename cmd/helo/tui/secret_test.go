package tui

// What is written to the disk while somebody logs in.

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// givenAway is the first form of a secret that is found in octets.
func givenAway(octets, secret string) string {
	low := strings.ToLower(octets)
	for _, form := range []string{secret, hex.EncodeToString([]byte(secret))} {
		if strings.Contains(low, strings.ToLower(form)) {
			return form
		}
	}
	for n := range 3 { // base64 of it differs with the octets before it
		code := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n) + secret + "xx"))
		from, to := (n*8+5)/6, (n+len(secret))*8/6
		if strings.Contains(octets, code[from:to]) {
			return code[from:to]
		}
	}
	return ""
}

// A learner logs in, in right and in wrong ways, and uses the bench. Nothing of
// the passwords is on the disk, at no time; and the place is kept all the same.
func TestNoPasswordOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(t)
		o.Course = course(t, "../../../content")
		o.StateFolder = t.TempDir()
		files := 0
		check := func() {
			t.Helper()
			files = 0
			err := filepath.WalkDir(o.StateFolder, func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				files++
				octets, err := os.ReadFile(name)
				for _, secret := range []string{"wonderland", "through the looking-glass"} {
					if form := givenAway(string(octets), secret); form != "" {
						t.Errorf("%s holds %q:\n%s", name, form, octets)
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
		s := start(t, o, 120, 36)
		login(s)
		for _, line := range []string{
			"AUTH PLAIN alice wonderland", "AUTH PLAIN " + b64("alice:wonderland"), "wonderland",
			"NOOP wonderland", "AUTH PLAIN " + b64("\x00alice\x00through the looking-glass"), b64("\x00alice\x00wonderland"),
			"auth plain alice:Wonderland",
		} {
			s.typeLine(line)
			check()
		}
		s.send("AUTH PLAIN ")
		s.press("f2")
		s.send(`\0alice\0wonderland`)
		check()
		s.press("esc", "esc") // the line is half typed
		check()
		s.press("enter")
		s.press("f2", "enter", "enter")
		s.shows("✓ Done")
		check()
		if files == 0 {
			t.Fatal("nothing is on the disk at all")
		}
		s.press("enter")
		s.typeLine("RSET")
		check()
		// What was no login on the line is stars only when it comes back.
		before := strings.NewReplacer("▶ wonderland", "▶ **********", "NOOP wonderland", "NOOP **********",
			"▶ "+b64("\x00alice\x00wonderland"), "▶ "+strings.Repeat("*", 23)+"=").Replace(s.text())
		s.press("ctrl+c")
		if err := s.ended(); err != nil {
			t.Fatal(err)
		}
		check()
		o.Lesson = "locked"
		s = start(t, o, 120, 36)
		if after := s.text(); after != before {
			t.Errorf("another screen than before:\n%s\nwant:\n%s", after, before)
		}
		s.typeLine("MAIL FROM:<alice@sender.example>")
		s.shows("✓ Done")
		check()
	})
}
