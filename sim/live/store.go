package live

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Store is where a live server keeps the letters of its mailboxes. Put files
// one letter in each of the boxes, and returns when it is safe there: after
// nil, nothing that happens to the program may lose it. After an error the
// letter may be in some of them; its sender will send it again under another
// queue id. It is called from many goroutines, and may take its time.
type Store interface {
	Put(queueID string, boxes []string, head, body []byte) error
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
	queueID string
	boxes   []string
	octets  []byte
}

// NewMemory returns an empty Memory for that many octets of letters; 0: 64 MiB.
func NewMemory(bound int64) *Memory { return &Memory{bound: orElse(bound, 64<<20)} }

// Put keeps a letter.
func (m *Memory) Put(queueID string, boxes []string, head, body []byte) error {
	octets := make([]byte, len(head)+len(body))
	copy(octets[copy(octets, head):], body)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, stored{queueID, boxes, octets})
	m.size += int64(len(octets))
	n := 0
	for ; m.size > m.bound && n < len(m.mails)-1; n++ {
		m.size -= int64(len(m.mails[n].octets))
		m.mails[n] = stored{}
	}
	m.mails = m.mails[n:]
	return nil
}

// Mailbox returns the letters in a mailbox, oldest first.
func (m *Memory) Mailbox(box string) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]byte
	for _, s := range m.mails {
		if slices.Contains(s.boxes, strings.ToLower(box)) {
			out = append(out, s.octets)
		}
	}
	return out
}

// queueIDs gives each letter a name that no other ever has, whenever the
// server was started: the time, made to grow.
type queueIDs struct{ last int64 }

func (q *queueIDs) next() string {
	q.last = max(q.last+1, time.Now().UnixMicro())
	return strings.ToUpper(strconv.FormatInt(q.last, 36))
}
