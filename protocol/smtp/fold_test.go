package smtp

// What is the same but for its case, and what is not.

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// RFC 5321 §2.4, §4.1.1.1: keywords are ASCII, and so is the case that does not
// count in them. To Unicode the Kelvin sign is a k and the long s an s.
func TestRFC5321_2_4_KeywordsAreASCII(t *testing.T) {
	o := ParseOffer(Reply{Code: 250, Lines: []string{"x", "CHUN\u212aING", "\u017fIZE 5", "d\u017fn", "LIMITS RCPTMAX=3 MAILMA\u212a=4", "8bitmime"}})
	if o.Extensions != EightBitMIME|Limits || o.MaxSize != 0 || o.RcptMax != 3 || o.MailMax != 0 {
		t.Errorf("offered: %+v", o)
	}
	if x, ok := ParseExtension("\u017fize"); ok {
		t.Error(x)
	}
}

// RFC 5321 §4.5.1: Postmaster in any case is the postmaster, and nothing else is.
func TestRFC5321_4_5_1_OnlyPostmaster(t *testing.T) {
	if p, err := ParsePath("<po\u017ftmaster>"); err == nil {
		t.Errorf("%+v has no domain", p)
	}
	if (Path{"po\u017ftmaster", "receiver.example"}).IsPostmaster() {
		t.Error("po\u017ftmaster is the postmaster")
	}
	if !(Path{`"POSTmaster"`, "receiver.example"}).IsPostmaster() {
		t.Error(`"POSTmaster" is not`)
	}
}

// RFC 5321 §2.4: within ASCII this is the folding of Unicode, outside nothing
// is folded, and what is the same has the same small form.
func TestEqualFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[@-Z\[-z{k\x{212a}s\x{017f}éÉ]{0,3}`)
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		got := EqualFold(a, b)
		if got != (ToLower(a) == ToLower(b)) {
			t.Errorf("%q and %q: %v, small %q and %q", a, b, got, ToLower(a), ToLower(b))
		}
		if isASCII(a) && isASCII(b) && (got != strings.EqualFold(a, b) || ToLower(a) != strings.ToLower(a)) {
			t.Errorf("%q and %q: %v", a, b, got)
		}
	})
	if !EqualFold("SuSan", "susan") || EqualFold("\u017fu\u017fan", "susan") || EqualFold("É", "é") || ToLower("JÉ\u212a") != "jÉ\u212a" {
		t.Error("wrong")
	}
}
