package smtp

// Nobody reads a password over a shoulder: what may be shown of a login.

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// RFC 4954 §9: of a line a client says, a response is masked, octet for octet,
// and nothing else.
func TestMaskLine(t *testing.T) {
	for _, test := range []struct {
		line    string
		inLogin bool
		want    string
	}{
		{"AUTH PLAIN " + both + "\r\n", false, "AUTH PLAIN " + stars(both) + "\r\n"},
		{"auth plain x\r\n", false, "auth plain *\r\n"},
		{"AUTH PLAIN =\r\n", false, "AUTH PLAIN *\r\n"},
		{"AUTH PLAIN x", false, "AUTH PLAIN *"},
		{"AUTH PLAIN x\n", false, "AUTH PLAIN *\n"},
		{"AUTH PLAIN\r\n", false, "AUTH PLAIN\r\n"},
		{"AUTH PLAIN \r\n", false, "AUTH PLAIN \r\n"},
		{"AUTH PLAIN", false, "AUTH PLAIN"},
		{"AUTH", false, "AUTH"},
		{"AUTH \r\n", false, "AUTH \r\n"},
		{"AUTH  PLAIN secret\r\n", false, "AUTH  PLAIN ******\r\n"},
		{"AUTH PLAIN  secret\r\n", false, "AUTH PLAIN *******\r\n"},
		{"AUTH PLAIN sec ret \r\n", false, "AUTH PLAIN ********\r\n"},
		{"AUTH PL.AIN secret\r\n", false, "AUTH PL.AIN ******\r\n"},
		{"AUTH PL\rAIN secret\r\n", false, "AUTH PL\rAIN ******\r\n"},
		{"AUTH PLAIN se\rcret\r\n", false, "AUTH PLAIN *******\r\n"},
		{"AUTHOR PLAIN x\r\n", false, "AUTHOR PLAIN x\r\n"},
		{"MAIL FROM:<a@b.example> AUTH=<>\r\n", false, "MAIL FROM:<a@b.example> AUTH=<>\r\n"},
		{both + "\r\n", false, both + "\r\n"},
		{both + "\r\n", true, stars(both) + "\r\n"},
		{both, true, stars(both)},
		{"AUTH PLAIN x\r\n", true, "************\r\n"},
		{"*\r\n", true, "*\r\n"},
		{"**\r\n", true, "**\r\n"},
		{"\r\n", true, "\r\n"},
		{"", true, ""},
		{"", false, ""},
	} {
		line := []byte(test.line)
		if got := string(MaskLine(line, test.inLogin)); got != test.want {
			t.Errorf("%q in a login %v: %q, want %q", test.line, test.inLogin, got, test.want)
		}
		if string(line) != test.line {
			t.Errorf("%q was changed itself", test.line)
		}
		// Whoever asks the command gets the same answer.
		if c := ParseCommand(line); !test.inLogin && c.Secret() != (test.want != test.line) {
			t.Errorf("%q: secret %v", test.line, c.Secret())
		}
	}
}

func stars(s string) string { return strings.Repeat("*", len(s)) }

// RFC 4954 §4: the challenge in a reply is masked, and no other reply is.
func TestMaskReply(t *testing.T) {
	for reply, want := range map[string]string{
		password + "\r\n":           "334 ************\r\n",
		"334 \r\n":                  "334 \r\n",
		"334\r\n":                   "334\r\n",
		"334 x":                     "334 *",
		"334-nonce\r\n334 more\r\n": "334-*****\r\n334 ****\r\n",
		"334 nonce\r\nnonce\r\n":    "334 *****\r\n*****\r\n",
		"235 2.7.0 welcome\r\n":     "235 2.7.0 welcome\r\n",
		"33":                        "33",
		"":                          "",
	} {
		octets := []byte(reply)
		if got := string(MaskReply(octets)); got != want || string(octets) != reply {
			t.Errorf("%q: %q, want %q", reply, got, want)
		}
	}
}

// heardLine is a line as a server took it.
type heardLine struct {
	start, end int
	secret     [2]int // octets of a response
	verb       Verb
	login      bool // after it the next line is a response
}

// RFC 4954 §9: whatever a client says in whatever pieces, no octet of a response
// survives; nothing else is changed but what stands in one piece behind an AUTH
// or a response, and may be a response, too.
func TestNoResponseSurvivesMaskStream(t *testing.T) {
	line := rapid.OneOf(rapid.SampledFrom([]string{
		"AUTH X-TOY\r\n", "auth x-toy\r\n", "AUTH X-TOY\r\n" + alice + "\r\n" + wonderland + "\r\n", fullLogin, "AUTH PLAIN " + both + "\r\n", "AUTH X-TOY =\r\n", "AUTH X-TOY " + alice + "\r\n",
		"AUTH X-TOY  x\r\n", "AUTH  X-TOY x\r\n", "AUTH NO\r\n", "AUTH\r\n", "AUTH X-TOY A\rA\r\n", "AUTH X-TOY A\nA\r\n", "\r\n", "*\r\n", alice + "\r\n", wonderland + "\r\n", "A\nA\r\n", "A\rA\r\n", "\n\r\n", "**\r\n", "=\r\n",
		ehlo, mail, "RSET\r\n", "NOOP\r\n", "NOOP AUTH x y\r\n", "AUTHOR x y\r\n", authOf(600), responseOf(600),
	}), rapid.Map(rapid.StringMatching(`[A-Za-z0-9+/=* \r\n\t]{0,30}`), func(s string) string { return s + "\r\n" }))
	rapid.Check(t, func(rt *rapid.T) {
		config := fullConfig()
		guarded(config)
		config.MaxErrors, config.MaxLogins = -1, 1000
		input := ehlo + strings.Join(rapid.SliceOfN(line, 1, 15).Draw(rt, "lines"), "") + "\r\n"
		forced := rapid.Bool().Draw(rt, "334 to anything")
		s := NewServer(config)
		heard := []heardLine{{}} // the greeting
		runServer(t, s, input, whole, func(s *Server) Reply {
			c := s.Command()
			r := toy(s)
			if forced && c.Verb == AUTH {
				r = Reply{Code: 334}
			}
			h := heardLine{start: int(c.Offset), end: int(c.Offset) + len(c.Line), verb: c.Verb, login: (c.Verb == AUTH || c.Verb == Response) && r.Code == 334}
			for _, p := range c.Parts {
				if p.Kind == PartResponse {
					h.secret = [2]int{h.start + p.Start, h.start + p.End}
				}
			}
			if c.Verb != Connect {
				heard = append(heard, h)
			}
			return r
		})
		for i := range heard[1:] { // of a line too long only the head is known
			heard[i].end = heard[i+1].start
		}
		heard[len(heard)-1].end = len(input)
		cut, at := cuts(rt, "cuts"), 0
		for at < len(input) {
			n := cut(len(input) - at)
			first, _ := slices.BinarySearchFunc(heard[1:], at, func(h heardLine, at int) int { return h.end - at - 1 })
			before := heard[first] // the last line that had ended; what it led to is known
			piece := []byte(input[at : at+n])
			begun := []byte(input[before.end:at])
			masked := MaskStream(begun, piece, before.login)
			if string(piece) != input[at:at+n] || string(begun) != input[before.end:at] {
				rt.Fatal("what was given is changed")
			}
			if len(masked) != n {
				rt.Fatalf("%d octets of %d", len(masked), n)
			}
			careful := before.login // octets that may be masked
			for _, h := range heard[first+1:] {
				careful = careful || h.verb == AUTH
				for i := max(h.start, at); i < min(h.end, at+n); i++ {
					secret := i >= h.secret[0] && i < h.secret[1]
					switch got, was := masked[i-at], piece[i-at]; {
					case secret && got != '*' && strings.IndexByte(" \t\r\n", got) < 0:
						rt.Fatalf("octet %q of a response survives in %.99q, said %.99q %.99q", got, masked, begun, piece)
					case !careful && got != was, was == '\n' && got != was, was == '*' && got != was:
						rt.Fatalf("octet %q is %q in %.99q, said %.99q %.99q", was, got, masked, begun, piece)
					}
				}
			}
			at += n
		}
		// A line at a time, only responses are.
		for _, h := range heard[1:] {
			said := []byte(input[h.start:h.end])
			want := bytes.Clone(said)
			if h.verb == Response || h.verb == AUTH && h.secret[1] > 0 {
				for i := h.secret[0]; i < h.secret[1]; i++ {
					want[i-h.start] = '*'
				}
				if got := MaskStream(nil, said, h.verb == Response); !bytes.Equal(got, want) && !bytes.ContainsAny(bytes.TrimSuffix(said, []byte("\r\n")), "\r\n \t") {
					rt.Fatalf("%q is %q, want %q", said, got, want)
				}
			} else if h.verb != AUTH && !bytes.Contains(said, []byte("\nAUTH ")) {
				if got := MaskStream(nil, said, false); !bytes.Equal(got, said) {
					rt.Fatalf("%q is %q", said, got)
				}
			}
		}
	})
}

// RFC 4954 §9: a server knows what of the octets that are about to be fed may be
// shown: no octet of a response, in whatever pieces it comes, and the letter as
// it is, also where an AUTH follows it at once.
func TestServerMasks(t *testing.T) {
	long := strings.Repeat("secrets+", 1800)
	for _, test := range []struct{ said, shown string }{
		{ehlo + "AUTH X-TOY " + alice + "\r\n" + wonderland + "\r\n" + mail, ehlo + "AUTH X-TOY " + stars(alice) + "\r\n" + stars(wonderland) + "\r\n" + mail},
		{ehlo + "AUTH X-TOY\r\n" + alice + "\r\n*\r\n" + mail, ehlo + "AUTH X-TOY\r\n" + stars(alice) + "\r\n*\r\n" + mail},
		{ehlo + "AUTH X-TOY " + long + "\r\nNOOP\r\n", ehlo + "AUTH X-TOY " + stars(long) + "\r\nNOOP\r\n"},
		{ehlo + "AUTH X-TOY\r\n" + long + "\r\nNOOP\r\n", ehlo + "AUTH X-TOY\r\n" + stars(long) + "\r\nNOOP\r\n"},
		{"AUTH X-TOY " + long + "\r\nNOOP\r\n", "AUTH X-TOY " + stars(long) + "\r\nNOOP\r\n"},
		{to + data + "AUTH PLAIN x\r\nAUTH\r\nx\r\n..\r\n.x\r\n" + ".\r\n" + fullLogin, to + data + "AUTH PLAIN x\r\nAUTH\r\nx\r\n..\r\n.x\r\n" + ".\r\nAUTH X-TOY " + stars(wonderland) + "\r\n"},
		{to + data + "x\r\n.\r\nAUTH X-TOY\r\n" + wonderland + "\r\n", to + data + "x\r\n.\r\nAUTH X-TOY\r\n" + stars(wonderland) + "\r\n"},
		{to + "BDAT 14\r\nAUTH PLAIN x\r\n" + "BDAT 6 LAST\r\nAUTH\r\n" + fullLogin, to + "BDAT 14\r\nAUTH PLAIN x\r\n" + "BDAT 6 LAST\r\nAUTH\r\nAUTH X-TOY " + stars(wonderland) + "\r\n"},
		{ehlo + "BDAT 14\r\nAUTH PLAIN x\r\n" + fullLogin, ehlo + "BDAT 14\r\nAUTH PLAIN x\r\nAUTH X-TOY " + stars(wonderland) + "\r\n"},
	} {
		for _, size := range []int{1, 2, 3, 7, 50, 511, 513, 4000} {
			config := fullConfig()
			guarded(config)
			s := NewServer(config)
			converse(t, s, "")
			shown := ""
			for octets := test.said; octets != ""; {
				piece := octets[:min(size, len(octets))]
				masked := s.Mask([]byte(piece))
				if len(masked) != len(piece) {
					t.Fatalf("%d octets of %d", len(masked), len(piece))
				}
				shown += string(masked)
				converse(t, s, piece)
				octets = octets[len(piece):]
			}
			for i := range shown {
				if shown[i] != test.shown[i] && (size == 1 || test.shown[i] == '*') {
					t.Fatalf("%.300q in pieces of %d: octet %d is %q, want %q", test.said, size, i, shown[max(0, i-20):min(len(shown), i+20)], test.shown[max(0, i-20):min(len(shown), i+20)])
				}
			}
		}
	}
	// A letter alone is shown as it is, in pieces of any size.
	for _, begin := range []string{data, "BDAT 5000\r\n"} {
		for size := 1; size < 200; size += 13 {
			s := serverAt(t, to+begin)
			letter := strings.Repeat("AUTH PLAIN x\r\nAUTH\r\n.AUTH x y\r\n..\r\n", 30)
			for at := 0; at < len(letter); at += size {
				piece := letter[at:min(len(letter), at+size)]
				if got := string(s.Mask([]byte(piece))); got != piece {
					t.Fatalf("%q is shown as %q", piece, got)
				}
				converse(t, s, piece)
			}
		}
	}
	// What waits while a decision is open may be the response it leads to.
	s := serverAt(t, ehlo)
	s.Feed([]byte("NOOP\r\nAUTH X-TOY\r\nd29u"))
	if s.Next() != Decide {
		t.Fatal(s.Next())
	}
	for ; s.Next() == Decide; s.Reply(toy(s)) {
		if got := string(s.Mask([]byte("ZGVy\r\nAAAA"))); got != "****\r\n****" {
			t.Errorf("at %v: %q", s.Command().Verb, got)
		}
	}
	if got := string(s.Mask([]byte("ZGVy\r\n"))); got != "****\r\n" {
		t.Errorf("%q", got)
	}
}
