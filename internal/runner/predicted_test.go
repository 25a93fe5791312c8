package runner

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/scenarios"
)

// Theory that is not through a moment after the interrupt is given up: the run is
// written without it, and says so.
func TestInterruptedPrediction(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName("sync")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := Run(ctx, s, ask(t, "workers", "100"), dir, Options{
			Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer,
			Predicting: func(string) func(float64) {
				return func(float64) {
					cancel()
					time.Sleep(predictGrace + time.Millisecond)
				}
			},
		})
		if err != nil {
			t.Error(err)
		}
	})
	run, err := result.Load(filepath.Join(dir, "sync"))
	if err != nil {
		t.Fatal(err)
	}
	said := slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, "there is no prediction") })
	if run.Predicted != nil || !said || run.Verdict != result.OK {
		t.Errorf("%+v, %s %q", run.Predicted, run.Verdict, run.Warnings)
	}
}

// A scenario that theory does not know has no prediction, and the run says so.
func TestScenarioUnknownToTheory(t *testing.T) {
	r := &run{scenario: scenarios.Scenario{Name: "telepathy"}, experiment: ask(t)}
	p, err := r.predict(t.Context())
	const want = `theory does not know the scenario "telepathy": there is no prediction`
	if err == nil || withoutTheory(err) != want || p != nil {
		t.Errorf("%v, %+v", err, p)
	}
}

// Theory that is simulated has an interval too: a gap is where the two are apart.
func TestGapsKnowTheoryIntervals(t *testing.T) {
	run := func(theory *result.PredictedIntervals, simulated int64) *result.Run {
		q := &result.PredictedQuantiles{P50: 0.100, P75: 0.110, P99: 0.200, P999: 0.210}
		return &result.Run{
			Requests:  result.Requests{Due: 100_000, Sent: 100_000},
			ErrorRate: result.Interval{Value: 0.10, Low: 0.099, High: 0.101},
			StaleRate: result.Interval{Value: 0.20, Low: 0.199, High: 0.201},
			Latency:   result.Quantiles{Count: 90_000, P50: 0.150, P99: 0.300},
			Predicted: &result.Predicted{
				Method: "simulation", RequestsSimulated: simulated, ErrorRate: 0.15, StaleShare: 0.30, Latency: q, Intervals: theory,
				ReplicationLag: &result.PredictedQuantiles{Mean: 1},
			},
		}
	}
	bounds := func(low, high float64) *result.PredictedBounds { return &result.PredictedBounds{Low: low, High: high} }
	intervals := func(errors, p50, p99, stale *result.PredictedBounds) *result.PredictedIntervals {
		return &result.PredictedIntervals{ErrorRate: errors, Latency: result.QuantilesBounds{P50: p50, P99: p99}, StaleShare: stale}
	}
	for name, c := range map[string]struct {
		theory    *result.PredictedIntervals
		simulated int64
		want      int
	}{
		"a closed form":          {nil, 0, 4},
		"narrow":                 {intervals(bounds(0.149, 0.151), bounds(0.099, 0.101), bounds(0.199, 0.201), bounds(0.299, 0.301)), 50_000, 4},
		"wide enough to meet":    {intervals(bounds(0.110, 0.200), bounds(0.090, 0.140), bounds(0.150, 0.290), bounds(0.220, 0.400)), 50_000, 0},
		"wide on the other side": {intervals(bounds(0.149, 0.400), bounds(0.001, 0.101), bounds(0.001, 0.201), bounds(0.299, 0.900)), 50_000, 4},
		"too short to have any":  {intervals(nil, nil, nil, nil), 50_000, 0},
		"the run itself":         {intervals(nil, nil, nil, nil), 100_000, 4},
		"undecided in the tail":  {intervals(bounds(0.149, 0.151), bounds(0.099, 0.101), nil, bounds(0.299, 0.301)), 50_000, 3},
	} {
		if got := gaps(run(c.theory, c.simulated)); len(got) != c.want {
			t.Errorf("%s: %d gaps, want %d: %q", name, len(got), c.want, got)
		}
	}
}
