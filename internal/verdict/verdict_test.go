package verdict

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

func impact(fault string, errors, low, high, stale float64) result.Impact {
	return result.Impact{
		Faults: []string{fault}, ErrorRate: result.Interval{Value: errors, Low: low, High: high}, StaleShare: stale, MaxStaleness: 0.9,
	}
}

// full is evidence by which every claim holds but those that depend.
func full() Evidence {
	run := func(p50, p99 float64) result.Run {
		return result.Run{
			Latency: result.Quantiles{Count: 1000, Min: p50, P50: p50, P99: p99}, Requests: result.Requests{Sent: 1000, Succeeded: 1000},
			StorageBytes: map[string]int64{"A": 10, "B": 10, "C": 10}, CopyBytes: map[string]int64{},
		}
	}
	down := func(share float64) result.Run {
		r := run(0.01, 0.02)
		for _, f := range []string{"A:outage@3s+1s", "B:outage@5s+1s", "C:outage@8s+1s", "bus:outage@10s+1s"} {
			r.Impacts = append(r.Impacts, impact(f, share, share-0.03, share, 0))
		}
		r.Impacts = append(r.Impacts, impact("bus:drop=50%@13s+1s", 0.98, 0.95, 0.99, 0))
		return r
	}
	rate := func(value, low, high float64) result.Run {
		r := run(0.0155, 0.02)
		r.ErrorRate = result.Interval{Value: value, Low: low, High: high}
		return r
	}
	replicated := run(0.0002, 0.001)
	replicated.CopyBytes, replicated.StorageBytes["D"] = map[string]int64{"D": 30}, 30
	replicated.Answers.Stale = 5
	hit := run(0.0002, 0.001)
	hit.Impacts = []result.Impact{impact("bus:outage@10s+1s", 0, 0, 0.03, 0.7)}
	request := run(0.0004, 0.002)
	request.EventsPerRequest = 6
	lossy := run(0.0002, 0.001)
	lossy.UnseenChanges = 9
	return Evidence{
		Runs: map[string]map[string]result.Run{
			work:    {"monolith": run(0.012, 0.07), "sync": run(0.012, 0.07), "async-request": run(0.012, 0.07), "async-replicated": replicated},
			bare:    {"monolith": run(0.0002, 0.001), "sync": run(0.0003, 0.001), "async-request": request, "async-replicated": replicated},
			outages: {"monolith": down(1), "sync": down(1), "async-request": down(0.5), "async-replicated": hit},
			aborts:  {"sync": rate(0.27, 0.25, 0.29), "async-request": rate(0.27, 0.25, 0.29)},
			uneven:  {"sync": run(0.0402, 0.041), "async-request": run(0.0403, 0.041)},
			deep:    {"sync": rate(0.14, 0.12, 0.16), "async-request": rate(0.14, 0.12, 0.16)},
			kills:   {"async-replicated": run(0.0002, 0.001)},
			unsafe:  {"async-replicated": lossy},
		},
		Web:    []Web{{1, 1, 0.01, 0.005, 0.05}, {10, 1, 0.096, 0.02, 0.1}},
		Stores: []Store{{store.Sqlite, 1e-5, 1e-6, 8e-6}, {store.Bbolt, 3e-5, 1e-6, 2e-6}},
	}
}

func TestEveryClaimIsDecided(t *testing.T) {
	got := Decide(full())
	if len(got) != len(claims) {
		t.Fatalf("%d of %d claims are decided", len(got), len(claims))
	}
	for _, v := range got {
		want := Holds
		if strings.Contains(v.Claim, "least latency") || v.Style == "async-request" && strings.Contains(v.Claim, "outage is D's outage") {
			want = Depends
		}
		if v.Ruling != want || v.Figure == "" {
			t.Errorf("%s, %s: %s (%s), want %s", v.Style, v.Claim, v.Ruling, v.Figure, want)
		}
	}
}

// Each claim can be lost: evidence against it turns its ruling.
func TestClaimsCanFail(t *testing.T) {
	change := func(e Evidence, name, scenario string, fn func(r *result.Run)) {
		r := e.Runs[name][scenario]
		fn(&r)
		e.Runs[name][scenario] = r
	}
	for part, against := range map[string]func(e Evidence){
		"cannot fail apart": func(e Evidence) {
			change(e, outages, "monolith", func(r *result.Run) { r.Impacts[0].ErrorRate = result.Interval{Value: 0.3, Low: 0.2} })
		},
		"needs no database": func(e Evidence) { change(e, work, "sync", func(r *result.Run) { r.StorageBytes["D"] = 5 }) },
		"has no dependency": func(e Evidence) {
			change(e, outages, "async-replicated", func(r *result.Run) { r.Requests.Failed = 1 })
		},
		"extremely fast":  func(e Evidence) { change(e, work, "async-replicated", func(r *result.Run) { r.Latency.P99 = 0.05 }) },
		"duplicated data": func(e Evidence) { change(e, work, "async-replicated", func(r *result.Run) { r.CopyBytes = nil }) },
		"and with age":    func(e Evidence) { change(e, work, "async-replicated", func(r *result.Run) { r.Answers.Stale = 0 }) },
		"lost event": func(e Evidence) {
			change(e, outages, "async-request", func(r *result.Run) { r.Impacts[4].ErrorRate = result.Interval{Value: 0.5, Low: 0.4, High: 0.6} })
		},
		"one more dependency": func(e Evidence) {
			change(e, outages, "async-request", func(r *result.Run) { r.Impacts[3].ErrorRate = result.Interval{} })
		},
		"moving parts": func(e Evidence) { change(e, bare, "async-request", func(r *result.Run) { r.EventsPerRequest = 0 }) },
		"if any request between": func(e Evidence) {
			change(e, aborts, "sync", func(r *result.Run) { r.ErrorRate = result.Interval{Value: 0.1, Low: 0.08, High: 0.12} })
		},
		"a request is only": func(e Evidence) { change(e, uneven, "sync", func(r *result.Run) { r.Latency.Min = 0.02 }) },
		"easily grows a web": func(e Evidence) {
			change(e, deep, "sync", func(r *result.Run) { r.ErrorRate = result.Interval{Value: 0.05, Low: 0.04, High: 0.06} })
		},
		"depends on A, B and C": func(e Evidence) {
			change(e, outages, "sync", func(r *result.Run) { r.Impacts[1].ErrorRate = result.Interval{} })
		},
		"the least latency": func(e Evidence) {
			change(e, bare, "sync", func(r *result.Run) { r.Latency.P50 = 1e-6 })
			change(e, work, "sync", func(r *result.Run) { r.Latency.P50 = 1e-6 })
		},
		"must be one transaction": func(e Evidence) { change(e, kills, "async-replicated", func(r *result.Run) { r.UnseenChanges = 1 }) },
		"shares it: the web":      func(e Evidence) { change(e, deep, "async-request", func(r *result.Run) { r.Latency.Min = 0.001 }) },
		"shares it: only as fast": func(e Evidence) { change(e, uneven, "async-request", func(r *result.Run) { r.Latency.Min = 0.001 }) },
	} {
		e := full()
		against(e)
		found := false
		for _, v := range Decide(e) {
			if strings.Contains(v.Claim, part) {
				found = true
				if v.Ruling != Fails {
					t.Errorf("%q still %s: %s", v.Claim, v.Ruling, v.Figure)
				}
			}
		}
		if !found {
			t.Errorf("there is no claim %q", part)
		}
	}
}

func TestMissingEvidenceLeavesClaimsOut(t *testing.T) {
	if got := Decide(Evidence{}); len(got) != 0 {
		t.Errorf("%d claims are decided by nothing", len(got))
	}
}

func TestExperimentsAreValid(t *testing.T) {
	base := experiment.Default()
	base.Scenario = scenarios.Names()
	all, err := Experiments(&base)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if err := x.Experiment.Validate(scenarios.Names(), scenarios.Remote); err != nil {
			t.Errorf("%s: %v", x.Name, err)
		}
	}
	if base.Fault != nil || base.Services[0].Needs[0].Service != "A" || len(base.Services) != 4 {
		t.Error("the base is changed")
	}
}

func TestStoresAreMeasured(t *testing.T) {
	base := experiment.Default()
	specs := Databases(&base)
	if url := os.Getenv("CROSSTALK_POSTGRES"); url != "" {
		specs = append(specs, store.Spec{Kind: store.Postgres, URL: url})
	}
	place := store.Place{Dir: t.TempDir(), Run: fmt.Sprintf("crosstalk-verdict-%d", os.Getpid())}
	stores, err := Stores(t.Context(), specs, place)
	if err != nil || len(stores) != len(specs) {
		t.Fatal(stores, err)
	}
	for _, s := range stores {
		if s.Write <= 0 || s.Apply <= 0 || s.Read <= 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestDatabasesAreTheLocalOnesAndThoseThatAreNamed(t *testing.T) {
	base := experiment.Default()
	if err := base.Set("store", "sqlite,A=postgres://u@h/db,B=bbolt,C=postgres://u@h/db"); err != nil {
		t.Fatal(err)
	}
	want := []store.Spec{{Kind: store.Memory}, {Kind: store.Sqlite}, {Kind: store.Bbolt}, {Kind: store.Postgres, URL: "postgres://u@h/db"}}
	if got := Databases(&base); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWebsGrow(t *testing.T) {
	base := experiment.Default()
	webs, err := Webs(t.Context(), &base)
	if err != nil {
		t.Fatal(err)
	}
	if w := webs[2]; w.Width != 100 || w.ErrorRate < 0.633 || w.ErrorRate > 0.635 {
		t.Errorf("a hundred wide: %+v, want 1 − 0.99¹⁰⁰", w)
	}
}
