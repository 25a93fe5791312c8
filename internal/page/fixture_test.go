package page

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/theory"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
	"crosstalk/internal/matrix"
	"crosstalk/internal/metric"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/setting"
	"crosstalk/internal/sweep"
)

var all = []string{"sync", "async-request", "async-replicated", "monolith"}

// made is a run that is made up, and the same each time: 8 s at 100/s, in which B
// is away from second 3 to second 5 and one of 50 requests fails.
type made struct {
	dir, scenario string
	failing       int // one of so many requests fails; 0 is none
	verdict       result.Verdict
	warnings      []string
}

func (m made) write(t *testing.T) {
	t.Helper()
	folder, err := result.Create(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := folder.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	recorder.Begin(began)
	for i := -100; i < 800; i++ {
		due := time.Duration(i) * 10 * time.Millisecond
		recorder.Due(due)
		recorder.Add(m.row(int64(i), due))
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	run := &result.Run{
		Scenario: m.scenario, Verdict: m.verdict, Warnings: m.warnings, Started: began, MeasuredSeconds: 8,
		Environment:  result.Environment{Go: "go1.26", Commit: "unknown", OS: "linux/amd64", CPU: "a CPU", Cores: 2, Stores: map[string]string{"A": "sqlite"}},
		Comparison:   &result.Comparison{OwnerRows: 10_000, ReplicaRows: 5_000},
		StorageBytes: map[string]int64{"A": 20480, "D": 61440}, CPUSecondsPer1000: 0.8, EventsPerRequest: 6, Counts: counts.Counts{Bus: counts.Bus{Events: 4800}},
		Predicted: &theory.Prediction{Method: "closed form", ErrorRate: 0.02, Latency: &theory.Quantiles{P50: 0.012, P99: 0.08}, TriesPerRequest: map[string]float64{}},
		Stages:    []result.Stage{{Name: "schedule lateness", Mean: 0.0002}, {Name: "supplier's work", Mean: 0.011}, {Name: "D's own work", Mean: 0.001}},
	}
	recorder.Fill(run)
	m.faults(t, run)
	e := experiment.Default()
	e.Scenario, e.Rate, e.Duration, e.WarmUp = all, 100, setting.Duration(8*time.Second), setting.Duration(time.Second)
	for name, text := range map[string]string{"fail-rate": "2%", "outage": "B@3s+2s", "policy": "retry=2"} {
		if err := e.Set(name, text); err != nil {
			t.Fatal(err)
		}
	}
	run.Experiment = e
	if err := folder.Write(run); err != nil {
		t.Fatal(err)
	}
}

func (m made) row(i int64, due time.Duration) result.Row {
	n := (i*7919 + 104729) % 800 // spread, and the same each time
	latency := 5*time.Millisecond + time.Duration(n*n/40)*time.Microsecond
	row := result.Row{ID: i, Due: due, Sent: due, Judgement: result.Correct}
	away := due >= 3*time.Second && due < 5*time.Second
	switch {
	case m.scenario == "async-replicated":
		latency /= 20
		if away && n%10 == 0 || n%97 == 0 {
			row.Judgement, row.Staleness = result.Stale, time.Duration(n)*time.Millisecond/4
		}
	case away || m.failing > 0 && n%int64(m.failing) == 0:
		row.Code, row.Judgement = codes.Unavailable, result.Unjudged
	}
	row.Done = due + latency
	return row
}

func (m made) faults(t *testing.T, run *result.Run) {
	window := counts.Window{StartSeconds: 3, LengthSeconds: 2}
	run.Faults = []counts.Fault{
		{Target: "A", Kind: "abort", Code: "UNAVAILABLE", Asked: 0.02, Delivered: 0.02, Low: 0.01, High: 0.03, Interactions: 800},
		{Target: "B", Kind: "outage", Window: &window, DeliveredWindow: &window},
	}
	run.Impacts = []result.Impact{{Faults: []string{"B:outage@3s+2s"}, Window: window, Requests: 200,
		ErrorRate: result.Interval{Value: 1, Low: 0.98, High: 1}, BaselineErrorRate: result.Interval{High: 0.02}, Recovered: true}}
	low, high := 0.0183, 0.0217 // of 300 before the window nothing bounds the percentile above
	run.Impacts[0].BaselineP99, run.Impacts[0].BaselineP99Bounds = 0.0209, &result.Bounds{Low: &low}
	if m.scenario == "async-replicated" {
		run.CopyBytes = map[string]int64{"D": 61440}
		run.Impacts[0].ErrorRate = result.Interval{High: 0.02}
		run.Impacts[0].StaleShare, run.Impacts[0].MaxStaleness = 0.2, 0.18
		run.Impacts[0].P99, run.Impacts[0].P99Bounds = 0.0209, &result.Bounds{Low: &low, High: &high}
	}
}

// hostile is a text that would do
// harm if it were not escaped.
const hostile = `</script><script>document.title="harm"</script><b>&"'`

func session(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "20261125-090000.000")
	for _, scenario := range all {
		m := made{dir: filepath.Join(dir, scenario), scenario: scenario, failing: 50, verdict: result.OK}
		if scenario == "async-request" {
			m.verdict, m.warnings = result.Invalid, []string{"late sends: 3 % of the queries", hostile}
		}
		m.write(t)
	}
	return dir
}

func sweepSession(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sweep")
	by, err := metric.ByName("latency.p99")
	if err != nil {
		t.Fatal(err)
	}
	s := report.Sweep{By: by, Scenarios: all, Vary: []sweep.Vary{{Setting: "fail-rate", Values: []string{"0", "0.02", "0.1"}}}}
	for n, failing := range []int{0, 50, 10} {
		s.Points = append(s.Points, sweep.Point{Values: []string{s.Vary[0].Values[n]}})
		for _, scenario := range all {
			folder := filepath.Join(s.Points[n].Name(s.Vary), scenario)
			made{dir: filepath.Join(dir, folder), scenario: scenario, failing: failing, verdict: result.OK}.write(t)
			run, err := result.Load(filepath.Join(dir, folder))
			if err != nil {
				t.Fatal(err)
			}
			s.Add(n, scenario, 0, folder, run)
		}
	}
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func matrixSession(t *testing.T) string {
	t.Helper()
	dir := session(t)
	row := matrix.Row{Component: "B"}
	if err := row.Fault.UnmarshalText([]byte("B:outage@3s+2s")); err != nil {
		t.Fatal(err)
	}
	m := report.Matrix{Rows: []matrix.Row{row}, Scenarios: all, Note: "100/s, each fault for 2s", Predicted: make(map[string][]matrix.Cell)}
	for _, scenario := range all {
		run, err := result.Load(filepath.Join(dir, scenario))
		if err != nil {
			t.Fatal(err)
		}
		m.Predicted[scenario] = matrix.Cells(m.Rows, &run.Run)
	}
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// kept are the pages of the sessions, each of which is made once: they are the same
// each time, as a test says.
var kept = make(map[string][]byte)

// page returns the page of a session of a kind: run, sweep or matrix.
func page(t *testing.T, kind string) []byte {
	t.Helper()
	if kept[kind] == nil {
		session := map[string]func(*testing.T) string{"run": session, "sweep": sweepSession, "matrix": matrixSession}[kind]
		kept[kind] = written(t, session(t))
	}
	return kept[kind]
}

// written is the page of folders.
func written(t *testing.T, paths ...string) []byte {
	t.Helper()
	s, err := report.Open(paths)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Of(s, func(scenario string) string { return fmt.Sprintf("what %s is", scenario) })
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
