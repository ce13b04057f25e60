package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"helo/cmd/helo/tui"
	"helo/content"
	"helo/sim/explain"
	"helo/sim/export"
	"helo/sim/host"
	"helo/sim/live"
)

// running is a server at its open sockets, and what tells it to stop.
type running struct {
	cmd     *cobra.Command
	server  *live.Server
	doors   []door
	o       serveOptions
	signals chan os.Signal
}

// errUnread is for a server that had to end at once while nobody read what it
// wrote.
var errUnread = errors.New("failed to write the last events: nobody reads them")

// until runs the server until what shows it returns, a screen or what writes the
// transcript, or a signal comes. Then open transactions may finish, and finish
// writes the rest, unless another signal comes, which wants it to end at once.
func (r running) until(show func(ctx context.Context) error, finish func() error) error {
	accepting, stopAccepting := context.WithCancel(r.cmd.Context())
	defer stopAccepting()
	showing, stopShowing := context.WithCancel(r.cmd.Context())
	defer stopShowing()
	served := make(chan error, len(r.doors))
	for _, d := range r.doors {
		go func() {
			served <- r.server.Serve(accepting, d, d.port)
			stopShowing()
		}()
	}
	grace, end := context.WithCancel(context.Background())
	defer end()
	hurry, hurried := context.WithCancel(context.Background())
	defer hurried()
	go func() {
		select {
		case <-r.signals:
			stopShowing()
		case <-showing.Done():
		}
		select {
		case <-r.signals:
			end()
			hurried()
			signal.Stop(r.signals) // and the next one ends the process
		case <-hurry.Done():
		}
	}()
	err := show(showing)
	stopShowing()
	stopAccepting()

	enough := time.AfterFunc(r.o.grace, end)
	defer enough.Stop()
	patience := time.AfterFunc(200*time.Millisecond, func() {
		if n := r.server.Connections(); n > 0 {
			fmt.Fprintf(r.cmd.ErrOrStderr(), "helo: waits for open transactions, at most %v; ctrl+c ends them now\n", r.o.grace)
		}
	})
	ends(hurry, func() { r.server.Shutdown(grace) }) // else 421 is said, and clients do not close
	patience.Stop()
	var last error
	if !ends(hurry, func() {
		for range r.doors {
			last = errors.Join(last, <-served)
		}
		last = errors.Join(last, finish())
	}) {
		return errors.Join(err, errUnread)
	}
	return errors.Join(err, last)
}

// ends waits until f ends, but not for long once hurry is done, and says whether
// it has ended.
func ends(hurry context.Context, f func()) bool {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
		return true
	case <-hurry.Done():
	}
	select {
	case <-done:
		return true
	case <-time.After(400 * time.Millisecond):
		return false
	}
}

// headless writes what happens until a signal comes.
func (r running) headless() error {
	out := r.cmd.OutOrStdout()
	update := export.NewTextStream(out, r.server.Trace(), r.server.Outside()).Update
	if r.o.format == "json" {
		update = export.NewJSONStream(out, r.server.Trace()).Update
	}
	following, stopFollowing := context.WithCancel(context.Background())
	defer stopFollowing()
	written := make(chan error, 1)
	go func() { written <- r.server.Follow(following, update) }()
	err := r.until(func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-written: // nobody reads any more
			written <- nil
			return err
		}
	}, func() error {
		stopFollowing()
		return <-written
	})
	if isClosedPipe(err) {
		return io.ErrClosedPipe
	}
	return err
}

// screen shows the server on the terminal until the person quits.
func (r running) screen(cfg live.Config, made login, invited []string) error {
	to := "postmaster@" + cfg.Host.Server.Domains[0]
	if boxes := cfg.Host.Server.Mailboxes; len(boxes) > 0 {
		box := boxes[0]
		if box == host.AnyMailbox {
			box = "bob"
		}
		to = box + "@" + cfg.Host.Server.Domains[0]
	}
	var faults []string
	for _, f := range cfg.Faults {
		faults = append(faults, f.String())
	}
	return r.until(func(ctx context.Context) error {
		return tui.RunServer(ctx, tui.ServerOptions{
			Trace: r.server.Trace(), Grew: r.server.Grew(), Address: r.doors[0].Addr().String(), Invited: invited, Faults: faults,
			Try:       tryIt(r.doors[0], made, to),
			Reference: func() (*explain.Reference, error) { return explain.Load(content.Files) },
		})
	}, func() error { return nil })
}
