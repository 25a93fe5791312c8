package runner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
	"crosstalk/scenarios"
)

// Each fault that can fail a write explains failed writes of the services that it sits
// at, and no others.
func TestWhichFaultsFailWrites(t *testing.T) {
	for text, want := range map[string]struct{ ofA, ofB, inOneProcess bool }{
		"A:outage@1s+1s":         {true, false, true},
		"A:freeze@1s+1s":         {true, false, true},
		"A:kill@1s restart=1s":   {true, false, true},
		"A:stop@1s restart=1s":   {true, false, true},
		"*:outage@1s+1s":         {true, true, true},
		"A.store:abort=5%":       {true, false, true},
		"A.store:delay=5ms":      {true, false, true},
		"D.store:abort=5%":       {false, false, true},
		"A:abort=100%":           {false, false, false},
		"A:delay=5ms":            {false, false, false},
		"A:hang=100%":            {false, false, false},
		"A:slow=10":              {false, false, false},
		"A.events:poison=50%":    {false, false, false},
		"bus:outage@1s+1s":       {false, false, false},
		"bus:drop=50%":           {false, false, false},
		"bus:kill@1s restart=1s": {false, false, false},
	} {
		var f fault.Fault
		if err := f.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		all := fault.Faults{f}
		if a, b, one := failsWrites(all, "A", false), failsWrites(all, "B", false), failsWrites(all, "B", true); a != want.ofA || b != want.ofB || one != want.inOneProcess {
			t.Errorf("%s fails writes of A %v, of B %v, in one process %v; want %+v", text, a, b, one, want)
		}
	}
}

// Writes that fail for no fault are a warning that names services, codes and the first
// error; those that a fault explains are none.
func TestUnexplainedWritesAreAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := result.NewRecorder(result.Options{})
		defer recorder.Close()
		r := &run{experiment: ask(t), scenario: scenarios.Scenario{Name: "sync"}}
		r.driver = load.NewDriver(load.Config{
			Plan:        schedule.Plan{Seed: 1, Arrival: schedule.Constant, Rate: 1, WriteRate: 10, Owners: []string{"A", "B"}, Keys: 10, Duration: 10 * time.Second},
			MaxInFlight: 10, DrainLimit: time.Minute, Pacer: load.Timer,
		}, load.Target{
			Query: func(context.Context, int64, record.Key) (load.Reply, error) { return load.Reply{}, errors.New("away") },
			Write: func(_ context.Context, service string, _ int64, _ record.Record) error {
				return status.Error(codes.Internal, "the disk of "+service+" is full")
			},
		}, load.NewOracle(nil, 0, time.Second), load.NewLag(nil, nil), recorder)
		if err := r.driver.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		out := &result.Run{}
		r.fillCounts(out)
		if w := out.Writes; w.Due != 100 || w.Failed != 100 || w.Failures["INTERNAL"] != 100 {
			t.Errorf("%+v", w)
		}
		warnings := r.unexplainedWrites(out.Writes)
		if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "100 of 100 writes failed, and no fault that was asked for explains it: A ") ||
			!strings.HasSuffix(warnings[0], " INTERNAL: the disk of A is full") {
			t.Errorf("%q", warnings)
		}
		r.experiment = ask(t, "fault", "A.store:abort=100%; B:outage@1s+1s")
		if got := r.unexplainedWrites(out.Writes); got != nil {
			t.Errorf("faults explain them: %q", got)
		}
	})
}
