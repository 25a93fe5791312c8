package asyncreplicated

import (
	"context"
	"fmt"
	"maps"
	"sync"
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
	behind     map[int]int64 // by partition, the offset after the last change that was there at the beginning, until the copy has it
	completed  sync.Once
	complete   chan struct{}
}

var _ fakesvc.Replica = (*replica)(nil)

func newReplica(consumer *fakesvc.Node, supplier, topic string, c store.Collection, end map[int]int64) *replica {
	r := &replica{
		consumer: consumer, supplier: supplier, topic: topic, collection: c, behind: end,
		complete: make(chan struct{}),
	}
	r.reached(nil)
	return r
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

// Copy returns the collection that holds the copy.
func (r *replica) Copy() store.Collection { return r.collection }

// caughtUp returns when the copy holds what was published before it was begun.
func (r *replica) caughtUp(ctx context.Context) error {
	select {
	case <-r.complete:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s has not caught up with the changes of %s: %w", r.consumer.Name, r.supplier, ctx.Err())
	}
}

// apply applies a batch of changes in one transaction. The collection keeps the
// newest version, so a change delivered twice or late changes nothing.
func (r *replica) apply(ctx context.Context, deliveries []bus.Delivery) error {
	records := make([]record.Record, 0, len(deliveries))
	for _, d := range deliveries {
		change, err := decode(r.supplier, d.Event)
		if err != nil {
			r.consumer.Host().SetAside(ctx, r.topic, d, err)
			r.lose(d)
			continue
		}
		records = append(records, change)
	}
	if err := r.store(ctx, deliveries[0].Event.Request, records); err != nil {
		return fmt.Errorf("apply changes of %s in %s: %w", r.supplier, r.consumer.Name, err)
	}
	r.reached(deliveries)
	return nil
}

// reached notes how far the copy is, until it is complete.
func (r *replica) reached(deliveries []bus.Delivery) {
	for _, d := range deliveries {
		if end, ok := r.behind[d.Partition]; ok && d.Offset+1 >= end {
			delete(r.behind, d.Partition)
		}
	}
	maps.DeleteFunc(r.behind, func(_ int, end int64) bool { return end == 0 })
	if len(r.behind) == 0 {
		r.completed.Do(func() { close(r.complete) })
	}
}

// store stores changes, again and again while a fault of the database keeps it
// from doing so: what cannot be applied yet makes answers old, and is not lost.
func (r *replica) store(ctx context.Context, write int64, changes []record.Record) error {
	if len(changes) == 0 {
		return nil
	}
	for try, wait := 0, retryFrom; ; try, wait = try+1, min(2*wait, retryUpTo) {
		request := fakesvc.Request{ID: write, Try: fault.Again(0, try)}
		stored, err := r.collection.Put(fakesvc.WithRequest(ctx, request), changes)
		switch {
		case err == nil:
			r.consumer.Host().Visible(r.consumer.Name, r.supplier, stored)
			return nil
		case !fakesvc.IsStatus(err) || clock.Sleep(ctx, wait) != nil:
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
