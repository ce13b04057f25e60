package sasl

// The server's side of the mechanisms that carry a bearer token: OAUTHBEARER
// (RFC 7628) and XOAUTH2, which Google had before it.

import (
	"strings"
	"unicode/utf8"
)

// What a server says, in JSON, of a token that is not right. The client answers
// it with nothing that matters, and then hears that it has failed (RFC 7628
// §3.2.3).
const (
	bearerFailure = `{"status":"invalid_token"}` // RFC 7628 §3.2.2
	xoauthFailure = `{"status":"401","schemes":"bearer"}`
)

// oauthServer is the server's side. go-sasl has one for OAUTHBEARER, which
// neither reads =2C and =3D nor bears an empty answer to its failure.
type oauthServer struct {
	name     string
	accounts *Accounts
	failed   bool
}

func (s *oauthServer) next(response []byte) ([]byte, *account, error) {
	if s.failed {
		return nil, nil, ErrWrong
	}
	parse := parseXOAuth
	failure := xoauthFailure
	if s.name == nameOAuthBearer {
		parse, failure = parseBearer, bearerFailure
	}
	user, token, want := parse(string(response))
	if !utf8.Valid(response) {
		want = "UTF-8 (RFC 4422 §3.4.1)"
	}
	if want != "" {
		return nil, nil, &ProtocolError{s.name, want}
	}
	if who := s.accounts.withToken(user, token); who != nil {
		return nil, who, nil
	}
	s.failed = true
	return []byte(failure), nil, nil
}

// parseXOAuth reads the response of XOAUTH2. ^A is the octet 0x01.
func parseXOAuth(response string) (user, token, want string) {
	const form = `"user=", the user, ^A, "auth=Bearer ", the token, ^A^A`
	body, ok := strings.CutSuffix(response, "\x01\x01")
	name, auth, ok2 := strings.Cut(body, "\x01")
	user, ok3 := strings.CutPrefix(name, "user=")
	value, ok4 := strings.CutPrefix(auth, "auth=")
	if !ok || !ok2 || !ok3 || !ok4 || user == "" || !isValue(value) {
		return "", "", form
	}
	return user, bearer(value), ""
}

// parseBearer reads the response of OAUTHBEARER (RFC 7628 §3.1). Host and port
// are read over: whoever is here has come to the right place. The user may be
// left out; then the token says who it is. A client that has no token may ask
// what is wrong with that (RFC 7628 §4.3).
func parseBearer(response string) (user, token, want string) {
	const form = `"n,a=", the user, ",", then ^Akey=value for each key, "auth" among them, then ^A^A (RFC 7628 §3.1)`
	flag, rest, ok := strings.Cut(response, ",")
	authz, rest, ok2 := strings.Cut(rest, ",")
	rest, ok3 := strings.CutPrefix(rest, "\x01")
	rest, ok4 := strings.CutSuffix(rest, "\x01\x01")
	if !ok || !ok2 || !ok3 || !ok4 {
		return "", "", form
	}
	if flag != "n" && flag != "y" {
		return "", "", `"n" or "y" at the start: there is no channel binding here (RFC 5801 §4)`
	}
	if authz != "" {
		name, ok := strings.CutPrefix(authz, "a=")
		if user, ok2 = decodeName(name); !ok || !ok2 || user == "" {
			return "", "", `"a=" and a user name with "=2C" for a comma and "=3D" for "=" (RFC 5801 §4)`
		}
	}
	auth := 0
	for pair := range strings.SplitSeq(rest, "\x01") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || !isKey(key) || !isValue(value) {
			return "", "", form
		}
		if key == "auth" {
			auth++
			token = bearer(value)
		}
	}
	if auth > 1 {
		return "", "", `"auth" once (RFC 7628 §3.1)`
	}
	return user, token, ""
}

// isValue says whether all characters may be in the value of a key (RFC 7628
// §3.1).
func isValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < ' ' || r > '~') && r != '\t' && r != '\r' && r != '\n'
	})
}

// bearer returns the token of "Bearer token", whose first word may be in any
// case (RFC 9110 §11.1) and have more than one space behind it (RFC 6750 §2.1),
// or nothing.
func bearer(value string) string {
	scheme, token, _ := strings.Cut(value, " ")
	token = strings.TrimLeft(token, " ")
	if !equalFold("BEARER", scheme) || !isToken(token) {
		return ""
	}
	return token
}

// isKey says whether it is of letters, as a key is (RFC 7628 §3.1).
func isKey(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// encodeName writes a name where commas part things (RFC 5801 §4).
func encodeName(s string) string { return nameEncoder.Replace(s) }

// decodeName reads it. It is false if there is a "=" that means nothing.
func decodeName(s string) (string, bool) {
	plain := nameDecoder.Replace(s)
	return plain, encodeName(plain) == s
}

var (
	nameEncoder = strings.NewReplacer("=", "=3D", ",", "=2C")
	nameDecoder = strings.NewReplacer("=3D", "=", "=2C", ",")
)
