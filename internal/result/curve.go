package result

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// curveStep is how far the points of a curve are apart on the nines axis.
const curveStep = 0.02

// LatencyCurve returns the latency of the successes in seconds, by share, evenly
// on the nines axis: from 0 to 1 − 1/n for n of them, where the largest stands.
func (l *Loaded) LatencyCurve() (share, seconds []float64) {
	return curve(l.Latency.TotalCount(), func(p float64) float64 { return at(l.Latency, p) })
}

// AgeCurve returns, by share of all answers, for how many seconds they had been
// out of date: 0 up to the share of those that were not.
func (l *Loaded) AgeCurve() (share, seconds []float64) {
	all := l.Answers.Correct + l.Answers.Stale
	fresh := 1 - float64(l.Answers.Stale)/float64(max(all, 1))
	return curve(all, func(p float64) float64 {
		if p <= fresh {
			return 0
		}
		return at(l.Staleness, (p-fresh)/(1-fresh))
	})
}

func at(h *hdrhistogram.Histogram, share float64) float64 {
	return float64(h.ValueAtPercentile(byRank(share*100, h.TotalCount()))) / 1e9
}

func curve(samples int64, value func(share float64) float64) (share, seconds []float64) {
	if samples == 0 {
		return nil, nil
	}
	for nines := 0.0; nines < math.Log10(float64(samples)); nines += curveStep {
		p := 1 - math.Pow(10, -nines)
		share, seconds = append(share, p), append(seconds, value(p))
	}
	return append(share, 1-1/float64(samples)), append(seconds, value(1))
}
