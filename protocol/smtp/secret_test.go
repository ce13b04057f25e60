package smtp

// Nobody reads a password over a shoulder: what may be shown of a login.

import (
	"strings"
	"testing"
)

// RFC 4954 §9: of a line a client says, a response is masked, octet for octet,
// and nothing else.
func TestRFC4954_9_MaskedLine(t *testing.T) {
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
		{"AUTH PLAIN", false, "AUTH *****"},
		{"AUTH PLAIN ", false, "AUTH PLAIN "},
		{"AUTH", false, "AUTH"},
		{"AUTH \r\n", false, "AUTH \r\n"},
		{"AUTH  PLAIN secret\r\n", false, "AUTH  PLAIN ******\r\n"},
		{"AUTH PLAIN  secret\r\n", false, "AUTH PLAIN *******\r\n"},
		{"AUTH PLAIN sec ret \r\n", false, "AUTH PLAIN ********\r\n"},
		{"AUTH PL.AIN secret\r\n", false, "AUTH *************\r\n"},
		{"AUTH PL\rAIN secret\r\n", false, "AUTH *************\r\n"},
		{"AUTH PLAIN se\rcret\r\n", false, "AUTH PLAIN *******\r\n"},
		{"AUTHOR PLAIN x\r\n", false, "AUTHOR PLAIN x\r\n"},
		{"AUTHOR PLAIN " + both + "\r\n", false, "AUTHOR PLAIN " + stars(both) + "\r\n"},
		{"AUTH wonderland\r\n", false, "AUTH **********\r\n"},
		{"AUTH WONDERLAND\r\n", false, "AUTH **********\r\n"},
		{"AUTH KERBEROS_V5 x\r\n", false, "AUTH KERBEROS_V5 *\r\n"},
		{"AUTH SCRAM-SHA3-512-PLUS x\r\n", false, "AUTH SCRAM-SHA3-512-PLUS *\r\n"},
		{"AUTHOR\r\n", false, "AUTHOR\r\n"},
		// Spelled wrong.
		{"AUTH PLAIN\tsecret\r\n", false, "AUTH PLAIN\t******\r\n"},
		{" AUTH PLAIN secret\r\n", false, " AUTH PLAIN ******\r\n"},
		{" \t AUTH PLAIN secret\r\n", false, " \t AUTH PLAIN ******\r\n"},
		{"AUTHPLAIN secret\r\n", false, "AUTHPLAIN ******\r\n"},
		{"AuthPlain secret\r\n", false, "AuthPlain ******\r\n"},
		{"AUTHPLAIN" + both + "\r\n", false, "AUTH*****" + stars(both) + "\r\n"},
		{"AUTH\tPLAIN\tsecret\r\n", false, "AUTH\tPLAIN\t******\r\n"},
		{"AUTH=PLAIN secret\r\n", false, "AUTH=PLAIN ******\r\n"},
		{"AUTH = PLAIN secret\r\n", false, "AUTH = PLAIN ******\r\n"},
		{"auth plain=secret\r\n", false, "auth plain=******\r\n"},
		{"AUTH:PLAIN secret\r\n", false, "AUTH*************\r\n"},
		{"AUTH " + both + "\r\n", false, "AUTH " + stars(both) + "\r\n"},
		{"AUTH " + wonderland + "\r\n", false, "AUTH " + stars(wonderland) + "\r\n"},
		{"AUTH d29uZGVybGFu\r\n", false, "AUTH ************\r\n"},
		{"MAIL FROM:<a@b.example> AUTH PLAIN secret\r\n", false, "MAIL FROM:<a@b.example> AUTH PLAIN ******\r\n"},
		{"MAIL FROM:<a@b.example>AUTH PLAIN secret\r\n", false, "MAIL FROM:<a@b.example>AUTH PLAIN ******\r\n"},
		{"MAIL FROM:<a@b.example> AUTH=PLAIN secret\r\n", false, "MAIL FROM:<a@b.example> AUTH=PLAIN ******\r\n"},
		{"MAIL FROM:<a@b.example> AUTH=" + both + "\r\n", false, "MAIL FROM:<a@b.example> AUTH=" + stars(both) + "\r\n"},
		{"NOOP AUTH PLAIN secret\r\n", false, "NOOP AUTH PLAIN ******\r\n"},
		{"x\x00AUTH LOGIN secret\r\n", false, "x\x00AUTH LOGIN ******\r\n"},
		// No logins.
		{"MAIL FROM:<a@b.example> AUTH=<>\r\n", false, "MAIL FROM:<a@b.example> AUTH=<>\r\n"},
		{"MAIL FROM:<a@b.example> AUTH=a@b.example SIZE=100\r\n", false, "MAIL FROM:<a@b.example> AUTH=a@b.example SIZE=100\r\n"},
		{"MAIL FROM:<auth@b.example> SIZE=100\r\n", false, "MAIL FROM:<auth@b.example> SIZE=100\r\n"},
		{"MAIL FROM:<author x@b.example>\r\n", false, "MAIL FROM:<author x@b.example>\r\n"},
		{"VRFY Oauth Smith Jones\r\n", false, "VRFY Oauth Smith Jones\r\n"},
		{"HELP AUTH\r\n", false, "HELP AUTH\r\n"},
		{"EHLO auth.example\r\n", false, "EHLO auth.example\r\n"},
		{"AUHT PLAIN x\r\n", false, "AUHT PLAIN x\r\n"},
		{"Subject: a plain answer\r\n", false, "Subject: a plain answer\r\n"},
		{"Subject: Basic manners\r\n", false, "Subject: Basic manners\r\n"},
		{"To: user@login.example\r\n", false, "To: user@login.example\r\n"},
		{"Please login to read it\r\n", false, "Please login to read it\r\n"},
		// Logins of other protocols, and AUTH that is misspelt.
		{"AUHT PLAIN " + both + "\r\n", false, "AUHT PLAIN " + stars(both) + "\r\n"},
		{"AUHT PLAIN AGF", false, "AUHT PLAIN ***"},
		{"PLAIN " + both + "\r\n", false, "PLAIN " + stars(both) + "\r\n"},
		{"XAUTH PLAIN " + both + " \r\n", false, "XAUTH PLAIN " + stars(both) + "*\r\n"},
		{"AUTX\bH  PLAIN  " + both + "\r\n", false, "AUTX\bH  PLAIN  " + stars(both) + "\r\n"},
		{"USER alice\r\n", false, "USER *****\r\n"},
		{"pass hunter2\r\n", false, "pass *******\r\n"},
		{"a1 LOGIN alice hunter2\r\n", false, "a1 LOGIN *************\r\n"},
		{"a1 AUTHENTICATE PLAIN " + both + "\r\n", false, "a1 AUTHENTICATE PLAIN " + stars(both) + "\r\n"},
		{"Proxy-Authorization: Basic " + both + "\r\n", false, "Proxy-Authorization: Basic " + stars(both) + "\r\n"},
		{`AUTHENTICATE "PLAIN" "` + both + "\"\r\n", false, `AUTHENTICATE "PLAIN" ` + stars(both) + "**\r\n"},
		{"AUTHENTICATE hunter2\r\n", false, "AUTHENTICATE *******\r\n"},
		{"a1 AUTHENTICATE hunter2 x\r\n", false, "a1 AUTHENTICATE *********\r\n"},
		{"Authorization: Digest username=alice\r\n", false, "Authorization: Digest **************\r\n"},
		{"Authorization: " + both + "\r\n", false, "Authorization: " + stars(both) + "\r\n"},
		{"login alice hunter2\r\n", false, "login *************\r\n"},
		{"a1 login alice hunter2\r\n", false, "a1 login *************\r\n"},
		{"user alice\r\n", false, "user *****\r\n"},
		{"PASSWORD hunter2\r\n", false, "PASSWORD *******\r\n"},
		{"Password: hunter2\r\n", false, "Password: *******\r\n"},
		{"APOP alice c4c9334bac560ecc979e58001b3e22fb\r\n", false, "APOP **************************************\r\n"},
		{"User interfaces are for people\r\n", false, "User interfaces are for people\r\n"},
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
		if got := string(Masker{}.Mask(line, test.inLogin)); got != test.want {
			t.Errorf("%q in a login %v: %q, want %q", test.line, test.inLogin, got, test.want)
		}
		if string(line) != test.line {
			t.Errorf("%q was changed itself", test.line)
		}
		// Whoever asks the command gets the same answer.
		if c := ParseCommand(line); !test.inLogin && (c.Secret() != (test.want != test.line) || string(c.Masked()) != test.want) {
			t.Errorf("%q: secret %v, %q", test.line, c.Secret(), c.Masked())
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

// RFC 4954 §9: a server knows what of the octets that are about to be fed may be
// shown: no octet of a response, in whatever pieces it comes, and the letter as
// it is, also where an AUTH follows it at once.
func TestRFC4954_9_ServerMasks(t *testing.T) {
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
		for _, size := range []int{0, 1, 2, 3, 7, 50, 511, 513, 4000} { // 0: a line at a time
			config := fullConfig()
			guarded(config)
			s := NewServer(config)
			converse(t, s, "")
			shown := ""
			for octets := test.said; octets != ""; {
				piece := octets[:min(size, len(octets))]
				if size == 0 {
					piece = octets[:lineEnd([]byte(octets))]
				}
				masked := s.Mask([]byte(piece))
				if len(masked) != len(piece) {
					t.Fatalf("%d octets of %d", len(masked), len(piece))
				}
				shown += string(masked)
				converse(t, s, piece)
				octets = octets[len(piece):]
			}
			for i := range shown {
				if shown[i] != test.shown[i] && (size == 0 || test.shown[i] == '*') {
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
