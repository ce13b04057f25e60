package tui

// The key bar: the keys that are of use now.

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"

	"helo/lessons"
	"helo/sim/trace"
)

// barKey is a key in the bar, with the words that fit there.
type barKey struct {
	key  key.Binding
	show string // instead of the binding's own; empty for that
	does string
}

// shorter are words for a bar in which the usual ones have no room.
var shorter = map[string]string{"next step": "next", "send an empty line": "empty line"}

// stepsDoes is what the bar calls the key that is of use at any time.
const stepsDoes = "steps"

// keyBar draws the keys, closer to each other and in shorter words where they
// would not fit otherwise. If there are still too many, some are left out; the
// last two, which lead out and to help, never are.
func keyBar(th *theme, w int, keys []barKey) string {
	if barSize(keys, 2) > w-4 { // help names it, and no other key is to give way to it
		keys = slices.DeleteFunc(slices.Clone(keys), func(k barKey) bool { return k.does == stepsDoes })
	}
	gap := 3
	if barSize(keys, gap) > w-4 {
		gap = 2
	}
	if barSize(keys, gap) > w-4 {
		keys = slices.Clone(keys)
		for i, k := range keys {
			if does := shorter[k.does]; does != "" {
				keys[i].does = does
			}
		}
	}
	always := max(0, len(keys)-2)
	room := w - 2 - gap - barSize(keys[always:], gap)
	l := newLine(w)
	l.to(th, 2)
	for i, k := range keys {
		if i < always && l.at+gap+k.size() > room {
			continue
		}
		if l.at > 2 {
			l.put(th.text, blanks(gap))
		}
		l.put(th.accent, k.name()).put(th.mid, " "+k.does)
	}
	return l.end(th)
}

// barSize is how many cells keys take, with so many between two.
func barSize(keys []barKey, gap int) int {
	n := gap * max(0, len(keys)-1)
	for _, k := range keys {
		n += k.size()
	}
	return n
}

func (k barKey) size() int { return cells(k.name()) + 1 + cells(k.does) }

func (k barKey) name() string {
	if k.show != "" {
		return k.show
	}
	return k.key.Help().Key
}

// bar lists the keys that are of use in a lesson now, the most telling first.
func (l *lesson) bar(in *in, g layout) []barKey {
	st := l.s.Step()
	if l.canWrite() && l.typing {
		return []barKey{{keySend, "", "let it happen"}, {keyTabHint, "", "hint"}, {keyLook, "", "choose instead"}, {keyF1, "", "help"}}
	}
	if l.typing {
		does := "send"
		switch empty := l.input.Value() == ""; {
		case empty && !l.saysNothing():
			does = "send an empty line"
		case empty && (g.full || len(l.wait) > 0):
			does = "go on"
		}
		keys := []barKey{{keySend, "", does}}
		if len(l.s.Typed()) > 0 {
			keys = append(keys, barKey{keyEarlier, "", "earlier"})
		}
		keys = append(keys, barKey{keyTabHint, "", "hint"})
		if l.talksOfLogins(in) {
			keys = append(keys, barKey{keyBench, "", "base64"})
		}
		if l.s.CanUndo() {
			keys = append(keys, barKey{keyLook, "esc u", "take back"})
		}
		keys = append(keys, barKey{keyLook, "", "look around"})
		return append(keys, barKey{keyF1, "", "help"})
	}
	var keys []barKey
	add := func(k key.Binding, does string) { keys = append(keys, barKey{k, "", does}) }
	switch {
	case l.s.LessonDone():
		add(keyNext, "finish")
	case l.s.Solved():
		add(keyNext, "next step")
	case g.full && (st.Kind == lessons.Watch || st.Kind == lessons.Predict || st.Kind == lessons.Type || st.Kind == lessons.Inject):
		add(keyNext, "go on")
	case st.Kind == lessons.Type && l.s.Asking():
		add(keyNext, "type")
	}
	if n := len(st.Options); n > 0 && !l.s.Solved() {
		var nums []string
		for i := range min(n, 9) {
			nums = append(nums, fmt.Sprint(i+1))
		}
		keys = append(keys, barKey{keyChoose, strings.Join(nums, " "), "answer"})
		if l.canWrite() {
			add(keyWrite, "write")
		}
		if st.Multiple() {
			add(keyNext, "that is all")
		}
	}
	if l.s.CanUndo() {
		add(keyUndo, "take back")
	}
	if in.n > 0 || st.Kind == lessons.Watch {
		keys = append(keys, barKey{keyRight, "← →", "row"})
		switch {
		case l.playing:
			add(keyPlay, "pause")
		case st.Kind == lessons.Watch:
			add(keyPlay, "play")
		}
	}
	if l.canHint() {
		add(keyHint, "hint")
	}
	switch { // what the question rests on, before what else there is to look at
	case g.wide || st.Prose == "":
	case g.full:
		add(keyText, "exchange")
	default:
		add(keyText, "text")
	}
	if l.talksOfLogins(in) {
		add(keyBench, "base64")
	}
	back, there := eyesKeys(in)
	keys = append(keys, back...)
	if in.xPos != trace.NoPos && !g.full {
		if len(in.x.Parts) > 0 {
			add(keyPart, "part")
		}
		if in.x.Cause != trace.NoPos {
			add(keyWhy, "why?")
		}
		if len(l.trail) > 0 {
			add(keyBack, "back")
		}
	}
	add(keyView, "view")
	if !g.full {
		keys = append(keys, there...)
	}
	add(keySteps, stepsDoes)
	text := st.Prose + st.Question + l.hint.Text
	if l.told {
		text += l.said.Text
	}
	keys = named(keys, text)
	add(keyLeave, "leave")
	add(keyHelp, "help")
	return keys
}

// named puts the keys of which the text speaks before others, so that they stay
// when there is no room for all.
func named(keys []barKey, text string) []barKey {
	rank := func(k barKey) int {
		switch show := k.key.Help().Key; {
		case show == keyNext.Help().Key, show == keyChoose.Help().Key:
			return 0
		case strings.Contains(text, "**"+k.name()+"**"):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(keys, func(a, b barKey) int { return rank(a) - rank(b) })
	return keys
}
