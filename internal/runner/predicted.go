package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"crosstalk/internal/predict"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
	"crosstalk/internal/theory"
)

// predictGrace is how long theory may still take once a run is interrupted: most
// predictions take less.
const predictGrace = 300 * time.Millisecond

// predict asks theory. The error is that of ctx, if it ended before, or a
// predict.Unsupported.
func (r *run) predict(ctx context.Context) (*theory.Prediction, error) {
	graced, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(predictGrace, cancel) })()
	var o predict.Options
	if r.options.Predicting != nil {
		o.Progress = r.options.Predicting(r.scenario.Name)
	}
	p, err := predict.Of(graced, r.experiment, r.scenario.Name, o)
	if err != nil {
		return nil, err
	}
	p.Scenario = "" // the run says it
	return &p, nil
}

// withoutTheory is the warning that a run has no prediction.
func withoutTheory(err error) string {
	if unknown := predict.Unsupported(""); errors.As(err, &unknown) {
		return unknown.Error()
	}
	return "interrupted before theory had answered: there is no prediction beside these figures"
}

const (
	// wider makes a 95 % interval one of 99.9 %: a run has several figures, and a
	// warning must not be what chance makes of every tenth run.
	wider = 3.29 / 1.96
	// wiring is what the calls, the events and the databases may take that theory
	// knows nothing of, and tailWiring what they may take in the tail.
	wiring     = 2 * time.Millisecond
	tailWiring = 10 * time.Millisecond
)

// gaps names each metric whose measured value is further from theory than chance
// and the known errors of the instrument explain: how much longer than asked the
// delays took, how late requests were sent, and what the wiring may take.
func gaps(r *result.Run) []string {
	p := r.Predicted
	if p == nil || r.Requests.Sent == 0 || r.Verdict == result.Interrupted {
		return nil
	}
	var out []string
	add := func(metric, measured, predicted string) {
		out = append(out, fmt.Sprintf("%s is %s, and theory says %s", metric, measured, predicted))
	}
	percent := func(share float64) string { return fmt.Sprintf("%.3g %%", share*100) }
	seconds := func(s float64) string { return time.Duration(s * 1e9).Round(10 * time.Microsecond).String() }

	x := theory.Intervals{}
	if p.Intervals != nil {
		x = *p.Intervals
	}
	if e := r.ErrorRate; beyond(expected(r, p.ErrorRate, x.ErrorRate), e, 0) {
		add("the error rate", percent(e.Value), percent(p.ErrorRate))
	}
	own := overshoot(r)
	if l := r.Latency; l.Count > 0 && p.Latency != nil {
		if apart(l.P50, expected(r, p.Latency.P50, x.Latency.P50), p.Latency.P75-p.Latency.P50, 0.5, l.Count, own+wiring.Seconds()+r.Lateness.P50) {
			add("latency p50", seconds(l.P50), seconds(p.Latency.P50))
		}
		if apart(l.P99, expected(r, p.Latency.P99, x.Latency.P99), p.Latency.P999-p.Latency.P99, 0.99, l.Count, own+tailWiring.Seconds()+r.Lateness.P99) {
			add("latency p99", seconds(l.P99), seconds(p.Latency.P99))
		}
	}
	if stale := r.StaleRate; beyond(expected(r, p.StaleShare, x.StaleShare), stale, staleByLag(r)) {
		add("the share of stale answers", percent(stale.Value), percent(p.StaleShare))
	}
	return out
}

// expected is where theory has a figure. A closed form knows it; so does a simulation
// without an interval if it was of the run's own requests, as under faults that act for a
// while. One of a shorter stretch that has no interval says nothing.
func expected(r *result.Run, v float64, b *theory.Bounds) theory.Bounds {
	switch p := r.Predicted; {
	case b != nil:
		return theory.Bounds{Low: v - wider*(v-b.Low), High: v + wider*(b.High-v)}
	case p.Intervals != nil && p.RequestsSimulated < r.Requests.Due*99/100:
		return theory.Bounds{Low: math.Inf(-1), High: math.Inf(1)}
	}
	return theory.Bounds{Low: v, High: v}
}

// beyond tells whether the intervals of a predicted and a measured share are apart.
// The measured one may be larger by allowed.
func beyond(predicted theory.Bounds, measured result.Interval, allowed float64) bool {
	low := measured.Value - wider*(measured.Value-measured.Low)
	high := measured.Value + wider*(measured.High-measured.Value)
	return predicted.Low > high || predicted.High < low-allowed
}

// apart tells whether a measured quantile is further from the predicted one than
// sampling and the instrument explain. spread is how far the next quantile that is
// known lies above it, which tells how steep the distribution is there.
func apart(measured float64, predicted theory.Bounds, spread, q float64, n int64, instrument float64) bool {
	low, high := stats.QuantileRanks(q, n)
	steep := spread / math.Max(step(q), 1e-9)
	sampling := wider * math.Max(float64(high)/float64(n)-q, q-float64(low)/float64(n)) * steep
	return measured > predicted.High+sampling+instrument || measured < predicted.Low-sampling-wiring.Seconds()
}

// step is the share between a quantile and the next one that is known.
func step(q float64) float64 {
	if q == 0.5 {
		return 0.25
	}
	return 0.009
}

// overshoot is how much longer than asked the longest of the delays took, at the
// mean: it is the timers' doing.
func overshoot(r *result.Run) float64 {
	most := 0.0
	for _, f := range r.Faults {
		most += max(f.MeanDeliveredSeconds-f.MeanAskedSeconds, 0)
	}
	return most
}

// staleByLag is how much larger the share of stale answers is for changes taking
// longer to arrive than theory, which knows no wiring, says: it grows with their
// mean lag.
func staleByLag(r *result.Run) float64 {
	lag := r.Predicted.ReplicationLag
	if lag == nil || lag.Mean <= 0 || r.ReplicationLag.Count == 0 {
		return math.Inf(1) // theory says there is none
	}
	return r.Predicted.StaleShare * max(r.ReplicationLag.Mean/lag.Mean-1, 0)
}
