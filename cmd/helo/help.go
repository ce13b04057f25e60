package main

// How help looks, and what of cobra's and fang's own commands is mended.

import (
	"context"
	"fmt"
	"os"
	"strings"

	"charm.land/fang/v2"
	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"
)

// dress gives the tree of commands what fang has for it: styled help, --version
// and the manual page. Fang would run the commands as well, but before it prints
// an error it asks the terminal for its background, and waits seconds for one
// that does not answer. So it runs a command that does nothing.
func dress(ctx context.Context, root *cobra.Command) error {
	root.SetHelpCommand(newHelp(root)) // or cobra adds its own
	nothing := &cobra.Command{Use: "nothing", Hidden: true, Run: func(*cobra.Command, []string) {}}
	root.AddCommand(nothing)
	root.SetArgs([]string{"nothing"})
	err := fang.Execute(ctx, root, fang.WithVersion(version()), fang.WithColorSchemeFunc(colors))
	root.RemoveCommand(nothing)
	root.SetArgs(nil)
	if err != nil {
		return fmt.Errorf("failed to prepare the commands: %w", err)
	}
	styled := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		defer withoutStdin()()
		styled(cmd, args)
	})
	if cmd, _, err := root.Find([]string{"completion"}); err == nil {
		onlySubcommands(cmd)
	}
	return nil
}

// withoutStdin takes the terminal's answers away from fang until the function
// that it returns is called: then fang does not ask, since it could not hear.
func withoutStdin() (restore func()) {
	stdin := os.Stdin
	nowhere, err := os.Open(os.DevNull)
	if err != nil {
		return func() {}
	}
	os.Stdin = nowhere
	return func() {
		os.Stdin = stdin
		_ = nowhere.Close()
	}
}

// colors suit a dark background and a light one: the terminal's own, and its
// plain text wherever much is to be read.
func colors(lipgloss.LightDarkFunc) fang.ColorScheme {
	scheme := fang.AnsiColorScheme(lipgloss.LightDark(true))
	plain := lipgloss.NoColor{}
	scheme.Base, scheme.Description, scheme.Argument, scheme.Help, scheme.Dash = plain, plain, plain, plain, plain
	scheme.Codeblock, scheme.Program, scheme.DimmedArgument = plain, plain, plain
	return scheme
}

// newHelp returns the command help. Cobra's own finds nothing wrong with a page
// that there is not.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("there is no help about %q", strings.Join(args, " "))}
			}
			cmd.InitDefaultHelpFlag() // so that they are shown
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var list []string
			for _, c := range cmd.Commands() {
				if !c.Hidden {
					list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// onlySubcommands has a command that only groups others refuse any other word.
func onlySubcommands(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		var names []string
		for _, c := range cmd.Commands() {
			names = append(names, c.Name())
		}
		return usageError{fmt.Errorf("unknown word %q after %s; expected one of %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))}
	}
}
