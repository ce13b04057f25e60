package smtp

// The server's side of a session: what a driver sees of it. How its octets
// become commands is in framing.go, what it answers in server_decide.go.

// Config says how a server behaves. It is complete, may be shared, and must
// not change while a session uses it. The zero value is a server that offers
// no extension.
type Config struct {
	Hostname      string     // the server's name for itself; empty: "localhost"
	Extensions    Extensions // offered in the EHLO reply
	MaxSize       int64      // octets a letter may have (RFC 1870); 0: no fixed limit
	MaxRecipients int        // of one transaction; 0: 100, the least RFC 5321 §4.5.3.1.8 allows
	MaxMails      int        // MAIL commands of one session (RFC 9422 §4); 0: no limit
	MaxErrors     int        // mistakes in a row before the server hangs up; 0: 20; negative: no limit
	Expn          bool       // EXPN is served and listed (RFC 5321 §4.1.1.7)
	NoHelp        bool       // HELP is neither served nor listed

	// What STARTTLS, AUTH and REQUIRETLS need of the driver is in server_tls.go
	// and server_auth.go; they are in Extensions only where it is given.

	Mechanisms      []string // of SASL, that AUTH offers inside TLS (RFC 4954 §3)
	ClearMechanisms []string // and outside it
	MaxLogins       int      // logins of a session that may fail; 0: 3, the least RFC 4954 §4 has in mind
	MustLogin       bool     // no mail without a login (RFC 6409 §4.3)

	// Ways of being wrong, for lessons. A correct server has none of them.

	AcceptBareLF      bool // a LF without CR ends a line too, against RFC 5321 §2.3.8
	SkipDotUnstuffing bool // a leading dot stays in the letter, against RFC 5321 §4.5.2
}

func (c *Config) hostname() string {
	if c.Hostname == "" {
		return "localhost"
	}
	return c.Hostname
}

func (c *Config) maxRecipients() int {
	if c.MaxRecipients <= 0 {
		return 100
	}
	return c.MaxRecipients
}

func (c *Config) maxErrors() int {
	if c.MaxErrors == 0 {
		return 20
	}
	return c.MaxErrors
}

// Step is what a session wants next.
type Step uint8

// The steps. A server wants [NeedInput], [Decide], [Body], [Handshake] or
// [Closed], a client [NeedInput], [Heard], [Ready], [Letter], [Handshake],
// [Challenge] or [Done].
const (
	NeedInput Step = iota // octets from the peer, through Feed
	Decide                // a reply, through Reply
	Body                  // the driver to take a piece of the letter with Chunk
	Closed                // the connection to be closed once Output is sent
	Heard                 // the driver to look at a reply
	Ready                 // an envelope, through Send, or Quit
	Letter                // the letter, through Write and EndLetter
	Done                  // the connection to be closed once Output is sent
	Handshake             // Output to be sent, then TLS, then Secured
	Challenge             // an answer to a challenge, through Respond or CancelLogin
)

var stepWords = [...]string{"need input", "decide", "body", "closed", "heard", "ready", "letter", "done", "handshake", "challenge"}

// String returns the step's name in lower case.
func (s Step) String() string {
	if int(s) < len(stepWords) {
		return stepWords[s]
	}
	return "unknown"
}

// bufferOctets is how much a server holds of what it has not taken yet: more
// than any command line, and a fair piece of a letter.
const bufferOctets = 4096

// Server is the server's side of one session. Make one with [NewServer].
type Server struct {
	config *Config
	bound  *Config    // what it was before [Server.Unbound]; nil: it is still so
	offers Extensions // those of config that have what they need
	ehlo   []string   // lines of the EHLO reply
	texts  *serverTexts

	clear, inside saying // what it says outside TLS, and inside

	buf   [bufferOctets]byte
	r, w  int   // buf[r:w] is not taken yet
	base  int64 // where in the stream buf[0] stands
	seen  int   // buf[r:seen] holds no line end
	head  [MaxCommandLine]byte
	skip  bool  // inside a line too long: its head is kept, the rest thrown away
	begun int64 // where the line too long began
	long  longLine
	cr    bool // the last octet thrown away was CR

	state    State
	deciding bool // a reply is due
	eof      bool // nothing more arrives
	cmd      Command
	inHead   bool   // cmd.Line lies in head
	masker   Masker // behind cmd
	out      []byte
	taken    bool // out was handed to the driver
	lost     bool // the command is a BDAT whose octets cannot be skipped

	hello   string
	greeted bool // EHLO or HELO was accepted
	esmtp   bool // and it was EHLO
	mails   int  // MAIL commands answered in this session
	errors  int  // mistakes answered in a row

	secure    bool  // inside TLS
	discarded int   // octets that waited behind STARTTLS
	login     bool  // the client has logged in
	failures  int   // logins that failed
	before    State // of a login under way: where it goes back to

	from     Path
	size     int64 // declared, 0: not
	eightBit bool
	binary   bool
	utf8     bool
	needTLS  bool
	dsn      DSNMail
	rcpts    []Path
	rcptDSNs []DSNRcpt // beside rcpts; empty if all are zero
	refused  bool      // a RCPT of this transaction was not accepted
	noMAIL   bool      // the last MAIL was refused, and no RSET or the like came since
	letter   letterReader
	chunk    chunkReader
	words    interner
}

// NewServer returns a session on a connection just opened: the first step is
// to decide on the greeting.
func NewServer(c *Config) *Server {
	s := &Server{config: c, texts: newServerTexts(c)}
	s.clear = saying{c.offers(false), c.ehloLines(false)}
	s.inside = saying{c.offers(true), c.ehloLines(true)}
	s.Reset()
	return s
}

// saying is what a server says in its EHLO reply.
type saying struct {
	offers Extensions
	ehlo   []string
}

// Reset makes the session one on another connection, with the same Config. It
// keeps buffers, so that a session used again allocates nothing.
func (s *Server) Reset() {
	s.rebind()
	s.r, s.w, s.base, s.seen = 0, 0, 0, 0
	s.skip, s.cr, s.eof = false, false, false
	s.out, s.taken = s.out[:0], false
	s.greeted, s.hello, s.esmtp = false, "", false
	s.mails, s.errors, s.lost = 0, 0, false
	s.secure, s.discarded, s.login, s.failures = false, 0, false, 0
	s.offers, s.ehlo = s.clear.offers, s.clear.ehlo
	s.long, s.masker = longLine{}, Masker{}
	s.endTransaction()
	s.state = StateConnected
	s.decide(Connect, nil, 0)
}

// Feed gives the session octets from the client and returns how many it took.
// The rest stays with the caller, to be fed again: while a decision is open or
// a piece of the letter waits, the session takes none. At [Handshake] it takes
// all, and throws it away.
func (s *Server) Feed(p []byte) int {
	if s.state == StateHandshake {
		s.discarded += len(p)
		s.base += int64(len(p))
		return len(p)
	}
	if s.deciding || s.letter.ready > 0 || s.eof || s.state == StateClosed {
		return 0
	}
	if s.r > 0 {
		copy(s.buf[:], s.buf[s.r:s.w])
		s.base += int64(s.r)
		s.seen -= s.r
		s.w -= s.r
		s.r = 0
	}
	n := copy(s.buf[s.w:], p)
	s.w += n
	return n
}

// PeerClosed says that the client sends nothing more; feed what it sent before.
// Commands that arrived
// whole are still served; then the session is closed, and an unfinished
// transaction is forgotten (RFC 5321 §3.8).
func (s *Server) PeerClosed() { s.eof = true }

// TimedOut says that the client was silent for too long, at least five minutes
// (RFC 5321 §4.5.3.2.7): the session says 421 and closes.
func (s *Server) TimedOut() { s.giveUp(s.texts.timedOut) }

// Shutdown says that the server stops (RFC 5321 §3.8): the session says 421
// and closes.
func (s *Server) Shutdown() { s.giveUp(s.texts.shutdown) }

func (s *Server) giveUp(r Reply) {
	switch s.state {
	case StateClosed:
		return
	case StateHandshake: // what is said now is said inside TLS, or not at all
	default:
		s.write(r, s.state != StateConnected)
	}
	s.close()
}

func (s *Server) close() {
	s.state = StateClosed
	s.deciding = false
	s.letter.ready = 0
	s.endTransaction()
}

// Next says what the session wants. It may be called any number of times.
func (s *Server) Next() Step {
	for {
		switch {
		case s.state == StateClosed:
			return Closed
		case s.deciding:
			return Decide
		case s.letter.ready > 0:
			return Body
		case s.state == StateHandshake && !s.eof:
			return Handshake
		case s.state == StateHandshake:
			s.close()
			return Closed
		}
		var more bool
		switch {
		case s.chunk.open:
			more = s.readChunk()
		case s.state == StateData:
			more = s.readLetter()
		default:
			more = s.readLine()
		}
		if !more {
			if !s.eof {
				return NeedInput
			}
			s.close()
		}
	}
}

// Command returns what the open decision is about, and at [Body] which BDAT
// the piece belongs to, if the letter comes by BDAT: all pieces of a BDAT come
// before the decision on it. It is valid until the reply is given.
func (s *Server) Command() *Command { return &s.cmd }

// Output returns the octets to send since it was last called. They are valid
// until the next call of Reply, TimedOut or Shutdown.
func (s *Server) Output() []byte {
	if s.taken {
		return nil
	}
	s.taken = true
	return s.out
}

// write adds a reply to the output and returns its octets.
func (s *Server) write(r Reply, enhanced bool) []byte {
	if s.taken {
		s.out, s.taken = s.out[:0], false
	}
	start := len(s.out)
	s.out = r.Append(s.out, enhanced && s.offers.Has(EnhancedStatusCodes))
	return s.out[start:]
}

// Clone returns an independent session that is in the same place.
func (s *Server) Clone() *Server {
	c := *s
	c.out = append([]byte(nil), s.out...)
	c.rcpts = append([]Path(nil), s.rcpts...)
	c.rcptDSNs = append([]DSNRcpt(nil), s.rcptDSNs...)
	c.cmd.Parts = append([]Part(nil), s.cmd.Parts...)
	c.cmd.Params = append([]Param(nil), s.cmd.Params...)
	c.long.line = append([]byte(nil), s.long.line...)
	switch {
	case s.cmd.Line == nil:
	case s.inHead:
		c.cmd.Line = c.head[:len(s.cmd.Line)]
	default:
		c.cmd.Line = append([]byte(nil), s.cmd.Line...)
	}
	return &c
}

// State names where the session stands.
func (s *Server) State() State { return s.state }

// Hello returns the name the client gave, and whether it said EHLO; the name
// is empty before either.
func (s *Server) Hello() (name string, ehlo bool) { return s.hello, s.esmtp }

// From returns the reverse-path of the open transaction.
func (s *Server) From() Path { return s.from }

// Recipients returns the forward-paths accepted in the open transaction. The
// slice is valid until the transaction ends.
func (s *Server) Recipients() []Path { return s.rcpts }

// DeclaredSize returns the SIZE= of MAIL in octets, 0 if there was none.
func (s *Server) DeclaredSize() int64 { return s.size }

// EightBit says whether MAIL came with BODY=8BITMIME (RFC 6152).
func (s *Server) EightBit() bool { return s.eightBit }

// Binary says whether MAIL came with BODY=BINARYMIME (RFC 3030 §3).
func (s *Server) Binary() bool { return s.binary }

// UTF8 says whether MAIL came with SMTPUTF8 (RFC 6531 §3.4): addresses and
// header fields of this transaction may be in UTF-8.
func (s *Server) UTF8() bool { return s.utf8 }

// DSN returns what MAIL said about reports (RFC 3461 §4.3, RFC 3461 §4.4).
func (s *Server) DSN() DSNMail { return s.dsn }

// RecipientDSNs returns what each accepted RCPT said about reports
// (RFC 3461 §4.1, RFC 3461 §4.2), in the order of [Server.Recipients], or
// nothing at all if none of them said anything: it can be given to an
// [Envelope] as it is. The slice is valid until the transaction ends.
func (s *Server) RecipientDSNs() []DSNRcpt { return s.rcptDSNs }

// LetterLines returns how many lines of the letter have ended so far.
func (s *Server) LetterLines() int64 { return s.letter.lines }

// LetterSize returns how many octets of the letter were read so far, as SIZE
// counts them: without doubled dots and without the last one.
func (s *Server) LetterSize() int64 { return s.letter.size }
