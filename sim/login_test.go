package sim_test

import (
	"testing"

	"helo/protocol/smtp"
	"helo/sim/trace"
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
