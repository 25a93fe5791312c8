package telemetry

import (
	"context"
	"time"

	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
)

// ReadProcess reads what a process has counted, now. It returns by the end of ctx.
type ReadProcess func(ctx context.Context) Process

// Process is what a process of services has counted, the warm-up left out.
type Process struct {
	// Service names the process: the first service on it.
	Service string
	// Bus is nil where the process uses none.
	Bus     *Bus
	Workers []Workers
	Needs   []Need
	Faults  []Fault
}

// Bus is what a process has counted of its events.
type Bus struct {
	Published, LateReplies, DeadLetters, LostChanges, LogLosses int64
	Topics                                                      []Topic
}

// Topic is one that a process reads.
type Topic struct {
	Name string
	// Behind is how many of its events are not handled yet.
	Behind int64
}

// Workers is how full a service that has a bound is, and was.
type Workers struct {
	Service                  string
	Limit, QueueLimit        int
	Waiting                  int64 // now
	Arrived, Refused, Queued int64
	Waited                   time.Duration // sum
}

// Need is what a service's policy did about a need.
type Need struct {
	Service, Peer string
	policy.Statistic
	// Breaker is the state of its breaker; empty where there is none.
	Breaker string
}

// Fault is one at a place of a process: what was asked of it, and what it did.
type Fault struct {
	Target string
	fault.Statistic
	// Acts tells whether it acts now.
	Acts bool
	// Acted is when a fault that its window says all about has acted.
	Acted fault.Window
}

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
