package merge

import (
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// grouped puts the rows of all parts that have the same key together, in the order
// in which they are first met.
func grouped[K comparable, R any](parts []result.Part, rows func(*result.Run) []R, key func(R) K) [][]R {
	var out [][]R
	place := make(map[K]int)
	for _, p := range parts {
		for _, row := range rows(p.Run) {
			at, ok := place[key(row)]
			if !ok {
				at = len(out)
				place[key(row)] = at
				out = append(out, nil)
			}
			out[at] = append(out[at], row)
		}
	}
	return out
}

// stages are means over all successes, so each part counts by its own.
func stages(parts []result.Part) []result.Stage {
	type stage struct {
		result.Stage
		successes int64
	}
	var out []result.Stage
	for _, same := range grouped(parts, func(r *result.Run) []stage {
		var all []stage
		for _, s := range r.Stages {
			all = append(all, stage{s, r.Requests.Succeeded})
		}
		return all
	}, func(s stage) string { return s.Name }) {
		sum, successes := 0.0, int64(0)
		for _, s := range same {
			sum += s.Mean * float64(s.successes)
			successes += s.successes
		}
		out = append(out, result.Stage{Name: same[0].Name, Mean: sum / float64(max(successes, 1))})
	}
	return out
}

// comparisonOf adds up what was compared, and says of each part what was not. That of an
// attached driver says nothing: the one that prepared the nodes compares them.
func comparisonOf(parts []result.Part) *result.Comparison {
	for _, attached := range []bool{false, true} {
		var sum result.Comparison
		var not []string
		some := false
		for _, p := range parts {
			c := p.Run.Comparison
			if c == nil || (p.Run.Attached > 0) != attached {
				continue
			}
			some = true
			sum.OwnerRows += c.OwnerRows
			sum.ReplicaRows += c.ReplicaRows
			sum.Differing += c.Differing
			sum.Lost += c.Lost
			sum.Explained = append(sum.Explained, c.Explained...)
			if c.NotCompared != "" && !slices.Contains(not, c.NotCompared) {
				not = append(not, c.NotCompared)
			}
		}
		if some {
			sum.NotCompared = strings.Join(not, "; ")
			return &sum
		}
	}
	return nil
}
