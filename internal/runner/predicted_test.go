package runner

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/load"
	"crosstalk/internal/predict"
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

// What theory says is in the run as it said it; without tries, they are none and not null.
func TestPredictionIsKept(t *testing.T) {
	p := predictedOf(predict.Prediction{Tries: map[string]float64{"D→A": 1.5}, Queues: []predict.Queue{{Service: "A", Load: 0.5}, {Service: "B"}}})
	if !maps.Equal(p.TriesPerRequest, map[string]float64{"D→A": 1.5}) || len(p.Queues) != 2 || p.Queues[0].Service != "A" || p.Queues[0].Load != 0.5 {
		t.Errorf("%+v", p)
	}
	if p := predictedOf(predict.Prediction{}); p.TriesPerRequest == nil || len(p.TriesPerRequest) != 0 || p.Intervals != nil {
		t.Errorf("%+v", p)
	}
}
