package predict

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// How far a simulated figure can be trusted: the method of batch means (A. M. Law,
// Simulation Modeling and Analysis, 5th ed. 2015, sec. 9.5.3). What happened is cut
// into batches of as many requests each. Requests that follow each other meet the
// same queue, batches that are long enough hardly do, and their spread tells that
// of the whole. A quantile is bounded by the spread of the share below it.
//
// Whether batches are long enough is tested by von Neumann's ratio of their
// successive differences (G. S. Fishman, Grouping observations in digital
// simulation, Management Science 24, 1978): the batches that are used are four of
// those that it finds independent, as it sees only what is plain.
const (
	// Confidence is that of the intervals.
	Confidence = 0.95
	// mostBatches and fewestBatches are tested for independence.
	mostBatches   = 256
	fewestBatches = 32
	grouped       = 4
	// fewExpected is how many are to be expected of what has never happened for it to
	// be next to impossible.
	fewExpected = 30
)

// Bounds is a 95 % interval.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// terms are the two sums of a ratio, such as the failures and the requests, batch by
// batch.
type terms struct{ above, below []float64 }

// ratio is Σabove/Σbelow.
func (t terms) ratio() float64 { return total(t.above) / total(t.below) }

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// halfWidth is how far the ratio may be from what is to be expected. It is not
// known where the batches depend on each other, or too few of them have any part
// in the figure.
func (t terms) halfWidth() (half float64, ok bool) {
	for len(t.above) >= fewestBatches {
		if independent(t.residuals()) {
			return t.merged(grouped).spread()
		}
		t = t.merged(2)
	}
	return 0, false
}

// residuals are what the batches have more or less than the ratio.
func (t terms) residuals() []float64 {
	r, out := t.ratio(), make([]float64, len(t.above))
	for i := range out {
		out[i] = t.above[i] - r*t.below[i]
	}
	return out
}

func (t terms) merged(by int) terms {
	merge := func(values []float64) []float64 {
		out := make([]float64, len(values)/by)
		for i := range out {
			out[i] = total(values[i*by : (i+1)*by])
		}
		return out
	}
	return terms{merge(t.above), merge(t.below)}
}

// spread is the half width of the interval around the ratio, by Student's t.
func (t terms) spread() (half float64, ok bool) {
	k := float64(len(t.above))
	squares, empty := 0.0, 0
	for i, d := range t.residuals() {
		squares += d * d
		if t.above[i] == 0 {
			empty++
		}
	}
	if 2*empty > len(t.above) {
		return 0, false
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: k - 1}
	return student.Quantile((1+Confidence)/2) * math.Sqrt(squares*k/(k-1)) / total(t.below), true
}

// independent is von Neumann's test: successive differences of what is independent
// have twice its variance.
func independent(values []float64) bool {
	differences, squares := 0.0, 0.0
	for i, v := range values {
		squares += v * v
		if i > 0 {
			differences += (v - values[i-1]) * (v - values[i-1])
		}
	}
	return differences >= 2*squares
}

// sample is what happened to requests or changes, in order: a time in seconds each,
// negative where there is none, as of a request that failed.
type sample []float64

// batched is what the batches of a sample have: how many entries with and without a
// time, the sum of the times, and how many of these are above each of some.
type batched struct {
	present, absent, all, times []float64
	above                       [len(shares)][]float64
}

// cut sums up batches of as many entries, the last few of all left out. at is in order.
func (s sample) cut(at [len(shares)]float64) batched {
	k := mostBatches
	for k > 0 && (len(s)/k < 8 || len(s) == noted) {
		k /= 2
	}
	b := batched{present: make([]float64, k), absent: make([]float64, k), all: make([]float64, k), times: make([]float64, k)}
	for i := range b.above {
		b.above[i] = make([]float64, k)
	}
	for batch := range k {
		size := len(s) / k
		b.all[batch] = float64(size)
		for _, v := range s[batch*size : (batch+1)*size] {
			if v < 0 {
				b.absent[batch]++
				continue
			}
			b.present[batch]++
			b.times[batch] += v
			for i := 0; i < len(at) && v > at[i]; i++ {
				b.above[i][batch]++
			}
		}
	}
	return b
}

// bounded are the intervals that a sample allows for.
type bounded struct {
	present, absent *Bounds // the shares with and without a time
	times           QuantilesBounds
}

// bounded bounds the figures of a sample, the times of which are in d too.
func (s sample) bounded(d *distribution) bounded {
	var at [len(shares)]float64
	for i, q := range shares {
		at[i] = d.at(q)
	}
	b := s.cut(at)
	out := bounded{present: around(terms{b.present, b.all}, 1), absent: around(terms{b.absent, b.all}, 1)}
	if d.count == 0 || len(s) == noted {
		return out
	}
	var of [len(shares)]*Bounds
	for i, q := range shares {
		of[i] = d.around(q, terms{b.above[i], b.present})
	}
	out.times = QuantilesBounds{of[0], of[1], of[2], of[3], of[4], of[5], around(terms{b.times, b.present}, math.Inf(1))}
	return out
}

func around(t terms, most float64) *Bounds {
	half, ok := t.halfWidth()
	if !ok {
		return nil
	}
	r := t.ratio()
	return &Bounds{max(r-half, 0), min(r+half, most)}
}

// around bounds a quantile by what the batches have beyond it.
func (d *distribution) around(q float64, beyond terms) *Bounds {
	half, ok := beyond.halfWidth()
	n := float64(d.count)
	if total(beyond.above) == 0 && (1-q)*n >= fewExpected {
		half, ok = 0, true // it is the longest of all, and many are as long
	}
	if !ok || q+half >= 1-1/n {
		return nil // it may be beyond all that was seen
	}
	return &Bounds{d.at(max(q-half, 0)), d.at(q + half)}
}
