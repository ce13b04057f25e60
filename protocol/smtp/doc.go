// Package smtp is the engine of the Simple Mail Transfer Protocol
// (RFC 5321): commands, replies, paths and extensions as values, and the two
// sides of a session.
//
// A session does no input or output. It is a value that is fed octets and
// asked what it wants next: it reads no clock, no socket, no random source and
// starts no goroutine. The same [Server] and [Client] therefore run in a
// simulation, on a socket, in a fuzz test and under a person's hands.
//
// A server is driven like this:
//
//	for {
//		switch s.Next() {
//		case smtp.NeedInput: // send s.Output(), then s.Feed what arrives
//		case smtp.Decide:    // look at s.Command, then s.Reply(s.Proposal()) or another reply
//		case smtp.Body:      // take a piece of the letter with s.Chunk()
//		case smtp.Closed:    // send s.Output(), then close the connection
//		}
//	}
//
// A letter that comes by BDAT (RFC 3030 §2) needs no more than that: its octets
// come out at Body like any other, each BDAT is a decision of its own, and
// [Command.EndsLetter] says which decision is on the whole letter.
//
// The extensions known are PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME
// (RFC 6152), ENHANCEDSTATUSCODES (RFC 2034), CHUNKING and BINARYMIME
// (RFC 3030), SMTPUTF8 (RFC 6531), DSN (RFC 3461) and LIMITS (RFC 9422).
package smtp
