package report

import (
	"io"

	"crosstalk/internal/result"
)

// Theory prints what was measured beside what theory says, a row for each run.
func Theory(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	t.heading("THEORY beside the measurement; theory knows no wiring: calls, events and databases take no time")
	t.row("scenario", "errors", "| theory", "p50", "| theory", "p99", "| theory", "stale", "| theory", "lag p50", "| theory", "by")
	for _, r := range runs {
		p := r.Predicted
		if p == nil {
			continue
		}
		by := p.Method
		if p.Why != "" {
			by += ": " + p.Why
		}
		t.row(r.Scenario, errorRate(r), "| "+percent(p.ErrorRate)+" %", latency(r, 0.5), "| "+duration(p.Latency.P50),
			latency(r, 0.99), "| "+duration(p.Latency.P99), stale(r), "| "+percent(p.StaleShare)+" %",
			lag(r, 0.5), "| "+orNone(p.ReplicationLag.P50), by)
	}
	t.flush()
	return t.err
}
