package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// points draws the measured lines of a panel: a marker and an interval a point.
//
// Lines stand side by side at each X, always in the same order: those of several
// scenarios often are equal, and the reader must see all of them. Only the place
// on the paper moves, by a few points; nothing moves where one line is alone.
type points struct {
	panel Panel
	lines []Line
}

func (p points) Plot(c draw.Canvas, plt *plot.Plot) {
	toX, toY := plt.Transforms(&c)
	places := p.places(toX)
	for i, l := range p.lines {
		for k := range l.X {
			y := p.panel.y(l.Y[k])
			if !finite(y) {
				continue
			}
			x := toX(p.panel.x(l.X[k]))
			step := dodge(gap(places, x), len(p.lines))
			at := vg.Point{X: x + step*(vg.Length(i)-vg.Length(len(p.lines)-1)/2), Y: toY(y)}
			if !math.IsNaN(l.Low[k]) && !math.IsNaN(l.High[k]) {
				bar := bar{x: at.X, half: min(step*0.4, capWidth), openBelow: openBelow(l.Low[k]), openAbove: openAbove(l.High[k])}
				// Of 0 on a logarithmic axis there is no end either: the bar leaves the panel.
				bar.low, bar.high = toY(plt.Y.Min), toY(plt.Y.Max)
				if low := p.panel.y(l.Low[k]); finite(low) {
					bar.low = toY(max(low, plt.Y.Min))
				}
				if high := p.panel.y(l.High[k]); finite(high) {
					bar.high = toY(min(high, plt.Y.Max))
				}
				bar.draw(c, styleOf(l.Scenario).Color)
			}
			lookOf(l.Scenario).marker.draw(c, at, markerSize(step), styleOf(l.Scenario).Color)
		}
	}
}

// places are where the X of all lines stand on the paper.
func (p points) places(toX func(float64) vg.Length) []vg.Length {
	var out []vg.Length
	for _, l := range p.lines {
		for _, x := range l.X {
			out = append(out, toX(p.panel.x(x)))
		}
	}
	return out
}

// gap is how far x is from the nearest place that is another.
func gap(places []vg.Length, x vg.Length) vg.Length {
	nearest := vg.Length(vg.Inch)
	for _, other := range places {
		if far := max(x-other, other-x); far > vg.Points(0.01) {
			nearest = min(nearest, far)
		}
	}
	return nearest
}

const (
	farthest = 7   // points between two that stand side by side
	capWidth = 2.8 // half of a cap, in points
)

// dodge is how far apart n lines stand at one X, where the next X is a gap away:
// as far as is good to see, and never into the next X's points.
func dodge(gap vg.Length, n int) vg.Length {
	return min(vg.Points(farthest), gap/vg.Length(n+1))
}

func markerSize(step vg.Length) vg.Length { return min(max(step*0.5, vg.Points(2.2)), vg.Points(3)) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
