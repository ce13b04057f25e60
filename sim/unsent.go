package sim

import (
	"cmp"
	"slices"

	"helo/sim/scenario"
	"helo/sim/trace"
)

// Unsent returns the letters of a scenario that a run of it did not come to, in
// the order of their times: it stopped, at a limit or where a person is asked,
// before their writers sent them.
func Unsent(sc *scenario.Scenario, t *trace.Trace) []scenario.Letter {
	written := 0
	for pos := range t.End() {
		if t.At(pos).Kind == trace.Written {
			written++
		}
	}
	letters := slices.Clone(sc.Letters)
	slices.SortStableFunc(letters, func(a, b scenario.Letter) int { return cmp.Compare(a.At, b.At) })
	return letters[min(written, len(letters)):]
}
