package sim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"helo/protocol/sasl"
	"helo/sim/export"
	"helo/sim/trace"
)

// revealing returns what may be seen of a secret: itself, in hexadecimal, and in
// base64 at each place where it may stand in a longer text.
func revealing(secret string) []string {
	forms := []string{secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for shift := range 3 {
		s := strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift)+secret)), "=")
		forms = append(forms, s[(shift*4+2)/3:len(s)-1])
	}
	return forms
}

// noSecret holds that nothing of a secret can be seen in a trace, its JSON and
// its transcript, and says whether it is there for those who ask for it.
func noSecret(t *testing.T, name string, tr *trace.Trace, secret string) (there bool) {
	t.Helper()
	var json, text bytes.Buffer
	if err := export.JSON(&json, tr, export.JSONOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := export.Text(&text, tr, export.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, form := range revealing(secret) {
		for pos := range tr.End() {
			if bytes.Contains(tr.OctetsAt(pos), []byte(form)) {
				t.Errorf("%s: event %d shows %q", name, pos, form)
			}
			there = there || bytes.Contains(tr.Raw(tr.At(pos).Octets), []byte(form))
		}
		for what, octets := range map[string][]byte{"JSON": json.Bytes(), "the transcript": text.Bytes()} {
			if bytes.Contains(octets, []byte(form)) {
				t.Errorf("%s: %s shows %q", name, what, form)
			}
		}
	}
	// JSON has octets that are no text in base64: they are looked at as they are.
	for line := range bytes.Lines(json.Bytes()) {
		_, coded, ok := bytes.Cut(line, []byte(`"base64":"`))
		coded, _, _ = bytes.Cut(coded, []byte(`"`))
		octets, err := base64.StdEncoding.DecodeString(string(coded))
		if ok && (err != nil || bytes.Contains(octets, []byte(secret))) {
			t.Errorf("%s: %s", name, line)
		}
	}
	return there
}

// RFC 4954 §9: nobody who looks at a run sees a password or a token, by whatever
// mechanism, whether the login succeeds, fails or breaks off. Where a host has
// said it, it is in the trace for those who ask.
func TestRFC4954_9_SecretsInRuns(t *testing.T) {
	for _, m := range sasl.Mechanisms {
		secret := "wonderland"
		if m.Token {
			secret = "gryphon"
		}
		for _, list := range [][]string{
			nil, {"msa at=AUTH reply=535"}, {"msa at=response n=1 reply=535"}, {"msa at=response n=2 reply=454"}, {"msa at=AUTH reply=334"},
			{"msa at=response reply=334"}, {"msa at=AUTH drop"}, {"msa at=response drop"}, {"msa at=response silent"}, {"msa at=AUTH reply=421"},
			{"msa at=AUTH reply=235"}, {"msa tls=strip"}, {"msa tls=garbage"}, {"msa tls=inject"}, {"msa tls=expired"},
		} {
			_, tr := runSecured(t, withMechanism(t, "", m.Name), list...)
			there := noSecret(t, m.Name+" "+strings.Join(list, ", "), tr, secret)
			if list == nil && there != m.ClearText {
				t.Errorf("%s: the secret is in the trace: %v", m.Name, there)
			}
			// Not even the user's own program says it, when a login in clear is refused.
			if said := saidInClear(tr, "laptop"); !onlyCourtesies(said) {
				t.Errorf("%s, %v: in clear %q", m.Name, list, said)
			}
		}
	}
}

// The same for lines that a person types, with their mistakes.
func TestRFC4954_9_SecretsTyped(t *testing.T) {
	plain := b64("\x00alice\x00wonderland")
	for _, lines := range [][]string{
		{"AUTH PLAIN " + plain},
		{"auth   plain   " + plain},
		{"AUTH PLAIN", plain},
		{"AUTH LOGIN", b64("alice"), b64("wonderland")},
		{"AUTH LOGIN", b64("alice"), "wonderland"},
		{"AUTH LOGIN " + b64("alice"), b64("wonderland")},
		{"AUTH PLAIN wonderland"},
		{"AUTH NONSENSE " + plain},
		{"AUTH PLAIN " + plain, "AUTH PLAIN " + plain},
		{"AUTH LOGIN", b64("alice"), "*"},
		{"AUTH NONSENSE", b64("alice"), b64("wonderland"), "wonderland"},
		{"AUTH LOGIN", "alice", "wonderland", "NOOP", b64("wonderland")},
		{" AUTH PLAIN " + plain, "AUTH\tPLAIN\t" + plain, "AUTH=PLAIN " + plain, "auth plain=" + plain, "AUTHPLAIN", plain},
		{"MAIL FROM:<alice@sender.example> AUTH PLAIN " + plain, "NOOP AUTH LOGIN wonderland", "AUTH " + plain},
	} {
		for _, before := range [][]string{nil, {"EHLO a.example"}, {"EHLO a.example", "STARTTLS", "EHLO b.example"}, {"HELO a.example"}} {
			sc := secured(t, theUsers, theUsers+"\n      plain-in-clear: yes")
			typed := slices.Concat(before, lines)
			tr := byHand(t, sc, "laptop hand to=msa port=587", append(typed, "QUIT")...)
			noSecret(t, strings.Join(typed, " | "), tr, "wonderland")
		}
	}
}
