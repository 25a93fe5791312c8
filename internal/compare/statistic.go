package compare

import (
	"strconv"
	"strings"
)

// statistic reads a figure off resampled blocks. It is NaN where there is none.
type statistic struct {
	of func(b *blocks, weights []int) float64
	// enough tells whether the blocks hold enough for resamples to tell how uncertain
	// the figure is; nil is always.
	enough func(b *blocks) bool
	// interval is the figure's 95 % interval of its own; nil where it has none but that of
	// the resamples.
	interval func(b *blocks) (low, high float64)
	// samples counts what the figure is taken of.
	samples func(b *blocks) int64
}

// tags are the kinds of the log by the names of the metrics.
var tags = map[string]string{
	"latency": "latency", "service_time": "service", "failed_latency": "failed",
	"lateness": "lateness", "staleness": "staleness", "lag": "lag",
}

// fewestBeyond is how many samples must lie beyond a percentile for its resamples
// to tell how uncertain it is.
const fewestBeyond = 5

// statisticOf returns how a metric is read off blocks; not ok where blocks do not
// tell it: the largest value, events and CPU are one figure a run.
func statisticOf(metric string) (statistic, bool) {
	switch metric {
	case "errors":
		return statistic{of: func(b *blocks, w []int) float64 { return total(b.failed, w) / total(b.sent, w) }, samples: requests}, true
	case "stale":
		return statistic{
			of:      func(b *blocks, w []int) float64 { return total(b.stale, w) / (total(b.sent, w) - total(b.failed, w)) },
			samples: func(b *blocks) int64 { return counted(b.sent) - counted(b.failed) },
		}, true
	case "throughput":
		return statistic{
			of:      func(b *blocks, w []int) float64 { return (total(b.sent, w) - total(b.failed, w)) / total(b.seconds, w) },
			samples: requests,
		}, true
	}
	of, figure, _ := strings.Cut(metric, ".")
	tag, known := tags[of]
	if !known {
		return statistic{}, false
	}
	samples := func(b *blocks) int64 { return b.values(tag).samples(b.ones()) }
	if figure == "mean" {
		return statistic{
			of:      func(b *blocks, w []int) float64 { return b.values(tag).mean(w) },
			enough:  func(b *blocks) bool { return samples(b) >= fewestBeyond },
			samples: samples,
		}, true
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(figure, "p"), 64)
	if err != nil {
		return statistic{}, false
	}
	share := percent / 100
	return statistic{
		of:       func(b *blocks, w []int) float64 { return b.values(tag).quantile(w, share) },
		interval: func(b *blocks) (low, high float64) { return b.values(tag).bounds(b.ones(), share) },
		enough: func(b *blocks) bool {
			return float64(samples(b))*min(share, 1-share) >= fewestBeyond-1e-6
		},
		samples: samples,
	}, true
}

func requests(b *blocks) int64 { return counted(b.sent) }
