package report

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/theory"

	"crosstalk/internal/matrix"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

// folder writes the folder of a run of ten requests.
func folder(t *testing.T, dir, scenario string) {
	t.Helper()
	f, err := result.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := f.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	recorder.Begin(time.Unix(1e9, 0))
	for i := range 10 {
		due := time.Duration(i) * 100 * time.Millisecond
		recorder.Due(due)
		recorder.Add(result.Row{ID: int64(i), Due: due, Sent: due, Done: due + time.Duration(i+1)*time.Millisecond, Judgement: result.Correct})
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	window := counts.Window{StartSeconds: 1, LengthSeconds: 1}
	run := &result.Run{
		Scenario: scenario, Verdict: result.OK, MeasuredSeconds: 1, Environment: result.LocalEnvironment(),
		Experiment: resulttest.Asked(`{"scenario": "sync,async-request,monolith", "rate": "10/s"}`),
		Predicted:  &theory.Prediction{TriesPerRequest: map[string]float64{}},
		Counts:     counts.Counts{Faults: []counts.Fault{{Target: "A", Kind: "outage", Window: &window, DeliveredWindow: &window}}},
		Impacts:    []result.Impact{{Faults: []string{"A:outage@1s+1s"}, Window: window, Requests: 10}},
	}
	recorder.Fill(run)
	if err := f.Write(run); err != nil {
		t.Fatal(err)
	}
}

func labels(s Session) string {
	var groups []string
	for _, g := range s.Groups {
		var runs []string
		for _, r := range g.Runs {
			runs = append(runs, r.Label)
		}
		groups = append(groups, g.Name+": "+strings.Join(runs, ", "))
	}
	return strings.Join(groups, "; ")
}

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"one/sync", "one/monolith", "one/async-request", "two/sync", "verdict/x/sync", "verdict/y/sync"} {
		folder(t, filepath.FromSlash(path), filepath.Base(path))
	}
	for paths, want := range map[string]string{
		"one":           ": sync, async-request, monolith",
		"one/":          ": sync, async-request, monolith",
		"two/sync":      ": sync",
		"one two":       ": sync #1, async-request, monolith, sync #2",
		"two/sync one":  ": sync #1, sync #2, async-request, monolith",
		"verdict":       "x: sync; y: sync",
		"two verdict":   "the runs side by side: sync; x: sync; y: sync",
		"one/sync one2": "one2: there is no such folder",
		"one one/sync":  filepath.FromSlash("one/sync") + ": it is named twice",
	} {
		s, err := Open(strings.Fields(paths))
		got := labels(s)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", paths, got, want)
		}
	}
	if s, _ := Open([]string{"one", "two"}); strings.Join(s.Sources, " ") != "one two" {
		t.Errorf("sources %q", s.Sources)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	folder(t, "bad", "sync")
	for path, text := range map[string]string{
		"empty/x": "", "bad/run.json": "{}", "sweep/sweep.json": "{}", "torn/sweep.json": "{",
		"out/sweep.json": `{"vary": [{"setting": "rate", "values": ["1"]}], "by": "errors", "points": [["1"]], "runs": [{"folder": "../bad"}]}`,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"missing": "missing: there is no such folder", "empty/x": "it is not a folder", "empty": "empty: there is no run in it",
		"bad": "run.json", "sweep": "sweep.json: unknown metric", "torn": "torn/sweep.json", "out": "does not belong to it",
	} {
		_, err := Open([]string{path})
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// What a sweep and a matrix wrote is read as it was.
func TestSweepAndMatrixAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	by, err := metric.ByName("latency.p50")
	if err != nil {
		t.Fatal(err)
	}
	s := Sweep{By: by, Scenarios: []string{"sync"}, Vary: []sweep.Vary{{Setting: "rate", Values: []string{"1", "2"}}}}
	for n, value := range s.Vary[0].Values {
		s.Points = append(s.Points, sweep.Point{Values: []string{value}})
		path := "rate=" + value + "/sync"
		folder(t, filepath.Join(dir, filepath.FromSlash(path)), "sync")
		run, err := result.Load(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		s.Add(n, "sync", 0, path, run)
	}
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Open([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := Text(&first, s.Table()); err != nil {
		t.Fatal(err)
	}
	if err := Text(&second, again.Sweeps[0].Table()); err != nil || first.String() != second.String() {
		t.Errorf("%v; the table was\n%s\nand is\n%s", err, first.String(), second.String())
	}
	if got := labels(again); got != "rate=1: sync; rate=2: sync" {
		t.Error(got)
	}
}

func TestMatrixIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	folder(t, filepath.Join(dir, "sync"), "sync")
	run, err := result.Load(filepath.Join(dir, "sync"))
	if err != nil {
		t.Fatal(err)
	}
	row := matrix.Row{Component: "A"}
	if err := row.Fault.UnmarshalText([]byte("A:outage@1s+1s")); err != nil {
		t.Fatal(err)
	}
	cells := matrix.Cells([]matrix.Row{row}, &run.Run)
	m := Matrix{Rows: []matrix.Row{row}, Scenarios: []string{"sync"}, Measured: map[string][]matrix.Cell{"sync": cells}, Predicted: map[string][]matrix.Cell{"sync": cells}}
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Open([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := Text(&first, m.Table()); err != nil {
		t.Fatal(err)
	}
	if err := Text(&second, again.Matrices[0].Table()); err != nil || first.String() != second.String() || !strings.Contains(first.String(), "outage") {
		t.Errorf("%v; the table was\n%s\nand is\n%s", err, first.String(), second.String())
	}
}

func TestCSV(t *testing.T) {
	var out bytes.Buffer
	if err := CSV(&out, found(runs())); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(lines) != 4 {
		t.Fatalf("%v, %d lines", err, len(lines))
	}
	cell := func(line int, column string) string {
		for i, name := range lines[0] {
			if name == column {
				return lines[line][i]
			}
		}
		return "no such column"
	}
	for column, want := range map[string]string{
		"folder": "results/1/sync", "scenario": "sync", "error_rate": "0.0488", "latency_p99_seconds": "0.0767",
		"staleness_p99_seconds": "", "storage_bytes": "41910", "copy_bytes": "0",
	} {
		if got := cell(1, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	if got := cell(3, "latency_p50_seconds"); got != "" {
		t.Errorf("of no success, the median is %q", got)
	}
}

func TestDifferences(t *testing.T) {
	one, other := result.Run{Scenario: "sync #1", Experiment: resulttest.Asked(`{"rate": "1/s", "scenario": "sync"}`)}, result.Run{Scenario: "sync #2", Experiment: resulttest.Asked(`{"rate": "2/s", "scenario": "monolith"}`)}
	got := Differences([]result.Run{one, other})
	if len(got) != 1 || got[0] != `not one experiment: rate is 1/s in sync #1 and 2/s in sync #2` {
		t.Errorf("%q", got)
	}
	if got := Differences([]result.Run{one, one}); got != nil {
		t.Errorf("%q", got)
	}
}
