//go:build !race

package runner

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/clock"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/scenarios"
)

// throttled is a kind of fault that this file alone defines: a ratio of the requests is
// turned away by a rate limit.
var throttled = fault.Definition{
	Kind: "throttle", Argument: fault.Ratio,
	Doc:   "turned away by a rate limit, at once",
	Parts: map[fault.Part]string{fault.Service: "50%"},
	Inject: func(place string, seed uint64, f fault.Fault, nth int, _ []fault.Injector) fault.Injector {
		return &throttle{fault.NewChance(place, seed, f, nth)}
	},
}

type throttle struct{ *fault.Chance }

func (t *throttle) Decide(i fault.Interaction, d fault.Decision) fault.Decision {
	if t.Meets(i) && d.Abort == codes.OK {
		d.Abort = codes.ResourceExhausted
	}
	return d
}

func (t *throttle) Act(_ context.Context, i fault.Interaction, _ fault.Decision, _ clock.Sleeper) error {
	met := t.Meets(i)
	t.Count(i, met)
	if !met {
		return nil
	}
	return status.Error(codes.ResourceExhausted, "turned away on purpose")
}

// A kind of fault is its definition and its line of the table: the command line takes
// it, each scenario injects it, the run counts it, and theory simulates it.
func TestNewKindOfFault(t *testing.T) {
	known := fault.Table
	fault.Table = append(known[:len(known):len(known)], throttled)
	t.Cleanup(func() { fault.Table = known })
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		e := experiment.Default()
		for name, value := range map[string]string{
			"fault": "A:throttle=30%", "rate": "100", "duration": "5s", "warmup": "0s", "latency": "1ms", "store": "memory",
		} {
			if err := e.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
			t.Fatal(err)
		}
		run, _, err := simulate(t, scenario, &e, nil)
		if err != nil {
			t.Fatal(err)
		}
		turnedAway := 0.0
		for _, f := range run.Faults {
			if f.Kind == "throttle" && f.Target == "A" && f.Asked == 0.3 {
				turnedAway += f.Delivered * float64(f.Interactions)
			}
		}
		if failed := run.Requests.Failed; failed == 0 || int64(turnedAway+0.5) != failed || run.Failures["RESOURCE_EXHAUSTED"] != failed {
			t.Errorf("%s: %d of %d requests failed, %v; %v were turned away", scenario, failed, run.Requests.Sent, run.Failures, turnedAway)
		}
		if p := run.Predicted; p == nil || p.Method != "simulation" || p.ErrorRate < 0.25 || p.ErrorRate > 0.35 {
			t.Errorf("%s: theory has no error rate of it, or another: %+v", scenario, p)
		}
	}
}
