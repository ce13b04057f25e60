package host

// Logins: who a client is, and who this host says it is (RFC 4954). The
// mechanisms are those of protocol/sasl.

import (
	"encoding/hex"
	"errors"
	"slices"

	"helo/protocol/sasl"
	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Login is how a host logs in where it submits mail.
type Login struct {
	User, Password, Token string // a Token for the mechanisms that want one
	Mechanism             string // of SASL; empty: the strongest that is offered and can be used
	InClear               bool   // a password may be said outside TLS, and to whomever inside
}

// mechanisms lists the names of what a server offers inside TLS, or outside:
// there nothing that reveals the password, unless the configuration is so.
func (s *ServerConfig) mechanisms(inside bool) []string {
	var names []string
	for _, m := range sasl.Mechanisms {
		switch {
		case s.Mechanisms != nil && !slices.ContainsFunc(s.Mechanisms, func(n string) bool { return smtp.EqualFold(n, m.Name) }):
		case s.Mechanisms == nil && m.Token && !s.Tokens:
		case !inside && (m.Binds || m.ClearText && !s.PlainInClear):
		default:
			names = append(names, m.Name)
		}
	}
	return names
}

// login goes on with a login that the session allows.
func (h *Host) login(in *inbound, cmd *smtp.Command, proposed smtp.Reply) smtp.Reply {
	if proposed.Code != 454 { // it is none, or it is over
		if in.exchange != nil && in.exchange.Refused() {
			in.server.LoginFailed()
		}
		in.exchange = nil
		return proposed
	}
	response := cmd.SASL
	if cmd.Verb == smtp.AUTH {
		m, known := sasl.Find(cmd.Mechanism)
		if !known {
			return reply(504, 5, 5, 4, "mechanism not offered")
		}
		exchange, err := sasl.NewExchange(m.Name, sasl.ServerOptions{
			Accounts: h.cfg.Server.Accounts, Host: h.name, Time: h.env.Clock(), Nonce: h.nonce(),
			Binding: in.binding, BindingOffered: in.binding != nil && slices.ContainsFunc(h.cfg.Server.mechanisms(in.server.Secure()), bindsName),
		})
		switch {
		case err != nil: // such as binding without TLS
			return reply(504, 5, 5, 4, "mechanism not offered")
		case cmd.Initial && m.ServerFirst:
			return reply(501, 5, 7, 0, "this mechanism begins with the server, expected no response yet") // RFC 4954 §4
		}
		in.exchange = exchange
	}
	if in.exchange == nil {
		return proposed
	}
	challenge, done, err := in.exchange.Next(response)
	switch {
	case errors.Is(err, sasl.ErrIntercepted):
		in.exchange = nil
		return reply(535, 5, 7, 8, "the login belongs to another connection, someone may be in between")
	case errors.Is(err, sasl.ErrWrong):
		in.exchange = nil
		return reply(535, 5, 7, 8, "user or password is wrong")
	case err != nil:
		in.exchange = nil
		return reply(535, 5, 7, 8, "the login does not follow its mechanism")
	case done:
		return reply(235, 2, 7, 0, "logged in")
	}
	return smtp.ChallengeReply(challenge)
}

func bindsName(name string) bool {
	m, _ := sasl.Find(name)
	return m.Binds
}

// nonce is fresh for each login.
func (h *Host) nonce() string {
	h.nonces++
	var b [16]byte
	for i := range 2 {
		n := h.env.Draw("nonce", uint64(h.id())<<32|h.nonces<<1|uint64(i))
		for k := range 8 {
			b[8*i+k] = byte(n >> (8 * k))
		}
	}
	return hex.EncodeToString(b[:])
}

// loginAnswered looks at what was said to AUTH or a response: unless the login
// goes on, it is over. Whoever is let in without having shown who it is, by a
// fault, is let in as nobody.
func (h *Host) loginAnswered(in *inbound, r smtp.Reply) {
	exchange := in.exchange
	if r.Intermediate() || exchange == nil {
		return
	}
	in.exchange = nil
	if user := exchange.User(); user != "" && r.Code == 235 && in.server.LoggedIn() {
		in.pos = h.event(trace.Event{
			Kind: trace.LoggedIn, Conn: in.id, Peer: h.env.Peer(in.id), Octets: h.env.Store([]byte(user)), Cause: in.pos,
		})
	}
}

// logIn begins the login that a session needs before its letter, and says
// whether there is anything to wait for: false means that it is not possible,
// and why is noted.
func (h *Host) logIn(out *outbound) bool {
	withheld, failed := false, error(nil)
	for _, m := range sasl.Mechanisms {
		if !h.canUse(out, m) {
			continue
		}
		if m.ClearText && !out.verified && !h.cfg.Client.Login.InClear { // TLS with whomever keeps nobody out (RFC 7435 §1)
			withheld = true
			continue
		}
		if failed = h.beginLogin(out, m); failed == nil {
			return true
		}
	}
	outcome, why := smtp.Refused, reply(550, 5, 7, 4, "the server offers no login that can be used")
	hadTLS := out.job.clear || out.client.Offer().Extensions.Has(smtp.StartTLS)
	switch {
	case failed != nil:
		h.leaveLogin(out, failed.Error())
		return false
	case h.wish(out.job) == TLSMay && hadTLS && !out.client.Secure(): // which is not for good
		outcome, why = smtp.Deferred, reply(451, 4, 7, 5, "no login that can be used without TLS, and TLS did not come about")
	case withheld && out.client.Secure():
		outcome, why = smtp.Deferred, reply(451, 4, 7, 5, "the password is not said to a server whose certificate is wrong")
	case withheld:
		why = reply(550, 5, 7, 11, "the password is not said outside TLS")
	}
	out.why = smtp.Result{Outcome: outcome, Verb: smtp.AUTH, Reply: why, Local: true}
	return false
}

// canUse says whether the server offers a mechanism, and it is for what the user
// has.
func (h *Host) canUse(out *outbound, m sasl.Mechanism) bool {
	l := h.cfg.Client.Login
	switch {
	case !slices.ContainsFunc(out.client.Offer().Mechanisms, func(n string) bool { return smtp.EqualFold(n, m.Name) }):
	case slices.Contains(out.tried, m.Name): // and the server did not know it
	case m.Binds && out.binding == nil:
	case l.Mechanism != "":
		return smtp.EqualFold(l.Mechanism, m.Name)
	default:
		return m.Token == (l.Token != "")
	}
	return false
}

// beginLogin says AUTH. Its error repeats nothing of a password.
func (h *Host) beginLogin(out *outbound, m sasl.Mechanism) error {
	l := h.cfg.Client.Login
	login, err := sasl.NewLogin(m.Name, sasl.ClientOptions{
		Credentials: sasl.Credentials{User: l.User, Password: l.Password, Token: l.Token, Host: h.cfg.Client.Server, Port: out.job.port},
		Nonce:       h.nonce(), Binding: out.binding, Keys: &h.hashed,
		ServerOffersPlus: slices.ContainsFunc(out.client.Offer().Mechanisms, bindsName) && !slices.ContainsFunc(out.tried, bindsName),
	})
	if err != nil {
		return err
	}
	initial, ok := login.Initial()
	if !ok {
		initial = nil
	} else if initial == nil {
		initial = []byte{}
	}
	if err := out.client.Login(m.Name, initial); err != nil {
		return err
	}
	out.login, out.tried = login, append(out.tried, m.Name)
	return nil
}

// respond answers a challenge.
func (h *Host) respond(out *outbound) {
	response, err := out.login.Next(out.client.Challenge())
	if err != nil {
		h.leaveLogin(out, err.Error())
		out.client.CancelLogin()
		return
	}
	out.client.Respond(response)
}

// loginOver looks at how a login ended, and says whether the session goes on: with
// the letter, or with another login.
func (h *Host) loginOver(out *outbound) bool {
	done, r := out.client.LoggedIn()
	login := out.login
	out.login = nil
	switch {
	case out.why.Outcome != smtp.Pending:
	case out.client.BadChallenge():
		h.leaveLogin(out, "the server's challenge is no base64")
	case !done && r.Positive():
		h.leaveLogin(out, "the server was content before it was told who this is")
	case !done && r.Code == 504 && h.cfg.Client.Login.Mechanism == "": // RFC 4954 §4
		// Not after 534: the strongest came first, and a weaker one is too weak as
		// well (RFC 4954 §6).
		if !h.logIn(out) { // no other: then it is as the server says
			out.why = smtp.Result{Outcome: smtp.Refused, Verb: smtp.AUTH, Reply: r}
		}
	case !done:
		out.why = smtp.Result{Outcome: smtp.Refused, Verb: smtp.AUTH, Reply: r}
		if r.Transient() {
			out.why.Outcome = smtp.Deferred
		}
	default:
		switch err := login.Finish(); {
		case errors.Is(err, sasl.ErrServer): // it has not proved who it is (RFC 5802 §5)
			out.why = smtp.Result{Outcome: smtp.Refused, Verb: smtp.AUTH, Local: true,
				Reply: reply(550, 5, 7, 0, "the server did not prove that it knows the password")}
		case err != nil:
			h.leaveLogin(out, err.Error())
		}
	}
	return out.why.Outcome == smtp.Pending
}

// leaveLogin notes why a login came to nothing at this end.
func (h *Host) leaveLogin(out *outbound, why string) {
	out.why = smtp.Result{Outcome: smtp.Refused, Verb: smtp.AUTH, Local: true, Reply: reply(550, 5, 7, 0, "login given up: "+why)}
}
