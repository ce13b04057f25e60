package sim_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/scenario"
	"helo/sim/trace"
)

const (
	theLogin = "login: {user: alice, password: wonderland}"
	theUsers = "users: [{name: alice, password: wonderland}]"
)

// A login is for the user's own server, where letters are submitted (RFC 6409
// §3.1): a host that relays as well says nothing of it to other servers.
func TestRFC6409_3_1_NoLoginWhereMailIsRelayed(t *testing.T) {
	sc := secured(t, "    server:\n", "    client: {user: alice@sender.example, server: mail.sender.example, login: {user: alice, password: wonderland, mechanism: PLAIN}}\n    server:\n",
		"tls: may", "tls: insist", "host: laptop", "host: msa")
	w, tr := runSecured(t, sc)
	if n := len(w.Mailbox("mx", "bob")); n != 1 {
		t.Errorf("Bob has %d letters\n%s", n, dump(tr))
	}
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Command && e.Verb == smtp.AUTH && tr.Host(e.Peer).ID != "msa" {
			t.Errorf("event %d: %q is said to %s", pos, tr.OctetsAt(pos), tr.Host(e.Peer).ID)
		}
	}
}

// used is the mechanism of the first AUTH.
func used(tr *trace.Trace) string {
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Command && e.Verb == smtp.AUTH {
			return strings.Fields(string(tr.OctetsAt(pos)))[1]
		}
	}
	return ""
}

// withMechanism is secured with one mechanism, at the server or at the client or
// at both, and credentials that it can use.
func withMechanism(t *testing.T, server, client string) *scenario.Scenario {
	t.Helper()
	users, login := theUsers, theLogin
	if m, _ := sasl.Find(client + server); m.Token {
		users, login = "users: [{name: alice, token: gryphon}]", "login: {user: alice, token: gryphon}"
	}
	if server != "" {
		users += "\n      mechanisms: [" + server + "]"
	}
	if client != "" {
		login = strings.TrimSuffix(login, "}") + ", mechanism: " + client + "}"
	}
	return secured(t, theUsers, users, theLogin, login)
}

// RFC 4954 §4: each mechanism logs in, where the server offers only that or the
// user has chosen it, in letters of any case.
func TestRFC4954_4_EachMechanism(t *testing.T) {
	for _, m := range sasl.Mechanisms {
		for _, sc := range []*scenario.Scenario{
			withMechanism(t, m.Name, ""), withMechanism(t, "", m.Name), withMechanism(t, "", strings.ToLower(m.Name)),
		} {
			_, tr := runSecured(t, sc)
			if got := fate(tr); got != check.Delivered || used(tr) != m.Name {
				t.Errorf("%s: the letter is %v after a login by %s\n%s", m.Name, got, used(tr), dump(tr))
			}
			if who := string(tr.OctetsAt(find(t, tr, "msa loggedin"))); who != "alice" {
				t.Errorf("%s: it was %q who logged in", m.Name, who)
			}
		}
	}
}

// The strongest mechanism that both sides have is used.
func TestStrongestMechanism(t *testing.T) {
	for _, c := range []struct{ tls, mechanisms, want string }{
		{"insist", "", "SCRAM-SHA-256-PLUS"},
		{"none", "", "SCRAM-SHA-256"},
		{"insist", "[login, plain, cram-md5, scram-sha-256]", "SCRAM-SHA-256"},
		{"insist", "[login, plain, cram-md5]", "CRAM-MD5"},
		{"insist", "[login, plain]", "PLAIN"},
		{"insist", "[login]", "LOGIN"},
		{"insist", "[login, xoauth2]", "LOGIN"}, // there is no token
	} {
		users := theUsers
		if c.mechanisms != "" {
			users += "\n      mechanisms: " + c.mechanisms
		}
		_, tr := runSecured(t, secured(t, theUsers, users, "tls: insist", "tls: "+c.tls))
		if fate(tr) != check.Delivered || used(tr) != c.want {
			t.Errorf("%s, tls: %s: the letter is %v after a login by %s, want %s", c.mechanisms, c.tls, fate(tr), used(tr), c.want)
		}
	}
}

// RFC 4954 §6: with wrong credentials the answer is 535, by every mechanism, and
// says not what was wrong. The letter stays where it is, and the user is told.
func TestRFC4954_6_WrongCredentials(t *testing.T) {
	for _, m := range sasl.Mechanisms {
		for what, change := range map[string][2]string{
			"password": {"login: {user: alice, password: wonderland", "login: {user: alice, password: looking-glass"},
			"user":     {"login: {user: alice,", "login: {user: dinah,"},
		} {
			if m.Token && what == "password" {
				change = [2]string{"login: {user: alice, token: gryphon", "login: {user: alice, token: mock-turtle"}
			}
			users, login := theUsers, theLogin
			if m.Token {
				users, login = "users: [{name: alice, token: gryphon}]", "login: {user: alice, token: gryphon}"
			}
			login = strings.TrimSuffix(login, "}") + ", mechanism: " + m.Name + "}"
			_, tr := runSecured(t, secured(t, theUsers, users, theLogin, login, change[0], change[1]))
			if got := told(tr); got != "not sent: 535 5.7.8 user or password is wrong" {
				t.Errorf("%s, wrong %s: Alice was told %q\n%s", m.Name, what, got, dump(tr))
			}
			if fate(tr) != check.InOutbox || count(tr, "msa", trace.LoggedIn) != 0 || count(tr, "laptop", trace.Connect) != 1 {
				t.Errorf("%s, wrong %s: the letter is %v", m.Name, what, fate(tr))
			}
			if n := verbs(tr); n[smtp.MAIL] != 0 || n[smtp.QUIT] != 1 || n[smtp.AUTH] != 1 {
				t.Errorf("%s, wrong %s: commands %v", m.Name, what, n)
			}
		}
	}
}

// RFC 4954 §4, §9: a login that cannot be had, or not safely, is not tried, and
// the user is told why.
func TestRFC4954_9_NoLoginThatCanBeUsed(t *testing.T) {
	const clear = "not sent: 550 5.7.11 the password is not said outside TLS"
	const none = "not sent: 550 5.7.4 the server offers no login that can be used"
	for _, c := range []struct {
		name    string
		changes []string
		told    string // nothing: the letter goes
		used    string
	}{
		{"the server does not have it", []string{theUsers, theUsers + "\n      mechanisms: [plain]", theLogin, "login: {user: alice, password: wonderland, mechanism: cram-md5}"}, none, ""},
		{"no login at all, known by address", []string{theUsers, "submission: [192.0.2.77]", "starttls, auth,", "starttls,"}, none, ""},
		{"tokens are not for passwords", []string{theUsers, "users: [{name: alice, password: wonderland, token: gryphon}]\n      mechanisms: [xoauth2]"}, none, ""},
		{"PLAIN is not offered in clear", []string{theUsers, theUsers + "\n      mechanisms: [plain]", "tls: insist", "tls: none"}, none, ""},
		{"PLAIN is offered in clear", []string{theUsers, theUsers + "\n      mechanisms: [plain]\n      plain-in-clear: yes", "tls: insist", "tls: none"}, clear, ""},
		{"PLAIN is offered in clear, but is not the only one", []string{theUsers, theUsers + "\n      plain-in-clear: yes", "tls: insist", "tls: none"}, "", "SCRAM-SHA-256"},
		{"PLAIN is offered in clear, LOGIN is chosen", []string{theUsers, theUsers + "\n      plain-in-clear: yes", theLogin, "login: {user: alice, password: wonderland, mechanism: LOGIN}", "tls: insist", "tls: none"}, clear, ""},
		{"PLAIN is offered in clear, and the user does not mind", []string{theUsers, theUsers + "\n      mechanisms: [plain]\n      plain-in-clear: yes", theLogin, "login: {user: alice, password: wonderland, in-clear: yes}", "tls: insist", "tls: none"}, "", "PLAIN"},
		{"the user does not mind, the server does", []string{theUsers, theUsers + "\n      mechanisms: [plain]", theLogin, "login: {user: alice, password: wonderland, in-clear: yes}", "tls: insist", "tls: none"}, none, ""},
		{"a token in clear", []string{theUsers, "users: [{name: alice, token: gryphon}]\n      plain-in-clear: yes", theLogin, "login: {user: alice, token: gryphon}", "tls: insist", "tls: none"}, clear, ""},
		{"binding needs TLS", []string{theUsers, theUsers + "\n      mechanisms: [scram-sha-256-plus]", "tls: insist", "tls: none"}, none, ""},
	} {
		_, tr := runSecured(t, secured(t, c.changes...))
		want := check.Delivered
		if c.told != "" {
			want = check.InOutbox
		}
		if told(tr) != c.told || fate(tr) != want || used(tr) != c.used {
			t.Errorf("%s: the letter is %v, used %q, Alice was told %q; want %v, %q, %q\n%s", c.name, fate(tr), used(tr), told(tr), want, c.used, c.told, dump(tr))
		}
		if said := saidInClear(tr, "laptop"); strings.Contains(said, "wonderland") || c.used != "PLAIN" && strings.Contains(said, base64.StdEncoding.EncodeToString([]byte("\x00alice\x00wonderland"))) {
			t.Errorf("%s: in clear: %q", c.name, said)
		}
	}
}

// RFC 8314 §4.4, RFC 4954 §4: encryption with whomever is no reason to say a
// password, which whoever is in the middle then has. A mechanism that does not
// reveal it may be used.
func TestRFC8314_4_4_NoPasswordForAServerThatMayBeAnyone(t *testing.T) {
	const notTrusted = "not sent: 451 4.7.5 the password is not said to a server whose certificate is wrong"
	for _, fault := range []string{"msa tls=expired", "msa tls=wrongname", "msa tls=unknownca"} {
		for _, c := range []struct{ login, used, told string }{
			{"login: {user: alice, password: wonderland, mechanism: PLAIN}", "", notTrusted},
			{"login: {user: alice, password: wonderland, mechanism: LOGIN}", "", notTrusted},
			{"login: {user: alice, token: gryphon}", "", notTrusted},
			{theLogin, "SCRAM-SHA-256-PLUS", ""},
			{"login: {user: alice, password: wonderland, mechanism: PLAIN, in-clear: yes}", "PLAIN", ""},
		} {
			_, tr := runSecured(t, secured(t, "tls: insist", "tls: may", theLogin, c.login, theUsers, "users: [{name: alice, password: wonderland, token: gryphon}]"), fault)
			if told(tr) != c.told || used(tr) != c.used {
				t.Errorf("%s, %s: used %q, Alice was told %q; want %q, %q\n%s", fault, c.login, used(tr), told(tr), c.used, c.told, dump(tr))
			}
		}
	}
}

// RFC 6409 §4.3: whoever submits a letter without a login hears 530.
func TestRFC6409_4_3_LogInFirst(t *testing.T) {
	for _, tls := range []string{"insist", "implicit", "none"} {
		_, tr := runSecured(t, secured(t, "      "+theLogin+"\n", "", "tls: insist", "tls: "+tls))
		if got := told(tr); got != "not sent: 530 5.7.0 log in first" || fate(tr) != check.InOutbox {
			t.Errorf("tls: %s: the letter is %v, Alice was told %q", tls, fate(tr), got)
		}
	}
}

// What a fault at a login makes of the letter.
func TestFaultsAtALogin(t *testing.T) {
	for _, c := range []struct {
		mechanism string
		faults    []string
		fate      check.Fate
		told      string
	}{
		{"PLAIN", []string{"msa at=AUTH reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"PLAIN", []string{"msa at=AUTH reply=454"}, check.InOutbox, "not sent: 454 4.7.0"},
		{"PLAIN", []string{"msa at=AUTH reply=432"}, check.InOutbox, "not sent: 432 4.7.12"},
		{"PLAIN", []string{"msa at=AUTH reply=534"}, check.InOutbox, "not sent: 534 5.7.9"},
		{"PLAIN", []string{"msa at=AUTH reply=504"}, check.InOutbox, "not sent: 504"},
		{"PLAIN", []string{"msa at=AUTH reply=421"}, check.InOutbox, "not sent: 421"},
		{"PLAIN", []string{"msa at=AUTH drop"}, check.InOutbox, "not sent: 451 4.4.2"},
		{"PLAIN", []string{"msa at=AUTH silent"}, check.InOutbox, "not sent: 451 4.4.2"},
		{"PLAIN", []string{"msa at=AUTH reply=334"}, check.InOutbox, "not sent: 550 5.7.0 login given up: PLAIN: expected no challenge"},
		{"LOGIN", []string{"msa at=response reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"LOGIN", []string{"msa at=response n=2 reply=454"}, check.InOutbox, "not sent: 454 4.7.0"},
		{"LOGIN", []string{"msa at=response n=2 drop"}, check.InOutbox, "not sent: 451 4.4.2"},
		{"LOGIN", []string{"msa at=response n=2 reply=334"}, check.InOutbox, "not sent: 550 5.7.0 login given up: LOGIN: expected no more than two challenges"},
		{"LOGIN", []string{"msa at=response reply=501"}, check.InOutbox, "not sent: 501"},
		{"LOGIN", []string{"msa at=AUTH reply=235"}, check.InOutbox, "not sent: 550 5.7.0 login given up: LOGIN: expected two challenges"},
		{"LOGIN", []string{`msa at=AUTH reply="334 !!!"`}, check.InOutbox, "not sent: 550 5.7.0 login given up: the server's challenge is no base64"},
		{"LOGIN", []string{`msa at=AUTH reply="334 !!!"`, "msa at=response reply=250"}, check.InOutbox, "not sent: 550 5.7.0 login given up: the server's challenge is no base64"},
		{"LOGIN", []string{"msa at=AUTH reply=534"}, check.InOutbox, "not sent: 534 5.7.9"},
		{"CRAM-MD5", []string{"msa at=response reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"XOAUTH2", []string{"msa at=AUTH reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"OAUTHBEARER", []string{"msa at=AUTH reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"SCRAM-SHA-256", []string{"msa at=AUTH reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
		{"SCRAM-SHA-256", []string{"msa at=response n=1 reply=535"}, check.InOutbox, "not sent: 535 5.7.8"},
	} {
		t.Run(c.mechanism+" "+strings.Join(c.faults, ", "), func(t *testing.T) {
			_, tr := runSecured(t, withMechanism(t, "", c.mechanism), c.faults...)
			if fate(tr) != c.fate || !strings.HasPrefix(told(tr), c.told) {
				t.Errorf("the letter is %v, Alice was told %q; want %v, %q\n%s", fate(tr), told(tr), c.fate, c.told, dump(tr))
			}
			logins := 0
			if strings.Contains(c.faults[0], "drop") { // the reply is lost, not the decision
				logins = 1
			}
			if n := verbs(tr); n[smtp.MAIL] != 0 || count(tr, "msa", trace.LoggedIn) != logins {
				t.Errorf("commands %v, %d logins", n, count(tr, "msa", trace.LoggedIn))
			}
		})
	}
}

// RFC 4954 §4: a response that is too long for the command waits for a challenge.
// A server that is content before has not heard who this is.
func TestRFC4954_4_ContentTooEarly(t *testing.T) {
	long := strings.Repeat("wonderland", 40)
	sc := secured(t, theUsers, "users: [{name: alice, password: "+long+"}]", theLogin, "login: {user: alice, password: "+long+", mechanism: PLAIN}")
	if _, tr := runSecured(t, sc); fate(tr) != check.Delivered || verbs(tr)[smtp.Response] != 1 {
		t.Errorf("the letter is %v, commands %v", fate(tr), verbs(tr))
	}
	_, tr := runSecured(t, sc, "msa at=AUTH reply=235")
	const want = "not sent: 550 5.7.0 login given up: the server was content before it was told who this is"
	if fate(tr) != check.InOutbox || told(tr) != want || verbs(tr)[smtp.MAIL] != 0 {
		t.Errorf("the letter is %v, Alice was told %q; want %q\n%s", fate(tr), told(tr), want, dump(tr))
	}
}

// RFC 4954 §4, §6: a client whose mechanism is not there after all takes another,
// unless its user has named one or none is left. One that is too weak is followed
// by none, since those left are weaker.
//
// RFC 5802 §6: an offer of -PLUS that is taken back is one that somebody in between
// has made up, or denies. The server is asked, and knows which.
func TestRFC4954_4_AnotherMechanism(t *testing.T) {
	for _, c := range []struct {
		faults string
		code   string
		fate   check.Fate
		said   string
		told   string
	}{
		{"n=1", "504", check.InOutbox, "SCRAM-SHA-256-PLUS SCRAM-SHA-256", "not sent: 535 5.7.8 the login belongs to another connection, someone may be in between"},
		{"n=1-2", "504", check.Delivered, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5", ""},
		{"n=1-", "504", check.InOutbox, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN", "not sent: 504"},
		{"n=1-", "534", check.InOutbox, "SCRAM-SHA-256-PLUS", "not sent: 534"},
	} {
		_, tr := runSecured(t, secured(t), "msa at=AUTH "+c.faults+" reply="+c.code)
		var said []string
		for pos := range tr.End() {
			if e := tr.At(pos); e.Kind == trace.Command && e.Verb == smtp.AUTH {
				said = append(said, strings.Fields(string(tr.OctetsAt(pos)))[1])
			}
		}
		if got := strings.Join(said, " "); got != c.said || fate(tr) != c.fate || !strings.HasPrefix(told(tr), c.told) {
			t.Errorf("%s %s: the letter is %v, after %s, Alice was told %q; want %v, %s, %q", c.code, c.faults, fate(tr), got, told(tr), c.fate, c.said, c.told)
		}
	}
}

// RFC 5802 §5, RFC 7677 §3: a server that does not know the password is found
// out, though it says that all is well, and gets no letter.
func TestRFC5802_5_ServerHasToProveItself(t *testing.T) {
	forged := base64.StdEncoding.EncodeToString([]byte("v=" + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	const unproven = "not sent: 550 5.7.0 the server did not prove that it knows the password"
	for _, c := range []struct {
		faults []string
		told   string
	}{
		{[]string{"msa at=AUTH reply=235"}, unproven},
		{[]string{"msa at=response n=1 reply=235"}, unproven},
		{[]string{`msa at=response n=1 reply="334 ` + forged + `"`, "msa at=response n=2 reply=235"}, "not sent: 550 5.7.0 login given up: "},
	} {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"} {
			_, tr := runSecured(t, withMechanism(t, "", mechanism), c.faults...)
			if fate(tr) != check.InOutbox || !strings.HasPrefix(told(tr), c.told) || verbs(tr)[smtp.MAIL] != 0 {
				t.Errorf("%s, %s: the letter is %v, Alice was told %q\n%s", mechanism, c.faults, fate(tr), told(tr), dump(tr))
			}
		}
	}
}

// replies are the first lines of what a person at the laptop has heard.
func replies(tr *trace.Trace) []string {
	var lines []string
	for pos := range tr.End() {
		if e := tr.At(pos); e.Kind == trace.Reply {
			line, _, _ := strings.Cut(string(tr.OctetsAt(pos)), "\r\n")
			lines = append(lines, line)
		}
	}
	return lines
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// RFC 4954 §4: a login typed by hand, its mistakes, and what may follow it.
func TestRFC4954_4_ByHand(t *testing.T) {
	const ehlo = "250-mail.sender.example"
	plain := "AUTH PLAIN " + b64("\x00alice\x00wonderland")
	for _, c := range []struct {
		name        string
		lines, want []string // the first four are EHLO and STARTTLS
		who         string
	}{
		{"PLAIN in the command", []string{plain, "MAIL FROM:<alice@sender.example>", "RCPT TO:<bob@receiver.example>"}, []string{"235 2.7.0 logged in", "250 2.1.0 ok", "250 2.1.5 ok"}, "alice"},
		{"PLAIN in a line of its own", []string{"auth plain", b64("\x00alice\x00wonderland")}, []string{"334 ", "235 2.7.0 logged in"}, "alice"},
		{"LOGIN", []string{"AUTH LOGIN", b64("alice"), b64("wonderland"), "MAIL FROM:<>"}, []string{"334 ************", "334 ************", "235 2.7.0 logged in", "250 2.1.0 ok"}, "alice"},
		{"LOGIN, the name in the command", []string{"AUTH LOGIN " + b64("alice"), b64("wonderland")}, []string{"334 ************", "235 2.7.0 logged in"}, "alice"},
		{"given up", []string{"AUTH LOGIN", "*", "MAIL FROM:<>", plain}, []string{"334 ************", "501 5.7.0 login cancelled", "530 5.7.0 log in first", "235 2.7.0 logged in"}, "alice"},
		{"given up half way", []string{"AUTH LOGIN", b64("alice"), "*", "MAIL FROM:<>"}, []string{"334 ************", "334 ************", "501 5.7.0 login cancelled", "530 5.7.0 log in first"}, ""},
		{"no base64", []string{"AUTH LOGIN", "alice!", "MAIL FROM:<>"}, []string{"334 ************", "501 5.5.2 expected a response in base64", "530 5.7.0 log in first"}, ""},
		{"no base64 in the command", []string{"AUTH PLAIN alice!"}, []string{"501 5.5.2 expected base64"}, ""},
		{"no such mechanism", []string{"AUTH KERBEROS_V4", "AUTH XOAUTH2"}, []string{"504 5.5.4 mechanism not offered", "504 5.5.4 mechanism not offered"}, ""},
		{"the server speaks first", []string{"AUTH CRAM-MD5 " + b64("alice")}, []string{"501 5.7.0 this mechanism begins with the server, expected no response yet"}, ""},
		{"the offer of binding taken away", []string{"AUTH SCRAM-SHA-256 " + b64("y,,n=alice,r=rOprNGfwEbeRWgbNEkqO")}, []string{"535 5.7.8 the login belongs to another connection, someone may be in between"}, ""}, // RFC 5802 §6
		{"twice", []string{plain, plain}, []string{"235 2.7.0 logged in", "503 5.5.1 somebody has logged in already"}, "alice"},
		{"in a transaction", []string{plain, "MAIL FROM:<>", "AUTH LOGIN"}, []string{"235 2.7.0 logged in", "250 2.1.0 ok", "503 5.5.1 somebody has logged in already"}, "alice"},
		{"EHLO again", []string{plain, "EHLO b.example", "MAIL FROM:<>"}, []string{"235 2.7.0 logged in", ehlo, "250 2.1.0 ok"}, "alice"},
		{"RSET", []string{plain, "MAIL FROM:<>", "RSET", "MAIL FROM:<>"}, []string{"235 2.7.0 logged in", "250 2.1.0 ok", "250 2.0.0 ok", "250 2.1.0 ok"}, "alice"},
		{"no login, no letter", []string{"MAIL FROM:<alice@sender.example>", "RCPT TO:<bob@receiver.example>", "DATA", "VRFY alice"}, []string{"530 5.7.0 log in first", "530 5.7.0 log in first", "530 5.7.0 log in first", "530 5.7.0 log in first"}, ""},
		{"a line that is no response", []string{"AUTH LOGIN", "MAIL FROM:<alice@sender.example>", "NOOP"}, []string{"334 ************", "501 5.5.2 expected a response in base64", "250 2.0.0 ok"}, ""},
		{"STARTTLS again", []string{plain, "STARTTLS", "MAIL FROM:<>"}, []string{"235 2.7.0 logged in", "503 5.5.1 this is inside TLS already", "250 2.1.0 ok"}, "alice"},
	} {
		lines := append(append([]string{"EHLO a.example", "STARTTLS", "EHLO a.example"}, c.lines...), "QUIT")
		tr := byHand(t, secured(t), "laptop hand to=msa port=587", lines...)
		want := append(append([]string{"220 mail.sender.example ESMTP", ehlo, "220 2.0.0 begin TLS now", ehlo}, c.want...), "221 2.0.0 mail.sender.example closing the connection")
		if diff := cmp.Diff(want, replies(tr)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		who := ""
		if count(tr, "msa", trace.LoggedIn) > 0 {
			who = string(tr.OctetsAt(find(t, tr, "msa loggedin")))
		}
		if who != c.who {
			t.Errorf("%s: logged in is %q, want %q", c.name, who, c.who)
		}
	}
}

// RFC 4954 §4: a server that hangs up lets three logins fail before.
func TestRFC4954_4_ThreeLoginsMayFail(t *testing.T) {
	wrong := "AUTH PLAIN " + b64("\x00alice\x00looking-glass")
	right := "AUTH PLAIN " + b64("\x00alice\x00wonderland")
	tr := byHand(t, secured(t), "laptop hand to=msa port=465", "EHLO a.example", wrong, wrong, right, "QUIT")
	if got := replies(tr); got[4] != "235 2.7.0 logged in" {
		t.Errorf("after two: %q", got)
	}
	tr = byHand(t, secured(t), "laptop hand to=msa port=465", "EHLO a.example", wrong, wrong, wrong, right)
	if got := replies(tr); got[5] != "421 4.7.0 too many logins have failed, closing the connection" {
		t.Errorf("after three: %q", got)
	}
	if n := count(tr, "msa", trace.LoggedIn); n != 0 {
		t.Errorf("%d have logged in", n)
	}
	// Logins that were given up, or were none, have not failed.
	tr = byHand(t, secured(t), "laptop hand to=msa port=465", "EHLO a.example", "AUTH LOGIN", "*", "AUTH LOGIN", "*", "AUTH LOGIN", "*", "AUTH LOGIN", "*", right, "QUIT")
	if n := count(tr, "msa", trace.LoggedIn); n != 1 {
		t.Errorf("%d have logged in\n%s", n, strings.Join(replies(tr), "\n"))
	}
	// But for those of whom the client knows that they have (RFC 7628 §3.2.3).
	for m, guess := range map[string]string{
		"XOAUTH2":     "user=alice\x01auth=Bearer griffin\x01\x01",
		"OAUTHBEARER": "n,a=alice,\x01auth=Bearer griffin\x01\x01",
	} {
		guess = "AUTH " + m + " " + b64(guess)
		tr = byHand(t, withMechanism(t, m, ""), "laptop hand to=msa port=465", "EHLO a.example", guess, "*", guess, "*", guess, "*", guess)
		if got := replies(tr); got[7] != "501 5.7.0 login cancelled" || got[8] != "421 4.7.0 too many logins have failed, closing the connection" {
			t.Errorf("%s: %q", m, got)
		}
	}
}

// RFC 5321 §7.9, RFC 6409 §4.3: mail for elsewhere is for those who have logged
// in, at the port for them.
func TestRFC5321_7_9_RelayingNeedsALogin(t *testing.T) {
	plain := "AUTH PLAIN " + b64("\x00alice\x00wonderland")
	const bob, alice = "RCPT TO:<bob@receiver.example>", "RCPT TO:<alice@sender.example>"
	for _, c := range []struct {
		hand  string
		lines []string
		want  []string
	}{
		{"mx hand to=msa port=25", []string{"EHLO a.example", "STARTTLS", "EHLO a.example", plain, "MAIL FROM:<alice@sender.example>", bob, alice}, []string{"502 5.5.1 command not implemented", "250 2.1.0 ok", "550 5.7.1 relaying denied", "250 2.1.5 ok"}},
		{"mx hand to=msa port=587", []string{"EHLO a.example", "STARTTLS", "EHLO a.example", "MAIL FROM:<alice@sender.example>", plain, "MAIL FROM:<alice@sender.example>", bob}, []string{"530 5.7.0 log in first", "235 2.7.0 logged in", "250 2.1.0 ok", "250 2.1.5 ok"}},
	} {
		tr := byHand(t, secured(t), c.hand, append(c.lines, "QUIT")...)
		got := replies(tr)
		if diff := cmp.Diff(c.want, got[4:len(got)-1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.hand, diff)
		}
	}
}

// The session follows the reply that was given, and so does who it is for: a
// fault that denies a login leaves nobody logged in, one that grants it leaves
// somebody nobody knows.
func TestFaultyLoginsAreWhatTheReplySays(t *testing.T) {
	right, wrong := "AUTH PLAIN "+b64("\x00alice\x00wonderland"), "AUTH PLAIN "+b64("\x00dinah\x00cat")
	sc := secured(t)
	sc.Faults = faults(t, []string{"msa at=AUTH n=1 reply=535", "msa at=AUTH n=2 reply=235"})
	tr := byHand(t, sc, "laptop hand to=msa port=465", "EHLO a.example", right, "MAIL FROM:<>", wrong, wrong, "MAIL FROM:<>", "RCPT TO:<bob@receiver.example>", "QUIT")
	want := []string{"220 mail.sender.example ESMTP", "250-mail.sender.example", "535 5.7.8", "530 5.7.0 log in first", "535 5.7.8 user or password is wrong", "235 2.7.0", "250 2.1.0 ok", "250 2.1.5 ok", "221 2.0.0"}
	got := replies(tr)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := count(tr, "msa", trace.LoggedIn); n != 0 {
		t.Errorf("the trace says that %q has logged in", tr.OctetsAt(find(t, tr, "msa loggedin")))
	}
}
