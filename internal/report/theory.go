package report

import (
	"fmt"
	"io"

	"crosstalk/internal/result"
)

// Theory prints what was measured beside what theory says, a row for each run.
func Theory(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	t.heading("THEORY beside the measurement; theory knows no wiring: calls, events and databases take no time; " + trusted)
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
		x := intervalsOf(p)
		t.row(r.Scenario, errorRate(r), "| "+x.share(p.ErrorRate, x.ErrorRate),
			latency(r, 0.5), "| "+x.latency(p.Latency, 0.5), latency(r, 0.99), "| "+x.latency(p.Latency, 0.99),
			stale(r), "| "+x.share(p.StaleShare, x.StaleShare), lag(r, 0.5), "| "+x.lag(p.ReplicationLag), by)
	}
	row := t.queues()
	for _, r := range runs {
		if r.Predicted == nil {
			continue
		}
		for _, q := range r.Predicted.Queues {
			row(r.Scenario, q)
		}
	}
	t.flush()
	return t.err
}

// queues returns what prints the queues of which theory has a closed form.
func (t *table) queues() func(scenario string, q result.PredictedQueue) {
	row := t.rows("QUEUES in their steady state, by the closed form of each: Poisson arrivals, exponential (M), constant (D) or other (G) work, workers, room",
		"scenario", "service", "model", "load", "mean wait", "of those that wait", "refused")
	return func(scenario string, q result.PredictedQueue) {
		row(scenario, q.Service, q.Model, digits(q.Load), duration(q.MeanWait), duration(q.QueuedMeanWait), percent(q.RefusedShare)+" %")
	}
}

// trusted explains the intervals beside simulated figures.
const trusted = "a simulation's figures have their 95 % interval, [?] where it is too short to tell"

// intervals are those of a prediction, if it is simulated.
type intervals struct {
	result.PredictedIntervals
	simulated bool
}

func intervalsOf(p *result.Predicted) intervals {
	if p.Intervals == nil {
		return intervals{}
	}
	return intervals{*p.Intervals, true}
}

func (x intervals) share(v float64, b *result.PredictedBounds) string {
	if b == nil {
		return x.undecided(percent(v)+" %", v)
	}
	return interval(v, b.Low, b.High)
}

// latency is the median or, for 0.99, the 99th percentile; none where no success is
// to be expected.
func (x intervals) latency(q *result.PredictedQuantiles, p float64) string {
	switch {
	case q == nil:
		return none
	case p == 0.99:
		return x.time(q.P99, x.Latency.P99)
	}
	return x.time(q.P50, x.Latency.P50)
}

// lag is the median; none where there are no changes, or they take no time.
func (x intervals) lag(q *result.PredictedQuantiles) string {
	if q == nil || q.P50 == 0 {
		return none
	}
	return x.time(q.P50, x.ReplicationLag.P50)
}

func (x intervals) time(v float64, b *result.PredictedBounds) string {
	if b == nil {
		return x.undecided(duration(v), v)
	}
	return fmt.Sprintf("%s [%s, %s]", duration(v), duration(b.Low), duration(b.High))
}

func (x intervals) undecided(text string, v float64) string {
	if !x.simulated || v == 0 {
		return text
	}
	return text + " [?]"
}
