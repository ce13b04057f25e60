package live

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"

	"helo/protocol/smtp"
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
	mu     sync.Mutex
	bound  int64
	size   int64
	mails  []stored // oldest first
	latest []string // the boxes of the newest
}

type stored struct {
	boxes  string   // each with a line end before and behind it
	octets []byte   // of a short letter; of a long one only the head
	blocks [][]byte // of a long one
}

// size is what the letter takes, in octets.
func (s *stored) size() int64 { return int64(len(s.octets) + len(s.blocks)*largeRead) }

// NewMemory returns an empty Memory for that many octets of letters; 0: 32 MiB.
func NewMemory(bound int64) *Memory { return &Memory{bound: orElse(bound, 32<<20)} }

// Put keeps a letter: a short one as a copy, of a long one its blocks.
func (m *Memory) Put(mail *host.Mail) (kept bool, err error) {
	var s stored
	if mail.Long {
		s.octets, s.blocks = bytes.Clone(mail.Head), slices.Clone(mail.Body)
	} else {
		n := len(mail.Head)
		for _, p := range mail.Body {
			n += len(p)
		}
		s.octets = append(make([]byte, 0, n), mail.Head...)
		for _, p := range mail.Body {
			s.octets = append(s.octets, p...)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Thousands of letters share few sets of boxes: one text for each keeps the
	// garbage collector's work small.
	if n := len(m.mails); n > 0 && slices.Equal(m.latest, mail.Boxes) {
		s.boxes = m.mails[n-1].boxes
	} else {
		s.boxes, m.latest = "\n"+strings.Join(mail.Boxes, "\n")+"\n", mail.Boxes
	}
	m.mails = append(m.mails, s)
	m.size += s.size()
	gone := 0
	for ; m.size > m.bound && gone < len(m.mails)-1; gone++ {
		old := &m.mails[gone]
		m.size -= old.size()
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
		if strings.Contains(s.boxes, "\n"+smtp.ToLower(box)+"\n") {
			out = append(out, slices.Concat(s.octets, bytes.Join(s.blocks, nil)))
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
