package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// served is the trace of a server that several clients have talked to: what
// sim/live records, without its sockets.
func served() *trace.Trace {
	tr := trace.New("direct", 0, time.Date(2026, 11, 25, 10, 15, 0, 0, time.UTC), []trace.Host{
		{ID: "client", Title: "a client", Role: "a program that sends mail"},
		{ID: "mx", Name: "mx.receiver.example", Title: "mx.receiver.example", Role: "receiving server"},
	})
	at := time.Duration(0)
	add := func(e trace.Event, octets string) trace.Pos {
		at += time.Millisecond
		e.At, e.Octets = at, tr.Store([]byte(octets))
		return tr.Append(e)
	}
	add(trace.Event{Kind: trace.Listening, Host: 2, Code: 2525, Cause: trace.NoPos}, "127.0.0.1:2525")
	letter := trace.LetterID(0)
	session := func(conn trace.ConnID, hello, rcpt, answer string, stored bool) {
		cause := add(trace.Event{Kind: trace.Connect, Host: 1, Peer: 2, Conn: conn, Code: 2525, Cause: trace.NoPos}, fmt.Sprintf("127.0.0.1:%d", 40000+conn))
		state := smtp.StateConnected
		say := func(verb smtp.Verb, line, reply string, to smtp.State) {
			var code uint16
			fmt.Sscan(reply[:3], &code)
			switch verb {
			case smtp.Connect:
			case smtp.EndOfData:
				cause = add(trace.Event{Kind: trace.Letter, Host: 1, Peer: 2, Conn: conn, Verb: verb, From: smtp.StateLetterReceived, To: smtp.StateLetterReceived, Arg: uint32(strings.Count(line, "\r\n") - 1), Cause: cause}, line)
			default:
				cause = add(trace.Event{Kind: trace.Command, Host: 1, Peer: 2, Conn: conn, Verb: verb, From: state, To: state, Cause: cause}, line)
			}
			cause = add(trace.Event{Kind: trace.Decided, Host: 2, Peer: 1, Conn: conn, Verb: verb, Code: code, From: state, To: to, Cause: cause}, line)
			cause = add(trace.Event{Kind: trace.Reply, Host: 2, Peer: 1, Conn: conn, Verb: verb, Code: code, Cause: cause}, reply)
			state = to
		}
		say(smtp.Connect, "", "220 mx.receiver.example ESMTP\r\n", smtp.StateWelcomed)
		say(smtp.EHLO, "EHLO "+hello+"\r\n", "250-mx.receiver.example\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250 HELP\r\n", smtp.StateGreeted)
		say(smtp.MAIL, "MAIL FROM:<alice@sender.example>\r\n", "250 2.1.0 ok\r\n", smtp.StateTransaction)
		if !stored {
			say(smtp.RCPT, "RCPT TO:"+rcpt+"\r\n", answer+"\r\n", smtp.StateTransaction)
			return
		}
		say(smtp.RCPT, "RCPT TO:"+rcpt+"\r\n", answer+"\r\n", smtp.StateRecipients)
		say(smtp.DATA, "DATA\r\n", "354 send the letter, end it with a lone dot\r\n", smtp.StateData)
		say(smtp.EndOfData, "Subject: hi\r\n\r\n..dots\r\n.\r\n", "250 2.0.0 accepted as HOH5NK7DU7\r\n", smtp.StateGreeted)
		letter++
		add(trace.Event{Kind: trace.Custody, Host: 2, Conn: conn, Letter: letter, Arg: 1, Cause: cause}, "HOH5NK7DU7")
		add(trace.Event{Kind: trace.Accepted, Host: 2, Conn: conn, Letter: letter, Cause: cause}, "bob@receiver.example")
		cause = add(trace.Event{Kind: trace.Added, Host: 2, Letter: letter, Cause: cause}, "Return-Path: <alice@sender.example>\r\nReceived: from "+hello+" ([127.0.0.1])\r\n by mx.receiver.example with ESMTP id HOH5NK7DU7\r\n for <bob@receiver.example>; Wed, 25 Nov 2026 10:15:00 +0000\r\n")
		add(trace.Event{Kind: trace.Stored, Host: 2, Letter: letter, Cause: cause}, "bob@receiver.example")
		say(smtp.QUIT, "QUIT\r\n", "221 2.0.0 mx.receiver.example closing the connection\r\n", smtp.StateClosed)
		add(trace.Event{Kind: trace.Close, Host: 2, Peer: 1, Conn: conn, Cause: cause}, "")
	}
	session(1, "mail.sender.example", "<bob@receiver.example>", "250 2.1.5 ok", true)
	session(2, "\x1b[31mred.example", "<eve@receiver.example>", "550 5.1.1 no such mailbox here", false)
	session(3, "laptop.sender.example", "<bob@receiver.example>", "250 2.1.5 ok", true)
	return tr
}

func newServed(t *testing.T, tr *trace.Trace, w, h int) *serverModel {
	t.Helper()
	m := newServerModel(ServerOptions{Trace: tr, Address: "127.0.0.1:2525", Try: "swaks -s 127.0.0.1:2525 -f alice@sender.example -t bob@receiver.example", Reference: reference})
	ref, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	m.Update(referenceMsg{ref, nil})
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.grew()
	return m
}

func TestServerScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 36}, {200, 60}} {
		for _, c := range []struct {
			name string
			keys []string
		}{
			{"newest", nil},
			{"letter", []string{"left", "left", "left", "left", "left", "left"}},
			{"refused", []string{"down"}},
			{"transcript", []string{"down", "down", "v"}},
			{"back", []string{"left", "w"}},
			{"help", []string{"?"}},
		} {
			t.Run(fmt.Sprintf("%s-%dx%d", c.name, size[0], size[1]), func(t *testing.T) {
				m := newServed(t, served(), size[0], size[1])
				for _, k := range c.keys {
					m.Update(press(k))
				}
				golden.RequireEqual(t, []byte(checkScreen(t, m, size[0], size[1])))
			})
		}
	}
	t.Run("faults-80x24", func(t *testing.T) {
		m := newServed(t, served(), 80, 24)
		m.o.Faults = []string{"mx tls=expired", `mx at=RCPT n=1 reply="451 4.7.1 \x1b[31mlater"`}
		golden.RequireEqual(t, []byte(checkScreen(t, m, 80, 24)))
	})
	t.Run("invite-80x24", func(t *testing.T) {
		m := newServed(t, served(), 80, 24)
		m.o.Invited = []string{"mail of its users, who log in, with STARTTLS, at 127.0.0.1:2587", "log in as alice with the password wonderland"}
		m.Update(press("i"))
		golden.RequireEqual(t, []byte(checkScreen(t, m, 80, 24)))
	})
	t.Run("waiting-80x24", func(t *testing.T) {
		m := newServed(t, trace.New("direct", 0, time.Now(), []trace.Host{{ID: "client"}, {ID: "mx", Title: "mx.receiver.example"}}), 80, 24)
		golden.RequireEqual(t, []byte(checkScreen(t, m, 80, 24)))
	})
}

// checkScreen holds that every row has exactly the screen's width and that
// nothing from outside is raw, and returns the screen without its styles.
func checkScreen(t *testing.T, m *serverModel, w, h int) string {
	t.Helper()
	rows := m.screen()
	if len(rows) != h {
		t.Errorf("%d rows, want %d", len(rows), h)
	}
	var out []string
	for i, r := range rows {
		if n := ansi.StringWidth(r); n != w {
			t.Errorf("row %d has %d cells, want %d: %q", i, n, w, ansi.Strip(r))
		}
		if strings.Contains(r, "\x1b[31mred") {
			t.Errorf("row %d shows a client's escape sequence raw", i)
		}
		out = append(out, strings.TrimRight(ansi.Strip(r), " "))
	}
	return strings.Join(out, "\n") + "\n"
}

// press is a key as Bubble Tea reports it.
func press(k string) tea.KeyPressMsg {
	switch k {
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "right":
		return tea.KeyPressMsg{Code: tea.KeyRight}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// The screen follows the newest session until the person looks elsewhere, and
// again when asked to. Sessions beyond its bound go, the oldest first.
func TestServerFollows(t *testing.T) {
	tr := served()
	m := newServed(t, tr, 120, 36)
	if m.chosen.conn != 3 || m.cursor != m.chosen.rows.Len()-1 {
		t.Fatalf("at session %d, row %d", m.chosen.conn, m.cursor)
	}
	m.Update(press("down"))
	m.Update(press("left"))
	conn := func(id trace.ConnID) {
		tr.Append(trace.Event{Kind: trace.Connect, Host: 1, Peer: 2, Conn: id, Cause: trace.NoPos})
	}
	conn(4)
	m.grew()
	if m.chosen.conn != 2 {
		t.Errorf("it went away from session 2 to %d", m.chosen.conn)
	}
	m.Update(press("f"))
	if m.chosen.conn != 4 {
		t.Errorf("it follows session %d", m.chosen.conn)
	}
	for id := trace.ConnID(5); id < 5+2*maxVisits; id++ {
		conn(id)
	}
	m.grew()
	if n := len(m.vs.list); n != maxVisits || m.vs.all != 4+2*maxVisits || m.chosen.conn != 4+2*maxVisits {
		t.Errorf("%d sessions kept of %d, at %d", n, m.vs.all, m.chosen.conn)
	}
	tr.Forget(tr.End()) // a record that was given up is no reason to stop
	m.grew()
	m.screen()
	for _, k := range []string{"down", "left", "w", "v", "up", "right"} {
		m.Update(press(k))
		m.screen()
	}
}

// servedInside is the same over TLS: each session is inside it before its first
// EHLO.
func servedInside() *trace.Trace {
	from := served()
	tr := trace.New(from.Scenario, 0, from.Start, from.Hosts[1:])
	inside := map[trace.ConnID]bool{}
	moved := make([]trace.Pos, from.End())
	for p := trace.Pos(0); p < from.End(); p++ {
		e := *from.At(p)
		e.Octets = tr.Store(from.OctetsAt(p))
		if e.Cause != trace.NoPos {
			e.Cause = moved[e.Cause]
		}
		if e.Kind == trace.Command && e.Verb == smtp.EHLO {
			inside[e.Conn] = true
			e.Cause = tr.Append(trace.Event{
				At: e.At, Kind: trace.Secured, Conn: e.Conn, Host: 2, Peer: 1, Flags: trace.Inside, Cause: e.Cause,
				Octets: tr.Store([]byte("TLS 1.3, TLS_AES_128_GCM_SHA256")),
			})
		}
		if inside[e.Conn] {
			e.Flags |= trace.Inside
		}
		moved[p] = tr.Append(e)
	}
	return tr
}

// A session inside TLS stands in a pipe, and e shows it as an eavesdropper sees
// it.
func TestServerOverTLS(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 36}} {
		m := newServed(t, servedInside(), size[0], size[1])
		if text := checkScreen(t, m, size[0], size[1]); !strings.Contains(text, "╝") {
			t.Errorf("the pipe is not closed:\n%s", text)
		}
		for range 4 {
			m.Update(press("left"))
		}
		text := checkScreen(t, m, size[0], size[1])
		if !strings.Contains(text, "║") || !strings.Contains(text, "e eavesdrop") || !strings.Contains(text, "250 2.0.0 accepted") {
			t.Errorf("no pipe around the session:\n%s", text)
		}
		m.Update(press("e"))
		text = checkScreen(t, m, size[0], size[1])
		if !strings.Contains(text, "as an eavesdropper sees it") || !strings.Contains(text, "54 octets") || strings.Contains(text, "accepted") {
			t.Errorf("not as an eavesdropper sees it:\n%s", text)
		}
		m.Update(press("e"))
		if text = checkScreen(t, m, size[0], size[1]); !strings.Contains(text, "250 2.0.0 accepted") {
			t.Errorf("e does not lead back:\n%s", text)
		}
	}
}

// Where not all sessions have room, the list says how many more there are, and
// on which side.
func TestServerListSaysWhatItHides(t *testing.T) {
	for _, c := range []struct {
		w, h, sessions, downs int
		newer, older          string
	}{
		{80, 24, 2, 0, "", ""},
		{80, 24, 12, 0, "", "↓ 10 older"},
		{80, 24, 12, 4, "↑ 3 newer", "↓ 7 older"},
		{80, 24, 12, 11, "↑ 10 newer", ""},
		{120, 36, 20, 0, "", ""}, // as many as there is room for
		{120, 36, 21, 0, "", "↓ 2 older"},
		{120, 36, 40, 39, "↑ 21 newer", ""},
	} {
		tr := trace.New("direct", 0, time.Now(), []trace.Host{{ID: "client"}, {ID: "mx", Title: "mx.receiver.example"}})
		for id := range c.sessions {
			tr.Append(trace.Event{Kind: trace.Connect, Host: 1, Peer: 2, Conn: trace.ConnID(id + 1), Cause: trace.NoPos})
		}
		m := newServed(t, tr, c.w, c.h)
		for range c.downs {
			m.Update(press("down"))
		}
		text := checkScreen(t, m, c.w, c.h)
		for word, want := range map[string]string{" newer": c.newer, " older": c.older} {
			if strings.Contains(text, word) != (want != "") || !strings.Contains(text, want) {
				t.Errorf("%dx%d, %d sessions, %d down: want %q:\n%s", c.w, c.h, c.sessions, c.downs, want, text)
			}
		}
		if at := fmt.Sprintf("#%d", c.sessions-c.downs); !strings.Contains(text, at) {
			t.Errorf("%dx%d, %d sessions, %d down: the chosen one is not there:\n%s", c.w, c.h, c.sessions, c.downs, text)
		}
	}
}

// Sessions of programs that call themselves alike are told apart: by the door
// they came to, where more than one is used, and by who has logged in.
func TestServerListTellsSessionsApart(t *testing.T) {
	tr := served()
	m := newServed(t, tr, 80, 24)
	if text := checkScreen(t, m, 80, 24); !strings.Contains(text, "#3  laptop.sender.example") {
		t.Errorf("with one door:\n%s", text)
	}
	add := func(e trace.Event, octets string) {
		e.Conn, e.Cause, e.Octets = 4, trace.NoPos, tr.Store([]byte(octets))
		tr.Append(e)
	}
	add(trace.Event{Kind: trace.Connect, Host: 1, Peer: 2, Code: 587}, "127.0.0.1:40004")
	add(trace.Event{Kind: trace.Command, Host: 1, Peer: 2, Verb: smtp.EHLO}, "EHLO [127.0.0.1]\r\n")
	m.grew()
	if text := checkScreen(t, m, 80, 24); !strings.Contains(text, "#4  587   [127.0.0.1] ") || !strings.Contains(text, "#3  2525  laptop.sender.example") {
		t.Errorf("with two doors:\n%s", text)
	}
	add(trace.Event{Kind: trace.LoggedIn, Host: 2, Peer: 1}, "al\x1b[31mredice")
	for _, size := range sizes {
		m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		m.grew()
		if text := checkScreen(t, m, size[0], size[1]); !strings.Contains(text, "#4  587   al") || size[0] != 120 && !strings.Contains(text, `al\x1b[31mredice  [127.0.0.1]`) {
			t.Errorf("logged in:\n%s", text)
		}
	}
}
