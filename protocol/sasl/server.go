package sasl

// The server's side of a login: what all mechanisms have in common.

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrWrong says that the credentials are wrong: no such user, not this password
// or token, not for the identity asked for, or bound to another connection. It
// does not say which. Use [errors.Is]: some errors that wrap it say more.
var ErrWrong = errors.New("wrong credentials")

// ErrIntercepted is [ErrWrong] where the two ends do not see the same TLS
// connection, or not the same offer: someone may be in between (RFC 5802 §6).
var ErrIntercepted = fmt.Errorf("%w: the ends of the connection do not see the same; someone may be in between (RFC 5802 §6)", ErrWrong)

// ProtocolError is a message that the mechanism does not allow.
type ProtocolError struct {
	Mechanism string
	Want      string // what was expected, with its RFC section; nothing of what came
}

// Error says what was expected.
func (e *ProtocolError) Error() string { return e.Mechanism + ": expected " + e.Want }

// Exchange is the server's side of a login under way.
type Exchange interface {
	// Next takes the client's response and returns the next challenge. A nil
	// response at the start means that the client sent no initial response; an
	// empty one that is not nil is an initial response of no octets (which
	// RFC 4954 §4 writes as "="). done is true when the client is who it says;
	// then nothing is left to send. An error ends the exchange: [ErrWrong], or an
	// error that wraps it, for wrong credentials, else a [*ProtocolError].
	Next(response []byte) (challenge []byte, done bool, err error)

	// User returns who has logged in, as its [Account] has it: after done, before
	// that nothing.
	User() string

	// Refused says whether the client knows by the last challenge that it is not
	// let in, whatever it answers (RFC 7628 §3.2.3).
	Refused() bool

	// Clone returns a copy that goes its own way.
	Clone() Exchange
}

// ServerOptions are what an exchange needs.
type ServerOptions struct {
	Accounts *Accounts
	Host     string // the server's name, for the challenge of CRAM-MD5
	// Time is when the exchange begins, for the challenge of CRAM-MD5 (RFC 2195 §2);
	// the zero value is left out.
	Time time.Time
	// Nonce is what makes this exchange another than all others: visible ASCII
	// characters without a comma. SCRAM and CRAM-MD5 need it.
	Nonce string
	// Binding is that of the TLS connection. SCRAM-SHA-256-PLUS needs it.
	Binding *Binding
	// BindingOffered says that the client was offered a mechanism that binds. A
	// client that could have bound and says that it was not offered such a one
	// has been lied to on the way (RFC 5802 §6).
	BindingOffered bool
}

// NewExchange begins a login by that mechanism. It is an error if the mechanism
// is not known or lacks what it needs of the options.
func NewExchange(mechanism string, o ServerOptions) (Exchange, error) {
	m, ok := Find(mechanism)
	if !ok {
		return nil, unknown()
	}
	switch {
	case (m.Name == nameCramMD5 || m.Name == nameScram || m.Binds) && !isNonce(o.Nonce):
		return nil, errors.New(m.Name + " needs a nonce of visible ASCII characters without a comma")
	case m.Binds && !o.Binding.known():
		return nil, errors.New(m.Name + " needs a channel binding")
	case o.Accounts == nil:
		o.Accounts = NewAccounts(nil)
	}
	x := &exchange{Mechanism: m, opening: []byte{}}
	switch m.Name {
	case nameScram, nameScramPlus:
		x.server = newScramServer(m, o)
	case nameOAuthBearer, nameXOAuth2:
		x.server = &oauthServer{name: m.Name, accounts: o.Accounts}
	case nameCramMD5:
		s := newCramServer(o)
		x.server, x.opening = s, []byte(s.challenge)
	case namePlain:
		x.server = plainServer{o.Accounts}
	case nameLogin:
		x.server, x.opening = &loginServer{accounts: o.Accounts}, []byte("Username:")
	}
	return x, nil
}

func unknown() error {
	var names []string
	for _, m := range Mechanisms {
		names = append(names, m.Name)
	}
	return errors.New("unknown mechanism; expected one of " + strings.Join(names, ", "))
}

// isNonce says whether s can be a nonce in all mechanisms (RFC 5802 §7).
func isNonce(s string) bool { return s != "" && isPrintable(s) && !strings.Contains(s, ",") }

// A server is the server's side of one mechanism.
type server interface {
	// next takes a response. The account is not nil when the client is who it
	// says.
	next(response []byte) (challenge []byte, who *account, err error)
	clone() server
}

// exchange is an Exchange: it knows about the beginning and the end, which are
// the same for all mechanisms.
type exchange struct {
	Mechanism
	server
	opening []byte // the challenge if there is no initial response
	begun   bool
	over    bool
	user    string
}

func (x *exchange) Next(response []byte) ([]byte, bool, error) {
	switch {
	case x.over:
		return nil, false, &ProtocolError{x.Name, "nothing after the end of the exchange"}
	case !x.begun && response == nil:
		x.begun = true
		return x.opening, false, nil
	case !x.begun && x.ServerFirst:
		x.over = true
		return nil, false, &ProtocolError{x.Name, "no initial response: the server speaks first (RFC 4954 §4)"}
	}
	x.begun = true
	challenge, who, err := x.next(response)
	if err != nil {
		x.over = true
		return nil, false, err
	}
	if who != nil {
		x.over, x.user = true, who.user
		return nil, true, nil
	}
	return challenge, false, nil
}

func (x *exchange) Refused() bool {
	s, ok := x.server.(*oauthServer)
	return ok && s.failed
}

func (x *exchange) User() string { return x.user }

// orWrong turns no account into ErrWrong.
func orWrong(who *account) ([]byte, *account, error) {
	if who == nil {
		return nil, nil, ErrWrong
	}
	return nil, who, nil
}
