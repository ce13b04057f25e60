package smtp

// Addresses outside ASCII: UTF-8 in local-parts, and names of hosts in other
// scripts (RFC 6531, RFC 5890 §2.3.2.1).

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// isASCII says whether all octets are below 128.
func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// EqualFold says whether a and b are the same but for the case of ASCII
// letters. That is all the case SMTP knows (RFC 5321 §2.4): to Unicode the
// Kelvin sign is a k and the long s an s, but neither is in a keyword, and a
// mailbox that has one is another mailbox.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// ToLower makes ASCII letters small and leaves all else, so that two strings
// have the same result if [EqualFold] holds them for the same.
func ToLower(s string) string {
	for i := range len(s) {
		if lower(s[i]) != s[i] {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// IsASCII says whether the path can go where SMTPUTF8 is not offered.
func (p Path) IsASCII() bool { return isASCII(p.Local) && isASCII(p.Domain) }

// ToASCII returns the path with its domain as A-labels, which means the same
// host (RFC 5890 §2.3.2.1). There is no such form of a local-part: if that is
// not ASCII, or the domain is no name, it returns false.
func (p Path) ToASCII() (Path, bool) {
	if !isASCII(p.Local) {
		return Path{}, false
	}
	domain, err := ASCIIDomain(p.Domain)
	if err != nil {
		return Path{}, false
	}
	p.Domain = domain
	// A-labels are longer than what they stand for: it may not fit any more.
	return p, len(p.Mailbox())+2 <= MaxPath
}

// idnaProfile reads a name as a lookup does: it forgives capitals, and wants
// everything else right.
var idnaProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// ASCIIDomain returns the form of a domain in which it is looked up and
// compared: U-labels become A-labels, "bücher.example" is
// "xn--bcher-kva.example" (RFC 5890 §2.3.2.1). A domain that is ASCII, or an
// address literal, is returned as it stands. Errors are of type [*SyntaxError].
func ASCIIDomain(domain string) (string, error) {
	if isASCII(domain) {
		return domain, nil
	}
	ascii, err := idnaProfile.ToASCII(domain)
	// Other characters that some systems read as dots are not dots here.
	if err != nil || strings.Count(ascii, ".") != strings.Count(domain, ".") {
		return "", &SyntaxError{Want: wantIDN, Code: 501, Enhanced: Enhanced{5, 5, 4}}
	}
	return ascii, nil
}

const (
	wantIDN  = "an internationalised domain name"
	wantUTF8 = "valid UTF-8"
)

// invalidUTF8 returns where octets stop being UTF-8, or -1.
func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// international looks at octets from start that may be outside ASCII.
func (p *parser) international(start int, domain bool) bool {
	if !p.wide || isASCII(p.line[start:p.pos]) {
		return true
	}
	b := p.line[start:p.pos]
	if i := invalidUTF8(b); i >= 0 {
		return p.fail(start+i, wantUTF8)
	}
	if domain {
		if _, err := ASCIIDomain(string(b)); err != nil {
			return p.fail(start, wantIDN)
		}
	}
	return true
}
