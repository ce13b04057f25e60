// Package host is what a host does: the roles it plays, its sessions, its
// queue, its mailboxes, and the faults that can befall it. It knows neither the
// simulation's kernel nor sockets: whoever drives a host does what its [Env]
// asks.
package host

import (
	"net/netip"
	"time"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
)

// Config says what a host is. It is complete, shared and never changed.
type Config struct {
	ID    string       // short name, for patterns and faults: "mx"
	Name  string       // domain name: "mx.receiver.example"; empty if it has none
	Title string       // what a person calls it: "Alice's laptop"; empty: Name
	Role  string       // what it is: "receiving server"
	Addrs []netip.Addr // at least one

	Avoid smtp.Extensions // what it does not use as a client, though offered

	TLS TLSMode // what TLS is to it as a client

	Client *ClientConfig // it runs a mail client (MUA)
	Server *ServerConfig // it runs a mail server
}

// ClientConfig is a person's mail client.
type ClientConfig struct {
	User   string // the person's mailbox, "alice@sender.example"
	Server string // domain name of the submission server (MSA)
	Port   uint16 // 0: 587 (RFC 6409 §3.1), or 465 where TLS comes first (RFC 8314 §3.3)

	Addrs []netip.Addr // where that server is, if it need not be looked up
	Login *Login       // who it says it is; nil: it does not log in
	Waits smtp.Waits   // how long it waits for replies; what is 0 is the RFC's minimum
}

// ServerConfig is a mail server: MSA for the clients it knows, MTA for what it
// passes on, MX and message store for its own domains.
type ServerConfig struct {
	Domains    []string       // whose mail ends here; port 25 is open if there are any
	Mailboxes  []string       // local-parts with a mailbox, in each of Domains; postmaster always has one
	Lists      []List         // names that stand for several mailboxes; EXPN is offered if there are any
	Submission []netip.Prefix // clients known by their address; port 587 is open if there are any, or Accounts
	Accounts   *sasl.Accounts // who may log in to submit mail; nil: nobody. With STARTTLS port 465 is open too
	Mechanisms []string       // of SASL; nil: all that passwords are good for, and Tokens add the rest

	Tokens       bool // some of the accounts have tokens
	PlainInClear bool // mechanisms that reveal the password are offered outside TLS, against RFC 4954 §9

	Extensions smtp.Extensions // what EHLO offers
	NoExpn     bool            // EXPN is not served, though there are Lists
	NoHelp     bool            // HELP is not served
	MaxSize    int64           // octets, for SIZE; 0: no fixed limit
	MaxRcpts   int             // recipients a transaction, 0: 100 (RFC 5321 §4.5.3.1.8)
	Retry      []time.Duration // waits between attempts; the last one repeats
	Lifetime   time.Duration   // how long the queue keeps a letter (RFC 5321 §4.5.4.1)
	Idle       time.Duration   // how long it waits for a client; 0: 5 minutes (RFC 5321 §4.5.3.2.7)
}

// List is a name that stands for mailboxes of the same server: mail for it goes
// to each of them (RFC 5321 §3.9.1).
type List struct {
	Name    string   // local-part
	Members []string // local-parts
}

// AnyMailbox among a server's Mailboxes stands for every local-part.
const AnyMailbox = "*"

// Ports a server listens on (RFC 5321 §4.5.4.2, RFC 6409 §3.1, RFC 8314 §3.3).
const (
	PortSMTP        = 25
	PortSubmission  = 587
	PortSubmissions = 465 // TLS comes first
)

// port is where a mail client submits.
func (c *Config) port() uint16 {
	switch {
	case c.Client.Port != 0:
		return c.Client.Port
	case c.TLS == TLSImplicit:
		return PortSubmissions
	}
	return PortSubmission
}

// submits says whether clients of that port submit mail of their own.
func submits(port uint16) bool { return port == PortSubmission || port == PortSubmissions }

// DefaultRetry and DefaultLifetime follow RFC 5321 §4.5.4.1: two attempts in
// the first hour, then every two hours, for five days.
var DefaultRetry = []time.Duration{30 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// DefaultLifetime is how long a queue keeps a letter unless told otherwise.
const DefaultLifetime = 5 * 24 * time.Hour
