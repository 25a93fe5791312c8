package result

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"crosstalk/internal/stats"
)

// Percentile is a percentile with its 95 % interval, in seconds. Low is −Inf, and High
// +Inf, where the samples are too few to bound it on that side: that end is open.
type Percentile struct{ Value, Low, High float64 }

// PercentileOf returns a percentile, as a share in (0, 1), of the distribution that h
// holds and q sums up. All that tells a percentile of a run takes it from here. It is
// all 0 where there are no samples.
//
// The value is that of the nearest rank. The interval takes the samples for independent;
// what disturbs several requests at once makes the truth less sure than it says.
func PercentileOf(h *hdrhistogram.Histogram, q Quantiles, share float64) Percentile {
	return percentileOf(h.TotalCount(), share, func(rank int64) float64 { return atRank(h, q, rank) })
}

// PercentileOfSorted is PercentileOf of samples that are all known, in seconds and in
// ascending order.
func PercentileOfSorted(samples []float64, share float64) Percentile {
	return percentileOf(int64(len(samples)), share, func(rank int64) float64 { return samples[rank-1] })
}

// percentileOf is a percentile of n samples, of which at returns those asked for.
func percentileOf(n int64, share float64, at func(rank int64) float64) Percentile {
	if n == 0 {
		return Percentile{}
	}
	p := Percentile{Value: at(stats.Rank(share, n)), Low: math.Inf(-1), High: math.Inf(1)}
	low, high := stats.QuantileRanks(share, n)
	if low > 0 {
		p.Low = at(low)
	}
	if high <= n {
		p.High = at(high)
	}
	return p
}

// atRank returns value number rank of a histogram, the upper end of its bucket, but not
// outside of what was really seen. The library is asked for the percentage that its
// rounding makes that rank of: of 1289 values, it takes 99 % for number 1276.
func atRank(h *hdrhistogram.Histogram, q Quantiles, rank int64) float64 {
	nanos := h.ValueAtPercentile(100 * float64(rank) / float64(h.TotalCount()))
	return min(max(time.Duration(nanos).Seconds(), q.Min), q.Max)
}

// percentiles are those that stand in run.json.
var percentiles = []struct {
	name  string
	share float64
	in    func(*Quantiles) *float64
}{
	{"p50", 0.5, func(q *Quantiles) *float64 { return &q.P50 }},
	{"p75", 0.75, func(q *Quantiles) *float64 { return &q.P75 }},
	{"p90", 0.9, func(q *Quantiles) *float64 { return &q.P90 }},
	{"p99", 0.99, func(q *Quantiles) *float64 { return &q.P99 }},
	{"p99.9", 0.999, func(q *Quantiles) *float64 { return &q.P999 }},
	{"p99.99", 0.9999, func(q *Quantiles) *float64 { return &q.P9999 }},
}

// Bounds are the ends of a percentile's 95 % interval, in seconds; nil is open.
type Bounds struct {
	// The lower end; missing where it is open.
	Low *float64 `json:"low,omitempty" schema:"signed"`
	// The upper end; missing where it is open.
	High *float64 `json:"high,omitempty" schema:"signed"`
}

// Bounds are the ends of the percentile's interval.
func (p Percentile) Bounds() Bounds { return Bounds{closed(p.Low), closed(p.High)} }

// Around returns the percentile of that value whose interval has these ends.
func (b Bounds) Around(value float64) Percentile {
	p := Percentile{value, math.Inf(-1), math.Inf(1)}
	if b.Low != nil {
		p.Low = *b.Low
	}
	if b.High != nil {
		p.High = *b.High
	}
	return p
}

// fillPercentiles fills in the percentiles of a distribution, and their intervals.
func (r *Run) fillPercentiles(k Kind, h *hdrhistogram.Histogram) {
	q := r.Quantiles(k)
	if q.Count == 0 {
		return
	}
	bounds := make(map[string]Bounds)
	for _, p := range percentiles {
		of := PercentileOf(h, *q, p.share)
		*p.in(q) = of.Value
		bounds[p.name] = of.Bounds()
	}
	if r.Intervals == nil {
		r.Intervals = make(map[string]map[string]Bounds)
	}
	r.Intervals[k.field()] = bounds
}

func closed(end float64) *float64 {
	if math.IsInf(end, 0) {
		return nil
	}
	return &end
}

// Written returns one of the percentiles that stand in run.json: 0.5, 0.75, 0.9, 0.99,
// 0.999 or 0.9999. It is not ok of another one, and where there are no samples.
func (r *Run) Written(k Kind, share float64) (p Percentile, ok bool) {
	q := r.Quantiles(k)
	for _, of := range percentiles {
		if of.share != share || q.Count == 0 {
			continue
		}
		return r.Intervals[k.field()][of.name].Around(*of.in(q)), true
	}
	return p, false
}
