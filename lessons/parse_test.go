package lessons

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helo/sim/scenario"
)

func load(name string) (*scenario.Scenario, error) {
	file := name + ".yaml"
	src, err := os.ReadFile("../content/scenarios/" + file)
	if err != nil {
		return nil, err
	}
	return scenario.Parse(src, file)
}

// whole is a lesson with everything in it. The broken ones are made from it.
const whole = `---
id: envelope
title: The envelope comes first
goal: You can say who gets a failure notice.
minutes: 8
needs: [journey]
rfc: [RFC 5321 §4.1.1.2, RFC 5321 §3.3]
scenario: clear
inputs: ["msa set pipelining=off"]
---

## Who hears of it?

The client says where **notices** go.

` + "```" + `watch until="msa>mx at=MAIL"
` + "```" + `

One line was heard. It looked like this:

` + "```" + `
MAIL FROM:<alice@sender.example>
` + "```" + `

Which reply
comes now?

` + "```" + `predict next="mx>msa reply"
` + "```" + `

- ` + "`code=250`" + ` go on
- ` + "`code=354`" + ` send the
  letter
  > 354 answers
  > DATA.
  >
  > Not MAIL.
- hint It is a yes.

## Now you

Say who gets the notice.

` + "```" + `type as=msa to=mx goal="mx decided code=250 from=alice@sender.example"
EHLO mail.sender.example
MAIL FROM:<alice@sender.example>
` + "```" + `

- wrong ` + "`at=MAIL code=501 line~\"FROM: *[^<]\"` try `MAIL FROM: alice@sender.example`" + `
  > Nearly.
- wrong ` + "`at=DATA code=503` try `EHLO a.example` `DATA`" + `
  > Too early.
- right
  > The envelope has a sender.
- hint Two commands carry the envelope.

` + "```" + `quiz
` + "```" + `

- [ ] the address in ` + "`From:`" + `
  > No server reads it.
- [x] the address in MAIL FROM

The end.
`

func TestParseReadsEveryPart(t *testing.T) {
	l, err := Parse([]byte(whole), "whole.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s|%d|%q|%q|%s|%q\n", l.ID, l.Title, l.Goal, l.Minutes, l.Needs, l.RFC, l.Scenario, l.Inputs)
	for i := range l.Steps {
		s := &l.Steps[i]
		fmt.Fprintf(&b, "%d %s|%s|%q|%q|%s|%s|%s %s|%q|%q|%q\n", s.Line, s.Kind, s.Title, s.Prose, s.Question,
			words(s.Until, s.Next), words(s.Goals...), s.As, s.To, s.Solution, s.Right, s.Hints)
		for _, o := range s.Options {
			fmt.Fprintf(&b, "  %d %q %s %t %q\n", o.Line, o.Text, words(o.Pattern), o.Right, o.Reason)
		}
		for _, w := range s.Wrong {
			fmt.Fprintf(&b, "  %d %s %q %q\n", w.Line, w.Pattern, w.Try, w.Feedback)
		}
	}
	want := strings.ReplaceAll(`envelope|The envelope comes first|You can say who gets a failure notice.|8|["journey"]|["RFC 5321 §4.1.1.2" "RFC 5321 §3.3"]|clear|["msa set pipelining=off"]
16 watch|Who hears of it?|"The client says where **notices** go."|""|msa>mx at=MAIL|| |[]|""|[]
28 predict|Who hears of it?|"One line was heard. It looked like this:\n\n´´´\nMAIL FROM:<alice@sender.example>\n´´´"|"Which reply\ncomes now?"|mx>msa reply|| |[]|""|["It is a yes."]
  31 "go on" code=250 false ""
  32 "send the letter" code=354 false "354 answers DATA.\n\nNot MAIL."
44 type|Now you|""|"Say who gets the notice."||mx decided code=250 from=alice@sender.example|msa mx|["EHLO mail.sender.example" "MAIL FROM:<alice@sender.example>"]|"The envelope has a sender."|["Two commands carry the envelope."]
  49 at=MAIL code=501 line~"FROM: *[^<]" ["MAIL FROM: alice@sender.example"] "Nearly."
  51 at=DATA code=503 ["EHLO a.example" "DATA"] "Too early."
57 quiz|Now you|""|"Which of these is right?"||| |[]|""|[]
  60 "the address in ´From:´"  false "No server reads it."
  62 "the address in MAIL FROM"  true ""
63 read|Now you|"The end."|""||| |[]|""|[]
`, "´", "`")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if err := Check(l, load); err != nil {
		t.Error(err)
	}
}

func TestParseTakesEitherLineEnd(t *testing.T) {
	lf, err := Parse([]byte(whole), "whole.md")
	if err != nil {
		t.Fatal(err)
	}
	crlf, err := Parse([]byte(strings.ReplaceAll(whole, "\n", "\r\n")), "whole.md")
	if err != nil {
		t.Fatal(err)
	}
	if lf.Hash() != crlf.Hash() || lf.Steps[0].Prose != crlf.Steps[0].Prose {
		t.Error("the line ends change the lesson")
	}
}

func TestHashIsOfWhatIsAskedNotOfTheProse(t *testing.T) {
	hash := func(old, new string) string {
		l, err := Parse([]byte(strings.Replace(whole, old, new, 1)), "whole.md")
		if err != nil {
			t.Fatal(err)
		}
		return l.Hash()
	}
	same := hash("", "")
	if hash("One line was heard", "One line has been heard") != same {
		t.Error("other prose, other hash")
	}
	for _, change := range [][2]string{
		{"at=MAIL\"", "at=RCPT\""}, {"`code=354`", "`code=550`"}, {"- [ ]", "- [x]"},
		{"EHLO mail.sender.example\n", "HELO mail.sender.example\n"}, {"pipelining=off", "pipelining=on"},
	} {
		if hash(change[0], change[1]) == same {
			t.Errorf("the hash does not change with %q", change[1])
		}
	}
}

// Each broken lesson is the whole one with a part replaced. Its error must
// stand at that line and column and have those words in it.
func TestBrokenLessonsAreReportedWhereTheyAreBroken(t *testing.T) {
	tests := []struct {
		name, old, new string
		line, column   int
		words          string
	}{
		{"no front matter", "---\nid", "id", 1, 1, "expected the front matter first"},
		{"front matter without end", "off\"]\n---\n", "off\"]\n", 1, 1, "has no end"},
		{"unknown key", "minutes: 8", "minuts: 8", 5, 1, `unknown key "minuts"; expected id, title`},
		{"key twice", "minutes: 8", "id: other", 5, 1, "a second time"},
		{"key missing", "minutes: 8\n", "", 1, 1, `needs the key "minutes"`},
		{"not YAML", "title: The", "title: The: ", 3, 0, "not YAML"},
		{"YAML nested without end", "title: The", "title: " + strings.Repeat("[", 100_000), 3, 0, "nested too deeply"},
		{"YAML nested line by line", "title: The", "title: " + strings.Repeat("- ", 100), 3, 0, "nested too deeply"},
		{"id", "id: envelope", "id: The Envelope", 2, 5, "short name"},
		{"minutes", "minutes: 8", "minutes: soon", 5, 10, "whole number"},
		{"a list is needed", "needs: [journey]", "needs: journey", 6, 8, "list in square brackets"},
		{"RFC form", "RFC 5321 §3.3]", "5321]", 7, 26, "expected the form RFC 5321 §4.1.1.2"},
		{"input", "pipelining=off\"", "pipelining=\"", 9, 10, "expected a value"},
		{"not UTF-8", "notices", "not\xffces", 14, 28, "UTF-8"},
		{"control character", "notices", "not\x1bces", 14, 28, "control characters"},

		{"unknown kind", "```quiz", "```quizz", 57, 4, `unknown kind of step "quizz"; expected watch, predict, type, quiz or inject`},
		{"kind not known here", "```quiz", "```order", 57, 4, "order is not known here yet; expected watch, predict, type, quiz or inject"},
		{"words", "```quiz", "```quiz \"", 57, 9, `closing "`},
		{"unknown word", "watch until=", "watch unitl=", 16, 10, `unknown word "unitl"; after watch expected until=`},
		{"word where none belongs", "```quiz", "```quiz n=2", 57, 9, "expected nothing after quiz"},
		{"word twice", "as=msa to=mx", "as=msa as=mx", 44, 16, "a second time"},
		{"word missing", "as=msa to=mx goal=", "as=msa goal=", 44, 68, "expected to= after type"},
		{"pattern in a word", "mx decided code=250 from", "mx decided cod=250 from", 44, 39, `unknown word "cod"`},
		{"pattern in an option", "`code=354`", "`code=35`", 32, 9, "expected a reply code"},
		{"pattern of a mistake", "`at=DATA code=503`", "`at=DATE code=503`", 51, 13, "expected a command"},
		{"body where none belongs", "```quiz\n", "```quiz\nyes\n", 58, 1, "expected an empty quiz block"},
		{"no solution", "EHLO mail.sender.example\nMAIL FROM:<alice@sender.example>\n", "", 44, 1, "expected the solution"},
		{"block not closed", "```quiz\n```", "```quiz", 57, 1, "not closed"},
		{"no task", "Say who gets the notice.\n", "", 43, 1, "what to type"},
		{"list after watch", "at=MAIL\"\n```\n", "at=MAIL\"\n```\n\n- hint look\n", 19, 1, "expected no list after a watch block"},
		{"two lists", "- hint It is a yes.", "\n* hint It is a yes.", 39, 1, "expected one list"},

		{"one option", "- `code=250` go on\n", "", 28, 1, "two options or more"},
		{"no options", "\n- [ ] the address in `From:`\n  > No server reads it.\n- [x] the address in MAIL FROM\n", "", 57, 1, "two options or more"},
		{"quiz without a right answer", "- [x]", "- [ ]", 62, 3, "says why it is not right"},
		{"quiz where none is right", "- [x] the address in MAIL FROM", "- [ ] the address in MAIL FROM\n  > No.", 57, 1, "no option is right"},
		{"quiz option without a reason", "\n  > No server reads it.", "", 60, 3, "says why it is not right"},
		{"option without text", "`code=250` go on", "`code=250`", 31, 3, "option's text"},
		{"option of a quiz in a prediction", "- `code=250` go on", "- [x] go on", 31, 3, "options such as"},
		{"wrong without feedback", "\n  > Too early.", "", 51, 3, "expected a quote"},
		{"wrong without try", " try `EHLO a.example` `DATA`", "", 51, 3, "wrong `PATTERN` try `LINE`"},
		{"wrong in a quiz", "- [ ] the", "- wrong `at=MAIL` try `x`\n  > No.\n- [ ] the", 60, 3, "options such as"},
		{"right without a quote", "\n  > The envelope has a sender.", "", 53, 3, "expected the word right alone"},
		{"hint with a quote", "envelope.\n\n```quiz", "envelope.\n  > More.\n\n```quiz", 55, 3, "no quote"},
		{"code in a quote", "  > Nearly.", "  > - Nearly.", 50, 5, "nothing but paragraphs"},
		{"unknown item", "- right", "- rigth", 53, 3, "- right, or - hint"},

		{"heading after text", "The client says", "Text.\n\n## Again\n\nThe client says", 16, 1, "expected the heading of a step before its text"},
		{"heading underlined", "The client says where **notices** go.", "The client\n---", 14, 1, "expected # before a heading"},
		{"HTML", "The client says", "<b>\n\nThe client says", 14, 1, "without HTML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(whole, tt.old) {
				t.Fatalf("the whole lesson has no %q", tt.old)
			}
			_, err := Parse([]byte(strings.Replace(whole, tt.old, tt.new, 1)), "x.md")
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("no error with a place: %v", err)
			}
			if e.File != "x.md" || e.Line != tt.line || tt.column > 0 && e.Column != tt.column || !strings.Contains(e.Msg, tt.words) {
				t.Errorf("got  %v\nwant x.md:%d:%d: … %s", e, tt.line, tt.column, tt.words)
			}
		})
	}
	if _, err := Parse([]byte(whole[:strings.Index(whole, "\n##")]), "x.md"); err == nil || !strings.Contains(err.Error(), "no steps") {
		t.Errorf("a lesson without steps: %v", err)
	}
}

// What only the engine can say.
func TestCheckFindsStepsThatDoNotWork(t *testing.T) {
	tests := []struct {
		name, old, new string
		line           int
		words          string
	}{
		{"scenario missing", "scenario: clear", "scenario: elsewhere", 1, "elsewhere"},
		{"input of a host that is not there", "msa set", "msb set", 1, `no host "msb"`},
		{"host of a pattern", "msa>mx at=MAIL", "msb>mx at=MAIL", 16, `no host "msb"`},
		{"never happens", "msa>mx at=MAIL", "msa>mx at=VRFY", 16, "no event matches"},
		{"nothing to predict", "mx>msa reply", "mx>msa reply code=421", 28, "no event matches"},
		{"prediction of no row", "mx>msa reply", "mx sent", 28, "expected an event that is a row"},
		{"no option right", "`code=250`", "`code=251`", 28, "no option matches"},
		{"two options right", "`code=354`", "`reply`", 32, "a second option matches"},
		{"wrong option without a reason", "\n  > 354 answers\n  > DATA.\n  >\n  > Not MAIL.", "", 32, "why it is not right"},
		{"host to drive", "as=msa to=mx", "as=msa to=elsewhere", 0, `no host "elsewhere"`},
		{"solution too short", "MAIL FROM:<alice@sender.example>\n```\n\n- wrong", "NOOP\n```\n\n- wrong", 44, "does the solution work"},
		{"solution too long", "MAIL FROM:<alice@sender.example>\n```\n\n- wrong", "MAIL FROM:<alice@sender.example>\nNOOP\n```\n\n- wrong", 44, "before line 3"},
		{"mistake with another's feedback", "at=MAIL code=501 line", "at=DATA", 51, "meets the feedback of the mistake in line 49"},
		{"mistake without its feedback", "at=DATA code=503", "at=DATA code=554", 51, "does not meet its feedback"},
		{"mistake that solves", "`EHLO a.example` `DATA`", "`EHLO a.example` `MAIL FROM:<alice@sender.example>`", 51, "solves the step"},
		{"solution that is a mistake", "`at=DATA code=503` try", "`at=EHLO` try", 51, "does not meet its feedback"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			broken := strings.Replace(whole, tt.old, tt.new, 1)
			if tt.name == "mistake with another's feedback" {
				broken = strings.Replace(whole, "`at=MAIL code=501 line~\"FROM: *[^<]\"` try `MAIL FROM: alice@sender.example`",
					"`code=503` try `DATA`", 1)
			}
			l, err := Parse([]byte(broken), "x.md")
			if err != nil {
				t.Fatal(err)
			}
			err = Check(l, load)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("no error with a place: %v", err)
			}
			if tt.line > 0 && e.Line != tt.line || !strings.Contains(e.Msg, tt.words) {
				t.Errorf("got  %v\nwant x.md:%d: … %s", e, tt.line, tt.words)
			}
		})
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("---\nid: a\n---\n```type as=\"\n- > `"))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := Parse(src, "x.md")
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Column < 1) {
			t.Errorf("an error without its place: %v", err)
		}
		if err == nil {
			l.Hash()
		}
	})
}
