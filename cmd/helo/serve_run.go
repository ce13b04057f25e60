package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"helo/cmd/helo/tui"
	"helo/content"
	"helo/sim/explain"
	"helo/sim/export"
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
var errUnread = errors.New("failed to write the last events: nobody reads them, or only slowly")

// until runs the server until what shows it returns, a screen or what writes the
// transcript, or a signal comes. Then open transactions may finish, and finish
// writes the rest. Another signal wants it to end at once: then the rest is written
// unless that is stuck.
func (r running) until(show func(ctx context.Context) error, finish func() error, stuck func() bool) error {
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
	// Whoever reads what is written has had time for it by then; who does not keeps
	// nobody, be it that no second signal comes.
	unheeded := time.AfterFunc(r.o.grace+mostAtEnd, func() {
		if stuck() {
			hurried()
		}
	})
	defer unheeded.Stop()
	patience := time.AfterFunc(200*time.Millisecond, func() {
		if n := r.server.Connections(); n > 0 {
			fmt.Fprintf(r.cmd.ErrOrStderr(), "helo: waits for open transactions, at most %v; ctrl+c ends them now\n", r.o.grace)
		}
	})
	ends(hurry, func() { r.server.Shutdown(grace) }, lingering) // else 421 is said, and clients do not close
	patience.Stop()
	var last error
	if !ends(hurry, func() {
		for range r.doors {
			last = errors.Join(last, <-served)
		}
		last = errors.Join(last, finish())
	}, stuck) {
		return errors.Join(err, errUnread)
	}
	return errors.Join(err, last)
}

// How long what is still to be done may take once a server is to end at once:
// while nothing moves, and at most.
const (
	patienceAtEnd = 400 * time.Millisecond
	mostAtEnd     = 2 * time.Second
)

// ends waits until f ends, but not for long once hurry is done, and only while it
// is not stuck; and says whether it has ended.
func ends(hurry context.Context, f func(), stuck func() bool) bool {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
		return true
	case <-hurry.Done():
	}
	for range mostAtEnd / patienceAtEnd {
		select {
		case <-done:
			return true
		case <-time.After(patienceAtEnd):
		}
		if stuck() {
			break
		}
	}
	return false
}

// lingering is for clients that do not close: nobody waits for them.
func lingering() bool { return true }

// heeded is a writer that knows whether anybody reads what it writes.
type heeded struct {
	w     io.Writer
	since atomic.Int64 // the piece that is being written, in nanoseconds of Unix time; 0: there is none
}

// writtenPiece is how much is written at a time: a slow reader is known by taking
// that much now and then.
const writtenPiece = 16 << 10

// Write writes all of p in pieces.
func (h *heeded) Write(p []byte) (n int, err error) {
	defer h.since.Store(0)
	for n < len(p) && err == nil {
		h.since.Store(time.Now().UnixNano())
		var m int
		m, err = h.w.Write(p[n:min(n+writtenPiece, len(p))])
		n += m
	}
	return n, err
}

// stuck says whether a piece has waited for a reader too long.
func (h *heeded) stuck() bool {
	since := h.since.Load()
	return since != 0 && time.Since(time.Unix(0, since)) >= patienceAtEnd
}

// headless writes what happens until a signal comes.
func (r running) headless() error {
	out := &heeded{w: r.cmd.OutOrStdout()}
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
	}, out.stuck)
	if isClosedPipe(err) {
		return io.ErrClosedPipe
	}
	return err
}

// screen shows the server on the terminal until the person quits.
func (r running) screen(cfg live.Config, made login, invited []string) error {
	to := firstMailbox(cfg.Host.Server, "bob")
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
	}, func() error { return nil }, lingering)
}
