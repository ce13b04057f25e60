package explain

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// citation is the one form in which rules are cited.
var citation = regexp.MustCompile(`^RFC [1-9][0-9]{2,4}( §[1-9][0-9]*(\.[0-9]+)*)?$`)

// maxSentence is how many characters a sentence may have: two lines of a
// terminal, with its values.
const maxSentence = 160

// TestEverythingHasAnEntry holds that nothing the engine can show is without
// its sentence.
func TestEverythingHasAnEntry(t *testing.T) {
	r := reference(t)
	need := func(table, key string, notes ...string) {
		t.Helper()
		e := r.Entry(table, key)
		if e == nil {
			t.Errorf("%s.md: no entry for %q", table, key)
			return
		}
		if e.Text == "" {
			t.Errorf("%s.md: %s: no text", table, key)
		}
		for _, n := range notes {
			if e.Note(n) == "" {
				t.Errorf("%s.md: %s: no note %q", table, key, n)
			}
		}
	}
	for v := smtp.Connect; v <= smtp.Response; v++ {
		switch v {
		case smtp.Response:
			need("commands", v.String(), "part", "when", "changes", "here", "here said", "here empty", "here cancel")
		case smtp.AUTH:
			need("commands", v.String(), "part", "when", "changes", "here", "here said", "here initial")
		case smtp.Connect:
			need("commands", v.String(), "when", "changes")
		case smtp.EndOfData:
			need("commands", v.String(), "when", "changes", "here", "here empty")
		case smtp.MAIL, smtp.RCPT, smtp.DATA:
			need("commands", v.String(), "part", "when", "changes", "here", "wrong order", "here wrong order")
		default:
			need("commands", v.String(), "part", "when", "changes", "here")
		}
	}
	for k := smtp.PartNone; k <= smtp.PartLineEnd; k++ {
		need("parts", k.String(), "part")
	}
	need("parts", "response", "masked", "empty", "cancel")
	need("parts", "challenge", "part", "masked")
	for _, words := range append(smtp.StateWords(), "none", "deciding", "secured") {
		need("states", words, "note")
	}
	for k := trace.NoKind; k == trace.NoKind || k.String() != "none"; k++ {
		need("events", k.String(), "title", "here")
		if k.IsRow() && k != trace.Added {
			need("events", k.String(), "because")
		}
	}
	for _, code := range strings.Fields(`211 214 220 221 235 250 251 252 253 334 354 421 432 450 451 452 453 454 455
		458 459 500 501 502 503 504 521 523 524 525 530 534 535 538 550 551 552 553 554 555 556`) {
		need("codes", code)
		if e := r.Entry("codes", code); e != nil && len(e.Notes) == 0 {
			t.Errorf("codes.md: %s: no note says what it means in answer to something", code)
		}
	}
	for verb, codes := range map[string]string{
		"connect": "220 421 521 550 554", "EHLO": "250 500 501 502 550", "HELO": "250 501",
		"MAIL": "250 451 452 455 501 503 530 550 552 553 554 555", "RCPT": "250 251 450 451 452 455 501 503 550 551 552 553 554 555 556",
		"DATA": "354 451 501 503 554", "dot": "250 421 450 451 452 500 550 552 554", "RSET": "250", "NOOP": "250",
		"VRFY": "250 251 252 550", "QUIT": "221", "unknown": "500",
		"STARTTLS": "220 454 501 503", "AUTH": "235 334 432 454 500 501 503 504 530 534 535 538",
	} {
		for _, code := range strings.Fields(codes) {
			need("codes", code, verb)
		}
	}
	for _, d := range strings.Fields("2yz 3yz 4yz 5yz") {
		need("digits", d, "part", "here")
	}
	need("digits", "2yz", "misplaced")
	need("digits", "3yz", "misplaced")
	need("parts", "no reply", "here", "connect", "other protocol", "bare LF", "unasked")
	for _, k := range strings.Fields("timedout closed reset") {
		need("events", k, "bare LF")
	}
	for _, d := range strings.Fields("x0z x1z x2z x3z x4z x5z") {
		need("digits", d, "part")
	}
	for _, c := range strings.Fields("2.y.z 4.y.z 5.y.z x.0.z x.1.z x.2.z x.3.z x.4.z x.5.z x.6.z x.7.z") {
		need("enhanced", c, "part")
	}
	for subject, last := range []int{0, 10, 4, 6, 7, 6, 10, 30} {
		for detail := range last + 1 {
			need("enhanced", fmt.Sprintf("x.%d.%d", subject, detail))
		}
	}
	for code, want := range map[string]string{
		"x.7.0": "2.7.0 4.7.0 5.7.0", "x.7.4": "4.7.4", "x.7.5": "4.7.5", "x.7.8": "5.7.8",
	} {
		need("enhanced", code, strings.Fields(want)...)
	}
	for _, m := range sasl.Mechanisms {
		need("sasl", m.Name, "how", "response 1", "challenge 1")
	}
	need("sasl", "other", "how", "response", "challenge", "first", "empty")
	for _, k := range strings.Split("message,authzid,user,password,NUL,NUL alone,prompt,timestamp,digest,trouble,gs2 n,gs2 y,gs2 p,gs2 token,"+
		"scram n,scram r,scram s,scram i,scram c,scram p,scram v,scram e,scram m,host,port,token,end mark", ",") {
		need("sasl", k, "part")
	}
	for _, k := range strings.Split("ClientHello,ServerHello,Finished,alert,octets that are no TLS,version,cipher,ciphers,name,names,issuer,validity,"+
		"right,whomever,words,record type,record version,record length,record content", ",") {
		need("tls", k, "part")
	}
	need("tls", "record", "title", "here", "many", "shared", "handshake", "unknown")
	need("tls", "unseen", "title", "here")
	for _, k := range strings.Fields("ClientHello ServerHello Finished alert") {
		need("events", "handshake", k)
	}
	for _, k := range strings.Fields("PIPELINING SIZE 8BITMIME ENHANCEDSTATUSCODES HELP STARTTLS AUTH DSN CHUNKING SMTPUTF8 REQUIRETLS XXXXXXXX") {
		need("extensions", k, "part")
	}
	for _, k := range strings.Fields("SIZE BODY RET ENVID NOTIFY ORCPT AUTH SMTPUTF8 REQUIRETLS unknown") {
		need("parameters", k, "part")
	}
	for _, k := range strings.Fields(`Date From To Cc Bcc Subject Message-ID Received Return-Path MIME-Version Content-Type
		Content-Transfer-Encoding Content-Disposition Content-ID Auto-Submitted unknown`) {
		need("fields", k, "part")
	}
	for _, k := range []string{"empty line", "body", "no field", "doubled dot", "end of data", "left out"} {
		need("letter", k, "part")
	}
	for _, k := range []string{"id", "counts", "question", "answer", "authority", "additional", "unreadable"} {
		need("dns", k, "part")
	}
	for _, k := range strings.Fields("A AAAA MX CNAME PTR TXT NS SOA other") {
		need("dns", k, "question", "answer", "no data")
	}
	for _, k := range strings.Fields("connect EHLO MAIL RCPT DATA block dot QUIT command retry") {
		need("phases", k, "wait")
	}
}

// TestTables holds the form of every entry.
func TestTables(t *testing.T) {
	for _, name := range tableNames {
		table := reference(t).tables[name]
		if table.Title == "" || table.About == "" {
			t.Errorf("%s.md: no title or nothing below it", table.Name)
		}
		for _, e := range table.Entries {
			if n := utf8.RuneCountInString(e.Name); n > 16 {
				t.Errorf("%s.md: %s: the short name has %d characters, at most 16 fit: %s", table.Name, e.Key, n, e.Name)
			}
			for _, rfc := range e.RFC {
				if !citation.MatchString(rfc) {
					t.Errorf("%s.md: %s: %q is not of the form RFC 5321 §4.1.1.2", table.Name, e.Key, rfc)
				}
			}
			sentences(t, table.Name, e.Key, e.Text, true)
			for _, n := range e.Notes {
				whole := strings.HasPrefix(n.Word, "here") || strings.HasSuffix(n.Text, ".")
				sentences(t, table.Name, e.Key+": "+n.Word, n.Text, whole)
			}
		}
	}
}

// sentences checks that no sentence is too long, and that whole ones are whole.
func sentences(t *testing.T, table, where, text string, whole bool) {
	t.Helper()
	for _, s := range strings.SplitAfter(text, ". ") {
		if n := utf8.RuneCountInString(s); n > maxSentence {
			t.Errorf("%s.md: %s: a sentence of %d characters, at most %d are read: %s", table, where, n, maxSentence, s)
		}
	}
	if whole && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "}") {
		t.Errorf("%s.md: %s: no full stop: %s", table, where, text)
	}
	if strings.ContainsAny(text, "!\t") || strings.Contains(text, "  ") {
		t.Errorf("%s.md: %s: an exclamation mark or loose white space: %s", table, where, text)
	}
}

// TestLoadErrors holds that a mistake in a table is told with its place.
func TestLoadErrors(t *testing.T) {
	tests := []struct{ name, codes, want string }{
		{"text before a title", "hello\n", "codes.md:1: expected a title"},
		{"two titles", "# A\n\n# B\n", "codes.md:3: a second title"},
		{"twice", "# A\n\n## 250: a\n\n## 250: b\n", `codes.md:5: a second entry for "250"`},
		{"no colon", "# A\n\n## 250\n\n- MAIL text\n", "codes.md:5: expected a word, a colon"},
		{"note twice", "# A\n\n## 250\n\n- MAIL: a\n- MAIL: b\n", `codes.md:6: a second note "MAIL"`},
		{"text below notes", "# A\n\n## 250\n\n- MAIL: a\n\nmore\n", "codes.md:7: expected the text of 250 above its notes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for _, name := range tableNames {
				fsys[name+".md"] = &fstest.MapFile{Data: []byte("# T\n")}
			}
			fsys["codes.md"] = &fstest.MapFile{Data: []byte(tt.codes)}
			if _, err := Load(fsys); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("a reference without files was loaded")
	}
}

func BenchmarkLoad(b *testing.B) {
	fsys := os.DirFS("../../content")
	for range b.N {
		if _, err := Load(fsys); err != nil {
			b.Fatal(err)
		}
	}
}
