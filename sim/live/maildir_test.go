package live

import (
	"net/url"
	"strings"
	"testing"
)

// A mailbox's folder has a name that every system takes, and from which the
// mailbox's own can be read.
func TestFolderName(t *testing.T) {
	for box, want := range map[string]string{
		"bob":        "bob",
		"bob.b+c_d":  "bob.b+c_d",
		"Bob":        "=42ob",
		"../etc":     "=2E.=2Fetc",
		"a=b":        "a=3Db",
		"end.":       "end=2E",
		"":           "=empty",
		"con":        "=63on",
		"con.letter": "=63on.letter",
		"nul.a.b":    "=6Eul.a.b",
		"prn":        "=70rn",
		"aux":        "=61ux",
		"com1":       "=63om1",
		"lpt9.x":     "=6Cpt9.x",
		"NUL":        "=4E=55=4C",
		"con ":       "con=20",
		"com":        "com",
		"com10":      "com10",
		"constance":  "constance",
		"a.con":      "a.con",
		"lpt1-x":     "lpt1-x",
	} {
		got := folderName(box)
		if got != want {
			t.Errorf("%q is in %q, want %q", box, got, want)
		}
		if back, err := url.PathUnescape(strings.ReplaceAll(got, "=", "%")); got != "=empty" && (back != box || err != nil) {
			t.Errorf("%q, from %q, is read as %q, %v", got, box, back, err)
		}
	}
}
