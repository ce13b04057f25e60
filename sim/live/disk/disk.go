// Package disk writes files that no crash leaves half written, and keeps two
// programs from writing the same ones at once.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockTimeout is how long another program may keep a lock. What is done under
// one needs milliseconds; longer means that the other hangs, and then this one
// must not hang as well.
const lockTimeout = 5 * time.Second

// Lock keeps all others that call it with the same path away until unlock is
// called. The file at path is made if it is missing, and stays; its folder must
// be there. A program that is killed gives its locks back.
func Lock(path string) (unlock func(), err error) {
	l := flock.New(path)
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	if _, err := l.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another helo that uses %s: %w", filepath.Dir(path), err)
	}
	return func() { _ = l.Unlock() }, nil
}

// tempEnd ends the name of a file that is not whole yet. Before it stands the
// name it will have, and a number.
const tempEnd = ".new"

// Replace puts octets in place of the file at path, which nobody but the owner
// may read. They are written beside it, brought to the disk, and renamed, so
// that whoever reads, and whatever kills this program, meets the old file or the
// new one whole. It is done by hand because google/renameio, which does the
// same, is not built on Windows, and one way on all systems is easier to trust.
// The caller holds a lock: what an earlier, killed call left behind is removed.
func Replace(path string, octets []byte) error {
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	for _, left := range Unfinished(path) {
		_ = os.Remove(left)
	}
	f, err := os.CreateTemp(dir, name+".*"+tempEnd) // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(octets)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	// Where folders cannot be opened for that, the rename is still whole, only
	// perhaps lost with the power.
	_ = SyncFolder(dir)
	return nil
}

// Unfinished are the files that calls of [Replace] for path are writing just
// now, or had not finished when they were killed.
func Unfinished(path string) []string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), name+".") && strings.HasSuffix(e.Name(), tempEnd) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found
}

// rename puts one file in place of another. Windows refuses that while somebody
// reads the other, which takes another helo no time: so it is tried again.
func rename(from, to string) error {
	err := os.Rename(from, to)
	for n := 0; err != nil && runtime.GOOS == "windows" && n < 20; n++ {
		time.Sleep(5 * time.Millisecond)
		err = os.Rename(from, to)
	}
	return err
}

// SyncFolder brings a folder's entries to the disk: which names there are.
// Windows cannot, and does not need it.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
