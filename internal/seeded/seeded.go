// Package seeded turns a seed and a name into random numbers.
//
// Its law: a number is a function of what it is for, never of what was drawn
// before. There is no shared generator, so neither the order of goroutines nor
// the topology can change a decision.
package seeded

import "math/bits"

// Hash returns a uniformly distributed number for (seed, name, ids). Distinct
// arguments give independent numbers.
//
// It chains SplitMix64's finalizer (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", OOPSLA 2014) over the arguments.
func Hash(seed uint64, name string, ids ...uint64) uint64 {
	return NewSource(seed, name).Hash(ids...)
}

// Unit returns a number in the open interval (0, 1) for (seed, name, ids): it
// is never 0 or 1, so that a quantile function may be applied to it.
func Unit(seed uint64, name string, ids ...uint64) float64 {
	return NewSource(seed, name).Unit(ids...)
}

// Source has the numbers of one seed and name, for whoever asks for many of them:
// the part of the hash that they share is taken once.
type Source struct{ state uint64 }

// NewSource returns the source of (seed, name).
func NewSource(seed uint64, name string) Source {
	h := mix(seed + golden)
	for i := range len(name) {
		h = mix(h ^ uint64(name[i]) + golden)
	}
	// The rotation keeps a name's last byte and the first id apart.
	return Source{bits.RotateLeft64(h, 32)}
}

// Hash returns Hash(seed, name, ids).
func (s Source) Hash(ids ...uint64) uint64 {
	h := s.state
	for _, id := range ids {
		h = mix(h ^ id + golden)
	}
	return mix(h)
}

// Unit returns Unit(seed, name, ids).
func (s Source) Unit(ids ...uint64) float64 { return unit(s.Hash(ids...)) }

// Stream is a sequence of numbers that starts at one name. Its zero value is
// not useful; it is not safe for concurrent use.
type Stream struct{ state uint64 }

// NewStream returns the sequence of (seed, name, ids).
func NewStream(seed uint64, name string, ids ...uint64) *Stream {
	return &Stream{state: Hash(seed, name, ids...)}
}

// Next returns the next number of the sequence.
func (s *Stream) Next() uint64 {
	s.state += golden
	return mix(s.state)
}

// Unit returns the next number of the sequence, in (0, 1).
func (s *Stream) Unit() float64 { return unit(s.Next()) }

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// 52 bits, and not 53: with 53 the largest would be rounded to 1.
func unit(h uint64) float64 { return (float64(h>>12) + 0.5) / (1 << 52) }
