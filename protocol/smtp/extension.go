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

	// AllExtensions is every extension this engine knows.
	AllExtensions = Pipelining | Size | EightBitMIME | EnhancedStatusCodes
)

// extensionKeywords is in the order in which EHLO lists them.
var extensionKeywords = [...]struct {
	ext     Extensions
	keyword string
}{
	{Pipelining, "PIPELINING"},
	{Size, "SIZE"},
	{EightBitMIME, "8BITMIME"},
	{EnhancedStatusCodes, "ENHANCEDSTATUSCODES"},
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
// "pipelining", "size", "8bitmime" or "enhancedstatuscodes".
func ParseExtension(name string) (Extensions, bool) {
	for _, k := range extensionKeywords {
		if strings.EqualFold(k.keyword, name) {
			return k.ext, true
		}
	}
	return 0, false
}

// ehloLines returns the lines of a server's EHLO reply (RFC 5321 §4.1.1.1).
// HELP is listed because it is not in the minimum of RFC 5321 §4.5.1, and
// whatever is not must be announced.
func (c *Config) ehloLines() []string {
	lines := []string{c.hostname()}
	for _, k := range extensionKeywords {
		switch {
		case !c.Extensions.Has(k.ext):
		case k.ext == Size: // 0: no fixed limit (RFC 1870 §4)
			lines = append(lines, "SIZE "+strconv.FormatInt(max(c.MaxSize, 0), 10))
		default:
			lines = append(lines, k.keyword)
		}
	}
	return append(lines, "HELP")
}

// Offer is what a server said in its EHLO reply.
type Offer struct {
	Domain     string     // the server's name for itself
	Extensions Extensions // of those this engine knows
	MaxSize    int64      // octets a letter may have (RFC 1870); 0: no limit was named
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
		if ext == Size {
			// A number too large to hold is no limit we could reach.
			if n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil && n > 0 {
				o.MaxSize = n
			}
		}
	}
	return o
}
