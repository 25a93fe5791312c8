package matrix

import (
	"testing"
	"time"

	"crosstalk/internal/counts"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

func TestEveryFaultHasAWindowOfItsOwn(t *testing.T) {
	base := experiment.Default()
	base.Scenario = scenarios.Names()
	plan := DefaultPlan()
	rows, err := plan.Rows(&base)
	if err != nil {
		t.Fatal(err)
	}
	at := plan.Lead
	kinds := make(map[string]map[fault.Kind]bool)
	for _, r := range rows {
		if r.Fault.Window.Start != at || r.Fault.Window.Length != plan.Length {
			t.Errorf("%v begins at %v, want %v", r.Fault, r.Fault.Window.Start, at)
		}
		at += plan.Length + plan.Rest
		target := r.Fault.Target.String()
		if kinds[target] == nil {
			kinds[target] = make(map[fault.Kind]bool)
		}
		kinds[target][r.Fault.Kind] = true
	}
	// Every component has every fault that fits it, but for those that only a process
	// has.
	for target, part := range map[string]fault.Part{"A": fault.Service, "B": fault.Service, "C": fault.Service, "bus": fault.Bus, "D.store": fault.Store, "A.events": fault.Events} {
		for _, kind := range part.Kinds() {
			if !kinds[target][kind] && !kind.Signals() {
				t.Errorf("%s does not suffer %s", target, kind)
			}
		}
	}
	e := plan.Experiment(&base, rows)
	if time.Duration(e.Duration) != at || e.Validate(scenarios.Names(), scenarios.Remote) != nil {
		t.Errorf("a run of %v, want %v; %v", e.Duration, at, e.Validate(scenarios.Names(), scenarios.Remote))
	}
	if total := time.Duration(e.Duration) + time.Duration(e.WarmUp); total > 3*time.Minute {
		t.Errorf("the defaults take %v", total)
	}
	if len(base.Fault) != 0 {
		t.Error("the base is changed")
	}
}

func TestCellOf(t *testing.T) {
	failing := result.Interval{Value: 0.5, Low: 0.4, High: 0.6}
	none := result.Interval{High: 0.03}
	for _, c := range []struct {
		name      string
		impact    result.Impact
		delivered bool
		want      Feel
	}{
		{"nothing to act on", result.Impact{ErrorRate: failing}, false, Missing},
		{"errors", result.Impact{ErrorRate: failing, BaselineErrorRate: none, SlowShare: 1, StaleShare: 1}, true, Errors},
		{"as before", result.Impact{ErrorRate: failing, BaselineErrorRate: failing}, true, Nothing},
		{"slower", result.Impact{ErrorRate: none, BaselineErrorRate: none, SlowShare: 0.3, StaleShare: 1}, true, Slower},
		{"older", result.Impact{SlowShare: 0.05, StaleShare: 0.3, BaselineStaleShare: 0.1}, true, Staler},
		{"as old as before", result.Impact{StaleShare: 0.14, BaselineStaleShare: 0.1}, true, Nothing},
		{"chance", result.Impact{SlowShare: 0.03, StaleShare: 0.04}, true, Nothing},
		{"errors of too few", result.Impact{Requests: 10, ErrorRate: result.Share(1, 10), BaselineErrorRate: result.Share(0, 100)}, true, Nothing},
		{"slower, of too few", result.Impact{Requests: 20, SlowShare: 0.2}, true, Nothing},
		{"slower, of enough", result.Impact{Requests: 100, SlowShare: 0.2}, true, Slower},
		{"slower, and enough before", result.Impact{Requests: 100, SlowShare: 0.3, BaselineRequests: 400}, true, Slower},
		{"slower, and too few before", result.Impact{Requests: 100, SlowShare: 0.3, BaselineRequests: 5}, true, Nothing},
		{"older, of too few", result.Impact{Requests: 20, StaleShare: 0.1, BaselineRequests: 400}, true, Nothing},
		{"older, of enough", result.Impact{Requests: 100, StaleShare: 0.2, BaselineRequests: 400}, true, Staler},
		{"older, and too few before", result.Impact{Requests: 100, StaleShare: 0.2, BaselineRequests: 10}, true, Nothing},
	} {
		if c.impact.Requests == 0 {
			c.impact.Requests = 1000
		}
		if got := CellOf(c.impact, c.delivered).Feel; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestCells(t *testing.T) {
	var f fault.Faults
	if err := f.UnmarshalText([]byte("A:outage@1s+1s;bus:drop=50%@3s+1s;D.store:delay=5ms@5s+1s")); err != nil {
		t.Fatal(err)
	}
	var rows []Row
	run := &result.Run{CopyBytes: map[string]int64{"D": 1}}
	for _, one := range f {
		w := windowOf(one)
		rows = append(rows, Row{"x", one})
		run.Impacts = append(run.Impacts, result.Impact{Window: w, Requests: 100, StaleShare: 0.5})
		told := counts.Fault{Target: one.Target.String(), Kind: one.Kind, Window: &w}
		if one.Kind == fault.Outage {
			told.DeliveredWindow = &w
		}
		if one.Kind == fault.Drop {
			told.Interactions = 10
		}
		run.Faults = append(run.Faults, told)
	}
	got := Cells(rows, run)
	if got[0].Feel != Staler || got[1].Feel != Staler || got[2].Feel != Missing {
		t.Errorf("%+v", got)
	}
	if !got[0].Copied || got[0].Lossy || !got[1].Lossy {
		t.Errorf("%+v", got)
	}
}
