package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"helo/sim/host"
	"helo/sim/live/disk"
)

// Maildir keeps letters in Maildirs, one a mailbox, in a folder
// (https://cr.yp.to/proto/maildir.html): each letter is written to tmp, forced
// to the disk, and only then renamed into new; after that no crash loses it,
// and no reader ever sees half of one. A letter's file name begins with its
// queue id.
type Maildir struct {
	dir string
	mu  sync.Mutex
	ok  map[string]bool // mailboxes that are there
}

// NewMaildir returns a Maildir in that folder, which is made if it is missing.
func NewMaildir(dir string) (*Maildir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("failed to make the mail folder: %w", err)
	}
	dir, err := filepath.Abs(dir) // its parent too is forced to the disk
	if err != nil {
		return nil, fmt.Errorf("failed to find the mail folder: %w", err)
	}
	return &Maildir{dir: dir, ok: map[string]bool{}}, nil
}

// Put files a letter: in all its boxes or, unless a disk fails between two
// renames, in none. A box that somebody has removed meanwhile is made again.
func (m *Maildir) Put(mail *host.Mail) (kept bool, err error) {
	if err = m.put(mail); errors.Is(err, fs.ErrNotExist) {
		m.mu.Lock()
		clear(m.ok)
		m.mu.Unlock()
		err = m.put(mail)
	}
	return false, err
}

func (m *Maildir) put(mail *host.Mail) (err error) {
	name := mail.QueueID + ".helo"
	var written []string // folders with the letter in tmp or new
	defer func() {
		if err == nil {
			return
		}
		err = fmt.Errorf("failed to file %s: %w", mail.QueueID, err)
		for _, dir := range written { // its sender will send it again
			err = errors.Join(err, removed(filepath.Join(dir, "tmp", name)), removed(filepath.Join(dir, "new", name)))
		}
	}()
	for _, box := range mail.Boxes {
		dir, err := m.box(box)
		if err != nil {
			return err
		}
		written = append(written, dir)
		if err := putFile(filepath.Join(dir, "tmp", name), mail); err != nil {
			return err
		}
	}
	for _, dir := range written {
		if err := os.Rename(filepath.Join(dir, "tmp", name), filepath.Join(dir, "new", name)); err != nil {
			return err
		}
		if err := disk.SyncFolder(filepath.Join(dir, "new")); err != nil {
			return err
		}
	}
	return nil
}

// box makes a mailbox if it is missing, and returns its folder.
func (m *Maildir) box(name string) (string, error) {
	dir := filepath.Join(m.dir, folderName(name))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ok[name] {
		return dir, nil
	}
	for _, sub := range [...]string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return "", fmt.Errorf("failed to make the mailbox: %w", err)
		}
	}
	if err := errors.Join(disk.SyncFolder(dir), disk.SyncFolder(m.dir), disk.SyncFolder(filepath.Dir(m.dir))); err != nil {
		return "", fmt.Errorf("failed to make the mailbox: %w", err)
	}
	m.ok[name] = true
	return dir, nil
}

// folderName is a mailbox's name as a file name: what is not a small letter, a
// digit, or one of "-_+", or a dot inside it, is written as = and two hex
// digits, so that no local-part can leave the folder and no two share one. So
// is the first letter of a device's name: Windows has no folder con, nor
// con.letter, and a folder may be moved there.
func folderName(box string) string {
	const hex = "0123456789ABCDEF"
	device := isDevice(box)
	var b strings.Builder
	for i := range len(box) {
		c := box[i]
		safe := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '+' || c == '.' && i > 0 && i < len(box)-1
		if safe && !(i == 0 && device) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', hex[c>>4], hex[c&15]})
		}
	}
	if b.Len() == 0 {
		return "=empty"
	}
	return b.String()
}

// isDevice says whether Windows takes a name of small letters for a device,
// whatever stands behind a dot.
func isDevice(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") && name[3] >= '1' && name[3] <= '9'
}

// putFile writes a letter to a new file and forces it to the disk.
func putFile(path string, mail *host.Mail) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(mail.Head)
	for _, piece := range mail.Body {
		if err == nil {
			_, err = f.Write(piece)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// removed sees to it that a file is not there.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
