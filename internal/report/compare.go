package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
)

// untested marks a change of which no test says what it is worth.
const untested = "¹"

// Compare prints what changed, a table for each scenario, as benchstat lays it out:
// the old value, the new one, the change, ~ where it may be noise, p and n.
func Compare(w io.Writer, c *compare.Comparison) error { return Text(w, changes(c)...) }

// CompareMarkdown writes the same for a job's summary or a pull request's comment.
func CompareMarkdown(w io.Writer, c *compare.Comparison) error {
	var m markdown
	m.printf("## Crosstalk: what changed from %s to %s\n", escape(c.Old.Name), escape(c.New.Name))
	tables := changes(c)
	m.tables(tables...)
	for _, t := range tables {
		for _, line := range t.Lines {
			m.printf("\n%s\n", escape(line))
		}
	}
	return m.writeTo(w)
}

// changes has a table for each scenario. Below the last one is what is to be known of all.
func changes(c *compare.Comparison) []Table {
	var out []Table
	for _, s := range c.Scenarios {
		t := Table{
			Title: s.Name + ", " + s.How,
			Head:  slices.Concat(columns(""), ofSide("old", "new", "vs base"), columns("95 % interval", "could see", "")),
		}
		for _, r := range s.Rows {
			if !empty(r) {
				t.row(text(r.Metric.Name), valueOf(r.Metric, r.Old), valueOf(r.Metric, r.New), text(delta(r)),
					text(deltaInterval(r)), text(couldSee(r)), text(worth(r)))
			}
		}
		out = append(out, t)
	}
	if len(out) > 0 {
		out[len(out)-1].Lines = linesOf(c)
	}
	return out
}

// ofSide are the columns that belong to a side, or to the step from one to the other.
func ofSide(names ...string) []Column {
	out := columns(names...)
	for n := range out {
		out[n].Mark = "│ "
	}
	return out
}

// linesOf says what must be known of all changes.
func linesOf(c *compare.Comparison) []string {
	var lines []string
	if slices.ContainsFunc(c.Scenarios, func(s compare.Scenario) bool { return slices.ContainsFunc(s.Rows, isUntested) }) {
		lines = append(lines, untested+" too little for a test: one figure a run, too few samples of it, or less than 6 s. 4 runs or more on each side tell.")
	}
	if onlyOne(c) {
		lines = append(lines, "Fewer than 4 runs on a side: p and the intervals know the noise within a run, and not that from run to run.")
	}
	return slices.Concat(lines, comparisonsOf(c), c.Notes)
}

func isUntested(r compare.Row) bool { return !empty(r) && r.Delta.Known && !r.Delta.Tested }

// comparisonsOf says of either side what came of the comparison of the databases.
func comparisonsOf(c *compare.Comparison) []string {
	var lines []string
	for _, side := range []struct {
		name string
		of   func(compare.Scenario) []compare.Run
	}{
		{"old", func(s compare.Scenario) []compare.Run { return s.Old }},
		{"new", func(s compare.Scenario) []compare.Run { return s.New }},
	} {
		var runs []result.Run
		var names []string
		for _, s := range c.Scenarios {
			for _, r := range side.of(s) {
				runs, names = append(runs, r.Run), append(names, s.Name)
			}
		}
		for _, line := range Comparisons(runs, func(run int) string { return names[run] }) {
			lines = append(lines, side.name+": "+line)
		}
	}
	return lines
}

// empty tells that neither side has anything of a metric.
func empty(r compare.Row) bool {
	return !r.Old.Known && !r.New.Known || r.Metric.Name == "events" && r.Old.Value == 0 && r.New.Value == 0
}

func onlyOne(c *compare.Comparison) bool {
	for _, s := range c.Scenarios {
		if len(s.Old) < 4 || len(s.New) < 4 {
			return true
		}
	}
	return false
}

func delta(r compare.Row) string {
	switch d := r.Delta; {
	case !d.Known:
		return none
	case d.Tested && !d.Significant(), d.Change == 0:
		return "~"
	case !d.Tested:
		return change(r.Metric, d.Change) + " " + untested
	default:
		return change(r.Metric, d.Change)
	}
}

func deltaInterval(r compare.Row) string {
	d := r.Delta
	if !d.Known || !d.Tested || math.IsNaN(d.Low) {
		return none
	}
	return fmt.Sprintf("[%s, %s]", change(r.Metric, d.Low), change(r.Metric, d.High))
}

// couldSee is the smallest change that would have been told from noise.
func couldSee(r compare.Row) string {
	if d := r.Delta; d.Known && d.Tested {
		return "±" + points(r.Metric, "%.2f", d.Seen)
	}
	return none
}

// worth is p and n, as benchstat has them.
func worth(r compare.Row) string {
	n := strconv.FormatInt(r.N[0], 10)
	if r.N[0] != r.N[1] {
		n += "+" + strconv.FormatInt(r.N[1], 10)
	}
	if !r.Delta.Known || !r.Delta.Tested {
		return "(n=" + n + ")"
	}
	return fmt.Sprintf("(p=%.3f n=%s)", r.Delta.P, n)
}

// change returns a change in percent of what it was; of shares, in percentage
// points.
func change(m metric.Metric, v float64) string { return points(m, "%+.2f", v) }

func points(m metric.Metric, format string, v float64) string {
	unit := " %"
	if m.Unit == metric.Share {
		unit = " pp"
	}
	if v == 0 {
		return "0" + unit
	}
	return fmt.Sprintf(format, v*100) + unit
}
