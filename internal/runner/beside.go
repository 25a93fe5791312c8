package runner

import (
	"context"
	"sync"
	"time"

	"crosstalk/internal/load"
	"crosstalk/internal/topology"
)

// beside runs what goes on while the load is offered: the CPU meter, the
// progress, what is done to processes, and the look-out for one that fails, which
// ends the run. w is told of what is done to processes. The function that it returns
// ends all of that.
func (r *run) beside(ctx context.Context, fail context.CancelCauseFunc, w topology.Witness) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		select {
		case err := <-r.topology.Failed():
			fail(err)
		case <-ctx.Done():
		}
	})
	running.Go(func() { r.meterCPU(ctx) })
	running.Go(func() {
		if err := r.topology.Perform(ctx, r.begin, w); err != nil {
			fail(err)
		}
	})
	if r.options.Progress != nil {
		running.Go(func() { r.progress(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// meterCPU takes the process's CPU time over the measured part.
func (r *run) meterCPU(ctx context.Context) {
	if load.Timer(ctx, r.begin) != nil {
		return
	}
	r.cpu.start()
	defer r.cpu.stop()
	r.gc.start()
	defer r.gc.stop()
	_ = load.Timer(ctx, r.begin.Add(time.Duration(r.experiment.Duration)))
}

func (r *run) progress(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p := Progress{
				Scenario: r.scenario.Name, Elapsed: time.Since(r.begin),
				Duration: time.Duration(r.experiment.Duration), Counts: r.driver.Counts(),
				P99: r.live.quantile(0.99), Oldest: time.Duration(r.live.oldest.Load()),
			}
			r.inPhase(&p)
			r.options.Progress(p)
		case <-ctx.Done():
			return
		}
	}
}
