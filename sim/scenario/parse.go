package scenario

import (
	"math"
	"path"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// The keys of a scenario file.
var (
	scenarioKeys = keySet{
		needed:   []string{"title", "start", "hosts", "dns"},
		optional: []string{"about", "latency", "letters", "faults", "limits"},
	}
	hostKeys = keySet{
		needed:   []string{"id", "address"},
		optional: []string{"name", "title", "role", "client", "server", "avoid", "tls"},
	}
	clientKeys = keySet{
		needed:   []string{"user", "server"},
		optional: []string{"port", "login"},
	}
	loginKeys = keySet{
		needed:   []string{"user"},
		optional: []string{"password", "token", "mechanism", "in-clear"},
		secret:   true,
	}
	userKeys = keySet{
		needed:   []string{"name"},
		optional: []string{"password", "token"},
		secret:   true,
	}
	serverKeys = keySet{
		optional: []string{"domains", "mailboxes", "submission", "features", "size", "recipients", "retry", "lifetime", "lists", "users", "mechanisms", "plain-in-clear"},
	}
	listKeys = keySet{
		needed: []string{"name", "members"},
	}
	letterKeys = keySet{
		needed:   []string{"host", "to", "text"},
		optional: []string{"from", "at", "notify", "return", "envid", "require-tls"},
	}
	limitKeys = keySet{
		optional: []string{"events", "time", "octets"},
	}
)

// DefaultLatency holds for a scenario that names none.
const DefaultLatency = 15 * time.Millisecond

// maxHosts is more than any picture can show.
const maxHosts = 1000

// Parse reads a scenario file; file is its name, for messages. The scenario is
// called like the file without its folder and ending. Errors are of type
// [*Error].
func Parse(src []byte, file string) (*Scenario, error) {
	r, root := read(src, file)
	p := &scenarioParser{reader: r, sc: &Scenario{
		Name: strings.TrimSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), path.Ext(file)),
	}}
	p.parse(root)
	if r.err != nil {
		return nil, r.err
	}
	return p.sc, nil
}

// scenarioParser builds one scenario.
type scenarioParser struct {
	*reader
	sc      *Scenario
	servers []item // the submission servers that mail clients name
}

func (p *scenarioParser) parse(root ast.Node) {
	m := p.mapping(root, "a scenario", scenarioKeys)
	sc := p.sc
	sc.Title = strings.TrimSpace(m.text("title"))
	sc.About = strings.TrimSpace(m.text("about"))
	p.start(m)
	sc.Latency = m.duration("latency", DefaultLatency)
	limits := mapping{r: p.reader}
	if n := m.at("limits"); n != nil {
		limits = p.mapping(n, "limits", limitKeys)
	}
	sc.MaxEvents = uint32(limits.number("events", 1, math.MaxUint32-1, DefaultMaxEvents))
	sc.MaxTime = limits.duration("time", DefaultMaxTime)
	sc.MaxOctets = limits.number("octets", 1, math.MaxInt64, DefaultMaxOctets)
	hosts := m.sequence("hosts")
	if p.err == nil && (len(hosts) == 0 || len(hosts) > maxHosts) {
		p.fail(m.at("hosts"), "hosts: expected from 1 to %d hosts, found %d", maxHosts, len(hosts))
	}
	for _, n := range hosts {
		p.host(n)
	}
	p.zones(m)
	for _, n := range m.sequence("letters") {
		p.letter(n)
	}
	for _, i := range m.list("faults") {
		p.fault(i)
	}
}

func (p *scenarioParser) start(m mapping) {
	text := m.text("start")
	if p.err != nil {
		return
	}
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(m.at("start"), "start: expected a date and time such as 2026-11-23T10:15:00Z, found %q", text)
		return
	}
	p.sc.Start = start.UTC()
	// A letter has no earlier date (RFC 5322 §3.3), and a certificate that outlives
	// the run none with five digits (RFC 5280 §4.1.2.5).
	if year := p.sc.Start.Year(); year < 1900 || year > 9900 {
		p.fail(m.at("start"), "start: expected a year from 1900 to 9900, found %d", year)
	}
}
