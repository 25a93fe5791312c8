package predict

import (
	"context"
	"errors"
	"testing"

	"crosstalk/internal/experiment"
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
			ctx, cancel := context.WithCancel(t.Context())
			called := 0
			_, err := Of(ctx, e, c.scenario, Options{Progress: func(float64) {
				if called++; called == 2 {
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) || called < 2 || called > 5000 {
				t.Errorf("%v after %d looks at the context", err, called)
			}
		})
	}
}

// The share that is done grows to about 1.
func TestProgress(t *testing.T) {
	for name, settings := range map[string][]string{
		"open":    {"workers", "8", "rate", "200"},
		"closed":  nil,
		"retries": {"fail-rate", "90%", "policy", "retry=9", "workers", "100"},
	} {
		t.Run(name, func(t *testing.T) {
			e := wide(t, append(settings, "duration", "5s")...)
			if settings == nil {
				e.Rate, e.Concurrency = 0, 4
			}
			last := 0.0
			if _, err := Simulate(t.Context(), e, "sync", Options{Progress: func(share float64) {
				if share < last || share > 1 {
					t.Fatalf("%v follows %v", share, last)
				}
				last = share
			}}); err != nil {
				t.Fatal(err)
			}
			if last < 0.9 {
				t.Errorf("the last share was %v", last)
			}
		})
	}
}

// Tries that fail and are tried again are visits too: the simulation is as long as
// was foreseen for the graph, and says for what time that was.
func TestRetriesShortenASimulation(t *testing.T) {
	e := asked(t, "rate", "1000", "duration", "20s", "warmup", "0s", "latency", "none", "fail-rate", "90%", "policy", "retry=9 breaker=100%/10000/1s")
	s := newSimulation(newGraph(e, "sync"), Options{})
	s.foreseen = 50_000
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := s.prediction()
	if s.tried > 60_000 || p.Requests < fewestRequests || p.SimulatedSeconds >= 10 {
		t.Errorf("%d tries for %d requests in %v s", s.tried, p.Requests, p.SimulatedSeconds)
	}
	within(t, "requests a second", float64(p.Requests)/p.SimulatedSeconds, 1000, 50)
}
