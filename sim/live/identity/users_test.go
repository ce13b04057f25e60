package identity_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"helo/sim/live/identity"
)

func TestUsersAreRead(t *testing.T) {
	const file = "\uFEFF# who may log in\n" +
		"alice:secret\r\n" +
		"\n" +
		"bob@receiver.example:a:b # c\n" +
		"ünicode:pässword with blanks\n" +
		"#carol:gone\n" +
		"dave:#1" // without a line end
	want := []identity.User{
		{Name: "alice", Password: "secret"},
		{Name: "bob@receiver.example", Password: "a:b # c"},
		{Name: "ünicode", Password: "pässword with blanks"},
		{Name: "dave", Password: "#1"},
	}
	got, err := identity.ParseUsers("users", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := identity.ParseUsers("users", strings.NewReader("")); err != nil || len(got) != 0 {
		t.Errorf("of an empty file: %v, %v", got, err)
	}
}

func TestMistakesInUsersAreToldAndNotRepeated(t *testing.T) {
	const secret = "hunter2"
	for _, tt := range []struct{ file, want string }{
		{"# one\n" + secret, "users:2:8: expected a colon, and the password behind it"},
		{"ünï" + secret, "users:1:11: expected a colon, and the password behind it"},
		{":" + secret, "users:1:1: expected a user's name before the colon"},
		{"alice:", "users:1:7: expected a password behind the colon"},
		{"alice:" + secret + "\nalice:" + secret, "users:2:1: this user is in line 1 already; expected each once"},
		{" alice:" + secret, "users:1:1: a blank at the edge of the name; expected user:password"},
		{"alice :" + secret, "users:1:6: a blank at the edge of the name; expected user:password"},
		{"alice: " + secret, "users:1:7: a blank at the edge of the password; expected user:password"},
		{"alice:" + secret + "  ", "users:1:14: a blank at the edge of the password; expected user:password"},
		{"alice:\u00a0" + secret, "users:1:7: expected only characters that can be seen, and blanks"},
		{" ", "users:1:2: expected a colon, and the password behind it"},
		{"alice:" + secret + "\x00", "users:1:14: expected only characters that can be seen, and blanks"},
		{"alice\t:" + secret, "users:1:6: expected only characters that can be seen, and blanks"},
		{"alice:" + secret + "\rbob:" + secret, "users:1:14: expected only characters that can be seen, and blanks"},
		{"al\xffice:" + secret, "users:1:3: expected text in UTF-8"},
		{"alice:x\nbob:" + strings.Repeat(secret, 1000), "users:2:1: the line is too long; expected user:password in at most 4095 octets"},
	} {
		users, err := identity.ParseUsers("users", strings.NewReader(tt.file))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\n%v, want\n%s", tt.file, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the password is in the message", tt.file)
		}
		if users != nil {
			t.Errorf("%q: there are users all the same", tt.file)
		}
	}
	broken := errors.New("the disk is broken")
	if _, err := identity.ParseUsers("users", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("of a file that cannot be read: %v", err)
	}
	if _, err := identity.ParseUsers("users", strings.NewReader("a:"+strings.Repeat("x", 255)+"\n"+strings.Repeat("n", 255)+":y")); err != nil {
		t.Errorf("names and passwords of 255 octets (RFC 4616 §2): %v", err)
	}
}

func TestPasswordsDoNotComeIntoMessages(t *testing.T) {
	u := identity.User{Name: "alice", Password: "hunter2"}
	octets, err := json.Marshal(struct{ U identity.User }{u})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(u), fmt.Sprintf("%+v", u), fmt.Sprintf("%#v", u), fmt.Sprintf("%s", []identity.User{u}), string(octets)} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "alice") {
			t.Error(text)
		}
	}
}

func TestUsersThatOthersCanReadAreWarnedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	for _, tt := range []struct {
		mode os.FileMode
		warn bool
	}{{0o600, false}, {0o400, false}, {0o640, true}, {0o604, true}, {0o644, true}} {
		if err := os.WriteFile(path, []byte("alice:hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		users, warning, err := identity.ReadUsers(path)
		if err != nil || len(users) != 1 {
			t.Fatal(users, err)
		}
		if want := tt.warn && runtime.GOOS != "windows"; (warning != "") != want {
			t.Errorf("mode %v: %q", tt.mode, warning)
		}
		if warning != "" && (!strings.Contains(warning, "chmod 600 "+path) || strings.Contains(warning, "hunter2")) {
			t.Errorf("mode %v: %q", tt.mode, warning)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := identity.ReadUsers(path + ".none"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "users.none") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, _, err := identity.ReadUsers(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

func FuzzParseUsers(f *testing.F) {
	f.Add("alice:secret\n# bob\n\nbob:x:y\r\n")
	f.Add("\uFEFFa:b\n\uFEFFb:c")
	f.Fuzz(func(t *testing.T, file string) {
		users, err := identity.ParseUsers("users", strings.NewReader(file))
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("a long message: %s", err)
			}
			return
		}
		var again strings.Builder
		for _, u := range users {
			if u.Name == "" || u.Password == "" || strings.ContainsAny(u.Name, ":\x00") {
				t.Errorf("a user %q with %q", u.Name, u.Password)
			}
			_, _ = io.WriteString(&again, u.Name+":"+u.Password+"\n")
		}
		if twice, err := identity.ParseUsers("users", strings.NewReader(again.String())); err != nil || !cmp.Equal(users, twice) {
			t.Errorf("written down and read again: %v, %v", twice, err)
		}
	})
}
