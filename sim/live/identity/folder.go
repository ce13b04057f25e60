package identity

// Reading and writing the files of the folder, and who else may.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"helo/sim/live/disk"
)

// readPair reads a certificate and its key. Without the certificate there is
// nothing, even if the key is there: it was about to be replaced.
func (f *folder) readPair(cert, key string) (certPEM, keyPEM []byte, err error) {
	certPEM, err = os.ReadFile(f.path(cert))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err = readSecret(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is missing; put it back, or remove %s to have both made anew", f.path(key), f.path(cert))
	}
	return certPEM, keyPEM, err
}

// writePair keeps a certificate and its key in place of others, in an order in
// which a kill never leaves a certificate with the key of another.
func (f *folder) writePair(cert string, certPEM []byte, key string, keyPEM []byte) error {
	if err := f.remove(cert); err != nil {
		return err
	}
	if err := disk.Replace(f.path(key), keyPEM); err != nil {
		return err
	}
	return disk.Replace(f.path(cert), certPEM)
}

// remove removes a file if it is there, and sees to it that it stays so.
func (f *folder) remove(name string) error {
	if err := os.Remove(f.path(name)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return disk.SyncFolder(f.dir)
}

// checkFolder refuses a folder in which others could put keys of their own.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); guarded && mode&0o022 != 0 {
		return fmt.Errorf("others can write in %s (mode %04o), and so put keys of their own there; expected 0700: look at what is in it, then run chmod 700 %[1]s", dir, mode)
	}
	return nil
}

// readSecret reads a file that nobody but its owner may read.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	mode, err := shared(f)
	if err != nil {
		return nil, err
	}
	if mode != 0 {
		return nil, fmt.Errorf("others can read %s (mode %04o), which has a private key; expected 0600: run chmod 600 %[1]s, or remove the folder to have all made anew", path, mode)
	}
	return io.ReadAll(f)
}

// guarded says whether files have modes that say who may read them.
const guarded = runtime.GOOS != "windows"

// shared returns the mode of a file that others than its owner may read or
// write, else 0.
func shared(f *os.File) (fs.FileMode, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if mode := info.Mode().Perm(); guarded && mode&0o077 != 0 {
		return mode, nil
	}
	return 0, nil
}
