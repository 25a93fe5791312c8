package predict

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"crosstalk/internal/seeded"
	"crosstalk/internal/theory"
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

// boundsOf are those of a sample alone.
func boundsOf(s sample) bounded {
	d := newDistribution()
	for _, v := range s {
		d.add(time.Duration(v * 1e9))
	}
	return s.bounded(&d)
}

// The intervals of the M/M/1 queue hold the known values as often as they say, 19 of
// 20 times: of those that there are, as many hold as 19 in 20 would in 999 of 1,000
// such tests (the binomial distribution). The seeds are fixed.
func TestIntervalsHold(t *testing.T) {
	t.Parallel()
	const seeds = 60
	for _, c := range []struct {
		load    float64
		n       int
		decided []string // in more than half of the seeds; nil where nothing ever is
	}{
		{0.5, 5_000, []string{"p50", "p90", "mean"}},
		{0.5, 20_000, []string{"p50", "p90", "p99", "mean"}},
		{0.9, 5_000, nil}, // some 15 times what this queue takes to forget
		{0.9, 20_000, []string{"p50", "p90", "mean"}},
		{0.9, 200_000, []string{"p50", "p90", "mean"}},
	} {
		scale := 1 / (1 - c.load) // the time is exponential
		known, held := map[string]int{}, map[string]int{}
		count := func(of string, b *theory.Bounds, want float64) {
			if b == nil {
				return
			}
			known[of]++
			if b.Low <= want && want <= b.High {
				held[of]++
			}
		}
		for seed := range seeds {
			b := boundsOf(lindley(c.load, c.n, uint64(seed))).times
			count("p50", b.P50, -math.Log(0.5)*scale)
			count("p90", b.P90, -math.Log(0.1)*scale)
			count("p99", b.P99, -math.Log(0.01)*scale)
			count("mean", b.Mean, scale)
		}
		for _, of := range []string{"p50", "p90", "p99", "mean"} {
			what := fmt.Sprintf("load %v, %d requests, %s: %d of %d intervals hold, of %d seeds", c.load, c.n, of, held[of], known[of], seeds)
			t.Log(what)
			if held[of] < fewestOf(known[of]) || slices.Contains(c.decided, of) && known[of] <= seeds/2 || c.decided == nil && known[of] > 0 {
				t.Error(what)
			}
		}
	}
}

// fewestOf is the smallest number that n trials with a chance of Confidence reach in
// all but one of 1,000 cases.
func fewestOf(n int) int {
	if n == 0 {
		return 0
	}
	trials := distuv.Binomial{N: float64(n), P: Confidence}
	k := 0
	for trials.CDF(float64(k)) < 0.001 {
		k++
	}
	return k
}

// What cannot vary has no spread, and what never happened is not told to be
// impossible.
func TestCertainIntervals(t *testing.T) {
	always := make(sample, 5000)
	for i := range always {
		always[i] = 0.03
	}
	certain := boundsOf(always)
	b := certain.times
	if exact := (theory.Bounds{Low: 0.03, High: 0.03}); b.P50 == nil || *b.P50 != exact || b.P99 == nil || *b.P99 != exact || b.P9999 != nil {
		t.Errorf("%v, %v, %v", b.P50, b.P99, b.P9999)
	}
	if never := certain.absent; never != nil {
		t.Errorf("no failure was seen: %v", *never)
	}
	if failed := boundsOf(slices.Repeat(sample{absent}, 5000)).absent; failed == nil || *failed != (theory.Bounds{Low: 1, High: 1}) {
		t.Errorf("nothing succeeds: %v", failed)
	}
	if none := boundsOf(nil).times; none != (theory.QuantilesBounds{}) {
		t.Errorf("%+v of nothing", none)
	}
}
