package lessons

// What is written down of a login: no password, in no encoding. Where a line
// has one, another line of the same length stands for it that the server
// answers in the same way; where it has let somebody in there is none, and
// stars stand for it, until a line of the lesson itself fits them.

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/scenario"
	"helo/sim/trace"
)

// secrets lists the passwords and tokens in a lesson: of its scenarios, and in
// its solutions.
func secrets(l *Lesson, scenarios map[string]*scenario.Scenario) []string {
	var list []string
	for _, sc := range scenarios {
		for _, h := range sc.Hosts {
			if h.Client != nil && h.Client.Login != nil {
				list = append(list, h.Client.Login.Password, h.Client.Login.Token)
			}
		}
	}
	for _, line := range l.lines() {
		cmd := smtp.ParseCommand([]byte(line + "\r\n"))
		if fields := strings.Split(string(cmd.SASL), "\x00"); cmd.Verb == smtp.AUTH && len(fields) > 1 {
			list = append(list, fields[len(fields)-1])
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return slices.DeleteFunc(list, func(s string) bool { return len(s) < 4 }) // it would be found in any line
}

// lines lists the lines that a lesson itself says: its solutions and mistakes.
func (l *Lesson) lines() []string {
	var list []string
	for i := range l.Steps {
		list = append(list, l.Steps[i].Solution...)
	}
	for i := range l.Steps {
		for _, w := range l.Steps[i].Wrong {
			list = append(list, w.Try...)
		}
	}
	return list
}

// keep lists the lines typed in the run that is shown, as they may be written
// down.
func (s *Session) keep() []string {
	t, r := s.Trace(), s.shown
	inputs := r.world.Inputs()
	first := len(inputs) - r.typed
	var list []string
	var m smtp.Masker
	for pos := trace.Pos(0); pos < t.End(); pos++ {
		e := t.At(pos)
		if e.Kind != trace.Typed {
			continue
		}
		before := m
		m = passTyped(m, t, pos)
		line := strings.TrimSuffix(string(t.Raw(e.Octets)), "\r\n")
		if i := secretAt(before, line, e.Verb == smtp.Response); i >= 0 && e.Verb != smtp.EndOfData {
			path := inputs[:first+len(list)]
			key := strings.Join(path, "\n") + "\n" + line
			if _, ok := s.kept[key]; !ok {
				s.kept[key] = standIn(r.sc, path, t, pos, line, i)
			}
			line = s.kept[key]
		} else {
			line = s.blot(line)
		}
		list = append(list, line)
	}
	return list
}

// passTyped goes on behind a line that was typed; those of a letter do not count.
func passTyped(m smtp.Masker, t *trace.Trace, pos trace.Pos) smtp.Masker {
	if e := t.At(pos); e.Kind == trace.Typed && e.Verb != smtp.EndOfData {
		m.Pass(t.Raw(e.Octets), e.Verb == smtp.Response)
	}
	return m
}

// secretAt is where in a line, typed behind others, the response of a login
// begins, -1 if it has none.
func secretAt(before smtp.Masker, line string, inLogin bool) int {
	if line == "*" {
		return -1
	}
	plain := []byte(strings.ReplaceAll(line, "*", "x") + "\r\n")
	return slices.Index(before.Mask(plain, inLogin), '*')
}

// standIn is what is written down in place of a line with a response from start
// on, which was typed at pos after the inputs before it.
func standIn(sc *scenario.Scenario, before []string, t *trace.Trace, pos trace.Pos, line string, start int) string {
	stars := line[:start] + strings.Repeat("*", len(line)-start)
	reply, ok := replyTo(t, pos)
	if !ok || t.At(reply).Code == 235 {
		return stars
	}
	for _, response := range standIns(line[start:]) {
		if answer, ok := try(sc, before, line[:start]+response); ok && answer == string(t.Octets(t.At(reply).Octets)) {
			return line[:start] + response
		}
	}
	return stars
}

var alphanumeric = regexp.MustCompile(`[0-9A-Za-z]`)

// standIns are responses as long as that one and as good in base64, each wrong
// in a way of its own.
func standIns(response string) []string {
	shape := alphanumeric.ReplaceAllString(response, "x") // of its words and signs
	octets, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		return []string{strings.Repeat("!", len(response)), shape}
	}
	octets = []byte(strings.Repeat("x", len(octets)))
	list := []string{base64.StdEncoding.EncodeToString(octets)}
	if len(octets) > 3 { // a user of that name does not exist
		octets[0], octets[2] = 0, 0
		list = append(list, base64.StdEncoding.EncodeToString(octets))
	}
	return append(list, shape)
}

// try types a line after inputs, in a run of its own, and returns the reply.
func try(sc *scenario.Scenario, inputs []string, line string) (string, bool) {
	r, err := newRun(sc, slices.Clone(inputs))
	if err != nil {
		return "", false
	}
	defer r.world.Close()
	t := r.world.Trace()
	from := t.End()
	if r.world.Say(line) != nil || r.goOn() != nil {
		return "", false
	}
	typed, ok := findKind(t, from, trace.Typed)
	if !ok {
		return "", false
	}
	reply, ok := replyTo(t, typed)
	if !ok {
		return "", false
	}
	return string(t.Octets(t.At(reply).Octets)), true
}

// unkeep is the line to type for one that was written down: itself, or, where
// stars stand for a login that worked, the line of the lesson that works. It
// returns false if there is none.
func (s *Session) unkeep(kept string) (string, bool) {
	var before smtp.Masker
	for pos := range s.Trace().End() {
		before = passTyped(before, s.Trace(), pos)
	}
	i := secretAt(before, kept, s.InLogin())
	if i < 0 || strings.Trim(kept[i:], "*") != "" {
		return kept, true
	}
	for _, line := range s.lesson.lines() {
		if len(line) != len(kept) || line[:i] != kept[:i] || secretAt(before, line, s.InLogin()) != i {
			continue
		}
		if answer, ok := try(s.shown.sc, s.shown.world.Inputs(), line); ok && strings.HasPrefix(answer, "235") {
			return line, true
		}
	}
	return "", false
}

// InLogin says whether the next line answers a challenge, and is no command.
func (s *Session) InLogin() bool {
	t := s.Trace()
	for pos := t.End(); pos > 0; {
		pos--
		switch e := t.At(pos); e.Kind {
		case trace.Reply:
			return e.Code == 334
		case trace.Typed:
			return false
		}
	}
	return false
}

var inBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{4,}`)

// blot is a line that is no part of a login, with stars where a password stands
// in it all the same, as it is, in base64 or in hexadecimal digits.
func (s *Session) blot(line string) string {
	for _, secret := range s.secrets {
		asItIs := regexp.MustCompile("(?i)" + regexp.QuoteMeta(secret))
		line = asItIs.ReplaceAllStringFunc(line, func(word string) string { return strings.Repeat("*", len(word)) })
		line = inBase64.ReplaceAllStringFunc(line, func(word string) string {
			if hides(word, secret) {
				return strings.Repeat("*", len(word))
			}
			return word
		})
	}
	return line
}

// hides says whether a word has a secret in it, in base64 that may begin
// anywhere, or in hexadecimal digits.
func hides(word, secret string) bool {
	has := func(octets []byte) bool {
		return strings.Contains(strings.ToLower(string(octets)), strings.ToLower(secret))
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(word)
	for from := range min(4, len(standard)) {
		octets, _ := base64.RawStdEncoding.DecodeString(standard[from:])
		if has(octets) {
			return true
		}
	}
	for from := range min(2, len(word)) {
		octets, _ := hex.DecodeString(word[from:])
		if has(octets) {
			return true
		}
	}
	return false
}
