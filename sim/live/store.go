package live

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"helo/sim/host"
)

// Store is where a live server keeps the letters of its mailboxes. Put files
// one letter in each of the boxes, and returns when it is safe there: after
// nil, nothing that happens to the program may lose it. After an error the
// letter may be in some of them; its sender will send it again under another
// queue id. It is called from many goroutines, and may take its time; it must
// not keep the mail's octets.
type Store interface {
	Put(m *host.Mail) error
}

// Memory keeps letters as long as the program runs. Over its bound the oldest
// go.
type Memory struct {
	mu    sync.Mutex
	bound int64
	size  int64
	mails []stored // oldest first
	free  []byte   // of a letter that went
}

type stored struct {
	boxes  []string
	octets []byte
}

// NewMemory returns an empty Memory for that many octets of letters; 0: 64 MiB.
func NewMemory(bound int64) *Memory { return &Memory{bound: orElse(bound, 64<<20)} }

// Put keeps a letter.
func (m *Memory) Put(mail *host.Mail) error {
	n := len(mail.Head)
	for _, b := range mail.Body {
		n += len(b)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	octets := m.free
	if m.free = nil; cap(octets) < n || cap(octets) > n+n/4 {
		octets = make([]byte, 0, n)
	}
	octets = append(octets[:0], mail.Head...)
	for _, b := range mail.Body {
		octets = append(octets, b...)
	}
	m.mails = append(m.mails, stored{mail.Boxes, octets})
	m.size += int64(len(octets))
	gone := 0
	for ; m.size > m.bound && gone < len(m.mails)-1; gone++ {
		m.size -= int64(len(m.mails[gone].octets))
		m.free = m.mails[gone].octets // for the next letter
		m.mails[gone] = stored{}
	}
	m.mails = m.mails[gone:]
	return nil
}

// Mailbox returns copies of the letters in a mailbox, oldest first.
func (m *Memory) Mailbox(box string) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]byte
	for _, s := range m.mails {
		if slices.Contains(s.boxes, strings.ToLower(box)) {
			out = append(out, bytes.Clone(s.octets))
		}
	}
	return out
}

// queueIDs gives each letter a name that no other ever has, whenever the
// server was started: the time, made to grow.
type queueIDs struct{ last int64 }

func (q *queueIDs) next(now time.Time) string {
	q.last = max(q.last+1, now.UnixMicro())
	return strings.ToUpper(strconv.FormatInt(q.last, 36))
}
