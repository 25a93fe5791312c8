package predict

import (
	"math"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"

	"crosstalk/internal/dist"
	"crosstalk/internal/theory"
)

// cells is about how many steps a grid has. An answer is resolved to one of them.
const cells = 1 << 14

// grid is the multiples of a step, in nanoseconds, from 0 to below a horizon.
type grid struct {
	step float64
	n    int
	ffts map[int]*fourier.FFT
}

// newGrid returns a grid that has all of marks on it, where they have a common
// measure that is coarse enough: what is certain is then predicted exactly.
func newGrid(horizon time.Duration, marks []time.Duration) *grid {
	finest := float64(horizon) / cells
	step, common := finest, time.Duration(0)
	for _, m := range marks {
		common = gcd(common, m)
	}
	if float64(common) >= finest {
		step = float64(common) / math.Ceil(float64(common)/finest)
	}
	return &grid{step, int(math.Ceil(float64(horizon)/step - 1e-9)), make(map[int]*fourier.FFT)}
}

func gcd(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// index returns the first step that is not before t.
func (g *grid) index(t time.Duration) int { return int(math.Ceil(float64(t)/g.step - 1e-9)) }

// measure is how probable it is that something happens at each step. What is
// missing to 1 happens at the horizon or later, or never.
type measure []float64

// now is what happens at once with probability p.
func now(p float64) measure { return measure{p} }

func (m measure) total() float64 {
	sum := 0.0
	for _, p := range m {
		sum += p
	}
	return sum
}

func (m measure) scaled(by float64) measure {
	if by == 1 {
		return m
	}
	out := make(measure, len(m))
	for i, p := range m {
		out[i] = p * by
	}
	return out
}

func (m measure) plus(o measure) measure {
	if len(m) < len(o) {
		m, o = o, m
	}
	out := append(measure(nil), m...)
	for i, p := range o {
		out[i] += p
	}
	return out
}

// below is the part of m before step i.
func (m measure) below(i int) measure { return m[:min(i, len(m))] }

// of puts a distribution, stretched by a factor, on the grid. Each small piece of
// its mass is divided between the two steps around it, in the proportion that
// keeps the mean: rounding would shift it, and in a long chain the shifts add up.
func (g *grid) of(d dist.Distribution, factor float64) measure {
	if d.IsZero() {
		return now(1)
	}
	out := make(measure, g.n)
	q := func(p float64) float64 { return float64(d.Quantile(p)) * factor }
	const first, last = 0x1p-54, 1 - 0x1p-53
	g.spread(out, q, 0, 1, q(first), q(last))
	return trim(out)
}

// spread halves the probabilities from p to r, whose quantiles are x and z, until
// those are as good as equal.
func (g *grid) spread(out measure, q func(float64) float64, p, r, x, z float64) {
	if x >= float64(g.n)*g.step {
		return
	}
	middle := p + (r-p)/2
	if z-x <= g.step/4 || r-p < 1e-15 {
		at := x
		if z > x {
			at = (x + 4*q(middle) + z) / 6 // Simpson's rule, of the mean
		}
		g.add(out, at, r-p)
		return
	}
	y := q(middle)
	g.spread(out, q, p, middle, x, y)
	g.spread(out, q, middle, r, y, z)
}

func (g *grid) add(out measure, at, mass float64) {
	i, part := math.Modf(at/g.step + 1e-9)
	if part < 2e-9 {
		part = 0
	}
	if k := int(i); k < g.n {
		out[k] += mass * (1 - part)
		if k+1 < g.n {
			out[k+1] += mass * part
		}
	}
}

func trim(m measure) measure {
	n := len(m)
	for n > 1 && m[n-1] == 0 {
		n--
	}
	return m[:n]
}

// then is when the second of two things has happened, one after the other: the
// convolution of the two, up to the horizon.
func (g *grid) then(a, b measure) measure {
	a, b = trim(a), trim(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	switch {
	case len(a) == 0:
		return nil
	case len(a) == 1:
		return b.scaled(a[0])
	case len(a) <= 64 || sparse(a):
		return g.direct(a, b)
	}
	return g.fast(a, b)
}

func sparse(m measure) bool {
	n := 0
	for _, p := range m {
		if p != 0 {
			n++
		}
	}
	return n <= 64
}

func (g *grid) direct(a, b measure) measure {
	out := make(measure, min(len(a)+len(b)-1, g.n))
	for i, p := range a {
		if p == 0 || i >= len(out) {
			continue
		}
		for j, q := range b[:min(len(b), len(out)-i)] {
			out[i+j] += p * q
		}
	}
	return out
}

// fast multiplies the transforms. It is exact to about 1e-16 of the whole.
func (g *grid) fast(a, b measure) measure {
	size := 1
	for size < len(a)+len(b)-1 {
		size *= 2
	}
	fft := g.ffts[size]
	if fft == nil {
		fft = fourier.NewFFT(size)
		g.ffts[size] = fft
	}
	padded := make([]float64, size)
	copy(padded, a)
	x := fft.Coefficients(nil, padded)
	clear(padded)
	copy(padded, b)
	y := fft.Coefficients(nil, padded)
	for i := range x {
		x[i] *= y[i]
	}
	out := fft.Sequence(padded, x)[:min(len(a)+len(b)-1, g.n)]
	for i, p := range out {
		out[i] = max(p/float64(size), 0)
	}
	return trim(out)
}

// quantiles summarises a measure, as that of a distribution; nil where it is empty.
func (g *grid) quantiles(m measure) *theory.Quantiles {
	total := m.total()
	if total == 0 {
		return nil
	}
	var values [len(shares)]float64
	sum, mean, next := 0.0, 0.0, 0
	for i, p := range m {
		sum += p
		mean += p * float64(i)
		for next < len(shares) && sum >= shares[next]*total*(1-1e-12) {
			values[next] = g.seconds(i)
			next++
		}
	}
	return quantilesOf(values, mean/total*g.step/1e9)
}

func (g *grid) seconds(i int) float64 { return float64(i) * g.step / 1e9 }
