package runner

import (
	"context"
	"io"
	"runtime"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// Drive offers an experiment's queries to one service that runs elsewhere, with
// all that Run does for a request, and keeps no folder. It measures the driver
// itself: what answers is not ours to start. The experiment has no writes.
func Drive(ctx context.Context, e *experiment.Experiment, entry *fakesvc.Client, o Options) (*result.Run, error) {
	instrument, err := o.examine(ctx, float64(e.Rate))
	if err != nil {
		return nil, err
	}
	r := &run{
		instrument: instrument,
		experiment: e, options: o, topology: &topology.Topology{Topology: &scenarios.Topology{}}, nodes: &nodes{entry: entry},
		recorder: result.NewRecorder(result.Options{Log: io.Discard}),
	}
	r.equip()
	r.begin = time.Now().Add(time.Duration(e.WarmUp))
	r.recorder.Begin(r.begin)
	r.cpu.start()
	err = r.driver.Run(ctx, r.begin)
	r.cpu.stop()
	if closed := r.recorder.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	out := &result.Run{Started: r.begin, MeasuredSeconds: r.driver.Offered().Seconds()}
	r.recorder.Fill(out)
	out.Requests.RateAsked, out.Environment.Cores = float64(e.Rate), runtime.GOMAXPROCS(0)
	out.Verdict, out.Warnings = judge(r.findings(ctx, out, false))
	return out, r.driver.Wrong()
}
