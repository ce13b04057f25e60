package main

// helo serve over TLS and with logins, spoken to by mail programs that no one
// here wrote.

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The user of the tests. Its password has what encodings like to change.
const (
	testUser     = "alice"
	testPassword = "Wonder+land/42"
)

// secured is a helo serve with all three doors and a state folder of its own.
type secured struct {
	*server
	starttls, implicit string // addresses
	ca                 string
}

func serveSecured(t testing.TB, args ...string) *secured {
	t.Helper()
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	s := &secured{ca: filepath.Join(state, "helo", "tls", "ca.pem")}
	s.server = serveTest(t, append([]string{"--submission", "127.0.0.1:0", "--submissions", "127.0.0.1:0", "--login", testUser + ":" + testPassword}, args...)...)
	s.starttls, s.implicit = s.door(587), s.door(465)
	return s
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// login waits for a login and says which mechanism it used, and whose it was.
func (s *secured) login(t *testing.T) (mechanism string, user string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		for _, e := range s.all("close", 0) {
			switch {
			case e.Kind == "command" && e.Verb == "AUTH":
				mechanism = strings.Fields(e.Text)[1]
			case e.Kind == "loggedin":
				user = e.Text
			}
		}
		if user != "" || time.Now().After(deadline) {
			return mechanism, user
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Each mechanism and both kinds of TLS that each program knows (RFC 3207 §4,
// RFC 8314 §3.3, RFC 4954 §4). The certificate is checked against helo's own
// authority.
func TestPeersLogIn(t *testing.T) {
	for _, doors := range []string{"starttls", "implicit"} {
		implicit := doors == "implicit"
		for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
			t.Run("swaks "+doors+" "+m, func(t *testing.T) {
				swaks := program(t, "swaks", "swaks")
				s := serveSecured(t)
				addr, tls := s.starttls, "--tls"
				if implicit {
					addr, tls = s.implicit, "--tls-on-connect"
				}
				out, err := runPeer(t, savedLetter, swaks, "--server", addr, tls, "--tls-verify", "--tls-ca-path", s.ca, "--auth", m, "--auth-user", testUser,
					"--auth-password", testPassword, "--from", "alice@receiver.example", "--to", "bob@receiver.example", "--data", "-")
				s.check(t, m, out, err)
			})
		}
		// This curl takes OAUTHBEARER where it is told XOAUTH2; msmtp has both.
		for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "OAUTHBEARER"} {
			t.Run("curl "+doors+" "+m, func(t *testing.T) {
				curl := program(t, "curl", "curl")
				features, _ := exec.Command(curl, "--version").Output()
				if m == "SCRAM-SHA-256" && !bytes.Contains(bytes.ToUpper(features), []byte("GSASL")) {
					t.Skip("this curl has no SCRAM")
				}
				s := serveSecured(t)
				url := "smtp://" + s.starttls
				if implicit {
					url = "smtps://" + s.implicit
				}
				args := []string{"--silent", "--show-error", "--ssl-reqd", "--cacert", s.ca, "--login-options", "AUTH=" + m,
					"--mail-from", "alice@receiver.example", "--mail-rcpt", "bob@receiver.example", "--upload-file", "-", url}
				if m == "OAUTHBEARER" {
					args = append(args, "--user", testUser, "--oauth2-bearer", testPassword)
				} else {
					args = append(args, "--user", testUser+":"+testPassword)
				}
				out, err := runPeer(t, strings.ReplaceAll(savedLetter, "\n", "\r\n"), curl, args...)
				s.check(t, m, out, err)
			})
		}
		for _, m := range []string{"plain", "login", "cram-md5", "scram-sha-256", "oauthbearer", "xoauth2"} {
			t.Run("msmtp "+doors+" "+m, func(t *testing.T) {
				msmtp := program(t, "msmtp", "msmtp")
				s := serveSecured(t)
				addr, starttls := s.starttls, "on"
				if implicit {
					addr, starttls = s.implicit, "off"
				}
				out, err := runPeer(t, savedLetter, msmtp, "--file=/dev/null", "--host=localhost", "--port="+port(addr), "--tls=on", "--tls-starttls="+starttls,
					"--tls-trust-file="+s.ca, "--auth="+m, "--user="+testUser, "--passwordeval=echo "+testPassword, "--from=alice@receiver.example", "bob@receiver.example")
				s.check(t, strings.ToUpper(m), out, err)
			})
		}
		for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
			t.Run("smtplib "+doors+" "+m, func(t *testing.T) {
				python := program(t, "python3", "python3")
				s := serveSecured(t)
				addr := s.starttls
				if implicit {
					addr = s.implicit
				}
				out, err := runPeer(t, savedLetter, python, "-c", smtplibLogin, port(addr), doors, s.ca, m, testUser, testPassword)
				s.check(t, m, out, err)
			})
		}
	}
}

const smtplibLogin = `
import smtplib, ssl, sys
port, doors, ca, mechanism, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
if doors == "implicit":
    s = smtplib.SMTP_SSL("localhost", int(port), context=context, timeout=10)
    s.ehlo()
else:
    s = smtplib.SMTP("localhost", int(port), timeout=10)
    s.ehlo()
    assert "PLAIN" not in s.esmtp_features["auth"].split(), s.esmtp_features
    s.starttls(context=context)
    s.ehlo()
assert "starttls" not in s.esmtp_features, s.esmtp_features
s.user, s.password = user, "wrong"
try:
    s.auth(mechanism, getattr(s, "auth_" + mechanism.lower().replace("-", "_")))
    assert False, "a wrong password was good"
except smtplib.SMTPAuthenticationError as e:
    assert e.smtp_code == 535, e
s.password = password
s.auth(mechanism, getattr(s, "auth_" + mechanism.lower().replace("-", "_")))
s.sendmail("alice@receiver.example", ["bob@receiver.example"], sys.stdin.read())
s.quit()
`

// check wants a letter of a user who has logged in with that mechanism.
func (s *secured) check(t *testing.T, mechanism, out string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.all("stored", 1)
	if m, user := s.login(t); !strings.EqualFold(m, mechanism) || user != testUser {
		t.Errorf("%q logged in by %s, want %s by %s", user, m, testUser, mechanism)
	}
	for _, e := range s.all("close", 1) {
		if e.Kind == "added" && strings.Contains(e.Text, "with ESMTPSA id ") && strings.Contains(e.Text, " tls TLS_") {
			return // RFC 3848, RFC 8314 §4.3
		}
	}
	t.Error("the Received field does not say ESMTPSA and which TLS")
}

// RFC 3207 §4: openssl gets a certificate for this machine, and a session.
func TestPeerOpenSSL(t *testing.T) {
	openssl := program(t, "openssl", "openssl")
	s := serveSecured(t)
	for _, args := range [][]string{{"-starttls", "smtp", "-connect", s.starttls}, {"-connect", s.implicit}} {
		args = append([]string{"s_client", "-CAfile", s.ca, "-verify_return_error", "-verify_hostname", "localhost", "-quiet", "-crlf"}, args...)
		out, err := runPeer(t, "EHLO mail.sender.example\nMAIL FROM:<alice@receiver.example>\nQUIT\n", openssl, args...)
		if err != nil || !strings.Contains(out, "530 5.7.0") || !strings.Contains(out, "SCRAM-SHA-256-PLUS") || !strings.Contains(out, "221 2.0.0") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
}

// RFC 4954 §4, RFC 4954 §6: in clear a password is not even asked for, and a
// wrong one is 535.
func TestPeersAreRefused(t *testing.T) {
	swaks, curl := program(t, "swaks", "swaks"), program(t, "curl", "curl")
	s := serveSecured(t)
	mail := []string{"--from", "alice@receiver.example", "--to", "bob@receiver.example"}
	out, err := runPeer(t, "", swaks, append(mail, "--server", s.starttls, "--auth", "PLAIN", "--auth-user", testUser, "--auth-password", testPassword)...)
	if err == nil || strings.Contains(out, "  235 ") {
		t.Errorf("PLAIN in clear: %v: %s", err, out)
	}
	out, err = runPeer(t, "", swaks, append(mail, "--server", s.starttls)...)
	if err == nil || !strings.Contains(out, "530 5.7.0") {
		t.Errorf("without a login: %v: %s", err, out)
	}
	out, err = runPeer(t, savedLetter, curl, "--silent", "--show-error", "--ssl-reqd", "--cacert", s.ca, "--user", testUser+":wrong", "--mail-from", "a@receiver.example",
		"--mail-rcpt", "bob@receiver.example", "--upload-file", "-", "smtp://"+s.starttls)
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 67 {
		t.Errorf("curl with a wrong password: %v: %s; want its status 67", err, out)
	}
	out, err = runPeer(t, savedLetter, curl, "--silent", "--show-error", "--ssl-reqd", "--mail-from", "a@receiver.example", "--mail-rcpt", "bob@receiver.example", "--upload-file", "-", "smtp://"+s.starttls)
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 60 {
		t.Errorf("curl that does not trust the authority: %v: %s; want its status 60", err, out)
	}
	if n := len(only(s.all("close", 0), "stored")); n != 0 {
		t.Errorf("%d letters were taken", n)
	}
}

const eximSecure = `
tls_advertise_hosts = *
tls_certificate = DIR/server.pem
tls_privatekey = DIR/server.key
tls_on_connect_ports = TLSPORT
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_mail = acl_mail
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{USER}}{eq{$auth3}{PASSWORD}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{USER}}{eq{$auth2}{PASSWORD}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{USER}{PASSWORD}fail}
  server_set_id = $auth1
`

// helo send logs in at Exim, over both kinds of TLS, and fails closed (RFC 8314
// §5.1, RFC 3207 §6).
func TestSendToEximSecurely(t *testing.T) {
	// A certificate for the server: that of a helo serve.
	s := serveSecured(t)
	s.stop()
	implicit := freePort(t)
	folder := filepath.Dir(s.ca)
	main, rest, _ := strings.Cut(eximSecure, "begin authenticators")
	config := strings.Replace(eximConfig, "tls_advertise_hosts =\n", strings.TrimPrefix(main, "\n"), 1)
	config = strings.Replace(config, "begin acl\n", "begin acl\nacl_mail:\n  deny !authenticated = *\n       message = log in first\n  accept\n", 1)
	config += "begin authenticators" + rest
	config = strings.NewReplacer("USER", testUser, "PASSWORD", testPassword, "TLSPORT", port(implicit)).Replace(config)
	addr, spool := eximWith(t, config, []string{filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key")}, implicit)
	good := []string{"--user", testUser, "--password", testPassword, "--ca", s.ca}
	letters := 0
	for _, c := range []struct {
		name   string
		addr   string
		args   []string
		status int
		says   string // in the verdict
	}{
		{"STARTTLS, the strongest mechanism", addr, append([]string{"--tls", "starttls"}, good...), 0, "accepted"},
		{"STARTTLS, PLAIN", addr, append([]string{"--tls", "starttls", "--auth", "PLAIN"}, good...), 0, "accepted"},
		{"STARTTLS, LOGIN", addr, append([]string{"--tls", "starttls", "--auth", "login"}, good...), 0, "accepted"},
		{"STARTTLS, CRAM-MD5", addr, append([]string{"--tls", "starttls", "--auth", "CRAM-MD5"}, good...), 0, "accepted"},
		{"implicit, PLAIN", implicit, append([]string{"--tls", "implicit", "--auth", "PLAIN"}, good...), 0, "accepted"},
		{"implicit, CRAM-MD5", implicit, append([]string{"--tls", "implicit", "--auth", "CRAM-MD5"}, good...), 0, "accepted"},
		{"a wrong password", addr, []string{"--tls", "starttls", "--ca", s.ca, "--user", testUser, "--password", "wrong"}, 69, "535"},
		{"an authority that is not trusted", addr, []string{"--tls", "starttls", "--user", testUser, "--password", testPassword, "--ca", otherAuthority(t)}, 75, "nobody we trust"},
		{"no login", addr, []string{"--tls", "starttls", "--ca", s.ca}, 69, "log in first"},
		{"a mechanism that is not there", addr, append([]string{"--tls", "starttls", "--auth", "SCRAM-SHA-256"}, good...), 69, "no login that can be used"},
		{"implicit TLS where there is none", addr, append([]string{"--tls", "implicit", "--timeout", "3s"}, good...), 75, "no TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sendTest(t, savedLetter, c.addr, append(c.args, "--from", "alice@receiver.example", "--to", "bob@receiver.example")...)
			if got.status != c.status || !strings.Contains(got.verdicts, c.says) {
				t.Errorf("status %d, want %d; %q, want %q in it", got.status, c.status, got.verdicts, c.says)
			}
			if c.status == 0 {
				letters++
			}
			if files, _ := filepath.Glob(filepath.Join(spool, "*-D")); len(files) != letters {
				t.Errorf("%d letters in Exim's spool, want %d", len(files), letters)
			}
		})
	}
}

// otherAuthority is the certificate of an authority that signed nothing here.
func otherAuthority(t *testing.T) string {
	t.Helper()
	openssl := program(t, "openssl", "openssl")
	file := filepath.Join(t.TempDir(), "other.pem")
	if out, err := exec.Command(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other", "-days", "2",
		"-keyout", filepath.Join(t.TempDir(), "other.key"), "-out", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// copyFor copies files into Exim's folder, readable by it.
func copyFor(t *testing.T, dir string, files []string) {
	t.Helper()
	for _, f := range files {
		if out, err := exec.Command("install", "-m", "0600", "-o", "Debian-exim", f, filepath.Join(dir, filepath.Base(f))).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// eximAddresses is the value of -oX for addresses.
func eximAddresses(addrs ...string) string {
	for i := range addrs {
		addrs[i] = strings.Replace(addrs[i], ":", ".", 1)
	}
	return fmt.Sprintf("<; %s", strings.Join(addrs, " ; "))
}
