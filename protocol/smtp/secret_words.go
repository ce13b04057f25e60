package smtp

// The words by which a login is known that is not said as SMTP says it.

import (
	"bytes"
	"slices"
	"strings"
)

// mechanisms are those that IANA knows, and a few that it does not
// (https://www.iana.org/assignments/sasl-mechanisms). Another word behind AUTH may
// be a password.
var mechanisms = []string{
	"ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "GSS-SPNEGO", "GSSAPI", "KERBEROS_V4", "KERBEROS_V5", "LOGIN", "MSN",
	"NTLM", "OAUTH10A", "OAUTHBEARER", "OPENID20", "OTP", "PLAIN", "SAML20", "SECURID", "SKEY", "SPNEGO", "XOAUTH", "XOAUTH2",
}

// families are how the names of many mechanisms begin.
var families = []string{"SCRAM-", "GS2-", "EAP-", "ECDSA-", "9798-", "X-"}

// isMechanism says whether a word names a mechanism.
func isMechanism(word []byte) bool {
	if len(word) > maxMechanism || !validMechanism(string(word)) {
		return false
	}
	name := strings.ToUpper(string(word))
	return slices.Contains(mechanisms, name) ||
		slices.ContainsFunc(families, func(f string) bool { return len(name) > len(f) && strings.HasPrefix(name, f) })
}

// glued says whether a mechanism stands right behind AUTH, or may be about to.
func glued(rest []byte, whole bool) bool {
	begins := func(m string) bool {
		n := min(len(rest), len(m))
		return (n == len(m) || !whole) && EqualFold(string(rest[:n]), m[:n])
	}
	return slices.ContainsFunc(mechanisms, begins) || slices.ContainsFunc(families, begins)
}

// foreignLogin looks in a line that is no command for a login of another protocol,
// or one whose AUTH is spelt wrong: "PASS x", "a1 LOGIN alice x", "a1 AUTHENTICATE
// PLAIN", `AUTHENTICATE "PLAIN" "AGFs…"`, "AUHT PLAIN AGFs…", "Authorization: Basic
// AGFs…". It returns as loginAt
// does. Of a line without its end nobody knows yet what is base64.
func foreignLogin(text []byte, whole bool) (start int, login bool) {
	const words = 4 // of those that matter stands the last
	at := 0
	for n := range words {
		at += len(text[at:]) - len(bytes.TrimLeft(text[at:], " \t"))
		end := at
		for end < len(text) && !isSpace(text[end]) {
			end++
		}
		word, rest := text[at:end], bytes.TrimLeft(text[end:], " \t")
		if len(word) == 0 || end == len(text) && !whole {
			return -1, login
		}
		behind := len(text) - len(rest)
		switch name := strings.TrimSuffix(string(word), ":"); {
		case n < 2 && (isOneOf(name, "PASS", "PASSWORD", "APOP") || loginNames(text[:at], word, rest)):
			if len(rest) == 0 {
				return -1, true
			}
			return behind, true
		case n < 2 && isOneOf(name, "AUTHENTICATE", "AUTHORIZATION", "PROXY-AUTHORIZATION"):
			login = true // what is behind is known by its mechanism
		case isMechanism(bytes.Trim(word, `"`)) || isOneOf(name, "BASIC", "BEARER", "DIGEST"):
			unknown := !whole || len(text) > MaxCommandLine-len("\r\n") // of a line too long the head alone is kept
			if len(rest) > 0 && (unknown || login || looksBase64(rest)) {
				return behind, true
			}
		case login: // a mechanism that nobody knows, or something else
			return at, true
		}
		at = end
	}
	return -1, login
}

// loginNames says whether a word is LOGIN or USER as IMAP and POP have it, with a
// name and perhaps a password behind, and not a word of a sentence: in capitals, or
// where no other word or just a tag such as "a1" stands before, and at most two
// behind.
func loginNames(before, word, rest []byte) bool {
	name := string(word)
	return name == "LOGIN" || name == "USER" || isOneOf(name, "LOGIN", "USER") &&
		(len(bytes.TrimSpace(before)) == 0 || bytes.ContainsAny(before, "0123456789")) && len(bytes.Fields(rest)) <= 2
}

// isOneOf says whether a word is one of some, in whatever case.
func isOneOf(word string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return EqualFold(word, name) })
}

// looksBase64 says whether a text is one word of base64 and hardly one of a
// language: eight octets or more, with a capital within, a digit, or a sign.
func looksBase64(text []byte) bool {
	text = bytes.TrimRight(text, " \t")
	odd := false
	for i, c := range text {
		switch {
		case c >= 'A' && c <= 'Z':
			odd = odd || i > 0
		case c >= '0' && c <= '9', c == '+', c == '/', c == '=':
			odd = true
		case c < 'a' || c > 'z':
			return false
		}
	}
	return odd && len(text) >= 8
}
