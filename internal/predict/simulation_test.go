//go:build !race

// Why not under the race detector: see agree_test.go.

package predict

import (
	"math"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
)

// rows simulates, and returns what happened to each request of the measured part.
func rows(t testing.TB, e *experiment.Experiment, scenario string) []Row {
	var out []Row
	simulate(t, e, scenario, Options{Requests: -1, Each: func(r Row) {
		if r.ID >= 0 {
			out = append(out, r)
		}
	}})
	return out
}

// With c workers and no queue, Erlang's B is the share that is refused, whatever
// the work's distribution.
func TestRefusalsAreErlangs(t *testing.T) {
	t.Parallel()
	for _, work := range []string{"exponential(20ms)", "20ms", "uniform(0ms,40ms)"} {
		e := asked(t, "latency", "A="+work, "workers", "A=3,queue=0", "rate", "100", "duration", "400s")
		refused := 0.0
		all := rows(t, e, "sync")
		for _, r := range all {
			switch r.Code {
			case codes.ResourceExhausted:
				refused++
				if r.Done != r.Due {
					t.Fatalf("%s: refused after %v, not at once", work, r.Done-r.Due)
				}
			case codes.OK:
			default:
				t.Fatalf("%s: %v", work, r.Code)
			}
		}
		const want = (8.0 / 6) / (1 + 2 + 2 + 8.0/6)
		within(t, work, refused/float64(len(all)), want, 5*math.Sqrt(want*(1-want)/float64(len(all))))
	}
}

// A full queue is as long as was asked, and its waits end with the deadline.
func TestQueueIsBounded(t *testing.T) {
	e := asked(t, "latency", "A=100ms", "workers", "A=1,queue=2", "arrival", "constant", "rate", "100", "duration", "1s", "warmup", "0s", "timeout", "250ms")
	counts := map[codes.Code]int{}
	for _, r := range rows(t, e, "sync") {
		counts[r.Code]++
		if r.Done-r.Due > 250*time.Millisecond {
			t.Errorf("request %d took %v", r.ID, r.Done-r.Due)
		}
	}
	// One is served and two wait: some are answered, some wait too long for that,
	// and most are refused.
	if counts[codes.ResourceExhausted] == 0 || counts[codes.OK] == 0 || counts[codes.DeadlineExceeded] == 0 {
		t.Errorf("%v", counts)
	}
}

// While a service fails, an open breaker saves it from nearly all calls.
func TestBreakerSavesCalls(t *testing.T) {
	e := asked(t, "latency", "none", "fail-rate", "A=100%", "policy", "breaker=50%/20/1s", "arrival", "constant", "rate", "100", "duration", "10s", "warmup", "0s")
	p := simulate(t, e, "sync", Options{})
	// 10 calls until it opens, and one a second.
	within(t, "tries of A", p.TriesPerRequest["D→A"], (10+9)/1000.0, 1e-9)
	within(t, "error rate", p.ErrorRate, 1, 0)
}

// The budget: without one, each call that fails is tried four times. With one, a fifth
// of the calls is tried once more.
func TestBudget(t *testing.T) {
	e := asked(t, "latency", "10ms", "fail-rate", "A=100%", "policy", "retry=3 backoff=1ms", "duration", "20s")
	within(t, "without", simulate(t, e, "sync", Options{}).TriesPerRequest["D→A"], 4, 0.01)
	set(t, e, "policy", "retry=3 backoff=1ms budget=20%")
	within(t, "with 20 %", simulate(t, e, "sync", Options{}).TriesPerRequest["D→A"], 1.2, 0.002)
	set(t, e, "policy", "retry=3 backoff=1ms budget=0+5/s")
	within(t, "with 5 a second", simulate(t, e, "sync", Options{}).TriesPerRequest["D→A"], 1.01, 0.0002)
}

// A hedge at 20 ms caps a call at 20 ms and a second draw.
func TestHedge(t *testing.T) {
	e := asked(t, "latency", "A=5ms:90,400ms:10", "policy", "hedge=20ms", "duration", "100s")
	e.Services[0].Needs = e.Services[0].Needs[:1]
	e.Services = e.Services[:2]
	set(t, e, "latency", "A=5ms:90,400ms:10", "policy", "D=hedge=20ms")
	p := simulate(t, e, "sync", Options{})
	within(t, "tries", p.TriesPerRequest["D→A"], 1.1, 0.01)
	within(t, "p50", p.Latency.P50, 0.005, 1e-5)
	within(t, "p90", p.Latency.P90, 0.015, 0.0101) // 5 or 25 ms
	late := 0
	for _, r := range rows(t, e, "sync") {
		switch r.Done - r.Due {
		case 5 * time.Millisecond, 25 * time.Millisecond:
		case 400 * time.Millisecond:
			late++
		default:
			t.Fatalf("request %d took %v", r.ID, r.Done-r.Due)
		}
	}
	within(t, "slow twice", float64(late)/float64(p.RequestsSimulated), 0.01, 0.002)
}

// The estimate settles around the quantile that is asked for.
func TestMovingQuantile(t *testing.T) {
	e := asked(t, "latency", "A=uniform(0ms,100ms)", "policy", "hedge=p90", "duration", "100s", "rate", "200")
	e.Services[0].Needs = e.Services[0].Needs[:1]
	e.Services = e.Services[:2]
	p := simulate(t, e, "sync", Options{})
	// About one in ten is hedged: more, since what hedges cut off is not learned.
	if tries := p.TriesPerRequest["D→A"]; tries < 1.08 || tries > 1.25 {
		t.Errorf("%v tries", tries)
	}
}

// An outage is felt by those who call, and is a debt of age for those who copy.
func TestOutage(t *testing.T) {
	e := asked(t, "outage", "B@2s+2s", "latency", "none", "arrival", "constant", "rate", "100", "duration", "8s", "write-rate", "50", "keys", "1")
	failed := 0
	for _, r := range rows(t, e, "sync") {
		if r.Code != codes.OK {
			failed++
			if r.Due < 2*time.Second || r.Due > 4250*time.Millisecond {
				t.Errorf("request %d, due at %v, failed", r.ID, r.Due)
			}
		}
	}
	if failed < 200 || failed > 225 {
		t.Errorf("%d requests failed", failed)
	}
	p := simulate(t, e, "async-replicated", Options{})
	if p.ErrorRate != 0 {
		t.Errorf("D answers from its copies, but %v of its requests failed", p.ErrorRate)
	}
	set(t, e, "outage", "", "fault", "bus:stall@2s+2s")
	p = simulate(t, e, "async-replicated", Options{})
	if p.ErrorRate != 0 || p.StaleShare < 0.2 || p.StaleShare > 0.26 || p.Staleness.P9999 < 1.9 || p.Staleness.P9999 > 2 {
		t.Errorf("stalled for 2 of 8 s: %+v", p)
	}
}

// The same experiment has the same outcome, to the last request.
func TestSimulationRepeats(t *testing.T) {
	t.Parallel()
	e := asked(t, "fail-rate", "5%", "workers", "4,queue=10", "policy", "retry=2 hedge=p95 budget=30%", "outage", "B@1s+1s,A@2s+500ms", "duration", "4s", "fault", "bus:rebalance@3s+200ms")
	for _, scenario := range allScenarios {
		if a, b := rows(t, e, scenario), rows(t, e, scenario); !reflect.DeepEqual(a, b) || len(a) == 0 {
			t.Errorf("%s: two simulations differ", scenario)
		}
	}
}

// Each request is told of once, with the schedule's number, time and key.
func TestEachRequestIsTheSchedules(t *testing.T) {
	e := asked(t, "hang-rate", "1%", "fail-rate", "5%", "duration", "5s")
	for _, scenario := range allScenarios {
		due := make(map[int64]time.Duration)
		reads := e.Plan().Reads()
		for r, ok := reads.Next(); ok; r, ok = reads.Next() {
			due[r.ID] = r.Due
		}
		simulate(t, e, scenario, Options{Requests: -1, Each: func(r Row) {
			if at, ok := due[r.ID]; !ok || at != r.Due || r.Done < r.Due || r.Sent != r.Due {
				t.Errorf("%s: %+v, due at %v (%v)", scenario, r, at, ok)
			}
			delete(due, r.ID)
		}})
		if len(due) > 0 {
			t.Errorf("%s: %d requests have no end", scenario, len(due))
		}
	}
}

// A million requests a second are simulated for a shorter stretch, and say so.
func TestMillionPerSecond(t *testing.T) {
	t.Parallel()
	e := asked(t, "rate", "1000000", "workers", "A=100", "max-in-flight", "1000000")
	p := predicted(t, e, "sync")
	if p.RequestsSimulated < 150_000 || p.RequestsSimulated > DefaultRequests*1.01 || p.SimulatedSeconds != 0.2 {
		t.Errorf("%+v", p)
	}
	set(t, e, "duration", "100ms", "warmup", "0s", "fault", "A:slow=2@50ms+10ms")
	if p := simulate(t, e, "sync", Options{}); p.SimulatedSeconds != 0.1 {
		t.Errorf("with a window, all of it is simulated: %+v", p)
	}
}

// In a closed loop the rate is what the latency allows: 4 workers, 30 ms each.
func TestClosedLoop(t *testing.T) {
	e := asked(t, "latency", "A=10ms,B=20ms,C=30ms", "duration", "3s")
	e.Rate, e.Concurrency = 0, 4
	p := predicted(t, e, "sync")
	if p.RequestsSimulated != 400 || math.Abs(p.Latency.Mean-0.03) > 1e-12 {
		t.Errorf("%+v", p)
	}
	set(t, e, "latency", "none", "duration", "1h")
	if p := predicted(t, e, "sync"); p.RequestsSimulated > DefaultRequests {
		t.Errorf("a loop that takes no time: %d requests", p.RequestsSimulated)
	}
}
