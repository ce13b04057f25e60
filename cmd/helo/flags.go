package main

// Flags that several commands have.

import (
	"fmt"

	"github.com/spf13/cobra"

	"helo/sim/host"
	"helo/sim/trace"
)

// formatFlag adds --format.
func formatFlag(cmd *cobra.Command, format *string, usage string) {
	cmd.Flags().StringVar(format, "format", "text", usage)
	// The flag exists and has no other completion: this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// secretsFlag adds --secrets.
func secretsFlag(cmd *cobra.Command, secrets *bool) {
	cmd.Flags().BoolVar(secrets, "secrets", false, "show the lines of logins as they are; without it they are stars")
}

// checkFormat refuses any other value.
func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return usageError{fmt.Errorf("--format: expected text or json, found %q", format)}
	}
	return nil
}

// applySettings changes a host as the values of --set say.
func applySettings(c *host.Config, set []string) error {
	for _, words := range set {
		list, err := trace.ParseWords(words)
		if err == nil {
			err = host.Set(c, list)
		}
		if err != nil {
			return usageError{inPlace("--set", words, err)}
		}
	}
	return nil
}
