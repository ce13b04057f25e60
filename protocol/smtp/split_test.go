package smtp

// Properties: how the octets are cut changes nothing, and whatever the client
// writes the server reads.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// cuts draws how the octets are cut.
func cuts(t *rapid.T, label string) cutter {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 20).Draw(t, label)
	if rapid.Bool().Draw(t, label+" large") {
		sizes = append(sizes, 3000, 5000)
	}
	i := 0
	return func(left int) int {
		i++
		return min(left, sizes[i%len(sizes)])
	}
}

// inputs draws what a client might say: sense, nonsense, and both run together.
func inputs() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			ehlo, "HELO x.example\r\n", mail, "MAIL FROM:<> SIZE=12\r\n", rcpt, "RCPT TO:<Postmaster>\r\n", data, data, "RSET\r\n", "NOOP\r\n",
			"HELP\r\n", "QUIT\r\n", "VRFY bob\r\n", "DATA x\r\n", "MAIL FROM: <x>\r\n", "\r\n", "\n", "\r", ".", ".\r\n", "\r\n.\r\n", "\r\n.\r\n", "..\r\n", ".\n", ".\r",
			"a letter\r\n", "NOOP " + strings.Repeat("x", 510) + "\r\n", strings.Repeat("long ", 1300), strings.Repeat("body\r\n", 900),
			ehlo + mail + rcpt + data, mail + rcpt + data + "hi\r\n.\r\n",
			mail + rcpt + "BDAT 4\r\nhi\r\nBDAT 0 LAST\r\n", "BDAT 4 LAST\r\nhi\r\n", "BDAT 6\r\nNOOP\r\n", "BDAT 1\r\n", "BDAT 5000\r\n", "BDAT 0 LAST\r\n", "BDAT 3 LATS\r\n", "BDAT x\r\n",
			"BDAT 9 LAST" + strings.Repeat(" ", 600) + "\r\n", "MAIL FROM:<a@b.example> BODY=BINARYMIME RET=FULL ENVID=+41\r\n", "MAIL FROM:<ä@ü.example> SMTPUTF8\r\n", "RCPT TO:<ö@x.example> NOTIFY=NEVER\r\n",
			"RCPT TO:<b@x.example> NOTIFY=DELAY ORCPT=rfc822;" + strings.Repeat("x", 500) + "\r\n", "VRFY ü SMTPUTF8\r\n", "EXPN x\r\n", "HELP BDAT\r\n",
			starttls, starttls + tlsHere, starttls + tlsHere + ehlo, tlsHere, "STARTTLS x\r\n", needTLS, withAUTH("<>") + "\r\n", "AUTH\r\n", "AUTH NO\r\n", "AUTH X-TOY =\r\n",
			fullLogin, "AUTH X-TOY\r\n", "AUTH X-TOY\r\n", "AUTH X-TOY " + alice + "\r\n", "AUTH PLAIN " + both + "\r\n", alice + "\r\n", wonderland + "\r\n", "*\r\n", "AA\nA\r\n",
			authOf(700), authOf(13000), responseOf(700), responseOf(13000), authOf(MaxLoginLine), responseOf(MaxLoginLine + 1),
		}),
		rapid.StringN(0, 20, 40),
	)
	return rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.SliceOfN(piece, 1, 25).Draw(t, "pieces")
		if rapid.IntRange(0, 3).Draw(t, "polite") > 0 {
			pieces = append([]string{ehlo}, pieces...)
		}
		return strings.Join(pieces, "")
	})
}

func TestServerSameForAnySplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		config := fullConfig()
		config.AcceptBareLF = rapid.Bool().Draw(rt, "bare LF")
		config.SkipDotUnstuffing = rapid.Bool().Draw(rt, "skip unstuffing")
		config.Expn, config.NoHelp = rapid.Bool().Draw(rt, "EXPN"), rapid.Bool().Draw(rt, "no HELP")
		config.MaxErrors, config.MaxMails = rapid.IntRange(-1, 5).Draw(rt, "errors"), rapid.IntRange(0, 3).Draw(rt, "mails")
		config.MaxSize = rapid.SampledFrom([]int64{0, 5, 10000}).Draw(rt, "size")
		if rapid.Bool().Draw(rt, "some extensions") {
			config.Extensions = Extensions(rapid.IntRange(0, int(AllExtensions)).Draw(rt, "extensions"))
		}
		if rapid.Bool().Draw(rt, "TLS and logins") {
			guarded(config)
			config.MustLogin, config.MaxLogins = rapid.Bool().Draw(rt, "must log in"), rapid.IntRange(0, 5).Draw(rt, "logins")
		}
		input := inputs().Draw(rt, "input")
		own := rapid.SampledFrom([]map[Verb]Reply{nil, {RCPT: {Code: 550}}, {DATA: {Code: 354}}, {MAIL: {Then: Silent}}, {EndOfData: {Then: Silent}},
			{BDAT: {Then: Silent}}, {BDAT: {Code: 250}}, {BDAT: {Code: 452}}, {BDAT: {Code: 250}, DATA: {Code: 354}, RCPT: {Code: 250}, MAIL: {Code: 250}},
			{STARTTLS: {Code: 220}}, {AUTH: {Code: 334}}, {AUTH: {Code: 334}, Response: {Code: 334}}, {Response: {Then: Silent}}, {AUTH: {Code: 235}, STARTTLS: {Code: 250}}}).Draw(rt, "own")
		want := runServer(t, NewServer(config), input, whole, given(own))
		got := runServer(t, NewServer(config), input, cuts(rt, "cuts"), given(own))
		if diff := cmp.Diff(want.events, got.events); diff != "" {
			rt.Fatalf("cutting %q changed what happened:\n%s", input, diff)
		}
		if want.output != got.output {
			rt.Fatalf("output %q, want %q", got.output, want.output)
		}
	})
}

func TestClientSameForAnySplit(t *testing.T) {
	reply := rapid.SampledFrom([]string{
		"250 ok", "250 ok", "250 2.1.0 ok", "354 go", "354 go", "550 5.1.1 who", "451 later", "421 bye", "500 what", "drop", "250-a\n250 b", "250-a\n251 b",
		"garbage", "", "25", "250", "999 x", everybody, pipe, chunksPipe, allOffers, "220 " + strings.Repeat("x", 600), strings.Repeat("250-x\n", 101) + "250 y",
		"220 go", "220 go", "454 no", "334 ", "334 ", password, password, "334 go on", "334-Zm9v\n334 Zm9v", "334 " + strings.Repeat("A", 3000), "235 welcome", "235 welcome", "501 over", "535 wrong", offerTLS, offerLogin, offerInside,
	})
	rapid.Check(t, func(rt *rapid.T) {
		replies := rapid.SliceOfN(reply, 0, 20).Draw(rt, "replies")
		if rapid.IntRange(0, 3).Draw(rt, "polite") > 0 {
			replies = append([]string{greeting, rapid.SampledFrom([]string{everybody, pipe, plain, chunks, chunksPipe, allOffers, offerTLS, offerTLS, offerLogin, offerLogin}).Draw(rt, "ehlo")}, replies...)
		}
		var envelopes []Envelope
		for i := range rapid.IntRange(1, 3).Draw(rt, "letters") {
			e := Envelope{From: Path{"alice", "sender.example"}, RequireTLS: rapid.IntRange(0, 5).Draw(rt, "demands TLS") == 0, EightBit: rapid.Bool().Draw(rt, "8"), Binary: rapid.IntRange(0, 5).Draw(rt, "binary") == 0, UTF8: rapid.IntRange(0, 5).Draw(rt, "UTF-8") == 0}
			for j := range rapid.IntRange(1, 3).Draw(rt, "recipients") {
				local := rapid.SampledFrom([]string{"r", "r", "ö"}).Draw(rt, "local")
				e.To = append(e.To, Path{fmt.Sprint(local, i, j), rapid.SampledFrom([]string{"receiver.example", "receiver.example", "ü.example"}).Draw(rt, "domain")})
				e.ToDSNs = append(e.ToDSNs, DSNRcpt{Notify: NotifyDelay})
			}
			envelopes = append(envelopes, e)
		}
		letter := rapid.String().Draw(rt, "letter")
		size := rapid.SampledFrom([]int{0, 1, 2, 7}).Draw(rt, "chunk")
		wish := rapid.SampledFrom([]TLSWish{IfOffered, Insist}).Draw(rt, "TLS")
		logins := rapid.SliceOfN(rapid.SampledFrom([]credentials{plainLogin, toyLogin, {"X-TOY", nil, nil}, {"PLAIN", longInitial(1), nil}}), 0, 3).Draw(rt, "logins")
		run := func(cut cutter) (string, *scripted) {
			s := &scripted{replies: append([]string(nil), replies...)}
			c := NewClient(&ClientConfig{Hostname: "x.example", Use: AllExtensions | Security, TLS: wish, ChunkSize: size})
			log := runClient(t, c, s, cut, envelopes, letter, logins...)
			if wish == Insist && !log.inClear() {
				rt.Fatalf("said in clear: %q", log.clear)
			}
			failure, _ := c.Failure()
			for _, results := range log.results {
				for _, r := range results {
					if r.Outcome == Pending {
						rt.Fatalf("no verdict on %v", r.To)
					}
					if r.Outcome == Delivered && (r.Local || !r.Reply.Positive() || r.Verb != EndOfData && r.Verb != BDAT) {
						rt.Fatalf("%+v", r)
					}
				}
			}
			return fmt.Sprintf("%q\n%v\n%v\n%v\n%v", log.events, log.results, log.logins, failure, s.heard), s
		}
		want, _ := run(whole)
		got, _ := run(cuts(rt, "cuts"))
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("cutting the replies changed what happened:\n%s", diff)
		}
	})
}

// asSent is a letter with line ends as SMTP carries them.
func asSent(letter string) string {
	s := strings.ReplaceAll(letter, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// talk lets a client and a server talk until the client has sent all letters. It
// logs in if it can, and begins TLS. talk returns the letters the server read.
// taken is called for each of them.
func talk(t testing.TB, c *Client, s *Server, cut cutter, envelopes []Envelope, letters []string, taken func(*Server)) (read []string, results [][]Result) {
	t.Helper()
	var toServer, toClient []byte
	var letter []byte
	next := 0
	asked := false
	for range 1_000_000 {
		switch s.Next() {
		case Decide:
			if s.Command().EndsLetter() {
				read = append(read, string(letter))
				letter = letter[:0]
				if taken != nil {
					taken(s)
				}
			}
			s.Reply(toy(s))
			continue
		case Body:
			piece, _ := s.Chunk()
			letter = append(letter, piece...)
			continue
		case NeedInput:
			if len(toServer) > 0 {
				toServer = toServer[s.Feed(toServer[:cut(len(toServer))]):]
				continue
			}
		}
		toClient = append(toClient, s.Output()...)
		switch c.Next() {
		case Done:
			return read, results
		case Handshake:
			if s.Next() != Handshake || len(toServer) > 0 {
				t.Fatalf("TLS on one side: client %v, server %v", c.State(), s.State())
			}
			c.Feed(toClient)
			toClient = nil
			s.Secured()
			c.Secured()
		case Challenge:
			if string(c.Challenge()) == "Password:" {
				c.Respond([]byte("wonderland"))
			} else {
				c.Respond([]byte("alice"))
			}
		case Ready:
			if !asked && c.uses(Auth) {
				asked = true
				if err := c.Login("X-TOY", nil); err != nil {
					t.Fatal(err)
				}
				break
			}
			if next > 0 {
				results = append(results, append([]Result(nil), c.Results()...))
			}
			if next == len(envelopes) {
				return read, results
			}
			if err := c.Send(envelopes[next]); err != nil {
				t.Fatal(err)
			}
			next++
		case Letter:
			for rest := []byte(letters[next-1]); len(rest) > 0; {
				n := cut(len(rest))
				c.Write(rest[:n])
				rest = rest[n:]
			}
			c.EndLetter()
		case NeedInput:
			if len(toClient) > 0 {
				toClient = toClient[c.Feed(toClient[:cut(len(toClient))]):]
			}
		}
		toServer = append(toServer, c.Output()...)
	}
	t.Fatalf("the talk does not end: client %v, server %v", c.State(), s.State())
	return
}

func TestAnyLetterArrives(t *testing.T) {
	letter := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune(".\r\n ax"))),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.StringOfN(rapid.RuneFrom([]rune(".\r\nab")), 1, 30, -1).Draw(t, "unit"), rapid.IntRange(1, 400).Draw(t, "times"))
		}))
	rapid.Check(t, func(rt *rapid.T) {
		config := &Config{Extensions: Extensions(rapid.IntRange(0, int(AllExtensions)).Draw(rt, "offered")) | EightBitMIME}
		use := Extensions(rapid.IntRange(0, int(AllExtensions)).Draw(rt, "used")) | EightBitMIME
		wish := IfOffered
		if rapid.Bool().Draw(rt, "TLS and logins") {
			guarded(config)
			config.MustLogin = true
			use |= Security
			wish = rapid.SampledFrom([]TLSWish{IfOffered, Insist}).Draw(rt, "TLS")
		}
		size := rapid.SampledFrom([]int{0, 1, 10, 1000}).Draw(rt, "chunk")
		letters := rapid.SliceOfN(letter, 1, 3).Draw(rt, "letters")
		binary := rapid.Bool().Draw(rt, "binary") && (config.Extensions & use).usable().Has(BinaryMIME)
		var envelopes []Envelope
		var want []string
		for _, l := range letters {
			sent := l
			if !binary {
				sent = asSent(l)
			}
			want = append(want, sent)
			envelopes = append(envelopes, Envelope{To: []Path{{"bob", "ü.example"}, {"Postmaster", ""}}, Size: int64(len(sent)), EightBit: true, Binary: binary, RequireTLS: config.MustLogin})
		}
		got, results := talk(t, NewClient(&ClientConfig{Use: use, TLS: wish, ChunkSize: size}), NewServer(config), cuts(rt, "cuts"), envelopes, letters, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
		for i, rs := range results {
			for _, r := range rs {
				long := longestLine(want[i]) > MaxTextLine && !binary
				if long != (r.Outcome == Refused) || !long && r.Outcome != Delivered {
					rt.Fatalf("letter %d: %+v", i, r)
				}
			}
		}
	})
}

func longestLine(letter string) int {
	longest := 0
	for _, l := range strings.SplitAfter(letter, "\n") {
		longest = max(longest, len(l))
	}
	return longest
}
