// Package doctor measures the instrument itself on this machine: how exactly it can
// wait, how long its own ways take, and how much it can send. From that it tells
// which differences and which rates can be trusted here.
//
// Its law: it measures with what a run uses, the driver, the pacer, the bus and the
// databases, and never with a stand-in. What follows from the figures is arithmetic
// on them alone, so that it can be checked by hand.
package doctor

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/stats"
)

// Report is what was found. Times are in seconds, shares from 0 to 1.
type Report struct {
	Go     string `json:"go"`
	Cores  int    `json:"cores"`
	Pacing []Pace `json:"pacing"`
	Sleeps []Wait `json:"sleeps"`
	// Trips are round trips, one at a time: an empty gRPC call, a request over the
	// embedded broker, and a look-up in each kind of store.
	Trips []Trip `json:"trips"`
	// DriverRate is what a closed loop of 64 sends in a second to a target that
	// answers at once, CallRate to an empty gRPC service in this process.
	DriverRate float64 `json:"driver_rate"`
	CallRate   float64 `json:"call_rate"`
	// BlockRate is the rate at which Blocks, equal stretches of the same load on
	// that service, were sent one after the other.
	BlockRate float64 `json:"block_rate"`
	Blocks    []Block `json:"blocks"`
	CPU       CPU     `json:"cpu"`

	Conclusions Conclusions `json:"conclusions"`
}

// Pace is how late the driver sends constant arrivals at a rate.
type Pace struct {
	Rate     float64 `json:"rate"`
	Achieved float64 `json:"rate_achieved"`
	P50      float64 `json:"lateness_p50_seconds"`
	P99      float64 `json:"lateness_p99_seconds"`
	// Cores is the CPU time of this process by the second.
	Cores float64 `json:"cores"`
}

// Wait is how far a sleep overshoots.
type Wait struct {
	Asked float64 `json:"asked_seconds"`
	P50   float64 `json:"overshoot_p50_seconds"`
	P99   float64 `json:"overshoot_p99_seconds"`
}

// Trip is how long something takes.
type Trip struct {
	Name string  `json:"name"`
	P50  float64 `json:"p50_seconds"`
	P99  float64 `json:"p99_seconds"`
}

// Block is the latency in one stretch of equal load.
type Block struct {
	P50 float64 `json:"p50_seconds"`
	P99 float64 `json:"p99_seconds"`
	// HandlingP99 is that of the time from an answer's arrival until it was counted.
	HandlingP99 float64 `json:"handling_p99_seconds"`
}

// CPU is who used the cores meanwhile. Shares are of all cores; Known is false where
// the system does not tell.
type CPU struct {
	Known bool `json:"known"`
	// Own is this process's, Others what others on this machine used, Stolen what the
	// host of a virtual machine gave to other machines.
	Own    float64 `json:"own"`
	Others float64 `json:"others"`
	Stolen float64 `json:"stolen"`
}

// Rates are those at which the pacing is looked at.
var Rates = []float64{100, 1000, 2000, 5000, 10_000, 20_000, 50_000}

// Examine measures for about budget, at least a second, with files in dir.
func Examine(ctx context.Context, budget time.Duration, dir string) (*Report, error) {
	budget = max(budget, time.Second)
	r := &Report{Go: runtime.Version(), Cores: runtime.GOMAXPROCS(0)}
	var meter meter
	meter.start()
	for _, step := range []struct {
		share float64
		do    func(ctx context.Context, d time.Duration) error
	}{
		{0.35, func(ctx context.Context, d time.Duration) error { return r.pace(ctx, evenly(d)) }},
		{0.1, func(ctx context.Context, d time.Duration) error {
			return r.sleep(ctx, d, time.Millisecond, 5*time.Millisecond, 20*time.Millisecond)
		}},
		{0.25, func(ctx context.Context, d time.Duration) error { return r.travel(ctx, d, dir) }},
		{0.1, r.push},
		{0.2, r.repeat},
	} {
		if err := step.do(ctx, time.Duration(step.share*float64(budget))); err != nil {
			return nil, err
		}
	}
	r.CPU = meter.stop()
	r.Conclusions = conclude(r)
	return r, nil
}

// sleep looks at delays of the services, ten of them at a time.
func (r *Report) sleep(ctx context.Context, d time.Duration, delays ...time.Duration) error {
	for _, asked := range delays {
		over, err := sleepers(ctx, d/time.Duration(len(delays)), asked)
		if err != nil {
			return err
		}
		slices.Sort(over)
		r.Sleeps = append(r.Sleeps, Wait{asked.Seconds(), stats.Quantile(over, 0.5), stats.Quantile(over, 0.99)})
	}
	return nil
}

func sleepers(ctx context.Context, d, asked time.Duration) ([]float64, error) {
	const sleepers = 10
	type told struct {
		over []float64
		err  error
	}
	all := make(chan told, sleepers)
	end := time.Now().Add(d)
	for range sleepers {
		go func() {
			var t told
			for first := true; t.err == nil && (first || time.Now().Before(end)); first = false {
				begin := time.Now()
				t.err = clock.Precise(ctx, asked)
				t.over = append(t.over, (time.Since(begin) - asked).Seconds())
			}
			all <- t
		}()
	}
	var over []float64
	var failed error
	for range sleepers {
		t := <-all
		over = append(over, t.over...)
		if t.err != nil {
			failed = t.err
		}
	}
	return over, failed
}

// trip times something over and over, one at a time, for d and at least 20 times.
func (r *Report) trip(ctx context.Context, name string, d time.Duration, once func(ctx context.Context, n int) error) error {
	var took []float64
	end := time.Now().Add(d)
	for n := 0; n < 20 || time.Now().Before(end); n++ {
		begin := time.Now()
		if err := once(ctx, n); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(begin).Seconds())
	}
	slices.Sort(took)
	r.Trips = append(r.Trips, Trip{name, stats.Quantile(took, 0.5), stats.Quantile(took, 0.99)})
	return nil
}
