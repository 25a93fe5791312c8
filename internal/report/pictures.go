package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/chart"
	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
)

// Latency is the picture of the latency of runs by percentile.
func Latency(runs []*result.Loaded) chart.Picture {
	panel := chart.Panel{Title: "latency", X: chart.Nines, Y: chart.LogDuration, Empty: "no request succeeded"}
	p := chart.Picture{Title: "What D's callers wait for: latency of the successes, by percentile", Note: note(runs)}
	for _, r := range runs {
		x, y := r.LatencyCurve()
		panel.Lines = append(panel.Lines, chart.Line{Scenario: r.Scenario, X: x, Y: y})
		p.Legend = append(p.Legend, chart.Entry{
			Scenario: r.Scenario, Text: fmt.Sprintf("%s: p50 %s, p99 %s", r.Scenario, latency(r.Run, 0.5), latency(r.Run, 0.99)),
		})
	}
	p.Panels = []chart.Panel{panel}
	return p
}

// Timeline is the picture of runs by second: latency, errors and staleness.
func Timeline(runs []*result.Loaded) chart.Picture {
	p := chart.Picture{Title: "Second by second: latency, errors, stale answers", Note: note(runs), Legend: names(runs)}
	for _, c := range []struct {
		title string
		y     chart.YAxis
		value func(result.Second) (float64, bool)
	}{
		{"p99 latency of the successes", chart.LogDuration, func(s result.Second) (float64, bool) { return s.P99, s.Succeeded > 0 }},
		{"p50 latency of the successes", chart.LogDuration, func(s result.Second) (float64, bool) { return s.P50, s.Succeeded > 0 }},
		{"failed requests", chart.Percent, func(s result.Second) (float64, bool) {
			return part(s.Failed, s.Succeeded+s.Failed), s.Succeeded+s.Failed > 0
		}},
		{"stale answers", chart.Percent, func(s result.Second) (float64, bool) { return part(s.Stale, s.Succeeded), s.Succeeded > 0 }},
	} {
		p.Panels = append(p.Panels, bySecond(runs, c.title, c.y, c.value))
	}
	return p
}

// Staleness is the picture of how old the answers of runs are.
func Staleness(runs []*result.Loaded) chart.Picture {
	ages := chart.Panel{Title: "age, by percentile of all answers", X: chart.Nines, Y: chart.Duration}
	p := chart.Picture{Title: "How long answers had been out of date", Note: note(runs)}
	for _, r := range runs {
		text := r.Scenario + ": never stale"
		if r.Answers.Stale > 0 {
			x, y := r.AgeCurve()
			ages.Lines = append(ages.Lines, chart.Line{Scenario: r.Scenario, X: x, Y: y})
			s := r.Run.Staleness
			text = fmt.Sprintf("%s: %s stale, by up to %s", r.Scenario, stale(r.Run), duration(s.Max))
		}
		p.Legend = append(p.Legend, chart.Entry{Scenario: r.Scenario, Text: text})
	}
	ages.Empty = "no answer was out of date"
	oldest := bySecond(runs, "oldest answer, by second", chart.Duration,
		func(s result.Second) (float64, bool) { return s.MaxStale, s.Succeeded > 0 })
	p.Panels = []chart.Panel{ages, oldest}
	return p
}

func bySecond(runs []*result.Loaded, title string, y chart.YAxis, value func(result.Second) (float64, bool)) chart.Panel {
	panel := chart.Panel{Title: title, X: chart.Seconds, Y: y, Shades: shades(runs), Empty: "nothing was measured"}
	for _, r := range runs {
		line := chart.Line{Scenario: r.Scenario}
		begin, end := -warmUp(r.Run), r.MeasuredSeconds
		for _, s := range r.Series {
			v, ok := value(s)
			if !ok {
				v = math.NaN()
			}
			// A step: the figure is of the whole second, and of no moment in it.
			from := max(float64(s.Second), begin)
			line.X = append(line.X, from, max(from, min(float64(s.Second+1), end)))
			line.Y = append(line.Y, v, v)
		}
		panel.Lines = append(panel.Lines, line)
	}
	return panel
}

// shades names the warm-up and the windows of faults, each once.
func shades(runs []*result.Loaded) []chart.Shade {
	var out []chart.Shade
	seen := make(map[chart.Shade]bool)
	add := func(s chart.Shade) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, r := range runs {
		if len(r.Series) > 0 && r.Series[0].Second < 0 {
			add(chart.Shade{Label: "warm-up", From: -warmUp(r.Run), To: 0})
		}
		for _, f := range r.Faults {
			if f.Window != nil {
				add(chart.Shade{Label: f.Target + " " + string(f.Kind), From: f.Window.StartSeconds, To: f.Window.End()})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b chart.Shade) int { return cmp.Compare(a.From, b.From) })
	return out
}

// warmUp is how long the warm-up was, in seconds.
func warmUp(r result.Run) float64 {
	return time.Duration(r.Experiment.WarmUp).Seconds()
}

func part(n, of int64) float64 { return float64(n) / float64(max(of, 1)) }

func names(runs []*result.Loaded) []chart.Entry {
	var out []chart.Entry
	for _, r := range runs {
		out = append(out, chart.Entry{Scenario: r.Scenario})
	}
	return out
}

// note says what was asked, from the first run: it is the same for all of them.
func note(runs []*result.Loaded) string {
	if len(runs) == 0 {
		return ""
	}
	words := []string{noteOf(runs[0].Experiment)}
	for _, r := range runs {
		if r.Verdict != result.OK {
			words = append(words, r.Scenario+": "+strings.ToUpper(string(r.Verdict)))
		}
	}
	return strings.Join(words, "  ·  ")
}

// noteOf says what an experiment asks for, but for the settings left out.
func noteOf(e experiment.Experiment, without ...string) string {
	var words []string
	say := func(setting, format string) {
		if v := e.Text(setting); v != "" && !slices.Contains(without, setting) {
			words = append(words, fmt.Sprintf(format, v))
		}
	}
	if e.Rate == 0 && !slices.Contains(without, "rate") {
		say("concurrency", "closed loop of %v")
	} else {
		say("rate", "rate %v")
		say("arrival", "%v arrivals")
	}
	say("seed", "seed %v")
	for _, setting := range []string{"latency", "fail-rate", "hang-rate", "outage", "fault", "workers", "policy"} {
		say(setting, setting+" %v")
	}
	return strings.Join(words, "  ·  ")
}
