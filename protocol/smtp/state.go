package smtp

// Where a session stands, in one octet, with words for it.

// State names where a session stands. Both sides share the type, so that a
// trace can keep it in one octet.
//
// A server's state is what its last reply made of it: while a decision is
// open it is still the state before the command, except after the dot and after
// the last BDAT of a letter, when it is [StateLetterReceived], and after
// another BDAT, when it is [StateChunk]. A client's state names the oldest command that
// has no reply yet; with pipelining more may be on their way.
type State uint8

// The states.
const (
	StateNone State = iota // no session

	// of a server
	StateConnected      // connection open, greeting not given yet
	StateWelcomed       // 220 given, waiting for EHLO or HELO
	StateGreeted        // EHLO or HELO accepted, no transaction
	StateTransaction    // MAIL accepted
	StateRecipients     // at least one RCPT accepted
	StateData           // 354 given, the letter is coming
	StateLetterReceived // the dot or the last BDAT was heard, its reply is not decided
	StateServiceRefused // the greeting was a refusal: only QUIT is served (RFC 5321 §3.1)
	StateClosed         // no more octets in either direction; of a client, too

	// of a client
	StateAwaitingGreeting // connection open, nothing heard yet
	StateEHLOSent
	StateHELOSent
	StateReady // nothing unanswered, no transaction
	StateRSETSent
	StateMAILSent
	StateRCPTSent
	StateDATASent
	StateSendingLetter // 354 heard, the dot not sent yet
	StateDotSent
	StateQUITSent

	// later ones, behind the others because traces keep the number

	StateChunk  // of a server: a BDAT is being read, or its reply is not decided (RFC 3030 §2)
	StateChunks // of a server: chunks were accepted, more are coming
	StateBroken // of a server: a BDAT failed; nothing goes on before RSET, EHLO or HELO

	StateBDATSent // of a client
	StateLastSent // of a client: BDAT LAST, after which the server may be responsible

	StateLogin     // of a server: a challenge was given, its answer is due (RFC 4954 §4)
	StateHandshake // of a server: STARTTLS accepted, TLS begins (RFC 3207 §4)

	StateSTARTTLSSent // of a client
	StateShaking      // of a client: STARTTLS accepted, TLS begins
	StateAUTHSent     // of a client
	StateChallenged   // of a client: a challenge was heard, and is not answered yet
	StateResponseSent // of a client

	states
)

var stateWords = [states]string{
	StateNone:             "none",
	StateConnected:        "connected",
	StateWelcomed:         "welcomed",
	StateGreeted:          "greeted",
	StateTransaction:      "transaction open",
	StateRecipients:       "recipients given",
	StateData:             "data",
	StateLetterReceived:   "letter received",
	StateServiceRefused:   "service refused",
	StateClosed:           "closed",
	StateAwaitingGreeting: "awaiting greeting",
	StateEHLOSent:         "EHLO sent",
	StateHELOSent:         "HELO sent",
	StateReady:            "ready",
	StateRSETSent:         "RSET sent",
	StateMAILSent:         "MAIL sent",
	StateRCPTSent:         "RCPT sent",
	StateDATASent:         "DATA sent",
	StateSendingLetter:    "sending letter",
	StateDotSent:          "dot sent",
	StateQUITSent:         "QUIT sent",
	StateChunk:            "chunk",
	StateChunks:           "chunks given",
	StateBroken:           "transaction broken",
	StateBDATSent:         "BDAT sent",
	StateLastSent:         "last BDAT sent",
	StateLogin:            "login",
	StateHandshake:        "TLS handshake",
	StateSTARTTLSSent:     "STARTTLS sent",
	StateShaking:          "shaking hands",
	StateAUTHSent:         "AUTH sent",
	StateChallenged:       "challenged",
	StateResponseSent:     "response sent",
}

// String returns the words for the state, such as "transaction open".
func (s State) String() string {
	if s < states {
		return stateWords[s]
	}
	return stateWords[StateNone]
}

// OfServer says whether a server can be in the state while its session is open.
func (s State) OfServer() bool {
	return s > StateNone && s < StateClosed || s >= StateChunk && s <= StateBroken ||
		s == StateLogin || s == StateHandshake
}

// StateWords lists the words of all states but none.
func StateWords() []string { return append([]string(nil), stateWords[StateNone+1:]...) }

// IsState says whether the words name a state, spelled as [State.String] does.
func IsState(words string) bool {
	for _, w := range stateWords[StateNone+1:] {
		if w == words {
			return true
		}
	}
	return false
}
