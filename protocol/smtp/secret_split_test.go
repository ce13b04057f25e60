package smtp

// What may be shown of a login does not depend on how its octets come.

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// saidLine is a line as a server took it, and as it may be shown.
type saidLine struct {
	start, end int // in the stream; of a line too long its head
	shown      string
	verb       Verb
	long       bool
}

// maskedTalk feeds a server, each piece after it was masked as a driver does, and
// returns what may be shown of all, and the lines. cut says how many octets to
// take from a place in the stream on.
func maskedTalk(t testing.TB, s *Server, input string, cut func(at, left int) int, answer func(*Server) Reply) (shown string, said []saidLine) {
	t.Helper()
	flights := strings.Split(input, tlsHere)
	input, flights = flights[0], flights[1:]
	if input == "" && len(flights) > 0 {
		s.Secured()
		input, flights = flights[0], flights[1:]
	}
	at := 0
	var piece []byte
	arrive := func() {
		piece = []byte(input[:cut(at, len(input))])
		masked := s.Mask(piece)
		if string(piece) != input[:len(piece)] {
			t.Fatal("what was given is changed")
		}
		if len(masked) != len(piece) {
			t.Fatalf("%d octets of %d", len(masked), len(piece))
		}
		shown += string(masked)
		at += len(piece)
		input = input[len(piece):]
	}
	for {
		switch s.Next() {
		case Decide:
			c := s.Command()
			if c.Verb != Connect && c.Verb != EndOfData {
				l := saidLine{int(c.Offset), int(c.Offset) + len(c.Line), string(c.Masked()), c.Verb, c.tooLong}
				if differs := l.shown != string(c.Line); differs && !c.Secret() || !differs && c.Secret() && c.Verb != Response && !strings.Contains(l.shown, "*") {
					t.Fatalf("%q is shown as %q, secret: %v", c.Line, l.shown, c.Secret())
				}
				said = append(said, l)
			}
			s.Reply(answer(s))
			continue
		case Body:
			s.Chunk()
			continue
		case Handshake:
			if input != "" { // said in clear, and thrown away
				arrive()
				s.Feed(piece)
				piece = nil
				continue
			}
			if len(flights) == 0 {
				return shown, said
			}
			s.Secured()
			input, flights = flights[0], flights[1:]
			continue
		case Closed: // what still comes is heard by nobody
			for input += strings.Join(flights, ""); input != ""; flights = nil {
				arrive()
			}
			return shown, said
		}
		switch {
		case len(piece) > 0:
			piece = piece[s.Feed(piece):]
		case input != "":
			arrive()
		case len(flights) > 0:
			input, flights = flights[0], flights[1:]
		default:
			return shown, said
		}
	}
}

// checkMasked holds that what may be shown is the same however octets are cut,
// or less: no octet is ever shown that is hidden in its line. A line at a time
// exactly those are hidden. It returns what is shown then.
func checkMasked(t testing.TB, config *Config, input string, cut cutter, answer func(*Server) Reply) string {
	t.Helper()
	stream := strings.ReplaceAll(input, tlsHere, "")
	_, said := maskedTalk(t, NewServer(config), input, func(_, left int) int { return left }, answer)
	exact, ends := []byte(stream), map[int]bool{}
	var flights []int // where they end
	end := 0
	for f := range strings.SplitSeq(input, tlsHere) {
		end += len(f)
		flights = append(flights, end)
	}
	for _, l := range said {
		copy(exact[l.start:l.end], l.shown)
		ends[l.end] = true
	}
	lineByLine := func(at, left int) int {
		n := 1
		for n < left && !ends[at+n] {
			n++
		}
		return n
	}
	lines, _ := maskedTalk(t, NewServer(config), input, lineByLine, answer)
	for i, l := range said {
		within := func(at int) bool { return l.start < at && at < l.end }
		if i > 0 && said[i-1].long || slices.ContainsFunc(flights, within) {
			continue // it has not come alone
		}
		said := stream[l.start:l.end]
		if got := lines[l.start:l.end]; got != l.shown && !l.long && !strings.ContainsAny(strings.TrimRight(said, "\r\n"), "\r\n") {
			t.Fatalf("alone %q is shown as %q, its command as %q", said, got, l.shown)
		}
	}
	for how, cut := range map[string]func(_, left int) int{
		"at once": func(_, left int) int { return left }, "a line at a time": lineByLine,
		"octet by octet": func(int, int) int { return 1 }, "in pieces": func(_, left int) int { return cut(left) },
	} {
		shown, _ := maskedTalk(t, NewServer(config), input, cut, answer)
		for i := range shown {
			switch was := stream[i]; {
			case exact[i] == '*' && shown[i] != '*' && !strings.ContainsRune(" \t\r\n", rune(was)): // white space may be at the end
				t.Fatalf("%s: %q shows %q, which is hidden in %q", how, shown, shown[i:min(i+20, len(shown))], exact)
			case shown[i] != was && (shown[i] != '*' || was == '\n'):
				t.Fatalf("%s: octet %d is %q, was %q in %q", how, i, shown[i], was, stream)
			}
		}
	}
	return lines
}

// RFC 4954 §9: in whatever pieces a client says whatever, what is hidden of a
// line in one of them is hidden in all, and a response is hidden always.
func TestRFC4954_9_PiecesShowNoMoreThanLines(t *testing.T) {
	line := rapid.OneOf(rapid.SampledFrom([]string{
		"AUTH X-TOY\r\n", "auth x-toy\r\n", "AUTH X-TOY\r\n" + alice + "\r\n" + wonderland + "\r\n", fullLogin, "AUTH PLAIN " + both + "\r\n", "AUTH X-TOY =\r\n", "AUTH X-TOY " + alice + "\r\n",
		"AUTH X-TOY  x\r\n", "AUTH  X-TOY x\r\n", "AUTH NO\r\n", "AUTH\r\n", "AUTH X-TOY A\rA\r\n", "AUTH X-TOY A\nA\r\n", "\r\n", "*\r\n", alice + "\r\n", wonderland + "\r\n", "A\nA\r\n", "A\rA\r\n", "\n\r\n", "**\r\n", "=\r\n",
		ehlo, mail, rcpt, data + "hi\r\n.\r\n", "BDAT 4\r\nAUTH", "RSET\r\n", "NOOP\r\n", "NOOP AUTH x y\r\n", "AUTHOR x y\r\n", " AUTH LOGIN x\r\n", authOf(600), responseOf(600), responseOf(600), starttls + tlsHere + ehlo,
	}), rapid.Map(rapid.StringMatching(`[A-Za-z0-9+/=* \r\n\t]{0,30}`), func(s string) string { return s + "\r\n" }))
	rapid.Check(t, func(rt *rapid.T) {
		config := fullConfig()
		if rapid.IntRange(0, 3).Draw(rt, "offers") > 0 {
			guarded(config)
		}
		config.AcceptBareLF = rapid.Bool().Draw(rt, "bare LF")
		config.MaxErrors, config.MaxLogins = -1, 1000
		input := strings.Join(rapid.SliceOfN(line, 1, 15).Draw(rt, "lines"), "")
		forced := rapid.Bool().Draw(rt, "334 to anything")
		checkMasked(t, config, input, cuts(rt, "cuts"), func(s *Server) Reply {
			r, c := toy(s), s.Command()
			for _, p := range c.Parts {
				if shown := string(c.Masked()[p.Start:p.End]); p.Kind == PartResponse && !c.Cancel && strings.Trim(shown, "* \t\r\n") != "" {
					rt.Fatalf("response %q is shown in %q", shown, c.Line)
				}
			}
			if forced && c.Verb == AUTH {
				r = Reply{Code: 334}
			}
			return r
		})
	})
}

// RFC 4954 §9: what a client says that does not know when to be silent is hidden
// as well: where no login is offered, behind a refusal, when it spells AUTH wrong.
// Mistakes where nobody logs in are shown, for they are what is learned from.
func TestRFC4954_9_NoMistakeShowsAPassword(t *testing.T) {
	const hunter = "hunter2"
	aliceHidden, wonderHidden := stars(alice)+"\r\n", stars(wonderland)+"\r\n"
	twice := alice + "\r\n" + wonderland + "\r\n"
	for _, test := range []struct{ at, said, shown string }{
		// No login is offered here (502), or none without TLS (538).
		{"mx", ehlo + "AUTH PLAIN " + both + "\r\nQUIT\r\n", ehlo + "AUTH PLAIN " + stars(both) + "\r\nQUIT\r\n"},
		{"mx", "AUTH PLAIN " + both + "\r\n", "AUTH PLAIN " + stars(both) + "\r\n"},
		{"mx", ehlo + "AUTH LOGIN\r\n" + twice + "QUIT\r\n", ehlo + "AUTH LOGIN\r\n" + aliceHidden + wonderHidden + "QUIT\r\n"},
		{"mx", to + "AUTH LOGIN\r\n" + twice + data, to + "AUTH LOGIN\r\n" + aliceHidden + wonderHidden + data},
		{"mx", "HELO x\r\nAUTH LOGIN\r\nalice\r\n" + hunter + "\r\n", "HELO x\r\nAUTH LOGIN\r\n*****\r\n*******\r\n"},
		{"msa", ehlo + "AUTH PLAIN\r\n" + both + "\r\n", ehlo + "AUTH PLAIN\r\n" + stars(both) + "\r\n"},
		{"msa", "AUTH X-TOY\r\n" + twice, "AUTH X-TOY\r\n" + aliceHidden + wonderHidden},
		// Refused: a name that is no base64 (501), then the password.
		{"msa", ehlo + "AUTH X-TOY\r\nbob@here\r\n" + hunter + "\r\n", ehlo + "AUTH X-TOY\r\n********\r\n*******\r\n"},
		{"msa", ehlo + "AUTH NTLM\r\n" + twice, ehlo + "AUTH NTLM\r\n" + aliceHidden + wonderHidden},
		{"msa", ehlo + "AUTH\r\n" + twice, ehlo + "AUTH\r\n" + aliceHidden + wonderHidden},
		{"msa", ehlo + fullLogin + twice, ehlo + "AUTH X-TOY " + wonderHidden + aliceHidden + wonderHidden},
		{"msa", ehlo + "AUTH X-TOY\r\n*\r\n*\r\n" + hunter + "\r\n", ehlo + "AUTH X-TOY\r\n*\r\n*\r\n*******\r\n"},
		// Commands in between do not end it, but for those that begin anew.
		{"mx", ehlo + "AUTH LOGIN\r\nhelp\r\nnoop\r\n" + hunter + " x\r\nNOOP\r\n" + hunter + "\r\nRSET\r\n" + hunter + "\r\n",
			ehlo + "AUTH LOGIN\r\nhelp\r\nnoop\r\n*********\r\nNOOP\r\n*******\r\nRSET\r\n*******\r\n"},
		{"mx", ehlo + "AUTH LOGIN\r\nMAIL FROM: <x>\r\n" + hunter + "\r\n" + mail + "RECPT\r\n", ehlo + "AUTH LOGIN\r\nMAIL FROM: <x>\r\n*******\r\n" + mail + "RECPT\r\n"},
		{"mx", ehlo + "AUTH LOGIN\r\nsend money\r\n" + mail + "HLEP\r\n", ehlo + "AUTH LOGIN\r\n**********\r\n" + mail + "HLEP\r\n"},
		{"mx", ehlo + "AUTH LOGIN\r\n" + ehlo + hunter + "\r\nVRFY " + hunter + "\r\nRSET " + hunter + "\r\nMAIL " + hunter + "\r\n", ehlo + "AUTH LOGIN\r\n" + ehlo + "*******\r\nVRFY *******\r\nRSET *******\r\nMAIL *******\r\n"},
		{"mx", "a1 AUTHENTICATE PLAIN\r\n" + both + "\r\n", "a1 AUTHENTICATE PLAIN\r\n" + stars(both) + "\r\n"},
		{"msa", ehlo + fullLogin + mail + "RECPT TO:<x>\r\n", ehlo + "AUTH X-TOY " + wonderHidden + mail + "RECPT TO:<x>\r\n"},
		// Spelled wrong.
		{"mx", "\tAUTH\tLOGIN\r\n" + twice, "\tAUTH\tLOGIN\r\n" + aliceHidden + wonderHidden},
		{"mx", "AUTHLOGIN\r\n" + twice, "AUTHLOGIN\r\n" + aliceHidden + wonderHidden},
		{"mx", "MAIL FROM:<a@b> AUTH LOGIN\r\n" + twice, "MAIL FROM:<a@b> AUTH LOGIN\r\n" + aliceHidden + wonderHidden},
		{"mx", "NOOP " + strings.Repeat("x", 600) + " AUTH PLAIN " + both + "\r\nHLEP\r\n", "NOOP " + strings.Repeat("x", 600) + " AUTH PLAIN " + stars(both) + "\r\nHLEP\r\n"},
		// Thrown away behind STARTTLS, or after the session; and TLS begins anew.
		{"msa", ehlo + starttls + "AUTH LOGIN\r\n" + twice + tlsHere + ehlo + "HLEP\r\n", ehlo + starttls + "AUTH LOGIN\r\n" + aliceHidden + wonderHidden + ehlo + "HLEP\r\n"},
		{"msa", ehlo + "AUTH NTLM\r\n" + starttls + tlsHere + "HLEP\r\n", ehlo + "AUTH NTLM\r\n" + starttls + "HLEP\r\n"},
		{"mx", "QUIT\r\nAUTH LOGIN\r\n" + twice, "QUIT\r\nAUTH LOGIN\r\n" + aliceHidden + wonderHidden},
		// Nobody logs in.
		{"mx", "HLEP\r\nHELP AUTH\r\n" + hunter + "\r\nAUHT x y\r\n" + alice + "\r\n", "HLEP\r\nHELP AUTH\r\n" + hunter + "\r\nAUHT x y\r\n" + alice + "\r\n"},
		{"msa", "MAIL FROM:<a@b.example> AUTH=<>\r\n" + alice + "\r\n", "MAIL FROM:<a@b.example> AUTH=<>\r\n" + alice + "\r\n"},
	} {
		config := fullConfig()
		if test.at == "msa" {
			guarded(config)
		}
		if got := checkMasked(t, config, test.said, whole, toy); got != test.shown && len(got) < MaxCommandLine {
			t.Fatalf("at %s %q\n is shown as %q,\n want         %q", test.at, test.said, got, test.shown)
		}
		stream := strings.ReplaceAll(test.said, tlsHere, "")
		for n := range len(stream) { // in two pieces
			shown, _ := maskedTalk(t, NewServer(config), test.said, func(at, left int) int {
				if at < n {
					return min(n-at, left)
				}
				return left
			}, toy)
			for i := range shown {
				if test.shown[i] == '*' && shown[i] != '*' {
					t.Fatalf("at %s %q, cut at %d, is shown as %q", test.at, test.said, n, shown)
				}
			}
		}
	}
}

// Most sessions have no login, and pay nothing for what hides one.
func TestMaskingAllocatesNothingWithoutALogin(t *testing.T) {
	s := serverAt(t, ehlo)
	group := []byte(mail + rcpt + "RCPT TO:<author@a.example>\r\n" + data)
	if n := testing.AllocsPerRun(100, func() {
		if &s.Mask(group)[0] != &group[0] {
			t.Fatal("something is hidden")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// RFC 4954 §9: a session used again knows nothing of the login before it.
func TestRFC4954_9_ResetForgetsTheLogin(t *testing.T) {
	s := NewServer(fullConfig())
	for range 2 {
		converse(t, s, "")
		if got := string(s.Mask([]byte("HLEP\r\n"))); got != "HLEP\r\n" {
			t.Error(got)
		}
		converse(t, s, "AUTH LOGIN\r\n")
		if got := string(s.Clone().Mask([]byte("HLEP\r\n"))); got != "****\r\n" {
			t.Error(got)
		}
		s.Reset()
	}
}
