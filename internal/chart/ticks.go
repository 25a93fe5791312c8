package chart

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// axisWidth is about what the labels of a panel's Y axis leave of its width.
func (p Panel) axisWidth() vg.Length {
	n := vg.Length(max(p.columns, 1))
	return (width-3*margin)/n - vg.Length(44)
}

func (p Panel) ticks(shown span) (x, y plot.Ticker) {
	switch p.X {
	case Seconds:
		x = linearTicks{12, second}
	case Nines:
		x = ninesTicks{}
	case Values:
		x = p.valueTicks(shown)
	case Roots, Logs:
		x = p.pointTicks(shown)
	}
	switch p.Y {
	case LogDuration:
		y = logTicks{}
	case Duration:
		y = linearTicks{5, DurationLabel}
	case Percent:
		y = percentTicks{linearTicks{5, PercentLabel}}
	case Number:
		y = linearTicks{5, number}
	}
	return x, y
}

func (p Panel) xLabel(v float64) string {
	if p.XLabel == nil {
		return number(v)
	}
	return p.XLabel(v)
}

// valueTicks are as many as there is room for, by how the caller writes the ends.
func (p Panel) valueTicks(shown span) plot.Ticker {
	widest := max(textStyle(10).Width(p.xLabel(shown.low)), textStyle(10).Width(p.xLabel(shown.high)))
	return linearTicks{min(12, math.Floor(float64(p.axisWidth()/(widest+14)))), p.xLabel}
}

// pointTicks labels the X of the points: the first, the last, and between them
// what has room.
func (p Panel) pointTicks(shown span) plot.Ticker {
	at := p.distinctX()
	var ticks []plot.Tick
	end, last := math.Inf(-1), math.Inf(1) // where the labels so far end, and the last begins
	for i := range at {
		k := i - 1 // the last one first: it is the others that make room
		if i == 0 {
			k = len(at) - 1
		}
		label, place := p.xLabel(at[k]), p.x(at[k])
		half := float64((textStyle(10).Width(label)+10)/(2*p.axisWidth())) * (shown.high - shown.low)
		switch {
		case i == 0:
			last = place - half
		case place-half < end || place+half > last:
			label = ""
		default:
			end = place + half
		}
		ticks = append(ticks, plot.Tick{Value: place, Label: label})
	}
	return plot.ConstantTicks(ticks)
}

// distinctX is each X of the measured lines once; of all lines where none is.
func (p Panel) distinctX() []float64 {
	var measured, all []float64
	for _, l := range p.Lines {
		if all = append(all, l.X...); l.measured() {
			measured = append(measured, l.X...)
		}
	}
	if len(measured) == 0 {
		measured = all
	}
	slices.Sort(measured)
	return slices.Compact(measured)
}

// fitCategories breaks the labels into lines, and makes them as small as the
// longest word needs, so that they stay apart. No tick is seen: a category is a
// place, not a point.
func (p Panel) fitCategories(axis *plot.Axis) {
	axis.Tick.Length, axis.Tick.LineStyle.Color = vg.Points(4), color.Transparent
	slot := p.axisWidth()/vg.Length(max(len(p.Categories), 1)) - vg.Points(8)
	for _, name := range p.Categories {
		axis.Tick.Label = shrink(axis.Tick.Label, slot, strings.Fields(name)...)
	}
	labels := make([][]string, len(p.Categories))
	most := 0
	for i, name := range p.Categories {
		labels[i] = wrap(axis.Tick.Label, name, slot)
		most = max(most, len(labels[i]))
	}
	var ticks []plot.Tick
	for i, lines := range labels {
		for k := range lines {
			lines[k] = clip(axis.Tick.Label, lines[k], slot)
		}
		for len(lines) < most { // gonum sets labels of unequal height at unequal heights
			lines = append(lines, " ")
		}
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: strings.Join(lines, "\n")})
	}
	axis.Tick.Marker = plot.ConstantTicks(ticks)
}
