package predict

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"

	"crosstalk/internal/stats"
	"crosstalk/internal/theory"
)

// Row is one simulated request, complete. Times count from the start of the
// measured part; in the warm-up, ID and Due are negative.
type Row struct {
	ID   int64
	Due  time.Duration
	Sent time.Duration
	Done time.Duration
	Code codes.Code
	// Stale tells that the answer was out of date when the request was due, and
	// Age for how long its oldest part had been.
	Stale bool
	Age   time.Duration
}

// tally sums up what has happened in the measured part.
type tally struct {
	// steady tells that what happens does not depend on the time, so that parts of it
	// show how far the whole can be trusted.
	steady                  bool
	took, aged, lagging     sample // of requests, answers and changes
	requests, failed, stale int64
	latency, ages, lags     distribution
	ended                   time.Duration
}

// newTally is for about as many requests.
func newTally(steady bool, requests float64) *tally {
	t := &tally{steady: steady, latency: newDistribution(), ages: newDistribution(), lags: newDistribution()}
	if n := int(min(requests, noted)); steady && n > 0 {
		t.took, t.aged = make(sample, 0, n), make(sample, 0, n)
	}
	return t
}

func (t *tally) add(r Row) {
	if r.ID < 0 {
		return
	}
	t.requests++
	t.ended = max(t.ended, r.Due)
	if r.Code != codes.OK {
		t.failed++
		t.note(&t.took, absent)
		return
	}
	t.latency.add(r.Done - r.Due)
	t.note(&t.took, (r.Done - r.Due).Seconds())
	if !r.Stale {
		t.note(&t.aged, absent)
		return
	}
	t.stale++
	t.ages.add(r.Age)
	t.note(&t.aged, r.Age.Seconds())
}

// absent is the time in a sample of what has none.
const absent = -1

// noted bounds what a sample takes of memory: beyond, it says nothing.
const noted = 1 << 20

func (t *tally) note(s *sample, seconds float64) {
	if t.steady && len(*s) < noted {
		*s = append(*s, seconds)
	}
}

// intervals are those of all figures.
func (t *tally) intervals() *theory.Intervals {
	took, aged := t.took.bounded(&t.latency), t.aged.bounded(&t.ages)
	return &theory.Intervals{
		ErrorRate: took.absent, Latency: took.times,
		StaleShare: aged.present, Staleness: aged.times, ReplicationLag: t.lagging.bounded(&t.lags).times,
	}
}

func (t *tally) lagged(at, lag time.Duration) {
	if at >= 0 {
		t.lags.add(lag)
		t.note(&t.lagging, lag.Seconds())
	}
}

// distribution is a histogram of times, with what it rounds off kept exactly.
type distribution struct {
	histogram    *hdrhistogram.Histogram
	count        int64
	low, high    time.Duration
	sumOfSeconds float64
}

// The range of the histograms, in nanoseconds, and their precision: as those of
// package result.
const (
	lowest  = 1
	highest = int64(10 * time.Minute)
	digits  = 3
)

func newDistribution() distribution {
	return distribution{histogram: hdrhistogram.New(lowest, highest, digits)}
}

func (d *distribution) add(t time.Duration) {
	if d.count == 0 {
		d.low, d.high = t, t
	}
	d.count++
	d.low, d.high = min(d.low, t), max(d.high, t)
	d.sumOfSeconds += t.Seconds()
	// It fails for values outside of the range alone.
	_ = d.histogram.RecordValue(min(int64(t), highest))
}

func (d *distribution) quantiles() *theory.Quantiles {
	if d.count == 0 {
		return nil
	}
	var values [len(shares)]float64
	for i, share := range shares {
		values[i] = d.at(share)
	}
	return quantilesOf(values, d.sumOfSeconds/float64(d.count))
}

// at is a quantile by its nearest rank, in seconds; 0 where there is nothing.
func (d *distribution) at(share float64) float64 {
	if d.count == 0 {
		return 0
	}
	at := time.Duration(d.histogram.ValueAtQuantile(100 * float64(max(stats.Rank(share, d.count), 1)) / float64(d.count)))
	return min(max(at, d.low), d.high).Seconds()
}
