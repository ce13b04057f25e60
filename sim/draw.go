package sim

// Draw returns a number by chance: always the same for the same seed, thing
// drawn for and ordinal. Chance keeps no state, so one more draw in one place
// changes nothing in another.
func Draw(seed uint64, what string, n uint64) uint64 {
	h := mix(seed ^ 0x9e3779b97f4a7c15)
	for i := 0; i < len(what); i++ {
		h = (h ^ uint64(what[i])) * 0x100000001b3 // FNV-1a's step
	}
	return mix(mix(h) ^ n)
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014): each bit of the
// input changes about half of the output's.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
