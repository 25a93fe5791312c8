package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// bar is an interval on the paper. An end that is open stands at the edge of the panel.
type bar struct {
	x, low, high vg.Length
	// half is half of a cap.
	half                 vg.Length
	openBelow, openAbove bool
}

// draw draws a thin line, with a cap at an end that is known and an arrow at one that is
// open.
func (b bar) draw(c draw.Canvas, colour color.Color) {
	thin := draw.LineStyle{Color: colour, Width: vg.Points(0.9)}
	c.StrokeLine2(thin, b.x, b.low, b.x, b.high)
	for _, end := range []struct {
		y    vg.Length
		open bool
		back vg.Length // from the arrow's tip
	}{{b.low, b.openBelow, arrowLength}, {b.high, b.openAbove, -arrowLength}} {
		if !end.open {
			c.StrokeLine2(thin, b.x-b.half, end.y, b.x+b.half, end.y)
			continue
		}
		c.FillPolygon(colour, []vg.Point{{X: b.x, Y: end.y}, {X: b.x - arrowWidth, Y: end.y + end.back}, {X: b.x + arrowWidth, Y: end.y + end.back}})
	}
}

// An arrow's head, in points; its width is half of it.
const (
	arrowLength = 5.5
	arrowWidth  = 2.6
)

// openBelow and openAbove tell of an end of an interval that no sample bounds it.
func openBelow(low float64) bool  { return math.IsInf(low, -1) }
func openAbove(high float64) bool { return math.IsInf(high, 1) }

// open tells whether an interval of the panel has no bound below, or above.
func (p Panel) open() (below, above bool) {
	for _, l := range p.Lines {
		for i := range l.Low {
			if finite(l.Y[i]) {
				below, above = below || openBelow(l.Low[i]), above || openAbove(l.High[i])
			}
		}
	}
	return below, above
}
