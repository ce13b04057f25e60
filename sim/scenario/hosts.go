package scenario

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"helo/protocol/smtp"
	"helo/sim/host"
	"helo/sim/trace"
)

// notIDs are words that faults use otherwise.
var notIDs = []string{"world", "drop", "silent", "refuse"}

// host reads one entry of hosts.
func (p *scenarioParser) host(n ast.Node) {
	m := p.mapping(n, "a host", hostKeys)
	c := host.Config{ID: m.text("id"), Name: m.text("name"), Title: m.text("title"), Role: m.text("role")}
	if p.err != nil {
		return
	}
	if slices.Contains(notIDs, c.ID) {
		p.fail(m.at("id"), "id: %s is a word of faults; expected another short name, such as mx", c.ID)
	}
	if _, kind := trace.ParseKind(c.ID); kind {
		p.fail(m.at("id"), "id: %s is a word of patterns; expected another short name, such as mx", c.ID)
	}
	if !isID(c.ID) {
		p.fail(m.at("id"), "id: expected a short name such as mx, of small letters, digits and hyphens, found %q", c.ID)
	}
	if m.at("name") != nil && !isDomain(c.Name) {
		p.fail(m.at("name"), "name: expected a domain name such as mx.receiver.example, found %q", c.Name)
	}
	for _, other := range p.sc.Hosts {
		if other.ID == c.ID {
			p.fail(m.at("id"), "id: there is another host %q above", c.ID)
		}
		if c.Name != "" && smtp.EqualFold(other.Name, c.Name) {
			p.fail(m.at("name"), "name: the host %s has this name already", other.ID)
		}
	}
	c.Addrs = p.addresses(m, c.ID)
	c.Avoid = p.features(m, "avoid", 0)
	if word := m.text("tls"); word != "" {
		var ok bool
		if c.TLS, ok = host.ParseTLSMode(word); !ok {
			p.fail(m.at("tls"), "tls: expected may, insist, implicit or none, found %q", word)
		}
	}
	if n := m.at("client"); n != nil {
		c.Client = p.client(n)
	}
	if n := m.at("server"); n != nil {
		c.Server = p.server(n)
		if c.Name == "" {
			p.fail(m.node, "the host %s needs the key \"name\": a server greets with its name", c.ID)
		}
	}
	if c.Client == nil && c.Server == nil {
		p.fail(m.node, "the host %s does nothing; expected the key client or server", c.ID)
	}
	p.sc.Hosts = append(p.sc.Hosts, c)
}

// addresses reads the IP addresses of a host. No two hosts share one.
func (p *scenarioParser) addresses(m mapping, id string) []netip.Addr {
	var list []netip.Addr
	for _, i := range m.list("address") {
		a := p.address(i, "address")
		if slices.Contains(list, a) {
			p.fail(i.node, "address: %s stands here twice", a)
		}
		for _, other := range p.sc.Hosts {
			if slices.Contains(other.Addrs, a) {
				p.fail(i.node, "address: the host %s has %s already", other.ID, a)
			}
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		p.fail(m.at("address"), "address: the host %s needs at least one IP address", id)
	}
	return list
}

// client reads what makes a host a person's mail client.
func (p *scenarioParser) client(n ast.Node) *host.ClientConfig {
	m := p.mapping(n, "a client", clientKeys)
	c := &host.ClientConfig{
		User: m.text("user"), Server: m.text("server"),
		Port: uint16(m.number("port", 1, math.MaxUint16, 0)),
	}
	if p.err != nil {
		return c
	}
	if user, err := smtp.ParseMailbox(c.User); err != nil {
		p.fail(m.at("user"), "user: expected a mailbox such as alice@sender.example, found %q", c.User)
	} else {
		c.User = user.Mailbox()
	}
	if !isDomain(c.Server) {
		p.fail(m.at("server"), "server: expected the domain name of the server it submits to, such as mail.sender.example, found %q", c.Server)
	}
	p.servers = append(p.servers, item{m.at("server"), c.Server})
	if n := m.at("login"); n != nil {
		c.Login = p.login(n)
	}
	return c
}

// server reads what makes a host a mail server.
func (p *scenarioParser) server(n ast.Node) *host.ServerConfig {
	m := mapping{r: p.reader, node: n}
	if _, empty := n.(*ast.NullNode); !empty {
		m = p.mapping(n, "a server", serverKeys)
	}
	s := &host.ServerConfig{
		Extensions: p.features(m, "features", smtp.BasicExtensions),
		MaxSize:    m.number("size", 0, math.MaxInt64, 0),
		MaxRcpts:   int(m.number("recipients", 1, 1_000_000, 100)),
		Lifetime:   m.duration("lifetime", host.DefaultLifetime),
	}
	for _, i := range m.list("domains") {
		if !isDomain(i.text) {
			p.fail(i.node, "domains: expected a domain name such as receiver.example, found %q", i.text)
		}
		for _, other := range p.sc.Hosts {
			if other.Server != nil && slices.ContainsFunc(other.Server.Domains, func(d string) bool { return smtp.EqualFold(d, i.text) }) {
				p.fail(i.node, "domains: mail for %s ends at the host %s already", i.text, other.ID)
			}
		}
		s.Domains = append(s.Domains, i.text)
	}
	for _, i := range m.list("mailboxes") {
		box := smtp.Path{Local: i.text, Domain: "receiver.example"}
		if !box.Valid() {
			p.fail(i.node, "mailboxes: expected what stands before the @, such as bob, found %q", i.text)
		}
		s.Mailboxes = append(s.Mailboxes, box.User())
	}
	for _, n := range m.sequence("lists") {
		s.Lists = append(s.Lists, p.serverList(n, s))
	}
	p.users(m, s)
	for _, i := range m.list("submission") {
		s.Submission = append(s.Submission, p.prefix(i))
	}
	for _, i := range m.list("retry") {
		d := p.duration(i, "retry")
		if p.err == nil && d <= 0 {
			p.fail(i.node, "retry: expected a wait longer than nothing")
		}
		s.Retry = append(s.Retry, d)
	}
	if s.Retry == nil {
		s.Retry = host.DefaultRetry
	}
	return s
}

// serverList reads one entry of lists: a name that stands for mailboxes.
func (p *scenarioParser) serverList(n ast.Node, s *host.ServerConfig) host.List {
	m := p.mapping(n, "a list", listKeys)
	l := host.List{Name: m.text("name")}
	if box := (smtp.Path{Local: l.Name, Domain: "receiver.example"}); p.err == nil && !box.Valid() {
		p.fail(m.at("name"), "name: expected what stands before the @, such as team, found %q", l.Name)
	}
	for _, i := range m.list("members") {
		if !slices.ContainsFunc(s.Mailboxes, func(b string) bool { return smtp.EqualFold(b, i.text) }) {
			p.fail(i.node, "members: expected a mailbox of this server, and it has no %q", i.text)
		}
		l.Members = append(l.Members, i.text)
	}
	if p.err == nil && len(l.Members) == 0 {
		p.fail(m.at("members"), "members: expected at least one mailbox")
	}
	return l
}

// features reads a list of extensions.
func (p *scenarioParser) features(m mapping, key string, otherwise smtp.Extensions) smtp.Extensions {
	if m.at(key) == nil {
		return otherwise
	}
	var set smtp.Extensions
	for _, i := range m.list(key) {
		bit, ok := smtp.ParseExtension(i.text)
		if !ok {
			known := strings.ReplaceAll(smtp.AllExtensions.String(), " ", ", ")
			p.fail(i.node, "%s: unknown feature %q; expected any of %s", key, i.text, known)
		}
		set |= bit
	}
	return set
}

// prefix reads an IP address, or a block of them such as 192.0.2.0/24.
func (p *scenarioParser) prefix(i item) netip.Prefix {
	if p.err != nil {
		return netip.Prefix{}
	}
	if a, err := netip.ParseAddr(i.text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen())
	}
	block, err := netip.ParsePrefix(i.text)
	if err != nil {
		p.fail(i.node, "submission: expected an IP address or a block such as 192.0.2.0/24, found %q", i.text)
	}
	return block.Masked()
}

// isID says whether s can be a host's short name.
func isID(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isDomain says whether s is a domain name by RFC 5321 §4.1.2: labels of
// letters, digits and inner hyphens. Its lengths are those of RFC 1035 §2.3.4.
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' {
				return false
			}
		}
	}
	_, err := strconv.ParseUint(strings.ReplaceAll(s, ".", ""), 10, 64)
	return err != nil // an address is not a name
}
