package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/predict"
)

// Predictions prints a row for each scenario: what theory expects of it.
func Predictions(w io.Writer, all []predict.Prediction) error {
	t := newTable(w)
	t.heading("THEORY: what is to be expected; calls, events and databases take no time")
	t.row("scenario", "errors", "p50", "p90", "p99", "p99.9", "stale", "age p50", "age p99", "lag p50", "lag p99", "tries/request", "method")
	for _, p := range all {
		l := p.Latency
		t.row(p.Scenario, percent(p.ErrorRate)+" %", duration(l.P50), duration(l.P90), duration(l.P99), duration(l.P999),
			percent(p.StaleShare)+" %", orNone(p.Staleness.P50), orNone(p.Staleness.P99), orNone(p.Lag.P50), orNone(p.Lag.P99),
			tries(p.Tries), method(p))
	}
	t.flush()
	return t.err
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
