package scenario

import (
	"strings"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/host"
)

// users reads who may log in at a server, and how.
func (p *scenarioParser) users(m mapping, s *host.ServerConfig) {
	var accounts []sasl.Account
	for _, n := range m.sequence("users") {
		u := p.mapping(n, "a user", userKeys)
		a := sasl.Account{User: u.text("name"), Password: u.text("password"), Token: u.text("token")}
		p.secret(u, a.Password, a.Token)
		for _, other := range accounts {
			if other.User == a.User {
				p.fail(u.at("name"), "name: there is another user %q above", a.User)
			}
		}
		s.Tokens = s.Tokens || a.Token != ""
		accounts = append(accounts, a)
	}
	for _, i := range m.list("mechanisms") {
		s.Mechanisms = append(s.Mechanisms, p.mechanism(i))
	}
	s.PlainInClear = p.yes(m, "plain-in-clear")
	switch {
	case p.err != nil:
	case accounts != nil:
		s.Accounts = sasl.NewAccounts(accounts)
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
		p.fail(m.at(key), "%s: expected yes or no, found %q", key, word)
	}
	return false
}
