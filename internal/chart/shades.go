package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ground fills the windows from the bottom up to the lane of their names.
type ground struct{ windows []Shade }

func (g ground) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	top := c.Max.Y - laneHeight(tagsOf(g.windows, toX, c.Min.X, c.Max.X))
	for _, w := range g.windows {
		from, to := max(toX(w.From), c.Min.X), min(toX(w.To), c.Max.X)
		fillBox(c, vg.Rectangle{Min: vg.Point{X: from, Y: c.Min.Y}, Max: vg.Point{X: to, Y: top}}, shadow)
	}
}

// tags names the windows in a lane above them, in which nothing else is drawn: each name
// beside a pole where its window begins, however narrow that is, and one below the other
// where names would meet.
type tags struct{ windows []Shade }

func (t tags) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	all := tagsOf(t.windows, toX, c.Min.X, c.Max.X)
	bottom := c.Max.Y - laneHeight(all)
	pole := draw.LineStyle{Color: faint, Width: vg.Points(0.75)}
	for _, one := range all {
		c.StrokeLine2(pole, one.pole, bottom, one.pole, one.top(c))
	}
	label := tagStyle()
	label.YAlign = draw.YCenter
	for _, one := range all {
		// What passes behind a name is not to be read with it.
		fillBox(c, vg.Rectangle{Min: vg.Point{X: one.from, Y: one.top(c) - tagHeight}, Max: vg.Point{X: one.to, Y: one.top(c)}}, paper)
		c.FillText(label, vg.Point{X: one.from, Y: one.top(c) - tagHeight/2}, one.name)
	}
}

// tag is a name on the paper, from and to where it stands.
type tag struct {
	name           string
	pole, from, to vg.Length
	row            int // from the top
}

func (t tag) top(c draw.Canvas) vg.Length { return c.Max.Y - tagHeight*vg.Length(t.row) }

const (
	tagHeight = 11 // points
	tagGap    = 3  // points, from a pole to its name, and at least from name to name
	// mostTags is how many rows of names a lane has at most. Names that find no place in
	// them are left out: the tables have all.
	mostTags = 3
)

func tagStyle() text.Style {
	style := textStyle(9)
	style.Color = faint
	return style
}

// tagsOf gives each name its place between left and right: behind its pole, as far as
// there is room, in the first row in which it meets no other.
func tagsOf(windows []Shade, toX func(float64) vg.Length, left, right vg.Length) []tag {
	var out []tag
	for _, w := range windows {
		wide := tagStyle().Width(w.Label)
		t := tag{name: w.Label, pole: max(toX(w.From), left)}
		t.from = max(min(t.pole+tagGap, right-wide), left)
		t.to = t.from + wide
		for t.row < mostTags && t.meets(out) {
			t.row++
		}
		if t.row < mostTags {
			out = append(out, t)
		}
	}
	return out
}

// meets tells whether the tag is too near to one of its row.
func (t tag) meets(others []tag) bool {
	for _, o := range others {
		if o.row == t.row && min(t.from, t.pole) < o.to+tagGap && min(o.from, o.pole) < t.to+tagGap {
			return true
		}
	}
	return false
}

// laneHeight is how high the lane of the tags is; 0 without any.
func laneHeight(all []tag) vg.Length {
	rows := 0
	for _, t := range all {
		rows = max(rows, t.row+1)
	}
	if rows == 0 {
		return 0
	}
	return vg.Points(float64(tagHeight*rows + 2))
}

// withLane is how far the Y axis goes on above what it shows, for the lane: enough in a
// panel that is low.
func (p Panel) withLane(x, y span) float64 {
	wide := p.axisWidth()
	toX := func(v float64) vg.Length { return wide * vg.Length((v-x.low)/(x.high-x.low)) }
	lane := laneHeight(tagsOf(p.Shades, toX, 0, wide))
	return y.high + (y.high-y.low)*float64(lane/(lowPanel-lane))
}

// lowPanel is how high the axes of a panel are of which there are many, in points.
const lowPanel = 80
