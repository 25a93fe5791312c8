package impact

import (
	"slices"
	"time"

	"crosstalk/internal/result"
)

// summary is what a stretch's requests were like.
type summary struct {
	latencies         []float64 // of the successes, sorted
	succeeded, failed int64
	stale             int64
	oldest            time.Duration
}

func summaryOf(rows []row) summary {
	var s summary
	for _, r := range rows {
		if r.failed {
			s.failed++
			continue
		}
		s.succeeded++
		s.latencies = append(s.latencies, r.latency.Seconds())
		if r.stale {
			s.stale++
			s.oldest = max(s.oldest, r.age)
		}
	}
	slices.Sort(s.latencies)
	return s
}

func (s summary) errorRate() result.Interval {
	return result.Share(s.failed, s.succeeded+s.failed)
}

// p99 is 0, and of no bounds, where none succeeded.
func (s summary) p99() (seconds float64, _ *result.Bounds) {
	if s.succeeded == 0 {
		return 0, nil
	}
	p := result.PercentileOfSorted(s.latencies, 0.99)
	bounds := p.Bounds()
	return p.Value, &bounds
}

// above is the share of the successes that took longer than a time, in seconds.
func (s summary) above(seconds float64) float64 {
	i, _ := slices.BinarySearchFunc(s.latencies, seconds, func(latency, seconds float64) int {
		if latency <= seconds {
			return -1
		}
		return 1
	})
	return float64(len(s.latencies)-i) / float64(max(len(s.latencies), 1))
}

func (s summary) staleShare() float64 { return float64(s.stale) / float64(max(s.succeeded, 1)) }
