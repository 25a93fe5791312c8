package runner

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
	"crosstalk/internal/topology"
)

const (
	// attachLimit is for how long drivers wait for each other.
	attachLimit = 5 * time.Minute
	// numberBits leaves each driver more request numbers than it can use, and room for
	// MostDrivers of them.
	numberBits = 44
	// MostDrivers is how many may be attached.
	MostDrivers = 1 << 16
)

// numberOf is the number by which the nodes know a request of a driver. Each has a
// stretch of its own: requests of the same number would meet the same faults, and their
// events have the same id. The warm-up's stay negative.
func numberOf(driver int, id int64) int64 {
	if id < 0 {
		return id - int64(driver)<<numberBits
	}
	return id + int64(driver)<<numberBits
}

func (r *run) attached() bool { return r.options.Attach > 0 }

// place starts the topology, or reaches one that another driver has prepared.
func (r *run) place(ctx context.Context, w topology.World) (err error) {
	limit := startLimit + time.Duration(int(r.experiment.Keys)*len(r.experiment.Services))*slowestRow
	if r.attached() {
		limit = attachLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var waits waits
	w.Waits = waits.add
	defer r.sayWaits(&waits, limit)()
	if r.attached() {
		r.topology, r.begin, err = topology.Attach(ctx, r.scenario, r.experiment, w)
		return err
	}
	r.topology, err = topology.Start(ctx, r.scenario, r.experiment, w)
	return err
}

// awaitDrivers returns when all drivers that share the load are there. They are all
// attached to the same node, whichever it is.
func (r *run) awaitDrivers(ctx context.Context) error {
	others := r.options.Drivers - 1
	if r.attached() || others < 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, attachLimit)
	defer cancel()
	answers := make(chan error, len(r.nodes.controls))
	for _, c := range r.nodes.controls {
		go func() {
			_, err := c.client.AwaitDrivers(ctx, &fakesvcpb.AwaitDriversRequest{Drivers: int64(others)})
			answers <- err
		}()
	}
	var err error
	for range r.nodes.controls {
		if err = <-answers; err == nil {
			return nil
		}
	}
	return fmt.Errorf("wait for %d other drivers: %w", others, cmp.Or(context.Cause(ctx), err))
}

// plan is what this driver offers. An attached one has no writes, and of the warm-up
// what is left of it.
func (r *run) plan() schedule.Plan {
	p := r.experiment.Plan()
	if r.attached() {
		p.WriteRate, p.WriteShare = 0, 0
		p.WarmUp = min(p.WarmUp, max(time.Until(r.begin), 0))
	}
	return p
}

// aside says what the figures of one of several drivers do not tell.
func (r *run) aside(others int64) (warnings []string) {
	switch {
	case r.attached():
		return []string{"this driver was attached: it wrote nothing, so it cannot tell which answers are stale, and what the nodes tell " +
			"stands in the run of the one that prepared them; bench merge makes one result of both"}
	case others > 0:
		return []string{fmt.Sprintf("%d other drivers added load: events, stages, policies, bounds and the services' CPU time are of all of it; "+
			"bench merge makes one result of their runs and this one", others)}
	}
	return nil
}

// alone tells whether a run's figures are those of a driver's own load, so that theory
// can be held against them.
func alone(out *result.Run, others int64) bool { return out.Attached == 0 && others == 0 }
