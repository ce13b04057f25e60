package host

import (
	"strings"
	"testing"

	"helo/sim/trace"
)

// Each command and extension beyond the minimum of RFC 5321 §4.5.1 can be taken
// from a server.
func TestSetCommands(t *testing.T) {
	lists := []List{{Name: "team", Members: []string{"alice"}}}
	for _, test := range []struct{ words, lists, lacks, err string }{
		{"help=off", "EXPN", "HELP", ""},
		{"expn=off", "HELP", "EXPN", ""},
		{"expn=off expn=on", "EXPN", "nothing", ""},
		{"chunking=off", "HELP", "CHUNKING", ""},
		{"help=maybe", "", "", "expected on or off"},
		{"etrn=off", "", "", "unknown setting"},
	} {
		words, err := trace.ParseWords(test.words)
		if err != nil {
			t.Fatal(err)
		}
		c := Config{ID: "mx", Name: "mx.receiver.example", Server: &ServerConfig{Domains: []string{"receiver.example"}, Lists: lists}}
		err = Set(&c, words)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v, expected %q", test.words, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		h := New(&c, nil, Options{})
		offers := map[string]bool{"EXPN": h.server.Expn, "HELP": !h.server.NoHelp}
		if !offers[test.lists] || offers[test.lacks] {
			t.Errorf("%s: the server has %v", test.words, offers)
		}
	}
	words, _ := trace.ParseWords("help=off")
	if err := Set(&Config{ID: "laptop", Client: &ClientConfig{}}, words); err == nil {
		t.Error("a host without a server has taken help=off")
	}
}
