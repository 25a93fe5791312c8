package runner

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
	"crosstalk/internal/sys"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// A run leaves nothing in the temporary folder.
func TestNothingIsLeftBehind(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	if _, _, err := simulate(t, "sync", ask(t, "store", "sqlite", "latency", "none", "duration", "1s", "warmup", "0s"), nil); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, left are %v", err, left)
	}
}

// The files that a run has open grow with its services, with what each needs and, over a
// bus, with its partitions; where the services run elsewhere, with their number alone.
func TestFilesOfARun(t *testing.T) {
	for name, c := range map[string]struct {
		scenario string
		nodes    topology.Nodes
		want     sys.OpenFileGraph
	}{
		"sync":           {"sync", nil, sys.OpenFileGraph{Services: 4, Needs: 3}},
		"async-request":  {"async-request", nil, sys.OpenFileGraph{Services: 4, Needs: 3, Partitions: 5}},
		"with its nodes": {"async-request", topology.Nodes{"D": {}}, sys.OpenFileGraph{Services: 4}},
	} {
		s, _ := scenarios.ByName(c.scenario)
		if got, want := filesOf(s, ask(t, "partitions", "5"), Options{Nodes: c.nodes}), sys.OpenFilesNeeded(c.want); got != want {
			t.Errorf("%s: %d files, want %d", name, got, want)
		}
	}
}

// Whatever was sent in the measured part makes figures, also what was cut off.
func TestEachPartMakesFigures(t *testing.T) {
	for name, out := range map[string]*result.Run{
		"requests":          {Requests: result.Requests{Sent: 1}},
		"requests cut off":  {Requests: result.Requests{Interrupted: 1}},
		"writes":            {Writes: result.Writes{Acknowledged: 1}},
		"writes that fail":  {Writes: result.Writes{Failed: 1}},
		"writes cut off":    {Writes: result.Writes{Interrupted: 1}},
		"as many cut off":   {Requests: result.Requests{Sent: 1, Interrupted: 1}},
		"as many writes":    {Requests: result.Requests{Sent: 1}, Writes: result.Writes{Failed: 1}},
		"as many cut short": {Requests: result.Requests{Sent: 1}, Writes: result.Writes{Interrupted: 1}},
	} {
		if nothingMeasured(out) {
			t.Errorf("%s are nothing", name)
		}
	}
	if !nothingMeasured(&result.Run{Requests: result.Requests{Due: 1}, Writes: result.Writes{Due: 1}}) {
		t.Error("what was only due is something")
	}
}

// Each kind of wrong is named: all of them where there are several.
func TestWrongNamesEachKind(t *testing.T) {
	r := &run{driver: &load.Driver{}}
	if err := r.wrong(); err != nil {
		t.Error(err)
	}
	r.applied.again = 2
	r.unexcused, r.tables.wrong = errors.New("no fallback did this"), errors.New("a row differs")
	const want = "no fallback did this\na row differs\n2 changes were applied to a copy again"
	if err := r.wrong(); err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// A run that ends before its tables were compared says why they were not.
func TestEndedBeforeTheComparison(t *testing.T) {
	for want, cause := range map[string]error{"interrupted": nil, "the run ended early": errors.New("a process died")} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := &run{begin: time.Now().Add(time.Hour), driver: load.NewDriver(load.Config{Plan: schedule.Plan{Arrival: schedule.Constant, Rate: 1, Keys: 1, Duration: time.Second}, MaxInFlight: 1, Pacer: load.Timer},
			load.Target{}, load.NewOracle(nil, 0, time.Second), load.NewLag(nil, nil), result.NewRecorder(result.Options{}))}
		cancel(cause)
		if err := r.drive(ctx); err == nil || r.tables.NotCompared != want {
			t.Errorf("%v, %q, want %q", err, r.tables.NotCompared, want)
		}
	}
}
