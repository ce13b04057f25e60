package sasl

// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802,
// RFC 7677).

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/scram"
)

// scramServer checks what the library leaves open: which binding goes with
// which mechanism, nonces and characters. The library's own checks are on the
// order of the parts, m=, =2C and =3D, the header and the binding in c=, the
// nonce and the proof.
type scramServer struct {
	Mechanism
	o    ServerOptions
	talk *scram.ServerConversation
	step int
}

func newScramServer(m Mechanism, o ServerOptions) *scramServer {
	s := &scramServer{Mechanism: m, o: o}
	library, _ := scram.SHA256.NewServer(func(user string) (scram.StoredCredentials, error) {
		if user == "" {
			return scram.StoredCredentials{}, errors.New("no name")
		}
		return o.Accounts.credentials(user), nil
	}) // its error is always nil
	library.WithNonceGenerator(func() string { return o.Nonce })
	s.talk = library.NewConversation()
	if m.Binds {
		s.talk = library.NewConversationWithChannelBindingRequired(scram.ChannelBinding{
			Type: scram.ChannelBindingType(o.Binding.Type), Data: o.Binding.Data})
	}
	return s
}

func (s *scramServer) next(response []byte) ([]byte, *account, error) {
	s.step++
	switch s.step {
	case 1:
		return s.first(string(response))
	case 2:
		return s.final(string(response))
	}
	// The server has shown that it knows the password too. SMTP has no octets
	// with its success (RFC 4954 §4), so that went as a challenge, and to it the
	// client has nothing to say.
	if len(response) > 0 {
		return nil, nil, s.mistake("an empty response to the server's signature (RFC 4954 §4)")
	}
	return nil, s.who(), nil
}

// who returns whose keys are used. Where they are made up, that is nobody or an
// account without a password.
func (s *scramServer) who() *account { return s.o.Accounts.find(s.talk.Username()) }

// first takes the client-first-message and returns the server-first-message
// (RFC 5802 §7).
func (s *scramServer) first(message string) ([]byte, *account, error) {
	if err := s.checkFirst(message); err != nil {
		return nil, nil, err
	}
	challenge, err := s.talk.Step(message)
	switch {
	case err == nil:
		return []byte(challenge), nil, nil
	case challenge == scram.ErrInvalidUsernameEncoding || challenge == scram.ErrInvalidEncoding:
		err = s.mistake(`"=2C" for a comma and "=3D" for "=" in a name (RFC 5802 §5.1)`)
	case challenge == scram.ErrUnknownUser:
		err = s.mistake("a user name that is not empty (RFC 5802 §7)")
	default:
		err = s.mistake(`a header such as "n,,", then "n=", a user name, ",r=" and a nonce (RFC 5802 §7)`)
	}
	return nil, nil, err
}

func (s *scramServer) checkFirst(message string) error {
	flag, rest, _ := strings.Cut(message, ",")
	authz, bare, _ := strings.Cut(rest, ",")
	_, nonce, _ := strings.Cut(bare, ",")
	nonce, more, extended := strings.Cut(nonce, ",")
	switch {
	case !isScram(message):
		return s.mistake("UTF-8 without control characters (RFC 5802 §7)")
	case mustKnow(bare):
		return s.mistake(`no "m=": extensions that must be known are not (RFC 5802 §5.1)`)
	case s.Binds && flag != "p="+s.o.Binding.Type:
		return s.mistake(`the channel binding "p=` + s.o.Binding.Type + `" (RFC 5802 §6)`)
	case !s.Binds && strings.HasPrefix(flag, "p="):
		return s.mistake(`"n" or "y": to bind is to use ` + nameScramPlus + " (RFC 5802 §6)")
	case flag == "y" && s.o.BindingOffered:
		return ErrIntercepted // the client was not shown that -PLUS is offered
	case strings.HasPrefix(nonce, "r=") && !isNonce(nonce[len("r="):]):
		return s.mistake(`visible ASCII characters for a nonce after "r=" (RFC 5802 §7)`)
	case authz == "a=":
		return s.mistake(`a name after "a=", or nothing there (RFC 5802 §7)`)
	case extended && !areExtensions(more):
		return s.mistake(`a letter, "=" and a value for each extension after the nonce (RFC 5802 §7)`)
	}
	return nil
}

// areExtensions says whether each part is a letter, "=" and a value, as extensions
// are (RFC 5802 §7).
func areExtensions(parts string) bool {
	for part := range strings.SplitSeq(parts, ",") {
		if len(part) < len("x=y") || !isKey(part[:1]) || part[1] != '=' {
			return false
		}
	}
	return true
}

// final takes the client-final-message and returns the server-final-message,
// which shows the client that the server is no impostor (RFC 5802 §7).
func (s *scramServer) final(message string) ([]byte, *account, error) {
	if !isScram(message) {
		return nil, nil, s.mistake("UTF-8 without control characters (RFC 5802 §7)")
	}
	if mustKnow(message) {
		return nil, nil, s.mistake(`no "m=": extensions that must be known are not (RFC 5802 §5.1)`)
	}
	challenge, err := s.talk.Step(message)
	switch {
	case challenge == scram.ErrChannelBindingsDontMatch && s.Binds:
		err = ErrIntercepted // the login is bound to another connection
	case challenge == scram.ErrChannelBindingsDontMatch:
		err = s.mistake(`the header of the first message in "c=" (RFC 5802 §5.1)`)
	case challenge == scram.ErrInvalidProof:
		err = ErrWrong
	case challenge == scram.ErrOtherError:
		err = s.mistake("the whole nonce, and a proof of 32 octets (RFC 5802 §5.1)")
	case err != nil:
		err = s.mistake(`"c=", ",r=" and ",p=" (RFC 5802 §7)`)
	case !sameUser(s.talk.AuthzID(), s.talk.Username()) || s.who().prepared == "":
		err = ErrWrong
	}
	if err != nil {
		return nil, nil, err
	}
	return []byte(challenge), nil, nil
}

func (s *scramServer) mistake(want string) error { return &ProtocolError{s.Name, want} }

// mustKnow says whether a message has an extension that whoever does not know it
// must not read over; it may stand anywhere (RFC 5802 §5.1).
func mustKnow(message string) bool {
	return strings.HasPrefix(message, "m=") || strings.Contains(message, ",m=")
}

// isScram says whether all characters may be in a message of SCRAM.
func isScram(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
