package compare

import (
	"math"
	"slices"

	moremath "github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"

	"crosstalk/internal/metric"
)

// byRun compares a metric run by run, as benchstat does: the median of each side,
// and the Mann-Whitney U test. The interval is that of the shift, from the order of
// the differences of all pairs of runs.
//
// Source: M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods", 2nd ed.
// (1999), section 4.3.
func byRun(m metric.Metric, old, new []Run) Row {
	r := Row{Metric: m, Old: summary(m, old), New: summary(m, new)}
	was, is := figures(m, old), figures(m, new)
	r.N = [2]int64{int64(len(was)), int64(len(is))}
	r.Delta.Change = changeOf(m, r.Old.Value, r.New.Value)
	r.Delta.Known = r.Old.Known && r.New.Known && !math.IsNaN(r.Delta.Change)
	if len(was) < enoughRuns || len(is) < enoughRuns || !r.Delta.Known {
		return r
	}
	c := benchmath.AssumeNothing.Compare(sample(was), sample(is))
	r.Delta.Tested, r.Delta.P = true, c.P
	low, high := shift(was, is)
	base := r.Old.Value
	if m.Unit == metric.Share || base == 0 {
		base = 1
	}
	r.Delta.Low, r.Delta.High = low/base, high/base
	r.Delta.Seen = (r.Delta.High - r.Delta.Low) / 2
	return r
}

// figures are what the runs say of a metric, of those that say anything.
func figures(m metric.Metric, runs []Run) []float64 {
	var out []float64
	for _, r := range runs {
		if v := m.Of(r.Loaded); v.Known {
			out = append(out, v.Value)
		}
	}
	return out
}

func sample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

// summary is the median of the runs with its interval, which is open of few runs.
func summary(m metric.Metric, runs []Run) metric.Value {
	values := figures(m, runs)
	if len(values) == 0 {
		return metric.Value{}
	}
	s := benchmath.AssumeNothing.Summary(sample(values), 0.95)
	return metric.Value{Value: s.Center, Low: s.Lo, High: s.Hi, Known: true}
}

// shift is the 95 % interval of how much larger the new values are.
func shift(old, new []float64) (low, high float64) {
	var all []float64
	for _, a := range old {
		for _, b := range new {
			all = append(all, b-a)
		}
	}
	slices.Sort(all)
	u := moremath.UDist{N1: len(old), N2: len(new)}
	k := 0
	for u.CDF(float64(k)) <= Alpha/2 {
		k++
	}
	k = max(k, 1)
	return all[k-1], all[len(all)-k]
}
