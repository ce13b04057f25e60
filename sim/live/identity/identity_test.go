package identity_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"helo/sim/live/identity"
	"helo/sim/secure"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const host = "mx.receiver.example"

// loaded loads the identity and holds that all of it fits together.
func loaded(t *testing.T, dir string, now time.Time, names ...string) identity.Identity {
	t.Helper()
	id, err := identity.Load(dir, names, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	check(t, dir, id, now, names...)
	return id
}

func check(t *testing.T, dir string, id identity.Identity, now time.Time, names ...string) {
	t.Helper()
	if want := filepath.Join(dir, "ca.pem"); id.CAFile != want {
		t.Errorf("the authority is in %s, want %s", id.CAFile, want)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(read(t, dir, "ca.pem")) {
		t.Fatal("no certificate is in ca.pem")
	}
	for _, name := range append(names, "localhost", "127.0.0.1", "::1") {
		if _, err := id.Certificate.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool, CurrentTime: now}); err != nil {
			t.Errorf("for %s: %v", name, err)
		}
	}
	onDisk, err := tls.X509KeyPair(read(t, dir, "server.pem"), read(t, dir, "server.key"))
	if err != nil || !onDisk.Leaf.Equal(id.Certificate.Leaf) {
		t.Errorf("in the folder is another certificate: %v", err)
	}
	if _, err := secure.ParseAuthority(read(t, dir, "ca.pem"), read(t, dir, "ca.key")); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, name := range []string{".", "ca.key", "server.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can read %s: %v, %v", name, info.Mode(), err)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	octets, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// folderOf is a folder that is not there yet.
func folderOf(t *testing.T) string { return filepath.Join(t.TempDir(), "helo", "tls") }

func TestFirstStartMakesAllAndLaterOnesKeepIt(t *testing.T) {
	dir := folderOf(t)
	first := loaded(t, dir, noon, host)
	if want := "A new certificate authority was made. To check the server's certificate, a mail program has to trust " + first.CAFile + "."; first.Told != want {
		t.Errorf("told %q, want %q", first.Told, want)
	}
	leaf := first.Certificate.Leaf
	if want := noon.AddDate(1, 0, 0); !leaf.NotAfter.Equal(want) {
		t.Errorf("the certificate ends at %v, want %v", leaf.NotAfter, want)
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the key is a %T", leaf.PublicKey)
	}
	if leaf.Subject.CommonName != host {
		t.Errorf("it is called %s", leaf.Subject)
	}
	ca, err := secure.ParseAuthority(read(t, dir, "ca.pem"), read(t, dir, "ca.key"))
	if err != nil || !ca.Expires().Equal(noon.AddDate(10, 0, 0)) {
		t.Errorf("the authority ends at %v, %v", ca.Expires(), err)
	}

	for _, names := range [][]string{{host}, {"MX.receiver.example.", "localhost", host}, {host, "[127.0.0.1]", "[IPv6:::1]"}} {
		again, err := identity.Load(dir, names, noon.AddDate(0, 10, 0), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		check(t, dir, again, noon.AddDate(0, 10, 0), host)
		if again.Told != "" || !again.Certificate.Leaf.Equal(leaf) {
			t.Errorf("%v: made anew: %s", names, again.Told)
		}
	}
}

func TestCertificateIsMadeAnewWhenItIsTime(t *testing.T) {
	for _, tt := range []struct {
		name  string
		then  time.Time
		names []string
		told  string // "": the certificate stays
		ca    bool   // the authority is another one too
	}{
		{"31 days before its end", noon.AddDate(1, 0, -31), []string{host}, "", false},
		{"30 days before its end", noon.AddDate(1, 0, -30), []string{host}, "The server has a new certificate: the old one expires on 2027-11-23.", false},
		{"after its end", noon.AddDate(3, 0, 0), []string{host}, "The server has a new certificate: the old one expires on 2027-11-23.", false},
		{"another name", noon, []string{"mx.other.example"}, "The server has a new certificate: the old one is for other names.", false},
		{"one name more", noon, []string{host, "mx2.receiver.example"}, "The server has a new certificate: the old one is for other names.", false},
		{"one name less", noon, nil, "The server has a new certificate: the old one is for other names.", false},
		{"an address", noon, []string{host, "[192.0.2.1]"}, "The server has a new certificate: the old one is for other names.", false},
		{"near the authority's end", noon.AddDate(10, 0, -40), []string{host}, "The server has a new certificate: the old one expires on 2027-11-23.", false},
		{"at the authority's end", noon.AddDate(10, 0, -30), []string{host}, "A new certificate authority was made.", true},
		{"after the authority's end", noon.AddDate(20, 0, 0), []string{host}, "A new certificate authority was made.", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folderOf(t)
			first := loaded(t, dir, noon, host)
			ca := read(t, dir, "ca.pem")
			names := slices.Clone(tt.names)
			for i := range names {
				names[i] = strings.Trim(names[i], "[]")
			}
			again, err := identity.Load(dir, tt.names, tt.then, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			check(t, dir, again, tt.then, names...)
			if !strings.HasPrefix(again.Told, tt.told) || (again.Told == "") != (tt.told == "") {
				t.Errorf("told %q, want %q", again.Told, tt.told)
			}
			if same := again.Certificate.Leaf.Equal(first.Certificate.Leaf); same != (tt.told == "") {
				t.Errorf("the certificate is the same: %v", same)
			}
			if same := bytes.Equal(ca, read(t, dir, "ca.pem")); same == tt.ca {
				t.Errorf("the authority is the same: %v", same)
			}
		})
	}
}

func TestClockThatWasWrong(t *testing.T) {
	dir := folderOf(t)
	loaded(t, dir, noon, host)
	if _, err := identity.Load(dir, []string{host}, noon.AddDate(-1, 0, 0), rand.Reader); err == nil || !strings.Contains(err.Error(), "is valid only from 2026-11-22 on, and the clock says 2025-11-23; set the clock") {
		t.Errorf("with a clock that is a year slow: %v", err)
	}
	loaded(t, dir, noon.AddDate(5, 0, 0), host) // too fast
	if id := loaded(t, dir, noon, host); id.Told != "The server has a new certificate: the old one was made when the clock was wrong." {
		t.Errorf("told %q", id.Told)
	}
}

// TestKillLeavesWhatTheNextCallCanUse goes through the states between two
// writes: of the first start, of a new certificate, of a new authority.
func TestKillLeavesWhatTheNextCallCanUse(t *testing.T) {
	one, two := folderOf(t), folderOf(t)
	loaded(t, one, noon, host)
	loaded(t, two, noon, host)
	for _, state := range []string{
		"", "1ca.key", "1ca.key 1ca.pem", "1ca.key 1ca.pem 1server.key",
		"1ca.key 1ca.pem 2server.key",
		"1ca.key 1server.key", "2ca.key 1server.key", "2ca.key 2ca.pem 1server.key",
	} {
		dir := folderOf(t)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for file := range strings.FieldsSeq(state) {
			from := map[byte]string{'1': one, '2': two}[file[0]]
			if err := os.WriteFile(filepath.Join(dir, file[1:]), read(t, from, file[1:]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "server.key.77.new"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded(t, dir, noon, host)
		if left, err := filepath.Glob(filepath.Join(dir, "*.new")); err != nil || len(left) > 0 {
			t.Errorf("after %q: left behind %v, %v", state, left, err)
		}
	}
}

func TestManyHelosAtOnceShareOneAuthority(t *testing.T) {
	dir := folderOf(t)
	type result struct {
		id  identity.Identity
		err error
	}
	results := make(chan result)
	const many = 12
	for i := range many {
		go func() {
			id, err := identity.Load(dir, []string{fmt.Sprintf("mx%d.receiver.example", i%3)}, noon, rand.Reader)
			results <- result{id, err}
		}()
	}
	made := 0
	var ids []identity.Identity
	for range many {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		if strings.HasPrefix(r.id.Told, "A new certificate authority") {
			made++
		}
		ids = append(ids, r.id)
	}
	if made != 1 {
		t.Errorf("%d authorities were made", made)
	}
	ca, err := secure.ParseAuthority(read(t, dir, "ca.pem"), read(t, dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !ca.Issued(id.Certificate.Leaf) {
			t.Error("a certificate is from another authority")
		}
		if key := id.Certificate.PrivateKey.(*ecdsa.PrivateKey); !key.PublicKey.Equal(id.Certificate.Leaf.PublicKey) {
			t.Error("a key belongs to another certificate")
		}
	}
}

func TestFilesThatAreNotHelosAreLeftAlone(t *testing.T) {
	other := folderOf(t)
	loaded(t, other, noon, "mx.other.example")
	write := func(name string, octets []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), octets, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	both := func(a, b func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) { a(t, dir); b(t, dir) }
	}
	gone := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	foreign := both(write("server.pem", read(t, other, "server.pem")), write("server.key", read(t, other, "server.key")))
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, dir string)
		now    time.Time
		want   string
	}{
		{"a server's certificate from elsewhere", foreign, noon, "server.pem is not from ca.pem; remove it to have a new one made"},
		{"the same when a new authority is due", foreign, noon.AddDate(11, 0, 0), "server.pem is not from ca.pem; remove it to have a new one made"},
		{"a server's key from elsewhere", write("server.key", read(t, other, "server.key")), noon, "remove both to have them made anew"},
		{"a certificate that is none", write("server.pem", []byte("x")), noon, "remove both to have them made anew"},
		{"an authority's key from elsewhere", write("ca.key", read(t, other, "ca.key")), noon, "remove the folder to have all made anew"},
		{"an authority that is none", both(write("ca.pem", read(t, other, "server.pem")), write("ca.key", read(t, other, "server.key"))), noon, "may not sign others"},
		{"another authority", both(write("ca.pem", read(t, other, "ca.pem")), write("ca.key", read(t, other, "ca.key"))), noon, "server.pem is not from ca.pem"},
		{"no key of the authority", gone("ca.key"), noon, "ca.key is missing; put it back, or remove"},
		{"no key of the server", gone("server.key"), noon, "server.key is missing; put it back, or remove"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folderOf(t)
			loaded(t, dir, noon, host)
			tt.change(t, dir)
			before := contents(t, dir)
			_, err := identity.Load(dir, []string{host}, tt.now, rand.Reader)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "the server's certificate: ") {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if after := contents(t, dir); after != before {
				t.Error("something was changed")
			}
			if strings.Contains(fmt.Sprint(err), "PRIVATE") {
				t.Error("a key is in the message")
			}
		})
	}
}

// contents is all that is in a folder.
func contents(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s\n%s\n", e.Name(), read(t, dir, e.Name()))
	}
	return b.String()
}

func TestKeysThatOthersCanReadAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files there have no such modes")
	}
	for _, tt := range []struct {
		name string
		mode os.FileMode
		want string // "": it is used
	}{
		{"ca.key", 0o640, "others can read %s (mode 0640), which has a private key; expected 0600: run chmod 600 %[1]s, or remove the folder to have all made anew"},
		{"server.key", 0o604, "others can read %s (mode 0604), which has a private key; expected 0600: run chmod 600 %[1]s, or remove the folder to have all made anew"},
		{"server.key", 0o602, "others can read %s (mode 0602)"},
		{"ca.key", 0o400, ""},
		{"ca.pem", 0o644, ""},
		{".", 0o770, "others can write in %s (mode 0770), and so put keys of their own there; expected 0700"},
		{".", 0o702, "others can write in %s (mode 0702)"},
		{".", 0o755, ""},
	} {
		t.Run(fmt.Sprintf("%s %04o", tt.name, tt.mode), func(t *testing.T) {
			dir := folderOf(t)
			loaded(t, dir, noon, host)
			path := filepath.Join(dir, tt.name)
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			id, err := identity.Load(dir, []string{host}, noon, rand.Reader)
			if tt.want == "" {
				if err != nil || id.Told != "" {
					t.Errorf("%v, told %q", err, id.Told)
				}
				return
			}
			if want := fmt.Sprintf(tt.want, path); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

func TestWhatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir  string
		name string
		rand io.Reader
		want string
	}{
		{folderOf(t), "", rand.Reader, `"" is no name for a server; expected a host name or an address`},
		{folderOf(t), "[mx.receiver.example]", rand.Reader, `"[mx.receiver.example]" is no name`},
		{folderOf(t), "mx.bücher.example", rand.Reader, "failed to issue a certificate"},
		{filepath.Join(file, "tls"), host, rand.Reader, "not a directory"},
		{folderOf(t), host, strings.NewReader("too little"), "failed to draw"},
	} {
		if runtime.GOOS == "windows" && tt.want == "not a directory" {
			continue // the system says it in other words
		}
		if _, err := identity.Load(tt.dir, []string{tt.name}, noon, tt.rand); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestRealSocketsTrustIt: a client that has ca.pem believes the server.
func TestRealSocketsTrustIt(t *testing.T) {
	dir := folderOf(t)
	id := loaded(t, dir, time.Now(), host)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{id.Certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mx.receiver.example\r\n") // the client may have left
			_ = c.Close()
		}
	}()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(read(t, dir, "ca.pem"))
	for _, name := range []string{"", host, "localhost"} {
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", ln.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("as %q: %v", name, err)
			continue
		}
		if greeting, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(greeting), "220 ") {
			t.Errorf("as %q: %q, %v", name, greeting, err)
		}
		_ = c.Close()
	}
	_, err = tls.Dial("tcp", ln.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "mx.other.example"})
	if got, want := secure.Reason(err), "the certificate is for mx.receiver.example, localhost, 127.0.0.1 and 1 more, not mx.other.example"; got != want {
		t.Errorf("as another: %q, want %q", got, want)
	}
}
