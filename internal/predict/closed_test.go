//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/theory"
)

// asked returns the default experiment with settings by name and value.
func asked(t testing.TB, settings ...string) *experiment.Experiment {
	t.Helper()
	e := experiment.Default()
	set(t, &e, settings...)
	return &e
}

func set(t testing.TB, e *experiment.Experiment, settings ...string) {
	t.Helper()
	byName := make(map[string]experiment.Text)
	for _, s := range e.Settings() {
		byName[s.Name] = s.Value
	}
	for i := 0; i < len(settings); i += 2 {
		if byName[settings[i]] == nil {
			t.Fatalf("there is no setting %s", settings[i])
		}
		if err := byName[settings[i]].UnmarshalText([]byte(settings[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Validate(allScenarios, func(s string) bool { return s != "monolith" }); err != nil {
		t.Fatal(err)
	}
}

var allScenarios = []string{"sync", "async-request", "async-replicated", "monolith"}

// calculated is the closed form of what must have one.
func calculated(t testing.TB, e *experiment.Experiment, scenario string) theory.Prediction {
	t.Helper()
	p, why, err := Closed(t.Context(), e, scenario, Options{})
	if why != "" || err != nil {
		t.Fatalf("there is no closed form: %s (%v)", why, err)
	}
	return p
}

// simulate is a simulation that nothing ends.
func simulate(t testing.TB, e *experiment.Experiment, scenario string, o Options) theory.Prediction {
	t.Helper()
	p, err := Simulate(t.Context(), e, scenario, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func predicted(t testing.TB, e *experiment.Experiment, scenario string) theory.Prediction {
	t.Helper()
	p, err := Of(t.Context(), e, scenario, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func within(t testing.TB, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, want %v within %v", what, got, want, within)
	}
}

// What is certain is predicted exactly, by both methods.
func TestCertaintiesAreExact(t *testing.T) {
	for _, c := range []struct {
		scenario string
		settings string
		latency  float64
	}{
		{"sync", "", 0.03},
		{"async-request", "", 0.03},
		{"monolith", "", 0.03},
		{"async-replicated", "", 0},
		{"sync", "fanout sequential", 0.06},
		{"async-request", "fanout sequential", 0.06},
		{"sync", "fault B:slow=2", 0.04},
		{"sync", "fault D:delay=7ms", 0.037},
		{"sync", "fault A.store:delay=25ms", 0.035},
		{"monolith", "fault A.store:delay=25ms", 0.055},
	} {
		t.Run(c.scenario+" "+c.settings, func(t *testing.T) {
			e := asked(t, append([]string{"latency", "A=10ms,B=20ms,C=30ms"}, strings.Fields(c.settings)...)...)
			want := *quantilesOf([len(shares)]float64{c.latency, c.latency, c.latency, c.latency, c.latency, c.latency}, c.latency)
			for _, p := range []theory.Prediction{calculated(t, e, c.scenario), simulate(t, e, c.scenario, Options{})} {
				if round(*p.Latency) != want || p.ErrorRate != 0 {
					t.Errorf("%s: %+v and errors %v, want %v and none", p.Method, p.Latency, p.ErrorRate, c.latency)
				}
			}
		})
	}
}

// round leaves out what is below a picosecond.
func round(q theory.Quantiles) theory.Quantiles {
	for _, v := range []*float64{&q.P50, &q.P75, &q.P90, &q.P99, &q.P999, &q.P9999, &q.Mean} {
		*v = math.Round(*v*1e12) / 1e12
	}
	return q
}

func TestErrorsAreOneLessTheProduct(t *testing.T) {
	rates := "A=1%,B=10%,C=UNAVAILABLE:20%,C=INTERNAL:5%"
	rates = strings.Replace(rates, ",C=INTERNAL", ",INTERNAL", 1)
	e := asked(t, "latency", "none", "fail-rate", rates, "hang-rate", "B=2%")
	want := 1 - 0.99*0.9*0.75*0.98
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		within(t, scenario, calculated(t, e, scenario).ErrorRate, want, 1e-12)
	}
	within(t, "async-replicated", calculated(t, e, "async-replicated").ErrorRate, 0, 0)
	set(t, e, "fault", "bus:drop=1%;A.events:poison=3%;D.events:poison=2%")
	lost := math.Pow(0.99, 6) * math.Pow(0.98, 3) * 0.97
	within(t, "events that are lost", calculated(t, e, "async-request").ErrorRate, 1-(1-want)*lost, 1e-12)
}

// Where no success is to be expected, there is no latency: not one of 0.
func TestNoSuccessHasNoLatency(t *testing.T) {
	e := asked(t, "fail-rate", "100%", "duration", "2s")
	for _, p := range []theory.Prediction{calculated(t, e, "sync"), simulate(t, e, "sync", Options{})} {
		data, err := json.Marshal(p)
		if p.ErrorRate != 1 || p.Latency != nil || err != nil || !strings.Contains(string(data), `"latency_seconds":null`) {
			t.Errorf("%s (%v)", data, err)
		}
	}
}

// A retry squares the rate, and the tries of a need are 1 + p, less those that a
// sibling's failure for good has made pointless.
func TestRetries(t *testing.T) {
	e := asked(t, "latency", "A=10ms,B=none,C=none", "fail-rate", "A=10%", "policy", "retry=1 backoff=5ms")
	p := calculated(t, e, "sync")
	within(t, "error rate", p.ErrorRate, 0.01, 1e-12)
	within(t, "tries of A", p.TriesPerRequest["D→A"], 1.1, 1e-12)
	within(t, "tries of B", p.TriesPerRequest["D→B"], 1, 1e-12)
	within(t, "p50", p.Latency.P50, 0.010, 1e-12)
	within(t, "p99", p.Latency.P99, 0.025, 1e-12)
	within(t, "mean", p.Latency.Mean, (0.9*0.010+0.09*0.025)/0.99, 1e-12)
	set(t, e, "fail-rate", "A=10%,B=20%", "policy", "D=none")
	e.Services[0].Needs[0].Policy = &e.Policy.Default
	set(t, e, "policy", "retry=1 backoff=5ms,D=none")
	p = calculated(t, e, "sync")
	within(t, "tries of A beside B", p.TriesPerRequest["D→A"], 1+0.1*0.8, 1e-12)
}

// A timeout of 20 ms on an exponential work of 10 ms fails exp(−2) of the tries.
func TestTimeouts(t *testing.T) {
	e := asked(t, "latency", "A=exponential(10ms)", "policy", "timeout=20ms")
	late := math.Exp(-2)
	within(t, "one try", calculated(t, e, "sync").ErrorRate, late, 1e-4)
	set(t, e, "policy", "timeout=20ms retry=2")
	p := calculated(t, e, "sync")
	within(t, "three tries", p.ErrorRate, late*late*late, 1e-4)
	within(t, "their number", p.TriesPerRequest["D→A"], 1+late+late*late, 1e-3)
	// A need that is not retried is one whose code says that it is pointless.
	set(t, e, "latency", "none", "fail-rate", "A=PERMISSION_DENIED:10%")
	within(t, "for good", calculated(t, e, "sync").ErrorRate, 0.1, 1e-12)
}

// The largest and the sum of exponential latencies have known means: H(n)/μ and
// n/μ; the quantiles of the largest are known too.
func TestOrderStatisticsAndSums(t *testing.T) {
	e := asked(t, "latency", "exponential(10ms)", "timeout", "10s")
	p := calculated(t, e, "sync")
	within(t, "mean of the largest of 3", p.Latency.Mean, 0.010*(1+1/2.0+1/3.0), 0.0003)
	for share, got := range map[float64]float64{0.5: p.Latency.P50, 0.99: p.Latency.P99, 0.9999: p.Latency.P9999} {
		within(t, fmt.Sprint("quantile ", share), got, -0.010*math.Log(1-math.Pow(share, 1/3.0)), 0.0001)
	}
	set(t, e, "fanout", "sequential")
	within(t, "mean of the sum of 3", calculated(t, e, "sync").Latency.Mean, 0.030, 1e-8)
}

// Constant work of the owners is the lag of each change, and with changes of a key
// at rate λ, P(stale) = 1 − exp(−λ Σ Lᵢ): M/G/∞ exactly, since none overtakes.
func TestStalenessOfConstantLags(t *testing.T) {
	e := asked(t, "latency", "A=10ms,B=20ms,C=30ms", "write-rate", "300", "keys", "10")
	p := calculated(t, e, "async-replicated")
	within(t, "stale share", p.StaleShare, 1-math.Exp(-10*0.060), 1e-3)
	within(t, "lag p50", p.ReplicationLag.P50, 0.020, 1e-4)
	within(t, "mean lag", p.ReplicationLag.Mean, 0.020, 1e-4)
	if p.Staleness.P9999 > 0.030+1e-9 {
		t.Errorf("no answer can be older than 30 ms, but one is %v", p.Staleness.P9999)
	}
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		if p := calculated(t, e, scenario); p.StaleShare != 0 || p.ReplicationLag != nil {
			t.Errorf("%s: %+v without a copy", scenario, p)
		}
	}
}

// Errors of discretisation would add up over a thousand hops.
func TestDeepAndWide(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	begin := time.Now()
	chain := asked(t, "latency", "exponential(5ms)", "timeout", "60s")
	chain.Services = chainOf(1000)
	p := calculated(t, chain, "sync")
	within(t, "mean of a chain of 1000", p.Latency.Mean, 5, 1e-4)
	within(t, "median of a chain of 1000", p.Latency.P50, 5-0.005/3, 0.001)
	set(t, chain, "fail-rate", "0.1%", "latency", "5ms")
	p = calculated(t, chain, "sync")
	within(t, "errors of a chain of 1000", p.ErrorRate, 1-math.Pow(0.999, 1000), 1e-9)
	within(t, "a certain chain", p.Latency.Mean, 5, 1e-9)

	wide := asked(t, "latency", "exponential(5ms)", "fail-rate", "0.1%")
	wide.Services = fanOf(1000)
	p = calculated(t, wide, "sync")
	within(t, "errors of a fan of 1000", p.ErrorRate, 1-math.Pow(0.999, 1000), 1e-9)
	within(t, "median of the largest of 1000", p.Latency.P50, -0.005*math.Log(1-math.Pow(0.5, 0.001)), 0.0001)
	p = simulate(t, wide, "sync", Options{Requests: 500})
	within(t, "errors of a fan, simulated", p.ErrorRate, 1-math.Pow(0.999, 1000), 4*math.Sqrt(0.24/float64(p.RequestsSimulated)))
	p = simulate(t, chain, "sync", Options{Requests: 20})
	within(t, "a certain chain, simulated", p.Latency.Mean, 5, 1e-9)
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

// chainOf is n services below D, each the only need of the one before it.
func chainOf(n int) []experiment.Service {
	services := []experiment.Service{{Name: "D"}}
	for i := range n {
		name := fmt.Sprint("S", i)
		services[i].Needs = []experiment.Need{{Service: name}}
		services = append(services, experiment.Service{Name: name})
	}
	return services
}

// fanOf is n needs of D.
func fanOf(n int) []experiment.Service {
	services := []experiment.Service{{Name: "D"}}
	for i := range n {
		name := fmt.Sprint("S", i)
		services[0].Needs = append(services[0].Needs, experiment.Need{Service: name})
		services = append(services, experiment.Service{Name: name})
	}
	return services
}

// Of says which method it has used, and what made it simulate.
func TestMethod(t *testing.T) {
	for _, c := range []struct{ scenario, settings, why string }{
		{"sync", "", ""},
		{"sync", "policy=timeout=50ms retry=3", ""},
		{"sync", "fault=bus:delay=5ms", ""},
		{"sync", "fault=bus:drop=1%@1s+1s", ""},
		{"async-request", "fault=bus:drop=1%", ""},
		{"async-request", "fault=bus:delay=5ms", "order of events: bus:delay=5ms"},
		{"async-replicated", "fault=bus:drop=1%", "lost changes: bus:drop=1%"},
		{"async-replicated", "arrival=constant", "changes at constant intervals"},
		{"async-replicated", "fault=D.store:delay=1ms", "database that holds up changes"},
		{"async-replicated", "fault=D:delay=1ms", "copies that are read late"},
		{"sync", "workers=8", "workers of A"},
		{"sync", "workers=D=8", "workers of D"},
		{"sync", "policy=breaker=50%/20/5s", "breaker of D"},
		{"sync", "policy=hedge=p95", "hedge of D"},
		{"sync", "policy=fallback=last-known", "fallback of D"},
		{"sync", "policy=retry=2 budget=20%", "budget of D"},
		{"sync", "outage=B@1s+1s", "window of B:outage@1s+1s"},
		{"sync", "rate=0;concurrency=4", "closed loop"},
		{"sync", "max-in-flight=5", "the in-flight window may be full"},
	} {
		e := asked(t)
		if c.settings != "" {
			for setting := range strings.SplitSeq(c.settings, ";") {
				name, value, _ := strings.Cut(setting, "=")
				pairs := []string{name, value}
				if name == "rate" { // not valid without the concurrency
					e.Rate = 0
					continue
				}
				set(t, e, pairs...)
			}
		}
		set(t, e, "duration", "3s")
		p := predicted(t, e, c.scenario)
		if p.Why != c.why || (p.Method == ClosedForm) != (c.why == "") || p.Scenario != c.scenario {
			t.Errorf("%s %s: %s, %q, want %q", c.scenario, c.settings, p.Method, p.Why, c.why)
		}
	}
	diamond := asked(t)
	diamond.Services = []experiment.Service{
		{Name: "D", Needs: []experiment.Need{{Service: "A"}, {Service: "B"}}},
		{Name: "A", Needs: []experiment.Need{{Service: "X"}}}, {Name: "B", Needs: []experiment.Need{{Service: "X"}}}, {Name: "X"},
	}
	if p := predicted(t, diamond, "sync"); p.Why != "X is reached in two ways" {
		t.Errorf("%q", p.Why)
	}
	if p := predicted(t, diamond, "async-replicated"); p.Why != "" {
		t.Errorf("D reads its copies alone, but: %q", p.Why)
	}
}

// A way of linking that theory does not know has no prediction: not that of a call.
func TestUnknownScenario(t *testing.T) {
	linked := asked(t)
	linked.Services[0].Needs[1].Link = "telepathy"
	for name, c := range map[string]struct {
		e        *experiment.Experiment
		scenario string
	}{"of all needs": {asked(t), "telepathy"}, "of one": {linked, "sync"}} {
		for method, of := range map[string]func(context.Context, *experiment.Experiment, string, Options) (theory.Prediction, error){"either": Of, "simulation": Simulate} {
			p, err := of(t.Context(), c.e, c.scenario, Options{})
			var unknown Unsupported
			if !errors.As(err, &unknown) || unknown != `the scenario "telepathy"` || p.Method != "" {
				t.Errorf("%s, %s: %v, %+v", name, method, err, p)
			}
		}
	}
}

// A kind of fault with a window that the simulation does not carry out has no prediction:
// not that of a run without it.
func TestUnknownWindow(t *testing.T) {
	table := fault.Table
	fault.Table = append(table[:len(table):len(table)], fault.Definition{Kind: "nap", Parts: map[fault.Part]string{fault.Service: ""}})
	t.Cleanup(func() { fault.Table = table })
	e := asked(t, "fault", "A:nap@1s+1s")
	p, err := Of(t.Context(), e, "sync", Options{})
	if want := Unsupported("the fault A:nap@1s+1s"); err != want || p.Method != "" {
		t.Errorf("%v, %+v, want %v", err, p, want)
	}
}
