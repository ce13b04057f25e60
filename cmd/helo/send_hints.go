package main

// What a person is told that may help: which flag is missing, and who may stand at
// the wrong door, for where TLS comes first a client that waits for a greeting
// waits in vain, and the other way round.

import (
	"fmt"
	"io"
	"slices"
	"time"

	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/explain"
	"helo/sim/secure"
	"helo/sim/trace"
)

// hints say which flag may help with what went wrong.
func hints(t *trace.Trace, verdicts []check.Verdict, o sendOptions) []string {
	var list []string
	add := func(hint string) {
		if hint != "" && !slices.Contains(list, hint) {
			list = append(list, hint)
		}
	}
	for _, v := range verdicts {
		if reply, own := v.Why(t); !v.Done && own {
			add(serversHint(t, reply, o))
		} else if !v.Done {
			add(ownHint(t, reply, o))
		}
	}
	add(doorHint(t, o))
	return list
}

// serversHint is for what the server itself has said.
func serversHint(t *trace.Trace, r smtp.Reply, o sendOptions) string {
	tried := find(t, func(e *trace.Event) bool {
		return e.Kind == trace.Unsecured || e.Kind == trace.Reply && e.Verb == smtp.STARTTLS
	})
	inside := find(t, func(e *trace.Event) bool { return e.Kind == trace.Secured })
	const logIn, noTLS = "--user with --password-file FILE logs in", "the server may want TLS first, which --tls none forbids"
	none := !inside && o.tls == "none"
	switch { // RFC 4954 §6, or RFC 3207 §4
	case r.Code != 530:
	case !inside && tried: // it may be for want of TLS, which could not be had
	case none && o.user == "":
		return logIn + "; " + noTLS
	case none:
		return noTLS
	case o.user == "":
		return logIn
	}
	return ""
}

// ownHint is for what this side has found.
func ownHint(t *trace.Trace, r smtp.Reply, o sendOptions) string {
	is := func(code uint16, enhanced smtp.Enhanced) bool { return r.Code == code && r.Enhanced == enhanced }
	untrusted := find(t, func(e *trace.Event) bool {
		return (e.Kind == trace.Secured || e.Kind == trace.Unsecured) && secure.Why(e.Arg) == secure.Untrusted
	})
	switch {
	case (is(451, smtp.Enhanced{Class: 4, Subject: 7, Detail: 5}) || is(550, smtp.Enhanced{Class: 5, Subject: 7, Detail: 10})) && untrusted:
		if o.ca != "" {
			return "none of the authorities in " + explain.Visible([]byte(o.ca)) + " has signed it; helo serve says which file has its own"
		}
		return "--ca FILE names the authorities to trust"
	case is(550, smtp.Enhanced{Class: 5, Subject: 7, Detail: 4}):
		return "servers let users log in at ports 587 and 465, many kinds of login inside TLS alone; AUTH in the reply to EHLO lists them"
	case is(451, smtp.Enhanced{Class: 4, Subject: 7, Detail: 4}) && o.user != "" && o.tls == "" && !o.inClear:
		return "with --user TLS is demanded; --tls says otherwise, and --tls implicit begins with it"
	case find(t, func(e *trace.Event) bool { return e.Kind == trace.Refused }) && !find(t, func(e *trace.Event) bool { return e.Kind == trace.Connected }):
		return "nobody listens at that address and port"
	}
	return ""
}

// find says whether there is such an event.
func find(t *trace.Trace, is func(*trace.Event) bool) bool {
	for pos := t.First(); pos < t.End(); pos++ {
		if is(t.At(pos)) {
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

// doorHint says that the other way of beginning TLS may be the right one (RFC 8314
// §3.3, RFC 3207 §4).
func doorHint(t *trace.Trace, o sendOptions) string {
	if o.tls == "implicit" {
		if find(t, func(e *trace.Event) bool { return e.Kind == trace.Unsecured && secure.Why(e.Arg) == secure.NoRecord }) {
			return hintClear
		}
		return ""
	}
	for pos := t.First(); pos < t.End(); pos++ {
		if t.At(pos).Kind == trace.TimedOut && silent(t, pos) {
			return hintSilent
		}
	}
	return ""
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
