package export

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"helo/sim/explain"
	"helo/sim/trace"
)

// TextOptions choose what a transcript shows.
type TextOptions struct {
	Title       string    // of the scenario; may be empty
	End         trace.Pos // only what happened before this event; 0: everything
	LetterLines int       // lines shown of each letter on the wire; 0: 40
	Unsent      []Unsent  // what the trace cannot tell: letters that the run did not come to
	Secrets     bool      // passwords and the like are shown, as far as the trace has them
}

// Unsent is a recipient of a letter that nobody has sent.
type Unsent struct {
	Recipient string
	Due       time.Duration // when it would have been sent
}

const defaultLetterLines = 40

// Text writes a trace as a session on paper: each row with its virtual time,
// who said it to whom, and the line or the deed; then what became of each
// letter. What travels inside TLS has a wall on its left. Octets from outside
// are made visible, so that the transcript can be shown in a terminal. Errors
// are those of w.
func Text(w io.Writer, t *trace.Trace, o TextOptions) error {
	tr := newTranscript(t, o)
	tr.header(o.Title)
	var rows trace.Rows
	rows.Update(t)
	for i := range rows.Len() {
		row := rows.At(i)
		if row.Pos >= tr.end {
			break
		}
		tr.step(row)
		if tr.b.Len() >= flushAt {
			if _, err := w.Write(tr.b.Bytes()); err != nil {
				return fmt.Errorf("failed to write the transcript: %w", err)
			}
			tr.b.Reset()
		}
	}
	tr.nobody()
	tr.summary(o.Unsent)
	if _, err := w.Write(tr.b.Bytes()); err != nil {
		return fmt.Errorf("failed to write the transcript: %w", err)
	}
	return nil
}

// transcript is one being written.
type transcript struct {
	t        *trace.Trace
	end      trace.Pos
	lines    int // of a letter
	b        bytes.Buffer
	days     bool           // the run is long: times have days and hours
	id       int            // width of a host's id
	diallers []trace.HostID // by ConnID

	eyes   explain.Eyes
	walled bool // the row being written is inside TLS

	conns   bool         // rows name their connection,
	conn    string       // as this
	outside trace.HostID // the host that stands for all that connect, if there is one

	held   uint64        // the hosts that answer for a letter
	idle   bool          // none does, which is not said yet,
	idleAt time.Duration // since then
}

func newTranscript(t *trace.Trace, o TextOptions) *transcript {
	tr := &transcript{t: t, end: t.End(), lines: o.LetterLines, id: len("DNS"), diallers: []trace.HostID{0}}
	if o.End > 0 && o.End < tr.end {
		tr.end = o.End
	}
	if o.Secrets {
		tr.eyes = explain.Ends
	}
	if tr.lines <= 0 {
		tr.lines = defaultLetterLines
	}
	if tr.end > 0 {
		tr.days = t.At(tr.end-1).At >= 1000*time.Second
	}
	for _, h := range t.Hosts[min(1, len(t.Hosts)):] {
		tr.id = max(tr.id, width(h.ID))
	}
	return tr
}

// header says what was run, and who the hosts are.
func (tr *transcript) header(title string) {
	t := tr.t
	if title != "" {
		tr.b.WriteString(visible(title) + "\n")
	}
	fmt.Fprintf(&tr.b, "%s, seed %d; 0 is %s\n\n", visible(t.Scenario), t.Seed, t.Start.UTC().Format("Monday, 2 January 2006, 15:04:05 UTC"))
	for _, h := range t.Hosts[min(1, len(t.Hosts)):] {
		tr.b.WriteString("  " + pad(h.ID, tr.id) + "  " + visible(called(h)))
		if h.Role != "" {
			tr.b.WriteString(", " + visible(h.Role))
		}
		tr.b.WriteByte('\n')
	}
	tr.b.WriteByte('\n')
}

// called is what a person calls a host.
func called(h trace.Host) string {
	switch {
	case h.Title != "":
		return h.Title
	case h.Name != "":
		return h.Name
	}
	return h.ID
}

// wall stands before what travels inside TLS.
const wall = "║ "

// say writes one row: the time, who is at it, and the text; further lines of
// the text stand below its first.
func (tr *transcript) say(at time.Duration, left, arrow, right string, text ...string) {
	who := pad(left, tr.id) + " " + pad(arrow, 1) + " " + pad(right, tr.id)
	first := "  " + tr.clock(at) + "  " + who
	if tr.conns {
		first = "  " + tr.clock(at) + "  " + pad(tr.conn, connWidth) + " " + who
	}
	margin := "  "
	if tr.walled {
		margin = wall
	}
	for i, line := range text {
		if i == 1 {
			first = strings.Repeat(" ", width(first))
		}
		tr.b.WriteString(strings.TrimRight(first+margin+line, " "))
		tr.b.WriteByte('\n')
	}
}

// deed writes a row about one host.
func (tr *transcript) deed(e *trace.Event, text ...string) {
	left := tr.t.Host(e.Host).ID
	if e.Host == 0 {
		left = ""
	}
	tr.say(e.At, left, "", "", text...)
}

// clock is a virtual time, as wide as every other in the transcript.
func (tr *transcript) clock(d time.Duration) string {
	ms := d.Milliseconds()
	if !tr.days {
		return fmt.Sprintf("%3d.%03d", ms/1000, ms%1000)
	}
	s := ms / 1000
	return fmt.Sprintf("%dd %02d:%02d:%02d.%03d", s/86400, s/3600%24, s/60%60, s%60, ms%1000)
}

// step writes a row, and who is responsible if that has changed.
func (tr *transcript) step(row trace.Row) {
	e, held := tr.t.At(row.Pos), row.Held
	if e.Kind == trace.Written && e.Host < 64 {
		held |= 1 << e.Host // the writer answers for it from the start
	}
	if held == 0 || e.Kind == trace.Written {
		tr.nobody()
	}
	tr.idle = false // a notice takes over before anybody could look
	tr.row(row.Pos)
	tr.walled = false
	if held == tr.held {
		return
	}
	tr.held = held
	var names []string
	for i, h := range tr.t.Hosts {
		if i < 64 && held&(1<<i) != 0 {
			names = append(names, visible(called(h)))
		}
	}
	if names == nil {
		tr.idle, tr.idleAt = true, e.At
		return
	}
	tr.say(e.At, "", "", "", "responsible: "+strings.Join(names, " and "))
}

// nobody says that no host answers for a letter any more, if that is so.
func (tr *transcript) nobody() {
	if tr.idle {
		tr.say(tr.idleAt, "", "", "", "responsible: nobody, nothing is left to deliver")
		tr.idle = false
	}
}

// visible makes text from outside safe to show.
func visible(s string) string { return explain.Visible([]byte(s)) }

func width(s string) int { return utf8.RuneCountInString(s) }

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-width(s)))
}
