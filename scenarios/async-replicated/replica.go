package asyncreplicated

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// replica is a consumer's copy of one supplier's records.
type replica struct {
	consumer   *fakesvc.Node
	supplier   string
	topic      string
	collection store.Collection
	progress   progress
}

var _ fakesvc.Replica = (*replica)(nil)

// from tells where the copy goes on: it holds what came before.
func (r *replica) from(ctx context.Context) (next map[int]bus.Position, err error) {
	err = r.insist(ctx, func() error {
		next, err = r.collection.Position(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.progress.begin(next)
	return next, nil
}

// restart has the copy begin anew in a partition: it applies all that is still there,
// which changes nothing of what it has.
func (r *replica) restart(ctx context.Context, partition int) error {
	if err := r.insist(ctx, func() error { return r.collection.Rewind(ctx, partition) }); err != nil {
		return err
	}
	r.progress.rewind(partition)
	return nil
}

// insist has something done to the database, again while it is away or a fault of it
// keeps it from doing so.
func (r *replica) insist(ctx context.Context, do func() error) error {
	for wait := retryFrom; ; wait = min(2*wait, retryUpTo) {
		err := do()
		if err == nil {
			return nil
		}
		if !passes(err) || clock.Sleep(ctx, wait) != nil {
			return fmt.Errorf("copy of %s in %s: %w", r.supplier, r.consumer.Name, err)
		}
	}
}

// passes tells whether to try again is of use: a fault, or a database that is away
// or locked, and not something of ours that broke or a disk that is full.
func passes(err error) bool {
	return fakesvc.IsStatus(err) || errors.Is(err, store.ErrAway) || errors.Is(err, store.ErrLocked)
}

// Fetch reads the copy.
func (r *replica) Fetch(ctx context.Context, key record.Key) (record.Record, error) {
	begin := time.Now()
	found, err := fakesvc.Lookup(ctx, r.collection, r.supplier, key)
	if err == nil {
		fakesvc.Spend(ctx, fakesvc.Spent{LookUp: time.Since(begin)})
	}
	return found, err
}

// Bootstrap tells what it took to catch up.
func (r *replica) Bootstrap() fakesvc.Bootstrap { return r.progress.bootstrap() }

// Copy returns the collection that holds the copy.
func (r *replica) Copy() store.Collection { return r.collection }

// caughtUp returns when the copy holds all that was published so far, and so each
// key that the supplier had before the experiment. Each of them is at least one
// event, and offsets only grow; before so many, the end of the topic says nothing.
func (r *replica) caughtUp(ctx context.Context) error {
	err := r.progress.await(ctx, sums(int64(r.consumer.Host().Env().Keys)))
	if err == nil {
		var end map[int]int64
		if end, err = r.consumer.Host().Env().Bus.End(ctx, r.topic); err == nil {
			err = r.progress.await(ctx, reaches(end))
		}
	}
	if err != nil {
		return fmt.Errorf("%s has not caught up with the changes of %s: %w", r.consumer.Name, r.supplier, err)
	}
	r.progress.caughtUp()
	return nil
}

// apply applies a batch of changes, and how far the copy then is, in one
// transaction. What comes again after that is left out; and the collection keeps
// the newest version, so a change delivered twice changes nothing.
func (r *replica) apply(ctx context.Context, deliveries []bus.Delivery, next map[int]bus.Position) error {
	records := make([]record.Record, 0, len(deliveries))
	write := fault.Beforehand
	for i, d := range deliveries {
		if i == 0 {
			write = d.Event.Request
		}
		if r.progress.has(d.Partition, d.Offset) {
			continue
		}
		change, err := decode(r.supplier, d.Event)
		if err != nil {
			r.consumer.Host().SetAside(ctx, r.topic, d, err)
			r.lose(d)
			continue
		}
		records = append(records, change)
	}
	if err := r.store(ctx, write, records, next); err != nil {
		return fmt.Errorf("apply changes of %s in %s: %w", r.supplier, r.consumer.Name, err)
	}
	r.progress.advance(next, deliveries)
	return nil
}

// store stores changes, again and again while the database is away or a fault of it
// keeps it from doing so: what cannot be applied yet makes answers old, and is not lost.
func (r *replica) store(ctx context.Context, write int64, changes []record.Record, next map[int]bus.Position) error {
	for try, wait := 0, retryFrom; ; try, wait = try+1, min(2*wait, retryUpTo) {
		request := fakesvc.Request{ID: write, Try: fault.Again(0, try)}
		stored, err := r.collection.Apply(fakesvc.WithRequest(ctx, request), changes, next)
		switch {
		case err == nil:
			r.consumer.Host().Visible(r.consumer.Name, r.supplier, stored)
			return nil
		case !passes(err) || clock.Sleep(ctx, wait) != nil:
			return err
		}
	}
}

// lose tells that a change will never be applied. Its id names the version.
func (r *replica) lose(d bus.Delivery) {
	key, version, ok := versionOf(d.Event)
	if ok {
		r.consumer.Host().Lost(r.consumer.Name, r.supplier, key, version)
	}
}
