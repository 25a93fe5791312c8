//go:build !race

// Without the race detector, which makes this ten times as long and has nothing to
// see here: the simulator has no goroutines, and the real services run under it in
// packages scenarios and runner. .ci/run runs this package once more without it.

package predict_test

import (
	"cmp"
	"encoding/csv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/load"
	"crosstalk/internal/predict"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/simnet"
	"crosstalk/internal/theory"
	"crosstalk/scenarios"
)

// asked returns a short experiment with settings by name and value, and its graph
// if one is given.
func asked(t testing.TB, services []experiment.Service, settings ...string) *experiment.Experiment {
	t.Helper()
	e := experiment.Default()
	if services != nil {
		e.Services = services
	}
	settings = append([]string{"store", "memory", "rate", "70", "duration", "4s", "warmup", "1s", "keys", "5"}, settings...)
	for i := 0; i < len(settings); i += 2 {
		j := slices.IndexFunc(e.Settings(), func(s experiment.Setting) bool { return s.Name == settings[i] })
		if j < 0 {
			t.Fatalf("there is no setting %s", settings[i])
		}
		if err := e.Settings()[j].Value.UnmarshalText([]byte(settings[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		t.Fatal(err)
	}
	return &e
}

// line is what is known of a request: latency to the nanosecond, the code, and
// what the oracle says.
type line struct {
	latency float64
	code    string
	stale   bool
	age     float64
}

// measured carries the experiment out with the real services, under a fake clock.
func measured(t *testing.T, scenario string, e *experiment.Experiment) (map[int64]line, *result.Run) {
	t.Helper()
	dir := t.TempDir()
	var run *result.Run
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName(scenario)
		var err error
		run, err = runner.Run(t.Context(), s, e, dir, runner.Options{
			Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer, Samples: true,
		})
		if err != nil {
			t.Error(err)
		}
	})
	return samples(t, filepath.Join(dir, scenario, result.SamplesFile)), run
}

func samples(t *testing.T, path string) map[int64]line {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[int64]line)
	for _, row := range rows[1:] {
		number := func(i int) float64 {
			v, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		nanos := time.Duration(number(3)*1e9+0.5) - time.Duration(number(1)*1e9+0.5)
		out[int64(number(0))] = line{nanos.Seconds(), row[4], row[5] == result.Stale.String(), number(6)}
	}
	return out
}

func simulated(t *testing.T, e *experiment.Experiment, scenario string) (map[int64]line, theory.Prediction) {
	out := make(map[int64]line)
	p, err := predict.Simulate(t.Context(), e, scenario, predict.Options{Requests: -1, Each: func(r predict.Row) {
		out[r.ID] = line{(r.Done - r.Due).Seconds(), fault.CodeName(r.Code), r.Stale, r.Age.Seconds()}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out, p
}

// differences counts the requests that the two do not agree
// about, and shows the first few.
func differences(t *testing.T, real, theory map[int64]line) int {
	t.Helper()
	n := 0
	for _, id := range slices.SortedFunc(maps.Keys(real), func(a, b int64) int { return cmp.Compare(order(a), order(b)) }) {
		r := real[id]
		if p := theory[id]; !near(r.latency, p.latency) || r.code != p.code || r.stale != p.stale || !near(r.age, p.age) {
			if n++; n <= 5 {
				t.Logf("request %d: really %+v, simulated %+v", id, r, p)
			}
		}
	}
	return n
}

// order is that in which requests are due: those of the warm-up count downwards.
func order(id int64) int64 {
	if id < 0 {
		return math.MinInt64 - id
	}
	return id
}

func near(a, b float64) bool { return a-b < 2e-9 && b-a < 2e-9 }

var deep = []experiment.Service{
	{Name: "D", Needs: []experiment.Need{{Service: "A"}, {Service: "B"}}},
	{Name: "A", Needs: []experiment.Need{{Service: "X"}, {Service: "Y"}}},
	{Name: "B", Needs: []experiment.Need{{Service: "Y"}}},
	{Name: "X"}, {Name: "Y"},
}

// The simulation is the real thing: request by request, to the nanosecond, queues for
// workers too. What is allowed to differ is what a real run leaves to chance, and so
// cannot be simulated: at the end of a freeze all that waited for it wakes up at one
// moment, and so do those that publish at the end of an outage of the bus. Which of them
// comes first to the workers, or to the records, is the Go scheduler's choice, and
// another one in each run; who comes behind them in a queue is late by it.
func TestSimulationIsTheRealThing(t *testing.T) {
	// Where D has copies of all, there is nobody to be tried again, to be hedged or to be
	// waited for: one case of policies is enough to show that.
	calls := []string{"sync", "async-request", "monolith"}
	cases := map[string]struct {
		services  []experiment.Service
		settings  []string
		scenarios []string // all, unless given
		allowed   int
	}{
		"the default":      {},
		"sequential":       {settings: []string{"fanout", "sequential", "fail-rate", "5%"}},
		"failures":         {settings: []string{"fail-rate", "A=5%,B=PERMISSION_DENIED:3%,C=INTERNAL:2%", "hang-rate", "1%"}},
		"depth":            {services: deep, settings: []string{"fail-rate", "3%"}},
		"slow, for a time": {settings: []string{"fault", "B:slow=10@1s+1s;C:delay=20ms@2s+1s;A:abort=50%@3s+500ms"}},
		"databases":        {settings: []string{"fault", "D.store:delay=exponential(2ms);A.store:abort=3%;D.store:abort=1%;A.store:delay=1ms"}},
		"workers":          {settings: []string{"workers", "A=2,B=1,queue=5", "latency", "exponential(7ms)", "fail-rate", "3%"}},
		"workers of D":     {scenarios: calls, settings: []string{"workers", "A=2,B=2,D=6,queue=20", "latency", "exponential(9ms)"}},
		"workers, hedge":   {scenarios: calls, settings: []string{"workers", "A=2", "latency", "exponential(8ms)", "policy", "hedge=p90"}},
		"bus outage":       {allowed: 15, settings: []string{"fault", "bus:outage@1s+500ms"}, scenarios: []string{"async-request", "async-replicated"}},
		"bus, rebalanced":  {settings: []string{"fault", "bus:rebalance@1s+200ms"}, scenarios: []string{"async-request", "async-replicated"}},
		"freeze, workers":  {allowed: 60, settings: []string{"workers", "B=3,queue=10", "fault", "B:freeze@1s+300ms"}},
		"outage, retries":  {scenarios: calls, settings: []string{"outage", "B@1s+1s", "policy", "timeout=100ms retry=2 backoff=20ms"}},
		"retries":          {settings: []string{"fail-rate", "20%", "policy", "timeout=20ms retry=3 backoff=2ms..5ms"}},
		"retries, deeper":  {scenarios: calls, services: deep, settings: []string{"fail-rate", "15%", "policy", "retry=1,A=timeout=30ms retry=2 backoff=3ms"}},
		"budget":           {scenarios: calls, settings: []string{"fail-rate", "40%", "policy", "timeout=40ms retry=3 backoff=5ms..20ms budget=20%"}},
		"breaker":          {scenarios: calls, settings: []string{"fail-rate", "30%", "policy", "breaker=50%/10/300ms"}},
		"breaker, retry":   {scenarios: calls, settings: []string{"fail-rate", "40%", "policy", "timeout=60ms breaker=60%/10/200ms retry=2 backoff=7ms"}},
		"hedge":            {scenarios: calls, settings: []string{"fail-rate", "5%", "policy", "hedge=12ms"}},
		"hedge, learned":   {scenarios: calls, settings: []string{"policy", "hedge=p90"}},
		"hedge, budget":    {scenarios: calls, settings: []string{"policy", "hedge=p90 budget=10%"}},
		"all of it":        {settings: []string{"fail-rate", "20%", "policy", "timeout=50ms retry=2 backoff=3ms budget=30% hedge=15ms breaker=70%/20/100ms"}},
		"fallback":         {scenarios: calls, settings: []string{"fail-rate", "10%", "policy", "timeout=40ms fallback=last-known"}},
		"freeze":           {allowed: 20, settings: []string{"fault", "B:freeze@1s+300ms;D:freeze@2s+200ms"}},
		"outage":           {settings: []string{"outage", "B@1s+1s,D@3s+300ms"}},
		"bus":              {settings: []string{"fault", "bus:drop=2%;bus:duplicate=5%;A.events:poison=2%"}, scenarios: []string{"async-request", "async-replicated"}},
		"bus, delayed":     {settings: []string{"fault", "bus:delay=exponential(3ms)"}, scenarios: []string{"async-request", "async-replicated"}},
		"bus, reordered":   {settings: []string{"fault", "bus:reorder=5%"}, scenarios: []string{"async-request", "async-replicated"}},
		"bus, stalled":     {settings: []string{"fault", "bus:stall@1s+500ms"}, scenarios: []string{"async-request", "async-replicated"}},
	}
	for n, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		if c.scenarios == nil {
			c.scenarios = scenarios.Names()
		}
		if !predict.Long {
			c.scenarios = c.scenarios[n%len(c.scenarios):][:1]
		}
		for _, scenario := range c.scenarios {
			t.Run(name+"/"+scenario, func(t *testing.T) {
				t.Parallel()
				e := asked(t, c.services, c.settings...)
				real, run := measured(t, scenario, e)
				theory, p := simulated(t, e, scenario)
				if len(real) == 0 {
					t.Fatal("nothing was measured")
				}
				n := differences(t, real, theory)
				t.Logf("%d of %d requests differ", n, len(real))
				if n > c.allowed {
					t.Errorf("%d of %d requests differ", n, len(real))
				}
				if p.ReplicationLag == nil {
					return
				}
				t.Logf("lag: really %d, p50 %v, mean %v; simulated %d, p50 %v, mean %v", run.ReplicationLag.Count, run.ReplicationLag.P50, run.ReplicationLag.Mean, p.ChangesSimulated, p.ReplicationLag.P50, p.ReplicationLag.Mean)
			})
		}
	}
}
