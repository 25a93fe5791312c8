//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package chart

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestDodge(t *testing.T) {
	for _, c := range []struct {
		gap  vg.Length
		n    int
		want vg.Length
	}{
		{100, 4, farthest}, // room enough
		{10, 4, 2},         // 6 points of markers in 10: they end before the next begin
		{10, 1, 5},         // one line stands where it is, whatever the step
	} {
		if got := dodge(c.gap, c.n); got != c.want {
			t.Errorf("%d lines in %v: %v apart, want %v", c.n, c.gap, got, c.want)
		}
	}
}

// Where points are close they stand closer, and only there.
func TestGapIsToTheNearestOther(t *testing.T) {
	for x, want := range map[vg.Length]vg.Length{0: 10, 10: 3, 13: 3, 30: 17} {
		if got := gap([]vg.Length{0, 10, 13, 0, 10, 30}, x); got != want {
			t.Errorf("of %v: %v, want %v", x, got, want)
		}
	}
}

// The fullest theory lies at the bottom, or it would hide the dashed ones.
func TestTheoriesDoNotHideEachOther(t *testing.T) {
	var p Panel
	for _, name := range []string{"monolith", "async-request", "sync", "async-replicated"} {
		p.Lines = append(p.Lines, Line{Scenario: name, Theory: true}, Line{Scenario: name})
	}
	var got []string
	for _, l := range p.theories() {
		got = append(got, l.Scenario)
	}
	if want := []string{"sync", "async-replicated", "async-request", "monolith"}; !slices.Equal(got, want) {
		t.Errorf("drawn in the order %q, want %q", got, want)
	}
}

// The range covers the intervals, not only the points; of 0 a logarithmic axis has none.
func TestRangesCoverIntervals(t *testing.T) {
	line := Line{X: []float64{1, 2}, Y: []float64{0.1, 0.2}, Low: []float64{0, 0.1}, High: []float64{3, math.NaN()}}
	if _, y := (Panel{Y: Number, X: Values, Lines: []Line{line}}).ranges(); y.low != 0 || y.high < 3 {
		t.Errorf("shows %v", y)
	}
	if _, y := (Panel{Y: LogDuration, X: Values, Lines: []Line{line}}).ranges(); !finite(y.low) || y.high < math.Log10(3) {
		t.Errorf("shows %v", y)
	}
}

// An open end is an arrow, which has room beyond all points, and is explained: but not
// where nothing is open.
func TestOpenEndsAreArrows(t *testing.T) {
	const up, down = "arrow: no upper bound, too few samples", "arrow: no lower bound, too few samples"
	line := func(low, high float64) Panel {
		return Panel{Y: LogDuration, X: Values, Lines: []Line{{X: []float64{1, 2}, Y: []float64{0.01, 1}, Low: []float64{low, 1}, High: []float64{0.01, high}}}}
	}
	_, closed := line(0.01, 1).ranges()
	for name, c := range map[string]struct {
		panel        Panel
		below, above float64 // how much more is shown
		keys         []string
	}{
		"closed":       {line(0.01, 1), 0, 0, nil},
		"open above":   {line(0.01, math.Inf(1)), 0, arrowRoom, []string{up}},
		"open below":   {line(math.Inf(-1), 1), arrowRoom, 0, []string{down}},
		"open on both": {line(math.Inf(-1), math.Inf(1)), arrowRoom, arrowRoom, []string{up, down}},
	} {
		_, y := c.panel.ranges()
		size := closed.high - closed.low
		if math.Abs(y.low-(closed.low-c.below*size)) > 1e-9 || math.Abs(y.high-(closed.high+c.above*size)) > 1e-9 {
			t.Errorf("%s: shows %v, and %v without", name, y, closed)
		}
		var keys []string
		for _, k := range (Picture{Panels: []Panel{c.panel}}).formKeys().keys {
			if strings.HasPrefix(k.text, "arrow") {
				keys = append(keys, k.text)
			}
		}
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s: keys %q, want %q", name, keys, c.keys)
		}
	}
}

func TestPointTicksStayApart(t *testing.T) {
	x := []float64{0, 0.0001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.49, 0.5}
	p := Panel{X: Roots, XLabel: PercentLabel, Y: Percent, Lines: []Line{{X: x, Y: make([]float64, len(x)), Low: x, High: x}}}
	shown, _ := p.ranges()
	got := labels(p.pointTicks(shown).Ticks(0, 0))
	if want := []string{"50 %", "0 %", "1 %", "2 %", "5 %", "10 %", "20 %"}; !slices.Equal(got, want) {
		t.Errorf("labels %q, want %q", got, want)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.1 + 0.2: "0.3", 1e6: "1000000", 2.5: "2.5", -3: "-3"} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestWrapAndClip(t *testing.T) {
	style := textStyle(10)
	words := "rate 200/s  ·  poisson arrivals  ·  seed 1"
	if got := wrap(style, words, style.Width(words)); len(got) != 1 || got[0] != words {
		t.Errorf("what fits was changed into %q", got)
	}
	lines := wrap(style, words, vg.Points(60))
	for _, line := range lines {
		if style.Width(line) > vg.Points(60) {
			t.Errorf("%q is too wide", line)
		}
	}
	if got := strings.Fields(strings.Join(lines, " ")); !slices.Equal(got, strings.Fields(words)) {
		t.Errorf("words were lost: %q", got)
	}
	if got := clip(style, words, vg.Points(60)); style.Width(got) > vg.Points(60) || !strings.HasSuffix(got, "…") {
		t.Errorf("clipped to %q", got)
	}
	if got := shrink(style, vg.Points(1), words).Font.Size; got != vg.Points(smallest) {
		t.Errorf("letters of %v, want the smallest", got)
	}
}
