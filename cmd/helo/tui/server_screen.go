package tui

// How the screen of a running server is drawn.

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"

	"helo/sim/explain"
	"helo/sim/trace"
)

// keyFollow shows what comes as it comes.
var keyFollow = bind([]string{"f"}, "f", "follow the newest")

// keyInvite shows how clients come in.
var keyInvite = bind([]string{"i"}, "i", "how clients come in")

// serverGroups are the keys of the screen of a server.
var serverGroups = []helpGroup{
	{"The session", []helpKey{
		row("← →", "row before, next row", keyLeft, keyRight),
		row("home  g", "the first row", keyStart),
		row("tab shift+tab", "part of the line", keyPart, keyPartOld),
		row("w  b", "why? go there, back", keyWhy, keyBack),
		row("v", "ladder, transcript", keyView),
		row("e", "an eavesdropper's view", keyEaves),
	}},
	{"The server", []helpKey{
		row("↑ ↓  k j", "newer, older session", keyUp, keyDown),
		row("f  end", "follow the newest", keyFollow, keyEnd),
		row("i", "how clients come in", keyInvite),
		row("?  F1", "help", keyHelp),
		row("q  ctrl+c", "stop the server", keyQuit, keyKill),
	}},
}

// screen is all rows.
func (m *serverModel) screen() []string {
	if m.w < minWidth || m.h < minHeight {
		return tooSmall(m.th, m.w, m.h)
	}
	rows := []string{m.header(), faultsRow(m.o.Faults, m.th, m.w)}
	in := m.in()
	if m.chosen == nil {
		rows = append(rows, m.waiting()...)
	} else {
		rows = append(rows, m.sessions(in)...)
	}
	rows = append(fill(rows, m.w, m.h-2), plain(m.w), keyBar(m.th, m.w, m.bar(in)))
	for _, o := range m.overlays {
		rows = o.draw(m.th, rows, m.w, m.h)
	}
	return rows
}

// header is the first row: where the server listens, and what it has done.
func (m *serverModel) header() string {
	l := newLine(m.w)
	l.to(m.th, 2).put(m.th.mid, "helo").to(m.th, 8).put(m.th.strong, m.name()).put(m.th.mid, "  at "+m.o.Address)
	count := fmt.Sprintf("%d open  %s  %s", m.vs.open, plural(m.vs.all, "session", "sessions"), plural(m.vs.stored, "letter", "letters"))
	eyes := eyesName(m.by, m.w-2-cells(count)-2-l.at-3)
	if eyes == "" { // who looks says more than the count
		eyes = eyesName(m.by, m.w-2-l.at-3)
	}
	if eyes != "" {
		l.to(m.th, l.at+3).put(m.th.ask, eyes)
	}
	return l.right(m.th, m.th.mid, count, m.w-2).end(m.th)
}

// name is what the server calls itself.
func (m *serverModel) name() string {
	return hostTitle(m.o.Trace, trace.HostID(len(m.o.Trace.Hosts)-1))
}

// waiting is what is shown before anybody has come.
func (m *serverModel) waiting() []string {
	th := m.th
	out := []string{plain(m.w)}
	say := func(k ink, text string) {
		for _, r := range wrap(text, m.w-8) {
			out = append(out, newLine(m.w).to(th, 4).put(k, r).end(th))
		}
	}
	say(th.ask, "Waiting for a client")
	out = append(out, plain(m.w))
	for _, r := range m.invitation(m.w - 8) {
		out = append(out, newLine(m.w).to(th, 4).put(r.ink, r.text).end(th))
	}
	out = append(out, plain(m.w))
	say(th.mid, "Each session shows here as it happens, with every octet explained.")
	if m.wrong != "" {
		out = append(out, plain(m.w))
		say(th.fail, m.wrong)
	}
	return out
}

// inviting is a line of the invitation.
type inviting struct {
	ink  ink
	text string
}

// invitation says how clients come in.
func (m *serverModel) invitation(w int) []inviting {
	var out []inviting
	say := func(k ink, text string) {
		for _, r := range wrap(text, w) {
			out = append(out, inviting{k, r})
		}
	}
	say(m.th.text, "Any mail program on this machine can talk to this server. In another terminal, try:")
	out = append(out, inviting{})
	say(m.th.accent, m.o.Try)
	if len(m.o.Invited) > 0 {
		out = append(out, inviting{})
	}
	for _, line := range m.o.Invited {
		say(m.th.mid, line)
	}
	return out
}

// invite is the invitation as a box, for when there are sessions already.
func (m *serverModel) invite() *overlay {
	rows := func(th *theme, w, _ int) []string {
		out := []string{""}
		for _, r := range m.invitation(min(w, 72)) {
			out = append(out, newLine(cells(r.text)).put(r.ink, r.text).end(th))
		}
		return out
	}
	return &overlay{title: "How clients come in", rows: rows, keys: []barKey{{keyClose, "", "close"}}}
}

// sessions is the list of sessions, the exchange of the chosen one, and its
// explanation.
func (m *serverModel) sessions(in *in) []string {
	body := m.h - 4
	if isWide(m.w, m.h) {
		paneH := max(9, min(m.h*36/100, 19))
		listW := max(36, min(m.w*3/10, 56))
		exW := min(m.w-listW-6, 10+maxGap+2*16)
		list, _ := m.list(listW, body-paneH)
		if len(m.vs.list) > len(list) {
			some, more := m.list(listW, len(list)-1)
			list = append(some, more)
		}
		ex := m.exchange(in, exW, body-paneH)
		out := make([]string, len(list))
		for i := range list {
			out[i] = "  " + list[i] + "  " + ex[i] + blanks(m.w-listW-exW-4)
		}
		return append(out, pane(in, m.w, paneH)...)
	}
	paneH, listH := max(6, min(m.h/4, 12)), max(2, min(len(m.vs.list), 2+(m.h-minHeight)/4))
	var out []string
	list, more := m.list(m.w-4, listH)
	for _, r := range append(list, more) {
		out = append(out, "  "+r+"  ")
	}
	out = append(out, m.exchange(in, m.w, body-paneH-listH-1)...)
	return append(out, pane(in, m.w, paneH)...)
}

func (m *serverModel) exchange(in *in, w, h int) []string {
	if m.plain {
		return transcript(in, w, h)
	}
	return ladder(in, w, h, isWide(m.w, m.h))
}

// list draws the sessions into h rows, the newest on top, the chosen one in
// view, and a row that says how many more there are; it is blank if there are
// none.
func (m *serverModel) list(w, h int) (rows []string, more string) {
	n, at := len(m.vs.list), 0
	for i, v := range m.vs.list {
		if v == m.chosen {
			at = n - 1 - i
		}
	}
	first := max(0, min(at-h/2, n-h))
	for i := first; i < min(n, first+h); i++ {
		rows = append(rows, m.listRow(m.vs.list[n-1-i], w))
	}
	var hidden []string
	if first > 0 {
		hidden = append(hidden, fmt.Sprintf("↑ %d newer", first))
	}
	if older := n - first - h; older > 0 {
		hidden = append(hidden, fmt.Sprintf("↓ %d older", older))
	}
	more = newLine(w).right(m.th, m.th.mid, strings.Join(hidden, "   "), w).end(m.th)
	return fill(rows, w, h), more
}

// listRow is one session in a row.
func (m *serverModel) listRow(v *visit, w int) string {
	th := m.th
	l := newLine(w)
	l.band = v == m.chosen
	mark, k := "●", th.accent
	if v.over {
		mark, k = " ", th.mid
	}
	who := v.hello
	if who == "" {
		who = v.from
	}
	did := fmt.Sprintf("%d ✉", v.letters)
	bad := ""
	if v.refused > 0 {
		bad = fmt.Sprintf("%d ✗", v.refused)
	}
	l.put(k, mark+" ").put(th.mid, pad(fmt.Sprintf("#%d", v.conn), 5)+"  ")
	if m.vs.doors {
		l.put(th.mid, fmt.Sprintf("%-5d ", v.door))
	}
	if v.user != "" { // tells more than what programs call themselves, which is often the same
		l.put(th.accent, cut(explain.Visible([]byte(v.user)), w-l.at-11))
		l.put(th.text, cut("  "+explain.Visible([]byte(who)), w-l.at-11))
	} else {
		l.put(th.text, cut(explain.Visible([]byte(who)), w-l.at-11))
	}
	l.to(th, w-10).put(th.fail, pad(bad, 4))
	return l.put(th.text, pad(did, 6)).end(th)
}

// bar lists the keys that are of use.
func (m *serverModel) bar(in *in) []barKey {
	var keys []barKey
	add := func(k key.Binding, show, does string) { keys = append(keys, barKey{k, show, does}) }
	if m.chosen != nil {
		add(keyRight, "← →", "row")
		if len(m.vs.list) > 1 {
			add(keyUp, "↑ ↓", "list")
		}
		if !m.follow {
			add(keyFollow, "", "new")
		}
		back, there := eyesKeys(in)
		keys = append(keys, back...)
		if len(in.x.Parts) > 0 {
			add(keyPart, "", "part")
		}
		if in.xPos != trace.NoPos && in.x.Cause != trace.NoPos {
			add(keyWhy, "", "why?")
		}
		if len(m.trail) > 0 {
			add(keyBack, "", "back")
		}
		keys = append(keys, there...)
		add(keyView, "", "view")
		add(keyInvite, "", "doors")
	}
	add(keyQuit, "", "stop")
	add(keyHelp, "", "help")
	return keys
}
