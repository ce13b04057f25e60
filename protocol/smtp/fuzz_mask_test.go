package smtp

// A fuzz target for what may be shown of a login.

import (
	"strings"
	"testing"
)

// FuzzMask holds that no octet of a response is ever shown, and that pieces of
// what a client says show no more than its lines do, whatever it says, and
// whatever a server makes of it.
func FuzzMask(f *testing.F) {
	f.Add([]byte(ehlo+"AUTH PLAIN "+both+"\r\n"), []byte{3}, uint8(0))
	f.Add([]byte(ehlo+"AUTH X-TOY\r\n"+alice+"\r\n"+wonderland+"\r\n"+mail), []byte{1, 9}, uint8(1))
	f.Add([]byte(" AUTH\tPLAIN="+both+"\r\nNOOP\r\nhunter2\n\r\n*\r\n"), []byte{4}, uint8(2))
	f.Add([]byte(ehlo+starttls+"AUTH LOGIN\r\nx\r\n"+tlsHere+ehlo+fullLogin+"AUTHPLAIN x\r\n"), []byte{200, 1}, uint8(1|4))
	f.Add([]byte(to+"BDAT 4\r\nAUTHAUTH X-TOY\r\n"+responseOf(600)+"DATA\r\nAUTH x\r\n.\r\n"), []byte{7}, uint8(1|8))
	f.Add([]byte("MAIL FROM:<a@b> AUTH=a@b AUTH LOGIN x\r\n"+strings.Repeat("x", 600)+" AUTH PLAIN y\r\nEHLO z\r\nHLEP\r\n"), []byte{0}, uint8(2|16))
	f.Fuzz(func(t *testing.T, input, seed []byte, how uint8) {
		if len(input) > 3000 {
			return
		}
		config := fullConfig()
		config.MaxErrors, config.AcceptBareLF = -1, how&2 != 0
		if how&1 != 0 {
			guarded(config)
		}
		if how&16 != 0 {
			config.Extensions &^= Chunking
		}
		checkMasked(t, config, string(input), cutBy(seed), func(s *Server) Reply {
			r, c := toy(s), s.Command()
			for _, p := range c.Parts {
				if shown := string(c.Masked()[p.Start:p.End]); p.Kind == PartResponse && !c.Cancel && strings.Trim(shown, "* \t\r\n") != "" {
					t.Fatalf("response %q is shown in %q", shown, c.Line)
				}
			}
			switch {
			case how&4 != 0 && c.Verb == AUTH:
				r = Reply{Code: 334}
			case how&8 != 0 && (c.Verb == RCPT || c.Verb == MAIL):
				r = replyOK
			}
			return r
		})
	})
}
