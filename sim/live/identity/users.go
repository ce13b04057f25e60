package identity

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// User is somebody who may log in.
type User struct {
	Name     string
	Password string `json:"-"`
}

// String is the name: a password must not come into a message by mistake.
func (u User) String() string { return u.Name }

// GoString is the name as well.
func (u User) GoString() string { return u.Name }

// maxUsersLine is how long a line may be, in octets. A name and a password of
// 255 each must be possible (RFC 4616 §2).
const maxUsersLine = 4096

// ReadUsers reads the file of users at path; see [ParseUsers]. warning is what a
// person should be told, "" if nothing: that others on the machine can read the
// file. On Windows that is not looked at.
func ReadUsers(path string) (users []User, warning string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("the file of users: %w", err)
	}
	defer f.Close()
	mode, err := shared(f)
	if err != nil {
		return nil, "", fmt.Errorf("the file of users: %w", err)
	}
	if mode != 0 {
		warning = fmt.Sprintf("Others can read the passwords in %s (mode %04o). To keep them out: chmod 600 %[1]s", path, mode)
	}
	users, err = ParseUsers(path, f)
	return users, warning, err
}

// ParseUsers reads who may log in: a line user:password each, in UTF-8. The
// password is all after the first colon. Empty lines, and those that begin with
// #, count for nothing. An error names file, line and column (in characters, from
// 1) and what was expected, and never repeats what stands there: it may be a
// password. name is what the file is called in it.
func ParseUsers(name string, r io.Reader) ([]User, error) {
	var users []User
	lineOf := map[string]int{} // by name
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxUsersLine)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\uFEFF") // some editors begin a file so
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		u, column, problem := parseUser(line)
		if problem == "" && lineOf[u.Name] != 0 {
			column, problem = 1, fmt.Sprintf("this user is in line %d already; expected each once", lineOf[u.Name])
		}
		if problem != "" {
			return nil, fmt.Errorf("%s:%d:%d: %s", name, n, column, problem)
		}
		lineOf[u.Name] = n
		users = append(users, u)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d:1: the line is too long; expected user:password in at most %d octets", name, n+1, maxUsersLine-1)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return users, nil
}

// parseUser reads one line. Of a mistake it returns the column and what was
// expected.
func parseUser(line string) (u User, column int, problem string) {
	columns := 0
	for rest := line; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		columns++
		switch {
		case r == utf8.RuneError && size == 1:
			return u, columns, "expected text in UTF-8"
		case !unicode.IsPrint(r): // NUL among them, which RFC 4616 §2 forbids
			return u, columns, "expected only characters that can be seen, and blanks"
		}
		rest = rest[size:]
	}
	user, password, found := strings.Cut(line, ":")
	at := utf8.RuneCountInString(user) + 1
	switch {
	case !found:
		return u, at, "expected a colon, and the password behind it"
	case user == "":
		return u, at, "expected a user's name before the colon"
	case password == "":
		return u, at + 1, "expected a password behind the colon"
	}
	// A blank at an edge is not seen, and most often not meant.
	if column := blankEdge(user); column > 0 {
		return u, column, "a blank at the edge of the name; expected user:password"
	}
	if column := blankEdge(password); column > 0 {
		return u, at + column, "a blank at the edge of the password; expected user:password"
	}
	return User{Name: user, Password: password}, 0, ""
}

// blankEdge returns the column of the first blank at an edge of s, 0 if there is
// none.
func blankEdge(s string) int {
	trimmed := strings.TrimRight(s, " ")
	switch {
	case strings.HasPrefix(s, " "):
		return 1
	case trimmed != s:
		return utf8.RuneCountInString(trimmed) + 1
	}
	return 0
}
