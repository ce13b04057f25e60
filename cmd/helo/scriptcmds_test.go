package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// checkStatus runs a command and holds its exit status:
//
//	status 2 helo run nowhere
//
// Its output is there for stdout and stderr afterwards.
func checkStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// writeOctets writes a file as printf would: a text with Go's escapes.
//
//	octets letter.eml 'Subject: x\r\n\r\n\x1b[2J\r\n'
func writeOctets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: octets FILE TEXT")
	}
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[1], `"`, `\"`) + `"`)
	ts.Check(err)
	ts.Check(writeFile(ts.MkAbs(args[0]), text))
}

// checkPlain holds that what the last command wrote to stdout and stderr has
// nothing in it that a terminal would obey.
func checkPlain(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range []string{"stdout", "stderr"} {
		for i, r := range ts.ReadFile(name) {
			if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u200b\u202e\u2028\ufeff", r) {
				ts.Fatalf("%s has %U at octet %d", name, r, i)
			}
		}
	}
}

// checkOrder holds that texts stand in the last stdout in this order.
func checkOrder(ts *testscript.TestScript, neg bool, args []string) {
	rest := ts.ReadFile("stdout")
	for _, a := range args {
		i := strings.Index(rest, a)
		if i < 0 {
			ts.Fatalf("%q is not there, or too early", a)
		}
		rest = rest[i+len(a):]
	}
}

func writeFile(name, text string) error { return os.WriteFile(name, []byte(text), 0o644) }
