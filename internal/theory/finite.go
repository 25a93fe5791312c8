package theory

import "math"

// MostRoom is the most customers for which MG1K is calculated: it takes room² steps.
const MostRoom = 2000

// slices is how finely the distribution of the work is looked at.
const slices = 4000

// MG1K is M/G/1/K (Gross et al., sec. 5.1.7), at any load, for 1 ≤ room ≤ MostRoom
// customers and work of a quantile function. It looks at the customers that are left
// behind by one that leaves. Their number grows past j as often as it falls back to j:
//
//	π(j+1) a(0) = Σ π(i) P(so many arrive that more than j are left)
//
// where a(k) is the probability of k arrivals during the work. Its figures are exact
// to about 10⁻³ of themselves; it is not ok where almost no work ends before the next
// one arrives (a load in the hundreds).
func MG1K(room int, rate float64, quantile func(p float64) float64) (q Queue, ok bool) {
	more, work := arrivals(room, rate, quantile)
	load, none := rate*work, 1-more[0]
	if none < 1e-200 {
		return Queue{}, false
	}
	left := make([]float64, room) // π, up to a factor
	left[0] = 1
	all := 1.0
	for j := 0; j+1 < room; j++ {
		up := left[0] * more[j]
		for i := 1; i <= j; i++ {
			up += left[i] * more[j-i+1]
		}
		left[j+1] = up / none
		if all += left[j+1]; all > 1e100 {
			for i := range left {
				left[i] /= all
			}
			all = 1
		}
	}
	return ofLeft(left, all, load, work), true
}

// ofLeft sums up: an admitted customer finds what one that leaves has left behind, and
// Little's law gives the wait.
func ofLeft(left []float64, all, load, work float64) Queue {
	idle := left[0] / all
	q := Queue{Load: load, Queued: 1 - idle}
	if load == 0 {
		return q
	}
	busy := idle + load // 1/(1 − refused), in units of the load
	q.Refused = max(1-1/busy, 0)
	present := 0.0
	for j, p := range left {
		present += float64(j) * p / all / busy
	}
	present += float64(len(left)) * q.Refused
	admitted := load / work * (1 - q.Refused)
	q.Wait = max(present/admitted-work, 0)
	return q
}

// arrivals is how probable more than k arrivals are during the work, for k below room,
// and the mean of the work. The slices are thinner towards the tail of the
// distribution, where the moments come from.
func arrivals(room int, rate float64, quantile func(p float64) float64) (more []float64, work float64) {
	more = make([]float64, room)
	for i := range slices {
		low, high := math.Pow(1-float64(i)/slices, 4), math.Pow(1-float64(i+1)/slices, 4)
		share := low - high
		took := quantile(1 - (low+high)/2)
		work += share * took
		addTail(more, share, rate*took)
	}
	return more, work
}

// addTail adds the share of P(N > k), N having a Poisson distribution.
func addTail(more []float64, share, mean float64) {
	if mean == 0 {
		return
	}
	log, below := math.Log(mean), 0.0
	for k := range more {
		factorial, _ := math.Lgamma(float64(k + 1))
		below += math.Exp(float64(k)*log - mean - factorial)
		if below >= 1-1e-15 {
			return
		}
		more[k] += share * (1 - below)
	}
}
