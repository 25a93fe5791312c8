package runner

import (
	"context"
	"io"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/experiment"
	"crosstalk/internal/placement"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// Drive offers an experiment's queries to one service that runs elsewhere, with
// all that Run does for a request, and keeps no folder. It measures the driver
// itself: what answers is not ours to start. The experiment has no writes.
func Drive(ctx context.Context, e *experiment.Experiment, entry *fakesvc.Client, o Options) (*result.Run, error) {
	r := &run{
		experiment: e, options: o, topology: &placement.Topology{Topology: &scenarios.Topology{}}, nodes: &nodes{entry: entry},
		recorder: result.NewRecorder(result.Options{Log: io.Discard}),
	}
	r.equip()
	r.begin = time.Now().Add(time.Duration(e.WarmUp))
	r.recorder.Begin(r.begin)
	err := r.driver.Run(ctx, r.begin)
	if closed := r.recorder.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	out := &result.Run{Started: r.begin, MeasuredSeconds: r.driver.Offered().Seconds()}
	r.recorder.Fill(out)
	return out, r.driver.Wrong()
}
