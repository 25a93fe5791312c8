package report

import (
	"slices"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/theory"
)

// theory has what was measured beside what theory says, a row for each run.
func predicted(runs []result.Run) Table {
	t := Table{
		Title: "THEORY beside the measurement; theory knows no wiring: calls, events and databases take no time; " + trusted,
		Head:  slices.Concat(columns("scenario"), besideTheory("errors", "p50", "p99", "stale", "lag p50"), columns("by")),
	}
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
		t.row(text(r.Scenario), errorRate(r), x.share(p.ErrorRate, x.ErrorRate),
			latency(r, 0.5), x.latency(p.Latency, 0.5), latency(r, 0.99), x.latency(p.Latency, 0.99),
			stale(r), x.share(p.StaleShare, x.StaleShare), lag(r, 0.5), x.lag(p.ReplicationLag), text(by))
	}
	return t
}

// predictedQueues are those of the runs.
func predictedQueues(runs []result.Run) Table {
	t := queues()
	for _, r := range runs {
		if r.Predicted == nil {
			continue
		}
		for _, q := range r.Predicted.Queues {
			t.queue(r.Scenario, q)
		}
	}
	return t
}

// queues is the table of the queues of which theory has a closed form.
func queues() Table {
	return Table{
		Title: "QUEUES in their steady state, by the closed form of each: Poisson arrivals, exponential (M), constant (D) or other (G) work, workers, room",
		Head:  columns("scenario", "service", "model", "load", "mean wait", "of those that wait", "refused"),
	}
}

func (t *Table) queue(scenario string, q theory.ServiceQueue) {
	t.row(text(scenario), text(q.Service), text(q.Model), amount(q.Load), inSeconds(q.MeanWait), inSeconds(q.QueuedMeanWait), inPercent(q.RefusedShare))
}

// trusted explains the intervals beside simulated figures.
const trusted = "a simulation's figures have their 95 % interval, [?] where it is too short to tell"

// intervals are those of a prediction, if it is simulated.
type intervals struct {
	theory.Intervals
	simulated bool
}

func intervalsOf(p *theory.Prediction) intervals {
	if p.Intervals == nil {
		return intervals{}
	}
	return intervals{*p.Intervals, true}
}

func (x intervals) share(v float64, b *theory.Bounds) Cell {
	if b == nil {
		return x.undecided(inPercent(v))
	}
	return interval(result.Interval{Value: v, Low: b.Low, High: b.High})
}

// latency is the median or, for 0.99, the 99th percentile; none where no success is
// to be expected.
func (x intervals) latency(q *theory.Quantiles, p float64) Cell {
	switch {
	case q == nil:
		return noFigure
	case p == 0.99:
		return x.time(q.P99, x.Latency.P99)
	}
	return x.time(q.P50, x.Latency.P50)
}

// lag is the median; none where there are no changes, or they take no time.
func (x intervals) lag(q *theory.Quantiles) Cell {
	if q == nil || q.P50 == 0 {
		return noFigure
	}
	return x.time(q.P50, x.ReplicationLag.P50)
}

func (x intervals) time(seconds float64, b *theory.Bounds) Cell {
	if b == nil {
		return x.undecided(inSeconds(seconds))
	}
	v := metric.Value{Value: seconds, Low: b.Low, High: b.High, Known: true}
	return Cell{duration(seconds), bounds(v, duration), v}
}

func (x intervals) undecided(c Cell) Cell {
	if x.simulated && c.Figure.Value != 0 {
		c.Interval = "[?]"
	}
	return c
}
