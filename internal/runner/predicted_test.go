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
