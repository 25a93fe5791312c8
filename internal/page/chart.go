package page

import (
	"fmt"
	"math"
	"slices"

	"crosstalk/internal/chart"
)

// Chart is what the scripts draw.
type Chart struct {
	ID    string `json:"-"`
	Title string `json:"title"`
	// Kind is lines, bars or matrix.
	Kind string `json:"kind"`
	// X is nines, seconds, values, roots, logs or categories.
	X      string `json:"x,omitempty"`
	XTitle string `json:"x_title,omitempty"`
	// Ticks name places on a values, a roots or a logs axis.
	Ticks []Tick `json:"ticks,omitempty"`
	// Categories are the names on a categories axis, or the rows of a matrix.
	Categories []string `json:"categories,omitempty"`
	// Y is log-duration, duration, share, number or bytes.
	Y      string   `json:"y,omitempty"`
	Series []Series `json:"series,omitempty"`
	Shades []Shade  `json:"shades,omitempty"`
	// Columns and Cells are those of a matrix.
	Columns []string `json:"columns,omitempty"`
	Cells   []Cell   `json:"cells,omitempty"`
	// Empty is said where there is nothing to draw.
	Empty string `json:"empty,omitempty"`
}

// Tick is a named place on an axis.
type Tick struct {
	At    float64 `json:"at"`
	Label string  `json:"label"`
}

// Series is the points of one scenario, or one part of the bars of all.
type Series struct {
	// Scenario is empty where the series is a part of the bars.
	Scenario string `json:"scenario,omitempty"`
	Name     string `json:"name,omitempty"`
	Theory   bool   `json:"theory,omitempty"`
	// Interval says that points are x, y, low and high, instead of x and y; low and high
	// may be open.
	Interval bool `json:"interval,omitempty"`
	// Points are those of lines; a number that is null is a gap.
	Points [][]Maybe `json:"points,omitempty"`
	// Bars are a value for each of the chart's categories.
	Bars []float64 `json:"bars,omitempty"`
}

// Shade is a window in which something acted.
type Shade struct {
	Label string  `json:"label"`
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Fault bool    `json:"fault,omitempty"`
}

// Cell is a cell of a matrix.
type Cell struct {
	Row    int      `json:"row"`
	Column int      `json:"column"`
	Feel   string   `json:"feel"`
	Fill   string   `json:"fill"`
	Text   string   `json:"text"`
	Lines  []string `json:"lines"`
}

// Maybe is a number, or none where it is NaN. The end of an interval is infinite where it
// is open.
type Maybe float64

// MarshalJSON writes a number with six digits, null or "open".
func (m Maybe) MarshalJSON() ([]byte, error) {
	switch {
	case math.IsNaN(float64(m)):
		return []byte("null"), nil
	case math.IsInf(float64(m), 0):
		return []byte(`"open"`), nil
	}
	return fmt.Appendf(nil, "%.6g", float64(m)), nil
}

// Anything tells whether there is something to be drawn.
func (c Chart) Anything() bool { return c.Empty == "" }

func (c Chart) scenarios() []string {
	all := slices.Clone(c.Columns)
	for _, s := range c.Series {
		if s.Scenario != "" {
			all = append(all, s.Scenario)
		}
	}
	if c.Kind == "bars" {
		all = append(all, c.Categories...)
	}
	return all
}

var (
	xNames = map[chart.XAxis]string{
		chart.Seconds: "seconds", chart.Nines: "nines", chart.Values: "values", chart.Roots: "roots", chart.Logs: "logs", chart.Categories: "categories",
	}
	yNames = map[chart.YAxis]string{
		chart.LogDuration: "log-duration", chart.Duration: "duration", chart.Percent: "share", chart.Number: "number",
	}
)

// panel turns a panel of a picture into a chart.
func panel(id string, p chart.Panel) Chart {
	c := Chart{ID: id, Title: p.Title, Kind: "lines", X: xNames[p.X], XTitle: p.XTitle, Categories: p.Categories, Y: yNames[p.Y]}
	for _, l := range p.Lines {
		c.Series = append(c.Series, seriesOf(l))
	}
	c.Shades = shadesOf(p.Shades)
	if p.X == chart.Values || p.X == chart.Roots || p.X == chart.Logs {
		c.Ticks = ticksOf(p)
	}
	if !slices.ContainsFunc(c.Series, Series.drawn) {
		c.Empty = p.Empty
	}
	return c
}

func (s Series) drawn() bool {
	return slices.ContainsFunc(s.Points, func(p []Maybe) bool { return !math.IsNaN(float64(p[1])) })
}

// open tells whether the end of an interval is open.
func (c Chart) open() bool {
	return slices.ContainsFunc(c.Series, func(s Series) bool {
		return slices.ContainsFunc(s.Points, func(p []Maybe) bool {
			return s.Interval && (math.IsInf(float64(p[2]), 0) || math.IsInf(float64(p[3]), 0))
		})
	})
}

func seriesOf(l chart.Line) Series {
	s := Series{Scenario: l.Scenario, Theory: l.Theory, Interval: l.Low != nil}
	for i := range l.X {
		point := []Maybe{Maybe(l.X[i]), Maybe(l.Y[i])}
		if s.Interval {
			point = append(point, Maybe(l.Low[i]), Maybe(l.High[i]))
		}
		s.Points = append(s.Points, point)
	}
	return s
}

// shadesOf names what acts at the same time once.
func shadesOf(shades []chart.Shade) []Shade {
	var out []Shade
	for _, s := range shades {
		if n := len(out); n > 0 && out[n-1].From == s.From && out[n-1].To == s.To {
			out[n-1].Label += ", " + s.Label
			continue
		}
		out = append(out, Shade{s.Label, s.From, s.To, s.Label != "warm-up"})
	}
	return out
}

// ticksOf names the places of the points themselves.
func ticksOf(p chart.Panel) []Tick {
	label := p.XLabel
	if label == nil {
		label = func(v float64) string { return fmt.Sprintf("%.4g", v) }
	}
	var at []float64
	for _, l := range p.Lines {
		at = append(at, l.X...)
	}
	slices.Sort(at)
	var ticks []Tick
	for _, v := range slices.Compact(at) {
		ticks = append(ticks, Tick{v, label(v)})
	}
	return ticks
}

// cells turns a matrix into a chart: a row for each fault, and a column for each
// scenario.
func cells(id string, m chart.Matrix) Chart {
	c := Chart{ID: id, Title: m.Title, Kind: "matrix", Columns: m.Columns}
	for _, g := range m.Groups {
		for _, r := range g.Rows {
			for column, cell := range r.Cells {
				fill, text := cell.Feel.Colours(cell.Strength)
				c.Cells = append(c.Cells, Cell{len(c.Categories), column, cell.Feel.Words(), fill, text, cell.Lines})
			}
			c.Categories = append(c.Categories, g.Name+"  "+r.Name)
		}
	}
	return c
}

// feels explains the colours of a matrix.
func feels() []Feel {
	var out []Feel
	for _, f := range []chart.Feel{chart.Nothing, chart.Staler, chart.Slower, chart.Errors, chart.NotApplicable} {
		weak, _ := f.Colours(0)
		strong, _ := f.Colours(1)
		out = append(out, Feel{f.Words(), weak, strong})
	}
	return out
}
