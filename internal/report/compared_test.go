package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/compare"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
	"crosstalk/internal/theory"
)

// comparisons are each outcome that a comparison can have, and the sentence for it.
var comparisons = []struct {
	of   *result.Comparison
	want string
}{
	{nil, none},
	{&result.Comparison{}, "0 rows compared"},
	{&result.Comparison{OwnerRows: 999}, "999 rows compared, 0 differ"},
	{&result.Comparison{OwnerRows: 10_000, ReplicaRows: 5_000}, "15,000 rows compared, 0 differ"},
	{&result.Comparison{OwnerRows: 1_234_567, Differing: 1_000, Lost: 3}, "1,234,567 rows compared, 1,000 differ, 3 changes lost"},
	{&result.Comparison{NotCompared: "interrupted"}, "not compared: interrupted"},
	{&result.Comparison{OwnerRows: 60, NotCompared: "A has no control"}, "60 rows compared, 0 differ; not compared: A has no control"},
	{&result.Comparison{OwnerRows: 60, ReplicaRows: 60, Explained: []result.Explained{{Fault: "bus:drop=1%", Rows: 2, Changes: 3}}},
		"120 rows compared, 0 differ; explained by bus:drop=1%: 2 rows, 3 changes"},
	{&result.Comparison{Lost: 3, NotCompared: "A has no control"}, "0 rows compared, 0 differ, 3 changes lost; not compared: A has no control"},
	{&result.Comparison{OwnerRows: 1, Differing: 1, Lost: 1}, "1 row compared, 1 differ, 1 change lost"},
	{&result.Comparison{OwnerRows: 9, Explained: []result.Explained{{Fault: "bus:drop=1%", Rows: 1, Changes: 1}}}, "9 rows compared, 0 differ; explained by bus:drop=1%: 1 row, 1 change"},
}

func TestComparedIsOneSentence(t *testing.T) {
	for _, c := range comparisons {
		if got := Compared(c.of); got != c.want {
			t.Errorf("%+v is %q, want %q", c.of, got, c.want)
		}
	}
}

// Whatever came of the comparison, each output says it, in the same words.
func TestEachOutputTellsTheComparison(t *testing.T) {
	for _, c := range comparisons[1:] {
		run := result.Run{Scenario: "sync", Verdict: result.OK, Comparison: c.of, Predicted: &theory.Prediction{}}
		files := map[string]func(*bytes.Buffer) error{
			"table": func(out *bytes.Buffer) error { return Summary(out, []result.Run{run}) },
			"CSV":   func(out *bytes.Buffer) error { return CSV(out, found([]result.Run{run})) },
			"Markdown": func(out *bytes.Buffer) error {
				return Markdown(out, Session{Groups: []Group{{Runs: found([]result.Run{run})}}}, nil)
			},
			"JUnit": func(out *bytes.Buffer) error { return JUnit(out, []Validity{ValidityOf("sync", run)}, nil) },
			"sweep": func(out *bytes.Buffer) error {
				return Text(out, Sweep{Vary: []sweep.Vary{{Setting: "rate"}}, Points: []sweep.Point{{Values: []string{"1/s"}}}, Scenarios: []string{"sync"},
					Rows: []SweepRow{{Scenario: "sync", Run: run}}}.Table())
			},
		}
		for name, write := range files {
			var out bytes.Buffer
			if err := write(&out); err != nil || !strings.Contains(out.String(), c.want) {
				t.Errorf("%s: %v: there is no %q in\n%s", name, err, c.want, out.String())
			}
		}
	}
}

func TestComparisonInCSV(t *testing.T) {
	runs := []result.Run{{Scenario: "sync", Comparison: &result.Comparison{OwnerRows: 600, ReplicaRows: 300, Differing: 2, Lost: 1}}, {Scenario: "old"}}
	var out bytes.Buffer
	if err := CSV(&out, found(runs)); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(lines[0], "rows_compared")
	for n, want := range []string{"rows_compared rows_differing changes_lost comparison", "900 2 1 900 rows compared, 2 differ, 1 change lost", "   "} {
		if got := strings.Join(lines[n][at:at+4], " "); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
}

// In JUnit's XML a difference is an error, what was not compared is skipped, and a run
// that does not tell of it has no case.
func TestComparisonInJUnit(t *testing.T) {
	for _, c := range comparisons {
		var out bytes.Buffer
		if err := JUnit(&out, []Validity{ValidityOf("sync", result.Run{Verdict: result.OK, Comparison: c.of})}, nil); err != nil {
			t.Fatal(err)
		}
		var read junitSuites
		if err := xml.Unmarshal(out.Bytes(), &read); err != nil {
			t.Fatal(err)
		}
		cases := read.Suites[0].Cases[1:]
		if c.of == nil {
			if len(cases) != 0 {
				t.Errorf("a run without a comparison has %+v", cases)
			}
			continue
		}
		got, wrong := cases[0], c.of.Differing+c.of.Lost > 0
		if got.Name != "comparison" || (got.Error != nil) != wrong || (got.Skipped != nil) != (!wrong && c.of.NotCompared != "") || (read.Errors == 1) != wrong {
			t.Errorf("%s: %+v", c.want, got)
		}
	}
}

// Of many runs, those in which nothing differs are one line.
func TestComparisonsOfManyRuns(t *testing.T) {
	var runs []result.Run
	for _, c := range comparisons[2:6] {
		runs = append(runs, result.Run{Comparison: c.of})
	}
	got := strings.Join(Comparisons(runs, func(run int) string { return "run " + thousands(int64(run)) }), "\n")
	want := "databases of 2 of 4 runs: 15,999 rows compared, 0 differ\n" +
		"run 2: 1,234,567 rows compared, 1,000 differ, 3 changes lost\nrun 3: not compared: interrupted"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	of := compare.Scenario{Name: "sync", Old: []compare.Run{{Loaded: &result.Loaded{Run: runs[1]}}}, New: []compare.Run{{Loaded: &result.Loaded{Run: runs[3]}}}}
	var out bytes.Buffer
	if err := Compare(&out, &compare.Comparison{Scenarios: []compare.Scenario{of}}); err != nil ||
		!strings.Contains(out.String(), "\nold: databases of 1 of 1 runs: 15,000 rows compared, 0 differ\nnew: sync: not compared: interrupted\n") {
		t.Errorf("bench compare: %v\n%s", err, out.String())
	}
	if lines := Comparisons([]result.Run{{}}, nil); lines != nil {
		t.Errorf("of runs that do not tell: %q", lines)
	}
}
