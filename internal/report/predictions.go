package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/predict"
	"crosstalk/internal/result"
)

// Predictions prints a row for each scenario: what theory expects of it.
func Predictions(w io.Writer, all []predict.Prediction) error {
	t := newTable(w)
	t.heading("THEORY: what is to be expected; calls, events and databases take no time; " + trusted)
	t.row("scenario", "errors", "p50", "p90", "p99", "p99.9", "stale", "age p50", "age p99", "lag p50", "lag p99", "tries/request", "method")
	for _, p := range all {
		x, bounds := intervals{simulated: p.Intervals != nil}, p.Intervals
		if bounds == nil {
			bounds = &predict.Intervals{}
		}
		share := func(v float64, b *predict.Bounds) string { return x.share(v, (*result.PredictedBounds)(b)) }
		time := func(v float64, b *predict.Bounds) string { return x.time(v, (*result.PredictedBounds)(b)) }
		row := []string{p.Scenario, share(p.ErrorRate, bounds.ErrorRate), none, none, none, none}
		if l, b := p.Latency, bounds.Latency; l != nil {
			row = append(row[:2], time(l.P50, b.P50), time(l.P90, b.P90), time(l.P99, b.P99), time(l.P999, b.P999))
		}
		row = append(row, share(p.StaleShare, bounds.StaleShare))
		row = append(row, middleAndTail(p.Staleness, bounds.Staleness, time)...)
		row = append(row, middleAndTail(p.Lag, bounds.Lag, time)...)
		t.row(append(row, tries(p.Tries), method(p))...)
	}
	row := t.queues()
	for _, p := range all {
		for _, q := range p.Queues {
			row(p.Scenario, result.PredictedQueue(q))
		}
	}
	t.flush()
	return t.err
}

// middleAndTail are the median and the 99th percentile of what is not always 0.
func middleAndTail(q *predict.Quantiles, b predict.QuantilesBounds, time func(float64, *predict.Bounds) string) []string {
	out := []string{none, none}
	if q != nil && q.P50 > 0 {
		out[0] = time(q.P50, b.P50)
	}
	if q != nil && q.P99 > 0 {
		out[1] = time(q.P99, b.P99)
	}
	return out
}

// tries lists the needs that are tried other than once a request.
func tries(by map[string]float64) string {
	var parts []string
	for _, need := range slices.Sorted(maps.Keys(by)) {
		if n := by[need]; n > 1.0005 || n < 0.9995 {
			parts = append(parts, need+" "+digits(n))
		}
	}
	if len(parts) == 0 {
		return "1.00"
	}
	return strings.Join(parts, ", ")
}

func method(p predict.Prediction) string {
	if p.Method == predict.ClosedForm {
		return p.Method
	}
	text := fmt.Sprintf("%s of %d requests", p.Method, p.Requests)
	if p.Why != "" {
		text += ": " + p.Why
	}
	return text
}
