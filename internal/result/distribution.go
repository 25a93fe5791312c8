package result

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// kind is one of the measured times that histograms are kept of.
type kind int

// The kinds, in the order in which they stand in the log.
const (
	latency kind = iota
	serviceTime
	failedLatency
	lateness
	staleness
	replicationLag
	handling
	kinds
)

// String returns the tag of the kind's lines in latency.hlog.
func (k kind) String() string {
	return [...]string{"latency", "service", "failed", "lateness", "staleness", "lag", "handling"}[k]
}

// The range of the histograms, in nanoseconds. Starting at 1 ns and not at 1 µs
// is what makes 3 significant digits true at 1 µs: a histogram's unit is its
// lowest value, and three digits begin a thousand units above it.
const (
	lowest  = 1
	highest = int64(10 * time.Minute)
	digits  = 3
)

// extremes is what a histogram rounds off, exactly.
type extremes struct {
	count    int64
	min, max time.Duration
	// sum overflows after 292 years of summed up time.
	sum time.Duration
}

func (e *extremes) add(d time.Duration) {
	e.merge(extremes{count: 1, min: d, max: d, sum: d})
}

func (e *extremes) merge(o extremes) {
	switch {
	case o.count == 0:
		return
	case e.count == 0:
		e.min = o.min
	}
	e.count += o.count
	e.min = min(e.min, o.min)
	e.max = max(e.max, o.max)
	e.sum += o.sum
}

// quantile clamps a histogram's value, the upper end of its bucket, to what was
// really seen. It is in seconds; 0 where nothing was.
func (e *extremes) quantile(nanos int64) float64 {
	return min(max(time.Duration(nanos), e.min), e.max).Seconds()
}

// interval is the distribution of one kind in one second. Hundreds of them can be
// open at once, each nearly empty, so they are lists of values; one histogram is
// enough to go through them with, one after the other.
type interval struct {
	extremes
	values []int64
	// joined is what was read as histograms; nil where nothing was.
	joined *hdrhistogram.PackedHistogram
}

// add counts d; what lies outside of the range, at its end.
func (i *interval) add(d time.Duration) {
	d = max(d, 0)
	i.extremes.add(d)
	i.values = append(i.values, min(int64(d), highest))
}

func (i *interval) reset() {
	i.extremes = extremes{}
	i.values = i.values[:0]
	i.joined = nil
}

// fill makes h the interval's histogram.
func (i *interval) fill(h *hdrhistogram.Histogram) {
	h.Reset()
	if i.joined != nil {
		i.joined.MergeInto(h)
	}
	for _, v := range i.values {
		_ = h.RecordValue(v) // all are in its range
	}
}

// percentile returns a percentile in seconds, of the histogram that fill has made.
func (i *interval) percentile(h *hdrhistogram.Histogram, p float64) float64 {
	return i.quantile(h.ValueAtPercentile(byRank(p, i.count)))
}

// byRank returns what to ask the library for, to get the percentile p of n values
// by the nearest rank: the smallest value that at least p % of them do not exceed.
// The library rounds the rank instead, and so can be one too low. Of 1289 values,
// the 99th percentile is number 1277, and not number 1276.
func byRank(p float64, n int64) float64 {
	exact := p * float64(n) / 100
	return 100 * math.Ceil(exact-exact*1e-12) / float64(n) // 99.9 % of 1000 is 999, and a hair more
}

// total is the distribution of one kind over the measured part.
type total struct {
	extremes
	histogram *hdrhistogram.Histogram
}

func newTotal() total { return total{histogram: newHistogram()} }

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(lowest, highest, digits) }

func (t *total) merge(i *interval) {
	t.extremes.merge(i.extremes)
	if i.joined != nil {
		i.joined.MergeInto(t.histogram)
	}
	for _, v := range i.values {
		_ = t.histogram.RecordValue(v)
	}
}

// quantiles summarises the distribution.
func (t *total) quantiles() Quantiles {
	if t.count == 0 {
		return Quantiles{}
	}
	asked := []float64{50, 75, 90, 99, 99.9, 99.99}
	for i := range asked {
		asked[i] = byRank(asked[i], t.count)
	}
	at := t.histogram.ValueAtPercentilesSlice(asked)
	return Quantiles{
		Count: t.count, Min: t.min.Seconds(), Max: t.max.Seconds(),
		P50: t.quantile(at[0]), P75: t.quantile(at[1]), P90: t.quantile(at[2]),
		P99: t.quantile(at[3]), P999: t.quantile(at[4]), P9999: t.quantile(at[5]),
		Mean: float64(t.sum) / float64(t.count) / float64(time.Second),
	}
}
