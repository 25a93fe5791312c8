package runner

import (
	"math"
	"strings"

	"crosstalk/internal/counts"
	"crosstalk/internal/result"
)

// unequal is by how much of an equal share a copy's may differ from it.
const unequal = 0.2

// fillEven tells of each window in which a copy of a service was killed or stopped
// when its load was even again.
func (r *run) fillEven(out *result.Run) {
	for _, f := range r.experiment.Faults() {
		if !f.Kind.Signals() {
			continue
		}
		copies := servedBy(out.Processes, f.Target.Service)
		if len(copies) < 2 {
			continue
		}
		for i := range out.Impacts {
			w := &out.Impacts[i]
			if w.Window != *counts.WindowOf(f.Window) {
				continue
			}
			until := out.MeasuredSeconds
			for _, next := range out.Impacts[i+1:] {
				if next.Window.StartSeconds >= w.Window.End() {
					until = min(until, next.Window.StartSeconds)
				}
			}
			w.Copies = int64(len(copies))
			w.EvenAfter, w.Even = evenAfter(copies, w.Window.End(), until)
		}
	}
}

// servedBy returns what each copy of a service answered by second; none where nobody
// asks it, as the owner of what is copied.
func servedBy(processes []result.Process, service string) [][]int64 {
	var out [][]int64
	asked := false
	for _, p := range processes {
		if name, _, _ := strings.Cut(p.Name, "/"); name == service {
			out = append(out, p.Served)
			asked = asked || len(p.Served) > 0
		}
	}
	if !asked {
		return nil
	}
	return out
}

// evenAfter returns how long after end, in seconds, the second begins from which on
// the copies answer equally much, as far as until. It is not ok where that is not
// even so in the last one.
func evenAfter(copies [][]int64, end, until float64) (_ float64, ok bool) {
	first, last := int(end), int(until)-1
	from := last + 1
	for from > first && isEven(copies, from-1) {
		from--
	}
	return max(float64(from)-end, 0), from <= last
}

// isEven tells whether no copy's count of a second is further from an equal share
// than it may be, or than three standard deviations of a fair draw.
func isEven(copies [][]int64, second int) bool {
	counts, all := make([]float64, len(copies)), 0.0
	for i, served := range copies {
		if second < len(served) {
			counts[i] = float64(served[second])
			all += counts[i]
		}
	}
	share := 1 / float64(len(copies))
	allowed := max(unequal*all*share, 3*math.Sqrt(all*share*(1-share)))
	for _, n := range counts {
		if math.Abs(n-all*share) > allowed {
			return false
		}
	}
	return all > 0
}
