package scenario

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/host"
)

// users reads who may log in at a server, and how.
func (p *scenarioParser) users(m mapping, s *host.ServerConfig) {
	accounts := sasl.NewAccounts(nil)
	var list []ast.Node
	if n := m.at("users"); n != nil {
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			p.fail(n, "users: expected a list, each entry after a dash, found %s", describeSecret(n))
			return
		}
		list = seq.Values
	}
	for _, n := range list {
		u := p.mapping(n, "a user", userKeys)
		a := sasl.Account{User: u.text("name"), Password: u.text("password"), Token: u.text("token")}
		p.secret(u, a.Password, a.Token)
		if err := a.Check(); p.err == nil && err != nil {
			p.fail(about(u, err), "%v", err)
		}
		if accounts.Has(a.User) {
			p.fail(u.at("name"), "name: there is another user %q above", a.User)
		}
		s.Tokens = s.Tokens || a.Token != ""
		accounts.Add(a)
	}
	for _, i := range m.list("mechanisms") {
		s.Mechanisms = append(s.Mechanisms, p.mechanism(i))
	}
	s.PlainInClear = p.yes(m, "plain-in-clear")
	switch {
	case p.err != nil:
	case len(list) > 0:
		s.Accounts = accounts
	case s.Mechanisms != nil:
		p.fail(m.at("mechanisms"), "mechanisms: nobody can log in here; expected the key users as well")
	case s.PlainInClear:
		p.fail(m.at("plain-in-clear"), "plain-in-clear: nobody can log in here; expected the key users as well")
	}
	if s.Accounts != nil && m.at("features") == nil {
		s.Extensions |= smtp.Security
	}
	if s.Accounts != nil && !s.Extensions.Has(smtp.Auth) {
		p.fail(m.at("features"), "features: users cannot log in without auth")
	}
}

// about is where the text stands that an error of [sasl.Account.Check] is about.
func about(u mapping, err error) ast.Node {
	for _, key := range []string{"name", "password", "token"} {
		if n := u.at(key); n != nil && strings.Contains(err.Error(), key) {
			return n
		}
	}
	return u.node
}

// login reads how a mail client logs in.
func (p *scenarioParser) login(n ast.Node) *host.Login {
	m := p.mapping(n, "a login", loginKeys)
	l := &host.Login{
		User: m.text("user"), Password: m.text("password"), Token: m.text("token"),
		Mechanism: p.mechanism(item{m.at("mechanism"), m.text("mechanism")}), InClear: p.yes(m, "in-clear"),
	}
	p.secret(m, l.Password, l.Token)
	if p.err != nil {
		return l
	}
	// What no login could send is a mistake of the file, not of the run.
	mechanism, where := l.Mechanism, m.at("mechanism")
	switch {
	case mechanism != "":
	case l.Token != "":
		mechanism, where = "XOAUTH2", n
	default:
		mechanism, where = "SCRAM-SHA-256", n
	}
	_, err := sasl.NewLogin(mechanism, sasl.ClientOptions{
		Credentials: sasl.Credentials{User: l.User, Password: l.Password, Token: l.Token},
		Nonce:       "nonce", Binding: &sasl.Binding{Type: sasl.TLSExporter, Data: []byte{0}},
	})
	if err != nil {
		_, words, _ := strings.Cut(err.Error(), ": ")
		if l.Mechanism != "" {
			words = err.Error()
		}
		p.fail(where, "login: %s", words)
	}
	return l
}

// mechanism reads the name of a SASL mechanism; empty is none.
func (p *scenarioParser) mechanism(i item) string {
	if i.text == "" {
		return ""
	}
	found, ok := sasl.Find(i.text)
	if !ok {
		var names []string
		for _, known := range sasl.Mechanisms {
			names = append(names, known.Name)
		}
		p.fail(i.node, "unknown mechanism %q; expected one of %s", i.text, strings.Join(names, ", "))
	}
	return found.Name
}

// secret holds that there is a password or a token.
func (p *scenarioParser) secret(m mapping, password, token string) {
	if p.err == nil && password == "" && token == "" {
		p.fail(m.node, "expected the key password, or token")
	}
}

// yes reads a key that is yes or no; it is no unless said.
func (p *scenarioParser) yes(m mapping, key string) bool {
	switch word := m.text(key); word {
	case "yes", "true":
		return true
	case "", "no", "false":
	default:
		p.fail(m.at(key), "%s: expected yes or no", key)
	}
	return false
}
