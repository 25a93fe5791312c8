package report

import (
	"fmt"
	"math"
	"slices"

	"crosstalk/internal/chart"
	"crosstalk/internal/matrix"
	"crosstalk/internal/result"
)

// Matrix is what came out of one: for each fault and scenario, what the callers
// felt, measured and predicted.
type Matrix struct {
	Rows      []matrix.Row
	Scenarios []string
	Note      string
	// Measured and Predicted are by scenario, then by row.
	Measured, Predicted map[string][]matrix.Cell
}

// words is what a feel is called.
var words = map[matrix.Feel]string{
	matrix.Missing: none, matrix.Nothing: "none shown", matrix.Staler: "older answers", matrix.Slower: "slower", matrix.Errors: "errors",
}

// Table has a row for each fault and scenario in which there was anything for it to act on.
func (m Matrix) Table() Table {
	t := Table{
		Title: "MATRIX: what D's callers felt of each fault, measured | predicted by theory",
		Head: slices.Concat(columns("component", "fault", "scenario", "felt"), besideTheory("errors"), columns("p99", "without"),
			besideTheory("stale"), columns("oldest"), besideTheory("recovered after"), columns("drained after")),
	}
	for n, r := range m.Rows {
		for _, s := range m.Scenarios {
			c, p := m.Measured[s][n], m.Predicted[s][n].Impact
			if c.Feel == matrix.Missing {
				continue
			}
			i := c.Impact
			t.row(text(r.Component), text(nameOf(r)), text(s), text(words[c.Feel]), interval(i.ErrorRate),
				inPercent(p.ErrorRate.Value), percentileIn(i.P99, i.P99Bounds), percentileIn(i.BaselineP99, i.BaselineP99Bounds),
				inPercent(i.StaleShare), inPercent(p.StaleShare), orNone(i.MaxStaleness), ended(i.Recovery, i.Recovered),
				ended(p.Recovery, p.Recovered), caughtUp(c))
		}
	}
	return t
}

// nameOf is the fault without its target and its window: all windows are alike.
func nameOf(r matrix.Row) string {
	f := r.Fault
	f.Window.Length = 0
	return f.String()[len(f.Target.String())+1:]
}

// Picture is the matrix as a picture.
func (m Matrix) Picture() chart.Matrix {
	out := chart.Matrix{
		Title:   "What D's callers feel of each fault",
		Note:    m.Note,
		Columns: m.Scenarios,
	}
	for n, r := range m.Rows {
		if len(out.Groups) == 0 || out.Groups[len(out.Groups)-1].Name != r.Component {
			out.Groups = append(out.Groups, chart.Group{Name: r.Component})
		}
		row := chart.Row{Name: nameOf(r)}
		for _, s := range m.Scenarios {
			row.Cells = append(row.Cells, cell(m.Measured[s][n]))
		}
		group := &out.Groups[len(out.Groups)-1]
		group.Rows = append(group.Rows, row)
	}
	return out
}

func cell(c matrix.Cell) chart.Cell {
	i := c.Impact
	switch c.Feel {
	case matrix.Missing:
		return chart.Cell{Feel: chart.NotApplicable}
	case matrix.Errors:
		return chart.Cell{Feel: chart.Errors, Strength: i.ErrorRate.Value, Lines: []string{
			fmt.Sprintf("%.0f %% errors", i.ErrorRate.Value*100), "back " + after(i.Recovery, i.Recovered),
		}}
	case matrix.Slower:
		// Ten times as slow is as dark as it gets.
		return chart.Cell{Feel: chart.Slower, Strength: math.Log10(i.P99 / max(i.BaselineP99, 1e-4)),
			Lines: append(slower(i), "back "+after(i.Recovery, i.Recovered))}
	case matrix.Staler:
		until := "caught up " + after(i.Drain, i.Drained)
		if c.Lossy {
			until = "lost until written again"
		}
		return chart.Cell{Feel: chart.Staler, Strength: i.StaleShare, Lines: []string{
			fmt.Sprintf("%.0f %% up to %s old", i.StaleShare*100, duration(i.MaxStaleness)), until,
		}}
	}
	return chart.Cell{Feel: chart.Nothing}
}

// slower is p99 with a fault and without: a line each where they have their intervals.
func slower(i result.Impact) []string {
	with, without := percentileIn(i.P99, i.P99Bounds), percentileIn(i.BaselineP99, i.BaselineP99Bounds)
	if i.P99Bounds == nil || i.BaselineP99Bounds == nil {
		return []string{fmt.Sprintf("p99 %s, else %s", with, without)}
	}
	return []string{"p99 " + with.String(), "else " + without.String()}
}

// caughtUp is for copies alone: without one nothing can be behind.
func caughtUp(c matrix.Cell) Cell {
	switch {
	case !c.Copied:
		return noFigure
	case c.Lossy:
		return text("changes are lost")
	}
	return ended(c.Impact.Drain, c.Impact.Drained)
}

func after(seconds float64, seen bool) string {
	switch {
	case !seen:
		return "later than watched"
	case seconds < 0.0005:
		return "at once"
	}
	return "after " + duration(seconds)
}

// Gaps names the cells whose error rate or share of stale answers theory does not
// explain: a line each.
func (m Matrix) Gaps() []string {
	var out []string
	for n, r := range m.Rows {
		for _, s := range m.Scenarios {
			c, p := m.Measured[s][n], m.Predicted[s][n]
			if c.Feel == matrix.Missing {
				continue
			}
			if gap(c.Impact.ErrorRate, p.Impact.ErrorRate) {
				out = append(out, fmt.Sprintf("%s in %s: the error rate is %s %%, and theory says %s %%", r.Fault, s,
					percent(c.Impact.ErrorRate.Value), percent(p.Impact.ErrorRate.Value)))
			}
		}
	}
	return out
}

// gap tells whether two shares are apart although they are of the same requests:
// what decides them is drawn alike, so only those at the edges of a window may
// differ.
func gap(measured, predicted result.Interval) bool {
	return measured.Low > predicted.High || measured.High < predicted.Low
}
