package scenario

import (
	"math"
	"strings"
	"time"
)

// MaxDuration is the longest duration a scenario may give: ten years. Sums of
// them, and seconds in an event, stay far from where they would wrap.
const MaxDuration = 3650 * 24 * time.Hour

// units of a duration, the longer spelling of two that begin alike first.
var units = []struct {
	name string
	size time.Duration
}{
	{"ms", time.Millisecond}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"ns", time.Nanosecond},
	{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
}

// ParseDuration reads a duration made of whole numbers and units, such as
// "15ms", "30m", "1h30m" or "5d". A day has 24 hours. There are no fractions
// and no signs: a run knows neither.
func ParseDuration(s string) (time.Duration, bool) {
	if s == "0" {
		return 0, true
	}
	var sum time.Duration
	for rest := s; rest != ""; {
		var n int64
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			if n > math.MaxInt64/10-1 {
				return 0, false
			}
			n = n*10 + int64(rest[digits]-'0')
			digits++
		}
		if digits == 0 {
			return 0, false
		}
		rest = rest[digits:]
		size := time.Duration(0)
		for _, u := range units {
			if tail, ok := strings.CutPrefix(rest, u.name); ok {
				size, rest = u.size, tail
				break
			}
		}
		if size == 0 || n > int64((math.MaxInt64-sum)/size) {
			return 0, false
		}
		sum += time.Duration(n) * size
	}
	return sum, s != ""
}
