package trace

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"
)

// What is kept after Forget is whole, octets of long ago that it refers to
// included; what is gone says so; and the size follows.
func TestForget(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "a"}})
	if tr.Forget(5) || tr.First() != 0 {
		t.Error("an empty trace gave something up")
	}
	octets := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+i*37%3000) }
	early := tr.Store([]byte("a line that arrived long before it was whole"))
	for i := range 5000 {
		e := Event{Kind: Sent, Arg: uint32(i), Octets: tr.Store(octets(i))}
		if i == 4000 {
			e.Octets = early
		}
		tr.Append(e)
	}
	full := tr.Size()
	check := func(from Pos) {
		t.Helper()
		for p := tr.First(); p < tr.End(); p++ {
			want := octets(int(p))
			if p == 4000 {
				want = []byte("a line that arrived long before it was whole")
			}
			if e := tr.At(p); e.Arg != uint32(p) || !bytes.Equal(tr.Octets(e.Octets), want) {
				t.Fatalf("event %d changed: %+v, %d octets", p, e, len(tr.Octets(e.Octets)))
			}
		}
		if first := tr.First(); first > from || from-first >= chunkEvents {
			t.Errorf("the first event kept is %d, want about %d", first, from)
		}
	}
	if !tr.Forget(3000) {
		t.Error("nothing was given up")
	}
	check(3000)
	if tr.At(0).Kind != Dropped || tr.At(2000).Kind != Dropped {
		t.Errorf("event 0 is %v", tr.At(0).Kind)
	}
	held := tr.Size() // one line holds on to its old block and all after it
	if !tr.Forget(4500) {
		t.Error("nothing was given up")
	}
	check(4500)
	if size := tr.Size(); size >= held/2 || size <= 0 || held >= full {
		t.Errorf("it takes %d octets of %d, and took %d between", size, full, held)
	}
	if tr.Forget(100) {
		t.Error("what is gone was given up again")
	}
	if tr.Octets(early) != nil {
		t.Error("octets that are gone came back")
	}
}

// Readers need no lock while the oldest events go (run with -race).
func TestForgetBesideReaders(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "a"}})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for p := Pos(0); ; {
				select {
				case <-stop:
					return
				default:
				}
				if p = max(p, tr.First()); p >= tr.End() {
					continue
				}
				e := tr.At(p)
				if o := tr.Octets(e.Octets); e.Kind == Sent && o != nil && string(o) != fmt.Sprint("event ", e.Arg) {
					t.Errorf("event %d has %q", e.Arg, o)
					return
				}
				p++
			}
		})
	}
	for i := range 50_000 {
		tr.Append(Event{Kind: Sent, Arg: uint32(i), Octets: tr.Store(fmt.Append(nil, "event ", i))})
		if i%1000 == 0 {
			tr.Forget(Pos(max(0, i-3000)))
		}
	}
	close(stop)
	wg.Wait()
	if size := tr.Size(); size > 1<<20 {
		t.Errorf("it takes %d octets", size)
	}
}

// Secrets stand beside other octets without a block for each, and go with them.
func TestSecretsBesideOtherOctets(t *testing.T) {
	tr := New("test", 1, time.Unix(0, 0), []Host{{ID: "a"}})
	const n = 4000
	for i := range n {
		said := fmt.Append(nil, "AUTH PLAIN secret ", i)
		masked := bytes.Repeat([]byte("*"), len(said))
		tr.Append(Event{Kind: Sent, Arg: uint32(i), Octets: tr.StoreSecret(said, masked)})
		tr.Append(Event{Kind: Reply, Arg: uint32(i), Octets: tr.Store(fmt.Append(nil, "235 logged in ", i))})
		if i == n/2 { // one that is larger than a block of its kind
			tr.Append(Event{Kind: Typed, Octets: tr.StoreSecret(bytes.Repeat([]byte("s"), 50_000), bytes.Repeat([]byte("*"), 50_000))})
		}
	}
	check := func() {
		t.Helper()
		for p := tr.First(); p < tr.End(); p++ {
			e := tr.At(p)
			shown, raw, want := string(tr.Octets(e.Octets)), string(tr.Raw(e.Octets)), ""
			switch e.Kind {
			case Sent:
				want = fmt.Sprint("AUTH PLAIN secret ", e.Arg)
			case Reply:
				want = fmt.Sprint("235 logged in ", e.Arg)
			default:
				continue
			}
			secret := e.Kind == Sent
			if raw != want || (shown == want) == secret || secret && shown != string(bytes.Repeat([]byte("*"), len(want))) || tr.IsSecret(e.Octets) != secret {
				t.Fatalf("event %d: %q, shown as %q, want %q", p, raw, shown, want)
			}
		}
	}
	check()
	if size, most := tr.Size(), int64(2*n*48+n*20+2*n*24+2*50_000+100_000); size > most {
		t.Errorf("it takes %d octets, want at most %d", size, most)
	}
	// What is given up is given up, though few octets were of the one kind.
	for i := range 100_000 {
		tr.Append(Event{Kind: Reply, Octets: tr.Store(fmt.Append(nil, "235 logged in ", 0))})
		if i%1000 == 0 {
			tr.Forget(tr.End() - min(tr.End(), 3000))
		}
	}
	check()
	if size := tr.Size(); size > 500_000 {
		t.Errorf("it takes %d octets", size)
	}
}
