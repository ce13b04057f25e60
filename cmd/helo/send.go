package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"helo/content"
	"helo/protocol/smtp"
	"helo/sim/check"
	"helo/sim/explain"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/live"
	"helo/sim/trace"
)

// The exit statuses of helo send, as sysexits.h has them.
const (
	exitRefused  = 69 // EX_UNAVAILABLE: at least one recipient was refused, the others are done
	exitDeferred = 75 // EX_TEMPFAIL: for at least one recipient it may work later
)

var (
	errRefused  = errors.New("a recipient was refused")
	errDeferred = errors.New("a recipient is not done yet")
)

// sendOptions are the flags of helo send.
type sendOptions struct {
	server                 string
	from                   string
	to                     []string
	ehlo                   string
	set                    []string
	timeout                []string
	notify                 string
	ret                    string
	envid                  string
	tls                    string
	ca                     string
	auth                   string
	user                   string
	password, passwordFile string
	inClear                bool
	secrets                bool
	keyLog                 string
	expose                 bool
	brief                  bool
	format                 string
}

func newSend() *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send --server HOST:PORT --from A --to B FILE",
		Short: "Send a message to a real mail server, and explain what is said",
		Long: "Hand a saved message to a mail server over a real socket, with the client of the lessons, and explain each line as it is said. " +
			"FILE is the message, - is standard input. It uses what the server offers and nothing else, and it does not try again later. " +
			"The exit status is 0 if the server has taken the message for every recipient, 75 if it may be tried again later for at least one, 69 if the others were refused, 2 if something is written wrong.",
		Example: `
# to the server of helo serve
helo send --server 127.0.0.1:2525 --from alice@sender.example --to bob@receiver.example letter.eml

# only the lines, without what they mean
helo send --brief --server localhost:2525 --from alice@sender.example --to bob@receiver.example - < letter.eml`,
		Args: oneArg("the file of one message, or -"),
		RunE: func(cmd *cobra.Command, args []string) error { return send(cmd, args[0], o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.server, "server", "", "the server's host and port, such as 127.0.0.1:2525")
	f.StringVar(&o.from, "from", "", "the reverse-path: who hears of a failure; <> is nobody")
	f.StringArrayVar(&o.to, "to", nil, "a recipient; may be given more than once")
	f.StringVar(&o.ehlo, "ehlo", "", "the name to say in EHLO (default: this machine's address on that connection)")
	f.StringArrayVar(&o.set, "set", nil, "change a setting, such as pipelining=off; may be given more than once")
	f.StringVar(&o.notify, "notify", "", "ask for reports: never, or any of success,failure,delay (RFC 3461)")
	f.StringVar(&o.ret, "ret", "", "what a failure notice should bring back: full or hdrs (RFC 3461)")
	f.StringVar(&o.envid, "envid", "", "a name for the envelope, to be found again in reports (RFC 3461)")
	f.StringVar(&o.tls, "tls", "", "how the line is locked: starttls or implicit, with the right certificate or nothing is sent; may, with STARTTLS and whomever if that works, else in clear; none, in clear (default: starttls with --user, else may)")
	f.StringVar(&o.ca, "ca", "", "a file of certificates of the authorities to trust (default: those of the system, and helo serve's own)")
	f.StringVar(&o.auth, "auth", "", "the mechanism to log in with, such as PLAIN or SCRAM-SHA-256 (default: the strongest that the server offers)")
	f.StringVar(&o.user, "user", "", "log in as this user; what reveals the password is said only inside TLS, to a server whose certificate is right")
	f.StringVar(&o.password, "password", "", "the user's password, or token; others on this machine can read it in the list of processes, so a file is better")
	f.StringVar(&o.passwordFile, "password-file", "", "a file whose first line is the password")
	f.BoolVar(&o.inClear, "password-in-clear", false, "say the password even where everybody on the way can read it, or to a server whose certificate is wrong")
	secretsFlag(cmd, &o.secrets)
	keyLogFlag(cmd, &o.keyLog)
	f.StringArrayVar(&o.timeout, "timeout", nil, "how long to wait for replies, such as 30s, or for one of them, such as dot=1m or connect=5s (default: as RFC 5321 asks, 2 to 10 minutes)")
	f.BoolVar(&o.expose, "expose", false, "allow servers on other machines: without --tls the message and its addresses may go there in the clear")
	f.BoolVar(&o.brief, "brief", false, "write what is said without what it means")
	formatFlag(cmd, &o.format, "write text or json (see helo help formats)")
	return cmd
}

// send reads everything, sends, and says what became of it.
func send(cmd *cobra.Command, file string, o sendOptions) error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	cfg, err := clientConfig(cmd, o)
	if err != nil {
		return err
	}
	keyLog, done, err := openKeyLog(o.keyLog)
	if err != nil {
		return err
	}
	defer done()
	cfg.TLS.KeyLogWriter = keyLog
	octets, notes, err := readLetter(file, cmd.InOrStdin(), false)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(n)))
	}
	cfg.Letter.Octets = octets
	c, err := live.NewClient(cfg)
	if err != nil {
		return err
	}
	update, err := sendView(cmd.OutOrStdout(), c, o)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	following, stopFollowing := context.WithCancel(context.Background())
	defer stopFollowing()
	written := make(chan error, 1)
	go func() { written <- c.Follow(following, update) }()
	stopHint := whileSilent(cmd.ErrOrStderr(), c.Trace(), o, silence)
	c.Run(ctx)
	stopHint()
	stop() // from now on a signal ends the process, should nobody read what it writes
	stopFollowing()
	// A reader who has seen enough does not change what became of the letter.
	if err := <-written; err != nil && !isClosedPipe(err) {
		return err
	}
	return sendVerdicts(cmd, c.Trace(), o)
}

// sendView returns what writes the exchange as it happens.
func sendView(w io.Writer, c *live.Client, o sendOptions) (func() error, error) {
	if o.format == "json" {
		return export.NewJSONStream(w, c.Trace()).Update, nil
	}
	s := export.NewTextStream(w, c.Trace(), 0)
	if !o.brief {
		ref, err := explain.Load(content.Files)
		if err != nil {
			return nil, err
		}
		s.Explain(func(pos trace.Pos) string { return ref.Event(c.Trace(), pos, c.Trace().End()).Means })
	}
	return s.Update, nil
}

// sendVerdicts writes a line a recipient, and returns the error that stands for
// the exit status.
func sendVerdicts(cmd *cobra.Command, t *trace.Trace, o sendOptions) error {
	w := cmd.OutOrStdout()
	if o.format == "json" { // there the events say it
		w = cmd.ErrOrStderr()
	} else {
		fmt.Fprintln(w)
	}
	var result error
	verdicts := check.Verdicts(t)
	for _, v := range verdicts {
		word := "accepted "
		switch {
		case v.Done:
		case v.Code/100 == 5:
			word = "refused  "
			if result == nil {
				result = errRefused
			}
		default:
			word, result = "deferred ", errDeferred
		}
		reply, own := v.Why(t)
		why := reply.String()
		switch {
		case v.Code == 0:
			why = "interrupted before the server had said so"
		case !own:
			why += " (helo's own words, not the server's)"
		}
		fmt.Fprintf(w, "%s  %s  %s\n", word, explain.Visible([]byte(v.Recipient)), explain.Visible([]byte(why)))
	}
	if result != nil {
		for _, h := range hints(t, verdicts, o) {
			fmt.Fprintln(cmd.ErrOrStderr(), "helo: hint: "+h)
		}
	}
	return result
}

// clientConfig puts together who sends what where.
func clientConfig(cmd *cobra.Command, o sendOptions) (live.ClientConfig, error) {
	var cfg live.ClientConfig
	if o.server == "" || len(o.to) == 0 || !cmd.Flags().Changed("from") {
		return cfg, usageError{errors.New("expected --server, --from and at least one --to")}
	}
	if from := unbracketed(o.from); from != "" {
		p, err := smtp.ParseMailbox(from)
		if err != nil {
			return cfg, usageError{fmt.Errorf("--from: %q: %w", o.from, err)}
		}
		cfg.Letter.From = p
	}
	for _, to := range o.to {
		p, err := smtp.ParsePath("<" + unbracketed(to) + ">")
		if err == nil && p.IsNull() {
			err = errors.New("expected an address")
		}
		if err != nil {
			return cfg, usageError{fmt.Errorf("--to: %q: %w", to, err)}
		}
		cfg.Letter.To = append(cfg.Letter.To, p)
	}
	name, portText, err := net.SplitHostPort(o.server)
	port, perr := strconv.ParseUint(portText, 10, 16)
	if err != nil || perr != nil || port == 0 || name == "" {
		return cfg, usageError{fmt.Errorf("--server: expected a host and a port such as 127.0.0.1:2525, found %q", o.server)}
	}
	addrs, err := net.DefaultResolver.LookupNetIP(cmd.Context(), "ip", name)
	if err != nil {
		return cfg, fmt.Errorf("failed to find the server %q: %w", name, err)
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
		if a = a.Unmap(); !a.IsLoopback() && !o.expose {
			return cfg, usageError{fmt.Errorf("--server: %s is on another machine (%s). Expected a loopback address such as 127.0.0.1, or --expose, with which the message leaves this machine in the clear", name, a)}
		}
	}
	if o.ehlo != "" {
		if c := smtp.ParseCommand([]byte("EHLO " + o.ehlo)); c.Err != nil {
			return cfg, usageError{fmt.Errorf("--ehlo: %q: %w", o.ehlo, c.Err)}
		}
	}
	cfg.Name = "send"
	cfg.Host = host.Config{
		ID: "client", Name: o.ehlo, Title: "helo", Role: "mail client",
		Client: &host.ClientConfig{User: cfg.Letter.From.Mailbox(), Server: name, Port: uint16(port), Addrs: addrs},
	}
	if err := applySettings(&cfg.Host, o.set); err != nil {
		return cfg, err
	}
	if err := sendSecurely(&cfg, cmd, o); err != nil {
		return cfg, err
	}
	if err := sendReports(&cfg.Letter, o); err != nil {
		return cfg, err
	}
	if err := sendTimeouts(&cfg, o.timeout); err != nil {
		return cfg, err
	}
	cfg.Local = localAddr(netip.AddrPortFrom(addrs[0], uint16(port)))
	cfg.Server = trace.Host{ID: "server", Name: name, Title: name, Role: "mail server"}
	return cfg, nil
}

// sendReports takes in what is asked about reports.
func sendReports(l *host.Submission, o sendOptions) error {
	if o.notify != "" {
		n, ok := smtp.ParseNotify(o.notify)
		if !ok {
			return usageError{fmt.Errorf("--notify: expected never, or any of success,failure,delay, found %q", o.notify)}
		}
		for _, to := range l.To {
			l.ToDSNs = append(l.ToDSNs, smtp.DSNRcpt{Notify: n, Original: smtp.OriginalOf(to)})
		}
	}
	if o.ret != "" {
		r, ok := smtp.ParseReturn(o.ret)
		if !ok {
			return usageError{fmt.Errorf("--ret: expected full or hdrs, found %q", o.ret)}
		}
		l.DSN.Return = r
	}
	if o.envid != "" {
		id, ok := smtp.EnvIDOf(o.envid)
		if l.DSN.EnvID = id; !ok {
			return usageError{fmt.Errorf("--envid: expected printable ASCII, at most %d characters, found %q", smtp.MaxEnvID, o.envid)}
		}
	}
	return nil
}

// sendTimeouts takes in how long to wait.
func sendTimeouts(cfg *live.ClientConfig, list []string) error {
	waits := &cfg.Host.Client.Waits
	for _, s := range list {
		name, value, one := strings.Cut(s, "=")
		if !one {
			value = s
		}
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return usageError{fmt.Errorf("--timeout: expected a time such as 30s, found %q", value)}
		}
		known := name == "connect" || !one
		if known {
			cfg.Dial = d
		}
		for p := smtp.PhaseGreeting; p <= smtp.PhaseDot; p++ {
			if one && !strings.EqualFold(name, p.String()) {
				continue
			}
			known = true
			if waits[p] = d; p == smtp.PhaseDataBlock {
				cfg.Block = d
			}
		}
		if !known {
			return usageError{fmt.Errorf("--timeout: expected connect, greeting, command, MAIL, RCPT, DATA, \"data block\" or dot before the =, found %q", name)}
		}
	}
	return nil
}

// unbracketed is an address without the angle brackets that may be around it.
func unbracketed(s string) string {
	if inner, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(inner, ">") {
		return strings.TrimSuffix(inner, ">")
	}
	return s
}

// localAddr is this machine's own address towards another: asking sends
// nothing.
func localAddr(to netip.AddrPort) netip.Addr {
	c, err := net.Dial("udp", to.String())
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
