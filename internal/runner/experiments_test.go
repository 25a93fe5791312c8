//go:build long

package runner

import (
	"os"
	"path/filepath"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// shipped reads one of the experiments that ship as files, with settings over it.
func shipped(t *testing.T, name string, settings ...string) *experiment.Experiment {
	t.Helper()
	path := filepath.Join("..", "..", "experiments", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e := experiment.Default()
	file, err := experiment.ReadFile(path, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Decode(&e); err != nil {
		t.Fatal(err)
	}
	settings = append([]string{"store", "memory"}, settings...)
	for i := 0; i < len(settings); i += 2 {
		if err := e.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		t.Fatal(err)
	}
	return &e
}

func carriedOut(t *testing.T, scenario string, e *experiment.Experiment) *result.Run {
	t.Helper()
	run, _, err := simulate(t, scenario, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// failedIn is the share of the requests due in the seconds [from, to) that failed.
func failedIn(run *result.Run, from, to int) float64 {
	var failed, all int64
	for _, s := range run.Series {
		if s.Second >= from && s.Second < to {
			failed, all = failed+s.Failed, all+s.Due
		}
	}
	return float64(failed) / float64(max(all, 1))
}

// The outage is over after 4 s. Naive retries keep the system down for good; with
// a budget it is back within a second.
func TestRetryStorm(t *testing.T) {
	naive := carriedOut(t, "sync", shipped(t, "retry-storm.yaml"))
	if before, after := failedIn(naive, 0, 2), failedIn(naive, 10, 20); before > 0 || after < 0.5 {
		t.Errorf("without a budget %.0f %% fail before, %.0f %% long after", before*100, after*100)
	}
	if i := naive.Impacts[0]; i.Recovered {
		t.Errorf("it recovers after %v s", i.Recovery)
	}
	if p := naive.Policies[1]; p.Need != "B" || p.Amplification < 3 {
		t.Errorf("the storm is %v", p)
	}
	budget := carriedOut(t, "sync", shipped(t, "retry-storm.yaml", "policy", "timeout=100ms retry=10 backoff=50ms budget=20%"))
	if after := failedIn(budget, 5, 20); after > 0 {
		t.Errorf("with a budget %.1f %% still fail after the outage", after*100)
	}
	if i := budget.Impacts[0]; !i.Recovered || i.Recovery > 1 {
		t.Errorf("it recovers: %v, after %v s", i.Recovered, i.Recovery)
	}
}

func TestSlowIsWorseThanDown(t *testing.T) {
	bare := carriedOut(t, "sync", shipped(t, "slow-is-worse-than-down.yaml"))
	down, slow := bare.Impacts[0], bare.Impacts[1]
	if down.ErrorRate.Value != 0 || slow.ErrorRate.Value < 0.2 {
		t.Errorf("down fails %.0f %%, slow %.0f %%", down.ErrorRate.Value*100, slow.ErrorRate.Value*100)
	}
	for _, policy := range []string{"timeout=30ms fallback=last-known", "timeout=60ms breaker=50%/20/500ms fallback=last-known"} {
		run := carriedOut(t, "sync", shipped(t, "slow-is-worse-than-down.yaml", "policy", policy))
		if slow := run.Impacts[1]; slow.ErrorRate.Value > 0.01 {
			t.Errorf("with %s slow still fails %.1f %%", policy, slow.ErrorRate.Value*100)
		}
	}
}

func TestFreshnessDebt(t *testing.T) {
	e := shipped(t, "freshness-debt.yaml")
	replicated := carriedOut(t, "async-replicated", e)
	i := replicated.Impacts[0]
	if replicated.Requests.Failed != 0 || i.StaleShare < 0.7 || i.MaxStaleness < 9.5 || i.MaxStaleness > 10.3 {
		t.Errorf("%d fail, %.0f %% are stale, by up to %v s", replicated.Requests.Failed, i.StaleShare*100, i.MaxStaleness)
	}
	if !i.Drained || i.Drain > 1 || i.Drain == 0 {
		t.Errorf("D has caught up: %v, after %v s", i.Drained, i.Drain)
	}
	if request := carriedOut(t, "async-request", e).Impacts[0]; request.ErrorRate.Value < 0.9 { // the last half second is answered late
		t.Errorf("over the bus %.0f %% fail", request.ErrorRate.Value*100)
	}
	if sync := carriedOut(t, "sync", e); sync.Requests.Failed != 0 || sync.Answers.Stale != 0 {
		t.Errorf("without a bus: %+v, %+v", sync.Requests, sync.Answers)
	}
}
