//go:build long

package compare

import (
	"math/rand/v2"
	"testing"
	"time"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// Two runs of which the same noise comes in stretches of 100 ms do not differ, and
// are not said to more often than asked.
func TestNoiseIsRarelySignificant(t *testing.T) {
	var metrics []metric.Metric
	for _, name := range []string{"latency.p50", "latency.p90", "latency.mean"} {
		m, err := metric.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		metrics = append(metrics, m)
	}
	random := rand.New(rand.NewPCG(5, 6))
	const cases = 100
	found := make(map[string]int)
	for range cases {
		work := spread(random.Uint64())
		rows := resulttest.Rows(100, 10, work)
		p := &pool{old: newBlocks(), new: newBlocks(), paired: true}
		run := Run{Loaded: &result.Loaded{Run: result.Run{MeasuredSeconds: 10}}}
		p.old.bySample(run, noisy(random, rows))
		p.new.bySample(run, noisy(random, rows))
		p.finish()
		for i, r := range p.bootstrap(metrics) {
			if r.delta.P < Alpha {
				found[metrics[i].Name]++
			}
		}
	}
	for name, n := range found {
		if n > 12 { // 5 are expected; more than 12 come of chance in 1 of 600
			t.Errorf("%s: %d of %d are significant", name, n, cases)
		}
	}
}

// noisy delays all the requests of a tenth of the stretches of ten.
func noisy(random *rand.Rand, rows []result.Row) []result.Row {
	out := append([]result.Row{}, rows...)
	delay := time.Duration(0)
	for i := range out {
		if i%10 == 0 {
			delay = 0
			if random.Float64() < 0.1 {
				delay = time.Duration(random.ExpFloat64() * 20e6)
			}
		}
		out[i].Done += delay
	}
	return out
}
