package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/predict"
	"crosstalk/internal/result"
)

// Predictions has a row for each scenario, with what theory expects of it, and then one for
// each queue.
func Predictions(all []predict.Prediction) []Table {
	t := Table{
		Title: "THEORY: what is to be expected; calls, events and databases take no time; " + trusted,
		Head:  columns("scenario", "errors", "p50", "p90", "p99", "p99.9", "stale", "age p50", "age p99", "lag p50", "lag p99", "tries/request", "method"),
	}
	waiting := queues()
	for _, p := range all {
		t.row(expectations(p)...)
		for _, q := range p.Queues {
			waiting.queue(p.Scenario, result.PredictedQueue(q))
		}
	}
	return withRows(t, waiting)
}

func expectations(p predict.Prediction) []Cell {
	x, bounds := intervals{simulated: p.Intervals != nil}, p.Intervals
	if bounds == nil {
		bounds = &predict.Intervals{}
	}
	share := func(v float64, b *predict.Bounds) Cell { return x.share(v, (*result.PredictedBounds)(b)) }
	time := func(v float64, b *predict.Bounds) Cell { return x.time(v, (*result.PredictedBounds)(b)) }
	row := []Cell{text(p.Scenario), share(p.ErrorRate, bounds.ErrorRate), noFigure, noFigure, noFigure, noFigure}
	if l, b := p.Latency, bounds.Latency; l != nil {
		row = append(row[:2], time(l.P50, b.P50), time(l.P90, b.P90), time(l.P99, b.P99), time(l.P999, b.P999))
	}
	row = append(row, share(p.StaleShare, bounds.StaleShare))
	row = append(row, middleAndTail(p.Staleness, bounds.Staleness, time)...)
	row = append(row, middleAndTail(p.Lag, bounds.Lag, time)...)
	return append(row, text(tries(p.Tries)), text(method(p)))
}

// middleAndTail are the median and the 99th percentile of what is not always 0.
func middleAndTail(q *predict.Quantiles, b predict.QuantilesBounds, time func(float64, *predict.Bounds) Cell) []Cell {
	out := []Cell{noFigure, noFigure}
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
