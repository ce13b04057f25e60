package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"helo/content"
	"helo/lessons"
	"helo/sim/explain"
)

func newLessons() *cobra.Command {
	return &cobra.Command{
		Use:   "lessons",
		Short: "List the lessons, and how far you are",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("helo lessons lists all lessons: expected nothing behind it, found %q; helo learn %s opens one", args[0], args[0])}
		},
		RunE: listLessons,
	}
}

func newLearn() *cobra.Command {
	return &cobra.Command{
		Use:   "learn ID",
		Short: "Take one lesson",
		Long:  "Open one lesson, where you left it. Its ID is what helo lessons writes at the start of a line.",
		Example: `
# the first lesson
helo learn journey`,
		Args: oneArg("the id of one lesson, such as journey"),
		RunE: func(cmd *cobra.Command, args []string) error {
			course, err := lessons.LoadCourse(content.Files)
			if err != nil {
				return err
			}
			if course.Lesson(args[0]) == nil {
				return usageError{fmt.Errorf("there is no lesson %q: expected one of %s", args[0], strings.Join(lessonIDs(course), ", "))}
			}
			return openUI(cmd, course, args[0])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			course, err := lessons.LoadCourse(content.Files)
			if len(args) > 0 || err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var list []string
			for _, l := range course.Lessons {
				list = append(list, cobra.CompletionWithDesc(l.ID, l.Title))
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// listLessons writes one line a lesson: id, title, minutes, progress.
func listLessons(cmd *cobra.Command, _ []string) error {
	course, err := lessons.LoadCourse(content.Files)
	if err != nil {
		return err
	}
	progress, err := lessons.LoadProgress(lessons.DefaultFolder())
	if err != nil { // the list is of use without it
		fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(err.Error())))
	}
	if progress.Told != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "helo: "+explain.Visible([]byte(progress.Told)))
	}
	idWidth, titleWidth := 0, 0
	for _, l := range course.Lessons {
		idWidth, titleWidth = max(idWidth, len(l.ID)), max(titleWidth, len([]rune(l.Title)))
	}
	var b strings.Builder
	for _, l := range course.Lessons {
		line := fmt.Sprintf("%-*s  %-*s  %3d min  %s", idWidth, l.ID, titleWidth, l.Title, l.Minutes, standing(progress.Lesson(l.ID)))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

// standing says how far a learner is with a lesson.
func standing(p lessons.LessonProgress) string {
	done, at := !p.Done.IsZero(), ""
	left := lessons.LeftOut(p.Results)
	if left != "" {
		left = ", " + left
	}
	if p.Mark != nil {
		at = fmt.Sprintf("step %d of %d", p.Mark.Step+1, p.Mark.Steps)
	}
	switch {
	case done && at != "":
		return "✓ done" + left + ", again at " + at
	case done:
		return "✓ done" + left
	}
	return at
}

func lessonIDs(course *lessons.Course) []string {
	var ids []string
	for _, l := range course.Lessons {
		ids = append(ids, l.ID)
	}
	return ids
}
