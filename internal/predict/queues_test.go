//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import (
	"fmt"
	"math"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
)

// pollaczek is the mean time in M/G/1, by Pollaczek and Khinchine: the work and, as a
// wait, λE[S²]/2(1 − ρ) (Gross et al., Fundamentals of Queueing Theory, 4th ed. 2008,
// sec. 5.1). variation is the variance of the work over its mean squared.
func pollaczek(load, work, variation float64) float64 {
	return work + load*work*(1+variation)/2/(1-load)
}

// One worker is M/M/1, M/D/1 or M/G/1, by its work, at loads up to where the wait is
// ten and twenty times the work.
func TestQueuesArePollaczeks(t *testing.T) {
	for _, work := range []struct {
		law       string
		variation float64
	}{{"exponential(10ms)", 1}, {"10ms", 0}, {"uniform(0ms,20ms)", 1.0 / 3}} {
		for _, load := range []float64{0.5, 0.8, 0.95} {
			e := asked(t, "latency", "A="+work.law, "workers", "A=1,queue=100000", "timeout", "100s",
				"rate", fmt.Sprint(100*load), "duration", fmt.Sprint(time.Duration(60_000/load)*10*time.Millisecond), "warmup", "50s")
			var sums, counts [batches]float64
			for _, r := range rows(t, e, "sync") {
				b := int(int64(r.Due) * batches / int64(e.Duration))
				sums[b] += (r.Done - r.Due).Seconds()
				counts[b]++
			}
			got, spread := ratio(sums, counts)
			within(t, fmt.Sprintf("mean of %s at %v", work.law, load), got, pollaczek(load, 0.010, work.variation), sigmas*spread)
		}
	}
}

// The share that a full M/M/c/K refuses, K being workers and queue: P(K) of its states
// (Gross et al., sec. 2.5).
func TestFullQueuesRefuse(t *testing.T) {
	const workers, room = 2, 3
	for _, load := range []float64{0.5, 0.8, 0.95} {
		offered := load * workers
		state, all := 1.0, 1.0
		for n := 1; n <= workers+room; n++ {
			state *= offered / float64(min(n, workers))
			all += state
		}
		e := asked(t, "latency", "A=exponential(10ms)", "workers", fmt.Sprintf("A=%d,queue=%d", workers, room), "timeout", "100s",
			"rate", fmt.Sprint(offered*100), "duration", "300s")
		var refused, counts [batches]float64
		for _, r := range rows(t, e, "sync") {
			b := int(int64(r.Due) * batches / int64(e.Duration))
			counts[b]++
			if r.Code == codes.ResourceExhausted {
				refused[b]++
			}
		}
		got, spread := ratio(refused, counts)
		within(t, fmt.Sprintf("refused at %v", load), got, state/all, sigmas*spread)
	}
}

// Dean and Barroso, The Tail at Scale, 2013: where one call in a hundred is slow, 63 %
// of the requests that wait for a hundred calls are.
func TestTheTailAtScale(t *testing.T) {
	e := asked(t, "duration", "20s", "warmup", "0s", "write-rate", "0", "timeout", "5s")
	e.Services = experiment.Tree(100, 1)
	set(t, e, "latency", "10ms:99,1s:1")
	want := 1 - math.Pow(0.99, 100)
	slow, all := 0.0, rows(t, e, "sync")
	for _, r := range all {
		if r.Done-r.Due >= time.Second {
			slow++
		}
	}
	n := float64(len(all))
	within(t, "slow, simulated", slow/n, want, 4*math.Sqrt(want*(1-want)/n))
	p := calculated(t, e, "sync").Latency
	within(t, "mean, calculated", p.Mean, 0.010+0.990*want, 1e-9)
	within(t, "median, calculated", p.P50, 1, 1e-9)
}
