package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"helo/sim/trace"
)

// Explanations stand below their row, a little to the right of its text.
const (
	explainIndent = "                  │ "
	explainWidth  = 78
)

// connWidth is the room for a connection's number: "#1234".
const connWidth = 5

// TextStream writes a trace that is still growing as a transcript: each row
// with its time, its connection, and who said it to whom. Rows of connections
// that are open at the same time stand as they happened, mixed.
type TextStream struct {
	w    io.Writer
	tr   *transcript
	next trace.Pos

	explain func(trace.Pos) string
}

// NewTextStream returns a stream that has written nothing yet. clients is the
// host that stands for all that connect from outside, or 0.
func NewTextStream(w io.Writer, t *trace.Trace, clients trace.HostID) *TextStream {
	tr := newTranscript(t, TextOptions{})
	tr.conns, tr.outside, tr.days = true, clients, false
	tr.id = 0
	for _, h := range t.Hosts[1:] {
		tr.id = max(tr.id, width(h.ID))
	}
	return &TextStream{w: w, tr: tr}
}

// Explain has a sentence of explain written below each row and where the other
// side has closed; one that is empty is left out.
func (s *TextStream) Explain(explain func(trace.Pos) string) { s.explain = explain }

// Update writes what the trace has gained since the last call. Errors are those
// of the writer.
func (s *TextStream) Update() error {
	t, tr := s.tr.t, s.tr
	tr.end = t.End()
	for s.next = max(s.next, t.First()); s.next < tr.end; s.next++ {
		e := t.At(s.next)
		if !e.Kind.IsRow() && e.Kind != trace.Close && e.Kind != trace.Closed {
			continue
		}
		tr.conn = ""
		if e.Conn != 0 {
			tr.conn = "#" + strconv.FormatUint(uint64(e.Conn), 10)
		}
		tr.row(s.next)
		if s.explain != nil && e.Kind != trace.Close {
			if text := s.explain(s.next); text != "" {
				for line := range strings.SplitSeq(ansi.Wordwrap(visible(text), explainWidth, ""), "\n") {
					tr.b.WriteString(explainIndent + line + "\n")
				}
			}
		}
		if tr.b.Len() >= flushAt {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

func (s *TextStream) flush() error {
	_, err := s.w.Write(s.tr.b.Bytes())
	if s.tr.b.Reset(); err != nil {
		return fmt.Errorf("failed to write the transcript: %w", err)
	}
	return nil
}
