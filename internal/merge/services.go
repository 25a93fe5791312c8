package merge

import (
	"slices"
	"strings"

	"crosstalk/internal/fault"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
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

// faultKey tells faults apart that were asked for apart.
type faultKey struct {
	target, code string
	kind         fault.Kind
	asked        float64
	window       result.Window
}

func faults(parts []result.Part) []result.Fault {
	var out []result.Fault
	for _, same := range grouped(parts, func(r *result.Run) []result.Fault { return r.Faults }, func(f result.Fault) faultKey {
		k := faultKey{target: f.Target, kind: f.Kind, code: f.Code, asked: f.Asked}
		if f.Window != nil {
			k.window = *f.Window
		}
		return k
	}) {
		out = append(out, sumFaults(same))
	}
	return out
}

// sumFaults adds up one fault. What acted on time has no interactions.
func sumFaults(same []result.Fault) result.Fault {
	out := same[0]
	var met, interactions, asked, delivered float64
	for _, f := range same {
		n := float64(f.Interactions)
		interactions += n
		met += f.Delivered * n
		asked += f.MeanAskedSeconds * f.Delivered * n
		delivered += f.MeanDeliveredSeconds * f.Delivered * n
		if w := f.DeliveredWindow; w != nil && out.DeliveredWindow != nil {
			out.DeliveredWindow = hull(*out.DeliveredWindow, *w)
		}
	}
	out.Interactions = int64(interactions)
	if interactions > 0 {
		n := int64(met + 0.5)
		out.Delivered = float64(n) / interactions
		out.Low, out.High = stats.Wilson(n, out.Interactions)
	}
	if met > 0 {
		out.MeanAskedSeconds, out.MeanDeliveredSeconds = asked/met, delivered/met
	}
	return out
}

func hull(a, b result.Window) *result.Window {
	start := min(a.StartSeconds, b.StartSeconds)
	return &result.Window{StartSeconds: start, LengthSeconds: max(a.End(), b.End()) - start}
}

func policies(parts []result.Part) []result.Policy {
	var out []result.Policy
	for _, same := range grouped(parts, func(r *result.Run) []result.Policy { return r.Policies }, func(p result.Policy) [2]string {
		return [2]string{p.Consumer, p.Need}
	}) {
		sum := result.Policy{Consumer: same[0].Consumer, Need: same[0].Need, Failures: map[string]int64{}}
		for _, p := range same {
			sum.Calls += p.Calls
			sum.Tries += p.Tries
			sum.Retries += p.Retries
			sum.Hedges += p.Hedges
			sum.Saved += p.Saved
			sum.Failed += p.Failed
			sum.Refused += p.Refused
			sum.OverBudget += p.OverBudget
			sum.Cancelled += p.Cancelled
			addAll(sum.Failures, p.Failures)
			sum.Fallbacks += p.Fallbacks
		}
		sum.Amplification = float64(sum.Tries) / float64(max(sum.Calls, 1))
		out = append(out, sum)
	}
	return out
}

// capacities adds up the bounds as well: each part had services of its own.
func capacities(parts []result.Part) []result.Capacity {
	var out []result.Capacity
	for _, same := range grouped(parts, func(r *result.Run) []result.Capacity { return r.Capacities }, func(c result.Capacity) string { return c.Service }) {
		sum := result.Capacity{Service: same[0].Service}
		waited := 0.0
		for _, c := range same {
			sum.Workers += c.Workers
			sum.Queue += c.Queue
			sum.Arrived += c.Arrived
			sum.Refused += c.Refused
			sum.Queued += c.Queued
			sum.LongestQueue = max(sum.LongestQueue, c.LongestQueue)
			waited += c.MeanWait * float64(c.Queued)
		}
		if sum.Queued > 0 {
			sum.MeanWait = waited / float64(sum.Queued)
		}
		out = append(out, sum)
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
