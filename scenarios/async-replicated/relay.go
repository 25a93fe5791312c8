package asyncreplicated

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// How long a publication that failed waits before the next attempt: doubled each
// time, from and up to.
const (
	retryFrom = clock.RepublishFrom
	retryUpTo = clock.RepublishUpTo
)

// How often a relay tries to get at the outbox, where another copy of the service
// holds it or the database is away, and looks whether another copy has added to it.
const (
	holdEvery = 200 * time.Millisecond
	lookEvery = 20 * time.Millisecond
)

// The most changes that are on their way at once, and that are read at once.
const (
	queueMax = 10_000
	readMax  = 1_000
)

// relay publishes a supplier's changes in the order in which its database took
// them. To publish is to use the service, so each attempt passes its boundary:
// the service's work and errors, which would delay and fail a call, delay the
// change instead. Changes pass side by side, as calls would, but leave in order.
type relay struct {
	supplier *fakesvc.Node
	topic    string
	unsaved  *unsaved // the outbox where the supplier's database has none; else nil

	mu    sync.Mutex
	queue []*change
	begun int           // how many of the queue are passing or have passed
	stir  chan struct{} // there is a new change, or one has passed

	// For the goroutine that runs alone.
	read  int64             // Seq of the last entry that was queued
	more  bool              // there may be others after it; guarded by relay.mu
	known map[int64]*change // what was on its way when the relay was stopped, by Seq
}

type change struct {
	store.Entry
	attempt uint64 // only the goroutine that passes it touches it
	passed  bool   // guarded by relay.mu
}

func newRelay(supplier *fakesvc.Node, topic string) *relay {
	r := &relay{supplier: supplier, topic: topic, stir: make(chan struct{}, 1)}
	if !supplier.Outbox {
		r.unsaved = &unsaved{}
	}
	return r
}

// changed is told of each change. The outbox has it, and its order, already.
func (r *relay) changed(write int64, rec record.Record) {
	if r.unsaved != nil {
		r.unsaved.add(write, rec)
	}
	r.wake()
}

func (r *relay) wake() {
	select {
	case r.stir <- struct{}{}:
	default:
	}
}

// run publishes until ctx ends. What has not been acknowledged by then stays in
// the outbox for the next time.
func (r *relay) run(ctx context.Context) error {
	for {
		err := r.hold(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, store.ErrHeld) && !passes(err):
			return fmt.Errorf("publish changes of %s: %w", r.supplier.Name, err)
		case clock.Sleep(ctx, holdEvery) != nil:
			return nil
		}
	}
}

// hold empties the outbox, until it fails or ctx ends.
func (r *relay) hold(ctx context.Context) error {
	if r.unsaved != nil {
		return r.empty(ctx, r.unsaved)
	}
	outbox, err := r.supplier.Records().Outbox(ctx)
	if err != nil {
		return err
	}
	return errors.Join(r.empty(ctx, outbox), outbox.Close())
}

func (r *relay) empty(ctx context.Context, outbox store.Outbox) error {
	ctx, cancel := context.WithCancel(ctx)
	var passing sync.WaitGroup
	defer passing.Wait()
	defer cancel()
	r.begin()
	var look <-chan time.Time
	if r.supplier.Host().Env().Groups {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-r.stir:
		case <-look:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.fill(ctx, outbox); err != nil {
			return err
		}
		for _, c := range r.fresh() {
			passing.Go(func() { r.pass(ctx, c) })
		}
		if err := r.publishPassed(ctx, outbox); err != nil {
			return err
		}
	}
}

// begin has the outbox read from its first entry on: another copy may have
// published what was on its way here. What is still there goes on as it was.
func (r *relay) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = make(map[int64]*change, len(r.queue))
	for _, c := range r.queue {
		r.known[c.Seq] = c
	}
	r.queue, r.begun, r.read = nil, 0, 0
	r.wake()
}

// fill queues entries of the outbox. Those of before the experiment meet no fault.
func (r *relay) fill(ctx context.Context, outbox store.Outbox) error {
	room := queueMax - len(r.queue)
	if room <= 0 {
		return nil
	}
	entries, more, err := outbox.Pending(ctx, r.read, min(room, readMax))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		c, ok := r.known[e.Seq]
		if !ok {
			c = &change{Entry: e, passed: e.Write == fault.Beforehand}
		}
		delete(r.known, e.Seq)
		r.queue = append(r.queue, c)
		r.read = e.Seq
	}
	if r.more = more; more {
		r.wake()
	}
	return nil
}

// fresh returns the changes that have to pass the boundary and are not at it.
func (r *relay) fresh() []*change {
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
		use := fault.Interaction{Use: fault.Publish, ID: c.Write, Try: c.attempt}
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

// publishPassed sends what has passed from the front of the queue, again while the
// bus does not take it, and then marks it: what is sent and not marked is sent
// again, in the same order.
func (r *relay) publishPassed(ctx context.Context, outbox store.Outbox) error {
	batch := r.front()
	if len(batch) == 0 {
		return nil
	}
	events := make([]bus.Outgoing, len(batch))
	for i, c := range batch {
		event, err := encode(r.supplier, c.Write, c.Record)
		if err != nil {
			return err
		}
		events[i] = bus.Outgoing{Topic: r.topic, Event: event}
	}
	for wait := retryFrom; ; wait = min(2*wait, retryUpTo) {
		err := r.supplier.Host().Publish(ctx, events...)
		if err == nil {
			break
		}
		if err := clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	if err := outbox.Acknowledge(context.WithoutCancel(ctx), batch[len(batch)-1].Seq); err != nil {
		return err
	}
	r.drop(len(batch))
	return nil
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
	if r.more {
		r.wake()
	}
}
