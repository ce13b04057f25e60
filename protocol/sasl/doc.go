// Package sasl is how a client shows a server who it is: the Simple
// Authentication and Security Layer (RFC 4422), both sides of it, for the
// mechanisms that mail programs use.
//
// A mechanism is a short talk of challenges and responses. [Mechanisms] lists
// those known here. A server makes an [Exchange] for each login and hands it what
// the client says; a client makes a [Login] and hands it what the server says.
// Both are values that do no input or output. They read no clock and no random
// source either: the nonce, where a mechanism wants one, comes from the caller,
// who must never give the same one twice unless a run is to be repeated.
//
// How the octets travel is the business of the protocol around it: in SMTP as
// lines of base64 after AUTH (RFC 4954 §4).
//
// PLAIN (RFC 4616) is go-sasl's, the talk of SCRAM (RFC 5802, RFC 7677) is that
// of xdg-go/scram, which also knows channel bindings; what those leave open is
// checked here. The others are written out.
package sasl
