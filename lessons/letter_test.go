package lessons

// Letters typed by hand, over more than one step.

import (
	"strings"
	"testing"
)

// letter is a lesson in which a letter is typed in two steps.
const letter = `---
id: letter
title: A letter
goal: You can type one.
minutes: 2
scenario: clear
---

Up to the header.

` + "```" + `type as=msa to=mx goal="msa typed at=dot line~^Subject:"
EHLO mail.sender.example
MAIL FROM:<alice@sender.example>
RCPT TO:<bob@receiver.example>
DATA
From: Alice <alice@sender.example>
Subject: one
` + "```" + `

The rest.

` + "```" + `type as=msa to=mx goal="msa letter line~\r\n\r\n"

Hello,
it is me.
.
` + "```" + `

Which are right?

` + "```" + `quiz
` + "```" + `

- [x] one
- [x] two
- [ ] three
  > No.
`

func TestLinesOfALetter(t *testing.T) {
	s := begin(t, letter, 1)
	if !s.InLetter() || len(s.Typed()) != 6 {
		t.Fatalf("in a letter: %t, typed %q", s.InLetter(), s.Typed())
	}
	for _, line := range []struct{ hint, typed string }{
		{"", ""}, {"Hello,", "Something else"}, {"it is me.", "RSET"}, {".", "one line more"}, {".", "."},
	} {
		if h, _ := s.Hint(); h.Line != line.hint || !h.Last {
			t.Errorf("before %q the hint is %+v, want %q", line.typed, h, line.hint)
		}
		f, err := s.Say(line.typed)
		if err != nil || f.At != -1 || !f.Fine && !f.Right || f.Text != "" {
			t.Errorf("after %q: %+v, %v", line.typed, f, err)
		}
	}
	if !s.Solved() || s.InLetter() {
		t.Error("not solved by the dot")
	}
}

func TestSeveralGoalsAreReachedInAnyOrder(t *testing.T) {
	both := strings.Replace(letter, "line~^Subject:\"", "line~^Subject:\" goal=\"mx decided code=250 from=alice@sender.example\"", 1)
	lines := []string{"EHLO a.example", "MAIL FROM:<x@sender.example>", "RCPT TO:<bob@receiver.example>", "DATA", "Subject: one"}
	s := begin(t, both, 0)
	for i, line := range lines {
		f, err := s.Say(line)
		if err != nil || f.Right {
			t.Fatalf("%q: %+v, %v", line, f, err)
		}
		if i == 2 && (!f.Fine || !strings.Contains(f.Text, "not what this step asks")) {
			t.Errorf("with another sender the recipient leads nowhere, but it is answered with %+v", f)
		}
	}
	if h, _ := s.Hint(); h.Last || !strings.Contains(h.Text, "Take your last line back") {
		t.Errorf("the hint is %+v", h)
	}
	s.Restart()
	lines[1] = "MAIL FROM:<alice@sender.example>"
	for i, line := range lines {
		if f, err := s.Say(line); err != nil || f.Right != (i == len(lines)-1) {
			t.Fatalf("%q: %+v, %v", line, f, err)
		}
	}
}

func TestALetterWithoutAnEmptyLineCanBeTakenBack(t *testing.T) {
	s := begin(t, letter, 1)
	s.Say("Hello,")
	if f, _ := s.Say("."); f.Right || !f.Fine {
		t.Errorf("%+v", f)
	}
	for s.Undo() {
	}
	if !s.InLetter() || len(s.Typed()) != 6 {
		t.Fatalf("in a letter: %t, typed %q", s.InLetter(), s.Typed())
	}
	if s.ShowAnswer(); !s.Solved() {
		t.Error("not solved")
	}
}
