package host

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"helo/protocol/dns"
	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// recorder is a driver that keeps a trace, for one connection that a client has
// opened: the client's octets arrive in pieces, as on a real socket.
type recorder struct {
	t    *trace.Trace
	h    *Host
	sent uint32
	came uint32
	said bytes.Buffer
	over bool
}

const theConn trace.ConnID = 1

func newRecorder(tb testing.TB, port uint16, s *ServerConfig) *recorder {
	tb.Helper()
	r := &recorder{t: trace.New("test", 1, time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC), []trace.Host{{ID: "msa"}, {ID: "laptop"}})}
	r.h = New(&Config{ID: "msa", Name: "mail.sender.example", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.10")}, Server: s}, r, Options{})
	r.h.Accepted(theConn, port, netip.MustParseAddr("192.0.2.77"), trace.NoPos)
	return r
}

// arrive brings octets of the client.
func (r *recorder) arrive(octets []byte) {
	if r.over {
		return
	}
	span := r.t.StoreSecret(octets, r.h.Mask(theConn, octets))
	pos := r.Append(trace.Event{Kind: trace.Arrived, Conn: theConn, Peer: 2, Octets: span, Arg: r.came, Cause: trace.NoPos})
	off := r.came
	r.came += uint32(len(octets))
	r.h.Arrived(theConn, octets, span, off, pos)
}

func (r *recorder) Append(e trace.Event) trace.Pos {
	if e.Host == 0 {
		e.Host = 1
	}
	return r.t.Append(e)
}

func (r *recorder) Send(c trace.ConnID, octets []byte, secret bool, cause trace.Pos) {
	r.said.Write(octets)
	span := r.t.Store(octets)
	if secret {
		span = r.t.StoreSecret(octets, smtp.MaskReply(octets))
	}
	r.Append(trace.Event{Kind: trace.Sent, Conn: c, Peer: 2, Octets: span, Arg: r.sent, Cause: cause})
	r.sent += uint32(len(octets))
}

func (r *recorder) ID() trace.HostID                                { return 1 }
func (r *recorder) Now() time.Duration                              { return 0 }
func (r *recorder) Clock() time.Time                                { return r.t.Start }
func (r *recorder) Store(octets []byte) trace.Span                  { return r.t.Store(octets) }
func (r *recorder) StoreSecret(o, m []byte) trace.Span              { return r.t.StoreSecret(o, m) }
func (r *recorder) Octets(s trace.Span) []byte                      { return r.t.Raw(s) }
func (r *recorder) Peer(trace.ConnID) trace.HostID                  { return 2 }
func (r *recorder) NewLetter() trace.LetterID                       { return 1 }
func (r *recorder) Draw(string, uint64) uint64                      { return 7 }
func (r *recorder) Fault(Occasion) (*Fault, trace.Pos)              { return nil, trace.NoPos }
func (r *recorder) Dial(netip.Addr, uint16, trace.Pos) trace.ConnID { return 2 }
func (r *recorder) StartTLS(trace.ConnID, TLS, trace.Pos)           {}
func (r *recorder) Close(trace.ConnID, trace.Pos)                   { r.over = true }
func (r *recorder) Cut(trace.ConnID, trace.Pos)                     { r.over = true }
func (r *recorder) Expect(trace.ConnID, time.Duration)              {}
func (r *recorder) Wake(time.Duration, uint32, trace.Pos)           {}
func (r *recorder) Resolve(dns.Question, uint32, trace.Pos)         {}
func (r *recorder) Ask(trace.Pos)                                   {}

// shows says which form of a password, or of what carries it, stands in octets.
func shows(octets []byte, password string, blobs ...string) string {
	forms := append([]string{password, hex.EncodeToString([]byte(password))}, blobs...)
	for shift := range 3 { // in base64, at each place where it may stand
		s := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + password))
		s = strings.TrimRight(s, "=")
		forms = append(forms, s[(shift*4+2)/3:len(s)-1])
	}
	for _, f := range forms {
		if bytes.Contains(octets, []byte(f)) {
			return f
		}
	}
	return ""
}

// RFC 4954 §9: a trace that is shown has nothing of a password, however the lines
// of a login come: in pieces, many together, refused, or wrong in themselves.
func TestRFC4954_9_NoSecretIsShown(t *testing.T) {
	const password = "wonderland"
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	plain, pass := b64("\x00alice\x00"+password), b64(password)
	config := &ServerConfig{
		Domains: []string{"sender.example"}, Mailboxes: []string{"alice"}, PlainInClear: true,
		Submission: []netip.Prefix{netip.MustParsePrefix("192.0.2.77/32")}, // so that letters need no login
		Extensions: smtp.BasicExtensions | smtp.Security | smtp.Chunking, Retry: DefaultRetry, Lifetime: DefaultLifetime,
		Accounts: sasl.NewAccounts([]sasl.Account{{User: "alice", Password: password}}),
	}
	const ehlo = "EHLO a.example\r\n"
	for _, c := range []struct {
		name, lines string
		says        string // the last reply
	}{
		{"PLAIN", ehlo + "AUTH PLAIN " + plain + "\r\n", "235 "},
		{"PLAIN, and more behind it", ehlo + "AUTH PLAIN " + plain + "\r\nMAIL FROM:<alice@sender.example>\r\nRSET\r\n", "250 "},
		{"PLAIN in two lines", ehlo + "AUTH PLAIN\r\n" + plain + "\r\n", "235 "},
		{"LOGIN", ehlo + "AUTH LOGIN\r\n" + b64("alice") + "\r\n" + pass + "\r\n", "235 "},
		{"LOGIN with the name", ehlo + "auth login " + b64("alice") + "\r\n" + pass + "\r\nNOOP\r\n", "250 "},
		{"LOGIN, wrong", ehlo + "AUTH LOGIN\r\n" + b64("alicia") + "\r\n" + pass + "\r\n", "535 "},
		{"a mechanism that is not offered", ehlo + "AUTH SECRET " + plain + "\r\n", "504 "},
		{"spaces", ehlo + "AUTH   PLAIN   " + plain + "\r\n", "501 "},
		{"a space behind it", ehlo + "AUTH PLAIN " + plain + " \r\n", "235 "},
		{"no base64", ehlo + "AUTH PLAIN " + password + "\r\n", "501 "},
		{"no base64 in a line of its own", ehlo + "AUTH LOGIN\r\n" + b64("alice") + "\r\n" + password + "\r\n", "501 "},
		{"no EHLO", "AUTH PLAIN " + plain + "\r\n", "503 "},
		{"HELO", "HELO a.example\r\nAUTH PLAIN " + plain + "\r\n", "50"},
		{"twice", ehlo + "AUTH PLAIN " + plain + "\r\nAUTH PLAIN " + plain + "\r\n", "503 "},
		{"in a transaction", ehlo + "AUTH PLAIN " + plain + "\r\nMAIL FROM:<>\r\nAUTH PLAIN " + plain + "\r\n", "503 "},
		{"too long", ehlo + "AUTH PLAIN " + plain + strings.Repeat("A", smtp.MaxLoginLine) + "\r\n", "500 "},
		{"too long, in a line of its own", ehlo + "AUTH PLAIN\r\n" + plain + strings.Repeat("A", smtp.MaxLoginLine) + "\r\n", "500 "},
		{"given up in the middle", ehlo + "AUTH LOGIN\r\n" + b64("alice") + "\r\n" + pass, "334 "},
		{"three times wrong, once right", ehlo + strings.Repeat("AUTH PLAIN "+b64("\x00alicia\x00"+password)+"\r\n", 3) + "AUTH PLAIN " + plain + "\r\n", "421 "},
		{"without a line feed", ehlo + "AUTH PLAIN " + plain + "\r", "250 "},
		{"behind a letter", ehlo + "MAIL FROM:<alice@sender.example>\r\nRCPT TO:<alice@sender.example>\r\nDATA\r\nSubject: hello\r\n\r\nHello.\r\n.\r\nAUTH PLAIN " + plain + "\r\n", "235 "},
		{"behind a chunk", ehlo + "MAIL FROM:<alice@sender.example>\r\nRCPT TO:<alice@sender.example>\r\nBDAT 26 LAST\r\nSubject: hello\r\n\r\nHello.\r\nAUTH PLAIN " + plain + "\r\n", "235 "},
		{"LOGIN, refused, and no pause", ehlo + "AUTH NONE\r\n" + b64("alice") + "\r\n" + pass + "\r\n", "500 "},
		{"LOGIN, the name no base64", ehlo + "AUTH LOGIN\r\nalice!\r\n" + password + "\r\nNOOP\r\n" + pass + "\r\n", "500 "},
		{"PLAIN, spelled wrong", "AUTHPLAIN " + plain + "\r\n AUTH PLAIN " + plain + "\r\nAUTH\tPLAIN\t" + plain + "\r\n", "500 "},
		{"PLAIN behind MAIL", ehlo + "MAIL FROM:<alice@sender.example> AUTH PLAIN " + plain + "\r\n", "50"},
		{"after QUIT", ehlo + "QUIT\r\nAUTH PLAIN " + plain + "\r\n", "221 "},
		{"bare line feed", ehlo + "AUTH PLAIN " + plain + "\n", "250 "},
	} {
		stream := []byte(c.lines)
		try := func(how string, pieces ...[]byte) {
			r := newRecorder(t, PortSubmission, config)
			for _, p := range pieces {
				r.arrive(p)
			}
			all := r.said.String()
			last := strings.TrimSuffix(all, "\r\n")
			if last = last[strings.LastIndexByte(last, '\n')+1:]; !strings.HasPrefix(last, c.says) {
				t.Fatalf("%s, %s: the server says %q, want %s", c.name, how, all, c.says)
			}
			raw := false
			for pos := range r.t.End() {
				if f := shows(r.t.OctetsAt(pos), password, plain, pass); f != "" {
					t.Fatalf("%s, %s: event %d (%v) shows %q: %q", c.name, how, pos, r.t.At(pos).Kind, f, r.t.OctetsAt(pos))
				}
				raw = raw || shows(r.t.Raw(r.t.At(pos).Octets), password, plain, pass) != ""
			}
			if !raw && len(pieces) == 1 {
				t.Errorf("%s, %s: the secret is not even there for those who ask for it", c.name, how)
			}
		}
		try("at once", stream)
		step := 1
		if len(stream) > 1000 {
			step = 97
		}
		var octets [][]byte
		for i := 0; i < len(stream); i += step {
			octets = append(octets, stream[i:min(i+step, len(stream))])
			if i > 0 {
				try(fmt.Sprintf("cut at %d", i), stream[:i], stream[i:])
			}
		}
		try("octet by octet", octets...)
	}
}
