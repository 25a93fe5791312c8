package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

func namesOf(t Table) []string {
	var names []string
	for _, c := range t.Head {
		names = append(names, c.Name)
	}
	return names
}

// A cell is sorted by its figure in its base unit, however that is shown, and one of words
// by these.
func TestFiguresOfCells(t *testing.T) {
	at := sweep.Point{Values: []string{"500/s", "2%", "1m30s", "D=4"}}
	settings := Sweep{Points: []sweep.Point{at}, Vary: []sweep.Vary{{Setting: "rate"}, {Setting: "fail-rate"}, {Setting: "duration"}, {Setting: "workers"}}}.values(SweepRow{})
	for _, c := range []struct {
		cell Cell
		want float64
	}{
		{inSeconds(0.012_345_6), 0.012_345_6}, {inSeconds(0.000_253), 0.000_253}, {inSeconds(0), 0}, {mean(0.00821), 0.00821},
		{inPercent(0.000_04), 0.000_04}, {interval(result.Interval{Value: 0.005, Low: 0.0034, High: 0.0074}), 0.005}, {perSecond(1234.5), 1234.5}, {inBytes(20_480), 20_480},
		{count(4996), 4996}, {amount(0.097_512), 0.097_512}, {growth(&result.GC{Percent: 400, SpareBytes: 1 << 20}), 4},
		{outcome(&result.Comparison{OwnerRows: 10_000, ReplicaRows: 5_000}), 15_000}, {outcome(&result.Comparison{}), 0},
		{unseen(result.Run{UnseenChanges: 3}), 3}, {withInterval(result.Percentile{Value: 2, Low: 1, High: math.Inf(1)}), 2},
		{settings[0], 500}, {settings[1], 0.02}, {settings[2], 90},
	} {
		if f := c.cell.Figure; !f.Known || f.Value != c.want {
			t.Errorf("%q is sorted by %+v, want %v", c.cell, f, c.want)
		}
	}
	for _, c := range []Cell{
		noFigure, text("sync"), stored(map[string]int64{"A": 1}), ended(0, true), ended(0, false), perSecond(0), settings[3], figure("NaN s", math.NaN()),
		outcome(&result.Comparison{NotCompared: "interrupted"}), unseen(result.Run{}), valueOf(metric.Metric{}, metric.Value{}),
	} {
		if c.Figure.Known {
			t.Errorf("%q is sorted by %+v", c, c.Figure)
		}
	}
}

// The order is that of the figures, also where rounding shows them alike, or in other units.
func TestOrderIsThatOfTheFigures(t *testing.T) {
	all := runs()[:1]
	for _, p99 := range []float64{0.076_74, 1.2, 0.000_95, 0.076_71} {
		r := all[0]
		r.Scenario, r.Latency.P99 = fmt.Sprint(p99), p99
		all = append(all, r)
	}
	table := latencies(all[1:])
	column := slices.Index(namesOf(table), "p99")
	slices.SortFunc(table.Rows, func(a, b []Cell) int { return cmp.Compare(a[column].Figure.Value, b[column].Figure.Value) })
	var order, shown []string
	for _, row := range table.Rows {
		order, shown = append(order, row[0].Text), append(shown, row[column].Text)
	}
	if got, want := strings.Join(order, " "), "0.00095 0.07671 0.07674 1.2"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
	if got, want := strings.Join(shown, ", "), "950 µs, 76.7 ms, 76.7 ms, 1.20 s"; got != want {
		t.Errorf("shown is %s, want %s", got, want)
	}
}

// A column is one of figures by its cells, whatever their text looks like.
func TestNumericColumns(t *testing.T) {
	for _, c := range []struct {
		cells []Cell
		want  bool
	}{
		{[]Cell{inSeconds(1), noFigure, text("")}, true}, {[]Cell{noFigure, text("")}, false}, {nil, false},
		{[]Cell{text("127 addresses"), text("9092")}, false}, {[]Cell{inSeconds(1), text("at once")}, false},
	} {
		table := Table{Head: columns("one")}
		for _, cell := range c.cells {
			table.row(cell)
		}
		if got := table.numeric(0); got != c.want {
			t.Errorf("%q: %t, want %t", c.cells, got, c.want)
		}
	}
}

// Text marks the columns of theory, which have their whole name elsewhere.
func TestMarksOfColumns(t *testing.T) {
	table := Table{Title: "T", Head: besideTheory("p50"), Lines: []string{"a line"}}
	table.row(inSeconds(1), intervals{simulated: true}.time(2, nil))
	var out, marked strings.Builder
	if err := Text(&out, table, Table{Title: "U", Head: columns("x")}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "\nT\np50     | theory\n1.00 s  | 2.00 s [?]\n\na line\n\nU\nx\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var m markdown
	m.tables(table)
	if err := m.writeTo(&marked); err != nil || marked.String() != "\n**T**\n\n| p50 | p50, theory |\n|---|---:|\n| 1.00 s | 2.00 s [?] |\n" {
		t.Errorf("%q, %v", marked.String(), err)
	}
}
