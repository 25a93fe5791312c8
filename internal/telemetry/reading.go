package telemetry

import (
	"context"
	"time"

	"crosstalk/internal/counts"
)

// ReadProcess reads what a process has counted, now. It returns by the end of ctx.
type ReadProcess func(ctx context.Context) counts.Process

// ReadLoad reads what the driver has counted, now.
type ReadLoad func() Load

// Load is what the driver has counted.
type Load struct {
	// RateAsked is in queries per second; 0 in a closed loop.
	RateAsked       float64
	Begin           time.Time // of the measured part
	InFlight, Limit int64
	Sent            int64 // warm-up included; all else without it

	Waited, Unsent, Unoffered                      int64
	WritesAcknowledged, WritesFailed, WritesUnsent int64
	// Unseen is how many acknowledged changes some copy does not show yet, and Age
	// for how long the oldest of them has been acknowledged.
	Unseen int64
	Age    time.Duration
}

// ReadProcess has a process read at each scrape, until the run ends.
func (r *Run) ReadProcess(read ReadProcess) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processes = append(r.processes, read)
}

// ReadLoad has the driver read at each scrape, until the run ends.
func (r *Run) ReadLoad(read ReadLoad) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load = read
}
