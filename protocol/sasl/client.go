package sasl

// The client's side of a login: what all mechanisms have in common.

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Login is the client's side of a login under way.
type Login interface {
	// Initial returns the initial response. It is false if the mechanism has
	// none. A caller that has no room for it beside the mechanism's name sends it
	// in answer to the server's first challenge, which is then empty (RFC 4954
	// §4).
	Initial() (response []byte, ok bool)

	// Next takes a challenge and returns the response, which may be empty. An
	// error ends the login: the client cancels it. It is a [*ProtocolError] for a
	// challenge that the mechanism does not allow, and [ErrServer] if the server
	// cannot be trusted or says that it refuses.
	Next(challenge []byte) (response []byte, err error)

	// Finish is asked when the server says that the client is in. It is an error
	// if the server has not shown what the mechanism has it show. Then the server
	// may be someone else, and the client should leave.
	Finish() error

	// Clone returns a copy that goes its own way.
	Clone() Login
}

// ErrServer is what the server says about itself that makes a client leave. The
// errors that wrap it say what.
var ErrServer = errors.New("the server failed the login")

// Credentials are what a client shows.
type Credentials struct {
	User     string
	Authz    string // whom to act as; empty for the user itself (RFC 4422 §3.4.1)
	Password string // not for OAUTHBEARER and XOAUTH2
	Token    string // for those only
	Host     string // the server and port, as asked for; both may be left out
	Port     uint16 // (OAUTHBEARER only, RFC 7628 §3.1)
}

// ClientOptions are what a login needs.
type ClientOptions struct {
	Credentials Credentials
	// Nonce is what makes this login another than all others: visible ASCII
	// characters without a comma. SCRAM needs it.
	Nonce string
	// Binding is that of the TLS connection, if there is TLS and it has one.
	Binding *Binding
	// Keys, if not nil, spare SCRAM to hash the same password again at each login.
	Keys *Keys
	// ServerOffersPlus says that the server offers SCRAM-SHA-256-PLUS. A client
	// that can bind and sees no such offer says so (RFC 5802 §6).
	ServerOffersPlus bool
}

// NewLogin begins a login by that mechanism. It is an error if the mechanism is
// not known, or if the credentials are missing or cannot be sent in it.
func NewLogin(mechanism string, o ClientOptions) (Login, error) {
	m, ok := Find(mechanism)
	if !ok {
		return nil, unknown()
	}
	if err := checkCredentials(m, o.Credentials); err != nil {
		return nil, errors.New(m.Name + ": " + err.Error())
	}
	switch m.Name {
	case nameScram, nameScramPlus:
		return newScramLogin(m, o)
	case nameOAuthBearer, nameXOAuth2:
		return newOAuthLogin(m.Name, o.Credentials), nil
	case nameCramMD5:
		return &cramLogin{Credentials: o.Credentials}, nil
	case namePlain:
		return newPlainLogin(o.Credentials), nil
	}
	return &loginLogin{Credentials: o.Credentials}, nil
}

// checkCredentials refuses what cannot be sent.
func checkCredentials(m Mechanism, c Credentials) error {
	switch {
	case c.User == "" && m.Name != nameOAuthBearer: // there the token may say who it is
		return errors.New("expected a user name")
	case !m.Token && c.Password == "":
		return errors.New("expected a password")
	case m.Token && !isToken(c.Token):
		return errors.New("expected a token of visible ASCII characters")
	case !m.authz() && !sameUser(c.Authz, c.User):
		return errors.New("expected no identity to act as: this mechanism has no place for one")
	}
	for _, s := range []string{c.User, c.Authz, c.Password, c.Host} {
		// NUL and ^A part the strings of PLAIN and of the tokens' mechanisms; SCRAM
		// has none of them; CRAM-MD5 and LOGIN could, but no one can type them.
		if !utf8.ValidString(s) || strings.ContainsFunc(s, isControl) {
			return errors.New("expected UTF-8 without control characters in names and passwords")
		}
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
