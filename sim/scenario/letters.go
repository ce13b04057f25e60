package scenario

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// letter reads one entry of letters.
func (p *scenarioParser) letter(n ast.Node) {
	m := p.mapping(n, "a letter", letterKeys)
	l := Letter{Host: p.hostIndex(m.at("host"), m.text("host")), At: m.duration("at", 0)}
	if p.err != nil {
		return
	}
	client := p.sc.Hosts[l.Host].Client
	if client == nil {
		p.fail(m.at("host"), "host: expected a host with a mail client, and %s has none", p.sc.Hosts[l.Host].ID)
		return
	}
	if m.at("from") == nil {
		l.From, _ = smtp.ParseMailbox(client.User)
	} else {
		l.From = p.path(item{m.at("from"), m.text("from")}, "from", true)
	}
	for _, i := range m.list("to") {
		l.To = append(l.To, p.path(i, "to", false))
	}
	if len(l.To) == 0 {
		p.fail(m.at("to"), "to: expected at least one recipient")
	}
	p.reports(m, &l)
	l.RequireTLS = p.yes(m, "require-tls")
	text := m.block("text")
	if p.err == nil && text == "" {
		p.fail(m.at("text"), "text: the letter is empty; expected its header fields, a blank line and its body")
	}
	l.Octets = crlf(text)
	p.sc.Letters = append(p.sc.Letters, l)
}

// reports reads what is asked about reports (RFC 3461 §4).
func (p *scenarioParser) reports(m mapping, l *Letter) {
	for i, item := range m.list("notify") {
		n, ok := smtp.ParseNotify(item.text)
		if l.Notify |= n; !ok || l.Notify.Has(smtp.NotifyNever) && i > 0 {
			p.fail(item.node, "notify: expected never, or any of success, failure and delay, found %q", item.text)
		}
	}
	if n := m.at("return"); n != nil {
		r, ok := smtp.ParseReturn(m.text("return"))
		if l.DSN.Return = r; !ok {
			p.fail(n, "return: expected full or hdrs, found %q", m.text("return"))
		}
	}
	if n := m.at("envid"); n != nil {
		id, ok := smtp.EnvIDOf(m.text("envid"))
		if l.DSN.EnvID = id; !ok {
			p.fail(n, "envid: expected printable ASCII, 1 to %d characters, found %q", smtp.MaxEnvID, m.text("envid"))
		}
	}
}

// path reads an address of the envelope, with or without its angle brackets.
func (p *scenarioParser) path(i item, key string, null bool) smtp.Path {
	if p.err != nil {
		return smtp.Path{}
	}
	text, shift := i.text, 0
	if !strings.HasPrefix(text, "<") {
		text, shift = "<"+text+">", 1
	}
	path, err := smtp.ParsePath(text)
	var syntax *smtp.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line, column := p.inside(i.node, min(max(syntax.Pos-shift, 0), len(i.text))+1)
		p.failAt(line, column, "%s: expected %s in %q", key, syntax.Want, i.text)
	case err != nil:
		p.fail(i.node, "%s: %v", key, err)
	case path.IsNull() && (!null || i.text == ""):
		example := "bob@receiver.example"
		if null {
			example = "alice@sender.example, or <> for a letter that no notice answers"
		}
		p.fail(i.node, "%s: expected an address such as %s, found %q", key, example, i.text)
	}
	return path
}

// crlf turns the lines of a YAML block into lines as mail has them (RFC 5321
// §2.3.8).
func crlf(text string) []byte {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// hostIndex finds a host by its short name.
func (p *scenarioParser) hostIndex(n ast.Node, id string) int {
	if p.err != nil {
		return 0
	}
	var ids []string
	for i := range p.sc.Hosts {
		if p.sc.Hosts[i].ID == id {
			return i
		}
		ids = append(ids, p.sc.Hosts[i].ID)
	}
	p.fail(n, "there is no host %q; the hosts are %s", id, strings.Join(ids, ", "))
	return 0
}

// fault reads one entry of faults, whose mistakes have columns of their own.
func (p *scenarioParser) fault(i item) {
	if p.err != nil {
		return
	}
	f, err := host.ParseFault(i.text)
	if err == nil {
		err = p.sc.CheckFault(f)
	}
	var word *trace.WordError
	switch {
	case errors.As(err, &word):
		line, column := p.inside(i.node, word.Column)
		p.failAt(line, column, "%s", word.Msg)
	case err != nil:
		p.fail(i.node, "%v", err)
	}
	p.sc.Faults = append(p.sc.Faults, f)
}

// CheckFault returns an error of type [*trace.WordError] if a fault can never
// fire among the scenario's hosts.
func (s *Scenario) CheckFault(f *host.Fault) error { return f.Check(s.Hosts) }
