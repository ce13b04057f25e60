package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"helo/sim/check"
)

// RFC 6409 §8.2, §8.3: a server that takes its users' letters adds the Date and
// the Message-ID that are missing, below its Received, shows what it added, and
// leaves alone what is there. A server that is not theirs adds nothing
// (RFC 5321 §6.4).
func TestRFC6409_8_MissingFields(t *testing.T) {
	const (
		date = "Date: Mon, 23 Nov 2026 10:15:00 +0000"
		id   = "Message-ID: <"
		all  = "      Date: Mon, 23 Nov 2026 10:15:00 +0000\n      From: Alice <alice@sender.example>\n      Message-ID: <1@sender.example>\n      Subject: Lunch on Thursday\n\n      Shall we have lunch?\n"
	)
	for _, c := range []struct {
		name, text string
		added      []string // behind Received
	}{
		{"nothing is missing", all, nil},
		{"the date", "      From: Alice <alice@sender.example>\n      Message-ID: <1@sender.example>\n\n      Hello.\n", []string{date}},
		{"the id", "      From: Alice <alice@sender.example>\n      Date: Thu, 1 Jan 2026 00:00:00 +0000\n\n      Hello.\n", []string{id}},
		{"both", "      From: Alice <alice@sender.example>\n      Subject: hello\n\n      Date: in the body\n      Message-ID: too\n", []string{date, id}},
		{"in other cases", "      date: Thu, 1 Jan 2026 00:00:00 +0000\n      MESSAGE-id: <1@sender.example>\n\n      Hello.\n", nil},
		{"a fold is no field", "      Subject: hello\n       Date: of Thursday\n       Message-ID: none\n\n      Hello.\n", []string{date, id}},
		{"others are not it", "      Resent-Date: Thu, 1 Jan 2026 00:00:00 +0000\n      Dates: two\n      Message-IDs: two\n\n      Hello.\n", []string{date, id}},
		{"no body", "      Subject: hello\n", []string{date, id}},
		{"no header", "      Hello, this is a letter without a header.\n      Date: is in the body\n", []string{date, id}},
	} {
		for _, port := range []string{"587", "465", "25"} {
			tls, login, users := "insist", theLogin, theUsers
			switch port {
			case "465":
				tls = "implicit"
			case "25":
				login, users = "", "lists: [{name: team, members: [alice]}]"
			}
			changes := []string{"server: mail.sender.example\n", "server: mail.sender.example\n      port: " + port + "\n", "tls: insist", "tls: " + tls, theLogin, login, theUsers, users, all, c.text}
			if port == "25" { // no relay there
				changes = append(changes, "to: [bob@receiver.example]", "to: [alice@sender.example]", "starttls, auth,", "starttls,")
			}
			w, tr := runSecured(t, secured(t, changes...))
			if got := fate(tr); got != check.Delivered {
				t.Fatalf("%s, port %s: the letter is %v\n%s", c.name, port, got, dump(tr))
			}
			box := w.Mailbox("mx", "bob")
			if port == "25" {
				box = w.Mailbox("msa", "alice")
			}
			shown := string(tr.OctetsAt(find(t, tr, "msa added")))
			want := c.added
			if port == "25" {
				want = nil
			}
			_, rest, _ := strings.Cut(shown, "; Mon, 23 Nov 2026 10:15:00 +0000\r\n") // behind Received
			got := strings.Split(strings.TrimSuffix(rest, "\r\n"), "\r\n")
			if rest == "" {
				got = nil
			}
			ok := len(got) == len(want)
			for i := range want {
				ok = ok && strings.HasPrefix(got[i], want[i])
			}
			if !ok {
				t.Errorf("%s, port %s: added %q, want %q", c.name, port, got, want)
			}
			if letter := strings.ReplaceAll(strings.ReplaceAll(c.text, "\n", "\r\n"), "      ", ""); len(box) != 1 ||
				!strings.HasSuffix(string(box[0]), rest+letter) {
				t.Errorf("%s, port %s: the mailbox has\n%q\nwant it to end in\n%q", c.name, port, box, rest+letter)
			}
		}
	}
}

// RFC 5322 §3.6.4: no two letters get the same Message-ID, and it names the
// server's own domain.
func TestRFC5322_3_6_4_AddedIDsAreUnique(t *testing.T) {
	sc := manySecured(t, 20)
	for i := range sc.Letters {
		sc.Letters[i].Octets = []byte("Subject: hello\r\n\r\nHello.\r\n")
		sc.Letters[i].At = 0
	}
	w, _ := runSecured(t, sc)
	seen := map[string]bool{}
	for _, letter := range w.Mailbox("mx", "bob") {
		_, id, ok := strings.Cut(string(letter), "\r\nMessage-ID: ")
		id, _, _ = strings.Cut(id, "\r\n")
		if !ok || seen[id] || !strings.HasSuffix(id, "@mail.sender.example>") {
			t.Errorf("a letter has the id %q", id)
		}
		seen[id] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d ids for 20 letters", len(seen))
	}
}

// A mail client tells its user why, of each recipient, and the same thing once.
func TestEachFailureIsTold(t *testing.T) {
	for _, c := range []struct {
		faults []string
		told   string
		why    []string
	}{
		{[]string{`msa at=RCPT n=1-2 reply="550 5.1.1 no such user"`, `msa at=RCPT n=1 reply="452 4.2.2 full"`},
			"not sent: 550 5.1.1 no such user; not sent: 452 4.2.2 full", []string{"550 5.1.1 no such user true", "550 5.1.1 no such user true", "452 4.2.2 full true"}},
		{[]string{"msa at=MAIL drop"}, "not sent: 451 4.4.2 the connection was closed", []string{"451 4.4.2 the connection was closed false", "451 4.4.2 the connection was closed false", "451 4.4.2 the connection was closed false"}},
		{[]string{`msa at=RCPT n=2 reply="550 5.1.1 no such user"`}, "not sent: 550 5.1.1 no such user", []string{"", "550 5.1.1 no such user true", ""}},
	} {
		_, tr := runSecured(t, secured(t, "to: [bob@receiver.example]", "to: [bob@receiver.example, eve@receiver.example, carol@receiver.example]"), c.faults...)
		if got := told(tr); got != c.told {
			t.Errorf("%s: Alice was told %q, want %q", c.faults, got, c.told)
		}
		for i, v := range check.Verdicts(tr)[:3] {
			why := ""
			if r, own := v.Why(tr); !v.Done {
				why = fmt.Sprint(r, own)
			}
			if !strings.HasPrefix(why, c.why[i]) || v.Done != (c.why[i] == "") {
				t.Errorf("%s: %s: %q, want %q", c.faults, v.Recipient, why, c.why[i])
			}
		}
	}
}
