package sasl

// The client's side of the mechanisms that show a password or a digest of one:
// PLAIN, LOGIN and CRAM-MD5.

import (
	"bytes"

	gosasl "github.com/emersion/go-sasl"
)

// plainLogin is the client's side of PLAIN (RFC 4616 §2): one message, and the
// server proves nothing.
type plainLogin struct{ initial []byte }

func newPlainLogin(c Credentials) plainLogin {
	_, initial, _ := gosasl.NewPlainClient(c.Authz, c.User, c.Password).Start() // its error is always nil
	return plainLogin{initial}
}

func (l plainLogin) Initial() ([]byte, bool) { return l.initial, true }

func (plainLogin) Next([]byte) ([]byte, error) {
	return nil, &ProtocolError{namePlain, "no challenge (RFC 4616 §2)"}
}

func (plainLogin) Finish() error { return nil }

// loginLogin is the client's side of LOGIN, which no RFC describes. Servers ask
// in different words, so the client goes by the order. It sends no initial
// response, which not all servers take.
type loginLogin struct {
	Credentials
	asked int
}

func (*loginLogin) Initial() ([]byte, bool) { return nil, false }

func (l *loginLogin) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.User), nil
	case 2:
		return []byte(l.Password), nil
	}
	return nil, &ProtocolError{nameLogin, "no more than two challenges"}
}

func (l *loginLogin) Finish() error {
	if l.asked != 2 {
		return &ProtocolError{nameLogin, "two challenges before success"}
	}
	return nil
}

// cramLogin is the client's side of CRAM-MD5 (RFC 2195 §2).
type cramLogin struct {
	Credentials
	asked bool
}

func (*cramLogin) Initial() ([]byte, bool) { return nil, false }

func (l *cramLogin) Next(challenge []byte) ([]byte, error) {
	if l.asked {
		return nil, &ProtocolError{nameCramMD5, "no more than one challenge (RFC 2195 §2)"}
	}
	// To digest anything a server likes to have digested helps it to guess the
	// password; the angle brackets make sure that it is a challenge at least.
	if len(challenge) < 3 || !bytes.HasPrefix(challenge, []byte("<")) || !bytes.HasSuffix(challenge, []byte(">")) {
		return nil, &ProtocolError{nameCramMD5, `a challenge that reads like a message id, "<1896.697170952@mx.receiver.example>" (RFC 2195 §2)`}
	}
	l.asked = true
	return append([]byte(l.User+" "), cramDigest(l.Password, string(challenge))...), nil
}

func (l *cramLogin) Finish() error {
	if !l.asked {
		return &ProtocolError{nameCramMD5, "a challenge before success (RFC 2195 §2)"}
	}
	return nil
}
