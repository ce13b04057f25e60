package explain

import (
	"testing"
	"time"

	"helo/sim/trace"
)

// TestLine holds a run's rows as a ladder shows them.
func TestLine(t *testing.T) {
	tests := []struct {
		faults []string
		want   []string
	}{
		{nil, []string{
			"a letter to 1 recipient", "? A mail.sender.example", "= 192.0.2.10", "connect, port 587",
			"220 mail.sender.example ESMTP", "EHLO [192.0.2.77]", "250-… 6 lines",
			"MAIL FROM:<alice@sender.example> SIZE=308", "RCPT TO:<bob@receiver.example>", "DATA",
			"250 2.1.0 ok", "250 2.1.5 ok", "354 send the letter, end it with a lone dot", "12 lines and a dot",
		}},
		{[]string{"laptop>msa refuse"}, []string{
			"a letter to 1 recipient", "? A mail.sender.example", "= 192.0.2.10", "connect, port 587",
			"fault: laptop>msa refuse", "connection refused", "kept in the outbox", "“not sent: 451 4.4.1 no answer from the host”",
		}},
		{[]string{"laptop dns=nxdomain"}, []string{
			"a letter to 1 recipient", "? A mail.sender.example", "fault: laptop dns=nxdomain", "= NXDOMAIN",
		}},
	}
	for _, tt := range tests {
		tr := runClear(t, nil, 1, nil, tt.faults...)
		var got []string
		for p := trace.Pos(0); p < tr.End() && len(got) < len(tt.want); p++ {
			if tr.At(p).Kind.IsRow() {
				got = append(got, Line(tr, p))
			}
		}
		for i := range min(len(got), len(tt.want)) {
			if got[i] != tt.want[i] {
				t.Errorf("faults %v, row %d: %q, want %q", tt.faults, i, got[i], tt.want[i])
			}
		}
		if len(got) < len(tt.want) {
			t.Errorf("faults %v: %d rows, want at least %d", tt.faults, len(got), len(tt.want))
		}
	}
}

// TestLineKeepsOctets holds that a line is not made visible: that is the
// caller's, once.
func TestLineKeepsOctets(t *testing.T) {
	tr := trace.New("", 0, time.Time{}, nil)
	p := tr.Append(trace.Event{Kind: trace.Command, Octets: tr.Store([]byte("NOOP \x1b[2J\r\n"))})
	if got := Line(tr, p); got != "NOOP \x1b[2J" {
		t.Errorf("got %q", got)
	}
}

// TestWords holds times and numbers in words.
func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.000", 232 * time.Millisecond: "0.232", 59*time.Second + 999*time.Millisecond: "59.999",
		30*time.Minute + 395*time.Millisecond: "30:00.395", 3*time.Hour + 4*time.Second: "3:00:04",
		5*24*time.Hour + 91*time.Minute: "5d 01:31:00",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 seconds", time.Second: "1 second", 30 * time.Minute: "30 minutes", 90 * time.Minute: "1 hour 30 minutes",
		49*time.Hour + 5*time.Minute: "2 days 1 hour", 20 * time.Millisecond: "20 milliseconds",
	} {
		if got := forHowLong(d); got != want {
			t.Errorf("forHowLong(%v) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{1: "1 octet", 0: "0 octets", 1234: "1234 octets", 12345: "12,345 octets", 10485760: "10,485,760 octets"} {
		if got := octetsInWords(n); got != want {
			t.Errorf("octetsInWords(%d) = %q, want %q", n, got, want)
		}
	}
}
