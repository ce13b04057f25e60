package explain

// A login: what the mechanism's messages say, with their base64 undone.

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// login is where in a login an event stands.
type login struct {
	mechanism string // "" if it is not known
	step      int    // of the responses, this one included; of challenges likewise; from 1
}

// emptyChallenge is how long a challenge without an octet is: then the client
// is to say its first message (RFC 4954 §4).
const emptyChallenge = uint32(len("334 \r\n"))

// login looks back for the AUTH that an event of a login belongs to.
func (s *telling) login(challenge bool) login {
	l := login{}
	for p := s.pos + 1; p > 0; {
		p--
		e := s.t.At(p)
		if e.Conn != s.e.Conn {
			continue
		}
		switch {
		case e.Kind == trace.Connect:
			return l
		case e.Kind == trace.Reply && e.Code == 334 && challenge && e.Octets.Len > emptyChallenge, e.Kind == trace.Command && e.Verb == smtp.Response && !challenge:
			l.step++
		case e.Kind == trace.Command && e.Verb == smtp.AUTH:
			cmd := smtp.ParseCommand(s.t.Octets(e.Octets))
			if l.mechanism = strings.ToUpper(cmd.Mechanism); cmd.Initial && !challenge {
				l.step++
			}
			return l
		}
	}
	return l
}

// isMasked says whether all octets are stars: what is left of a secret.
func isMasked(octets []byte) bool {
	return len(octets) > 0 && len(bytes.Trim(octets, "*")) == 0
}

// response takes the line of an answer to a challenge apart.
func response(line []byte) smtp.Command {
	cmd := smtp.Command{Verb: smtp.Response, Line: line}
	end := len(trimLineEnd(line))
	if end > 0 {
		cmd.Parts = append(cmd.Parts, smtp.Part{Kind: smtp.PartResponse, Start: 0, End: end})
	}
	if end < len(line) {
		cmd.Parts = append(cmd.Parts, smtp.Part{Kind: smtp.PartLineEnd, Start: end, End: len(line)})
	} else {
		cmd.Err = &smtp.SyntaxError{Pos: end, Want: "a line of at most " + strconv.Itoa(smtp.MaxLoginLine) + " octets"}
		return cmd
	}
	if cmd.Cancel = string(line[:end]) == "*"; cmd.Cancel || isMasked(line[:end]) {
		return cmd
	}
	var err error
	if cmd.SASL, err = decodeStrictly(line[:end]); err != nil {
		cmd.Err = &smtp.SyntaxError{Want: "a response in base64"}
	}
	return cmd
}

// decodeStrictly undoes base64 in which no foreign octet may stand (RFC 4954 §4).
func decodeStrictly(b []byte) ([]byte, error) {
	if bytes.ContainsAny(b, "\r\n") { // the library skips them
		return nil, base64.CorruptInputError(0)
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	return out[:n], err
}

// loginCommand explains AUTH and the answers to challenges.
func (s *telling) loginCommand(cmd *smtp.Command, verb *Entry) string {
	l := s.login(false)
	if cmd.Verb == smtp.AUTH {
		l.mechanism = strings.ToUpper(cmd.Mechanism)
	}
	how := s.mechanism(l.mechanism)
	s.v.set("mechanism", l.mechanism)
	s.v.say("how", how.Note("how"))
	step := how.Note("response " + strconv.Itoa(l.step))
	if step == "" {
		step = s.entry("sasl", "other").Note("response")
	}
	s.v.say("step", step)
	said := s.said(cmd, l)
	switch {
	case cmd.Cancel:
		return "here cancel"
	case said != "":
		s.v.say("said", said)
		return "here said"
	case cmd.Verb == smtp.Response && len(trimLineEnd(s.x.Octets)) == 0:
		empty := how.Note("empty")
		if empty == "" {
			empty = s.entry("sasl", "other").Note("empty")
		}
		s.v.say("empty", empty)
		return "here empty"
	case cmd.Initial:
		return "here initial"
	}
	return "here"
}

// said is what a response comes to once its base64 is undone, if it may be
// seen: "user “alice”, password “wonderland”".
func (s *telling) said(cmd *smtp.Command, l login) string {
	const most = 32 // characters of a value
	var list []string
	for _, p := range cmd.Parts {
		if p.Kind != smtp.PartResponse || isMasked(s.x.Octets[p.Start:p.End]) {
			continue
		}
		for _, f := range saslFields(l, false, decoded(s.x.Octets[p.Start:p.End])) {
			if entry := s.entry("sasl", f.key); f.value != "" && f.value != "=" {
				list = append(list, entry.Name+" “"+clip(Visible([]byte(f.value)), most)+"”")
			}
		}
	}
	return strings.Join(list[:min(len(list), 4)], ", ")
}

// asksFor says what a challenge asks for.
func (s *telling) asksFor() string {
	if s.e.Octets.Len <= emptyChallenge {
		return s.entry("sasl", "other").Note("first")
	}
	l := s.login(true)
	if text := s.mechanism(l.mechanism).Note("challenge " + strconv.Itoa(l.step)); text != "" {
		return text
	}
	return s.entry("sasl", "other").Note("challenge")
}

// mechanism is the entry of a mechanism, or that of those helo does not know.
func (s *telling) mechanism(name string) *Entry {
	if e := s.r.Entry("sasl", name); e != nil && e.Note("how") != "" {
		return e
	}
	return s.entry("sasl", "other")
}

// responsePart explains the base64 of a response: what it says, if that may be
// seen.
func (s *telling) responsePart(cmd *smtp.Command, start, end int) {
	entry := s.entry("parts", "response")
	octets := s.x.Octets[start:end]
	switch {
	case cmd.Cancel:
		s.part(start, end, entry, "cancel")
	case isMasked(octets):
		s.part(start, end, entry, "masked")
	case string(octets) == "=":
		s.part(start, end, entry, "empty")
	default:
		l := s.login(false)
		if cmd.Verb == smtp.AUTH {
			l.mechanism = strings.ToUpper(cmd.Mechanism)
		}
		s.undone(start, end, entry, saslFields(l, false, decoded(octets)))
	}
}

// challengePart explains the text of a 334.
func (s *telling) challengePart(start, end int) {
	entry := s.entry("parts", "challenge")
	octets := s.x.Octets[start:end]
	if isMasked(octets) {
		s.part(start, end, entry, "masked")
		return
	}
	s.undone(start, end, entry, saslFields(s.login(true), true, decoded(octets)))
}

func decoded(octets []byte) []byte {
	out, err := decodeStrictly(octets)
	if err != nil {
		return nil
	}
	return out
}

// undone adds base64 as a part, and inside it what its octets come to. Three
// octets are four characters: a character that belongs to two fields stands
// with the first of them.
func (s *telling) undone(start, end int, entry *Entry, fields []saslField) {
	s.part(start, end, entry, "part")
	if len(fields) == 0 {
		return
	}
	last := fields[len(fields)-1].end
	char := func(octet int) int {
		if octet >= last {
			return end
		}
		return min(start+(octet*8+5)/6, end)
	}
	for _, f := range fields {
		e := s.entry("sasl", f.key)
		s.v.set("value", f.value)
		p := s.part(char(f.start), char(f.end), e, "part")
		p.Inside, p.RFC = true, ""
	}
}

// saslField is a stretch of a message of a login, its base64 undone.
type saslField struct {
	start, end int
	key        string // of its entry in the table sasl
	value      string
}

// saslFields takes a message of a login apart.
func saslFields(l login, challenge bool, msg []byte) []saslField {
	if len(msg) == 0 {
		return nil
	}
	whole := func(key string) []saslField { return []saslField{{0, len(msg), key, string(msg)}} }
	switch {
	case l.mechanism == "PLAIN" && !challenge:
		return plainFields(msg)
	case l.mechanism == "LOGIN" && challenge:
		return whole("prompt")
	case l.mechanism == "LOGIN" && l.step == 1:
		return whole("user")
	case l.mechanism == "LOGIN" && l.step == 2:
		return whole("password")
	case l.mechanism == "CRAM-MD5" && challenge:
		return whole("timestamp")
	case l.mechanism == "CRAM-MD5":
		if i := bytes.LastIndexByte(msg, ' '); i > 0 {
			return []saslField{{0, i, "user", string(msg[:i])}, {i + 1, len(msg), "digest", string(msg[i+1:])}}
		}
	case strings.HasPrefix(l.mechanism, "SCRAM-"):
		return scramFields(msg, challenge)
	case l.mechanism == "OAUTHBEARER" || l.mechanism == "XOAUTH2":
		if challenge {
			return whole("trouble")
		}
		return tokenFields(msg)
	}
	return whole("message")
}

// plainFields is authzid NUL authcid NUL password (RFC 4616 §2).
func plainFields(msg []byte) []saslField {
	i := bytes.IndexByte(msg, 0)
	j := bytes.LastIndexByte(msg, 0)
	if i < 0 || i == j || bytes.IndexByte(msg[i+1:j], 0) >= 0 {
		return []saslField{{0, len(msg), "message", string(msg)}}
	}
	var out []saslField
	nul := "NUL alone"
	if i > 0 {
		out = append(out, saslField{0, i, "authzid", string(msg[:i])})
		nul = "NUL"
	}
	return append(out, saslField{i, i + 1, nul, ""}, saslField{i + 1, j, "user", string(msg[i+1 : j])},
		saslField{j, j + 1, "NUL", ""}, saslField{j + 1, len(msg), "password", string(msg[j+1:])})
}

// scramFields are attributes behind commas (RFC 5802 §7); a client's first
// message begins with a word on channel binding.
func scramFields(msg []byte, challenge bool) []saslField {
	var out []saslField
	at := 0
	if !challenge && (msg[0] == 'n' || msg[0] == 'y' || msg[0] == 'p') && !bytes.HasPrefix(msg, []byte("n=")) {
		if i := bytes.IndexByte(msg, ','); i >= 0 {
			if j := bytes.IndexByte(msg[i+1:], ','); j >= 0 {
				at = i + 1 + j + 1
				key := "gs2 n"
				if msg[0] != 'n' {
					key = "gs2 " + string(msg[0])
				}
				out = append(out, saslField{0, at, key, string(msg[:at-1])})
			}
		}
	}
	for at < len(msg) {
		end := len(msg)
		if i := bytes.IndexByte(msg[at:], ','); i >= 0 {
			end = at + i
		}
		f := saslField{start: at, end: end, key: "message", value: string(msg[at:end])}
		if end-at >= 2 && msg[at+1] == '=' && strings.IndexByte("nrsicpvem", msg[at]) >= 0 {
			f.key, f.value = "scram "+string(msg[at]), string(msg[at+2:end])
		}
		if end < len(msg) {
			f.end++ // its comma
		}
		out = append(out, f)
		at = end + 1
	}
	return out
}

// tokenFields are key=value between octets 1 (RFC 7628 §3.1).
func tokenFields(msg []byte) []saslField {
	var out []saslField
	for at := 0; at < len(msg); {
		end := len(msg)
		if i := bytes.IndexByte(msg[at:], 1); i >= 0 {
			end = at + i
		}
		f := saslField{start: at, end: min(end+1, len(msg)), key: "message", value: string(msg[at:end])}
		switch key, value, _ := strings.Cut(f.value, "="); {
		case key == "user", key == "host", key == "port":
			f.key, f.value = key, value
		case key == "auth":
			f.key, f.value = "token", strings.TrimPrefix(value, "Bearer ")
		case strings.HasPrefix(f.value, "n,"), strings.HasPrefix(f.value, "y,"), strings.HasPrefix(f.value, "p="):
			f.key = "gs2 token"
		case end == at:
			f.key, f.value = "end mark", ""
		}
		out = append(out, f)
		at = f.end
	}
	return out
}
