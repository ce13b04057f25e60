package smtp

// Replies as people write them, and what a bare code stands for.

import "strings"

// ParseReplySpec reads a reply as people write it in a fault: "451",
// "451 try again later", "451 4.3.0 try again later". What is left out is
// filled in to fit the code (see [DefaultReply]). Errors are of type
// [*SyntaxError].
func ParseReplySpec(s string) (Reply, error) {
	code, text, _ := strings.Cut(s, " ")
	if len(code) != 3 || code[0] < '2' || code[0] > '5' || !isDigit(code[1]) || !isDigit(code[2]) {
		return Reply{}, &SyntaxError{Want: "a reply code from 200 to 599, such as 451"}
	}
	r := DefaultReply(uint16(code[0]-'0')*100 + uint16(code[1]-'0')*10 + uint16(code[2]-'0'))
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
// that fit it. 221 and 421 close.
func DefaultReply(code uint16) Reply {
	r := Reply{Code: code, Lines: defaultText[code/100%10]}
	if r.Positive() || r.Transient() || r.Permanent() {
		r.Enhanced.Class = code / 100
	}
	for i := range defaultReplies {
		if d := &defaultReplies[i]; d.Code == code {
			r.Enhanced, r.Lines = d.Enhanced, d.Lines
			break
		}
	}
	if code == 221 || code == 421 {
		r.Then = Close
	}
	return r
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
	{Code: 250, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"ok"}},
	{Code: 251, Enhanced: Enhanced{2, 1, 5}, Lines: []string{"not local, will forward"}},
	{Code: 252, Enhanced: Enhanced{2, 0, 0}, Lines: []string{"cannot verify, but will try to deliver"}},
	{Code: 354, Lines: []string{"send the letter, end it with a lone dot"}},
	{Code: 421, Enhanced: Enhanced{4, 3, 2}, Lines: []string{"closing the connection, try again later"}},
	{Code: 450, Enhanced: Enhanced{4, 2, 0}, Lines: []string{"mailbox busy, try again later"}},
	{Code: 451, Enhanced: Enhanced{4, 3, 0}, Lines: []string{"error in processing, try again later"}},
	{Code: 452, Enhanced: Enhanced{4, 3, 1}, Lines: []string{"no room now, try again later"}},
	{Code: 455, Enhanced: Enhanced{4, 5, 4}, Lines: []string{"cannot honour the parameters now"}},
	{Code: 500, Enhanced: Enhanced{5, 5, 2}, Lines: []string{"unknown command"}},
	{Code: 501, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"bad argument"}},
	{Code: 502, Enhanced: Enhanced{5, 5, 1}, Lines: []string{"command not implemented"}},
	{Code: 503, Enhanced: Enhanced{5, 5, 1}, Lines: []string{"bad sequence of commands"}},
	{Code: 504, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"argument not implemented"}},
	{Code: 521, Enhanced: Enhanced{5, 3, 2}, Lines: []string{"this host takes no mail"}},
	{Code: 530, Enhanced: Enhanced{5, 7, 0}, Lines: []string{"log in first"}},
	{Code: 535, Enhanced: Enhanced{5, 7, 8}, Lines: []string{"wrong user name or password"}},
	{Code: 550, Enhanced: Enhanced{5, 1, 1}, Lines: []string{"no such mailbox"}},
	{Code: 551, Enhanced: Enhanced{5, 1, 6}, Lines: []string{"not local, try another address"}},
	{Code: 552, Enhanced: Enhanced{5, 3, 4}, Lines: []string{"the letter is too large"}},
	{Code: 553, Enhanced: Enhanced{5, 1, 3}, Lines: []string{"mailbox name not allowed"}},
	{Code: 554, Enhanced: Enhanced{5, 0, 0}, Lines: []string{"transaction failed"}},
	{Code: 555, Enhanced: Enhanced{5, 5, 4}, Lines: []string{"parameter not offered"}},
	{Code: 556, Enhanced: Enhanced{5, 1, 10}, Lines: []string{"this domain takes no mail"}},
}
