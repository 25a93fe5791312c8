package doctor

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// Brief examines this machine once, in less than a second, and keeps what it found.
// The zero value has not looked yet. It may be used from many goroutines at once.
type Brief struct {
	mu    sync.Mutex
	found *Report
}

// Instrument returns what was found, of the rate nearest to that of a run, which is 0
// for a closed loop. The first call measures, and takes the time; one that fails, as
// when ctx ends, leaves it to the next.
func (b *Brief) Instrument(ctx context.Context, rate float64) (*result.Instrument, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found == nil {
		found, err := look(ctx)
		if err != nil {
			return nil, fmt.Errorf("examine this machine: %w", err)
		}
		b.found = found
	}
	return b.found.short(rate), nil
}

// stretch is for how long a rate is looked at.
type stretch struct {
	rate float64
	d    time.Duration
}

// briefly has 75 sends or more at each rate, so that one late send of theirs decides
// the 99th percentile of the lowest: it errs towards a looser bound.
var briefly = []stretch{
	{500, 150 * time.Millisecond}, {2000, 75 * time.Millisecond}, {10_000, 75 * time.Millisecond}, {50_000, 50 * time.Millisecond},
}

// look takes 0.75 s where nothing is in the way. The pacing comes last, when the
// driver has run: its first sends are later than any that a run counts.
func look(ctx context.Context) (*Report, error) {
	r := &Report{Go: runtime.Version(), Cores: runtime.GOMAXPROCS(0)}
	var meter meter
	meter.start()
	for _, step := range []func() error{
		func() error { return r.sleep(ctx, 60*time.Millisecond, 5*time.Millisecond) },
		func() error { return r.call(ctx, 40*time.Millisecond) },
		func() error { return r.repeat(ctx, 200*time.Millisecond) },
		func() error { return r.pushCalls(ctx, 100*time.Millisecond) },
		func() error { return r.pace(ctx, briefly) },
		ctx.Err, // what was cut short is no figure
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.CPU = meter.stop()
	r.Conclusions = conclude(r)
	return r, nil
}

// short is what a run keeps of a brief report.
func (r *Report) short(rate float64) *result.Instrument {
	near := r.Pacing[0]
	for _, p := range r.Pacing[1:] {
		if distance(p.Rate, rate) < distance(near.Rate, rate) {
			near = p
		}
	}
	out := &result.Instrument{
		Rate: near.Rate, LatenessP50: near.P50, LatenessP99: near.P99,
		OvershootP50: r.Sleeps[0].P50, OvershootP99: r.Sleeps[0].P99, CallP50: r.Trips[0].P50,
		SmallestP50: r.Conclusions.SmallestP50, TrustedRate: r.Conclusions.TrustedRate,
	}
	var handling []float64
	for _, b := range r.Blocks {
		handling = append(handling, b.HandlingP99)
	}
	slices.Sort(handling)
	if len(handling) > 0 {
		out.HandlingP99 = stats.Quantile(handling, 0.5)
	}
	if r.CPU.Known {
		out.CPU = &result.CPUShares{Own: r.CPU.Own, Others: r.CPU.Others, Stolen: r.CPU.Stolen}
	}
	return out
}

// distance is that of two rates by ratio; each is equally far from 0.
func distance(a, b float64) float64 { return math.Abs(math.Log(a / b)) }
