package sasl

// The server's side of the mechanisms that show a password or a digest of one:
// PLAIN, LOGIN and CRAM-MD5.

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	gosasl "github.com/emersion/go-sasl"
)

// plainServer is the server's side of PLAIN (RFC 4616 §2).
type plainServer struct{ accounts *Accounts }

func (s plainServer) next(response []byte) ([]byte, *account, error) {
	if !utf8.Valid(response) {
		return nil, nil, &ProtocolError{namePlain, "UTF-8 (RFC 4616 §2)"}
	}
	var who *account
	_, done, err := gosasl.NewPlainServer(func(authz, user, password string) error {
		if user == "" || password == "" {
			return &ProtocolError{namePlain, "a user name and a password, neither of them empty (RFC 4616 §2)"}
		}
		// The password is looked at even if the identity is refused, so that no
		// one learns by the time it takes which of the two was wrong.
		if who = s.accounts.withPassword(user, password); !sameUser(authz, user) {
			who = nil
		}
		return nil
	}).Next(response)
	var mistake *ProtocolError
	switch {
	case errors.As(err, &mistake):
		return nil, nil, mistake
	case err != nil || !done:
		return nil, nil, &ProtocolError{namePlain, "an identity, NUL, a user name, NUL and a password (RFC 4616 §2)"}
	}
	return orWrong(who)
}

// loginServer is the server's side of LOGIN, which no RFC describes: the server
// asks for the name, then for the password.
type loginServer struct {
	accounts *Accounts
	user     string
	named    bool
}

func (s *loginServer) next(response []byte) ([]byte, *account, error) {
	if !s.named {
		s.user, s.named = string(response), true
		return []byte("Password:"), nil, nil
	}
	return orWrong(s.accounts.withPassword(s.user, string(response)))
}

// cramServer is the server's side of CRAM-MD5 (RFC 2195 §2).
type cramServer struct {
	accounts  *Accounts
	challenge string
}

func newCramServer(o ServerOptions) *cramServer {
	stamp := ""
	if !o.Time.IsZero() {
		stamp = "." + strconv.FormatInt(o.Time.Unix(), 10)
	}
	return &cramServer{o.Accounts, "<" + o.Nonce + stamp + "@" + o.Host + ">"}
}

func (s *cramServer) next(response []byte) ([]byte, *account, error) {
	// A user's name may have spaces in it, a digest has none.
	at := strings.LastIndexByte(string(response), ' ')
	if at < 1 || !isHex(response[at+1:]) {
		return nil, nil, &ProtocolError{nameCramMD5, "a user name, a space and 32 lower-case hexadecimal digits (RFC 2195 §2)"}
	}
	x := s.accounts.find(string(response[:at]))
	want := cramDigest(x.password, s.challenge)
	if subtle.ConstantTimeCompare(response[at+1:], want) == 1 && x.password != "" {
		return nil, x, nil
	}
	return nil, nil, ErrWrong
}

// cramDigest is what shows that someone has the password, without showing it
// (RFC 2195 §2). It is made of the password's octets as they are: the RFC is
// older than SASLprep.
func cramDigest(password, challenge string) []byte {
	mac := hmac.New(md5.New, []byte(password))
	mac.Write([]byte(challenge))
	return hex.AppendEncode(nil, mac.Sum(nil))
}

func isHex(digest []byte) bool {
	for _, c := range digest {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(digest) == hex.EncodedLen(md5.Size)
}
