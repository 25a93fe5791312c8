// Package dist holds distributions of latency, by the names that people write.
//
// Its law: a distribution is its quantile function and draws nothing. Whoever
// wants a random latency brings the number in (0, 1), so that a latency is a
// function of what it is for.
package dist

import (
	"math"
	"time"
)

const (
	// Max is the longest latency: parameters above it are refused and quantiles
	// are cut there, so that no tail overflows.
	Max = 24 * time.Hour
	// Infinite is the Mean of a distribution that has none that is finite, or none
	// that a time.Duration holds.
	Infinite = time.Duration(math.MaxInt64)
)

// Distribution is one distribution of latency. The zero value is none: no
// latency at all. Two are equal if their Strings are.
type Distribution struct {
	_   [0]func() // no ==, which would panic on the lists
	law law       // nil for none
}

// law is a family with its parameters. It calculates in nanoseconds and may
// overflow to +Inf.
type law interface {
	quantile(p float64) float64
	mean() float64
	square() float64 // the mean of the square
	String() string
}

// IsZero reports whether d is none.
func (d Distribution) IsZero() bool { return d.law == nil }

// Quantile returns the latency that a share p of all does not exceed, rounded to
// the nanosecond and cut at Max: the inverse of the cumulative distribution, for
// p in (0, 1). It does not decrease with p and is never negative.
func (d Distribution) Quantile(p float64) time.Duration {
	if d.law == nil {
		return 0
	}
	ns := d.law.quantile(p)
	switch {
	case ns >= float64(Max):
		return Max
	case ns > 0:
		return time.Duration(math.Round(ns))
	}
	return 0
}

// Mean returns the distribution's mean, of the pure law: the cut at Max is left
// out of account. It is Infinite for a Pareto distribution of shape 1 or below,
// and where a time.Duration cannot hold it.
func (d Distribution) Mean() time.Duration {
	if d.law == nil {
		return 0
	}
	if ns := d.law.mean(); ns < math.MaxInt64 {
		return time.Duration(math.Round(ns))
	}
	return Infinite
}

// SecondMoment returns the mean of the latency's square, in seconds squared, of the
// pure law: +Inf for a Pareto distribution of shape 2 or below.
func (d Distribution) SecondMoment() float64 {
	if d.law == nil {
		return 0
	}
	return d.law.square() / 1e18
}

// IsExponential reports whether d is exponential, so without memory.
func (d Distribution) IsExponential() bool {
	_, ok := d.law.(exponential)
	return ok
}

// IsConstant reports whether everyone gets the same latency.
func (d Distribution) IsConstant() bool {
	switch law := d.law.(type) {
	case nil, constant:
		return true
	case list:
		return len(law) == 1 && law[0].percent == 100
	}
	return false
}

// Share returns the share of interactions that get any latency, in [0, 1]: less
// than 1 only for none and for a list.
func (d Distribution) Share() float64 {
	switch law := d.law.(type) {
	case nil:
		return 0
	case list:
		return min(1, law.percentFrom(0)/100)
	}
	return 1
}

// String returns the shortest text that UnmarshalText reads as d.
func (d Distribution) String() string {
	if d.law == nil {
		return "none"
	}
	return d.law.String()
}

// MarshalText returns String.
func (d Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
