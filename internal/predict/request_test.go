//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import (
	"reflect"
	"testing"
)

// A request that is over leaves its place to the next one, which notices nothing.
func TestReuseChangesNothing(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"parallel":   {"fanout", "parallel"},
		"sequential": {"fanout", "sequential"},
		"outage":     {"outage", "S0-0@1s+1s"},
		"window":     {"max-in-flight", "20"},
		"database":   {"fault", "S0-0.store:delay=exponential(3ms);S1-0.store:abort=5%"},
	} {
		e := asked(t)
		e.Services = tree(3, 2)
		set(t, e, append([]string{"fail-rate", "10%", "hang-rate", "1%", "duration", "5s"}, settings...)...)
		for _, scenario := range allScenarios {
			simulated := func(reuses bool) (out []Row, s *simulation) {
				s = newSimulation(newGraph(e, scenario), Options{Requests: -1, Each: func(r Row) { out = append(out, r) }})
				s.reuses = s.reuses && reuses
				if err := s.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				return out, s
			}
			anew, _ := simulated(false)
			again, s := simulated(true)
			if !reflect.DeepEqual(anew, again) {
				t.Errorf("%s, %s: requests that are used again end differently", name, scenario)
			}
			if used := len(again) - len(s.spare); !s.lossy && (len(s.spare) == 0 || used < len(again)/2) {
				t.Errorf("%s, %s: of %d requests, %d are never used again", name, scenario, len(again), len(s.spare))
			}
		}
	}
}
