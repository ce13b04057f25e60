package content_test

// Mistakes that newcomers made in the course, and what is said to them.

import (
	"strings"
	"testing"

	"helo/lessons"
)

// stepOf starts a lesson at a step, counted from 1.
func stepOf(t *testing.T, lesson string, n int) *lessons.Session {
	t.Helper()
	var s *lessons.Session
	c, err := lessons.LoadCourse(files)
	if err != nil {
		t.Fatal(err)
	}
	s = start(t, c.Lesson(lesson))
	for s.Index() < n-1 {
		s.Skip()
	}
	return s
}

// say types lines, one after the other; the feedback is to the last.
func say(t *testing.T, s *lessons.Session, lines ...string) lessons.Feedback {
	t.Helper()
	var f lessons.Feedback
	for _, line := range lines {
		var err error
		if f, err = s.Say(line); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	return f
}

func TestFeedbackFitsTheMistake(t *testing.T) {
	const mail, rcpt = "MAIL FROM:<alice@sender.example>", "RCPT TO:<bob@receiver.example>"
	for _, c := range []struct {
		step  int
		lines []string
		words string // "" if the step is solved
	}{
		{1, []string{"EHLO mail sender example"}, "one word"},
		{1, []string{"EHLO bob@receiver.example"}, "address of a person"},
		{1, []string{"EHLO  mail.sender.example"}, "two spaces"},
		{1, []string{"EHLO bob"}, "not your name"},
		{1, []string{"EHLO bob", "ehlo MAIL.sender.example"}, ""},
		{1, []string{"VRFY bob"}, "neither yes nor no"},
		{2, []string{mail, "DATA"}, "half an envelope"},
		{2, []string{mail, "DATA", "RSET"}, ""},
		{2, []string{mail, rcpt, "DATA"}, "single dot"},
		{3, []string{"MAIL FROM:<alice@SENDER.EXAMPLE>"}, ""},
		{3, []string{"mail from:<Alice@sender.example>"}, "Capitals"},
		{4, []string{"RCPT TO:<bob@RECEIVER.example>"}, ""},
		{4, []string{"RCPT TO:<Bob@receiver.example>"}, "as it was given"},
		{4, []string{"RCPT TO: bob"}, "where is Bob"},
		{4, []string{"RSET"}, "envelope is gone"},
		{6, []string{mail, "DATA"}, "second is missing"},
		{6, []string{"MAIL TO:<alice@sender.example>"}, "MAIL says FROM"},
		{6, []string{"MAIL FROM:<bob@receiver.example>"}, "That is Bob"},
		{6, []string{mail, "RCPT TO:<alice@sender.example>"}, "other way round"},
		{6, []string{mail, "RCPT TO:<carol@receiver.example>"}, "nobody of that name"},
		{7, []string{"RSET"}, "envelope is gone"},
		{9, []string{"", "Hello,", ". "}, "looks like the final dot"},
	} {
		s := stepOf(t, "byhand", c.step)
		f := say(t, s, c.lines...)
		if s.Solved() != (c.words == "") || !s.Solved() && !strings.Contains(f.Text, c.words) {
			t.Errorf("step %d, %q: solved %t, %+v; want %q", c.step, c.lines, s.Solved(), f, c.words)
		}
	}
}

// A greeting under another name is no more taken in the locked lesson than in
// the one before it, on either side of the lock.
func TestTheLaptopSaysItsAddressInBrackets(t *testing.T) {
	const right = "EHLO [192.0.2.77]"
	for _, c := range []struct {
		step  int
		lines []string
		words string // "" if the step is solved
	}{
		{6, []string{"EHLO 192.0.2.77"}, "without its brackets"},
		{6, []string{"EHLO foo"}, "nobody checks"},
		{6, []string{"EHLO [192.0.2.78]"}, "not what this step asks for"},
		{6, []string{"HELO [192.0.2.77]"}, "with EHLO"},
		{6, []string{"EHLO 192.0.2.77", "STARTTLS"}, "as somebody else"},
		{6, []string{"EHLO [192.0.2.78]", "STARTTLS"}, "as somebody else"},
		{6, []string{"EHLO 192.0.2.77", "ehlo [192.0.2.77]", "STARTTLS"}, ""},
		{7, []string{"EHLO foo"}, "still Alice's laptop"},
		{7, []string{"EHLO foo", right}, ""},
	} {
		s := stepOf(t, "locked", c.step)
		f := say(t, s, c.lines...)
		if s.Solved() != (c.words == "") || !s.Solved() && !strings.Contains(f.Text, c.words) {
			t.Errorf("step %d, %q: solved %t, %+v; want %q", c.step, c.lines, s.Solved(), f, c.words)
		}
	}
}

// What was said in a step must not bar the next one: there, nothing of an
// earlier step can be taken back.
func TestAStepLeavesAWayOn(t *testing.T) {
	s := stepOf(t, "byhand", 2)
	say(t, s, "MAIL FROM:<bob@receiver.example>", "DATA")
	for range 3 {
		s.Hint()
	}
	if h, _ := s.Hinted(); h.Line != "RSET" {
		t.Errorf("the last hint is %+v, want RSET", h)
	}
	s = stepOf(t, "byhand", 8)
	f := say(t, s, "Hello Bob,", "Date: x", "From: x", "To: x", "Subject: x")
	if s.Solved() || !strings.Contains(f.Text, "take your lines back") || f.Fine {
		t.Fatalf("a header with a line of text in it is taken: %+v", f)
	}
	for range 5 {
		if !s.CanUndo() || !s.Undo() {
			t.Fatal("the line cannot be taken back")
		}
	}
	if say(t, s, s.Step().Solution...); !s.Solved() {
		t.Error("not solved after the lines were taken back")
	}
}
