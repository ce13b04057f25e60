package smtp

// Golden transcripts: sessions on paper, in testdata/*.txt. See its README.

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helo/protocol/sasl"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// play plays what a transcript says the client sends and the server decides,
// and returns the transcript of that.
func play(t *testing.T, script string) string {
	t.Helper()
	config := fullConfig()
	config.Extensions = BasicExtensions
	var out strings.Builder
	var s *Server
	var own []Reply
	var letter []byte
	var users users
	thrown := 0
	// serve lets the server go on and writes down what it says.
	serve := func(octets []byte) {
		for {
			before := s.State()
			switch s.Next() {
			case Decide:
				if c := s.Command(); c.Verb == BDAT && !c.Discarded { // its octets are not lines
					if len(letter) > 0 {
						fmt.Fprintf(&out, "   | %s\n", escape(string(letter)))
					}
					if c.Last {
						out.WriteString("   | end\n")
					}
					letter = nil
				} else if c.Verb == EndOfData {
					for line := range strings.SplitSeq(strings.TrimSuffix(string(letter), "\r\n"), "\r\n") {
						fmt.Fprintf(&out, "   | %s\n", escape(line))
					}
					letter = nil
				}
				r := s.Proposal()
				if len(own) > 0 {
					r, own = own[0], own[1:]
				} else {
					r = users.login(s.Command(), r)
				}
				for line := range strings.SplitAfterSeq(string(s.Reply(r)), "\r\n") {
					if line != "" {
						fmt.Fprintf(&out, "S: %s\n", escape(strings.TrimSuffix(line, "\r\n")))
					}
				}
			case Body:
				piece, _ := s.Chunk()
				letter = append(letter, piece...)
			case Closed:
				return
			case NeedInput:
				if len(octets) == 0 {
					return
				}
				octets = octets[s.Feed(octets):]
			case Handshake: // what is said in clear now is for nobody
				s.Feed(octets)
				octets = nil
				if n := s.Discarded() - thrown; n > 0 {
					fmt.Fprintf(&out, "   ~ %d octets thrown away\n", n)
				}
				if thrown = s.Discarded(); s.State() == before {
					return
				}
			}
			if after := s.State(); after != before {
				fmt.Fprintf(&out, "   [%v]\n", after)
			}
		}
	}
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		mark, text, _ := strings.Cut(line, " ")
		switch mark {
		case "S:", "": // written anew
			if line == "" {
				out.WriteString("\n")
			}
			continue
		}
		out.WriteString(line + "\n")
		switch mark {
		case "#":
		case "offer":
			config.Extensions = 0
			for word := range strings.FieldsSeq(text) {
				x, ok := ParseExtension(word)
				if !ok {
					t.Fatalf("unknown extension %q", word)
				}
				config.Extensions |= x
			}
		case "max":
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			config.MaxSize = n
		case "limits":
			for word := range strings.FieldsSeq(text) {
				name, value, _ := strings.Cut(word, "=")
				n, err := strconv.Atoi(value)
				if err != nil {
					t.Fatal(err)
				}
				switch name {
				case "recipients":
					config.MaxRecipients = n
				case "mails":
					config.MaxMails = n
				case "mistakes":
					config.MaxErrors = n
				case "logins":
					config.MaxLogins = n
				default:
					t.Fatalf("unknown limit %q", name)
				}
			}
		case "expn":
			config.Expn = text == "on"
		case "lax":
			config.AcceptBareLF = strings.Contains(text, "bare-lf")
			config.SkipDotUnstuffing = strings.Contains(text, "dots")
		case "clear":
			config.ClearMechanisms = strings.Fields(text)
		case "inside":
			config.Mechanisms = strings.Fields(text)
		case "login":
			config.MustLogin = text == "demanded"
		case "user":
			name, password, _ := strings.Cut(text, " ")
			users.accounts = append(users.accounts, sasl.Account{User: name, Password: password})
		case "connect":
			s, thrown = NewServer(config), 0
			serve(nil)
		case "--": // TLS begins
			if s.Next() != Handshake {
				t.Fatalf("TLS in the state %v", s.State())
			}
			s.Secured()
			fmt.Fprintf(&out, "   [%v]\n", s.State())
		case "decide":
			r, err := ParseReplySpec(text)
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, r)
		case "C:":
			serve([]byte(unescape(t, text) + "\r\n"))
		case "C>": // no line end
			serve([]byte(unescape(t, text)))
		default:
			t.Fatalf("unknown mark %q", mark)
		}
	}
	return out.String()
}

// users are who may log in.
type users struct {
	accounts []sasl.Account
	exchange sasl.Exchange
}

// login answers AUTH and responses where the engine leaves that to its driver.
func (u *users) login(c *Command, proposed Reply) Reply {
	if proposed.Code != 454 || c.Verb != AUTH && c.Verb != Response {
		return proposed
	}
	if c.Verb == AUTH {
		var err error
		u.exchange, err = sasl.NewExchange(strings.ToUpper(c.Mechanism), sasl.ServerOptions{Accounts: sasl.NewAccounts(u.accounts), Host: "mx.receiver.example", Nonce: "1896.697170952"})
		if err != nil {
			return proposed
		}
	}
	switch challenge, done, err := u.exchange.Next(c.SASL); {
	case err != nil:
		return DefaultReply(535)
	case done:
		return answer(235, Enhanced{2, 7, 0}, "logged in")
	default:
		return ChallengeReply(challenge)
	}
}

// escape shows what is not printable ASCII as \r, \n, \t or \xNN.
func escape(s string) string {
	q := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	u, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}
