package report

import (
	"bytes"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/threshold"
)

// side is runs of sync with one seed after the other: request i takes i mod 100 ms
// and 10 ms, times a factor for each run.
func side(t *testing.T, samples bool, failed int, factors ...float64) compare.Side {
	t.Helper()
	dir := t.TempDir()
	for n, factor := range factors {
		rows := resulttest.Rows(100, 10, func(i int) time.Duration { return time.Duration(float64(10+i%100) * factor * 1e6) })
		for i := range failed {
			resulttest.Fail(&rows[i*30])
		}
		resulttest.Write(t, filepath.Join(dir, string(rune('a'+n))), resulttest.Run{
			Scenario: "sync", Seed: uint64(n), Seconds: 10, Samples: samples, Rows: rows, Started: resulttest.Start.Add(time.Duration(n) * time.Minute),
			Change: func(r *result.Run) { r.CPUSecondsPer1000 = factor },
		})
	}
	s, err := compare.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compared(t *testing.T, old, new compare.Side) *compare.Comparison {
	t.Helper()
	c, err := compare.Sides(old, new, compare.Names, false)
	if err != nil {
		t.Fatal(err)
	}
	c.Old.Name, c.New.Name = "old", "new"
	return c
}

func TestCompare(t *testing.T) {
	c := compared(t, side(t, true, 0, 1), side(t, true, 20, 1.25))
	c.Notes = append(c.Notes, "the CPU differs: old and new")
	var out bytes.Buffer
	if err := Compare(&out, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", out.Bytes())
	out.Reset()
	if err := CompareMarkdown(&out, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.md", out.Bytes())
	if Compare(failing{}, c) == nil || CompareMarkdown(failing{}, c) == nil || Benchfmt(failing{}, c) == nil {
		t.Error("an error of writing is lost")
	}
}

// outcomes are one of each ruling.
func outcomes(t *testing.T) []threshold.Outcome {
	t.Helper()
	c := compared(t, side(t, true, 0, 1), side(t, true, 20, 1.25))
	var all []threshold.Threshold
	for _, text := range []string{"p(99)<50ms", "errors<5%", "sync:staleness.p(99)<200ms", "regression.p(50)<5%", "regression.throughput<5%", "regression.cpu<50%"} {
		one, err := threshold.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return threshold.Compared(all, c)
}

func TestThresholds(t *testing.T) {
	all := outcomes(t)
	var out bytes.Buffer
	if err := Thresholds(&out, all); err != nil {
		t.Fatal(err)
	}
	golden(t, "thresholds.txt", out.Bytes())
	out.Reset()
	if err := Thresholds(&out, nil); err != nil || out.Len() != 0 {
		t.Errorf("without thresholds it prints %q, %v", out.String(), err)
	}
	if got, want := Crossing(all[0]), "crossed: sync: p(99)<50ms: it is 136 ms ["; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if Thresholds(failing{}, all) == nil || JUnit(failing{}, nil, all) == nil {
		t.Error("an error of writing is lost")
	}
}

func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	invalid := result.Run{Scenario: "monolith", Verdict: result.Invalid, MeasuredSeconds: 10, Warnings: []string{"late sends: too many", "CPU saturated"}}
	validity := []Validity{ValidityOf("sync", result.Run{Verdict: result.OK, MeasuredSeconds: 10, Comparison: &result.Comparison{OwnerRows: 15_000}}), ValidityOf("monolith", invalid)}
	if err := JUnit(&out, validity, outcomes(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", out.Bytes())
	var read junitSuites
	if err := xml.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if s := read.Suites[0]; read.Tests != 9 || s.Tests != len(s.Cases) || s.Failures != 2 || s.Skipped != 1 || s.Cases[1].Name != "comparison" || s.Cases[2].Name != "p(99)<50ms" {
		t.Errorf("%+v", read)
	}
	if s := read.Suites[1]; read.Errors != 1 || s.Errors != 1 || s.Failures != 0 || s.Cases[0].Error.Message != "INVALID: late sends: too many" || s.Cases[0].Error.Type != "invalid" {
		t.Errorf("%+v", s)
	}
}

// What is not in order is an error in JUnit's XML, whatever it is.
func TestTroubleIsAnErrorOfJUnit(t *testing.T) {
	for verdict, want := range map[result.Verdict]bool{result.OK: false, result.Invalid: true, result.Wrong: true, result.Interrupted: true} {
		c := validityCase(ValidityOf("sync", result.Run{Verdict: verdict, Warnings: []string{"why"}}))
		if (c.Error != nil) != want || want && c.Error.Message != strings.ToUpper(string(verdict))+": why" {
			t.Errorf("%s: %+v", verdict, c)
		}
	}
}

// A threshold that could not be decided fails, or is skipped where that is allowed, and
// says so in each output.
func TestUndecidedIsSaid(t *testing.T) {
	o := threshold.Outcome{Of: "sync", Ruling: threshold.Undecided, Why: "not decidable: too few samples",
		Value: metric.Value{Value: 0.0274, Low: 0.0187, High: math.Inf(1), Known: true}}
	var err error
	if o.Threshold, err = threshold.Parse("p(99)<50ms"); err != nil {
		t.Fatal(err)
	}
	const is = "it is 27.4 ms [18.7 ms, open] (not decidable: too few samples)"
	if got := Crossing(o); got != "undecided: sync: p(99)<50ms: "+is {
		t.Error(got)
	}
	var out bytes.Buffer
	if err := Thresholds(&out, []threshold.Outcome{o}); err != nil || !strings.Contains(out.String(), "UNDECIDED") {
		t.Errorf("%s, %v", out.String(), err)
	}
	if c := caseOf(o); c.Failure == nil || c.Failure.Message != is {
		t.Errorf("%+v", c)
	}
	o.Threshold.AllowUndecided = true
	if c := caseOf(o); c.Failure != nil || c.Skipped == nil || c.Skipped.Message != is {
		t.Errorf("%+v", c)
	}
}

// benchstatVersion is the benchstat that the lines are held against.
const benchstatVersion = "v0.0.0-20260908200009-22c9c6c9d4da"

// benchstat itself reads the lines, and comes to the same medians, change and p.
func TestBenchstatReadsBenchfmt(t *testing.T) {
	if out, err := exec.Command("go", "mod", "download", "golang.org/x/perf@"+benchstatVersion).CombinedOutput(); err != nil {
		t.Skipf("the module proxy cannot be reached for benchstat: %v, %s", err, out)
	}
	c := compared(t, side(t, false, 0, 1, 1.01, 1.02, 1.03, 1.04, 1.05), side(t, false, 20, 1.2, 1.21, 1.22, 1.23, 1.24, 1.25))
	var lines bytes.Buffer
	if err := Benchfmt(&lines, c); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "golang.org/x/perf/cmd/benchstat@"+benchstatVersion, "-col", "side", file)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	for unit, want := range map[string]string{
		"latency.p50-sec":  "Crosstalk/scenario=sync 60.49m ± 2% 72.32m ± 2% +19.56% (p=0.002 n=6)",
		"errors-share":     "Crosstalk/scenario=sync 0.00m ± 0% 20.00m ± 0% ? (p=0.002 n=6)",
		"throughput/s":     "Crosstalk/scenario=sync 99.00 ± 0% 96.85 ± 0% -2.17% (p=0.002 n=6)",
		"cpu-sec/1000req":  "Crosstalk/scenario=sync 1.025 ± 2% 1.225 ± 2% +19.51% (p=0.002 n=6)",
		"latency.max-sec":  "",
		"latency.mean-sec": "",
	} {
		if got := rowUnder(string(out), unit); want != "" && got != want {
			t.Errorf("%s: %q, want %q", unit, got, want)
		} else if got == "" {
			t.Errorf("%s is not in\n%s", unit, out)
		}
	}
	for name, want := range map[string]float64{"latency.p50": 0.1956, "throughput": -0.0217, "cpu": 0.1951} {
		r, _ := c.Scenarios[0].Row(name)
		if d := r.Delta; d.P < 0.00205 || d.P > 0.0023 || d.Change < want-1e-4 || d.Change > want+1e-4 { // 2/924
			t.Errorf("%s: ours is %+v", name, d)
		}
	}
}

// rowUnder returns the row of benchstat's table of a unit, its spaces made single.
func rowUnder(text, unit string) string {
	for _, table := range strings.Split(text, "\n\n") {
		lines := strings.Split(table, "\n")
		head := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "│ "+unit+" ") || strings.Contains(l, " "+unit+" ") })
		for _, line := range lines[max(head, 0):] {
			if head >= 0 && strings.HasPrefix(line, "Crosstalk/") {
				return strings.Join(strings.Fields(line), " ")
			}
		}
	}
	return ""
}
