package chart

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
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
	out.Add(ground{p.Shades}, p.grid(), tags{p.Shades})
	p.addLines(out)
	if p.isEmpty() {
		out.Add(words{p.Empty})
	}
	out.X.Min, out.X.Max = x.low, x.high
	out.Y.Min, out.Y.Max = y.low, p.withLane(x, y)
	if out.X.Label.Text = p.XTitle; p.XTitle != "" {
		out.X.Label.TextStyle.Font.Size = vg.Points(11)
		out.X.Label.TextStyle.Color = ink
		out.X.Label.Padding = vg.Points(2)
	}
	out.X.Tick.Marker, out.Y.Tick.Marker = p.ticks(x)
	if p.X == Categories {
		p.fitCategories(&out.X)
	}
	return out
}

// addLines adds theory first, so that it lies beneath what was measured.
func (p Panel) addLines(out *plot.Plot) {
	half := vg.Points(22)
	if p.X == Categories {
		half = min(half, 0.4*p.axisWidth()/vg.Length(max(len(p.Categories), 1)))
	}
	for _, l := range p.theories() {
		for _, piece := range p.pieces(l) {
			if len(piece) == 1 {
				out.Add(level{piece[0], half, theoryOf(l.Scenario)})
				continue
			}
			out.Add(&plotter.Line{XYs: piece, LineStyle: theoryOf(l.Scenario)})
		}
	}
	measured := points{panel: p}
	for _, l := range p.Lines {
		switch {
		case l.measured():
			measured.lines = append(measured.lines, l)
		case !l.Theory:
			p.addJoined(out, l)
		}
	}
	if len(measured.lines) > 0 {
		out.Add(measured)
	}
}

func (p Panel) addJoined(out *plot.Plot, l Line) {
	for _, piece := range p.pieces(l) {
		out.Add(&plotter.Line{XYs: piece, LineStyle: styleOf(l.Scenario)})
		if len(piece) == 1 {
			out.Add(dot{piece[0], styleOf(l.Scenario)})
		}
	}
}

// theories returns the theory lines with the fullest first: theories of several
// scenarios often are equal, and each is then seen in the gaps of the next.
func (p Panel) theories() []Line {
	var out []Line
	for _, l := range p.Lines {
		if l.Theory {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int {
		return cmp.Compare(coverage(styleOf(b.Scenario).Dashes), coverage(styleOf(a.Scenario).Dashes))
	})
	return out
}

// x is where a value stands on the X axis.
func (p Panel) x(v float64) float64 {
	switch p.X {
	case Nines:
		return nines(v)
	case Logs:
		return math.Log10(v)
	case Roots:
		return math.Copysign(math.Sqrt(math.Abs(v)), v)
	default:
		return v
	}
}

// y is where a value stands on the Y axis. A logarithmic axis has no place for 0:
// that is −Inf.
func (p Panel) y(v float64) float64 {
	if p.Y == LogDuration {
		return math.Log10(v)
	}
	return v
}

// pieces returns where a line's points stand on the axes, without the gaps.
// Between two categories there is nothing that a theory could speak of.
func (p Panel) pieces(l Line) []plotter.XYs {
	var out []plotter.XYs
	begun := false
	for i := range l.X {
		x, y := p.x(l.X[i]), p.y(l.Y[i])
		if !finite(y) {
			begun = false
			continue
		}
		if !begun || l.Theory && p.X == Categories {
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
