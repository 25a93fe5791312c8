package scale

import (
	"math"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/stats"
	"crosstalk/internal/sweep"
)

func base(scenarios ...string) *experiment.Experiment {
	e := Defaults(experiment.Default())
	e.Scenario = scenarios
	return &e
}

func TestAxes(t *testing.T) {
	all := []string{"sync", "async-request", "async-replicated", "monolith"}
	known := func(e *experiment.Experiment) error {
		return e.Validate(all, func(s string) bool { return s != "monolith" })
	}
	axes, err := Axes(base(all...), Options{MostKeys: 10_000_000}, known)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range axes {
		names = append(names, a.Name)
		if len(a.Points) != len(a.Values) || len(a.Scenarios) == 0 {
			t.Errorf("%s: %d points, of %v in %v", a.Name, len(a.Points), a.Values, a.Scenarios)
		}
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("%v, and not %v", names, Names())
	}
	keys := axes[slices.Index(names, "keys-bbolt")]
	if strings.Join(keys.Values, " ") != "1000 10000 100000 1000000 10000000" || keys.Scenarios[0] != "async-replicated" {
		t.Errorf("keys %v in %v", keys.Values, keys.Scenarios)
	}
	if e := keys.Points[4].Experiment; e.Keys != 10_000_000 || e.StoreOf("D").String() != "bbolt" || e.StoreOf("S1").String() != "memory" || len(e.Services) != 2 {
		t.Errorf("%v keys, D in %v, S1 in %v", e.Keys, e.StoreOf("D"), e.StoreOf("S1"))
	}
	if e := axes[slices.Index(names, "depth")].Points[3].Experiment; len(e.Services) != 9 {
		t.Errorf("eight deep are %d services", len(e.Services))
	}

	axes, err = Axes(base("monolith"), Options{MostKeys: 1000, Short: true, Only: []string{"upstreams", "partitions"}}, known)
	if err != nil || len(axes) != 1 || strings.Join(axes[0].Values, " ") != "1 4 64" {
		t.Errorf("%+v, %v", axes, err)
	}
	e := base("sync")
	if err := e.Set("latency", "A=5ms"); err != nil {
		t.Fatal(err)
	}
	if _, err := Axes(e, Options{MostKeys: 1000}, known); err == nil || !strings.Contains(err.Error(), `the axis upstreams: `) || !strings.Contains(err.Error(), `there is no service "A"`) {
		t.Errorf("%v", err)
	}
}

// The repeats of a point are one, and other scenarios, other axes and runs without a
// figure are none of it.
func TestGrowths(t *testing.T) {
	axes := []Axis{
		{Name: "upstreams", Vary: sweep.Vary{Setting: "upstreams", Values: []string{"1", "2", "4"}}, Scenarios: []string{"sync", "monolith"}},
		{Name: "rate", Vary: sweep.Vary{Setting: "rate", Values: []string{"100", "200"}}, Scenarios: []string{"sync"}, PerSecond: true},
	}
	var figures []Figure
	for point, cpu := range []float64{2, 4, 8} {
		for repeat, off := range []float64{0.9, 1.5, 1} {
			figures = append(figures, Figure{Point: point, Scenario: "sync", Repeat: repeat, CPU: cpu * off, Rate: 7, P50: off})
		}
	}
	figures = append(figures, Figure{Point: 1, Scenario: "sync"}, Figure{Point: 0, Scenario: "monolith", CPU: 1, P50: 1},
		Figure{Axis: 1, Point: 0, Scenario: "sync", Verdict: "ok", CPU: 0.01, Rate: 100, Requests: 50, Seconds: 0.5, P50: 1},
		Figure{Axis: 1, Point: 1, Scenario: "sync", Verdict: "ok", CPU: 0.01, Rate: 196, Requests: 100, Seconds: 0.5, P50: 1},
		Figure{Axis: 1, Point: 1, Scenario: "sync", Verdict: "invalid", CPU: 0.09, Rate: 180, Requests: 100, Seconds: 0.5, P50: 1}) // it did not keep to it
	grown := axes[0].Growths(0, figures)
	if len(grown) != 1 || grown[0].Scenario != "sync" || len(grown[0].Points) != 3 {
		t.Fatalf("%+v", grown)
	}
	if p := grown[0].Points[1]; p != (Point{X: 2, Cost: 4, Low: 3.6, High: 6, P50: 1}) {
		t.Errorf("%+v", p)
	}
	if g := grown[0].Cost; math.Abs(g.Exponent-1) > 1e-9 {
		t.Errorf("%+v", g)
	}
	rates := axes[1].Growths(1, figures)
	if len(rates) != 1 || rates[0].Points[1].X != 200 || math.Abs(rates[0].Points[1].Cost-2) > 1e-9 {
		t.Errorf("%+v", rates)
	}
}

func TestWords(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		want string
		g    stats.Growth
	}{
		{"hardly changes, ", stats.Growth{Exponent: 0.02, Low: -1, High: 3}},
		{"grows, linear", stats.Growth{Exponent: 0.97, Low: 0.93, High: 1.01}},
		{"grows, not told apart from linear", stats.Growth{Exponent: 0.7, Low: 0.1, High: 1.3}},
		{"grows, linear above a fixed part", stats.Growth{Exponent: 0.8, Low: 0.5, High: 0.9, Straight: true, Fixed: 1, Each: 1, Explained: 0.96}},
		{"grows, less than linear", stats.Growth{Exponent: 0.8, Low: 0.5, High: 0.9, Straight: true, Fixed: 1, Each: 1, Explained: 0.94}},
		{"grows, less than linear", stats.Growth{Exponent: 0.8, Low: 0.5, High: 0.9, Fixed: 1, Each: 1, Explained: 0.99}},
		{"grows, more than linear", stats.Growth{Exponent: 1.5, Low: 1.2, High: 1.8}},
		{"falls, ", stats.Growth{Exponent: -0.5, Low: -0.7, High: -0.3}},
		{"may change, less than linear", stats.Growth{Exponent: 0.3, Low: -0.1, High: 0.7}},
		{"grows, too uncertain to tell", stats.Growth{Exponent: 0.5, Low: -1, High: 2}},
		{"grows, too few values to tell", stats.Growth{Exponent: 0.5, Low: nan, High: nan}},
	} {
		verb, growth := Words(c.g, 1, 64)
		if got := verb + ", " + growth; got != c.want {
			t.Errorf("%+v: %q, want %q", c.g, got, c.want)
		}
	}
}
