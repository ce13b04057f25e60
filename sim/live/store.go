package live

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"helo/sim/host"
)

// Store is where a live server keeps the letters of its mailboxes. Put files
// one letter in each of the boxes, and returns when it is safe there: after
// nil, nothing that happens to the program may lose it. After an error the
// letter may be in some of them; its sender will send it again under another
// queue id. Put is called from many goroutines, and may take its time. The
// mail's octets are lent to it; of a long one it may keep the pieces, and then
// says so.
type Store interface {
	Put(m *host.Mail) (kept bool, err error)
}

// Memory keeps letters as long as the program runs. Over its bound the oldest
// go.
type Memory struct {
	mu    sync.Mutex
	bound int64
	size  int64
	mails []stored // oldest first
}

type stored struct {
	boxes  []string
	head   []byte
	body   []byte   // of a short letter
	blocks [][]byte // of a long one
	size   int64
}

// NewMemory returns an empty Memory for that many octets of letters; 0: 32 MiB.
func NewMemory(bound int64) *Memory { return &Memory{bound: orElse(bound, 32<<20)} }

// Put keeps a letter: a short one as a copy, of a long one its blocks.
func (m *Memory) Put(mail *host.Mail) (kept bool, err error) {
	s := stored{boxes: mail.Boxes, head: mail.Head}
	if mail.Long {
		s.blocks = slices.Clone(mail.Body)
	} else {
		s.body = bytes.Join(mail.Body, nil)
	}
	s.size = int64(len(s.body) + len(s.head) + len(s.blocks)*largeRead)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, s)
	m.size += s.size
	gone := 0
	for ; m.size > m.bound && gone < len(m.mails)-1; gone++ {
		old := &m.mails[gone]
		m.size -= old.size
		for _, b := range old.blocks {
			recycle(b)
		}
		m.mails[gone] = stored{}
	}
	m.mails = m.mails[gone:]
	return mail.Long, nil
}

// Mailbox returns copies of the letters in a mailbox, oldest first.
func (m *Memory) Mailbox(box string) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]byte
	for _, s := range m.mails {
		if slices.Contains(s.boxes, strings.ToLower(box)) {
			out = append(out, slices.Concat(s.head, s.body, bytes.Join(s.blocks, nil)))
		}
	}
	return out
}

// blocks are what long letters come in and large reads go to.
var blocks = sync.Pool{New: func() any { return new([largeRead]byte) }}

// recycle gives a block back.
func recycle(b []byte) {
	if cap(b) == largeRead {
		blocks.Put((*[largeRead]byte)(b[:largeRead]))
	}
}

// queueIDs gives each letter a name that no other ever has, whenever the
// server was started: the time, made to grow.
type queueIDs struct{ last int64 }

func (q *queueIDs) next(now time.Time) string {
	q.last = max(q.last+1, now.UnixMicro())
	var digits [13]byte
	i := len(digits)
	for n := q.last; n > 0; n /= 36 {
		i--
		digits[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n%36]
	}
	return string(digits[i:])
}
