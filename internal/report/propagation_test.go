package report

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"crosstalk/internal/chart"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/sweep"
	"crosstalk/internal/theory"
)

// overload is a sweep of the rate by throughput: half as much fails as is due beyond
// 200/s, measured and by theory.
func overload(t *testing.T, by string, rates ...string) Sweep {
	t.Helper()
	m, err := metric.ByName(by)
	if err != nil {
		t.Fatal(err)
	}
	s := Sweep{By: m, Scenarios: []string{"sync"}, Vary: []sweep.Vary{{Setting: "rate", Values: rates}}}
	numbers, _, ok := s.Vary[0].Numbers()
	if !ok {
		t.Fatalf("%q are no numbers", rates)
	}
	for n, due := range numbers {
		s.Points = append(s.Points, sweep.Point{Values: rates[n : n+1]})
		run := result.Run{Scenario: "sync", Verdict: result.OK, Predicted: &theory.Prediction{ErrorRate: max(1-200/due, 0)},
			Experiment: resulttest.Asked(`{"rate":"1/s","arrival":"poisson","seed":1,"workers":"D=4"}`)}
		run.Requests = result.Requests{Sent: int64(due), RateAsked: due, Throughput: min(due, 190)}
		s.Rows = append(s.Rows, SweepRow{Point: n, Scenario: "sync", Folder: "sync", Run: run,
			By: metric.Value{Value: run.Requests.Throughput, Low: run.Requests.Throughput, High: run.Requests.Throughput, Known: true}})
	}
	return s
}

// What does not fail of what is due is the throughput that theory expects: in the picture
// and in the table.
func TestThroughputBesideItsTheory(t *testing.T) {
	s := overload(t, "throughput", "100", "400", "800")
	s.Rows[2].Run.Verdict = result.Invalid
	p := s.Propagation()
	if p.Title != "How much gets through: rate against what D's callers see" ||
		p.Note != "poisson arrivals  ·  seed 1  ·  workers D=4,queue=100  ·  1 of 3 runs are not OK: the table names them" {
		t.Errorf("%q, %q", p.Title, p.Note)
	}
	if len(p.Panels) != 2 || p.Panels[0].Title != "throughput: successes per second" || p.Panels[1].Title != "requests that failed" {
		t.Fatalf("%+v", p.Panels)
	}
	panel := p.Panels[0]
	theory, points := panel.Lines[0], panel.Lines[1]
	if !theory.Theory || !slices.Equal(theory.X, []float64{100, 400, 800}) || !slices.Equal(theory.Y, []float64{100, 200, 200}) {
		t.Errorf("theory is %+v", theory)
	}
	if !slices.Equal(points.Y, []float64{100, 190, 190}) || panel.X != chart.Values || panel.Y != chart.Number || panel.XLabel(800) != "800/s" {
		t.Errorf("%+v over %v, %q", points, panel.X, panel.XLabel(800))
	}
	table := s.Table()
	n := slices.Index(namesOf(table), "throughput")
	if n < 0 || table.Head[n+1].Name != "throughput, theory" {
		t.Fatalf("columns %q", namesOf(table))
	}
	if row := table.Rows[1]; row[n].Text != "190/s" || row[n+1].Text != "200/s" {
		t.Errorf("%q beside %q", row[n], row[n+1])
	}
	if last := table.Rows[2][n+2].Text; last != "INVALID" {
		t.Errorf("the last cell is %q", last)
	}
}

// So it is in the CSV, behind all that was there before.
func TestThroughputBesideItsTheoryInCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.csv")
	if err := overload(t, "throughput", "100", "400").CSV(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%q, %v", lines, err)
	}
	if last := len(lines[0]) - 1; lines[0][last] != "by_predicted" || lines[2][last] != "200" {
		t.Errorf("%q is %q", lines[0][last], lines[2][last])
	}
}

// In a closed loop it is the answers that say how much is due, and theory says nothing.
func TestNoThroughputWithoutARate(t *testing.T) {
	s := overload(t, "throughput", "100", "400")
	for n := range s.Rows {
		s.Rows[n].Run.Requests.RateAsked = 0
	}
	for _, l := range s.Propagation().Panels[0].Lines {
		if l.Theory {
			t.Errorf("theory says %v", l.Y)
		}
	}
	if names := namesOf(s.Table()); slices.Contains(names, "throughput, theory") {
		t.Errorf("columns %q", names)
	}
}

// The metric that decides has a panel of its own, whatever it is, and theory stands once
// beside it.
func TestTheMetricThatDecidesIsDrawn(t *testing.T) {
	for by, want := range map[string][]string{
		"errors":      {"requests that failed"},
		"latency.p99": {"requests that failed", "latency p99"},
		"lag.p50":     {"requests that failed", "lag p50"},
		"throughput":  {"throughput: successes per second", "requests that failed"},
	} {
		s := overload(t, by, "100", "400")
		for n := range s.Rows {
			s.Rows[n].Run.Predicted.ReplicationLag = &theory.Quantiles{P50: 0.2}
		}
		var got []string
		for _, p := range s.Propagation().Panels {
			got = append(got, p.Title)
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %s: panels %q, want %q", by, got, want)
		}
		names := namesOf(s.Table())
		if beside := slices.Contains(names, by+", theory"); beside != (by == "throughput" || by == "lag.p50" || by == "errors") {
			t.Errorf("by %s: columns %q", by, names)
		}
	}
}

// Values that are far apart have a logarithmic axis, which knows no 0.
func TestTheAxisSuitsTheValues(t *testing.T) {
	for _, c := range []struct {
		rates []string
		want  chart.XAxis
	}{
		{[]string{"50", "800"}, chart.Values}, {[]string{"10/s", "990/s"}, chart.Values}, {[]string{"10", "1000"}, chart.Logs},
		{[]string{"1000", "10"}, chart.Logs}, {[]string{"0", "1000"}, chart.Values},
	} {
		if got := overload(t, "throughput", c.rates...).Propagation().Panels[0].X; got != c.want {
			t.Errorf("%q: axis %v, want %v", c.rates, got, c.want)
		}
	}
}
