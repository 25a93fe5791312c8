//go:build !race

// Why not under the race detector: see agree_test.go.

package predict_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/predict"
	"crosstalk/internal/theory"
)

// sure is the confidence with which a test says that a figure is wrong: of 10,000 that
// are right, one is called wrong.
const sure = 0.9999

// queues are experiments of one queue, at three loads each.
var queues = []struct {
	model   string
	workers int
	queue   int
	latency string
}{
	{"M/M/1", 1, 100_000, "exponential(10ms)"},
	{"M/M/4", 4, 100_000, "exponential(10ms)"},
	{"M/D/1", 1, 100_000, "10ms"},
	{"M/G/1", 1, 100_000, "uniform(0ms,20ms)"},
	{"M/M/2/10", 2, 8, "exponential(10ms)"},
	{"M/G/1/5", 1, 4, "5ms:90,55ms:10"},
	{"M/G/3/3", 3, 0, "uniform(0ms,20ms)"},
}

// queueAt is one of them at a load, of about n requests.
func queueAt(t *testing.T, i int, load float64, n int) *experiment.Experiment {
	q, pair := queues[i], []experiment.Service{{Name: "D", Needs: []experiment.Need{{Service: "A"}}}, {Name: "A"}}
	rate := load * float64(q.workers) * 100
	warmup := time.Second // ten times what a queue at half its load takes to forget
	if load > 0.5 && n > 1000 {
		warmup = 20 * time.Second
	}
	return asked(t, pair, "latency", "A="+q.latency, "workers", fmt.Sprintf("A=%d,queue=%d", q.workers, q.queue), "rate", fmt.Sprint(rate),
		"write-rate", "0", "timeout", "100s", "max-in-flight", "100000", "warmup", warmup.String(),
		"duration", time.Duration(float64(n)/rate*1e9).String())
}

// agrees compares what requests took, in order, with the closed form, by the interval
// that they have themselves: their mean, less the work, and the share that was refused.
func agrees(t *testing.T, what string, lines map[int64]line, q theory.ServiceQueue) {
	t.Helper()
	var times []float64
	for _, id := range slices.SortedFunc(maps.Keys(lines), func(a, b int64) int { return cmp.Compare(a, b) }) {
		switch l := lines[id]; {
		case id < 0:
		case l.code == "OK":
			times = append(times, l.latency)
		case l.code == "RESOURCE_EXHAUSTED":
			times = append(times, -1)
		default:
			t.Fatalf("%s: request %d ended with %s", what, id, l.code)
		}
	}
	check := func(figure string, want, got, half float64, ok bool) {
		t.Helper()
		text := fmt.Sprintf("%s, %d requests: %s %.6g ± %.2g, by theory %.6g", what, len(times), figure, got, half, want)
		t.Log(text)
		if !ok || !(got-half <= want && want <= got+half) {
			t.Error(text)
		}
	}
	got, half, ok := predict.MeanOf(times, sure)
	check("mean time", q.MeanWait+0.010, got, half, ok)
	if q.RefusedShare*float64(len(times)) >= 100 { // fewer say nothing
		got, half, ok = predict.AbsentOf(times, sure)
		check("refused", q.RefusedShare, got, half, ok)
	}
}

// The simulation is the closed form of each queue, at loads up to where the wait is
// twenty times the work.
func TestSimulatedQueuesAreTheClosedForms(t *testing.T) {
	requests := map[float64]int{0.5: 10_000, 0.8: 30_000, 0.95: 100_000}
	for i, q := range queues {
		for load, n := range requests {
			t.Run(fmt.Sprint(q.model, " at ", load), func(t *testing.T) {
				t.Parallel()
				rows, p := simulated(t, queueAt(t, i, load, n), "sync")
				agrees(t, "simulated", rows, ofModel(t, p, q.model))
			})
		}
	}
}

// So are the real services under a fake clock. A load that needs many requests to show
// its mean is too dear for each test run: there, the simulation that was held against
// the closed form is held against the services, request by request. With
// CROSSTALK_LONG_QUEUES=1 the services are measured at all loads, in some five minutes.
func TestMeasuredQueuesAreTheClosedForms(t *testing.T) {
	requests := map[float64]int{0.5: 2_500, 0.8: 300, 0.95: 300}
	long := os.Getenv("CROSSTALK_LONG_QUEUES") != ""
	if long {
		requests = map[float64]int{0.5: 10_000, 0.8: 20_000, 0.95: 40_000}
	}
	for i, q := range queues {
		for load, n := range requests {
			t.Run(fmt.Sprint(q.model, " at ", load), func(t *testing.T) {
				t.Parallel()
				e := queueAt(t, i, load, n)
				rows, p := simulated(t, e, "monolith")
				real, _ := measured(t, "monolith", e)
				if n := differences(t, real, rows); n > 0 || len(real) != len(rows) {
					t.Errorf("%d of %d requests differ from %d simulated ones", n, len(real), len(rows))
				}
				if load == 0.5 || long {
					agrees(t, "measured", real, ofModel(t, p, q.model))
				}
			})
		}
	}
}

// ofModel is the one queue of a prediction.
func ofModel(t *testing.T, p theory.Prediction, model string) theory.ServiceQueue {
	t.Helper()
	if len(p.Queues) != 1 || p.Queues[0].Model != model {
		t.Fatalf("%+v, want %s alone", p.Queues, model)
	}
	return p.Queues[0]
}

// Only what is a textbook's queue has its closed form.
func TestModels(t *testing.T) {
	for name, c := range map[string]struct {
		scenario string
		settings []string
		want     string
	}{
		"each its own":        {"sync", []string{"workers", "2", "latency", "A=exponential(5ms),B=none,C=uniform(1ms,3ms)"}, "A M/M/2"},
		"a short queue":       {"sync", []string{"workers", "A=1,queue=3", "latency", "A=5ms"}, "A M/D/1/4"},
		"a longer one":        {"sync", []string{"workers", "A=1,queue=300", "latency", "A=5ms"}, "A M/D/1"},
		"over the bus":        {"async-request", []string{"workers", "A=1", "latency", "A=lognormal(5ms,20ms)"}, "A M/G/1"},
		"failures of its own": {"sync", []string{"workers", "A=1", "latency", "A=5ms", "fail-rate", "A=5%"}, "A M/D/1"},
		"in one process":      {"monolith", []string{"workers", "A=1", "latency", "A=5ms"}, "A M/D/1"},
		"deep":                {"sync", []string{"workers", "X=1", "latency", "A=exponential(9ms),X=5ms", "deep"}, "X M/D/1"},
		"two in a row":        {"sync", []string{"workers", "A=1,X=1", "latency", "5ms", "deep"}, ""},
		"reached twice":       {"sync", []string{"workers", "Y=1", "latency", "5ms", "deep"}, ""},
		"constant arrivals":   {"sync", []string{"workers", "A=1", "latency", "A=5ms", "arrival", "constant"}, ""},
		"a closed loop":       {"sync", []string{"workers", "A=1", "latency", "A=5ms", "closed"}, ""},
		"retries":             {"sync", []string{"workers", "A=1", "latency", "A=5ms", "policy", "retry=2"}, ""},
		"a hedge":             {"sync", []string{"workers", "A=1", "latency", "A=5ms", "policy", "hedge=20ms"}, ""},
		"a breaker":           {"sync", []string{"workers", "A=1", "latency", "A=5ms", "policy", "breaker=50%/20/5s"}, ""},
		"an outage":           {"sync", []string{"workers", "A=1", "latency", "A=5ms", "outage", "A@1s+1s"}, ""},
		"hangs":               {"sync", []string{"workers", "A=1", "latency", "A=5ms", "hang-rate", "A=1%"}, ""},
		"cut by a deadline":   {"sync", []string{"workers", "A=1", "latency", "A=exponential(12ms)", "timeout", "60ms"}, ""},
		"cut by a failure":    {"sync", []string{"workers", "A=1", "latency", "A=5ms,B=none", "fail-rate", "B=5%"}, ""},
		"an entry's workers":  {"sync", []string{"workers", "D=1", "latency", "5ms"}, ""},
		"behind them":         {"sync", []string{"workers", "D=4,A=1", "latency", "5ms"}, ""},
		"M/G/c":               {"sync", []string{"workers", "A=2", "latency", "A=5ms"}, ""},
		"after a failure":     {"sync", []string{"workers", "B=1", "latency", "B=5ms", "fail-rate", "A=5%", "fanout", "sequential"}, ""},
		"after a delay":       {"sync", []string{"workers", "B=1", "latency", "A=exponential(5ms),B=5ms", "fanout", "sequential"}, "B M/D/1"},
		"a held-up bus":       {"async-request", []string{"workers", "A=1", "latency", "A=5ms", "fault", "bus:delay=1ms"}, ""},
		"a full window":       {"sync", []string{"workers", "A=1", "latency", "A=12ms", "max-in-flight", "2"}, ""},
		"copies":              {"async-replicated", []string{"workers", "A=1", "latency", "A=5ms", "write-rate", "50"}, ""},
		"two instances":       {"sync", []string{"workers", "A=1", "latency", "A=5ms", "store", "sqlite", "placement", "process", "replicas", "A=2"}, ""},
	} {
		var services []experiment.Service
		closed := false
		if last := len(c.settings) - 1; len(c.settings)%2 == 1 {
			if closed = c.settings[last] == "closed"; !closed {
				services = deep
			}
			c.settings = c.settings[:last]
		}
		e := asked(t, services, append([]string{"duration", "20s"}, c.settings...)...)
		if closed {
			e.Rate, e.Concurrency = 0, 4
		}
		_, p := simulated(t, e, c.scenario)
		var got []string
		for _, q := range p.Queues {
			got = append(got, q.Service+" "+q.Model)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
