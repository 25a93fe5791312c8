//go:build long

// Without the race detector, since it is other processes that are tested. .ci/run
// runs this package once more without it.

package main

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"crosstalk/internal/counts"

	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// runs carries out a run, on a machine that may be busy, and loads its scenarios.
func runs(t *testing.T, args ...string) map[string]result.Run {
	t.Helper()
	out := t.TempDir()
	code, _, stderr := bench(t, t.Context(), append([]string{"run", "--out=" + out}, args...)...)
	folders, err := filepath.Glob(filepath.Join(finished(t, out, code, stderr), "*", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	loaded := make(map[string]result.Run)
	for _, file := range folders {
		r, err := result.Load(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		loaded[r.Scenario] = r.Run
	}
	return loaded
}

// Where the services run changes no answer, and no count that the seed decides. One need
// after the other: of those at once, a failure cancels what is not sent yet, and whether
// that is a query more or less is a matter of a moment.
func TestPlacementChangesNoAnswer(t *testing.T) {
	t.Parallel()
	args := []string{"--rate=100", "--write-rate=100", "--keys=20", "--duration=1s", "--warmup=200ms", "--latency=1ms", "--fail-rate=B=30%", "--timeout=5s", "--fanout=sequential"}
	within := runs(t, args...)
	apart := runs(t, append(args, "--placement=process")...)
	for _, name := range scenarios.Names() {
		a, b := within[name], apart[name]
		if a.Requests.Due == 0 || a.Requests.Due != b.Requests.Due || a.Requests.Failed != b.Requests.Failed || a.Requests.Succeeded != b.Requests.Succeeded {
			t.Errorf("%s: requests %+v in this process and %+v apart", name, a.Requests, b.Requests)
		}
		if !reflect.DeepEqual(a.Writes, b.Writes) || a.Answers.Correct+a.Answers.Stale != b.Answers.Correct+b.Answers.Stale || b.Answers.Backwards+b.Answers.Missing+b.Answers.Corrupt != 0 {
			t.Errorf("%s: writes %+v and %+v, answers %+v and %+v", name, a.Writes, b.Writes, a.Answers, b.Answers)
		}
		abort := func(r result.Run) counts.Fault {
			i := slices.IndexFunc(r.Faults, func(f counts.Fault) bool { return f.Kind == "abort" })
			return r.Faults[i]
		}
		if f, g := abort(a), abort(b); f.Interactions == 0 || f != g {
			t.Errorf("%s: %+v in this process and %+v apart", name, f, g)
		}
		if a.Events != b.Events || a.StorageBytes["D"] != b.StorageBytes["D"] || a.ComparedRows != b.ComparedRows {
			t.Errorf("%s: %d events, %d bytes in D, %d rows compared in this process and %d, %d, %d apart", name,
				a.Events, a.StorageBytes["D"], a.ComparedRows, b.Events, b.StorageBytes["D"], b.ComparedRows)
		}
		processes := 5 // the driver, A, B, C and D
		if name == "monolith" {
			processes = 2
		}
		if len(a.Processes) != 0 || len(b.Processes) != processes || b.Environment.Placement != "process" {
			t.Errorf("%s: %d and %d processes, placement %q", name, len(a.Processes), len(b.Processes), b.Environment.Placement)
		}
		for _, p := range b.Processes {
			if p.CPUSecondsPer1000 <= 0 || p.MaxResidentBytes < 1<<20 || p.Starts != 1 {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

// What is under way is lost by a kill, and not by a stop.
func TestKillAgainstStop(t *testing.T) {
	for _, scenario := range []string{"sync", "async-request"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			r := runs(t, "--scenario="+scenario, "--placement=process", "--rate=200", "--write-rate=0", "--latency=300ms", "--duration=3s", "--warmup=500ms",
				"--fault=C:stop@800ms restart=400ms", "--fault=B:kill@2400ms restart=400ms")[scenario]
			stop, kill := r.Impacts[0], r.Impacts[1]
			t.Logf("stop: %d under way, %d cut; kill: %d under way, %d cut", stop.UnderWay, stop.Cut, kill.UnderWay, kill.Cut)
			// Some 60 are under way. One that D has taken and C has not is refused by
			// the one that leaves: no more than chance has at that moment.
			if stop.UnderWay < 30 || stop.Cut*20 > stop.UnderWay {
				t.Errorf("a stop cut %d of %d", stop.Cut, stop.UnderWay)
			}
			// The last of the requests may have B's answer, and wait for that of A or C.
			if kill.UnderWay < 30 || kill.Cut*10 < kill.UnderWay*9 {
				t.Errorf("a kill cut %d of %d", kill.Cut, kill.UnderWay)
			}
		})
	}
}

// Of two copies one can be stopped, and nothing is lost; killed, it loses what was
// under way there and nothing else.
func TestCopiesTakeOver(t *testing.T) {
	t.Parallel()
	r := runs(t, "--scenario=sync", "--placement=process", "--replicas=B=2", "--rate=200", "--write-rate=0", "--latency=100ms", "--duration=4s", "--warmup=200ms",
		"--fault=B:stop@500ms restart=300ms", "--fault=B:kill@2s restart=300ms")["sync"]
	stop, kill := r.Impacts[0], r.Impacts[1]
	t.Logf("stop: %d under way, %d cut, %d failed; kill: %d under way, %d cut, even after %v s; %d failed in all",
		stop.UnderWay, stop.Cut, int(stop.ErrorRate.Value*float64(stop.Requests)), kill.UnderWay, kill.Cut, kill.EvenAfter, r.Requests.Failed)
	if stop.UnderWay == 0 || stop.Cut != 0 || stop.ErrorRate.Value != 0 {
		t.Errorf("of a stop was felt %+v", stop)
	}
	if kill.Cut == 0 || kill.Cut >= kill.UnderWay || r.Requests.Failed > kill.UnderWay {
		t.Errorf("a kill of one of two copies cut %d of %d; %d failed in all", kill.Cut, kill.UnderWay, r.Requests.Failed)
	}
	if stop.Copies != 2 || kill.Copies != 2 || !kill.Even {
		t.Errorf("the load of the copies is not even again: %+v", kill)
	}
	i := slices.IndexFunc(r.Processes, func(p result.Process) bool { return p.Name == "B" })
	if r.Processes[i].Starts != 3 || r.Processes[i+1].Name != "B/1" || r.Processes[i+1].Starts != 1 {
		t.Errorf("processes %+v", r.Processes)
	}
}

// Copies share the queries that come over the bus: each is answered once.
func TestCopiesShareQueries(t *testing.T) {
	t.Parallel()
	r := runs(t, "--scenario=async-request", "--placement=process", "--replicas=B=2", "--rate=100", "--write-rate=0", "--latency=none", "--duration=1s", "--warmup=0s", "--timeout=5s")["async-request"]
	var both int64
	for _, served := range servedBy(r, "B", "B/1") {
		if served == 0 {
			t.Error("one of the copies has answered nothing")
		}
		both += served
	}
	if both != r.Requests.Sent || r.Requests.Failed != 0 {
		t.Errorf("the copies answered %d queries of %d requests, of which %d failed", both, r.Requests.Sent, r.Requests.Failed)
	}
}

func servedBy(r result.Run, names ...string) []int64 {
	var out []int64
	for _, p := range r.Processes {
		if slices.Contains(names, p.Name) {
			all := int64(0)
			for _, n := range p.Served {
				all += n
			}
			out = append(out, all)
		}
	}
	return out
}
