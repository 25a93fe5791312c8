package result

import (
	"math"

	"crosstalk/internal/stats"
)

// curveStep is how far the points of a curve are apart on the nines axis.
const curveStep = 0.02

// LatencyCurve returns the latency of the successes in seconds, by share, evenly
// on the nines axis: from 0 to 1 − 1/n for n of them, where the largest stands above
// the one before it.
func (l *Loaded) LatencyCurve() (share, seconds []float64) {
	return curve(l.Latency.TotalCount(), func(p float64) float64 { return l.at(Latency, p) })
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
		return l.at(Staleness, (p-fresh)/(1-fresh))
	})
}

func (l *Loaded) at(k Kind, share float64) float64 {
	h := l.Histogram(k)
	return atRank(h, *l.Quantiles(k), stats.Rank(share, h.TotalCount()))
}

func curve(samples int64, value func(share float64) float64) (share, seconds []float64) {
	if samples == 0 {
		return nil, nil
	}
	last := 1 - 1/float64(samples)
	for i := 0; ; i++ {
		p := 1 - math.Pow(10, -curveStep*float64(i))
		if p >= last {
			break
		}
		share, seconds = append(share, p), append(seconds, value(p))
	}
	return append(share, last, last), append(seconds, value(last), value(1))
}
