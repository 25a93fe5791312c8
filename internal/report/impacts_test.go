package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/counts"

	"crosstalk/internal/matrix"
	"crosstalk/internal/result"
)

// Columns about signals and copies stand only where there are any.
func TestWindowsOfSignals(t *testing.T) {
	run := func(faults string, i result.Impact) result.Run {
		i.Faults = []string{faults}
		return result.Run{Scenario: "sync", Impacts: []result.Impact{i}}
	}
	header := func(runs ...result.Run) (columns, last string) {
		var out strings.Builder
		if err := Text(&out, impacts(runs)); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return lines[1], strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	}
	if columns, _ := header(run("B:outage@3s+2s", result.Impact{UnderWay: 4})); strings.Contains(columns, "under way") || strings.Contains(columns, "even") {
		t.Errorf("of an outage: %s", columns)
	}
	columns, last := header(run("B:kill@3s+2s", result.Impact{UnderWay: 40, Cut: 39}))
	if !strings.HasSuffix(columns, "of them cut") || !strings.HasSuffix(last, "40 39") {
		t.Errorf("of a kill: %s / %s", columns, last)
	}
	for want, i := range map[string]result.Impact{
		"4 0 1.50 s":   {UnderWay: 4, Copies: 2, EvenAfter: 1.5, Even: true},
		"4 0 at once":  {UnderWay: 4, Copies: 2, Even: true},
		"4 0 not seen": {UnderWay: 4, Copies: 2},
	} {
		if columns, last := header(run("B:stop@3s+2s", i)); !strings.HasSuffix(columns, "even after") || !strings.HasSuffix(last, want) {
			t.Errorf("of copies: %s / %s, want %s", columns, last, want)
		}
	}
}

func interval95(low, high float64) *result.Bounds {
	b := result.Percentile{Low: low, High: high}.Bounds()
	return &b
}

// A percentile of a window never stands without its interval, but for those of older files.
func TestWindowsHaveIntervals(t *testing.T) {
	for name, c := range map[string]struct {
		of   result.Impact
		want [2]string
	}{
		"open above":      {result.Impact{P99: 0.035, P99Bounds: interval95(0.0294, math.Inf(1)), BaselineP99: 0.02, BaselineP99Bounds: interval95(0.018, 0.0251)}, [2]string{"35.0 ms [29.4 ms, open]", "20.0 ms [18.0 ms, 25.1 ms]"}},
		"open on both":    {result.Impact{P99: 0.035, P99Bounds: &result.Bounds{}, BaselineP99: 0.02, BaselineP99Bounds: interval95(0.018, 0.0251)}, [2]string{"35.0 ms [open, open]", "20.0 ms [18.0 ms, 25.1 ms]"}},
		"none succeeded":  {result.Impact{BaselineP99: 0.02, BaselineP99Bounds: interval95(0.018, 0.0251)}, [2]string{"–", "20.0 ms [18.0 ms, 25.1 ms]"}},
		"of an old file":  {result.Impact{P99: 0.035, BaselineP99: 0.02}, [2]string{"35.0 ms", "20.0 ms"}},
		"nothing happens": {result.Impact{}, [2]string{"–", "–"}},
	} {
		if row := impacts([]result.Run{{Scenario: "sync", Impacts: []result.Impact{c.of}}}).Rows[0]; row[3].String() != c.want[0] || row[4].String() != c.want[1] {
			t.Errorf("%s: p99 %q, without %q, want %q", name, row[3], row[4], c.want)
		}
	}
}

// So it is in a matrix, in its table and in its picture.
func TestMatrixHasIntervals(t *testing.T) {
	var fault matrix.Row
	if err := fault.Fault.UnmarshalText([]byte("A:delay=100ms@4s+1s")); err != nil {
		t.Fatal(err)
	}
	slow := result.Impact{P99: 0.131, P99Bounds: interval95(0.126, math.Inf(1)), BaselineP99: 0.0374, BaselineP99Bounds: interval95(0.0313, 0.0601), Recovered: true}
	old := slow
	old.P99Bounds, old.BaselineP99Bounds = nil, nil
	for name, c := range map[string]struct {
		of    result.Impact
		cells [2]string
		lines []string
	}{
		"with intervals": {slow, [2]string{"131 ms [126 ms, open]", "37.4 ms [31.3 ms, 60.1 ms]"}, []string{"p99 131 ms [126 ms, open]", "else 37.4 ms [31.3 ms, 60.1 ms]", "back at once"}},
		"of an old file": {old, [2]string{"131 ms", "37.4 ms"}, []string{"p99 131 ms, else 37.4 ms", "back at once"}},
	} {
		cells := map[string][]matrix.Cell{"sync": {{Feel: matrix.Slower, Impact: c.of}}}
		m := Matrix{Rows: []matrix.Row{fault}, Scenarios: []string{"sync"}, Measured: cells, Predicted: cells}
		if row := m.Table().Rows[0]; row[6].String() != c.cells[0] || row[7].String() != c.cells[1] {
			t.Errorf("%s: the table says %q and %q, want %q", name, row[6], row[7], c.cells)
		}
		if got := m.Picture().Groups[0].Rows[0].Cells[0].Lines; !slices.Equal(got, c.lines) {
			t.Errorf("%s: the picture says %q, want %q", name, got, c.lines)
		}
	}
}

func TestProcesses(t *testing.T) {
	if rows := processes([]result.Run{{Scenario: "monolith"}}).Rows; rows != nil {
		t.Errorf("without processes: %q", rows)
	}
	rows := processes([]result.Run{{Scenario: "sync", Processes: []result.Process{
		{Name: "driver", Starts: 1, CPUSecondsPer1000: 0.5, MaxResidentBytes: 50_000_000},
		{Name: "B/1", Starts: 2, CPUSecondsPer1000: 0.25, MaxResidentBytes: 40_000_000, Served: []int64{10, 0, 7}},
	}}}).Rows
	for i, want := range []string{"[sync driver 1 0.500 50.0 MB –]", "[sync B/1 2 0.250 40.0 MB 17]"} {
		if got := fmt.Sprint(rows[i]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What a copy read is told where a process of its own read it.
func TestBootstraps(t *testing.T) {
	read := []counts.Bootstrap{{Service: "D", Owner: "A", Events: 120, Bytes: 16_320, Took: 0.0125}}
	for _, c := range []struct {
		processes []result.Process
		want      string
	}{
		{nil, "[]"},
		{[]result.Process{{Name: "driver"}, {Name: "D"}}, "[[async-replicated A in D 120 16.3 kB 12.5 ms]]"},
	} {
		rows := bootstraps([]result.Run{{Scenario: "async-replicated", Processes: c.processes, Counts: counts.Counts{Bootstraps: read}}}).Rows
		if got := fmt.Sprint(rows); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
