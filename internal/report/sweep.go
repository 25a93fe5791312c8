package report

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
	"crosstalk/internal/sys"
	"crosstalk/internal/theory"
)

// Sweep is what came out of one.
type Sweep struct {
	Vary      []sweep.Vary
	By        metric.Metric
	Scenarios []string
	Points    []sweep.Point
	Rows      []SweepRow
}

// SweepRow is one run of a sweep.
type SweepRow struct {
	Point    int
	Scenario string
	Repeat   int
	// Folder is the run's, below that of the sweep.
	Folder string
	Run    result.Run
	// By is what the run says of the metric that decides.
	By metric.Value
}

// Add notes a run. Of its folder, which is below that of the sweep, it keeps the
// figures alone.
func (s *Sweep) Add(point int, scenario string, repeat int, folder string, run *result.Loaded) {
	row := SweepRow{point, scenario, repeat, folder, run.Run, s.By.Of(run)}
	row.Run.Series = nil
	s.Rows = append(s.Rows, row)
}

// Runs returns the runs, in the order in which they were carried out.
func (s Sweep) Runs() []result.Run {
	var runs []result.Run
	for _, r := range s.Rows {
		runs = append(runs, r.Run)
	}
	return runs
}

// Table has a row for each run, measured beside predicted, and says below where one
// scenario starts to beat another.
func (s Sweep) Table() Table {
	t := Table{
		Title: "SWEEP of " + s.names() + ": measured | predicted by theory",
		Head: slices.Concat(columns(s.settings()...), columns("scenario"), besideTheory("errors", "p50", "p99", "stale"),
			columns(s.By.Name), only(s.theoryBy(), theoryOf(s.By.Name)), columns("")),
		Lines: slices.Concat(s.Crossovers(), Comparisons(s.Runs(), s.nameOf), s.warnings()),
	}
	for _, r := range s.Rows {
		p := r.Run.Predicted
		t.row(slices.Concat(s.values(r), []Cell{text(r.Scenario),
			errorRate(r.Run), inPercent(p.ErrorRate),
			latency(r.Run, 0.5), orNone(expected(p.Latency).P50), latency(r.Run, 0.99), orNone(expected(p.Latency).P99),
			stale(r.Run), inPercent(p.StaleShare), valueOf(s.By, r.By)},
			only(s.theoryBy(), s.predictedBy(r)), []Cell{text(notOK(r.Run))})...)
	}
	return t
}

// values are those of the settings that are varied. Numbers are sorted as such.
func (s Sweep) values(r SweepRow) []Cell {
	var out []Cell
	for n, value := range s.Points[r.Point].Values {
		c := text(value)
		if numbers, _, ok := (sweep.Vary{Setting: s.Vary[n].Setting, Values: []string{value}}).Numbers(); ok {
			c = figure(value, numbers[0])
		}
		out = append(out, c)
	}
	return out
}

// theoryBy tells whether theory stands beside the metric that decides: where it says
// something of it that no other column does.
func (s Sweep) theoryBy() bool {
	if slices.Contains([]string{"errors", "latency.p50", "latency.p99", "stale"}, s.By.Name) {
		return false
	}
	return slices.ContainsFunc(s.Rows, func(r SweepRow) bool {
		_, ok := predictedFigure(s.By, r)
		return ok
	})
}

func (s Sweep) predictedBy(r SweepRow) Cell {
	v, ok := predictedFigure(s.By, r)
	return valueOf(s.By, metric.Value{Value: v, Low: v, High: v, Known: ok})
}

// expected is a distribution that theory expects; all is 0 where it expects none.
func expected(q *theory.Quantiles) theory.Quantiles {
	if q == nil {
		return theory.Quantiles{}
	}
	return *q
}

// warnings are those of all runs, gaps to theory among them, with where they are.
func (s Sweep) warnings() []string {
	var lines []string
	for n, r := range s.Rows {
		for _, w := range r.Run.Warnings {
			lines = append(lines, s.nameOf(n)+": "+w)
		}
	}
	return lines
}

// nameOf tells a run from the others.
func (s Sweep) nameOf(run int) string {
	return s.Points[s.Rows[run].Point].Name(s.Vary) + ", " + s.Rows[run].Scenario
}

func notOK(r result.Run) string {
	if r.Verdict == result.OK {
		return ""
	}
	return strings.ToUpper(string(r.Verdict))
}

func (s Sweep) settings() []string {
	var names []string
	for _, v := range s.Vary {
		names = append(names, v.Setting)
	}
	return names
}

func (s Sweep) names() string { return strings.Join(s.settings(), " × ") }

// Crossovers says from which value on one scenario beats another: for the first
// setting that is varied, at each value of the second one.
func (s Sweep) Crossovers() []string {
	outcomes := s.outcomes()
	if len(s.Vary) == 1 {
		return sweep.Crossovers(s.By, s.Vary[0].Setting, s.Vary[0].Values, s.Scenarios, outcomes)
	}
	var lines []string
	inner := len(s.Points) / len(s.Vary[0].Values)
	for other := range inner {
		var some []sweep.Outcome
		for _, o := range outcomes {
			if o.Point%inner == other {
				o.Point /= inner
				some = append(some, o)
			}
		}
		at := sweep.Point{Values: s.Points[other].Values[1:]}.Name(s.Vary[1:])
		for _, line := range sweep.Crossovers(s.By, s.Vary[0].Setting, s.Vary[0].Values, s.Scenarios, some) {
			lines = append(lines, "at "+at+": "+line)
		}
	}
	return lines
}

func (s Sweep) outcomes() []sweep.Outcome {
	var all []sweep.Outcome
	for _, r := range s.Rows {
		all = append(all, sweep.Outcome{Point: r.Point, Scenario: r.Scenario, Value: r.By})
	}
	return sweep.Together(all)
}

// CSV writes a line for each run, durations in seconds and shares as such.
func (s Sweep) CSV(path string) error {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	columns := append(s.settings(), "scenario", "repeat", "verdict", "requests", "error_rate", "error_rate_low", "error_rate_high",
		"predicted_error_rate", "latency_p50_seconds", "latency_p99_seconds", "predicted_latency_p50_seconds",
		"predicted_latency_p99_seconds", "latency_max_seconds", "throughput", "stale_share", "predicted_stale_share", "staleness_p99_seconds",
		"replication_lag_p99_seconds", "events_per_request", "cpu_seconds_per_1000", "by", "by_value", "by_low", "by_high")
	columns = append(append(columns, comparisonHead...), "by_predicted")
	_ = w.Write(columns) // its errors are told by Error below
	for _, r := range s.Rows {
		_ = w.Write(append(append([]string{}, s.Points[r.Point].Values...), s.fields(r)...))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return sys.WriteFile(path, out.Bytes())
}

func (s Sweep) fields(r SweepRow) []string {
	run, p := r.Run, r.Run.Predicted
	out := []string{r.Scenario, strconv.Itoa(r.Repeat + 1), string(run.Verdict), strconv.FormatInt(run.Requests.Sent, 10)}
	for _, v := range []float64{
		run.ErrorRate.Value, run.ErrorRate.Low, run.ErrorRate.High, p.ErrorRate,
		run.Latency.P50, run.Latency.P99, expected(p.Latency).P50, expected(p.Latency).P99, run.Latency.Max, run.Requests.Throughput,
		run.StaleRate.Value, p.StaleShare, run.Staleness.P99, run.ReplicationLag.P99,
		run.EventsPerRequest, run.CPUSecondsPer1000,
	} {
		out = append(out, number(v))
	}
	out = append(out, s.By.Name, number(r.By.Value), end(r.By.Low), end(r.By.High))
	out = append(out, comparisonFields(run.Comparison)...)
	if v, ok := predictedFigure(s.By, r); ok {
		return append(out, number(v))
	}
	return append(out, "")
}

// end is a figure that is empty where it is open.
func end(v float64) string {
	if math.IsInf(v, 0) {
		return ""
	}
	return number(v)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }
