package smtp

// What the reply given makes of a server's session: the state machine of
// RFC 5321 §4.1.4.

// Reply decides. The session follows the reply given, whatever was proposed:
// a 550 to MAIL opens no transaction, a 354 to DATA starts a letter, a 421
// closes. It returns the octets of this reply, which are part of Output too,
// and are valid as long. Without an open decision it does nothing.
func (s *Server) Reply(r Reply) []byte {
	if !s.deciding {
		return nil
	}
	s.deciding = false
	lost := s.lost
	s.lost = false
	switch r.Then {
	case Silent:
		if lost {
			s.close()
		} else if s.cmd.Verb == BDAT {
			s.silentBDAT()
		}
		return nil
	case Reset:
		s.close()
		return nil
	}
	verb := s.cmd.Verb
	sent := s.write(r, verb != Connect && verb != EHLO && verb != HELO)
	if r.Code == 0 && r.Raw != nil {
		r.Code = rawCode(r.Raw)
	}
	if s.mistake(r.Code) {
		s.errors++
	}
	s.follow(r)
	if lost || r.Then == Close || r.Code == 421 || r.Code == 221 && verb == QUIT {
		s.close()
	}
	return sent
}

// rawCode returns the code that the octets begin with, 0 if none.
func rawCode(b []byte) uint16 {
	if len(b) < 3 || !isDigit(b[0]) || !isDigit(b[1]) || !isDigit(b[2]) {
		return 0
	}
	return uint16(b[0]-'0')*100 + uint16(b[1]-'0')*10 + uint16(b[2]-'0')
}

// follow changes the state as the reply says.
func (s *Server) follow(r Reply) {
	done := r.Positive()
	switch s.cmd.Verb {
	case Connect:
		if s.state = StateServiceRefused; done { // RFC 5321 §3.1
			s.state = StateWelcomed
		}
	case EHLO, HELO:
		if done { // acts as RSET; a refusal changes nothing (RFC 5321 §4.1.4)
			s.endTransaction()
			s.state = StateGreeted
			s.greeted, s.hello, s.esmtp = true, s.cmd.Domain, s.cmd.Verb == EHLO
		}
	case MAIL:
		s.mails++ // refused ones count as well (RFC 9422 §4)
		if done {
			s.openTransaction()
		} else {
			s.noMAIL = true
		}
	case RCPT:
		switch {
		case done && s.cmd.pathOK:
			s.addRecipient()
		case !done:
			s.refused = true
		}
	case DATA:
		if r.Intermediate() {
			s.errors = 0
			if s.state != StateChunks { // else the chunks are its beginning
				s.letter = letterReader{}
			}
			s.letter.inLine, s.letter.cr = false, false
			s.state = StateData
		}
	case BDAT:
		if done {
			s.errors = 0
		}
		if s.offers.Has(Chunking) {
			s.followBDAT(done)
		}
	case STARTTLS:
		if r.Code == 220 {
			s.beginHandshake()
		}
	case AUTH, Response:
		s.followLogin(r)
	case EndOfData: // the buffers are cleared either way (RFC 5321 §4.1.1.4)
		s.endTransaction()
		s.settle()
	case RSET:
		if done {
			s.endTransaction()
			s.settle()
		}
	}
}

// openTransaction takes the envelope that MAIL begins.
func (s *Server) openTransaction() {
	s.endTransaction()
	s.state, s.errors = StateTransaction, 0
	c := &s.cmd
	s.from = c.Path
	if len(c.Params) == 0 {
		return
	}
	if v, ok := c.Param("SIZE"); ok {
		s.size, _ = parseSize(v)
	}
	v, _ := c.Param("BODY")
	s.eightBit, s.binary = EqualFold(v, "8BITMIME"), EqualFold(v, "BINARYMIME")
	_, s.utf8 = c.Param("SMTPUTF8")
	_, s.needTLS = c.Param("REQUIRETLS")
	v, _ = c.Param("RET")
	s.dsn.Return, _ = ParseReturn(v)
	if v, _ = c.Param("ENVID"); validEnvID(v) {
		s.dsn.EnvID = v
	}
}

// addRecipient takes what RCPT adds to the envelope.
func (s *Server) addRecipient() {
	s.errors = 0
	if s.state != StateChunks && s.state != StateBroken {
		s.state = StateRecipients
	}
	c := &s.cmd
	s.rcpts = append(s.rcpts, c.Path)
	var dsn DSNRcpt
	if len(c.Params) > 0 {
		if v, ok := c.Param("NOTIFY"); ok {
			dsn.Notify, _ = ParseNotify(v)
		}
		if v, _ := c.Param("ORCPT"); validOriginal(v) {
			dsn.Original = v
		}
	}
	if dsn != (DSNRcpt{}) || len(s.rcptDSNs) > 0 { // few ask for anything
		for len(s.rcptDSNs) < len(s.rcpts)-1 {
			s.rcptDSNs = append(s.rcptDSNs, DSNRcpt{})
		}
		s.rcptDSNs = append(s.rcptDSNs, dsn)
	}
}

// settle goes back to where no transaction is.
func (s *Server) settle() {
	switch {
	case s.state == StateServiceRefused:
	case !s.greeted:
		s.state = StateWelcomed
	default:
		s.state = StateGreeted
	}
}

// endTransaction forgets the envelope and the letter.
func (s *Server) endTransaction() {
	s.from, s.size, s.eightBit, s.binary, s.utf8, s.needTLS, s.dsn = Path{}, 0, false, false, false, false, DSNMail{}
	s.rcpts, s.rcptDSNs, s.refused = s.rcpts[:0], s.rcptDSNs[:0], false
	s.noMAIL = false
	s.letter, s.chunk = letterReader{}, chunkReader{}
}
