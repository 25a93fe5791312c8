package asyncreplicated

import (
	"context"
	"fmt"
	"sync"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/waits"
)

// How long a publication that failed waits before the next attempt: doubled each
// time, from and up to.
const (
	retryFrom = waits.RepublishFrom
	retryUpTo = waits.RepublishUpTo
)

// relay publishes a supplier's changes in the order in which its database took
// them. To publish is to use the service, so each attempt passes its boundary:
// the service's work and errors, which would delay and fail a call, delay the
// change instead. Changes pass side by side, as calls would, but leave in order.
type relay struct {
	supplier *fakesvc.Node
	topic    string

	mu    sync.Mutex
	queue []*change
	begun int           // how many of the queue are passing or have passed
	stir  chan struct{} // there is a new change, or one has passed
}

type change struct {
	write   int64
	record  record.Record
	attempt uint64 // only the goroutine that passes it touches it
	passed  bool   // guarded by relay.mu
}

func newRelay(supplier *fakesvc.Node, topic string) *relay {
	return &relay{supplier: supplier, topic: topic, stir: make(chan struct{}, 1)}
}

// add queues a change.
func (r *relay) add(write int64, rec record.Record) {
	r.mu.Lock()
	r.queue = append(r.queue, &change{write: write, record: rec})
	r.mu.Unlock()
	r.wake()
}

func (r *relay) wake() {
	select {
	case r.stir <- struct{}{}:
	default:
	}
}

// run publishes until ctx ends. What has not been acknowledged by then stays in
// the queue for the next time.
func (r *relay) run(ctx context.Context) error {
	var passing sync.WaitGroup
	defer passing.Wait()
	r.mu.Lock()
	r.begun = 0
	r.mu.Unlock()
	r.wake()
	for {
		select {
		case <-r.stir:
		case <-ctx.Done():
			return nil
		}
		for _, c := range r.begin() {
			passing.Go(func() { r.pass(ctx, c) })
		}
		if err := r.publishPassed(ctx); err != nil {
			return err
		}
	}
}

// begin returns the changes that have to pass the boundary and are not at it.
func (r *relay) begin() []*change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var fresh []*change
	for _, c := range r.queue[r.begun:] {
		if !c.passed {
			fresh = append(fresh, c)
		}
	}
	r.begun = len(r.queue)
	return fresh
}

func (r *relay) pass(ctx context.Context, c *change) {
	for wait := retryFrom; ; wait = min(2*wait, retryUpTo) {
		attempt, cancel := context.WithTimeout(ctx, r.supplier.Host().Env().Timeout)
		use := fault.Interaction{Use: fault.Publish, ID: c.write, Try: c.attempt}
		err := r.supplier.Use(attempt, use, func(context.Context) error { return nil })
		cancel()
		if ctx.Err() != nil {
			return
		}
		c.attempt++
		if err == nil {
			break
		}
		if clock.Sleep(ctx, wait) != nil {
			return
		}
	}
	r.mu.Lock()
	c.passed = true
	r.mu.Unlock()
	r.wake()
}

// publishPassed sends what has passed from the front of the queue, and tries
// again while the bus does not take it.
func (r *relay) publishPassed(ctx context.Context) error {
	batch := r.front()
	if len(batch) == 0 {
		return nil
	}
	events := make([]bus.Outgoing, len(batch))
	for i, c := range batch {
		event, err := encode(r.supplier, c.write, c.record)
		if err != nil {
			return err
		}
		events[i] = bus.Outgoing{Topic: r.topic, Event: event}
	}
	for wait := retryFrom; ; wait = min(2*wait, retryUpTo) {
		err := r.supplier.Host().Publish(ctx, events...)
		if err == nil {
			r.drop(len(batch))
			return nil
		}
		if clock.Sleep(ctx, wait) != nil {
			return nil
		}
	}
}

func (r *relay) front() []*change {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < r.begun && r.queue[n].passed {
		n++
	}
	return r.queue[:n:n]
}

func (r *relay) drop(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.queue[:n])
	r.queue = r.queue[n:]
	r.begun -= n
}

// publishAll publishes every record that the supplier has, outside of the
// experiment: no fault acts on it.
func (r *relay) publishAll(ctx context.Context) error {
	const batch = 500
	var events []bus.Outgoing
	flush := func() error {
		err := r.supplier.Host().Publish(ctx, events...)
		events = events[:0]
		return err
	}
	err := r.supplier.Records().Each(ctx, func(rec record.Record) error {
		event, err := encode(r.supplier, fault.Beforehand, rec)
		if err != nil {
			return err
		}
		events = append(events, bus.Outgoing{Topic: r.topic, Event: event})
		if len(events) < batch {
			return nil
		}
		return flush()
	})
	if err == nil && len(events) > 0 {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("publish the records of %s: %w", r.supplier.Name, err)
	}
	return nil
}
