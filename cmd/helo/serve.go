package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"helo/protocol/smtp"
	"helo/sim/explain"
	"helo/sim/host"
	"helo/sim/live"
)

// serveOptions are the flags of helo serve.
type serveOptions struct {
	smtp                    string
	submission, submissions string
	logins                  []string
	loginFile               string
	secrets                 bool
	keyLog                  string
	expose                  bool
	maildir                 string
	scenario                string
	host                    string
	domains                 []string
	users                   []string
	set                     []string
	faults                  []string
	headless                bool
	format                  string
	idle                    time.Duration
	grace                   time.Duration
}

func newServe() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Be a mail server on a real socket, and show what clients say",
		Long: "Run the receiving server of the lessons on a real socket of this machine, so that any mail program can talk to it. " +
			"On a terminal it shows the sessions as they happen, with every octet explained; with --headless it writes a transcript. " +
			"It takes mail for its own mailboxes and passes none on.",
		Example: `
# a server for bob@receiver.example, and something to say to it
helo serve
swaks -s 127.0.0.1:2525 -f alice@sender.example -t bob@receiver.example

# events for a program, at a free port; an event of the kind "listening" says which
helo serve --smtp 127.0.0.1:0 --headless --format json

# log in and submit, inside TLS; helo serve says which password and which CA
helo send --server 127.0.0.1:2587 --tls starttls --user alice --password wonderland --from alice@receiver.example --to bob@receiver.example letter.eml

# mail for anybody at a domain, into Maildirs
helo serve --domain my.example --user "*" --maildir ./mail

# a server in a bad mood
helo serve --fault "mx at=RCPT n=1 reply=451"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.smtp, "smtp", "127.0.0.1:2525", "where to listen for mail to its mailboxes; port 0 takes a free one, an empty value turns it off")
	f.StringVar(&o.submission, "submission", "127.0.0.1:2587", "where its users log in to submit mail, with STARTTLS")
	f.StringVar(&o.submissions, "submissions", "127.0.0.1:2465", "the same with TLS from the first octet; of the three only those named are opened, and all if none is")
	f.StringArrayVar(&o.logins, "login", nil, "who may log in, as user:password (default: alice:wonderland); may be given more than once")
	f.StringVar(&o.loginFile, "login-file", "", "a file of user:password lines")
	secretsFlag(cmd, &o.secrets)
	f.BoolVar(&o.expose, "expose", false, "allow addresses that other machines can reach: whoever reaches them can put mail into your mailboxes, unchecked")
	f.StringVar(&o.maildir, "maildir", "", "file mail in Maildirs in this folder, one a mailbox; without it mail is kept in memory")
	f.StringVar(&o.scenario, "scenario", "direct", "the scenario, built in or a file, that has the server")
	f.StringVar(&o.host, "host", "", "which host of the scenario to be (default: the last one with mailboxes)")
	f.StringArrayVar(&o.domains, "domain", nil, "take mail for this domain instead of the scenario's; may be given more than once")
	f.StringArrayVar(&o.users, "user", nil, "have this mailbox instead of the scenario's; \"*\" is anybody; may be given more than once")
	f.StringArrayVar(&o.set, "set", nil, "change a setting, such as pipelining=off, size=1000000 or recipients=5; may be given more than once")
	f.StringArrayVar(&o.faults, "fault", nil, "something that goes wrong, such as \"mx at=RCPT reply=451\"; may be given more than once (see helo help faults)")
	keyLogFlag(cmd, &o.keyLog)
	f.BoolVar(&o.headless, "headless", false, "show no screen; write what happens")
	formatFlag(cmd, &o.format, "with --headless write text or json (see helo help formats)")
	f.DurationVar(&o.idle, "idle", 5*time.Minute, "how long a client may say nothing")
	f.DurationVar(&o.grace, "grace", 10*time.Second, "how long open transactions may take when the server is told to stop")
	return cmd
}

// How much memory a server may take, in octets: for its trace when all of it is
// written out at once, for the trace of a screen, and all in all, so that the
// garbage collector tries harder before the process grows beyond it.
const (
	headlessBudget = 16 << 20
	screenBudget   = 64 << 20
	memoryLimit    = 160 << 20
)

// errServeTerminal says what to do where no screen can be shown.
var errServeTerminal = usageError{errors.New("the screen of a server needs a terminal; expected --headless where there is none")}

// serve runs the server until it is told to stop.
func serve(cmd *cobra.Command, o serveOptions) error {
	if err := checkFormat(o.format); err != nil {
		return err
	}
	if err := o.choosePorts(cmd); err != nil {
		return err
	}
	if o.idle <= 0 || o.grace < 0 {
		return usageError{errors.New("--idle and --grace: expected a time such as 30s, found no time at all")}
	}
	if !o.headless && !hasTerminal() {
		return errServeTerminal
	}
	if !o.headless && cmd.Flags().Changed("format") {
		return usageError{errors.New("--format says what is written instead of a screen: expected --headless with it")}
	}
	cfg, err := serverConfig(cmd, o)
	if err != nil {
		return err
	}
	made, caFile, err := secureServer(cmd, o, &cfg)
	if err != nil {
		return err
	}
	if cfg.TLS == nil {
		o.submissions = ""
	}
	if cfg.Host.Server.Accounts == nil {
		o.submission = ""
	}
	cfg.Secrets = o.secrets
	keyLog, done, err := openKeyLog(o.keyLog)
	if err != nil {
		return err
	}
	defer done()
	if cfg.TLS != nil {
		cfg.TLS.KeyLogWriter = keyLog
	}
	for _, bad := range cfg.Bad {
		bad.KeyLogWriter = keyLog
	}
	if o.maildir != "" {
		if cfg.Store, err = live.NewMaildir(o.maildir); err != nil {
			return err
		}
	}
	cfg.Budget = screenBudget
	if o.headless { // what is written need not be kept
		cfg.Budget = headlessBudget
		cfg.Warn = func(err error) {
			fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(err.Error())))
		}
	}
	debug.SetMemoryLimit(memoryLimit)
	s, err := live.NewServer(cfg)
	if err != nil {
		return err
	}
	if users := cfg.Host.Server.Accounts; users != nil {
		users.Derive() // no client has to wait for it
	}
	// Before anybody can know of the server: whoever does may tell it to stop.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	doors, err := o.open()
	if err != nil {
		return err
	}
	r := running{cmd: cmd, server: s, doors: doors, o: o, signals: signals}
	invited := invitation(doors, cfg.Host.Server, made, caFile)
	if o.headless {
		if caFile != "" || made.user != "" {
			for _, line := range invited {
				fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+line)
			}
		}
		return r.headless()
	}
	return r.screen(cfg, made, invited)
}

// serverConfig puts together what the server is: a host of a scenario, changed
// as the flags say.
func serverConfig(cmd *cobra.Command, o serveOptions) (live.Config, error) {
	sc, err := loadScenario(o.scenario, cmd.InOrStdin())
	if err != nil {
		return live.Config{}, err
	}
	at := -1
	for i, h := range sc.Hosts {
		if h.Server != nil && (h.ID == o.host || o.host == "" && len(h.Server.Domains) > 0) {
			at = i
		}
	}
	if at < 0 {
		if o.host == "" {
			return live.Config{}, fmt.Errorf("the scenario %s has no server with mailboxes", sc.Name)
		}
		return live.Config{}, usageError{fmt.Errorf("--host: the scenario %s has no server %q", sc.Name, o.host)}
	}
	h := sc.Hosts[at]
	server := *h.Server
	h.Server = &server // the scenario's stays as it is
	for _, d := range o.domains {
		if p, err := smtp.ParseMailbox("x@" + d); err != nil || strings.HasPrefix(p.Domain, "[") {
			return live.Config{}, usageError{fmt.Errorf("--domain: expected a domain name such as receiver.example, found %q", d)}
		}
	}
	server.Idle = o.idle
	if !cmd.Flags().Changed("scenario") { // then nobody has chosen: show all there is
		server.Extensions = smtp.AllExtensions | smtp.StartTLS | smtp.RequireTLS
	}
	if len(o.domains) > 0 {
		server.Domains = o.domains
	}
	if len(server.Domains) == 0 {
		return live.Config{}, usageError{fmt.Errorf("the server %s takes mail for no domain; expected a --domain", h.ID)}
	}
	if len(o.users) > 0 {
		server.Mailboxes = o.users
	}
	for _, u := range o.users {
		if p := (smtp.Path{Local: u, Domain: "receiver.example"}); u != host.AnyMailbox && !p.Valid() {
			return live.Config{}, usageError{fmt.Errorf("--user: expected what stands before the @, such as bob, found %q", u)}
		}
	}
	if err := applySettings(&h, o.set); err != nil {
		return live.Config{}, err
	}
	faults, err := parseFaults(sc, o.faults)
	if err != nil {
		return live.Config{}, err
	}
	for i, f := range faults {
		if f.Host != h.ID || f.From != "" || !f.Effect.AtServer() {
			return live.Config{}, usageError{fmt.Errorf("--fault: %q can not happen here, where %[2]s is alone and answers whoever comes; expected a fault of a reply, such as \"%[2]s at=RCPT reply=451\"", o.faults[i], h.ID)}
		}
	}
	return live.Config{Name: sc.Name, Host: h, Faults: append(sc.Faults, faults...)}, nil
}

// checkExposed refuses an address that other machines could reach, unless that
// is wanted.
func checkExposed(flag, addr string, expose bool) error {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError{fmt.Errorf("%s: expected an address and a port such as 127.0.0.1:2525, found %q", flag, addr)}
	}
	ip, err := netip.ParseAddr(name)
	if name == "localhost" || err == nil && ip.IsLoopback() || expose {
		return nil
	}
	return usageError{fmt.Errorf("%s: %s is not an address of this machine alone. Expected a loopback address such as 127.0.0.1, or --expose, with which other machines can use this server", flag, addr)}
}
