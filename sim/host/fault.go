package host

import (
	"fmt"
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Fault is one thing that goes wrong. It is asked at three places: where a
// reply is decided, where octets are about to be transmitted, and in the
// network. The zero Fault never fires; make one with [ParseFault].
type Fault struct {
	Host string // where it happens: who decides, who is dialled, who asks the name servers
	From string // for `from>host`: only towards this peer
	At   smtp.Verb
	Code trace.CodePattern // the reply that would have been given
	N    trace.Range       // which of the occasions
	Conn uint32            // only on this connection
	Line string            // the text of the line must contain this

	Effect Effect
	Reply  smtp.Reply // of EffectReply
	spec   string     // Reply as it was written
	words  []trace.Word
}

// Effect is what a fault does.
type Effect uint8

// The effects.
const (
	EffectReply     Effect = iota + 1 // another reply is given
	EffectDrop                        // the connection is cut where the reply would leave
	EffectSilent                      // no reply is given, nor to what follows on that connection
	EffectRefuse                      // the connection is refused
	EffectNXDomain                    // the name servers say: no such name
	EffectServFail                    // the name servers say: server failure
	EffectTimeout                     // the name servers say nothing
	EffectStrip                       // somebody in the middle takes STARTTLS out of the offer
	EffectInject                      // somebody in the middle adds commands in clear behind STARTTLS
	EffectGarbage                     // what answers the handshake is no TLS
	EffectExpired                     // the certificate has expired
	EffectWrongName                   // the certificate is for another name
	EffectUnknownCA                   // nobody known has signed the certificate
)

// AtServer says whether a server that is alone can have the effect: on its
// replies, or on what it shows of TLS.
func (e Effect) AtServer() bool {
	switch e {
	case EffectReply, EffectDrop, EffectSilent, EffectStrip, EffectGarbage, EffectExpired, EffectWrongName, EffectUnknownCA:
		return true
	}
	return false
}

// tlsEffects are the words of tls=.
var tlsEffects = []struct {
	word   string
	effect Effect
}{
	{"strip", EffectStrip}, {"inject", EffectInject}, {"garbage", EffectGarbage},
	{"expired", EffectExpired}, {"wrongname", EffectWrongName}, {"unknownca", EffectUnknownCA},
}

const (
	faultConditions = "at= code= n= conn= line="
	faultEffects    = "reply= drop silent refuse dns=nxdomain|servfail|timeout tls=strip|inject|garbage|expired|wrongname|unknownca"
)

// ParseFault reads a fault such as
//
//	mx at=RCPT n=1-2 reply=451
//	mx at=RCPT reply="450 4.2.1 mailbox is busy"
//	mx at=dot drop
//	msa>mx refuse n=1
//	msa dns=nxdomain
//	msa>mx tls=strip
//
// Without n= it fires on every occasion. Errors are of type [*trace.WordError].
func ParseFault(s string) (*Fault, error) {
	words, err := trace.ParseWords(s)
	if err != nil {
		return nil, err
	}
	f := &Fault{words: words}
	for _, w := range words {
		if err := f.word(w); err != nil {
			return nil, err
		}
	}
	end := len([]rune(s)) + 1
	switch {
	case f.Host == "":
		return nil, &trace.WordError{Column: 1, Msg: "expected the host where it happens, such as mx"}
	case f.Effect == 0:
		return nil, &trace.WordError{Column: end, Msg: "expected what goes wrong: " + faultEffects}
	case f.Effect <= EffectSilent && f.At == smtp.None && f.Code.High == 0:
		return nil, &trace.WordError{Column: end, Msg: "expected at= with a command, connect or dot, or code= with a reply code"}
	case f.Effect >= EffectRefuse && (f.At != smtp.None || f.Code.High != 0):
		return nil, &trace.WordError{Column: 1, Msg: "at= and code= choose a reply; this fault has none"}
	case f.place() == PlaceResolve && f.From != "":
		return nil, &trace.WordError{Column: f.column(f.From + ">" + f.Host), Msg: "expected only a host, such as msa: the name servers answer whoever asks, whatever it wants to reach"}
	case f.place() == PlaceResolve && f.Conn != 0:
		return nil, &trace.WordError{Column: f.column("conn"), Msg: "conn= chooses a connection, and a question to the name servers has no connection"}
	case f.Line != "" && f.place() >= PlaceOffer:
		return nil, &trace.WordError{Column: f.column("line"), Msg: "line= looks into a line; tls= is about what surrounds them"}
	case f.Line != "" && (f.place() == PlaceConnect || f.At == smtp.Connect):
		return nil, &trace.WordError{Column: f.column("line"), Msg: "line= looks into a line, and there is no line before a connection is used"}
	}
	return f.To(f.At), nil
}

// To returns the fault as it is at that command: what a bare code says depends
// on what it answers. A fault that names its command is the same at all of them.
func (f *Fault) To(verb smtp.Verb) *Fault {
	if f.Effect != EffectReply || verb == smtp.None {
		return f
	}
	g := *f
	g.Reply, _ = smtp.ParseReplySpecTo(verb, f.spec) // it was read before
	return &g
}

// Check returns an error of type [*trace.WordError] if the fault can never fire
// among these hosts: it names one that is not there, or a reply of one that
// gives none.
func (f *Fault) Check(hosts []Config) error {
	names := f.Host
	if f.From != "" {
		names = f.From + ">" + f.Host
	}
	from := f.column(names)
	column := from + len(names) - len(f.Host) // an id is ASCII
	var ids []string
	server, there := false, map[string]bool{"": true}
	for _, h := range hosts {
		ids, there[h.ID] = append(ids, h.ID), true
		server = server || h.ID == f.Host && h.Server != nil
	}
	missing := func(column int, id string) error {
		return &trace.WordError{Column: column, Msg: fmt.Sprintf("there is no host %q here; the hosts are %s", id, strings.Join(ids, ", "))}
	}
	switch {
	case !there[f.From]:
		return missing(from, f.From)
	case !there[f.Host]:
		return missing(column, f.Host)
	case (f.place() == PlaceReply || f.place() >= PlaceOffer) && !server:
		return &trace.WordError{Column: column, Msg: f.Host + " has no server, so it gives no replies; expected a host with one"}
	}
	return nil
}

// column is where the word with that key stands.
func (f *Fault) column(key string) int {
	for _, w := range f.words {
		if w.Key == key {
			return w.Column
		}
	}
	return 1
}

// word takes in one word of the fault.
func (f *Fault) word(w trace.Word) error {
	bad := func(column int, format string, args ...any) error {
		return &trace.WordError{Column: column, Msg: fmt.Sprintf(format, args...)}
	}
	if w.Op == trace.Looks {
		return bad(w.Column, "expected %s=; faults compare nothing with ~", w.Key)
	}
	effect := func(e Effect) error {
		if f.Effect != 0 {
			return bad(w.Column, "one fault, one effect: there is another before %q", w.Key)
		}
		f.Effect = e
		return nil
	}
	if w.Op == trace.Bare {
		switch w.Key {
		case "drop":
			return effect(EffectDrop)
		case "silent":
			return effect(EffectSilent)
		case "refuse":
			return effect(EffectRefuse)
		}
		from, to, both := strings.Cut(w.Key, ">")
		if !both {
			from, to = "", from
		}
		if f.Host != "" || !isID(to) || both && !isID(from) {
			return bad(w.Column, "unknown word %q; expected a host or host>host, then any of %s, and one of %s",
				w.Key, faultConditions, faultEffects)
		}
		f.Host, f.From = to, from
		return nil
	}
	ok, expected := true, ""
	switch w.Key {
	case "at":
		f.At, ok = smtp.ParseVerb(w.Value)
		expected = "a command such as RCPT, or connect, or dot"
	case "code":
		f.Code, ok = trace.ParseCode(w.Value)
		expected = "a reply code such as 250, 25z or 5yz"
	case "n":
		f.N, ok = trace.ParseRange(w.Value)
		expected = "an ordinal such as 2, 2-3 or 2-"
	case "conn":
		n, err := strconv.ParseUint(w.Value, 10, 32)
		f.Conn, ok = uint32(n), err == nil && n > 0
		expected = "the number of a connection, from 1"
	case "line":
		f.Line = w.Value
	case "reply":
		r, err := smtp.ParseReplySpec(w.Value)
		if err != nil {
			return bad(w.ValueColumn, "reply=: %v", err)
		}
		f.Reply, f.spec = r, w.Value
		return effect(EffectReply)
	case "tls":
		for _, t := range tlsEffects {
			if t.word == w.Value {
				return effect(t.effect)
			}
		}
		return bad(w.ValueColumn, "tls=%s: expected strip, inject, garbage, expired, wrongname or unknownca", w.Value)
	case "dns":
		e, known := map[string]Effect{"nxdomain": EffectNXDomain, "servfail": EffectServFail, "timeout": EffectTimeout}[w.Value]
		if !known {
			return bad(w.ValueColumn, "dns=%s: expected nxdomain, servfail or timeout", w.Value)
		}
		return effect(e)
	default:
		return bad(w.Column, "unknown word %q; expected %s, and one of %s", w.Key, faultConditions, faultEffects)
	}
	if !ok {
		return bad(w.ValueColumn, "%s=%s: expected %s", w.Key, w.Value, expected)
	}
	return nil
}

func isID(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// String spells the fault as it was read.
func (f *Fault) String() string { return trace.JoinWords(f.words) }
