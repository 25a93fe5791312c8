//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package chart

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
)

// The names of windows stand where these begin, never into another one and never beyond
// the panel, however narrow the windows are.
func TestNamesOfWindowsStayApart(t *testing.T) {
	const left, right = 0, 600
	wide := tagStyle().Width("B outage") // 33 points
	toX := func(seconds float64) vg.Length { return vg.Length(seconds) * 20 }
	for name, c := range map[string]struct {
		starts []float64
		want   []tag
	}{
		"wider than its window": {[]float64{3}, []tag{{pole: 60, from: 63, row: 0}}},
		"far from each other":   {[]float64{3, 6}, []tag{{pole: 60, from: 63, row: 0}, {pole: 120, from: 123, row: 0}}},
		"near to each other":    {[]float64{3, 4, 6}, []tag{{pole: 60, from: 63, row: 0}, {pole: 80, from: 83, row: 1}, {pole: 120, from: 123, row: 0}}},
		"at the same time":      {[]float64{3, 3}, []tag{{pole: 60, from: 63, row: 0}, {pole: 60, from: 63, row: 1}}},
		"too many for the rows": {[]float64{3, 3, 3, 3}, []tag{{pole: 60, from: 63, row: 0}, {pole: 60, from: 63, row: 1}, {pole: 60, from: 63, row: 2}}},
		"before the panel":      {[]float64{-3}, []tag{{pole: 0, from: 3, row: 0}}},
		"at the end":            {[]float64{29}, []tag{{pole: 580, from: right - wide, row: 0}}},
	} {
		var windows []Shade
		for _, from := range c.starts {
			windows = append(windows, Shade{"B outage", from, from + 1})
		}
		got := tagsOf(windows, toX, left, right)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d names, want %d", name, len(got), len(c.want))
			continue
		}
		for i, want := range c.want {
			want.name, want.to = "B outage", want.from+wide
			if got[i] != want {
				t.Errorf("%s: %+v, want %+v", name, got[i], want)
			}
		}
	}
}

// The panel is as much higher as the rows of names need, and its data stays below them.
func TestDataStaysBelowTheNames(t *testing.T) {
	panel := Panel{Y: Percent, Lines: []Line{{X: []float64{0, 30}, Y: []float64{1, 1}}}}
	for rows := range mostTags + 1 {
		if rows > 0 {
			panel.Shades = append(panel.Shades, Shade{fmt.Sprint("fault ", rows), 3, 4})
		}
		x, y := panel.ranges()
		lane := (panel.withLane(x, y) - y.high) / (panel.withLane(x, y) - y.low) * lowPanel
		want := 0.0
		if rows > 0 {
			want = float64(tagHeight*rows + 2)
		}
		if math.Abs(lane-want) > 1e-9 {
			t.Errorf("%d rows of names have %v points, want %v", rows, lane, want)
		}
	}
	// Nor does the axis speak of more than all.
	x, y := panel.ranges()
	_, ticker := panel.ticks(x)
	ticks := ticker.Ticks(y.low, panel.withLane(x, y))
	if got := labels(ticks); got[len(got)-1] != "100 %" {
		t.Errorf("ticks %q", got)
	}
}
