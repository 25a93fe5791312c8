package predict

import (
	"math"
	"testing"

	"crosstalk/internal/seeded"
)

// lindley is the time that n customers spend in an M/M/1 queue at a load, in mean
// times of work, once it has run for a while (D. V. Lindley, The theory of queues
// with a single server, 1952).
func lindley(load float64, n int, seed uint64) sample {
	g := seeded.NewStream(seed, "lindley")
	out := make(sample, n)
	wait := 0.0
	for i := -5000; i < n; i++ {
		work := -math.Log(1 - g.Unit())
		if i >= 0 {
			out[i] = wait + work
		}
		wait = max(wait+work+math.Log(1-g.Unit())/load, 0)
	}
	return out
}

func TestCoverageScratch(t *testing.T) {
	for _, load := range []float64{0.5, 0.9, 0.95} {
		for _, n := range []int{5000, 200000} {
			seeds := 8000000/n
			if seeds > 150 { seeds = 150 }
			mean := 1 / (1 - load)
			qs := []float64{0.5, 0.9, 0.99, 0.999}
			var hit, known [5]int
			var low,high [5]int
			for seed := range seeds {
				s := lindley(load, n, uint64(seed))
				sorted := s.sorted()
				check := func(i int, b *Bounds, want float64) {
					if b != nil {
						known[i]++
						if b.Low <= want && want <= b.High { hit[i]++ }
						if b.High < want { low[i]++ }
						if b.Low > want { high[i]++ }
					}
				}
				check(4, s.mean(), mean)
				for i, q := range qs { check(i, s.quantile(sorted, q), -math.Log(1-q)*mean) }
			}
			for i, name := range []string{"p50", "p90", "p99", "p99.9", "mean"} {
				t.Logf("load %v n %d %s: known %d of %d, covers %.3f (too low %.3f, too high %.3f)", load, n, name, known[i], seeds, float64(hit[i])/float64(known[i]), float64(low[i])/float64(known[i]), float64(high[i])/float64(known[i]))
			}
		}
	}
}
