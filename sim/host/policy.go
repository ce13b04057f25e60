package host

// What a server has to say beyond the form of a command: who may send through
// it, which mailboxes and lists it has, which letters it takes.

import (
	"bytes"
	"net/netip"

	"helo/protocol/smtp"
)

// policy is what this host has to say to a command beyond its form: who may
// send through it, and which mailboxes it has.
func (h *Host) policy(in *inbound, cmd *smtp.Command, proposed smtp.Reply) smtp.Reply {
	if cmd.Verb == smtp.AUTH || cmd.Verb == smtp.Response {
		return h.login(in, cmd, proposed)
	}
	if proposed.Code/100 != 2 {
		return proposed
	}
	if cmd.EndsLetter() {
		return h.judge(in, proposed)
	}
	switch cmd.Verb {
	case smtp.EXPN:
		if l := h.named(cmd.Arg); l != nil {
			return h.expand(l, proposed)
		}
		return reply(550, 5, 1, 1, "no such list here")
	case smtp.MAIL:
		if submits(in.port) && !in.server.LoggedIn() && !h.knows(in.from) {
			return reply(550, 5, 7, 1, "this address may not submit mail here") // RFC 6409 §3.3
		}
	case smtp.RCPT:
		local, known := h.mailbox(cmd.Path)
		switch {
		case local && !known:
			return reply(550, 5, 1, 1, "no such mailbox here")
		case !local && (h.o.Depot != nil || !submits(in.port)): // a depot has nowhere to pass it on to
			return reply(550, 5, 7, 1, "relaying denied")
		}
	}
	return proposed
}

// judge is what this host has to say to a letter that is complete.
func (h *Host) judge(in *inbound, proposed smtp.Reply) smtp.Reply {
	switch {
	case in.lost:
		return reply(452, 4, 3, 1, "no room for a letter now, try again later")
	case hops(in.header()) > maxHops:
		return reply(554, 5, 4, 6, "too many Received fields: the letter goes in circles")
	}
	return proposed
}

// named is the list that EXPN asks for, by its name or its address, in angle
// brackets or without (RFC 5321 §3.5.1); nil if there is none.
func (h *Host) named(arg string) *List {
	if n := len(arg); n >= 2 && arg[0] == '<' && arg[n-1] == '>' {
		arg = arg[1 : n-1]
	}
	if p, err := smtp.ParseMailbox(arg); err == nil {
		if !h.serves(p.Domain) {
			return nil
		}
		arg = p.User()
	}
	return h.list(arg)
}

// expand answers EXPN with who is on a list (RFC 5321 §3.5.2), or as proposed if
// that cannot be written in a reply, which is ASCII (RFC 6531 §3.7.4.2).
func (h *Host) expand(l *List, proposed smtp.Reply) smtp.Reply {
	r := smtp.Reply{Code: 250, Enhanced: smtp.Enhanced{Class: 2, Subject: 1, Detail: 5}}
	for _, m := range l.Members {
		p, ok := smtp.Path{Local: m, Domain: h.cfg.Server.Domains[0]}.ToASCII()
		if !ok {
			return proposed
		}
		r.Lines = append(r.Lines, p.String())
	}
	return r
}

// serves says whether a domain is one of ours.
func (h *Host) serves(domain string) bool {
	for _, d := range h.cfg.Server.Domains {
		if sameDomain(d, domain) {
			return true
		}
	}
	return false
}

// header is where the letter's header stands, if it is not absurdly long.
func (in *inbound) header() []byte {
	if len(in.blocks) > 0 {
		return in.blocks[0]
	}
	return in.letter
}

// maxHops is how many Received fields a letter may have before it is taken to
// go in circles (RFC 5321 §6.3: at least 100).
const maxHops = 100

// hops counts the Received fields in a letter's header.
func hops(letter []byte) int {
	n := 0
	for len(letter) > 0 {
		line, rest, _ := bytes.Cut(letter, []byte("\n"))
		if len(bytes.TrimRight(line, "\r")) == 0 {
			break // the header ends
		}
		if len(line) >= 9 && bytes.EqualFold(line[:9], []byte("Received:")) {
			n++
		}
		letter = rest
	}
	return n
}

func reply(code, class, subject, detail uint16, text string) smtp.Reply {
	return smtp.Reply{
		Code:     code,
		Enhanced: smtp.Enhanced{Class: class, Subject: subject, Detail: detail},
		Lines:    []string{text},
	}
}

func (h *Host) knows(a netip.Addr) bool {
	for _, p := range h.cfg.Server.Submission {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// mailbox says whether a path's domain is one of ours, and whether it has that
// mailbox. Domains are compared without case, and so, as a policy of this
// server, are local-parts, as far as they are ASCII (RFC 5321 §2.4). Postmaster is
// always there (RFC 5321 §4.5.1).
func (h *Host) mailbox(p smtp.Path) (local, known bool) {
	s := h.cfg.Server
	if p.Domain == "" { // <Postmaster>
		return true, true
	}
	if !h.serves(p.Domain) {
		return false, false
	}
	if p.IsPostmaster() || h.list(p.User()) != nil {
		return true, true
	}
	for _, m := range s.Mailboxes {
		if m == AnyMailbox || smtp.EqualFold(m, p.User()) {
			return true, true
		}
	}
	return true, false
}
