package scenarios_test

import (
	"testing"
	"time"
)

// Where the time of a query goes, to the nanosecond: the slowest of the needs is
// what D waits for, and each scenario has stages of its own.
func TestWhereTheTimeGoes(t *testing.T) {
	faults := "A:delay=10ms;B:delay=30ms;D:delay=4ms;bus:delay=5ms;D.store:delay=7ms"
	for scenario, want := range map[string]map[string]time.Duration{
		"sync":             {"own work": 4 * ms, "supplier's work": 30 * ms},
		"async-request":    {"own work": 4 * ms, "consumer wait": 5 * ms, "supplier's work": 30 * ms, "reply": 5 * ms},
		"async-replicated": {"own work": 4 * ms, "look-up in its copy": 7 * ms},
		"monolith":         {"own work": 4 * ms, "supplier's work": 37 * ms}, // one database: D's faults are everyone's
	} {
		inBubble(t, scenario, quiet(t, "fault", faults), func(b *bubble) {
			b.begin()
			var total time.Duration
			for id := range int64(3) {
				_, took, err := b.ask(id, 1)
				if err != nil {
					b.Fatal(err)
				}
				total += took
			}
			var sum time.Duration
			for _, s := range b.statistics().Stages {
				if s.Service != "D" {
					continue
				}
				sum += time.Duration(s.Seconds * 1e9)
				if got := time.Duration(s.Seconds*1e9) / 3; got != want[s.Name] || s.Queries != 3 {
					b.Errorf("%s: %s takes %v, want %v", scenario, s.Name, got, want[s.Name])
				}
			}
			if sum != total {
				b.Errorf("%s: the stages add up to %v, the queries took %v", scenario, sum, total)
			}
		})
	}
}
