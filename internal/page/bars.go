package page

import (
	"slices"

	"crosstalk/internal/result"
)

// stages is where the time of a request went: a bar a scenario. There is none where
// no run tells.
func stages(prefix string, runs []*result.Loaded) (Section, bool) {
	c := Chart{ID: prefix + "stages-0", Title: "mean time of a success, by what it was spent on", Kind: "bars", Y: "duration", Categories: names(runs)}
	var order []string
	for _, r := range runs {
		for _, s := range r.Stages {
			if !slices.Contains(order, s.Name) {
				order = append(order, s.Name)
			}
		}
	}
	for _, name := range order {
		part := Series{Name: name}
		for _, r := range runs {
			part.Bars = append(part.Bars, meanOf(r.Stages, name))
		}
		if slices.ContainsFunc(part.Bars, func(v float64) bool { return v != 0 }) {
			c.Series = append(c.Series, part)
		}
	}
	return Section{
		ID: prefix + "stages", Title: "Where the time went",
		Text:   "A bar is the mean time of a success, from when it was due until it was answered, in the order of its way.",
		Charts: []Chart{c},
	}, len(c.Series) > 0
}

func meanOf(stages []result.Stage, name string) float64 {
	for _, s := range stages {
		if s.Name == name {
			return s.Mean
		}
	}
	return 0
}

// costs is what the scenarios took: a bar each.
func costs(prefix string, runs []*result.Loaded) Section {
	s := Section{
		ID: prefix + "cost", Title: "Cost",
		Text: "What it took to answer: CPU time of the driver and the services, and of an embedded broker in the same process; events over the bus; and bytes kept in databases, copies apart.",
	}
	bar := func(id, title, unit string, parts ...Series) {
		c := Chart{ID: prefix + id, Title: title, Kind: "bars", Y: unit, Categories: names(runs), Series: parts}
		if !slices.ContainsFunc(parts, func(p Series) bool {
			return slices.ContainsFunc(p.Bars, func(v float64) bool { return v != 0 })
		}) {
			c.Empty = "there was none, or it was not taken"
		}
		s.Charts = append(s.Charts, c)
	}
	of := func(name string, figure func(*result.Loaded) float64) Series {
		part := Series{Name: name}
		for _, r := range runs {
			part.Bars = append(part.Bars, figure(r))
		}
		return part
	}
	bar("cost-0", "CPU seconds per 1000 requests", "number", of("CPU", func(r *result.Loaded) float64 { return r.CPUSecondsPer1000 }))
	bar("cost-1", "events per request", "number", of("events", func(r *result.Loaded) float64 { return r.EventsPerRequest }))
	bar("cost-2", "bytes in databases", "bytes",
		of("own records", func(r *result.Loaded) float64 { return float64(total(r.StorageBytes) - total(r.CopyBytes)) }),
		of("copies", func(r *result.Loaded) float64 { return float64(total(r.CopyBytes)) }))
	return s
}

func total(bytes map[string]int64) (sum int64) {
	for _, n := range bytes {
		sum += n
	}
	return sum
}

func names(runs []*result.Loaded) []string {
	var out []string
	for _, r := range runs {
		out = append(out, r.Scenario)
	}
	return out
}
