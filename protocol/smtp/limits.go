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
