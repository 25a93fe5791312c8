package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plotOf lays a panel out.
func (p Panel) plotOf() *plot.Plot {
	out := plot.New()
	out.BackgroundColor = nil
	out.Title.Text = p.Title
	out.Title.TextStyle.Font.Size = vg.Points(11)
	out.Title.TextStyle.Color = ink
	out.Title.Padding = vg.Points(4)
	for _, axis := range []*plot.Axis{&out.X, &out.Y} {
		axis.Tick.Label.Font.Size = vg.Points(10)
		axis.Tick.Label.Color = ink
		axis.LineStyle.Color = faint
		axis.Tick.LineStyle.Color = faint
		axis.Padding = 0
	}
	x, y := p.ranges()
	out.Add(shades{p.Shades}, grid())
	for _, l := range p.Lines {
		for _, piece := range p.pieces(l) {
			out.Add(&plotter.Line{XYs: piece, LineStyle: styleOf(l.Scenario)})
			if len(piece) == 1 {
				out.Add(dot{piece[0], styleOf(l.Scenario)})
			}
		}
	}
	if p.isEmpty() {
		out.Add(words{p.Empty})
	}
	out.X.Min, out.X.Max = x.low, x.high
	out.Y.Min, out.Y.Max = y.low, y.high
	out.X.Tick.Marker, out.Y.Tick.Marker = p.ticks()
	return out
}

func (p Panel) ticks() (x, y plot.Ticker) {
	x = linearTicks{12, second}
	if p.X == Nines {
		x = ninesTicks{}
	}
	switch p.Y {
	case LogDuration:
		y = logTicks{}
	case Duration:
		y = linearTicks{5, seconds}
	case Percent:
		y = linearTicks{5, percent}
	}
	return x, y
}

// pieces returns where a line's points stand on the axes, without the gaps. A
// logarithmic axis has no place for 0, so that is a gap too.
func (p Panel) pieces(l Line) []plotter.XYs {
	var out []plotter.XYs
	begun := false
	for i := range l.X {
		x, y := l.X[i], l.Y[i]
		if p.X == Nines {
			x = nines(x)
		}
		if p.Y == LogDuration {
			y = math.Log10(y) // of 0 it is −Inf
		}
		if math.IsNaN(y) || math.IsInf(y, 0) {
			begun = false
			continue
		}
		if !begun {
			out, begun = append(out, nil), true
		}
		last := &out[len(out)-1]
		*last = append(*last, plotter.XY{X: x, Y: y})
	}
	return out
}

func (p Panel) isEmpty() bool {
	for _, l := range p.Lines {
		if len(p.pieces(l)) > 0 {
			return false
		}
	}
	return true
}

type span struct{ low, high float64 }

func (s *span) cover(v float64) { s.low, s.high = math.Min(s.low, v), math.Max(s.high, v) }

// ranges returns what the axes show: all points, with some room above.
func (p Panel) ranges() (x, y span) {
	x, y = span{math.Inf(1), math.Inf(-1)}, span{math.Inf(1), math.Inf(-1)}
	for _, l := range p.Lines {
		for _, piece := range p.pieces(l) {
			for _, at := range piece {
				x.cover(at.X)
				y.cover(at.Y)
			}
		}
	}
	if math.IsInf(x.low, 1) {
		x, y = span{0, 1}, span{0, 1}
	}
	if p.X == Seconds {
		x = span{x.low - 0.5, x.high + 0.5} // a point stands in the middle of its second
		for _, s := range p.Shades {
			x.cover(s.From)
			x.cover(s.To)
		}
	} else {
		x.low = 0
	}
	if x.high-x.low < 1e-9 {
		x = span{x.low - 0.5, x.high + 0.5}
	}
	switch p.Y {
	case LogDuration:
		if y.high-y.low < 1 { // at least a decade, or noise looks like news
			middle := (y.low + y.high) / 2
			y = span{middle - 0.5, middle + 0.5}
		}
		y = span{y.low - 0.05, y.high + 0.08}
	case Duration:
		y = span{0, math.Max(y.high*1.1, 1e-3)}
	case Percent:
		y = span{0, math.Min(math.Max(y.high*1.15, 0.01), 1.05)}
	}
	return x, y
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridline, gridline
	return g
}

// shades fills the windows from bottom to top, and names them.
type shades struct{ windows []Shade }

func (s shades) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	row := 0
	for i, w := range s.windows {
		// One below the other where they overlap, so that their names stay apart.
		if row++; i == 0 || w.From >= s.windows[i-1].To {
			row = 0
		}
		from, to := max(toX(w.From), c.Min.X), min(toX(w.To), c.Max.X)
		c.FillPolygon(shadow, []vg.Point{{X: from, Y: c.Min.Y}, {X: to, Y: c.Min.Y}, {X: to, Y: c.Max.Y}, {X: from, Y: c.Max.Y}})
		label := textStyle(9)
		label.Color = faint
		label.YAlign = draw.YTop
		c.FillText(label, vg.Point{X: from + vg.Points(3), Y: c.Max.Y - vg.Points(2+11*float64(row))}, w.Label)
	}
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

// words stand where there is nothing to draw.
type words struct{ text string }

func (w words) Plot(c draw.Canvas, _ *plot.Plot) {
	style := textStyle(12)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	c.FillText(style, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: (c.Min.Y + c.Max.Y) / 2}, w.text)
}

func textStyle(points float64) text.Style {
	return text.Style{
		Color: ink, Font: font.From(plot.DefaultFont, vg.Points(points)), Handler: plot.DefaultTextHandler,
	}
}
