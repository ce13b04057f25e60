package message

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares octets with a file whose lines end in LF, as files do.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if rest := bytes.ReplaceAll(got, []byte("\r\n"), nil); bytes.ContainsAny(rest, "\r\n") {
		t.Fatalf("a line ends in something else than CRLF: %q", got)
	}
	text := bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(text, want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", file, text)
	}
}

var original = "Received: from laptop.sender.example ([192.0.2.50])\r\n by mail.sender.example with ESMTP id 1;\r\n Mon, 23 Nov 2026 10:15:02 +0000\r\n" +
	"From: Alice <alice@sender.example>\r\nTo: Bob <bob@receiver.example>\r\n" +
	"Subject: Lunch gr\xc3\xbc\xc3\x9fe\x1b[2J\r\n" +
	"Message-ID: <lunch.1@sender.example>\r\n" +
	"X-Long: " + strings.Repeat("word ", 30) + "end\r\nX-Longer: " + strings.Repeat("z", 200) + "\r\n" +
	"\r\nThe body is not repeated.\r\n"

// notices are the letters kept as golden files.
var notices = map[string]NoticeFacts{
	"refused": {
		Host: "mail.sender.example", To: "alice@sender.example", MessageID: "n1@mail.sender.example",
		At: at.Add(time.Second), Arrived: at,
		Failed: []FailedRecipient{{
			Recipient: "bob@receiver.example",
			Remote:    "mx.receiver.example ([192.0.2.20])",
			Command:   "RCPT TO:<bob@receiver.example>",
			Said:      []string{"550 5.1.1 There is no mailbox of that name here"},
		}},
		Original: []byte(original),
	},
	"parked": {
		Host: "mail.sender.example", To: "postmaster@mail.sender.example", MessageID: "n3@mail.sender.example", Parked: true,
		At: at.Add(time.Second), Arrived: at,
		Failed: []FailedRecipient{{
			Recipient: "bob@receiver.example",
			Remote:    "mx.receiver.example ([192.0.2.20])",
			Command:   "RCPT TO:<bob@receiver.example>",
			Said:      []string{"550 5.1.1 There is no mailbox of that name here"},
		}},
		Original: []byte("From: Mail Delivery System <MAILER-DAEMON@relay.example>\r\n\r\nYour letter could not be delivered.\r\n"),
	},
	"several": {
		Host: "mail.sender.example", To: "alice@sender.example", MessageID: "<n2@mail.sender.example>",
		At: at.Add(5 * 24 * time.Hour), Arrived: at,
		Failed: []FailedRecipient{
			{Recipient: "bob@receiver.example", Remote: "mx.receiver.example ([192.0.2.20])",
				Reason: "I tried for 5 days, which is as long as I keep a letter.",
				Said:   []string{"451-4.3.0 A long line of a reply that has been written by someone who likes to explain things", "451 4.3.0 Try later\x1b[31m\r\nSubject: evil"}},
			{Recipient: "carol@nowhere.example", Reason: "the domain nowhere.example does not exist"},
		},
		Original: []byte("no header at all"),
	},
}

func TestNotice(t *testing.T) {
	for name, n := range notices {
		t.Run(name, func(t *testing.T) { golden(t, "testdata/notice-"+name+".eml", Notice(n)) })
	}
}

// RFC 6533 §3: addresses outside ASCII are told in ASCII, so that they can be
// told apart; RFC 5322 §3.4: where only an address may stand, none is named.
func TestRFC6533_3_AddressesOutsideASCII(t *testing.T) {
	long := strings.Repeat("\u00e9", 100)
	n := notices["refused"]
	n.To = "\u00e4lice@sender.example"
	n.EnvelopeID = "lunch-1"
	n.Failed = []FailedRecipient{
		{Recipient: "jos\u00e9@receiver.example", Original: "\U0001f600@receiver.example",
			Command: "RCPT TO:<jos\u00e9@receiver.example>", Said: []string{"550 no"}},
		{Recipient: long + "@b\u00fccher.example"},
		{Recipient: "\xe9@receiver.example"},
	}
	letter := string(Notice(n))
	for _, want := range []string{
		"To: undisclosed-recipients:;\r\n",
		"  <jos\\x{E9}@receiver.example>\r\n",
		"    You wrote <\\x{1F600}@receiver.example>.\r\n",
		"TO:<jos\\x{E9}@receiver.example> with:\r\n",
		"I will not try again.\r\nYou called the envelope lunch-1. The recipients and the reasons:\r\n",
		"  <?@receiver.example>\r\n",
	} {
		if !strings.Contains(letter, want) {
			t.Errorf("lacks %q:\n%s", want, letter)
		}
	}
	unwrapped := strings.ReplaceAll(letter, "\r\n  ", "")
	if want := "<" + strings.Repeat(`\x{E9}`, 100) + `@b\x{FC}cher.example>`; !strings.Contains(unwrapped, want) {
		t.Errorf("lacks the whole of a long address:\n%s", letter)
	}
}

func TestNoticeFields(t *testing.T) {
	letter := Notice(notices["refused"])
	fields, _, defects := Split(letter)
	if len(defects) > 0 {
		t.Errorf("defects: %v", defects)
	}
	for name, want := range map[string]string{
		"To":             "<alice@sender.example>", // RFC 5321 §6.1: to the reverse-path
		"Auto-Submitted": "auto-replied",           // RFC 3834 §5
		"In-Reply-To":    "<lunch.1@sender.example>",
		"References":     "<lunch.1@sender.example>", // RFC 3834 §3.1.5
		"Message-ID":     "<n1@mail.sender.example>",
		"Date":           "Mon, 23 Nov 2026 10:15:03 +0000",
	} {
		if f, ok := Find(fields, name); !ok || f.Value(letter) != want {
			t.Errorf("%s: %q, want %q", name, f.Value(letter), want)
		}
	}
	if bytes.Contains(letter, []byte("body is not repeated")) {
		t.Error("the original's body is in the notice")
	}
}

// Whatever a remote server says and whatever the original holds, the notice is
// printable ASCII, its lines are short, and its header is the one we wrote.
func TestNoticeIsSafe(t *testing.T) {
	octets := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) })
	text := rapid.OneOf(octets, rapid.StringMatching(`[a-z \r\n\t<>:.@-]{0,200}`), rapid.StringMatching(`[a-z]{0,200}`))
	rapid.Check(t, func(t *rapid.T) {
		n := NoticeFacts{
			Host: text.Draw(t, "host"), To: "a@b", At: at, MessageID: text.Draw(t, "id"),
			Failed: []FailedRecipient{{
				Recipient: text.Draw(t, "recipient"), Reason: text.Draw(t, "reason"), Remote: text.Draw(t, "remote"),
				Command: text.Draw(t, "command"), Said: rapid.SliceOfN(text, 0, 3).Draw(t, "said"),
			}},
			Original: []byte("X: " + text.Draw(t, "field") + "\r\nMessage-ID: " + text.Draw(t, "original id") + "\r\n\r\n"),
		}
		letter := Notice(n)
		fields, _, defects := Split(letter)
		if len(defects) > 0 || len(fields) < 5 || len(fields) > 8 {
			t.Fatalf("%d fields, defects %v in\n%s", len(fields), defects, letter)
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(letter), "\r\n"), "\r\n") {
			word := strings.LastIndexByte(line, ' ') + 1 // a header field's one word may be longer
			if len(line) > AdvisedLine && (i > 8 || len(line)-word < 60) {
				t.Fatalf("a line of %d octets: %q", len(line), line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("raw octets in %q", line)
			}
		}
	})
}

// A reply without end and a header without end do not make a notice without end.
func TestNoticeIsBounded(t *testing.T) {
	n := notices["refused"]
	n.Original = []byte(strings.Repeat("X: y\r\n", 100_000) + "\r\n")
	n.Failed = []FailedRecipient{{Recipient: "b@c", Said: []string{strings.Repeat("a", 1<<20), strings.Repeat("b ", 1<<20), "c"}}}
	if got := Notice(n); len(got) > 50_000 {
		t.Errorf("%d octets", len(got))
	} else if !bytes.Contains(got, []byte("(the rest of the header is left out)\r\n")) {
		t.Error("what is left out is not told")
	}
}
