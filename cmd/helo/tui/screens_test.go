package tui

// Screens on paper: what learners see at three sizes. After a change that is
// meant, run go test ./cmd/helo/tui -update and look at the difference.

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/charmbracelet/x/exp/golden"

	"helo/lessons"
)

var sizes = [...][2]int{{80, 24}, {120, 36}, {200, 60}}

// scenes are the places at which the screen is kept: each is reached from home
// by keys.
var scenes = []struct {
	name string
	play func(s *screen)
}{
	{"home", func(*screen) {}},
	{"help", func(s *screen) { s.press("1", "?") }},
	{"journey-steps", func(s *screen) { handover(s); s.press("l", "down", "down") }},
	{"journey-begins", func(s *screen) { s.press("1") }},
	{"journey-watch", func(s *screen) { s.press("1", "right", "right", "right", "right") }},
	{"journey-asked", func(s *screen) { handover(s); s.press("t") }},
	{"journey-wrong", func(s *screen) { handover(s); s.press("2") }},
	{"journey-right", func(s *screen) { handover(s); s.press("1") }},
	{"journey-part", func(s *screen) { handover(s); s.press("1"); leftTo(s, "MAIL FROM"); s.press("tab", "tab") }},
	{"journey-transcript", func(s *screen) { toStep(s, "1", isQuiz); s.press("v") }},
	{"journey-transcript-end", func(s *screen) { toStep(s, "1", isQuiz); s.press("v", "shift+tab") }},
	{"journey-quiz", func(s *screen) { toStep(s, "1", isQuiz); s.press("1") }},
	{"journey-end", func(s *screen) { toStep(s, "1", isRead); s.press("end") }},
	{"byhand-begins", func(s *screen) { s.press("2") }},
	{"byhand-wrong", func(s *screen) {
		toStep(s, "2", solvedBy("MAIL FROM:<alice@sender.example>"))
		s.typeLine("MAIL FROM: alice@sender.example")
		s.send("MAIL FROM:<alice@")
	}},
	{"byhand-hint", func(s *screen) { toStep(s, "2", solvedBy("MAIL FROM:<alice@sender.example>")); s.press("tab", "tab") }},
	{"byhand-right", func(s *screen) {
		toStep(s, "2", solvedBy("MAIL FROM:<alice@sender.example>"))
		s.typeLine("MAIL FROM:<alice@sender.example>")
	}},
	{"byhand-letter", func(s *screen) {
		toStep(s, "2", solvedBy("Subject: By hand"))
		s.typeLine("Date: Mon, 23 Nov 2026 10:15:00 +0000")
		s.typeLine("QUIT")
	}},
	{"byhand-look", func(s *screen) {
		toStep(s, "2", solvedBy("RCPT TO:<bob@receiver.example>"))
		s.press("esc", "left", "v")
	}},
	{"locked-login", func(s *screen) { login(s) }},
	{"locked-bench", func(s *screen) { login(s); s.send("AUTH PLAIN "); s.press("f2"); s.send(`\0alice\0wonderland`) }},
	{"locked-steps", func(s *screen) { login(s); s.typeLine("NOOP"); s.press("esc", "l", "up", "up") }},
	{"locked-put", func(s *screen) {
		login(s)
		s.send("AUTH PLAIN")
		s.press("f2")
		s.send(`\0alice\0wonderland`)
		s.press("enter")
	}},
	{"locked-failed", func(s *screen) { login(s); s.typeLine("AUTH PLAIN YWxpY2U6d29uZGVybGFuZA=="); s.press("f2") }},
	{"locked-in", func(s *screen) { login(s); s.typeLine("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=") }},
	{"locked-inject", func(s *screen) { inMiddle(s); s.press("t") }},
	{"locked-refused", func(s *screen) { inMiddle(s); s.press("1") }},
	{"locked-write", func(s *screen) { inMiddle(s); s.press("0"); s.send("laptop>msa tls=strap"); s.press("enter") }},
	{"locked-stripped", func(s *screen) { inMiddle(s); s.press("3") }},
	{"locked-heard", func(s *screen) { heard(s); s.press("t") }},
	{"locked-read", func(s *screen) { heard(s); s.press("f2") }},
	{"locked-letter", func(s *screen) {
		toStep(s, "3", func(st *lessons.Step) bool { return st.Title == "You can read it" })
		s.press("a", "y")
	}},
	{"locked-465", func(s *screen) {
		toStep(s, "3", func(st *lessons.Step) bool { return st.Title == "The door without an offer" })
		s.press("right", "right", "right", "right", "right")
	}},
	{"locked-recall", func(s *screen) {
		toStep(s, "3", func(st *lessons.Step) bool { return st.Multiple() })
		s.press("1", "2", "enter")
	}},
}

// login goes to the step in which the learner logs in.
func login(s *screen) {
	toStep(s, "3", solvedBy("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="))
}

// inMiddle goes to the step in which the learner chooses a fault.
func inMiddle(s *screen) {
	toStep(s, "3", func(st *lessons.Step) bool { return st.Kind == lessons.Inject })
}

// heard goes to the quiz about a login in clear.
func heard(s *screen) {
	toStep(s, "3", func(st *lessons.Step) bool { return st.Title == "What you have heard" })
}

func isQuiz(st *lessons.Step) bool { return st.Kind == lessons.Quiz }
func isRead(st *lessons.Step) bool { return st.Kind == lessons.Read }

// solvedBy is the type step that has the line in its solution.
func solvedBy(line string) func(*lessons.Step) bool {
	return func(st *lessons.Step) bool { return slices.Contains(st.Solution, line) }
}

// handover goes to the prediction about the reply to the letter.
func handover(s *screen) {
	toStep(s, "1", func(st *lessons.Step) bool {
		return st.Kind == lessons.Predict && slices.ContainsFunc(st.Options, func(o lessons.Option) bool { return optionCode(o) == "354" })
	})
}

// toStep opens a lesson and skips to the first such step.
func toStep(s *screen, lesson string, which func(*lessons.Step) bool) {
	s.t.Helper()
	s.press(lesson)
	for !which(s.m.lesson.s.Step()) {
		if s.m.lesson.s.LessonDone() {
			s.t.Fatal("the lesson has no such step")
		}
		if s.m.lesson.typing {
			s.press("esc")
		}
		s.press("s", "y")
	}
}

// leftTo steps back to the row that says text.
func leftTo(s *screen, text string) {
	for range 40 {
		in := s.m.lesson.in(s.m.th)
		if in.cursor >= 0 && strings.Contains(in.say(in.rows.At(in.cursor).Pos), text) {
			return
		}
		s.press("left")
	}
}

func TestScreens(t *testing.T) {
	for _, size := range sizes {
		for _, scene := range scenes {
			t.Run(fmt.Sprintf("%s-%dx%d", scene.name, size[0], size[1]), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := options(t)
					o.Course = course(t, "../../../content")
					s := start(t, o, size[0], size[1])
					scene.play(s)
					golden.RequireEqual(t, []byte(s.text()))
				})
			})
		}
	}
}
