package result

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Kind is one of the measured times that histograms are kept of.
type Kind int

// The kinds, in the order in which they stand in the log.
const (
	Latency Kind = iota
	ServiceTime
	FailedLatency
	Lateness
	Staleness
	ReplicationLag
	HandlingDelay
	kinds
)

// String returns the tag of the kind's lines in latency.hlog.
func (k Kind) String() string {
	return [...]string{"latency", "service", "failed", "lateness", "staleness", "lag", "handling"}[k]
}

// field is the name of the kind's percentiles in run.json.
func (k Kind) field() string {
	return [...]string{"latency_seconds", "service_time_seconds", "failed_latency_seconds",
		"lateness_seconds", "staleness_seconds", "replication_lag_seconds", "handling_delay_seconds"}[k]
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
func (i *interval) percentile(h *hdrhistogram.Histogram, share float64) float64 {
	return PercentileOf(h, Quantiles{Min: i.min.Seconds(), Max: i.max.Seconds()}, share).Value
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

// fill fills in what a run says of the distribution.
func (t *total) fill(run *Run, k Kind) {
	*run.Quantiles(k) = t.quantiles()
	run.fillPercentiles(k, t.histogram)
}

// quantiles summarises the distribution, but for its percentiles.
func (t *total) quantiles() Quantiles {
	if t.count == 0 {
		return Quantiles{}
	}
	return Quantiles{
		Count: t.count, Min: t.min.Seconds(), Max: t.max.Seconds(),
		Mean: float64(t.sum) / float64(t.count) / float64(time.Second),
	}
}
