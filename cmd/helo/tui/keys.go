package tui

// Every key, once. Matching, the key bar and the help overlay all read this
// file.

import (
	"charm.land/bubbles/v2/key"
)

func bind(keys []string, show, does string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(show, does))
}

// The keys of every screen.
var (
	keyHelp    = bind([]string{"?", "f1"}, "?", "help")
	keyQuit    = bind([]string{"q"}, "q", "quit")
	keyKill    = bind([]string{"ctrl+c"}, "ctrl+c", "quit, always")
	keyBench   = bind([]string{"f2"}, "F2", "base64 bench")
	keySuspend = bind([]string{"ctrl+z"}, "ctrl+z", "suspend")
)

// The keys of home.
var (
	keyUp    = bind([]string{"up", "k"}, "↑", "lesson above")
	keyDown  = bind([]string{"down", "j"}, "↓", "lesson below")
	keyOpen  = bind([]string{"enter", "right", "l"}, "⏎", "open the lesson")
	keyNth   = bind([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "1 2 3", "open that lesson")
	keyFirst = bind([]string{"home", "g"}, "home", "first")
	keyLast  = bind([]string{"end", "G"}, "end", "last")
)

// The keys of a lesson.
var (
	keyRight   = bind([]string{"right"}, "→", "row forward")
	keyLeft    = bind([]string{"left"}, "←", "row back")
	keyStart   = bind([]string{"home", "g"}, "home", "jump to the start")
	keyEnd     = bind([]string{"end", "G"}, "end", "jump to the end")
	keyPlay    = bind([]string{"space"}, "space", "play, or pause")
	keyPart    = bind([]string{"tab"}, "tab", "next part of the line")
	keyPartOld = bind([]string{"shift+tab"}, "shift+tab", "part before")
	keyWhy     = bind([]string{"w"}, "w", "why: go to the cause")
	keyBack    = bind([]string{"b"}, "b", "back to where w was pressed")
	keyView    = bind([]string{"v"}, "v", "ladder or transcript")
	keyEaves   = bind([]string{"e"}, "e", "an eavesdropper's view")
	keyOpenUp  = bind([]string{"o"}, "o", "what both ends see")
	keyText    = bind([]string{"t"}, "t", "the text, the exchange")
	keyScrollU = bind([]string{"up", "k", "pgup"}, "↑", "text up")
	keyScrollD = bind([]string{"down", "j", "pgdown"}, "↓", "text down")
	keyChoose  = bind([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "1 2 3", "answer")
	keyWrite   = bind([]string{"0"}, "0", "write a fault")
	keyNext    = bind([]string{"enter"}, "⏎", "next step")
	keyHint    = bind([]string{"h"}, "h", "hint")
	keyAnswer  = bind([]string{"a"}, "a", "show the answer")
	keySkip    = bind([]string{"s"}, "s", "skip the step")
	keyUndo    = bind([]string{"u"}, "u", "take the last line back")
	keySteps   = bind([]string{"l"}, "l", "any step, from a list")
	keyRestart = bind([]string{"R"}, "R", "restart the lesson")
	keyLeave   = bind([]string{"esc"}, "esc", "leave, and come back later")
)

// The keys while a line is typed. Letters belong to the line.
var (
	keySend    = bind([]string{"enter"}, "⏎", "send the line")
	keyEarlier = bind([]string{"up"}, "↑", "earlier line")
	keyLater   = bind([]string{"down"}, "↓", "later line")
	keyTabHint = bind([]string{"tab"}, "tab", "hint")
	keyLook    = bind([]string{"esc"}, "esc", "look around")
	keyF1      = bind([]string{"f1"}, "F1", "help")
)

// The keys of an overlay.
var (
	keyYes   = bind([]string{"y"}, "y", "yes") // and not ⏎, which ends a line typed beside the prompt
	keyNo    = bind([]string{"esc", "n", "q"}, "esc", "no")
	keyClose = bind([]string{"esc", "q", "?", "f1", "enter", "space"}, "esc", "close")
)

// The keys of the base64 bench. Letters belong to its text.
var (
	keyPut  = bind([]string{"enter"}, "⏎", "put it into the line")
	keyTurn = bind([]string{"tab", "shift+tab"}, "tab", "the other way")
	keyNUL  = bind([]string{"ctrl+space", "ctrl+@"}, "ctrl+space", "a NUL")
)

// helpKey is a row of the help overlay: keys that belong together.
type helpKey struct {
	show, does string
	keys       []key.Binding
}

// helpGroup is a part of the help overlay.
type helpGroup struct {
	title string
	rows  []helpKey
}

func row(show, does string, keys ...key.Binding) helpKey { return helpKey{show, does, keys} }

// helpGroups are all keys, as the help overlay shows them.
var helpGroups = []helpGroup{
	{"The exchange", []helpKey{
		row("← →", "row back, forward", keyLeft, keyRight),
		row("home end  g G", "jump to start, end", keyStart, keyEnd),
		row("space", "play, pause", keyPlay),
		row("tab shift+tab", "part of the line", keyPart, keyPartOld),
		row("w  b", "why? go there, back", keyWhy, keyBack),
		row("v", "ladder, transcript", keyView),
		row("e  o", "eavesdrop, both ends", keyEaves, keyOpenUp),
	}},
	{"The lesson", []helpKey{
		row("⏎", "next step, go on", keyNext),
		row("1 2 3  0", "answer, write one", keyChoose, keyWrite),
		row("h", "hint, when asked", keyHint),
		row("a", "show the answer", keyAnswer),
		row("s", "skip the step", keySkip),
		row("u", "take a line back", keyUndo),
		row("l", "any step, from a list", keySteps),
		row("R", "restart the lesson", keyRestart),
		row("t", "text, exchange", keyText),
		row("↑ ↓  k j", "scroll the text", keyScrollU, keyScrollD),
	}},
	{"Typing a line", []helpKey{
		row("⏎", "send the line", keySend),
		row("↑ ↓", "earlier, later line", keyEarlier, keyLater),
		row("tab", "hint", keyTabHint),
		row("esc", "look around; ⏎ back", keyLook),
		row("F1", "help", keyF1),
	}},
	{"Home", []helpKey{
		row("↑ ↓  k j", "choose a lesson", keyUp, keyDown),
		row("⏎ →  l", "open it", keyOpen),
		row("1 2 3", "open that one", keyNth),
		row("home end  g G", "first, last", keyFirst, keyLast),
	}},
	{"Anywhere", []helpKey{
		row("?  F1", "help", keyHelp),
		row("F2", "base64 bench", keyBench),
		row("esc", "leave, come back later", keyLeave),
		row("q", "quit, place kept", keyQuit),
		row("ctrl+c", "quit, always", keyKill),
		row("ctrl+z", "suspend", keySuspend),
	}},
}
