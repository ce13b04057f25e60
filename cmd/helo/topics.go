package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"helo/sim/export"
)

// newTopic returns a page of help that is no command: helo help NAME.
func newTopic(name, short string, page func() string) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		fmt.Fprint(cmd.OutOrStdout(), page())
	})
	return cmd
}

// formatsTopic describes what helo run, serve and send write.
func formatsTopic() string {
	var b strings.Builder
	b.WriteString(`helo run SCENARIO --format text

  A transcript to read. Each row has its virtual time (seconds since the start,
  or days, hours, minutes and seconds in a long run), who says it to whom, and
  the line, or in words what a host does. ▶ is what the host on the left says
  to the one on the right, ◀ what it hears. "responsible" names the hosts that
  are responsible for a letter from then on. At the end stands what became of
  each letter, for each recipient. Characters that could upset a terminal are
  shown as \x1b or \u{202e}.

helo run SCENARIO --format json

  One JSON object a line, in ASCII. The first line is the run, each one after
  it an event. The same scenario, seed and faults give the same octets. Fields
  stand in the order below; one that does not count is left out. New fields and
  new kinds of events may come; if a field changes its meaning, so does schema.

helo serve --headless, helo send

  The same two formats, as it happens. Times are real ones since the start. The
  host that stands for all programs at the other end is called client (of serve)
  or server (of send); rows name their connection: #3. The event listening says
  that a server is ready, and where. Of a letter over 64 KiB only the beginning
  is kept (cut, among the flags), followed by an event digest.

`)
	for _, f := range export.Fields {
		doc := f.Doc
		if f.On != "" {
			doc = "(" + strings.ReplaceAll(f.On, " ", ", ") + ") " + doc
		}
		for i, line := range wrap(doc, 62) {
			name := ""
			if i == 0 {
				name = f.Name
			}
			fmt.Fprintf(&b, "  %-12s%s\n", name, line)
		}
	}
	return b.String()
}

// wrap breaks a text into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// faultsTopic describes the words of a fault.
func faultsTopic() string {
	return `A fault is a line of words: where, when, and what goes wrong.

  mx at=RCPT n=1-2 reply=451        Bob's server says "not now" twice
  mx at=RCPT reply="550 5.1.1 no such mailbox"
  mx at=dot n=1 drop                the line is cut after the letter's dot
  msa>mx refuse n=1                 the first connection from msa is refused
  msa dns=nxdomain                  the name servers tell msa: no such name
  mx code=354 silent                no answer where 354 would be given
  laptop>msa tls=strip              somebody in the middle hides STARTTLS

Where

  mx            the short name of a host: who decides on the reply, who is
                connected to, or who asks the name servers
  msa>mx        the same, only towards msa

When (all that are given must hold; without any, always)

  at=RCPT       at this command; also at=connect (the greeting), at=dot (the
                end of the letter; at=BDAT where both ends know CHUNKING) and
                at=response (an answer to a challenge of AUTH)
  code=250      where this reply would be given; 25z and 5yz leave digits open
  n=2           the second time; n=1-3 the first three, n=2- from the second on
  conn=1        only on the connection with this number
  line=TEXT     only if the line has this text in it

What, one of

  reply=451     another reply: a code, or in quotes a code and its text
  drop          the connection is cut where the reply would leave
  silent        no reply is given, nor to what follows on that connection
  refuse        the connection is refused
  dns=nxdomain  the name servers say: no such name; also servfail and timeout
  tls=strip     somebody in the middle takes STARTTLS out of the offer
  tls=inject    or adds commands in clear behind STARTTLS
  tls=expired   the server's certificate has expired; also wrongname (it is for
                another host) and unknownca (nobody known has signed it)
  tls=garbage   the server answers the handshake with what is no TLS

Put a value with spaces in double quotes, and the whole line in the quotes of
your shell.
`
}

// scenariosTopic describes a scenario file.
func scenariosTopic() string {
	return "A scenario is a YAML file such as this one. Built in are: " + strings.Join(scenarioNames(), ", ") + `.
A value in parentheses holds where nothing is written. Durations are whole numbers
with ms, s, m, h or d, at most ten years (3650d).

` + exampleScenario
}

// exampleScenario has every key there is.
const exampleScenario = `title: One letter               # what it is about
about: Alice writes to Bob.     # a sentence or two (may be missing)
start: 2026-11-23T10:15:00Z     # the clock at the start
latency: 15ms                   # one way, between any two hosts (15ms)
limits: {events: 1000000, time: 30d, octets: 268435456}  # where a run stops at the latest

hosts:
  - id: laptop                  # short name, for faults
    title: Alice's laptop       # what people call it (its name)
    role: mail client           # what it is (may be missing)
    address: 192.0.2.77         # one IP address, or a list
    client:                     # it has a mail client:
      user: alice@sender.example
      server: mail.sender.example       # which it gives its letters to
      port: 587                 # (587; 465 where TLS comes first)
      login: {user: alice, password: wonderland, mechanism: PLAIN}  # (none; the
                                # strongest mechanism that is offered); token: in
                                # place of password; in-clear: yes says a password
                                # outside TLS as well (no)
    tls: insist                 # as a client: may (STARTTLS if offered, with
                                # whomever), insist, implicit or none (may)

  - id: msa
    name: mail.sender.example   # domain name; a server needs one
    address: [192.0.2.10, 2001:db8::10]
    avoid: [pipelining]         # what it does not use, though offered (nothing)
    server:                     # it has a mail server:
      domains: [sender.example] # whose mail ends here (none)
      mailboxes: [alice]        # postmaster is always there
      submission: [192.0.2.77]  # clients it knows by their address (none)
      users: [{name: alice, password: wonderland}]  # who may log in (none)
      mechanisms: [PLAIN, SCRAM-SHA-256]  # for their logins (all)
      plain-in-clear: no        # passwords may be said outside TLS (no)
      features: [pipelining, size, 8bitmime, enhancedstatuscodes, starttls, auth]
                                # (the first four); also requiretls, chunking,
                                # binarymime, smtputf8, dsn, limits
      size: 10485760            # octets a letter may have (no limit)
      recipients: 100           # of one letter (100)
      lists:                    # names that stand for mailboxes (none)
        - {name: team, members: [alice]}
      retry: [30m, 30m, 2h]     # waits between attempts; the last one repeats
      lifetime: 5d              # how long the queue keeps a letter (5d)

  - id: mx
    name: mx.receiver.example
    address: 198.51.100.25
    server: {domains: receiver.example, mailboxes: bob}

dns: |                          # all zones there are, as in a master file
  $ORIGIN sender.example.
  @     MX    10 mail
  mail  A     192.0.2.10
  mail  AAAA  2001:db8::10
  $ORIGIN receiver.example.
  @     MX    10 mx
  mx    A     198.51.100.25

letters:
  - host: laptop                # who sends it
    at: 0s                      # when, after the start (at once)
    from: alice@sender.example  # envelope: <> is nobody (the client's user)
    to: [bob@receiver.example]  # envelope: one recipient or a list
    notify: [success, failure]  # reports: never, or any of success, failure, delay
    return: hdrs                # what a notice brings back: full or hdrs
    envid: lunch-1              # a name for the envelope, for reports
    require-tls: no             # only inside TLS that is checked, all the way (no)
    text: |                     # header, blank line, body
      From: Alice <alice@sender.example>

      Hello.

faults:                         # see helo help faults
  - mx at=RCPT n=1 reply=451
`
