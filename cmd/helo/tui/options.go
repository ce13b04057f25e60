package tui

// The options of a step in its text: with their numbers, and what is known of
// them; or as examples, while a fault is written.

import (
	"fmt"
	"strings"

	"helo/lessons"
	"helo/sim/explain"
)

// optionIndent is where the text of an option begins.
const optionIndent = 5

func (in *textIn) optionKey(_ int, o lessons.Option, w int) pageKey {
	return pageKey{o.Text, w - optionIndent - in.codeWidth(), telling}
}

// codeWidth is the room for the reply codes of the options, if each has one.
func (in *textIn) codeWidth() int {
	for _, o := range in.step.Options {
		if optionCode(o) == "" {
			return 0
		}
	}
	return len("250  ")
}

// optionCode is the reply code that an option of a prediction names.
func optionCode(o lessons.Option) string {
	if o.Pattern == nil || o.Pattern.Code.Low == 0 || o.Pattern.Code.Low != o.Pattern.Code.High {
		return ""
	}
	return fmt.Sprint(o.Pattern.Code.Low)
}

// optionMark is what stands before an option's number, and the inks of both.
func (in *textIn) optionMark(i int) (mark string, of, number ink) {
	number = in.th.accent
	if in.solved {
		number = in.th.mid
	}
	switch {
	case at(in.right, i):
		return "✓ ", in.th.good, number
	case at(in.tried, i) && !in.step.Multiple():
		return "✗ ", in.th.fail, number
	case at(in.picked, i):
		return "● ", in.th.accent, number
	}
	return "", in.th.accent, number
}

// options lists the options with their numbers, and what is known of them.
func (in *textIn) options(w int) []string {
	var out []string
	codes := in.codeWidth()
	for i, o := range in.step.Options {
		k := in.optionKey(i, o, w)
		rows := in.pages.get(k)
		if len(rows) == 0 {
			rows = []string{plain(k.width)}
		}
		for j, r := range rows {
			l := newLine(w)
			if j == 0 {
				mark, ink, num := in.optionMark(i)
				l.put(ink, pad(mark, 2)).put(num, fmt.Sprint(i+1)).to(in.th, optionIndent)
				if codes > 0 {
					l.put(in.th.strong, optionCode(o))
				}
			}
			if j == len(rows)-1 && o.Fault != nil {
				text := strings.TrimRight(stripped(r), " ")
				if fault := explain.Visible([]byte(o.Fault.String())); cells(text)+3+cells(fault) <= k.width {
					l.to(in.th, optionIndent).raw(cutStyled(r, cells(text)), cells(text)).to(in.th, l.at+3).put(in.th.mid, fault)
					out = append(out, l.end(in.th))
					continue
				}
			}
			l.to(in.th, optionIndent+codes).raw(r, k.width)
			out = append(out, l.end(in.th))
			if j == len(rows)-1 && o.Fault != nil {
				out = append(out, newLine(w).to(in.th, optionIndent).put(in.th.mid, explain.Visible([]byte(o.Fault.String()))).end(in.th))
			}
		}
	}
	if in.step.Kind == lessons.Inject && !in.solved {
		out = append(out, newLine(w).to(in.th, 2).put(in.th.accent, "0").to(in.th, optionIndent).put(in.th.mid, "or write one").end(in.th))
	}
	return out
}

// faultExamples says to whoever writes a fault how one is written, with those of
// the options as examples, in few rows.
func (in *textIn) faultExamples(w int) []string {
	var out []string
	for _, r := range wrap("host>host, then what happens (helo help faults has all words):", w) {
		out = append(out, in.row(w, in.th.mid, r))
	}
	const indent, gap = 2, 3
	l := newLine(w).to(in.th, indent)
	for _, o := range in.step.Options {
		fault := explain.Visible([]byte(o.Fault.String()))
		if l.at > indent && l.at+gap+cells(fault) > w {
			out = append(out, l.end(in.th))
			l = newLine(w).to(in.th, indent)
		}
		if l.at > indent {
			l.to(in.th, l.at+gap)
		}
		l.put(in.th.text, fault)
	}
	return append(out, l.end(in.th))
}

// optionsInline lists short options side by side; if there is no room for that,
// it lists them as options does.
func (in *textIn) optionsInline(w int) []string {
	var out []string
	l := newLine(w)
	for i, o := range in.step.Options {
		k := in.optionKey(i, o, w)
		rows := in.pages.get(k)
		if len(rows) != 1 || o.Fault != nil {
			return in.options(w)
		}
		text := strings.TrimRight(stripped(rows[0]), " ")
		if code := optionCode(o); code != "" && in.codeWidth() > 0 {
			text = code + " " + text
		}
		mark, ink, num := in.optionMark(i)
		need := cells(mark) + 2 + cells(text)
		if l.at > 2 && l.at+3+need > w {
			out = append(out, l.end(in.th))
			l = newLine(w)
		}
		if l.at > 2 {
			l.to(in.th, l.at+3)
		} else {
			l.to(in.th, 2)
		}
		l.put(ink, mark).put(num, fmt.Sprint(i+1)).put(in.th.text, " "+text)
	}
	return append(out, l.end(in.th))
}

func at(list []bool, i int) bool { return i < len(list) && list[i] }
