package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/predict"
	"crosstalk/internal/theory"
)

// Predictions has a row for each scenario, with what theory expects of it, and then one for
// each queue.
func Predictions(all []theory.Prediction) []Table {
	t := Table{
		Title: "THEORY: what is to be expected; calls, events and databases take no time; " + trusted,
		Head:  columns("scenario", "errors", "p50", "p90", "p99", "p99.9", "stale", "age p50", "age p99", "lag p50", "lag p99", "tries/request", "method"),
	}
	waiting := queues()
	for _, p := range all {
		t.row(expectations(p)...)
		for _, q := range p.Queues {
			waiting.queue(p.Scenario, theory.ServiceQueue(q))
		}
	}
	return withRows(t, waiting)
}

func expectations(p theory.Prediction) []Cell {
	x, bounds := intervals{simulated: p.Intervals != nil}, p.Intervals
	if bounds == nil {
		bounds = &theory.Intervals{}
	}
	row := []Cell{text(p.Scenario), x.share(p.ErrorRate, bounds.ErrorRate), noFigure, noFigure, noFigure, noFigure}
	if l, b := p.Latency, bounds.Latency; l != nil {
		row = append(row[:2], x.time(l.P50, b.P50), x.time(l.P90, b.P90), x.time(l.P99, b.P99), x.time(l.P999, b.P999))
	}
	row = append(row, x.share(p.StaleShare, bounds.StaleShare))
	row = append(row, middleAndTail(p.Staleness, bounds.Staleness, x.time)...)
	row = append(row, middleAndTail(p.ReplicationLag, bounds.ReplicationLag, x.time)...)
	return append(row, text(tries(p.TriesPerRequest)), text(method(p)))
}

// middleAndTail are the median and the 99th percentile of what is not always 0.
func middleAndTail(q *theory.Quantiles, b theory.QuantilesBounds, time func(float64, *theory.Bounds) Cell) []Cell {
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

func method(p theory.Prediction) string {
	if p.Method == predict.ClosedForm {
		return p.Method
	}
	text := fmt.Sprintf("%s of %d requests", p.Method, p.RequestsSimulated)
	if p.Why != "" {
		text += ": " + p.Why
	}
	return text
}
