package sasl

// The client's side of the mechanisms that carry a bearer token: OAUTHBEARER
// (RFC 7628) and XOAUTH2, which Google had before it.

import "strconv"

// oauthLogin is the client's side. go-sasl has one for OAUTHBEARER, which gives
// up at the server's failure without the answer that RFC 7628 §3.2.3 wants, and
// writes neither =2C nor =3D.
type oauthLogin struct {
	name    string
	initial string
	failed  bool
}

func newOAuthLogin(name string, c Credentials) *oauthLogin {
	if name == nameXOAuth2 {
		return &oauthLogin{name: name, initial: "user=" + c.User + "\x01auth=Bearer " + c.Token + "\x01\x01"}
	}
	who := c.Authz
	if who == "" {
		who = c.User // the token's owner is the identity asked for (RFC 7628 §3.1)
	}
	s := "n,"
	if who != "" {
		s += "a=" + encodeName(who)
	}
	s += ","
	if c.Host != "" {
		s += "\x01host=" + c.Host
	}
	if c.Port != 0 {
		s += "\x01port=" + strconv.Itoa(int(c.Port))
	}
	return &oauthLogin{name: name, initial: s + "\x01auth=Bearer " + c.Token + "\x01\x01"}
}

func (l *oauthLogin) Initial() ([]byte, bool) { return []byte(l.initial), true }

// Next answers the server's failure, the only challenge there is, with what
// means nothing: then the server says that the login has failed.
func (l *oauthLogin) Next([]byte) ([]byte, error) {
	switch {
	case l.failed:
		return nil, &ProtocolError{l.name, "no more than one challenge (RFC 7628 §3.2.3)"}
	case l.name == nameXOAuth2:
		l.failed = true
		return []byte{}, nil
	}
	l.failed = true
	return []byte{0x01}, nil // RFC 7628 §3.2.3
}

func (l *oauthLogin) Finish() error {
	if l.failed {
		return &ProtocolError{l.name, "no success after a failure (RFC 7628 §3.2.3)"}
	}
	return nil
}
