package secure

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
)

// Rand returns an endless stream of octets that is always the same for the same
// seed: the SHA-256 digests of the seed and a counter. It stands in for chance
// in a simulation and must never do so on a real network.
//
// A read of a single octet gives 0 and moves nothing: crypto/tls and what is
// below it spend one octet half of the time, on purpose, so that nobody relies
// on what they draw. Here somebody does.
func Rand(seed [32]byte) io.Reader {
	r := &stream{}
	copy(r.block[:], seed[:])
	return r
}

type stream struct {
	block [sha256.Size + 8]byte // the seed, and a counter behind it
	sum   [sha256.Size]byte
	left  []byte // of sum
}

func (r *stream) Read(p []byte) (int, error) {
	if len(p) == 1 {
		p[0] = 0
		return 1, nil
	}
	for rest := p; len(rest) > 0; {
		if len(r.left) == 0 {
			r.sum = sha256.Sum256(r.block[:])
			counter := r.block[sha256.Size:]
			binary.BigEndian.PutUint64(counter, binary.BigEndian.Uint64(counter)+1)
			r.left = r.sum[:]
		}
		n := copy(rest, r.left)
		rest, r.left = rest[n:], r.left[n:]
	}
	return len(p), nil
}
