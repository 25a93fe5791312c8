package schedule

import (
	"math"
	"slices"
	"testing"
	"time"
)

func plan() Plan {
	return Plan{
		Seed: 1, Arrival: Constant, Rate: 4, WriteRate: 2, Owners: []string{"A", "B", "C"},
		Keys: 10, PayloadBytes: 8, WarmUp: time.Second, Duration: 2 * time.Second,
	}
}

func collectReads(p Plan) []Read {
	var all []Read
	for it := p.Reads(); ; {
		r, ok := it.Next()
		if !ok {
			return all
		}
		all = append(all, r)
	}
}

func collectWrites(p Plan) []Write {
	var all []Write
	for it := p.Writes(); ; {
		w, ok := it.Next()
		if !ok {
			return all
		}
		all = append(all, w)
	}
}

func TestConstantArrivalsAreEvenlySpaced(t *testing.T) {
	var ids []int64
	var dues []time.Duration
	for _, r := range collectReads(plan()) {
		ids, dues = append(ids, r.ID), append(dues, r.Due)
	}
	ms := time.Millisecond
	wantIDs := []int64{-1, -2, -3, -4, 0, 1, 2, 3, 4, 5, 6, 7}
	wantDues := []time.Duration{-1000 * ms, -750 * ms, -500 * ms, -250 * ms, 0, 250 * ms, 500 * ms, 750 * ms, 1000 * ms, 1250 * ms, 1500 * ms, 1750 * ms}
	if !slices.Equal(ids, wantIDs) || !slices.Equal(dues, wantDues) {
		t.Errorf("ids %v at %v, want %v at %v", ids, dues, wantIDs, wantDues)
	}
}

// What request n is must not depend on how long the warm-up or the run is, on
// the other stream, or on anything but the seed.
func TestRequestsAreFunctionsOfTheSeed(t *testing.T) {
	for _, arrival := range []Arrival{Constant, Poisson} {
		base := plan()
		base.Arrival, base.Rate = arrival, 100
		longer := base
		longer.WarmUp, longer.Duration, longer.WriteRate, longer.Owners = 0, 20*time.Second, 50, []string{"X"}
		short := measured(collectReads(base))
		if len(short) == 0 || !slices.Equal(short, measured(collectReads(longer))[:len(short)]) {
			t.Errorf("%s: the requests depend on the rest of the plan", arrival)
		}
		other := base
		other.Seed = 2
		if slices.Equal(short, measured(collectReads(other))) {
			t.Errorf("%s: another seed gives the same requests", arrival)
		}
	}
}

func measured(all []Read) []Read {
	return slices.DeleteFunc(all, func(r Read) bool { return r.ID < 0 })
}

// The gaps of a Poisson process have mean 1/rate and a standard deviation of as
// much; 100,000 of them have their mean within 1.5 % of it (4.7 sigma).
func TestPoissonGaps(t *testing.T) {
	p := plan()
	p.Arrival, p.Rate, p.WarmUp, p.Duration = Poisson, 1000, 0, 100*time.Second
	all := collectReads(p)
	var sum, squares float64
	var last time.Duration
	for _, r := range all {
		if r.Due < last {
			t.Fatalf("request %d is due at %v, before %v", r.ID, r.Due, last)
		}
		gap := (r.Due - last).Seconds()
		sum, squares, last = sum+gap, squares+gap*gap, r.Due
	}
	n := float64(len(all))
	mean := sum / n
	spread := math.Sqrt(squares/n-mean*mean) / mean
	if math.Abs(mean-0.001) > 0.000015 || math.Abs(spread-1) > 0.015 {
		t.Errorf("gaps: mean %.6f s, stdev/mean %.3f; want 0.001 and 1", mean, spread)
	}
}

func TestWritesAreSpreadOverOwnersAndKeys(t *testing.T) {
	p := plan()
	p.WriteRate, p.WarmUp, p.Duration = 1000, 0, 3*time.Second
	owners, keys := map[string]int{}, map[uint64]int{}
	for _, w := range collectWrites(p) {
		owners[w.Service]++
		keys[uint64(w.Key)]++
	}
	if len(owners) != 3 || len(keys) != 10 {
		t.Fatalf("writes reach owners %v and keys %v", owners, keys)
	}
	for owner, n := range owners {
		if n < 850 || n > 1150 { // 5.8 sigma of binomial(3000, 1/3)
			t.Errorf("%s has %d of 3000 writes", owner, n)
		}
	}
}

func TestNothingIsDueAtRateZero(t *testing.T) {
	p := plan()
	p.Rate, p.WriteRate = 0, 0
	if reads, writes := collectReads(p), collectWrites(p); len(reads)+len(writes) != 0 {
		t.Errorf("%d reads and %d writes at rate 0", len(reads), len(writes))
	}
	p = plan()
	p.Owners = nil
	if writes := collectWrites(p); len(writes) != 0 {
		t.Errorf("%d writes without an owner", len(writes))
	}
}

// A rate so low that nothing is due in any run must not wrap around.
func TestNothingIsDueBeforeItsTime(t *testing.T) {
	for _, arrival := range []Arrival{Constant, Poisson} {
		p := plan()
		p.Arrival, p.Rate, p.WarmUp = arrival, 1e-300, 0
		for _, r := range collectReads(p) {
			if r.Due != 0 { // the first constant one is due at once
				t.Errorf("%s: request %d is due at %v", arrival, r.ID, r.Due)
			}
		}
	}
}

func TestWritesOfAClosedLoopAreAShareOfItsReads(t *testing.T) {
	p := plan()
	for _, share := range []float64{0, 0.1, 0.37, 1} {
		p.WriteShare = share
		for _, sign := range []int64{1, -1} {
			writes, owners := 0, map[string]bool{}
			for n := range int64(1000) {
				id := n
				if sign < 0 {
					id = -n - 1
				}
				w, ok := p.WriteWith(Read{ID: id, Due: time.Second})
				if !ok {
					continue
				}
				writes++
				owners[w.Service] = true
				if w.ID != id || w.Due != time.Second {
					t.Errorf("the write with read %d is %+v", id, w)
				}
			}
			if want := int(share * 1000); writes < want-1 || writes > want || want > 0 && len(owners) != 3 {
				t.Errorf("share %v: %d writes with 1000 reads, to %v", share, writes, owners)
			}
		}
	}
	p.Owners = nil
	if _, ok := p.WriteWith(Read{}); ok {
		t.Error("a write without an owner")
	}
}
