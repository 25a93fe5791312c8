package sweep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crosstalk/internal/metric"
)

// Outcome is what came out at one point in one scenario.
type Outcome struct {
	Point    int
	Scenario string
	Value    metric.Value
}

// Crossovers says of each pair of scenarios from which point on one beats the
// other on a metric, or that it never does: a line each. labels names the points,
// in the order in which they were varied. To beat is to be better beyond both
// intervals.
func Crossovers(m metric.Metric, setting string, labels []string, scenarios []string, outcomes []Outcome) []string {
	at := func(point int, scenario string) metric.Value {
		for _, o := range outcomes {
			if o.Point == point && o.Scenario == scenario {
				return o.Value
			}
		}
		return metric.Value{}
	}
	var lines []string
	for i, a := range scenarios {
		for _, b := range scenarios[i+1:] {
			leads := make([]lead, len(labels))
			for p := range labels {
				leads[p] = leadOf(m, at(p, a), at(p, b))
			}
			lines = append(lines, inWords(m, setting, labels, a, b, leads))
		}
	}
	return lines
}

// lead says who is ahead at a point.
type lead int

const (
	nobody lead = iota
	first
	second
)

func leadOf(m metric.Metric, a, b metric.Value) lead {
	switch {
	case m.Better(a, b):
		return first
	case m.Better(b, a):
		return second
	}
	return nobody
}

// stretch is a run of points at which the same one leads.
type stretch struct {
	lead     lead
	from, to int
}

func stretches(leads []lead) []stretch {
	var out []stretch
	for p, l := range leads {
		if n := len(out); n > 0 && out[n-1].lead == l {
			out[n-1].to = p
			continue
		}
		out = append(out, stretch{l, p, p})
	}
	return out
}

func inWords(m metric.Metric, setting string, labels []string, a, b string, leads []lead) string {
	all := stretches(leads)
	if len(all) == 1 {
		switch all[0].lead {
		case first:
			return fmt.Sprintf("%s beats %s on %s in the whole range", a, b, m.Name)
		case second:
			return fmt.Sprintf("%s beats %s on %s in the whole range", b, a, m.Name)
		}
		return fmt.Sprintf("neither of %s and %s beats the other on %s anywhere in the range", a, b, m.Name)
	}
	var parts []string
	for _, s := range all {
		if s.lead == nobody {
			continue
		}
		winner, loser := a, b
		if s.lead == second {
			winner, loser = b, a
		}
		parts = append(parts, fmt.Sprintf("%s beats %s %s", winner, loser, where(setting, labels, s)))
	}
	return fmt.Sprintf("on %s, %s", m.Name, strings.Join(parts, "; "))
}

func where(setting string, labels []string, s stretch) string {
	last := len(labels) - 1
	switch {
	case s.to == last:
		return fmt.Sprintf("from %s %s on", setting, labels[s.from])
	case s.from == 0:
		return fmt.Sprintf("up to %s %s", setting, labels[s.to])
	case s.from == s.to:
		return fmt.Sprintf("at %s %s", setting, labels[s.from])
	}
	return fmt.Sprintf("from %s %s to %s", setting, labels[s.from], labels[s.to])
}

// Together puts the repeats of each point and scenario together: the median of
// their values, and the interval that holds all of theirs.
func Together(all []Outcome) []Outcome {
	type key struct {
		point    int
		scenario string
	}
	var order []key
	values := make(map[key][]metric.Value)
	for _, o := range all {
		k := key{o.Point, o.Scenario}
		if _, ok := values[k]; !ok {
			order = append(order, k)
		}
		values[k] = append(values[k], o.Value)
	}
	var out []Outcome
	for _, k := range order {
		out = append(out, Outcome{k.point, k.scenario, median(values[k])})
	}
	return out
}

func median(values []metric.Value) metric.Value {
	slices.SortFunc(values, func(a, b metric.Value) int { return cmp.Compare(a.Value, b.Value) })
	m := values[len(values)/2]
	for _, v := range values {
		m.Low, m.High, m.Known = min(m.Low, v.Low), max(m.High, v.High), m.Known && v.Known
	}
	return m
}
