package smtp

// LIMITS: a server says beforehand how much it will take (RFC 9422).

import (
	"strconv"
	"strings"
)

// mostLimit is the largest value a limit can have on the wire: six digits.
const mostLimit = 999_999

// limitsLine returns the LIMITS line of the EHLO reply. RCPTMAX is always
// there, because a server always has such a limit (RFC 5321 §4.5.3.1.8).
func (c *Config) limitsLine() string {
	line := "LIMITS RCPTMAX=" + strconv.Itoa(min(c.maxRecipients(), mostLimit))
	if c.MaxMails > 0 {
		line += " MAILMAX=" + strconv.Itoa(min(c.MaxMails, mostLimit))
	}
	return line
}

// parseLimits reads the parameters of a LIMITS line. A limit it does not know,
// or whose value it cannot read, is as if it were not there (RFC 9422 §3).
func (o *Offer) parseLimits(s string) {
	for word := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(word, "=")
		n, ok := parseLimit(value)
		switch {
		case !ok:
		case EqualFold(name, "RCPTMAX"):
			o.RcptMax = n
		case EqualFold(name, "MAILMAX"):
			o.MailMax = n
		case EqualFold(name, "RCPTDOMAINMAX"):
			o.RcptDomainMax = n
		}
	}
}

// parseLimit reads one to six digits, the first of which is not 0.
func parseLimit(s string) (int, bool) {
	if s == "" || len(s) > 6 || s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// domainLimit counts the domains of a transaction's recipients.
type domainLimit struct {
	most int // 0: no limit
	seen map[string]bool
}

// take says whether one more recipient may be named, by its domain.
func (d *domainLimit) take(domain string) bool {
	if d.most == 0 {
		return true
	}
	if ascii, err := ASCIIDomain(domain); err == nil { // the same domain in another form
		domain = ascii
	}
	domain = ToLower(domain)
	if d.seen[domain] {
		return true
	}
	if len(d.seen) == d.most {
		return false
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	d.seen[domain] = true
	return true
}
