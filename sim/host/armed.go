package host

import (
	"bytes"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Place is where a fault is asked about.
type Place uint8

// The places.
const (
	PlaceReply       Place = iota // a reply is decided
	PlaceConnect                  // a connection is dialled
	PlaceResolve                  // a question is asked
	PlaceOffer                    // an offer of STARTTLS is under way to the client
	PlaceUpgrade                  // STARTTLS is under way to the server
	PlaceAnswer                   // the server's part of a handshake is about to leave
	PlaceCertificate              // the server shows its certificate
)

// Occasion is a moment at which a fault could fire.
type Occasion struct {
	Place Place
	Host  string       // who decides, who is dialled, or who asks
	Peer  trace.HostID // the other side
	Conn  trace.ConnID
	Verb  smtp.Verb
	Code  uint16
	Line  []byte // the command, or the question as text
	Cause trace.Pos
}

// Armed is a fault in a run: it counts its occasions.
type Armed struct {
	*Fault
	met   uint32 // occasions that fit
	Fired uint32
}

// Meets says whether the fault fires on this occasion, and counts it. peer is
// the short name of o.Peer.
func (a *Armed) Meets(o Occasion, peer string) bool {
	f := a.Fault
	if f.place() != o.Place ||
		f.Host != o.Host || f.From != "" && f.From != peer ||
		f.At != smtp.None && f.At != o.Verb ||
		!f.Code.Has(o.Code) ||
		f.Conn != 0 && f.Conn != uint32(o.Conn) ||
		f.Line != "" && !bytes.Contains(o.Line, []byte(f.Line)) {
		return false
	}
	a.met++
	if !f.N.Has(a.met) {
		return false
	}
	a.Fired++
	return true
}

func (f *Fault) place() Place {
	switch f.Effect {
	case EffectRefuse:
		return PlaceConnect
	case EffectNXDomain, EffectServFail, EffectTimeout:
		return PlaceResolve
	case EffectStrip:
		return PlaceOffer
	case EffectInject:
		return PlaceUpgrade
	case EffectGarbage:
		return PlaceAnswer
	case EffectExpired, EffectWrongName, EffectUnknownCA:
		return PlaceCertificate
	}
	return PlaceReply
}

// change is the reply that is given instead of r. A line that is cut loses the
// reply on its way, so the decision stands.
func (f *Fault) change(r smtp.Reply) smtp.Reply {
	switch f.Effect {
	case EffectReply:
		return f.Reply
	case EffectSilent:
		r.Then = smtp.Silent
	}
	return r
}
