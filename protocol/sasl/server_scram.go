package sasl

// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802,
// RFC 7677).

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/scram"
)

// minIterations is how often a password is hashed for SCRAM, by us and at least
// by any server (RFC 7677 §4).
const minIterations = 4096

// scramServer checks what the library leaves open: which binding goes with
// which mechanism, nonces and characters. The library's own checks are on the
// order of the parts, m=, =2C and =3D, the header and the binding in c=, the
// nonce and the proof.
type scramServer struct {
	Mechanism
	o    ServerOptions
	talk *scram.ServerConversation
	who  *account // whose keys are used; nobody if they are made up
	step int
}

func newScramServer(m Mechanism, o ServerOptions) *scramServer {
	s := &scramServer{Mechanism: m, o: o, who: nobody}
	library, _ := scram.SHA256.NewServer(func(user string) (scram.StoredCredentials, error) {
		if user == "" {
			return scram.StoredCredentials{}, errors.New("no name")
		}
		s.who = o.Accounts.find(user)
		return o.Accounts.credentials(user), nil
	}) // its error is always nil
	library.WithNonceGenerator(func() string { return o.Nonce })
	s.talk = library.NewConversation()
	if m.Binds && o.Binding != nil {
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
	return nil, s.who, nil
}

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
	case challenge == scram.ErrUnsupportedChannelBindingType:
		err = s.mistake("the channel binding " + s.o.Binding.Type + " (RFC 5802 §6)")
	case challenge == scram.ErrUnknownUser:
		err = s.mistake("a user name that is not empty (RFC 5802 §7)")
	default:
		err = s.mistake(`"n,,n=", a user name, ",r=" and a nonce (RFC 5802 §7)`)
	}
	return nil, nil, err
}

func (s *scramServer) checkFirst(message string) error {
	flag, rest, _ := strings.Cut(message, ",")
	_, bare, _ := strings.Cut(rest, ",")
	_, nonce, _ := strings.Cut(bare, ",")
	nonce, _, _ = strings.Cut(nonce, ",")
	switch {
	case !isScram(message):
		return s.mistake("UTF-8 without control characters (RFC 5802 §7)")
	case strings.HasPrefix(bare, "m="):
		return s.mistake(`no "m=": extensions that must be known are not (RFC 5802 §5.1)`)
	case s.Binds && !strings.HasPrefix(flag, "p="):
		return s.mistake(`"p=" and the type of a channel binding (RFC 5802 §6)`)
	case !s.Binds && strings.HasPrefix(flag, "p="):
		return s.mistake(`"n" or "y": to bind is to use ` + nameScramPlus + " (RFC 5802 §6)")
	case flag == "y" && s.o.BindingOffered:
		return fmt.Errorf("%w: the client was not shown that %s is offered; someone is in between (RFC 5802 §6)", ErrWrong, nameScramPlus)
	case strings.HasPrefix(nonce, "r=") && !isNonce(nonce[len("r="):]):
		return s.mistake(`visible ASCII characters for a nonce after "r=" (RFC 5802 §7)`)
	}
	return nil
}

// final takes the client-final-message and returns the server-final-message,
// which shows the client that the server is no impostor (RFC 5802 §7).
func (s *scramServer) final(message string) ([]byte, *account, error) {
	if !isScram(message) {
		return nil, nil, s.mistake("UTF-8 without control characters (RFC 5802 §7)")
	}
	challenge, err := s.talk.Step(message)
	switch {
	case challenge == scram.ErrChannelBindingsDontMatch && s.Binds:
		err = fmt.Errorf("%w: the login is bound to another connection; someone is in between (RFC 5802 §6)", ErrWrong)
	case challenge == scram.ErrChannelBindingsDontMatch:
		err = s.mistake(`the header of the first message in "c=" (RFC 5802 §5.1)`)
	case challenge == scram.ErrInvalidProof:
		err = ErrWrong
	case challenge == scram.ErrOtherError:
		err = s.mistake("the whole nonce, and a proof of 32 octets (RFC 5802 §5.1)")
	case err != nil:
		err = s.mistake(`"c=", ",r=" and ",p=" (RFC 5802 §7)`)
	case !sameUser(s.talk.AuthzID(), s.talk.Username()) || s.who.prepared == "":
		err = ErrWrong
	}
	if err != nil {
		return nil, nil, err
	}
	return []byte(challenge), nil, nil
}

func (s *scramServer) mistake(want string) error { return &ProtocolError{s.Name, want} }

// isScram says whether all characters may be in a message of SCRAM.
func isScram(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// credentials returns what a server keeps of the user's password for SCRAM
// (RFC 5802 §3). For a user that does not exist they are made up of the name:
// the same each time, as those of one that does, so that only the proof fails
// (RFC 5802 §7 lets a server hide the reason).
//
// Deriving keys is dear: some thousand hashes each. So it is done for all users
// at once when the first, whoever that is, logs in by SCRAM. Were it done for
// each in turn, or for those only that exist, then the time a server takes would
// tell who they are.
func (a *Accounts) credentials(user string) scram.StoredCredentials {
	a.once.Do(func() {
		for _, x := range a.list {
			if x.prepared != "" {
				x.keys = a.derive(mustPrepare(x.user), x.prepared)
			}
		}
	})
	if x := a.find(user); x.keys.Iters > 0 {
		return x.keys
	}
	user = mustPrepare(user)
	made := func(what string) []byte { d := hashOf(what, user); return d[:] }
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: saltOf(user), Iters: minIterations},
		StoredKey:  made("stored key of nobody"),
		ServerKey:  made("server key of nobody"),
	}
}

// deriveKeys derives a user's keys from the password (RFC 5802 §3).
func deriveKeys(user, password string) scram.StoredCredentials {
	return keysOf(password, scram.KeyFactors{Salt: saltOf(user), Iters: minIterations})
}

func keysOf(password string, factors scram.KeyFactors) scram.StoredCredentials {
	client, _ := scram.SHA256.NewClientUnprepped("", password, "") // its error is always nil
	keys, err := client.GetStoredCredentialsWithError(factors)
	if err != nil {
		panic("sasl: " + err.Error()) // a hash of that length and number is always possible
	}
	return keys
}

// saltOf returns a user's salt, 16 octets. It is derived from the name, so that
// a run can be repeated; so two servers of ours give a user the same, which a
// salt drawn by chance would not be.
func saltOf(user string) string {
	d := hashOf("salt", user)
	return string(d[:16])
}

func hashOf(what, user string) digest {
	return sha256.Sum256([]byte("helo SCRAM " + what + "\x00" + user))
}

// mustPrepare prepares a name, or leaves it as it is where that is not possible:
// then it is no user's.
func mustPrepare(user string) string {
	if p, err := prepare(user); err == nil {
		return p
	}
	return user
}
