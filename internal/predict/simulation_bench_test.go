//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import "testing"

// What one core simulates in a second: it has no goroutines. The default keeps 30
// visits under way, a rate of a million a second 60,000.
func BenchmarkSimulate(b *testing.B) {
	for _, c := range []struct {
		name     string
		settings []string
	}{
		{"default", nil},
		{"none", []string{"latency", "none"}},
		{"million", []string{"rate", "1000000", "max-in-flight", "1000000"}},
	} {
		for _, scenario := range allScenarios {
			b.Run(c.name+"/"+scenario, func(b *testing.B) {
				e := asked(b, append([]string{"warmup", "0s", "duration", "200s"}, c.settings...)...)
				var requests int64
				for b.Loop() {
					requests += simulate(b, e, scenario, Options{Requests: 100_000}).RequestsSimulated
				}
				b.ReportMetric(float64(requests)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

func BenchmarkClosed(b *testing.B) {
	for _, scenario := range allScenarios {
		b.Run(scenario, func(b *testing.B) {
			e := asked(b)
			for b.Loop() {
				calculated(b, e, scenario)
			}
		})
	}
}
