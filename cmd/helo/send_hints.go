package main

// What a person is told that may help: which flag is missing, and who may stand at
// the wrong door, for where TLS comes first a client that waits for a greeting
// waits in vain, and the other way round.

import (
	"fmt"
	"io"
	"strings"
	"time"

	"helo/sim/explain"
	"helo/sim/secure"
	"helo/sim/trace"
)

// hints say which flag may help with what went wrong.
func hints(t *trace.Trace, o sendOptions) []string {
	var list []string
	why := told(t)
	withheld := strings.HasPrefix(why, "451 4.7.5 ") && happened(t, trace.Secured, secure.Untrusted)
	switch {
	case (strings.Contains(why, secure.Untrusted) || withheld) && o.ca != "":
		list = append(list, "none of the authorities in "+explain.Visible([]byte(o.ca))+" has signed it; helo serve says which file has its own")
	case strings.Contains(why, secure.Untrusted), withheld:
		list = append(list, "--ca FILE names the authorities to trust")
	case strings.HasPrefix(why, "550 5.7.0 the server offers no login"):
		list = append(list, "servers let users log in at ports 587 and 465, many kinds of login inside TLS alone; AUTH in the reply to EHLO lists them")
	case happened(t, trace.Refused, ""):
		list = append(list, "nobody listens at that address and port")
	case o.user == "" && strings.HasPrefix(why, "530 "): // RFC 4954 §6
		list = append(list, "--user with --password-file FILE logs in")
	case o.user != "" && o.tls == "" && !o.inClear && strings.HasPrefix(why, "451 4.7.4 "):
		list = append(list, "with --user TLS is demanded; --tls says otherwise, and --tls implicit begins with it")
	}
	return append(list, doorHints(t, o)...)
}

// happened says whether there is such an event.
func happened(t *trace.Trace, kind trace.Kind, words string) bool {
	for pos := t.First(); pos < t.End(); pos++ {
		if t.At(pos).Kind == kind && strings.Contains(string(t.OctetsAt(pos)), words) {
			return true
		}
	}
	return false
}

// The hints about the first octet.
const (
	hintSilent = "the server says nothing; perhaps TLS comes first there, try --tls implicit"
	hintClear  = "the server does not begin with TLS; perhaps it greets in clear, try --tls starttls"
)

// doorHints say that the other way of beginning TLS may be the right one (RFC
// 8314 §3.3, RFC 3207 §4).
func doorHints(t *trace.Trace, o sendOptions) []string {
	if o.tls == "implicit" {
		if happened(t, trace.Unsecured, secure.NoRecord) {
			return []string{hintClear}
		}
		return nil
	}
	for pos := t.First(); pos < t.End(); pos++ {
		if t.At(pos).Kind == trace.TimedOut && silent(t, pos) {
			return []string{hintSilent}
		}
	}
	return nil
}

// silent says whether, up to that event, a server has been reached and nothing
// was heard of it.
func silent(t *trace.Trace, end trace.Pos) bool {
	reached := false
	for pos := t.First(); pos < end; pos++ {
		switch t.At(pos).Kind {
		case trace.Connected:
			reached = true
		case trace.Arrived, trace.Closed, trace.Reset:
			return false
		}
	}
	return reached
}

// silence is after how long a person is told that a server has not greeted. It
// may still: some let clients wait.
const silence = 10 * time.Second

// whileSilent tells it, if it is so then, until stop is called, which waits for
// what is being told.
func whileSilent(w io.Writer, t *trace.Trace, o sendOptions, after time.Duration) (stop func()) {
	told := make(chan struct{})
	timer := time.AfterFunc(after, func() {
		defer close(told)
		if o.tls != "implicit" && silent(t, t.End()) {
			fmt.Fprintf(w, "helo: it is %v now; hint: %s\n", after, hintSilent)
		}
	})
	return func() {
		if !timer.Stop() {
			<-told
		}
	}
}
