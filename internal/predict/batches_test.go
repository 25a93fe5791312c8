package predict

import (
	"math"
	"testing"
	"time"

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

// boundsOf are those of a sample alone.
func boundsOf(s sample) bounded {
	d := newDistribution()
	for _, v := range s {
		d.add(time.Duration(v * 1e9))
	}
	return s.bounded(&d)
}

// The intervals of the M/M/1 queue hold the known values about as often as they say,
// 19 of 20 times, wherever they say anything. The seeds are fixed: what is asked for
// is what their number allows.
func TestIntervalsHold(t *testing.T) {
	const seeds, requests = 30, 200_000
	for _, load := range []float64{0.9} {
		scale := 1 / (1 - load) // the time is exponential
		known, held := map[string]int{}, map[string]int{}
		count := func(of string, b *Bounds, want float64) {
			if b == nil {
				return
			}
			known[of]++
			if b.Low <= want && want <= b.High {
				held[of]++
			}
		}
		for seed := range seeds {
			b := boundsOf(lindley(load, requests, uint64(seed))).times
			count("p50", b.P50, -math.Log(0.5)*scale)
			count("p90", b.P90, -math.Log(0.1)*scale)
			count("p99", b.P99, -math.Log(0.01)*scale)
			count("mean", b.Mean, scale)
		}
		for _, of := range []string{"p50", "p90", "p99", "mean"} {
			t.Logf("load %v, %s: %d of %d hold, of %d seeds", load, of, held[of], known[of], seeds)
			if known[of] < seeds*2/5 || float64(held[of]) < 0.9*float64(known[of]) {
				t.Errorf("load %v, %s: %d of %d intervals hold the true value, of %d seeds", load, of, held[of], known[of], seeds)
			}
		}
	}
}

// A run of ten seconds says next to nothing of a queue that takes seconds to forget,
// and no interval pretends otherwise: wrong ones are as rare as they may be.
func TestTooShortIsUndecided(t *testing.T) {
	const seeds = 100
	wrong := 0
	for seed := range seeds {
		b := boundsOf(lindley(0.9, 5000, uint64(seed))).times.P99
		if want := -math.Log(0.01) * 10; b != nil && (want < b.Low || b.High < want) {
			wrong++
		}
	}
	if wrong > seeds/20 {
		t.Errorf("%d of %d intervals do not hold the true value", wrong, seeds)
	}
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
	if exact := (Bounds{0.03, 0.03}); b.P50 == nil || *b.P50 != exact || b.P99 == nil || *b.P99 != exact || b.P9999 != nil {
		t.Errorf("%v, %v, %v", b.P50, b.P99, b.P9999)
	}
	if never := certain.absent; never != nil {
		t.Errorf("no failure was seen: %v", *never)
	}
	if none := boundsOf(nil).times; none != (QuantilesBounds{}) {
		t.Errorf("%+v of nothing", none)
	}
}
