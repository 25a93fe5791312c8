package chart

import (
	"cmp"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// head of a picture: a key for each scenario, and one for each form they share.
func (p Picture) head() head {
	scenarios := legend{columns: p.columns()}
	for _, e := range p.Legend {
		scenarios.keys = append(scenarios.keys, key{e.text(), p.sample(e.Scenario)})
	}
	return head{p.Title, p.Note, []legend{scenarios, p.formKeys()}}
}

// columns is how many entries of the legend stand side by side.
func (p Picture) columns() int {
	longest := 0
	for _, e := range p.Legend {
		longest = max(longest, len([]rune(e.text())))
	}
	if longest > 62 {
		return 1
	}
	if longest > 24 {
		return 2
	}
	return 4
}

func (e Entry) text() string {
	if e.Text == "" {
		return e.Scenario
	}
	return e.Text
}

// forms are the ways in which lines are drawn.
type forms struct{ joined, points, theory, openBelow, openAbove bool }

// formsOf returns the forms of a scenario's lines, or of all where it is empty.
func (p Picture) formsOf(scenario string) (f forms) {
	for _, panel := range p.Panels {
		below, above := panel.open()
		f.openBelow, f.openAbove = f.openBelow || below, f.openAbove || above
		for _, l := range panel.Lines {
			if scenario != "" && l.Scenario != scenario {
				continue
			}
			f.points = f.points || l.measured()
			f.theory = f.theory || l.Theory
			f.joined = f.joined || !l.measured() && !l.Theory
		}
	}
	return f
}

// sample draws a scenario as its lines are drawn.
func (p Picture) sample(scenario string) func(c draw.Canvas, x, y vg.Length) {
	f := p.formsOf(scenario)
	return func(c draw.Canvas, x, y vg.Length) {
		switch {
		case f.joined || !f.points && !f.theory:
			c.StrokeLine2(styleOf(scenario), x, y, x+vg.Points(sampleWidth), y)
		case f.theory:
			c.StrokeLine2(theoryOf(scenario), x, y, x+vg.Points(sampleWidth), y)
		}
		if f.points {
			lookOf(scenario).marker.draw(c, vg.Point{X: x + vg.Points(sampleWidth/2), Y: y}, vg.Points(3.5), styleOf(scenario).Color)
		}
	}
}

// formKeys says once for all scenarios what a point, its bar, a thin line and an arrow are.
func (p Picture) formKeys() legend {
	f := p.formsOf("")
	out := legend{columns: 2}
	if f.points {
		out.keys = append(out.keys, key{cmp.Or(p.PointKey, "point: measured, with its 95 % interval"), func(c draw.Canvas, x, y vg.Length) {
			sampleBar(x, y).draw(c, ink)
			disc.draw(c, vg.Point{X: x + vg.Points(sampleWidth/2), Y: y}, vg.Points(2), ink)
		}})
	}
	if f.theory {
		out.keys = append(out.keys, key{cmp.Or(p.ThinKey, "thin line: theory"), func(c draw.Canvas, x, y vg.Length) {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1)}, x, y, x+vg.Points(sampleWidth), y)
		}})
	}
	arrow := func(words string, below, above bool) {
		out.keys = append(out.keys, key{words, func(c draw.Canvas, x, y vg.Length) {
			b := sampleBar(x, y)
			b.openBelow, b.openAbove = below, above
			b.draw(c, ink)
		}})
	}
	if f.openAbove {
		arrow("arrow: no upper bound, too few samples", false, true)
	}
	if f.openBelow {
		arrow("arrow: no lower bound, too few samples", true, false)
	}
	return out
}

// sampleBar is the bar of a key.
func sampleBar(x, y vg.Length) bar {
	return bar{x: x + vg.Points(sampleWidth/2), low: y - vg.Points(4.5), high: y + vg.Points(4.5), half: vg.Points(capWidth)}
}
