package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

func (p Panel) grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridline, gridline
	if p.X == Categories {
		g.Vertical.Color = nil
	}
	return g
}

// dot makes a line of one point visible.
type dot struct {
	at    plotter.XY
	style draw.LineStyle
}

func (d dot) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	c.DrawGlyph(draw.GlyphStyle{Color: d.style.Color, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, vg.Point{X: toX(d.at.X), Y: toY(d.at.Y)})
}

// level is the theory of one point: a line through its place, wider than the
// points that stand there.
type level struct {
	at    plotter.XY
	half  vg.Length
	style draw.LineStyle
}

func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	x, y := toX(l.at.X), toY(l.at.Y)
	c.StrokeLine2(l.style, x-l.half, y, x+l.half, y)
}

// words stand where there is nothing to draw.
type words struct{ text string }

func (w words) Plot(c draw.Canvas, _ *plot.Plot) {
	style := textStyle(12)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	c.FillText(style, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: (c.Min.Y + c.Max.Y) / 2}, w.text)
}
