package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marker is a regular polygon with its first corner turned from the right, and
// wide as many times the radius as makes all of them look equally large.
type marker struct {
	corners   int
	turn, big float64
}

// The markers.
var (
	disc     = marker{24, 0, 1}
	pyramid  = marker{3, math.Pi / 2, 1.3}
	funnel   = marker{3, -math.Pi / 2, 1.3}
	box      = marker{4, math.Pi / 4, 1.2}
	diamond  = marker{4, 0, 1.3}
	pentagon = marker{5, math.Pi / 2, 1.15}
)

// draw fills the marker, with a white edge that parts it from what it lies on.
func (m marker) draw(c draw.Canvas, at vg.Point, radius vg.Length, fill color.Color) {
	c.FillPolygon(color.White, m.outline(at, radius*vg.Length(m.big)+vg.Points(0.8)))
	c.FillPolygon(fill, m.outline(at, radius*vg.Length(m.big)))
}

func (m marker) outline(at vg.Point, radius vg.Length) []vg.Point {
	var out []vg.Point
	for i := range m.corners {
		sin, cos := math.Sincos(m.turn + 2*math.Pi*float64(i)/float64(m.corners))
		out = append(out, vg.Point{X: at.X + radius*vg.Length(cos), Y: at.Y + radius*vg.Length(sin)})
	}
	return out
}
