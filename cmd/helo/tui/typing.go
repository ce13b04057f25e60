package tui

// Typing a line: keys, earlier lines, and text that is pasted.

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"helo/lessons"
	"helo/sim/explain"
)

// typeKey handles a key while letters belong to the line. It says whether the
// session changed.
func (l *lesson) typeKey(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, keySend):
		return l.send()
	case key.Matches(msg, keyEarlier):
		l.earlier(1)
	case key.Matches(msg, keyLater):
		l.earlier(-1)
	case key.Matches(msg, keyTabHint):
		l.askHint()
		return true
	case key.Matches(msg, keyLook):
		l.typing = false
		l.focus()
		l.cursor = l.rows() - 1
	default:
		if msg.Text != "" {
			text, changed := clean(msg.Text)
			l.note = changedNote(changed)
			msg.Text = text
		}
		l.edit(msg)
	}
	return false
}

// canWrite says whether a fault can be written.
func (l *lesson) canWrite() bool {
	return l.s.Step().Kind == lessons.Inject && !l.s.Solved()
}

// inject lets the written fault happen.
func (l *lesson) inject() bool {
	f, err := l.s.Inject(l.input.Value())
	if err != nil {
		return false
	}
	l.said, l.told, l.note, l.part = f, true, "", -1
	l.markTried(l.s.Tried())
	if f.Right || f.At < 0 { // it has happened; else the line can be mended
		l.stopTyping()
	}
	if f.At >= 0 {
		l.input.SetCursor(len([]rune(l.input.Value()[:f.At])))
	}
	l.showEnd()
	return true
}

// edit passes a message on to the input line.
func (l *lesson) edit(msg tea.Msg) {
	l.input, _ = l.input.Update(msg) // its only command blinks the cursor
	l.recall = 0
}

// send says the line, and takes up the next one that was pasted.
func (l *lesson) send() bool {
	if l.s.Step().Kind == lessons.Inject {
		return l.inject()
	}
	line := l.input.Value()
	if l.saysNothing() { // but on a small screen the text is read; now the exchange
		if l.folds {
			l.reading = false
		}
		l.nextPasted()
		return false
	}
	f, err := l.s.Say(line)
	if err != nil {
		l.note = explain.Visible([]byte(err.Error()))
		return false
	}
	l.said, l.told, l.note, l.part = f, true, "", -1
	if f.Right {
		l.hint.N = 0
	}
	l.input.Reset()
	l.recall, l.draft = 0, ""
	l.typing = l.s.Asking()
	l.focus()
	l.showEnd()
	if !l.typing {
		l.wait = nil
	}
	l.nextPasted()
	return true
}

// saysNothing says whether there is no line to send: an empty one is a line of
// the letter, or an answer to a challenge, but no command.
func (l *lesson) saysNothing() bool {
	return l.input.Value() == "" && !l.s.InLetter() && !l.s.InLogin()
}

// nextPasted takes up the next line that was pasted.
func (l *lesson) nextPasted() {
	if len(l.wait) > 0 {
		l.input.SetValue(l.wait[0])
		l.input.CursorEnd()
		l.wait = l.wait[1:]
	}
}

// earlier shows a line that was typed before.
func (l *lesson) earlier(by int) {
	var lines []string
	if l.s.Step().Kind == lessons.Type {
		lines = l.s.Typed()
	}
	to := max(0, min(l.recall+by, len(lines)))
	if to == l.recall {
		return
	}
	if l.recall == 0 {
		l.draft = l.input.Value()
	}
	l.recall = to
	text := l.draft
	if to > 0 {
		text = lines[len(lines)-to]
	}
	l.input.SetValue(text)
	l.input.CursorEnd()
}

// mostTyped is how many characters a line may have. SMTP's own limits are lower
// (RFC 5321 §4.5.3.1), and can be tried; but lines are kept with the progress.
const mostTyped = 2000

// paste takes pasted text as if it were typed. Of several lines the first goes
// into the line and the others wait, so that nothing is sent unseen.
func (l *lesson) paste(text string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	const most = 1000
	if len(lines) > most {
		lines = lines[:most]
	}
	value, at := []rune(l.input.Value()), l.input.Position()
	tail := slices.Clone(value[at:])
	changed, long := 0, false
	for i := range lines {
		room := mostTyped
		if i == 0 {
			room -= at
		}
		if i == len(lines)-1 {
			room -= len(tail)
		}
		if line := []rune(lines[i]); len(line) > room {
			lines[i], long = string(line[:max(room, 0)]), true
		}
		var n int
		lines[i], n = clean(lines[i])
		changed += n
	}
	l.note = changedNote(changed)
	if long {
		l.note = strings.TrimSpace(fmt.Sprintf("A line has room for %d characters; what was pasted beyond them is left out. %s", mostTyped, l.note))
	}
	l.recall = 0
	if len(lines) == 1 {
		l.input.SetValue(string(value[:at]) + lines[0] + string(tail))
		l.input.SetCursor(at + len([]rune(lines[0])))
		return
	}
	lines[len(lines)-1] += string(tail)
	l.input.SetValue(string(value[:at]) + lines[0])
	l.input.CursorEnd()
	l.wait = append(slices.Clone(lines[1:]), l.wait...)
}

// clean makes text fit for a line: a tab becomes a space, and each character
// that cannot be seen becomes a question mark. It returns how many did.
func clean(s string) (string, int) {
	var b strings.Builder
	n := 0
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case explain.Visible([]byte("x"+string(r))) == "x"+string(r) && r != '\uFFFD':
			b.WriteRune(r)
		default:
			b.WriteByte('?')
			n++
		}
	}
	return b.String(), n
}

func changedNote(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "One character cannot be seen; ? stands for it."
	}
	return fmt.Sprintf("%d characters cannot be seen; ? stands for each.", n)
}
