package smtp

// The service extensions, as sets: what a server offers in its EHLO reply, and
// what a client finds there.

import (
	"strconv"
	"strings"
)

// Extensions is a set of service extensions (RFC 5321 §2.2).
type Extensions uint16

// The extensions.
const (
	Pipelining          Extensions = 1 << iota // RFC 2920
	Size                                       // RFC 1870
	EightBitMIME                               // RFC 6152
	EnhancedStatusCodes                        // RFC 2034
	Chunking                                   // RFC 3030 §2
	BinaryMIME                                 // RFC 3030 §3; needs Chunking
	SMTPUTF8                                   // RFC 6531; needs EightBitMIME
	DSN                                        // RFC 3461
	Limits                                     // RFC 9422
	StartTLS                                   // RFC 3207; only outside TLS
	Auth                                       // RFC 4954; needs mechanisms
	RequireTLS                                 // RFC 8689; only inside TLS

	// BasicExtensions is what most servers have had for decades. None of them
	// changes how a letter travels: it goes by DATA, between ASCII addresses.
	BasicExtensions = Pipelining | Size | EightBitMIME | EnhancedStatusCodes

	// AllExtensions is every extension this engine serves by itself.
	AllExtensions = BasicExtensions | Chunking | BinaryMIME | SMTPUTF8 | DSN | Limits

	// Security is the extensions for which it needs its driver: somebody who
	// does the handshake, who knows passwords, who passes on only over TLS.
	Security = StartTLS | Auth | RequireTLS
)

// extensionKeywords is in the order in which EHLO lists them. needs is what
// has to be there too: without it, the extension is as good as not offered.
var extensionKeywords = [...]struct {
	ext     Extensions
	keyword string
	needs   Extensions
}{
	{Pipelining, "PIPELINING", 0},
	{Size, "SIZE", 0},
	{EightBitMIME, "8BITMIME", 0},
	{EnhancedStatusCodes, "ENHANCEDSTATUSCODES", 0},
	{Chunking, "CHUNKING", 0},
	{BinaryMIME, "BINARYMIME", Chunking}, // RFC 3030 §3
	{SMTPUTF8, "SMTPUTF8", EightBitMIME}, // RFC 6531 §3.1
	{DSN, "DSN", 0},
	{Limits, "LIMITS", 0},
	{StartTLS, "STARTTLS", 0},
	{Auth, "AUTH", 0},
	{RequireTLS, "REQUIRETLS", 0},
}

// usable returns the set without those extensions whose needs are not in it.
func (e Extensions) usable() Extensions {
	for _, k := range extensionKeywords {
		if !e.Has(k.needs) {
			e &^= k.ext
		}
	}
	return e
}

// Has says whether all of the extensions in x are in the set.
func (e Extensions) Has(x Extensions) bool { return e&x == x }

// String lists the set in lower case, as people write it: "pipelining size".
// The empty set is "none".
func (e Extensions) String() string {
	var words []string
	for _, k := range extensionKeywords {
		if e.Has(k.ext) {
			words = append(words, strings.ToLower(k.keyword))
		}
	}
	if words == nil {
		return "none"
	}
	return strings.Join(words, " ")
}

// ParseExtension returns the one extension with that name, in any case:
// "pipelining", "size", "8bitmime", "enhancedstatuscodes", "chunking",
// "binarymime", "smtputf8", "dsn", "limits", "starttls", "auth" or "requiretls".
func ParseExtension(name string) (Extensions, bool) {
	for _, k := range extensionKeywords {
		if EqualFold(k.keyword, name) {
			return k.ext, true
		}
	}
	return 0, false
}

// offers returns what is offered inside TLS, or outside it.
func (c *Config) offers(secure bool) Extensions {
	offers := c.Extensions.usable()
	if secure {
		offers &^= StartTLS // RFC 3207 §4.2
	} else {
		offers &^= RequireTLS // RFC 8689 §2
	}
	if len(c.mechanisms(secure)) == 0 {
		offers &^= Auth
	}
	return offers
}

// ehloLines returns the lines of a server's EHLO reply (RFC 5321 §4.1.1.1).
// EXPN and HELP are listed because they are not in the minimum of
// RFC 5321 §4.5.1, and whatever is not must be announced.
func (c *Config) ehloLines(secure bool) []string {
	lines := []string{c.hostname()}
	offers := c.offers(secure)
	for _, k := range extensionKeywords {
		switch {
		case !offers.Has(k.ext):
		case k.ext == Size: // 0: no fixed limit (RFC 1870 §4)
			lines = append(lines, "SIZE "+strconv.FormatInt(max(c.MaxSize, 0), 10))
		case k.ext == Limits:
			lines = append(lines, c.limitsLine())
		case k.ext == Auth:
			lines = append(lines, "AUTH "+strings.Join(c.mechanisms(secure), " "))
		default:
			lines = append(lines, k.keyword)
		}
	}
	if c.Expn {
		lines = append(lines, "EXPN")
	}
	if !c.NoHelp {
		lines = append(lines, "HELP")
	}
	return lines
}

// Offer is what a server said in its EHLO reply.
type Offer struct {
	Domain     string     // the server's name for itself
	Extensions Extensions // of those this engine knows
	MaxSize    int64      // octets a letter may have (RFC 1870); 0: no limit was named
	RcptMax    int        // RCPT commands of one transaction (RFC 9422 §4); 0: no limit was named
	MailMax    int        // MAIL commands of one session (RFC 9422 §4); 0: no limit was named

	// RcptDomainMax is how many domains the recipients of one transaction may
	// have (RFC 9422 §4.3); 0: no limit was named.
	RcptDomainMax int

	Mechanisms []string // of AUTH (RFC 4954 §3), as written
}

// ParseOffer reads an EHLO reply. Keywords it does not know, and lines it
// cannot read, offer nothing (RFC 5321 §4.1.1.1).
func ParseOffer(r Reply) Offer {
	var o Offer
	for i, line := range r.Lines {
		word, rest, _ := strings.Cut(line, " ")
		if i == 0 {
			o.Domain = word
			continue
		}
		ext, ok := ParseExtension(word)
		if !ok {
			continue
		}
		o.Extensions |= ext
		switch ext {
		case Size:
			// A number too large to hold is no limit we could reach.
			if n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil && n > 0 {
				o.MaxSize = n
			}
		case Limits:
			o.parseLimits(rest)
		case Auth:
			o.Mechanisms = append(o.Mechanisms, strings.Fields(rest)...)
		}
	}
	return o
}
