package smtp

// STARTTLS: a session goes on inside TLS, and forgets what was said before
// (RFC 3207). The handshake is the driver's.

var (
	replyTLSReady = answer(220, Enhanced{2, 0, 0}, "begin TLS now")
	replyOnlyEHLO = answer(503, Enhanced{5, 5, 1}, "EHLO comes first")
	replyTLSTwice = answer(503, Enhanced{5, 5, 1}, "this is inside TLS already")
)

// proposeSTARTTLS answers STARTTLS. Its order counts before its mistakes.
func (s *Server) proposeSTARTTLS() Reply {
	switch {
	case s.secure:
		return replyTLSTwice // RFC 3207 §4.2
	case !s.esmtp:
		return replyOnlyEHLO // it was not offered yet, and HELO offers nothing
	case s.cmd.Err != nil: // a parameter (RFC 3207 §4)
		return answer(s.cmd.Err.Code, s.cmd.Err.Enhanced, s.cmd.Err.Error())
	}
	return replyTLSReady
}

// beginHandshake is for a STARTTLS that was answered with 220: whatever waits
// behind it in clear is thrown away, for who knows who said it (RFC 3207 §4.2).
func (s *Server) beginHandshake() {
	s.state = StateHandshake
	s.discarded += s.w - s.r
	s.base += int64(s.w)
	s.r, s.w, s.seen = 0, 0, 0
}

// Secured says that the session is inside TLS from now on: at [Handshake], or
// on a new connection that begins with TLS, before the greeting is decided
// (RFC 8314 §3.3). What the client said outside is forgotten, and it has to
// say EHLO again (RFC 3207 §4.2). At any other time it does nothing.
//
// Octets of the client that came in clear and were not fed yet are fed before,
// and thrown away. If the handshake failed, there is nobody to talk to: close
// the connection.
func (s *Server) Secured() {
	switch {
	case s.state == StateConnected:
	case s.state == StateHandshake:
		s.endTransaction()
		s.greeted, s.hello, s.esmtp = false, "", false
		s.login, s.mails, s.errors = false, 0, 0 // how often a login has failed is not the client's to be forgotten
		s.words, s.masker = interner{}, Masker{}
		s.state = StateWelcomed
	default:
		return
	}
	s.secure = true
	s.offers, s.ehlo = s.inside.offers, s.inside.ehlo
}

// Secure says whether the session is inside TLS.
func (s *Server) Secure() bool { return s.secure }

// Discarded returns how many octets waited in clear behind STARTTLS, and were
// thrown away.
func (s *Server) Discarded() int { return s.discarded }

// RequireTLS says whether MAIL came with REQUIRETLS: the letter must go on
// inside TLS, to verified servers that promise the same, or not at all
// (RFC 8689 §4.2.1).
func (s *Server) RequireTLS() bool { return s.needTLS }
