package smtp

// The rules of AUTH on the server's side (RFC 4954, RFC 4422), each by its
// section.

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// authOf returns an AUTH line of that many octets; the response is no base64
// unless the length is right for it.
func authOf(n int) string {
	const line = "AUTH X-TOY "
	return line + strings.Repeat("A", n-len(line)-2) + "\r\n"
}

// responseOf returns an answer to a challenge of that many octets.
func responseOf(n int) string { return strings.Repeat("A", n-2) + "\r\n" }

// withAUTH is a MAIL with that AUTH=.
func withAUTH(value string) string { return "MAIL FROM:<e=mc2@example.com> AUTH=" + value }

var loginRules = []serverRule{
	{name: "RFC 4954 §4.1: a login with an initial response", config: guarded, send: tlsHere + ehlo + "AUTH PLAIN " + both + "\r\n" + mail, want: []string{"250", "235 2.7.0", "250"}},
	{name: "RFC 4954 §4.1: and without: an empty challenge is 334 and a space", config: guarded, send: tlsHere + ehlo + "AUTH PLAIN\r\n" + both + "\r\n" + mail, want: []string{"250", "334 ", "235 2.7.0", "250"}},
	{name: "RFC 4954 §4: challenges and responses", config: guarded, send: ehlo + "AUTH X-TOY\r\n" + lines(alice, wonderland) + mail, want: []string{"250", "334 ", password, "235", "250"}},
	{name: "RFC 4954 §8: the verb and the mechanism in any case, base64 as it is", config: guarded, send: ehlo + "auth x-toy " + alice + "\r\n" + strings.ToLower(wonderland) + "\r\n" + "Auth X-Toy " + wonderland + "\r\n", want: []string{"250", password, "535", "235"}},
	{name: "RFC 5321 §4.2.4: where AUTH is not offered it is 502, whatever its argument", send: ehlo + lines("AUTH PLAIN "+both, "AUTH", "AUTH PLAIN =A") + mail, want: []string{"250", "502 5.5.1", "502", "502", "250"}},
	{name: "RFC 4954 §4: nor is it without mechanisms", config: func(c *Config) { c.Extensions = Auth | EnhancedStatusCodes },
		send: ehlo + "AUTH PLAIN\r\n" + withAUTH("<>") + "\r\n" + tlsHere + "HELP\r\n", want: []string{"250-mx.receiver.example\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP", "502", "555", "214 2.0.0 commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"}},
	{name: "RFC 4954 §4: AUTH before EHLO is 503", config: guarded, send: lines("AUTH X-TOY", "AUTH", "AUTH X-TOY =A", "AUTH NO") + ehlo, want: []string{"503 5.5.1", "503", "503", "503", "250"}},
	{name: "RFC 4954 §4: no login inside a transaction", config: guarded, send: ehlo + mail + fullLogin + "AUTH\r\n" + rcpt + fullLogin + "BDAT 1\r\nx" + fullLogin + "BDAT 0 LAST\r\n" + fullLogin,
		want: []string{"250", "250", "503 5.5.1 no login inside a transaction", "503", "250", "503", "250", "503", "250", "235"}, letter: []string{"x"}},
	{name: "RFC 4954 §4: nor in one that has failed; after RSET it is possible", config: guarded, send: to + "BDAT 1 X\r\nx" + fullLogin + "RSET\r\n" + fullLogin, want: afterTo("501", "503", "250", "235")},
	{name: "RFC 4954 §4: after a login no other one", config: guarded, send: ehlo + fullLogin + lines("AUTH X-TOY", "AUTH X-TOY "+wonderland, "AUTH NO", "AUTH") + mail, want: []string{"250", "235", "503 5.5.1 somebody has logged in", "503", "503", "503", "250"}},
	{name: "RFC 4954 §4: after one that failed there may be another one", config: guarded, send: ehlo + "AUTH X-TOY eA==\r\n" + "AUTH X-TOY\r\neA==\r\n" + fullLogin, want: []string{"250", "535 5.7.8", "334", "535", "235"}},
	{name: "RFC 5321 §4.1.1.5: RSET does not log out", config: func(c *Config) { guarded(c); c.MustLogin = true }, send: ehlo + fullLogin + mail + "RSET\r\n" + mail + "RSET\r\n" + fullLogin, want: []string{"250", "235", "250", "250", "250", "250", "503"}},
	{name: "RFC 4954 §4: nor does EHLO or HELO, where no security layer was agreed on", config: func(c *Config) { guarded(c); c.MustLogin = true }, send: ehlo + fullLogin + ehlo + mail + "HELO x.example\r\n" + mail + ehlo + fullLogin,
		want: []string{"250", "235", "250", "250", "250", "250", "250", "503"}},
	{name: "RFC 4954 §4: a mechanism that is not offered is 504", config: guarded, send: ehlo + lines("AUTH GSSAPI", "AUTH GSSAPI "+both, "AUTH X-TO", "AUTH X-TOYS") + mail, want: []string{"250", "504 5.5.4", "504", "504", "504", "250"}},
	{name: "RFC 4954 §6: one that needs TLS is 538 in clear, and 504 where it is not offered at all", config: guarded, send: ehlo + lines("AUTH PLAIN", "AUTH plain "+both, "AUTH GSSAPI") + starttls + tlsHere + ehlo + "AUTH PLAIN\r\n*\r\n",
		want: []string{"250", "538 5.7.11", "538 5.7.11", "504", "220", "250", "334 ", "501"}},
	{name: "RFC 4422 §3.1: a mechanism has 1 to 20 letters, digits, - and _", config: guarded, send: ehlo + lines("AUTH", "AUTH ", "AUTH  X-TOY", "AUTH X.TOY", "AUTH X-TOY,PLAIN", "AUTH A-MECHANISM_OF_20CHR", "AUTH A-MECHANISM_OF_21CHRS", "AUTH =", "AUTHX-TOY", "AUTH\tX-TOY"),
		want: []string{"250", "501 5.5.4 expected a mechanism", "501 5.5.4", "501", "501", "501", "504", "501 5.5.4", "501", "500", "500"}},

	{name: "RFC 4954 §4: an initial response that is no base64 is 501", config: guarded, send: ehlo + lines("AUTH X-TOY A", "AUTH X-TOY AA", "AUTH X-TOY AAA", "AUTH X-TOY AA=", "AUTH X-TOY =AAA", "AUTH X-TOY AAA=BBB=", "AUTH X-TOY AA==AA==", "AUTH X-TOY A===", "AUTH X-TOY ====", "AUTH X-TOY ==") + fullLogin,
		want: []string{"250", "501 5.5.2 expected", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "235"}},
	{name: "RFC 4954 §4: foreign characters are mistakes, not skipped", config: guarded, send: ehlo + lines("AUTH X-TOY  "+wonderland, "AUTH X-TOY AA AA", "AUTH X-TOY AA\tAA", "AUTH X-TOY AA\rAA", "AUTH X-TOY AA\nAA", "AUTH X-TOY AA-_", "AUTH X-TOY AA\x00A", "AUTH X-TOY \xc3\xa4AA", "AUTH X-TOY *", "AUTH X-TOY AAA.") + fullLogin,
		want: []string{"250", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "501 5.5.2", "235"}},
	{name: "RFC 4954 §4: the same in a response, and each ends the login", config: func(c *Config) { guarded(c); c.MaxErrors = -1 },
		send: ehlo + foul("A", "AA", "AAA", "AA=", "=AAA", "AAA=BBB=", "AA==AA==", "====", " "+wonderland, wonderland+" ", "AA AA", "AA\rAA", "AA\nAA", "AA\r", "AA-_", "AA\x00A", "\xc3\xa4AA", "**", "* ", " *", "NOOP x", "=") + "NOOP\r\n",
		want: append(append([]string{"250"}, slices.Repeat([]string{"334 ", "501 5.5.2 expected a response in base64"}, 22)...), "250")},
	{name: "RFC 4954 §4: = is an empty initial response, an empty line an empty response", config: guarded, send: ehlo + "AUTH X-TOY =\r\n" + "AUTH X-TOY\r\n\r\n" + "AUTH X-TOY =  \r\n" + "NOOP\r\n", want: []string{"250", "535", "334", "535", "535", "250"}},
	{name: "RFC 4954 §4: * gives a login up, with 501", config: guarded, send: ehlo + "AUTH X-TOY\r\n*\r\n" + "AUTH X-TOY " + alice + "\r\n*\r\n*\r\n" + fullLogin, want: []string{"250", "334", "501 5.7.0", password, "501 5.7.0", "500", "235"}},
	{name: "RFC 4954 §4: a response is never taken for a command", config: guarded, send: ehlo + "AUTH X-TOY " + alice + "\r\n" + "QUIT\r\n" + "AUTH X-TOY\r\n" + starttls + "AUTH X-TOY\r\n" + ehlo + "NOOP\r\n", want: []string{"250", password, "535", "334", "535", "334", "501 5.5.2", "250"}},
	{name: "RFC 4954 §4: nor a command for a response", config: guarded, send: ehlo + "AUTH X-TOY\r\n" + wonderland + "\r\nNOOP\r\n" + wonderland + "\r\n" + "RSET\r\n", want: []string{"250", "334", "235", "250", "500", "250"}},
	{name: "RFC 2920 §3.1, RFC 4954 §4: AUTH last in a group; what stands behind it is the response", config: guarded, send: ehlo + "RSET\r\nNOOP\r\nAUTH X-TOY\r\n" + wonderland + "\r\n" + mail + rcpt, want: []string{"250", "250", "250", "334", "235", "250", "250"}},
	{name: "lax server: AcceptBareLF ends responses", config: func(c *Config) { guarded(c); c.AcceptBareLF = true }, send: ehlo + "AUTH X-TOY\n" + alice + "\n" + wonderland + "\nAUTH X-TOY\n", want: []string{"250", "334", password, "235", "503"}},

	{name: "RFC 4954 §4: an AUTH line of 12288 octets is taken, of 12289 it is 500 5.5.6", config: guarded, send: ehlo + authOf(12288) + authOf(12289) + authOf(12290) + authOf(50000) + fullLogin,
		want: []string{"250", "501 5.5.2", "500 5.5.6 a line of a login", "500 5.5.6", "500 5.5.6", "235"}},
	{name: "RFC 4954 §4: a response of 12288 octets is taken, of 12289 it is 500 5.5.6, and ends the login", config: guarded,
		send: ehlo + "AUTH X-TOY\r\n" + responseOf(12286) + "AUTH X-TOY\r\n" + responseOf(12288) + "AUTH X-TOY\r\n" + responseOf(12289) + "AUTH X-TOY\r\n" + responseOf(50000) + "NOOP\r\n",
		want: []string{"250", "334", "535", "334", "501 5.5.2", "334", "500 5.5.6", "334", "500 5.5.6", "250"}},
	{name: "RFC 4954 §4: a line of any other length, too", config: func(c *Config) { guarded(c); c.MaxLogins = 9 }, send: ehlo + authOf(511) + authOf(513) + authOf(1013) + authOf(4096) + authOf(4097) + "AUTH X-TOY\r\n" + responseOf(514) + "AUTH X-TOY\r\n" + responseOf(4098) + "NOOP\r\n",
		want: []string{"250", "501", "535", "535", "501", "535", "334", "535", "334", "535", "250"}},
	{name: "RFC 5321 §4.5.3.1.4: where no login is offered, AUTH is a line like any other", send: ehlo + authOf(512) + authOf(513) + authOf(20000) + "NOOP\r\n", want: []string{"250", "502", "500 5.5.2 line too long", "500 5.5.2", "250"}},
	{name: "RFC 5321 §4.5.3.1.4: nor is a line longer because a login has begun or was", config: guarded, send: ehlo + fullLogin + "NOOP " + strings.Repeat("x", 506) + "\r\nNOOP\r\n", want: []string{"250", "235", "500 5.5.2", "250"}},
	{name: "RFC 4954 §3: AUTH lengthens MAIL by 500", config: func(c *Config) { c.Extensions, c.ClearMechanisms = Auth, []string{"X-TOY"} }, send: ehlo + mailOf(1012) + "RSET\r\n" + mailOf(1013) + rcpt[:len(rcpt)-2] + strings.Repeat(" ", 500) + "\r\n" + mail, want: []string{"250", "250", "250", "500", "500", "250"}},

	{name: "RFC 4954 §6: where a login is demanded, MAIL and what follows it, VRFY and EXPN are 530 before it", config: func(c *Config) { guarded(c); c.MustLogin, c.Expn = true, true },
		send: "VRFY bob\r\n" + ehlo + mail + lines("VRFY bob", "EXPN list", "MAIL FROM:<> FOO=1", "MAIL FROM:x", "VRFY", "NOOP", "RSET", "HELP") + rcpt + data + fullLogin + lines("VRFY bob", "EXPN list") + mail + "QUIT\r\n",
		want: []string{"530 5.7.0", "250", "530 5.7.0 log in first", "530 5.7.0", "530 5.7.0", "530", "501", "501", "250", "250", "214", "530", "530", "235", "252", "252", "250", "221"}},
	{name: "RFC 6409 §4.3: nor after HELO; a refused login changes nothing", config: func(c *Config) { guarded(c); c.MustLogin = true }, send: "HELO x.example\r\n" + mail + ehlo + "AUTH X-TOY eA==\r\n" + mail + "EXPN list\r\n" + starttls + tlsHere + ehlo + mail,
		want: []string{"250", "530", "250", "535", "530", "502", "220", "250", "530"}},
	{name: "RFC 4954 §9: three logins may fail, then AUTH is 421", config: guarded, send: ehlo + "AUTH X-TOY eA==\r\n" + "AUTH X-TOY\r\neA==\r\n" + "NOOP\r\n" + "AUTH X-TOY eA==\r\n" + "NOOP\r\n" + fullLogin + "NOOP\r\n", want: []string{"250", "535", "334", "535", "250", "535", "250", "421 4.7.0 too many logins"}},
	{name: "RFC 4954 §9: as many as the config says", config: func(c *Config) { guarded(c); c.MaxLogins = 1 }, send: ehlo + "AUTH X-TOY eA==\r\n" + "AUTH\r\n", want: []string{"250", "535", "421"}},
	{name: "RFC 4954 §9: what is cancelled, or no base64, or not offered, is no login that failed", config: func(c *Config) { guarded(c); c.MaxLogins = 1 },
		send: ehlo + "AUTH X-TOY\r\n*\r\nAUTH X-TOY A\r\nAUTH NO\r\nAUTH PLAIN\r\nAUTH X-TOY\r\nA\r\n" + fullLogin, want: []string{"250", "334", "501", "501", "504", "538", "334", "501", "235"}},
	{name: "RFC 5321 §3.8: mistakes in a login count as others do, and a login makes up for them", config: func(c *Config) { guarded(c); c.MaxErrors = 2 },
		send: ehlo + "AUTH NO\r\nAUTH X-TOY\r\n*\r\n" + fullLogin + "FOO\r\nAUTH NO\r\nFOO\r\n", want: []string{"250", "504", "334", "501", "235", "500", "503", "421"}},
	{name: "RFC 5321 §3.8: one too many within a login", config: func(c *Config) { guarded(c); c.MaxErrors = 1 }, send: ehlo + "FOO\r\nAUTH X-TOY\r\nA\r\nNOOP\r\n", want: []string{"250", "500", "334", "421"}},

	{name: "RFC 4954 §5: AUTH= at MAIL, with and without a login", config: guarded, send: ehlo + withAUTH("e+3Dmc2@example.com") + "\r\nRSET\r\n" + fullLogin + lines(withAUTH("<>"), "RSET", "MAIL FROM:<> auth=bob@receiver.example", "RSET", withAUTH("+3C+3E"), "RSET", withAUTH(`"a+2Bb"@[192.0.2.1]`)),
		want: []string{"250", "250 2.1.0", "250", "235", "250", "250", "250", "250", "250", "250", "250"}},
	{name: "RFC 4954 §5: it is a mailbox or <>, in xtext", config: guarded, send: ehlo + lines(withAUTH("e=mc2@example.com"), withAUTH(""), "MAIL FROM:<> AUTH", withAUTH("bob"), withAUTH("bob@"), withAUTH("<bob@receiver.example>"), withAUTH("+3c+3e"), withAUTH("bob+@x.example"), withAUTH("a+20b@x.example"), withAUTH("a@x.example+0D+0A"), withAUTH("<>")+" AUTH=<>", withAUTH("<><>"), withAUTH("@x.example"), withAUTH("+")) + mail,
		want: []string{"250", "501", "501", "501 5.5.4 expected AUTH=<>", "501 5.5.4 expected AUTH=<>", "501", "501", "501", "501", "501", "501", "501", "501", "501", "501", "250"}},
	{name: "RFC 4954 §5: the longest mailbox", config: guarded, send: ehlo + withAUTH(strings.Repeat("+41", 64)+"@"+strings.Repeat("abc.", 62)+"abcdef") + "\r\nRSET\r\n" + withAUTH(strings.Repeat("+41", 65)+"@x.example") + "\r\n", want: []string{"250", "250", "250", "501"}},
	{name: "RFC 5321 §4.1.1.11: AUTH= where no login is offered is 555, and it does not belong to RCPT", send: ehlo + lines(withAUTH("<>"), withAUTH("x")) + mail + rcpt[:len(rcpt)-2] + " AUTH=<>\r\n", want: []string{"250", "555 5.5.4", "555", "250", "555"}},
	{name: "RFC 5321 §4.1.1.11: nor after HELO, nor outside TLS where logins are inside only", config: func(c *Config) { guarded(c); c.ClearMechanisms = nil }, send: ehlo + withAUTH("<>") + "\r\n" + starttls + tlsHere + ehlo + withAUTH("<>") + "\r\nHELO x.example\r\n" + withAUTH("<>") + "\r\n",
		want: []string{"250", "555", "220", "250", "250", "250", "555"}},
}

// foul begins a login for each response.
func foul(responses ...string) string {
	var b strings.Builder
	for _, r := range responses {
		b.WriteString("AUTH X-TOY\r\n" + r + "\r\n")
	}
	return b.String()
}

// someSplits lists where to split so many octets, of which a line begins at that
// octet: near the limits of lines and buffers everywhere, else here and there.
func someSplits(begins, size int) (at []int) {
	for split := 1; split < size; split++ {
		near := split%61 == 0
		for _, limit := range []int{0, MaxCommandLine, 1012, bufferOctets, 2 * bufferOctets, MaxLoginLine, size - begins} {
			near = near || split-begins > limit-20 && split-begins < limit+20
		}
		if near {
			at = append(at, split)
		}
	}
	return at
}

// RFC 4954 §4: the longest lines of a login, and those that are one octet too
// long, however they are split.
func TestRFC4954_4_LongLinesAtAnySplit(t *testing.T) {
	config := fullConfig()
	guarded(config)
	s := NewServer(config)
	for _, test := range []struct{ line, want string }{
		{authOf(MaxLoginLine), "501 5.5.2"},
		{authOf(MaxLoginLine + 1), "500 5.5.6"},
		{"AUTH X-TOY\r\n" + responseOf(MaxLoginLine), "501 5.5.2"},
		{"AUTH X-TOY\r\n" + responseOf(MaxLoginLine-2), "535"},
		{"AUTH X-TOY\r\n" + responseOf(MaxLoginLine+1), "500 5.5.6"},
		{"AUTH X-TOY\r\n" + strings.Repeat("A\n", 100) + responseOf(MaxLoginLine-200), "501 5.5.2"},
		{"AUTH X-TOY\r\n" + strings.Repeat("A\n", 100) + responseOf(MaxLoginLine-199), "500 5.5.6"},
	} {
		begins := len(ehlo + test.line[:strings.IndexByte(test.line, '\n')+1])
		if strings.HasPrefix(test.line, "AUTH X-TOY ") {
			begins = len(ehlo)
		}
		for _, split := range someSplits(begins, len(ehlo+test.line)) {
			s.Reset()
			first := true
			log := runServer(t, s, ehlo+test.line+"NOOP\r\n", func(left int) int {
				if first {
					first = false
					return split
				}
				return left
			}, toy)
			n := len(log.replies)
			if n != 4+strings.Count(test.line, "AUTH X-TOY\r\n") || !strings.HasPrefix(log.replies[n-2], test.want) || log.replies[n-1] != "250 2.0.0 ok" {
				t.Fatalf("%d octets split at %d: replies %q, want %s", len(test.line), split, log.replies[2:], test.want)
			}
		}
	}
}

// RFC 4954 §4: what a driver sees of a login: the mechanism, and responses
// without their base64, whatever their length.
func TestRFC4954_4_WhatTheDriverSees(t *testing.T) {
	config := fullConfig()
	guarded(config)
	long := strings.Repeat("\x00wonderland", 700)
	var got []string
	runServer(t, NewServer(config), ehlo+"auth x-toy =\r\nAUTH X-TOY\r\n"+alice+"\r\n\r\nAUTH X-TOY\r\n*\r\nAUTH X-TOY "+base64.StdEncoding.EncodeToString([]byte(long))+"\r\nAUTH X-TOY AA\r\n", single, func(s *Server) Reply {
		if c := s.Command(); c.Verb == AUTH || c.Verb == Response {
			got = append(got, fmt.Sprintf("%v %q initial %v, response %d %.7q, cancel %v, secret %v, %v, in %v", c.Verb, c.Mechanism, c.Initial, len(c.SASL), c.SASL, c.Cancel, c.Secret(), named(c.Line[:min(len(c.Line), 20)], c.Parts[:min(2, len(c.Parts))]), s.State()))
		}
		return toy(s)
	})
	want := []string{
		`AUTH "x-toy" initial true, response 0 "", cancel false, secret true, [verb auth separator  ], in greeted`,
		`AUTH "X-TOY" initial false, response 0 "", cancel false, secret false, [verb AUTH separator  ], in greeted`,
		`response "" initial false, response 5 "alice", cancel false, secret true, [response YWxpY2U= line end \r\n], in login`,
		`response "" initial false, response 0 "", cancel false, secret true, [line end \r\n], in login`,
		`AUTH "X-TOY" initial false, response 0 "", cancel false, secret false, [verb AUTH separator  ], in greeted`,
		`response "" initial false, response 0 "", cancel true, secret false, [response * line end \r\n], in login`,
		`AUTH "X-TOY" initial true, response 7700 "\x00wonder", cancel false, secret true, [verb AUTH separator  ], in greeted`,
		`AUTH "X-TOY" initial true, response 0 "", cancel false, secret true, [verb AUTH separator  ], in greeted`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// RFC 4954 §4: every part of AUTH is named.
func TestRFC4954_4_CommandParts(t *testing.T) {
	for line, want := range map[string][]string{
		"AUTH PLAIN\r\n":              {"verb AUTH", "separator  ", "mechanism PLAIN", `line end \r\n`},
		"auth plain " + both + "\r\n": {"verb auth", "separator  ", "mechanism plain", "separator  ", "response " + both, `line end \r\n`},
		"AUTH PLAIN = \r\n":           {"verb AUTH", "separator  ", "mechanism PLAIN", "separator  ", "response =", "separator  ", `line end \r\n`},
		"AUTH PLAIN A A\r\n":          {"verb AUTH", "separator  ", "mechanism PLAIN", "separator  ", "response A A", `line end \r\n`},
		"AUTH PL.AIN A\r\n":           {"verb AUTH", "separator  ", `line end \r\n`},
		"STARTTLS \r\n":               {"verb STARTTLS", "separator  ", `line end \r\n`},
		"MAIL FROM:<> AUTH=<> REQUIRETLS\r\n": {"verb MAIL FROM:", "reverse-path <>", "separator  ", "parameter keyword AUTH", "separator =", "parameter value <>",
			"separator  ", "parameter keyword REQUIRETLS", `line end \r\n`},
	} {
		c := ParseCommand([]byte(line))
		if diff := cmp.Diff(want, named(c.Line, c.Parts)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
		checkParts(t, c.Parts, len(line))
	}
}

// RFC 4954 §4: the challenge is all the text there is, in one line.
func TestRFC4954_4_ChallengeReply(t *testing.T) {
	for challenge, want := range map[string]string{"": "334 \r\n", "Password:": password + "\r\n", strings.Repeat("x", 9210): "334 " + strings.Repeat("eHh4", 3070) + "\r\n"} {
		for _, enhanced := range []bool{true, false} {
			if got := string(ChallengeReply([]byte(challenge)).Append(nil, enhanced)); got != want {
				t.Errorf("%q: %.80q", challenge, got)
			}
		}
		if r, _, err := ParseReply([]byte(want)); err != nil || r.Code != 334 || r.Text() != strings.TrimSuffix(want[4:], "\r\n") {
			t.Errorf("%.80q is %.80v, %v", want, r, err)
		}
	}
	if len(ChallengeReply(make([]byte, 9210)).Append(nil, true)) > MaxLoginLine {
		t.Error("not the longest")
	}
}

// RFC 4954 §4: a response longer than the buffer is taken, in any pieces: the
// session never stops taking octets of a line.
func TestRFC4954_4_ResponseLongerThanTheBuffer(t *testing.T) {
	for _, cut := range []cutter{whole, single} {
		config := fullConfig()
		guarded(config)
		for n := bufferOctets - 2; n <= bufferOctets+6; n += 4 {
			log := runServer(t, NewServer(config), ehlo+"AUTH X-TOY\r\n"+responseOf(n)+"NOOP\r\n", cut, toy)
			if got := log.replies[3:]; len(got) != 2 || got[0][:3] != "535" || got[1][:3] != "250" {
				t.Errorf("%d octets: %q", n, got)
			}
		}
	}
}

// The state follows the reply given to AUTH and to a response, as the client's
// does: it answers each 334, whoever said it where.
func TestRFC4954_4_StateFollowsReply(t *testing.T) {
	begin, answered := "AUTH X-TOY\r\n", lines(wonderland)
	for _, test := range []struct {
		name  string
		own   map[Verb]Reply
		send  string // after EHLO
		want  string
		state State
	}{
		{"a login in order", nil, begin + answered, "334 235", StateGreeted},
		{"334 to what is not offered", map[Verb]Reply{AUTH: {Code: 334}}, "AUTH NO\r\n" + answered + "NOOP\r\n", "334 235 250", StateGreeted},
		{"334 to what is no AUTH line", map[Verb]Reply{AUTH: {Code: 334}}, "AUTH\r\n" + answered + "NOOP\r\n", "334 235 250", StateGreeted},
		{"334 inside a transaction: it goes on behind the login", map[Verb]Reply{AUTH: {Code: 334}}, mail + rcpt + begin + answered + rcpt + begin + "*\r\n" + data, "250 250 334 235 250 334 501 354", StateData},
		{"334 between chunks", map[Verb]Reply{AUTH: {Code: 334}}, mail + rcpt + "BDAT 1\r\nx" + begin + answered + "BDAT 1 LAST\r\nx", "250 250 250 334 235 250", StateGreeted},
		{"334 where a transaction has failed", map[Verb]Reply{AUTH: {Code: 334}}, mail + "BDAT 1\r\nx" + begin + answered + mail, "250 503 334 235 503", StateBroken},
		{"334 after HELO", map[Verb]Reply{AUTH: {Code: 334}}, "HELO x.example\r\n" + begin + answered + begin + answered, "250 334 235 334 235", StateGreeted},
		{"354 is as good", map[Verb]Reply{AUTH: {Code: 354}}, begin + answered, "354 235", StateGreeted},
		{"235 at once", map[Verb]Reply{AUTH: {Code: 235}}, begin + "NOOP\r\nMAIL FROM:<>\r\n", "235 250 250", StateTransaction},
		{"235 inside a transaction", map[Verb]Reply{AUTH: {Code: 235}}, mail + begin + rcpt, "250 235 250", StateRecipients},
		{"220 to AUTH is no TLS", map[Verb]Reply{AUTH: {Code: 220}}, begin + "NOOP\r\n", "220 250", StateGreeted},
		{"454 to a response", map[Verb]Reply{Response: {Code: 454}}, begin + answered + begin + answered, "334 454 334 454", StateGreeted},
		{"535 to AUTH", map[Verb]Reply{AUTH: {Code: 535}}, begin + answered, "535 500", StateGreeted},
		{"334 to every response", map[Verb]Reply{Response: {Code: 334}}, begin + answered + "*\r\nQUIT\r\nA\r\n", "334 334 334 334 334", StateLogin},
		{"Raw, its code counts", map[Verb]Reply{AUTH: {Raw: []byte("334 \r\n")}, Response: {Raw: []byte("334 x\r\n")}}, begin + answered + "QUIT\r\n", "334 334 334", StateLogin},
		{"Raw that is no reply ends the login", map[Verb]Reply{Response: {Raw: []byte("hm?\r\n")}}, begin + answered + "NOOP\r\n", "334 hm? 250", StateGreeted},
		{"Silent, and the state stays", map[Verb]Reply{Response: {Then: Silent}}, begin + answered + "QUIT\r\n", "334  ", StateLogin},
		{"Silent to AUTH", map[Verb]Reply{AUTH: {Code: 334, Then: Silent}}, begin + "NOOP\r\n", " 250", StateGreeted},
		{"421 to a response closes", map[Verb]Reply{Response: {Code: 421}}, begin + answered + "NOOP\r\n", "334 421", StateClosed},
		{"Reset closes", map[Verb]Reply{Response: {Then: Reset}}, begin + answered + "NOOP\r\n", "334 ", StateClosed},
		{"Close says it, and closes", map[Verb]Reply{AUTH: {Code: 334, Then: Close}}, begin + answered, "334", StateClosed},
		{"a 334 to other commands is a reply that makes no sense", map[Verb]Reply{MAIL: {Code: 334}, NOOP: {Code: 334}, RSET: {Code: 235}}, mail + "NOOP\r\nRSET\r\n" + rcpt, "334 334 235 503", StateGreeted},
		{"a 235 to MAIL opens a transaction like any 2yz, and nobody has logged in", map[Verb]Reply{MAIL: {Code: 235}}, mail + "RSET\r\n" + fullLogin, "235 250 235", StateGreeted},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := fullConfig()
			guarded(config)
			log := runServer(t, NewServer(config), ehlo+test.send, single, given(test.own))
			var got []string
			for _, r := range log.replies[2:] {
				got = append(got, r[:min(len(r), 3)])
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("replies %q, want %q", s, test.want)
			}
			if last := log.events[len(log.events)-1]; !strings.HasSuffix(last, test.state.String()) {
				t.Errorf("ended with %q, want state %v", last, test.state)
			}
		})
	}
	// Before EHLO, and after a greeting that is a refusal, too.
	for code, then := range map[uint16]string{220: "503 5.5.1 EHLO", 554: "503 5.5.1 no service here"} {
		config := fullConfig()
		guarded(config)
		log := runServer(t, NewServer(config), begin+answered+mail, whole, given(map[Verb]Reply{Connect: {Code: code}, AUTH: {Code: 334}, Response: {Code: 235}}))
		if got := log.replies; !strings.HasPrefix(got[2], "235") || !strings.HasPrefix(got[3], then) {
			t.Errorf("after %d: %q", code, got)
		}
	}
}

// RFC 4954 §4: the session says who has logged in as long as it is so.
func TestRFC4954_4_LoggedIn(t *testing.T) {
	for send, want := range map[string]bool{
		ehlo + fullLogin + "NOOP\r\n":                            true,
		ehlo + fullLogin + mail + "RSET\r\n" + ehlo + "NOOP\r\n": true,
		ehlo + "AUTH X-TOY eA==\r\nNOOP\r\n":                     false,
		ehlo + fullLogin + starttls + tlsHere + "NOOP\r\n":       false,
		ehlo + "AUTH X-TOY\r\n*\r\nNOOP\r\n":                     false,
	} {
		config := fullConfig()
		guarded(config)
		seen := false
		runServer(t, NewServer(config), send, single, func(s *Server) Reply {
			if s.Command().Verb == NOOP {
				seen = true
				if s.LoggedIn() != want {
					t.Errorf("after %q: %v", send, !want)
				}
			}
			return toy(s)
		})
		if !seen {
			t.Errorf("after %q: no NOOP", send)
		}
	}
}

// RFC 4954 §4, §6: what the codes of logins and TLS stand for when a fault says
// no more. A 334 is a challenge, so a text of its own would not do.
func TestRFC4954_6_DefaultReplies(t *testing.T) {
	for spec, want := range map[string]string{
		"334": "334 ", "334 VXNlcm5hbWU6": "334 VXNlcm5hbWU6", "235": "235 2.7.0 logged in", "432": "432 4.7.12 ", "454": "454 4.7.0 logins",
		"530": "530 5.7.0 log in first", "534": "534 5.7.9 ", "535": "535 5.7.8 wrong", "538": "538 5.7.11 ",
	} {
		for _, verb := range []Verb{AUTH, Response} {
			r, err := ParseReplySpecTo(verb, spec)
			if got := string(r.Append(nil, true)); err != nil || !strings.HasPrefix(got, want) {
				t.Errorf("%s to %v is %q, want %q", spec, verb, got, want)
			}
		}
	}
	if got := string(Reply{Code: 334}.Append(nil, true)); got != "334 \r\n" {
		t.Errorf("%q", got)
	}
	for spec, want := range map[string]string{"220": "220 2.0.0 begin TLS now", "454": "454 4.7.0 TLS", "502": "502 5.5.1 ", "530": "530 5.7.0"} {
		if r, err := ParseReplySpecTo(STARTTLS, spec); err != nil || !strings.HasPrefix(r.String(), want) {
			t.Errorf("%s to STARTTLS is %q, want %q", spec, r, want)
		}
	}
}
