package sasl

// The mechanisms, as data.

import "slices"

// The names of the mechanisms.
const (
	nameScramPlus   = "SCRAM-SHA-256-PLUS" // RFC 5802, RFC 7677
	nameScram       = "SCRAM-SHA-256"      // RFC 5802, RFC 7677
	nameOAuthBearer = "OAUTHBEARER"        // RFC 7628
	nameXOAuth2     = "XOAUTH2"            // Google's, older than OAUTHBEARER
	nameCramMD5     = "CRAM-MD5"           // RFC 2195
	namePlain       = "PLAIN"              // RFC 4616
	nameLogin       = "LOGIN"              // no RFC
)

// Mechanism describes a mechanism.
type Mechanism struct {
	Name        string
	ClearText   bool // reveals the password or token to whoever listens: not without TLS (RFC 4954 §4)
	ServerFirst bool // the server speaks first: an initial response is a mistake (RFC 4954 §4)
	Token       bool // wants a bearer token, not a password
	Binds       bool // needs the TLS channel's binding (RFC 5802 §6)
}

// Mechanisms are those known here in order of preference, the strongest first.
//
// In LOGIN the server asks for the user's name, so our client sends no initial
// response; but many clients do send the name in one and servers take it, so it
// is not a mistake.
var Mechanisms = []Mechanism{
	{Name: nameScramPlus, Binds: true},
	{Name: nameScram},
	{Name: nameOAuthBearer, ClearText: true, Token: true},
	{Name: nameXOAuth2, ClearText: true, Token: true},
	{Name: nameCramMD5, ServerFirst: true},
	{Name: namePlain, ClearText: true},
	{Name: nameLogin, ClearText: true},
}

// Find returns the mechanism of that name, in any case: its letters are all
// ASCII (RFC 4422 §3.1; RFC 4954 §4 has AUTH's argument in any case). It is
// false where there is none.
func Find(name string) (Mechanism, bool) {
	i := slices.IndexFunc(Mechanisms, func(m Mechanism) bool { return equalFold(m.Name, name) })
	if i < 0 {
		return Mechanism{}, false
	}
	return Mechanisms[i], true
}

// authz says whether a client can ask to act as someone else (RFC 4422 §3.4.1).
func (m Mechanism) authz() bool {
	return m.Name != nameCramMD5 && m.Name != nameLogin && m.Name != nameXOAuth2
}

// equalFold compares an upper-case name with another, for whose ASCII letters
// case does not count. strings.EqualFold would take the long s for an S.
func equalFold(upper, s string) bool {
	if len(upper) != len(s) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
