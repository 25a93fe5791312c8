//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package chart

import (
	"fmt"
	"math"
)

type saver interface{ Save(path string) error }

// samples are pictures as reports draw them, and those that are easily forgotten.
func samples() map[string]saver {
	var x, sync, replicated []float64
	for n := 0.0; n < 3; n += 0.1 {
		x = append(x, 1-math.Pow(10, -n))
		sync, replicated = append(sync, 0.005*math.Exp(n)), append(replicated, 0.0003*math.Exp(n/2))
	}
	second := func(y ...float64) (x, out []float64) {
		for i := range y {
			x = append(x, float64(i)-1.5)
		}
		return x, y
	}
	sx, errors := second(0, 0, 0, 0, 1, 1, 0.2, 0)
	_, p99 := second(0.02, 0.02, 0.03, 0.02, math.NaN(), math.NaN(), 0.9, 0.02)
	_, zero := second(0, 0, 0, 0, 0, 0, 0, 0)
	shades := []Shade{{"warm-up", -2, 0}, {"B away", 2, 4}, {"C away", 3, 5}}
	legend := []Entry{{Scenario: "sync", Text: "sync: p50 5.0 ms, p99 50 ms"}, {Scenario: "async-replicated"}}
	return map[string]saver{
		"percentiles": Picture{Title: "Latency", Note: "rate 500/s", Legend: legend, Panels: []Panel{
			{Title: "latency", X: Nines, Y: LogDuration, Lines: []Line{{Scenario: "sync", X: x, Y: sync}, {Scenario: "async-replicated", X: x, Y: replicated}}},
		}},
		"timeline": Picture{Title: "By second", Legend: legend, Panels: []Panel{
			{Title: "p99", Y: LogDuration, Shades: shades, Lines: []Line{{Scenario: "sync", X: sx, Y: p99}, {Scenario: "async-replicated", X: sx, Y: zero}}},
			{Title: "errors", Y: Percent, Shades: shades, Lines: []Line{{Scenario: "sync", X: sx, Y: errors}, {Scenario: "async-replicated", X: sx, Y: zero}}},
			{Title: "age", Y: Duration, Shades: shades, Lines: []Line{{Scenario: "sync", X: sx, Y: zero}}},
		}},
		"one-point": Picture{Title: "One point", Legend: []Entry{{Scenario: "mine"}}, Panels: []Panel{
			{Title: "p99", Y: LogDuration, Lines: []Line{{Scenario: "mine", X: []float64{0.5}, Y: []float64{0.02}}}},
		}},
		"empty":  Picture{Title: "Nothing", Panels: []Panel{{Title: "age", X: Nines, Y: Duration, Empty: "no answer was out of date"}}},
		"points": pointsAndTheory(), "equal": equalLines(), "categories": categories(), "matrix": matrix(), "multiples": multiples(),
	}
}

// multiples are panels side by side, of which one is missing in the last row.
func multiples() Picture {
	p := Picture{Title: "Side by side", Legend: entries(scenarios[:2]), Columns: 2, PointKey: "point: of three", ThinKey: "thin line: fitted"}
	for _, title := range []string{"upstreams", "keys", "rate"} {
		panel := Panel{Title: title, X: Logs, Y: LogDuration}
		for i, name := range p.Legend {
			l := Line{Scenario: name.Scenario, X: []float64{1, 2, 4, 64}}
			for _, x := range l.X {
				y := 1e-4 * (1 + float64(i) + x)
				l.Y, l.Low, l.High = append(l.Y, y), append(l.Low, 0.8*y), append(l.High, 1.5*y)
			}
			panel.Lines = append(panel.Lines, Line{Scenario: l.Scenario, X: l.X, Y: l.Y, Theory: true}, l)
		}
		p.Panels = append(p.Panels, panel)
	}
	return p
}

var scenarios = []string{"sync", "async-request", "async-replicated", "monolith"}

func entries(names []string) (out []Entry) {
	for _, n := range names {
		out = append(out, Entry{Scenario: n})
	}
	return out
}

// around gives each point an interval as wide as n requests give a share.
func around(l Line, n float64) Line {
	for _, p := range l.Y {
		half := 1.96*math.Sqrt(p*(1-p)/n) + 1/n
		l.Low, l.High = append(l.Low, max(p-half, 0)), append(l.High, min(p+half, 1))
	}
	return l
}

// pointsAndTheory is a sweep of the error rate: three scenarios fail alike, one never.
func pointsAndTheory() Picture {
	injected := []float64{0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}
	rate := Panel{
		Title: "failed requests of D's callers", X: Roots, XTitle: "injected fail rate of each of A, B and C",
		XLabel: PercentLabel, Y: Percent,
	}
	p99 := Panel{Title: "p99 latency of the successes", X: Roots, XTitle: rate.XTitle, XLabel: PercentLabel, Y: LogDuration}
	for i, name := range scenarios {
		theory := Line{Scenario: name, Theory: true}
		points := Line{Scenario: name, X: injected}
		slow := Line{Scenario: name, X: injected}
		for x := 0.0; x <= 0.5001; x += 0.01 {
			theory.X, theory.Y = append(theory.X, x), append(theory.Y, 1-math.Pow(1-x, 3))
		}
		for k, x := range injected {
			points.Y = append(points.Y, 1-math.Pow(1-x, 3)*(1+0.01*math.Sin(float64(k*7+i))*min(x*20, 1)))
			middle := 0.02 * float64(i+1) / (1 + x)
			slow.Y, slow.Low, slow.High = append(slow.Y, middle), append(slow.Low, middle*0.9), append(slow.High, middle*1.15)
		}
		if name == "async-replicated" {
			points.Y, theory.Y = make([]float64, len(injected)), make([]float64, len(theory.X))
			slow.Low[2], slow.High[2] = 0, math.NaN() // a bar without an end, and none
			slow.Y[4] = math.NaN()
		}
		if name == "monolith" {
			slow.Low[1], slow.High[6] = math.Inf(-1), math.Inf(1) // open ends
		}
		rate.Lines = append(rate.Lines, around(points, 400), theory)
		p99.Lines = append(p99.Lines, slow)
	}
	return Picture{
		Title: "How far failures of A, B and C spread to D's callers", Note: "rate 200/s  ·  poisson arrivals  ·  seed 1  ·  3 runs a point",
		Legend: entries(scenarios), Panels: []Panel{rate, p99},
	}
}

// equalLines lie exactly on each other, with their theories.
func equalLines() Picture {
	panel := Panel{
		Title: "failed requests", X: Values, XTitle: "rate", XLabel: func(v float64) string { return number(v) + "/s" }, Y: Percent,
	}
	for _, name := range scenarios {
		l := Line{Scenario: name, X: []float64{100, 200, 400, 800}, Y: []float64{0.1, 0.1, 0.2, 0.4}}
		panel.Lines = append(panel.Lines, around(l, 500), Line{Scenario: name, X: l.X, Y: l.Y, Theory: true})
	}
	return Picture{Title: "Four scenarios that fail alike", Legend: entries(scenarios), Panels: []Panel{panel}}
}

// categories are policies, with long names, and a theory for some of them.
func categories() Picture {
	panel := Panel{
		Title: "attempts per request", X: Categories, XTitle: "policy", Y: Number,
		Categories: []string{"none", "timeout=50ms", "retry=3 backoff=5ms..50ms", "retry=3 budget=20%", "breaker=50%/20/5s", "hedge=p95"},
	}
	at := []float64{0, 1, 2, 3, 4, 5}
	for _, name := range scenarios[:2] {
		l := Line{Scenario: name, X: at, Y: []float64{1, 1, 2.7, 1.2, 0.6, 1.05}}
		for _, y := range l.Y {
			l.Low, l.High = append(l.Low, y-0.1), append(l.High, y+0.1)
		}
		panel.Lines = append(panel.Lines, l, Line{Scenario: name, X: at[:4], Y: []float64{1, 1, 2.71, 1.2}, Theory: true})
	}
	return Picture{Title: "What each policy asks of A", Legend: entries(scenarios[:2]), Panels: []Panel{panel}}
}

// matrix has every feel, weak and strong, cells of none to three lines, and a
// group as long as the longest of a real one.
func matrix() Matrix {
	m := Matrix{
		Title: "What D's caller feels when one part fails", Columns: scenarios,
		Note: "each cell is one run: a fault of 2 s in the middle of 6 s  ·  rate 200/s  ·  seed 1  ·  against the same run without the fault",
	}
	calm := Cell{}
	failing := func(share float64, back string) Cell {
		return Cell{Errors, share, []string{PercentLabel(share) + " errors", "back after " + back}}
	}
	slower := func(strength float64, p99 string) Cell { return Cell{Slower, strength, []string{"p99 " + p99}} }
	staler := func(strength float64, age string) Cell {
		return Cell{Staler, strength, []string{"up to " + age + " old", "caught up after 0.3 s"}}
	}
	for _, service := range []string{"A", "B", "C"} {
		m.Groups = append(m.Groups, Group{service, []Row{
			{"outage", []Cell{failing(1, "0.2 s"), failing(1, "0.4 s"), staler(0.8, "2.1 s"), failing(1, "0 s")}},
			{"abort 30 %", []Cell{failing(0.3, "0 s"), failing(0.3, "0 s"), staler(0.2, "60 ms"), failing(0.3, "0 s")}},
			{"abort 1 %", []Cell{failing(0.01, "0 s"), failing(0.01, "0 s"), calm, failing(0.01, "0 s")}},
			{"delay +50ms", []Cell{slower(0.5, "2.1 → 52 ms"), slower(0.5, "4.4 → 55 ms"), staler(0, "51 ms"), slower(0.5, "0.1 → 50 ms")}},
			{"slow ×10", []Cell{slower(0.1, "2.1 → 12 ms"), slower(0.1, "4.4 → 14 ms"), calm, slower(0, "0.1 → 3 ms")}},
			{"hang 10 %", []Cell{failing(0.1, "1.2 s"), failing(0.1, "1.2 s"), calm, {Feel: NotApplicable}}},
			{"freeze", []Cell{slower(1, "2.1 ms → 2 s"), slower(1, "4.4 ms → 2 s"), staler(0.7, "2 s"), slower(1, "0.1 ms → 2 s")}},
		}})
	}
	bus := Group{Name: "bus"}
	for _, fault := range []string{"outage", "delay +50ms", "drop 10 %", "duplicate 10 %", "reorder", "stall", "rebalance"} {
		bus.Rows = append(bus.Rows, Row{fault, []Cell{{Feel: NotApplicable}, failing(0.6, "0.9 s"), staler(0.6, "2.4 s")}})
	}
	store := Group{"D's store", []Row{
		{"delay +50ms", []Cell{{Feel: NotApplicable}, {Feel: NotApplicable}, slower(0.8, "0.2 → 51 ms"), {NotApplicable, 0, []string{"no store of its own"}}}},
		{"abort 30 %", []Cell{{Feel: NotApplicable}, {Feel: NotApplicable}, failing(0.3, "0 s"), {Feel: NotApplicable}}},
	}}
	m.Groups = append(m.Groups, bus, store)
	for i := range m.Groups[3].Rows[4].Cells {
		m.Groups[3].Rows[4].Cells[i] = Cell{Nothing, 0, []string{fmt.Sprintf("%d reordered", i)}}
	}
	return m
}
