package lessons

// Nothing that is written down holds a password.

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// logins is a lesson in which somebody logs in.
const logins = `---
id: logins
title: A login
goal: You can log in.
minutes: 2
scenario: direct
---

Lock the line, and greet again.

` + "```" + `type as=laptop to=msa port=587 goal="msa decided at=EHLO code=250 n=2"
EHLO [192.0.2.77]
STARTTLS
EHLO [192.0.2.77]
` + "```" + `

Log in.

` + "```" + `type as=laptop to=msa port=587 goal="msa loggedin"
AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=
` + "```" + `

- wrong ` + "`reply code=535` try `AUTH PLAIN AGFsaWNlAFdvbmRlcmxhbmQ=`" + `
  > No.

Begin a letter.

` + "```" + `type as=laptop to=msa port=587 goal="msa decided at=MAIL code=250 from=alice@sender.example"
MAIL FROM:<alice@sender.example>
` + "```" + `
`

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// gives says whether text gives the password away.
func gives(text string) bool {
	const secret = "wonderland"
	if strings.Contains(strings.ToLower(text), secret) || strings.Contains(strings.ToLower(text), hex.EncodeToString([]byte(secret))) {
		return true
	}
	for _, before := range []string{"", "x", "xx"} { // in base64 it looks otherwise at each place
		whole := b64(before + secret + "xx")
		from, to := (len(before)*8+5)/6, (len(before)+len(secret))*8/6
		if strings.Contains(text, whole[from:to]) {
			return true
		}
	}
	return false
}

func TestGives(t *testing.T) {
	for _, s := range []string{"a Wonderland b", b64("\x00alice\x00wonderland"), b64("alice\x00wonderland"), b64("wonderland"), b64("x:wonderland!")} {
		if !gives(s) {
			t.Errorf("%q is not found", s)
		}
	}
	if gives(b64("\x00alice\x00wonderlamb")) {
		t.Error("another password is found")
	}
}

// screen is what can be seen of a session, with what may be kept of the lines.
func screen(s *Session) []string {
	m := s.Mark()
	out := slices.Concat(m.Before, []string{"--"}, m.Here, listing(s.Trace()))
	return append(out, s.Last().Text)
}

func TestNoPasswordIsWrittenDown(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		same  bool // coming back shows the same screen
	}{
		{"the login", []string{"AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="}, true},
		{"small letters", []string{"auth plain AGFsaWNlAHdvbmRlcmxhbmQ="}, false},
		{"a challenge first", []string{"AUTH PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ="}, false},
		{"the mistake of the lesson", []string{"AUTH PLAIN AGFsaWNlAFdvbmRlcmxhbmQ="}, true},
		{"another wrong password", []string{"AUTH PLAIN " + b64("\x00alice\x00my own password")}, true},
		{"without a NUL", []string{"AUTH PLAIN " + b64("alice:wonderland")}, true},
		{"no base64", []string{"AUTH PLAIN alice wonderland"}, true},
		{"stars", []string{"AUTH PLAIN ************************"}, true},
		{"LOGIN", []string{"AUTH LOGIN", b64("alice"), b64("wonderland")}, false},
		{"LOGIN, wrong", []string{"AUTH LOGIN", b64("alice"), b64("Wonderland")}, true},
		{"LOGIN, half", []string{"AUTH LOGIN", b64("alice")}, true},
		{"another password, behind a refusal", []string{"AUTH LOGIN", "alice?", "my own password", "NOOP", b64("my own password")}, true},
		{"given up", []string{"AUTH LOGIN", "*"}, true},
		{"in a line of its own", []string{"wonderland", b64("\x00alice\x00wonderland"), "AUTHPLAIN " + b64("wonderland")}, false},
		{"in an address", []string{"NOOP alice:Wonderland@sender.example"}, false},
		{"of another alphabet", []string{"NOOP x" + strings.TrimRight(b64("alice wonderland"), "=")}, false},
		{"in hexadecimal digits", []string{"NOOP " + hex.EncodeToString([]byte("wonderland"))}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t, logins, 1)
			for _, line := range c.lines {
				if _, err := s.Say(line); err != nil {
					t.Fatal(err)
				}
			}
			if c.lines[0] != "AUTH LOGIN" && !slices.Equal(s.Typed()[3:], c.lines) {
				t.Errorf("to the learner the lines are %q", s.Typed()[3:])
			}
			check := func() {
				t.Helper()
				octets, err := json.Marshal(s.Mark())
				if err != nil || gives(string(octets)) || strings.Contains(string(octets), b64("my own password")[:16]) || strings.Contains(string(octets), "my own") {
					t.Errorf("%s, %v", octets, err)
				}
				back := begin(t, logins, 0)
				if err := back.Resume(s.Mark()); err != nil {
					t.Fatal(err)
				}
				if back.Solved() != s.Solved() || back.Result(s.Index()) != s.Result(s.Index()) || back.Index() != s.Index() {
					t.Errorf("coming back it is solved: %t; it was: %t", back.Solved(), s.Solved())
				}
				if c.same && !slices.Equal(screen(s), screen(back)) {
					t.Errorf("coming back shows\n%s\nwant\n%s", strings.Join(screen(back), "\n"), strings.Join(screen(s), "\n"))
				}
			}
			check()
			if s.Solved() { // and the next step can be gone on with
				s.Next()
				check()
				s.Say("NOOP")
				check()
			}
		})
	}
}

// A secret in a fault is none of helo's business to keep, either.
func TestNoPasswordIsWrittenDownWithAFault(t *testing.T) {
	s := begin(t, attack, 1)
	if _, err := s.Inject(`msa at=AUTH line=wonderland reply=454`); err != nil {
		t.Fatal(err)
	}
	if octets, _ := json.Marshal(s.Mark()); gives(string(octets)) {
		t.Errorf("%s", octets)
	}
}
