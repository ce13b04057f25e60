package host

import (
	"fmt"
	"strconv"

	"helo/protocol/smtp"
	"helo/sim/trace"
)

// Set changes settings of a configuration, in words such as pipelining=off,
// size=1000 or recipients=5. What the configuration shares with others stays
// as it is. Errors are of type [*trace.WordError].
func Set(c *Config, words []trace.Word) error {
	if c.Server != nil {
		server := *c.Server
		c.Server = &server
	}
	for _, word := range words {
		if err := setOne(c, word); err != nil {
			return err
		}
	}
	return nil
}

// setOne changes one setting of a configuration that is the run's own.
func setOne(c *Config, word trace.Word) error {
	if word.Op != trace.Is {
		return wordErr(word.Column, "expected a setting such as pipelining=off")
	}
	switch word.Key {
	case "size", "recipients":
		n, err := strconv.ParseUint(word.Value, 10, 31)
		if err != nil || c.Server == nil {
			return wordErr(word.ValueColumn, "%s: expected a whole number, at a host with a server", word.Key)
		}
		if word.Key == "size" {
			c.Server.MaxSize = int64(n)
		} else {
			c.Server.MaxRcpts = int(n)
		}
		return nil
	}
	if word.Key == "tls" {
		mode, ok := ParseTLSMode(word.Value)
		if !ok {
			return wordErr(word.ValueColumn, "tls: expected may, insist, implicit or none")
		}
		c.TLS = mode
		return nil
	}
	ext, known := smtp.ParseExtension(word.Key)
	command := word.Key == "expn" || word.Key == "help"
	on := word.Value == "on"
	switch {
	case !known && !command:
		return wordErr(word.Column, "unknown setting %q; expected an extension such as pipelining, or expn, help, size, recipients or tls", word.Key)
	case !on && word.Value != "off":
		return wordErr(word.ValueColumn, "%s: expected on or off", word.Key)
	case command && c.Server == nil:
		return wordErr(word.Column, "%s is a command that servers have; expected a host with a server", word.Key)
	case word.Key == "expn":
		c.Server.NoExpn = !on
	case word.Key == "help":
		c.Server.NoHelp = !on
	case on:
		c.Avoid &^= ext
		if c.Server != nil {
			c.Server.Extensions |= ext
		}
	default:
		c.Avoid |= ext
		if c.Server != nil {
			c.Server.Extensions &^= ext
		}
	}
	return nil
}

func wordErr(column int, format string, args ...any) error {
	return &trace.WordError{Column: column, Msg: fmt.Sprintf(format, args...)}
}
