package runner

import (
	"context"
	"path/filepath"
	"reflect"
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

// What theory says is in the run as it said it, without the scenario, which the run says.
func TestPredictionIsKept(t *testing.T) {
	r := &run{scenario: scenarios.Scenario{Name: "async-replicated"}, experiment: ask(t)}
	got, err := r.predict(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := predict.Of(t.Context(), r.experiment, "async-replicated", predict.Options{})
	if want.Scenario = ""; err != nil || !reflect.DeepEqual(*got, want) || got.TriesPerRequest == nil {
		t.Errorf("%v, got %+v, want %+v", err, got, want)
	}
}
