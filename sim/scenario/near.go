package scenario

import (
	"strings"
	"unicode/utf8"
)

// nearest returns the word closest to s, if one is close enough to be meant.
func nearest(s string, words []string) string {
	best, bestDistance := "", 3
	if utf8.RuneCountInString(s) > 30 {
		return ""
	}
	for _, w := range words {
		if d := distance(strings.ToLower(s), w); d < bestDistance && d < len(w) {
			best, bestDistance = w, d
		}
		if strings.TrimSuffix(s, "s") == w || s+"s" == w || strings.TrimSuffix(s, "es") == w {
			return w
		}
	}
	return best
}

// distance is how many letters must be put in, taken out, changed or swapped
// with their neighbour to turn a into b.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	var before []int
	prev := make([]int, len(rb)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		row := make([]int, len(rb)+1)
		row[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(rb)]
}
