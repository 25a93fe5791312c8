//go:build !race

// Without the race detector, which makes this ten times as long and has nothing to
// see here: the simulator has no goroutines, and the real services run under it in
// packages scenarios and runner. .ci/run runs this package once more without it.

package predict

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
	"crosstalk/internal/seeded"
	"crosstalk/internal/setting"
	"crosstalk/internal/theory"
)

// batches is in how many parts a run is cut: what they differ by tells how far
// the whole may be from what is expected, also where its requests depend on each
// other (Law, Simulation Modeling and Analysis, ch. 9: batch means).
const batches = 25

// sigmas is how many standard errors of that a figure may be off. The batches
// give Student's t with 24 degrees of freedom: 1 figure in 10,000 is off by more.
const sigmas = 4.7

// observation is what came out of a simulation, batch by batch.
type observation struct {
	prediction theory.Prediction
	requests   [batches]float64
	failures   [batches]float64
	latency    [batches]float64 // sum
	stale      [batches]float64
	below      [len(shares)][batches]float64 // successes not above a predicted quantile
	under      [len(shares)][batches]float64 // and well below it
}

// observe simulates, and counts around the quantiles that theory has. A closed
// form is as fine as its grid: room is how far two steps are.
func observe(t *testing.T, e *experiment.Experiment, scenario string, theory theory.Prediction, room float64) *observation {
	t.Helper()
	o := &observation{}
	length := time.Duration(e.Duration)
	q := theory.Latency
	at := [len(shares)]float64{q.P50, q.P75, q.P90, q.P99, q.P999, q.P9999}
	o.prediction = simulate(t, e, scenario, Options{Requests: -1, Each: func(r Row) {
		if r.ID < 0 {
			return
		}
		b := int(int64(r.Due) * batches / int64(length))
		o.requests[b]++
		if r.Code != codes.OK {
			o.failures[b]++
			return
		}
		took := (r.Done - r.Due).Seconds()
		o.latency[b] += took
		if r.Stale {
			o.stale[b]++
		}
		for i, v := range at {
			if took <= v+room {
				o.below[i][b]++
			}
			if took < v-room {
				o.under[i][b]++
			}
		}
	}})
	return o
}

func (o *observation) answers() (out [batches]float64) {
	for i := range out {
		out[i] = o.requests[i] - o.failures[i]
	}
	return out
}

// ratio is Σa/Σb with its standard error over the batches.
func ratio(a, b [batches]float64) (value, spread float64) {
	var as, bs float64
	for i := range a {
		as, bs = as+a[i], bs+b[i]
	}
	value = as / bs
	sum := 0.0
	for i := range a {
		d := a[i] - value*b[i]
		sum += d * d
	}
	return value, math.Sqrt(sum*batches/(batches-1)) / bs
}

func (o *observation) compare(t *testing.T, theory theory.Prediction) {
	t.Helper()
	check := func(what string, want, slack float64, a, b [batches]float64) {
		got, spread := ratio(a, b)
		// A share that is never seen has no spread, and may still be a few in n.
		within(t, what, got, want, sigmas*spread+slack)
	}
	answers := o.answers()
	rare := 12 / sum(o.requests)
	check("error rate", theory.ErrorRate, rare, o.failures, o.requests)
	check("mean latency", theory.Latency.Mean, 1e-6, o.latency, answers)
	check("stale share", theory.StaleShare, rare, o.stale, answers)
	for i, share := range shares {
		got, spread := ratio(o.below[i], answers)
		if got < share-sigmas*spread-rare {
			t.Errorf("%v of the answers are within the predicted quantile %v", got, share)
		}
		if got, spread = ratio(o.under[i], answers); got > share+sigmas*spread+rare {
			t.Errorf("%v of the answers are below the predicted quantile %v", got, share)
		}
	}
	for need, want := range theory.TriesPerRequest {
		within(t, "tries of "+need, o.prediction.TriesPerRequest[need], want, 0.02*want)
	}
}

func sum(a [batches]float64) (out float64) {
	for _, v := range a {
		out += v
	}
	return out
}

// Theory and simulation are two ways to the same figures: for settings that a
// seeded generator chooses, in every scenario.
func TestTheoryAndSimulationAgree(t *testing.T) {
	t.Parallel()
	const settings = 20
	for n := range settings {
		g := generator{seeded.NewStream(20261125, "settings", uint64(n))}
		e, text := g.experiment(t)
		for i, scenario := range allScenarios {
			if !Long && i != n%len(allScenarios) {
				continue
			}
			t.Run(fmt.Sprintf("%d %s", n, scenario), func(t *testing.T) {
				t.Parallel()
				theory := calculated(t, e, scenario)
				o := observe(t, e, scenario, theory, 2*time.Duration(e.Timeout).Seconds()/cells)
				o.compare(t, theory)
				if t.Failed() {
					t.Logf("%s\ntheory     %+v\nsimulation %+v", text, theory, o.prediction)
				}
			})
		}
	}
}

// The same for copies: lag, share and age of what is stale. One burst of changes
// holds up all behind it, so the batches are runs with seeds of their own. The ages
// have a long tail, which a few runs rarely show all of: 2 % are left for that.
func TestTheoryAndSimulationAgreeOnCopies(t *testing.T) {
	t.Parallel()
	const settings = 12
	for n := range settings {
		g := generator{seeded.NewStream(20261126, "copies", uint64(n))}
		e, text := g.copies(t)
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			theory := calculated(t, e, "async-replicated")
			var lag, changes, age, stale, answers [batches]float64
			for i := range batches {
				e.Seed = setting.Seed(g.Next())
				p := simulate(t, e, "async-replicated", Options{Requests: -1})
				changes[i], lag[i] = float64(p.ChangesSimulated), p.ReplicationLag.Mean*float64(p.ChangesSimulated)
				answers[i] = float64(p.RequestsSimulated)
				stale[i] = p.StaleShare * answers[i]
				if p.Staleness != nil {
					age[i] = p.Staleness.Mean * stale[i]
				}
			}
			for _, c := range []struct {
				what string
				want float64
				a, b [batches]float64
			}{
				{"mean lag", theory.ReplicationLag.Mean, lag, changes},
				{"stale share", theory.StaleShare, stale, answers},
				{"mean age", theory.Staleness.Mean, age, stale},
			} {
				got, spread := ratio(c.a, c.b)
				within(t, c.what, got, c.want, sigmas*spread+0.02*c.want)
			}
			if t.Failed() {
				t.Logf("%s\n%+v", text, theory)
			}
		})
	}
}

// generator chooses settings.
type generator struct{ *seeded.Stream }

func (g generator) one(of ...string) string { return of[int(g.Unit()*float64(len(of)))] }

func (g generator) experiment(t *testing.T) (*experiment.Experiment, string) {
	depth, width := 1+int(g.Unit()*3), 1+int(g.Unit()*3)
	settings := []string{
		"latency", g.one("none", "5ms", "exponential(4ms)", "lognormal(3ms,20ms)", "uniform(1ms,9ms)", "pareto(1ms,2.5)", "2ms:30,15ms:5"),
		"fail-rate", g.one("0", "1%", "5%", "UNAVAILABLE:3%,PERMISSION_DENIED:2%", "20%"),
		"hang-rate", g.one("0", "0", "0.5%"),
		"fanout", g.one("parallel", "sequential"),
		"policy", g.one("none", "retry=1", "timeout=30ms retry=2 backoff=2ms..8ms", "timeout=25ms", "retry=3 backoff=5ms"),
		"rate", g.one("200", "500", "1000"),
		"write-rate", g.one("10%", "30", "100"),
		"keys", g.one("1", "20", "200"),
		"timeout", g.one("300ms", "1s"),
		"duration", "20s", "seed", fmt.Sprint(g.Next() % 1000),
	}
	e := asked(t)
	e.Services = tree(depth, width)
	set(t, e, settings...)
	return e, fmt.Sprintf("depth %d, width %d, %s", depth, width, strings.Join(settings, " "))
}

// tree is a graph in which D has width needs, and each of those a chain below it.
func tree(depth, width int) []experiment.Service {
	services := []experiment.Service{{Name: "D"}}
	for w := range width {
		above := 0
		for d := range depth {
			name := fmt.Sprintf("S%d-%d", w, d)
			services[above].Needs = append(services[above].Needs, experiment.Need{Service: name})
			above = len(services)
			services = append(services, experiment.Service{Name: name})
		}
	}
	return services
}

// copies chooses settings in which answers get old.
func (g generator) copies(t *testing.T) (*experiment.Experiment, string) {
	settings := []string{
		"latency", g.one("5ms", "exponential(4ms)", "lognormal(3ms,20ms)", "uniform(1ms,9ms)", "2ms:30,15ms:5", "A=20ms,B=exponential(2ms)"),
		"fail-rate", g.one("0", "1%", "3%", "B=4%"),
		"hang-rate", g.one("0", "0", "0.5%"),
		"write-rate", g.one("100", "200", "500"),
		"keys", g.one("1", "5", "20"),
		"rate", "500", "timeout", "200ms", "duration", "10s",
	}
	e := asked(t, settings...)
	return e, strings.Join(settings, " ")
}
