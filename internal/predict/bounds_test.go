//go:build !race

package predict

import (
	"context"
	"errors"
	"testing"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/setting"
)

// wide is a tree whose visits meet what has deadlines: queues for workers, events
// that may be lost, hedges.
func wide(t testing.TB, settings ...string) *experiment.Experiment {
	t.Helper()
	e := asked(t, "timeout", "60s", "latency", "exponential(5ms)", "write-rate", "0", "warmup", "0s", "rate", "100", "duration", "10s")
	e.Services = experiment.Tree(100, 1)
	set(t, e, settings...)
	return e
}

// What is planned is what is under way, however long the deadline of what is over
// would still have taken: the simulation keeps nothing else of a request.
func TestWhatIsOverIsNotKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scenario string
		settings []string
	}{
		"workers": {"sync", []string{"workers", "1"}},
		"events":  {"async-request", []string{"fault", "bus:delay=1ms"}},
		"hedges":  {"sync", []string{"policy", "hedge=50s"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := wide(t, c.settings...)
			most, visits := 0, 0
			var s *simulation
			s = newSimulation(newGraph(e, c.scenario), Options{Requests: -1, Each: func(Row) {
				most = max(most, len(s.events))
				visits++
			}})
			if err := s.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if visits < 900 {
				t.Fatalf("%d requests", visits)
			}
			// Of 100,000 visits, those of some ten requests at a time.
			if limit := 5_000; most > limit {
				t.Errorf("%d events were planned at once, more than %d", most, limit)
			}
		})
	}
}

// Whatever is asked for, a prediction ends when its context does.
func TestPredictionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scenario string
		settings []string
	}{
		"closed form":                 {"sync", []string{"fail-rate", "1%"}},
		"closed form of copies":       {"async-replicated", []string{"write-rate", "100"}},
		"simulation":                  {"sync", []string{"workers", "8"}},
		"simulation of a closed loop": {"sync", nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := wide(t, c.settings...)
			if c.settings == nil {
				e.Rate, e.Concurrency = 0, 4
			}
			looks := func(until int) (n int, err error) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, err = Of(ctx, e, c.scenario, Options{Progress: func(float64) {
					if n++; n == until {
						cancel()
					}
				}})
				return n, err
			}
			all, err := looks(-1)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := looks(2); !errors.Is(err, context.Canceled) || n < 2 || n > all/3 {
				t.Errorf("%v after %d looks at the context, of %d", err, n, all)
			}
		})
	}
}

// growing follows a share that is done, which grows to about 1, and not at one bound.
type growing struct{ last float64 }

func (g *growing) follow(t *testing.T) func(share float64) {
	t.Cleanup(func() {
		if g.last < 0.9 {
			t.Errorf("the last share was %v", g.last)
		}
	})
	return func(share float64) {
		if share < g.last || share > min(g.last+0.2, 1) {
			t.Errorf("%v follows %v", share, g.last)
		}
		g.last = share
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"open":   {"workers", "8", "rate", "200"},
		"closed": nil, // ended by the number of its requests
	} {
		t.Run(name, func(t *testing.T) {
			e := wide(t, append(settings, "duration", "5s")...)
			if settings == nil {
				e.Rate, e.Concurrency, e.Duration = 0, 4, setting.Duration(time.Hour)
			}
			var g growing
			simulate(t, e, "sync", Options{Progress: g.follow(t)})
		})
	}
}

// Tries that fail and are tried again are visits too: the simulation is as long as
// was foreseen for the graph, and says for what time that was.
func TestRetriesShortenASimulation(t *testing.T) {
	e := asked(t, "rate", "1000", "duration", "20s", "warmup", "0s", "latency", "none", "fail-rate", "90%", "policy", "retry=9 breaker=100%/10000/1s")
	var g growing
	s := newSimulation(newGraph(e, "sync"), Options{Progress: g.follow(t)})
	s.foreseen = 150_000
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := s.prediction()
	if s.tried > 160_000 || p.RequestsSimulated < fewestRequests || p.SimulatedSeconds >= 10 {
		t.Errorf("%d tries for %d requests in %v s", s.tried, p.RequestsSimulated, p.SimulatedSeconds)
	}
	within(t, "requests a second", float64(p.RequestsSimulated)/p.SimulatedSeconds, 1000, 50)
}
