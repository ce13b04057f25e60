// Package lessons holds what a lesson is, how one is read from Markdown, how
// one is taken, and what a learner has done so far.
//
// A lesson is one Markdown file. [Parse] turns it into a [Lesson], a list of
// steps; [Check] takes it through the engine and reports a step that cannot be
// solved. [Session] is the one controller behind every way of taking a lesson:
// the terminal UI, the linear mode and the tests ask it what is asked, how far
// the learner may see, and tell it what the learner did. [Progress] is the file
// in which a learner's progress is kept.
//
// # A lesson file
//
// The front matter is YAML, and nothing else is. A fenced code block whose info
// string begins with the kind of a step is that step:
//
//	watch until=PATTERN                 play until an event matches; without until= to the end
//	predict next=PATTERN                which option is the next event that matches?
//	type as=HOST to=HOST goal=PATTERN   the learner types for one host, connected to the other,
//	                                    at port= if it is not 25; several goal= must all be
//	                                    reached, in any order
//	inject goal=PATTERN                 which fault leads there? The learner chooses or writes it,
//	                                    and the run goes on with it
//	quiz                                which options are right?
//
// A watch, predict or inject step with scenario= or input= begins a run of its
// own, of that scenario, with those inputs beside the lesson's; what follows
// goes on in it.
//
// PATTERN and the words around it are the language of package trace. The body
// of a type block is the literal solution, one line each. A block without an
// info string is an ordinary example. Text between two blocks belongs to the
// step of the second one; a heading in it gives the step its title; its last
// paragraph is the question or the task: of a type or inject step always, of a prediction
// or a quiz if it ends in a question mark. Text after the last block is a step
// to read.
//
// The list right after a block gives, each with a quote below it where feedback
// or a reason is due:
//
//   - `PATTERN` text                    predict: an option; if each names a code, it is shown before the text
//   - `FAULT` text                      inject: an option; the quote below says what it does
//   - [x] text                          quiz: an option that is right; [ ] one that is not
//   - wrong `PATTERN` try `LINE`        type: a mistake, the line that makes it, and the feedback;
//     several LINEs are typed in turn, one of spaces is the empty line
//   - right                             type: what is said when the step is solved
//   - hint TEXT                         a hint; the solution's next line comes after the last one
//
// No password of a lesson gets into a learner's progress, in no encoding: see
// [Session.Mark].
package lessons
