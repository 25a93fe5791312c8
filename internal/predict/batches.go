package predict

import (
	"math"

	"crosstalk/internal/theory"

	"gonum.org/v1/gonum/stat/distuv"
)

// How far a simulated figure can be trusted: the method of batch means (A. M. Law,
// Simulation Modeling and Analysis, 5th ed. 2015, sec. 9.5.3). What happened is cut
// into batches of as many requests each. Requests that follow each other meet the
// same queue, batches that are long enough hardly do, and their spread tells that
// of the whole. A quantile is bounded by the spread of the share below it.
//
// What the batches still have to do with each other is taken for a first-order
// autoregression, which widens the interval (as in A. Tafazzoli et al., Skart: A
// skewness- and autoregression-adjusted batch-means procedure, IIE Transactions 43,
// 2011). That works where the sample spans many times what a queue takes to forget
// how long it was. A shorter one that happens to miss the long queues looks as if it
// were fine, so its length is judged by all of it and for all of its figures: one that
// is too short has no interval.
const (
	// Confidence is that of the intervals.
	Confidence = 0.95
	// mostBatches is the number of batches in the beginning. They are merged two by two
	// until the correlation of neighbours is below alike, and no more than a quarter of
	// them has no part in the figure, to no fewer than fewestBatches.
	mostBatches   = 256
	fewestBatches = 8
	alike         = 0.6
	// span is how many times what is between two requests that have little to do with
	// each other (a correlation of 1/e) a sample has to last. At 100, the intervals of
	// M/M/1 hold as often as they should; at 50, those of its mean do in 85 %.
	span = 100
	// fewExpected is how many are to be expected of what has never happened for it to
	// be next to impossible.
	fewExpected = 30
)

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
func (t terms) halfWidth(confidence float64) (half float64, ok bool) {
	for ; len(t.above) >= fewestBatches; t = t.merged() {
		r := t.correlation()
		if half, ok := t.spread(confidence); ok && r < alike {
			r = max(r, 0)
			return half * math.Sqrt((1+r)/(1-r)), true
		}
	}
	return 0, false
}

// correlation is that of neighbouring batches, freed of its bias in short series
// (F. H. C. Marriott, J. A. Pope, Bias in the estimation of autocorrelations,
// Biometrika 41, 1954). What does not vary, or is never there, has none.
func (t terms) correlation() float64 {
	products, squares, last := 0.0, 0.0, 0.0
	for _, v := range t.residuals() {
		products += v * last
		squares += v * v
		last = v
	}
	if !(squares > 0) {
		return 0
	}
	k := float64(len(t.above))
	return (k*products/squares + 1) / (k - 3)
}

// memories is how many times the sample lasts what it takes until the correlation has
// fallen to 1/e. One below 0.1 between neighbours is as good as none.
func (t terms) memories() float64 {
	return float64(len(t.above)) * -math.Log(min(max(t.correlation(), 0.1), 1))
}

// residuals are what the batches have more or less than the ratio.
func (t terms) residuals() []float64 {
	r, out := t.ratio(), make([]float64, len(t.above))
	for i := range out {
		out[i] = t.above[i] - r*t.below[i]
	}
	return out
}

// merged joins the batches two by two.
func (t terms) merged() terms {
	merge := func(values []float64) []float64 {
		out := make([]float64, len(values)/2)
		for i := range out {
			out[i] = values[2*i] + values[2*i+1]
		}
		return out
	}
	return terms{merge(t.above), merge(t.below)}
}

// spread is the half width of the interval around the ratio, by Student's t.
func (t terms) spread(confidence float64) (half float64, ok bool) {
	k := float64(len(t.above))
	squares, empty := 0.0, 0
	for i, d := range t.residuals() {
		squares += d * d
		if t.above[i] == 0 {
			empty++
		}
	}
	if 4*empty > len(t.above) {
		return 0, false
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: k - 1}
	return student.Quantile((1+confidence)/2) * math.Sqrt(squares*k/(k-1)) / total(t.below), true
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

// spans reports whether the sample is long enough for what its entries have to do with
// each other: whether they have a time, and how long it is, by how many of at it is
// above.
func (b *batched) spans() bool {
	ranks := make([]float64, len(b.all))
	for _, above := range b.above {
		for i, n := range above {
			ranks[i] += n
		}
	}
	return min(terms{ranks, b.present}.memories(), terms{b.absent, b.all}.memories()) >= span
}

// bounded are the intervals that a sample allows for.
type bounded struct {
	present, absent *theory.Bounds // the shares with and without a time
	times           theory.QuantilesBounds
}

// bounded bounds the figures of a sample, the times of which are in d too.
func (s sample) bounded(d *distribution) bounded {
	var at [len(shares)]float64
	for i, q := range shares {
		at[i] = d.at(q)
	}
	b := s.cut(at)
	if !b.spans() {
		return bounded{}
	}
	out := bounded{present: around(terms{b.present, b.all}, 1), absent: around(terms{b.absent, b.all}, 1)}
	if d.count == 0 || len(s) == noted {
		return out
	}
	var of [len(shares)]*theory.Bounds
	for i, q := range shares {
		of[i] = d.around(q, terms{b.above[i], b.present})
	}
	out.times = theory.QuantilesBounds{
		P50: of[0], P75: of[1], P90: of[2], P99: of[3], P999: of[4], P9999: of[5],
		Mean: around(terms{b.times, b.present}, math.Inf(1)),
	}
	return out
}

func around(t terms, most float64) *theory.Bounds {
	half, ok := t.halfWidth(Confidence)
	if !ok {
		return nil
	}
	r := t.ratio()
	return &theory.Bounds{Low: max(r-half, 0), High: min(r+half, most)}
}

// around bounds a quantile by what the batches have beyond it.
func (d *distribution) around(q float64, beyond terms) *theory.Bounds {
	half, ok := beyond.halfWidth(Confidence)
	n := float64(d.count)
	if total(beyond.above) == 0 && (1-q)*n >= fewExpected {
		half, ok = 0, true // it is the longest of all, and many are as long
	}
	if !ok || q+half >= 1-1/n {
		return nil // it may be beyond all that was seen
	}
	return &theory.Bounds{Low: d.at(max(q-half, 0)), High: d.at(q + half)}
}
