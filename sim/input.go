package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"helo/sim/host"
	"helo/sim/trace"
)

// setup is what inputs given before the run make of the scenario.
type setup struct {
	configs []host.Config
	options []host.Options
	target  []int // by host: the host it dials by hand, or 0
	port    uint16
	changes []change
}

// change is a setting changed, in the input's words.
type change struct {
	host  trace.HostID
	words string
}

func (s *setup) byHand() bool { return len(s.target) > 0 }

// prepare takes in one input that is given before the run starts.
func (w *World) prepare(s *setup, line string) error {
	words, err := trace.ParseWords(line)
	if err != nil {
		return err
	}
	if len(words) >= 2 && words[1].Op == trace.Bare {
		switch words[1].Key {
		case "set":
			err = w.set(s, words)
		case "hand":
			err = w.hand(s, words)
		case "says":
			if len(words) != 3 || words[2].Op != trace.Bare {
				return wordErr(words[1].Column, `expected one line in quotes after "says"`)
			}
			if _, err := w.named(words[0]); err != nil {
				return err
			}
			w.lines = append(w.lines, words[2].Key)
			return nil // it counts as an input when it is used
		default:
			return w.Input(line)
		}
		if err != nil {
			return err
		}
		w.inputs = append(w.inputs, line)
		return nil
	}
	return w.Input(line)
}

// Input adds what a person did: a fault, in the words of [host.ParseFault].
// Beforehand, in [Options], there are three more:
//
//	msa set pipelining=off       an extension is neither offered nor used
//	msa hand to=mx               a person drives msa, connected to mx; no letters are sent
//	laptop hand to=msa port=587  the same at another port than 25
//	msa says "EHLO a.example"    a line the person types when asked
func (w *World) Input(line string) error {
	f, err := host.ParseFault(line)
	if err != nil {
		return err
	}
	if err := w.arm(f); err != nil {
		return err
	}
	w.inputs = append(w.inputs, line)
	return nil
}

// arm adds a fault to the run.
func (w *World) arm(f *host.Fault) error {
	if err := w.sc.CheckFault(f); err != nil {
		return err
	}
	w.faults = append(w.faults, &host.Armed{Fault: f})
	return nil
}

// Say types a line, without its CRLF, for the host that waits for one. Run goes
// on from there.
func (w *World) Say(line string) error {
	if w.asking == 0 {
		return errors.New("nobody is asked: the session is over, or not yet there")
	}
	if strings.ContainsAny(line, "\r\n") {
		return errors.New("one line at a time, without its line end")
	}
	w.typed(line)
	return nil
}

// typed hands a line to the host that waits.
func (w *World) typed(line string) {
	h := w.asking
	w.asking = 0
	says := trace.Word{Key: line}
	if says.String() == line { // always quoted, for those who read it
		w.inputs = append(w.inputs, w.t.Host(h).ID+` says "`+line+`"`)
	} else {
		w.inputs = append(w.inputs, w.t.Host(h).ID+" says "+says.String())
	}
	w.hosts[h].Typed(line, w.askedAt)
}

// ask stops the run until a person has typed a line. Time stands still.
func (w *World) ask(h trace.HostID, cause trace.Pos) {
	w.asking = h
	w.askedAt = w.record(trace.Event{Kind: trace.Asked, Host: h, Cause: cause})
}

// named finds the host that a word names.
func (w *World) named(word trace.Word) (trace.HostID, error) {
	if word.Op == trace.Bare {
		if id, ok := w.t.HostID(word.Key); ok {
			return id, nil
		}
	}
	return 0, wordErr(word.Column, "no host %q here; the hosts are %s", word.Key, w.hostList())
}

func (w *World) hostList() string {
	var ids []string
	for _, h := range w.t.Hosts[1:] {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, ", ")
}

// set changes settings of a host.
func (w *World) set(s *setup, words []trace.Word) error {
	id, err := w.named(words[0])
	if err != nil {
		return err
	}
	if len(words) < 3 {
		return wordErr(words[1].Column, `expected a setting after "set", such as pipelining=off`)
	}
	if err := host.Set(&s.configs[id-1], words[2:]); err != nil {
		return err
	}
	s.changes = append(s.changes, change{id, trace.JoinWords(words[2:])})
	return nil
}

// hand gives a host into a person's hands.
func (w *World) hand(s *setup, words []trace.Word) error {
	id, err := w.named(words[0])
	if err != nil {
		return err
	}
	port := uint64(host.PortSMTP)
	if n := len(words); n == 4 && words[3].Key == "port" && words[3].Op == trace.Is {
		if port, err = strconv.ParseUint(words[3].Value, 10, 16); err != nil || port == 0 {
			return wordErr(words[3].ValueColumn, "port: expected a number from 1 to 65535")
		}
		words = words[:3]
	}
	if len(words) != 3 || words[2].Key != "to" || words[2].Op != trace.Is {
		return wordErr(words[1].Column, `expected to= and a host after "hand", and port= if it is not 25`)
	}
	peer, err := w.named(trace.Word{Key: words[2].Value, Column: words[2].ValueColumn})
	if err != nil {
		return err
	}
	if s.target == nil {
		s.target = make([]int, len(s.configs)+1)
	} else {
		return wordErr(words[0].Column, "one host at a time is driven by hand")
	}
	s.target[id], s.port = int(peer), uint16(port)
	s.options[id-1].Hand = true
	return nil
}

// startByHand opens the connection of the host that a person drives.
func (w *World) startByHand(s *setup) error {
	for id, peer := range s.target {
		if peer == 0 {
			continue
		}
		w.hosts[id].DialByHand(w.addrOf(trace.HostID(peer)), s.port, w.t.Host(trace.HostID(peer)).Name)
	}
	return nil
}

func wordErr(column int, format string, args ...any) error {
	return &trace.WordError{Column: column, Msg: fmt.Sprintf(format, args...)}
}
