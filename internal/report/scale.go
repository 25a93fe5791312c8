package report

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"crosstalk/internal/chart"
	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/scale"
	"crosstalk/internal/stats"
	"crosstalk/internal/sweep"
)

// Scale is what came out of a look at how cost grows.
type Scale struct {
	// Note is what the runs have in common.
	Note    string
	Axes    []scale.Axis
	Figures []scale.Figure
}

// Add notes a run.
func (s *Scale) Add(axis, point int, scenario string, repeat int, r *result.Run) {
	if s.Note == "" || axis == s.typical() {
		s.Note = noteOf(r.Experiment, "latency")
	}
	s.Figures = append(s.Figures, scale.Figure{
		Axis: axis, Point: point, Scenario: scenario, Repeat: repeat, Verdict: string(r.Verdict), Requests: r.Requests.Sent,
		Seconds: r.MeasuredSeconds, CPU: r.CPUSecondsPer1000 / 1000, Rate: r.Requests.RateAchieved, P50: r.Latency.P50,
	})
}

// NameOf tells a run from the others.
func (s *Scale) NameOf(run int) string {
	f := s.Figures[run]
	a := s.Axes[f.Axis]
	return fmt.Sprintf("%s at %s of %s", f.Scenario, a.Points[f.Point].Values[0], a.Name)
}

// typical is the first axis that has the load that most of them have in common.
func (s *Scale) typical() int {
	return slices.IndexFunc(s.Axes, func(a scale.Axis) bool { return !a.PerSecond })
}

// Table has the growth along each axis in each scenario, and says it in words below.
func (s Scale) Table() Table {
	t := Table{
		Title: "GROWTH of the CPU time of driver and services, and of p50, with one thing at a time; n^ with its 95 % interval",
		Head:  columns("varied", "over", "scenario", "CPU", "to", "as n^", "p50", "to", "as n^"),
	}
	s.each(func(a scale.Axis, g scale.Growth) {
		first, last := ends(g)
		t.row(text(a.Name), between(a, first, last), text(g.Scenario), inSeconds(first.Cost), inSeconds(last.Cost), exponent(g.Cost),
			inSeconds(first.P50), inSeconds(last.P50), exponent(g.P50))
		t.Lines = append(t.Lines, sentence(a, g))
	})
	t.Lines = append(t.Lines, s.warnings()...)
	return t
}

func (s Scale) each(do func(scale.Axis, scale.Growth)) {
	for n, a := range s.Axes {
		for _, g := range a.Growths(n, s.Figures) {
			do(a, g)
		}
	}
}

func ends(g scale.Growth) (first, last scale.Point) { return g.Points[0], g.Points[len(g.Points)-1] }

func between(a scale.Axis, first, last scale.Point) Cell {
	return figure(axisLabel(a)(first.X)+" to "+axisLabel(a)(last.X), first.X)
}

func exponent(g stats.Growth) Cell {
	c := figure(hundredths(g.Exponent), g.Exponent)
	if !math.IsNaN(g.Low) {
		c.Figure.Low, c.Figure.High = g.Low, g.High
		c.Interval = bounds(c.Figure, hundredths)
	}
	return c
}

// hundredths has no −0.00.
func hundredths(v float64) string { return fmt.Sprintf("%.2f", math.Round(v*100)/100+0) }

// sentence says of an axis and a scenario how the cost grows.
func sentence(a scale.Axis, g scale.Growth) string {
	first, last := ends(g)
	verb, growth := scale.Words(g.Cost, first.X, last.X)
	line := fmt.Sprintf("CPU %s %s with %s in %s: n^%s", per(a), verb, a.Name, g.Scenario, exponent(g.Cost))
	if growth != "" {
		line += ", " + growth
	}
	if growth == scale.AboveFixed {
		line += fmt.Sprintf(": %s, and %s, within %.0f %%", duration(g.Cost.Fixed), each(a, g.Cost.Each), math.Max(math.Ceil(g.Cost.LineError*100), 1))
	}
	return line
}

func per(a scale.Axis) string {
	if a.PerSecond {
		return "a second"
	}
	return "a request"
}

// each is what one more costs: of a payload, a kilobyte more.
func each(a scale.Axis, seconds float64) string {
	if a.Setting == "payload" {
		return duration(seconds*1000) + " for each kB"
	}
	return duration(seconds) + " for each"
}

// warnings tells how many runs were not in order, and of which kind.
func (s Scale) warnings() []string {
	count := make(map[string]int)
	for _, f := range s.Figures {
		count[f.Verdict]++
	}
	var out []string
	for _, v := range []result.Verdict{result.Interrupted, result.Invalid, result.Wrong} {
		n := count[string(v)]
		if n == 0 {
			continue
		}
		line := fmt.Sprintf("%d of %d runs are %s", n, len(s.Figures), v)
		if v == result.Invalid {
			line += ": other load adds little to the CPU time of a request, and much to p50; along the rate they are left out"
		}
		out = append(out, line)
	}
	return out
}

// Picture is a panel an axis: the points, and the law that is nearer to them.
func (s Scale) Picture() chart.Picture {
	p := chart.Picture{
		Title: "What one more costs: CPU time of the driver and all services", Note: s.Note, Columns: 3,
		PointKey: "point: measured, median of the repeats, from the least to the most", ThinKey: "thin line: the nearer of a·n^b and a + b·n",
	}
	for n, a := range s.Axes {
		panel := chart.Panel{Title: a.Name + ": CPU " + per(a), X: chart.Logs, XLabel: axisLabel(a), Y: chart.LogDuration, Empty: "nothing was measured"}
		for _, g := range a.Growths(n, s.Figures) {
			panel.Lines = append(panel.Lines, law(g), pointsOf(g))
			if !slices.ContainsFunc(p.Legend, func(e chart.Entry) bool { return e.Scenario == g.Scenario }) {
				p.Legend = append(p.Legend, chart.Entry{Scenario: g.Scenario})
			}
		}
		p.Panels = append(p.Panels, panel)
	}
	return p
}

func pointsOf(g scale.Growth) chart.Line {
	l := chart.Line{Scenario: g.Scenario}
	for _, p := range g.Points {
		l.X, l.Y = append(l.X, p.X), append(l.Y, p.Cost)
		l.Low, l.High = append(l.Low, p.Low), append(l.High, p.High)
	}
	return l
}

// lawSteps is of how many pieces a law is drawn.
const lawSteps = 24

func law(g scale.Growth) chart.Line {
	l := chart.Line{Scenario: g.Scenario, Theory: true}
	first, last := ends(g)
	for i := range lawSteps + 1 {
		x := first.X * math.Pow(last.X/first.X, float64(i)/lawSteps)
		l.X, l.Y = append(l.X, x), append(l.Y, g.Cost.At(x))
	}
	return l
}

// axisLabel writes a value of an axis.
func axisLabel(a scale.Axis) func(float64) string {
	switch a.Setting {
	case "rate":
		return func(v float64) string { return digits(v) + "/s" }
	case "payload":
		return func(v float64) string { return size(int64(v)) }
	case experiment.Upstreams, experiment.Depth:
		return func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	}
	return func(v float64) string {
		switch {
		case v >= 1e6:
			return strconv.FormatFloat(v/1e6, 'g', 4, 64) + " M"
		case v >= 1e3:
			return strconv.FormatFloat(v/1e3, 'g', 4, 64) + " k"
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
}

// ScaleFile is what stands in the folder of such a look, and all that is read of it
// again: the runs beside it are many.
const ScaleFile = "scale.json"

type scaleFile struct {
	Note    string          `json:"note"`
	Axes    []scaleAxisFile `json:"axes"`
	Figures []scale.Figure  `json:"figures"`
}

type scaleAxisFile struct {
	Name      string   `json:"name"`
	Vary      varyFile `json:"vary"`
	Scenarios []string `json:"scenarios"`
	PerSecond bool     `json:"per_second,omitempty"`
}

// Save writes the file.
func (s Scale) Save(dir string) error {
	f := scaleFile{Note: s.Note, Figures: s.Figures}
	for _, a := range s.Axes {
		f.Axes = append(f.Axes, scaleAxisFile{a.Name, varyFile(a.Vary), a.Scenarios, a.PerSecond})
	}
	return saveJSON(filepath.Join(dir, ScaleFile), f)
}

// LoadScale reads the file in a folder.
func LoadScale(dir string) (Scale, error) {
	path := filepath.Join(dir, ScaleFile)
	var f scaleFile
	if err := loadJSON(path, &f); err != nil {
		return Scale{}, err
	}
	s := Scale{Note: f.Note, Figures: f.Figures}
	for _, a := range f.Axes {
		s.Axes = append(s.Axes, scale.Axis{Name: a.Name, Vary: sweep.Vary(a.Vary), Scenarios: a.Scenarios, PerSecond: a.PerSecond})
	}
	for _, r := range f.Figures {
		if r.Axis < 0 || r.Axis >= len(s.Axes) || r.Point < 0 || r.Point >= len(s.Axes[r.Axis].Values) {
			return Scale{}, fmt.Errorf("%s: a figure is of no point of an axis", path)
		}
	}
	return s, nil
}
