//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import (
	"math"
	"testing"
	"time"

	"crosstalk/internal/experiment"
)

// Dean and Barroso, The Tail at Scale, 2013: where one call in a hundred is slow, 63 %
// of the requests that wait for a hundred calls are.
func TestTheTailAtScale(t *testing.T) {
	t.Parallel()
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
