package smtp

// What a client is given to send besides the letter, and what becomes of it.

import (
	"errors"
	"fmt"
)

// Envelope is what a letter needs besides itself.
type Envelope struct {
	From     Path   // reverse-path; the zero Path is the null one
	To       []Path // forward-paths, at least one
	Size     int64  // octets of the letter as SIZE counts them (RFC 1870 §5); 0: not known
	EightBit bool   // the letter has octets above 127 and needs 8BITMIME (RFC 6152)
	Binary   bool   // the letter need not consist of lines and needs BINARYMIME (RFC 3030 §3)
	UTF8     bool   // the letter's header is in UTF-8 and needs SMTPUTF8 (RFC 6531 §3.4)

	// RequireTLS says that the letter may travel only inside TLS, to servers that
	// keep that promise (RFC 8689 §4.2.1).
	RequireTLS bool

	// What is asked about reports (RFC 3461 §4). It is sent only to a server
	// that offers DSN; whether it was, Offer tells.

	DSN    DSNMail
	ToDSNs []DSNRcpt // beside To; those that are missing ask for nothing
}

// toDSN returns what is asked for one recipient.
func (e *Envelope) toDSN(i int) DSNRcpt {
	if i < len(e.ToDSNs) {
		return e.ToDSNs[i]
	}
	return DSNRcpt{}
}

// check says whether the envelope can be written in commands.
func (e *Envelope) check() error {
	if len(e.To) == 0 {
		return errors.New("the envelope has no recipient")
	}
	if !e.From.Valid() || e.From.Domain == "" && !e.From.IsNull() {
		return fmt.Errorf("reverse-path %q: not an address SMTP can carry", e.From.Mailbox())
	}
	if err := e.DSN.check(); err != nil {
		return err
	}
	for i, to := range e.To {
		if !to.Valid() || to.IsNull() {
			return fmt.Errorf("forward-path %q: not an address SMTP can carry", to.Mailbox())
		}
		if err := e.toDSN(i).check(); err != nil {
			return fmt.Errorf("forward-path %q: %w", to.Mailbox(), err)
		}
	}
	return nil
}

// Outcome is what became of a recipient in one transaction.
type Outcome uint8

// The outcomes.
const (
	Pending   Outcome = iota // not known yet
	Delivered                // the server is now responsible (RFC 5321 §4.2.5)
	Deferred                 // not now: 4yz, or the connection failed
	Refused                  // no: 5yz, or the letter cannot go this way
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	return [...]string{"pending", "delivered", "deferred", "refused"}[o&3]
}

// Result is the verdict on one recipient.
type Result struct {
	To      Path
	Outcome Outcome
	Verb    Verb  // what the reply was given to, or was awaited for: Connect, MAIL, RCPT, DATA, EndOfData, BDAT …
	Reply   Reply // the server's words; if Local, the reply it amounts to
	Local   bool  // nobody said so: the connection failed, or the client refused to send

	// NotTried says that the client left the recipient out, because it would
	// have gone beyond a limit of the server (RFC 9422 §4). It is Deferred, but
	// there is no need to wait: see [Client.NotTried].
	NotTried bool
}
