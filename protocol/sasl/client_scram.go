package sasl

// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802,
// RFC 7677).

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/xdg-go/scram"
)

// maxIterations is how often a client will hash its password because a server
// says so. A server that asks for more wants to keep it busy. A million take
// some tenths of a second; no server should ask for more than 600,000 or so,
// which is what is advised for passwords that are stored.
const maxIterations = 1_000_000

// scramLogin checks what the library leaves open: the bounds of the server's
// first message. The library checks the order of the parts, and the signature.
type scramLogin struct {
	Mechanism
	talk    *scram.ClientConversation
	nonce   string
	initial string
	state   scramState
}

// scramState is what the client waits for.
type scramState uint8

const (
	scramWantsFirst scramState = iota // the server-first-message
	scramWantsFinal                   // the server-final-message
	scramProved                       // nothing: the server has proved itself
	scramFailed                       // nothing: something was wrong
)

func newScramLogin(m Mechanism, o ClientOptions) (Login, error) {
	c := o.Credentials
	user, err := prepare(c.User)
	if err != nil {
		return nil, errors.New(m.Name + ": the user's name " + err.Error())
	}
	password, err := prepare(c.Password)
	if err != nil {
		return nil, errors.New(m.Name + ": the password " + err.Error())
	}
	authz := c.Authz
	if authz != "" {
		if authz, err = prepare(authz); err != nil {
			return nil, errors.New(m.Name + ": the identity " + err.Error())
		}
	}
	switch {
	case !isNonce(o.Nonce):
		return nil, errors.New(m.Name + " needs a nonce of visible ASCII characters without a comma")
	case m.Binds && !o.Binding.known():
		return nil, errors.New(m.Name + " needs a channel binding")
	}
	keys := o.Keys
	if keys == nil {
		keys = new(Keys)
	}
	keys.mu.Lock() // whose nonce it is, must not change on the way to the conversation
	defer keys.mu.Unlock()
	library := keys.of(user, password, authz)
	library.WithNonceGenerator(func() string { return o.Nonce })
	l := &scramLogin{Mechanism: m, nonce: o.Nonce}
	switch {
	case m.Binds:
		l.talk = library.NewConversationWithChannelBinding(scram.ChannelBinding{
			Type: scram.ChannelBindingType(o.Binding.Type), Data: o.Binding.Data})
	case o.Binding.known() && !o.ServerOffersPlus:
		l.talk = library.NewConversationAdvertisingChannelBinding() // "y": I could, you did not offer (RFC 5802 §6)
	default:
		l.talk = library.NewConversation()
	}
	l.initial, _ = l.talk.Step("") // to begin is never an error
	return l, nil
}

// Keys are what SCRAM has made of a password with the salt of a server. A client
// may keep them (RFC 5802 §5.1): to make them takes thousands of hashes. The zero
// value is empty and ready; it can be used by many logins at the same time.
type Keys struct {
	mu      sync.Mutex
	whose   [3]string // user, password and identity
	library *scram.Client
	logins  int
}

// of returns the library's client for those credentials. It keeps the keys of
// each salt it meets, so that one which has met many goes.
func (k *Keys) of(user, password, authz string) *scram.Client {
	const most = 1000
	if whose := [3]string{user, password, authz}; k.library == nil || k.whose != whose || k.logins >= most {
		k.library, _ = scram.SHA256.NewClientUnprepped(user, password, authz) // its error is always nil
		k.library.WithMinIterations(minIterations)
		k.whose, k.logins = whose, 0
	}
	k.logins++
	return k.library
}

func (l *scramLogin) Initial() ([]byte, bool) { return []byte(l.initial), true }

func (l *scramLogin) Next(challenge []byte) (response []byte, err error) {
	state := l.state
	l.state = scramFailed // but for what follows
	message := string(challenge)
	why, refused := strings.CutPrefix(message, "e=")
	switch {
	case !isScram(message):
		return nil, l.mistake("UTF-8 without control characters (RFC 5802 §7)")
	case refused:
		return nil, l.refused(why)
	case mustKnow(message):
		return nil, l.mistake(`no "m=": extensions that must be known are not (RFC 5802 §5.1)`)
	case state == scramWantsFirst:
		if response, err = l.first(message); err == nil {
			l.state = scramWantsFinal
		}
		return response, err
	case state == scramWantsFinal:
		if response, err = l.final(message); err == nil {
			l.state = scramProved
		}
		return response, err
	}
	return nil, l.mistake("no challenge after the server's signature (RFC 5802 §5)")
}

// first takes the server-first-message and returns the client-final-message
// (RFC 5802 §7).
func (l *scramLogin) first(message string) ([]byte, error) {
	if err := l.checkFirst(message); err != nil {
		return nil, err
	}
	response, err := l.talk.Step(message)
	if err != nil {
		return nil, l.mistake(`"r=" and a nonce, ",s=" and a salt in base64, ",i=" and a number (RFC 5802 §7)`)
	}
	return []byte(response), nil
}

func (l *scramLogin) checkFirst(message string) error {
	parts := strings.Split(message, ",")
	if len(parts) < 3 {
		return l.mistake(`"r=" and a nonce, ",s=" and a salt, ",i=" and a number (RFC 5802 §7)`)
	}
	nonce, _ := strings.CutPrefix(parts[0], "r=")
	count, ok := strings.CutPrefix(parts[2], "i=")
	switch {
	case !isNonce(nonce) || !strings.HasPrefix(nonce, l.nonce) || nonce == l.nonce:
		return fmt.Errorf("%w: its nonce is not the client's with more after it; it may answer another client (RFC 5802 §5.1)", ErrServer)
	case parts[1] == "s=":
		return l.mistake(`a salt after "s=" (RFC 5802 §7)`)
	case !ok || !isNumber(count):
		return l.mistake(`a number after "i=" (RFC 5802 §7)`)
	}
	// A number that does not fit is too big as well.
	if n, err := strconv.Atoi(count); err != nil || n > maxIterations {
		return fmt.Errorf("%w: it wants the password hashed more than %d times", ErrServer, maxIterations)
	} else if n < minIterations {
		return fmt.Errorf("%w: it wants the password hashed fewer than %d times, which makes it easy to guess (RFC 7677 §4)", ErrServer, minIterations)
	}
	return nil
}

// final takes the server-final-message: the server's signature, which shows
// that it knows the password or its keys (RFC 5802 §3).
func (l *scramLogin) final(message string) ([]byte, error) {
	if !strings.HasPrefix(message, "v=") {
		return nil, l.mistake(`"v=" and the server's signature (RFC 5802 §7)`)
	}
	if _, err := l.talk.Step(message); err != nil {
		return nil, fmt.Errorf("%w: its signature is wrong; it does not know the password (RFC 5802 §5)", ErrServer)
	}
	return []byte{}, nil
}

// Finish wants the server's signature to have been seen and found right
// (RFC 5802 §5).
func (l *scramLogin) Finish() error {
	if l.state != scramProved {
		return fmt.Errorf("%w: it has not shown its signature; it may not know the password (RFC 5802 §5)", ErrServer)
	}
	return nil
}

// serverErrors are the errors that a server can name (RFC 5802 §7).
var serverErrors = []string{
	"invalid-encoding", "extensions-not-supported", "invalid-proof", "channel-bindings-dont-match",
	"server-does-support-channel-binding", "channel-binding-not-supported", "unsupported-channel-binding-type",
	"unknown-user", "invalid-username-encoding", "no-resources", "other-error",
}

func (l *scramLogin) refused(why string) error {
	why, _, _ = strings.Cut(why, ",")
	if !slices.Contains(serverErrors, why) {
		why = "other-error" // as RFC 5802 §7 has those it does not list treated
	}
	return fmt.Errorf("%w: %s (RFC 5802 §7)", ErrServer, why)
}

func (l *scramLogin) mistake(want string) error { return &ProtocolError{l.Name, want} }

// isNumber says whether it is a number as RFC 5802 §7 writes one, without a sign
// or a zero before it.
func isNumber(s string) bool {
	return s != "" && s[0] != '0' && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
