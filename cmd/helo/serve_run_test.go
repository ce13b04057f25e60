package main

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// What is left to be written when a server is to end at once has longer where
// somebody reads it, only slowly, and where the machine is slow.
func TestServeWritesItsLastEvents(t *testing.T) {
	const never = time.Hour
	for _, test := range []struct {
		name    string
		reading time.Duration // between two reads of a piece
		pieces  int
		before  time.Duration // the writing begins
		whole   bool
		after   time.Duration
	}{
		{"somebody reads", 0, 10, 0, true, 0},
		{"somebody reads slowly", 150 * time.Millisecond, 10, 0, true, 1500 * time.Millisecond},
		{"the writing begins late", 0, 10, time.Second, true, time.Second},
		{"nobody reads", never, 10, 0, false, patienceAtEnd},
		{"somebody reads too slowly", 150 * time.Millisecond, 1000, 0, false, mostAtEnd},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				go func() {
					for buf := make([]byte, writtenPiece); ; {
						time.Sleep(test.reading)
						if _, err := io.ReadFull(r, buf); err != nil {
							return
						}
					}
				}()
				out := &heeded{w: w}
				hurry, now := context.WithCancel(context.Background())
				now()
				begun := time.Now()
				whole := ends(hurry, func() {
					time.Sleep(test.before)
					out.Write(make([]byte, test.pieces*writtenPiece))
				}, out.stuck)
				if took := time.Since(begun); whole != test.whole || took != test.after {
					t.Errorf("written: %v after %v; want %v after %v", whole, took, test.whole, test.after)
				}
				r.Close()
				w.Close()
				time.Sleep(never) // for the reader
			})
		})
	}
}
