package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// keyLogFlag adds --keylog.
func keyLogFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "keylog", "", "add the secrets of each TLS connection to this file, for programs such as Wireshark: who has it can read all that was said inside")
}

// openKeyLog opens the file for the secrets; without a name there is none.
func openKeyLog(file string) (w io.Writer, closing func(), err error) {
	if file == "" {
		return nil, func() {}, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("--keylog: %w", err)
	}
	return f, func() { f.Close() }, nil
}
