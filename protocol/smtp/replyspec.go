package smtp

// Replies as people write them, and what a bare code stands for.

import "strings"

// ParseReplySpec reads a reply as people write it in a fault: "451",
// "451 try again later", "451 4.3.0 try again later". What is left out is
// filled in to fit the code (see [DefaultReply]). Errors are of type
// [*SyntaxError].
func ParseReplySpec(s string) (Reply, error) { return ParseReplySpecTo(None, s) }

// ParseReplySpecTo reads a reply to that command, as [ParseReplySpec] does. What
// is left out is filled in to fit the code and the command (see
// [DefaultReplyTo]).
func ParseReplySpecTo(verb Verb, s string) (Reply, error) {
	code, text, _ := strings.Cut(s, " ")
	if len(code) != 3 || code[0] < '2' || code[0] > '5' || !isDigit(code[1]) || !isDigit(code[2]) {
		return Reply{}, &SyntaxError{Want: "a reply code from 200 to 599, such as 451"}
	}
	r := DefaultReplyTo(verb, uint16(code[0]-'0')*100+uint16(code[1]-'0')*10+uint16(code[2]-'0'))
	first, rest, _ := strings.Cut(text, " ")
	if e, n := parseEnhanced([]byte(first)); n == len(first) && n > 0 {
		if e.Class != r.Code/100 {
			return Reply{}, &SyntaxError{Pos: len("451 "),
				Want: "an enhanced code of class " + code[:1] + ", as the reply code's first digit (RFC 2034 §4)"}
		}
		r.Enhanced, text = e, rest
	}
	for i := range len(text) {
		if !isPrint(text[i]) {
			return Reply{}, &SyntaxError{Pos: len(s) - len(text) + i, Want: "printable ASCII characters"}
		}
	}
	if text != "" {
		r.Lines = []string{text}
	}
	return r, nil
}

// DefaultReply returns a reply with that code and an enhanced code and text
// that fit it, whatever is answered. 221 and 421 close.
func DefaultReply(code uint16) Reply { return DefaultReplyTo(None, code) }

// DefaultReplyTo returns a reply to that command, or to [Connect] or
// [EndOfData], with that code and an enhanced code and text that fit both: one
// code says different things of different commands (RFC 5321 §4.3.2). 221 and
// 421 close.
func DefaultReplyTo(verb Verb, code uint16) Reply {
	r := Reply{Code: code, Lines: defaultText[code/100%10]}
	if r.Positive() || r.Transient() || r.Permanent() {
		r.Enhanced.Class = code / 100
	}
	if d := defaultFor(verb, code); d != nil {
		r.Enhanced, r.Lines = d.Enhanced, d.Lines
	}
	if code == 221 || code == 421 {
		r.Then = Close
	}
	return r
}

// defaultFor finds what the code says of the command: its own words, else what
// it says of any. Codes about a mailbox say that of commands that name one.
func defaultFor(verb Verb, code uint16) *Reply {
	if verb == HELO {
		verb = EHLO
	}
	for i := range verbReplies {
		if d := &verbReplies[i]; d.verb == verb && d.Code == code {
			return &d.Reply
		}
	}
	ofMailbox := code == 450 || code >= 550 && code <= 553
	if ofMailbox && verb != None && verb != MAIL && verb != RCPT && verb != VRFY && !(verb == EndOfData && code == 552) {
		return nil
	}
	for i := range defaultReplies {
		if d := &defaultReplies[i]; d.Code == code {
			return d
		}
	}
	return nil
}

var defaultText = [10][]string{
	{"no such reply"}, {"no such reply"},
	{"ok"},
	{"go on"},
	{"not now, try again later"},
	{"refused"},
	{"no such reply"}, {"no such reply"}, {"no such reply"}, {"no such reply"},
}

// defaultReplies says what the codes of RFC 5321 §4.2.3 and a few of later
// documents stand for when nothing more is said.
var defaultReplies = [...]Reply{
	{Code: 211, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"system status"}},
	{Code: 214, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"help"}},
	{Code: 220, Lines: []string{"service ready"}},
	{Code: 221, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"closing the connection"}},
	{Code: 235, Enhanced: Enhanced{2, 7, 0}, Lines: []string{"logged in"}},
	{Code: 250, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"ok"}},
	{Code: 251, Enhanced: Enhanced{2, 1, 5}, Lines: []string{"not local, will forward"}},
	{Code: 252, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"cannot verify, but will try to deliver"}},
	{Code: 334, Lines: []string{""}}, // an empty challenge: any text would be one (RFC 4954 §4)
	{Code: 354, Lines: []string{"send the letter, end it with a lone dot"}},
	{Code: 421, Enhanced: Enhanced{4, 3, 2}, Lines: []string{"closing the connection, try again later"}},
	{Code: 432, Enhanced: Enhanced{4, 7, 12}, Lines: []string{"log in by a mechanism that says the password once"}},
	{Code: 450, Enhanced: Enhanced{4, 2, 0}, Lines: []string{"mailbox busy, try again later"}},
	{Code: 451, Enhanced: Enhanced{4, 3, 0}, Lines: []string{"error in processing, try again later"}},
	{Code: 452, Enhanced: Enhanced{4, 3, 1}, Lines: []string{"no room now, try again later"}},
	{Code: 454, Enhanced: Enhanced{4, 7, 0}, Lines: []string{"logins cannot be checked now"}},
	{Code: 455, Enhanced: Enhanced{4, 5, 4}, Lines: []string{"cannot honour the parameters now"}},
	{Code: 500, Enhanced: Enhanced{5, 5, 2}, Lines: []string{"unknown command"}},
	{Code: 501, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"bad argument"}},
	{Code: 502, Enhanced: Enhanced{5, 5, 1}, Lines: []string{"command not implemented"}},
	{Code: 503, Enhanced: Enhanced{5, 5, 1}, Lines: []string{"bad sequence of commands"}},
	{Code: 504, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"argument not implemented"}},
	{Code: 521, Enhanced: Enhanced{5, 3, 2}, Lines: []string{"this host takes no mail"}},
	{Code: 530, Enhanced: Enhanced{5, 7, 0}, Lines: []string{"log in first"}},
	{Code: 534, Enhanced: Enhanced{5, 7, 9}, Lines: []string{"this mechanism is too weak"}},
	{Code: 535, Enhanced: Enhanced{5, 7, 8}, Lines: []string{"wrong user name or password"}},
	{Code: 538, Enhanced: Enhanced{5, 7, 11}, Lines: []string{"this mechanism needs TLS"}},
	{Code: 550, Enhanced: Enhanced{5, 1, 1}, Lines: []string{"no such mailbox"}},
	{Code: 551, Enhanced: Enhanced{5, 7, 1}, Lines: []string{"not local, and not passed on from here"}},
	{Code: 552, Enhanced: Enhanced{5, 3, 4}, Lines: []string{"the letter is too large"}},
	{Code: 553, Enhanced: Enhanced{5, 1, 3}, Lines: []string{"mailbox name not allowed"}},
	{Code: 554, Enhanced: Enhanced{5, 0, 0}, Lines: []string{"transaction failed"}},
	{Code: 555, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"parameter not offered"}},
	{Code: 556, Enhanced: Enhanced{5, 1, 10}, Lines: []string{"this domain takes no mail"}},
}

// verbReplies says what a code stands for in answer to one command, where that
// differs from defaultReplies.
var verbReplies = [...]struct {
	verb Verb
	Reply
}{
	{Connect, answer(450, Enhanced{4, 3, 2}, "no service now, try again later")},
	{Connect, answer(451, Enhanced{4, 3, 0}, "no service now, try again later")},
	{Connect, answer(452, Enhanced{4, 3, 1}, "no service now, try again later")},
	{Connect, answer(550, Enhanced{5, 7, 1}, "no SMTP service here for your address")},
	{Connect, answer(554, Enhanced{5, 3, 2}, "no SMTP service here")}, // RFC 5321 §3.1

	{EHLO, answer(450, Enhanced{4, 7, 1}, "not by this name now, try again later")},
	{EHLO, answer(501, Enhanced{5, 5, 4}, "expected a domain or an address in brackets")},
	{EHLO, answer(550, Enhanced{5, 7, 1}, "this name is not welcome here")},
	{EHLO, answer(554, Enhanced{5, 7, 1}, "no SMTP service for this name")},

	{STARTTLS, answer(220, Enhanced{2, 0, 0}, "begin TLS now")},
	{STARTTLS, answer(454, Enhanced{4, 7, 0}, "TLS is not available now")}, // RFC 3207 §4

	{MAIL, answer(250, Enhanced{2, 1, 0}, "ok")},
	{MAIL, answer(450, Enhanced{4, 7, 1}, "no letter from this sender now, try again later")},
	{MAIL, answer(550, Enhanced{5, 7, 1}, "no letters from this sender")},
	{MAIL, answer(551, Enhanced{5, 7, 1}, "no letters from this sender")},
	{MAIL, answer(553, Enhanced{5, 1, 7}, "sender address not allowed")},
	{MAIL, answer(554, Enhanced{5, 7, 1}, "no letters from this sender")},

	{RCPT, answer(250, Enhanced{2, 1, 5}, "ok")},
	{RCPT, answer(552, Enhanced{5, 2, 2}, "mailbox full")},
	{RCPT, answer(554, Enhanced{5, 7, 1}, "no letters for this recipient")},

	{DATA, answer(503, Enhanced{5, 5, 1}, "no valid recipients")},
	{DATA, answer(554, Enhanced{5, 5, 1}, "no valid recipients")},

	{EndOfData, answer(450, Enhanced{4, 7, 1}, "letter not taken now, try again later")},
	{EndOfData, answer(500, Enhanced{5, 5, 2}, "a line of the letter was not understood")},
	{EndOfData, answer(550, Enhanced{5, 7, 1}, "a rule of this server refuses the letter")},
	{EndOfData, answer(554, Enhanced{5, 6, 0}, "letter refused for its content")},
}
