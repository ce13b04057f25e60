package main

import "github.com/spf13/cobra"

func newLessons() *cobra.Command {
	return &cobra.Command{Use: "lessons", Short: "List the lessons of the course", Args: noArgs, RunE: func(*cobra.Command, []string) error { return nil }}
}
func newLearn() *cobra.Command {
	return &cobra.Command{Use: "learn ID", Short: "Take one lesson", Args: oneArg("the id of one lesson, such as journey"), RunE: func(cmd *cobra.Command, args []string) error { return openUI(cmd, args[0]) }}
}
