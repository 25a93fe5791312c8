// Package scale says how the cost of a request grows, with one thing at a time.
//
// Its law: along an axis one thing varies and all else is held equal. It runs nothing
// and prints nothing: it says which experiments to run, and what may be concluded from
// what they took. Cost is CPU time, which other load on the machine disturbs less than
// any time on the clock.
package scale

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/setting"
	"crosstalk/internal/stats"
	"crosstalk/internal/sweep"
)

// Axis is one thing that varies.
type Axis struct {
	Name string
	sweep.Vary
	Scenarios []string
	// PerSecond says that the cost is the CPU time of a second, since it is the requests
	// of one that vary; else it is that of a request.
	PerSecond bool
	Points    []sweep.Point
}

// Figure is what one run took.
type Figure struct {
	// Axis and Point are indices.
	Axis     int    `json:"axis"`
	Point    int    `json:"point"`
	Scenario string `json:"scenario"`
	Repeat   int    `json:"repeat"`
	Verdict  string `json:"verdict"`
	Requests int64  `json:"requests"`
	// CPU is the CPU time of a request, over the driver and all services, in seconds.
	CPU  float64 `json:"cpu_seconds_per_request"`
	Rate float64 `json:"requests_per_second"`
	// Seconds is how long was measured.
	Seconds float64 `json:"measured_seconds"`
	// P50 is that of the latency, in seconds.
	P50 float64 `json:"latency_p50_seconds"`
}

// cost is what an axis shows of a run, in seconds of CPU time.
func (a Axis) cost(f Figure) float64 {
	if a.PerSecond {
		return f.CPU * float64(f.Requests) / f.Seconds
	}
	return f.CPU
}

// Options says how far the axes go.
type Options struct {
	// Short keeps of each axis the first value, the middle one and the last one.
	Short bool
	// MostKeys bounds the keys of a replica: filling it takes the longest.
	MostKeys int
	// Only, where there are any, are the names of the axes that are wanted.
	Only []string
}

// plan is an axis before its points are known: what is set once for all of them.
type plan struct {
	name      string
	vary      sweep.Vary
	set       [][2]string
	scenarios []string // those that it says something of; nil is all
	perSecond bool
}

func plans(o Options) []plan {
	buses := []string{"async-request", "async-replicated"}
	all := []plan{
		{name: "rate", vary: sweep.Vary{Setting: "rate", Values: []string{"100", "250", "640", "1600"}},
			set: [][2]string{{"concurrency", "0"}, {"arrival", "constant"}}, perSecond: true},
		{name: "upstreams", vary: sweep.Vary{Setting: experiment.Upstreams, Values: []string{"1", "2", "4", "16", "64"}}},
		{name: "depth", vary: sweep.Vary{Setting: experiment.Depth, Values: []string{"1", "2", "4", "8"}},
			set: [][2]string{{experiment.Upstreams, "1"}}},
		{name: "payload", vary: sweep.Vary{Setting: "payload", Values: []string{"100", "1000", "10000", "100000", "1000000"}},
			set: [][2]string{{"keys", "10"}}},
	}
	for _, kind := range []string{"memory", "bbolt", "sqlite"} {
		all = append(all, plan{name: "keys-" + kind, vary: sweep.Vary{Setting: "keys", Values: keysUpTo(o.MostKeys)},
			set: [][2]string{{experiment.Upstreams, "1"}, {"store", "memory,D=" + kind}}, scenarios: buses[1:]})
	}
	return append(all,
		plan{name: "partitions", vary: sweep.Vary{Setting: "partitions", Values: []string{"1", "2", "4", "16"}}, scenarios: buses},
		plan{name: "replicas", vary: sweep.Vary{Setting: "replicas", Values: []string{"1", "2", "4"}},
			set:       [][2]string{{"placement", "process"}, {"store", "sqlite,D=memory"}},
			scenarios: []string{"sync", "async-request", "async-replicated"}})
}

// keysUpTo are the powers of ten from a thousand to most.
func keysUpTo(most int) []string {
	var out []string
	for n := 1000; n <= most; n *= 10 {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// Names are those of the axes.
func Names() []string {
	var out []string
	for _, p := range plans(Options{MostKeys: 1000}) {
		out = append(out, p.name)
	}
	return out
}

// Axes returns the axes of an experiment. valid checks each point's.
func Axes(base *experiment.Experiment, o Options, valid func(*experiment.Experiment) error) ([]Axis, error) {
	var out []Axis
	for _, p := range plans(o) {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		a, err := p.axis(base, o, valid)
		if err != nil {
			return nil, fmt.Errorf("the axis %s: %w", p.name, err)
		}
		if len(a.Scenarios) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

func (p plan) axis(base *experiment.Experiment, o Options, valid func(*experiment.Experiment) error) (Axis, error) {
	a := Axis{Name: p.name, Vary: p.vary, PerSecond: p.perSecond, Scenarios: base.Scenario}
	if p.scenarios != nil {
		a.Scenarios = slices.DeleteFunc(slices.Clone(a.Scenarios), func(s string) bool { return !slices.Contains(p.scenarios, s) })
	}
	if n := len(a.Values); o.Short && n > 3 {
		a.Values = []string{a.Values[0], a.Values[n/2], a.Values[n-1]}
	}
	e := *base
	for _, s := range p.set {
		if err := e.Set(s[0], s[1]); err != nil {
			return a, err
		}
	}
	var err error
	a.Points, err = sweep.Points(&e, []sweep.Vary{a.Vary}, valid)
	return a, err
}

// Defaults is the experiment whose cost is taken: services that do no work, in a closed
// loop that leaves nobody waiting for long, and databases that cost little.
func Defaults(base experiment.Experiment) experiment.Experiment {
	for _, s := range [][2]string{
		{"rate", "0"}, {"concurrency", "4"}, {"latency", "none"}, {"store", "memory"}, {"timeout", "30s"},
	} {
		if err := base.Set(s[0], s[1]); err != nil {
			panic(err) // they are written here
		}
	}
	base.Duration, base.WarmUp = setting.Duration(800*time.Millisecond), setting.Duration(100*time.Millisecond)
	return base
}

// Point is what the repeats at one value took, together.
type Point struct {
	X float64
	// Cost is the median of the repeats, Low and High the least and the most of them; in
	// seconds of CPU time. P50 is the median of theirs.
	Cost, Low, High, P50 float64
}

// Growth is how the cost grows along an axis in a scenario.
type Growth struct {
	Scenario string
	Points   []Point
	Cost     stats.Growth
	P50      stats.Growth
}

// Growths returns the growth along an axis in each scenario of which there are at least
// two points. axis is its index.
func (a Axis) Growths(axis int, figures []Figure) []Growth {
	x, _, ok := a.Numbers()
	if !ok {
		return nil
	}
	var out []Growth
	for _, scenario := range a.Scenarios {
		g := Growth{Scenario: scenario}
		for n := range x {
			var here []Figure
			for _, f := range figures {
				if f.Axis == axis && f.Point == n && f.Scenario == scenario && a.tells(f) {
					here = append(here, f)
				}
			}
			if len(here) > 0 {
				g.Points = append(g.Points, a.together(x[n], here))
			}
		}
		if len(g.Points) > 1 {
			g.Cost, g.P50 = fit(g.Points, func(p Point) float64 { return p.Cost }), fit(g.Points, func(p Point) float64 { return p.P50 })
			out = append(out, g)
		}
	}
	return out
}

// tells tells whether a run says anything: one that had figures and, where the rate is
// what varies, kept to it. One that was held up does its work later, or not at all.
func (a Axis) tells(f Figure) bool {
	return f.CPU > 0 && f.P50 > 0 && (!a.PerSecond || f.Verdict == string(result.OK))
}

func fit(points []Point, of func(Point) float64) stats.Growth {
	var x, y []float64
	for _, p := range points {
		x, y = append(x, p.X), append(y, of(p))
	}
	return stats.GrowthOf(x, y)
}

func (a Axis) together(x float64, repeats []Figure) Point {
	p := Point{X: x, Cost: median(repeats, a.cost), P50: median(repeats, func(f Figure) float64 { return f.P50 })}
	p.Low, p.High = p.Cost, p.Cost
	for _, f := range repeats {
		p.Low, p.High = min(p.Low, a.cost(f)), max(p.High, a.cost(f))
	}
	return p
}

func median(figures []Figure, of func(Figure) float64) float64 {
	var all []float64
	for _, f := range figures {
		all = append(all, of(f))
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(a, b) })
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
