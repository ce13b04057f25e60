package tui

// The key bar: the keys that are of use now.

import (
	"fmt"
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

// keyBar draws as many keys as there is room for. The last one always has it.
func keyBar(th *theme, w int, keys []barKey) string {
	l := newLine(w)
	if len(keys) == 0 {
		return l.end(th)
	}
	size := func(k barKey) int { return cells(k.name()) + 1 + cells(k.does) }
	last := keys[len(keys)-1]
	room := w - 4 - size(last)
	l.to(th, 2)
	for _, k := range keys[:len(keys)-1] {
		if l.at-2+size(k)+3 > room {
			continue
		}
		l.put(th.accent, k.name()).put(th.mid, " "+k.does).put(th.text, "   ")
	}
	return l.put(th.accent, last.name()).put(th.mid, " "+last.does).end(th)
}

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
		case empty && l.s.InLetter():
			does = "send an empty line"
		case empty && g.full:
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
	if !g.full {
		keys = append(keys, there...)
	}
	switch {
	case g.wide || st.Prose == "":
	case g.full:
		add(keyText, "exchange")
	default:
		add(keyText, "text")
	}
	add(keyView, "view")
	add(keyLeave, "leave")
	add(keyHelp, "help")
	return keys
}
