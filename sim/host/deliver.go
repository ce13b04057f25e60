package host

import (
	"bytes"
	"strconv"

	"helo/protocol/message"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// takeLetter makes a copy of the letter that has just arrived, with the trace
// field this host adds (RFC 5321 §4.4).
func (h *Host) takeLetter(in *inbound) *letter {
	l := &letter{id: h.env.NewLetter(), from: in.server.From(), arrived: h.env.Now()}
	l.queueID = h.queueID(l.id)
	name, esmtp := in.server.Hello()
	with := "SMTP"
	switch {
	case in.server.UTF8():
		with = "UTF8SMTP" // RFC 6531 §4.3
	case esmtp:
		with = "ESMTP"
	}
	if with != "SMTP" { // RFC 3848, RFC 6531 §4.3
		if in.server.Secure() {
			with += "S"
		}
		if in.server.LoggedIn() {
			with += "A"
		}
	}
	l.needTLS = in.server.RequireTLS()
	l.utf8, l.binary, l.dsn = in.server.UTF8(), in.server.Binary(), in.server.DSN()
	l.asks = append(l.asks, in.server.RecipientDSNs()...)
	r := message.Received{
		FromName: name, FromAddr: in.from, By: h.name, With: with, ID: l.queueID, TLS: in.cipher, At: h.env.Clock(),
	}
	l.to = append(l.to, in.server.Recipients()...)
	if len(l.to) == 1 && l.to[0].IsASCII() {
		r.For = l.to[0].Mailbox() // more than one would tell them of each other
	}
	if h.o.Depot != nil {
		in.head = h.complete(in, r.AppendTo(l.returnPath(in.head[:0])), l)
		l.head = in.head // lent until the letter is filed and told of
		return l
	}
	buf := h.complete(in, r.AppendTo(make([]byte, 0, 256+len(in.letter))), l)
	added := len(buf)
	l.octets = append(buf, in.letter...)
	l.original = l.octets[added:]
	l.facts = message.Scan(l.original)
	return l
}

// complete appends the header fields that a client left out and a server that
// takes its users' mail may add (RFC 6409 §8).
func (h *Host) complete(in *inbound, dst []byte, l *letter) []byte {
	if !submits(in.port) || l.binary {
		return dst
	}
	date, id := has(in.header(), "Date", "Message-ID")
	if !date {
		dst = append(message.AppendDate(append(dst, "Date: "...), h.env.Clock()), "\r\n"...)
	}
	if !id {
		dst = append(dst, "Message-ID: <"+l.queueID+"."+strconv.FormatInt(h.env.Clock().Unix(), 36)+"@"+h.name+">\r\n"...)
	}
	return dst
}

// has says whether two fields are in the header that a letter begins with. It
// reads a header as [message.Split] does.
func has(letter []byte, first, second string) (one, two bool) {
	for begun := false; len(letter) > 0; begun = true {
		line, rest, _ := bytes.Cut(letter, []byte("\n"))
		letter = rest
		fold := len(line) > 0 && (line[0] == ' ' || line[0] == '\t')
		name, _, ok := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		switch {
		case fold && begun, !begun && bytes.HasPrefix(line, []byte("From ")): // a mailbox file's own mark
			continue
		case !ok || len(name) == 0:
			return one, two
		}
		for _, c := range name {
			if c <= ' ' || c > '~' {
				return one, two
			}
		}
		one = one || bytes.EqualFold(name, []byte(first))
		two = two || bytes.EqualFold(name, []byte(second))
	}
	return one, two
}

// queueID is a short name for a letter, unique at its host: the depot's, if
// there is one, else an odd multiple of its number, so that no two are alike,
// shifted by chance.
func (h *Host) queueID(id trace.LetterID) string {
	if h.o.Depot != nil {
		return h.o.Depot.QueueID()
	}
	const digits = "0123456789ABCDEFGHJKLMNPQRSTVWXY"
	n := (uint32(id)*0x2545F491 + uint32(h.env.Draw("queue id", uint64(h.id())))) & (1<<30 - 1)
	var id6 [6]byte
	for i := range id6 {
		id6[i] = digits[n&31]
		n >>= 5
	}
	return string(id6[:])
}

// accept makes this host responsible for the letter: the reply to the dot was
// 2yz, and from now on losing it is this host's fault (RFC 5321 §4.2.5, §6.1).
func (h *Host) accept(in *inbound, l *letter, cause trace.Pos) {
	h.custody(l, in.id, cause)
	if h.o.Depot != nil { // it is filed already
		for _, p := range l.to {
			h.stored(l, p, l.head, cause)
		}
		return
	}
	h.enqueue(l, cause)
}

// custody records that the host answers for a letter and its recipients.
func (h *Host) custody(l *letter, conn trace.ConnID, cause trace.Pos) {
	var flags trace.Flags
	if l.notice {
		flags = trace.Notice
	}
	h.event(trace.Event{
		Kind: trace.Custody, Conn: conn, Letter: l.id, Arg: uint32(len(l.to)), Flags: flags,
		Octets: h.env.Store([]byte(l.queueID)), Cause: cause,
	})
	for _, p := range l.to {
		h.event(trace.Event{
			Kind: trace.Accepted, Conn: conn, Letter: l.id, Flags: flags,
			Octets: h.mailboxOctets(p), Cause: cause,
		})
	}
}

// showAdded records, once, the header fields this host put on top of a letter.
func (h *Host) showAdded(l *letter, cause trace.Pos) trace.Pos {
	added := len(l.octets) - len(l.original)
	if l.shown || added == 0 {
		return cause
	}
	l.shown = true
	return h.event(trace.Event{
		Kind: trace.Added, Letter: l.id, Octets: h.env.Store(l.octets[:added]), Cause: cause,
	})
}

// deliver puts a letter into this host's own mailboxes.
func (h *Host) deliver(j *job, cause trace.Pos) {
	var failed, stored []recipient
	for _, r := range j.rcpts {
		_, known := h.mailbox(r.path)
		if !known {
			r.last = reply(550, 5, 1, 1, "no such mailbox here")
			failed = append(failed, r)
			continue
		}
		h.store(j.letter, r.path, cause)
		stored = append(stored, r)
	}
	j.rcpts = nil
	h.report(j, message.Delivered, stored, cause)
	if len(failed) > 0 {
		h.giveUp(j, failed, cause)
	}
}

// store files a letter in a mailbox, with the reverse-path on top (RFC 5321
// §4.4): our header lines and then the octets that arrived.
func (h *Host) store(l *letter, p smtp.Path, cause trace.Pos) {
	if l.filed == nil { // all recipients share it
		l.filed = append(l.returnPath(make([]byte, 0, 64+len(l.octets))), l.octets...)
	}
	for _, key := range h.keys(p) {
		h.boxes[key] = append(h.boxes[key], l.filed)
	}
	h.stored(l, p, l.filed[:len(l.filed)-len(l.original)], cause)
}

// returnPath appends the field that the final delivery puts on top (RFC 5321
// §4.4).
func (l *letter) returnPath(dst []byte) []byte {
	if l.utf8 {
		return message.AppendReturnPathUTF8(dst, l.from.String())
	}
	return message.AppendReturnPath(dst, l.from.String())
}

// stored records that a letter is in a mailbox, and the header fields that were
// put on top of it.
func (h *Host) stored(l *letter, p smtp.Path, head []byte, cause trace.Pos) {
	var flags trace.Flags
	if l.notice {
		flags = trace.Notice
	}
	cause = h.event(trace.Event{
		Kind: trace.Added, Letter: l.id, Flags: flags, Octets: h.env.Store(head), Cause: cause,
	})
	h.event(trace.Event{
		Kind: trace.Stored, Letter: l.id, Flags: flags, Octets: h.mailboxOctets(p), Cause: cause,
	})
}

// mailboxOctets stores a mailbox's name for an event.
func (h *Host) mailboxOctets(p smtp.Path) trace.Span {
	h.scratch = append(h.scratch[:0], p.Local...)
	if p.Domain != "" {
		h.scratch = append(append(h.scratch, '@'), p.Domain...)
	}
	return h.env.Store(h.scratch)
}

// mailboxKey is how a mailbox is filed: without the case of ASCII letters, as
// this server compares local-parts, and without the domain, which are all the
// same to it.
func mailboxKey(p smtp.Path) string { return smtp.ToLower(p.User()) }

// keys are the mailboxes that a path of this host stands for: its own, or those
// of a list (RFC 5321 §3.9.1).
func (h *Host) keys(p smtp.Path) []string {
	if l := h.list(p.User()); l != nil {
		var keys []string
		for _, m := range l.Members {
			keys = append(keys, smtp.ToLower(m))
		}
		return keys
	}
	return []string{mailboxKey(p)}
}

// list is the list of that name; nil if there is none.
func (h *Host) list(name string) *List {
	for i := range h.cfg.Server.Lists {
		if l := &h.cfg.Server.Lists[i]; smtp.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

// Mailbox returns the letters in a mailbox of this host, by its local-part, in
// the order in which they came.
func (h *Host) Mailbox(local string) [][]byte { return h.boxes[smtp.ToLower(local)] }
