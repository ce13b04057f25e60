package export

// The end of a transcript: what became of each letter.

import (
	"fmt"
	"strings"

	"helo/sim/check"
)

// summary says what became of each letter for each recipient.
func (tr *transcript) summary(unsent []Unsent) {
	if tr.end < tr.t.End() {
		return // the end is not known yet
	}
	outcomes := check.Outcomes(tr.t)
	tr.b.WriteString("\nWhat became of it\n\n")
	if len(outcomes) == 0 && len(unsent) == 0 {
		tr.b.WriteString("  No mail client sent a letter.\n")
		return
	}
	longest := 0
	for _, o := range outcomes {
		longest = max(longest, width(visible(o.Recipient)))
	}
	for _, u := range unsent {
		longest = max(longest, width(visible(u.Recipient)))
	}
	for _, o := range outcomes {
		fmt.Fprintf(&tr.b, "  letter %d, %s  %s\n", o.Letter, pad(visible(o.Recipient), longest), tr.fate(o))
	}
	for _, u := range unsent {
		due := ""
		if u.Due > 0 {
			due = ", after " + Words(u.Due)
		}
		fmt.Fprintf(&tr.b, "  no letter, %s  not sent: the run stopped before its time%s\n", pad(visible(u.Recipient), longest), due)
	}
}

func (tr *transcript) fate(o check.Outcome) string {
	at := strings.TrimLeft(tr.clock(tr.t.At(o.Pos).At), " ")
	tries := ""
	if o.Attempts > 1 {
		tries = fmt.Sprintf(", after %d attempts", o.Attempts)
	}
	switch o.Fate {
	case check.Delivered:
		if o.Copies > 1 {
			return fmt.Sprintf("in the mailbox %d times, first at %s%s", o.Copies, at, tries)
		}
		return "in the mailbox at " + at + tries
	case check.Returned:
		return "not delivered" + because(o.Code) + tries + "; the sender is told at " + at
	case check.Silenced:
		return "not delivered" + because(o.Code) + tries + "; the sender had asked not to be told"
	case check.InOutbox:
		return "not sent" + because(o.Code) + "; it is in the outbox"
	}
	return "not delivered yet" + tries
}
