package smtp

// Which octets of a line are what.

// PartKind says what a stretch of octets in a command or a reply is.
type PartKind uint8

// The kinds of parts. The first group occurs in commands, the second in
// replies; a separator and a line end occur in both.
const (
	PartNone PartKind = iota
	PartVerb
	PartDomain
	PartAddressLiteral
	PartReversePath
	PartForwardPath
	PartSourceRoute
	PartLocalPart
	PartMailboxDomain
	PartKeyword
	PartValue
	PartArgument
	PartDot       // the lone dot that ends a letter
	PartChunkSize // the count of BDAT (RFC 3030 §2)
	PartLast      // LAST of BDAT
	PartMechanism // of AUTH
	PartResponse  // of AUTH, in base64

	PartCode
	PartEnhanced
	PartText

	PartSeparator
	PartLineEnd

	partKinds
)

var partNames = [partKinds]string{
	PartNone:           "none",
	PartVerb:           "verb",
	PartDomain:         "domain",
	PartAddressLiteral: "address literal",
	PartReversePath:    "reverse-path",
	PartForwardPath:    "forward-path",
	PartSourceRoute:    "source route",
	PartLocalPart:      "local-part",
	PartMailboxDomain:  "mailbox domain",
	PartKeyword:        "parameter keyword",
	PartValue:          "parameter value",
	PartArgument:       "argument",
	PartDot:            "dot",
	PartChunkSize:      "chunk size",
	PartLast:           "last marker",
	PartMechanism:      "mechanism",
	PartResponse:       "response",
	PartCode:           "code",
	PartEnhanced:       "enhanced code",
	PartText:           "text",
	PartSeparator:      "separator",
	PartLineEnd:        "line end",
}

// String returns the kind's name, such as "reverse-path".
func (k PartKind) String() string {
	if k < partKinds {
		return partNames[k]
	}
	return partNames[PartNone]
}

// Part is a stretch of octets with a meaning. Parts stand in order of their
// start; a part that lies within another, such as the domain of a path,
// follows it.
type Part struct {
	Kind       PartKind
	Start, End int // octets of the line or reply: from Start up to, not including, End
}

// SyntaxError says where octets leave the grammar, and what was expected.
type SyntaxError struct {
	Pos      int      // octet in the line, from 0
	Want     string   // what was expected there, such as `"<" before the address`
	Code     uint16   // the reply code it deserves, or 0
	Enhanced Enhanced // likewise
}

// Error returns "expected …".
func (e *SyntaxError) Error() string { return "expected " + e.Want }
