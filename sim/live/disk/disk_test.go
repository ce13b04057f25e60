package disk_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helo/sim/live/disk"
)

func TestReplacePutsTheWholeInPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*?") // no pattern, only a name
	if runtime.GOOS == "windows" {
		dir = t.TempDir()
	} else if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ca.key")
	left := filepath.Join(dir, "ca.key.123.new") // of one that was killed
	other := filepath.Join(dir, "ca.pem.123.new")
	for _, name := range []string{left, other} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := disk.Unfinished(path); len(got) != 1 || got[0] != left {
		t.Errorf("unfinished are %v", got)
	}
	for _, text := range []string{"first", "second"} {
		if err := disk.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if got := disk.Unfinished(path); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("that of another file is gone")
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if err := disk.Replace(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("a file in a folder that is not there")
	}
	blocked := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(blocked, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := disk.Replace(blocked, []byte("x")); err == nil || len(disk.Unfinished(blocked)) > 0 {
		t.Errorf("a folder was replaced: %v; left behind: %v", err, disk.Unfinished(blocked))
	}
}

func TestLockKeepsOthersAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	var inside atomic.Int32
	var crowded atomic.Bool
	done := make(chan error)
	for range 8 {
		go func() {
			unlock, err := disk.Lock(path)
			if err == nil {
				if inside.Add(1) > 1 {
					crowded.Store(true)
				}
				time.Sleep(time.Millisecond) // a moment for the others to come in
				inside.Add(-1)
				unlock()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if crowded.Load() {
		t.Error("two were inside at once")
	}
	if _, err := disk.Lock(filepath.Join(t.TempDir(), "none", "x.lock")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a lock in a folder that is not there: %v", err)
	}
}
