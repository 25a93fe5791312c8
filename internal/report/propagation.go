package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"crosstalk/internal/chart"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

// Propagation is the picture of a sweep: what was varied against the error rate
// that the callers saw, and against the metric that decides, points with their
// intervals beside the lines of theory. Of a grid, each value of the second
// setting has panels of its own.
func (s Sweep) Propagation() chart.Picture {
	p := chart.Picture{Title: s.question() + ": " + s.Vary[0].Setting + " against what D's callers see", Note: s.note()}
	for _, name := range s.Scenarios {
		p.Legend = append(p.Legend, chart.Entry{Scenario: name})
	}
	inner := len(s.Points) / len(s.Vary[0].Values)
	for other := range min(inner, mostPanels) {
		for _, m := range s.drawn() {
			p.Panels = append(p.Panels, s.panel(m, other, inner))
		}
	}
	return p
}

// question is what the picture answers.
func (s Sweep) question() string {
	if s.By.Name == throughput {
		return "How much gets through"
	}
	return "How far it spreads"
}

// drawn are the metrics that are drawn, from top to bottom. Where the successes are what
// is asked for, the failures are the rest of them.
func (s Sweep) drawn() []metric.Metric {
	errors, _ := metric.ByName("errors")
	switch s.By.Name {
	case errors.Name:
		return []metric.Metric{errors}
	case throughput:
		return []metric.Metric{s.By, errors}
	}
	return []metric.Metric{errors, s.By}
}

// throughput is the name of that metric.
const throughput = "throughput"

// mostPanels bounds how many values of the second setting are drawn: more would
// be too small to be read, and stand in the CSV.
const mostPanels = 4

func (s Sweep) note() string {
	if len(s.Rows) == 0 {
		return ""
	}
	note := noteOf(s.Rows[0].Run.Experiment, s.settings()...)
	bad := 0
	for _, r := range s.Rows {
		if r.Run.Verdict != result.OK {
			bad++
		}
	}
	if bad > 0 {
		note += fmt.Sprintf("  ·  %d of %d runs are not OK: the table names them", bad, len(s.Rows))
	}
	return note
}

func (s Sweep) panel(m metric.Metric, other, inner int) chart.Panel {
	v := s.Vary[0]
	panel := chart.Panel{Title: titleOf(m), XTitle: v.Setting, Y: axisOf(m), Empty: "nothing was measured"}
	if inner > 1 {
		panel.Title += ", " + strings.Join(s.Points[other].Values[1:], ", ")
	}
	x := s.place(&panel)
	for _, name := range s.Scenarios {
		theory := chart.Line{Scenario: name, Theory: true}
		points := chart.Line{Scenario: name}
		for _, o := range s.measured(m) {
			if o.Scenario != name || o.Point%inner != other {
				continue
			}
			at := x[o.Point/inner]
			points.X, points.Y = append(points.X, at), append(points.Y, orGap(o.Value, o.Value.Value))
			points.Low, points.High = append(points.Low, orGap(o.Value, o.Value.Low)), append(points.High, orGap(o.Value, o.Value.High))
		}
		for _, r := range s.Rows {
			predicted, ok := predictedFigure(m, r)
			if ok && r.Scenario == name && r.Repeat == 0 && r.Point%inner == other {
				theory.X, theory.Y = append(theory.X, x[r.Point/inner]), append(theory.Y, predicted)
			}
		}
		if panel.X != chart.Categories && len(theory.X) > 0 {
			panel.Lines = append(panel.Lines, theory)
		}
		panel.Lines = append(panel.Lines, points)
	}
	return panel
}

// place chooses the X axis, and returns where the values stand on it.
func (s Sweep) place(panel *chart.Panel) []float64 {
	numbers, unit, ok := s.Vary[0].Numbers()
	if !ok {
		panel.X, panel.Categories = chart.Categories, s.Vary[0].Values
		for i := range s.Vary[0].Values {
			numbers = append(numbers, float64(i))
		}
		return numbers
	}
	panel.X = chart.Values
	if slices.Min(numbers) > 0 && slices.Max(numbers) >= decades*slices.Min(numbers) {
		panel.X = chart.Logs
	}
	switch unit {
	case metric.Share:
		panel.X = chart.Roots
		panel.XLabel = func(v float64) string { return strconv.FormatFloat(v*100, 'g', 4, 64) + " %" }
	case metric.Seconds:
		panel.XLabel = duration
	case metric.PerSecond:
		panel.XLabel = rate
	}
	return numbers
}

// decades is how many times the smallest value the largest one is, from which on a linear
// axis would put all but the largest into one place.
const decades = 100

// measured is what the runs say of a metric, repeats together.
func (s Sweep) measured(m metric.Metric) []sweep.Outcome {
	if m.Name == s.By.Name {
		return s.outcomes()
	}
	var all []sweep.Outcome
	for _, r := range s.Rows {
		e := r.Run.ErrorRate
		all = append(all, sweep.Outcome{Point: r.Point, Scenario: r.Scenario, Value: metric.Value{Value: e.Value, Low: e.Low, High: e.High, Known: r.Run.Requests.Sent > 0}})
	}
	return sweep.Together(all)
}

func orGap(v metric.Value, figure float64) float64 {
	if !v.Known {
		return math.NaN()
	}
	return figure
}

// predictedFigure is what theory says of a metric, where it says anything. Of what is
// due per second, what does not fail is the throughput. A latency of 0 is no point on a logarithmic axis: it is where only the wiring,
// which theory does not know, takes time.
func predictedFigure(m metric.Metric, r SweepRow) (float64, bool) {
	p := r.Run.Predicted
	if p == nil {
		return 0, false
	}
	if m.Name == throughput {
		due := r.Run.Requests.RateAsked // none in a closed loop: how much is due is then for the answers to say
		return due * (1 - p.ErrorRate), due > 0
	}
	latency, staleness, lag := expected(p.Latency), expected(p.Staleness), expected(p.ReplicationLag)
	v, ok := map[string]float64{
		"errors": p.ErrorRate, "stale": p.StaleShare,
		"latency.p50": latency.P50, "latency.p75": latency.P75, "latency.p90": latency.P90, "latency.p99": latency.P99,
		"latency.p99.9": latency.P999, "latency.mean": latency.Mean,
		"staleness.p50": staleness.P50, "staleness.p99": staleness.P99, "staleness.mean": staleness.Mean,
		"lag.p50": lag.P50, "lag.p99": lag.P99, "lag.mean": lag.Mean,
	}[m.Name]
	return v, ok && (m.Unit != metric.Seconds || v > 0)
}

func titleOf(m metric.Metric) string {
	switch m.Name {
	case "errors":
		return "requests that failed"
	case "stale":
		return "stale answers"
	case throughput:
		return "throughput: successes per second"
	}
	return strings.ReplaceAll(m.Name, ".", " ")
}

func axisOf(m metric.Metric) chart.YAxis {
	switch m.Unit {
	case metric.Share:
		return chart.Percent
	case metric.Seconds:
		return chart.LogDuration
	}
	return chart.Number
}
